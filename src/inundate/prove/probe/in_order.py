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
_MANY = 6  # batches from which order can be judged
_ROUNDING = 1e-6  # of values
_KINDS = 3  # commonest classes of maps, whose shares are compared


def in_order(exam: Exam) -> list[Finding]:
    """See whether each batch holds samples of one kind."""
    targets = [batch["target"] for batch in exam.train]
    if len(targets) < _MANY or min(len(t) for t in targets[:-1]) < 4:
        return []
    if targets[0].is_floating_point():
        return _sorted_values(targets)
    if targets[0].ndim == 1:
        return _sorted_classes(targets)
    return _sorted_maps(exam, targets) if targets[0].ndim == 3 else []


def _sorted_maps(exam: Exam, targets: Sequence[Tensor]) -> list[Finding]:
    """Compare by the share that each of the commonest classes has of a map (H, W)."""
    every = torch.cat([target.flatten() for target in targets])
    kinds, counts = torch.unique(every, return_counts=True)
    if exam.answers.kind == "classes":
        counts = counts * exam.answers.known(kinds)
    for kind in kinds[counts.argsort(descending=True)[:_KINDS]]:
        found = _sorted_values([(target == kind).double() for target in targets], f" {int(kind)}")
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


def _sorted_values(targets: Sequence[Tensor], kind: str = "") -> list[Finding]:
    """Compare how batch means differ with how they would if samples were drawn at random."""
    means = [t.double().reshape(len(t), -1).nanmean(1) for t in targets]
    everything = torch.cat(means)
    if float(everything.std()) <= _ROUNDING * float(everything.abs().max()):
        return []  # shares of classes sum up to 1 in each sample: what differs is rounding
    usual = float(everything.var()) / float(np.mean([len(m) for m in means]))
    seen = float(torch.stack([m.mean() for m in means]).var())
    if usual <= 0 or seen < 5.0 * usual:  # F with 6 and more degrees: below 0.1 % by chance
        return []
    what = f"the share of class{kind}" if kind else "the mean target"
    text = (
        f"{what} differs between batches {seen / usual:.1f} times as much as it would if samples "
        "were drawn at random"
    )
    return [Finding(Cause.LOADER_SORTED, "fault", text)]
