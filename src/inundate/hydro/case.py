"""A simulation named by its files: opened, simulated, and told in a few figures."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import xarray as xr

from inundate.core.errors import RunError
from inundate.core.files import check_input
from inundate.core.grid import grid_of
from inundate.core.provenance import hash_path
from inundate.core.store import read_dataset
from inundate.hydro.case_files import CaseFiles
from inundate.hydro.changes import Changes
from inundate.hydro.layer import open_layer
from inundate.hydro.places import open_places
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.simulate import simulate
from inundate.hydro.work import CHECKPOINT_EVERY_S, Watch
from inundate.rain.open import open_rain
from inundate.rain.steps import step_edges
from inundate.terrain.open import open_terrain

__all__ = ["Case", "Hashes", "is_finished", "run_case", "summarise"]

FLOODED_M = 0.05


@dataclass
class Hashes:
    """Hashes of files, each file read once."""

    known: dict[Path, str] = field(default_factory=dict)

    def of(self, *paths: Path) -> dict[str, str]:
        """Give the hash of each path by its name."""
        for path in paths:
            if path not in self.known:
                self.known[path] = hash_path(check_input(path, what="simulating"))
        return {str(path): self.known[path] for path in paths}


@dataclass(frozen=True)
class Case:
    """A simulation named by its files.

    Attributes
    ----------
    rain, terrain, output : Path
        Storm, heightmap, and the Zarr store to write.
    storm_name, terrain_name : str
        Their names in the result.
    settings : SimulateSettings
        Before changes.
    files : CaseFiles
        The other inputs.
    hashes : dict
        Hash of each file by its name.
    changes : Changes
        To what the files and settings say.
    labels : dict
        Kept with the result.
    """

    rain: Path
    terrain: Path
    output: Path
    storm_name: str
    terrain_name: str
    settings: SimulateSettings
    files: CaseFiles = field(default_factory=CaseFiles)
    hashes: dict[str, str] = field(default_factory=dict)
    changes: Changes = field(default_factory=Changes)
    labels: dict[str, Any] = field(default_factory=dict)


def run_case(
    case: Case,
    *,
    overwrite: bool = False,
    checkpoint_every_s: float = CHECKPOINT_EVERY_S,
    progress: bool = True,
    watch: Watch | None = None,
) -> dict[str, Any]:
    """Open the files of a case and simulate it.

    Parameters
    ----------
    case : Case
        What to simulate.
    overwrite, checkpoint_every_s, progress, watch
        As for :func:`~inundate.hydro.simulate.simulate`.

    Returns
    -------
    dict
        As :func:`summarise`.

    Raises
    ------
    InundateError
        As :func:`~inundate.hydro.simulate.simulate`, and what opening a file may raise.
    """
    files, changes = case.files, case.changes
    crs = files.terrain_crs
    settings = changes.settings(case.settings, has_land=files.land_cover is not None)
    storm = _open_storm(case.rain.resolve(), files.rain_crs, case.hashes.get(str(case.rain)))
    terrain = open_terrain(case.terrain, crs=crs).assign_attrs(terrain_name=case.terrain_name)
    grid = grid_of(terrain)
    site = files.open(grid, step_edges(storm)[0][0])
    simulate(
        storm.assign_attrs(storm_name=case.storm_name),
        changes.terrain(terrain),
        settings=settings,
        roughness=changes.roughness(_layer(files.roughness, "roughness", crs)),
        initial_depth=_layer(files.initial_depth, "water_depth", crs),
        site=changes.site(site),
        gauges=open_places(files.gauges, "point", grid, crs=files.gauges_crs)
        if files.gauges else (),
        sections=open_places(files.sections, "line", grid, crs=files.sections_crs)
        if files.sections else (),
        rain_factor=changes.rain_factor,
        output=case.output,
        overwrite=overwrite,
        checkpoint_every_s=checkpoint_every_s,
        inputs=case.hashes,
        labels=_labels(case),
        progress=progress,
        watch=watch,
    )  # fmt: skip
    return summarise(case.output)


@lru_cache(maxsize=1)  # many simulations of one storm open it once
def _open_storm(path: Path, crs: str | None, _hash: str | None) -> xr.DataArray:
    return open_rain(path, crs=crs)


def _layer(path: Path | None, name: str, crs: str | None) -> xr.DataArray | None:
    return None if path is None else open_layer(path, name, crs=crs)


def _labels(case: Case) -> dict[str, Any]:
    changed = {} if case.changes == Changes() else {"changes": asdict(case.changes)}
    return {**case.labels, **changed}


def is_finished(case: Case) -> bool:
    """Tell whether the output of a case is there already.

    Raises
    ------
    RunError
        If it is there, but was made of other files or settings.
    """
    if not case.output.exists():
        return False
    with read_dataset(case.output, kind="simulation") as ds:
        settings = ds.attrs.get("settings")
        inputs = json.loads(ds.attrs.get("provenance", "{}")).get("inputs", {})
        labels = json.loads(ds.attrs.get("member", "{}"))
    expected = case.changes.settings(case.settings, has_land=case.files.land_cover is not None)
    faults = [
        what
        for what, same in (
            ("settings", settings == expected.model_dump_json()),
            ("inputs", sorted(inputs.values()) == sorted(case.hashes.values())),
            ("changes", labels == json.loads(json.dumps(_labels(case)))),
        )
        if not same
    ]
    if faults:
        raise RunError(
            f"writing {case.output}: it exists and was made with other {' and '.join(faults)}",
            hint="give another -o, or --overwrite to replace it",
        )
    return True


def summarise(path: Path) -> dict[str, Any]:
    """Tell a simulation in a few figures.

    Returns
    -------
    dict
        Names, cells, frames, steps, seconds of work, mean rain, largest depth, flooded share of
        the ground, and the volume budget.
    """
    with read_dataset(path, kind="simulation") as ds:
        budget = json.loads(ds.attrs["volume_budget"])
        ground = float(ds["elevation"].count())
        area = ground * float(abs(ds["x"][1] - ds["x"][0])) ** 2
        return {
            "output": str(path),
            "terrain": ds.attrs["terrain_name"],
            "storm": ds.attrs["storm_name"],
            "cells": ds.sizes["y"] * ds.sizes["x"],
            "frames": ds.sizes["time"],
            "steps": int(ds.attrs["steps"]),
            "wall_s": float(ds.attrs["wall_s"]),
            "rain_mean_mm": budget["rain_m3"] / area * 1000,
            "water_depth_max_m": float(ds["water_depth_max"].max()),
            "flooded_share": float((ds["water_depth_max"] >= FLOODED_M).sum() / ground),
            "volume_budget": budget,
        }
