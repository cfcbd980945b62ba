"""Water and ground of an emulator: does the depth lie level on the ground that it is given with."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.flood_view import flood_view, unevenness
from inundate.prove.probe.relation import TURNS

__all__ = ["probe_ground"]

_FEW = 12  # samples with water enough
_LEVEL = 0.4  # unevenness of water that lies on its own ground
_BETTER = 0.6  # times the unevenness, that another ground must leave
_AWAY = 0.1  # and by how much it must be less
_NO_BETTER = 0.9  # times that on another's ground, from which its own fits no better
_SHARE = 0.15  # of the samples, that fit another ground
_SPARE = 0.05  # of the validation samples, that do so by chance
_SHIFTS = (1, 2, 3, 4, 8)  # cells
_ROLLS = 8  # cells along each side, over which the water of one sample is moved about
_UNITS = {"cm": 0.01, "mm": 0.001, "dm": 0.1, "ft": 0.3048, "in": 0.0254, "km": 1000.0}
_SAMPLES = 120  # that are looked at


def probe_ground(exam: Exam) -> list[Finding]:
    """Put the water of each sample on its ground, moved, turned, in other units, and on others'.

    Standing water is level: height and depth together change far less from cell to cell than each
    by itself, and on no other ground.
    """
    train, valid = (flood_view(exam, part) for part in (exam.train, exam.valid))
    if train is None or valid is None:
        return []
    for name in train.grounds:
        if name in exam.case.spare or _drowned(exam, name):
            continue
        parts = [
            (view.grounds[name][:_SAMPLES], view.depth[:_SAMPLES].amax(1))
            for view in (train, valid)
        ]
        found = _of(exam, name, *parts)
        if found:
            return found
    return []


def _drowned(exam: Exam, name: str) -> bool:
    """Whether a ground is drowned by what is drawn anew: nothing lies level on that."""
    found = (f for f in exam.findings if f.cause is Cause.NOISE_TOO_STRONG and f.is_fault)
    return any(f.subject == f"{name!r}" for f in found)


def _of(
    exam: Exam, name: str, train: tuple[Tensor, Tensor], valid: tuple[Tensor, Tensor]
) -> list[Finding]:
    own, held = unevenness(*train), unevenness(*valid)
    if int(own.isfinite().sum()) < _FEW:
        return []
    here, there = float(own.nanmedian()), float(held.nanmedian())
    exam.figures |= {f"unevenness on {name}": here, f"unevenness on {name}, validation": there}
    text = f"water is {here:.2f} of the way from level to unrelated on {name!r} as it is given"
    way, other = _best_way(*train, here)
    if way:
        text += f", and {other:.2f} {way}"
        if way.startswith("in "):
            return [Finding(Cause.TARGET_SCALE, "fault", text, firm=True)]
        return [Finding(Cause.AXES_MIXED, "fault", text, f"the target fits {name!r} {way}")]
    return (
        _turned(train, valid, text)
        or _elsewhere(train, valid, text)
        or (_of_validation(train, valid, text) if here < _LEVEL else [])
    )


def _best_way(ground: Tensor, depth: Tensor, here: float) -> tuple[str, float]:
    """Give what makes all depths lie far more level, if anything does, and how level."""
    found = {way: float(unevenness(ground, d).nanmedian()) for way, d in _ways(depth)}
    best = min(found, key=lambda way: found[way] if found[way] == found[way] else 1.0)
    far = found[best] < _BETTER * here and found[best] < here - _AWAY
    return (best, found[best]) if far else ("", here)


def _of_validation(
    train: tuple[Tensor, Tensor], valid: tuple[Tensor, Tensor], text: str
) -> list[Finding]:
    """See whether water that is level in training is so in validation in another way alone."""
    held = unevenness(*valid)
    there = float(held.nanmedian())
    way, other = _best_way(*valid, there)
    moved = max(_share(find(*valid), held) for find in (_moved_about, _of_others))
    if not way and not (moved >= 2 * _SHARE):
        return []
    text += f"; in validation it is {there:.2f}"
    text += f", and {other:.2f} {way}" if way else ", and lies level at other places"
    return [Finding(Cause.SPLIT_SHIFT, "fault", text, "the target")]


def _ways(depth: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Give what may have happened to all depths (N, H, W) alike."""
    for name, turn in TURNS.items():
        if name != "as it is" and turn(depth).shape == depth.shape:
            yield f"with the target's {name}", turn(depth)
    for cells in _SHIFTS:
        if cells > min(depth.shape[1:]) // 2:
            continue
        for axis, words in ((1, ("down", "up")), (2, ("to the right", "to the left"))):
            yield f"with the target moved {cells} cells {words[0]}", depth.roll(cells, axis)
            yield f"with the target moved {cells} cells {words[1]}", depth.roll(-cells, axis)
    for unit, size in _UNITS.items():
        yield f"in {unit}", size * depth


