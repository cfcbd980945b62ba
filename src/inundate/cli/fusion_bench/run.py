"""Run the benchmark ``fusion`` and write its result file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.cli.bench_file import file_head, sayer, write_result
from inundate.cli.fusion_bench.intervals import figure, no_change, span
from inundate.cli.fusion_bench.trial import CROWDS, described, run_trials
from inundate.cli.fusion_bench.world import WorldSettings, make_flood
from inundate.core.files import write_text

__all__ = ["DEV_SEED", "TEST_SEED", "measure", "run_fusion"]

DEV_SEED, TEST_SEED = 900, 17  # laws and settings were chosen on floods of the first alone
_FLOODS, _QUICK_FLOODS = 60, 4
_LEAST_WET = 0.01  # share of the map that is ever flooded: below it there is nothing to tell of
_READING = (
    "The truth is known: storm, ground and posts are made up. Truth and members are draws of the "
    "same forecast errors (place, time, direction, speed and amount of the storm, infiltration, "
    "roughness, fine rain); the truth has errors of the heightmap besides, and is no member. "
    "Scores are the CRPS of depth over all frames of the cells within the radius of a report. An "
    "interval is that of the median over floods (bootstrap, 95 %).\n"
)

Trials = dict[str, dict[str, float]]


def run_fusion(output: Path, work: Path, *, quick: bool = False) -> dict[str, Any]:
    """Make floods, posts and scores; writes ``fusion.json``.

    Parameters
    ----------
    output : Path
        Folder that receives the result file.
    work : Path
        Keeps the scores of each flood; what is there is not made again.
    quick : bool
        Four small floods of development instead of sixty of the test.

    Raises
    ------
    DataError
        If a flood cannot be scored.
    """
    seed, count = (DEV_SEED, _QUICK_FLOODS) if quick else (TEST_SEED, _FLOODS)
    settings = WorldSettings(side_cells=32, members=24) if quick else WorldSettings()
    found = _all(work / "fusion", seed, count, settings)
    result = {
        **file_head("fusion", quick=quick),
        "reading": _READING,
        "protocol": {
            "seed": seed, "least_wet_share": _LEAST_WET, "dry": found["dry"],
            "world": settings.model_dump(), "crowds": described(),
        },
        **measure(found["floods"], found["dry"]),
    }  # fmt: skip
    write_result(output, result)
    return result


def _all(work: Path, seed: int, count: int, settings: WorldSettings) -> dict[str, Any]:
    """Score floods until there are enough that are wet, in their order."""
    say = sayer("fusion")
    folder = work / f"{seed}-{settings.side_cells}-{settings.members}"
    folder.mkdir(parents=True, exist_ok=True)
    asked = {"world": settings.model_dump(), "crowds": described()}
    floods: list[dict[str, Any]] = []
    dry = 0
    number = 0
    while len(floods) < count:
        place = folder / f"{number}.json"
        told = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
        if told.get("asked") != asked:
            told = {"asked": asked, **_one(seed, number, settings)}
            write_text(place, json.dumps(told, indent=1))
            say(f"flood {number}: {told['kind']}, {told['wet']:.1%} of the map wet")
        if told["trials"] is None:
            dry += 1
        else:
            floods.append(told)
        number += 1
    return {"floods": floods, "dry": dry}


def _one(seed: int, number: int, settings: WorldSettings) -> dict[str, Any]:
    flood = make_flood(seed, number, settings)
    wet = float(np.nanmean(np.nanmax(flood.truth, axis=0) >= 0.1))
    trials = run_trials(flood) if wet >= _LEAST_WET else None
    return {"number": number, "kind": flood.kind, "wet": wet, "trials": trials}


def measure(floods: list[dict[str, Any]], dry: int) -> dict[str, Any]:
    """Make the figures and tables of scored floods.

    Parameters
    ----------
    floods : list of dict
        ``kind`` and ``trials``: by crowd what :func:`run_trials` gives.
    dry : int
        Floods that were left out as too dry.
    """
    lowered = {name: _lowered(floods, name, "after_m") for name in CROWDS}
    good, useless, hostile = (lowered[name] for name in ("realistic", "useless", "hostile"))
    p_value = no_change(useless)
    figures = [
        figure("harm-of-lies", -hostile, "<= 0.01", lambda at: at <= 0.01,
               "CRPS raised by posts of which 30 % lie together, median; below 0: lowered"),
        figure("lowered", good, ">= 0.2", lambda at: at >= 0.2,
               "CRPS lowered by realistic posts, median"),
        {**figure("change-useless", useless, "p > 0.05", lambda _: p_value > 0.05,
                   f"CRPS lowered by useless posts, median; Wilcoxon p = {p_value:.3f}")},
        figure("worse-realistic", (good < -0.01).astype(float), "", None,
               "floods whose CRPS realistic posts raise by more than 1 %", mean=True),
        figure("worse-useless", (useless < -0.01).astype(float), "", None,
               "the same of useless posts", mean=True),
        figure("worse-hostile", (hostile < -0.01).astype(float), "", None,
               "the same where 30 % lie", mean=True),
        figure("oracle", _lowered(floods, "realistic", "oracle_m"), "", None,
               "CRPS lowered by the five members that are truly best, median"),
    ]  # fmt: skip
    return {
        "floods": len(floods), "left_out_dry": dry, "figures": figures,
        "tables": [_by_crowd(floods, lowered), _by_kind(floods, lowered)],
    }  # fmt: skip


def _lowered(floods: list[dict[str, Any]], crowd: str, score: str) -> NDArray[np.float64]:
    """Give the share by which each flood's score is lower than before."""
    each = [one["trials"][crowd] for one in floods]
    return np.array([1.0 - one[score] / one["before_m"] for one in each])


def _by_crowd(
    floods: list[dict[str, Any]], lowered: dict[str, NDArray[np.float64]]
) -> dict[str, Any]:
    rows = []
    for name in CROWDS:
        trials = [one["trials"][name] for one in floods]
        rows.append([
            name, span(lowered[name]), span(_lowered(floods, name, "whole_map_m")),
            span(_lowered(floods, name, "oracle_m")),
            f"{min(lowered[name]):+.3f}",
            *(f"{np.median([one[key] for one in trials]):.3g}"
              for key in ("reports", "useless", "effective")),
        ])  # fmt: skip
    columns = ["posts", "local weights", "one weight a member", "five best members",
               "worst flood", "reports", "useless found", "members that count"]  # fmt: skip
    note = (
        "Share by which the CRPS is lower, median over floods; above 0 is better. Five best "
        "members: what an oracle would keep. 15 % of the reports of each crowd are useless."
    )
    return {"title": "By crowd", "note": note, "columns": columns, "rows": rows}


def _by_kind(
    floods: list[dict[str, Any]], lowered: dict[str, NDArray[np.float64]]
) -> dict[str, Any]:
    kinds = np.array([one["kind"] for one in floods])
    rows = [
        [kind, str(int((kinds == kind).sum())),
         *(span(lowered[name][kinds == kind]) for name in ("realistic", "useless", "hostile"))]
        for kind in sorted(set(kinds.tolist()))
    ]  # fmt: skip
    columns = ["terrain", "floods", "realistic", "useless", "30 % hostile"]
    return {"title": "By terrain", "note": "", "columns": columns, "rows": rows}
