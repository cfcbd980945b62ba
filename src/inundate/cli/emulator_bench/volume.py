"""Figures 4: volume, and the physics probes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.cli.emulator_bench.book import main_sheet
from inundate.cli.emulator_bench.context import Context, Made
from inundate.cli.emulator_bench.depth import NOTHING, split_of
from inundate.cli.emulator_bench.entrants import HYBRIDS, Main, main_models
from inundate.cli.emulator_bench.figures import figure, shown
from inundate.cli.emulator_bench.learns import zoo_sheet
from inundate.cli.emulator_bench.marks import source_mark, weights_mark
from inundate.cli.emulator_bench.sheet import REGIMES, Sheet

__all__ = ["probes", "volume"]

GROUP = "4 Volume and physics"
_CLOSES = "<= 1e-06"
_ERROR, _TRUE = "peak.volume_error", "peak.volume_observed"


def volume(context: Context) -> Made:
    """Give how well the pour and Mode E keep their water, and how much Mode H changes."""
    sheet, mains = main_sheet(context), main_models(context)
    rows = [_closure(context, sheet, name, "pour_error", "pour") for name, _, _ in HYBRIDS]
    rows += _mode_e(context, sheet, mains)
    rows += [row for main in mains if main.factors for row in _changes(context, sheet, main)]
    if not any(main.factors for main in mains):
        rows.append(figure("4-volume-change", GROUP, None, "%", note=NOTHING))
    return Made(rows, [_table(sheet, mains)])


def _closure(context: Context, sheet: Sheet, who: str, fact: str, what: str) -> dict[str, Any]:
    """Give the largest error of any sample."""
    errors = {name: found[fact] for name, found in sheet.facts[who].items() if fact in found}
    worst = max(errors, key=lambda name: errors[name])
    return figure(
        f"4-closure-{what}-{who}", GROUP, errors[worst], "1", _CLOSES,
        split=split_of(context, sheet),
        note=f"largest error of {len(errors)} samples, as a share of the rain: {worst}",
    )  # fmt: skip


def _mode_e(context: Context, sheet: Sheet, mains: list[Main]) -> list[dict[str, Any]]:
    """Give the closure of Mode E: of weights that ship, else of the zoo's."""
    found = [main.entrant.name for main in mains if main.model == "mode_e"]
    if found:
        return [_closure(context, sheet, who, "closure", "mode-e") for who in found]
    small = zoo_sheet(context)
    found = [
        who for who, facts in small.facts.items() if any("closure" in f for f in facts.values())
    ]
    if found:
        return [_closure(context, small, who, "closure", "mode-e") for who in found[:1]]
    note = "no Mode E ships, and none is in the zoo"
    return [figure("4-closure-mode-e", GROUP, None, "1", _CLOSES, note=note)]


def _changes(context: Context, sheet: Sheet, main: Main) -> list[dict[str, Any]]:
    """Give the water of a corrected hybrid beside that of the hybrid and of the truth."""
    who, split = main.entrant.name, split_of(context, sheet)
    rows = []
    for name, rival in ((f"4-volume-change-{who}", main.rival), (f"4-volume-bias-{who}", "truth")):
        value, drawn = _share(sheet, who, rival)
        low, high = sheet.bounds(drawn)
        by = {t: _of_terrain(sheet, t, who, rival) for t in sheet.terrains}
        worst = max(by, key=lambda t: abs(by[t]) if np.isfinite(by[t]) else -1.0)
        rows.append(
            figure(
                name,
                GROUP,
                value,
                "%",
                low=low,
                high=high,
                baseline=(rival, 0.0),
                split=split,
                note=f"water of {who} less that of {rival}, all frames and cells; largest on a "
                f"terrain {shown(by[worst], 1)} % ({worst})",
            )
        )
    return rows


def _share(sheet: Sheet, who: str, rival: str) -> tuple[float, NDArray[np.float64]]:
    """Give the difference of volumes in %, and that of each draw."""
    (ours, our_draws), (theirs, their_draws) = (_volume(sheet, one) for one in (who, rival))
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(100 * (np.float64(ours) / theirs - 1)), 100 * (our_draws / their_draws - 1)