def _turned(train: tuple[Tensor, Tensor], valid: tuple[Tensor, Tensor], text: str) -> list[Finding]:
    """Count the samples whose water is level with the target turned, and not as it is."""
    share, usual = (_better_turned(*part) for part in (train, valid))
    if share < _SHARE or usual > _SPARE:
        return []
    text += f"; {100 * share:.0f} % of the training samples fit with the target turned"
    subject = "inputs are turned or mirrored in training, and targets are not"
    return [Finding(Cause.AXES_MIXED, "fault", text, subject)]


def _better_turned(ground: Tensor, depth: Tensor) -> float:
    own = unevenness(ground, depth)
    ways = [turn(depth) for name, turn in TURNS.items() if name != "as it is"]
    found = [unevenness(ground, way) for way in ways if way.shape == depth.shape]
    if not found or not bool(own.isfinite().any()):
        return 0.0
    return _share(torch.stack(found).nan_to_num(1.0).amin(0), own)


def _share(best: Tensor, own: Tensor) -> float:
    """Give the share of samples that are far less uneven in another way."""
    known = own.isfinite()
    less = (best < _BETTER * own) & (best < _LEVEL) & (best < own - _AWAY)
    return float(less[known].float().mean())


def _elsewhere(
    train: tuple[Tensor, Tensor], valid: tuple[Tensor, Tensor], text: str
) -> list[Finding]:
    """See whether water is level on another sample's ground, or at another place of its own."""
    own = unevenness(*train)
    ways = {"at another place of its own": _moved_about, "of another sample": _of_others}
    for place, way in ways.items():
        share = _share(way(*train), own)
        if share >= _SHARE:
            text += f"; {100 * share:.0f} % of the samples have level water on the ground {place}"
            return [Finding(Cause.TARGETS_UNRELATED, "fault", text, firm=True)]
    here, there = float(own.nanmedian()), float(unevenness(*valid).nanmedian())
    others = float(unevenness(train[0].roll(1, 0), train[1]).nanmedian())
    if there < _LEVEL and here > _NO_BETTER * others:
        text += f", {others:.2f} on that of another sample, and {there:.2f} in validation"
        return [Finding(Cause.TARGETS_UNRELATED, "fault", text, firm=True)]
    return []


def _moved_about(ground: Tensor, depth: Tensor) -> Tensor:
    """Give the least unevenness (N,) over places of the sample's own ground."""
    found = torch.ones(len(depth))
    sides = [range(-min(_ROLLS, n // 2), min(_ROLLS, n // 2) + 1) for n in depth.shape[1:]]
    for down in sides[0]:
        for right in sides[1]:
            other = unevenness(ground, depth.roll((down, right), (1, 2)))
            found = torch.minimum(found, other.nan_to_num(1.0))
    return found


def _of_others(ground: Tensor, depth: Tensor) -> Tensor:
    """Give the least unevenness (N,) over the grounds of the other samples."""
    found = torch.ones(len(depth))
    for step in range(1, len(depth)):
        other = unevenness(ground.roll(step, 0), depth)
        same = (ground.roll(step, 0) == ground).flatten(1).all(1)  # one ground under other storms
        found = torch.where(same, found, torch.minimum(found, other.nan_to_num(1.0)))
    return found
