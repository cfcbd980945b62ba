"""What of an output the loss counts: samples, places, channels, classes."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from inundate.prove.answers import loss_of_fixed
from inundate.prove.case import Batch, Fixed
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.padding import find_padding

__all__ = ["known_of", "left_out", "slope_of"]

_SAMPLES = 4  # of a batch, from which a share of it means something
_MISSED = 0.2  # of a batch, from which samples that do not count are a fault
_DRAWS = 6  # answers
_WIDE = 3.0  # deviation of scores that are drawn
_COMMON = 0.05  # share of the targets from which a class is none that is left out on purpose
_PLACES = 8  # numbers of a sample's target
_APART = 0.3  # of the deviation of the answers, by which those laid out anew differ
_SAME = 1e-4  # of what a wrong answer costs
_FILLED = 0.5  # of the places that count, from which filler drowns the rest


def left_out(exam: Exam, batch: Batch) -> list[Finding]:
    """See whether the loss looks at a part of the outputs alone, by its gradient."""
    told = any(torch.is_tensor(batch[name]) for name in set(batch) - {"inputs", "target", "raw"})
    masked = exam.case.known is None and told  # which may leave samples out on purpose
    if masked or len(batch["target"]) < _SAMPLES:
        return []
    seen = _seen(exam, batch)
    if seen is None or not bool(seen.any()):
        return []
    target = batch["target"]
    rows = target.reshape(len(target), -1).cpu()
    counts = torch.isfinite(rows) if rows.is_floating_point() else rows >= 0
    counts = exam.answers.known(rows) if exam.answers.kind == "classes" else counts
    counts = counts & known_of(exam, batch).reshape(len(target), -1)
    missed = ~seen.reshape(len(seen), -1).any(1) & counts.any(1)
    if float(missed.float().mean()) >= _MISSED:
        text = f"whatever the answers, {int(missed.sum())} of {len(seen)} samples of a batch do "
        text += "not move the loss"
        return [Finding(Cause.LOSS_IGNORES, "fault", text, "some of the samples")]
    return _sums_alone(exam, batch) or _by_place(exam, batch, seen)


def _sums_alone(exam: Exam, batch: Batch) -> list[Finding]:
    """See whether the right numbers of a map, laid out anew, are as good as where they belong."""
    target, right = batch["target"], exam.answers.right(batch)
    if exam.answers.kind == "classes" or right is None or target[0].numel() < _PLACES:
        return []
    wrong_one = exam.answers.wrong(batch)
    if wrong_one is None or not bool(torch.isfinite(right).all()):
        return []
    drawn = torch.Generator().manual_seed(exam.seed)
    for laid in _laid_anew(right, drawn):
        losses = [loss_of_fixed(exam.case, batch, a) for a in (right, laid, wrong_one)]
        if None in losses:
            return []
        own, other, wrong = (float(loss) for loss in losses if loss is not None)
        spread = float((right - right.mean()).abs().mean())
        apart = float((laid - right).abs().mean()) > _APART * spread
        if apart and abs(other - own) <= _SAME * max(abs(wrong - own), 1e-30):
            text = (
                f"the right answers have the loss {own:.5g}, wrong ones {wrong:.5g}, and the right "
                f"numbers of each sample in another order {other:.5g}: it sees no more than sums"
            )
            subject = "where the numbers of a sample stand"
            return [Finding(Cause.LOSS_IGNORES, "fault", text, subject)]
    return []


def _laid_anew(right: Tensor, drawn: torch.Generator) -> Iterator[Tensor]:
    """Lay the numbers of each sample out anew: all of them, then those of each map for itself."""
    for parts in (1, right.shape[1] if right.ndim == 4 else 1):
        rows = right.reshape(len(right), parts, -1)
        order = torch.randperm(rows.shape[2], generator=drawn)
        yield rows[:, :, order].reshape(right.shape)


def _seen(exam: Exam, batch: Batch) -> Tensor | None:
    """Say which numbers of the output (B, …) move the loss for some of a few drawn answers.

    Answers that follow a rule would not do: where all errors are alike, the largest is everywhere.
    """
    right = exam.answers.right(batch)
    assert right is not None
    seen = torch.zeros(right.shape, dtype=torch.bool)
    values = exam.answers.kind == "values"
    middle, wide = (right.mean(), 2.0 * exam.answers.spread) if values else (0.0, _WIDE)
    drawn = torch.Generator().manual_seed(exam.seed)
    for _ in range(_DRAWS):
        answer = middle + wide * torch.randn(right.shape, generator=drawn).to(right)
        slope = slope_of(exam, batch, answer)
        if slope is None:
            return None
        seen |= (slope != 0).cpu()
    return seen


def _by_place(exam: Exam, batch: Batch, seen: Tensor) -> list[Finding]:
    target = batch["target"].cpu()
    if exam.answers.kind == "classes":
        places = seen.any(exam.answers.class_dim(batch["target"]))  # of the target's shape
        told = _class_ignored(exam, batch, target, places) or _filler(exam, batch, places)
        return told or _places_left_out(exam, batch, places, exam.answers.known(target))
    held = seen.reshape(target.shape)
    known = torch.isfinite(target.float())
    return _places_left_out(exam, batch, held, known) if bool(known.all()) else []


def _places_left_out(exam: Exam, batch: Batch, held: Tensor, known: Tensor) -> list[Finding]:
    """See whether places or channels count in no sample, of those in which the targets differ."""
    target = batch["target"].cpu()
    if target.ndim < 2:
        return []
    asked = known_of(exam, batch) & known
    filled = _filled(exam, batch, target)
    asked = asked if filled is None else asked & ~filled
    silent = ~held.any(0) & (target.float().std(0) > 0) & asked.any(0)
    if float(silent.float().mean()) < _MISSED:
        return []
    text = (
        f"whatever the answers, {int(silent.sum())} of the {silent.numel()} numbers of a sample's "
        "output never move the loss"
    )
    return [Finding(Cause.LOSS_IGNORES, "fault", text, "a part of the output")]


def known_of(exam: Exam, batch: Batch) -> Tensor:
    """Say where the target counts, in its shape."""
    target = batch["target"]
    if exam.case.known is None:
        return torch.ones(target.shape, dtype=torch.bool)
    return exam.case.known(batch).expand(target.shape).cpu()


def _class_ignored(exam: Exam, batch: Batch, target: Tensor, places: Tensor) -> list[Finding]:
    """See whether all places of one class are left out, that are not filled up."""
    filled = _filled(exam, batch, target)
    for value in torch.unique(target):
        own = target == value
        if value < 0 or bool(places[own].any()) or float(own.float().mean()) < _COMMON:
            continue
        if filled is not None and bool(filled[own].all()):
            continue  # what fills up is left out on purpose
        if int(value) >= len(exam.answers.prior):
            continue  # no class of the output: places that are not known
        text = (
            f"whatever the answers, the targets that are {int(value)} "
            f"({100 * float(own.float().mean()):.0f} %) do not move the loss"
        )
        return [Finding(Cause.LOSS_IGNORES, "fault", text, f"targets of class {int(value)}")]
    return []


def _filler(exam: Exam, batch: Batch, places: Tensor) -> list[Finding]:
    """See whether most places that count are what fills up the texts."""
    filled = _filled(exam, batch, batch["target"].cpu())
    if filled is None or not bool(places.any()):
        return []
    share = float((filled & places).sum() / places.sum())
    alike = len(torch.unique(batch["target"].cpu()[filled])) == 1 if bool(filled.any()) else False
    if share < _FILLED or not alike:
        return []
    text = f"{100 * share:.0f} % of the places that the loss counts are filled up, with one target"
    return [Finding(Cause.PADDING, "fault", text, "the target")]


def _filled(exam: Exam, batch: Batch, target: Tensor) -> Tensor | None:
    """Say which places of a target (B, L) belong to places of a text that are filled up."""
    padding = find_padding(exam.train)
    if padding is None or target.ndim != 2:
        return None
    text = batch["inputs"][padding.name].cpu()
    if text.shape[:2] != target.shape:
        return None
    filled: Tensor = text == padding.filler
    return filled.all(-1) if text.ndim == 3 else filled


def slope_of(exam: Exam, batch: Batch, answer: Tensor) -> Tensor | None:
    """Give the gradient of the loss with respect to an answer; None if it has none."""
    given = answer.detach().clone().requires_grad_()
    try:
        loss = exam.case.loss(Fixed(given), batch)
        (slope,) = torch.autograd.grad(loss, given)
    except Exception:  # noqa: BLE001  the loss is the user's: any error means "cannot be asked"
        return None
    return slope
