"""Kernels of word2vec: skip-gram and CBOW with negative sampling, 32-bit, one thread."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = ["CBOW", "SKIP_GRAM", "alias_table", "sigmoid_table", "train_texts"]

SKIP_GRAM, CBOW = 0, 1
REACH = 6.0
"""Beyond this the sigmoid counts as 0 or 1."""
_STEPS = 2048  # of the table, over (-REACH, REACH)
_SCALE = np.float32(_STEPS / (2 * REACH))
_REACH = np.float32(REACH)
_LONGEST = 10_000  # words of a text that are taken together; longer ones are cut


def sigmoid_table() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Give the sigmoid and minus its logarithm over the middles of steps, float32."""
    middles = -REACH + (np.arange(_STEPS) + 0.5) * 2 * REACH / _STEPS
    sigmoid = 1 / (1 + np.exp(-middles))
    return sigmoid.astype(np.float32), -np.log(sigmoid).astype(np.float32)


def alias_table(weights: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Prepare drawing numbers by their weights, each draw in one step.

    Parameters
    ----------
    weights : array (V,)

    Returns
    -------
    thresholds : array (V,), uint32
        Below it the drawn place itself counts.
    others : array (V,), int32
        Otherwise this one.

    Source
    ------
    Walker (1977), doi:10.1145/355744.355749, as by Vose (1991), doi:10.1109/32.92917.
    """
    share = np.asarray(weights, np.float64) * (len(weights) / np.sum(weights))
    thresholds = np.full(len(share), 2**32 - 1, np.uint32)
    others = np.arange(len(share), dtype=np.int32)
    _fill_alias(share, thresholds, others)
    return thresholds, others


@njit(nogil=True, cache=True)
def _fill_alias(share: Any, thresholds: Any, others: Any) -> None:
    small = np.empty(share.size, np.int64)
    large = np.empty(share.size, np.int64)
    smalls, larges = 0, 0
    for k in range(share.size):
        if share[k] < 1.0:
            small[smalls] = k
            smalls += 1
        else:
            large[larges] = k
            larges += 1
    while smalls > 0 and larges > 0:
        smalls -= 1
        low, high = small[smalls], large[larges - 1]
        thresholds[low] = np.uint32(share[low] * 4294967295.0)
        others[low] = high
        share[high] -= 1.0 - share[low]
        if share[high] < 1.0:
            larges -= 1
            small[smalls] = high
            smalls += 1


@njit(nogil=True, error_model="numpy", fastmath=True, cache=True)
def _draw(state: Any) -> Any:
    """Give 64 random bits by SplitMix64: Steele et al. (2014), doi:10.1145/2660193.2660195."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    bits = state[0]
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@njit(nogil=True, error_model="numpy", fastmath=True, cache=True)
def _push(
    row: Any, change: Any, word: int, outputs: Any, thresholds: Any, others: Any,
    sigmoid: Any, log_sigmoid: Any, negative: int, rate: Any, state: Any,
) -> Any:  # fmt: skip
    """Move the output of a word towards a row, and of drawn words away; give the loss.

    ``change`` gets what the row itself should move by.
    """
    width = row.size
    words = np.uint64(outputs.shape[0])
    loss = np.float32(0.0)
    for e in range(width):
        change[e] = np.float32(0.0)
    for k in range(negative + 1):
        target: Any = word
        if k > 0:
            bits = _draw(state)
            place = ((bits >> np.uint64(32)) * words) >> np.uint64(32)
            target = np.int64(place)
            if np.uint32(bits & np.uint64(0xFFFFFFFF)) > thresholds[target]:
                target = np.int64(others[target])
            if target == word:
                continue
        product = np.float32(0.0)
        for e in range(width):
            product += row[e] * outputs[target, e]
        signed = product if k == 0 else -product
        if signed >= _REACH:
            continue  # it is told well already
        if signed <= -_REACH:
            wrong = np.float32(1.0)
            loss += -signed
        else:
            # a training that diverges may have come to what is no number: any step will do
            step = min(max(np.int64((signed + _REACH) * _SCALE), 0), _STEPS - 1)
            wrong = np.float32(1.0) - sigmoid[step]
            loss += log_sigmoid[step]
        gain = wrong * rate if k == 0 else -wrong * rate
        for e in range(width):
            change[e] += gain * outputs[target, e]
            outputs[target, e] += gain * row[e]
    return loss


@njit(nogil=True, error_model="numpy", fastmath=True, cache=True)
def _mean(inputs: Any, kept: Any, first: int, middle: int, last: int, found: Any) -> None:
    """Average the rows of the words around one, two by two: half the writing."""
    width = found.size
    share = np.float32(1.0) / np.float32(last - first - 1)
    for e in range(width):
        found[e] = np.float32(0.0)
    waiting: Any = -1
    for j in range(first, last):
        if j == middle:
            continue
        if waiting < 0:
            waiting = np.int64(kept[j])
            continue
        other = kept[j]
        for e in range(width):
            found[e] += share * (inputs[waiting, e] + inputs[other, e])
        waiting = -1
    if waiting >= 0:
        for e in range(width):
            found[e] += share * inputs[waiting, e]


@njit(nogil=True, error_model="numpy", fastmath=True, cache=True)
def train_texts(
    method: int, tokens: Any, ends: Any, inputs: Any, outputs: Any, keep: Any,
    thresholds: Any, others: Any, sigmoid: Any, log_sigmoid: Any, window: int, negative: int,
    rate_from: float, rate_to: float, done: int, total: int, state: Any,
) -> Any:  # fmt: skip
    """Train on some texts, in place.

    Parameters
    ----------
    method : int
        SKIP_GRAM or CBOW.
    tokens : array, int32
    ends : array, int64
        Where each text ends.
    inputs, outputs : array (V, E), float32
    keep : array (V,), uint32
        Share of a word's occurrences that are taken, of 2^32.
    thresholds, others : array (V,)
        Of :func:`alias_table`.
    sigmoid, log_sigmoid : array
        Of :func:`sigmoid_table`.
    window, negative : int
    rate_from, rate_to : float
        Learning rate at the first and the last word of all epochs.
    done, total : int
        Words before these texts, and of all epochs.
    state : array (1,), uint64
        Of the random numbers.

    Returns
    -------
    loss : float
        Sum over the pairs of a word and its surroundings.
    pairs : int
    """
    width = inputs.shape[1]
    kept = np.empty(_LONGEST, np.int32)
    change = np.empty(width, np.float32)
    middle = np.empty(width, np.float32)
    loss, pairs, begin = 0.0, 0, 0
    for text in range(ends.size):
        while begin < ends[text]:
            stop = min(ends[text], begin + _LONGEST)
            rate = np.float32(rate_from + (rate_to - rate_from) * ((done + begin) / total))
            length = 0
            for k in range(begin, stop):
                word = tokens[k]
                if keep[word] == np.uint32(0xFFFFFFFF) or keep[word] > np.uint32(
                    _draw(state) >> np.uint64(32)
                ):
                    kept[length] = word
                    length += 1
            begin = stop
            for k in range(length):
                drawn = (_draw(state) >> np.uint64(32)) * np.uint64(window)
                reach = 1 + np.int64(drawn >> np.uint64(32))
                first: Any = max(0, k - reach)
                last: Any = min(length, k + reach + 1)
                if method == SKIP_GRAM:
                    for j in range(first, last):
                        if j == k:
                            continue
                        row = inputs[kept[j]]
                        loss += _push(
                            row, change, kept[k], outputs, thresholds, others,
                            sigmoid, log_sigmoid, negative, rate, state,
                        )  # fmt: skip
                        pairs += 1
                        for e in range(width):
                            row[e] += change[e]
                    continue
                around = last - first - 1
                if around == 0:
                    continue
                _mean(inputs, kept, first, k, last, middle)
                loss += _push(
                    middle, change, kept[k], outputs, thresholds, others,
                    sigmoid, log_sigmoid, negative, rate, state,
                )  # fmt: skip
                pairs += 1
                for j in range(first, last):
                    if j != k:  # each gets the whole change, as in word2vec
                        for e in range(width):
                            inputs[kept[j], e] += change[e]
    return loss, pairs
