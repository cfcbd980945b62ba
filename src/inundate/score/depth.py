"""Depth errors: RMSE, MAE, bias and NSE, over all frames or the map of greatest depths.

Each cell of each frame counts once, whatever the size of a cell; samples are pooled. *Wet*
means an observed depth of more than 0.05 m. Because a false flood on dry ground costs nothing
there, ``rmse_either`` takes the cells that are wet on either side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inundate.score.sample import WET_M, Depth, Mask, Observed, Over, Predicted, sides
from inundate.score.statistic import Best, Metric, one_less, ratio_metric

__all__ = ["DepthErrors", "depth_metrics"]


@dataclass(frozen=True)
class DepthErrors:
    """Sums of depth errors over all frames, or over the map of greatest depths.

    Parameters
    ----------
    over : {"frames", "peak"}
        Which depths are compared.
    wet_m : float, m
        A cell is wet when deeper than this.
    """

    over: Over = "frames"
    wet_m: float = WET_M

    @property
    def name(self) -> str:
        """Prefix of the sums."""
        return f"depth_{self.over}"

    def sums(self, predicted: Predicted, observed: Observed) -> dict[str, ArrayLike]:
        """Give counts, and sums of absolute and squared errors, of one sample."""
        p, o, valid = sides(predicted, observed, self.over)
        wet, around = observed.remember(
            f"{self.name}.{self.wet_m}", lambda: (o > self.wet_m, _sum_of_squares(o, valid))
        )
        error = np.subtract(p, o, dtype=np.float64)
        on_wet = error[wet]
        on_either = error[wet | (p > self.wet_m)]
        return {
            "count": np.count_nonzero(valid),
            "error": error.sum(),
            "absolute": np.abs(error).sum(),
            "squared": np.vdot(error, error),
            "around_mean": around,
            "wet_count": on_wet.size,
            "wet_absolute": np.abs(on_wet).sum(),
            "wet_squared": np.vdot(on_wet, on_wet),
            "either_count": on_either.size,
            "either_squared": np.vdot(on_either, on_either),
        }


def depth_metrics(over: Over) -> tuple[Metric, ...]:
    """Give the metrics of :class:`DepthErrors`; those over the peak map start with "peak"."""
    of = f"depth_{over}"
    mark, where = ("peak_", "map of greatest depths") if over == "peak" else ("", "all frames")

    def make(
        name: str,
        above: str,
        below: str,
        meaning: str,
        *,
        best: Best = "lower",
        unit: str = "m",
        then: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None,
    ) -> Metric:
        return ratio_metric(
            mark + name,
            (mark + name).replace("_", " "),
            unit,
            best,
            [f"{of}.{above}"],
            [f"{of}.{below}"],
            then=then,
            meaning=f"{meaning}; {where}",
        )

    return (
        make("rmse_wet", "wet_squared", "wet_count", "on cells observed wet", then=np.sqrt),
        make("mae_wet", "wet_absolute", "wet_count", "on cells observed wet"),
        make("rmse_either", "either_squared", "either_count", "wet on either side", then=np.sqrt),
        make("rmse", "squared", "count", "on all cells; flattered by dry ground", then=np.sqrt),
        make("mae", "absolute", "count", "on all cells; flattered by dry ground"),
        make("mean_error", "error", "count", "mean of predicted less observed", best="zero"),
        make(
            "nse",
            "squared",
            "around_mean",
            "Nash-Sutcliffe efficiency against each sample's own mean depth",
            best="higher",
            unit="1",
            then=one_less,
        ),
    )


def _sum_of_squares(depth: Depth, valid: Mask) -> float:
    """Sum of squares around the mean; exactly 0 for a constant."""
    values = depth[valid].astype(np.float64)
    if not values.size or values.min() == values.max():
        return 0.0
    return float(np.square(values - values.mean()).sum())
