"""One HTML file with a flood on its terrain, that opens from disk with no network.

Leaflet, styles, script and pictures are inside the file; a content security policy forbids
everything else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import inundate
from inundate.core.errors import ConfigError, DataError
from inundate.core.files import check_output, write_text
from inundate.core.grid import Grid
from inundate.show.encode import grey_png, to_base64
from inundate.show.fit import default_budget, fit_layers
from inundate.show.layers import Layer, check_source, find_layers, match_truth
from inundate.show.notes import exactness_notes, limit_notes, provenance_notes
from inundate.show.palette import hillshade
from inundate.show.payload import make_payload
from inundate.show.place import cell_metres, crs_name
from inundate.show.summary import Summary, summarise
from inundate.show.template import (
    Html,
    asset,
    content_policy,
    definition_list,
    embed_json,
    render,
    table,
    unordered_list,
)
from inundate.show.words import model_words, number

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["MapResult", "write_map"]

_SCRIPTS = ("decode.js", "raster.js", "draw.js", "map.js")
_TABLE_ROWS = 200  # more time steps than this are thinned in the table, and it says so


@dataclass(frozen=True)
class MapResult:
    """What was written.

    Attributes
    ----------
    path : Path
        The file.
    size : int
        Its bytes.
    layers : tuple of str
        Names of the layers.
    frames, frames_total : int
        Time steps drawn, and in the data.
    levels, merged : int
        Levels of rounding of the depth; cells merged a side (1: none).
    notes : tuple of str
        What was rounded or left out, as the page says it.
    """

    path: Path
    size: int
    layers: tuple[str, ...]
    frames: int
    frames_total: int
    levels: int
    merged: int
    notes: tuple[str, ...]


def write_map(
    path: Path | str,
    data: xr.Dataset,
    *,
    title: str = "",
    terrain: xr.DataArray | None = None,
    truth: xr.Dataset | None = None,
    layers: Sequence[str] | None = None,
    start: str | None = None,
    limits: Sequence[str] = (),
    max_bytes: int | None = None,
    overwrite: bool = False,
) -> MapResult:
    """Write a simulation or prediction as one HTML page.

    Parameters
    ----------
    path : Path
        File to write.
    data : Dataset
        With ``water_depth`` (time, y, x) and ``elevation`` (y, x); ``water_depth_max``,
        ``rain_rate``, ``depth_probability`` and ``depth_quantile`` are drawn if present.
    title : str
        Heading; by default made from the data set.
    terrain : DataArray (y, x), m, optional
        Ground height, where the data set holds none.
    truth : Dataset, optional
        A simulation of the same storm, for the layers ``truth`` and ``error``.
    layers : sequence of str, optional
        Kinds of layers to keep, see :data:`inundate.show.layers.KINDS`.
    start : str, optional
        Kind of layer to open with; by default the first.
    limits : sequence of str
        More sentences for the box "What this map does not know".
    max_bytes : int, optional
        Largest size of the file; by default 1 MB for 24 frames of 200 x 200 cells, at most
        10 MB. Rounding, frames and cells are thinned to meet it, and the page says so.
    overwrite : bool
        Replace an existing file.

    Raises
    ------
    GridError
        If the depth comes without its terrain, or the grids differ.
    DataError
        If depth is absent or has wrong units, times or values, or nothing fits.
    ConfigError
        If a layer is unknown.
    RunError
        If the file exists.
    """
    target = check_output(path, overwrite)
    grid, ground = check_source(data, terrain)
    true_depth = match_truth(data, truth) if truth is not None else None
    chosen = find_layers(data, truth=true_depth, wanted=layers)
    opening = _opening(chosen, start)
    summary = summarise(data)
    heading = title or _heading(data)
    shade = to_base64(grey_png(_shade(ground, grid)))
    parts = _fixed_parts(data, grid, summary, heading, limits)
    budget = max_bytes or default_budget(grid.width * grid.height * len(summary.times))
    room = budget - len(shade) - sum(map(len, parts.values())) - _allowance(chosen, summary)
    fitted = fit_layers(
        chosen, [_highest(layer, len(summary.times)) for layer in chosen],
        frames=len(summary.times), peak=summary.peak, budget=room,
    )  # fmt: skip
    notes = exactness_notes(fitted, grid, len(summary.times))
    payload = make_payload(grid, shade, summary, fitted, opening)
    page = _fill(parts, payload, notes)
    write_text(target, page)
    return MapResult(
        target, len(page.encode()), tuple(layer.name for layer in chosen), len(fitted.kept),
        len(summary.times), fitted.layers[0].levels.count, fitted.plan.merge, tuple(notes),
    )  # fmt: skip


def _opening(chosen: Sequence[Layer], start: str | None) -> int:
    if not chosen:
        raise ConfigError("drawing a map: no layer chosen, expected at least one")
    kinds = [layer.kind for layer in chosen]
    if start is None:
        return 0
    if start not in kinds:
        raise ConfigError(
            f"drawing a map: it cannot open with layer {start!r}; the layers are "
            f"{', '.join(dict.fromkeys(kinds))}",
            hint="only a probabilistic prediction has depth_probability"
            if start == "probability"
            else None,
        )
    return kinds.index(start)


def _heading(data: xr.Dataset) -> str:
    kind = str(data.attrs.get("kind", "")) or "depth"
    names = [str(data.attrs[key]) for key in ("storm_name", "terrain_name") if key in data.attrs]
    model = f" by {model_words(str(data.attrs['model']))}" if "model" in data.attrs else ""
    return f"Flood {kind}{model}" + (f": {', '.join(names)}" if names else "")


def _shade(ground: NDArray[np.float32], grid: Grid) -> NDArray[np.float32]:
    dx, dy = cell_metres(grid)
    return hillshade(ground, dx=dx, dy=dy)


def _highest(layer: Layer, frames: int) -> float:
    """Give the largest magnitude of a layer over all frames."""
    high = 0.0
    for frame in range(frames if layer.timed else 1):
        values = np.abs(layer.read(frame))
        known = values[~np.isnan(values)]
        high = max(high, float(known.max(initial=0.0)))
    if not math.isfinite(high):
        raise DataError(f"drawing a map: layer {layer.name!r} holds an infinite value")
    return high


def _fixed_parts(
    data: xr.Dataset, grid: Grid, summary: Summary, heading: str, limits: Sequence[str]
) -> dict[str, str]:
    """Give the values of the template that do not depend on what fits."""
    style = _without_links(asset("leaflet/leaflet.css")) + asset("map.css")
    leaflet = asset("leaflet/leaflet.js").rpartition("//# sourceMappingURL")[0]
    script = "(() => {\n'use strict';\n" + "\n".join(map(asset, _SCRIPTS)) + "})();\n"
    return {
        "title": heading,
        "subtitle": _subtitle(grid, summary),
        "version": inundate.__version__,
        "csp": content_policy(styles=[style], scripts=[leaflet, script]),
        "style": Html(style),
        "leaflet": Html(leaflet),
        "leaflet_licence": Html(asset("leaflet/LICENSE").strip()),
        "script": Html(script),
        "limits": unordered_list([*limit_notes(data, summary), *limits]),
        "table": _table(summary),
        "provenance": definition_list(provenance_notes(data)),
    }


def _without_links(style: str) -> str:
    """Drop the pictures that Leaflet's style sheet names; this page has none of them."""
    start = 0
    while (start := style.find("url(", start)) >= 0:
        end = style.index(")", start)
        style = style[:start] + "none" + style[end + 1 :]
    return style


