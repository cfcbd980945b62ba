"""Open a file, a folder or a store of labelled posts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.errors import DataError
from inundate.core.files import check_input
from inundate.posts.labelled.classes import choose_classes
from inundate.posts.labelled.formats import find_format
from inundate.posts.labelled.gather import Read, Wanted, add_table
from inundate.posts.labelled.rows import Rows, read_rows
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.labelled.weak import weak_labels

__all__ = ["read_labelled"]

_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson", ".json")


def read_labelled(path: Path, wanted: Wanted) -> LabelledPosts:
    """See :func:`~inundate.posts.labelled.table.open_labelled`."""
    place = check_input(path, what="opening labelled posts")
    if place.is_dir():
        if (place / "manifest.json").is_file():
            from inundate.posts.labelled.stored import read_store

            return _made(place, read_store(place, wanted), wanted)
        return _made(place, _read_folder(place, wanted), wanted)
    read = Read()
    add_table(read, place, read_rows(place), wanted)
    return _made(place, read, wanted)


def _read_folder(folder: Path, wanted: Wanted) -> Read:
    """Read all tables of a folder, which are of one kind; what is no table is told."""
    found: dict[str, list[tuple[Path, Rows]]] = {}
    other: dict[str, list[tuple[Path, Rows]]] = {}
    for file in sorted(folder.rglob("*")):
        if file.is_file() and _suffix(file) in _SUFFIXES:
            table = read_rows(file)
            known = find_format(table.header)
            if known is not None:
                found.setdefault(known.name, []).append((file, table))
            elif table.rows:
                other.setdefault("columns " + ", ".join(table.header), []).append((file, table))
    kinds = found or other
    if len(kinds) != 1:
        listed = "; ".join(f"{name} ({len(tables)} files)" for name, tables in kinds.items())
        raise DataError(
            f"opening {folder}: expected tables of labelled posts of one kind, found "
            + (listed or "none"),
            hint="give a file, or the folder of one collection",
        )
    read = Read()
    for file, table in next(iter(kinds.values())):
        add_table(read, file, table, wanted, in_folder=True)
    skipped = [str(file.relative_to(folder)) for tables in other.values() for file, _ in tables]
    if found and skipped:
        read.assume(f"{len(skipped)} files are no known tables: {', '.join(skipped[:5])}")
    return read


def _suffix(file: Path) -> str:
    name = file.with_suffix("") if file.suffix.lower() == ".gz" else file
    return name.suffix.lower()


def _made(path: Path, read: Read, wanted: Wanted) -> LabelledPosts:
    """Turn written labels, or emoji, into classes."""
    if not read.texts:
        raise DataError(
            f"opening {path}: no post has a text",
            hint="name the column with the text by --text",
        )
    for file in read.files:
        if file["encoding"] not in ("utf-8", "store"):
            read.assume(f"{file['name']} is not UTF-8; read as {file['encoding']}")
    if wanted.is_weak:
        names, labels, told = _by_emoji(read, wanted)
    else:
        names, labels, told = _by_people(path, read, wanted)
    counts = np.bincount(labels[labels >= 0], minlength=len(names)).tolist()
    origin = {
        "path": path.name,
        "format": read.format,
        "task": read.task,
        "posts": len(labels),
        "classes": dict(zip(names, counts, strict=True)),
        "not_judged": int((labels < 0).sum()),
        **told,
        "events": _counted(read.events),
        "broken_lines": sum(file["broken_lines"] for file in read.files),
        "dropped": dict(read.dropped),
        "assumed": read.assumed,
        "files": read.files,
    }
    return LabelledPosts(
        tuple(read.texts), labels, names, tuple(read.events), tuple(read.authors),
        tuple(read.ids), tuple(read.languages), origin,
    )  # fmt: skip


def _by_people(
    path: Path, read: Read, wanted: Wanted
) -> tuple[tuple[str, ...], np.ndarray, dict[str, Any]]:
    classes = choose_classes(read.labels, read.task, wanted.positive, str(path))
    for sentence in classes.assumed:
        read.assume(sentence)
    labels = np.array([classes.places[label] for label in read.labels], dtype=np.int64)
    told: dict[str, Any] = {
        "positive": classes.positive,
        "labels": classes.written(read.labels),
        "strip_markers": [],
    }
    return classes.names, labels, told


def _by_emoji(read: Read, wanted: Wanted) -> tuple[tuple[str, ...], np.ndarray, dict[str, Any]]:
    labels, counts = weak_labels(read.texts, wanted.categories)
    if not (labels >= 0).any():
        raise DataError(
            f"labelling {len(labels)} posts by emoji: none has a sign of a category",
            hint="categories: " + ", ".join(wanted.categories),
        )
    read.assume("labels are made of emoji, which models must not see: strip_markers names them")
    signs = [sign for category in wanted.categories.values() for sign in category]
    told = {"positive": None, "labels": dict(counts), "strip_markers": signs}
    return tuple(wanted.categories), labels, told


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(value or "unknown" for value in values).items()))
