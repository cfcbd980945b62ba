"""Tell by size and times whether a file is the one that was read before."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path

from inundate.core.errors import RunError
from inundate.core.files import write_text
from inundate.posts.embed.source import digest_files

__all__ = ["known_digest", "stamp"]

# a change within one tick of the file system's clock shows in no time: such stamps are not trusted
_TICK_NS = 2_000_000_000


def stamp(path: Path) -> list[int]:
    """Give device, inode, size and the times of the last changes, in ns.

    The time of the inode's change cannot be set by programs that restore the other one.
    """
    found = path.stat()
    return [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def known_digest(path: Path, *, member: str | None, notes: Path) -> str:
    """Give the SHA-256 of a file, without reading it where it is known and was not touched.

    Parameters
    ----------
    path : Path
    member : str, optional
        Name inside the archive that the file is.
    notes : Path
        Folder where digests are noted.
    """
    place = os.fsencode(path.resolve()) + b"\0" + (member or "").encode()
    note = notes / f"{hashlib.blake2b(place, digest_size=12).hexdigest()}.json"
    before = stamp(path)
    try:
        stored = json.loads(note.read_text("utf-8"))
        if stored["stamp"] == before:
            return str(stored["digest"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not known yet, or the note is damaged: the file is read
    digest = digest_files(path, member=member)
    now = time.time_ns()
    if stamp(path) == before and now - max(before[-2:]) > _TICK_NS:
        _write(note, json.dumps({"stamp": before, "digest": digest}))
    return digest


def _write(note: Path, text: str) -> None:
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        write_text(note, text + "\n")
    except (OSError, RunError):  # a cache on a full or closed disk: read the file next time too
        return
