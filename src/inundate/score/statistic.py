"""What a statistic sees of one sample, and how its sums become a metric's value.

A :class:`Statistic` maps one predicted and one observed roll-out to *sums*; sums of samples
add; a :class:`Metric` turns added sums into a value. So a score over any number of samples is
one pass, and a bootstrap re-weights sums and never sees a depth again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inundate.score.sample import Observed, Predicted

__all__ = [
    "Best",
    "Metric",
    "Statistic",
    "Sums",
    "one_less",
    "ratio",
    "ratio_metric",
]

Best: TypeAlias = Literal["higher", "lower", "zero", "target"]
Sums: TypeAlias = Mapping[str, NDArray[np.float64]]


class Statistic(Protocol):
    """Maps one sample to sums that add over samples.

    A value is a number or a vector (a count a threshold, a histogram); its name starts with
    the statistic's own, so that two statistics never share a sum.
    """

    @property
    def name(self) -> str:
        """Prefix of the sums."""

    def sums(self, predicted: Predicted, observed: Observed) -> dict[str, ArrayLike]:
        """Give the sums of one sample."""


@dataclass(frozen=True)
class Metric:
    """A value made of added sums.

    Attributes
    ----------
    name : str
        Key in files, such as ``"csi_0.3"``.
    label : str
        Name in tables, such as ``"csi 0.30 m"``.
    unit : str
        Unit of the value.
    best : {"higher", "lower", "zero", "target"}
        Which way is good: towards 1, towards 0 from above, towards 0 from both sides, or
        towards ``target`` from both sides.
    value : callable
        Sums with any leading dimensions to values of these dimensions; NaN for 0/0.
    count : callable
        Sums to what the value rests on: its denominator in cells, or in metres of water.
    needs : tuple of str
        Names of the sums read.
    target : float
        Value of a perfect prediction.
    meaning : str
        One line for the reference page.
    """

    name: str
    label: str
    unit: str
    best: Best
    value: Callable[[Sums], NDArray[np.float64]]
    count: Callable[[Sums], NDArray[np.float64]]
    needs: tuple[str, ...]
    target: float
    meaning: str

    def difference(self, a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give ``a - b``, or of the distances from the target when both sides are bad."""
        if self.best in ("higher", "lower"):
            return np.asarray(a - b)
        return np.asarray(np.abs(a - self.target) - np.abs(b - self.target))

    def is_good(self, low: float, high: float) -> bool:
        """Whether a whole interval of differences lies on the good side of zero."""
        return low > 0 if self.best == "higher" else high < 0


def ratio_metric(
    name: str,
    label: str,
    unit: str,
    best: Best,
    above: Sequence[str],
    below: Sequence[str],
    *,
    meaning: str,
    then: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None,
    target: float | None = None,
) -> Metric:
    """Make a metric that is one sum divided by another, or a function of that.

    Parameters
    ----------
    name, label, unit, best, meaning
        As in :class:`Metric`.
    above, below : sequence of str
        Names of sums that are added above and below the line.
    then : callable, optional
        Applied to the ratio, such as a square root.
    target : float, optional
        Value of a perfect prediction; 1 where higher is better, else 0.
    """

    def value(sums: Sums) -> NDArray[np.float64]:
        share = ratio(_added(sums, above), _added(sums, below))
        return np.asarray(share if then is None else then(share))

    return Metric(
        name=name,
        label=label,
        unit=unit,
        best=best,
        value=value,
        count=lambda sums: _added(sums, below),
        needs=(*above, *below),
        target=float(best == "higher") if target is None else target,
        meaning=meaning,
    )


def _added(sums: Sums, names: Sequence[str]) -> NDArray[np.float64]:
    return np.asarray(np.add.reduce([sums[name] for name in names]))


def ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide sums; NaN where the denominator is 0: undefined is neither 0 nor 1.

    Examples
    --------
    >>> ratio(np.array([1.0, 0.0]), np.array([4.0, 0.0]))
    array([0.25,  nan])
    """
    top, bottom = np.broadcast_arrays(
        np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    )
    divided = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom != 0)
    return np.asarray(divided, dtype=np.float64)


def one_less(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give 1 less the ratio: the form of a skill score."""
    return 1 - share
