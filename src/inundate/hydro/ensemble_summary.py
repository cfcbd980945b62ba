"""What the members of an ensemble say together: mean, spread, quantiles, probabilities."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, DataError, RunError
from inundate.core.grid import attach_grid, check_same_grid, grid_of
from inundate.core.names import attributes
from inundate.core.provenance import provenance
from inundate.core.store import read_dataset, write_dataset
from inundate.hydro.manifest import Manifest, Member, read_manifest

__all__ = ["summarise_ensemble"]

_BYTES = 256 * 2**20  # of members' values held at once


def summarise_ensemble(
    folder: Path | str,
    output: Path | str,
    *,
    thresholds: Sequence[float] = (0.05, 0.3),
    quantiles: Sequence[float] = (0.05, 0.5, 0.95),
    terrain: str | None = None,
    storm: str | None = None,
    partial: bool = False,
    overwrite: bool = False,
) -> xr.Dataset:
    """Summarise the largest depths of an ensemble's members.

    Parameters
    ----------
    folder : Path
        Of the ensemble.
    output : Path
        A ``.zarr`` or ``.nc`` to write.
    thresholds : sequence of float
        Depths, m: the share of members that reach each is given.
    quantiles : sequence of float
        Between 0 and 1.
    terrain, storm : str, optional
        Take only members of this terrain or storm.
    partial : bool
        Take the members that are done although others are not.
    overwrite : bool
        Replace an existing output.

    Returns
    -------
    Dataset
        ``water_depth_max_mean``, ``water_depth_max_spread`` (y, x),
        ``water_depth_max_quantile`` (quantile, y, x), ``water_depth_max_probability``
        (threshold, y, x), ``elevation`` (y, x).

    Raises
    ------
    ConfigError
        If a threshold or quantile cannot be, or no member is called so.
    DataError
        If there is no manifest, or members lie on several terrains.
    RunError
        If members are not done, or the output exists.
    """
    _check("threshold", thresholds, upper=np.inf)
    _check("quantile", quantiles, upper=1.0)
    manifest = read_manifest(folder)
    members = _chosen(manifest, terrain, storm, partial=partial)
    with ExitStack() as stack:
        found = [
            stack.enter_context(read_dataset(manifest.folder / f"{m.name}.zarr", kind="simulation"))
            for m in members
        ]
        grid = grid_of(found[0])
        for member, dataset in zip(members, found, strict=True):
            check_same_grid(dataset, grid, member.name, members[0].name)
        depths = [dataset["water_depth_max"] for dataset in found]
        ds = _statistics(depths, np.asarray(thresholds, float), np.asarray(quantiles, float))
        ds["elevation"] = (
            ("y", "x"),
            found[0]["elevation"].to_numpy(),
            found[0]["elevation"].attrs,
        )
    ds.attrs = {
        "kind": "ensemble summary",
        "members": len(members),
        "names": json.dumps([member.name for member in members]),
        "terrain_name": members[0].terrain,
        "provenance": json.dumps(provenance()),
    }
    written = write_dataset(attach_grid(ds, grid), output, overwrite)
    return read_dataset(written)


def _check(what: str, values: Sequence[float], *, upper: float) -> None:
    wrong = [value for value in values if not 0 < value < upper]
    if wrong or not values or len(set(values)) < len(values):
        raise ConfigError(
            f"summarising an ensemble: {what}s {', '.join(f'{v:g}' for v in values) or 'none'}, "
            f"expected different numbers between 0 and {upper:g}"
        )


def _chosen(
    manifest: Manifest, terrain: str | None, storm: str | None, *, partial: bool
) -> list[Member]:
    members = manifest.members
    for key, wanted in (("terrain", terrain), ("storm", storm)):
        present = sorted({getattr(member, key) for member in members})
        if wanted is not None and wanted not in present:
            raise ConfigError(
                f"summarising {manifest.folder}: no {key} {wanted!r}; there are "
                f"{', '.join(map(repr, present))}"
            )
        members = [m for m in members if wanted is None or getattr(m, key) == wanted]
    terrains = sorted({member.terrain for member in members})
    if len(terrains) > 1:
        raise DataError(
            f"summarising {manifest.folder}: members lie on {len(terrains)} terrains, "
            f"{', '.join(terrains)}; expected one",
            hint=f"choose one: --terrain {terrains[0]}",
        )
    done = [member for member in members if member.state == "done"]
    if not done or (len(done) < len(members) and not partial):
        raise RunError(
            f"summarising {manifest.folder}: {len(done)} of {len(members)} members are done",
            hint="run the ensemble to its end, or take those that are done with --partial",
        )
    return done


def _statistics(
    depths: list[xr.DataArray], thresholds: NDArray[np.float64], quantiles: NDArray[np.float64]
) -> xr.Dataset:
    """Go through the grid by strips of rows, so that many members fit into memory."""
    height, width = depths[0].shape
    rows = max(1, _BYTES // (4 * width * len(depths)))
    mean, spread = (np.empty((height, width), np.float32) for _ in range(2))
    quantile = np.empty((quantiles.size, height, width), np.float32)
    probability = np.empty((thresholds.size, height, width), np.float32)
    for first in range(0, height, rows):
        part = slice(first, first + rows)
        values = np.stack([d[part].to_numpy() for d in depths])  # (M, rows, W)
        mean[part] = values.mean(axis=0, dtype=np.float64)
        spread[part] = values.std(axis=0, dtype=np.float64)
        quantile[:, part] = np.quantile(values, quantiles, axis=0)
        known = np.isfinite(values).all(axis=0)
        for k, threshold in enumerate(thresholds):
            share = (values >= np.float32(threshold)).mean(axis=0)
            probability[k, part] = np.where(known, share, np.nan)
    return xr.Dataset(
        {
            "water_depth_max_mean": (("y", "x"), mean, attributes("water_depth_max_mean")),
            "water_depth_max_spread": (("y", "x"), spread, attributes("water_depth_max_spread")),
            "water_depth_max_quantile": (
                ("quantile", "y", "x"), quantile, attributes("water_depth_max_quantile"),
            ),
            "water_depth_max_probability": (
                ("threshold", "y", "x"), probability, attributes("water_depth_max_probability"),
            ),
        },
        coords={
            "quantile": ("quantile", quantiles, {"units": "1"}),
            "threshold": ("threshold", thresholds, {"units": "m"}),
        },
    )  # fmt: skip
