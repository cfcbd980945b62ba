"""A batch of an emulator read as what it stands for: ground in m, water in m, rain in mm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from inundate.emulate.inputs import STATE_CHANNELS, TERRAIN_CHANNELS, terrain_scale
from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam

__all__ = ["FloodView", "flood_view", "unevenness"]

_RELIEF = "relative_height_32"
_MOST = 10.0  # of what is put into sinh: 2.8 km, however the terrain was broken
_TOTAL = STATE_CHANNELS.index("rain_total")
_WET_M = 0.01
_SIDE = 8  # cells along each side
_PAIRS = 16  # of wet neighbours, from which a sample tells how level its water is


@dataclass(frozen=True)
class FloodView:
    """Samples of an emulator.

    Parameters
    ----------
    grounds : mapping of str to Tensor (N, H, W), m
        Heights, of any datum, by the input that tells them.
    depth : Tensor (N, K, H, W), m
        0 where it is not known.
    fallen : Tensor (N, K) or None
        Mean rain up to the end of each frame, mm.
    before : Tensor (N,) or None
        Mean rain before the first frame, mm.
    start : Tensor (N, H, W) or None
        Depth before the first frame, m.
    level : Tensor (N, K, H, W) or None
        Level of the coarse solver at each cell, m, of the same datum as ``heights``.
    """

    grounds: Mapping[str, Tensor]
    depth: Tensor
    fallen: Tensor | None
    before: Tensor | None
    start: Tensor | None
    level: Tensor | None


def flood_view(exam: Exam, batches: Sequence[Batch]) -> FloodView | None:
    """Read the batches of an emulator of this package; None for any other model."""
    inputs = batches[0]["inputs"] if batches else {}
    if any(f.cause is Cause.TARGET_SCALE and f.is_fault for f in exam.findings):
        return None  # a fill number among the depths, or another unit: they are no water in m
    terrain, heights, target = (
        inputs.get("terrain"), inputs.get("heights"), batches[0]["target"] if batches else None,
    )  # fmt: skip
    if terrain is None or heights is None or target is None or target.ndim != 4:
        return None
    fits = terrain.ndim == 4 and terrain.shape[1] >= len(TERRAIN_CHANNELS)
    fits = fits and terrain.shape[2:] == target.shape[2:] == heights.shape[1:]
    shapes = {(tuple(b["target"].shape[1:]), tuple(b["inputs"])) for b in batches}
    if not fits or len(shapes) != 1 or min(target.shape[2:]) < _SIDE:
        return None
    held = _laid_together(batches)
    if not {"terrain", "heights"} <= set(held):
        return None
    depth = torch.cat([_known(exam, batch) for batch in batches]).cpu()
    stretch, divisor = terrain_scale(_RELIEF)
    assert stretch is not None
    relief = (held["terrain"][:, TERRAIN_CHANNELS.index(_RELIEF)] * divisor).clamp(-_MOST, _MOST)
    grounds = {"terrain": stretch * torch.sinh(relief), "heights": held["heights"]}
    before = held["before"].flatten(1).mean(1) if "before" in held else None
    return FloodView(grounds, depth, _fallen(held), before, held.get("start"), _level(batches))


def _laid_together(batches: Sequence[Batch]) -> dict[str, Tensor]:
    """Give the inputs (N, …) that are of one shape in all batches."""
    found = {}
    for name in batches[0]["inputs"]:
        parts = [batch["inputs"][name].float().cpu() for batch in batches]
        if len({tuple(part.shape[1:]) for part in parts}) == 1:
            found[name] = torch.cat(parts)
    return found


def _known(exam: Exam, batch: Batch) -> Tensor:
    target = batch["target"].float()
    known = torch.isfinite(target)
    if exam.case.known is not None:
        known = known & exam.case.known(batch).expand(target.shape)
    return torch.where(known, target, 0.0)


def _fallen(held: Mapping[str, Tensor]) -> Tensor | None:
    rain = held.get("rain")
    if rain is not None and rain.ndim == 5:  # windows of log1p of mm, what fell before in the first
        return torch.expm1(rain.clamp(max=_MOST)).sum(2).mean((2, 3))
    if rain is not None and rain.ndim == 4 and "before" in held:
        return (held["before"][:, None] + rain.cumsum(1)).mean((2, 3))
    state = held.get("state")
    if state is not None and state.ndim == 5:
        return torch.expm1((4.0 * state[:, :, _TOTAL]).clamp(max=_MOST)).mean((2, 3))
    return None


def _level(batches: Sequence[Batch]) -> Tensor | None:
    """Give the level at each cell; the coarse solver's cells may be of another size each batch."""
    parts = []
    for batch in batches:
        level, heights = batch["inputs"].get("level"), batch["inputs"]["heights"]
        if level is None or level.ndim != 4 or heights.shape[1] % level.shape[2]:
            return None
        factor = heights.shape[1] // level.shape[2]
        parts.append(level.float().cpu().repeat_interleave(factor, -1))
        parts[-1] = parts[-1].repeat_interleave(factor, -2)
        if parts[-1].shape[2:] != heights.shape[1:]:
            return None
    return torch.cat(parts)


def unevenness(ground: Tensor, depth: Tensor) -> Tensor:
    """Say how far water is from lying level on a ground, 0 to 1, (N,).

    What the level changes between wet neighbours, over what ground and depth change. NaN where
    few neighbours are wet.

    Parameters
    ----------
    ground, depth : Tensor (N, H, W), m
    """
    changed = torch.zeros(len(depth))
    whole = torch.zeros(len(depth))
    count = torch.zeros(len(depth))
    for axis in (-1, -2):
        rise, more = ground.diff(dim=axis), depth.diff(dim=axis)
        size = depth.shape[axis] - 1
        one, other = depth.narrow(axis, 0, size), depth.narrow(axis, 1, size)
        wet = ((one > _WET_M) & (other > _WET_M)).float()
        changed += (wet * (rise + more).abs()).sum((1, 2))
        whole += (wet * (rise.abs() + more.abs())).sum((1, 2))
        count += wet.sum((1, 2))
    return torch.where((count >= _PAIRS) & (whole > 0), changed / whole, torch.nan)
