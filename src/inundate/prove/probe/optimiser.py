"""The optimiser and the step: do they hold and move all weights, and clear the gradient."""

from __future__ import annotations

import copy
import itertools

import torch
from torch import Tensor, nn

from inundate.learn.random_state import isolated_random
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.trial import plain_step

__all__ = ["probe_optimiser", "probe_step"]

_STEPS = 3
_CALLS = 10
_PULL = 0.05  # after 20 steps without a gradient a third is left


def probe_optimiser(exam: Exam) -> list[Finding]:
    """Compare what the optimiser holds with the weights of the model."""
    model, optimiser = exam.case.pair()
    held = {id(p) for group in optimiser.param_groups for p in group["params"]}
    own = {name: p for name, p in model.named_parameters() if p.requires_grad}
    missed = [name for name, parameter in own.items() if id(parameter) not in held]
    foreign = len(held - {id(parameter) for parameter in model.parameters()})
    if not missed:
        return _pulls(optimiser)
    count = sum(own[name].numel() for name in missed)
    share = count / sum(p.numel() for p in own.values())
    layers = list(dict.fromkeys(name.rpartition(".")[0] or name for name in missed))
    text = f"{len(missed)} of {len(own)} tensors, {100 * share:.0f} % of the weights, are missing"
    if foreign:
        text += f"; it holds {foreign} tensors that are not of this model"
    more = f" and {len(layers) - 3} more" if len(layers) > 3 else ""
    return [Finding(Cause.OPTIMISER_MISSES, "fault", text, ", ".join(layers[:3]) + more)]


def _pulls(optimiser: torch.optim.Optimizer) -> list[Finding]:
    """See how much of its length a weight loses in a step by decay alone."""
    if not isinstance(optimiser, (torch.optim.AdamW, torch.optim.SGD)):
        return []  # others scale the pull with the gradient
    share = max(group["lr"] * group["weight_decay"] for group in optimiser.param_groups)
    if share < _PULL:
        return []
    text = f"by decay alone a step takes {100 * min(share, 1.0):.0f} % off each weight"
    return [Finding(Cause.DECAY_TOO_STRONG, "suspect", text)]


def probe_step(exam: Exam) -> list[Finding]:
    """Make a few steps: do the weights move, does the gradient add up."""
    return _moves(exam) or _accumulates(exam)


def _make(exam: Exam, model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    with isolated_random(exam.seed, "doctor", "step"):
        if exam.case.step is not None:
            exam.case.step(model, optimiser, exam.typical["raw"])
        else:
            plain_step(exam.case.loss, model, optimiser, exam.typical)


def _moves(exam: Exam) -> list[Finding]:
    model, optimiser = exam.case.pair()
    model.train()
    before = {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}
    held = {id(p) for group in optimiser.param_groups for p in group["params"]}
    for _ in range(_STEPS):
        _make(exam, model, optimiser)
    should = [n for n, p in model.named_parameters() if n in before and id(p) in held]
    moved = [
        n for n, p in model.named_parameters() if n in before and not torch.equal(p, before[n])
    ]
    pulled = [name for name, p in _fresh_gradients(exam).items() if bool((p != 0).any())]
    still = [name for name in should if name in pulled and name not in moved]
    if moved or not still:
        return []
    rates = ", ".join(sorted({f"{group['lr']:g}" for group in optimiser.param_groups}))
    text = (
        f"after {_STEPS} steps at the rate {rates} none of {len(still)} tensors that have a "
        "gradient has changed"
    )
    return [Finding(Cause.WEIGHTS_DO_NOT_MOVE, "fault", text)]


def _fresh_gradients(exam: Exam) -> dict[str, Tensor]:
    model = copy.deepcopy(exam.case.model).train()
    loss = exam.case.loss(model, exam.typical)
    if loss.requires_grad:
        torch.autograd.backward(loss)
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


def _accumulates(exam: Exam) -> list[Finding]:
    """Call the user's step at rate 0 on one batch: its gradient should stay the same."""
    if exam.case.step is None:
        return []
    model, optimiser = exam.case.pair()
    model.train()
    for group in optimiser.param_groups:
        group["lr"] = 0.0
    norms = []
    for _ in range(_CALLS):
        _make(exam, model, optimiser)
        grads = [p.grad for p in model.parameters() if p.grad is not None]
        norms.append(float(nn.utils.get_total_norm(grads)) if grads else 0.0)
    if norms[0] <= 0 or any(b <= a for a, b in itertools.pairwise(norms)):
        return []
    if norms[-1] < 0.7 * _CALLS * norms[0]:
        return []
    text = (
        f"at rate 0 on one batch the gradient's norm grows from {norms[0]:.3g} to {norms[-1]:.3g} "
        f"in {_CALLS} steps"
    )
    return [Finding(Cause.GRADIENT_ACCUMULATES, "fault", text)]
