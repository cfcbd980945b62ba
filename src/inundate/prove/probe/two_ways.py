"""Targets that are written one way in some samples and another way in the rest."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.known import worth
from inundate.prove.trial import Remedy, run_trial

__all__ = ["probe_two_ways"]

_LEFT = 0.2  # of the variance of a difference, from which there is something to be explained
_SUM = 0.6  # of the variance of a sum of two, that is left at most
_NUMBERS = 4  # of a target, up to which all pairs are looked at
_NEARER = 4.5  # times what is left of the size: of normal noise it is 2.8 times at most
_EXPLAINED = 0.25  # of the variance of the size, that is explained
_VARIED = 0.1  # of the variance of the difference, that its size has: less where it is always one
_TRIED = 3  # pairs, for each of which a model is trained
_TIMES = 2  # as many steps: where the two cross, sizes have a kink
_ALIKE = 3.0  # factor within which deviations of two numbers agree, so that they may be mistaken


def probe_two_ways(exam: Exam) -> list[Finding]:
    """See whether the size of a difference of two targets follows from the inputs, not its sign.

    As where some sources write east before north: the two numbers are known, but not which of them
    is which. What is noise has an unknown size too.
    """
    target = exam.typical["target"]
    if exam.case.trained or target.ndim != 2 or exam.answers.kind == "classes" or exam.all.broke:
        return []
    if not exam.comparable or not exam.direct or not worth(exam, Cause.AXES_MIXED):
        return []
    if any(finding.is_fault for finding in exam.findings):
        return []  # what leaves the sign open may be that
    known, said = _answers(exam)
    if not bool(torch.isfinite(known).all()) or not bool(torch.isfinite(said).all()):
        return []
    tried = 0
    for one, other in _pairs(known):
        if tried == _TRIED:
            break
        own, whole = _left(known[:, one] - known[:, other], said[:, one] - said[:, other])
        both, spread = _left(known[:, one] + known[:, other], said[:, one] + said[:, other])
        if own < _LEFT * whole or both > _SUM * spread:
            continue  # their sum does not ask which is which: it is known where all else is well
        tried += 1
        remedy = Remedy("with the larger of two targets first", batch=_larger_first(one, other))
        trial = run_trial(
            exam.case, exam.learnt, _TIMES * exam.effort.all_batches, remedy=remedy, seed=exam.seed
        )
        if trial.broke:
            continue
        again = torch.cat([_as_target(exam, trial.model, b) for b in exam.valid])
        left, spread = _left(
            (known[:, one] - known[:, other]).abs(), again[:, one] - again[:, other]
        )
        exam.figures |= {
            "left_of_difference": own / whole,
            "left_of_size": left / max(spread, 1e-30),
        }
        if own < _NEARER * left or spread < _VARIED * whole:
            continue
        if left > (1.0 - _EXPLAINED) * spread:
            continue
        text = (
            f"of the difference of the numbers {one} and {other} of a target "
            f"{100 * own / whole:.0f} % of the variance is left, of its size "
            f"{100 * left / spread:.0f} %: which of the two is which follows from nothing"
        )
        subject = f"the numbers {one} and {other} of some targets are exchanged"
        return [Finding(Cause.AXES_MIXED, "fault", text, subject, tried=True, firm=True)]
    return []


def _answers(exam: Exam) -> tuple[Tensor, Tensor]:
    """Give the validation targets (N, K) and what the model says of them."""
    model = exam.all.model.eval()
    known = torch.cat([batch["target"].float() for batch in exam.valid])
    return known, torch.cat([_as_target(exam, model, batch) for batch in exam.valid])


def _as_target(exam: Exam, model: nn.Module, batch: Batch) -> Tensor:
    """Give what a model says of a batch in the shape of the target, of scores as chances."""
    output = exam.run(model.eval(), batch).float().reshape(batch["target"].shape)
    return output.sigmoid() if exam.answers.kind == "logits" else output


def _pairs(targets: Tensor) -> Iterator[tuple[int, int]]:
    """Give the pairs of numbers of targets (N, K) that are of about one size.

    Of many numbers the first and the last, and the first two.
    """
    spread, count = targets.std(0), targets.shape[1]
    some = list(itertools.combinations(range(count), 2))
    for one, other in some if count <= _NUMBERS else [(0, count - 1), (0, 1)]:
        ratio = float(spread[one] / spread[other].clamp(min=1e-12))
        if 1.0 / _ALIKE < ratio < _ALIKE:
            yield one, other


def _left(wanted: Tensor, said: Tensor) -> tuple[float, float]:
    """Give the mean square error, and the variance of what is wanted."""
    return float((wanted - said).square().mean()), float(wanted.var())


def _larger_first(one: int, other: int) -> Callable[[Batch], Batch]:
    def change(batch: Batch) -> Batch:
        target = batch["target"].clone()
        pair = batch["target"][:, [one, other]]
        target[:, one], target[:, other] = pair.amax(1), pair.amin(1)
        return {**batch, "target": target}

    return change
