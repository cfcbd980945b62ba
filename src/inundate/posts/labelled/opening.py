"""Open a file, a folder or a store of labelled posts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.errors import DataError
from inundate.core.files import check_input
from inundate.posts.labelled.classes import Classes, choose_classes
from inundate.posts.labelled.columns import Found, find_column, find_label, find_text, named
from inundate.posts.labelled.formats import (
    AUTHOR_COLUMNS,
    EVENT_COLUMNS,
    ID_COLUMNS,
    LANGUAGE_COLUMNS,
    Format,
    find_format,
)
from inundate.posts.labelled.rows import Rows, read_rows
from inundate.posts.labelled.table import LabelledPosts

__all__ = ["Wanted", "read_labelled"]

_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson", ".json")
_TOLD = 20  # line numbers of broken lines


@dataclass(frozen=True)
class Wanted:
    """What the caller asks for; see :func:`~inundate.posts.labelled.table.open_labelled`."""

    task: str | None = None
    text: str | None = None
    label: str | None = None
    event: str | None = None
    positive: tuple[str, ...] = ()


@dataclass
class Read:
    """Rows of one or more files that answer one question, labels as they are written."""

    texts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    authors: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    task: str | None = None
    format: str = ""


def read_labelled(path: Path, wanted: Wanted) -> LabelledPosts:
    """See :func:`~inundate.posts.labelled.table.open_labelled`."""
    place = check_input(path, what="opening labelled posts")
    if place.is_dir():
        if (place / "manifest.json").is_file():
            from inundate.posts.labelled.stored import read_store

            return _made(place, read_store(place, wanted), wanted)
        return _made(place, _read_folder(place, wanted), wanted)
    read = Read()
    _add(read, place, read_rows(place), wanted)
    return _made(place, read, wanted)


def _read_folder(folder: Path, wanted: Wanted) -> Read:
    """Read all tables of a folder that are of the kind that most rows are of."""
    found: dict[str, list[tuple[Path, Rows]]] = {}
    skipped: list[str] = []
    for file in sorted(folder.rglob("*")):
        if not file.is_file() or file.suffix.lower() not in _SUFFIXES:
            continue
        table = read_rows(file)
        known = find_format(table.header)
        if known is None:
            skipped.append(str(file.relative_to(folder)))
        else:
            found.setdefault(known.name, []).append((file, table))
    if len(found) != 1:
        kinds = ", ".join(f"{name} ({len(tables)} files)" for name, tables in found.items())
        raise DataError(
            f"opening {folder}: expected tables of labelled posts of one known kind, found "
            + (kinds or "none"),
            hint="give a file, or the folder of one collection",
        )
    read = Read()
    for file, table in next(iter(found.values())):
        _add(read, file, table, wanted)
    if skipped:
        read.assumed.append(f"{len(skipped)} files are no known tables: {', '.join(skipped[:5])}")
    return read


def _add(read: Read, file: Path, table: Rows, wanted: Wanted) -> None:
    where = str(file)
    if not table.rows:
        raise DataError(
            f"opening {where}: no rows of a table"
            + (f"; {len(table.broken)} lines are broken" if table.broken else ""),
            hint="expected a header and at least one row, in CSV, TSV or JSON lines",
        )
    known = None if wanted.text or wanted.label else find_format(table.header)
    columns = _columns(read, table, known, wanted, where)
    places = {role: table.header.index(name) for role, name in columns.items()}
    constant = _event(file, known, wanted, "event" in places)
    seen: set[str] = set()
    for number, row in zip(table.lines, table.rows, strict=True):
        text = row[places["text"]]
        if not text.strip():
            read.dropped["empty text"] += 1
            continue
        name = _id(row[places["id"]]) if "id" in places else f"{file.stem}:{number}"
        if known is not None and known.name == "crisismmd":  # one row an image
            if name in seen:
                read.dropped["same post again, with another image"] += 1
                continue
            seen.add(name)
        read.texts.append(text)
        read.labels.append(row[places["label"]])
        read.ids.append(name)
        read.events.append(row[places["event"]].strip() if "event" in places else constant)
        read.authors.append(row[places["author"]].strip() if "author" in places else "")
        read.languages.append(row[places["language"]].strip() if "language" in places else "")
    read.format = known.name if known else table.format
    read.files.append(_report(file, table, columns))


def _columns(
    read: Read, table: Rows, known: Format | None, wanted: Wanted, where: str
) -> dict[str, str]:
    """Give the column of each role."""
    if known is not None:
        lowered = {name.lower(): name for name in table.header}
        read.task = wanted.task or known.task
        if read.task not in known.labels:
            raise DataError(
                f"opening {where}: a table of {known.name} has no labels for {read.task!r}",
                hint="tasks that it has: " + ", ".join(known.labels),
            )
        roles = {"text": known.text, "label": known.labels[read.task]}
        roles |= {"id": known.id} if known.id else {}
        roles |= {"event": known.event} if known.event in lowered else {}
        columns = {role: lowered[name] for role, name in roles.items()}
        if wanted.task is None:
            _once(read, f"a table of {known.name} is read for the task {read.task}")
    else:
        read.task = wanted.task
        text = named(table, wanted.text, "text", where) if wanted.text else find_text(table, where)
        label = (
            named(table, wanted.label, "label", where)
            if wanted.label
            else find_label(table, text.name, wanted.task, where)
        )
        for role, found in (("text", text), ("label", label)):
            _tell(read, role, found)
        columns = {"text": text.name, "label": label.name}
    used = set(columns.values())
    for role, names in _ROLES.items():
        found_name = find_column([name for name in table.header if name not in used], names)
        if role not in columns and found_name is not None:
            columns[role] = found_name
    if wanted.event is not None:
        columns.pop("event", None)
        if wanted.event in table.header:
            columns["event"] = wanted.event
    return columns


_ROLES: dict[str, tuple[str, ...]] = {
    "id": ID_COLUMNS,
    "event": EVENT_COLUMNS,
    "author": AUTHOR_COLUMNS,
    "language": LANGUAGE_COLUMNS,
}


def _tell(read: Read, role: str, found: Found) -> None:
    if found.why:
        _once(read, f"column {found.name!r} holds the {role} ({found.why})")


def _once(read: Read, sentence: str) -> None:
    if sentence not in read.assumed:
        read.assumed.append(sentence)


def _id(cell: str) -> str:
    return cell.strip().strip("'\"")  # CrisisLex puts ids in apostrophes, against spreadsheets


_PARTS = ("_train", "_dev", "_test", "_all", "-train", "-dev", "-test")


def _event(file: Path, known: Format | None, wanted: Wanted, has_column: bool) -> str:
    """Give the event of all rows, where no column tells it."""
    if has_column:
        return ""
    if wanted.event is not None:
        return wanted.event
    if known is None or known.name == "kaggle-disasters":
        return ""
    # the same event has the same name in T6 and T26, but for capitals
    name = file.stem.lower().split("-ontopic_offtopic")[0].split("-tweets_labeled")[0]
    for part in _PARTS:
        name = name.removesuffix(part)
    return name


def _report(file: Path, table: Rows, columns: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": file.name,
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "columns": dict(columns),
        "rows": len(table.rows),
        "broken_lines": len(table.broken),
        "first_broken_lines": table.broken[:_TOLD],
    }


def _made(path: Path, read: Read, wanted: Wanted) -> LabelledPosts:
    """Turn written labels into classes."""
    if not read.texts:
        raise DataError(
            f"opening {path}: no post has a text",
            hint="name the column with the text by --text",
        )
    for file in read.files:
        if file["encoding"] not in ("utf-8", "store"):
            _once(read, f"{file['name']} is not UTF-8; read as {file['encoding']}")
    classes = choose_classes(read.labels, read.task, wanted.positive, str(path))
    read.assumed += classes.assumed
    labels = np.array([classes.places[label] for label in read.labels], dtype=np.int64)
    posts = LabelledPosts(
        tuple(read.texts), labels, classes.names, tuple(read.events), tuple(read.authors),
        tuple(read.ids), tuple(read.languages), {},
    )  # fmt: skip
    origin = _origin(path, read, classes, posts)
    return LabelledPosts(**{**posts.__dict__, "origin": origin})


def _origin(path: Path, read: Read, classes: Classes, posts: LabelledPosts) -> dict[str, Any]:
    return {
        "path": path.name,
        "format": read.format,
        "task": read.task,
        "posts": len(posts),
        "classes": posts.counts(),
        "positive": classes.positive,
        "not_judged": int((posts.labels < 0).sum()),
        "labels": classes.written(read.labels),
        "events": _counted(posts.events),
        "broken_lines": sum(file["broken_lines"] for file in read.files),
        "dropped": dict(read.dropped),
        "assumed": read.assumed,
        "files": read.files,
    }


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(value or "unknown" for value in values).items()))
