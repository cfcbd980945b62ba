"""A case under examination: short trainings, each made once, and what they have learnt."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from inundate.learn.probes import evaluating
from inundate.prove.case import Batch
from inundate.prove.judge import sign_flip_p
from inundate.prove.material import Effort, Material
from inundate.prove.trial import Remedy, Trial, run_trial

__all__ = ["Effort", "Exam", "Skill"]

_CALM = 1e-3


@dataclass(frozen=True)
class Skill:
    """What a model can do on some samples.

    Attributes
    ----------
    value : float
        1 - error over that of the best constant answer; 0 is no skill, 1 is perfect.
    p_value : float
        One-sided, that there is none.
    progress : float
        The same in terms of the loss: 0 that of the best constant, 1 that of the right answer.
    """

    value: float
    p_value: float
    progress: float

    @property
    def there(self) -> bool:
        """Whether there is skill beyond chance."""
        return (self.value > 0.02 and self.p_value < 0.01) or self.progress > 0.1


@dataclass
class Exam(Material):
    """A case under examination.

    Parameters
    ----------
    case : Case
    effort : Effort
    seed : int
    """

    @cached_property
    def one(self) -> Trial:
        """Training on one batch with the user's own optimiser."""
        return self.try_one()

    def try_one(
        self, remedy: Remedy | None = None, *, enough: float = 0.9, times: int = 1
    ) -> Trial:
        """Train on one batch, with a remedy, or for some times as many steps."""
        batches = [self.typical]
        best, constant = self.levels(batches)
        steps = self.effort.one_batch if remedy is None else self.effort.remedy
        return run_trial(
            self.case, batches, times * steps, remedy=remedy or Remedy(), seed=self.seed,
            enough=constant - enough * (constant - best) if constant > best else -math.inf,
        )  # fmt: skip

    @cached_property
    def calm(self) -> Trial:
        """One batch by plain, harmless steps of Adam: what is cut off then is so for good."""
        return self.try_one(Remedy("calm steps", adam=_CALM, plain=True))

    @cached_property
    def one_progress(self) -> float:
        """How far one batch was learnt."""
        return self.progress(self.one.last, [self.typical])

    @cached_property
    def all(self) -> Trial:
        """Training over all batches with the user's own optimiser, or the trained weights."""
        if self.case.trained:
            model = copy.deepcopy(self.case.model)
            return Trial(copy.deepcopy(model), [self.loss(model, self.learnt)])
        return run_trial(self.case, self.learnt, self.effort.all_batches, seed=self.seed)

    @property
    def models(self) -> list[nn.Module]:
        """The model as it is given, and those of the trials that were made."""
        made = [self.__dict__.get(name) for name in ("one", "calm", "all")]
        return [self.case.model, *(trial.model for trial in made if trial is not None)]

    def skill(self, model: nn.Module, batches: Sequence[Batch]) -> Skill:
        """Score a model against the best constant answer."""
        errors, trivial = self.errors(model, batches)
        scale = float(trivial.mean())
        value = 1.0 - float(errors.mean()) / scale if scale > 0 else 0.0
        p_value = sign_flip_p(trivial - errors, seed=self.seed)
        progress = self.progress(self.loss(model, batches), batches)
        if not math.isfinite(value):
            value, p_value = -math.inf, 1.0
        return Skill(value, p_value, progress)

    def errors(
        self, model: nn.Module, batches: Sequence[Batch]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the error of each sample, of the model and of the best constant answer.

        Where outputs cannot be compared with targets, the loss of each batch above the lowest.
        """
        if not self.comparable:
            return self._losses(model, batches)
        found: list[Tensor] = []
        constant: list[list[Tensor]] = []
        with evaluating(model):
            for batch in batches:
                found.append(self.error(self.run(model, batch), batch))
                constant.append([self.error(c, batch) for c in self.answers.constants(batch)])
        by_answer = [torch.cat(list(parts)) for parts in zip(*constant, strict=True)]
        best = min(by_answer, key=lambda values: float(values.mean()))
        return torch.cat(found).double().numpy(), best.double().numpy()

    @cached_property
    def comparable(self) -> bool:
        """Whether an output is an answer of the target's own kind, or the class of one."""
        if not self.answers.constants(self.typical):
            return False
        return self.answers.kind == "classes" or self.direct

    def _losses(
        self, model: nn.Module, batches: Sequence[Batch]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        levels = [self.levels([batch]) for batch in batches]
        own = [self.loss(model, [b]) - best for b, (best, _) in zip(batches, levels, strict=True)]
        return np.asarray(own), np.asarray([constant - best for best, constant in levels])

    def error(self, output: Tensor, batch: Batch) -> Tensor:
        """Give the error (B,) of an output: share of wrong classes, or mean square error."""
        target = batch["target"]
        if self.answers.kind == "classes":
            known = self.answers.known(target)
            missed: Tensor = (~self.answers.hits(output, target) & known).float()
            counted = known.reshape(len(target), -1).sum(1).clamp(min=1)
            shares: Tensor = missed.reshape(len(target), -1).sum(1) / counted
            return shares
        guess = torch.sigmoid(output) if self.answers.kind == "logits" else output
        guess = guess.reshape(target.shape) if guess.numel() == target.numel() else guess
        if guess.shape != target.shape:
            return torch.full((len(target),), math.nan)
        known = torch.isfinite(target)
        if self.case.known is not None:
            known = known & self.case.known(batch).expand(target.shape)
        if self.answers.left_out is not None:
            known = known & (target != self.answers.left_out)
        square = torch.where(known, guess.float() - target.float(), 0.0).square()
        return square.reshape(len(target), -1).sum(1) / known.reshape(len(target), -1).sum(1).clamp(
            min=1
        )
