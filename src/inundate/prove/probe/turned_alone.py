"""Images that are turned or mirrored in training, whose label or point stays as it was."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.relation import TURNS
from inundate.prove.probe.stand_in import stand_in_trial
from inundate.prove.trial import Trial, run_trial

__all__ = ["turned_alone"]

_ANEW = 0.9  # of the samples that an epoch has again, from which nothing is drawn
_MORE = 0.2  # of the training samples, beyond those of validation, that fit better when turned
_BETTER = 0.5  # of the error
_LEAST = 4  # cells along a side


def turned_alone(exam: Exam) -> list[Finding]:
    """Learn from validation images how labels belong to them, and look at those of training."""
    names = [
        name for name, value in exam.train[0]["inputs"].items()
        if value.is_floating_point() and value.ndim == 4 and min(value.shape[2:]) >= _LEAST
    ]  # fmt: skip
    again = exam.figures.get("samples_that_recur", 1.0)
    if exam.case.valid is None or exam.case.trained or again > _ANEW or len(names) != 1:
        return []
    if exam.typical["target"].ndim > 2 or len(exam.valid) < 3 or not exam.comparable:
        return []
    kept = max(1, len(exam.valid) // 3)
    trial = _taught(exam, kept)
    if trial is None:
        return []
    name, parts = names[0], (exam.train, exam.valid[-kept:])
    here, there = (exam.errors(trial.model, part)[0] for part in parts)
    for how, turn in TURNS.items():
        first = exam.train[0]["inputs"][name][:1]
        if how == "as it is" or turn(first).shape != first.shape:
            continue
        one, other = (
            exam.errors(trial.model, [_turned(batch, name, turn) for batch in part])[0]
            for part in parts
        )
        shares = [
            float((after < _BETTER * before).mean())
            for after, before in ((one, here), (other, there))
        ]
        if shares[0] >= shares[1] + _MORE:
            text = (
                f"to a model that was trained on validation samples {100 * shares[0]:.0f} % of the "
                f"training samples are far nearer with the image's {how}, and "
                f"{100 * shares[1]:.0f} % of other validation samples"
            )
            return [Finding(Cause.TARGETS_MISPAIRED, "fault", text, tried=True, firm=True)]
    return []


def _taught(exam: Exam, kept: int) -> Trial | None:
    """Train the user's model on validation samples but the last ones, or the doctor's own.

    None where neither learns anything of those.
    """
    samples, rest = exam.valid[:-kept], exam.valid[-kept:]
    trial = run_trial(exam.case, samples, exam.effort.all_batches, seed=exam.seed)
    if not trial.broke and exam.skill(trial.model, rest).there:
        return trial
    own = stand_in_trial(exam, samples)
    return own if own is not None and exam.skill(own.model, rest).there else None


def _turned(batch: Batch, name: str, turn: Callable[[Tensor], Tensor]) -> Batch:
    return {**batch, "inputs": {**batch["inputs"], name: turn(batch["inputs"][name])}}
