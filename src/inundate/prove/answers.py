"""What a right, a constant and a wrong answer look like to the user's loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from inundate.prove.case import Batch, Case, Fixed

__all__ = ["Answers", "Kind", "kind_of", "of_classes"]

#: ``values``: the output is the target; ``logits``: of values from 0 to 1; ``classes``: scores.
Kind = Literal["values", "logits", "classes"]

_SELDOM = 0.02  # of the targets: what is left out for single ones is of no weight
_SURE = 10.0  # logit of an answer that is as good as certain: probability 0.99995
_SOFT = 1e-3
_SIZES = (0.1, 0.3, 1.0, 3.0)  # of what is added to targets between 0 and 1
_FALLS = 0.05  # of the way from targets to their logits
_LARGER = 3.0  # times the scores of an answer


def kind_of(case: Case, batch: Batch, output: Tensor) -> Kind:
    """Say what an output is, by its shape, its target, and what the loss makes of it."""
    target = batch["target"]
    if not target.is_floating_point() and _scores(target, output):
        return "values" if _of_steps(case, batch, output) else "classes"
    shaped = _shaped(target.float(), output)
    if shaped is None or float(target.min()) < 0 or float(target.max()) > 1:
        return "values"
    plain = loss_of_fixed(case, batch, shaped)
    scores = torch.logit(shaped.clamp(_SOFT, 1 - _SOFT))
    logit, larger = (loss_of_fixed(case, batch, by * scores) for by in (1.0, _LARGER))
    if plain is None or logit is None or larger is None:
        return "values"
    # binary cross-entropy refuses logits, and a square error is 0 for the values themselves; the
    # opposite of an error falls faster and faster, where a cross-entropy has come to its end
    faster = logit - larger >= _LARGER * (plain - logit)
    if logit >= plain or faster:
        return "values"
    return "values" if _highest(case, batch, shaped, plain, plain - logit) else "logits"


def _of_steps(case: Case, batch: Batch, output: Tensor) -> bool:
    """Whether there is one class more than scores, and it counts: each asks if a step is passed.

    As in regression of ordered levels. A number of no class moves no loss.
    """
    target, dim = batch["target"], _class_dim(batch["target"], output)
    count = output.shape[dim]
    there = target == count
    if int(target.max()) != count or not bool(there.any()):
        return False
    answer = torch.zeros_like(output)
    plain = loss_of_fixed(case, batch, answer)
    other = loss_of_fixed(case, batch, answer + there.unsqueeze(dim).to(output))
    return plain is not None and other is not None and plain != other


def _left_out(case: Case, batch: Batch, output: Tensor) -> float | None:
    """Give the value of targets at whose places the loss does not look at the answer.

    The lowest or the highest one, if the loss looks at the answers elsewhere. What is 0 is no sign
    of a place without target: a loss that does not look there may be the fault.
    """
    answer = _shaped(batch["target"].float(), output)
    if answer is None or output.ndim < 2 or not bool(torch.isfinite(answer).all()):
        return None
    for value in (float(answer.min()), float(answer.max())):
        there = answer == value
        share = float(there.float().mean())
        if value == 0.0 or not _SELDOM < share < 1.0 - _SELDOM:
            continue
        away = (answer + 1.0 + answer.std()).to(output)
        plain, other, rest = (
            loss_of_fixed(case, batch, torch.where(moved, away, answer.to(output)))
            for moved in (torch.zeros_like(there), there, ~there)
        )
        if plain is not None and plain == other and plain != rest:
            return value
    return None


def _highest(case: Case, batch: Batch, answer: Tensor, loss: float, way: float) -> bool:
    """Whether a loss is highest for the targets themselves: turned round, and not of logits.

    A cross-entropy never falls, on average, for what is added and taken away.
    """
    drawn = torch.Generator().manual_seed(0)
    noise = torch.randn(answer.shape, generator=drawn).to(answer)
    last = loss
    for size in _SIZES:
        pair = [loss_of_fixed(case, batch, answer + sign * size * noise) for sign in (1.0, -1.0)]
        if None in pair:
            return False
        mean = sum(float(one) for one in pair if one is not None) / 2.0
        if mean >= last:
            return False
        last = mean
    return loss - last > _FALLS * way


def loss_of_fixed(case: Case, batch: Batch, output: Tensor) -> float | None:
    """Give the loss of an answer; None if the loss cannot be asked without the model."""
    try:
        with torch.no_grad():
            found = float(case.loss(Fixed(output), batch))
    except Exception:  # noqa: BLE001  the loss is the user's: any error means "cannot be asked"
        return None
    return found


def _scores(target: Tensor, output: Tensor) -> bool:
    """Whether an output has scores for each place of a target, and not for places of its own.

    As where a text is written down from frames, of which there are more than letters.
    """
    if output.ndim != target.ndim + 1:
        return False
    ends = (output.shape[2:], output.shape[1:-1])
    return target.shape[1:] in ends


def _shaped(target: Tensor, output: Tensor) -> Tensor | None:
    return target.reshape(output.shape) if target.numel() == output.numel() else None


@dataclass(frozen=True)
class Answers:
    """Makes answers of the shape of the model's output.

    Parameters
    ----------
    kind : str
    output : Tensor (B, …)
        An output of the model, for shape and dtype.
    prior : Tensor
        Frequency of each class (K,), or mean target: over all samples, per element.
    spread : float
        Standard deviation of the targets.
    logarithms : bool
        Whether outputs are logarithms of chances that sum up to 1.
    left_out : float, optional
        The value of targets that the loss does not look at, as where a text has ended.
    """

    kind: Kind
    output: Tensor
    prior: Tensor
    spread: float
    logarithms: bool = False
    left_out: float | None = None

    @classmethod
    def of(cls, case: Case, batches: Sequence[Batch], output: Tensor) -> Answers:
        """Learn what is needed from training batches."""
        kind = kind_of(case, batches[0], output)
        if kind == "classes":
            classes = _class_count(batches[0]["target"], output)
            counts = sum(
                torch.bincount(_counted(b["target"], classes), minlength=classes) for b in batches
            )
            prior = torch.as_tensor(counts).float()
            dim = _class_dim(batches[0]["target"], output)
            sums = torch.logsumexp(output.float(), dim).abs()
            return cls(kind, output, prior / prior.sum(), 1.0, bool((sums < _SOFT).all()))
        shapes = {tuple(b["target"].shape[1:]) for b in batches}
        left_out = _left_out(case, batches[0], output) if kind == "values" else None
        targets = [b["target"].float() for b in batches]
        if left_out is not None:
            targets = [torch.where(t == left_out, math.nan, t) for t in targets]
        everything = torch.cat([target.flatten() for target in targets])
        known = everything[torch.isfinite(everything)]
        prior = torch.nanmean(torch.cat(targets), dim=0) if len(shapes) == 1 else known.mean()
        prior = prior.where(torch.isfinite(prior), known.mean()) if left_out is not None else prior
        spread = float(known.std()) if known.numel() > 1 else 0.0
        return cls(kind, output, prior, spread, left_out=left_out)

    def right(self, batch: Batch) -> Tensor | None:
        """Give the perfect answer."""
        return self._like(batch["target"], batch)

    def wrong(self, batch: Batch) -> Tensor | None:
        """Give an answer that is wrong everywhere."""
        target = batch["target"]
        if self.kind == "classes":
            return self._like((target + 1) % len(self.prior), batch)
        if self.kind == "logits":
            return self._like(1 - target.float(), batch)
        middle = self.prior.mean().nan_to_num()
        away = torch.where(target >= middle, -3.0, 3.0) * max(self.spread, 1e-6)
        return self._like(target + away, batch)

    def constants(self, batch: Batch) -> list[Tensor]:
        """Give the answers that a model gives which does not look at its inputs."""
        target = batch["target"]
        if self.kind == "classes":
            row = torch.log(self.prior.clamp(min=1e-4))
            shape = [1] * self.output.ndim
            shape[self.class_dim(target)] = len(self.prior)
            found = row.reshape(shape).expand(len(target), *self._rest(target)).contiguous()
            return [found.to(self.output)]
        means = [self.prior.expand(target.shape), self.prior.mean().expand(target.shape)]
        if self.kind == "values":
            means.append(torch.zeros_like(target, dtype=torch.float32))
        return [one for one in (self._like(mean, batch) for mean in means) if one is not None]

    def known(self, target: Tensor) -> Tensor:
        """Say which targets are classes: -1, -100 and 255 stand for places that have none."""
        return (target >= 0) & (target < len(self.prior))

    def hits(self, output: Tensor, target: Tensor) -> Tensor:
        """Say where the answered class is right."""
        return output.argmax(self.class_dim(target)) == target

    def _rest(self, target: Tensor) -> tuple[int, ...]:
        rest = list(target.shape[1:])
        rest.insert(self.class_dim(target) - 1, len(self.prior))
        return tuple(rest)

    def class_dim(self, target: Tensor) -> int:
        """Give the dimension of an output that counts classes."""
        return _class_dim(target, self.output)

    def _like(self, answer: Tensor, batch: Batch) -> Tensor | None:
        if self.kind == "classes":
            one_hot = functional.one_hot(of_classes(answer, len(self.prior)), len(self.prior))
            one_hot = one_hot.movedim(-1, self.class_dim(batch["target"]))
            scores = _SURE * (2.0 * one_hot - 1.0)
            if self.logarithms:
                scores = scores.log_softmax(self.class_dim(batch["target"]))
            return scores.to(self.output)
        answer = answer.float()
        if self.kind == "logits":
            answer = torch.logit(answer.clamp(_SOFT, 1 - _SOFT))
        shape = (len(answer), *self.output.shape[1:])
        if answer.numel() != torch.Size(shape).numel():
            return None
        return answer.reshape(shape).to(self.output)


def of_classes(target: Tensor, count: int) -> Tensor:
    """Give the numbers of classes, 0 where a number stands for no class, as -100 and 255 do."""
    return torch.where((target >= 0) & (target < count), target, torch.zeros_like(target)).long()


def _counted(target: Tensor, count: int) -> Tensor:
    """Give the classes that have a score; where none has, as if all were the first."""
    counted = target[(target >= 0) & (target < count)].flatten()
    return counted.long() if len(counted) else of_classes(target, count).flatten()


def _class_dim(target: Tensor, output: Tensor) -> int:
    """Give the dimension that counts classes: the last one of (B, L, K) against (B, L)."""
    last = output.shape[1:-1] == target.shape[1:] and output.shape[2:] != target.shape[1:]
    return output.ndim - 1 if last else 1


def _class_count(target: Tensor, output: Tensor) -> int:
    return int(output.shape[_class_dim(target, output)])
