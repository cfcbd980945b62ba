"""Sentences of a map: what it does not know, how exact it is, where it comes from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from inundate.core.grid import Grid
from inundate.show.fit import EncodedLayer, Fitted
from inundate.show.place import nodes_lonlat
from inundate.show.summary import Summary
from inundate.show.words import model_words

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["exactness_notes", "limit_notes", "provenance_notes"]

_EVERY = {1: "every one", 2: "every second", 3: "every third", 4: "every fourth"}
_ROUNDING_AT = {"m": (0.1, 0.5, 2.0), "mm/h": (1.0, 10.0), "": (0.5,)}


def limit_notes(data: xr.Dataset, summary: Summary) -> list[str]:
    """Say what a map of this data set does not know.

    Parameters
    ----------
    data : Dataset
        Simulation or prediction.
    summary : Summary
        Its figures by time step.
    """
    notes = [
        "Depths below 0.05 m are not drawn; rain leaves a film of water nearly everywhere.",
        "Drains, culverts, bridges and walls are known only as far as the heightmap holds them.",
        "Water that enters from outside the map, by a river or the sea, is known only if the "
        "run was given it.",
    ]
    notes += _settings_notes(_parsed(data.attrs.get("settings")))
    if data.attrs.get("kind") == "prediction":
        model = model_words(str(data.attrs.get("model", "a trained model")))
        notes.append(
            f"This is a prediction by {model}, an emulator of a solver: it has the solver's "
            "limits and its own. Its scores are in the run's report."
        )
    if "depth_probability" not in data and "depth_quantile" not in data:
        notes.append("One run and no uncertainty: the map does not say how sure it is.")
    if summary.unknown_share > 0:
        notes.append(
            f"The depth of up to {100 * summary.unknown_share:.2g} % of the cells is unknown "
            "(hatched). Unknown is not dry."
        )
    return notes + _rain_notes(data)


def _settings_notes(settings: Any) -> list[str]:
    """Say what the settings of a simulation leave out."""
    if not isinstance(settings, dict):
        return []
    notes = []
    if settings.get("infiltration") == "none":
        notes.append("No water sinks into the ground in this run (no infiltration).")
    if settings.get("edges") == "closed":
        notes.append("No water leaves the area in this run: its edges are closed.")
    return notes


def _rain_notes(data: xr.Dataset) -> list[str]:
    attrs = {**data.attrs, **(data["rain_rate"].attrs if "rain_rate" in data else {})}
    notes = []
    moved = _parsed(attrs.get("moved_by_m"))
    if isinstance(moved, list) and len(moved) == 2:
        notes.append(
            f"The rain did not fall here: it was moved by {moved[0]:g} m east and "
            f"{moved[1]:g} m north."
        )
    filled = _parsed(attrs.get("filled_steps"))
    if isinstance(filled, list) and filled:
        notes.append(f"{len(filled)} missing time steps of the rain were filled in.")
    return notes


def exactness_notes(fitted: Fitted, grid: Grid, frames: int) -> list[str]:
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
    notes = [
        "A time is the end of its interval, in UTC.",
        "Colours are those of the true values. Numbers are read back from pictures with 8 bits "
        "a cell and are rounded as the ± beside them says.",
        *(_rounding(layer) for layer in fitted.layers),
    ]
    if len(fitted.kept) < frames:
        notes.append(
            f"To keep the file small, {len(fitted.kept)} of {frames} time steps are drawn: "
            f"{_EVERY[fitted.plan.stride]}, the last, and the one with the largest "
            "flooded area. The strip above the slider and the table hold all."
        )
    if fitted.plan.merge > 1:
        k = fitted.plan.merge
        notes.append(
            f"To keep the file small, {k} × {k} cells are drawn as one, with the value of the "
            "greatest magnitude among them."
        )
    notes.append(
        f"Longitude and latitude (WGS 84) are interpolated; within {max(error_m, 0.01):.2g} m."
    )
    return notes


def _rounding(encoded: EncodedLayer) -> str:
    unit = encoded.layer.classes.unit
    highest = encoded.levels.edges[-1]
    parts = [
        f"±{encoded.levels.half_width(value):.1g} at {value:g}"
        for value in _ROUNDING_AT.get(unit, ())
        if value < highest
    ]
    return (
        f"{encoded.layer.title}: {encoded.levels.count} levels; {', '.join(parts)} {unit}".strip()
    )


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
