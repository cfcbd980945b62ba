"""From sums to the summary: every score with its baselines, interval, split and verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, DataError, nearest
from inundate.score.aggregate import State, stack, total
from inundate.score.interval import Resampler, bounds_of, difference_of
from inundate.score.probability import reliability_table
from inundate.score.statistic import Metric, Sums

if TYPE_CHECKING:
    from inundate.score.entry import Entry
    from inundate.score.table import ScoreBook

__all__ = ["CLUSTERS", "REQUIRED", "summarise"]

REQUIRED = ("rmse_wet", "csi_0.05", "csi_0.3")
CLUSTERS = ("block", "terrain", "storm", "block+storm", "terrain+storm")
REGIMES = ("flat", "mixed", "steep")


def summarise(
    book: ScoreBook,
    *,
    cluster: str = "block",
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
    required: Sequence[str] | None = None,
    against: Sequence[str] | None = None,
    metrics: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Turn a book into scores.

    Parameters
    ----------
    book : ScoreBook
        Sums; each sample must have each model.
    cluster : str
        What the bootstrap draws: ``block`` (terrain block), ``terrain``, ``storm``, or both
        factors as ``block+storm`` or ``terrain+storm``.
    draws, seed, level
        Number of bootstrap draws, their seed and the coverage of intervals.
    required : sequence of str, optional
        Metrics on which the reference must be better; by default wet RMSE and CSI at 0.05 and
        0.3 m.
    against : sequence of str, optional
        Baselines that count for the verdict; by default all.
    metrics : sequence of str, optional
        Metrics to give beside the required ones; by default all of the book.

    Returns
    -------
    dict
        JSON-able; undefined values are None. ``regimes`` holds ``all`` and each regime
        present, with ``scores`` (model, metric) and ``difference`` (of the reference from
        each other model: reference minus other, or for scores whose best value lies between
        two bad sides the difference of the distances from it). ``count`` is what a score
        rests on (its denominator), ``undefined`` the samples in which it is 0/0 by itself,
        ``terrain_median`` the median of the terrains' own scores. ``verdict`` says whether
        the reference is better, with the whole interval, on every required metric, in every
        regime, than every baseline; ``fails`` lists where not.

    Raises
    ------
    ConfigError
        If an option is not known.
    DataError
        If the book is empty or a sample lacks a model.
    """
    models = _models(book)
    wanted = _metrics(book, required or REQUIRED, metrics)
    rivals = list(against if against is not None else book.baselines)
    unknown = [name for name in rivals if name not in models or name == book.reference]
    if unknown or cluster not in CLUSTERS:
        raise ConfigError(
            f"summary of scores: against {unknown}, cluster {cluster!r}; expected models out of "
            f"{models[1:]} and a cluster out of {list(CLUSTERS)}"
        )
    regimes: dict[str, Any] = {}
    for name in ("all", *_regimes(book)):
        entries = [e for _, e in sorted(book.entries.items()) if name in ("all", e.regime)]
        resampler = Resampler(*_factors(entries, cluster), draws=draws, seed=seed)
        regimes[name] = _regime(book, entries, models, wanted, resampler, level)
    needed = [metric for metric in wanted if metric.name in (required or REQUIRED)]
    return {
        "kind": "evaluation",
        "split": book.split,
        "thresholds_m": list(book.thresholds_m),
        "models": models,
        "reference": book.reference,
        "baselines": list(book.baselines),
        "advantages": book.advantages,
        "bootstrap": {"cluster": cluster, "draws": draws, "seed": seed, "level": level},
        "metrics": {m.name: _about(m) for m in wanted},
        "regimes": regimes,
        "worst_terrain": _worst(book, models, needed),
        "verdict": _verdict(regimes, needed, rivals),
    }


