"""The page of results, written from the JSON files that ``inundate benchmark`` leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from inundate.cli.results_groups import groups_section, significant
from inundate.core.errors import DataError

__all__ = ["results_page", "value_text"]

_HEAD = """\
# Results

<!-- Written by `make reference`; do not edit. -->

Every figure here comes from a file in `bench/results`, written by `inundate benchmark`. Goals that
are not met stand before every table.
"""

_SCORES = """\
A value stands with its 95 % bootstrap interval over terrain blocks; without an interval there were
too few blocks for one. "Better than all" says whether the model beats **every** baseline of the
verdict by more than chance: the interval of the paired difference leaves zero out. A goal may ask
for less, and then names the baselines that it is about. The scores are explained on the page of
[scores](scores.md).

`persistence_30min`, which is told the true depth 30 min earlier, is shown in every evaluation but
has no part in the verdict: no roll-out from dry ground knows that depth.
"""

_EMPTY = """\
There are no results yet. `inundate benchmark chain --data DATA` makes them, for one.
"""

_REQUIRED = ("name", "command", "commit", "machine", "date", "figures")


def results_page(folder: Path) -> str:
    """Give the text of the page.

    Parameters
    ----------
    folder : Path
        With a JSON file a benchmark. Small versions (``quick``) are left out; nothing there
        gives a page that says so.

    Raises
    ------
    DataError
        If a file is not what a benchmark writes.
    """
    found = [_load(path) for path in sorted(folder.glob("*.json"))]
    runs = [one for one in found if not one.get("quick")]
    parts = [_HEAD, *(_benchmark(one) for one in runs)]
    return "\n".join(parts if runs else [_HEAD, _EMPTY])


def _load(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise DataError(f"reading {path}: found no JSON ({error}), expected a result") from error
    missing = [key for key in _REQUIRED if not isinstance(found, dict) or key not in found]
    if missing:
        raise DataError(
            f"reading {path}: found no {', '.join(missing)}, expected what a benchmark writes",
            hint="run inundate benchmark again",
        )
    return dict(found)


def _benchmark(found: dict[str, Any]) -> str:
    figures = found["figures"]
    made = f"Made by `{found['command']}`, {found['date']}, commit `{found['commit'] or 'unknown'}`"
    head = [f"## {str(found['name']).capitalize()}\n", f"{made}, on {found['machine']}.\n"]
    head += [
        f"The part `{part}` was made later: by `{own['command']}`, {own['date']}, commit "
        f"`{own['commit'] or 'unknown'}`, on {own['machine']}.\n"
        for part, own in found.get("renewed", {}).items()
    ]
    if any("group" in row for row in figures):
        return "\n".join([*head, *groups_section(found)])
    parts = [
        *head,
        _SCORES,
        *(f"Split: {split}.\n" for split in _unique(figures, "split")),
        _unmet(figures),
    ]
    for run in dict.fromkeys(_parts(row)[0] for row in figures):
        rows = [row for row in figures if _parts(row)[0] == run]
        parts.append(f"### `{run}`\n")
        if run in found.get("runs", {}):
            parts.append(_training(found["runs"][run]))
        parts.append(_table([_row(row) for row in rows]))
    return "\n".join(parts)


def _training(run: dict[str, Any]) -> str:
    alarms = ", ".join(f"`{cause}`" for cause in run["alarms"])
    told = f"**alarms at the end: {alarms}**" if alarms else "no alarm at the end"
    return (
        f"Trained for {run['steps']} steps in {run['wall_s']:.0f} s, ended by "
        f"`{run['ended_by']}`, commit `{run['commit'] or 'unknown'}`; {told}.\n"
    )


def _unique(figures: list[dict[str, Any]], key: str) -> list[str]:
    return list(dict.fromkeys(str(row[key]) for row in figures if row.get(key)))


def _unmet(figures: list[dict[str, Any]]) -> str:
    """List the goals that were not met: what a reader must not overlook."""
    missed = [row for row in figures if not row["met"]]
    if not missed:
        return f"All {len(figures)} goals are met.\n"
    lines = [f"**{len(missed)} of {len(figures)} goals are NOT met:**\n"]
    for row in missed:
        run, regime, score = _parts(row)
        lines.append(
            f"- `{run}`, {regime}, `{score}`: {value_text(row)}, goal: {row['goal']}{_best(row)}"
        )
    return "\n".join(lines) + "\n"


def _best(row: dict[str, Any]) -> str:
    rival = row.get("baseline")
    return f"; the best is `{rival['name']}`, {_number(rival['value'])}" if rival else ""


def _parts(row: dict[str, Any]) -> tuple[str, str, str]:
    """Split ``RUN-REGIME-SCORE``."""
    run, regime, score = ["", "", *str(row["id"]).split("-", 2)][-3:]
    return run, regime, score


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    _, regime, score = _parts(row)
    rival = row.get("baseline")
    unit = "" if row.get("unit") in (None, "", "1") else f" ({row['unit']})"
    return (
        regime,
        f"`{score}`{unit}",
        value_text(row),
        f"`{rival['name']}` {_number(rival['value'])}" if rival else "",
        _yes_or_no(row.get("beats_all")),
        _yes_or_no(row["met"]),
        f"{row.get('samples', '')} / {row.get('blocks', '')}",
    )


def _yes_or_no(answer: bool | None) -> str:
    return "not stated" if answer is None else "yes" if answer else "**no**"


def value_text(row: dict[str, Any]) -> str:
    """Write the value of a figure with its interval, if it has them."""
    value, low, high = (row.get(key) for key in ("value", "low", "high"))
    shown = significant if "group" in row else _number
    interval = "" if low is None or high is None else f" [{shown(low)}, {shown(high)}]"
    return f"{shown(value)}{interval}"


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def _table(rows: list[tuple[str, ...]]) -> str:
    head = (
        "regime",
        "score",
        "value",
        "best baseline",
        "better than all",
        "goal met",
        "samples / blocks",
    )
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
