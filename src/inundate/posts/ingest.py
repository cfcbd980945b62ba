"""Import files into a raw store: streaming, resumable, each file once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from inundate.core.errors import DataError
from inundate.core.files import check_input
from inundate.core.provenance import hash_path
from inundate.posts.calm import no_collection
from inundate.posts.commit import commit
from inundate.posts.deleted import digest
from inundate.posts.gaps import keep_gaps
from inundate.posts.importers.formats import Chosen, ImportSettings, choose
from inundate.posts.importers.record import (
    UNREADABLE,
    Broken,
    Deletion,
    Dropped,
    Item,
    decode_error,
)
from inundate.posts.importers.stream import MAX_LINE, Damage
from inundate.posts.ledger import Entry
from inundate.posts.lock import locked
from inundate.posts.schema import POSTS_RAW, SCHEMA_VERSION, Post
from inundate.posts.spool import Spool
from inundate.posts.store import PostStore, create_store

__all__ = ["Imported", "files_of", "import_file", "import_posts"]

_KEPT_ASIDE = 1 << 20  # bytes of a broken record


@dataclass(frozen=True)
class Imported:
    """What became of one file."""

    path: Path
    status: str
    """``imported``, ``already there``, or ``skipped``."""
    entry: Entry | None
    reason: str = ""
    """Why it was skipped."""


def files_of(paths: Iterable[Path | str]) -> list[tuple[Path, bool]]:
    """Give the files, and whether each was named itself or found in a folder.

    Raises
    ------
    MissingFileError
        If a path does not exist.
    """
    found: dict[Path, bool] = {}
    for path in paths:
        place = check_input(path, what="importing posts")
        if place.is_dir():
            inside = (file for file in sorted(place.rglob("*")) if file.is_file())
            for file in inside:
                if not any(part.startswith(".") for part in file.relative_to(place).parts):
                    found.setdefault(file, False)
        else:
            found[place] = True
    return list(found.items())


def import_posts(
    paths: Iterable[Path | str],
    output: Path | str,
    settings: ImportSettings | None = None,
    *,
    on_read: Callable[[int], None] = lambda _: None,
) -> list[Imported]:
    """Import files into a raw store, which is made where it is not there.

    Parameters
    ----------
    paths : iterable of Path
        Files, or folders whose files are taken; of these, what is no file of posts is skipped
        and told.
    output : Path
        Store.
    settings : ImportSettings, optional
    on_read : callable
        Told the number of records read now and then.

    Returns
    -------
    list of Imported
        One a file, in the order of reading.

    Raises
    ------
    DataError, MissingFileError, ConfigError
        If a named file cannot be read; before anything is imported.
    RunError
        If the store cannot be made or written.
    """
    settings, paths = settings or ImportSettings(), list(paths)
    chosen: list[tuple[Path, Chosen | str]] = []
    for path, is_named in files_of(paths):
        try:
            chosen.append((path, choose(path, settings)))
        except DataError as error:
            if is_named:
                raise
            chosen.append((path, error.message))
    if not any(isinstance(choice, Chosen) for _, choice in chosen):
        raise DataError(
            "importing posts: no file of posts was found in what was given",
            hint="give files, or a folder with them; --format csv --column … for a table",
        )
    store = create_store(output, POSTS_RAW)
    keep_gaps(store, paths)
    return [
        Imported(path, "skipped", None, choice)
        if isinstance(choice, str)
        else import_file(store, path, choice, on_read=on_read)
        for path, choice in chosen
    ]


def import_file(
    store: PostStore,
    path: Path,
    chosen: Chosen,
    *,
    on_read: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Import one file; one that is in the store already, read the same way, changes nothing.

    Parameters
    ----------
    store : PostStore
        Raw.
    path : Path
    chosen : Chosen
    on_read : callable
    """
    file_hash = hash_path(path)
    told = {"file": file_hash, "schema": SCHEMA_VERSION, **chosen.settings}
    key = msgspec.json.encode(told, order="sorted")
    ingest = hashlib.blake2b(key, digest_size=16).hexdigest()
    lock = store.staging / f"{ingest}.lock"
    done = store.entry(ingest)
    if done is not None and not lock.exists():
        return Imported(path, "already there", done)
    with locked(lock):
        try:
            if (done := store.entry(ingest)) is not None:  # by another process, in between
                return Imported(path, "already there", done)
            spool = Spool(store.staging / ingest, chosen.settings.get("event"))
            with no_collection():
                _read(path, chosen, spool, on_read)
            entry = Entry(
                ingest=ingest,
                input={"name": path.name, "bytes": path.stat().st_size, "hash": file_hash},
                settings=chosen.settings,
                counts=spool.state.counts,
            )
            return Imported(path, "imported", commit(store, spool, entry))
        except KeyboardInterrupt as error:
            error.add_note("give the same command again: it goes on where it stopped")
            raise
        finally:
            lock.unlink(missing_ok=True)
            store.tidy()


def _read(path: Path, chosen: Chosen, spool: Spool, on_read: Callable[[int], None]) -> None:
    state = spool.state
    try:
        for offset, record in chosen.records(path, state.offset):
            _take(record, chosen, spool, offset)
            state.offset = offset
            if spool.is_full:
                spool.save()
                on_read(state.counts.read)
    except Damage as damage:
        _reject(spool, Broken(str(damage)), state.offset)
    spool.save()
    on_read(state.counts.read)


def _take(record: bytes, chosen: Chosen, spool: Spool, offset: int) -> None:
    spool.state.line += 1
    if len(record) > MAX_LINE:
        _reject(spool, Broken(f"a line of more than {MAX_LINE >> 20} MB", record), offset)
        return
    try:
        items = list(chosen.importer.parse(record))
    except UNREADABLE as error:
        _reject(spool, Broken(decode_error(error), record), offset)
        return
    posts = [item for item in items if type(item) is Post]
    spool.state.counts.read += len(posts)
    spool.add(posts)
    if len(posts) != len(items):
        for item in items:
            _count(item, spool, offset)


def _count(item: Item, spool: Spool, offset: int) -> None:
    counts = spool.state.counts
    if isinstance(item, Dropped):
        counts.read += 1
        counts.drop(item.reason)
    elif isinstance(item, Deletion):
        counts.deletions += 1
        spool.delete(digest(item.source, item.post_id))
    elif isinstance(item, Broken):
        _reject(spool, item, offset)


def _reject(spool: Spool, broken: Broken, offset: int) -> None:
    counts = spool.state.counts
    counts.read += 1
    counts.reject(broken.reason)
    text = broken.raw[:_KEPT_ASIDE].decode("utf-8", "backslashreplace")
    aside = {
        "line": spool.state.line,
        "ends_at": offset,
        "reason": broken.reason,
        "whole": len(broken.raw) <= _KEPT_ASIDE,
        "record": text,
    }
    spool.reject(msgspec.json.encode(aside))
