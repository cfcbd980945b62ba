"""Baselines that learn from training cases by averaging or by least squares, nothing more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.score.case import Case, Field
from inundate.score.fill_spill import fill_depth
from inundate.score.sample import Depth

__all__ = ["FILL_CLASSES_M", "Climatology", "PerPixelLine", "fit_line", "rain_so_far"]

FILL_CLASSES_M = (0.01, 0.1, 0.3, 1.0)  # upper bounds of fill depth but for the last class


class Climatology:
    """Mean depth of the training samples at the same lead time.

    It knows nothing of the ground that it has not seen, so it is one number a frame: the mean
    over all cells of all training samples of the same regime, or of all regimes where none of
    that regime was trained on or none ran as long. With ``by_fill_depth`` it is one number for
    each frame and class of fill depth (the depth that a cell has when all sinks are full), which
    is the little that a terrain tells without any flow.

    Parameters
    ----------
    by_fill_depth : bool
        Whether to tell cells apart by fill depth.
    """

    title: ClassVar[str] = "mean depth of the training samples at the same lead time"
    advantage: ClassVar[str] = ""

    def __init__(self, *, by_fill_depth: bool = False) -> None:
        self.by_fill_depth = by_fill_depth
        self.name = "climatology_fill" if by_fill_depth else "climatology"
        self._interval_s = 0.0
        # by regime: sums of depths and counts, (frames, classes)
        self._sums: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}

    @classmethod
    def fit(cls, training: Iterable[Case], *, by_fill_depth: bool = False) -> Climatology:
        """Learn from all cases of a training split."""
        made = cls(by_fill_depth=by_fill_depth)
        for case in training:
            made.learn(case)
        return made

    def learn(self, case: Case) -> None:
        """Add a training case to the means.

        Raises
        ------
        DataError
            If the case has no observed depth or another frame interval than those before.
        """
        self._check_interval(case)
        truth = np.asarray(case.truth, dtype=np.float64)
        known = ~np.isnan(truth)
        kind = self._classes(case)
        sums = np.stack(
            [
                (np.where(known, truth, 0) * (kind == k)).sum(axis=(1, 2))
                for k in range(self._kinds)
            ],
            axis=1,
        )  # (T, classes)
        counts = np.stack(
            [(known & (kind == k)).sum(axis=(1, 2)) for k in range(self._kinds)], axis=1
        )
        old = self._sums.get(case.regime)
        self._sums[case.regime] = (
            (sums, counts)
            if old is None
            else (_add_longer(old[0], sums), _add_longer(old[1], counts))
        )

    def predict(self, case: Case) -> Depth:
        """Give the mean depth of each frame everywhere (or by class of fill depth).

        Raises
        ------
        DataError
            If nothing was learnt, or the case runs longer than the training samples did.
        """
        if not self._sums:
            raise DataError(f"{self.name}: nothing to average, it has not learnt from any case")
        self._check_interval(case)
        frames = len(case.rain_rate)
        sums, counts = self._added([case.regime])
        if not _reaches(counts, frames):
            sums, counts = self._added(self._sums)
        if not _reaches(counts, frames):
            raise DataError(
                f"{self.name}: {frames} frames asked for, the training samples of all regimes "
                f"have {int(counts.any(axis=1).sum())}",
                hint="train on samples that run as long as those that are scored",
            )
        # a class of fill depth that training never saw takes the mean of all its cells
        whole = sums.sum(axis=1, keepdims=True) / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        means = np.where(counts > 0, sums / np.maximum(counts, 1), whole)[:frames]
        return means[:, self._classes(case)].astype(np.float32)

    def _added(self, regimes: Iterable[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the sums and counts of some regimes together, (frames, classes)."""
        sums, counts = np.zeros((1, self._kinds)), np.zeros((1, self._kinds))
        for regime in regimes:
            if regime in self._sums:
                sums = _add_longer(sums, self._sums[regime][0])
                counts = _add_longer(counts, self._sums[regime][1])
        return sums, counts

    @property
    def _kinds(self) -> int:
        return len(FILL_CLASSES_M) + 1 if self.by_fill_depth else 1

    def _classes(self, case: Case) -> NDArray[np.intp]:
        if not self.by_fill_depth:
            return np.zeros(case.elevation.shape, dtype=np.intp)
        filled = np.nan_to_num(fill_depth(case.elevation))
        return np.searchsorted(np.array(FILL_CLASSES_M), filled, side="right")

    def _check_interval(self, case: Case) -> None:
        self._interval_s = self._interval_s or case.interval_s
        if case.interval_s != self._interval_s:
            raise DataError(
                f"{self.name}: frames every {case.interval_s:g} s, expected every "
                f"{self._interval_s:g} s as in the first training case"
            )


