"""Train default and best settings again with fresh seeds, and measure them sample by sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from torch import nn

from inundate.core.progress import Progress
from inundate.core.run import Run
from inundate.core.seeds import make_seed
from inundate.dataset.samples import Samples
from inundate.emulate.batches import FloodBatches
from inundate.emulate.settings import DRAWS_MEMBERS
from inundate.emulate.train import load_emulator, loss_of
from inundate.emulate.tune.compare import Comparison, Measured, compare
from inundate.emulate.tune.objective import (
    EMULATOR,
    HYBRID,
    PART,
    Objective,
    roll_out,
    states_of,
)
from inundate.emulate.tune.settings import TuneSettings
from inundate.emulate.tune.setup import Setup
from inundate.emulate.tune.trial import Outcome, train_in
from inundate.learn.validate import validate_on
from inundate.score.aggregate import total
from inundate.score.statistic import Metric
from inundate.score.table import ScoreBook

__all__ = ["Repeats", "repeat"]

#: Folder of a study that keeps the prepared samples from one training to the next.
CACHE = "cache"
#: Scores shown beside the objective, since a loss tells nobody how good the floods are.
BESIDE = ("csi_0.05", "csi_0.3", "rmse_wet")


@dataclass(frozen=True)
class Repeats:
    """Default and best settings, trained again.

    Attributes
    ----------
    seeds : tuple of int
    outcomes : dict of int to tuple of Outcome
        By number of the trial that the settings come from, in the order of seeds.
    comparison : Comparison or None
        Over the seeds with which both trainings ended well; None if there is none.
    scores : dict of str to dict of str to tuple of float
        By score and by ``default``, ``best`` and ``hybrid``: one value a seed, one for the
        hybrid.
    """

    seeds: tuple[int, ...]
    outcomes: dict[int, tuple[Outcome, ...]]
    comparison: Comparison | None
    scores: dict[str, dict[str, tuple[float, ...]]]


def repeat(
    study: Path,
    dataset: Path,
    samples: Samples,
    objective: Objective,
    setups: Mapping[int, Setup],
    *,
    settings: TuneSettings,
    progress: bool,
) -> Repeats:
    """Train the default (trial 0) and the best settings with the same fresh seeds.

    Trainings that are there already are kept; each is a run folder ``trial-NUMBER-SEED``.
    """
    folder, cache = study / "repeats", study / CACHE
    seeds = tuple(make_seed(settings.seed, "repeat", i) % 2**31 for i in range(settings.repeats))
    outcomes: dict[int, list[Outcome]] = {number: [] for number in setups}
    total_runs = len(setups) * len(seeds)
    with Progress("repeat", total=total_runs, unit="trainings", enabled=progress) as bar:
        for seed in seeds:
            for number, setup in setups.items():
                fresh = setup.with_values({"train.seed": seed})
                path = folder / f"trial-{number:04d}-{seed}"
                bar.note(f"settings of trial {number}, seed {seed}")
                outcome = train_in(
                    path, dataset, fresh, cache=cache, heard=lambda *_: bar.update(bar.done)
                )
                if outcome.state == "complete" and outcome.run is not None:
                    roll_out(outcome.run, samples, progress=False)
                outcomes[number].append(outcome)
                bar.advance()
    default, best = (outcomes[number] for number in setups)
    pairs = [
        (seed, a.run, b.run)
        for seed, a, b in zip(seeds, default, best, strict=True)
        if a.state == b.state == "complete" and a.run is not None and b.run is not None
    ]
    measure = _Measure(samples, objective, setups[0], cache)
    comparison = None
    if pairs:
        comparison = compare(
            [measure(seed, a) for seed, a, _ in pairs],
            [measure(seed, b) for seed, _, b in pairs],
            seed=settings.seed,
        )
    books = {
        "default": [roll_out(a, samples, progress=False) for _, a, _ in pairs],
        "best": [roll_out(b, samples, progress=False) for _, _, b in pairs],
    }
    kept_outcomes = {number: tuple(found) for number, found in outcomes.items()}
    return Repeats(seeds, kept_outcomes, comparison, _beside(books))


class _Measure:
    """Measure trainings by the objective, sample by sample, all on the same pieces."""

    def __init__(self, samples: Samples, objective: Objective, setup: Setup, cache: Path) -> None:
        self._samples, self._objective, self._setup = samples, objective, setup
        self._cache = cache

    def __call__(self, seed: int, run: Run) -> Measured:
        if self._objective.metric is not None:
            book = roll_out(run, self._samples, progress=False)
            states = states_of(book, EMULATOR)
            blocks = tuple(
                f"{entry.terrain}/{entry.block}" for _, entry in sorted(book.entries.items())
            )
            return Measured(seed, blocks, lambda w: self._objective.of_states(states, w))
        blocks, costs = self._losses(run)
        return Measured(seed, blocks, lambda w: (w @ costs) / w.sum(axis=1))

    def _losses(self, run: Run) -> tuple[tuple[str, ...], NDArray[np.float64]]:
        """Give block and validation loss of each sample, with the default weights and pieces."""
        _, settings, model = load_emulator(run.path)
        batches = FloodBatches(
            self._samples,
            PART,
            settings,
            batch_size=1,
            seed=self._setup.train.seed,
            shuffle=False,
            members=settings.model in DRAWS_MEMBERS,
            cache=self._cache,
        )
        loss = loss_of(settings, self._setup.loss)
        rows = [self._samples.rows[number] for number in batches.numbers]
        costs = [
            self._objective.of_validation(
                validate_on(_One(batches, index), loss)(cast("nn.Module", model))
            )
            for index in range(len(batches))
        ]
        return tuple(f"{row.terrain}/{row.block}" for row in rows), np.asarray(costs)


class _One:
    """One batch of some batches, as if it were all."""

    def __init__(self, batches: FloodBatches, index: int) -> None:
        self._batches, self._index = batches, index

    def __len__(self) -> int:
        return 1

    def batch(self, epoch: int, index: int) -> dict[str, object]:
        return dict(self._batches.batch(epoch, self._index + index))


def _beside(
    books: Mapping[str, list[ScoreBook]],
) -> dict[str, dict[str, tuple[float, ...]]]:
    """Give the scores of roll-outs by seed, with those of the untrained hybrid."""
    found: dict[str, dict[str, tuple[float, ...]]] = {}
    if not books["default"]:
        return found
    metrics = {metric.name: metric for metric in books["default"][0].metrics}
    for name in BESIDE:
        metric = metrics[name]

        found[name] = {
            which: tuple(_value(metric, book, EMULATOR) for book in group)
            for which, group in books.items()
        }
        found[name]["hybrid"] = (_value(metric, books["default"][0], HYBRID),)
    return found


def _value(metric: Metric, book: ScoreBook, model: str) -> float:
    return float(metric.value(total(states_of(book, model)).sums))
