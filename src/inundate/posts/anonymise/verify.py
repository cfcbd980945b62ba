"""Check a pseudonymised store: nothing in it that should not be, nothing lost on the way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from inundate.core.provenance import hash_path
from inundate.posts.anonymise.coarsen import COUNT_BINS, FOLLOWER_BINS
from inundate.posts.anonymise.forgotten import FILE
from inundate.posts.anonymise.key import Key
from inundate.posts.anonymise.report import REPORTS
from inundate.posts.anonymise.settings import AnonymiseSettings
from inundate.posts.gaps import GAPS
from inundate.posts.parquet import read_batches
from inundate.posts.store import Part, PostStore, open_posts, open_raw

__all__ = ["Finding", "verify_posts"]

_TOKEN = re.compile(r"[a-p]{32}")
_TOKENS = ("post", "author", "conversation", "reply_to", "reply_to_author", "refers_to",
           "refers_to_author", "mentions")  # fmt: skip
_TEXTS = ("text", "title", "media_alts", "poll_options")
_SIDE = frozenset({"manifest.json", "_lock", FILE, GAPS, *REPORTS})


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be; its text quotes nothing of a post."""

    check: str
    text: str


def verify_posts(
    path: Path | str, *, key: Key | None = None, raw: Path | str | None = None
) -> tuple[dict[str, Any], list[Finding]]:
    """Check a pseudonymised store.

    Parameters
    ----------
    path : Path
    key : Key, optional
        That it should have been made with.
    raw : Path, optional
        Raw store that it should have been made of.

    Returns
    -------
    tuple of (dict, list of Finding)
        Figures, and what is wrong; nothing is when the list is empty.

    Raises
    ------
    MissingFileError, DataError
        If it is no pseudonymised store.
    """
    store = open_posts(path)
    settings = AnonymiseSettings.model_validate(store.manifest.get("settings") or {})
    found = [*_files(store), *_ledger(store), *_against(store, key, raw)]
    seen: Counter[str] = Counter()
    for part in store.parts():
        if not part.path.is_file():
            continue  # told by the files
        found += _parquet(part, store)
        for table in read_batches(part.path):
            seen["posts"] += table.num_rows
            for check, number in _rows(table, settings):
                seen[check] += number
    found += [
        Finding(check, f"{number:,} values") for check, number in seen.items()
        if check != "posts" and number
    ]  # fmt: skip
    figures = {
        "store": str(path),
        "posts": seen["posts"],
        "files": len(store.parts()),
        "key": None if key is None else store.manifest.get("key") == key.fingerprint,
    }
    return figures, found


def _files(store: PostStore) -> Iterator[Finding]:
    known = {part.name for part in store.parts()}
    known |= {f"_ledger/{entry.ingest}.json" for entry in store.entries()} | _SIDE
    there = {
        path.relative_to(store.path).as_posix()
        for path in store.path.rglob("*")
        if path.is_file() or path.is_symlink()
    }
    if there - known:
        yield Finding("files", f"{len(there - known)} files that no pseudonymisation writes")
    if known - there - _SIDE:
        yield Finding("files", f"{len(known - there - _SIDE)} files of the ledger are absent")
    for part in store.parts():
        if part.path.is_file() and hash_path(part.path) != part.entry.parts[part.name].hash:
            yield Finding("files", f"{part.name} is not what was written")


def _ledger(store: PostStore) -> Iterator[Finding]:
    for entry in store.entries():
        if not entry.counts.is_conserved:
            yield Finding("ledger", f"counts of {entry.ingest} do not add up")
        if sum(info.rows for info in entry.parts.values()) != entry.counts.kept:
            yield Finding("ledger", f"rows of {entry.ingest} are not those that it kept")


def _against(store: PostStore, key: Key | None, raw: Path | str | None) -> Iterator[Finding]:
    if key is not None and store.manifest.get("key") != key.fingerprint:
        yield Finding("key", "it was made with another key")
    if raw is not None:
        wanted, read = open_raw(raw).counts().kept, store.counts().read
        if wanted != read:
            yield Finding("raw", f"it was made of {read:,} posts, the raw store holds {wanted:,}")


def _parquet(part: Part, store: PostStore) -> Iterator[Finding]:
    with pq.ParquetFile(part.path) as file:
        metadata = file.metadata
        if not file.schema_arrow.equals(store.schema):
            yield Finding("schema", f"{part.name} has other columns")
        extra = set(metadata.metadata or {}) - {b"ARROW:schema"}
        if extra:
            yield Finding("schema", f"{part.name} carries metadata")
        for group in range(metadata.num_row_groups):
            for number in range(metadata.num_columns):
                column = metadata.row_group(group).column(number)
                if column.is_stats_set and column.path_in_schema != "created_bin":
                    yield Finding("statistics", f"{part.name}: {column.path_in_schema}")


def _rows(table: pa.Table, settings: AnonymiseSettings) -> Iterator[tuple[str, int]]:
    """Give the names of checks, and how many values fail each."""
    for name in _TOKENS:
        values = pc.unique(_flat(table[name])).drop_null().to_pylist()
        yield f"{name}: no pseudonym", sum(not _TOKEN.fullmatch(value) for value in values)
    for name in ("created_bin", "server_bin", "collected_day"):
        width = 60 * (1440 if name == "collected_day" else settings.time_bin_minutes)
        seconds = table[name].drop_null().cast(pa.int64()).to_numpy()
        yield f"{name}: finer than its bin", int((seconds % width != 0).sum())
    for name in table.schema.names:
        if name.endswith("_bin") and pa.types.is_int64(table.schema.field(name).type):
            edges = FOLLOWER_BINS if name == "author_followers_bin" else COUNT_BINS
            counts = table[name].drop_null().to_numpy()
            yield f"{name}: no bin", int((~np.isin(counts, edges)).sum())
    yield "latitude: no centre of a cell", _off_centre(table, settings)
    scrubber = settings.scrubber(domains=_AnyDomain())
    if settings.text == "keep":
        for name in _TEXTS:
            texts = _flat(table[name])
            again, _ = scrubber.column(texts)
            same = pc.equal(texts, again).fill_null(True)
            yield f"{name}: identifiers", len(texts) - pc.sum(same).as_py() if len(texts) else 0


class _AnyDomain:
    """Domains that stand in a text were shared by enough authors when it was written."""

    def __contains__(self, domain: object) -> bool:
        return bool(domain)


def _off_centre(table: pa.Table, settings: AnonymiseSettings) -> int:
    placed = table.filter(pc.is_valid(table["latitude"]))
    sides = placed["geo_cell_degrees"].to_numpy()
    wrong = ~np.isin(sides, settings.cells)
    for name, origin in (("latitude", 90.0), ("longitude", 180.0)):
        cells = (placed[name].to_numpy() + origin) / sides - 0.5
        wrong |= np.abs(cells - np.round(cells)) > 1e-3
    return int(wrong.sum())


def _flat(column: pa.ChunkedArray) -> pa.Array:
    joined = column.combine_chunks()
    return joined.flatten() if pa.types.is_list(joined.type) else joined
