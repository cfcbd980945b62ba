# ruff: noqa: E501  a fault a line, so that the list can be read as a table
"""The maps of the twelfth list: emulators of floods and images, each cause of 26 once.

All faults are the plain form of a mistake, in models, sizes or tasks that no earlier list has.
They and the names that are right were committed before the doctor was asked about any of them, by
someone who had not read its rules.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from inundate.cli.doctor_bench import bungles_maps as k
from inundate.cli.doctor_bench import glimpses as v
from inundate.cli.doctor_bench import mistakes as m
from inundate.cli.doctor_bench import pictures as g
from inundate.cli.doctor_bench import scapes as s
from inundate.cli.doctor_bench import sights as a
from inundate.cli.doctor_bench import vistas as w
from inundate.cli.doctor_bench.change import (
    after,
    in_another_unit,
    on_input,
    on_target,
    trained_by,
    with_same_weights,
)
from inundate.cli.doctor_bench.fault import Body, Fault, Healthy, body, flood
from inundate.cli.doctor_bench.parts import pick
from inundate.prove.cause import Cause

__all__ = ["MAP_FAULTS", "MAP_HEALTHY"]


def _with(make: Any, kind: Any, rate: float, *, size: dict[str, int], **own: Any) -> Body:
    """Make a body of another one, in a size and with an optimiser of its own."""
    return lambda seed, _work: trained_by(make(seed, **size), kind, rate, **own)


def _flood_with(model: str, kind: Any, rate: float, **own: Any) -> Body:
    return lambda seed, work: trained_by(flood(model)(seed, work), kind, rate, **own)


C, o = Cause, torch.optim
DATA, VALID, BATCHES, OUTPUT, LOSS, GRADIENT, STEPS = (
    "training data", "validation data", "batches", "output", "loss", "gradient", "steps",
)  # fmt: skip

MAP_FAULTS: tuple[Fault, ...] = (
    # emulators of the zoo on simulated floods
    Fault("mode_h: a twentieth layer of the ground, a first layer for nineteen", flood("mode_h"), k.with_relief, C.DOES_NOT_RUN, 8001, OUTPUT),
    Fault("deeplab: zipped with a loader of gauges, which ends after one batch", flood("deeplab"), lambda p: pick(p, train_loader=k.Zipped(p.train, p.size)), C.LOADER_STARVES, 8002, BATCHES),
    Fault("unet: pieces drawn by a softmax of their volumes in m3", flood("unet"), k.by_volume, C.LOADER_REPEATS, 8003, BATCHES),
    Fault("temporal_cnn: mixup with the two shares exchanged in the depth", flood("temporal_cnn"), lambda p: pick(p, loader={"change": k.mixed_up}), C.TARGETS_MISPAIRED, 8004, BATCHES),
    Fault("temporal_cnn: depths (B, 1, K, H, W) as of a network in 3D, targets (B, K, H, W)", flood("temporal_cnn"), lambda p: after(p, lambda depth: depth[:, None]), C.SHAPE_BROADCAST, 8005, LOSS),
    Fault("unet: mask of wet cells from depths cut to whole metres", flood("unet"), lambda p: pick(p, loss=k.of_whole_metres), C.LOSS_IGNORES, 8006, LOSS),
    Fault("deeplab: critical success index is minimised", flood("deeplab"), lambda p: pick(p, loss=k.overlap), C.LOSS_SIGN, 8007, LOSS),
    Fault("convgru_unet: autocast to half precision without a scaler, square error in m2", flood("convgru_unet"), lambda p: pick(p, model=k.Halved(p.model), loss=k.square_error), C.PRECISION, 8008, GRADIENT),
    Fault("mode_h_vae: depths to the power of 0.4 in the loss, masked to 0 where dry", flood("mode_h_vae"), lambda p: pick(p, loss=k.rated), C.NOT_FINITE_OUTPUT, 8009, GRADIENT),
    Fault("temporal_cnn: guard against NaN turned round, steps only where the loss is not finite", flood("temporal_cnn"), k.guard_turned, C.WEIGHTS_DO_NOT_MOVE, 8010, STEPS),
    Fault("mode_h_vae: tiles of the depth laid down by column that were cut by row", flood("mode_h_vae"), lambda p: on_target(p, k.tiles_by_column), C.AXES_MIXED, 8011, DATA),
    Fault("convgru_unet: all of it checkpointed, whose inputs ask for no gradient", flood("convgru_unet"), lambda p: pick(p, model=k.Checkpointed(p.model)), C.NO_GRADIENT, 8012, GRADIENT),
    Fault("unet: rain of the validation data summed up from the start", flood("unet"), lambda p: m.valid_only(p, "rain", lambda rain: rain.cumsum(2)), C.SPLIT_SHIFT, 8013, VALID),
    # images
    Fault("dunes: Threshold(6, 0) where ReLU6 was meant", body(s.dunes, side=16, width=10), lambda p: pick(p, model=k.beyond_six(p.model)), C.DEAD_UNITS, 8021, OUTPUT),
    Fault("signs: layers filled with the deviation that they should be drawn with", body(v.signs, width=10), k.filled_by_deviation, C.SYMMETRIC_START, 8022, OUTPUT),
    Fault("hearths: return within the loop over the bands", body(w.hearths, width=12), lambda p: with_same_weights(p, k.first_band_alone(12)), C.IGNORES_INPUT, 8023, OUTPUT),
    Fault("hearths: heat in kelvin clipped to 0 and 1", body(w.hearths, side=14), lambda p: on_input(p, k.clipped_kelvin, "heat"), C.DEAD_INPUT, 8024, DATA),
    Fault("ridges: each fourth map of heights in mm", body(w.ridges), lambda p: in_another_unit(p, "heights", slice(1, None, 4), 1000.0), C.UNIT_SLIP, 8025, DATA),
    Fault("moths: each kind on a wall of its own brightness", body(w.moths), k.own_walls, C.TARGET_IN_INPUT, 8026, DATA),
    Fault("drifts: output scaled to length 1", body(v.drifts, side=12), lambda p: after(p, functional.normalize), C.OUTPUT_RANGE, 8027, OUTPUT),
    Fault("ridges: heights in m above the sea", body(w.ridges, side=12, width=16), lambda p: on_input(p, k.above_the_sea, "heights"), C.INPUT_SCALE, 8028, DATA),
    Fault("storeys: normal_(weight, 0.02), whose first number is the mean", body(w.storeys), k.mean_given_as_deviation, C.BAD_START, 8029, OUTPUT),
    Fault("shapes: fourteen gated convolutions, nothing beside them", body(a.shapes, side=16), lambda p: pick(p, model=k.gated(1, nn.Linear(12, 3))), C.VANISHING_GRADIENT, 8030, OUTPUT),
    Fault("dials: all but an edge of each image covered at random", body(a.dials, width=12), lambda p: pick(p, loader={"change": k.covered}), C.NOISE_TOO_STRONG, 8031, BATCHES),
    Fault("moths: of a hundred photographs 96 show none", body(w.moths, count=3000, side=12, bright=1.0), k.mostly_none, C.MAJORITY_COLLAPSE, 8032, DATA),
    Fault("gravel: photographs enlarged in evaluation alone", body(v.gravel, side=18), lambda p: pick(p, model=k.EnlargedInTest(p.model)), C.TRAIN_EVAL_GAP, 8033, OUTPUT),
)  # fmt: skip

MAP_HEALTHY: tuple[Healthy, ...] = (
    Healthy("hearths by their light and heat", body(w.hearths), 8036),
    Healthy("moths on a wall by NAdam", _with(w.moths, o.NAdam, 2e-3, size={"side": 16}), 8037),
    Healthy("ridges in the wind by Adam", _with(w.ridges, o.Adam, 6e-3, size={"side": 16}), 8038),
    Healthy("storeys of lit windows", body(w.storeys, width=32), 8039),
    Healthy("stereos in 16 by 16 cells by AdamW", _with(g.stereos, o.AdamW, 5e-3, size={"side": 16}), 8040),
    Healthy("fields of four kinds by RAdam", _with(s.fields, o.RAdam, 1e-2, size={"side": 16}), 8041),
    Healthy("emulator unet by Adamax", _flood_with("unet", o.Adamax, 1.2e-2), 8046),
    Healthy("emulator deeplab by RAdam", _flood_with("deeplab", o.RAdam, 6e-3), 8047),
    Healthy("emulator convgru_unet by NAdam", _flood_with("convgru_unet", o.NAdam, 4e-3), 8048),
    Healthy("emulator temporal_cnn by RAdam", _flood_with("temporal_cnn", o.RAdam, 6e-3), 8049),
)  # fmt: skip
