"""Samples that are changed a little each time they come, with the targets of other samples."""

from __future__ import annotations

import torch
from torch import Tensor

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.loader import sample_keys
from inundate.prove.probe.reference import sample_features, targets_of

__all__ = ["few_again_and_again", "probe_nearly"]

_NEARER = 0.7  # of the way to the next one, that a sample is at most from what it was before
_FOUND = 0.25  # of the samples, that are found again beyond what chance finds
_LEAST = 20  # of them
_MOST = 1000  # samples of an epoch that are compared
_OTHERS = 0.5  # of those found again, that have the target of another sample
_SAME = 0.5  # of the way to the next validation sample, below which two are one that was changed
_FEW = 0.1  # of the samples of an epoch, that are different ones but for such changes
_VARIED = 0.5  # of all targets are different ones, so that each tells its sample
_CHANCE = 0.8  # of what chance gives, where they are not: fewer others are labels drawn anew


def probe_nearly(exam: Exam) -> list[Finding]:
    """Find samples of one epoch again in the next one by how near they are, and compare targets.

    Where noise is added to inputs, or words are left out, no input comes twice as it was.
    """
    if _come_again(exam):
        return []
    parts = [_features(exam, which) for which in ("train", "again")]
    first, second = (targets_of(batches) for batches in (exam.train, exam.again))
    if None in parts or first is None or second is None:
        return []
    before, after = (part for part in parts if part is not None)
    if before.shape[1] != after.shape[1] or min(len(before), len(after)) < _LEAST:
        return []
    mean, spread = before.mean(0), before.std(0).clamp(min=1e-6)
    before, after = (((part - mean) / spread).clamp(-10, 10) for part in (before, after))
    near, found = _nearest(after, before, own=False)
    _, by_chance = _nearest(before, before, own=True)
    share = float(found.double().mean())
    if found.sum() < _LEAST or share < float(by_chance.double().mean()) + _FOUND:
        return []
    held, now = first[: len(before)][near[found]], second[: len(after)][found]
    others = _of_others(first, held, now)
    if others < _least_of_others(first):
        return []
    text = (
        f"of {len(after)} samples of the next epoch {int(found.sum())} are nearly the same as one "
        f"before; {100 * others:.0f} % of those have the target of another sample"
    )
    return [Finding(Cause.TARGETS_MISPAIRED, "fault", text)]


def few_again_and_again(exam: Exam) -> str:
    """Say so where an epoch holds a few samples alone, changed a little each time they come."""
    own, other = sample_features(exam.train), sample_features(exam.valid)
    target = targets_of(exam.train)
    if own is None or other is None or target is None or own.shape[1] != other.shape[1]:
        return ""
    own, other = own[:_MOST], other[:_MOST]
    target = target[: len(own)].reshape(len(own), -1)
    mean, spread = other.mean(0), other.std(0).clamp(min=1e-6)
    own, other = (((part - mean) / spread).clamp(-10, 10) for part in (own, other))
    near = _SAME * float(torch.cdist(other, other).fill_diagonal_(torch.inf).amin(1).median())
    left = torch.ones(len(own), dtype=torch.bool)
    count = 0
    while bool(left.any()) and count <= _FEW * len(own):
        first = int(left.int().argmax())
        alike = left & (torch.cdist(own[first : first + 1], own)[0] <= near)
        if not bool((target[alike] == target[first]).all()):
            return ""  # what is near has targets of its own: samples of one place, say
        left &= ~alike
        left[first] = False
        count += 1
    if bool(left.any()):
        return ""
    return f"but for small changes {count} of {len(own)} training samples are different ones"


def _come_again(exam: Exam) -> bool:
    """Whether samples come as they were: the loader has been judged by those."""
    before, after = (
        [key for batch in sample_keys(part) for key in batch] for part in (exam.train, exam.again)
    )
    known = set(before)
    return sum(key in known for key in after) >= _FOUND * len(after)


def _features(exam: Exam, which: str) -> Tensor | None:
    found = sample_features(exam.train if which == "train" else exam.again)
    if found is None or not bool(torch.isfinite(found).all()):
        return None
    return found[:_MOST]


def _nearest(asked: Tensor, known: Tensor, *, own: bool) -> tuple[Tensor, Tensor]:
    """Give the nearest (N,) of the known samples, and whether it is far nearer than the next."""
    away = torch.cdist(asked, known)
    if own:
        away.fill_diagonal_(torch.inf)
    two = away.topk(2, largest=False)
    return two.indices[:, 0], two.values[:, 0] < _NEARER * two.values[:, 1]


def _of_others(every: Tensor, held: Tensor, now: Tensor) -> float:
    """Give the share of targets that are not what they were, but are that of another sample."""
    every, held, now = (part.reshape(len(part), -1).double() for part in (every, held, now))
    unlike = (held != now).any(1)
    known = {tuple(row) for row in every.tolist()}
    taken = torch.tensor([tuple(row) in known for row in now.tolist()])
    return float((unlike & taken).double().mean())


def _least_of_others(targets: Tensor) -> float:
    """Give the share of targets of others from which they were exchanged."""
    _, counts = torch.unique(targets.reshape(len(targets), -1), dim=0, return_counts=True)
    chance = 1.0 - float((counts.double() / counts.sum()).square().sum())
    return _OTHERS if len(counts) >= _VARIED * len(targets) else _CHANCE * chance
