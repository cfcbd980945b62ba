"""What of an output the loss counts."""

from __future__ import annotations

import torch
from torch import Tensor

from inundate.prove.case import Batch, Fixed
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding

__all__ = ["left_out"]

_SAMPLES = 4  # of a batch, from which a share of it means something
_MISSED = 0.2  # of a batch, from which samples that do not count are a fault


def left_out(exam: Exam, batch: Batch) -> list[Finding]:
    """See whether the loss looks at the outputs of some samples alone, by its gradient."""
    told = set(batch) - {"inputs", "target", "raw"}
    if told or exam.case.known is not None or len(batch["target"]) < _SAMPLES:
        return []  # a mask may leave samples out on purpose
    right, wrong = exam.answers.right(batch), exam.answers.wrong(batch)
    assert right is not None
    assert wrong is not None
    seen = torch.zeros(len(right), dtype=torch.bool)
    for answer in (wrong, *exam.answers.constants(batch), 0.5 * (right + wrong), 2.0 * right):
        slope = _slope(exam, batch, answer)
        if slope is None:
            return []
        seen |= (slope != 0).reshape(len(slope), -1).any(1).cpu()
    target = batch["target"].reshape(len(seen), -1).cpu()
    counts = torch.isfinite(target) if target.is_floating_point() else target >= 0
    missed = ~seen & counts.any(1)
    if not seen.any() or float(missed.float().mean()) < _MISSED:
        return []
    text = f"whatever the answers, {int(missed.sum())} of {len(seen)} samples of a batch do not "
    text += "move the loss"
    return [Finding(Cause.LOSS_IGNORES, "fault", text, "some of the samples")]


def _slope(exam: Exam, batch: Batch, answer: Tensor) -> Tensor | None:
    """Give the gradient of the loss with respect to an answer; None if it has none."""
    given = answer.detach().clone().requires_grad_()
    try:
        loss = exam.case.loss(Fixed(given), batch)
        (slope,) = torch.autograd.grad(loss, given)
    except Exception:  # noqa: BLE001  the loss is the user's: any error means "cannot be asked"
        return None
    return slope
