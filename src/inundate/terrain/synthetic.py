"""Synthetic heightmaps: fractal hills, valleys, flat plains, towns.

Each function gives the same terrain for the same seed and settings. Heights are whole
millimetres. The place is made up: a square of the British National Grid with no meaning, so that
cells are metres and every tool can draw it.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, nearest
from inundate.core.grid import Grid, attach_grid
from inundate.core.names import attributes
from inundate.core.seeds import make_rng
from inundate.terrain.erode import carve, erode, spectral_surface
from inundate.terrain.town import town_heights

__all__ = [
    "KINDS",
    "Kind",
    "make_fractal",
    "make_plain",
    "make_random",
    "make_terrain",
    "make_urban",
    "make_valley",
]

CRS = "EPSG:27700"
ORIGIN_M = (400_000.0, 300_000.0)
"""South-west corner of every synthetic terrain."""

Shape = tuple[int, int]


def make_fractal(
    seed: int = 0,
    shape: Shape = (256, 256),
    cell_size_m: float = 20.0,
    *,
    relief_m: float = 120.0,
    hurst: float = 0.8,
    erosion_steps: int = 12,
    micro_relief_m: float = 0.05,
    crs: str = CRS,
) -> xr.DataArray:
    """Make fractal hills with valleys that drain.

    Parameters
    ----------
    seed : int
    shape : tuple
        Rows and columns, at least 8 x 8.
    cell_size_m : float, m
    relief_m : float, m
        Highest minus lowest ground before erosion.
    hurst : float
        0 (rough) to 1 (smooth) exponent of the surface.
    erosion_steps : int
        Steps of stream-power erosion, which cut the valleys; 0 leaves the raw surface with its
        many pits.
    micro_relief_m : float, m
        Standard deviation of the fine unevenness added at the end, which makes puddles.
    crs : str
        Stated CRS; metres.

    Returns
    -------
    DataArray (y, x), float32, m

    Examples
    --------
    >>> make_fractal(1, (32, 32)).shape
    (32, 32)
    """
    rng = make_rng(seed, "terrain", "fractal")
    height = _scaled(spectral_surface(rng, shape, hurst), relief_m)
    height = erode(height, erosion_steps)
    height = carve(height)
    height += micro_relief_m * spectral_surface(rng, shape, 0.3)
    return _finished(height, cell_size_m, crs, "fractal", seed)


def make_valley(
    seed: int = 0,
    shape: Shape = (256, 256),
    cell_size_m: float = 20.0,
    *,
    valley_slope: float = 0.005,
    side_slope: float = 0.15,
    floor_width_m: float = 300.0,
    channel_depth_m: float = 1.5,
    relief_m: float = 100.0,
    crs: str = CRS,
) -> xr.DataArray:
    """Make a winding valley that falls to the south, with side valleys and a channel.

    Parameters
    ----------
    seed, shape, cell_size_m, crs
        See :func:`make_fractal`.
    valley_slope : float, m/m
        Fall of the valley floor.
    side_slope : float, m/m
        Rise of the valley sides where they start.
    floor_width_m : float, m
        Width of the flood plain.
    channel_depth_m : float, m
        Depth of the channel, about 30 m (at least one cell) wide.
    relief_m : float, m
        Relief of the hills into which the sides level out.

    Returns
    -------
    DataArray (y, x), float32, m
    """
    rng = make_rng(seed, "terrain", "valley")
    rows, columns = shape
    along = np.arange(rows)[:, None] * cell_size_m
    across = (np.arange(columns)[None, :] + 0.5) * cell_size_m
    length, width = rows * cell_size_m, columns * cell_size_m
    waves = rng.uniform(0.7, 1.6), rng.uniform(2.5, 4.0)
    phase = rng.uniform(0, 2 * np.pi, 2)
    swing = 0.10 * np.sin(2 * np.pi * waves[0] * along / length + phase[0])
    swing += 0.03 * np.sin(2 * np.pi * waves[1] * along / length + phase[1])
    distance = np.abs(across - width * (0.5 + swing))
    beyond = np.maximum(distance - floor_width_m / 2, 0.0)
    reach = 0.15 * width  # the sides level out into hills over this distance
    height = (length - along) * valley_slope
    height = height + side_slope * reach * (1.0 - np.exp(-beyond / reach))
    hills = _scaled(spectral_surface(rng, shape, 0.75), relief_m)
    height += hills * np.clip(beyond / reach, 0.0, 1.0)
    height = erode(height, 10, strength=0.03, creep=0.3)
    channel = distance <= max(15.0, cell_size_m / 2)
    height -= channel_depth_m * channel
    height = carve(height)
    height += 0.05 * spectral_surface(rng, shape, 0.3)
    return _finished(height, cell_size_m, crs, "valley", seed)


def make_plain(
    seed: int = 0,
    shape: Shape = (256, 256),
    cell_size_m: float = 10.0,
    *,
    slope: float = 0.001,
    micro_relief_m: float = 0.4,
    ditches: int = 6,
    ditch_depth_m: float = 1.0,
    levees: int = 2,
    levee_height_m: float = 1.2,
    crs: str = CRS,
) -> xr.DataArray:
    """Make a flat alluvial plain with hollows, ditches and levees.

    Parameters
    ----------
    seed, shape, cell_size_m, crs
        See :func:`make_fractal`.
    slope : float, m/m
        Fall of the plain, in a direction that the seed chooses.
    micro_relief_m : float, m
        Standard deviation of the low swells and hollows; they are not drained.
    ditches, levees : int
        How many straight ditches and banks cross the plain; banks have gaps.
    ditch_depth_m, levee_height_m : float, m

    Returns
    -------
    DataArray (y, x), float32, m
    """
    rng = make_rng(seed, "terrain", "plain")
    rows, columns = shape
    y, x = np.mgrid[:rows, :columns] * cell_size_m
    angle = rng.uniform(0, 2 * np.pi)
    height = slope * (x * np.cos(angle) + y * np.sin(angle))
    height += micro_relief_m * spectral_surface(rng, shape, 0.6)
    for _ in range(levees):
        distance, along = _line(rng, x, y)
        bank = np.clip(1.0 - distance / (1.5 * cell_size_m), 0.0, 1.0)
        gap = np.abs(along % (0.4 * columns * cell_size_m)) < 3 * cell_size_m
        height += levee_height_m * bank * ~gap
    for _ in range(ditches):
        distance, _ = _line(rng, x, y)
        height -= ditch_depth_m * (distance <= 0.75 * cell_size_m)
    return _finished(height, cell_size_m, crs, "plain", seed)


def make_urban(
    seed: int = 0,
    shape: Shape = (256, 256),
    cell_size_m: float = 2.0,
    *,
    slope: float = 0.008,
    block_m: float = 80.0,
    street_m: float = 12.0,
    kerb_m: float = 0.12,
    built_share: float = 0.45,
    building_height_m: float = 5.0,
    underpasses: int = 2,
    micro_relief_m: float = 0.3,
    crs: str = CRS,
) -> xr.DataArray:
    """Make a town: blocks of buildings, streets below the pavements, underpasses.

    Parameters
    ----------
    seed, shape, cell_size_m, crs
        See :func:`make_fractal`.
    slope : float, m/m
        Fall of the whole town.
    block_m, street_m : float, m
        Mean size of a block and width of a street (at least two cells).
    kerb_m : float, m
        Streets lie this much below the pavements.
    built_share : float
        Share of each block under buildings.
    building_height_m : float, m
        Buildings stand this much above the ground, so water flows round them; 0 for bare earth.
    underpasses : int
        Street crossings lowered by 2.5 m: closed sinks.
    micro_relief_m : float, m
        Standard deviation of the swells under the town.

    Returns
    -------
    DataArray (y, x), float32, m
    """
    rng = make_rng(seed, "terrain", "urban")
    rows, columns = shape
    y, x = np.mgrid[:rows, :columns] * cell_size_m
    angle = rng.uniform(0, 2 * np.pi)
    ground = slope * (x * np.cos(angle) + y * np.sin(angle))
    ground += micro_relief_m * spectral_surface(rng, shape, 0.9)
    ground += town_heights(
        rng,
        shape,
        cell_size_m,
        block_m=block_m,
        street_m=street_m,
        kerb_m=kerb_m,
        built_share=built_share,
        building_height_m=building_height_m,
        underpasses=underpasses,
    )
    return _finished(ground, cell_size_m, crs, "urban", seed)


@dataclass(frozen=True)
class Kind:
    """A kind of synthetic terrain: its maker and how a random one is drawn.

    Attributes
    ----------
    make : callable
        ``make(seed, shape, cell_size_m, **settings)``.
    doc : str
        One line.
    draw : dict
        Setting to (low, high) of a uniform draw; of a log-uniform one where low is above 0 and
        high at least 4 low.
    """

    make: Callable[..., xr.DataArray]
    doc: str
    draw: dict[str, tuple[float, float]]


KINDS: dict[str, Kind] = {
    "fractal": Kind(
        make_fractal,
        "fractal hills with valleys that drain",
        {"cell_size_m": (5, 50), "relief_m": (10, 300), "hurst": (0.6, 0.95)},
    ),
    "valley": Kind(
        make_valley,
        "a winding valley with side valleys, flood plain and channel",
        {
            "cell_size_m": (5, 50),
            "valley_slope": (0.001, 0.02),
            "side_slope": (0.05, 0.4),
            "floor_width_m": (50, 600),
            "channel_depth_m": (0, 3),
            "relief_m": (30, 200),
        },
    ),
    "plain": Kind(
        make_plain,
        "a flat alluvial plain with hollows, ditches and levees",
        {
            "cell_size_m": (2, 25),
            "slope": (0.0002, 0.004),
            "micro_relief_m": (0.1, 0.8),
            "ditch_depth_m": (0.3, 1.5),
            "levee_height_m": (0.5, 2.0),
        },
    ),
    "urban": Kind(
        make_urban,
        "blocks of buildings, streets below the pavements, underpasses",
        {
            "cell_size_m": (2, 5),
            "slope": (0.001, 0.03),
            "block_m": (50, 120),
            "street_m": (8, 18),
            "built_share": (0.2, 0.6),
            "micro_relief_m": (0.1, 0.6),
        },
    ),
}
"""Every kind of synthetic terrain by name."""


def make_terrain(
    kind: str,
    seed: int = 0,
    shape: Shape = (256, 256),
    cell_size_m: float | None = None,
    **settings: float,
) -> xr.DataArray:
    """Make a synthetic terrain of a named kind.

    Parameters
    ----------
    kind : str
        One of :data:`KINDS`.
    seed, shape
        See :func:`make_fractal`.
    cell_size_m : float, m, optional
        By default that of the kind.
    **settings
        Passed to the maker of the kind.

    Raises
    ------
    ConfigError
        If the kind or a setting is not known, or the shape is below 8 x 8.
    """
    if kind not in KINDS:
        close = nearest(kind, KINDS)
        raise ConfigError(
            f"terrain kind {kind!r} is not known; expected one of {', '.join(KINDS)}",
            hint=f"did you mean {close!r}?" if close else None,
        )
    given: dict[str, Any] = dict(settings)
    if cell_size_m is not None:
        given["cell_size_m"] = cell_size_m
    known = list(inspect.signature(KINDS[kind].make).parameters)[2:]
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ConfigError(
            f"terrain kind {kind!r} has no setting {', '.join(unknown)}; it has {', '.join(known)}"
        )
    return KINDS[kind].make(seed, shape, **given)


def make_random(
    seed: int, shape: Shape = (256, 256), *, kinds: tuple[str, ...] = tuple(KINDS)
) -> xr.DataArray:
    """Make a synthetic terrain whose kind and settings the seed draws.

    Parameters
    ----------
    seed : int
    shape : tuple
        Rows and columns.
    kinds : tuple of str
        Kinds to draw from.

    Returns
    -------
    DataArray (y, x), float32, m
        Attribute ``synthetic`` (JSON) tells kind, seed and settings.
    """
    rng = make_rng(seed, "terrain", "random")
    kind = kinds[int(rng.integers(len(kinds)))]
    drawn = {name: _draw(rng, low, high) for name, (low, high) in KINDS[kind].draw.items()}
    terrain = make_terrain(kind, seed, shape, **drawn)
    told = json.loads(terrain.attrs["synthetic"])
    return terrain.assign_attrs(synthetic=json.dumps({**told, **drawn}))


def _draw(rng: np.random.Generator, low: float, high: float) -> float:
    value = np.exp(rng.uniform(np.log(low), np.log(high))) if high >= 4 * low > 0 else None
    return float(f"{value if value is not None else rng.uniform(low, high):.3g}")


def _scaled(surface: NDArray[np.float64], relief: float) -> NDArray[np.float64]:
    """Scale a surface so that it runs from 0 to the relief."""
    low, high = float(surface.min()), float(surface.max())
    return (surface - low) * (relief / (high - low))


def _line(
    rng: np.random.Generator, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance from, and way along, a random straight line through the map, m."""
    angle = rng.uniform(0, np.pi)
    px, py = rng.uniform(0.15, 0.85) * x.max(), rng.uniform(0.15, 0.85) * y.max()
    dx, dy = x - px, y - py
    return np.abs(dx * np.sin(angle) - dy * np.cos(angle)), dx * np.cos(angle) + dy * np.sin(angle)


def _finished(
    height: NDArray[np.float64], cell_size_m: float, crs: str, kind: str, seed: int
) -> xr.DataArray:
    rows, columns = height.shape
    # 10 m above the datum keeps channels above sea level
    levelled = np.round(height - height.min() + 10.0, 3).astype(np.float32)
    array = xr.DataArray(
        levelled, dims=("y", "x"), name="elevation", attrs=dict(attributes("elevation"))
    )
    array.attrs["source_format"] = "synthetic"
    array.attrs["synthetic"] = json.dumps({"kind": kind, "seed": seed, "cell_size_m": cell_size_m})
    left, bottom = ORIGIN_M
    grid = Grid(crs, left, bottom + rows * cell_size_m, cell_size_m, cell_size_m, columns, rows)
    return attach_grid(array, grid)
