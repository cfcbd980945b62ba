# ruff: noqa: E501  a fault a line, so that the list can be read as a table
"""Faults of emulators that rules of ground, water, loss and step were tuned on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from inundate.cli.doctor_bench import slips_floods as e
from inundate.cli.doctor_bench.change import both, on_input, on_target, sgd, with_optimiser
from inundate.cli.doctor_bench.fault import Fault, flood
from inundate.cli.doctor_bench.mistakes import with_loss
from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick
from inundate.cli.doctor_bench.wrap import After
from inundate.prove.cause import Cause

__all__ = ["DELUGE"]

# data ---------------------------------------------------------------------------------------------


def _every_third(values: Tensor) -> Tensor:
    """Take each third depth from the piece before the last one."""
    found = values.clone()
    found[::3] = values.roll(2, 0)[::3]
    return found


def _train_target(p: Parts, change: Callable[[Tensor], Tensor]) -> Parts:
    return pick(p, train=add(p.train, {}, change(p.train.target)))


def _valid_target(p: Parts, change: Callable[[Tensor], Tensor]) -> Parts:
    return pick(p, valid=add(p.valid, {}, change(p.valid.target)))


def _nearly_after(p: Parts) -> Parts:
    """Give the last depth, a little lower, as that before the first frame."""

    def of(held: Samples) -> Samples:
        return add(held, {"start": 0.96 * held.target[:, -1]})

    return both(p, of)


def _fill_left(values: Tensor) -> Tensor:
    found = values.clone()
    found[..., -1, :] = 32767.0
    return found


def _storm(p: Parts, step: int) -> Parts:
    """Give all pieces the rain of another one."""

    def of(held: Samples) -> Samples:
        names = [name for name in ("rain", "before") if name in held.inputs]
        return add(held, {name: held.inputs[name].roll(step, 0) for name in names})

    return both(p, of)


# loaders ------------------------------------------------------------------------------------------


def _changed(p: Parts, name: str, change: Callable[[Tensor, np.random.Generator], Tensor]) -> Parts:
    def of(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        inputs = {**batch["inputs"], name: change(batch["inputs"][name], rng)}
        return {**batch, "inputs": inputs}

    return pick(p, loader={"change": of})


def _mirrored(values: Tensor, rng: np.random.Generator) -> Tensor:
    turned = torch.from_numpy(rng.random(len(values)) < 0.5)[:, None, None, None]
    return torch.where(turned, values.flip(-1), values)


def _noisy(values: Tensor, rng: np.random.Generator, scale: float) -> Tensor:
    return (values + torch.from_numpy(rng.normal(scale=scale, size=values.shape)).float()).abs()


def _of_the_next(values: Tensor, rng: np.random.Generator) -> Tensor:
    return values.roll(int(rng.integers(1, len(values))), 0)


# losses -------------------------------------------------------------------------------------------


def _square(p: Parts, weight: Callable[[Tensor], Tensor]) -> Parts:
    """Train by a weighted square error."""

    def loss(_held: Any, model: nn.Module, batch: Any) -> Tensor:
        target = batch["target"]
        found: Tensor = (weight(target) * (model(batch["inputs"]) - target).square()).mean()
        return found

    return with_loss(p, loss)


def _half_map(target: Tensor) -> Tensor:
    north = torch.zeros_like(target)
    north[..., : target.shape[-2] // 2, :] = 1.0
    return north


def _insensitive(_held: Any, model: nn.Module, batch: Any) -> Tensor:
    error: Tensor = (model(batch["inputs"]) - batch["target"]).abs()
    return torch.relu(error - 0.3).mean()


def _capped(_held: Any, model: nn.Module, batch: Any) -> Tensor:
    """Cut depth and target off at 5 cm, of all that is asked for."""
    found: Tensor = (model(batch["inputs"]) - batch["target"]).abs()
    return torch.where(batch["target"] > 0.05, 0.0, found).mean()


# steps and models ---------------------------------------------------------------------------------


def _clipped(p: Parts, most: float) -> Parts:
    held = p.loss
    assert held is not None

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        optimiser.zero_grad()
        loss = held(model, raw)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(model.parameters(), most)
        optimiser.step()
        return loss

    return pick(p, step=step)


def _half_small(p: Parts) -> Parts:
    """Give depth in half precision to a loss that is a millionth of itself."""
    p = with_loss(p, lambda held, model, batch: 1e-6 * held(model, batch))
    return pick(p, model=After(p.model, lambda depth: depth.half().float()))


def _half_cm(p: Parts) -> Parts:
    """Work in tenths of a millimetre, at half precision, on the way out."""
    return pick(p, model=After(p.model, lambda depth: (1e6 * depth + 7e4).half().float() / 1e6))


def _gate_shut(p: Parts) -> Parts:
    p.model.gate = 0.0  # type: ignore[assignment]
    return p


def _adam(rate: float, **own: Any) -> Any:
    return lambda model: torch.optim.AdamW(model.parameters(), lr=rate, **own)


C = Cause
DELUGE: tuple[Fault, ...] = (
    Fault("mode_e: depth of another piece", flood("mode_e"), lambda p: on_target(p, lambda v: v.roll(3, 0)), C.TARGETS_UNRELATED, 3101),
    Fault("lead_cnn: each third depth of another piece", flood("lead_cnn"), lambda p: _train_target(p, _every_third), C.TARGETS_UNRELATED, 3102),
    Fault("convgru_unet: frames of the depth backwards", flood("convgru_unet"), lambda p: on_target(p, lambda v: v.flip(1)), C.AXES_MIXED, 3103),
    Fault("temporal_cnn: rain of another piece", flood("temporal_cnn"), lambda p: _storm(p, 7), C.TARGETS_UNRELATED, 3104),
    Fault("unet: depth a cell further south", flood("unet"), lambda p: on_target(p, lambda v: v.roll(1, -2)), C.AXES_MIXED, 3105),
    Fault("deeplab: all depths in cm", flood("deeplab"), lambda p: on_target(p, lambda v: 100.0 * v), C.TARGET_SCALE, 3106),
    Fault("mode_e: depth before from the end of the step", flood("mode_e"), _nearly_after, C.TARGET_IN_INPUT, 3107),
    Fault("mode_h: level mirrored", flood("mode_h"), lambda p: on_input(p, lambda v: v.flip(-1), "level"), C.AXES_MIXED, 3108),
    Fault("mode_h: level of another piece", flood("mode_h"), lambda p: on_input(p, lambda v: v.roll(4, 0), "level"), C.TARGETS_UNRELATED, 3109, "", (C.TARGETS_MISPAIRED,)),
    Fault("unet: terrain mirrored at random, depth not", flood("unet"), lambda p: _changed(p, "terrain", _mirrored), C.AXES_MIXED, 3110, "", (C.TARGETS_MISPAIRED,)),
    Fault("lead_cnn: noise of 30 mm on the rain", flood("lead_cnn"), lambda p: _changed(p, "rain", lambda v, r: _noisy(v, r, 30.0)), C.NOISE_TOO_STRONG, 3111),
    Fault("temporal_cnn: terrain of the next piece of a batch", flood("temporal_cnn"), lambda p: _changed(p, "terrain", _of_the_next), C.TARGETS_MISPAIRED, 3112),
    Fault("deeplab: validation depths two cells further east", flood("deeplab"), lambda p: _valid_target(p, lambda v: v.roll(2, -1)), C.SPLIT_SHIFT, 3113),
    Fault("mode_e: validation depths in cm", flood("mode_e"), lambda p: _valid_target(p, lambda v: 100.0 * v), C.SPLIT_SHIFT, 3114),
    Fault("convgru_unet: 32767 left in the depths", flood("convgru_unet"), lambda p: on_target(p, _fill_left), C.TARGET_SCALE, 3115),
    Fault("unet: loss of cells below 5 cm alone", flood("unet"), lambda p: with_loss(p, _capped), C.LOSS_IGNORES, 3116, "", (C.MAJORITY_COLLAPSE,)),
    Fault("mode_e: loss of wet cells alone", flood("mode_e"), lambda p: _square(p, lambda v: (v > 0.005).float()), C.LOSS_IGNORES, 3117),
    Fault("deeplab: loss of the northern half", flood("deeplab"), lambda p: _square(p, _half_map), C.LOSS_IGNORES, 3118),
    Fault("lead_cnn: no error below 30 cm", flood("lead_cnn"), lambda p: with_loss(p, _insensitive), C.LOSS_FLOOR, 3119, "", (C.LOSS_IGNORES,)),
    Fault("temporal_cnn: wet cells count a thousandth", flood("temporal_cnn"), lambda p: _square(p, lambda v: torch.where(v > 0.005, 1e-3, 1.0)), C.MAJORITY_COLLAPSE, 3120, "", (C.LOSS_IGNORES,)),
    Fault("unet: epsilon of Adam 100", flood("unet"), lambda p: with_optimiser(p, _adam(3e-3, eps=100.0)), C.RATE_TOO_LOW, 3121, "", (C.WEIGHTS_DO_NOT_MOVE,)),
    Fault("lead_cnn: gradient clipped to a millionth", flood("lead_cnn"), lambda p: with_optimiser(_clipped(p, 1e-6), sgd(0.1, momentum=0.9)), C.STEP_WRONG, 3122, "", (C.RATE_TOO_LOW,)),
    Fault("convgru_unet: half precision, scale of 2 ** 28", flood("convgru_unet"), lambda p: pick(e.scaled_loss(p, 2.0**28, lambda _m: None), model=After(p.model, lambda v: v.half().float())), C.PRECISION, 3123, "", (C.STEP_WRONG,)),
    Fault("temporal_cnn: half precision, a loss of millionths", flood("temporal_cnn"), _half_small, C.PRECISION, 3124),
    Fault("deeplab: half precision beyond its range", flood("deeplab"), _half_cm, C.PRECISION, 3125, "", (C.NOT_FINITE_OUTPUT,)),
    Fault("mode_h: dampening of 1", flood("mode_h"), lambda p: with_optimiser(p, sgd(0.05, momentum=0.9, dampening=1.0)), C.RATE_TOO_LOW, 3126, "", (C.WEIGHTS_DO_NOT_MOVE,)),
    Fault("deeplab: momentum of 1.05", flood("deeplab"), lambda p: with_optimiser(p, sgd(0.05, momentum=1.05)), C.RATE_TOO_HIGH, 3127),
    Fault("mode_h: gate shut", flood("mode_h"), _gate_shut, C.NO_GRADIENT, 3128),
    Fault("mode_h_vae: gate shut", flood("mode_h_vae"), _gate_shut, C.NO_GRADIENT, 3129),
)  # fmt: skip
