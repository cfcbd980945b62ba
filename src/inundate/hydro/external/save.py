"""Results of another model, written as a simulation of this package, frame by frame."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, DataError
from inundate.core.files import atomic_folder, check_output
from inundate.core.grid import attach_grid, check_metric_square, grid_of
from inundate.core.names import attributes
from inundate.core.provenance import provenance
from inundate.core.store import encoding_for, read_dataset, write_dataset
from inundate.hydro.external.results import Frame, Simulated, budget_of
from inundate.hydro.settings import SimulateSettings
from inundate.rain.overlap import overlap
from inundate.rain.regrid import Regridder
from inundate.rain.steps import step_edges, time_text

__all__ = ["save_simulation"]

# what was done to the rain stays with the flood that it made
_HANDED_ON = ("moved_by_m", "moved_from", "filled_steps", "history", "source_format")
_LEAST_COVER = 1 - 1e-6


def save_simulation(
    simulated: Simulated,
    output: Path,
    *,
    terrain_name: str | None = None,
    storm_name: str | None = None,
    overwrite: bool = False,
    inputs: Mapping[str, str] | None = None,
) -> xr.Dataset:
    """Write a model's results as a simulation, one frame in memory at a time.

    Parameters
    ----------
    simulated : Simulated
    output : Path
        A ``.zarr``.
    terrain_name, storm_name : str, optional
        Over those that terrain and rain carry.
    overwrite : bool
        Replace what is there.
    inputs : mapping, optional
        Hashes of the files that were read, for the provenance.

    Returns
    -------
    Dataset
        As :func:`inundate.hydro.simulate.simulate` gives it; the attribute ``simulated_by``
        names the model, ``exchange`` holds what became of its settings. Terms of the volume
        budget that the model does not state are null.

    Raises
    ------
    ConfigError
        If the output is no ``.zarr``.
    DataError
        If there is no frame after the start, or the rain does not cover the frames.
    GridError
        If the heightmap is not in square metres, or the rain does not cover it.
    RunError
        If the output exists or cannot be written.
    """
    target = Path(output)
    if target.suffix != ".zarr":
        raise ConfigError(
            f"writing {target}: suffix {target.suffix!r}, expected .zarr for a simulation",
            hint=f"try -o {target.with_suffix('.zarr')}",
        )
    check_output(target, overwrite)
    writer = _Writer(simulated, terrain_name, storm_name, inputs or {})
    with atomic_folder(target) as temporary:
        writer.write(temporary)
    return read_dataset(target)


class _Writer:
    """Puts the parts together; kept as an object since each frame needs most of them."""

    def __init__(
        self,
        simulated: Simulated,
        terrain_name: str | None,
        storm_name: str | None,
        inputs: Mapping[str, str],
    ) -> None:
        self.simulated = simulated
        self.grid = grid_of(simulated.terrain)
        check_metric_square(self.grid, where="importing results")
        self.valid = np.isfinite(simulated.terrain.to_numpy())
        self.names = (terrain_name, storm_name)
        self.inputs = dict(inputs)
        seconds = simulated.frames.seconds
        self.numbers = np.flatnonzero(seconds > 0)
        if not self.numbers.size:
            raise DataError("importing results: found no depth after the start, expected some")
        self.edges = np.concatenate([[0.0], seconds[self.numbers]])
        self.starts, self.ends = step_edges(simulated.rain, where="importing results, rain")
        self.origin = self.starts[0] if simulated.start is None else simulated.start
        self.clock = self.origin + np.round(self.edges * 1e9).astype("timedelta64[ns]")
        self.weights = self._rain_weights()
        self.regrid = Regridder(grid_of(simulated.rain), self.grid)
        if self.regrid.covered < _LEAST_COVER:
            raise DataError(
                f"importing results: the rain covers {self.regrid.covered:.2%} of the heightmap, "
                "expected all of it"
            )

    def _rain_weights(self) -> NDArray[np.float64]:
        """Share of each frame's time in each rain step, (T, S); after the rain it is dry."""
        low, high = ((t - self.origin).astype(np.int64) / 1e9 for t in (self.starts, self.ends))
        gaps = np.maximum(low[1:] - high[:-1], 0.0)
        if low[0] > 1 or (gaps.size and gaps.max() > 1):
            raise DataError(
                f"importing results: the rain starts at {time_text(self.starts[0])}, the results "
                f"at {time_text(self.origin)}, and its longest gap is {gaps.max(initial=0):g} s; "
                "expected rain from the start on, without gaps",
                hint="fill gaps first: inundate rain clean",
            )
        if high[-1] < self.edges[-1] - 1:
            self.simulated.remarks.add(
                "rain", f"until {time_text(self.ends[-1])}", "taken", "dry from then on"
            )
        shared = overlap(low, high, self.edges[:-1], self.edges[1:])
        lengths: NDArray[np.float64] = np.diff(self.edges)[:, None]
        return np.asarray(shared / lengths)

    def rain(self, frame: int) -> Frame:
        """Mean rate over a frame's interval, (H, W) in mm h-1."""
        total = np.zeros(self.grid.shape)
        for step in np.flatnonzero(self.weights[frame]):
            rate = self.regrid(self.simulated.rain.isel(time=step).to_numpy())
            total += self.weights[frame, step] * rate.astype(np.float64)
        missing = int((np.isnan(total) & self.valid).sum())
        if missing:
            raise DataError(
                f"importing results: rain is missing in {missing} cells with ground between "
                f"{time_text(self.clock[frame])} and {time_text(self.clock[frame + 1])}",
                hint="fill it first: inundate rain clean",
            )
        # as the solver stores it: where there is no ground, missing rain is none
        return np.nan_to_num(total).astype(np.float32)

    def depth(self, number: int) -> Frame:
        """Depth of a frame, (H, W) in m; NaN where there is no ground."""
        found = self.simulated.frames.read(int(number))
        unknown = int((np.isnan(found) & self.valid).sum())
        if unknown:
            raise DataError(
                f"importing results: depth grid {number} is missing in {unknown} cells with ground"
            )
        return np.where(self.valid, found, np.float32(np.nan)).astype(np.float32)

    def initial_m3(self) -> float | None:
        """Water on the ground at the start; None where nothing tells."""
        at_start = np.flatnonzero(self.simulated.frames.seconds <= 0)
        if self.simulated.starts_dry:
            return 0.0
        if at_start.size:
            depth = self.depth(int(at_start[-1]))
            return float(np.nansum(depth, dtype=np.float64)) * self.grid.dx**2
        return None

    def fixed(self) -> xr.Dataset:
        terrain, rough = self.simulated.terrain, self.simulated.roughness
        values = np.full(self.grid.shape, rough) if isinstance(rough, float) else rough.to_numpy()
        kept = {key: value for key, value in terrain.attrs.items() if key != "grid_mapping"}
        ds = xr.Dataset(
            {
                "elevation": (
                    ("y", "x"), terrain.to_numpy().astype(np.float32),
                    {**kept, **attributes("elevation")},
                ),
                "roughness": (
                    ("y", "x"), np.where(self.valid, values, np.nan).astype(np.float32),
                    attributes("roughness"),
                ),
            },
            coords={
                "time": ("time", self.clock[1:], {"standard_name": "time"}),
                "time_bounds": (
                    ("time", "bounds"), np.stack([self.clock[:-1], self.clock[1:]], axis=1),
                ),
            },
            attrs=self._attrs(),
        )  # fmt: skip
        return attach_grid(ds, self.grid)

    def _attrs(self) -> dict[str, Any]:
        one = self.simulated
        names = (
            one.terrain.attrs.get("terrain_name", "terrain"),
            one.rain.attrs.get("storm_name", "rain"),
        )
        return {
            "kind": "simulation",
            "simulated_by": one.model,
            "settings": SimulateSettings(**one.settings).model_dump_json(),
            "terrain_name": str(self.names[0] or names[0]),
            "storm_name": str(self.names[1] or names[1]),
            "provenance": json.dumps(
                {**provenance(), "simulated_by": one.model, "inputs": self.inputs}
            ),
            **{key: one.rain.attrs[key] for key in _HANDED_ON if key in one.rain.attrs},
        }

    def write(self, folder: Path) -> None:
        """Write everything into a folder that becomes the store."""
        write_dataset(self.fixed(), folder, overwrite=True)
        group = zarr.open_group(folder, mode="r+")
        shape = (self.numbers.size, *self.grid.shape)
        depths = _create(group, "water_depth", ("time", "y", "x"), shape)
        rates = _create(group, "rain_rate", ("time", "y", "x"), shape)
        fallen, deepest, depth = 0.0, np.zeros(self.grid.shape, np.float32), None
        for index, number in enumerate(self.numbers.tolist()):
            depth, rate = self.depth(number), self.rain(index)
            depths[index], rates[index] = depth, rate
            deepest = np.fmax(deepest, depth)
            length = self.edges[index + 1] - self.edges[index]
            fallen += float(rate[self.valid].sum(dtype=np.float64)) * length
        assert depth is not None  # there is a frame
        own = self.simulated.frames.deepest
        maximum = _create(group, "water_depth_max", ("y", "x"), self.grid.shape)
        highest = deepest if own is None else np.fmax(own, deepest)
        maximum[:] = np.where(self.valid, highest, np.nan).astype(np.float32)
        maximum.attrs["source"] = "depth grids" if own is None else f"{self.simulated.model}'s map"
        group.attrs.update(self._results(depth, fallen / 3.6e6 * self.grid.dx**2))

    def _results(self, last: Frame, rain_m3: float) -> dict[str, str]:
        stored = float(np.nansum(last, dtype=np.float64)) * self.grid.dx**2
        terms = {"rain_m3": rain_m3, "initial_m3": self.initial_m3(), "stored_m3": stored}
        budget = budget_of({**terms, **self.simulated.budget})
        remarks = self.simulated.remarks.to_list()
        return {"volume_budget": json.dumps(budget), "exchange": json.dumps(remarks)}


def _create(
    group: zarr.Group, name: str, dims: tuple[str, ...], shape: tuple[int, ...]
) -> zarr.Array[Any]:
    like = xr.Dataset({name: xr.Variable(dims, np.broadcast_to(np.float32(0), shape))})
    encoding: dict[str, Any] = encoding_for(like, zarr=True)[name]
    return group.create_array(
        name,
        shape=shape,
        dtype="float32",
        chunks=encoding["chunks"],
        compressors=encoding["compressors"],
        fill_value=np.nan,
        dimension_names=dims,
        attributes={**attributes(name), "grid_mapping": "spatial_ref"},
    )
