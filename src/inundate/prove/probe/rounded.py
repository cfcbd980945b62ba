"""Steps that half precision rounds away, where they are too small to be weights of it."""

from __future__ import annotations

import torch

from inundate.learn.random_state import isolated_random
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.trial import plain_step

__all__ = ["probe_rounded"]

_HALF = (torch.float16, torch.bfloat16)
_STEPS = 8
_LOST = 0.6  # of the weights that have a gradient, and are as they were after a step


def probe_rounded(exam: Exam) -> list[Finding]:
    """Count the weights in half precision that have a gradient, and stay as they are in a step.

    A larger rate would move them too, but of one that is fit for float32 too little is kept.
    """
    slow = any(f.cause is Cause.RATE_TOO_LOW and f.is_fault for f in exam.findings)
    if not slow or exam.case.trained or exam.figures.get("enough", 0.0) > 0:
        return []
    model, optimiser = exam.case.pair()
    if not any(weight.dtype in _HALF for weight in model.parameters()):
        return []
    model.train()
    asked = stayed = 0
    for number in range(_STEPS):
        before = [weight.detach().clone() for weight in model.parameters()]
        batch = exam.learnt[number % len(exam.learnt)]
        with isolated_random(exam.seed, "doctor", "rounded", number):
            plain_step(exam.case.loss, model, optimiser, batch)
        for held, weight in zip(before, model.parameters(), strict=True):
            if weight.dtype in _HALF and weight.grad is not None:
                pulled = weight.grad != 0
                asked += int(pulled.sum())
                stayed += int((pulled & (weight == held)).sum())
    share = stayed / max(asked, 1)
    exam.figures["rounded_away"] = share
    if share < _LOST:
        return []
    kinds = {weight.dtype for weight in model.parameters() if weight.dtype in _HALF}
    named = ", ".join(sorted(str(kind).removeprefix("torch.") for kind in kinds))
    text = (
        f"the weights are {named}: {100 * share:.0f} % of those that have a gradient are the same "
        "after a step, which is rounded away"
    )
    return [Finding(Cause.PRECISION, "fault", text)]
