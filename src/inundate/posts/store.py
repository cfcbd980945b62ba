"""A store of posts: Parquet by source and day, with a ledger; raw or pseudonymised.

::

    STORE/
      manifest.json                           kind and version
      _ledger/INGEST.json                     one entry an imported file: counts, parts
      _rejects/INGEST.jsonl                   lines that could not be read, with the reason
      _deleted/INGEST.bin                     hashes of posts that their authors deleted
      source=x/day=2013-06-21/INGEST.parquet
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from inundate.core.errors import DataError, RunError
from inundate.core.files import check_input, write_text
from inundate.posts.ledger import Counts, Entry, read_entry
from inundate.posts.lock import locked
from inundate.posts.parquet import ROW_GROUP, read_batches
from inundate.posts.schema import POSTS, POSTS_RAW, RAW_SCHEMA, SAFE_SCHEMA, SCHEMA_VERSION

__all__ = ["SCHEMAS", "Part", "PostStore", "create_store", "open_posts", "open_raw", "open_store"]

SCHEMAS = {POSTS_RAW: RAW_SCHEMA, POSTS: SAFE_SCHEMA}
_MANIFEST, _READY = "manifest.json", "ready"


@dataclass(frozen=True)
class Part:
    """A Parquet file of a store and whose rows it holds."""

    path: Path
    name: str
    """Path below the store, as in the ledger."""
    source: str
    day: str
    """``2013-06-21``, or ``unknown`` where a post has no time."""
    entry: Entry
    rows: int


class PostStore:
    """A store that is there; see :func:`open_store` and :func:`create_store`.

    Parameters
    ----------
    path : Path
    manifest : mapping
        Content of its ``manifest.json``.
    """

    def __init__(self, path: Path, manifest: Mapping[str, Any]) -> None:
        self.path = path
        self.manifest = dict(manifest)
        self.kind: str = self.manifest["kind"]
        self.schema: pa.Schema = SCHEMAS[self.kind]

    @property
    def ledger(self) -> Path:
        """Folder of the entries."""
        return self.path / "_ledger"

    @property
    def staging(self) -> Path:
        """Folder of imports that are not finished."""
        return self.path / "_staging"

    def entries(self) -> list[Entry]:
        """Give the ledger, in the order of the ingests' hashes."""
        return [read_entry(path) for path in sorted(self.ledger.glob("*.json"))]

    def entry(self, ingest: str) -> Entry | None:
        """Give the entry of an ingest, or None when that is not finished."""
        path = self.ledger / f"{ingest}.json"
        return read_entry(path) if path.is_file() else None

    def counts(self) -> Counts:
        """Add up the counts of all files."""
        total = Counts()
        for entry in self.entries():
            total.add(entry.counts)
        return total

    def parts(self) -> list[Part]:
        """Give the parts that the ledger names, by source, day and ingest."""
        found = [
            Part(self.path / name, name, *_partition(name), entry, info.rows)
            for entry in self.entries()
            for name, info in entry.parts.items()
        ]
        return sorted(found, key=lambda part: part.name)

    def batches(
        self, columns: Sequence[str] | None = None, rows: int = ROW_GROUP
    ) -> Iterator[pa.Table]:
        """Read all posts in tables of at most so many rows, by source and day.

        Raises
        ------
        DataError
            If a part that the ledger names is absent.
        """
        for part in self.parts():
            if not part.path.is_file():
                raise DataError(
                    f"reading {self.path}: the ledger names {part.name}, which is absent",
                    hint="restore the file, or import into a new store",
                )
            yield from read_batches(part.path, columns, rows)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the store for writing; what a killed process had ready is finished first."""
        with locked(self.path / "_lock"):
            self._recover()
            yield

    def move_in(self, prepared: Path) -> None:
        """Put a prepared tree in place; to be called with the lock.

        Parameters
        ----------
        prepared : Path
            Folder in :attr:`staging` that mirrors the store. Its ``remove.json`` lists files to
            take away. Once marked as ready it is put in place whole, by whoever comes next.
        """
        write_text(prepared / _READY, "")
        self._finish(prepared)

    def tidy(self) -> None:
        """Remove the folder of unfinished imports when there are none."""
        _remove_empty(self.staging, self.path)

    def _recover(self) -> None:
        for mark in sorted(self.staging.glob(f"*/{_READY}")):
            self._finish(mark.parent)

    def _finish(self, prepared: Path) -> None:
        # entries last: a part that no entry names is no part yet
        files = [path for path in prepared.rglob("*") if path.is_file() and path.name != _READY]
        listing = prepared / "remove.json"
        gone: list[str] = json.loads(listing.read_text("utf-8")) if listing.is_file() else []
        for path in sorted(files, key=lambda path: "_ledger" in path.parts):
            if path != listing:
                target = self.path / path.relative_to(prepared)
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
        for name in gone:
            (self.path / name).unlink(missing_ok=True)
            _remove_empty((self.path / name).parent, self.path)
        shutil.rmtree(prepared)
        shutil.rmtree(prepared.with_suffix(""), ignore_errors=True)  # what it was made of
        _remove_empty(self.staging, self.path)


def _remove_empty(folder: Path, top: Path) -> None:
    while folder != top:
        try:
            folder.rmdir()
        except OSError:  # not empty, or gone
            return
        folder = folder.parent


def _partition(name: str) -> tuple[str, str]:
    source, day = name.split("/")[:2]
    return source.removeprefix("source="), day.removeprefix("day=")


def create_store(path: Path | str, kind: str = POSTS_RAW, **info: Any) -> PostStore:
    """Make an empty store, or open the one of that kind which is there.

    Parameters
    ----------
    path : Path
    kind : str
        ``posts-raw`` or ``posts``.
    **info
        Facts for the manifest of a new store.

    Raises
    ------
    DataError
        If a store of the other kind is there.
    RunError
        If something else is there.
    """
    target = Path(path)
    if (target / _MANIFEST).is_file():
        return open_store(target, kind)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RunError(
            f"making a store of posts at {target}: something else is there",
            hint="give another -o, or a store that an import has made",
        )
    _make(target, {"kind": kind, "schema_version": SCHEMA_VERSION, **info})
    return open_store(target, kind)


def _make(target: Path, manifest: Mapping[str, Any]) -> None:
    target.absolute().parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.part-{uuid.uuid4().hex[:8]}")
    try:
        (temporary / "_ledger").mkdir(parents=True)
        (temporary / "_lock").touch(0o600)
        write_text(temporary / _MANIFEST, json.dumps(manifest, indent=2, sort_keys=True) + "\n")
        if manifest["kind"] == POSTS_RAW:  # names and ids in clear: for the owner alone
            temporary.chmod(0o700)
        temporary.rename(target)  # fails where a folder with anything in it is
    except OSError:
        if not (target / _MANIFEST).is_file():  # else another process was quicker
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def open_store(path: Path | str, kind: str | None = None) -> PostStore:
    """Open a store.

    Parameters
    ----------
    path : Path
    kind : str, optional
        What it must be: ``posts-raw`` or ``posts``; by default either.

    Raises
    ------
    MissingFileError
        If nothing is there.
    DataError
        If it is no store, of another version, or not of the kind that is wanted.
    """
    place = check_input(path, what="opening posts")
    manifest = _read_manifest(place)
    found = manifest.get("kind")
    if found not in SCHEMAS:
        raise DataError(
            f"opening {place}: its manifest says kind {found!r}, expected {POSTS_RAW} or {POSTS}",
            hint="inundate posts import makes a store",
        )
    if manifest.get("schema_version") != SCHEMA_VERSION:
        raise DataError(
            f"opening {place}: schema version {manifest.get('schema_version')!r}, "
            f"expected {SCHEMA_VERSION}",
            hint="import the files anew with this version",
        )
    if kind is not None and found != kind:
        raise _wrong_kind(place, str(found), kind)
    store = PostStore(place, manifest)
    if any(store.staging.glob(f"*/{_READY}")):  # a commit that was killed half-way
        with store.lock():
            pass
    return store


def open_raw(path: Path | str) -> PostStore:
    """Open a store with names and ids in clear; see :func:`open_store`."""
    return open_store(path, POSTS_RAW)


def open_posts(path: Path | str) -> PostStore:
    """Open a pseudonymised store, the only kind that later stages take; see :func:`open_store`."""
    return open_store(path, POSTS)


def _read_manifest(place: Path) -> dict[str, Any]:
    file = place / _MANIFEST
    if not file.is_file():
        raise DataError(
            f"opening {place}: no manifest.json, so it is not a store of posts",
            hint="inundate posts import FILE -o STORE makes one",
        )
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"opening {place}: its manifest.json is not JSON ({error})") from error
    if not isinstance(found, dict):
        raise DataError(f"opening {place}: its manifest.json holds no object")
    return found


def _wrong_kind(place: Path, found: str, wanted: str) -> DataError:
    if wanted == POSTS:
        return DataError(
            f"opening {place}: it holds raw posts with names and ids in clear (kind {found}); "
            f"expected pseudonymised ones (kind {wanted})",
            hint=f"inundate posts anonymise {place} -o {place}-safe",
        )
    return DataError(
        f"opening {place}: it holds pseudonymised posts (kind {found}); expected raw ones "
        f"(kind {wanted})",
        hint="give the store that inundate posts import made, or another -o",
    )
