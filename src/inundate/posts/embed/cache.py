"""The cache of vector files: each is read once, and memory-mapped from then on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from inundate.core.errors import MissingFileError, RunError, nearest
from inundate.posts.embed.arrays import find_words, read_array
from inundate.posts.embed.files import Block, read_blocks
from inundate.posts.embed.folder import (
    VERSION,
    DamagedError,
    Opened,
    open_folder,
    write_folder,
)
from inundate.posts.embed.registry import REGISTRY, find_shipped, read_shipped
from inundate.posts.embed.report import ReadReport
from inundate.posts.embed.source import find_source, join_digests
from inundate.posts.embed.stamp import known_digest
from inundate.posts.lock import locked

__all__ = ["Source", "cache_folder", "open_cached", "resolve_source"]

_TRAINED = "embedding"  # of a training run
_ELSEWHERE = "name another folder by the environment variable INUNDATE_CACHE"


def cache_folder() -> Path:
    """Give the folder of the cache: ``INUNDATE_CACHE``, or the user's folder for caches."""
    named = os.environ.get("INUNDATE_CACHE")
    if named:
        return Path(named) / "embeddings"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "inundate" / "embeddings"


class Source:
    """Where vectors come from: a file, a file in an archive, or a package.

    Parameters
    ----------
    name : str
        What the user called it.
    paths : tuple of Path
        A file, or vectors and their list of words.
    member : str, optional
        Name inside a zip archive.
    shipped : bool
        Whether it is from a package.
    """

    def __init__(
        self,
        name: str,
        paths: tuple[Path, ...],
        member: str | None = None,
        *,
        shipped: bool = False,
    ) -> None:
        self.name, self.paths, self.member, self.shipped = name, paths, member, shipped

    def blocks(self, report: ReadReport) -> Iterator[Block]:
        """Read it as a stream of blocks; the report is filled meanwhile."""
        if self.shipped:
            return read_shipped((self.paths[0], self.paths[1]), report)
        if len(self.paths) == 2:
            return read_array(self.paths[0], self.paths[1], report)
        return read_blocks(self.paths[0], report, self.member)

    def digest(self, notes: Path) -> str:
        """Give its SHA-256: of the file, or of the digests of both files."""
        found = [known_digest(path, member=self.member, notes=notes) for path in self.paths]
        return join_digests(found)


def resolve_source(source: str | Path) -> Source | Path:
    """Find what a user means: a file, a folder of this package's own, or a name.

    Parameters
    ----------
    source : str or Path

    Returns
    -------
    Source or Path
        A path is a folder that needs no cache.

    Raises
    ------
    MissingFileError
        If there is neither such a path nor such a name.
    MissingExtraError
        If the name's package is not installed.
    """
    path = Path(source)
    found = find_source(path)
    if found is None and str(source) in REGISTRY:
        return Source(str(source), find_shipped(str(source)), shipped=True)
    if found is None:
        raise _missing(path)
    if found[0].is_dir():
        inside = path / _TRAINED
        return inside if (inside / "meta.json").is_file() else path
    if found[0].suffix == ".npy":
        return Source(path.name, (path, find_words(path)))
    return Source(path.name, (found[0],), found[1])


def _missing(path: Path) -> MissingFileError:
    names = list(REGISTRY)
    parent = path.absolute().parent
    near = [entry.name for entry in parent.iterdir()] if parent.is_dir() else []
    close = nearest(path.name, [*names, *near])
    return MissingFileError(
        f"opening the embedding {str(path)!r}: no such file (looked in {parent}), and no name of "
        f"vectors in a package ({', '.join(names)})",
        hint=f"did you mean {close!r}?" if close else "give a file of vectors, or such a name",
    )


def open_cached(source: Source, cache: Path | None = None) -> Opened:
    """Open vectors through the cache; what is absent or damaged there is read anew.

    Several processes may do so at once: one reads the file, the others wait for it.

    Parameters
    ----------
    source : Source
    cache : Path, optional
        By default :func:`cache_folder`.

    Raises
    ------
    RunError
        If the cache cannot be written to and the vectors are not in it.
    """
    place = cache or cache_folder()
    digest = source.digest(place / "sources")
    folder = place / f"{digest[:32]}-{VERSION}"
    opened = _opened(folder)
    if opened is not None:
        return opened
    _make_place(place)
    with locked(place / f"{folder.name}.lock"):
        opened = _opened(folder)  # another process may have been quicker
        if opened is None:
            report = ReadReport(source.paths[0])
            write_folder(
                folder, source.blocks(report), name=source.name, digest=digest, report=report
            )
            opened = open_folder(folder)
    return opened


def _make_place(place: Path) -> None:
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"keeping vectors in the cache {place}: the folder cannot be made ({error.strerror})",
            hint=_ELSEWHERE,
        ) from error
    if not os.access(place, os.W_OK | os.X_OK):
        raise RunError(
            f"keeping vectors in the cache {place}: no permission to write into it",
            hint=_ELSEWHERE,
        )


def _opened(folder: Path) -> Opened | None:
    if not folder.exists():
        return None
    try:
        return open_folder(folder)
    except DamagedError:
        return None
