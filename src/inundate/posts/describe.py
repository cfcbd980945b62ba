"""Say what a store holds, in numbers that name nobody."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from inundate.posts.gaps import read_gaps
from inundate.posts.schema import FIELDS, POSTS_RAW
from inundate.posts.store import PostStore, open_store

__all__ = ["describe_store"]

_MOST = 10  # languages and events that are listed


def describe_store(path: Path | str) -> dict[str, Any]:
    """Count what a store holds, of either kind.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict
        ``kind``; ``posts``; ``files``; ``read``, ``kept``, ``duplicate``, ``dropped``, ``broken``
        as the ledger has them and ``conserved``, whether they add up; ``sources``, ``kinds``,
        ``languages``, ``events``, ``labels`` with numbers of posts; ``first_day``, ``last_day``;
        ``gaps`` of the collections, in which posts may be missing;
        ``fields`` with the share of posts that have them.

    Raises
    ------
    MissingFileError, DataError
        If it is not there or not a store.
    """
    store = open_store(path)
    counts = store.counts()
    days = sorted({part.day for part in store.parts()} - {"unknown"})
    return {
        "store": str(path),
        "kind": store.kind,
        "files": len(store.entries()),
        "posts": sum(part.rows for part in store.parts()),
        "read": counts.read,
        "kept": counts.kept,
        "duplicate": counts.duplicate,
        "dropped": dict(sorted(counts.dropped.items())),
        "broken": dict(sorted(counts.broken.items())),
        "conserved": counts.is_conserved,
        "first_day": days[0] if days else None,
        "last_day": days[-1] if days else None,
        "gaps": [msgspec.to_builtins(gap) for gap in read_gaps(store.path)],
        "without_time": sum(part.rows for part in store.parts() if part.day == "unknown"),
        **_contents(store),
    }


def _contents(store: PostStore) -> dict[str, Any]:
    tallies: dict[str, Counter[str]] = {
        name: Counter() for name in ("source", "kind", "lang", "event")
    }
    labels: Counter[str] = Counter()
    filled: Counter[str] = Counter()
    rows = 0
    for table in store.batches():
        rows += table.num_rows
        for name, tally in tallies.items():
            for item in table[name].value_counts().to_pylist():
                tally[str(item["values"] or "unknown")] += item["counts"]
        _count_labels(labels, table)
        for name in table.schema.names:
            filled[name] += _filled(table[name])
    return {
        "sources": dict(tallies["source"].most_common()),
        "kinds": dict(tallies["kind"].most_common()),
        "languages": dict(tallies["lang"].most_common(_MOST)),
        "events": dict(tallies["event"].most_common(_MOST)),
        "labels": dict(sorted(labels.items())),
        "fields": {name: filled[name] / rows for name in store.schema.names} if rows else {},
        "fates": {name: field.fate for name, field in FIELDS.items()}
        if store.kind == POSTS_RAW
        else {},
    }


def _count_labels(labels: Counter[str], table: Any) -> None:
    names, values = (table[name].combine_chunks().flatten() for name in _LABELS)
    for name, value in zip(names.to_pylist(), values.to_pylist(), strict=True):
        labels[f"{name}={value}"] += 1


_LABELS = ("label_names", "label_values")


def _filled(column: Any) -> int:
    """Count the rows that hold something: an empty list or text holds nothing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_list(column.type):
        return int(pc.sum(pc.greater(pc.list_value_length(column), 0)).as_py() or 0)
    if pa.types.is_string(column.type):
        return int(pc.sum(pc.greater(pc.binary_length(column), 0)).as_py() or 0)
    return int(len(column) - column.null_count)
