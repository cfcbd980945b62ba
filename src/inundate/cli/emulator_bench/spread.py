"""Figures 5: how sure a model is, and whether it is right to be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from inundate.cli.emulator_bench.context import Context, Made
from inundate.cli.emulator_bench.depth import NOTHING
from inundate.cli.emulator_bench.entrants import Entrant, main_models, plain_hybrids
from inundate.cli.emulator_bench.figures import figure, shown
from inundate.cli.emulator_bench.sheet import Sheet
from inundate.cli.emulator_bench.spread_scores import Told, calibrated, spread_sheet
from inundate.cli.emulator_bench.spreading import CLIMATOLOGY, Way
from inundate.score.extent import THRESHOLDS_M

__all__ = ["spread"]

GROUP = "5 How sure"
_COVERAGE, _CALIBRATION, _CRPS = "0.88 to 0.92", "<= 0.02", "<= 0.75"
_SUM = "probability.crps"


def spread(context: Context) -> Made:
    """Give coverage, calibration and CRPS of each way, beside the best single depth."""
    mains = main_models(context)
    told, faults = calibrated(mains)
    if not told:
        note = "; ".join(faults.values()) if mains else NOTHING
        goals = {"coverage": _COVERAGE, "calibration": _CALIBRATION, "crps-over-mae": _CRPS}
        return Made([
            figure(f"5-{name}", GROUP, None, "1", goal, note=note) for name, goal in goals.items()
        ])  # fmt: skip
    sure = (*plain_hybrids(), *(entrant for main in mains for entrant in main.entrants))
    sheet = spread_sheet(context, told, sure)
    best = min((one.name for one in sure), key=lambda name: sheet.summed(name, _SUM)[0])
    split = (
        f"test ensembles: unseen terrain and storm, {len(sheet.terrains)} terrains, "
        f"{len(sheet.entries)} perturbed runs, each the truth in turn"
    )
    rows = [row for one in told for row in _rows(sheet, one, best, split)]
    rows += [
        figure(f"5-crps-over-mae-{name}", GROUP, None, "1", _CRPS, note=fault)
        for name, fault in faults.items()
    ]
    return Made(rows, [_table(sheet, told, sure, best)])


def _rows(sheet: Sheet, told: Told, best: str, split: str) -> list[dict[str, Any]]:
    """Give the figures of each way; the goals are about the default one."""
    rows = []
    for way in told.ways:
        default = way.method == told.calibration.default
        goals = (_COVERAGE, _CALIBRATION, _CRPS) if default else ("", "", "")
        why = "the default" if default else "a rival of the default"
        found = (
            _coverage(sheet, way, goals[0], why),
            _chances(sheet, way, goals[1], why),
            _crps(sheet, way, goals[2], why, best, told.main.entrant.name),
        )
        rows += [{**row, "split": split} for row in found]
    return rows


def _coverage(sheet: Sheet, way: Way, goal: str, why: str) -> dict[str, Any]:
    found = sheet.score(way.name, "coverage_90")
    return figure(
        f"5-coverage-{way.name}", GROUP, found.value, "1", goal, low=found.low, high=found.high,
        note=f"{why}; share of cells observed wet inside the 90 % interval",
    )  # fmt: skip


def _chances(sheet: Sheet, way: Way, goal: str, why: str) -> dict[str, Any]:
    errors = {t: sheet.score(way.name, f"calibration_error_{t:g}") for t in THRESHOLDS_M}
    worst = max(errors, key=lambda t: np.nan_to_num(errors[t].value))
    listed = ", ".join(f"{t:g} m {shown(e.value, 4)}" for t, e in errors.items())
    return figure(
        f"5-calibration-{way.name}", GROUP, errors[worst].value, "1", goal, low=errors[worst].low,
        high=errors[worst].high,
        note=f"{why}; largest error of P(depth > threshold), at {worst:g} m: {listed}",
    )  # fmt: skip


def _crps(sheet: Sheet, way: Way, goal: str, why: str, best: str, own: str) -> dict[str, Any]:
    (value, drawn), (least, least_drawn), (mine, _) = (
        sheet.summed(name, _SUM) for name in (way.name, best, own)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = sheet.bounds(drawn / least_drawn)
    mae = sheet.score(best, "crps").value
    return figure(
        f"5-crps-over-mae-{way.name}", GROUP, value / least if least else None, "1", goal, low=low,
        high=high, baseline=(f"mean absolute error of {best}, m", mae),
        note=f"{why}; {best} has the lowest mean absolute error of all single depths; over that "
        f"of {own} {shown(value / mine if mine else None)}",
    )  # fmt: skip


def _table(
    sheet: Sheet, told: Sequence[Told], sure: Sequence[Entrant], best: str
) -> dict[str, Any]:
    ways = [way.name for one in told for way in one.ways]
    names = [*ways, *(one.name for one in sure), CLIMATOLOGY]
    _, base = sheet.summed(best, _SUM)
    rows = []
    for name in names:
        value, drawn = sheet.summed(name, _SUM)
        with np.errstate(divide="ignore", invalid="ignore"):
            low, high = sheet.bounds(drawn / base)
        ratio = value / sheet.summed(best, _SUM)[0]
        span = f" [{low:.3f}, {high:.3f}]" if np.isfinite(low) else ""
        cells = [
            shown(sheet.score(name, metric).value, digits)
            for metric, digits in (("crps", 5), ("crps_wet", 4), ("coverage_90", 3),
                                   ("width_90", 3), ("spread_skill", 2))
        ]  # fmt: skip
        chances = " / ".join(
            shown(sheet.score(name, f"calibration_error_{t:g}").value, 4) for t in THRESHOLDS_M
        )
        rows.append([f"`{name}`", f"{shown(ratio)}{span}", *cells, chances])
    thresholds = " / ".join(f"{t:g}" for t in THRESHOLDS_M)
    return {
        "title": "Uncertainty: every way beside single depths",
        "note": f"Each perturbed run is the truth in turn; forecasts know the unperturbed inputs. "
        f"CRPS of a single depth is its mean absolute error; {best} has the lowest. "
        + "; ".join(
            f"of {one.main.name} the default is {one.calibration.default}, the best in "
            f"calibration {one.calibration.best}"
            for one in told
        )
        + ".",
        "columns": ["way or model", "CRPS over that of the best single depth", "CRPS, m",
                    "CRPS wet, m", "coverage 90 %", "width, m", "spread/skill",
                    f"calibration error at {thresholds} m"],
        "rows": rows,
    }  # fmt: skip