def _models(book: ScoreBook) -> list[str]:
    """Give the reference, its baselines and all other models; each must be in each sample."""
    if not book.entries:
        raise DataError("summary of scores: the score book holds no sample")
    others = sorted({name for entry in book.entries.values() for name in entry.models})
    first = [book.reference, *book.baselines]
    models = [*first, *(name for name in others if name not in first)]
    gaps = [
        f"{sample} has no {model}"
        for sample, entry in sorted(book.entries.items())
        for model in models
        if model not in entry.models
    ]
    if gaps:
        raise DataError(
            f"summary of scores: {len(gaps)} score(s) missing, the first: {'; '.join(gaps[:3])}",
            hint="score every model on every sample: differences are paired",
        )
    return models


def _metrics(book: ScoreBook, required: Sequence[str], names: Sequence[str] | None) -> list[Metric]:
    known = {metric.name: metric for metric in book.metrics}
    asked = [*required, *(known if names is None else names)]
    for name in asked:
        if name not in known:
            close = nearest(name, known)
            raise ConfigError(
                f"summary of scores: metric {name!r} is not in the book; there are "
                f"{', '.join(known)}",
                hint=f"did you mean {close}?" if close else None,
            )
    return [known[name] for name in known if name in asked]


def _regimes(book: ScoreBook) -> list[str]:
    present = {entry.regime for entry in book.entries.values()} - {"all"}
    return [*(r for r in REGIMES if r in present), *sorted(present - set(REGIMES))]


def _factors(entries: Sequence[Entry], cluster: str) -> list[list[Any]]:
    takes = {
        "block": lambda e: e.place,
        "terrain": lambda e: e.terrain,
        "storm": lambda e: e.storm,
    }
    return [[takes[factor](entry) for entry in entries] for factor in cluster.split("+")]


def _regime(
    book: ScoreBook,
    entries: Sequence[Entry],
    models: Sequence[str],
    metrics: Sequence[Metric],
    resampler: Resampler,
    level: float,
) -> dict[str, Any]:
    values: dict[str, dict[str, float]] = {}
    draws: dict[str, dict[str, NDArray[np.float64]]] = {}
    scores: dict[str, dict[str, Any]] = {}
    terrains = sorted({entry.terrain for entry in entries})
    for model in models:
        states = [entry.models[model] for entry in entries]
        pooled, drawn, each = total(states).sums, resampler.draw(stack(states)), stack(states)
        by_terrain = stack(_by_terrain(entries, model, terrains))
        values[model] = {m.name: float(m.value(pooled)) for m in metrics}
        draws[model] = {m.name: m.value(drawn) for m in metrics}
        scores[model] = {
            m.name: {
                **_numbers(values[model][m.name], draws[model][m.name], resampler.note, level),
                "unit": m.unit,
                "best": m.best,
                "count": _number(float(m.count(pooled))),
                "undefined": int(np.isnan(m.value(each)).sum()),
                "terrain_median": _number(_median(m.value(by_terrain))),
            }
            for m in metrics
        }
    ours = book.reference
    found: dict[str, Any] = {
        "samples": len(entries),
        "terrains": len(terrains),
        "blocks": len({entry.place for entry in entries}),
        "storms": len({entry.storm for entry in entries}),
        "scores": scores,
        "difference": {
            other: {
                m.name: _difference(
                    m, values[ours], values[other], draws[ours], draws[other], resampler, level
                )
                for m in metrics
            }
            for other in models
            if other != ours
        },
    }
    if resampler.note:
        found["note"] = f"no intervals: {resampler.note}"
    if book.probabilistic:
        found["reliability"] = _reliability(book, entries, models)
    return found


def _by_terrain(entries: Sequence[Entry], model: str, terrains: Sequence[str]) -> list[State]:
    return [total(e.models[model] for e in entries if e.terrain == name) for name in terrains]


def _median(values: NDArray[np.float64]) -> float:
    defined = values[np.isfinite(values)]
    return float(np.median(defined)) if defined.size else np.nan


