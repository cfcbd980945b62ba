"""Scores with intervals, and the baselines that a model has to beat.

A statistic maps one sample to sums, sums add, a metric turns them into a value, and a
bootstrap re-weights whole terrain blocks. The public names below are loaded on first use.
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "BASELINES": "inundate.score.baseline",
    "Case": "inundate.score.case",
    "Forecast": "inundate.score.sample",
    "ScoreBook": "inundate.score.table",
    "fit_baselines": "inundate.score.baseline",
    "make_baseline": "inundate.score.baseline",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'inundate.score' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)
