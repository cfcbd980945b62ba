"""The order of training batches in which posts of like length stand together."""

from __future__ import annotations

from typing import Any

import numpy as np

from inundate.core.seeds import make_rng
from inundate.learn.batches import sample_order

__all__ = ["bucketed_batches", "sorted_batches"]

Ints = np.ndarray[Any, np.dtype[np.int64]]

_POOL = 50  # batches among which posts of like length are put together


def sorted_batches(lengths: Ints, *, size: int) -> list[Ints]:
    """Give the rows of each batch, short posts first, the same every time."""
    order = np.argsort(lengths, kind="stable")
    return [order[start : start + size] for start in range(0, len(order), size)]


def bucketed_batches(lengths: Ints, *, size: int, seed: int, epoch: int) -> list[Ints]:
    """Give the rows of each batch of an epoch, in an order of its own.

    Parameters
    ----------
    lengths : array (N,) of int
        Tokens of each post.
    size : int
        Posts of a batch.
    seed, epoch : int
        Decide the order alone, so that a training can be resumed.

    Examples
    --------
    >>> found = bucketed_batches(np.array([3, 9, 3, 9]), size=2, seed=0, epoch=0)
    >>> sorted(sorted(batch.tolist()) for batch in found)
    [[0, 2], [1, 3]]
    """
    order = sample_order(len(lengths), seed=seed, epoch=epoch)
    pool = _POOL * size
    parts = [order[start : start + pool] for start in range(0, len(order), pool)]
    alike = np.concatenate([part[np.argsort(lengths[part], kind="stable")] for part in parts])
    batches = [alike[start : start + size] for start in range(0, len(alike), size)]
    turn = make_rng(seed, "batches", epoch).permutation(len(batches))
    return [batches[place] for place in turn]