def _subtitle(grid: Grid, summary: Summary) -> str:
    first, last = (time[:16].replace("T", " ") for time in (summary.times[0], summary.times[-1]))
    dx, dy = cell_metres(grid)
    size = f"{dx:.3g} m" if abs(dx - dy) < 0.01 * dx else f"{dx:.3g} × {dy:.3g} m"
    return (
        f"{first} to {last} UTC · {grid.width} × {grid.height} cells of {size} · "
        f"{crs_name(grid.crs)}"
    )


def _table(summary: Summary) -> Html:
    header = ["Time (UTC)", "Area km²", "Volume m³", "Deepest m"]
    header += ["Rain mm/h"] if summary.has_rain else []
    stride = -(-len(summary.times) // _TABLE_ROWS)
    rows = []
    for step in range(0, len(summary.times), stride):
        row = [
            summary.times[step][5:16].replace("T", " "),
            number(summary.area_km2[step]),
            f"{summary.volume_m3[step]:,.0f}",
            f"{summary.deepest_m[step]:.2f}",
        ]
        rows.append(row + ([number(summary.rain_mm_h[step])] if summary.has_rain else []))
    every = f", every {stride}th step" if stride > 1 else ""
    return table(header, rows, caption=f"Flooded area from 0.05 m; mean rain{every}")


def _allowance(chosen: Sequence[Layer], summary: Summary) -> int:
    """Give bytes for what is written beside the pictures: names, levels, notes, steps."""
    return 16_000 + 5_000 * len(chosen) + 80 * len(summary.times)


def _fill(parts: Mapping[str, str], payload: dict[str, Any], notes: Sequence[str]) -> Html:
    return render(
        asset("map.html"), exactness=unordered_list(notes), data=embed_json(payload), **parts
    )
