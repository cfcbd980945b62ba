"""Real heightmaps and radar, read once and kept as plain arrays that workers map."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inundate.core.grid import Grid, grid_of
from inundate.core.provenance import hash_path
from inundate.dataset.world.sources import HEIGHTMAPS, RADAR, Heightmap, Radar

__all__ = ["Event", "Library", "Surface", "open_library", "read_library", "write_library"]

Array = NDArray[np.float32]

BOX_KM = 64  # side of a cut-out: a tile of 17 km fits with room to move
_BOXES = 48  # cut-outs of an event
_LEAST_MM = 2.0  # a cut-out has a cell with at least this much
_LONELY_MM, _LONELY_TIMES = 10.0, 4.0  # a cell with more than this, and than its neighbours
_STEP_KM = 16  # cut-outs start on a lattice of this pitch


@dataclass(frozen=True)
class Surface:
    """A real heightmap, (H, W) in m, and where it lies."""

    values: Array
    grid: Grid


@dataclass(frozen=True)
class Event:
    """Cut-outs of a radar storm.

    Attributes
    ----------
    boxes : array (N, T, B, B), mm h-1
        Without a gap.
    weights : array (N,)
        Chance of each, the higher the more it rained.
    step_s : float
    cell_m : float
    """

    boxes: Array
    weights: NDArray[np.float64]
    step_s: float
    cell_m: float


@dataclass(frozen=True)
class Library:
    """Everything real that a world is made of; empty without a folder of real data.

    Attributes
    ----------
    surfaces : mapping of str to Surface
    events : mapping of str to Event
    inputs : mapping of str to str
        Path below the folder of real data to its hash.
    missing : tuple of str
        What was not found.
    """

    surfaces: Mapping[str, Surface]
    events: Mapping[str, Event]
    inputs: Mapping[str, str]
    missing: tuple[str, ...] = ()


def read_library(
    data: Path | None, *, advance: Callable[[str], None] = lambda name: None
) -> Library:
    """Read all real heightmaps and storms below a folder.

    Parameters
    ----------
    data : Path or None
        None gives an empty library.
    advance : callable
        Told the name of what is read next.
    """
    surfaces: dict[str, Surface] = {}
    events: dict[str, Event] = {}
    inputs: dict[str, str] = {}
    missing: list[str] = []
    if data is None:
        return Library(surfaces, events, inputs, tuple(HEIGHTMAPS) + tuple(RADAR))

    def found(name: str, below: str) -> Path | None:
        advance(name)
        path = data / below
        if not path.exists():
            missing.append(name)
            return None
        if below:
            inputs[below] = hash_path(path)
        return path

    for name, heightmap in HEIGHTMAPS.items():
        if (path := found(name, heightmap.path)) is not None:
            surfaces[name] = _read_surface(path, heightmap)
    for name, radar in RADAR.items():
        if (path := found(name, radar.path)) is not None:
            events[name] = _read_event(path, radar)
    return Library(surfaces, events, inputs, tuple(missing))


def _read_surface(path: Path, source: Heightmap) -> Surface:
    from inundate.terrain.metric import to_metric
    from inundate.terrain.open import open_terrain
    from inundate.terrain.sample import sample_terrain

    found = open_terrain(path, crs=source.crs) if source.path else sample_terrain("jacksboro")
    metric = to_metric(found)
    values = np.ascontiguousarray(metric.values, dtype=np.float32)
    return Surface(values, grid_of(metric, where=f"reading {path}"))


def _read_event(path: Path, source: Radar) -> Event:
    from inundate.rain.open import open_rain

    rain = open_rain(path)
    values = np.array(rain.values, dtype=np.float32)
    if source.max_rate_mm_h is not None:
        values[values > source.max_rate_mm_h] = np.nan  # clutter: boxes that hold any are left
    step_s = float(rain.attrs["interval_s"])
    cell_m = grid_of(rain, where=f"reading {path}").dx
    boxes = _cut_out(values, step_s, round(BOX_KM * 1000 / cell_m), round(_STEP_KM * 1000 / cell_m))
    weights = boxes.mean(axis=(1, 2, 3), dtype=np.float64)
    return Event(boxes, weights / weights.sum(), step_s, cell_m)


def _cut_out(values: Array, step_s: float, side: int, pitch: int) -> Array:
    """Give the wettest boxes without a gap or a lonely echo, (N, T, side, side)."""
    total = values.sum(axis=0, dtype=np.float64) * step_s / 3600.0  # mm; NaN with any gap
    total[_is_lonely(total)] = np.nan
    wet: dict[tuple[int, int], float] = {}
    for top in range(0, total.shape[0] - side + 1, pitch):
        for left in range(0, total.shape[1] - side + 1, pitch):
            part = total[top : top + side, left : left + side]
            if np.isfinite(part).all() and part.max() >= _LEAST_MM:
                wet[top, left] = float(part.mean())
    best = sorted(wet, key=lambda at: (-wet[at], at))[:_BOXES]
    return np.stack([values[:, top : top + side, left : left + side] for top, left in best])


def _is_lonely(total: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark cells that got many times what any neighbour got: echoes of something on the ground."""
    wide = np.pad(np.nan_to_num(total), 1)
    height, width = total.shape
    around = np.zeros(total.shape)
    for row in range(3):
        for column in range(3):
            if (row, column) != (1, 1):
                around = np.maximum(around, wide[row : row + height, column : column + width])
    return (total > _LONELY_MM) & (total > _LONELY_TIMES * around)


def write_library(library: Library, folder: Path) -> None:
    """Keep a library as arrays in a folder, for :func:`open_library`."""
    folder.mkdir(parents=True, exist_ok=True)
    index = {
        "surfaces": {name: asdict(found.grid) for name, found in library.surfaces.items()},
        "events": {
            name: {"step_s": found.step_s, "cell_m": found.cell_m, "weights": list(found.weights)}
            for name, found in library.events.items()
        },
        "inputs": dict(library.inputs),
        "missing": list(library.missing),
    }
    for name, surface in library.surfaces.items():
        np.save(folder / f"surface-{name}.npy", surface.values)
    for name, event in library.events.items():
        np.save(folder / f"event-{name}.npy", event.boxes)
    (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")


def open_library(folder: Path) -> Library:
    """Map a library that :func:`write_library` kept; nothing is read before it is used."""
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return Library(
        {
            name: Surface(np.load(folder / f"surface-{name}.npy", mmap_mode="r"), Grid(**grid))
            for name, grid in index["surfaces"].items()
        },
        {
            name: Event(
                np.load(folder / f"event-{name}.npy", mmap_mode="r"),
                np.array(entry["weights"]),
                entry["step_s"],
                entry["cell_m"],
            )
            for name, entry in index["events"].items()
        },
        index["inputs"],
        tuple(index["missing"]),
    )
