"""What a map page's script reads: grid, times, figures by step, layers with their pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from inundate.core.grid import Grid
from inundate.show.fit import EncodedLayer, Fitted
from inundate.show.palette import MISSING_COLOURS
from inundate.show.place import cell_metres, nodes_lonlat, unit_metres
from inundate.show.summary import Summary

__all__ = ["make_payload"]


def make_payload(
    grid: Grid, shade: str, summary: Summary, fitted: Fitted, opening: int
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
    """
    start = next(i for i, frame in enumerate(fitted.kept) if frame >= summary.peak)
    return {
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
        "name": layer.name, "kind": layer.kind, "title": layer.title, "note": layer.note,
        "timed": layer.timed, "unit": classes.unit, "legend": classes.title,
        "edges": classes.edges, "colours": classes.colours, "labels": classes.labels,
        "below": classes.below, "diverging": classes.diverging, "neutral": classes.neutral,
        "nearest": min(map(abs, classes.edges)),
        "zero": "dry: " if layer.classes.title == "Water depth" else "",
        "levels": [float(f"{edge:.5g}") for edge in encoded.levels.edges],
        "frames": encoded.frames,
    }  # fmt: skip


def _short(values: Sequence[float | None]) -> list[float | None]:
    return [None if value is None else float(f"{value:.4g}") for value in values]
