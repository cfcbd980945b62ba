"""Figures 1 and 2: depth and extent, never worse than the hybrid, the peak."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from inundate.cli.emulator_bench.book import main_sheet
from inundate.cli.emulator_bench.context import Context, Made
from inundate.cli.emulator_bench.entrants import BASELINES, HYBRIDS, Entrant, Main, main_models
from inundate.cli.emulator_bench.figures import figure, shown
from inundate.cli.emulator_bench.sheet import METRICS, REGIMES, Score, Sheet
from inundate.cli.emulator_bench.worlds import scored_data

__all__ = ["DEPTH", "NOTHING", "by_regime", "depth", "never_worse", "peak", "split_of"]

DEPTH = "1 Depth and extent on unseen ground under unseen storms"
PEAK = "2 Peak on unseen ground under unseen storms"
NOTHING = "no weights ship and no --run was given"
_SHOWN = ("csi_0.05", "csi_0.3", "csi_0.5", "nse", "rmse_wet", "pod_0.3", "far_0.3")
_GOALS = {
    ("flat-urban", "csi_0.05"): ">= 0.86",
    ("flat-urban", "csi_0.3"): ">= 0.98",
    ("flat-urban", "csi_0.5"): ">= 0.98",
    ("flat-urban", "nse"): ">= 0.99",
    ("flat", "rmse_wet"): "<= 0.02",
    ("flat", "pod_0.3"): ">= 0.95",
    ("flat", "far_0.3"): "<= 0.05",
    ("steep", "csi_0.05"): ">= 0.75",
    ("steep", "csi_0.3"): ">= 0.78",
    ("steep", "csi_0.5"): ">= 0.75",
    ("steep", "nse"): ">= 0.9",
    ("steep", "rmse_wet"): "<= 0.15",
    ("steep", "pod_0.3"): ">= 0.85",
    ("steep", "far_0.3"): "<= 0.15",
}
_PEAKS = ("peak_depth_error", "peak_depth_p95", "peak_depth_bias", "peak_time_error",
          "peak_time_p90")  # fmt: skip
_NOT_BELOW = ("csi_0.05", "csi_0.3", "csi_0.5")
_ALLOWED = -0.01  # more below the hybrid than that is a defect
_PARTS = ("flat", "flat-urban", "mixed", "steep")


def split_of(context: Context, sheet: Sheet) -> str:
    """Say what was scored."""
    digest = scored_data(context).attrs["split_hash"]
    return (
        f"test: unseen terrain and storm, {len(sheet.terrains)} terrains, "
        f"{len(sheet.entries)} samples, hash {digest}"
    )


def depth(context: Context) -> Made:
    """Give CSI, NSE, wet RMSE, hit rate and false alarms of the first of the main models."""
    sheet, mains = main_sheet(context), main_models(context)
    first = mains[0] if mains else None
    rows = [
        _scored(context, first, regime, metric, sheet, _GOALS.get((regime, metric), ""), "1", DEPTH)
        for regime in _PARTS
        for metric in _SHOWN
    ]
    return Made(rows, by_regime(sheet, mains))


def peak(context: Context) -> Made:
    """Give errors of depth and time of the peak of the first of the main models."""
    sheet, mains = main_sheet(context), main_models(context)
    goals = {
        "peak_depth_error": "<= 5",
        "peak_depth_p95": "",
        "peak_depth_bias": "-2 to 2",
        "peak_time_error": f"<= {sheet.interval_s / 60:g}",
        "peak_time_p90": "",
    }
    first = mains[0] if mains else None
    rows = [
        _scored(context, first, "all", metric, sheet, goals[metric], "2", PEAK) for metric in _PEAKS
    ]
    return Made(rows, [_peak_table(sheet, mains)])


def _scored(
    context: Context,
    main: Main | None,
    regime: str,
    metric: str,
    sheet: Sheet,
    goal: str,
    number: str,
    group: str,
) -> dict[str, Any]:
    """Give a metric of a model in a regime, beside the untrained hybrid of its factor."""
    name, unit = f"{number}-{regime}-{metric}", METRICS[metric].unit
    if main is None:
        return figure(name, group, None, unit, goal, note=NOTHING)
    part = sheet.only(regime)
    found, rival = (part.score(who, metric) for who in (main.entrant.name, main.rival))
    return figure(
        name, group, found.value, unit, goal, low=found.low, high=found.high,
        baseline=(main.rival, rival.value), split=split_of(context, part),
        note=_told(main.entrant, found),
        more={"terrain_median": _plain(found.median), "terrain_worst": _plain(found.worst),
              "worst_terrain": found.where},
    )  # fmt: skip


def _told(entrant: Entrant, found: Score) -> str:
    if not found.samples:
        return "no such ground in the test part"
    return (
        f"{entrant.name}; median terrain {shown(found.median)}, worst {shown(found.worst)} "
        f"({found.where or 'none'}), {found.terrains} terrains, {found.samples} samples"
    )


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def never_worse(context: Context) -> Made:
    """Give the largest loss of CSI on any terrain against the untrained hybrid of a factor."""
    sheet, goal = main_sheet(context), f">= {_ALLOWED:g}"
    found = [
        (one, f"hybrid_x{one.factor or 4}")
        for main in main_models(context)
        for one in main.entrants
    ]
    if not found:
        return Made([figure("1-below-hybrid", DEPTH, None, "1", goal, note=NOTHING)])
    rows = [_worst_loss(context, sheet, one, rival, goal) for one, rival in found]
    return Made(rows, [_below(sheet, found)])


def _losses(sheet: Sheet, ours: str, rival: str) -> dict[tuple[str, str], tuple[float, float]]:
    """Give the difference of CSI and the cells that either floods, by terrain and threshold."""
    losses: dict[tuple[str, str], tuple[float, float]] = {}
    for metric in _NOT_BELOW:
        own, theirs = (sheet.by_terrain(who, metric) for who in (ours, rival))
        counts = sheet.counts(rival, metric)
        for terrain, value in own.items():
            if np.isfinite(value) and np.isfinite(theirs[terrain]):
                losses[terrain, metric] = (value - theirs[terrain], counts[terrain])
    return losses


def _below(sheet: Sheet, pairs: Sequence[tuple[Entrant, str]]) -> dict[str, Any]:
    """List every terrain and threshold where a model is below the hybrid by more than allowed."""
    rows = [
        [f"`{one.name}`", terrain, METRICS[metric].label, f"{loss:+.3f}",
         shown(sheet.by_terrain(rival, metric)[terrain]), f"{cells:,.0f}"]
        for one, rival in pairs
        for (terrain, metric), (loss, cells) in sorted(
            _losses(sheet, one.name, rival).items(), key=lambda item: item[1][0]
        )
        if loss < _ALLOWED
    ]  # fmt: skip
    return {
        "title": "Where a model is below the untrained hybrid",
        "note": f"Every terrain and threshold with a difference below {_ALLOWED:g}, of "
        f"{len(sheet.terrains)} terrains and {len(_NOT_BELOW)} thresholds; cells are those of all "
        "frames that the hybrid or the truth floods.",
        "columns": ["model", "terrain", "score", "difference", "hybrid", "cells and frames"],
        "rows": rows,
    }


def _worst_loss(
    context: Context, sheet: Sheet, entrant: Entrant, rival: str, goal: str
) -> dict[str, Any]:
    name = f"1-below-hybrid-{entrant.name}"
    losses = _losses(sheet, entrant.name, rival)
    if not losses:
        return figure(name, DEPTH, None, "1", goal, note="no flooded cell to compare")
    where = min(losses, key=lambda key: losses[key][0])
    value, cells = losses[where]
    worse = sum(loss < _ALLOWED for loss, _ in losses.values())
    note = (
        f"smallest difference of CSI from {rival} on any terrain and threshold: {where[0]}, "
        f"{where[1]}, {cells:,.0f} cells and frames; below {_ALLOWED:g} on {worse} of {len(losses)}"
    )
    return figure(
        name, DEPTH, value, "1", goal, baseline=(rival, 0.0), split=split_of(context, sheet),
        note=note, more={"worst_terrain": where[0]},
    )  # fmt: skip


def by_regime(sheet: Sheet, mains: Sequence[Main]) -> list[dict[str, Any]]:
    """Give a table a regime: models, hybrids and baselines."""
    names = [one.name for main in mains for one in main.entrants]
    names += [*(name for name, _, _ in HYBRIDS), *BASELINES]
    labels = [METRICS[metric].label for metric in _SHOWN]
    tables = []
    for regime in REGIMES:
        part = sheet.only(regime)
        tables.append(
            {
                "title": f"Models and baselines: {regime}",
                "note": f"All together / median terrain / worst terrain; {len(part.terrains)} "
                f"terrains, {len(part.entries)} samples.",
                "columns": ["model", *labels],
                "rows": [
                    [f"`{name}`", *(_three(part.score(name, metric)) for metric in _SHOWN)]
                    for name in names
                ],
            }
        )
    return tables


def _three(found: Score) -> str:
    return " / ".join(shown(value) for value in (found.value, found.median, found.worst))


def _peak_table(sheet: Sheet, mains: Sequence[Main]) -> dict[str, Any]:
    names = [one.name for main in mains for one in main.entrants]
    names += ["hybrid_x2", "hybrid_x4", "hybrid_x8", "fill_spill"]
    rows = []
    for regime in REGIMES:
        part = sheet.only(regime)
        rows += [
            [regime, f"`{name}`", *(shown(part.score(name, m).value, 1) for m in _PEAKS)]
            for name in names
        ]
    return {
        "title": "Peak depth and time",
        "note": "On cells observed deeper than 0.3 m, all samples together; errors of depth and "
        f"bias in %, of time in min, of which a frame has {sheet.interval_s / 60:g}.",
        "columns": ["regime", "model", *(METRICS[metric].label for metric in _PEAKS)],
        "rows": rows,
    }
