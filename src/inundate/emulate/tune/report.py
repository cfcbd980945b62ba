"""What a study found, in words and as JSON: first of all whether tuning bought anything."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inundate.core.config import write_toml
from inundate.core.files import write_text
from inundate.core.run import Run
from inundate.emulate.tune.compare import Comparison
from inundate.emulate.tune.objective import PART, Objective
from inundate.emulate.tune.repeat import Repeats
from inundate.emulate.tune.settings import TuneSettings
from inundate.emulate.tune.setup import Setup
from inundate.emulate.tune.space import Space
from inundate.emulate.tune.text import render_study

__all__ = ["Report", "write_report"]

_FACTS = ("train_s", "steps", "parameters", "cause", "same_as")


@dataclass(frozen=True)
class Report:
    """What a study found.

    Attributes
    ----------
    summary : dict
        As in ``study.json``.
    text : str
        As in ``report.txt``.
    """

    summary: dict[str, Any]
    text: str


def write_report(
    run: Run,
    *,
    trials: Sequence[Any],
    best: Any,
    repeats: Repeats | None,
    setup: Setup,
    settings: TuneSettings,
    space: Space,
    objective: Objective,
) -> Report:
    """Write ``study.json``, ``report.txt``, ``default.toml`` and, with a best trial, ``best.toml``.

    Parameters
    ----------
    run : Run
        Of the study.
    trials : sequence of FrozenTrial
        Finished ones, by number.
    best : FrozenTrial or None
    repeats : Repeats or None
        None where there was nothing to compare, or it was not asked for.
    setup, settings, space, objective
        Of the study.
    """
    told = [_trial(trial, objective) for trial in trials]
    by_number = {trial["number"]: trial for trial in told}
    default = by_number.get(0)
    found = None if best is None else by_number[best.number]
    comparison = None if repeats is None else repeats.comparison
    gained, verdict = _verdict(default, found, repeats, settings, objective)
    summary: dict[str, Any] = {
        "kind": "study",
        "study": str(run.path),
        "verdict": {"gained": gained, "text": verdict},
        "objective": {
            "name": objective.name,
            "part": PART,
            "better": "higher" if objective.higher_is_better else "lower",
        },
        "model": setup.model.model,
        "seed": settings.seed,
        "split_hash": run.manifest["split_hash"],
        "space": {name: range_.says() for name, range_ in space.items()},
        "counts": dict(Counter(trial["ended"] for trial in told)),
        "minutes": round(math.fsum(trial["wall_s"] for trial in told) / 60.0, 2),
        "default": default,
        "best": found,
        "comparison": _comparison(comparison, objective),
        "repeats": _repeats(repeats),
        "cost_ratio": _cost_ratio(repeats),
        "scores": {} if repeats is None else repeats.scores,
        "trials": told,
    }
    write_toml(run.path / "default.toml", setup.tables())
    if best is not None:
        write_toml(run.path / "best.toml", setup.with_values(best.params).tables())
        summary["best_toml"] = str(run.path / "best.toml")
    text = render_study(summary)
    write_text(run.path / "study.json", json.dumps(_finite(summary), indent=2) + "\n")
    write_text(run.path / "report.txt", text + "\n")
    return Report(summary, text)


def _trial(trial: Any, objective: Objective) -> dict[str, Any]:
    facts = trial.user_attrs
    complete = trial.state.name == "COMPLETE"
    return {
        "number": trial.number,
        "ended": facts["ended"],
        "value": objective.shown(trial.value) if complete else None,
        "values": dict(trial.params),
        "wall_s": facts["wall_s"],
        **{key: facts[key] for key in _FACTS if key in facts},
        "validations": len(trial.intermediate_values),
    }


def _verdict(
    default: Mapping[str, Any] | None,
    best: Mapping[str, Any] | None,
    repeats: Repeats | None,
    settings: TuneSettings,
    objective: Objective,
) -> tuple[bool | None, str]:
    """Tell whether tuning bought anything; None where that was not, or could not be, found out."""
    if best is None:
        return None, "no trial reached its end: see the causes, and inundate doctor on its run"
    if best["number"] == 0:
        return False, "tuning bought nothing: no trial was better than the default settings"
    if repeats is None:
        return None, (
            f"not compared (--repeats {settings.repeats}): trial {best['number']} was the best of "
            "all trials, which luck alone gives as well"
        )
    found = repeats.comparison
    if found is None:
        ends = {n: Counter(o.state for o in group) for n, group in repeats.outcomes.items()}
        return None, "not compared: no seed with which both trainings ended well; " + "; ".join(
            f"{'default' if number == 0 else 'best'} {dict(count)}"
            for number, count in ends.items()
        )
    said = _gain(found, objective)
    if found.gained:
        return True, f"tuning bought something: {said}"
    why = [f"{what}: {item.note}" for what, item in _intervals(found) if item.note]
    if why:
        return False, f"tuning bought nothing that can be shown: {said} ({'; '.join(why)})"
    worse = found.seeds.low > 0 and found.blocks.low > 0
    tail = "the best trial was luck" if worse else "an interval covers zero"
    return False, f"tuning bought nothing: {said}; {tail}"


def _gain(found: Comparison, objective: Objective) -> str:
    sign = -1.0 if objective.higher_is_better else 1.0
    parts = [f"best - default is {_signed(sign * found.seeds.value)} {objective.name}"]
    for what, item in _intervals(found):
        if not item.note:
            low, high = sorted((sign * item.low, sign * item.high))
            parts.append(f"{_signed(low)} to {_signed(high)} over {what}")
    return ", ".join(parts)


def _intervals(found: Comparison) -> tuple[tuple[str, Any], ...]:
    return ("seeds", found.seeds), ("ground", found.blocks)


def _signed(value: float) -> str:
    return f"{value:+.4g}"


def _comparison(found: Comparison | None, objective: Objective) -> dict[str, Any] | None:
    if found is None:
        return None
    sign = -1.0 if objective.higher_is_better else 1.0

    def interval(item: Any) -> dict[str, Any]:
        low, high = sorted((sign * item.low, sign * item.high))
        return {"value": sign * item.value, "low": low, "high": high, "note": item.note}

    return {
        "default": [objective.shown(cost) for cost in found.default],
        "best": [objective.shown(cost) for cost in found.best],
        "over_seeds": interval(found.seeds),
        "over_ground": interval(found.blocks),
        "gained": found.gained,
    }


def _repeats(repeats: Repeats | None) -> list[dict[str, Any]]:
    if repeats is None:
        return []
    return [
        {
            "settings": "default" if number == 0 else "best",
            "seed": seed,
            "ended": outcome.state,
            "run": None if outcome.run is None else str(outcome.run.path),
            **outcome.facts,
        }
        for number, group in repeats.outcomes.items()
        for seed, outcome in zip(repeats.seeds, group, strict=True)
    ]


def _cost_ratio(repeats: Repeats | None) -> float | None:
    """Give the seconds that the best settings train, over those of the default."""
    if repeats is None:
        return None
    spent = [
        math.fsum(outcome.facts.get("train_s", 0.0) for outcome in group)
        for group in repeats.outcomes.values()
    ]
    return spent[1] / spent[0] if spent[0] else None


def _finite(value: Any) -> Any:
    """Replace NaN and inf, which JSON has no word for, by None."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
