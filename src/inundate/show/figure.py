"""Map figures: depth on hillshade, error, and several maps side by side.

Figures are made by matplotlib's objects and drawn by Agg; the state of ``pyplot`` is not
touched, so that a figure can be made in a thread or a notebook without side effects.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, DataError, nearest
from inundate.core.files import atomic_file
from inundate.core.grid import Grid, check_same_grid
from inundate.show.chart import hydrographs, volumes
from inundate.show.curves import training_curves
from inundate.show.furniture import (
    draw_field,
    draw_furniture,
    furnish,
    legend_beside,
    legend_panel,
)
from inundate.show.palette import DEPTH, ERROR, Classes
from inundate.show.place import cell_metres
from inundate.show.skill import reliability_diagram, score_bars
from inundate.show.words import model_words

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "compare_maps",
    "depth_map",
    "error_map",
    "figure_png",
    "hydrographs",
    "reliability_diagram",
    "save_figure",
    "score_bars",
    "training_curves",
    "volumes",
]

_DPI = 150


def depth_map(
    depth: xr.DataArray,
    elevation: xr.DataArray,
    *,
    title: str = "",
    classes: Classes = DEPTH,
) -> Figure:
    """Draw one depth field on the hillshade of its terrain.

    Parameters
    ----------
    depth : DataArray (y, x), m
        Water depth, grid attached; NaN is drawn hatched.
    elevation : DataArray (y, x), m
        Ground height on the same grid.
    title : str
        Heading; the time and unit belong here.
    classes : Classes
        Colour classes of the values.

    Raises
    ------
    GridError
        If the grids differ or one is missing.
    """
    grid = _shared_grid(depth, elevation, "depth")
    figure = _figure(1, 1, grid)
    axes = figure.add_subplot()
    draw_field(axes, _plane(depth, "depth"), _plane(elevation, "elevation"), grid, classes)
    furnish(axes, grid, title)
    legend_beside(axes, classes)
    return figure


def error_map(
    predicted: xr.DataArray,
    observed: xr.DataArray,
    elevation: xr.DataArray,
    *,
    title: str = "",
) -> Figure:
    """Draw predicted minus observed depth on the hillshade of the terrain.

    Parameters
    ----------
    predicted, observed : DataArray (y, x), m
        Water depth, grid attached.
    elevation : DataArray (y, x), m
        Ground height on the same grid.
    title : str
        Heading.

    Raises
    ------
    GridError
        If the grids differ or one is missing.
    """
    check_same_grid(predicted, observed, "predicted", "observed")
    error = predicted.copy(data=_plane(predicted, "predicted") - _plane(observed, "observed"))
    return depth_map(error, elevation, title=title, classes=ERROR)


def compare_maps(
    depths: Mapping[str, xr.DataArray],
    elevation: xr.DataArray,
    *,
    observed: str = "truth",
    title: str = "",
) -> Figure:
    """Draw several depth fields side by side, with the error of each under it.

    Parameters
    ----------
    depths : mapping of str to DataArray (y, x), m
        Depth by model name, the observed one among them.
    elevation : DataArray (y, x), m
        Ground height on the same grid.
    observed : str
        Which of ``depths`` the others are compared with.
    title : str
        Heading.

    Raises
    ------
    ConfigError
        If ``observed`` is not among ``depths`` or nothing is left to compare.
    GridError
        If the grids differ or one is missing.
    """
    names = _order(depths, observed)
    grid = _shared_grid(depths[observed], elevation, observed)
    ground, truth = _plane(elevation, "elevation"), _plane(depths[observed], observed)
    figure = _figure(2, len(names), grid)
    panels = figure.subplots(2, len(names), squeeze=False)
    for column, name in enumerate(names):
        check_same_grid(depths[name], elevation, name, "terrain")
        field = _plane(depths[name], name)
        draw_field(panels[0, column], field, ground, grid, DEPTH)
        furnish(panels[0, column], grid, model_words(name), ticks=column == 0, furniture=False)
        if name == observed:
            continue
        draw_field(panels[1, column], field - truth, ground, grid, ERROR)
        words = f"{model_words(name)} − {model_words(observed)}"
        furnish(panels[1, column], grid, words, ticks=False, furniture=False)
    draw_furniture(panels[0, 0], grid)
    legend_panel(panels[1, 0])
    figure.suptitle(title, fontsize=11, fontweight="bold", x=0.01, ha="left")
    return figure


def save_figure(figure: Figure, path: Path, *, dpi: int = _DPI) -> Path:
    """Write a figure; nothing is left behind when writing fails.

    Parameters
    ----------
    figure : Figure
        What to write.
    path : Path
        With suffix ``.png``, ``.svg`` or ``.pdf``; replaced if it exists.
    dpi : int
        Resolution of a PNG.

    Raises
    ------
    ConfigError
        If the suffix is another one.
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("png", "svg", "pdf"):
        raise ConfigError(
            f"writing a figure to {path}: suffix {path.suffix!r}, expected .png, .svg or .pdf"
        )
    with atomic_file(path) as partial:
        figure.savefig(partial, format=kind, dpi=dpi, bbox_inches="tight", pad_inches=0.08)
    return path


def figure_png(figure: Figure, *, dpi: int = _DPI) -> bytes:
    """Give a figure as the bytes of a PNG."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, bbox_inches="tight", pad_inches=0.08)
    return buffer.getvalue()


def _order(depths: Mapping[str, xr.DataArray], observed: str) -> list[str]:
    if observed not in depths:
        close = nearest(observed, depths)
        raise ConfigError(
            f"comparing maps: {observed!r} is not among {', '.join(depths) or 'no maps'}",
            hint=f"did you mean {close!r}?" if close else None,
        )
    if len(depths) < 2:
        raise ConfigError(f"comparing maps: only {observed!r} was given, expected a prediction too")
    return [observed, *(name for name in depths if name != observed)]


def _shared_grid(data: xr.DataArray, elevation: xr.DataArray, name: str) -> Grid:
    return check_same_grid(data, elevation, name, "terrain")


def _plane(data: xr.DataArray, name: str) -> NDArray[np.float32]:
    if tuple(data.dims) != ("y", "x"):
        raise DataError(
            f"drawing {name}: dimensions {tuple(data.dims)}, expected ('y', 'x')",
            hint="take one time, such as data.isel(time=-1)",
        )
    return np.asarray(data.values, dtype=np.float32)


def _figure(rows: int, columns: int, grid: Grid) -> Figure:
    dx, dy = cell_metres(grid)
    aspect = float(np.clip(grid.height * dy / (grid.width * dx), 0.4, 2.0))
    panel = 5.6 if rows * columns == 1 else 3.1
    width = panel * columns + (1.7 if rows * columns == 1 else 0.6)
    figure = Figure(figsize=(width, (panel * aspect + 0.55) * rows + 0.35), layout="compressed")
    FigureCanvasAgg(figure)
    return figure
