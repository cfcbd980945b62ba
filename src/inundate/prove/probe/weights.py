"""Weights of classes: does the loss count a rare class for less than its share."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from inundate.prove.case import Batch, Fixed
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding

__all__ = ["probe_weights"]

_RARE = 0.25  # share of all, or of the commonest class, from which a class is a rare one
_LESS = 0.4  # of what a target of the commonest class counts
_FAR_LESS = 0.1  # the same for a class that is not rare
_FAR_MORE = 30.0  # the same for a class that is not rare: the commonest class hardly counts then
_ALL_MORE = 10.0  # times what all targets of the commonest class count together
_MUCH = 3.0  # times what a weight alone counts, where the shares of classes are known
_FEW = 6  # targets of a class, from which their mean means something
_BATCHES = 12


def probe_weights(exam: Exam) -> list[Finding]:
    """Compare what a target of each class counts, by the gradient of the loss at scores of 0.

    In a plain cross-entropy all count alike; weights that are the right way round let a rare class
    count for more. Of classes that are about as common no one may count for next to nothing.
    """
    if exam.answers.kind == "values":
        return []
    # what does not count at all is left out on purpose, or told elsewhere
    counts = {kind: values for kind, values in _counts(exam).items() if bool(values.any())}
    if len(counts) < 2:
        return []
    often = {kind: float(len(values)) for kind, values in counts.items()}
    common = max(often, key=lambda kind: often[kind])
    usual, usual_share = float(counts[common].mean()), often[common] / sum(often.values())
    for kind, values in counts.items():
        share = often[kind] / (sum(often.values()) if len(counts) == 2 else often[common])
        counted = float(values.mean()) / usual
        if kind == common or len(values) < _FEW:
            continue
        exam.figures["rare_class_counts"] = min(exam.figures.get("rare_class_counts", 1e9), counted)
        little = counted < (_LESS if share < _RARE else _FAR_LESS)
        if little and _of_the_sure(exam, kind, counted, often[kind] / sum(often.values())):
            continue  # by a focal loss
        if little:
            text = (
                f"{100 * often[kind] / sum(often.values()):.0f} % of the targets are {kind}, and "
                f"the loss counts each for {counted:.2g} of one that is {common}"
            )
            return [Finding(Cause.MAJORITY_COLLAPSE, "fault", text)]
        if counted > _FAR_MORE and share >= _RARE:
            text = (
                f"{100 * usual_share:.0f} % of the targets are {common}, and the loss counts each "
                f"for {1.0 / counted:.2g} of one that is {kind}, which is about as common"
            )
            return [Finding(Cause.MAJORITY_COLLAPSE, "fault", text)]
    return _far_more(counts, often)


def _of_the_sure(exam: Exam, kind: int, counted: float, share: float) -> bool:
    """Whether a loss of two classes counts the rare one far more as soon as shares are known.

    A focal loss hardly counts what is told surely and rightly, so that the weight of a rare class
    is small at scores of 0 alone. Weights as such grow with its rarity, and no more.
    """
    if exam.answers.kind != "logits" or not 0.0 < share < 0.5:
        return False
    known = math.log(share / (1.0 - share)) * (1.0 if kind else -1.0)
    counts = _counts(exam, known)
    both = [float(values.mean()) for values in (counts.get(kind), counts.get(1 - kind))
            if values is not None]  # fmt: skip
    if len(both) < 2 or both[1] <= 0.0:
        return False
    return counted * _MUCH < both[0] / both[1] * share / (1.0 - share)


def _far_more(counts: dict[int, Tensor], often: dict[int, float]) -> list[Finding]:
    """See whether the targets of one class count for far more than all of the commonest do."""
    whole = {kind: float(values.mean()) * often[kind] for kind, values in counts.items()}
    first = max(whole, key=lambda kind: whole[kind])
    common = max(often, key=lambda kind: often[kind])
    if whole[first] < _ALL_MORE * whole[common] or len(counts[first]) < _FEW:
        return []
    times = float(counts[first].mean() / counts[common].mean())
    text = (
        f"the loss counts each target that is {first} for {times:.3g} of one that is {common}, so "
        f"that nearly all that counts is {first}"
    )
    return [Finding(Cause.MAJORITY_COLLAPSE, "suspect", text)]


def _counts(exam: Exam, score: float = 0.0) -> dict[int, Tensor]:
    """Give for each class how much each of its targets moves the loss."""
    found: dict[int, list[Tensor]] = {}
    for batch in exam.learnt[:_BATCHES]:
        slope = _slope(exam, batch, score)
        target = batch["target"]
        if slope is None or (target.is_floating_point() and not _of_two(target)):
            return {}
        if exam.answers.kind == "classes":
            slope = slope.sum(exam.answers.class_dim(target))
        if slope.numel() != target.numel():
            return {}
        if exam.case.known is not None:
            known = exam.case.known(batch).expand(target.shape).flatten()
        else:
            known = torch.ones(target.numel(), dtype=torch.bool)
        if exam.answers.kind == "classes":
            known = known & exam.answers.known(target).flatten()
        flat, moved = target.flatten()[known], slope.flatten()[known]
        # a mean over the batch: what one target counts there depends on how many there are
        moved = moved / moved.sum().clamp(min=1e-30) * len(moved)
        for kind in torch.unique(flat).tolist():
            found.setdefault(int(kind), []).append(moved[flat == kind])
    return {kind: torch.cat(parts) for kind, parts in found.items() if kind >= 0}


def _of_two(target: Tensor) -> bool:
    return bool(((target == 0) | (target == 1)).all())


def _slope(exam: Exam, batch: Batch, score: float) -> Tensor | None:
    """Give the size of the gradient of the loss at equal scores; None if it cannot be asked."""
    right = exam.answers.right(batch)
    if right is None:
        return None
    answer = torch.full_like(right, score).requires_grad_()
    try:
        loss = exam.case.loss(Fixed(answer), batch)
        (slope,) = torch.autograd.grad(loss, answer)
    except Exception:  # noqa: BLE001  the loss is the user's: any error means "cannot be asked"
        return None
    return slope.detach().abs() if bool(torch.isfinite(slope).all()) else None
