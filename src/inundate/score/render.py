"""A summary of scores as plain text: what failed first, then a table a regime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["render"]

COLUMNS = ("rmse_wet", "csi_0.05", "csi_0.3", "far_0.3", "nse")


def render(summary: Mapping[str, Any], *, columns: Sequence[str] | None = None) -> str:
    """Lay a summary out for a terminal.

    Parameters
    ----------
    summary : mapping
        From :meth:`inundate.score.table.ScoreBook.summary`.
    columns : sequence of str, optional
        Metrics to show; by default the required ones, false alarms at 0.3 m and NSE.
    """
    required = summary["verdict"]["required"]
    shown = list(columns) if columns is not None else [*required, *COLUMNS]
    shown = [name for name in dict.fromkeys(shown) if name in summary["metrics"]]
    blocks = [_heading(summary), _verdict(summary)]
    blocks += [_regime(summary, name, shown) for name in summary["regimes"]]
    return "\n\n".join([*blocks, _legend(summary)])


def _heading(summary: Mapping[str, Any]) -> str:
    split = ", ".join(f"{key} {value}" for key, value in summary["split"].items())
    return f"Scores of {summary['reference']}; split: {split}"


def _verdict(summary: Mapping[str, Any]) -> str:
    verdict = summary["verdict"]
    asked = ", ".join(summary["metrics"][name]["label"] for name in verdict["required"])
    rivals = ", ".join(verdict["against"])
    if verdict["beats_all"]:
        head = [f"BETTER than {rivals}", f"on {asked}, in every regime"]
    else:
        head = ["NOT BETTER than every baseline:", *(f"  {fail}" for fail in verdict["fails"])]
    return "\n".join([*head, *_told(summary)])


def _told(summary: Mapping[str, Any]) -> list[str]:
    """Name the rivals that are told part of the truth and are not beaten everywhere."""
    lines = []
    for name, told in summary["advantages"].items():
        lost = [
            f"{regime} {summary['metrics'][metric]['label']}"
            for regime, scores in summary["regimes"].items()
            for metric in summary["verdict"]["required"]
            if not scores["difference"].get(name, {}).get(metric, {}).get("better", True)
        ]
        if lost:
            lines.append(f"not judged: {name}, {told}, is NOT beaten on {', '.join(lost)}")
    return lines


def _regime(summary: Mapping[str, Any], name: str, columns: Sequence[str]) -> str:
    regime = summary["regimes"][name]
    counts = ", ".join(
        f"{regime[key]} {key if regime[key] != 1 else key[:-1]}"
        for key in ("samples", "terrains", "blocks", "storms")
    )
    head = ["", *(_column_name(summary["metrics"][column]) for column in columns)]
    rows = [
        [model, *(_cell(regime, model, column) for column in columns)]
        for model in summary["models"]
    ]
    note = [regime["note"]] if "note" in regime else []
    return "\n".join([f"{name}: {counts}", *note, *_aligned([head, *rows])])


def _column_name(about: Mapping[str, Any]) -> str:
    unit = "" if about["unit"] == "1" else f", {about['unit']}"
    return f"{about['label']}{unit}"


def _cell(regime: Mapping[str, Any], model: str, metric: str) -> str:
    score = regime["scores"][model][metric]
    if score["value"] is None:
        return "undefined"
    told = f"{score['value']:.3f}"
    if score["low"] is not None:
        told += f" [{score['low']:.3f}, {score['high']:.3f}]"
    beaten = regime["difference"].get(model, {}).get(metric, {}).get("better", False)
    return told + (" *" if beaten else "")


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _legend(summary: Mapping[str, Any]) -> str:
    boot = summary["bootstrap"]
    lines = [
        f"[low, high]: {boot['level']:.0%} bootstrap interval, {boot['draws']} draws of "
        f"{boot['cluster'].replace('+', ' and ')}; undefined: 0/0.",
        f"*: {summary['reference']} is better, with the whole interval of the paired difference.",
    ]
    lines += [f"{name} is {told}." for name, told in summary["advantages"].items()
              if name in summary["models"]]  # fmt: skip
    return "\n".join(lines)
