"""Lines of a vector file into words and numbers, exactly as ``float`` would read them."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from numba import njit

__all__ = ["BrokenLineError", "count_numbers", "parse_line", "parse_lines"]

_NUMBER = re.compile(rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DECIMAL = re.compile(rb"[+-]?[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?")
_BLANKS = b" \t\r"
_DONE, _LOOK = 0, 1  # a line is read, or left to parse_line
_SHOWN = 24  # characters of a bad number in a message

# A decimal number m 10^k with m <= 2^53 and |k| <= 22 is one exactly rounded operation on two
# exact doubles: Clinger (1990), doi:10.1145/93542.93557
_POWERS = np.array([float(10**k) for k in range(23)])
_EXACT = np.uint64(2**53)
_DIGITS = 18  # so many fit into 64 bits, whatever they are


class BrokenLineError(ValueError):
    """A line is not a word with its numbers; the text says why."""


def parse_line(line: bytes, width: int) -> tuple[bytes, list[float]]:
    r"""Split a line from the right: the last ``width`` numbers, and the word before them.

    Parameters
    ----------
    line : bytes
        Without its line feed.
    width : int
        Numbers a word.

    Returns
    -------
    word : bytes
        May hold blanks.
    numbers : list of float

    Raises
    ------
    BrokenLineError
        If that is not what the line holds.

    Examples
    --------
    >>> parse_line(b". . 0.5 -1e-2", 2)
    (b'. .', [0.5, -0.01])
    """
    rest = line.rstrip(_BLANKS)
    numbers: list[float] = []
    for found in range(width):
        cut = max(rest.rfind(b" "), rest.rfind(b"\t"))
        if cut < 0:
            raise BrokenLineError(f"{found} numbers, expected {width}")
        numbers.append(_number(rest[cut + 1 :]))
        rest = rest[:cut] if found == width - 1 else rest[:cut].rstrip(b" \t")
    if not rest:
        raise BrokenLineError("no word before the numbers")
    if _DECIMAL.fullmatch(rest[max(rest.rfind(b" "), rest.rfind(b"\t")) + 1 :]) and (
        b" " in rest or b"\t" in rest
    ):
        raise BrokenLineError(f"more than {width} numbers")
    return rest, numbers[::-1]


def _number(token: bytes) -> float:
    if not _NUMBER.fullmatch(token):
        shown = token[:_SHOWN].decode("utf-8", "replace")
        finite = token.lower().lstrip(b"+-") not in (b"nan", b"inf", b"infinity")
        raise BrokenLineError(
            f"{shown!r} is not a number" if finite else f"{shown!r} is not finite"
        )
    value = float(token)
    with np.errstate(over="ignore"):
        if not math.isfinite(np.float32(value)):
            raise BrokenLineError(f"{token[:_SHOWN].decode()!r} is not finite in 32 bits")
    return value


def count_numbers(line: bytes) -> int:
    """Count the numbers at the end of a line, of which the first piece can be none."""
    pieces = line.split()
    found = 0
    for piece in reversed(pieces[1:]):
        if not _NUMBER.fullmatch(piece):
            break
        found += 1
    return found


def parse_lines(
    data: bytes, width: int
) -> tuple[list[bytes], np.ndarray[Any, Any], np.ndarray[Any, Any], list[bytes]]:
    """Read lines, each a word and its numbers.

    Parameters
    ----------
    data : bytes
        Whole lines, with the last line feed.
    width : int

    Returns
    -------
    words : list of bytes
        N; of lines that were not read, what stands up to their first blank.
    vectors : array (N, E), float32
    left : array, int64
        Lines that the quick way leaves to :func:`parse_line`: words with blanks, numbers of many
        digits, broken ones.
    lines : list of bytes
        Those lines, in the order of ``left``.
    """
    view = np.frombuffer(data, dtype=np.uint8)
    count = int(np.count_nonzero(view == ord("\n")))
    vectors = np.empty((count, width), np.float32)
    starts, cuts, ends = (np.empty(count, np.int64) for _ in range(3))
    states = np.empty(count, np.uint8)
    _scan(view, _POWERS, vectors, starts, cuts, ends, states)
    words = [data[a:b] for a, b in zip(starts.tolist(), cuts.tolist(), strict=True)]
    left = np.flatnonzero(states != _DONE)
    return words, vectors, left, [data[starts[k] : ends[k]] for k in left]


@njit(nogil=True, error_model="numpy", cache=True)
def _scan(
    data: Any, powers: Any, vectors: Any, starts: Any, cuts: Any, ends: Any, states: Any
) -> None:
    """Read each line with one blank between its pieces; the others are left."""
    size, width = data.size, vectors.shape[1]
    at = 0
    for line in range(vectors.shape[0]):
        starts[line] = at
        while data[at] != 32 and data[at] != 9 and data[at] != 10:
            at += 1
        cuts[line] = at
        good = at > starts[line]
        for column in range(width):
            if not good or (data[at] != 32 and data[at] != 9):
                good = False
                break
            value, at, good = _read(data, at + 1, powers)
            vectors[line, column] = value
        while data[at] == 32 or data[at] == 9 or data[at] == 13:
            at += 1
        states[line] = _DONE if good and data[at] == 10 else _LOOK
        while at < size and data[at] != 10:
            at += 1
        ends[line] = at
        at += 1


@njit(nogil=True, error_model="numpy", cache=True)
def _read(data: Any, at: int, powers: Any) -> tuple[float, int, bool]:
    """Read one number; the last value tells whether it is one, and exact, and finite."""
    negative = data[at] == 45
    if negative or data[at] == 43:
        at += 1
    digits, shift = np.uint64(0), 0
    first = at
    while data[at] >= 48 and data[at] <= 57:
        digits = digits * np.uint64(10) + np.uint64(data[at] - 48)
        at += 1
    seen = at - first
    if data[at] == 46:
        at += 1
        first = at
        while data[at] >= 48 and data[at] <= 57:
            digits = digits * np.uint64(10) + np.uint64(data[at] - 48)
            at += 1
        shift = first - at
        seen += at - first
    if seen == 0 or seen > _DIGITS:
        return 0.0, at, False
    if data[at] == 101 or data[at] == 69:
        at += 1
        minus = data[at] == 45
        if minus or data[at] == 43:
            at += 1
        first, power = at, 0
        while data[at] >= 48 and data[at] <= 57:
            power = min(power * 10 + (data[at] - 48), 9999)
            at += 1
        if at == first:
            return 0.0, at, False
        shift += -power if minus else power
    if digits > _EXACT or shift > 22 or shift < -22:
        return 0.0, at, False
    value = float(digits)
    value = value / powers[-shift] if shift < 0 else value * powers[shift]
    return (-value if negative else value), at, abs(value) < 3e38
