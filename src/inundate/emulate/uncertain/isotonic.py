"""Isotonic regression: the rising function that fits best, by pooling adjacent violators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inundate.core.errors import DataError

__all__ = ["Rising", "fit_rising"]

_KNOTS = 64  # more change nothing that can be seen


@dataclass(frozen=True, eq=False)
class Rising:
    """A function that never falls, straight between knots and constant beyond them.

    Attributes
    ----------
    at, value : array (N,)
        Knots; both rising.
    """

    at: NDArray[np.float64]
    value: NDArray[np.float64]

    def __call__(self, values: ArrayLike) -> NDArray[np.float32]:
        """Map values of any shape."""
        found = np.interp(np.asarray(values), self.at, self.value)
        return np.asarray(found, dtype=np.float32)

    def to_json(self) -> dict[str, list[float]]:
        """Give the knots as lists."""
        return {"at": self.at.tolist(), "value": self.value.tolist()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Rising:
        """Read what :meth:`to_json` gave."""
        return cls(np.asarray(stored["at"], float), np.asarray(stored["value"], float))


def fit_rising(given: ArrayLike, happened: ArrayLike, weight: ArrayLike) -> Rising:
    """Fit the rising function of ``given`` that is nearest to ``happened``.

    Parameters
    ----------
    given : array (N,)
        Such as a forecast probability.
    happened : array (N,)
        Such as 1 where it flooded, else 0.
    weight : array (N,)
        Above 0.

    Raises
    ------
    DataError
        If there is nothing to fit.

    Source
    ------
    Ayer et al. (1955), doi:10.1214/aoms/1177728423: pool adjacent violators.

    Examples
    --------
    >>> fit_rising([0.1, 0.2, 0.3], [0.0, 1.0, 0.5], [1, 1, 1]).value.tolist()
    [0.0, 0.75, 0.75]
    """
    x, y, w = (np.asarray(a, dtype=np.float64).ravel() for a in (given, happened, weight))
    if not x.size:
        raise DataError("isotonic regression: no value to fit, expected at least one")
    distinct, place = np.unique(x, return_inverse=True)
    weights = np.bincount(place, weights=w)
    means = np.bincount(place, weights=w * y) / weights
    blocks: list[list[float]] = []  # mean, weight, number of distinct values
    for mean, own in zip(means, weights, strict=True):
        blocks.append([float(mean), float(own), 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            last, before = blocks.pop(), blocks.pop()
            total = last[1] + before[1]
            pooled = (last[0] * last[1] + before[0] * before[1]) / total
            blocks.append([pooled, total, last[2] + before[2]])
    fitted = np.repeat([b[0] for b in blocks], [int(b[2]) for b in blocks])
    return _thinned(distinct, fitted)


def _thinned(at: NDArray[np.float64], value: NDArray[np.float64]) -> Rising:
    """Keep the ends of each step, and of those no more than are of use."""
    if len(at) > 2:
        step = np.diff(value) > 0
        ends = np.concatenate([[True], step]) | np.concatenate([step, [True]])
        at, value = at[ends], value[ends]
    if len(at) > _KNOTS:
        kept = np.unique(np.linspace(0, len(at) - 1, _KNOTS).round().astype(int))
        at, value = at[kept], value[kept]
    return Rising(at, value)
