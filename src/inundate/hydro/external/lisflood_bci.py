"""The boundary file of LISFLOOD-FP: what happens along parts of the edges, and at points."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from inundate.core.errors import nearest
from inundate.hydro.external.remarks import Remarks
from inundate.hydro.external.textfile import Line, read_lines
from inundate.hydro.series import Series

__all__ = ["KINDS", "SIDES", "EdgePart", "Point", "read_boundaries"]

Kind = Literal["CLOSED", "FREE", "HFIX", "HVAR", "QFIX", "QVAR"]
KINDS: tuple[Kind, ...] = ("CLOSED", "FREE", "HFIX", "HVAR", "QFIX", "QVAR")
SIDES = {"N": "north", "E": "east", "S": "south", "W": "west"}


@dataclass(frozen=True)
class EdgePart:
    """A part of one side.

    Attributes
    ----------
    side : str
        north, east, south or west.
    start, finish : float
        Along x for north and south, along y for east and west; start is the lower.
    kind : str
        As in the file.
    value : float or None
        Slope of FREE (None: that of the water), level of HFIX in m, inflow of QFIX in m2 s-1.
    series : Series or None
        Of HVAR (m) and QVAR (m2 s-1).
    place : str
        Line of the file, for messages.
    """

    side: str
    start: float
    finish: float
    kind: Kind
    value: float | None
    series: Series | None
    place: str


@dataclass(frozen=True)
class Point:
    """A point inside the grid; see :class:`EdgePart`. Inflow is per unit width of a cell."""

    x: float
    y: float
    kind: Kind
    value: float | None
    series: Series | None
    place: str


def read_boundaries(
    path: Path, series: dict[str, Series], remarks: Remarks
) -> tuple[list[EdgePart], list[Point]]:
    """Read a ``.bci`` file.

    Parameters
    ----------
    path : Path
    series : dict
        Those of the ``.bdy`` file by name.
    remarks : Remarks
        Receives series that no line names.

    Raises
    ------
    DataError
        If a line is no boundary, or names a series that there is not.
    """
    parts: list[EdgePart] = []
    points: list[Point] = []
    used: set[str] = set()
    for line in read_lines(path):
        if not line.text or line.text.startswith("#"):
            continue
        words = line.words
        if len(words) < 4:
            raise line.fault(
                f"{line.text[:40]!r}", "'SIDE START END KIND [VALUE]' or 'P X Y KIND VALUE'"
            )
        first, second = (line.number_of(word, "a coordinate") for word in words[1:3])
        kind = _kind(line, words[3])
        value, named = _value(line, kind, words[4:], series)
        used |= {named.name} if named else set()
        mark = words[0].upper()
        if mark in SIDES:
            low, high = sorted((first, second))
            parts.append(EdgePart(SIDES[mark], low, high, kind, value, named, line.place))
        elif mark in ("P", "F"):
            points.append(Point(first, second, kind, value, named, line.place))
        else:
            raise line.fault(f"{words[0][:20]!r}", "N, E, S, W for a side or P for a point")
    for name in series:
        if name not in used:
            remarks.add(path.name, f"series {name}", "ignored", "no boundary names it")
    return parts, points


def _kind(line: Line, word: str) -> Kind:
    for kind in KINDS:
        if word.upper() == kind:
            return kind
    close = nearest(word, KINDS)
    raise line.fault(
        f"the kind {word[:20]!r}", f"one of {', '.join(KINDS)}",
        hint=f"did you mean {close!r}?" if close else None,
    )  # fmt: skip


def _value(
    line: Line, kind: Kind, rest: list[str], series: dict[str, Series]
) -> tuple[float | None, Series | None]:
    if kind == "CLOSED":
        return None, None
    if kind == "FREE" and (not rest or rest[0].startswith("-1")):
        return None, None  # -1 asks for the water's own slope
    if not rest:
        raise line.fault(f"{kind} without a value", "one")
    if kind in ("HVAR", "QVAR"):
        if rest[0] not in series:
            close = nearest(rest[0], series)
            raise line.fault(
                f"the series {rest[0]!r}", f"one of the .bdy file: {', '.join(series) or 'none'}",
                hint=f"did you mean {close!r}?" if close else None,
            )  # fmt: skip
        return None, series[rest[0]]
    return line.number_of(rest[0], f"a number for {kind}"), None
