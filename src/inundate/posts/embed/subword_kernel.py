"""Kernels that list the pieces of words and fit their vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = ["count_pieces", "fit", "list_pieces"]


@njit(nogil=True, cache=True)
def count_pieces(text: Any, ends: Any, shortest: int, longest: int) -> Any:
    """Count the pieces of each marked word of a text, repeated ones too, (V,) int64."""
    found = np.zeros(ends.size, np.int64)
    at = 0
    for k in range(ends.size):
        characters = 0
        for j in range(at, ends[k]):
            characters += (text[j] & 0xC0) != 0x80  # a byte that begins a character
        for size in range(shortest, longest + 1):
            found[k] += max(0, characters - size + 1)
        at = ends[k]
    return found


@njit(nogil=True, cache=True)
def list_pieces(
    text: Any, ends: Any, starts: Any, numbers: Any, shortest: int, longest: int, buckets: int
) -> None:
    """Give the buckets of the pieces of each word, in the order of ``subword.pieces``.

    ``starts`` gets where each word begins in ``numbers``.
    """
    at, out = 0, 0
    for k in range(ends.size):
        starts[k] = out
        for size in range(shortest, longest + 1):
            for start in range(at, ends[k]):
                if (text[start] & 0xC0) == 0x80:
                    continue
                value, seen, j = np.uint32(0x811C9DC5), 0, start
                while j < ends[k]:
                    if (text[j] & 0xC0) != 0x80:
                        if seen == size:
                            break
                        seen += 1
                    value = np.uint32((value ^ np.uint32(text[j])) * np.uint32(0x01000193))
                    j += 1
                bucket = np.int32(value % np.uint32(buckets))
                new = seen == size
                for other in range(starts[k], out):
                    new = new and numbers[other] != bucket
                if new:
                    numbers[out] = bucket
                    out += 1
        at = ends[k]
    starts[ends.size] = out


@njit(nogil=True, cache=True, fastmath=True)
def fit(found: Any, target: Any, starts: Any, numbers: Any, order: Any, rate: Any) -> None:
    """Take each word once, and a share of its error away from all of its pieces."""
    width = target.shape[1]
    error = np.empty(width, np.float32)
    for k in order:
        first, last = starts[k], starts[k + 1]
        if last == first:
            continue
        error[:] = 0.0
        for j in range(first, last):
            row = numbers[j]
            for e in range(width):
                error[e] += found[row, e]
        share = np.float32(1.0) / np.float32(last - first)
        for e in range(width):
            error[e] = rate * (target[k, e] - share * error[e])
        for j in range(first, last):
            row = numbers[j]
            for e in range(width):
                found[row, e] += error[e]
