"""Score every way to a spread side by side, each run of an ensemble being the truth in turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.errors import ConfigError
from inundate.core.progress import Progress
from inundate.core.run import Run
from inundate.dataset.samples import Sample, Samples
from inundate.emulate.hybrid import hybrid_arrays, pour_state
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.train import load_emulator
from inundate.emulate.uncertain.calibration import load_calibration
from inundate.emulate.uncertain.case import SpreadCase, case_of_sample
from inundate.emulate.uncertain.climatology import LawClimatology
from inundate.emulate.uncertain.draw import Ensemble, ensembles_of, own_samples
from inundate.emulate.uncertain.fit import PART
from inundate.emulate.uncertain.law import Array, Law
from inundate.emulate.uncertain.output import Calibrated, open_spread
from inundate.emulate.uncertain.settings import OutputSettings
from inundate.emulate.zoo import Emulator
from inundate.score.aggregate import stack, total
from inundate.score.interval import Resampler, bounds_of
from inundate.score.render import render
from inundate.score.sample import Forecast
from inundate.score.table import ScoreBook

__all__ = ["GOALS", "SpreadEvaluation", "evaluate_spread"]

GOALS: dict[str, tuple[float, float]] = {
    "crps_over_mae": (0.0, 0.75),
    "coverage_90": (0.88, 0.92),
    "coverage_90_if_wet": (0.88, 0.92),
    "spread_skill": (0.9, 1.1),
    "calibration_error": (0.0, 0.02),
}
"""What is aimed at: the range in which each figure should lie."""
REQUIRED = ("crps", "crps_wet")
_WET_METRICS = ("coverage_90", "width_90")
_COLUMNS = ("crps", "crps_wet", "coverage_90", "width_90", "spread_skill")
_CLIMATOLOGY, _HYBRID = "climatology", "hybrid"
_MOST_TRAINING = 300  # samples that climatology counts


@dataclass(frozen=True)
class SpreadEvaluation:
    """Scores of the ways to a spread.

    Attributes
    ----------
    summary : dict
        Every score with interval for each way and rival, and ``goals``.
    text : str
        The same as tables, failures first.
    """

    summary: dict[str, Any]
    text: str


def evaluate_spread(
    run: Path | str,
    *,
    dataset: Path | str | None = None,
    part: str = "test",
    draws: int = 2000,
    progress: bool = True,
) -> SpreadEvaluation:
    """Score the spread of a run on ensembles.

    Each perturbed run is a truth; the forecast knows the unperturbed inputs alone. Beside the
    ways stand the emulator and the hybrid as sure forecasts, and climatology.

    Parameters
    ----------
    run : Path
        A trained run with a calibration.
    dataset : Path, optional
        Another data set than the run's own. Climatology stays that of the run's training part;
        with exported weights it is that of this data set.
    part : str
        Part of the data set; not the one that was calibrated on.
    draws : int
        Bootstrap draws; terrain blocks are drawn, not cells.
    progress : bool
        Show how far it is.

    Raises
    ------
    ConfigError
        If the part is the one that was calibrated on, or trained on.
    DataError
        If the data set has changed or the part has no ensembles.
    RunError
        If the run has no calibration.
    """
    found, settings, model = load_emulator(run)
    calibration = load_calibration(found)
    if dataset is None and part in (PART, "train"):
        raise ConfigError(
            f"evaluating the spread of {found.path} on part {part}: it was fitted on that, "
            "expected one that it has not seen",
            hint="leave --part out, or give another --dataset",
        )
    if dataset is None:
        own = samples = own_samples(found, what="evaluating")
    else:
        samples = Samples(dataset)
        own = own_samples(found, what="evaluating") if "data" in found.config else samples
    ensembles = ensembles_of(samples, part)
    ways = {
        name: open_spread(
            found, model, settings, OutputSettings(method=name), factor=calibration.factor
        )
        for name in calibration.ways
    }
    default = ways[calibration.default]
    book = _book(
        found, settings, samples, part, ensembles, default, (settings.model, _HYBRID, _CLIMATOLOGY)
    )
    wet_book = _book(found, settings, samples, part, ensembles, default, (_CLIMATOLOGY,))
    climatology = _climatology(own)
    with Progress("evaluate", total=len(ensembles), unit="ensembles", enabled=progress) as bar:
        for one in ensembles:
            _score(book, wet_book, samples, one, model, settings, ways, climatology)
            bar.advance()
    summary = book.summary(draws=draws, required=REQUIRED)
    summary["kind"] = "spread-evaluation"
    summary["default"], summary["best_in_calibration"] = calibration.default, calibration.best
    summary["calibrated_on"] = dict(calibration.fitted_on)
    wet = wet_book.summary(draws=draws, required=_WET_METRICS, metrics=_WET_METRICS)
    summary["if_wet"] = {key: wet[key] for key in ("regimes", "metrics", "baselines")}
    summary["goals"] = _goals(book, summary, tuple(ways), (settings.model, _HYBRID), draws)
    return SpreadEvaluation(summary, _text(summary))


def _book(
    run: Run,
    settings: EmulatorSettings,
    samples: Samples,
    part: str,
    ensembles: Sequence[Ensemble],
    default: Calibrated,
    baselines: Sequence[str],
) -> ScoreBook:
    split: dict[str, Any] = {
        "name": part,
        "dataset": samples.path.name,
        "hash": samples.attrs["split_hash"],
        "ensembles": len(ensembles),
        "runs": sum(len(one.truths) for one in ensembles),
        "blocks": len({one.row.block for one in ensembles}),
        "run": run.path.name,
    }
    return ScoreBook(
        reference=default.name,
        baselines=baselines,
        split=split,
        thresholds_m=default.fitted.finish.thresholds_m,
        probabilistic=True,
    )


def _climatology(own: Samples) -> LawClimatology:
    numbers = own.part("train")
    step = -(-len(numbers) // _MOST_TRAINING)
    return LawClimatology(own.read(number) for number in numbers[::step])


def _score(
    book: ScoreBook,
    wet_book: ScoreBook,
    samples: Samples,
    one: Ensemble,
    model: Emulator,
    settings: EmulatorSettings,
    ways: Mapping[Any, Calibrated],
    climatology: LawClimatology,
) -> None:
    sample = samples.read(one.base)
    case = case_of_sample(model, settings, sample)
    forecasts: dict[str, Any] = {}
    if_wet: dict[str, Forecast] = {}
    for name, way in ways.items():
        forecasts[name], if_wet[name] = _forecast(way, case)
    forecasts[settings.model] = case.depth
    forecasts[_HYBRID] = _hybrid(case)
    law = climatology.law(one.row.regime, case.frames)
    forecasts[_CLIMATOLOGY] = _everywhere(law, case, book.thresholds_m)
    law = climatology.law(one.row.regime, case.frames, wet=True)
    if_wet[_CLIMATOLOGY] = _everywhere(law, case, book.thresholds_m)
    for number in one.truths:
        truth: Sample = samples.read(number)
        row = truth.row
        for each, predicted in ((book, forecasts), (wet_book, if_wet)):
            each.add(
                row.name,
                terrain=row.terrain,
                block=row.block,
                storm=row.storm,
                regime=row.regime,
                observed=truth.water_depth,
                predicted=predicted,
                interval_s=truth.interval_s,
                valid=truth.valid,
            )


def _forecast(way: Calibrated, case: SpreadCase) -> tuple[Forecast, Forecast]:
    """Gather the frames of a way: members where it has some, the 90 % interval, the chances.

    The second is the law of depth where it gets wet.
    """
    levels = (0.05, 0.5, 0.95)
    points, quantiles, chances, ends, kept = [], [], [], [], None
    wet = []
    for law in way.laws(case):
        points.append(law.points)
        kept = law.levels
        quantiles.append(law.quantiles(levels))
        ends.append(way.fitted.finish.ends(law))
        chances.append(way.fitted.finish.chances(law))
        wet.append(way.fitted.finish.if_wet(law).quantiles(levels))
    stacked, narrow = np.stack(points, axis=1), np.stack(quantiles, axis=1)
    probability, wetted = np.stack(chances, axis=1), np.stack(wet, axis=1)
    found = Forecast(
        depth=narrow[1],
        members=stacked if kept is None else None,
        quantiles=narrow if kept is None else stacked,
        levels=levels if kept is None else kept,
        probability=probability,
        interval=np.stack(ends, axis=1),
    )
    # the chance is that of the law itself: on condition of water it says nothing
    return found, Forecast(wetted[1], quantiles=wetted, levels=levels, probability=probability)


def _hybrid(case: SpreadCase) -> Array:
    """Give the untrained hybrid's depth; an emulator without one gets it run now."""
    factor = next(iter(case.prepared.water), 4)
    state = hybrid_arrays(
        case.elevation,
        case.rain_rate,
        roughness=case.roughness,
        interval_s=case.interval_s,
        cell_size_m=case.grid.dx,
        factor=factor,
        settings=case.settings,
    )
    return pour_state(state, case.elevation)


