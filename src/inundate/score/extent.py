"""Flooded or not: hits, misses and false alarms at each depth threshold.

Flooded means a depth of at least the threshold. Counts are pooled over samples before the
division, so a sample without any flood is neither a success nor a failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from inundate.score.sample import Depth, Mask, Observed, Over, Predicted, sides
from inundate.score.statistic import Best, Metric, ratio_metric

__all__ = ["THRESHOLDS_M", "Extent", "extent_metrics"]

THRESHOLDS_M = (0.05, 0.1, 0.3, 0.5, 1.0)


@dataclass(frozen=True)
class Extent:
    """Counts of the contingency table at each threshold.

    Parameters
    ----------
    thresholds_m : sequence of float, m
        Depths from which a cell is flooded.
    over : {"frames", "peak"}
        Which depths are compared.
    """

    thresholds_m: Sequence[float] = THRESHOLDS_M
    over: Over = "frames"

    @property
    def name(self) -> str:
        """Prefix of the sums."""
        return f"extent_{self.over}"

    def sums(self, predicted: Predicted, observed: Observed) -> dict[str, ArrayLike]:
        """Give hits, misses, false alarms and correct negatives of one sample."""
        p, o, valid = sides(predicted, observed, self.over)
        cells = np.count_nonzero(valid)
        counts: dict[str, ArrayLike] = {}
        for threshold in self.thresholds_m:
            flooded, truth = observed.remember(
                f"{self.name}.{threshold}", partial(_flooded, o, threshold)
            )
            said = p >= np.float32(threshold)
            hits = np.count_nonzero(said & flooded)
            alarms = np.count_nonzero(said) - hits
            counts |= {
                f"{threshold:g}.hits": hits,
                f"{threshold:g}.misses": truth - hits,
                f"{threshold:g}.false_alarms": alarms,
                f"{threshold:g}.correct_negatives": cells - truth - alarms,
            }
        return counts


def extent_metrics(thresholds_m: Sequence[float], over: Over) -> tuple[Metric, ...]:
    """Give the metrics of :class:`Extent`; those over the peak map start with "peak"."""
    return tuple(metric for t in thresholds_m for metric in _metrics_at(t, over))


def _metrics_at(threshold: float, over: Over) -> list[Metric]:
    mark, where = ("peak ", "map of greatest depths") if over == "peak" else ("", "all frames")
    hits, misses, alarms = (
        f"extent_{over}.{threshold:g}.{kind}" for kind in ("hits", "misses", "false_alarms")
    )
    rows: tuple[tuple[str, Best, list[str], list[str], str], ...] = (
        ("csi", "higher", [hits], [hits, misses, alarms], "critical success index"),
        ("pod", "higher", [hits], [hits, misses], "hit rate: share of the flooded cells found"),
        ("far", "lower", [alarms], [hits, alarms], "share of false alarms among the alarms"),
        ("frequency_bias", "target", [hits, alarms], [hits, misses], "predicted over observed"),
    )
    return [
        ratio_metric(
            f"{mark.replace(' ', '_')}{name}_{threshold:g}",
            f"{mark}{name.replace('_', ' ')} {threshold:.2f} m",
            "1",
            best,
            above,
            below,
            target=1.0 if best == "target" else None,
            meaning=f"{meaning}; {where}",
        )
        for name, best, above, below, meaning in rows
    ]


def _flooded(depth: Depth, threshold: float) -> tuple[Mask, int]:
    flooded = depth >= np.float32(threshold)
    return flooded, int(np.count_nonzero(flooded))
