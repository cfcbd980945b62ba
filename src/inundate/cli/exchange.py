"""``inundate exchange describe``, ``import`` and ``export``: files of other flood models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from inundate.cli.flags import Json, Output, Overwrite
from inundate.hydro.settings import SimulateSettings

if TYPE_CHECKING:
    from inundate.hydro.external.case import Case
    from inundate.hydro.external.open import Given

__all__ = ["describe", "export", "import_"]


def describe(
    path: Path,
    *,
    crs: str | None = None,
    prefix: str | None = None,
    json: Json = False,
) -> None:
    """Say what a file or folder of another flood model holds, and what we make of it.

    Parameters
    ----------
    path
        LISFLOOD-FP .par, HAIL-CAESAR parameter file, folder of results, or sfincs_map.nc.
    crs
        Coordinate reference system of a heightmap that names none, such as EPSG:27700.
    prefix
        How the names of depth grids start, where it is not the usual one.

    Examples
    --------
    ``inundate exchange describe case.par --crs EPSG:27700``
    """
    from inundate.cli.exchange_text import describe_text
    from inundate.cli.shell import emit
    from inundate.hydro.external.open import holds_of, open_case, recognise

    found = recognise(path, prefix=prefix)
    result: dict[str, Any] = {
        "path": str(path),
        "found": [
            {"model": f.model, "kind": f.kind, "path": str(f.path), "holds": holds_of(f, prefix)}
            for f in found
        ],
    }
    if any(f.kind == "case" for f in found):
        result["case"] = _case_summary(open_case(path, crs=crs))
    emit(result, json=json, text=lambda: describe_text(result))


def import_(
    path: Path,
    *,
    output: Output,
    crs: str | None = None,
    case: Path | None = None,
    terrain: Path | None = None,
    rain: Path | None = None,
    roughness: Path | None = None,
    manning: float | None = None,
    start: str | None = None,
    prefix: str | None = None,
    every_s: float | None = None,
    first_s: float | None = None,
    starts_dry: Annotated[bool, Parameter(negative="")] = False,
    rain_step_s: float | None = None,
    terrain_name: str | None = None,
    storm_name: str | None = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Bring in a case of another flood model, or its results as a simulation.

    Parameters
    ----------
    path
        Parameter file of a case, or depth grids: a folder, one file, or sfincs_map.nc.
    output
        A folder receives the case: heightmap, rain, settings, edges, sources. A .zarr receives
        the results, as inundate simulate would write them.
    crs
        Coordinate reference system of files that name none, such as EPSG:27700; never guessed.
    case
        Parameter file of the problem that the results answer.
    terrain
        Heightmap of results without a case.
    rain
        Rain of results without a case, or over that of the case.
    roughness
        Raster of Manning's n of results without a case.
    manning
        Manning's n of results without a case, where it is one value.
    start
        UTC time of the start, such as 2004-08-16T00:00, for files that hold none.
    prefix
        How the names of depth grids start, where several runs lie in one folder.
    every_s
        Seconds between depth grids, for results without a case.
    first_s
        Time of the first of several grids in one file, s; by default one interval.
    starts_dry
        The ground was dry at the start, for results that do not tell; data sets ask for it.
    rain_step_s
        Seconds of a step that a LISFLOOD-FP rain series is brought to.
    terrain_name
        Name of the heightmap in data sets.
    storm_name
        Name of the storm in data sets.

    Examples
    --------
    ``inundate exchange import case.par --crs EPSG:27700 -o case``

    ``inundate exchange import results --case case.par --crs EPSG:27700 -o sim.zarr``
    """
    from inundate.cli.exchange_text import import_text
    from inundate.cli.shell import emit
    from inundate.core.errors import ConfigError
    from inundate.hydro.external.open import Given, open_case

    reading: dict[str, Any] = {"crs": crs, "rain_step_s": rain_step_s}
    if start is not None:
        reading["start"] = _moment(start)
    if output.suffix != ".zarr":
        given = {"case": case, "terrain": terrain, "rain": rain, "roughness": roughness,
                 "manning": manning, "every_s": every_s, "first_s": first_s,
                 "starts_dry": starts_dry}  # fmt: skip
        useless = [f"--{name.replace('_', '-')}" for name, value in given.items() if value]
        if useless:
            raise ConfigError(
                f"importing a case: {', '.join(useless)} belong to results",
                hint=f"results need a .zarr: -o {output.with_suffix('.zarr')}",
            )
        result = _import_case(open_case(path, **reading), output, overwrite)
    else:
        own = _case_of(path, case, reading)
        files = _opened(terrain, rain, roughness, manning, crs)
        dry = True if starts_dry else None
        given_ = Given(
            case=own, crs=crs, prefix=prefix, every_s=every_s, first_s=first_s, starts_dry=dry,
            **files, **({"start": reading["start"]} if start is not None else {}),
        )  # fmt: skip
        names = {"terrain_name": terrain_name, "storm_name": storm_name}
        result = _import_results(path, given_, output, names, overwrite)
    emit(result, json=json, text=lambda: import_text(result))