def _everywhere(law: Law, case: SpreadCase, thresholds_m: Sequence[float]) -> Forecast:
    """Spread a law of each frame (K, T) over the raster."""
    shape = case.depth.shape

    def wide(values: Array) -> Array:
        return np.broadcast_to(values[..., None, None], (*values.shape, *shape[1:]))

    return Forecast(
        depth=wide(law.median()),
        quantiles=wide(law.points),
        levels=law.levels,
        probability=np.stack([wide(law.chance(t)) for t in thresholds_m]),
    )


def _goals(
    book: ScoreBook,
    summary: Mapping[str, Any],
    ways: Sequence[str],
    sure: Sequence[str],
    draws: int,
) -> dict[str, list[dict[str, Any]]]:
    """Hold each way against what is aimed at, with intervals by terrain block."""
    scores = summary["regimes"]["all"]["scores"]
    best = min(sure, key=lambda name: scores[name]["crps"]["value"])
    found = {}
    for way in ways:
        rows = [_row("crps_over_mae", f"over {best}", _ratio(book, way, best, draws))]
        rows += [
            _row(name, "", scores[way][name])
            for name in ("coverage_90", "spread_skill")
            if scores[way][name]["value"] is not None
        ]
        conditional = summary["if_wet"]["regimes"]["all"]["scores"][way]["coverage_90"]
        rows.append(_row("coverage_90_if_wet", "", conditional))
        for threshold in book.thresholds_m:
            score = scores[way][f"calibration_error_{threshold:g}"]
            rows.append(_row("calibration_error", f"{threshold:g} m", score))
        found[way] = rows
    return found


