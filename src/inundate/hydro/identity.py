"""What a simulation is, told in a few values: to know whether another would give the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import xarray as xr

from inundate.core.config import Settings
from inundate.core.grid import grid_of
from inundate.core.provenance import provenance
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.site import Site
from inundate.hydro.state import Array

__all__ = ["describe_job", "hash_of", "hash_rain"]

_PROBES = 16  # frames that are read of rain too large to be held


def hash_of(*values: Any) -> str:
    """Give the BLAKE2b hash (128 bit, hex) of arrays and of what JSON can hold.

    Examples
    --------
    >>> hash_of(np.zeros(3)) == hash_of(np.zeros(3)), hash_of(0.0) == hash_of(np.zeros(1))
    (True, False)
    """
    digest = hashlib.blake2b(digest_size=16)
    for value in values:
        if isinstance(value, np.ndarray):
            digest.update(f"{value.dtype} {value.shape}".encode())
            digest.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)
        else:
            digest.update(json.dumps(value, sort_keys=True, default=str).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def hash_rain(rain: xr.DataArray) -> str:
    """Give the hash of rain: grid, times and frames.

    Of rain that is not in memory 16 frames stand for all; the files behind it have hashes of
    their own.
    """
    count = rain.sizes["time"]
    held = rain.variable._in_memory
    picked = range(count) if held else np.unique(np.linspace(0, count - 1, _PROBES).astype(int))
    times = rain["time"].to_numpy().astype("datetime64[ns]").astype(np.int64)
    frames = (hash_of(rain.isel(time=int(index)).to_numpy()) for index in picked)
    return hash_of(grid_of(rain).describe(), rain.attrs.get("interval_s"), times, *frames)


def describe_job(
    rain: xr.DataArray,
    layers: Mapping[str, Array | None],
    settings: SimulateSettings,
    site: Site,
    *,
    files: Mapping[str, str],
    extra: Mapping[str, Any],
) -> dict[str, Any]:
    """Tell what a simulation is.

    Parameters
    ----------
    rain : DataArray (time, y, x)
        Rain.
    layers : mapping of str to array or None
        Terrain and all that lies on its grid.
    settings : SimulateSettings
        Of the simulation.
    site : Site
        Boundaries, sources, land.
    files : mapping
        Hashes of the files behind it.
    extra : mapping
        Whatever else makes a difference.

    Returns
    -------
    dict
        What JSON can hold; equal for simulations with equal results.
    """
    made = provenance()
    hashes = {name: hash_of(values) for name, values in layers.items() if values is not None}
    hashes |= {"rain": hash_rain(rain), "site": hash_of(*_parts(site))}
    return {
        "version": {"inundate": made["inundate"], "commit": made["commit"]},
        "settings": settings.model_dump(mode="json"),
        "inputs": {**hashes, "files": sorted(files.values())},
        **extra,
    }


def _parts(value: Any) -> Iterator[Any]:
    """Take an object of dataclasses, settings and sequences apart into arrays and scalars."""
    if isinstance(value, np.ndarray):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield field.name
            yield from _parts(getattr(value, field.name))
    elif isinstance(value, Settings):
        yield value.model_dump(mode="json")
    elif isinstance(value, (tuple, list)):
        yield len(value)
        for item in value:
            yield from _parts(item)
    else:
        yield value
