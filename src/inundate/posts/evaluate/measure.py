"""Scores of probabilities, each post with a weight: what a bootstrap draws are weights."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inundate.core.errors import ConfigError, DataError, nearest

__all__ = ["STATISTICS", "Measured", "checked", "f1_of", "per_class"]

STATISTICS = ("accuracy", "macro_f1", "auc", "ece", "ece_adaptive", "brier")
_BINS = 15  # of confidence, Guo et al. (2017)
_SUM_ERROR = 1e-3

Floats = NDArray[np.float64]


def checked(
    probabilities: ArrayLike, labels: ArrayLike, classes: int
) -> tuple[Floats, NDArray[np.int64]]:
    """Give probabilities (N, K) and labels (N,) that can be scored.

    Raises
    ------
    DataError
        If shapes do not fit, no post is there, a probability is not one, rows do not add up to
        1, or a label is no class.
    """
    found = np.asarray(probabilities, np.float64)
    truth = np.asarray(labels, np.int64)
    if found.ndim != 2 or found.shape != (len(truth), classes):
        raise DataError(
            f"scoring posts: probabilities of shape {found.shape}, expected ({len(truth)}, "
            f"{classes}): posts, classes"
        )
    if not len(truth):
        raise DataError("scoring posts: there are none with a label")
    if not (np.isfinite(found).all() and found.min() >= -1e-9 and found.max() <= 1 + 1e-6):
        raise DataError("scoring posts: a probability is not between 0 and 1")
    off = np.abs(found.sum(axis=1) - 1)
    if off.max() > _SUM_ERROR:
        raise DataError(
            f"scoring posts: the probabilities of post {int(off.argmax())} add up to "
            f"{found[off.argmax()].sum():.4g}, expected 1"
        )
    if truth.min() < 0 or truth.max() >= classes:
        raise DataError(
            f"scoring posts: labels from {truth.min()} to {truth.max()}, expected 0 to "
            f"{classes - 1}",
            hint="leave out posts that nobody judged: posts.judged()",
        )
    return np.clip(found, 0, 1), truth


class Measured:
    """Probabilities beside what is true, ready to be scored under any weights.

    Parameters
    ----------
    probabilities : array (N, K)
        Rows add up to 1. The class of a post is the first with the largest.
    labels : array (N,), int
    classes : int
        K.
    """

    def __init__(self, probabilities: ArrayLike, labels: ArrayLike, classes: int) -> None:
        self.probabilities, self.labels = checked(probabilities, labels, classes)
        self.classes = classes
        self.predicted: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        self.right = (self.predicted == self.labels).astype(np.float64)

    def __len__(self) -> int:
        return len(self.labels)

    def value(self, statistic: str, weights: Floats | None = None) -> float:
        """Give one score; NaN where it is undefined.

        Parameters
        ----------
        statistic : str
            One of :data:`STATISTICS`.
        weights : array (N,), optional
            How often each post counts.

        Raises
        ------
        ConfigError
            If there is no such score.
        """
        if statistic not in STATISTICS:
            close = nearest(statistic, STATISTICS)
            raise ConfigError(
                f"scoring posts: no score {statistic!r}; "
                + (f"did you mean {close!r}?" if close else f"one of {', '.join(STATISTICS)}")
            )
        each = np.ones(len(self)) if weights is None else weights
        return float(getattr(self, statistic)(each))

    def confusion(self, weights: Floats | None = None) -> Floats:
        """Give counts (K, K): rows are what is true, columns what is said."""
        found = np.bincount(self._cell, weights, self.classes**2)
        return np.asarray(found.reshape(self.classes, self.classes), np.float64)

    @cached_property
    def _cell(self) -> NDArray[np.int64]:
        return self.labels * self.classes + self.predicted

    def accuracy(self, weights: Floats) -> float:
        """Give the share of posts whose class is right."""
        return float(weights @ self.right / weights.sum())

    def macro_f1(self, weights: Floats) -> float:
        """Give the mean F1 of the classes that posts have or are said to have."""
        return float(np.nanmean(f1_of(self.confusion(weights))))

    def auc(self, weights: Floats) -> float:
        """Give the area under the ROC curve: of the second of two classes, or the mean of all.

        Each class is held against the rest; classes without posts, or with all, have none.
        """
        chosen = [1] if self.classes == 2 else range(self.classes)
        areas = [self._area(number, weights) for number in chosen]
        known = [area for area in areas if not np.isnan(area)]
        return float(np.mean(known)) if known else float("nan")

    def _area(self, number: int, weights: Floats) -> float:
        order, edges = self._ranked[number]
        is_it = self.labels[order] == number
        drawn = weights[order]
        positive = np.add.reduceat(np.where(is_it, drawn, 0.0), edges)
        negative = np.add.reduceat(np.where(is_it, 0.0, drawn), edges)
        pairs = positive.sum() * negative.sum()
        below = np.cumsum(negative) - negative / 2  # ties count half
        return float(positive @ below / pairs) if pairs else float("nan")

    @cached_property
    def _ranked(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """For each class the order of its probabilities, and where a new value starts."""
        ranked = []
        for column in self.probabilities.T:
            order = np.argsort(column, kind="stable")
            steps = np.flatnonzero(np.diff(column[order]) > 0) + 1
            ranked.append((order, np.concatenate([[0], steps])))
        return ranked

    @cached_property
    def confidence(self) -> Floats:
        """Probability (N,) of the class that is said."""
        return np.asarray(self.probabilities.max(axis=1), np.float64)

    def ece(self, weights: Floats) -> float:
        """Give the expected calibration error of the class that is said, in bins of equal width.

        Source
        ------
        Guo et al. (2017), arXiv:1706.04599, eq. 3.
        """
        return self._gap(np.minimum((self.confidence * _BINS).astype(np.int64), _BINS - 1), weights)

    def ece_adaptive(self, weights: Floats) -> float:
        """Give the expected calibration error in bins with the same number of posts.

        Source
        ------
        Nguyen and O'Connor (2015), arXiv:1508.05154.
        """
        return self._gap(self._equal_bins, weights)

    @cached_property
    def _equal_bins(self) -> NDArray[np.int64]:
        ends = np.quantile(self.confidence, np.linspace(0, 1, _BINS + 1)[1:-1])
        return np.searchsorted(ends, self.confidence, side="right")

    def _gap(self, bins: NDArray[np.int64], weights: Floats) -> float:
        gaps = np.bincount(bins, weights * (self.confidence - self.right))
        return float(np.abs(gaps).sum() / weights.sum())

    def brier(self, weights: Floats) -> float:
        """Give the mean squared error: of the second of two classes; of more, summed over all.

        Source
        ------
        Brier (1950), doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.
        """
        return float(weights @ self._squares / weights.sum())

    @cached_property
    def _squares(self) -> Floats:
        wrong = self.probabilities.copy()
        wrong[np.arange(len(self)), self.labels] -= 1
        total = (wrong**2).sum(axis=1)
        return np.asarray(total / 2 if self.classes == 2 else total, np.float64)

    def reliability(self) -> list[dict[str, float]]:
        """Give confidence, share that is right and number of posts of each bin that has any."""
        bins = np.minimum((self.confidence * _BINS).astype(np.int64), _BINS - 1)
        return [
            {
                "confidence": float(self.confidence[bins == number].mean()),
                "right": float(self.right[bins == number].mean()),
                "posts": int((bins == number).sum()),
            }
            for number in np.unique(bins).tolist()
        ]


def f1_of(confusion: Floats) -> Floats:
    """Give F1 (K,) of a confusion matrix; NaN for a class that nobody has or says."""
    hits = np.diagonal(confusion)
    either = confusion.sum(axis=0) + confusion.sum(axis=1)
    f1: Floats = np.divide(2 * hits, either, out=np.full(len(hits), np.nan), where=either > 0)
    return f1


def per_class(confusion: Floats, classes: Sequence[str]) -> dict[str, dict[str, float]]:
    """Give precision, recall, F1 and number of posts of each class; NaN where undefined."""
    hits, said, there = np.diagonal(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    f1 = f1_of(confusion)
    return {
        name: {
            "precision": float(hits[k] / said[k]) if said[k] else float("nan"),
            "recall": float(hits[k] / there[k]) if there[k] else float("nan"),
            "f1": float(f1[k]),
            "posts": int(there[k]),
        }
        for k, name in enumerate(classes)
    }