def _ratio(book: ScoreBook, way: str, sure: str, draws: int) -> dict[str, float | None]:
    """Give the CRPS of a way over the mean absolute error of a sure forecast."""
    entries = [entry for _, entry in sorted(book.entries.items())]
    resampler = Resampler([entry.place for entry in entries], draws=draws)

    def both(name: str) -> tuple[float, Any]:
        states = [entry.models[name] for entry in entries]
        key = "probability.crps"
        return float(total(states).sums[key]), resampler.draw(stack(states))[key]

    (above, drawn_above), (below, drawn_below) = both(way), both(sure)
    low, high, _ = bounds_of(drawn_above / drawn_below, 0.95, resampler.note)
    value = above / below if below else None
    return {"value": value, "low": _known(low), "high": _known(high)}


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _row(name: str, at: str, score: Mapping[str, Any]) -> dict[str, Any]:
    low, high = GOALS[name]
    value = score["value"]
    return {
        "figure": name,
        "at": at,
        "value": value,
        "low": score["low"],
        "high": score["high"],
        "goal": [low, high],
        "met": value is not None and low <= value <= high,
    }


def _text(summary: Mapping[str, Any]) -> str:
    lines = ["Against what is aimed at, on all regimes:"]
    for way, rows in summary["goals"].items():
        mark = " (default)" if way == summary["default"] else ""
        lines.append(f"  {way}{mark}")
        for row in sorted(rows, key=lambda r: bool(r["met"])):
            value = "undefined" if row["value"] is None else f"{row['value']:.3f}"
            span = "" if row["low"] is None else f" [{row['low']:.3f}, {row['high']:.3f}]"
            verdict = "met" if row["met"] else "NOT MET"
            label = f"{row['figure'].replace('_', ' ')} {row['at']}".strip()
            goal = f"{row['goal'][0]:g} to {row['goal'][1]:g}"
            lines.append(f"    {label:<32}{value}{span}, goal {goal}: {verdict}")
    return "\n".join(lines) + "\n\n" + render(summary, columns=_COLUMNS)
