"""The optimiser and the step: do they hold and move all weights, and clear the gradient."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from inundate.learn.probes import evaluating
from inundate.learn.random_state import isolated_random
from inundate.prove.case import Batch, Fixed
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import NONE_AT_ALL, Finding
from inundate.prove.probe.beside import answer_alone, penalty_beside
from inundate.prove.probe.gathered import WAITS, accumulates, user_step
from inundate.prove.probe.reached import watch_backward

__all__ = ["probe_optimiser", "probe_resting", "probe_schedule", "probe_step", "without_penalty"]

_STEPS = 3
_EARLY = 30  # steps from which a schedule can be judged
_GONE = 1e-3  # of the highest rate, at the end of the first epoch
_ASTRAY = -0.5  # of the way to the right answer, the wrong one
_PULL = 0.05  # after 20 steps without a gradient a third is left
_FORGETS = 0.3  # of each weight a step: what was learnt seven steps ago is 8 % of what it was
_PENALTY = 1.0  # of what can be learnt, from which a penalty in the loss is doubtful
_DROWNS = 3.0  # times the gradient, from which a penalty in it decides where weights go


def probe_optimiser(exam: Exam) -> list[Finding]:
    """Compare what the optimiser holds with the weights of the model."""
    loose = _loose(exam)
    if loose:
        return loose
    model, optimiser = exam.case.pair()
    held = {id(p) for group in optimiser.param_groups for p in group["params"]}
    own = {name: p for name, p in model.named_parameters() if p.requires_grad}
    late = set() if _is_made(exam) else own.keys() - exam.began
    missed = [name for name, one in own.items() if id(one) not in held or name in late]
    if missed:  # what takes no part may be left out
        used = _slopes(exam, copy.deepcopy(model).train())
        missed = [name for name in missed if name in used or len(missed) == len(own)]
    foreign = len(held - {id(parameter) for parameter in model.parameters()})
    if not missed:
        return _climbs(exam, optimiser) or _pulls(optimiser) or _drowns(exam) or _penalised(exam)
    count = sum(own[name].numel() for name in missed)
    share = count / sum(p.numel() for p in own.values())
    layers = list(dict.fromkeys(name.rpartition(".")[0] or name for name in missed))
    text = f"{len(missed)} of {len(own)} tensors, {100 * share:.0f} % of the weights, are missing"
    if foreign:
        text += f"; it holds {foreign} tensors that are not of this model"
    if late:
        text += f"; {len(late)} are made at the first call, which the optimiser comes before"
    more = f" and {len(layers) - 3} more" if len(layers) > 3 else ""
    return [Finding(Cause.OPTIMISER_MISSES, "fault", text, ", ".join(layers[:3]) + more)]


def _is_made(exam: Exam) -> bool:
    """Whether the optimiser is there, so that it is known what it holds."""
    return isinstance(exam.case.optimiser, torch.optim.Optimizer)


def _loose(exam: Exam) -> list[Finding]:
    """Look for weights that the output depends on and that the model does not know of.

    Layers in a plain list, or made in each call, are not among ``model.parameters()``.
    """
    model, optimiser = exam.case.model, exam.case.optimiser  # weights of elsewhere are not copied
    if not isinstance(optimiser, torch.optim.Optimizer):
        optimiser = optimiser(copy.deepcopy(model))
    held = {id(weight) for group in optimiser.param_groups for weight in group["params"]}
    held |= {id(weight) for weight in model.parameters()}
    with evaluating(model), isolated_random(exam.seed, "doctor", "loose"), torch.enable_grad():
        output = exam.case.call(model, exam.typical["inputs"])
    given = {id(value) for value in exam.typical["inputs"].values()}
    found = [one for one in _graph_leaves(output) if id(one) not in held | given]
    if not found:
        return []
    count = sum(one.numel() for one in found)
    shapes = ", ".join(str(tuple(one.shape)) for one in found[:4])
    text = (
        f"the output depends on {len(found)} tensors of weights, {count} numbers in all, that are "
        f"neither in model.parameters() nor in the optimiser: of the shapes {shapes}"
    )
    return [Finding(Cause.OPTIMISER_MISSES, "fault", text, "layers that are not registered")]


def _graph_leaves(output: Tensor) -> list[Tensor]:
    """Give the tensors at the ends of the graph behind an output that ask for a gradient."""
    found: dict[int, Tensor] = {}
    seen: set[Any] = set()
    ahead = [output.grad_fn]
    while ahead:
        node = ahead.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        leaf = getattr(node, "variable", None)  # of nodes that gather a gradient alone
        if isinstance(leaf, Tensor) and leaf.is_leaf:
            found[id(leaf)] = leaf
        ahead += [before for before, _ in node.next_functions]
    return list(found.values())


def _climbs(exam: Exam, optimiser: torch.optim.Optimizer) -> list[Finding]:
    """See whether an optimiser maximises a loss that is lower for the right answer."""
    told = exam.figures.get("loss_wrong", -math.inf) > exam.figures.get("loss_right", math.inf)
    if not told or not any(group.get("maximize") for group in optimiser.param_groups):
        return []
    text = (
        f"the optimiser is told to maximise, and the right answer has the lower loss: "
        f"{exam.figures['loss_right']:.4g}, a wrong one {exam.figures['loss_wrong']:.4g}"
    )
    return [Finding(Cause.STEP_WRONG, "fault", text, firm=True)]


def probe_resting(exam: Exam) -> list[Finding]:
    """Look for tensors that have a gradient and are as they began at the end of the training."""
    if exam.case.trained:
        return []
    _, optimiser = exam.case.pair()
    rates = [float(group["lr"]) for group in optimiser.param_groups]
    if min(rates) > 0 or exam.all.broke or len(exam.all.losses) < _EARLY:
        return []
    before = dict(exam.case.model.named_parameters())
    after = dict(exam.all.model.named_parameters())
    slopes = _slopes(exam, copy.deepcopy(exam.calm.model).train())
    pulled = [n for n, slope in slopes.items() if n in before and bool((slope != 0).any())]
    still = [n for n in pulled if n in after and torch.equal(before[n], after[n])]
    if not still or len(still) == len(pulled):
        return []
    count = sum(before[name].numel() for name in still)
    share = count / sum(weight.numel() for weight in before.values())
    text = (
        f"after {len(exam.all.losses)} steps {len(still)} tensors that have a gradient, "
        f"{100 * share:.0f} % of the weights, are as they began; the optimiser has the rates "
        f"{', '.join(f'{rate:g}' for rate in rates)}"
    )
    return [Finding(Cause.WEIGHTS_DO_NOT_MOVE, "fault", text)]


def probe_schedule(exam: Exam) -> list[Finding]:
    """Look at the rates of the first steps: one that is all but gone so early was decayed wrongly.

    A schedule that is meant for epochs and called after each batch does that.
    """
    if exam.case.trained:
        return []
    rates = exam.all.rates
    early = rates[: max(len(exam.train), _EARLY)]
    if len(early) < _EARLY or not max(early) > 0:
        return []
    share = early[-1] / max(early)
    grown = early[-1] / early[0] if early[0] > 0 else math.inf
    text = f"the learning rate is {early[0]:.3g} at first and {early[-1]:.3g} after {len(early)} "
    if share < _GONE and rates[-1] <= early[-1]:  # one that goes round comes back
        text += f"steps, {share:.2g} of its highest"
        exam.figures["rate_gone"] = share
        return [Finding(Cause.RATE_TOO_LOW, "fault", text, f"{1 / max(share, 1e-30):.3g}")]
    if grown > 1 / _GONE and exam.progress(exam.all.last, exam.learnt) < _ASTRAY:
        text += f"steps, and the loss {exam.all.last:.3g} after {exam.all.first:.3g}"
        return [Finding(Cause.RATE_TOO_HIGH, "suspect", text, f"{grown:.3g}")]
    return []


def _pulls(optimiser: torch.optim.Optimizer) -> list[Finding]:
    """See how much of its length a weight loses in a step by decay alone."""
    shares = [
        group["lr"] * group.get("weight_decay", 0.0)
        for group in optimiser.param_groups
        if _is_plain(optimiser, group)
    ]
    share = max(map(float, shares), default=0.0)
    if share < _PULL:
        return []
    text = f"by decay alone a step takes {100 * min(share, 1.0):.0f} % off each weight"
    if share < _FORGETS:
        return [Finding(Cause.DECAY_TOO_STRONG, "suspect", text)]
    text += ": the weights hold what the last few batches taught, and nothing before"
    return [Finding(Cause.DECAY_TOO_STRONG, "fault", text)]


def _is_plain(optimiser: torch.optim.Optimizer, group: dict[str, Any]) -> bool:
    """Whether decay takes its share of a weight whatever the gradient is."""
    kinds = (torch.optim.AdamW, torch.optim.SGD)
    return isinstance(optimiser, kinds) or bool(group.get("decoupled_weight_decay"))


def _drowns(exam: Exam) -> list[Finding]:
    """Compare a penalty that is added to the gradient with the gradient itself."""
    model, optimiser = exam.case.pair()
    slopes = _slopes(exam, model.train())
    penalty = slope = 0.0
    for group in optimiser.param_groups:
        decay = float(group.get("weight_decay", 0.0))
        if not decay or _is_plain(optimiser, group):
            continue
        held = {id(weight) for weight in group["params"]}
        for name, weight in model.named_parameters():
            if id(weight) in held and name in slopes:
                penalty += float((decay * weight.detach()).abs().square().sum())
                slope += float(slopes[name].abs().square().sum())
    if penalty <= 0.0 or penalty < _DROWNS**2 * slope:
        return []
    times = (penalty / max(slope, 1e-30)) ** 0.5
    text = f"the decay is {min(times, 1e6):.3g} times the gradient that it is added to"
    return [Finding(Cause.DECAY_TOO_STRONG, "suspect", text)]


def without_penalty(exam: Exam) -> Callable[[nn.Module, Batch], Tensor]:
    """Give the loss of what the model answers, without what it adds for the weights themselves."""
    case = exam.case
    if "penalty_beside" in exam.figures:  # the loss cannot be asked without the model
        return lambda model, batch: answer_alone(case, model, batch)
    return lambda model, batch: case.loss(Fixed(case.call(model, batch["inputs"])), batch)


def _penalised(exam: Exam) -> list[Finding]:
    """Compare the loss of the model with that of its answer alone."""
    model = copy.deepcopy(exam.case.model)
    try:
        with evaluating(model):
            whole = float(exam.case.loss(model, exam.typical))
            alone = float(without_penalty(exam)(model, exam.typical))
    except Exception:  # noqa: BLE001  a loss that needs the model itself cannot be asked
        return penalty_beside(exam)
    best, constant = exam.levels([exam.typical])
    scale = max(constant - best, 1e-30)
    if not whole - alone > _PENALTY * scale:
        return []
    exam.figures["penalty"] = whole - alone
    text = (
        f"the loss holds {whole - alone:.3g} that does not come from the answer, as a sum of all "
        f"weights squared does; of the answer it has {alone:.3g}"
    )
    return [Finding(Cause.DECAY_TOO_STRONG, "suspect", text)]


def probe_step(exam: Exam) -> list[Finding]:
    """Make a few steps: do the weights move, does the gradient add up."""
    return _moves(exam) or accumulates(exam)


def _moves(exam: Exam) -> list[Finding]:
    model, optimiser = exam.case.pair()
    model.train()
    before = {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}
    held = {id(p) for group in optimiser.param_groups for p in group["params"]}
    with watch_backward(model) as reached:
        for number in range(WAITS):  # gradients of several batches may be gathered before a step
            user_step(exam, model, optimiser)
            named = model.named_parameters()
            if number + 1 >= _STEPS and any(
                not torch.equal(p, before[n]) for n, p in named if n in before
            ):
                break
            if number + 1 >= _STEPS and exam.case.step is None:
                break
    should = [n for n, p in model.named_parameters() if n in before and id(p) in held]
    moved = [
        n for n, p in model.named_parameters() if n in before and not torch.equal(p, before[n])
    ]
    fresh = _slopes(exam, copy.deepcopy(exam.case.model).train())
    pulled = [name for name, slope in fresh.items() if bool((slope != 0).any())]
    still = [name for name in should if name in pulled and name not in moved]
    if moved or not still:
        return []
    if reached.in_vain:
        text = (
            f"in {number + 1} steps no gradient came to any of {len(still)} tensors, though the "
            "loss of the model has one: what the step goes back from is not tied to the model"
        )
        return [Finding(Cause.NO_GRADIENT, "fault", text, NONE_AT_ALL, firm=True)]
    rates = ", ".join(sorted({f"{group['lr']:g}" for group in optimiser.param_groups}))
    text = (
        f"after {number + 1} steps at the rate {rates} none of {len(still)} tensors that have a "
        "gradient has changed"
    )
    return [Finding(Cause.WEIGHTS_DO_NOT_MOVE, "fault", text)]


def _slopes(exam: Exam, model: nn.Module) -> dict[str, Tensor]:
    """Give the gradient of each tensor of weights that has one."""
    model.zero_grad()
    loss = exam.case.loss(model, exam.typical)
    if loss.requires_grad:
        torch.autograd.backward(loss)
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
