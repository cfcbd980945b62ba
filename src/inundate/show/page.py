"""One HTML file with a flood on its terrain, that opens from disk with no network.

Leaflet, styles, script and pictures are inside the file; a content security policy forbids
everything else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, DataError
from inundate.core.files import check_output, write_text
from inundate.core.grid import Grid
from inundate.show.basemap import Basemap, basemap_tiles
from inundate.show.encode import grey_png, to_base64
from inundate.show.fit import default_budget, fit_layers
from inundate.show.language import (
    check_language,
    say_list,
    speak,
    tell,
)
from inundate.show.layers import Layer, check_source, find_layers, match_truth
from inundate.show.notes import exactness_notes, limit_notes, provenance_notes
from inundate.show.page_parts import fixed_parts, post_origin
from inundate.show.page_words import heading_words, steps_table, subtitle_words
from inundate.show.palette import hillshade
from inundate.show.payload import make_payload, page_words
from inundate.show.place import cell_metres
from inundate.show.post_marks import PostMarks, TextPolicy, place_posts
from inundate.show.summary import Summary, summarise
from inundate.show.template import (
    asset,
    definition_list,
    embed_json,
    render,
)

if TYPE_CHECKING:
    import xarray as xr

    from inundate.posts.locate.located import Located

__all__ = ["MapResult", "write_map"]

_POSTS_SHARE = 0.35  # of the file's size that posts may take


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
    posts : dict of str to int
        Posts read, drawn and not drawn, see :class:`inundate.show.post_marks.PostMarks`;
        empty if none were given.
    """

    path: Path
    size: int
    layers: tuple[str, ...]
    frames: int
    frames_total: int
    levels: int
    merged: int
    notes: tuple[str, ...]
    posts: dict[str, int]


def write_map(
    path: Path | str,
    data: xr.Dataset,
    *,
    title: str = "",
    terrain: xr.DataArray | None = None,
    truth: xr.Dataset | None = None,
    posts: Located | None = None,
    post_text: TextPolicy = "stored",
    post_window_min: float = 60.0,
    layers: Sequence[str] | None = None,
    start: str | None = None,
    limits: Sequence[str] = (),
    language: str = "en",
    basemap: Basemap | None = None,
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
    posts : Located, optional
        Located posts to draw on the same clock.
    post_text : {"stored", "none"}
        Whether the page holds the texts of posts, as the input stores them.
    post_window_min : float, min
        A frame shows the posts of so many minutes before it.
    layers : sequence of str, optional
        Kinds of layers to keep, see :data:`inundate.show.layers.KINDS`.
    start : str, optional
        Kind of layer to open with; by default the first.
    limits : sequence of str
        More sentences for the box "What this map does not know".
    language : str
        Language that the page opens in, ``en`` or ``de``; the page can switch.
    basemap : Basemap, optional
        A background that the reader may switch on; the page then needs the network.
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
        If a layer or language is unknown, or a setting of the posts is wrong.
    RunError
        If the file exists.
    """
    target = check_output(path, overwrite)
    check_language(language)
    grid, ground = check_source(data, terrain)
    true_depth = match_truth(data, truth) if truth is not None else None
    chosen = find_layers(data, truth=true_depth, wanted=layers)
    opening = _opening(chosen, start)
    summary = summarise(data)
    budget = max_bytes or default_budget(grid.width * grid.height * len(summary.times))
    marks = None
    if posts is not None:
        marks = place_posts(
            posts, grid, summary.times, window_min=post_window_min, text=post_text,
            budget=int(budget * _POSTS_SHARE),
        )  # fmt: skip
    ground_tiles = None if basemap is None else basemap_tiles(basemap, grid)
    told = [*limit_notes(data, summary), *_post_limits(marks), *limits]
    if basemap is not None:
        told.append(tell("limit.basemap", origin=basemap.origin))
    shade = to_base64(grey_png(_shade(ground, grid)))
    heading = title or heading_words(data)
    parts = fixed_parts(heading, subtitle_words(grid, summary), language, basemap)
    parts |= {
        "limits": say_list(told, language),
        "table": steps_table(summary, language),
        "provenance": definition_list(provenance_notes(data)),
        "post_origin": post_origin(marks, language),
    }
    extra = embed_json([marks and marks.payload, ground_tiles])
    room = (
        budget
        - _size(extra)
        - len(shade)
        - sum(map(_size, parts.values()))
        - _allowance(chosen, summary)
    )
    fitted = fit_layers(
        chosen, [_highest(layer, len(summary.times)) for layer in chosen],
        frames=len(summary.times), peak=summary.peak, budget=room,
    )  # fmt: skip
    notes = exactness_notes(fitted, grid, len(summary.times))
    payload = make_payload(grid, shade, summary, fitted, opening, marks, language, ground_tiles)
    page = render(
        speak(asset("map.html"), language),
        exactness=say_list(notes, language), data=embed_json(payload), **parts,
    )  # fmt: skip
    write_text(target, page)
    return MapResult(
        target, _size(page), tuple(layer.name for layer in chosen), len(fitted.kept),
        len(summary.times), fitted.layers[0].levels.count, fitted.plan.merge,
        tuple([*notes, *(marks.notes if marks else ())]), dict(marks.counts) if marks else {},
    )  # fmt: skip


def _size(text: str) -> int:
    return len(text.encode())


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


def _post_limits(marks: PostMarks | None) -> Sequence[str]:
    return [tell("limit.no_posts")] if marks is None else marks.limits


def _allowance(chosen: Sequence[Layer], summary: Summary) -> int:
    """Give bytes for what is written beside the pictures: names, levels, notes, steps."""
    words = _size(embed_json(page_words()))
    return 10_000 + words + 2_700 * len(chosen) + 90 * len(summary.times)
