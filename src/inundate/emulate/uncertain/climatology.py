"""The trivial law of depth: what depths the training samples had at the same lead time.

It knows the regime of the ground and how long it has rained, nothing else. A spread that is not
better than this is worth nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.dataset.samples import Sample
from inundate.emulate.uncertain.law import LEVELS, Law, from_stretched, to_stretched

__all__ = ["LawClimatology"]

_STEP = 0.02  # of stretched depth; 1 mm where it is shallow
_MOST = 9.0  # 200 m
_BINS = round(_MOST / _STEP)
_FIRST_WET = round(float(np.arcsinh(1.0)) / _STEP)  # 0.05 m is 1 in units of the stretch


class LawClimatology:
    """Depths of the training samples, counted by regime and frame.

    Parameters
    ----------
    training : iterable of Sample
        Of the training part alone.

    Raises
    ------
    DataError
        If there is none.
    """

    def __init__(self, training: Iterable[Sample]) -> None:
        self._counts: dict[str, NDArray[np.int64]] = {}
        for sample in training:
            depth = sample.water_depth[:, sample.valid]  # (T, N)
            numbers = np.minimum((to_stretched(depth) / _STEP).astype(np.intp), _BINS - 1)
            counts = np.stack([np.bincount(row, minlength=_BINS) for row in numbers])
            known = self._counts.get(sample.row.regime)
            self._counts[sample.row.regime] = counts if known is None else _added(known, counts)
        if not self._counts:
            raise DataError("climatology of depth: no training sample to count")

    def law(self, regime: str, frames: int, *, wet: bool = False) -> Law:
        """Give the law of each frame, points (K, T), m; with ``wet`` of depths from 0.05 m alone.

        A regime that was not trained on takes all of them; frames beyond the longest training
        sample take its last.
        """
        counts = self._counts.get(regime)
        if counts is None:
            counts = np.zeros((1, _BINS), np.int64)
            for other in self._counts.values():
                counts = _added(counts, other)
        if wet:
            counts = np.where(np.arange(_BINS) < _FIRST_WET, 0, counts)
            counts[:, _FIRST_WET] += counts.sum(axis=1) == 0  # a frame without water: just wet
        rows = np.minimum(np.arange(frames), len(counts) - 1)
        share = counts.cumsum(axis=1) / counts.sum(axis=1, keepdims=True)
        # the first bin is dry; of others the middle is taken
        middle = np.concatenate([[0.0], (np.arange(1, _BINS) + 0.5) * _STEP])
        at = np.stack([np.searchsorted(share[row], LEVELS) for row in rows], axis=1)  # (K, T)
        return Law(from_stretched(middle[np.minimum(at, _BINS - 1)]), LEVELS)


def _added(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    """Add counts (T, bins) of which one may run longer."""
    short, long = sorted((a, b), key=len)
    found = long.copy()
    found[: len(short)] += short
    return found