def export(
    *,
    rain: Path,
    terrain: Path,
    output: Output,
    model: Literal["lisflood-fp", "hail-caesar"],
    roughness: Path | None = None,
    initial_depth: Path | None = None,
    boundaries: Path | None = None,
    sources: Path | None = None,
    evaporation: Path | None = None,
    rain_crs: str | None = None,
    terrain_crs: str | None = None,
    config: Path | None = None,
    settings: Annotated[SimulateSettings | None, Parameter(name="*")] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write a folder that another flood model can run, and say what it cannot hold.

    Parameters
    ----------
    rain
        Radar file or folder, or a stored storm.
    terrain
        Heightmap.
    output
        Folder for the files.
    model
        Whose files: LISFLOOD-FP, or HAIL-CAESAR (as CAESAR-Lisflood's).
    roughness
        Manning's n on the heightmap's grid.
    initial_depth
        Water at the start on the heightmap's grid, m.
    boundaries
        TOML file of parts of the edges (LISFLOOD-FP).
    sources
        TOML file of point sources (LISFLOOD-FP).
    evaporation
        Series of evaporation (LISFLOOD-FP).
    rain_crs
        CRS of rain files that name none, such as EPSG:27700.
    terrain_crs
        CRS of heightmaps that name none.
    config
        TOML file; table [simulate] holds the settings below.

    Examples
    --------
    ``inundate exchange export --rain storm.nc --terrain dem.tif --model lisflood-fp -o run``
    """
    from inundate.cli.exchange_text import export_text
    from inundate.cli.shell import emit
    from inundate.core.config import resolve_settings
    from inundate.core.errors import ConfigError
    from inundate.core.grid import grid_of
    from inundate.hydro.external.caesar_write import write_caesar
    from inundate.hydro.external.lisflood_write import write_lisflood
    from inundate.hydro.layer import open_layer
    from inundate.hydro.site import open_site
    from inundate.rain.open import open_rain
    from inundate.rain.steps import step_edges
    from inundate.terrain.open import open_terrain

    resolved = resolve_settings(SimulateSettings, toml=config, table="simulate", flags=settings)
    resolved.check()
    ground = open_terrain(terrain, crs=terrain_crs)
    storm = open_rain(rain, crs=rain_crs)
    layers: dict[str, Any] = {
        "roughness": roughness and open_layer(roughness, "roughness", crs=terrain_crs),
        "initial_depth": initial_depth and open_layer(
            initial_depth, "water_depth", crs=terrain_crs
        ),
    }  # fmt: skip
    site: dict[str, Any] = {
        "boundaries": boundaries,
        "sources": sources,
        "evaporation": evaporation,
    }
    if model == "lisflood-fp":
        layers["site"] = open_site(grid_of(ground), step_edges(storm)[0][0], **site)
        write: Any = write_lisflood
    else:
        useless = [f"--{name}" for name, value in site.items() if value is not None]
        if useless:
            raise ConfigError(f"exporting to HAIL-CAESAR: it has nothing for {', '.join(useless)}")
        write = write_caesar
    remarks = write(storm, ground, output, settings=resolved, overwrite=overwrite, **layers)
    files = sorted(entry.name for entry in output.iterdir())
    result = {"output": str(output), "model": model, "files": files, "remarks": remarks.to_list()}
    emit(result, json=json, text=lambda: export_text(result))


def _moment(text: str) -> str:
    import numpy as np

    from inundate.core.errors import ConfigError

    try:
        return str(np.datetime64(text.removesuffix("Z"), "s"))
    except ValueError as error:
        raise ConfigError(
            f"--start {text!r}: expected a UTC time such as 2004-08-16T00:00"
        ) from error


def _case_summary(case: Case) -> dict[str, Any]:
    rain = case.rain
    return {
        "model": case.model,
        "name": case.name,
        "grid": case.grid.describe(),
        "rain_steps": rain.sizes["time"],
        "rain_step_s": float(rain.attrs["interval_s"]),
        "rain_most_mm_h": float(rain.max()),
        "settings": case.settings,
        "boundaries": len(case.boundaries),
        "sources": len(case.sources),
        "remarks": case.remarks.to_list(),
    }


def _import_case(case: Case, output: Path, overwrite: bool) -> dict[str, Any]:
    from inundate.core.provenance import hash_path
    from inundate.hydro.external.case import save_case

    inputs = {str(case.path): hash_path(case.path)}
    files = save_case(case, output, overwrite=overwrite, inputs=inputs)
    return {
        "output": str(output), "files": files, "command": _command(output, files),
        **_case_summary(case),
    }  # fmt: skip


def _command(folder: Path, files: dict[str, str]) -> str:
    """Give the command that simulates what was brought in."""
    flags = {what: "config" if what == "settings" else what.replace("_", "-") for what in files}
    given = [f"--{flags[what]} {folder / name}" for what, name in files.items()]
    return " ".join(["inundate simulate", *given, "-o sim.zarr"])


def _case_of(path: Path, case: Path | None, reading: dict[str, Any]) -> Case | None:
    """Read the case that is named, or that the path itself is."""
    from inundate.hydro.external.open import open_case, recognise

    if case is not None:
        return open_case(case, **reading)
    is_case = path.is_file() and any(found.kind == "case" for found in recognise(path))
    return open_case(path, **reading) if is_case else None


def _opened(
    terrain: Path | None,
    rain: Path | None,
    roughness: Path | None,
    manning: float | None,
    crs: str | None,
) -> dict[str, Any]:
    from inundate.core.errors import ConfigError
    from inundate.hydro.layer import open_layer
    from inundate.rain.open import open_rain
    from inundate.terrain.open import open_terrain

    if roughness is not None and manning is not None:
        raise ConfigError("importing results: --roughness and --manning exclude each other")
    ground = storm = None
    if terrain is not None:
        ground = open_terrain(terrain, crs=crs).assign_attrs(terrain_name=terrain.stem)
    if rain is not None:
        storm = open_rain(rain, crs=crs).assign_attrs(storm_name=rain.stem)
    rough = manning if roughness is None else open_layer(roughness, "roughness", crs=crs)
    return {"terrain": ground, "rain": storm, "roughness": rough}


def _import_results(
    path: Path, given: Given, output: Path, names: dict[str, str | None], overwrite: bool
) -> dict[str, Any]:
    import json

    from inundate.core.files import check_not_input, check_output
    from inundate.core.provenance import hash_path
    from inundate.hydro.external.open import open_results
    from inundate.hydro.external.save import save_simulation

    check_output(output, overwrite)
    check_not_input(output, [path])
    simulated = open_results(path, given)
    inputs = {str(path): hash_path(path)}
    with save_simulation(simulated, output, overwrite=overwrite, inputs=inputs, **names) as ds:
        return {
            "output": str(output),
            "model": simulated.model,
            "frames": ds.sizes["time"],
            "cells": ds.sizes["y"] * ds.sizes["x"],
            "terrain": ds.attrs["terrain_name"],
            "storm": ds.attrs["storm_name"],
            "water_depth_max_m": float(ds["water_depth_max"].max()),
            "volume_budget": json.loads(ds.attrs["volume_budget"]),
            "remarks": simulated.remarks.to_list(),
        }
