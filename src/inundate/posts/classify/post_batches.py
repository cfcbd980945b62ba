"""Batches of posts of like length, made when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from inundate.learn.batches import Batch
from inundate.posts.embed.bucketed import bucketed_batches, sorted_batches

__all__ = ["PostBatches"]

Ints = np.ndarray[Any, np.dtype[np.int64]]


class PostBatches:
    """Batches of posts for the training loop.

    Parameters
    ----------
    lengths : sequence of int
        Tokens of each post.
    labels : array (N,), int64
        Their classes.
    collate : callable
        Gives the inputs of some rows, tensors (B, …) by name.
    batch_size : int
        Posts of a batch.
    seed : int
        Seed of the order.
    shuffle : bool
        Whether each epoch has an order of its own.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        labels: Ints,
        collate: Callable[[Ints], dict[str, Tensor]],
        *,
        batch_size: int,
        seed: int = 0,
        shuffle: bool = True,
    ) -> None:
        self._lengths, self._labels = np.asarray(lengths, np.int64), labels
        self._collate, self._size = collate, batch_size
        self._seed, self._shuffle = seed, shuffle
        self._drawn: tuple[int, list[Ints]] | None = None

    def __len__(self) -> int:
        return -(-len(self._labels) // self._size)

    def batch(self, epoch: int, index: int) -> Batch:
        """Give batch ``index`` of an epoch: ``target`` (B,), ``inputs``, ``sample_id`` (B,)."""
        if self._drawn is None or self._drawn[0] != epoch:
            self._drawn = (epoch, self._order(epoch))
        rows = self._drawn[1][index]
        return {
            "target": torch.from_numpy(self._labels[rows]),
            "inputs": self._collate(rows),
            "sample_id": torch.from_numpy(rows),
        }

    def _order(self, epoch: int) -> list[Ints]:
        if not self._shuffle:
            return sorted_batches(self._lengths, size=self._size)
        return bucketed_batches(self._lengths, size=self._size, seed=self._seed, epoch=epoch)