def _difference(
    metric: Metric,
    ours: Mapping[str, float],
    theirs: Mapping[str, float],
    our_draws: Mapping[str, NDArray[np.float64]],
    their_draws: Mapping[str, NDArray[np.float64]],
    resampler: Resampler,
    level: float,
) -> dict[str, Any]:
    name = metric.name
    value = float(metric.difference(np.asarray(ours[name]), np.asarray(theirs[name])))
    drawn = metric.difference(our_draws[name], their_draws[name])
    judged = difference_of(metric, value, drawn, resampler.note, level)
    told: dict[str, Any] = {
        "value": _number(judged.value),
        "low": _number(judged.low),
        "high": _number(judged.high),
        "better": judged.better,
    }
    return told | ({"note": judged.note} if judged.note else {})


def _numbers(
    value: float, draws: NDArray[np.float64], note: str, level: float
) -> dict[str, float | None]:
    low, high, _ = bounds_of(draws, level, note)
    return {"value": _number(value), "low": _number(low), "high": _number(high)}


def _number(value: float) -> float | None:
    """Round to seven digits, which single-precision depths bear; None where undefined."""
    return float(f"{value:.7g}") if np.isfinite(value) else None


def _about(metric: Metric) -> dict[str, Any]:
    return {
        "label": metric.label,
        "unit": metric.unit,
        "best": metric.best,
        "target": metric.target,
        "meaning": metric.meaning,
    }


def _reliability(
    book: ScoreBook, entries: Sequence[Entry], models: Sequence[str]
) -> dict[str, dict[str, Any]]:
    tables: dict[str, dict[str, Any]] = {}
    for model in models:
        sums: Sums = total(entry.models[model] for entry in entries).sums
        tables[model] = {f"{t:g}": reliability_table(sums, t) for t in book.thresholds_m}
    return tables


def _worst(book: ScoreBook, models: Sequence[str], metrics: Sequence[Metric]) -> dict[str, Any]:
    """Give for each model and required metric the terrain on which it is worst."""
    entries = list(book.entries.values())
    terrains = sorted({entry.terrain for entry in entries})
    worst: dict[str, dict[str, Any]] = {}
    for model in models:
        sums = stack(_by_terrain(entries, model, terrains))
        worst[model] = {}
        for metric in metrics:
            values = metric.value(sums)
            off = np.abs(values - metric.target)
            if np.isnan(off).all():
                worst[model][metric.name] = {"terrain": None, "value": None}
                continue
            at = int(np.nanargmax(off))
            worst[model][metric.name] = {
                "terrain": terrains[at],
                "value": _number(float(values[at])),
            }
    return worst


def _verdict(
    regimes: Mapping[str, Any], metrics: Sequence[Metric], rivals: Sequence[str]
) -> dict[str, Any]:
    fails = [
        line
        for regime, scores in regimes.items()
        for line in _fails_of(regime, scores, metrics, rivals)
    ]
    return {
        "beats_all": bool(rivals) and not fails,
        "fails": fails if rivals else ["no baseline was compared"],
        "required": [metric.name for metric in metrics],
        "against": list(rivals),
    }


def _fails_of(
    regime: str, scores: Mapping[str, Any], metrics: Sequence[Metric], rivals: Sequence[str]
) -> list[str]:
    if "note" in scores:  # one line for the regime: it fails on everything, for one reason
        return [f"{regime}: nothing can be judged, {scores['note']}"]
    return [
        f"{regime}: {metric.label} against {rival}: {_told(found, metric)}"
        for metric in metrics
        for rival in rivals
        if not (found := scores["difference"][rival][metric.name])["better"]
    ]


def _told(found: Mapping[str, Any], metric: Metric) -> str:
    if found["value"] is None:
        return "undefined"
    digits = 4 if metric.unit == "m" else 3
    if found["low"] is None:
        return f"{found['value']:+.{digits}f}, no interval ({found['note']})"
    return f"{found['value']:+.{digits}f} [{found['low']:+.{digits}f}, {found['high']:+.{digits}f}]"
