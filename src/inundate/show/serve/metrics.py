"""Figures of a live view in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["prometheus"]

_GAUGES = {
    "memory_mb": "Memory that the process holds, MB.",
    "uptime_s": "Seconds since it began.",
    "lag_s": "Seconds from the newest rain to the clock.",
    "missing_rain_min": "Minutes before the newest frame whose radar is missing.",
    "nowcast_age_s": "Seconds from the newest nowcast to the clock.",
    "readers": "Pages that follow now.",
    "journal_bytes": "Size of the journal.",
    "journal_lines": "Changes in the journal.",
}
_COUNTERS = {
    "faults": "Times that a part did not work.",
    "clock_jumps": "Times that the machine's clock was set.",
    "event_clock_jumps": "Times that the event's clock went back.",
}


def prometheus(health: Mapping[str, Any], answers: Mapping[int, int]) -> str:
    """Write figures as Prometheus reads them.

    Parameters
    ----------
    health : mapping
        As ``/health`` shows it.
    answers : mapping of int to int
        How often each status was answered.

    Examples
    --------
    >>> print(prometheus({"status": "ok", "readers": 2, "counts": {"posts": 3}}, {200: 4}))
    # HELP inundate_up Whether every part works.
    # TYPE inundate_up gauge
    inundate_up 1
    # HELP inundate_readers Pages that follow now.
    # TYPE inundate_readers gauge
    inundate_readers 2
    # HELP inundate_taken_total What was taken from the folder.
    # TYPE inundate_taken_total counter
    inundate_taken_total{kind="posts"} 3
    # HELP inundate_answers_total Answers by status.
    # TYPE inundate_answers_total counter
    inundate_answers_total{status="200"} 4
    <BLANKLINE>
    """
    lines = _family("up", "gauge", "Whether every part works.", {"": int(health["status"] == "ok")})
    for name, words in _GAUGES.items():
        if health.get(name) is not None:
            lines += _family(name, "gauge", words, {"": health[name]})
    for name, words in _COUNTERS.items():
        if name in health:
            lines += _family(f"{name}_total", "counter", words, {"": health[name]})
    taken = {f'kind="{name}"': count for name, count in health["counts"].items()}
    lines += _family("taken_total", "counter", "What was taken from the folder.", taken)
    by_status = {f'status="{code}"': count for code, count in sorted(answers.items())}
    lines += _family("answers_total", "counter", "Answers by status.", by_status)
    return "\n".join(lines) + "\n"


def _family(name: str, kind: str, words: str, values: Mapping[str, Any]) -> list[str]:
    full = f"inundate_{name}"
    told = [f"{full}{{{label}}} {value}" if label else f"{full} {value}"
            for label, value in values.items()]  # fmt: skip
    return [f"# HELP {full} {words}", f"# TYPE {full} {kind}", *told]
