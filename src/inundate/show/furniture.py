"""What every map figure carries: ground, colours, axes, scale bar, north, CRS and legend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from inundate.core.errors import GridError
from inundate.core.grid import Grid
from inundate.show.palette import DEPTH, ERROR, MISSING_COLOURS, Classes, hillshade, paint
from inundate.show.place import cell_metres, crs_name, nice_length, unit_metres

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_field", "draw_furniture", "furnish", "legend_beside", "legend_panel"]

_OVERLAY = 0.92  # opacity of the colours on the hillshade


def draw_field(
    axes: Axes,
    values: NDArray[np.float32],
    elevation: NDArray[np.float32],
    grid: Grid,
    classes: Classes,
) -> None:
    """Draw values in their class colours on the hillshade.

    Raises
    ------
    GridError
        If no cell of the terrain is known.
    """
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


def furnish(
    axes: Axes, grid: Grid, title: str, *, ticks: bool = True, furniture: bool = True
) -> None:
    """Draw title and ticks in CRS coordinates, and the furniture where wanted."""
    axes.set_title(title, fontsize=10, loc="left")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.tick_params(labelsize=7.5, length=3)
    if not ticks:
        axes.tick_params(labelbottom=False, labelleft=False)
    else:
        _name_axes(axes, grid)
    if furniture:
        draw_furniture(axes, grid)


def draw_furniture(axes: Axes, grid: Grid) -> None:
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


def legend_beside(axes: Axes, classes: Classes) -> None:
    """Draw the legend of some classes to the right of a map."""
    axes.legend(
        handles=_handles(classes), title=_legend_title(classes), loc="upper left",
        bbox_to_anchor=(1.01, 1.0), fontsize=8, title_fontsize=8.5, frameon=False,
        alignment="left",
    )  # fmt: skip


def legend_panel(axes: Axes) -> None:
    """Draw the legends of depth and error in a panel of their own."""
    axes.set_axis_off()
    style: dict[str, Any] = {
        "fontsize": 7.5, "title_fontsize": 8, "frameon": False, "alignment": "left",
    }  # fmt: skip
    first = axes.legend(
        handles=_handles(DEPTH, short=True), title=_legend_title(DEPTH), loc="upper left",
        bbox_to_anchor=(-0.05, 1.05), **style,
    )  # fmt: skip
    axes.add_artist(first)
    axes.legend(
        handles=_handles(ERROR, short=True), title="Error of depth (m)\n− too dry, + too wet",
        loc="upper left", bbox_to_anchor=(0.42, 1.05), **style,
    )  # fmt: skip


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
