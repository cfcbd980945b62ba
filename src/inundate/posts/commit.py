"""Put what was spooled into the store: whole or not at all, in whatever order files come.

Of several copies of a post under one event, the one retrieved last is kept; among equals one that
was edited, then the one of the ingest with the least hash, then the first in the file. Labels of
all copies are kept.
So a store is a function of the set of files that went in, and not of their order.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from inundate.core.files import atomic_file, write_text
from inundate.core.provenance import hash_path
from inundate.posts.copies import Copies, resolve
from inundate.posts.deleted import Deleted
from inundate.posts.ledger import Entry, PartInfo, entry_bytes
from inundate.posts.parquet import read_batches, write_parquet
from inundate.posts.spool import Spool
from inundate.posts.store import Part, PostStore

__all__ = ["DELETED", "commit", "put", "rewrite"]

DELETED = "deleted by the author"
_STATISTICS = ("created_at",)  # lets readers skip row groups; of texts and ids it would be a leak


class _Change:
    """New files and entries, prepared beside the store and moved in at once."""

    def __init__(self, store: PostStore, name: str) -> None:
        self.store = store
        self.folder = store.staging / f"{name}.commit"
        shutil.rmtree(self.folder, ignore_errors=True)  # of an import that was killed
        self.folder.mkdir(parents=True)
        self.entries: dict[str, Entry] = {}
        self.gone: list[str] = []

    def entry(self, part: Part) -> Entry:
        """Give the entry to be changed that a part belongs to."""
        return self.entries.setdefault(part.entry.ingest, part.entry)

    def write(self, name: str, copies: Copies, entry: Entry) -> None:
        """Write the rows that stay, and count."""
        entry.counts.kept += copies.kept - (copies.rows if name in entry.parts else 0)
        for reason, number in copies.lost.items():
            if reason:
                entry.counts.drop(reason, number)
            else:
                entry.counts.duplicate += number
        if not self.place(name, copies.tables(), entry) and entry.parts.pop(name, None) is not None:
            self.gone.append(name)

    def place(self, name: str, tables: Iterable[pa.Table], entry: Entry) -> int:
        """Write a part; give its rows."""
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        statistics = [column for column in _STATISTICS if column in self.store.schema.names]
        rows = write_parquet(target, tables, self.store.schema, statistics=statistics)
        if rows:
            entry.parts[name] = PartInfo(rows=rows, hash=hash_path(target))
        return rows

    def finish(self) -> None:
        """Move everything in."""
        ledger = self.folder / "_ledger"
        ledger.mkdir()
        for ingest, entry in self.entries.items():
            with atomic_file(ledger / f"{ingest}.json") as temporary:
                temporary.write_bytes(entry_bytes(entry))
        write_text(self.folder / "remove.json", msgspec.json.encode(sorted(self.gone)).decode())
        self.store.move_in(self.folder)


def commit(store: PostStore, spool: Spool, entry: Entry) -> Entry:
    """Put an import that has read its whole file into the store; its spool goes with that.

    Parameters
    ----------
    store : PostStore
    spool : Spool
        Saved, at its end.
    entry : Entry
        With the counts of reading; what is kept and duplicate is found here.

    Returns
    -------
    Entry
        As it stands in the ledger.
    """
    with store.lock():
        change = _Change(store, entry.ingest)
        change.entries[entry.ingest] = entry
        own = Deleted.read([spool.deleted])
        deleted = Deleted.read([spool.deleted, *sorted((store.path / "_deleted").glob("*.bin"))])
        partitions = spool.partitions()
        parts = store.parts()
        for partition in partitions:
            _commit_partition(change, spool, partition, entry, parts, deleted)
        if len(own):
            inside = {(part.name.rpartition("/")[0], _event(part.entry)) for part in parts}
            done = {(name, _event(entry)) for name in partitions} & inside
            others = [p for p in parts if (p.name.rpartition("/")[0], _event(p.entry)) not in done]
            _delete(change, others, own)
        _side_file(change, spool.deleted, "_deleted", f"{entry.ingest}.bin", own.to_bytes())
        _side_file(change, spool.rejects, "_rejects", f"{entry.ingest}.jsonl")
        change.finish()
    return entry


def _event(entry: Entry) -> object:
    return entry.settings.get("event")


def _commit_partition(
    change: _Change,
    spool: Spool,
    partition: str,
    entry: Entry,
    parts: list[Part],
    deleted: Deleted,
) -> None:
    source = partition.split("/")[0].removeprefix("source=")
    rows = sum(piece.rows for piece in spool.state.pieces if piece.partition == partition)
    new = Copies(entry.ingest, lambda columns: spool.read(partition, columns), rows)
    stored = [
        (part, _stored(part))
        for part in parts
        if part.name.startswith(partition + "/") and _event(part.entry) == _event(entry)
    ]
    for copies in (new, *(copies for _, copies in stored)):
        copies.lose(deleted.mask(source, copies.ids()), DELETED)
    resolve([new, *(copies for _, copies in stored)])
    change.write(f"{partition}/{entry.ingest}.parquet", new, entry)
    for part, copies in stored:
        if copies.is_changed:
            change.write(part.name, copies, change.entry(part))


def _stored(part: Part) -> Copies:
    return Copies(part.entry.ingest, lambda columns: read_batches(part.path, columns), part.rows)


def _delete(change: _Change, parts: list[Part], deleted: Deleted) -> None:
    for part in parts:
        copies = _stored(part)
        copies.lose(deleted.mask(part.source, copies.ids()), DELETED)
        if copies.is_changed:
            change.write(part.name, copies, change.entry(part))


def _side_file(
    change: _Change, path: Path, folder: str, name: str, content: bytes | None = None
) -> None:
    """Keep a file of the spool that is not empty."""
    if path.stat().st_size == 0:
        return
    target = change.folder / folder / name
    target.parent.mkdir()
    target.write_bytes(path.read_bytes() if content is None else content)


def put(
    store: PostStore, entry: Entry, parts: Mapping[str, Callable[[], Iterable[pa.Table]]]
) -> Entry:
    """Put an entry and its parts into a store, of either kind, in one step.

    What an entry of that ingest had before is replaced.

    Parameters
    ----------
    store : PostStore
    entry : Entry
        Its counts are taken as they are, ``parts`` is filled in here.
    parts : mapping
        Name below the store, such as ``source=x/day=2013-06-21/INGEST.parquet``, to what gives
        the rows in tables of the store's schema.

    Returns
    -------
    Entry
        As it stands in the ledger.
    """
    with store.lock():
        change = _Change(store, entry.ingest)
        change.entries[entry.ingest] = entry
        entry.parts = {}
        for name, tables in parts.items():
            change.place(name, tables(), entry)
        before = store.entry(entry.ingest)
        change.gone += sorted(set(before.parts) - set(entry.parts)) if before else []
        change.finish()
    return entry


def rewrite(store: PostStore, lose: Callable[[Part, pa.Table], np.ndarray], *, reason: str) -> int:
    """Take posts out of a store, of either kind, in one step.

    Parameters
    ----------
    store : PostStore
    lose : callable
        Takes a part and a table of its rows; gives an array (N,), bool, of those to take out.
    reason : str
        Under which the ledger counts them from now on.

    Returns
    -------
    int
        Posts taken out.
    """
    with store.lock():
        change = _Change(store, "rewrite")
        number = 0
        for part in store.parts():
            masks = [lose(part, table) for table in read_batches(part.path)]
            copies = _stored(part)
            copies.lose(np.concatenate(masks), reason)
            if copies.is_changed:
                number += copies.rows - copies.kept
                change.write(part.name, copies, change.entry(part))
        change.finish()
    return number
