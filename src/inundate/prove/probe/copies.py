"""Validation samples that are training samples turned, mirrored, or cut a little later."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.data import gather
from inundate.prove.probe.reference import targets_of
from inundate.prove.probe.relation import TURNS

__all__ = ["cut_from_one", "overlap", "slid", "turned"]

_SHARE = 0.05  # of the validation samples
_MANY = 0.3  # of the validation windows: a split by time has some that overlap at its border
_NEAR = 0.02  # of the usual distance between two samples
_CHANNELS = 0.5  # of those of a map, more than which must be those of another one
_WIDTH = 64  # numbers to which a channel is projected: distances stay to a tenth or so
_MOST = 800  # samples that are compared
_TIMES = 6  # steps of a series from which windows can be told apart
_LONGEST = 512  # steps, all shifts of which can be compared
_MEASURED = 100  # different numbers, from which columns may be steps of a series
_OWN = 0.5  # of the steps, which two windows must share to be one


def turned(exam: Exam) -> list[Finding]:
    """Look for validation maps that are training maps mirrored or turned.

    Of each map most channels must be so: those of a vector, such as a slope, change their sign or
    place when a map is turned. Targets that are maps must be turned with them.
    """
    train, valid = _maps(exam, "train"), _maps(exam, "valid")
    if not train or [m.shape[1:] for m in train] != [m.shape[1:] for m in valid]:
        return []
    if min(len(train[0]), len(valid[0])) < 10:
        return []
    drawn = torch.Generator().manual_seed(exam.seed)
    held = [_Held(maps, drawn) for maps in train]
    if not any(one.live for one in held):
        return []
    for name, turn in TURNS.items():
        if name == "as it is" or any(turn(m[:1]).shape != m[:1].shape for m in train):
            continue
        share = _turned_share(held, valid, turn)
        if share < _SHARE:
            continue
        # maps that are symmetrical, or the same but for little, are their own mirror images
        if share >= _SHARE + 1.5 * _turned_share(held, train, turn):
            text = (
                f"{100 * share:.1f} % of the validation samples are training samples with their "
                f"{name}"
            )
            return [Finding(Cause.SPLIT_LEAK, "fault", text)]
    return []


class _Held:
    """Training maps (N, C, H, W), each channel of which is projected to a few numbers."""

    def __init__(self, maps: Tensor, drawn: torch.Generator) -> None:
        self.onto = torch.randn(maps[0, 0].numel(), _WIDTH, generator=drawn)
        scale = maps.std((0, 2, 3))
        self.rows: dict[int, Tensor] = {}
        self.usual: dict[int, float] = {}
        for channel in (scale > 1e-3 * scale.max()).nonzero().flatten().tolist():
            rows = maps[:, channel].flatten(1) @ self.onto
            usual = float(torch.cdist(rows[:200], rows[:200]).median())
            if usual > 0:
                self.rows[channel], self.usual[channel] = rows, usual

    @property
    def live(self) -> bool:
        """Whether any channel tells samples apart."""
        return bool(self.rows)

    def copies(self, asked: Tensor) -> Tensor:
        """Say which of these maps are those that are asked for (A, N), in most channels."""
        found = torch.zeros(len(asked), len(next(iter(self.rows.values()))))
        for channel, rows in self.rows.items():
            away = torch.cdist(asked[:, channel].flatten(1) @ self.onto, rows)
            found += away < _NEAR * self.usual[channel]
        return found > _CHANNELS * len(self.rows)


def _turned_share(
    held: list[_Held], asked: list[Tensor], turn: Callable[[Tensor], Tensor]
) -> float:
    """Give the share of samples that are, turned, held ones in all of their maps."""
    both = [one.copies(turn(maps)) for one, maps in zip(held, asked, strict=True) if one.live]
    return float(torch.stack(both).all(0).any(1).float().mean())


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
    if not any(ndim > 3 for ndim, _ in found):
        return []
    target = targets_of(batches)
    if target is not None and target.is_floating_point() and target.ndim == 4:
        found.append((4, target[:_MOST].float().nan_to_num()))
    return [maps for _, maps in found]


def slid(exam: Exam) -> list[Finding]:
    """Look for validation windows of a series that begin a few steps before or after others."""
    for name in exam.train[0]["inputs"]:
        train, valid = (_by_time(part, name) for part in (exam.train, exam.valid))
        if train is None or valid is None or train.shape[1:] != valid.shape[1:]:
            continue
        if min(len(train), len(valid)) < 10:
            continue
        share, alike = (
            overlap(valid, train),
            overlap(train[: len(train) // 2], train[len(train) // 2 :]),
        )
        exam.figures["overlapping_windows"] = share
        if share >= _MANY + 2.0 * _by_chance(exam, valid, train, share):
            text = (
                f"{100 * share:.1f} % of the validation windows of {name!r} share half of their "
                f"steps or more with a training window; within training {100 * alike:.1f} % do"
            )
            return [Finding(Cause.SPLIT_LEAK, "fault", text, f"{name!r}")]
    return []


def cut_from_one(one: Sequence[Batch], other: Sequence[Batch]) -> bool:
    """Whether many windows of some batches share half of their steps with windows of others.

    As those of one long series do, a step or two apart: who knows the one knows the other.
    """
    for name in one[0]["inputs"]:
        asked, held = _by_time(one, name), _by_time(other, name)
        if asked is None or held is None or asked.shape[1:] != held.shape[1:]:
            continue
        if overlap(asked, held) > _MANY:
            return True
    return False


def _by_time(batches: Sequence[Batch], name: str) -> Tensor | None:
    """Give windows as (N, T, C), the longer axis as time; None for what is no series.

    The columns of a table may be the steps of a window too, where they hold measured numbers.
    """
    values = gather(batches, name)
    if values is None or not values.is_floating_point() or values.ndim not in (2, 3):
        return None
    if values.ndim == 2:
        if len(torch.unique(values)) < _MEASURED or bool((values == values.round()).all()):
            return None
        values = values[..., None]
    if values.shape[1] == values.shape[2]:
        return None  # who is tied to whom
    series = values if values.shape[1] > values.shape[2] else values.transpose(1, 2)
    return series if _TIMES <= series.shape[1] <= _LONGEST else None


def _by_chance(exam: Exam, asked: Tensor, held: Tensor, share: float) -> float:
    """Give the same share where the steps of each window are put in any order.

    Few kinds of steps, such as those of the atoms of a molecule, make windows alike by chance.
    """
    if share < _MANY:
        return 0.0
    drawn = torch.Generator().manual_seed(exam.seed)
    order = torch.rand(asked.shape[:2], generator=drawn).argsort(1)
    moved = asked.gather(1, order[..., None].expand_as(asked))
    return overlap(moved, held)


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
