"""Forget an author: every post of theirs, and every trace of them in the posts of others."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from inundate.core.errors import ConfigError
from inundate.core.files import atomic_file, write_text
from inundate.core.provenance import hash_path
from inundate.posts.anonymise.accounts import canonical
from inundate.posts.anonymise.forgotten import Forgotten, put_column
from inundate.posts.anonymise.key import Key
from inundate.posts.anonymise.report import refresh_report
from inundate.posts.anonymise.run import FORGOTTEN
from inundate.posts.anonymise.scrub import put_at
from inundate.posts.anonymise.tokens import Pseudonyms
from inundate.posts.ledger import Entry, PartInfo, entry_bytes
from inundate.posts.parquet import read_batches, write_parquet
from inundate.posts.serve.labels import beside, prune_labels
from inundate.posts.store import PostStore, open_posts, open_raw

__all__ = ["Forgot", "forget_author"]


@dataclass(frozen=True)
class Forgot:
    """What was taken out."""

    posts: int
    """Posts of the author in the pseudonymised store."""
    raw_posts: int | None
    """In the raw store, where one was given."""


def forget_author(
    store: Path | str,
    key: Key,
    *,
    source: str,
    author_id: str,
    handle: str | None = None,
    raw: Path | str | None = None,
) -> Forgot:
    """Take one author out of a pseudonymised store, of labels beside it, and of the raw one.

    The author's token stays in ``forgotten.json``, so that no later pseudonymisation under this
    key brings the posts back.

    Parameters
    ----------
    store : Path
        Pseudonymised.
    key : Key
        That it was made with.
    source : str
        Platform.
    author_id : str
        The platform's id of the author.
    handle : str, optional
        Also forget mentions that are known by the handle alone.
    raw : Path, optional
        Raw store; without it, only the output forgets.

    Raises
    ------
    ConfigError
        If the store was made with another key.
    DataError, MissingFileError
        If a store is not of its kind, or absent.
    """
    made = open_posts(store)
    source_store = None if raw is None else open_raw(raw)  # before anything is changed
    if made.manifest.get("key") != key.fingerprint:
        raise ConfigError(
            f"forgetting an author of {store}: it was made with another key, so that none of its "
            "pseudonyms would be found",
            hint="give the --key that inundate posts anonymise made it with",
        )
    tokens = Pseudonyms(key)
    gone = [tokens.one("author", source, author_id)]
    if handle is not None:
        gone.append(tokens.one("handle", source, canonical(handle, source)))
    before = Forgotten.read(made.path)
    all_gone = Forgotten([*before.tokens, *gone])
    number = _rewrite(made, all_gone.leave_out, all_gone)
    _forget_labels(made)
    refresh_report(made)
    raw_number = None
    if source_store is not None:
        raw_number = _rewrite(source_store, _raw_filter(source, author_id, handle))
        _forget_rejects(source_store, [author_id, *([handle] if handle else [])])
    return Forgot(number, raw_number)


def _forget_labels(store: PostStore) -> None:
    """Take away what models said of posts that are gone, where that lies beside the store."""
    labels = beside(store.path)
    if labels.exists():
        there = (post for table in store.batches(["post"]) for post in table["post"].to_pylist())
        prune_labels(labels, there)


def _rewrite(
    store: PostStore,
    change: Callable[[pa.Table], pa.Table],
    side: Forgotten | None = None,
) -> int:
    """Change every part of a store that ``change`` changes, in one step."""
    removed = 0
    with store.lock():
        folder = store.staging / "forget.commit"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        entries: dict[str, Entry] = {}
        gone: list[str] = []
        for part in store.parts():
            read = list(read_batches(part.path))
            made = [change(table) for table in read]
            if all(new.equals(old) for new, old in zip(made, read, strict=True)):
                continue
            entry = entries.setdefault(part.entry.ingest, part.entry)
            rows = _write_part(folder / part.name, made, store, entry, part.name)
            if not rows:
                gone.append(part.name)
            if rows < part.rows:
                entry.counts.kept -= part.rows - rows
                entry.counts.drop(FORGOTTEN, part.rows - rows)
                removed += part.rows - rows
        (folder / "_ledger").mkdir()
        for ingest, entry in entries.items():
            with atomic_file(folder / "_ledger" / f"{ingest}.json") as temporary:
                temporary.write_bytes(entry_bytes(entry))
        if side is not None:
            side.write(folder)
        write_text(folder / "remove.json", json.dumps(sorted(gone)))
        store.move_in(folder)
    return removed


def _write_part(
    path: Path, tables: Sequence[pa.Table], store: PostStore, entry: Entry, name: str
) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    statistics = [one for one in ("created_at", "created_bin") if one in store.schema.names]
    kept = [table.cast(store.schema) for table in tables if table.num_rows]
    rows = write_parquet(path, kept, store.schema, statistics=statistics)
    if rows:
        entry.parts[name] = PartInfo(rows=rows, hash=hash_path(path))
    else:
        entry.parts.pop(name, None)
    return rows


def _raw_filter(source: str, author_id: str, handle: str | None) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        of_source = pc.equal(table["source"], source)
        own = pc.and_(of_source, pc.equal(table["author_id"], author_id).fill_null(False))
        if handle is not None:
            name = pc.equal(pc.utf8_lower(table["author_handle"]), handle.lower())
            own = pc.or_(own, pc.and_(of_source, name.fill_null(False)))
        table = table.filter(pc.invert(own))
        nothing = pa.scalar(None, pa.string())
        for column in ("reply_to_author_id", "refers_to_author_id"):
            found = pc.equal(table[column], author_id).fill_null(False)
            table = put_column(table, column, pc.if_else(found, nothing, table[column]))
        return _without_mentions(table, author_id, handle)

    return change


def _without_mentions(table: pa.Table, author_id: str, handle: str | None) -> pa.Table:
    """Take the author's id and handle out of the mentions and texts of others."""
    ids, names = (table[n].combine_chunks() for n in ("mention_ids", "mention_handles"))
    mentioned = [
        row
        for row, (of, by) in enumerate(zip(ids.to_pylist(), names.to_pylist(), strict=True))
        if author_id in of or (handle and handle.lower() in [str(one).lower() for one in by])
    ]
    if not mentioned:
        return table
    lists = {name: table[name].to_pylist() for name in ("mention_ids", "mention_handles")}
    texts = table["text"].combine_chunks()
    changed: dict[int, str] = {}
    for row in mentioned:
        pairs = list(zip(lists["mention_ids"][row], lists["mention_handles"][row], strict=True))
        wanted = [
            (of, by)
            for of, by in pairs
            if of == author_id or (handle and by and by.lower() == handle.lower())
        ]
        text = texts[row].as_py()
        for _, name in wanted:
            text = _without_word(text, name) if name else text
        changed[row] = text
        kept = [pair for pair in pairs if pair not in wanted]
        lists["mention_ids"][row] = [pair[0] for pair in kept]
        lists["mention_handles"][row] = [pair[1] for pair in kept]
    for name, values in lists.items():
        table = put_column(table, name, pa.array(values, table.schema.field(name).type))
    return put_column(table, "text", put_at(texts, changed))


def _without_word(text: str, name: str) -> str:
    return re.sub(rf"@?(?<!\w){re.escape(name)}(?!\w)", "@forgotten", text, flags=re.IGNORECASE)


def _forget_rejects(store: PostStore, words: Sequence[str]) -> None:
    """Take broken records that name the author out of what was kept aside."""
    wanted = [word.lower().encode() for word in words]
    for path in sorted((store.path / "_rejects").glob("*.jsonl")):
        lines = path.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if not any(word in line.lower() for word in wanted)]
        if len(kept) < len(lines):
            with atomic_file(path) as temporary:
                temporary.write_bytes(b"".join(kept))
