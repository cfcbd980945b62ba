"""Say what a data set holds."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inundate.dataset.samples import Row, Samples
from inundate.dataset.split import SPLITS
from inundate.dataset.tally import WET_M, Tally, tally_all

__all__ = ["describe_dataset", "wet_shares"]


def describe_dataset(path: Path | str) -> dict[str, Any]:
    """Say what a data set holds.

    Parameters
    ----------
    path : Path
        Data set.

    Returns
    -------
    dict
        ``samples``, ``blocks``, ``terrains``, ``storms`` (name to its part), ``splits`` (samples
        and blocks by regime), ``frames`` and ``interval_s``, ``cell_sizes_m``, ``crs``,
        ``rain_mm`` (least, median, greatest), ``wet_share`` by split and threshold,
        ``moved_storms``, ``members`` (perturbed samples by part), ``world`` (what a training world
        is made of, else None), ``split_hash``, ``settings``. All but ``samples`` and ``members``
        leave perturbed samples out.

    Raises
    ------
    MissingFileError, DataError
        If it is absent or not a data set.
    """
    samples = Samples(path)
    world = json.loads(samples.attrs["world"]) if "world" in samples.attrs else None
    rows = [row for row in samples.rows if not row.member]
    rain = [row.rain_mm for row in rows]
    frames = [row.frames for row in rows]
    return {
        "path": str(path),
        "samples": len(samples),
        "blocks": len({row.block for row in rows}),
        "terrains": sorted({row.terrain for row in rows}),
        "storms": dict(json.loads(samples.attrs["split"])["storms"]),
        "splits": _parts(rows),
        "frames": [min(frames), max(frames)],
        "interval_s": samples.interval_s,
        "cell_sizes_m": sorted({row.grid["dx"] for row in rows}),
        "block_cells": sorted({(row.grid["height"], row.grid["width"]) for row in rows}),
        "crs": sorted({row.grid["crs"] for row in rows}),
        "rain_mm": [min(rain), float(np.median(rain)), max(rain)],
        # a world counted them while it was made
        "wet_share": world["wet_share"] if world else wet_shares(tally_all(samples)),
        "moved_storms": sorted({row.storm for row in rows if row.moved_by_m}),
        "members": _counts([row for row in samples.rows if row.member], lambda row: row.split),
        "world": world,
        "split_hash": samples.attrs["split_hash"],
        "settings": json.loads(samples.attrs["settings"]),
    }


def wet_shares(tallies: Sequence[Tally]) -> dict[str, dict[str, float]]:
    """Give the share of wet cells and frames by split and threshold in m."""
    found: dict[str, dict[str, float]] = {}
    for split in SPLITS:
        part = [one for one in tallies if one.row.split == split]
        if part:
            weights = [one.cells * one.row.frames for one in part]
            found[split] = {
                f"{limit:g}": float(np.average([one.wet[limit] for one in part], weights=weights))
                for limit in WET_M
            }
    return found


def _parts(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.split].append(row)
    return {
        split: {
            "samples": len(groups[split]),
            "blocks": len({row.block for row in groups[split]}),
            "storms": sorted({row.storm for row in groups[split]}),
            "regimes": _counts(groups[split], lambda row: row.regime),
        }
        for split in SPLITS
        if groups[split]
    }


def _counts(rows: Sequence[Row], key: Callable[[Row], str]) -> dict[str, int]:
    names = [key(row) for row in rows]
    return {name: names.count(name) for name in sorted(set(names))}
