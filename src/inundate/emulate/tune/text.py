"""The report of a study as text, made of its summary alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["render_study"]

_SHOWN = 8  # trials in the table, beside the default
_OPTIMISTIC = (
    "The validation part chose the best trial, so expect less on unseen storms: "
    "inundate evaluate tells."
)


def render_study(summary: Mapping[str, Any]) -> str:
    """Lay out the summary of a study for people, the verdict first.

    Parameters
    ----------
    summary : mapping
        As in ``study.json``.
    """
    counts = ", ".join(f"{n} {state}" for state, n in sorted(summary["counts"].items()))
    best, objective = summary["best"], summary["objective"]
    lines = [
        summary["verdict"]["text"],
        f"  study      {summary['study']}: {counts}; {summary['minutes']:g} min of trials",
        f"  objective  {objective['name']} on the {objective['part']} part, "
        f"{objective['better']} is better",
    ]
    if best is not None and best["number"] != 0:
        lines.append(f"  {_OPTIMISTIC}")
    if summary["cost_ratio"] is not None:
        lines.append(
            f"  cost       the best settings train {summary['cost_ratio']:.2g} times as long as "
            "the default"
        )
    lines += _score_lines(summary["scores"], objective["part"])
    lines += _trial_lines(summary["trials"], objective)
    if best is not None and summary["verdict"]["gained"] is not False:
        lines.append(f"  next       inundate train DATASET --config {summary['best_toml']}")
    return "\n".join(lines)


def _score_lines(scores: Mapping[str, Mapping[str, Sequence[float]]], part: str) -> list[str]:
    if not scores:
        return []
    lines = [f"  whole roll-outs, mean (lowest to highest) over seeds, {part} part:"]
    for name, found in scores.items():
        told = [f"{which} {_spread(values)}" for which, values in found.items()]
        lines.append(f"    {name:<10} {'   '.join(told)}")
    return lines


def _spread(values: Sequence[float]) -> str:
    mean = math.fsum(values) / len(values)
    if len(values) == 1:
        return f"{mean:.3f}"
    return f"{mean:.3f} ({min(values):.3f} to {max(values):.3f})"


def _trial_lines(trials: Sequence[Mapping[str, Any]], objective: Mapping[str, str]) -> list[str]:
    """Show the default, the best few, and how many are not shown."""
    sign = -1.0 if objective["better"] == "higher" else 1.0
    complete = [trial for trial in trials if trial["value"] is not None]
    ranked = sorted(complete, key=lambda trial: (sign * trial["value"], trial["number"]))
    shown = ranked[:_SHOWN]
    shown += [trial for trial in trials if trial["number"] == 0 and trial not in shown]
    lines = [f"  {'trial':>7} {objective['name']:>10} {'time':>8}  settings"]
    for trial in shown:
        value = "-" if trial["value"] is None else f"{trial['value']:.4g}"
        name = "default" if trial["number"] == 0 else str(trial["number"])
        values = ", ".join(f"{k.partition('.')[2]} {_short(v)}" for k, v in trial["values"].items())
        cause = f" [{trial['ended']}: {trial['cause']}]" if "cause" in trial else ""
        lines.append(
            f"  {name:>7} {value:>10} {trial.get('train_s', 0.0):>6.1f} s  {values}{cause}"
        )
    stopped = Counter(trial["cause"] for trial in trials if trial["ended"] == "stopped")
    if stopped:
        told = ", ".join(f"{cause} ({count})" for cause, count in stopped.most_common())
        lines.append(f"  stopped by {told}")
    left = len(trials) - len(shown)
    if left:
        lines.append(f"  {left} more in study.json")
    return lines


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
