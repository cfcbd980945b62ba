"""Batches that are sorted: each holds samples of one class, or of targets of one size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.entropy import entropy

__all__ = ["in_order"]

_SORTED = 0.5  # share of the variety of all samples that a batch has, below which it is sorted
_MANY = 6  # batches from which order can be judged by a few samples of each
_FEWEST = 3
_LEAST, _LARGE = 4, 32  # samples of a batch, of many batches and of few
_APART, _FAR_APART = 5.0, 15.0  # F with 5 and more degrees, and with 2: below 0.1 % by chance
_ROUNDING = 1e-6  # of values
_NUMBERS = 12  # of a target, up to which each is looked at
_KINDS = 3  # commonest classes of maps, whose shares are compared


def in_order(exam: Exam) -> list[Finding]:
    """See whether each batch holds samples of one kind."""
    targets = [batch["target"] for batch in exam.train]
    if len(targets[-1]) < len(targets[0]):
        targets = targets[:-1]  # a rest: the mean of few differs by itself
    least = _LEAST if len(targets) >= _MANY else _LARGE
    if len(targets) < _FEWEST or min(len(t) for t in targets) < least:
        return []
    if targets[0].is_floating_point():
        return _sorted_numbers(targets)
    if targets[0].ndim == 1:
        return _sorted_classes(targets)
    return _sorted_maps(exam, targets) if targets[0].ndim == 3 else []


def _sorted_numbers(targets: Sequence[Tensor]) -> list[Finding]:
    """Compare by the mean of a target, then by each of a few numbers of it.

    Chances of classes, or shares, have the same mean in all samples.
    """
    few = targets[0].ndim == 2 and 1 < targets[0].shape[1] <= _NUMBERS
    if few and all(_is_one_hot(target) for target in targets):
        return _sorted_classes([target.argmax(1) for target in targets])
    found = _sorted_values(targets)
    for number in range(targets[0].shape[1]) if few and not found else ():
        found = _sorted_values([target[:, number] for target in targets], f"number {number} of")
        if found:
            break
    return found


def _is_one_hot(target: Tensor) -> bool:
    whole = bool(((target == 0) | (target == 1)).all())
    return whole and bool((target.sum(1) == 1).all())


def _sorted_maps(exam: Exam, targets: Sequence[Tensor]) -> list[Finding]:
    """Compare by the share that each of the commonest classes has of a map (H, W)."""
    every = torch.cat([target.flatten() for target in targets])
    kinds, counts = torch.unique(every, return_counts=True)
    if exam.answers.kind == "classes":
        counts = counts * exam.answers.known(kinds)
    for kind in kinds[counts.argsort(descending=True)[:_KINDS]]:
        shares = [(target == kind).double() for target in targets]
        found = _sorted_values(shares, f"the share of class {int(kind)} in")
        if found:
            return found
    return []


def _sorted_classes(targets: Sequence[Tensor]) -> list[Finding]:
    everything = torch.cat(list(targets))
    whole = entropy(everything)
    within = float(np.mean([entropy(t) for t in targets]))
    if whole < 0.1 or within >= _SORTED * whole:
        return []
    text = (
        f"a batch has on average {np.exp(within):.2f} classes of {np.exp(whole):.2f} "
        "(exponential of the entropy)"
    )
    return [Finding(Cause.LOADER_SORTED, "fault", text)]


def _sorted_values(targets: Sequence[Tensor], what: str = "the mean of") -> list[Finding]:
    """Compare how batch means differ with how they would if samples were drawn at random."""
    means = [t.double().reshape(len(t), -1).nanmean(1) for t in targets]
    everything = torch.cat(means)
    if float(everything.std()) <= _ROUNDING * float(everything.abs().max()):
        return []  # shares of classes sum up to 1 in each sample: what differs is rounding
    usual = float(everything.var()) / float(np.mean([len(m) for m in means]))
    seen = float(torch.stack([m.mean() for m in means]).var())
    if usual <= 0 or seen < (_APART if len(means) >= _MANY else _FAR_APART) * usual:
        return []
    text = (
        f"{what} the targets differs between batches {seen / usual:.1f} times as much as it would "
        "if samples were drawn at random"
    )
    return [Finding(Cause.LOADER_SORTED, "fault", text)]
