"""Validation images that are training images taken again: noisier, brighter, or moved a little."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.flood_view import flood_view
from inundate.prove.probe.data import gather
from inundate.prove.probe.relation import TURNS

__all__ = ["near_images"]

_SHARE = 0.25  # of the validation images
_GAP = 0.55  # of the distance of the nearest other image: a copy is so much nearer
_OTHER = 0.4  # of the usual distance, at which that other one lies: else images fill a line
_CLOSE, _BESIDE = 0.15, 0.2  # the same for copies that differ in next to nothing
_NONE = 0.02  # distance from which two images are one
_COPIES = 12  # of one image, at most
_ASKED, _HELD = 200, 800  # images that are compared
_IMAGE = 4  # axes
_UNRELATED = 2**0.5  # distance of images that have nothing in common
_LEAST = 6  # cells along each side
_ALIKE = 0.6  # of the difference that targets of two samples have, of those of copies


def near_images(exam: Exam) -> list[Finding]:
    """Look for validation images that are far nearer to one training image than to any other.

    Brightness and contrast of each channel are taken off, and images are turned, mirrored and
    moved by a cell or two; what is given beside them must be near too. Where images lie evenly,
    the distances to the nearest, the second and the third grow little by little; between copies
    and all others there is a gap.
    """
    train, valid = _images(exam, exam.train, _HELD), _images(exam, exam.valid, _ASKED)
    if not train or [m.shape[1:] for m in train] != [m.shape[1:] for m in valid]:
        return []
    if min(len(train[0]), len(valid[0])) < 20 or flood_view(exam, exam.train) is not None:
        return []  # one ground lies under many storms
    beside = [_apart(exam, name) for name in _names(exam, image=False)]
    if any(other is None for other in beside):
        return []
    away = _distances(train, valid)
    usual, images = float(away.median()), away.sort(1).values
    for other in beside:
        assert other is not None
        away = torch.maximum(away, other)
    near, which = away.topk(min(_COPIES + 1, away.shape[1]), largest=False)
    near = near.clamp(min=_NONE)
    gap, place = (near[:, :-1] / near[:, 1:]).min(1)
    other = images.gather(1, place[:, None] + 1)[:, 0]
    copied = (gap < _GAP) & (other > _OTHER * usual)
    copied |= (gap < _CLOSE) & (other > _BESIDE * usual)
    share = float(copied.float().mean())
    exam.figures["near_images"] = share
    if share < _SHARE or not _same_targets(exam, copied, which[:, 0]):
        return []
    text = (
        f"{100 * share:.0f} % of the validation images are a training image, but for noise, "
        f"brightness, a turn or a cell: to the nearest it is {float(gap[copied].median()):.2f} of "
        "the way to the next other one"
    )
    return [Finding(Cause.SPLIT_LEAK, "fault", text)]


def _names(exam: Exam, *, image: bool) -> list[str]:
    """Name the inputs that are images, or those that are given beside them."""
    inputs = exam.train[0]["inputs"].items()
    return [name for name, value in inputs if (value.ndim >= _IMAGE) is image]


def _images(exam: Exam, batches: Sequence[Batch], most: int) -> list[Tensor]:
    """Give each image among the inputs as (N, C, H, W); none if their sizes differ."""
    found = []
    for name in _names(exam, image=True):
        parts = [batch["inputs"][name] for batch in batches]
        first = parts[0]
        if not first.is_floating_point() or min(first.shape[-2:]) < _LEAST:
            return []
        if len({tuple(part.shape[1:]) for part in parts}) != 1:
            return []
        found.append(torch.cat(parts)[:most].float().flatten(1, -3))
    return found if len({tuple(maps.shape[-2:]) for maps in found}) == 1 else []


def _apart(exam: Exam, name: str) -> Tensor | None:
    """Give the distance (V, T) of what is given beside the images, as long as theirs usually is.

    None where it is of several sizes.
    """
    train, valid = gather(exam.train, name), gather(exam.valid, name)
    if train is None or valid is None or train.shape[1:] != valid.shape[1:]:
        return None
    train, valid = (
        part[:most].reshape(len(part[:most]), -1)
        for part, most in ((train, _HELD), (valid, _ASKED))
    )
    if not train.is_floating_point():
        _, kinds = torch.unique(torch.cat([valid, train]), dim=0, return_inverse=True)
        unlike: Tensor = kinds[: len(valid), None] != kinds[None, len(valid) :]
        return _UNRELATED * unlike.float()
    scale = train.float().std(0)
    live = scale > 0
    one, other = (part[:, live].float() / scale[live] for part in (valid, train))
    away = torch.cdist(one, other)
    found: Tensor = away * (_UNRELATED / away.median().clamp(min=1e-30))
    return found


def _distances(train: list[Tensor], valid: list[Tensor]) -> Tensor:
    """Give the distance (V, T) of images whose channels have mean 0 and length 1.

    It is the least over turns and moves, of the input that differs most.
    """
    rows, columns = train[0].shape[-2:]
    edge = 2 if min(rows, columns) >= 12 else 1
    best = torch.full((len(valid[0]), len(train[0])), torch.inf)
    middle = (slice(edge, rows - edge), slice(edge, columns - edge))
    asked = [
        [_level(turn(maps)[..., middle[0], middle[1]]) for maps in valid]
        for turn in TURNS.values()
        if turn(valid[0][:1]).shape == valid[0][:1].shape
    ]
    for down, right in _moves(edge):
        held = [
            _level(maps[..., down : rows - 2 * edge + down, right : columns - 2 * edge + right])
            for maps in train
        ]
        for turned in asked:
            each = [
                (2.0 - 2.0 * one @ other.T).clamp(min=0.0)
                for one, other in zip(turned, held, strict=True)
            ]
            best = torch.minimum(best, torch.stack(each).amax(0))
    return best.sqrt()


def _moves(edge: int) -> Iterator[tuple[int, int]]:
    for down in range(2 * edge + 1):
        for right in range(2 * edge + 1):
            yield down, right


def _level(maps: Tensor) -> Tensor:
    """Bring each channel of images to mean 0 and the same length; (N, F) of length 1."""
    flat = maps.flatten(2)
    flat = flat - flat.mean(2, keepdim=True)
    size = flat.norm(dim=2, keepdim=True)
    flat = torch.where(size > 1e-6 * size.amax(), flat / size.clamp(min=1e-30), 0.0).flatten(1)
    found: Tensor = flat / flat.norm(dim=1, keepdim=True).clamp(min=1e-30)
    return found


def _same_targets(exam: Exam, copied: Tensor, nearest: Tensor) -> bool:
    """Whether copies have the targets of what they are copies of; True where those are maps."""
    train, valid = (
        torch.cat([batch["target"] for batch in part])[:most]
        for part, most in ((exam.train, _HELD), (exam.valid, _ASKED))
    )
    if train.ndim > 2 or train.shape[1:] != valid.shape[1:]:
        return True
    one, own, other = valid[copied], train[nearest[copied]], train[nearest[copied].roll(1)]
    if not train.is_floating_point():
        apart, usual = ((one != two).float().mean() for two in (own, other))
    else:
        apart, usual = ((one - two).abs().float().mean() for two in (own, other))
    return float(apart) <= _ALIKE * float(usual)
