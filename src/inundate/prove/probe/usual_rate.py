"""The rate at which an optimiser comes, tried where it runs at a hundredth of that."""

from __future__ import annotations

import inspect
import math

import torch

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.known import worth
from inundate.prove.trial import Remedy, run_trial

__all__ = ["UNDER_WAY", "comes_on", "rate_of_kind", "usual_rate"]

_SLOW = 0.0101  # of the usual rate, from which that is tried
#: Figure of what more steps bring, noted only where that is much.
UNDER_WAY = "skill_valid, twice as many steps"

_ON = 0.1  # of skill, that twice as many steps bring where a training is on its way
_MORE = 0.15  # of skill on unseen samples, that it must bring where there is none
#: SGD comes at a rate that says nothing, and what searches along a line sets its own.
_NONE = (torch.optim.SGD, torch.optim.LBFGS)


def usual_rate(exam: Exam) -> list[Finding]:
    """Train over all batches at the rate at which the optimiser comes.

    Asked where no rate near the user's learns one batch: some optimisers take longer than that to
    set out, and a network that is hard to train would be blamed for it.
    """
    if exam.case.trained or not worth(exam, Cause.RATE_TOO_LOW):
        return []
    optimiser = exam.case.pair()[1]
    usual, own = rate_of_kind(optimiser), max(exam.all.rates, default=0.0)
    if not 0.0 < own <= _SLOW * usual or exam.all.broke:
        return []
    before = exam.skill(exam.all.model, exam.valid)
    if before.there:
        return []  # slow, if anything
    remedy = Remedy(f"at {usual / own:.3g} times the rate", rate=usual / own)
    trial = run_trial(
        exam.case, exam.learnt, exam.effort.all_batches, remedy=remedy, seed=exam.seed
    )
    if trial.broke:
        return []
    after = exam.skill(trial.model, exam.valid)
    exam.figures["skill_valid, at the usual rate"] = after.value
    if not after.there or after.value < max(before.value, 0.0) + _MORE:
        return []
    kind = type(optimiser).__name__
    text = (
        f"the rate is {own:.3g}, and {kind} comes with {usual:g}; over all batches skill on unseen "
        f"samples is {before.value:.2f}, {remedy.name} {after.value:.2f}"
    )
    return [Finding(Cause.RATE_TOO_LOW, "fault", text, f"{usual / own:.3g}", tried=True)]


def comes_on(exam: Exam, unseen: Skill) -> bool:
    """Say whether twice as many steps at the usual rate of Adam learn more: slow, and no fault.

    Parameters
    ----------
    exam : Exam
    unseen : Skill
        What was learnt of unseen samples in the usual number of steps.
    """
    optimiser = exam.case.pair()[1]
    usual = rate_of_kind(optimiser) if "adam" in type(optimiser).__name__.lower() else 0.0
    if not 0.0 < usual <= 1.01 * min(exam.all.rates, default=0.0) or not unseen.there:
        return False
    trial = run_trial(exam.case, exam.learnt, 2 * exam.effort.all_batches, seed=exam.seed)
    skill = exam.skill(trial.model, exam.valid)
    if trial.broke or not skill.there or skill.value <= unseen.value + _ON:
        return False
    exam.figures |= {UNDER_WAY: skill.value, "healthy": 1.0}
    return True


def rate_of_kind(optimiser: torch.optim.Optimizer) -> float:
    """Give the rate at which an optimiser of torch comes; 0 where it says nothing."""
    kind = type(optimiser)
    if not kind.__module__.startswith("torch.optim") or isinstance(optimiser, _NONE):
        return 0.0
    asked = inspect.signature(kind).parameters.get("lr")
    found = 0.0 if asked is None or asked.default is inspect.Parameter.empty else asked.default
    return float(found) if math.isfinite(float(found)) else 0.0
