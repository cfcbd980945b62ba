"""Map figures: depth on hillshade, error, and several maps side by side.

Figures are made by matplotlib's objects and drawn by Agg; the state of ``pyplot`` is not
touched, so that a figure can be made in a thread or a notebook without side effects.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, DataError, GridError, nearest
from inundate.core.files import atomic_file
from inundate.core.grid import Grid, check_same_grid
from inundate.show.chart import (
    hydrographs,
    reliability_diagram,
    score_bars,
    volumes,
)
from inundate.show.curves import training_curves
from inundate.show.palette import DEPTH, ERROR, MISSING_COLOURS, Classes, hillshade, paint
from inundate.show.place import cell_metres, crs_name, nice_length, unit_metres
from inundate.show.words import model_words

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

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

_OVERLAY = 0.92  # opacity of the colours on the hillshade
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
    _draw(axes, _plane(depth, "depth"), _plane(elevation, "elevation"), grid, classes)
    _furnish(axes, grid, title)
    axes.legend(handles=_handles(classes), title=_legend_title(classes), **_LEGEND_RIGHT)
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
        _draw(panels[0, column], field, ground, grid, DEPTH)
        _furnish(panels[0, column], grid, model_words(name), ticks=column == 0, furniture=False)
        if name == observed:
            continue
        _draw(panels[1, column], field - truth, ground, grid, ERROR)
        words = f"{model_words(name)} − {model_words(observed)}"
        _furnish(panels[1, column], grid, words, ticks=False, furniture=False)
    _furniture(panels[0, 0], grid)
    _legend_panel(panels[1, 0])
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


def _draw(
    axes: Axes,
    values: NDArray[np.float32],
    elevation: NDArray[np.float32],
    grid: Grid,
    classes: Classes,
) -> None:
    if np.isnan(elevation).all():
        raise GridError("drawing a map: the terrain has no known cell")
    dx, dy = cell_metres(grid)
    shade = np.nan_to_num(hillshade(elevation, dx=dx, dy=dy), nan=1.0)[..., None]
    colours = paint(values, classes).astype(np.float32) / 255
    cover = colours[..., 3:] * _OVERLAY
    image = np.clip(colours[..., :3] * cover + shade * (1 - cover), 0, 1)
    left, bottom, right, top = grid.bounds
    axes.imshow(image, extent=(left, right, bottom, top), origin="upper", interpolation="nearest")
    axes.set_aspect(grid.dx * dy / (grid.dy * dx))


def _furnish(
    axes: Axes, grid: Grid, title: str, *, ticks: bool = True, furniture: bool = True
) -> None:
    axes.set_title(title, fontsize=10, loc="left")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.tick_params(labelsize=7.5, length=3)
    if not ticks:
        axes.tick_params(labelbottom=False, labelleft=False)
    else:
        _name_axes(axes, grid)
    if furniture:
        _furniture(axes, grid)


def _name_axes(axes: Axes, grid: Grid) -> None:
    metres = unit_metres(grid)
    if metres is None:
        axes.set_xlabel("Longitude (°)", fontsize=8)
        axes.set_ylabel("Latitude (°)", fontsize=8)
        plain = FuncFormatter(lambda value, _: f"{value:.6g}")
        axes.xaxis.set_major_formatter(plain)
        axes.yaxis.set_major_formatter(plain)
        return
    in_km = FuncFormatter(lambda value, _: f"{value * metres / 1000:.6g}")
    axes.xaxis.set_major_formatter(in_km)
    axes.yaxis.set_major_formatter(in_km)
    axes.set_xlabel("Easting (km)", fontsize=8)
    axes.set_ylabel("Northing (km)", fontsize=8)


def _furniture(axes: Axes, grid: Grid) -> None:
    """Draw scale bar, north arrow and the name of the CRS."""
    dx, _ = cell_metres(grid)
    span = grid.width * dx
    length = nice_length(span / 4)
    share = length / span
    axes.add_patch(
        Rectangle((0.02, 0.018), share + 0.04, 0.085, transform=axes.transAxes, facecolor="white",
                  alpha=0.8, edgecolor="none", zorder=3)
    )  # fmt: skip
    axes.plot([0.04, 0.04 + share], [0.04, 0.04], transform=axes.transAxes, color="black",
              linewidth=3, solid_capstyle="butt", zorder=4)  # fmt: skip
    words = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    axes.text(0.04 + share / 2, 0.055, words, transform=axes.transAxes, ha="center", va="bottom",
              fontsize=7.5, zorder=4)  # fmt: skip
    axes.text(
        0.955, 0.965, "N\n↑", transform=axes.transAxes, ha="center", va="top", fontsize=9,
        fontweight="bold", linespacing=0.85, zorder=4,
        bbox={"boxstyle": "round,pad=0.2", "fc": "white", "ec": "none", "alpha": 0.8},
    )  # fmt: skip
    axes.annotate(crs_name(grid.crs), xy=(1, 0), xycoords="axes fraction", xytext=(-3, 3),
                  textcoords="offset points", ha="right", va="bottom", fontsize=6.5,
                  bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.7},
                  )  # fmt: skip


_LEGEND_RIGHT: dict[str, Any] = {
    "loc": "upper left",
    "bbox_to_anchor": (1.01, 1.0),
    "fontsize": 8,
    "title_fontsize": 8.5,
    "frameon": False,
    "alignment": "left",
}


def _legend_title(classes: Classes) -> str:
    unit = f" ({classes.unit})" if classes.unit else ""
    return classes.title.replace(": ", ":\n") + unit


def _handles(classes: Classes, *, short: bool = False) -> list[Patch]:
    labels = [words.partition(":")[0] if short else words for words in classes.labels]
    pairs = list(zip(classes.colours, labels, strict=True))[::-1]
    found = [Patch(facecolor=c, edgecolor="#00000040", label=words) for c, words in pairs]
    if not classes.diverging:
        low = f"< {classes.edges[0]:g}" + ("" if short else ": not drawn")
        found.append(Patch(facecolor="white", edgecolor="#00000040", label=low))
    found.append(
        Patch(facecolor=MISSING_COLOURS[1], edgecolor=MISSING_COLOURS[0], hatch="////",
              linewidth=0.5, label="unknown")
    )  # fmt: skip
    return found


def _legend_panel(axes: Axes) -> None:
    axes.set_axis_off()
    style: dict[str, Any] = {
        "fontsize": 7.5, "title_fontsize": 8, "frameon": False, "alignment": "left",
    }  # fmt: skip
    first = axes.legend(handles=_handles(DEPTH, short=True), title=_legend_title(DEPTH), loc="upper left",
                        bbox_to_anchor=(-0.05, 1.05), **style)  # fmt: skip
    axes.add_artist(first)
    axes.legend(handles=_handles(ERROR, short=True), title="Error of depth (m)\n− too dry, + too wet",
                loc="upper left", bbox_to_anchor=(0.42, 1.05), **style)  # fmt: skip
