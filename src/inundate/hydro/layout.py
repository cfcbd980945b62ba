"""The fixed part of a result: coordinates, ground and attributes, known before the first step."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from inundate.core.grid import Grid, attach_grid
from inundate.core.names import attributes
from inundate.core.provenance import provenance
from inundate.hydro.forcing import Forcing
from inundate.hydro.frames import frame_ends
from inundate.hydro.march import March
from inundate.hydro.places import Place
from inundate.hydro.record import sample_times
from inundate.hydro.settings import SimulateSettings

__all__ = ["fixed_part", "with_samples"]

# what was done to the rain stays with the flood that it made
_HANDED_ON = ("moved_by_m", "moved_from", "filled_steps", "history", "source_format")


def fixed_part(
    terrain: xr.DataArray,
    grid: Grid,
    march: March,
    forcing: Forcing,
    inputs: Mapping[str, str],
    labels: Mapping[str, Any] | None,
) -> xr.Dataset:
    """Put together all that is known before the first step."""
    ends = frame_ends(forcing.total_s, march.settings.output_every_s)
    edges = np.concatenate([[0.0], ends])
    clock = forcing.starts[0] + np.round(edges * 1e9).astype("timedelta64[ns]")
    rough = np.where(march.ground.valid, march.ground.roughness, np.nan).astype(np.float32)
    kept = {key: value for key, value in terrain.attrs.items() if key != "grid_mapping"}
    ds = xr.Dataset(
        {
            "elevation": (("y", "x"), terrain.to_numpy().astype(np.float32), kept),
            "roughness": (("y", "x"), rough, attributes("roughness")),
        },
        coords={
            "time": ("time", clock[1:], {"standard_name": "time", "bounds": "time_bounds"}),
            "time_bounds": (("time", "bounds"), np.stack([clock[:-1], clock[1:]], axis=1)),
        },
        attrs={
            "kind": "simulation",
            "settings": march.settings.model_dump_json(),
            "terrain_name": str(terrain.attrs.get("terrain_name", "terrain")),
            "storm_name": str(forcing.rain.attrs.get("storm_name", "rain")),
            "provenance": json.dumps({**provenance(), "inputs": dict(inputs)}),
            **({"member": json.dumps(dict(labels))} if labels else {}),
            **({"site": json.dumps(site)} if (site := march.site.describe()) else {}),
            "arrival_depth_m": march.settings.arrival_depth_m,
            **{key: forcing.rain.attrs[key] for key in _HANDED_ON if key in forcing.rain.attrs},
        },
    )
    return attach_grid(ds, grid)


def with_samples(
    fixed: xr.Dataset,
    forcing: Forcing,
    settings: SimulateSettings,
    gauges: Sequence[Place],
    sections: Sequence[Place],
) -> xr.Dataset:
    """Add the times of samples and the names and places of what is recorded."""
    if not gauges and not sections:
        return fixed
    seconds = sample_times(forcing.total_s, settings.sample_every_s)
    clock = forcing.starts[0] + np.round(seconds * 1e9).astype("timedelta64[ns]")
    fixed = fixed.assign_coords(sample=("sample", clock, {"standard_name": "time"}))
    for name, places in (("gauge", gauges), ("section", sections)):
        if places:
            fixed = fixed.assign_coords({name: (name, np.array([p.name for p in places], object))})
    if gauges:
        for axis in ("x", "y"):
            values = np.array([getattr(place, axis)[0] for place in gauges])
            units = {"standard_name": f"projection_{axis}_coordinate", "units": "m"}
            fixed = fixed.assign_coords({f"gauge_{axis}": ("gauge", values, units)})
    if sections:
        lines = [np.column_stack([place.x, place.y]).tolist() for place in sections]
        fixed["section"].attrs["lines"] = json.dumps(lines)
    return fixed
