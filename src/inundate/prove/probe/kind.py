"""Whether the loss takes the kind of output that the model gives."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from inundate.learn.random_state import isolated_random
from inundate.prove.answers import loss_of_fixed
from inundate.prove.bounds import bounded
from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding

__all__ = ["measured", "mismatch", "normalised", "numbered", "other_axis", "unnormalised"]

_VARIES = 1e-2  # deviation of outputs from which it means something that all lie in a range
_RANGES = (
    (0.0, 1.0), (-1.0, 1.0),  # of sigmoid or softmax, and of tanh or a cosine
    (0.0, math.inf), (-math.inf, 0.0),  # of ReLU, and of a log-softmax
)  # fmt: skip
_SURER = 3.0  # times as sure an answer
_HIGH, _STAYS = 0.25, 0.01  # of a constant's loss, and by how much a surer answer's differs
_ONE = 1e-3  # of the logarithm of a sum of chances
_ROUNDED = 1e-4  # of a loss, by which it differs through rounding
_SURE = 0.001  # of a chance, that is as good as 0 or 1
_SOME = 0.1  # of the targets
_LABELS = 3  # outputs, of which one whole may be shared
_APART = 0.05  # of that whole, by which the sum of targets may be beside it
_NEARER = 0.9  # of the loss of the numbers of other classes, by which that of the own is lower
_POOR = 0.15  # of the way from the right answer's loss to the constant's


def mismatch(exam: Exam, batch: Batch, found: dict[str, float]) -> list[Finding]:
    """Look for a softmax or sigmoid too many, or one too few."""
    kind, output = exam.answers.kind, exam.output
    twice = _twice(exam, batch, found)
    if twice:
        return twice
    if kind == "classes":
        return _classes(exam, batch, found)
    if kind == "logits" and len(output.flatten()) >= 16:
        return _held(exam, batch, found, "sigmoid")
    return _of_one_whole(exam, batch) or _of_chances(exam, batch) if kind == "values" else []


def _of_chances(exam: Exam, batch: Batch) -> list[Finding]:
    """See whether chances are put through a sigmoid once more, which gives 0.5 to 0.73."""
    target, output = batch["target"].float(), exam.output.float()
    low, high = 0.5, float(torch.sigmoid(torch.ones(())))
    if float(target.min()) > low or float(target.max()) < high or float(target.max()) > 1:
        return []
    inside = bool(((output >= low) & (output <= high)).all())
    if (
        float(target.min()) < 0
        or not inside
        or not bounded(exam.case, exam.train, low, high + _SURE)
    ):
        return []
    text = (
        f"the outputs lie between {low:g} and {high:.2f} whatever the weights, as those of a "
        "sigmoid of a sigmoid do"
    )
    return [Finding(Cause.LOSS_OUTPUT_MISMATCH, "fault", text)]


def _of_one_whole(exam: Exam, batch: Batch) -> list[Finding]:
    """See whether outputs share one whole between them, whatever the weights, and targets do not.

    As where several labels of a sample may be true at once, and a softmax stands before them.
    """
    target, output = batch["target"].float(), exam.output.float()
    if output.ndim < 2 or target.shape[1:] != output.shape[1:]:
        return []
    if float(target.min()) < 0.0 or float(target.max()) > 1.0:
        return []  # no labels: a range that they leave is told elsewhere
    for dim in {1, output.ndim - 1}:
        whole = target.sum(dim)
        apart = float(((whole - 1.0).abs() > _APART).float().mean())
        if output.shape[dim] < _LABELS or apart < _SOME:
            continue
        drawn = _drawn(exam).reshape(-1, *output.shape[1:])
        if not all(_adds_up(part, dim) for part in (output, drawn)):
            continue
        text = (
            f"the {output.shape[dim]} outputs add up to 1 whatever the weights, as those of a "
            f"softmax do, and the targets add up to {float(whole.min()):.3g} to "
            f"{float(whole.max()):.3g}"
        )
        return [Finding(Cause.LOSS_OUTPUT_MISMATCH, "fault", text)]
    return []


def _adds_up(output: Tensor, dim: int) -> bool:
    sums = output.sum(dim)
    held = bool(torch.isclose(sums, torch.ones(()), atol=_ONE).all()) and bool((output >= 0).all())
    return held and len(sums) > 0 and float(output.std()) > 0


def _twice(exam: Exam, batch: Batch, found: dict[str, float]) -> list[Finding]:
    """See whether the loss itself squashes scores twice: sure answers end far above no loss.

    Of smoothed labels the loss of ever surer answers grows; here it stays where it is.
    """
    right, target = exam.answers.right(batch), batch["target"]
    hard = exam.answers.kind == "classes" or bool(((target == 0) | (target == 1)).all())
    if exam.answers.kind == "values" or right is None or not hard:
        return []
    surer = loss_of_fixed(exam.case, batch, _SURER * right)
    if surer is None or not 0 < found["right"] < found["constant"] < found["wrong"]:
        return []
    end = found["right"] > _HIGH * found["constant"]
    if not end or abs(surer - found["right"]) > _STAYS * found["right"]:
        return []
    text = (
        f"however sure, right answers have the loss {found['right']:.3g}, and one for all has "
        f"{found['constant']:.3g}: as where a softmax or sigmoid is taken twice"
    )
    return [Finding(Cause.LOSS_OUTPUT_MISMATCH, "fault", text)]


def normalised(exam: Exam, batch: Batch) -> bool:
    """Whether outputs are logarithms of chances, which sum up to 1."""
    if exam.answers.kind != "classes":
        return False
    dim = exam.answers.class_dim(batch["target"])
    return float(torch.logsumexp(exam.output.float(), dim).abs().max()) < _ONE


def other_axis(exam: Exam, batch: Batch) -> list[Finding]:
    """See whether a softmax is taken over samples or places, and not over classes.

    A number that is added to the scores of one class everywhere makes that class likelier; where
    scores are normalised over another axis, it is taken off again and nothing changes.
    """
    right = exam.answers.right(batch)
    if exam.answers.kind != "classes" or right is None:
        return []
    drawn = torch.Generator().manual_seed(exam.seed)
    dim = exam.answers.class_dim(batch["target"])
    scores = torch.randn(right.shape, generator=drawn).to(right)
    shape = [-1 if axis == dim else 1 for axis in range(right.ndim)]
    added = torch.linspace(-2.0, 2.0, right.shape[dim]).reshape(shape).to(right)
    losses = [loss_of_fixed(exam.case, batch, s) for s in (scores, scores + added, 3.0 * scores)]
    if None in losses or right.shape[dim] < 2:
        return []
    first, second, other = (float(loss) for loss in losses if loss is not None)
    if abs(second - first) > _ROUNDED * abs(first) or abs(other - first) <= abs(first) * 0.01:
        return []
    if _of_likeness(exam, batch, scores, first):
        return []
    text = (
        f"with up to 2 more for some classes in all samples and places the loss stays {first:.5g}, "
        "as where scores are normalised over samples or places"
    )
    return [Finding(Cause.LOSS_OUTPUT_MISMATCH, "fault", text)]


def _of_likeness(exam: Exam, batch: Batch, scores: Tensor, told: float) -> bool:
    """Whether the numbers of classes say nothing: a loss of distances asks who is like whom.

    Such a loss stays as well where all samples are moved by as much.
    """
    target = batch["target"]
    kinds = torch.unique(target)
    if len(kinds) < 2 or int(kinds.min()) < 0:
        return False
    place = torch.searchsorted(kinds, target)
    renamed = {**batch, "target": kinds[(place + 1) % len(kinds)]}
    other = loss_of_fixed(exam.case, renamed, scores)
    return other is not None and abs(other - told) <= _ROUNDED * abs(told)


def numbered(exam: Exam, batch: Batch, found: dict[str, float]) -> list[Finding]:
    """See whether the scores of all classes are drawn to the number of the class."""
    right = exam.answers.right(batch)
    if exam.answers.kind != "classes" or right is None or exam.answers.logarithms:
        return []
    target = batch["target"]
    dim = exam.answers.class_dim(target)
    number = target.unsqueeze(dim).expand_as(right).to(right)
    told = loss_of_fixed(exam.case, batch, number)
    if told is None or told >= min(found["right"], found["constant"]):
        return []
    turned = loss_of_fixed(exam.case, batch, number.flip(0))
    if turned is None or turned - told < _NEARER * abs(turned):  # as much as at its own number
        return []
    text = (
        f"the loss is {told:.3g} if the scores of all classes are the number of the class, "
        f"{found['right']:.3g} if that of the right class is high and those of others are low"
    )
    return [Finding(Cause.LOSS_OUTPUT_MISMATCH, "fault", text)]


def _held(exam: Exam, batch: Batch, found: dict[str, float], kind: str) -> list[Finding]:
    """See whether scores are held in a range in which the best answer is a poor one."""
    output, right = exam.output.float(), exam.answers.right(batch)
    assert right is not None
    if not float(output.std()) > _VARIES:  # a last layer of zeros: how other weights would answer
        output = _drawn(exam)
        if not float(output.std()) > _VARIES:
            return []
    for low, high in _RANGES:
        if not math.isfinite(high - low) and normalised(exam, batch):
            continue  # logarithms of chances are below 0, as they should be
        inside = bool(((output >= low) & (output <= high)).all())
        if not inside or not bounded(exam.case, exam.train, low, high):
            continue
        least = loss_of_fixed(exam.case, batch, right.clamp(low, high))
        way = found["constant"] - found["right"]
        if least is None or least <= found["right"] + _POOR * way:
            return []
        text = (
            f"the outputs lie between {low:g} and {high:g} whatever the weights, but the loss "
            f"takes a {kind} of them: with the best of them it is {least:.3g}, and it could be "
            f"{found['right']:.3g}"
        )
        if math.isfinite(high - low) or measured(batch["target"]):
            return [Finding(Cause.LOSS_OUTPUT_MISMATCH, "fault", text)]
        where = "at 0 or above" if low == 0 else "at 0 or below"
        return [Finding(Cause.OUTPUT_RANGE, "fault", text, where)]
    return []


def _classes(exam: Exam, batch: Batch, found: dict[str, float]) -> list[Finding]:
    output = exam.output.float()
    dim = 1 if output.ndim == 2 else exam.answers.class_dim(batch["target"])
    sums = output.sum(dim)
    if bool((output >= 0).all()) and bool(torch.isclose(sums, torch.ones(()), atol=1e-3).all()):
        right = exam.answers.right(batch)
        assert right is not None
        least = loss_of_fixed(exam.case, batch, (right > 0).to(right))
        if least is not None and least > found["right"] + 0.3 * (
            found["constant"] - found["right"]
        ):
            text = (
                f"the outputs are probabilities already; with the right ones the loss is "
                f"{least:.3g}, and it could be {found['right']:.3g}"
            )
            return [Finding(Cause.LOSS_OUTPUT_MISMATCH, "fault", text)]
    return unnormalised(exam, batch, found) or _held(exam, batch, found, "softmax")


def unnormalised(exam: Exam, batch: Batch, found: dict[str, float]) -> list[Finding]:
    """See whether the loss of surer answers falls without end, while scores are not normalised."""
    right = exam.answers.right(batch)
    if exam.answers.kind != "classes" or right is None:
        return []
    surer = loss_of_fixed(exam.case, batch, 2.0 * right)
    if found["right"] >= found["wrong"]:
        return []  # turned round
    if surer is None or found["right"] >= 0 or surer > 1.9 * found["right"]:
        return []
    if normalised(exam, batch):
        return []
    text = (
        f"the loss of an answer twice as sure is {surer:.3g} after {found['right']:.3g}: it falls "
        "without end, since the scores are not log-probabilities"
    )
    return [Finding(Cause.LOSS_OUTPUT_MISMATCH, "fault", text)]


def measured(target: Tensor) -> bool:
    """Whether targets are measured values, and neither classes nor all but certain chances."""
    if not target.is_floating_point():
        return False
    between = (target > _SURE) & (target < 1.0 - _SURE)
    return float(between.float().mean()) > _SOME


def _drawn(exam: Exam) -> Tensor:
    """Give what the model answers with weights drawn at random."""
    model, _ = exam.case.pair()
    with torch.no_grad(), isolated_random(exam.seed, "doctor", "drawn"):
        for weight in model.parameters():
            if weight.is_floating_point():
                weight.copy_(torch.randn_like(weight))
        found = torch.cat([exam.run(model, batch).float().flatten() for batch in exam.train[:3]])
    return found[torch.isfinite(found)]
