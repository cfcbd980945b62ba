"""Fractions skill score: the flooded share of neighbourhoods, predicted and observed.

A flood that is one cell off is wrong twice for CSI; FSS compares the flooded share of windows
instead. Only windows that lie wholly on valid cells count, so all have the same size.

Source
------
Roberts and Lean (2008), doi:10.1175/2007MWR2123.1, pooled over frames and samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inundate.core.errors import ConfigError
from inundate.score.sample import Depth, Mask, Observed, Predicted
from inundate.score.statistic import Metric, one_less, ratio_metric

__all__ = ["FSS_THRESHOLDS_M", "FSS_WINDOWS", "Spatial", "spatial_metrics"]

FSS_THRESHOLDS_M = (0.05, 0.3)
FSS_WINDOWS = (5, 11)  # cells


@dataclass(frozen=True)
class Spatial:
    """Sums for the fractions skill score over all frames.

    Parameters
    ----------
    thresholds_m : sequence of float, m
        Depths from which a cell is flooded.
    windows : sequence of int
        Odd side lengths of the square windows, in cells.

    Raises
    ------
    ConfigError
        If a window is even or below 1.
    """

    thresholds_m: Sequence[float] = FSS_THRESHOLDS_M
    windows: Sequence[int] = FSS_WINDOWS
    name: str = "fss"

    def __post_init__(self) -> None:
        for window in self.windows:
            if window < 1 or window % 2 == 0:
                raise ConfigError(f"fractions skill score: window of {window} cells, expected odd")

    def sums(self, predicted: Predicted, observed: Observed) -> dict[str, ArrayLike]:
        """Give squared differences of fractions, and their worst case, of one sample."""
        sums: dict[str, ArrayLike] = {}
        for threshold in self.thresholds_m:
            said = _integral_from(predicted.depth, threshold)
            truth = observed.remember(
                f"fss.{threshold}",
                partial(_integral_from, observed.depth, threshold),
            )
            for window in self.windows:
                whole = observed.remember(f"fss.{window}", partial(_whole, observed, window))
                sums |= _compare(said, truth, whole, window, f"{threshold:g}.{window}")
        return sums


def spatial_metrics(
    thresholds_m: Sequence[float] = FSS_THRESHOLDS_M, windows: Sequence[int] = FSS_WINDOWS
) -> tuple[Metric, ...]:
    """Give the metrics of :class:`Spatial`, such as ``fss_0.3_5`` (0.3 m, 5 cells)."""
    return tuple(
        ratio_metric(
            f"fss_{threshold:g}_{window}",
            f"fss {threshold:.2f} m {window} cells",
            "1",
            "higher",
            [f"fss.{threshold:g}.{window}.squared"],
            [f"fss.{threshold:g}.{window}.worst"],
            then=one_less,
            meaning=f"fractions skill score in windows of {window} by {window} cells; all frames",
        )
        for threshold in thresholds_m
        for window in windows
    )


def integral(flooded: Mask) -> NDArray[np.int32]:
    """Give the summed-area table of each frame; (T, H, W) to (T, H + 1, W + 1)."""
    frames, height, width = flooded.shape
    table = np.zeros((frames, height + 1, width + 1), dtype=np.int32)
    np.cumsum(flooded, axis=2, dtype=np.int32, out=table[:, 1:, 1:])
    np.cumsum(table[:, 1:, 1:], axis=1, out=table[:, 1:, 1:])
    return table


def _integral_from(depth: Depth, threshold: float) -> NDArray[np.int32]:
    return integral(depth >= np.float32(threshold))


def window_counts(table: NDArray[np.int32], window: int) -> NDArray[np.int32]:
    """Count flooded cells in each window that lies wholly inside; empty when none does."""
    w = window
    if min(table.shape[1:]) <= w:
        return np.zeros((len(table), 0, 0), dtype=np.int32)
    return table[:, w:, w:] - table[:, :-w, w:] - table[:, w:, :-w] + table[:, :-w, :-w]


def _whole(observed: Observed, window: int) -> Mask | None:
    """Mark windows without an invalid cell; None when that is all of them."""
    if observed.valid.all():
        return None
    return np.asarray(window_counts(integral(observed.valid), window) == window * window)


def _compare(
    said: NDArray[np.int32], truth: NDArray[np.int32], whole: Mask | None, window: int, key: str
) -> dict[str, ArrayLike]:
    p, o = window_counts(said, window), window_counts(truth, window)
    if whole is not None:
        p, o = p[whole], o[whole]
    p, o = p.ravel().astype(np.float64), o.ravel().astype(np.float64)
    area = float(window) ** 4  # fractions squared, so that windows of all sizes are alike
    crossed = np.vdot(p, o)
    worst = np.vdot(p, p) + np.vdot(o, o)
    # whole numbers below 2**53: the sums are exact, so a perfect map has a difference of 0
    return {f"{key}.squared": (worst - 2 * crossed) / area, f"{key}.worst": worst / area}
