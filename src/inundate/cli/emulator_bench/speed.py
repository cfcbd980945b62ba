"""Figures 6: how much faster than the solver, with the error beside it."""

from __future__ import annotations

from statistics import median
from typing import Any

from inundate.cli.emulator_bench.clock import EVERY, GROUNDS, Ground, measure
from inundate.cli.emulator_bench.context import Context, Made
from inundate.cli.emulator_bench.depth import NOTHING
from inundate.cli.emulator_bench.entrants import Main, main_models
from inundate.cli.emulator_bench.figures import figure, shown
from inundate.cli.emulator_bench.marks import source_mark, weights_mark
from inundate.core.provenance import machine

__all__ = ["speed", "speeds"]

GROUP = "6 Speed"
_SERIES_GOAL, _PEAK_GOAL = ">= 25", ">= 100"
_SERIES_FACTOR, _PEAK_FACTOR = 4, 8  # for speed; the error stands beside
_THREADS = 2


def speed(context: Context, ground: Ground) -> Made:
    """Give the ratios of one ground: the full series and the peak map of the first main model."""
    mains = main_models(context)
    if not mains:
        return Made([
            figure(f"6-{kind}-{ground.name}", GROUP, None, "ratio", goal, note=NOTHING)
            for kind, goal in (("series", _SERIES_GOAL), ("peak", _PEAK_GOAL))
        ])  # fmt: skip
    found = _measured(context, ground, mains)
    rows = [_series(ground, mains[0], found)]
    if mains[0].factors:
        rows.append(_exact(ground, mains[0], found))
        rows.append(_peak(ground, mains[0], found))
    return Made(rows, [_table(ground, mains, found)])


def speeds() -> dict[str, Ground]:
    """Give every ground by the name of its figures."""
    return {f"speed-{ground.name}": ground for ground in GROUNDS}


def _measured(context: Context, ground: Ground, mains: list[Main]) -> dict[str, Any]:
    options = context.options
    hours = 0.5 if context.quick else 6.0
    factors = {main.source: main.factors for main in mains}
    depends = {
        "source": source_mark("inundate.emulate.predict", "inundate.hydro.march"),
        "weights": {main.source: weights_mark(main.source) for main in mains},
        "ground": [ground.name, ground.kind, ground.settings], "side": options.side_cells,
        "hours": hours, "repeats": options.repeats, "every": EVERY, "machine": machine(),
    }  # fmt: skip
    return context.kept(
        f"speed-{ground.name}",
        depends,
        lambda: measure(
            ground, list(factors), side=options.side_cells, hours=hours, threads=_THREADS,
            repeats=options.repeats, factors=lambda source: factors[source],
        ),
    )  # fmt: skip


def _ratios(found: dict[str, Any], key: str, part: str, first: str = "prepared") -> list[float]:
    """Give the solver's seconds over the emulator's, turn by turn.

    ``first`` is ``prepared``, what is derived of the ground included, or ``coarse``, that known.
    """
    turns = zip(found["solver_s"], found["models"][key]["seconds"], strict=True)
    return [solver / (seconds[first] + seconds[part]) for solver, seconds in turns]


def _series(ground: Ground, main: Main, found: dict[str, Any]) -> dict[str, Any]:
    """Give the ratio as one asks for speed: a coarser solver, the network every few frames."""
    if not main.factors:
        return _all_frames(ground, main, found, 0, "series", _SERIES_GOAL)
    factor = _SERIES_FACTOR if _SERIES_FACTOR in main.factors else max(main.factors)
    key = f"{main.source}|{factor}"
    return _ratio(
        f"6-series-{ground.name}", _SERIES_GOAL, main, factor, found,
        _ratios(found, key, "every"),
        f"network every {EVERY} frames, in {found['precision']}; "
        + _told_scores(found["models"][f"{key}|every"]["scores"], ""),
    )  # fmt: skip


def _exact(ground: Ground, main: Main, found: dict[str, Any]) -> dict[str, Any]:
    """Give the ratio of what a prediction does unless it is asked for speed."""
    return _all_frames(ground, main, found, main.entrant.factor, "series-default", "")


