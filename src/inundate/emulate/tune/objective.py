"""What a study makes better, and how a finished training is measured by it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, DataError, nearest
from inundate.core.progress import Progress
from inundate.core.run import Run
from inundate.dataset.samples import Samples
from inundate.emulate.evaluate import predict_sample
from inundate.emulate.loss import LossSettings
from inundate.emulate.train import load_emulator
from inundate.emulate.tune.space import FIXED
from inundate.score.aggregate import State, total
from inundate.score.extent import THRESHOLDS_M
from inundate.score.statistic import Metric
from inundate.score.table import ScoreBook, metrics_of

__all__ = [
    "EMULATOR",
    "HYBRID",
    "PART",
    "Objective",
    "best_validation",
    "is_score",
    "roll_out",
    "states_of",
    "validations",
]

#: The only part of a data set, beside the training part, that a study reads.
PART = "valid"
EMULATOR, HYBRID = "emulator", "hybrid"
BOOK = "valid-scores.json"
#: Parts of the loss: the settings of it that are weights.
_PARTS = tuple(name for name in LossSettings.model_fields if f"loss.{name}" not in FIXED)
_SAME = 1e-4  # share by which the loss and the sum of its parts may differ, from rounding


def _scores() -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics_of(THRESHOLDS_M, probabilistic=False)}


def is_score(name: str) -> bool:
    """Whether an objective is a score of whole roll-outs, not a loss."""
    return name in _scores()


class Objective:
    """What is made small: a validation loss, or the distance of a score from perfection.

    Parameters
    ----------
    name : str
        ``loss``, one of its parts, or the name of a score of whole roll-outs.
    loss : LossSettings
        The default weights.
    reweighted : bool
        Whether trials have weights of their own; they are all measured with the default ones.

    Attributes
    ----------
    metric : Metric or None
        The score of whole roll-outs; None for a loss.

    Raises
    ------
    ConfigError
        If there is no such loss or score.
    """

    def __init__(self, name: str, loss: LossSettings, *, reweighted: bool) -> None:
        scores = _scores()
        self.name, self.metric = name, scores.get(name)
        self._weights = {part: float(getattr(loss, part)) for part in _PARTS}
        self._reweighted = reweighted
        if self.metric is None and name not in ("loss", *_PARTS):
            known = ["loss", *_PARTS, *scores]
            close = nearest(name, known)
            raise ConfigError(
                f"tuning: objective is {name!r}, which is neither a loss nor a score",
                hint=f"did you mean {close!r}?" if close else f"expected one of {', '.join(known)}",
            )

    @property
    def higher_is_better(self) -> bool:
        """Whether people read the value as better when it is larger."""
        return self.metric is not None and self.metric.best == "higher"

    def cost(self, value: float) -> float:
        """Turn a score into what is made small."""
        if self.metric is None or self.metric.best == "lower":
            return value
        return -value if self.higher_is_better else abs(value - self.metric.target)

    def shown(self, cost: float) -> float:
        """Turn what is made small back into what people read."""
        return -cost if self.higher_is_better else cost

    def of_validation(self, scores: Mapping[str, float]) -> float:
        """Give what is made small at one validation; for a score, the loss stands in for it.

        Raises
        ------
        DataError
            If the validation has no such part.
        """
        if self.name in _PARTS:
            if self.name not in scores:
                raise DataError(
                    f"tuning: the objective is {self.name!r}, the validation gives "
                    f"{', '.join(scores)}",
                    hint="give one of these as --objective",
                )
            return float(scores[self.name])
        return self._weighted(scores) if self._reweighted else float(scores["loss"])

    def _weighted(self, scores: Mapping[str, float]) -> float:
        return math.fsum(
            weight * scores[part] for part, weight in self._weights.items() if part in scores
        )

    def check(self, scores: Mapping[str, float]) -> None:
        """Check, on the default settings, that the loss is the weighted sum of its parts.

        Raises
        ------
        DataError
            If it is not: trials with other weights could then not be measured alike.
        """
        found = self._weighted(scores)
        if self._reweighted and not math.isclose(
            found, scores["loss"], rel_tol=_SAME, abs_tol=1e-9
        ):
            raise DataError(
                f"tuning: the validation loss is {scores['loss']:.6g}, the weighted sum of its "
                f"parts {sorted(scores)} is {found:.6g}; expected the same"
            )

    def of_run(self, run: Run, samples: Samples, *, progress: bool) -> float:
        """Give what is made small of a finished training: of its best checkpoint."""
        if self.metric is None:
            return self.of_validation(best_validation(run))
        states = states_of(roll_out(run, samples, progress=progress), EMULATOR)
        return self.cost(float(self.metric.value(total(states).sums)))

    def of_states(
        self, states: Sequence[State], weights: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Give what is made small under draws of the samples, (draws, samples) to (draws,)."""
        if self.metric is None:
            raise DataError(f"tuning: {self.name} is no score of roll-outs")
        sums = {
            key: weights @ np.stack([state.sums[key] for state in states])
            for key in self.metric.needs
        }
        value = self.metric.value(sums)
        return np.asarray([self.cost(float(one)) for one in value])


def validations(run: Run) -> list[dict[str, float]]:
    """Give the scores of each validation of a run; one made twice at a step counts once."""
    found: dict[int, dict[str, float]] = {}
    for record in run.read_metrics():
        if "valid" in record:
            scores = {k: math.nan if v is None else float(v) for k, v in record["valid"].items()}
            found[int(record["step"])] = scores
    return list(found.values())


def best_validation(run: Run) -> dict[str, float]:
    """Give the scores of the validation that the run's best checkpoint was chosen by.

    Raises
    ------
    DataError
        If the run was never validated.
    """
    found = [scores for scores in validations(run) if math.isfinite(scores["loss"])]
    if not found:
        raise DataError(f"reading {run.path}: no validation with a finite loss in its metrics")
    return min(found, key=lambda scores: scores["loss"])


def roll_out(run: Run, samples: Samples, *, progress: bool) -> ScoreBook:
    """Score a run's best checkpoint over whole roll-outs of the validation part.

    The scores are kept in the run folder, beside those of the untrained hybrid.
    """
    place: Path = run.path / BOOK
    if place.exists():
        return ScoreBook.load(place)
    _, settings, model = load_emulator(run.path)
    numbers = samples.part(PART)
    split: dict[str, Any] = {
        "name": PART,
        "dataset": samples.path.name,
        "hash": samples.attrs["split_hash"],
        "unseen": "terrain block (chose the best epoch and the best trial)",
    }
    book = ScoreBook(reference=EMULATOR, baselines=[HYBRID], split=split)
    with Progress("roll out", total=len(numbers), unit="samples", enabled=progress) as bar:
        for number in numbers:
            sample = samples.read(number)
            predicted, hybrid = predict_sample(model, settings, sample)
            row = sample.row
            book.add(
                row.name,
                terrain=row.terrain,
                block=row.block,
                storm=row.storm,
                regime=row.regime,
                observed=sample.water_depth,
                predicted={EMULATOR: predicted, HYBRID: hybrid},
                interval_s=sample.interval_s,
                valid=sample.valid,
            )
            bar.advance()
    book.save(place)
    return book


def states_of(book: ScoreBook, model: str) -> list[State]:
    """Give a model's sums, sample by sample in the order of names."""
    return [entry.models[model] for _, entry in sorted(book.entries.items())]
