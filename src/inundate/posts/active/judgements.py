"""The file of judgements: one JSON object a line, only ever added to.

Later stages read it as a table: the columns ``text``, ``label``, ``id``, ``event``, ``author`` and
``lang`` are those that :func:`~inundate.posts.labelled.table.open_labelled` finds by name.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from inundate.core.errors import DataError
from inundate.core.files import atomic_file
from inundate.posts.active.pool import PoolPost
from inundate.posts.lock import locked

__all__ = ["Agreed", "Judgement", "Judgements", "agree", "write_agreed"]

UNSURE = ""  # as a label: looked at, and not decided; readers take it as not judged


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said of a post."""

    id: str
    text: str
    label: str
    """Empty: looked at, and not decided."""
    by: str
    """Who judged."""
    event: str = ""
    author: str = ""
    lang: str = ""
    time: str = ""


class Judgements:
    """A file of judgements; of several by one person on one post the last counts.

    Parameters
    ----------
    path : Path
        Made at the first judgement.

    Raises
    ------
    DataError
        If the file holds something else.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._last: dict[tuple[str, str], Judgement] = {}
        for one in self._read():
            self._take(one)

    def _read(self) -> list[Judgement]:
        if not self.path.exists():
            return []
        found = []
        for number, line in enumerate(self._whole_lines(), 1):
            try:
                found.append(msgspec.json.decode(line, type=Judgement))
            except msgspec.MsgspecError as error:
                raise DataError(
                    f"reading judgements of {self.path}, line {number}: {error}; expected what "
                    "inundate posts label writes",
                    hint="give another -o",
                ) from error
        return found

    def _whole_lines(self) -> list[bytes]:
        """Give the lines; the beginning of one that a killed run was writing is not there."""
        whole, _, _ = self.path.read_bytes().rpartition(b"\n")
        return [line for line in whole.split(b"\n") if line]

    def _take(self, one: Judgement) -> None:
        self._last.pop((one.id, one.by), None)  # so that the order is that of the last ones
        self._last[one.id, one.by] = one

    def add(self, post: PoolPost, label: str, by: str) -> Judgement:
        """Append a judgement; it is on the disk when this returns.

        Parameters
        ----------
        post : PoolPost
        label : str
            Empty for not decided.
        by : str
            Who judged.
        """
        one = Judgement(
            id=post.id,
            text=post.text,
            label=label,
            by=by,
            event=post.event,
            author=post.author,
            lang=post.lang,
            time=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        self.path.absolute().parent.mkdir(parents=True, exist_ok=True)
        with locked(self.path.with_name(f".{self.path.name}.lock")), self.path.open("a+b") as file:
            _drop_half_line(file)
            file.write(msgspec.json.encode(one) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._take(one)
        return one

    def all(self) -> list[Judgement]:
        """Give the judgements that count, in order of time."""
        return list(self._last.values())

    def by_post(self) -> dict[str, dict[str, str]]:
        """Give for each post who said what; undecided ones are there as an empty label."""
        found: dict[str, dict[str, str]] = {}
        for one in self._last.values():
            found.setdefault(one.id, {})[one.by] = one.label
        return found

    def people(self) -> list[str]:
        """Give who has judged, in order of the alphabet."""
        return sorted({by for _, by in self._last})


def _drop_half_line(file: BinaryIO) -> None:
    """Cut off what a killed run was writing."""
    end = file.seek(0, os.SEEK_END)
    if end:
        file.seek(end - 1)
        if file.read(1) != b"\n":
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)


class Agreed(msgspec.Struct):
    """What became of the judgements."""

    posts: int = 0
    labels: Counter[str] = msgspec.field(default_factory=Counter)
    disputed: int = 0
    """Posts on which most could not be told, left out."""
    undecided: int = 0
    """Posts that nobody decided on, left out."""


def agree(judgements: Iterable[Judgement]) -> tuple[list[Judgement], Agreed]:
    """Give each post the label that most people gave it.

    Parameters
    ----------
    judgements : iterable of Judgement
        Those that count.

    Returns
    -------
    tuple of (list of Judgement, Agreed)
        One a post with ``by`` naming all who said so; posts with a tie are left out.
    """
    groups: dict[str, list[Judgement]] = {}
    for one in judgements:
        groups.setdefault(one.id, []).append(one)
    told, found = Agreed(), []
    for group in groups.values():
        votes = Counter(one.label for one in group if one.label != UNSURE)
        first = votes.most_common(2)
        if not first:
            told.undecided += 1
        elif len(first) > 1 and first[0][1] == first[1][1]:
            told.disputed += 1
        else:
            label = first[0][0]
            who = "+".join(sorted(one.by for one in group if one.label == label))
            found.append(msgspec.structs.replace(group[0], label=label, by=who))
            told.labels[label] += 1
    told.posts = len(found)
    return found, told


def write_agreed(judgements: Judgements, path: Path | str) -> Agreed:
    """Write one line a post, to train on: whole or not at all.

    Parameters
    ----------
    judgements : Judgements
    path : Path
    """
    found, told = agree(judgements.all())
    with atomic_file(path) as temporary:
        temporary.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in found))
    return told