def _all_frames(
    ground: Ground, main: Main, found: dict[str, Any], factor: int, kind: str, goal: str
) -> dict[str, Any]:
    key = f"{main.source}|{factor}"
    return _ratio(
        f"6-{kind}-{ground.name}", goal, main, factor, found,
        _ratios(found, key, "network"),
        _told_scores(found["models"][key]["scores"], ""),
    )  # fmt: skip


def _peak(ground: Ground, main: Main, found: dict[str, Any]) -> dict[str, Any]:
    factor = _PEAK_FACTOR if _PEAK_FACTOR in main.factors else max(main.factors)
    key = f"{main.source}|{factor}"
    return _ratio(
        f"6-peak-{ground.name}", _PEAK_GOAL, main, factor, found,
        _ratios(found, key, "peak"),
        f"network in {found['precision']}; "
        + _told_scores(found["models"][f"{key}|peak"]["scores"], "peak_"),
    )  # fmt: skip


def _ratio(
    name: str,
    goal: str,
    main: Main,
    factor: int,
    found: dict[str, Any],
    ratios: list[float],
    scores: str,
) -> dict[str, Any]:
    who = main.name + (f" at factor {factor}" if factor else "")
    note = (
        f"{who}, terrain features, coarse solver and network included; {found['cells']:,} cells, "
        f"{found['hours']:g} h, {found['threads']} threads for both; solver "
        f"{median(found['solver_s']):.2f} s; {len(ratios)} repeats in turn; {scores}"
    )
    return figure(
        name, GROUP, median(ratios), "ratio", goal, low=min(ratios), high=max(ratios),
        baseline=("own solver at full resolution", 1.0), note=note,
    )  # fmt: skip


def _told_scores(scores: dict[str, float | None], mark: str) -> str:
    csi = " / ".join(shown(scores[f"{mark}csi_{t}"]) for t in ("0.05", "0.3", "0.5"))
    what = "map of greatest depths" if mark else "all frames"
    return f"against the solver, {what}: CSI {csi}, NSE {shown(scores[f'{mark}nse'])}"


def _table(ground: Ground, mains: list[Main], found: dict[str, Any]) -> dict[str, Any]:
    rows = []
    for main in mains:
        for factor in main.factors or (0,):
            key = f"{main.source}|{factor}"
            label = f"`{main.name}`" + (f" x{factor}" if factor else "")
            rows.append([label, "series", *_line(found, key, "network", "")])
            if f"{key}|every" in found["models"]:
                what = f"series, network every {EVERY}, {found['precision']}"
                rows.append([label, what, *_line(found, f"{key}|every", "every", "")])
            if f"{key}|peak" in found["models"]:
                what = f"peak map, {found['precision']}"
                rows.append([label, what, *_line(found, f"{key}|peak", "peak", "peak_")])
    return {
        "title": f"Speed and error: {ground.name}",
        "note": f"{found['cells']:,} cells, {found['frames']} frames; median seconds of "
        f"{len(found['solver_s'])} turns; the solver takes {median(found['solver_s']):.2f} s, the "
        f"terrain features {median(found['terrain_s']):.2f} s once a ground, beside the coarse "
        "solver, which the first ratio counts and the second does not.",
        "columns": ["model", "what", "coarse solver, s", "network, s", "ratio",
                    "ratio, ground known", "CSI 0.05 / 0.3 / 0.5 m", "NSE", "wet RMSE, m"],
        "rows": rows,
    }  # fmt: skip


def _line(found: dict[str, Any], key: str, part: str, mark: str) -> list[str]:
    made = found["models"][key]
    coarse, network = (median(s[name] for s in made["seconds"]) for name in ("coarse", part))
    ratios = [_ratios(found, key, part, first) for first in ("prepared", "coarse")]
    scores = made["scores"]
    return [
        f"{coarse:.3f}",
        f"{network:.3f}",
        *(f"{median(one):.1f} [{min(one):.1f}, {max(one):.1f}]" for one in ratios),
        " / ".join(shown(scores[f"{mark}csi_{t}"]) for t in ("0.05", "0.3", "0.5")),
        shown(scores[f"{mark}nse"]),
        shown(scores[f"{mark}rmse_wet"]),
    ]
