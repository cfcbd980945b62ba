"""Audit a data set: leakage, dead targets, unit slips, missing values, balance."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from inundate.dataset.describe import describe_dataset, wet_shares
from inundate.dataset.finding import Finding, some
from inundate.dataset.leakage import check_copies, check_names, check_places, check_storms
from inundate.dataset.members import check_members
from inundate.dataset.samples import Samples
from inundate.dataset.settings import DatasetSettings
from inundate.dataset.tally import WET_M, Tally, tally_all
from inundate.dataset.volume import check_volumes
from inundate.score.interval import MIN_CLUSTERS

__all__ = ["CHECKS", "audit_dataset", "describe_dataset"]

_SEVERITIES = ("error", "warning", "info")
_RARE = 0.005  # share of wet cells below which training sees little water
_MUCH_MISSING = 0.2
_SHOWN = 6  # values of a setting that are named
_LEVEL_M = 0.01  # ground with less relief carries no information


def audit_dataset(path: Path | str) -> dict[str, Any]:
    """Look for what would make training or scores wrong.

    Parameters
    ----------
    path : Path
        Data set.

    Returns
    -------
    dict
        ``findings``, worst first, each with ``check``, ``severity`` (error, warning, info),
        ``message`` and ``evidence``; ``errors``, ``warnings``; ``passed``: checks that found
        nothing to look at; ``samples``, ``split_hash``.

    Raises
    ------
    MissingFileError, DataError
        If it is absent or not a data set.
    """
    samples = Samples(path)
    # the water of a perturbed run belongs to other rain and ground than those stored with it
    tallies = tally_all(samples, members=False)
    by_check = {name: list(check(samples, tallies)) for name, check in CHECKS.items()}
    findings = [found for group in by_check.values() for found in group]
    findings.sort(key=lambda found: _SEVERITIES.index(found.severity))
    counts = {name: sum(f.severity == name for f in findings) for name in _SEVERITIES}
    return {
        "path": str(path),
        "samples": len(samples),
        "split_hash": samples.attrs["split_hash"],
        "errors": counts["error"],
        "warnings": counts["warning"],
        "findings": [asdict(found) for found in findings],
        "passed": [
            name
            for name, group in by_check.items()
            if all(found.severity == "info" for found in group)
        ],
    }


def _check_values(samples: Samples, tallies: Sequence[Tally]) -> Iterator[Finding]:
    for name in ("rain_rate", "water_depth", "roughness"):
        shares = {one.row.name: one.missing[name] for one in tallies if one.missing[name] > 0}
        if shares:
            yield Finding(
                "values", "error" if name == "rain_rate" else "warning",
                f"{name} is missing on known ground in {len(shares)} sample(s), up to "
                f"{100 * max(shares.values()):.2g} %: {some(sorted(shares))}",
                {"variable": name, "shares": shares},
            )  # fmt: skip
    holes = {one.row.block: one.missing["elevation"] for one in tallies}
    much = {block: share for block, share in holes.items() if share > _MUCH_MISSING}
    if much:
        yield Finding(
            "values", "info",
            f"elevation is missing in more than {100 * _MUCH_MISSING:.0f} % of {len(much)} "
            f"block(s): {some(sorted(much))}",
            {"variable": "elevation", "shares": much},
        )  # fmt: skip
    below = [one.row.name for one in tallies if one.depth_range[0] < 0]
    if below:
        yield Finding(
            "values", "error",
            f"water_depth is negative in {len(below)} sample(s): {some(below)}",
            {"samples": below},
        )  # fmt: skip


def _check_dead(samples: Samples, tallies: Sequence[Tally]) -> Iterator[Finding]:
    by_split: dict[str, list[Tally]] = defaultdict(list)
    for one in tallies:
        by_split[one.row.split].append(one)
    for split, found in sorted(by_split.items()):
        dead = [t.row.name for t in found if not t.depth_range[1] >= WET_M[0]]
        if dead:
            yield Finding(
                "dead", "error" if len(dead) == len(found) and split != "unused" else "warning",
                f"{len(dead)} of {len(found)} {split} sample(s) never get {WET_M[0]:g} m deep: "
                f"{some(dead)}",
                {"split": split, "samples": dead},
            )  # fmt: skip
    rows = {row.block: row for row in samples.rows}
    level = sorted(b for b, row in rows.items() if float(np.nanstd(samples.ground(row))) < _LEVEL_M)
    if level:
        yield Finding(
            "dead", "warning",
            f"{len(level)} of {len(rows)} block(s) are level ground: {some(level)}",
            {"blocks": level},
        )  # fmt: skip


def _check_settings(samples: Samples, tallies: Sequence[Tally]) -> Iterator[Finding]:
    """Say where simulations differ in what the inputs of a sample do not hold."""
    values: dict[str, set[str]] = defaultdict(set)
    for row in samples.rows:
        for key, value in row.settings.items():
            values[key].add(json.dumps(value))
        values["cell size, m"].add(f"{row.grid['dx']:g}")
    differing = {key: sorted(v) for key, v in values.items() if len(v) > 1 and key not in _HARMLESS}
    if differing:
        texts = [f"{key} ({_values(v)})" for key, v in sorted(differing.items())]
        # a training world varies them on purpose
        yield Finding(
            "settings", "info" if "world" in samples.attrs else "warning",
            f"the simulations differ in {some(texts)}",
            {"settings": differing},
        )  # fmt: skip


def _values(texts: Sequence[str]) -> str:
    return " or ".join(texts) if len(texts) <= _SHOWN else f"{len(texts)} values"


# the roughness is stored with the block; the others change the result by rounding at most
_HARMLESS = ("manning", "threads", "run_on_min", "output_every_s")


def _check_regimes(samples: Samples, tallies: Sequence[Tally]) -> Iterator[Finding]:
    blocks: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in samples.rows:
        blocks[row.regime][row.split].add(row.block)
    for regime, parts in sorted(blocks.items()):
        count = {split: len(found) for split, found in parts.items()}
        if count.get("test", 0) < MIN_CLUSTERS:
            yield Finding(
                "regimes", "warning",
                f"regime {regime} has {count.get('test', 0)} test block(s): intervals cannot be "
                f"given, at least {MIN_CLUSTERS} are needed",
                {"regime": regime, "blocks": count},
            )  # fmt: skip
        if count.get("test", 0) and not count.get("train", 0):
            yield Finding(
                "regimes", "warning",
                f"regime {regime} is tested but never trained on",
                {"regime": regime, "blocks": count},
            )  # fmt: skip


def _check_balance(samples: Samples, tallies: Sequence[Tally]) -> Iterator[Finding]:
    for split, shares in wet_shares(tallies).items():
        if split == "unused":
            continue
        rare = shares[f"{WET_M[0]:g}"] < _RARE
        text = ", ".join(f"{100 * share:.2g} % at {limit} m" for limit, share in shares.items())
        yield Finding(
            "balance", "warning" if rare else "info",
            f"wet cells and frames of {split}: {text}",
            {"split": split, "wet_share": shares},
        )  # fmt: skip


def _is_whole(samples: Samples) -> bool:
    return DatasetSettings(**json.loads(samples.attrs["settings"])).block_cells == 0


CHECKS: dict[str, Callable[[Samples, Sequence[Tally]], Iterator[Finding]]] = {
    "split": lambda samples, tallies: check_names(samples),
    "places": lambda samples, tallies: check_places(samples),
    "storms": lambda samples, tallies: check_storms(tallies),
    "copies": lambda samples, tallies: check_copies(tallies),
    "volume": lambda samples, tallies: check_volumes(tallies, whole=_is_whole(samples)),
    "values": _check_values,
    "dead": _check_dead,
    "settings": _check_settings,
    "regimes": _check_regimes,
    "balance": _check_balance,
    "members": lambda samples, tallies: check_members(samples),
}
