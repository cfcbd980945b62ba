"""Validation samples that are training samples turned, mirrored, or cut a little later."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.data import gather
from inundate.prove.probe.relation import TURNS

__all__ = ["overlap", "slid", "turned"]

_SHARE = 0.05  # of the validation samples
_MANY = 0.3  # of the validation windows: a split by time has some that overlap at its border
_NEAR = 0.02  # of the usual distance between two samples
_WIDTH = 64  # numbers to which a sample is projected: distances stay to a tenth or so
_MOST = 800  # samples that are compared
_TIMES = 6  # steps of a series from which windows can be told apart
_OWN = 0.5  # of the steps, which two windows must share to be one


def turned(exam: Exam) -> list[Finding]:
    """Look for validation maps that are training maps mirrored or turned."""
    train, valid = _maps(exam, "train"), _maps(exam, "valid")
    if not train or [m.shape[1:] for m in train] != [m.shape[1:] for m in valid]:
        return []
    if min(len(train[0]), len(valid[0])) < 10:
        return []
    drawn = torch.Generator().manual_seed(exam.seed)
    onto = [torch.randn(maps[0].numel(), _WIDTH, generator=drawn) for maps in train]
    onto = [one * _weight(maps) for one, maps in zip(onto, train, strict=True)]

    def flat(parts: list[Tensor], turn: Callable[[Tensor], Tensor]) -> Tensor:
        turned = [turn(maps).flatten(1) @ one for maps, one in zip(parts, onto, strict=True)]
        return torch.stack(turned).sum(0)

    held = flat(train, TURNS["as it is"])
    usual = float(torch.cdist(held[:200], held[:200]).median())
    for name, turn in TURNS.items():
        if name == "as it is" or any(turn(m[:1]).shape != m[:1].shape for m in train):
            continue
        share = _close(flat(valid, turn), held, usual)
        # maps that are symmetrical, or the same but for little, are their own mirror images
        alike = _close(flat(train, turn), held, usual)
        if usual > 0 and share >= _SHARE + 1.5 * alike:
            text = (
                f"{100 * share:.1f} % of the validation samples are training samples with their "
                f"{name}"
            )
            return [Finding(Cause.SPLIT_LEAK, "fault", text)]
    return []


def _weight(maps: Tensor) -> Tensor:
    """Give the weight (F, 1) of each number: channels count alike, and those that vary alone."""
    scale = maps.std((0, 2, 3), keepdim=True)
    weight = torch.where(scale > 1e-3 * scale.max(), 1 / scale.clamp(min=1e-30), 0.0)
    return weight.expand_as(maps[:1]).reshape(-1, 1)


def _close(asked: Tensor, held: Tensor, usual: float) -> float:
    return float((torch.cdist(asked, held).min(1).values < _NEAR * usual).float().mean())


def _maps(exam: Exam, part: str) -> list[Tensor]:
    """Give the maps (N, C, H, W) among the inputs of a part; none if all are of another kind."""
    batches = exam.train if part == "train" else exam.valid
    found = []
    for name, value in batches[0]["inputs"].items():
        if not value.is_floating_point() or value.ndim < 3 or min(value.shape[-2:]) < 4:
            continue
        values = gather(batches, name)
        if values is None:
            return []
        few = values[:_MOST].float()
        found.append((value.ndim, few.reshape(len(few), -1, *few.shape[-2:])))
    # (B, H, W) is a map beside others; by itself it may be a series (B, T, C)
    return [maps for _, maps in found] if any(ndim > 3 for ndim, _ in found) else []


def slid(exam: Exam) -> list[Finding]:
    """Look for validation windows of a series that begin a few steps before or after others."""
    for name, value in exam.train[0]["inputs"].items():
        if not value.is_floating_point() or value.ndim != 3 or value.shape[1] <= value.shape[2]:
            continue
        train, valid = gather(exam.train, name), gather(exam.valid, name)
        if train is None or valid is None or train.shape[1:] != valid.shape[1:]:
            continue
        if train.shape[1] < _TIMES or min(len(train), len(valid)) < 10:
            continue
        share, alike = (
            overlap(valid, train),
            overlap(train[: len(train) // 2], train[len(train) // 2 :]),
        )
        exam.figures["overlapping_windows"] = share
        if share >= _MANY:
            text = (
                f"{100 * share:.1f} % of the validation windows of {name!r} share half of their "
                f"steps or more with a training window; within training {100 * alike:.1f} % do"
            )
            return [Finding(Cause.SPLIT_LEAK, "fault", text, f"{name!r}")]
    return []


def overlap(asked: Tensor, held: Tensor) -> float:
    """Give the share of windows (N, T, C) that share at least half of their steps with another."""
    asked, held = asked[:_MOST].float(), held[:_MOST].float()
    steps = held.shape[1]
    usual = float(held.std()) or 1.0
    found = torch.zeros(len(asked), dtype=torch.bool)
    for shift in range(int(_OWN * steps) + 1):
        kept = steps - shift
        for one, other in ((asked[:, shift:], held[:, :kept]), (asked[:, :kept], held[:, shift:])):
            one, other = one.flatten(1), other.flatten(1)
            near = torch.cdist(one, other).min(1).values
            # what stands still is the same at any time
            moves = one.std(1) > _NEAR * usual
            found |= (near < 1e-3 * usual * one.shape[1] ** 0.5) & moves
    return float(found.float().mean())
