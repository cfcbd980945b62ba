"""Kernels of GloVe: counts of words that stand together, and AdaGrad on their logarithms."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = ["add_pairs", "grow_table", "train_pairs"]

EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
_FULL = 0.6  # share of a table's places that may be taken


@njit(nogil=True, cache=True)
def _place(keys: Any, key: Any) -> Any:
    """Find a key's place, or the free one where it belongs; the size is a power of two."""
    mask = np.uint64(keys.size - 1)
    bits = key * np.uint64(0x9E3779B97F4A7C15)
    at = (bits ^ (bits >> np.uint64(29))) & mask
    while keys[np.int64(at)] != key and keys[np.int64(at)] != EMPTY:
        at = (at + np.uint64(1)) & mask
    return np.int64(at)


@njit(nogil=True, cache=True)
def grow_table(keys: Any, values: Any) -> Any:
    """Give a table of twice the size with the same content."""
    more = np.full(keys.size * 2, EMPTY, np.uint64)
    sums = np.zeros(keys.size * 2, np.float64)
    for k in range(keys.size):
        if keys[k] != EMPTY:
            at = _place(more, keys[k])
            more[at] = keys[k]
            sums[at] = values[k]
    return more, sums


@njit(nogil=True, cache=True)
def add_pairs(
    tokens: Any, ends: Any, first: int, window: int, keys: Any, values: Any, used: int
) -> Any:
    """Add 1 / distance for each pair of words within the window, until the table is full.

    Parameters
    ----------
    tokens : array, int32
    ends : array, int64
    first : int
        Text to begin with.
    window : int
    keys : array, uint64
        The smaller number of a pair, then the larger one, 32 bits each.
    values : array, float64
    used : int
        Places of the table that are taken.

    Returns
    -------
    next : int
        Text to go on with.
    used : int
    """
    for text in range(first, ends.size):
        start = ends[text - 1] if text > 0 else 0
        # so many new pairs may come; a text that could overfill waits for a larger table
        if used + (ends[text] - start) * window > keys.size * _FULL:
            return text, used
        for k in range(start, ends[text]):
            for j in range(max(start, k - window), k):
                low, high = min(tokens[j], tokens[k]), max(tokens[j], tokens[k])
                key = (np.uint64(low) << np.uint64(32)) | np.uint64(high)
                at = _place(keys, key)
                if keys[at] == EMPTY:
                    keys[at] = key
                    used += 1
                # a pair of one word stands for both directions
                values[at] += (2.0 if low == high else 1.0) / (k - j)
    return ends.size, used


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def train_pairs(
    rows: Any, columns: Any, counts: Any, order: Any, words: Any, contexts: Any, word_squares: Any,
    context_squares: Any, rate: float, limit: float, power: float,
) -> float:  # fmt: skip
    """Take some pairs once, both ways round; the last column of each array is the bias.

    Returns
    -------
    float
        Sum of the weighted squared errors.
    """
    width = words.shape[1] - 1
    loss = 0.0
    for pair in order:
        weight = (counts[pair] / limit) ** power if counts[pair] < limit else 1.0
        target = np.log(counts[pair])
        for turn in range(1 if rows[pair] == columns[pair] else 2):
            i = rows[pair] if turn == 0 else columns[pair]
            j = columns[pair] if turn == 0 else rows[pair]
            product = np.float32(0.0)
            for e in range(width):
                product += words[i, e] * contexts[j, e]
            error = product + words[i, width] + contexts[j, width] - np.float32(target)
            loss += weight * error * error
            step = np.float32(weight) * error
            for e in range(width):
                one, other = step * contexts[j, e], step * words[i, e]
                words[i, e] -= np.float32(rate) * one / np.sqrt(word_squares[i, e])
                contexts[j, e] -= np.float32(rate) * other / np.sqrt(context_squares[j, e])
                word_squares[i, e] += one * one
                context_squares[j, e] += other * other
            words[i, width] -= np.float32(rate) * step / np.sqrt(word_squares[i, width])
            contexts[j, width] -= np.float32(rate) * step / np.sqrt(context_squares[j, width])
            word_squares[i, width] += step * step
            context_squares[j, width] += step * step
    return loss
