"""Fixed colour classes for depth, error, probability and rain, and the hillshade under them.

One set of colours for every figure and page, so that two maps can be compared at a glance.
Lightness falls steadily with the value, which keeps the order readable with every common form
of colour blindness, in greyscale and in print; a test holds the distances.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DEPTH",
    "ERROR",
    "LINE_COLOURS",
    "LINE_STYLES",
    "MISSING_COLOURS",
    "PROBABILITY",
    "RAIN",
    "SPREAD",
    "Classes",
    "hatch",
    "hillshade",
    "paint",
    "to_rgb",
]

MISSING_COLOURS = ("#9a9a9a", "#d8d8d8")  # stripe and gap of the hatch for "unknown"
LINE_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5c5c5c")
"""Line colours; Okabe and Ito (2008), "Color Universal Design"; yellow left out on white."""
LINE_STYLES = ("solid", "dashed", "dashdot", "dotted")  # so that no line needs its colour
_HATCH_PERIOD = 4  # cells from one stripe to the next


@dataclass(frozen=True)
class Classes:
    """Half-open value classes ``[edge, next edge)`` and their colours.

    Attributes
    ----------
    edges : tuple of float
        Ascending class edges.
    colours : tuple of str
        Hex colours. One a class; for a diverging scale one more than edges, since the
        class below the first edge has a colour too.
    unit : str
        Unit of the edges, as shown to readers.
    title : str
        Heading of the legend.
    below : str
        What a value below the first edge means; empty for a diverging scale.
    diverging : bool
        True if values below the first edge are coloured.

    Examples
    --------
    >>> DEPTH.labels[0], DEPTH.labels[-1]
    ('0.05–0.1', '≥ 2')
    """

    edges: tuple[float, ...]
    colours: tuple[str, ...]
    unit: str
    title: str
    below: str = ""
    diverging: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """Legend text of each colour, without the unit."""
        if not self.diverging:
            inner = [f"{low:g}–{high:g}" for low, high in pairwise(self.edges)]
            return (*inner, f"≥ {self.edges[-1]:g}")
        inner = [f"{_signed(low)} to {_signed(high)}" for low, high in pairwise(self.edges)]
        inner[len(inner) // 2] += ": not drawn"
        return (f"< {_signed(self.edges[0])}", *inner, f"≥ {_signed(self.edges[-1])}")

    @property
    def neutral(self) -> int | None:
        """Index of the colour that means "nothing to see", for a diverging scale."""
        return len(self.colours) // 2 if self.diverging else None

    def index(self, values: NDArray[np.floating]) -> NDArray[np.int16]:
        """Give the colour index of each value; -1 where nothing is drawn, -2 where NaN.

        Parameters
        ----------
        values : array
            Values in the classes' unit.
        """
        position = np.searchsorted(self.edges, np.nan_to_num(values), side="right")
        found: NDArray[np.int16] = (position - (not self.diverging)).astype(np.int16)
        found[np.isnan(values)] = -2
        return found


DEPTH = Classes(
    edges=(0.05, 0.1, 0.3, 0.5, 1.0, 2.0),
    colours=("#b5e2f0", "#7cc0e8", "#4b96d9", "#3565b5", "#3b3a8f", "#2a1150"),
    unit="m",
    title="Water depth",
    below="below 0.05 m: shown as dry",
)
"""Depth of water; 0.05 m is the package's default for "flooded"."""

PROBABILITY = Classes(
    edges=(0.05, 0.2, 0.4, 0.6, 0.8, 0.95),
    colours=("#fbe3a2", "#f5b95c", "#e58a2e", "#c25a1e", "#8e3313", "#54190d"),
    unit="",
    title="Probability",
    below="below 0.05: not drawn",
)
"""Probability that depth exceeds a threshold."""

RAIN = Classes(
    edges=(0.5, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0),
    colours=("#dff0c5", "#b3dba0", "#7cbf8a", "#489d83", "#217a7c", "#17566b", "#1b2f4e"),
    unit="mm/h",
    title="Rain rate",
    below="below 0.5 mm/h: not drawn",
)
"""Rain rate, mean over the interval."""

SPREAD = Classes(
    edges=(0.05, 0.1, 0.3, 0.5, 1.0, 2.0),
    colours=PROBABILITY.colours,
    unit="m",
    title="Uncertainty of depth",
    below="below 0.05 m: not drawn",
)
"""Width of an interval of depth."""

