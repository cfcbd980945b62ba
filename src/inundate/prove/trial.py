"""Short trainings of copies: as the user trains, and with one remedy changed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from inundate.learn.random_state import isolated_random
from inundate.prove.case import Batch, Case
from inundate.prove.kept import let_go
from inundate.prove.quiet import quietly
from inundate.prove.wide import widely

__all__ = ["PLAIN", "Remedy", "Trial", "draw_anew", "plain_step", "run_trial"]

_TAIL = 0.1  # share of the steps whose mean loss is the last one
_LEAST_TAIL = 5


@dataclass(frozen=True)
class Remedy:
    """What is changed in a trial against the user's own training; nothing by default.

    Parameters
    ----------
    name : str
    rate : float
        Factor on the learning rate.
    held : bool
        The rate stays that of the first step, whatever a schedule does.
    alike : bool
        All groups of weights at the highest rate of them.
    no_decay : bool
        Weight decay set to 0.
    fresh : bool
        All weights drawn anew, as each layer's ``reset_parameters`` does.
    still : bool
        Dropout off and running statistics used: the model in evaluation mode.
    plain : bool
        A plain step in place of the user's.
    whole : bool
        Weights and inputs in float32.
    quiet : bool
        What functions draw at random is left out, in training too.
    thawed : bool
        Weights that are frozen are trained too, at the rate of the last group.
    adam : float, optional
        Adam at this rate in place of the user's optimiser.
    prepare : callable, optional
        Changes the model before the first step, such as by hooks.
    batch : callable, optional
        Changes each batch, such as to scale its inputs.
    loss : callable, optional
        Another loss of model and batch.
    """

    name: str = "as it is"
    rate: float = 1.0
    held: bool = False
    alike: bool = False
    no_decay: bool = False
    fresh: bool = False
    still: bool = False
    plain: bool = False
    whole: bool = False
    quiet: bool = False
    thawed: bool = False
    adam: float | None = None
    prepare: Callable[[nn.Module], None] | None = None
    batch: Callable[[Batch], Batch] | None = None
    loss: Callable[[nn.Module, Batch], Tensor] | None = None


PLAIN = Remedy()


@dataclass
class Trial:
    """How a short training went.

    Attributes
    ----------
    model : Module
        The copy, trained.
    losses : list of float
        One a step, before the step.
    broke : str
        Why it ended early: a loss that is not finite, or an error's text.
    rates : list of float
        The highest learning rate of the optimiser's groups, before each step.
    moves : int
        Steps that the optimiser made: fewer, where a step of the user's gathers several batches.
    """

    model: nn.Module
    losses: list[float] = field(default_factory=list)
    broke: str = ""
    rates: list[float] = field(default_factory=list)
    moves: int = 0

    @property
    def first(self) -> float:
        """Loss of the untrained model."""
        return self.losses[0] if self.losses else math.nan

    @property
    def last(self) -> float:
        """Mean loss of the last tenth of the steps; infinite if it broke."""
        if self.broke or not self.losses:
            return math.inf
        tail = self.losses[-max(_LEAST_TAIL, int(_TAIL * len(self.losses))) :]
        return math.fsum(tail) / len(tail)


def run_trial(
    case: Case,
    batches: Sequence[Batch],
    steps: int,
    *,
    remedy: Remedy = PLAIN,
    enough: float = -math.inf,
    seed: int = 0,
) -> Trial:
    """Train a copy of the model for some steps, going round the batches.

    Parameters
    ----------
    case : Case
    batches : sequence of Batch
    steps : int
    remedy : Remedy
    enough : float
        Ends when the mean of the last losses is below this.
    seed : int
        Of dropout and fresh weights.
    """
    with isolated_random(seed, "doctor", "trial"), quietly(remedy.quiet), widely(remedy.whole):
        model, optimiser = _pair(case, remedy)
        model.eval() if remedy.still else model.train()
        trial = Trial(model)
        _count(trial, optimiser)
        for number in range(steps):
            batch = batches[number % len(batches)]
            batch = _changed(remedy, batch)
            trial.rates.append(max(float(group["lr"]) for group in optimiser.param_groups))
            loss = _step(case, remedy, model, optimiser, batch)
            trial.losses.append(loss)
            if not math.isfinite(loss):
                trial.broke = f"the loss is {loss} at step {number}"
                break
            if len(trial.losses) >= _LEAST_TAIL and trial.last < enough:
                break
    let_go(model)
    return trial


def _count(trial: Trial, optimiser: torch.optim.Optimizer) -> None:
    """Count the steps that an optimiser makes."""

    def made(*_: Any) -> None:
        trial.moves += 1

    if isinstance(optimiser, torch.optim.Optimizer):
        optimiser.register_step_post_hook(made)


def _changed(remedy: Remedy, batch: Batch) -> Batch:
    if remedy.whole:
        inputs = {
            name: value.float() if value.is_floating_point() else value
            for name, value in batch["inputs"].items()
        }
        batch = {**batch, "inputs": inputs}
    return remedy.batch(batch) if remedy.batch else batch


def _pair(case: Case, remedy: Remedy) -> tuple[nn.Module, torch.optim.Optimizer]:
    model, optimiser = case.pair()
    if remedy.fresh:
        draw_anew(model)
    if remedy.prepare is not None:
        remedy.prepare(model)
    if remedy.whole:
        model.float()  # in place: the optimiser goes on holding the same tensors
    if remedy.thawed:
        _thaw(model, optimiser)
    if remedy.adam is not None:
        weights = [p for p in model.parameters() if p.requires_grad]
        optimiser = torch.optim.Adam(weights, lr=remedy.adam)
    if remedy.no_decay:
        for group in optimiser.param_groups:
            group["weight_decay"] = 0.0
    if remedy.alike:
        highest = max(group["lr"] for group in optimiser.param_groups)
        for group in optimiser.param_groups:
            group["lr"] = highest
    if remedy.rate != 1.0 or remedy.held:
        _at_rate(optimiser, remedy)
    return model, optimiser


def draw_anew(model: nn.Module) -> None:
    """Draw the weights of each layer as it does by itself; attention does so under another name."""
    for module in model.modules():
        reset = getattr(module, "reset_parameters", getattr(module, "_reset_parameters", None))
        if callable(reset):
            reset()


def _at_rate(optimiser: torch.optim.Optimizer, remedy: Remedy) -> None:
    """Change the rate for the time of each step; a schedule sets its own between them."""
    held: dict[int, tuple[float, float]] = {}
    first: dict[int, float] = {}

    def before(own: torch.optim.Optimizer, *_: Any) -> None:
        for number, group in enumerate(own.param_groups):
            rate = group["lr"]
            begin = first.setdefault(number, rate)
            held[number] = rate, (begin if remedy.held else rate) * remedy.rate
            group["lr"] = held[number][1]

    def after(own: torch.optim.Optimizer, *_: Any) -> None:
        for number, group in enumerate(own.param_groups):
            if group["lr"] == held[number][1]:  # else the schedule has set another one
                group["lr"] = held[number][0]

    optimiser.register_step_pre_hook(before)
    optimiser.register_step_post_hook(after)


def _thaw(model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    held = {id(weight) for group in optimiser.param_groups for weight in group["params"]}
    frozen = [weight for weight in model.parameters() if not weight.requires_grad]
    for weight in frozen:
        weight.requires_grad_(weight.is_floating_point())
    new = [weight for weight in frozen if id(weight) not in held and weight.requires_grad]
    if new:
        last = {k: v for k, v in optimiser.param_groups[-1].items() if k != "params"}
        optimiser.add_param_group({**last, "params": new})


def _step(
    case: Case,
    remedy: Remedy,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    batch: Batch,
) -> float:
    if case.step is not None and not (remedy.plain or remedy.batch or remedy.loss or remedy.whole):
        found = case.step(model, optimiser, batch["raw"])
        return float(found.detach()) if isinstance(found, Tensor) else float(found)
    return plain_step(remedy.loss or case.loss, model, optimiser, batch)


def plain_step(
    loss_of: Callable[[nn.Module, Batch], Tensor],
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    batch: Batch,
) -> float:
    """Make one step as the tutorials do; a loss without gradient moves nothing."""
    if isinstance(optimiser, torch.optim.LBFGS):
        return _searching_step(loss_of, model, optimiser, batch)
    optimiser.zero_grad()
    loss = loss_of(model, batch)
    if loss.requires_grad:
        torch.autograd.backward(loss)
        optimiser.step()
    return float(loss.detach())


def _searching_step(
    loss_of: Callable[[nn.Module, Batch], Tensor],
    model: nn.Module,
    optimiser: torch.optim.LBFGS,
    batch: Batch,
) -> float:
    """Make a step of an optimiser that asks for the loss more than once."""

    def again() -> float:
        optimiser.zero_grad()
        loss = loss_of(model, batch)
        if loss.requires_grad:
            torch.autograd.backward(loss)
        return float(loss.detach())

    found: Any = optimiser.step(again)  # type: ignore[no-untyped-call]
    return float(found)
