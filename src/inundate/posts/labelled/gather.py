"""Gather the rows of tables: which column is what, and what each row says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from inundate.core.errors import DataError
from inundate.posts.labelled.classes import answers
from inundate.posts.labelled.columns import (
    Found,
    find_column,
    find_label,
    find_text,
    is_headless,
    named,
)
from inundate.posts.labelled.formats import (
    AUTHOR_COLUMNS,
    EVENT_COLUMNS,
    ID_COLUMNS,
    LANGUAGE_COLUMNS,
    Format,
    find_format,
)
from inundate.posts.labelled.rows import Rows, without_header
from inundate.posts.labelled.tasks import TASKS
from inundate.posts.labelled.weak import POLARITY

__all__ = ["EMOJI", "Read", "Wanted", "add_table", "clean_id"]

EMOJI = "emoji"
"""Task whose labels are made of the signs in the texts."""
_TOLD = 20  # line numbers of broken lines
_ROLES: dict[str, tuple[str, ...]] = {
    "id": ID_COLUMNS,
    "event": EVENT_COLUMNS,
    "author": AUTHOR_COLUMNS,
    "language": LANGUAGE_COLUMNS,
}


@dataclass(frozen=True)
class Wanted:
    """What the caller asks for; see :func:`~inundate.posts.labelled.table.open_labelled`."""

    task: str | None = None
    text: str | None = None
    label: str | None = None
    event: str | None = None
    positive: tuple[str, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: POLARITY)

    @property
    def is_weak(self) -> bool:
        """Whether labels are made of emoji."""
        return self.task == EMOJI


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
    _authors: dict[str, str] = field(default_factory=dict)

    def assume(self, sentence: str) -> None:
        """Note what was assumed, once."""
        if sentence not in self.assumed:
            self.assumed.append(sentence)

    def author(self, written: str) -> str:
        """Give an author's number: a table of anybody may hold handles."""
        name = written.strip()
        return self._authors.setdefault(name, f"author-{len(self._authors) + 1}") if name else ""


def add_table(
    read: Read, file: Path, table: Rows, wanted: Wanted, *, in_folder: bool = False
) -> None:
    """Add the rows of a table.

    Parameters
    ----------
    read : Read
        To which they are added.
    file : Path
    table : Rows
    wanted : Wanted
    in_folder : bool
        Whether other tables are beside it; then its name stands for an event.

    Raises
    ------
    DataError
        If it has no rows, or its columns cannot be told.
    """
    where = str(file)
    if table.format == "table" and not (wanted.text or wanted.label) and is_headless(table.header):
        read.assume("the first line is a row, not a header: columns are numbered")
        table = without_header(table)
    if not table.rows:
        raise DataError(
            f"opening {where}: no rows of a table"
            + (f"; {len(table.broken)} lines are broken" if table.broken else ""),
            hint="expected a header and at least one row, in CSV, TSV or JSON lines",
        )
    known = None if wanted.text or wanted.label else _known(read, table, wanted)
    columns = _columns(read, table, known, wanted, where)
    places = {role: table.header.index(name) for role, name in columns.items()}
    constant = "" if "event" in places else _event(file, known, wanted, in_folder)
    seen: set[str] = set()
    for number, row in zip(table.lines, table.rows, strict=True):
        text = row[places["text"]]
        if not text.strip():
            read.dropped["empty text"] += 1
            continue
        name = clean_id(row[places["id"]]) if "id" in places else f"{file.stem}:{number}"
        if known is not None and known.name == "crisismmd":  # one row an image
            if name in seen:
                read.dropped["same post again, with another image"] += 1
                continue
            seen.add(name)
        read.texts.append(text)
        read.labels.append(row[places["label"]] if "label" in places else "")
        read.ids.append(name)
        read.events.append(row[places["event"]].strip() if "event" in places else constant)
        read.authors.append(read.author(row[places["author"]]) if "author" in places else "")
        read.languages.append(row[places["language"]].strip() if "language" in places else "")
    read.format = known.name if known else table.format
    read.files.append(_report(file, table, columns))


def _known(read: Read, table: Rows, wanted: Wanted) -> Format | None:
    """Give the known table that this is, with the task that it is read for."""
    found = find_format(table.header)
    if found is None or wanted.is_weak:
        return found
    lowered = [name.lower() for name in table.header]
    tasks = [found.task, *found.labels] if wanted.task is None else [wanted.task]
    for task in tasks:
        if task in found.labels:
            place = lowered.index(found.labels[task])
            if wanted.positive or answers({row[place] for row in table.rows}, TASKS[task]):
                return replace(found, task=task)
    if len(set(found.labels.values())) > 1 and wanted.task is not None:
        raise DataError(
            f"reading a table of {found.name}: it has no labels for {wanted.task!r}",
            hint="tasks that it has: " + ", ".join(found.labels),
        )
    read.assume(f"columns are those of {found.name}, labels are not: read as any other table")
    return None


def _columns(
    read: Read, table: Rows, known: Format | None, wanted: Wanted, where: str
) -> dict[str, str]:
    """Give the column of each role."""
    if known is not None:
        columns = _known_columns(read, table, known, wanted)
    else:
        columns = _found_columns(read, table, wanted, where)
    used = set(columns.values())
    for role, names in _ROLES.items():
        found = find_column([name for name in table.header if name not in used], names)
        if role not in columns and found is not None:
            columns[role] = found
    if wanted.event is not None:
        columns.pop("event", None)
        if wanted.event in table.header:
            columns["event"] = wanted.event
    return columns


def _known_columns(read: Read, table: Rows, known: Format, wanted: Wanted) -> dict[str, str]:
    lowered = {name.lower(): name for name in table.header}
    read.task = EMOJI if wanted.is_weak else known.task
    roles = {"text": known.text, "id": known.id}
    if not wanted.is_weak:
        roles["label"] = known.labels[known.task]
    if known.event in lowered:
        roles["event"] = known.event
    if wanted.task is None:
        read.assume(f"a table of {known.name} is read for the task {known.task}")
    return {role: lowered[name] for role, name in roles.items()}


def _found_columns(read: Read, table: Rows, wanted: Wanted, where: str) -> dict[str, str]:
    read.task = wanted.task
    text = named(table, wanted.text, "text", where) if wanted.text else find_text(table, where)
    _tell(read, "text", text)
    if wanted.is_weak:
        return {"text": text.name}
    if wanted.label:
        label = named(table, wanted.label, "label", where)
    else:
        label = find_label(table, text.name, wanted.task, where)
    _tell(read, "label", label)
    return {"text": text.name, "label": label.name}


def _tell(read: Read, role: str, found: Found) -> None:
    if found.why:
        read.assume(f"column {found.name!r} holds the {role} ({found.why})")


def clean_id(cell: str) -> str:
    """Give an id as it is meant: CrisisLex puts them in apostrophes, against spreadsheets."""
    return cell.strip().strip("'\"")


_PARTS = ("_train", "_dev", "_test", "_all", "-train", "-dev", "-test")


def _event(file: Path, known: Format | None, wanted: Wanted, in_folder: bool) -> str:
    """Give the event of all rows, where no column tells it."""
    if wanted.event is not None:
        return wanted.event
    if known is None:
        return file.stem if in_folder else ""
    if known.name == "kaggle-disasters":
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
