"""A picture of how many posts there were over time, with the gaps of their collection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from inundate.show.chart import tidy

__all__ = ["Volume", "draw_volume"]


@dataclass(frozen=True, eq=False)
class Volume:
    """Posts by hour or day.

    Attributes
    ----------
    starts : array (T,), datetime64[h]
        UTC.
    counts : array (T,), int64
    step_hours : int
        1 or 24.
    gaps : tuple of (start, end)
        Times in which posts may be missing; NaT where an end is not known.
    """

    starts: NDArray[np.datetime64]
    counts: NDArray[np.int64]
    step_hours: int
    gaps: tuple[tuple[np.datetime64, np.datetime64], ...]


def draw_volume(volume: Volume) -> Figure:
    """Draw counts as bars, and hatch where posts may be missing.

    Parameters
    ----------
    volume : Volume
        With one time at least.
    """
    drawn = Figure(figsize=(8.6, 2.8), layout="constrained")
    FigureCanvasAgg(drawn)
    axes = drawn.add_subplot()
    step = np.timedelta64(volume.step_hours, "h")
    starts = volume.starts.astype("datetime64[us]")
    first, last = starts[0], starts[-1] + step
    axes.bar(starts, volume.counts, width=step, align="edge", color="#4b96d9")
    for start, end in volume.gaps:
        low = first if np.isnat(start) else max(first, start.astype("datetime64[us]"))
        high = last if np.isnat(end) else min(last, end.astype("datetime64[us]"))
        if high > low:
            axes.axvspan(
                low,
                high,
                facecolor="#fde6d0",
                edgecolor="#d55e00",
                hatch="////",
                linewidth=0,
                alpha=0.8,
            )
    axes.set_xlim(first, last)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("Posts", fontsize=8)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    tidy(axes)
    locator = AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz="UTC"))  # type: ignore[no-untyped-call]
    return drawn
