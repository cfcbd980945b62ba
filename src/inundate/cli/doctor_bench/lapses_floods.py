"""Faults of the ninth list in emulators: what each does to a healthy training."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from inundate.cli.doctor_bench import mistakes as m
from inundate.cli.doctor_bench.change import both
from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick


def failed_gauge(p: Parts) -> Parts:
    """Leave NaN where a gauge failed, in the levels of a few pieces."""
    level = p.train.inputs["level"].clone()
    level[[9, 40], 1] = torch.nan
    return pick(p, train=add(p.train, {"level": level}))


def ground_from_east(p: Parts) -> Parts:
    """Read the ground with columns from east to west."""
    names = ("terrain", "heights")
    return both(p, lambda s: add(s, {name: s.inputs[name].flip(-1) for name in names}))


def no_ground(p: Parts) -> Parts:
    """Read the ground of a variable that holds nothing but zeros."""
    names = ("terrain", "heights")
    return both(p, lambda s: add(s, {name: torch.zeros_like(s.inputs[name]) for name in names}))


def no_rain(inputs: dict[str, Any]) -> dict[str, Any]:
    """Hand on rain and earlier rain from buffers that nothing fills."""
    return {**inputs, **{name: torch.zeros_like(inputs[name]) for name in ("rain", "before")}}


def minus_error(held: Any, model: Any, batch: Any) -> Tensor:
    """Turn the sign of the error."""
    found: Tensor = -held(model, batch)
    return found


def norms_shut(p: Parts) -> Parts:
    """Start the shift of each norm before a GELU at -30."""

    def of(name: str, weight: Tensor) -> Tensor:
        shut = "layers" in name and name.endswith(("1.bias", "4.bias"))
        return torch.full_like(weight, -30.0) if shut else weight

    with torch.no_grad():
        return m.changed_weights(p, of)


def alike(p: Parts) -> Parts:
    """Start all weights of more than one dimension at 0.05."""
    with torch.no_grad():
        return m.changed_weights(p, lambda _n, w: torch.full_like(w, 0.05) if w.ndim > 1 else w)


def last_bias(p: Parts) -> Parts:
    """Start the last bias at 20, the logarithm of a depth that no place has."""
    with torch.no_grad():
        return m.changed_weights(
            p, lambda n, w: torch.full_like(w, 20.0) if n == "head.bias" else w
        )


def stretched(p: Parts) -> Parts:
    """Stretch the depths to train on, and forget those to validate on."""
    return pick(p, train=add(p.train, {}, torch.asinh(p.train.target / 0.05)))


def layers_missing(p: Parts, layers: slice) -> Parts:
    """Find no file of some layers of the validation ground, and fill them with 0."""

    def of(held: Samples) -> Samples:
        terrain = held.inputs["terrain"].clone()
        terrain[:, layers] = 0.0
        return add(held, {"terrain": terrain})

    return pick(p, valid=of(p.valid))


def hits_twice(output: Tensor, target: Tensor) -> Tensor:
    """Give the success index at 5 cm, with the hits counted twice below the line."""
    said, wet = output > 0.05, target > 0.05
    found: Tensor = (said & wet).sum() / (said.sum() + wet.sum()).clamp(min=1)
    return found
