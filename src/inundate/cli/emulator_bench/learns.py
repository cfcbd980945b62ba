"""Figures 3: the zoo learns; what each change of the Temporal CNN buys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from inundate.cli.emulator_bench.book import main_sheet, score, some_storms
from inundate.cli.emulator_bench.context import Context, Made
from inundate.cli.emulator_bench.depth import split_of
from inundate.cli.emulator_bench.entrants import BASELINES, HYBRIDS, main_models
from inundate.cli.emulator_bench.figures import figure, shown
from inundate.cli.emulator_bench.sheet import METRICS, Sheet
from inundate.cli.emulator_bench.worlds import LESS, scored_data
from inundate.cli.emulator_bench.zoo import LESS_DATA, Member, zoo_members
from inundate.emulate.export import shipped_names
from inundate.score.baseline import fit_baselines

__all__ = ["temporal_cnn", "zoo", "zoo_sheet"]

GROUP = "3 The Temporal CNN learns"
_FAMILY, _PLAIN = "temporal_cnn", "temporal_cnn"
_RIVALS = ("all_dry", "climatology", "persistence")
_TOLD = "persistence_30min"
_SHOWN = ("csi_0.05", "csi_0.3", "csi_0.5", "nse", "rmse_wet")
_ABLATIONS = {
    "temporal_cnn": "as it is: rain window and terrain to depth",
    "temporal_cnn_deep": "deeper",
    "temporal_cnn_inverted": "heightmap inverted",
    "temporal_cnn_none": "no heightmap",
    "temporal_cnn_vae": "VAE decoder",
    "lead_cnn": "steps from depth to depth",
    LESS_DATA: f"a {LESS}th of the training grounds",
}


def zoo_sheet(context: Context) -> Sheet:
    """Score the zoo, and pool the seeds of each of its models."""

    def make() -> Sheet:
        members = zoo_members(context)
        numbers = some_storms(scored_data(context), context.options.zoo_storms)
        entrants = [entrant for member in members for entrant in member.entrants]
        sheet = score(context, entrants, numbers).joined(main_sheet(context))
        for member in members:
            if member.entrants:
                sheet.pooled(_pooled(member.name), [one.name for one in member.entrants])
        return sheet

    return cast(Sheet, context.once("zoo sheet", make))


def _pooled(name: str) -> str:
    return f"zoo/{name}"


def temporal_cnn(context: Context) -> Made:
    """Give the skill of each Temporal CNN against baselines that know no physics."""
    sheet = zoo_sheet(context)
    trained = {member.name: member for member in zoo_members(context)}
    members = [trained[name] for name in _ABLATIONS if name in trained]
    rows = [_skill(context, sheet, member, rival) for member in members for rival in _RIVALS]
    return Made(rows, [_ablations(sheet, members)])


def _skill(context: Context, sheet: Sheet, member: Member, rival: str) -> dict[str, Any]:
    name, goal = f"3-{member.name}-over-{rival}", "> 0"
    if not member.entrants:
        return figure(name, GROUP, None, "1", goal, note=member.failure)
    value, drawn = _skill_drawn(sheet, _pooled(member.name), rival)
    low, high = sheet.bounds(drawn)
    seeds = [_skill_drawn(sheet, one.name, rival)[0] for one in member.entrants]
    told = _skill_drawn(sheet, _pooled(member.name), _TOLD)[0]
    note = (
        f"1 - mean squared error over that of {rival}, all cells and frames, all seeds together; "
        f"single seeds {', '.join(shown(one) for one in seeds)}; against {_TOLD}, which is told "
        f"the true depth 30 min earlier, {shown(told)}"
    )
    return figure(
        name, GROUP, value, "1", goal, low=low, high=high, surely=True, baseline=(rival, 0.0),
        split=split_of(context, sheet), note=note,
    )  # fmt: skip


def _skill_drawn(sheet: Sheet, model: str, rival: str) -> tuple[float, NDArray[np.float64]]:
    ours, theirs = (sheet.drawn(who, "rmse") for who in (model, rival))
    with np.errstate(divide="ignore", invalid="ignore"):
        return (
            float(1 - np.float64(ours[0]) ** 2 / np.float64(theirs[0]) ** 2),
            1 - ours[1] ** 2 / theirs[1] ** 2,
        )


def _ablations(sheet: Sheet, members: Sequence[Member]) -> dict[str, Any]:
    plain = next((m for m in members if m.name == _PLAIN and m.entrants), None)
    rows = []
    for member in members:
        head = [f"`{member.name}`", _ABLATIONS[member.name]]
        if not member.entrants:
            rows.append([*head, *("-" for _ in _SHOWN), "-", member.failure])
            continue
        same = plain is None or member is plain
        cells = [
            shown(sheet.score(_pooled(member.name), metric).value)
            if same
            else _difference(sheet, member.name, metric)
            for metric in _SHOWN
        ]
        rows.append([*head, *cells, _steps(member), _alarms(member)])
    return {
        "title": "What each change of the Temporal CNN buys",
        "note": "The first row has values; the others differences from it with their 95 % "
        "interval over terrain blocks, all seeds together. Differences whose interval holds 0 "
        "are not told from chance. Trainings end by minutes, and on a busy machine they come to "
        "different numbers of steps: where those differ much, a difference is of both.",
        "columns": [
            "model",
            "change",
            *(METRICS[m].label for m in _SHOWN),
            "steps of its seeds",
            "alarms at the end",
        ],
        "rows": rows,
    }


def _difference(sheet: Sheet, name: str, metric: str) -> str:
    ours, theirs = (sheet.drawn(_pooled(who), metric) for who in (name, _PLAIN))
    made = METRICS[metric]
    value = float(made.difference(np.asarray(ours[0]), np.asarray(theirs[0])))
    low, high = sheet.bounds(made.difference(ours[1], theirs[1]))
    if not np.isfinite(value):
        return "-"
    return f"{value:+.3f}" + (f" [{low:+.3f}, {high:+.3f}]" if np.isfinite(low) else "")


def _steps(member: Member) -> str:
    return ", ".join(str(facts["step"]) for facts in member.facts)


def _alarms(member: Member) -> str:
    found: dict[str, int] = {}
    for facts in member.facts:
        for alarm in sorted(set(facts["alarms"])):
            found[alarm] = found.get(alarm, 0) + 1
    seeds = len(member.facts)
    return ", ".join(f"{alarm} ({count} of {seeds})" for alarm, count in found.items()) or "none"


def zoo(context: Context) -> Made:
    """Give the zoo beside the main models and all baselines, on the same samples."""
    sheet, members = zoo_sheet(context), zoo_members(context)
    rows = [_zoo_row(sheet, member) for member in members]
    shipped = shipped_names()
    for main in main_models(context):
        kind = "ships" if main.source in shipped else "a run"
        rows += [_row(sheet, one.name, one.name, kind) for one in main.entrants]
    rows += [_row(sheet, name, name, "untrained") for name, _, _ in HYBRIDS]
    for name, baseline in fit_baselines(BASELINES, ()).items():
        rows.append(_row(sheet, name, name, f"baseline: {baseline.advantage or baseline.title}"))
    options = context.options
    ends = f"{options.zoo_steps} steps" + (
        f" or {options.zoo_minutes:g} min of one core" if options.zoo_minutes else ""
    )
    storms = options.zoo_storms
    told = f"the first {storms} storms of each" if storms else "all storms of each"
    return Made(
        [],
        [
            {
                "title": "The zoo beside all baselines",
                "note": f"Configurations that ship, trained here for at most {ends}, each with "
                f"{options.seeds} seeds (others than the Temporal CNNs {options.other_seeds}); "
                f"numbers fitted, median of steps and time; all "
                f"together / median terrain / worst terrain, of the seeds together, with the "
                f"lowest and highest seed in brackets; {len(sheet.terrains)} test terrains under "
                f"{told}, {len(sheet.entries)} samples.",
                "columns": ["model", "", *(METRICS[metric].label for metric in _SHOWN)],
                "rows": rows,
            }
        ],
    )


def _zoo_row(sheet: Sheet, member: Member) -> list[str]:
    if not member.entrants:
        return [f"`{member.name}`", member.failure, *("-" for _ in _SHOWN)]
    row = _row(sheet, _pooled(member.name), member.name, _size(member))
    for column, metric in enumerate(_SHOWN, start=2):
        seeds = [sheet.score(one.name, metric).value for one in member.entrants]
        row[column] += f" [{shown(min(seeds))}, {shown(max(seeds))}]"
    return row


def _size(member: Member) -> str:
    parameters = member.facts[0]["parameters"] or 0
    steps, seconds = (
        float(np.median([float(facts[key] or 0) for facts in member.facts]))
        for key in ("step", "wall_s")
    )
    return f"{parameters:,} numbers; {steps:.0f} steps in {seconds:.0f} s"


def _row(sheet: Sheet, name: str, label: str, kind: str) -> list[str]:
    cells = []
    for metric in _SHOWN:
        found = sheet.score(name, metric)
        cells.append(" / ".join(shown(v) for v in (found.value, found.median, found.worst)))
    return [f"`{label}`", kind, *cells]
