"""Sentences of a map: what it does not know, how exact it is, where it comes from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from inundate.core.grid import Grid
from inundate.show.fit import EncodedLayer, Fitted
from inundate.show.language import Said, tell
from inundate.show.place import nodes_lonlat
from inundate.show.summary import Summary
from inundate.show.words import model_words

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["exactness_notes", "limit_notes", "provenance_notes"]

_ROUNDING_AT = {"m": (0.1, 0.5, 2.0), "mm/h": (1.0, 10.0), "": (0.5,)}


def limit_notes(data: xr.Dataset, summary: Summary) -> list[Said]:
    """Say what a map of this data set does not know.

    Parameters
    ----------
    data : Dataset
        Simulation or prediction.
    summary : Summary
        Its figures by time step.
    """
    notes = [tell("limit.film"), tell("limit.drains"), tell("limit.outside")]
    notes += _settings_notes(_parsed(data.attrs.get("settings")))
    if data.attrs.get("kind") == "prediction":
        model = data.attrs.get("model")
        words = tell("limit.model") if model is None else model_words(str(model))
        notes.append(tell("limit.prediction", model=words))
    if "depth_probability" not in data and "depth_quantile" not in data:
        notes.append(tell("limit.certain"))
    if summary.unknown_share > 0:
        notes.append(tell("limit.unknown", percent=f"{100 * summary.unknown_share:.2g}"))
    return notes + _rain_notes(data)


def _settings_notes(settings: Any) -> list[Said]:
    """Say what the settings of a simulation leave out."""
    if not isinstance(settings, dict):
        return []
    notes = []
    if settings.get("infiltration") == "none":
        notes.append(tell("limit.infiltration"))
    if settings.get("edges") == "closed":
        notes.append(tell("limit.edges"))
    return notes


def _rain_notes(data: xr.Dataset) -> list[Said]:
    attrs = {**data.attrs, **(data["rain_rate"].attrs if "rain_rate" in data else {})}
    notes = []
    moved = _parsed(attrs.get("moved_by_m"))
    if isinstance(moved, list) and len(moved) == 2:
        notes.append(tell("limit.moved", east=f"{moved[0]:g}", north=f"{moved[1]:g}"))
    filled = _parsed(attrs.get("filled_steps"))
    if isinstance(filled, list) and filled:
        notes.append(tell("limit.filled", count=len(filled)))
    return notes


def exactness_notes(fitted: Fitted, grid: Grid, frames: int) -> list[Said]:
    """Say how values were rounded and what was left out to keep the file small.

    Parameters
    ----------
    fitted : Fitted
        What is in the file.
    grid : Grid
        Where it lies.
    frames : int
        Time steps of the data.
    """
    _, error_m = nodes_lonlat(grid)
    notes = [tell("exact.time"), tell("exact.colours"), *map(_rounding, fitted.layers)]
    if len(fitted.kept) < frames:
        every = tell(f"exact.every.{fitted.plan.stride}")
        notes.append(tell("exact.frames", kept=len(fitted.kept), count=frames, every=every))
    if fitted.plan.merge > 1:
        notes.append(tell("exact.merged", side=fitted.plan.merge))
    notes.append(tell("exact.lonlat", metres=f"{max(error_m, 0.01):.2g}"))
    return notes


def _rounding(encoded: EncodedLayer) -> Said:
    unit = encoded.layer.classes.unit
    highest = encoded.levels.edges[-1]
    parts = [
        f"±{encoded.levels.half_width(value):.1g} ({value:g})"
        for value in _ROUNDING_AT.get(unit, ())
        if value < highest
    ]
    words = f"{', '.join(parts)} {unit}".strip()
    return tell("exact.layer", layer=encoded.layer.title, count=encoded.levels.count, parts=words)


def provenance_notes(data: xr.Dataset) -> dict[str, Any]:
    """Give the attributes of a data set that say where it comes from.

    Parameters
    ----------
    data : Dataset
        With attributes as simulate and predict write them; JSON texts are taken apart.
    """
    found: dict[str, Any] = {}
    for key, value in data.attrs.items():
        parsed = _parsed(value)
        if isinstance(parsed, dict):
            found.update({f"{key}: {name}": item for name, item in parsed.items()})
        else:
            found[str(key)] = parsed
    return found or {"provenance": "the data set says nothing about where it comes from"}


def _parsed(value: Any) -> Any:
    """Take a JSON text apart; anything else stays."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
