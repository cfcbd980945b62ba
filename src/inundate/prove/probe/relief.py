"""Inputs of an emulator held against each other: slopes and heights, water and rain before."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from inundate.emulate.inputs import TERRAIN_CHANNELS, terrain_scale
from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.flood_view import flood_view

__all__ = ["probe_relief"]

_RELIEF = "relative_height_32"
_MOST = 10.0  # of what is put into sinh, however the terrain was broken
_ALIKE, _UNLIKE = 0.8, 0.5  # correlation of slopes with the ground's, where it is theirs or not
_SHARE = 0.15  # of the samples
_SPARE = 0.05
_FEW = 12  # samples that must have something in an input that is empty
_WET_MM = 1.0
_SIZES = (0.01, 0.001, 0.1, 10.0, 100.0, 1000.0)  # of heights, in m
_ROUGH = 0.05  # of the rise of the ground, that rounding takes or adds
_DIFFERENT = 0.2  # of the places, that have a height of their own
_NEAR = 1.5  # factor within which two heights are alike

_SIGNS: dict[str, Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]] = {
    "east for west": lambda east, north: (-east, north),
    "north for south": lambda east, north: (east, -north),
    "both turned round": lambda east, north: (-east, -north),
    "east and north exchanged": lambda east, north: (north, east),
    "a quarter turn": lambda east, north: (-north, east),
    "a quarter turn the other way": lambda east, north: (north, -east),
}


def probe_relief(exam: Exam) -> list[Finding]:
    """Compare slopes with heights, and water before the first frame with the rain before it."""
    if flood_view(exam, exam.train) is None or flood_view(exam, exam.valid) is None:
        return []
    return _slopes(exam) or _heights(exam) or _before(exam)


def _terrain(batches: Sequence[Batch], name: str) -> Tensor:
    """Give a feature of the terrain (N, H, W) in its unit."""
    terrain = torch.cat([batch["inputs"]["terrain"] for batch in batches]).float().cpu()
    stretch, divisor = terrain_scale(name)
    values = terrain[:, TERRAIN_CHANNELS.index(name)] * divisor
    return values if stretch is None else stretch * torch.sinh(values.clamp(-_MOST, _MOST))


def _gradient(ground: Tensor) -> tuple[Tensor, Tensor]:
    """Give the rise to the east and to the north (N, H - 2, W - 2), m a cell."""
    east = (ground[:, :, 2:] - ground[:, :, :-2]) / 2.0
    north = (ground[:, :-2] - ground[:, 2:]) / 2.0
    return east[:, 1:-1], north[:, :, 1:-1]


def _slopes(exam: Exam) -> list[Finding]:
    """See whether slopes point another way than the ground rises."""
    told: dict[str, dict[str, Tensor]] = {}
    for part, batches in (("training", exam.train), ("validation", exam.valid)):
        ground = _gradient(_terrain(batches, _RELIEF))
        own = tuple(_terrain(batches, f"slope_{axis}")[:, 1:-1, 1:-1] for axis in "xy")
        ways = {"as they are": own} | {name: turn(*own) for name, turn in _SIGNS.items()}
        told[part] = {name: _alike(way, ground) for name, way in ways.items()}
    shares: dict[str, float] = {}
    for part, found in told.items():
        best = torch.stack([found[name] for name in _SIGNS]).amax(0)
        shares[part] = float(((found["as they are"] < _UNLIKE) & (best > _ALIKE)).float().mean())
    exam.figures["slopes turned"] = shares["training"]
    text = (
        f"slopes among 'terrain' point another way than its heights rise in "
        f"{100 * shares['training']:.0f} % of the training samples and "
        f"{100 * shares['validation']:.0f} % of the validation samples"
    )
    if shares["training"] >= _SHARE:
        subject = "slopes are not turned or mirrored with the ground"
        return [Finding(Cause.AXES_MIXED, "fault", text, subject)]
    if shares["validation"] >= _SHARE and shares["training"] <= _SPARE:
        return [Finding(Cause.SPLIT_SHIFT, "fault", text, "'terrain'")]
    return []


def _alike(one: Sequence[Tensor], other: Sequence[Tensor]) -> Tensor:
    """Give the correlation (N,) of two fields of vectors."""
    a, b = (torch.cat([part.flatten(1) for part in field], 1) for field in (one, other))
    found: Tensor = (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1)).clamp(min=1e-12)
    return found


def _heights(exam: Exam) -> list[Finding]:
    """Compare heights that the model reads with those that the terrain tells."""
    if not _reads(exam, "heights"):
        return []
    heights = torch.cat([batch["inputs"]["heights"] for batch in exam.train]).float().cpu()
    relief = _terrain(exam.train, _RELIEF)
    size, usual = (
        float(torch.cat([part.flatten(1) for part in _gradient(one)], 1).abs().mean())
        for one in (heights, relief)
    )
    if usual <= 0:
        return []
    if size == 0:
        text = "'heights' are level in every sample, and the terrain is not"
        return [Finding(Cause.DEAD_INPUT, "fault", text, "'heights'")]
    times = next((s for s in _SIZES if s / _NEAR < size / usual < s * _NEAR), 0.0)
    alike = float(_alike(_gradient(heights), _gradient(relief)).median())
    if not times and alike > _ALIKE:
        return _rounded(heights, relief)
    if not times or alike < _ALIKE:
        return []
    text = f"'heights' rise {size / usual:.3g} times as much as the terrain says"
    return [Finding(Cause.INPUT_SCALE, "fault", text, "'heights'", firm=True)]


def _rounded(heights: Tensor, relief: Tensor) -> list[Finding]:
    """See whether heights are rounded, which those behind the terrain are not."""
    rise, usual = (torch.cat([p.flatten(1) for p in _gradient(g)], 1) for g in (heights, relief))
    away = float((rise - usual).norm() / usual.norm())
    different = len(torch.unique(heights))
    if away < _ROUGH or different > _DIFFERENT * heights.numel():
        return []
    text = (
        f"'heights' have {different} different values at {heights.numel()} places, "
        f"and rise by {100 * away:.0f} % otherwise than the terrain, which is not rounded so"
    )
    return [Finding(Cause.PRECISION, "fault", text, "'heights'")]


def _reads(exam: Exam, name: str) -> bool:
    """Whether the output moves with an input."""
    model = copy.deepcopy(exam.case.model).eval()
    batch = exam.typical
    drawn = torch.Generator().manual_seed(exam.seed)
    value = batch["inputs"][name]
    other = {**batch["inputs"], name: torch.randn(value.shape, generator=drawn).to(value)}
    return not torch.equal(exam.run(model, batch), exam.run(model, {**batch, "inputs": other}))


def _before(exam: Exam) -> list[Finding]:
    """See whether one of water and rain before the first frame is empty and the other is not."""
    if not {"start", "before"} <= set(exam.train[0]["inputs"]):
        return []
    start, before = (
        torch.cat([batch["inputs"][name] for batch in exam.train]).float().flatten(1).mean(1)
        for name in ("start", "before")
    )
    start = 1000.0 * start
    for name, one, other, beside in (
        ("start", start, before, "before"), ("before", before, start, "start"),
    ):  # fmt: skip
        if float(one.abs().max()) == 0.0 and int((other > _WET_MM).sum()) >= _FEW:
            text = (
                f"{name!r} is 0 in every sample, though {beside!r} is up to "
                f"{float(other.max()):.3g} mm"
            )
            return [Finding(Cause.DEAD_INPUT, "fault", text, f"{name!r}")]
    return []
