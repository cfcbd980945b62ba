"""What a map page's script reads: grid, times, figures by step, layers with their pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from inundate.core.grid import Grid
from inundate.show.fit import EncodedLayer, Fitted
from inundate.show.language import LANGUAGES, Said, all_words, symbol, tell
from inundate.show.palette import MISSING_COLOURS, Classes
from inundate.show.place import cell_metres, nodes_lonlat, unit_metres
from inundate.show.post_marks import PostMarks
from inundate.show.summary import Summary

__all__ = ["make_payload", "page_words"]

_LEGENDS = {
    "Water depth": "legend.depth",
    "Probability": "legend.probability",
    "Rain rate": "legend.rain",
    "Uncertainty of depth": "legend.spread",
    "Error of depth": "legend.error",
}


def make_payload(
    grid: Grid,
    shade: str,
    summary: Summary,
    fitted: Fitted,
    opening: int,
    posts: PostMarks | None = None,
    language: str = "en",
    basemap: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Give everything that the script of a map needs, ready for JSON.

    Parameters
    ----------
    grid : Grid
        Where the map lies.
    shade : str
        Hillshade as base64 PNG.
    summary : Summary
        Figures by time step, of all steps.
    fitted : Fitted
        The pictures.
    opening : int
        Number of the layer to open with.
    posts : PostMarks, optional
        Posts to draw.
    language : str
        The language to open in.
    basemap : dict, optional
        Tiles of a background, see :func:`inundate.show.basemap.basemap_tiles`.
    """
    start = next(i for i, frame in enumerate(fitted.kept) if frame >= summary.peak)
    return {
        "language": language,
        "words": page_words(),
        "posts": None if posts is None else posts.payload,
        "basemap": basemap,
        "grid": _grid_payload(grid, fitted.plan.merge),
        "hillshade": shade,
        "missing": MISSING_COLOURS,
        "times": [summary.times[frame] for frame in fitted.kept],
        "start_frame": start,
        "start_layer": opening,
        "steps": {
            "times": summary.times,
            "area": _short(summary.area_km2),
            "deepest": _short(summary.deepest_m),
            "rain": _short(summary.rain_mm_h) if summary.has_rain else None,
        },
        "layers": [_layer_payload(layer) for layer in fitted.layers],
    }


def page_words() -> dict[str, dict[str, str]]:
    """Give the words of all languages, which a page holds whole to switch without a network."""
    return {language: dict(all_words(language)) for language in LANGUAGES}


def _grid_payload(grid: Grid, merge: int) -> dict[str, Any]:
    dx, dy = cell_metres(grid)
    nodes, _ = nodes_lonlat(grid)
    left, bottom, right, top = grid.bounds
    return {
        "left": left, "bottom": bottom, "right": right, "top": top,
        "dx": grid.dx * merge, "dy": grid.dy * merge,
        "width": -(-grid.width // merge), "height": -(-grid.height // merge),
        "aspect": (dx / grid.dx) / (dy / grid.dy),
        "unit_metres": unit_metres(grid),
        "digits": max(0, min(3, math.ceil(1 - math.log10(grid.dx)))),
        "nodes": np.round(nodes, 7).reshape(2, -1).tolist(),
        "nodes_count": nodes.shape[1],
    }  # fmt: skip


def _layer_payload(encoded: EncodedLayer) -> dict[str, Any]:
    layer, classes = encoded.layer, encoded.layer.classes
    return {
        "name": layer.name, "kind": layer.kind, "title": symbol(layer.title),
        "note": symbol(layer.note), "timed": layer.timed, "unit": classes.unit,
        "legend": symbol(tell(_LEGENDS[classes.title])), "edges": classes.edges,
        "colours": classes.colours, "labels": [symbol(label) for label in _labels(classes)],
        "below": symbol(_below(classes)), "diverging": classes.diverging,
        "neutral": classes.neutral, "nearest": min(map(abs, classes.edges)),
        "dry": classes.title == "Water depth",
        "levels": [float(f"{edge:.5g}") for edge in encoded.levels.edges],
        "frames": encoded.frames,
    }  # fmt: skip


def _labels(classes: Classes) -> list[str]:
    """Give the legend of each colour: as the classes have it, words of ranges told by key."""
    found: list[str] = []
    for number, label in enumerate(classes.labels):
        low, between, high = label.removesuffix(": not drawn").partition(" to ")
        key = "legend.neutral" if number == classes.neutral else "legend.range"
        found.append(tell(key, low=low, high=high) if between else label)
    return found


def _below(classes: Classes) -> Said | str:
    if not classes.below:
        return ""
    edge = f"{classes.edges[0]:g} {classes.unit}".strip()
    return tell("legend.dry" if classes.title == "Water depth" else "legend.below", edge=edge)


def _short(values: Sequence[float | None]) -> list[float | None]:
    return [None if value is None else float(f"{value:.4g}") for value in values]