class PerPixelLine:
    """A straight line for each cell and frame, in total and peak rain so far.

    The look-up that published scores on *seen* terrain have to be read against. It knows a
    cell by its place, so it has nothing to say about ground that it was not fitted on, and
    refuses it. Rain is the map's mean: its total up to the frame and its greatest rate up to
    the frame, so that the future is not seen.
    """

    name: ClassVar[str] = "per_pixel_line"
    title: ClassVar[str] = "a straight line for each cell in total and peak rain (seen terrain)"
    advantage: ClassVar[str] = "fitted to this very ground"
    storms_min: ClassVar[int] = 4  # three coefficients, and one storm to spare

    def __init__(self) -> None:
        self._cases: dict[str, list[tuple[NDArray[np.float64], Depth]]] = {}

    @classmethod
    def fit(cls, training: Iterable[Case]) -> PerPixelLine:
        """Learn from all cases of a training split."""
        made = cls()
        for case in training:
            made.learn(case)
        return made

    def learn(self, case: Case) -> None:
        """Keep a training storm of a place.

        Raises
        ------
        DataError
            If the case has no observed depth, or one that differs in shape from those before.
        """
        kept = self._cases.setdefault(case.place, [])
        if kept and kept[0][1].shape != case.truth.shape:
            raise DataError(
                f"{self.name}: {case.place!r} has depths of shape {case.truth.shape}, expected "
                f"{kept[0][1].shape} as in its first storm"
            )
        rain = rain_so_far(case.rain_rate, case.interval_s)
        kept.append((rain, np.asarray(case.truth, dtype=np.float32)))

    def predict(self, case: Case) -> Depth:
        """Give each cell's line at this storm's rain, 0 where it would be negative.

        Raises
        ------
        DataError
            If the place was not among the training cases, or with too few storms.
        """
        kept = self._cases.get(case.place, [])
        if len(kept) < self.storms_min:
            raise DataError(
                f"{self.name}: {case.place!r} was trained on with {len(kept)} storms, expected at "
                f"least {self.storms_min}: it cannot predict unseen terrain",
                hint="leave it out, or score it on a split by storm alone",
            )
        if kept[0][1].shape != case.rain_rate.shape:
            raise DataError(
                f"{self.name}: {case.place!r} was fitted with shape {kept[0][1].shape}, the case "
                f"has {case.rain_rate.shape}"
            )
        now = rain_so_far(case.rain_rate, case.interval_s)
        frames = []
        for t, features in enumerate(now):
            design = np.stack([rain[t] for rain, _ in kept])  # (storms, 3)
            depths = np.stack([depth[t].ravel() for _, depth in kept])  # (storms, H * W)
            frames.append(np.maximum(features @ fit_line(design, depths), 0.0))
        return np.stack(frames).reshape(case.rain_rate.shape).astype(np.float32)


def rain_so_far(rain_rate: Field, interval_s: float) -> NDArray[np.float64]:
    """Give what a line is drawn in: 1, total and peak of the map's mean rain up to each frame.

    Parameters
    ----------
    rain_rate : array (T, H, W), mm h-1
    interval_s : float

    Returns
    -------
    array (T, 3)
        1, mm, mm h-1.
    """
    mean = np.nanmean(np.asarray(rain_rate, dtype=np.float64), axis=(1, 2))
    total = mean.cumsum() * interval_s / 3600
    return np.stack([np.ones_like(mean), total, np.maximum.accumulate(mean)], axis=1)


def fit_line(design: NDArray[np.float64], depths: NDArray[np.floating]) -> NDArray[np.float64]:
    """Fit a line to each cell by least squares; the shortest solution where storms are alike.

    Parameters
    ----------
    design : array (S, 3)
        Rows of :func:`rain_so_far`, one a storm.
    depths : array (S, N), m

    Returns
    -------
    array (3, N)
        Coefficients of each cell.
    """
    found: NDArray[np.float64] = np.linalg.pinv(design, rcond=1e-6) @ depths
    return found


def _reaches(counts: NDArray[np.float64], frames: int) -> bool:
    """Say whether each of so many frames was seen in some cell."""
    return frames <= len(counts) and bool(counts[:frames].any(axis=1).all())


def _add_longer(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add (T, K) arrays of which one may run longer."""
    short, long = sorted((a, b), key=len)
    added = long.astype(np.float64)
    added[: len(short)] += short
    return added
