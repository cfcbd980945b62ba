"""Errors of the peak: its depth and time where it was deep, and the volume of water.

A median does not add, a histogram does: errors are counted in bins and a quantile is given as
the *upper* edge of its bin. So it is rounded up, never down, and an error of 0 stays 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inundate.score.sample import WET_M, Depth, Observed, Predicted
from inundate.score.statistic import Metric, Sums, ratio_metric

__all__ = ["ERROR_EDGES", "MINUTE_EDGES", "PeakErrors", "peak_metrics", "quantile_of"]

DEEP_M = 0.3  # knee-deep for a child; peak depth and time are compared there
SAME_PEAK_M = 1e-3  # standing water creeps; the peak is there once within 1 mm of it

# 0.1 wide up to 10 %, 1 up to 100 %, 10 up to 1000 %
ERROR_EDGES = np.concatenate(
    [np.arange(0, 100) / 10, np.arange(10, 100), np.arange(100, 1001, 10)]
).astype(np.float64)
# 1 min wide up to an hour, 5 up to three hours, 15 up to twelve
MINUTE_EDGES = np.concatenate(
    [np.arange(0, 60), np.arange(60, 180, 5), np.arange(180, 721, 15)]
).astype(np.float64)


@dataclass(frozen=True)
class PeakErrors:
    """Errors of volume, and of depth and time of the peak where it was deep.

    Parameters
    ----------
    deep_m : float, m
        Only cells with an observed peak of more than this are compared.
    wet_m : float, m
        The time is compared where the predicted peak is deeper than this as well: water
        that never comes has no time. Such misses are counted by the hit rate.
    """

    deep_m: float = DEEP_M
    wet_m: float = WET_M
    name: str = "peak"

    def sums(self, predicted: Predicted, observed: Observed) -> dict[str, ArrayLike]:
        """Give histograms of the errors, and volumes, of one sample."""
        volume, truth = (
            side.depth.sum(axis=(1, 2), dtype=np.float64) for side in (predicted, observed)
        )  # (T,) metres times cells
        deep = observed.peak > self.deep_m
        p, o = predicted.peak[deep].astype(np.float64), observed.peak[deep].astype(np.float64)
        minutes = self._minutes_late(predicted, observed)
        return {
            "deep_count": o.size,
            "deep_observed": o.sum(),
            "deep_error": (p - o).sum(),
            "deep_histogram": histogram(100 * np.abs(p - o) / o, ERROR_EDGES),
            "time_count": minutes.size,
            "time_error": minutes.sum(),
            "time_histogram": histogram(np.abs(minutes), MINUTE_EDGES),
            "volume_observed": truth.sum(),
            "volume_error": (volume - truth).sum(),
            "volume_absolute": np.abs(volume - truth).sum(),
        }

    def _minutes_late(self, predicted: Predicted, observed: Observed) -> NDArray[np.float64]:
        timed = (observed.peak > self.deep_m) & (predicted.peak > self.wet_m)
        late = peak_frame(predicted.depth[:, timed]) - peak_frame(observed.depth[:, timed])
        return late.astype(np.float64) * (observed.interval_s / 60)


def peak_frame(depth: Depth) -> NDArray[np.intp]:
    """Give the first frame within 1 mm of each cell's greatest depth; (T, N) to (N,)."""
    at_peak = depth >= depth.max(axis=0, initial=0) - np.float32(SAME_PEAK_M)
    return np.asarray(np.argmax(at_peak, axis=0))


def histogram(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.intp]:
    """Count values up to each upper edge; the last bin holds all above the last edge."""
    # single-precision depths put dust on an error of exactly 10 %; it must not lift it a bin
    bins = np.searchsorted(edges, np.round(values, 4), side="left")
    return np.bincount(bins, minlength=edges.size + 1)


def quantile_of(
    counts: NDArray[np.float64], edges: NDArray[np.float64], level: float
) -> NDArray[np.float64]:
    """Give a quantile of binned values: the upper edge of its bin, NaN without any.

    Parameters
    ----------
    counts : array (..., K + 1)
        Histograms; the last bin counts what lies above the last edge.
    edges : array (K,)
        Upper edges.
    level : float
        0.5 for the (lower) median.

    Returns
    -------
    array (...)
        The last edge where the quantile lies above it: read it as "or more".

    Examples
    --------
    >>> float(quantile_of(np.array([0.0, 2.0, 1.0, 0.0]), np.array([0.0, 5.0, 10.0]), 0.5))
    5.0
    """
    summed = counts.cumsum(axis=-1)
    whole = summed[..., -1:]
    # a weighted count can miss level * whole by rounding; 1e-9 is far below one cell
    at = np.argmax(summed >= level * whole * (1 - 1e-9), axis=-1)
    tops = np.append(edges, edges[-1])
    return np.asarray(np.where(whole[..., 0] > 0, tops[at], np.nan), dtype=np.float64)


def peak_metrics() -> tuple[Metric, ...]:
    """Give the metrics of :class:`PeakErrors`."""
    on = f"on cells observed deeper than {DEEP_M:g} m"
    timed = f"{on} and predicted wet"
    return (
        _quantile_metric("peak_depth_error", "%", "deep", ERROR_EDGES, 0.5, f"median {on}"),
        _quantile_metric("peak_depth_p95", "%", "deep", ERROR_EDGES, 0.95, f"95th centile {on}"),
        ratio_metric(
            "peak_depth_bias", "peak depth bias", "%", "zero",
            ["peak.deep_error"], ["peak.deep_observed"],
            then=_per_cent, meaning=f"signed; negative is too shallow; {on}",
        ),
        _quantile_metric("peak_time_error", "min", "time", MINUTE_EDGES, 0.5, f"median {timed}"),
        _quantile_metric(
            "peak_time_p90", "min", "time", MINUTE_EDGES, 0.9, f"90th centile {timed}"
        ),
        ratio_metric(
            "peak_time_bias", "peak time bias", "min", "zero",
            ["peak.time_error"], ["peak.time_count"],
            meaning=f"signed; negative is too early; {timed}",
        ),
        ratio_metric(
            "volume_error", "volume error", "%", "lower",
            ["peak.volume_absolute"], ["peak.volume_observed"],
            then=_per_cent, meaning="difference of water volume in each frame, without sign",
        ),
        ratio_metric(
            "volume_bias", "volume bias", "%", "zero",
            ["peak.volume_error"], ["peak.volume_observed"],
            then=_per_cent, meaning="signed; negative is too little water",
        ),
    )  # fmt: skip


def _quantile_metric(
    name: str, unit: str, part: str, edges: NDArray[np.float64], level: float, meaning: str
) -> Metric:
    key = f"peak.{part}_histogram"

    def value(sums: Sums) -> NDArray[np.float64]:
        return quantile_of(sums[key], edges, level)

    return Metric(
        name=name,
        label=name.replace("_", " "),
        unit=unit,
        best="lower",
        value=value,
        count=lambda sums: sums[key].sum(axis=-1),
        needs=(key,),
        target=0.0,
        meaning=f"{meaning}, without sign",
    )


def _per_cent(share: NDArray[np.float64]) -> NDArray[np.float64]:
    return 100 * share
