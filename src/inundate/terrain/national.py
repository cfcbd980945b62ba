"""Names of the 10 km squares of the British National Grid."""

from __future__ import annotations

import re

from inundate.core.errors import DataError

__all__ = ["NATIONAL_GRID", "TILE_M", "named_square", "tile_name", "tile_origin"]

NATIONAL_GRID = "EPSG:27700"
TILE_M = 10_000.0
"""Side of a square, m."""

_AT_START = re.compile(r"^([A-HJ-Za-hj-z]{2}\d{2})(?![0-9A-Za-z])")
_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"  # no I


def named_square(stem: str) -> str | None:
    """Give the square that a file's name starts with, in capitals; None where it names none.

    Examples
    --------
    >>> named_square("ta02_OST50GRID_20130611"), named_square("ta0233_dtm_1m")
    ('TA02', None)
    """
    match = _AT_START.match(stem)
    return match.group(1).upper() if match else None


def tile_origin(name: str) -> tuple[float, float]:
    """Give the south-west corner of a 10 km tile of the British National Grid.

    Parameters
    ----------
    name : str
        Two letters and two digits, in any case.

    Returns
    -------
    left, bottom : float, m

    Raises
    ------
    DataError
        If it is not such a name.

    Examples
    --------
    >>> tile_origin("TA02")
    (500000.0, 420000.0)
    """
    if not re.fullmatch(r"[A-HJ-Za-hj-z]{2}\d{2}", name):
        raise DataError(
            f"found {name!r}, expected a National Grid tile such as 'TA02' (two letters, no I, "
            "and two digits)"
        )
    first, second = (_LETTERS.index(letter) for letter in name[:2].upper())
    # 500 km squares count from A in the north-west; the false origin lies in square S.
    east = (first % 5 - 2) * 5 + second % 5
    north = (3 - first // 5) * 5 + 4 - second // 5
    return (east * 10 + int(name[2])) * TILE_M, (north * 10 + int(name[3])) * TILE_M


def tile_name(x: float, y: float) -> str:
    """Name the 10 km tile of the British National Grid that holds a point.

    Raises
    ------
    DataError
        If the point lies off the lettered squares.

    Examples
    --------
    >>> tile_name(500000, 420000)
    'TA02'
    """
    east, north = int(x // TILE_M), int(y // TILE_M)
    column, row = east // 10 + 10, 19 - north // 10
    if not (0 <= column < 25 and 0 <= row < 25):
        raise DataError(f"point ({x:g}, {y:g}) lies off the lettered squares of the National Grid")
    first = (row // 5) * 5 + column // 5
    second = (row % 5) * 5 + column % 5
    return f"{_LETTERS[first]}{_LETTERS[second]}{east % 10}{north % 10}"