def _volume(sheet: Sheet, who: str) -> tuple[float, NDArray[np.float64]]:
    """Give metres times cells, summed over frames; of the truth for that name."""
    any_model = next(iter(next(iter(sheet.entries.values())).models))
    found = {
        key: sheet.summed(any_model if who == "truth" else who, key) for key in (_ERROR, _TRUE)
    }
    (error, error_drawn), (true, true_drawn) = found[_ERROR], found[_TRUE]
    return (true, true_drawn) if who == "truth" else (true + error, true_drawn + error_drawn)


def _of_terrain(sheet: Sheet, terrain: str, who: str, rival: str) -> float:
    return _share(sheet.of_terrain(terrain), who, rival)[0]


def _table(sheet: Sheet, mains: list[Main]) -> dict[str, Any]:
    names = [one.name for main in mains for one in main.entrants]
    names += [*(name for name, _, _ in HYBRIDS), "fill_spill", "bathtub"]
    return {
        "title": "Volume of water against the truth",
        "note": "Bias in % / error without sign of each frame in %, all samples together.",
        "columns": ["model", *REGIMES],
        "rows": [
            [
                f"`{name}`",
                *(
                    " / ".join(
                        shown(sheet.only(regime).score(name, metric).value, 1)
                        for metric in ("volume_bias", "volume_error")
                    )
                    for regime in REGIMES
                ),
            ]
            for name in names
        ],
    }


def probes(context: Context) -> Made:
    """Ask the physics probes of each main model."""
    mains = main_models(context)
    if not mains:
        return Made([figure("4-probes-failed", GROUP, None, "1", "<= 0", note=NOTHING)])
    made = [_probed(context, main) for main in mains]
    return Made([row for row, _ in made], [table for _, table in made])


def _probed(context: Context, main: Main) -> tuple[dict[str, Any], dict[str, Any]]:
    depends = {
        "weights": weights_mark(main.source),
        "source": source_mark("inundate.emulate.probes.suite", "inundate.emulate.probes.trained"),
        "quick": context.quick,
    }
    report = context.kept(f"probes-{main.name}", depends, lambda: _ask(context, main))
    failed = [one["name"] for one in report["probes"] if one["passed"] is False]
    note = (
        f"{report['passed']} of {report['passed'] + report['failed']} probes passed, "
        f"{report['not_applicable']} not applicable"
        + (f"; failed: {', '.join(failed)}" if failed else "")
    )
    row = figure(f"4-probes-failed-{main.name}", GROUP, len(failed), "1", "<= 0", note=note)
    return row, {
        "title": f"Physics probes of {main.name}",
        "note": f"{len(report['cases'])} cases of {report['cells'][0]} x {report['cells'][1]} "
        "cells; failures first.",
        "columns": ["probe", "passed", "found", "bound", "evidence"],
        "rows": [_probe_row(one) for one in report["probes"]],
    }


def _ask(context: Context, main: Main) -> dict[str, Any]:
    from inundate.emulate.probes.cases import World, make_cases
    from inundate.emulate.probes.suite import run_probes, world_for
    from inundate.emulate.probes.trained import run_predictor

    subject = run_predictor(main.source)
    if not context.quick:
        return run_probes(subject).to_dict()
    small = world_for(subject, World(shape=(32, 32), frames=4))
    names, cases = ("finite", "no-rain", "datum"), make_cases(small)[:2]
    report = run_probes(subject, probes=names, world=small, cases=cases, progress=False)
    return report.to_dict()


def _probe_row(one: dict[str, Any]) -> list[str]:
    state = {True: "yes", False: "**no**", None: "not applicable"}[one["passed"]]
    sign = {"<=": "at most", ">=": "at least"}[one["relation"]]
    value = "-" if one["value"] is None else f"{one['value']:.3g} {one['unit']}".strip()
    bound = "" if one["bound"] is None else f"{sign} {one['bound']:g}"
    return [f"`{one['name']}`", state, value, bound, str(one["evidence"]).replace("|", "/")]
