"""Labelled posts out of a pseudonymised store."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from inundate.core.errors import DataError, nearest
from inundate.posts.labelled.gather import Read, Wanted
from inundate.posts.labelled.tasks import TASKS
from inundate.posts.store import open_posts

__all__ = ["read_store"]

_COLUMNS = ("text", "post", "author", "event", "lang", "label_names", "label_values")


def read_store(path: Path, wanted: Wanted) -> Read:
    """Read the posts of a store, with one of the labels that they have.

    Raises
    ------
    DataError
        If the store is raw, no post has a label, or several labels are there and none is named.
    """
    store = open_posts(path)
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for table in store.batches(_COLUMNS):
        for name, values in columns.items():
            values.extend(table[name].to_pylist())
    names = Counter(name for judged in columns["label_names"] for name in judged or ())
    label = "" if wanted.is_weak else _choose(names, wanted, path)
    read = Read(task=wanted.task or (label if label in TASKS else None), format="posts")
    rows = list(zip(*columns.values(), strict=True))
    for text, post, author, event, lang, judged, values in rows:
        if not (text or "").strip():
            read.dropped["empty text"] += 1
            continue
        known = dict(zip(judged or (), values or (), strict=True))
        read.texts.append(text)
        read.labels.append(known.get(label, ""))
        read.ids.append(post or "")
        read.authors.append(author or "")
        read.events.append(wanted.event if wanted.event is not None else event or "")
        read.languages.append(lang or "")
    if label:
        read.assume(f"label {label!r} is read")
    read.files.append(
        {
            "name": path.name, "encoding": "store", "delimiter": "", "rows": len(rows),
            "columns": {"text": "text", "label": label}, "broken_lines": 0,
            "first_broken_lines": [],
        }
    )  # fmt: skip
    return read


def _choose(names: Counter[str], wanted: Wanted, path: Path) -> str:
    if not names:
        raise DataError(
            f"opening {path}: no post of the store has a label",
            hint="import them with --label NAME=COLUMN, or label them: inundate posts label",
        )
    asked = wanted.label or (wanted.task if wanted.task in names else None)
    if asked is None and len(names) == 1:
        return next(iter(names))
    if asked in names:
        return str(asked)
    if asked is None:
        raise DataError(
            f"opening {path}: posts have several labels: {', '.join(sorted(names))}",
            hint=f"name the one that is meant: --label {min(names)}",
        )
    close = nearest(asked, names)
    raise DataError(
        f"opening {path}: no post has a label {asked!r}"
        + (f"; did you mean {close!r}?" if close else ""),
        hint="labels: " + ", ".join(sorted(names)),
    )
