"""Inputs that are turned, or exchanged, in training, whose label or point stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.changes import Change
from inundate.prove.probe.relation import TURNS
from inundate.prove.probe.stand_in import stand_in_trial
from inundate.prove.trial import Trial, run_trial

__all__ = ["turned_alone"]

Errors = NDArray[np.float64]  # of each sample

_ANEW = 0.9  # of the samples that an epoch has again, from which nothing is drawn
_MORE = 0.2  # of the training samples, beyond those of validation, that fit better when turned
_BETTER = 0.5  # of the error
_MENDS = 0.5  # of what training samples are further away, that the better of both ways must mend
_LEFT = 0.2  # of the same, that the best of all ways may leave
_LEAST = 4  # cells along a side


def turned_alone(exam: Exam) -> list[Finding]:
    """Learn from validation samples how labels belong to them, and look at those of training."""
    again = exam.figures.get("samples_that_recur", 1.0)
    if exam.case.valid is None or exam.case.trained or again > _ANEW:
        return []
    if any(f.cause is Cause.NOISE_TOO_STRONG and f.is_fault for f in exam.findings):
        return []  # nothing is left in them that could be turned
    ways = list(_ways(exam.train[0]))
    if exam.typical["target"].ndim > 2 or len(exam.valid) < 3 or not exam.comparable or not ways:
        return []
    kept = max(1, len(exam.valid) // 3)
    trial = _taught(exam, kept)
    if trial is None:
        return []
    parts = (exam.train, exam.valid[-kept:])
    here, there = (exam.errors(trial.model, part)[0] for part in parts)
    turned = [
        [exam.errors(trial.model, [change(batch) for batch in part])[0] for part in parts]
        for _, change in ways
    ]
    if not _as_they_were(here, there, turned):
        return []
    for (how, _), (one, other) in zip(ways, turned, strict=True):
        shares = [
            float((after < _BETTER * before).mean())
            for after, before in ((one, here), (other, there))
        ]
        # of what is covered or drowned some are nearer either way, and all stay far away
        mended = float((here - np.minimum(here, one)).mean())
        if mended < _MENDS * float(here.mean() - there.mean()):
            continue
        if shares[0] >= shares[1] + _MORE:
            text = (
                f"to a model that was trained on validation samples {100 * shares[0]:.0f} % of the "
                f"training samples are far nearer with {how}, and "
                f"{100 * shares[1]:.0f} % of other validation samples"
            )
            return [Finding(Cause.TARGETS_MISPAIRED, "fault", text, tried=True, firm=True)]
    return []


def _as_they_were(here: Errors, there: Errors, turned: list[list[Errors]]) -> bool:
    """Whether the best of all ways fits training samples about as well as validation samples.

    Of samples that are drowned in noise half are nearer with the opposite sign, and still far away.
    """
    best, held = (
        float(np.minimum.reduce([own, *(pair[part] for pair in turned)]).mean())
        for part, own in enumerate((here, there))
    )
    return best - held <= _LEFT * float(here.mean() - there.mean())


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


def _ways(batch: Batch) -> Iterator[tuple[str, Change]]:
    """Give what may have been done to inputs alone."""
    inputs = batch["inputs"]
    maps = [n for n, v in inputs.items() if v.is_floating_point() and v.ndim == 4]
    if len(maps) == 1 and min(inputs[maps[0]].shape[2:]) >= _LEAST:
        name, first = maps[0], inputs[maps[0]][:1]
        for how, turn in TURNS.items():
            if how != "as it is" and turn(first).shape == first.shape:
                yield f"the image's {how}", _on(name, turn)
    names = list(inputs)
    if len(names) == 2 and inputs[names[0]].shape == inputs[names[1]].shape:
        yield f"{names[0]!r} and {names[1]!r} exchanged", _exchanged(names[0], names[1])
    for name, value in inputs.items():
        series = value.ndim == 3 and value.is_floating_point()
        ordered = series or (value.ndim == 2 and not value.is_floating_point())
        if ordered and value.shape[1] >= _LEAST:
            yield f"{name!r} from its end", _on(name, lambda v: v.flip(1))
        if series or (value.ndim == 2 and value.is_floating_point()):
            yield f"{name!r} of the opposite sign", _on(name, torch.neg)


def _on(name: str, turn: Callable[[Tensor], Tensor]) -> Change:
    return lambda batch: _turned(batch, name, turn)


def _exchanged(one: str, other: str) -> Change:
    def change(batch: Batch) -> Batch:
        inputs = batch["inputs"]
        return {**batch, "inputs": {**inputs, one: inputs[other], other: inputs[one]}}

    return change


def _turned(batch: Batch, name: str, turn: Callable[[Tensor], Tensor]) -> Batch:
    return {**batch, "inputs": {**batch["inputs"], name: turn(batch["inputs"][name])}}