ERROR = Classes(
    edges=(-1.0, -0.5, -0.3, -0.1, -0.05, 0.05, 0.1, 0.3, 0.5, 1.0),
    colours=(
        "#4f2003", "#9c4a06", "#d97a14", "#fbb560", "#f5dcb4", "#f2f2f2",
        "#d9cfe6", "#b2abd2", "#8073ac", "#5b3d92", "#2d004b",
    ),
    unit="m",
    title="Error of depth",
    diverging=True,
)  # fmt: skip
"""Depth error; orange is too dry (missed water), purple too wet."""


def paint(values: NDArray[np.floating], classes: Classes) -> NDArray[np.uint8]:
    """Colour an array by its classes.

    Parameters
    ----------
    values : array (H, W)
        Values in the classes' unit; NaN is unknown.
    classes : Classes
        Which colours.

    Returns
    -------
    array (H, W, 4), uint8
        Red, green, blue, alpha. Not drawn and neutral cells are transparent; unknown cells
        are hatched in grey.
    """
    table = np.zeros((len(classes.colours) + 2, 4), dtype=np.uint8)
    table[: len(classes.colours), :3] = [to_rgb(colour) for colour in classes.colours]
    table[: len(classes.colours), 3] = 255
    if classes.neutral is not None:
        table[classes.neutral, 3] = 0
    image = table[classes.index(values)]  # -1 and -2 read the two transparent rows at the end
    unknown = np.isnan(values)
    if unknown.any():
        stripes = np.array([(*to_rgb(colour), 255) for colour in MISSING_COLOURS], dtype=np.uint8)
        image[unknown] = stripes[hatch(values.shape)[unknown].astype(int)]
    return image


def hatch(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Give diagonal stripes, in cells: False on a stripe, True between.

    Parameters
    ----------
    shape : tuple
        Rows and columns.
    """
    rows, cols = np.indices(shape[-2:], sparse=True)
    between: NDArray[np.bool_] = (rows + cols) % _HATCH_PERIOD >= _HATCH_PERIOD // 2
    return between


def hillshade(
    elevation: NDArray[np.floating],
    *,
    dx: float,
    dy: float,
    azimuth: float = 315.0,
    altitude: float = 45.0,
    relief: float | None = None,
) -> NDArray[np.float32]:
    """Shade a terrain by a light, light enough to lie under colours.

    Parameters
    ----------
    elevation : array (H, W), m
        Ground height, row 0 in the north; NaN where unknown.
    dx, dy : float, m
        Cell size.
    azimuth, altitude : float, degrees
        Direction of the light, clockwise from north, and its height.
    relief : float, optional
        Vertical exaggeration; by default such that the steepest tenth of the slopes has
        a gradient of 0.7, at most 20.

    Returns
    -------
    array (H, W)
        Brightness from 0 (dark) to 1; NaN where unknown.

    Source
    ------
    Horn (1981), doi:10.1109/PROC.1981.11918; Lambertian reflection.
    """
    filled = np.where(np.isnan(elevation), np.nanmean(elevation), elevation).astype(np.float64)
    if min(filled.shape) < 2:
        return np.where(np.isnan(elevation), np.nan, 0.7).astype(np.float32)
    south, east = np.gradient(filled, dy, dx)
    if relief is None:
        steep = float(np.percentile(np.hypot(south, east), 90))
        relief = min(0.7 / steep, 20.0) if steep > 0 else 1.0
    slope_x, slope_y = east * relief, -south * relief  # slope_y: uphill to the north
    bearing, height = np.radians(azimuth), np.radians(altitude)
    light = (np.sin(bearing) * np.cos(height), np.cos(bearing) * np.cos(height), np.sin(height))
    shade = (light[2] - slope_x * light[0] - slope_y * light[1]) / np.sqrt(
        1 + slope_x**2 + slope_y**2
    )
    quiet = 0.55 + 0.45 * np.clip(shade, 0, 1)  # never so dark that shallow water is lost
    return np.where(np.isnan(elevation), np.nan, quiet).astype(np.float32)


def _signed(value: float) -> str:
    return f"{value:+g}".replace("-", "\N{MINUS SIGN}")


def to_rgb(colour: str) -> tuple[int, int, int]:
    """Give red, green and blue, 0 to 255, of a hex colour."""
    return (int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16))
