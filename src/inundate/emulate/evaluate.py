"""Score a trained emulator on unseen storms over unseen terrain, beside every baseline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, DataError
from inundate.core.progress import Progress
from inundate.core.provenance import hash_path
from inundate.core.run import Run
from inundate.dataset.samples import Sample, Samples
from inundate.emulate.predict import factors_of, predict_prepared
from inundate.emulate.prepared import prepare_sample
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.train import load_emulator
from inundate.emulate.zoo import Emulator
from inundate.score.baseline import fit_baselines
from inundate.score.case import Baseline, Case
from inundate.score.table import ScoreBook
from inundate.score.trained import PerPixelLine

__all__ = [
    "BASELINES",
    "SEEN",
    "Evaluation",
    "evaluate",
    "examples",
    "part_numbers",
    "predict_sample",
]

BASELINES = ("all_dry", "climatology", "persistence", "persistence_30min", "fill_spill", "bathtub")
"""Trained-free and trained baselines shown with every score, beside the untrained hybrid."""
_HYBRID_FACTOR = 4  # of the baseline, when the model has no hybrid of its own
_HYBRID = "hybrid"
SEEN = "seen"
"""Part of a data set that was made of training blocks under held-out storms."""
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Evaluation:
    """Scores of a run.

    Attributes
    ----------
    summary : dict
        Every metric with interval for the model and each baseline, by regime, and the verdict.
    text : str
        The same as a table, failures first.
    """

    summary: dict[str, Any]
    text: str


def predict_sample(
    model: Emulator, settings: EmulatorSettings, sample: Sample
) -> tuple[Array, Array]:
    """Predict a stored sample from dry ground.

    Returns
    -------
    predicted, hybrid : array (T, H, W), m
        Of the model and of the untrained hybrid; NaN where there is no ground.
    """
    factors = factors_of(settings)[:1] or (_HYBRID_FACTOR,)
    prepared = prepare_sample(sample, factors=factors)
    water = prepared.water[factors[0]]
    fine = np.repeat(np.repeat(water.level, water.factor, axis=1), water.factor, axis=2)
    height, width = sample.elevation.shape
    above = fine[:, :height, :width] - (sample.elevation - np.float32(prepared.datum))
    return predict_prepared(model, settings, prepared), np.maximum(above, 0.0)


def evaluate(
    run: Path | str,
    *,
    dataset: Path | str | None = None,
    part: str = "test",
    which: str = "best",
    draws: int = 2000,
    progress: bool = True,
) -> Evaluation:
    """Score a run over full roll-outs from dry ground.

    Parameters
    ----------
    run : Path
        A trained run.
    dataset : Path, optional
        Another data set than the run's own; its ``part`` is scored. Baselines that learn do so
        on the run's own training part; exported weights name no data set of their own, there it
        is the training part of this one.
    part : str
        Part of the data set, or ``seen``: training blocks under held-out storms.
    which : str
        ``best`` or ``last`` checkpoint.
    draws : int
        Bootstrap draws; terrain blocks are drawn, not cells.
    progress : bool
        Show how far it is.

    Returns
    -------
    Evaluation

    Raises
    ------
    DataError
        If the data set of the run has changed, the part is empty, or exported weights are
        scored on no data set.
    ConfigError
        If fewer draws than one are asked for.
    """
    if draws < 1:  # before minutes of predictions
        raise ConfigError(f"evaluating {run}: {draws} bootstrap draws, expected 1 or more")
    found, settings, model = load_emulator(run, which=which)
    own, scored = _samples(found, dataset)
    numbers = part_numbers(scored, part)
    training = (_case(own.read(n)) for n in own.part("train"))
    lines = ("per_pixel_line",) if part == SEEN and _has_lines(own, scored, numbers) else ()
    baselines = fit_baselines((*BASELINES, *lines), training)
    book = _book(found, settings, scored, part, baselines, foreign=dataset is not None)
    with Progress("evaluate", total=len(numbers), unit="samples", enabled=progress) as bar:
        for number in numbers:
            _score(book, scored.read(number), model, settings, baselines)
            bar.advance()
    against = [_HYBRID, *(name for name, made in baselines.items() if not made.advantage)]
    summary = book.summary(draws=draws, against=against)
    return Evaluation(summary, book.text(summary))


def _samples(run: Run, dataset: Path | str | None) -> tuple[Samples, Samples]:
    """Give the data set that learning baselines are fitted on, and the one that is scored."""
    if "data" not in run.config:
        if dataset is None:
            raise DataError(
                f"evaluating {run.path}: exported weights do not know the data set of their "
                "training",
                hint="give --dataset",
            )
        scored = Samples(dataset)
        return scored, scored
    path = Path(run.config["data"]["path"])
    own = Samples(path)
    _check_unchanged(run, path)
    return own, own if dataset is None else Samples(dataset)


def _check_unchanged(run: Run, path: Path) -> None:
    expected: Mapping[str, str] = run.manifest["inputs"]
    if hash_path(path) != expected.get(path.name):
        raise DataError(
            f"evaluating {run.path}: the data set {path} has changed since the training, "
            "so what was held out may not be any more",
            hint="train again, or give --dataset",
        )


def _book(
    run: Run,
    settings: EmulatorSettings,
    samples: Samples,
    part: str,
    baselines: Mapping[str, Baseline],
    *,
    foreign: bool,
) -> ScoreBook:
    rows = [samples.rows[number] for number in part_numbers(samples, part)]
    split: dict[str, Any] = {
        "name": part,
        "dataset": samples.path.name,
        "hash": samples.attrs["split_hash"],
        "unseen": "another data set" if foreign else _UNSEEN.get(part, "nothing"),
        "storms": sorted({row.storm for row in rows}),
        "blocks": len({row.block for row in rows}),
        "run": run.path.name,
    }
    return ScoreBook(
        reference=settings.model,
        baselines=[_HYBRID, *baselines],
        split=split,
        advantages={name: made.advantage for name, made in baselines.items() if made.advantage},
    )


_UNSEEN = {
    "test": "storm and terrain block",
    "valid": "terrain block (chose the best epoch)",
    SEEN: "storm only",
}


def part_numbers(samples: Samples, part: str) -> list[int]:
    """Give the numbers of the samples of a part of a data set.

    Parameters
    ----------
    samples : Samples
    part : str
        ``train``, ``valid``, ``test``, or ``seen``: training blocks under held-out storms.

    Raises
    ------
    DataError
        If there are none.
    """
    if part != SEEN:
        return samples.part(part)
    blocks = {row.block for row in samples.rows if row.split == "train"}
    found = [
        number
        for number, row in enumerate(samples.rows)
        if row.split == "unused" and row.block in blocks and not row.member
    ]
    if not found:
        raise DataError(
            f"data set {samples.path} has no {SEEN} samples: no training block under a storm that "
            "was held out",
            hint="simulate the held-out storms over the training terrains too",
        )
    return found


def _has_lines(own: Samples, scored: Samples, numbers: Sequence[int]) -> bool:
    """Say whether the per-pixel line can be fitted wherever it would be asked."""
    frames: dict[str, list[int]] = {}
    for number in own.part("train"):
        frames.setdefault(own.rows[number].block, []).append(own.rows[number].frames)
    if any(len(set(counts)) > 1 for counts in frames.values()):
        return False  # it takes storms of one length
    rows = [scored.rows[number] for number in numbers]
    return all(
        len(frames.get(row.block, ())) >= PerPixelLine.storms_min
        and row.frames == frames[row.block][0]
        for row in rows
    )


def _case(sample: Sample) -> Case:
    known = np.isfinite(sample.elevation)
    return Case(
        elevation=sample.elevation,
        rain_rate=np.where(known, sample.rain_rate, 0.0),
        interval_s=sample.interval_s,
        cell_size_m=sample.grid.dx,
        regime=sample.row.regime,
        place=sample.row.block,
        observed=sample.water_depth,
    )


def _score(
    book: ScoreBook,
    sample: Sample,
    model: Emulator,
    settings: EmulatorSettings,
    baselines: Mapping[str, Baseline],
) -> None:
    predicted, hybrid = predict_sample(model, settings, sample)
    case = _case(sample)
    models = {settings.model: predicted, _HYBRID: hybrid}
    models |= {name: baseline.predict(case) for name, baseline in baselines.items()}
    row = sample.row
    book.add(
        row.name,
        terrain=row.terrain,
        block=row.block,
        storm=row.storm,
        regime=row.regime,
        observed=sample.water_depth,
        predicted=models,
        interval_s=sample.interval_s,
        valid=sample.valid,
    )


def examples(samples: Samples, part: str = "test") -> Iterator[int]:
    """Give one sample of each regime: the one with the most water, to be drawn."""
    best: dict[str, tuple[float, int]] = {}
    for number in samples.part(part):
        sample = samples.read(number)
        wet = float(np.nanmean(sample.water_depth.max(axis=0) >= 0.05))
        regime = sample.row.regime
        if regime not in best or wet > best[regime][0]:
            best[regime] = (wet, number)
    yield from (number for _, number in best.values())
