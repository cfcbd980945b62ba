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

from inundate.core.errors import ConfigError, nearest
from inundate.core.seeds import make_rng
from inundate.terrain.hills import make_fractal, make_valley
from inundate.terrain.lowland import make_plain, make_urban
from inundate.terrain.surface import Shape

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
