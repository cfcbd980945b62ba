"""The command ``inundate simulate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from inundate.hydro.settings import SimulateSettings

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["simulate"]

Inputs = Annotated[list[Path], Parameter(consume_multiple=True, negative=())]


def simulate(
    *,
    rain: Inputs,
    terrain: Inputs,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    roughness: Path | None = None,
    initial_depth: Path | None = None,
    rain_crs: str | None = None,
    terrain_crs: str | None = None,
    config: Path | None = None,
    settings: Annotated[SimulateSettings | None, Parameter(name="*")] = None,
    overwrite: bool = False,
    json: bool = False,
) -> None:
    """Flood a heightmap with rain: depth, its maximum, and the volume budget.

    Parameters
    ----------
    rain
        Radar file or folder, or a stored storm; several make one simulation each.
    terrain
        Heightmap; several make one simulation each, with every storm.
    output
        A .zarr for one storm on one heightmap; otherwise a folder that receives
        TERRAIN__STORM.zarr for each pair, where finished ones are kept.
    roughness
        Manning's n on the heightmap's grid: raster, Zarr or NetCDF.
    initial_depth
        Water at the start on the heightmap's grid, m: raster, or the last frame of a simulation.
    rain_crs
        CRS of rain files that name none, such as EPSG:27700.
    terrain_crs
        CRS of heightmaps that name none.
    config
        TOML file; table [simulate] holds the settings below.
    overwrite
        Replace outputs that are there.
    json
        Print one JSON object.

    Examples
    --------
    ``inundate simulate --rain storm.nc --terrain dem.tif -o sim.zarr``
    """
    from inundate.cli.shell import emit
    from inundate.core.config import resolve_settings
    from inundate.core.provenance import hash_path
    from inundate.hydro.layer import open_layer
    from inundate.hydro.pairs import plan_pairs
    from inundate.hydro.simulate import simulate as run
    from inundate.rain.open import open_rain
    from inundate.terrain.open import open_terrain

    resolved = resolve_settings(SimulateSettings, toml=config, table="simulate", flags=settings)
    pairs = plan_pairs(rain, terrain, output, resolved, overwrite=overwrite)
    rough = None if roughness is None else open_layer(roughness, "roughness", crs=terrain_crs)
    depth = None
    if initial_depth is not None:
        depth = open_layer(initial_depth, "water_depth", crs=terrain_crs)
    hashes = {path: hash_path(path) for path in {*rain, *terrain}}
    found: list[dict[str, Any]] = []
    storm: xr.DataArray | None = None
    for pair in pairs:
        if pair.is_done:
            found.append(_summary(pair.output, skipped=True))
            continue
        if storm is None or storm.attrs["storm_name"] != pair.storm_name:
            storm = open_rain(pair.rain, crs=rain_crs).assign_attrs(storm_name=pair.storm_name)
        ground = open_terrain(pair.terrain, crs=terrain_crs)
        run(
            storm,
            ground.assign_attrs(terrain_name=pair.terrain_name),
            settings=resolved,
            roughness=rough,
            initial_depth=depth,
            output=pair.output,
            overwrite=overwrite,
            inputs={str(path): hashes[path] for path in (pair.rain, pair.terrain)},
        )
        found.append(_summary(pair.output, skipped=False))
    emit({"simulations": found}, json=json, text=lambda: "\n\n".join(map(_text, found)))


def _summary(path: Path, *, skipped: bool) -> dict[str, Any]:
    import json

    from inundate.core.store import read_dataset

    with read_dataset(path, kind="simulation") as ds:
        return {
            "output": str(path),
            "skipped": skipped,
            "terrain": ds.attrs["terrain_name"],
            "storm": ds.attrs["storm_name"],
            "cells": ds.sizes["y"] * ds.sizes["x"],
            "frames": ds.sizes["time"],
            "steps": int(ds.attrs["steps"]),
            "wall_s": float(ds.attrs["wall_s"]),
            "rain_mean_mm": _rain_depth(ds),
            "water_depth_max_m": float(ds["water_depth_max"].max()),
            "flooded_share": float((ds["water_depth_max"] >= 0.05).sum() / ds["elevation"].count()),
            "volume_budget": json.loads(ds.attrs["volume_budget"]),
        }


def _rain_depth(ds: xr.Dataset) -> float:
    import json

    area = float(ds["elevation"].count()) * float(abs(ds["x"][1] - ds["x"][0])) ** 2
    return float(json.loads(ds.attrs["volume_budget"])["rain_m3"]) / area * 1000


def _text(result: dict[str, Any]) -> str:
    from inundate.hydro.mass import VolumeBudget

    rate = result["cells"] * result["steps"] / max(result["wall_s"], 1e-9) / 1e6
    state = "kept, finished before" if result["skipped"] else f"{result['wall_s']:.1f} s"
    return "\n".join([
        f"{result['terrain']} under {result['storm']}: {result['output']} ({state})",
        f"  {result['cells']:,} cells, {result['frames']} frames, {result['steps']:,} steps, "
        f"{rate:.0f} M cell updates/s",
        f"  rain {result['rain_mean_mm']:.1f} mm, deepest {result['water_depth_max_m']:.2f} m, "
        f"{100 * result['flooded_share']:.1f} % of cells reached 0.05 m",
        VolumeBudget.table(result["volume_budget"]),
    ])  # fmt: skip
