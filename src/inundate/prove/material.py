"""What the probes share: batches, answers, and the losses of a right and a constant one."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from inundate.learn.probes import evaluating
from inundate.learn.random_state import isolated_random
from inundate.prove.answers import Answers, loss_of_fixed
from inundate.prove.bounds import ends_of
from inundate.prove.case import Batch, Case
from inundate.prove.finding import Finding
from inundate.prove.free import (
    least_constant,
    least_in_units,
    least_of_rates,
    least_output,
)
from inundate.prove.ragged import is_apart

__all__ = ["Effort", "Material"]

_ASIDE = 0.25  # of the way from the lowest loss to a constant's, where a target is not the lowest
_WAY = 0.5  # of the way to what free outputs reach: they learn the noise too, a network need not


@dataclass(frozen=True)
class Effort:
    """How much is tried.

    Parameters
    ----------
    batches : int
        Batches of an epoch that are looked at, at most.
    one_batch : int
        Steps on one batch.
    all_batches : int
        Steps over all of them.
    remedy : int
        Steps of each remedy on one batch.
    """

    batches: int = 60
    one_batch: int = 200
    all_batches: int = 400
    remedy: int = 120


@dataclass
class Material:
    """A case under examination, as it is given: nothing is trained.

    Parameters
    ----------
    case : Case
    effort : Effort
    seed : int
    """

    case: Case
    effort: Effort = field(default_factory=Effort)
    seed: int = 0
    findings: list[Finding] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    pictures: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    _free: dict[int, tuple[Batch, Tensor | None]] = field(default_factory=dict, repr=False)
    began: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Note which weights the model has before its first call, which may make others."""
        self.began = frozenset(name for name, _ in self.case.model.named_parameters())

    @cached_property
    def train(self) -> list[Batch]:
        """Batches of one epoch."""
        with isolated_random(self.seed, "doctor", "epoch"):
            return list(self.case.batches(self.case.train, self.effort.batches))

    @cached_property
    def apart(self) -> bool:
        """Whether inputs have a row for each target, so that samples can be taken by themselves."""
        return all(is_apart(batch) for batch in self.train)

    @cached_property
    def again(self) -> list[Batch]:
        """Batches of the next epoch."""
        assert self.train is not None  # the first epoch comes first
        with isolated_random(self.seed, "doctor", "epoch", 1):
            return list(self.case.batches(self.case.train, self.effort.batches))

    @cached_property
    def valid(self) -> list[Batch]:
        """Batches that are not trained on: those of the user, or the last fifth of an epoch."""
        if self.case.valid is not None:
            with isolated_random(self.seed, "doctor", "valid"):
                return list(self.case.batches(self.case.valid, self.effort.batches))
        return self.train[len(self.learnt) :]

    @cached_property
    def learnt(self) -> list[Batch]:
        """Batches that trials are trained on."""
        if self.case.valid is not None or len(self.train) < 2:
            return self.train
        return self.train[: -max(1, len(self.train) // 5)]

    @cached_property
    def output(self) -> Tensor:
        """Output of the model as it is given, on the first batch, in training mode."""
        return self.run(copy.deepcopy(self.case.model).train(), self.train[0])

    @cached_property
    def answers(self) -> Answers:
        """Right and constant answers."""
        return Answers.of(self.case, self.learnt, self.output.detach())

    def run(self, model: nn.Module, batch: Batch) -> Tensor:
        """Run a model without gradients, in the mode it is in."""
        with torch.no_grad(), isolated_random(self.seed, "doctor", "run"):
            return self.case.call(model, batch["inputs"]).detach()

    def loss(self, model: nn.Module, batches: Sequence[Batch], *, still: bool = True) -> float:
        """Give the mean loss over batches."""
        with isolated_random(self.seed, "doctor", "loss"):
            if still:
                with evaluating(model):
                    values = [float(self.case.loss(model, batch)) for batch in batches]
            else:
                pupil = copy.deepcopy(model).train()  # running statistics stay as they are
                with torch.no_grad():
                    values = [float(self.case.loss(pupil, batch)) for batch in batches]
        return math.fsum(values) / len(values)

    def levels(self, batches: Sequence[Batch]) -> tuple[float, float]:
        """Give the mean loss of the right answer and of the best constant one.

        Where the target is not what the loss asks for, as with quantiles, a likelihood or smoothed
        labels, those of free outputs. Where the loss cannot be asked, 0 and that of the untrained
        model.
        """
        if not self.direct and self.free_constant is not None:
            return self._free_levels(batches)
        rights = [self._right(batch) for batch in batches]
        constants = [self.constant(batch) for batch in batches]
        right = math.fsum(r for r in rights if r is not None)
        best = 0.0 if None in rights else right / len(batches)
        if None in constants:
            return best, self.loss(copy.deepcopy(self.case.model), batches)
        return best, math.fsum(c for c in constants if c is not None) / len(batches)

    @cached_property
    def direct(self) -> bool:
        """Whether the target is an answer that the loss likes better than a constant."""
        batch = self.typical
        right, constant = self._right(batch), self.constant(batch)
        if constant is None:
            # the loss cannot be asked for a constant: of its kind, or since the widths differ
            return bool(self.answers.constants(batch))
        if right is None or right > constant:
            return False
        if self.free_constant is None:
            return True
        free = self.free_output(batch)
        least = None if free is None else loss_of_fixed(self.case, batch, free)
        # of counts to a loss of log rates, small ones may be better than a constant; to smoothed
        # labels sure answers may be no worse than one for all
        return least is None or right <= least + _ASIDE * max(constant - least, 0.0)

    @cached_property
    def free_constant(self) -> Tensor | None:
        """The one answer (1, …) for all samples that has the lowest loss; None if not known."""
        return self.sought[0]

    @cached_property
    def sought(self) -> tuple[Tensor | None, Tensor | None]:
        """The free constant, and the unit of each of its numbers where targets are far."""
        shapes = {tuple(self.run(self.case.model, b).shape[1:]) for b in self.learnt[:2]}
        if len(shapes) != 1 or self.answers.logarithms:  # free scores would not sum up to 1
            return None, None
        begin = self.case.begin
        start = torch.zeros_like(self.output[:1]) if begin is None else begin.to(self.output)
        found = least_constant(self.case, self.learnt, start, self.ends)
        if found is None or self.answers.kind != "values" or self.ends is not None:
            return found, None
        mean, spread = float(self.answers.prior.mean()), self.answers.spread
        told = least_in_units(self.case, self.learnt, found, mean, spread)
        known = (found, None) if told is None else told
        rates = least_of_rates(self.case, self.learnt, known[0], mean)
        return known if rates is None else (rates, None)

    @cached_property
    def ends(self) -> tuple[float, float] | None:
        """The range that outputs and targets share whatever the weights, if there is one."""
        if self.answers.kind != "values" or not self.typical["target"].is_floating_point():
            return None
        return ends_of(self.case, self.learnt, self.output)

    def free_output(self, batch: Batch) -> Tensor | None:
        """Give the answers (B, …) to a batch that have the lowest loss; None if not known."""
        if id(batch) not in self._free:
            start, units = self.sought
            found = None
            if start is not None:
                found = least_output(self.case, batch, start, self.ends, units)
            self._free[id(batch)] = (batch, found)  # the batch too, so that its id stays its own
        return self._free[id(batch)][1]

    def _free_loss(self, batch: Batch) -> tuple[float, float]:
        """Give the loss of free outputs, as far as a network can come, and of the constant."""
        flat = self.free_constant
        assert flat is not None
        alike = flat.expand(len(batch["target"]), *flat.shape[1:])
        constant = loss_of_fixed(self.case, batch, alike)
        free = self.free_output(batch)
        least = None if free is None else loss_of_fixed(self.case, batch, free)
        if constant is None or least is None:
            return math.nan, math.nan
        way = 1.0 if self.answers.kind == "classes" else _WAY
        return constant - way * (constant - least), constant

    def _free_levels(self, batches: Sequence[Batch]) -> tuple[float, float]:
        found = [self._free_loss(batch) for batch in batches]
        best, constant = (math.fsum(values) / len(found) for values in zip(*found, strict=True))
        return best, constant

    def _right(self, batch: Batch) -> float | None:
        answer = self.answers.right(batch)
        return None if answer is None else loss_of_fixed(self.case, batch, answer)

    def constant(self, batch: Batch) -> float | None:
        """Give the loss of the best constant answer; None if the loss cannot be asked."""
        answers = self.answers.constants(batch)
        asked = self.answers.kind == "logits" or self.ends is not None
        if asked and self.free_constant is not None:
            # a Dice score is best for an answer above the share of what is there, likenesses with
            # a margin for one at that margin
            alike = self.free_constant
            answers.append(alike.expand(len(batch["target"]), *alike.shape[1:]))
        found = [loss_of_fixed(self.case, batch, answer) for answer in answers]
        return min((value for value in found if value is not None), default=None)

    def progress(self, loss: float, batches: Sequence[Batch]) -> float:
        """Say how far a loss is from the best constant's (0) to the right answer's (1)."""
        best, constant = self.levels(batches)
        if not math.isfinite(loss):
            return -math.inf
        return (constant - loss) / (constant - best) if constant > best else 0.0

    @cached_property
    def typical(self) -> Batch:
        """The batch whose targets differ most: one of a single kind teaches nothing."""
        spreads = [_variety(batch["target"]) for batch in self.learnt[:8]]
        return self.learnt[int(np.argmax(spreads))]


def _variety(target: Tensor) -> float:
    if not target.is_floating_point():
        return float(len(torch.unique(target)))
    return float(target.float().std()) if target.numel() > 1 else 0.0
