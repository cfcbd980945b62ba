"""Whether gradients add up from step to step."""

from __future__ import annotations

import itertools
import math
from typing import Any

from torch import nn

from inundate.learn.random_state import isolated_random
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.trial import plain_step

__all__ = ["WAITS", "accumulates", "user_step"]

WAITS = 66  # calls of a step, after which it should have moved something
_GROWS = 0.7  # of what as many gradients add up to
_LEAST = 4  # steps that were made of a sum, from which it is none that was meant


def user_step(exam: Exam, model: nn.Module, optimiser: Any) -> None:
    """Make one step as the user does."""
    with isolated_random(exam.seed, "doctor", "step"):
        if exam.case.step is not None:
            exam.case.step(model, optimiser, exam.typical["raw"])
        else:
            plain_step(exam.case.loss, model, optimiser, exam.typical)


def accumulates(exam: Exam) -> list[Finding]:
    """Call the user's step at rate 0 on one batch: its gradient should stay the same.

    Gradients of several batches may be added up before a step is made of them, and cleared with
    it; not where each of those batches makes a step of the sum so far.
    """
    if exam.case.step is None:
        return []
    model, optimiser = exam.case.pair()
    model.train()
    for group in optimiser.param_groups:
        group["lr"] = 0.0
    made: list[int] = []
    handle = optimiser.register_step_post_hook(lambda *_: made.append(1))
    norms: list[float] = []
    begun = False  # whether the first sum ended early: it may have begun before
    for _ in range(WAITS):
        user_step(exam, model, optimiser)
        grads = [p.grad for p in model.parameters() if p.grad is not None]
        norm = float(nn.utils.get_total_norm(grads)) if grads else 0.0
        if norms and not norm > norms[-1]:
            if len(norms) >= _LEAST and len(made) > len(norms):
                break  # cleared after several, each of which made a step of the sum so far
            if begun or len(made) <= len(norms):
                return []
            begun, norms, made[:] = True, [], [1]
        norms.append(norm)
    handle.remove()
    if not all(map(math.isfinite, norms)):
        return []  # they say nothing; that they are not finite is told elsewhere
    if norms[0] <= 0 or any(b <= a for a, b in itertools.pairwise(norms)):
        return []
    if norms[-1] < _GROWS * len(norms) * norms[0]:
        return []
    text = (
        f"at rate 0 on one batch the gradient's norm grows from {norms[0]:.3g} to {norms[-1]:.3g} "
        f"in {len(norms)} steps"
    )
    return [Finding(Cause.GRADIENT_ACCUMULATES, "fault", text)]
