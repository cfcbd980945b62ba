# ruff: noqa: E501  a fault a line, so that the list can be read as a table
"""The maps of the eleventh list: emulators of floods and images, each cause of 26 once.

All faults are the plain form of a mistake, in models, sizes or tasks that no earlier list has.
They and the names that are right were committed before the doctor was asked about any of them, by
someone who had not read its rules.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from inundate.cli.doctor_bench import glimpses as v
from inundate.cli.doctor_bench import lapsus_maps as k
from inundate.cli.doctor_bench import mistakes as m
from inundate.cli.doctor_bench import pictures as g
from inundate.cli.doctor_bench import scapes as s
from inundate.cli.doctor_bench.change import (
    after,
    before,
    in_another_unit,
    on_input,
    on_target,
    trained_by,
    with_loss,
    with_optimiser,
)
from inundate.cli.doctor_bench.family_parts import on_weights
from inundate.cli.doctor_bench.fault import Body, Fault, Healthy, body, flood
from inundate.cli.doctor_bench.parts import pick
from inundate.cli.doctor_bench.wrap import Through, replace
from inundate.prove.cause import Cause

__all__ = ["MAP_FAULTS", "MAP_HEALTHY"]


def _with(make: Any, kind: Any, rate: float, *, size: dict[str, int], **own: Any) -> Body:
    """Make a body of another one, in a size and with an optimiser of its own."""
    return lambda seed, _work: trained_by(make(seed, **size), kind, rate, **own)


def _flood_with(model: str, kind: Any, rate: float, **own: Any) -> Body:
    return lambda seed, work: trained_by(flood(model)(seed, work), kind, rate, **own)


def _standardised(ground: torch.Tensor) -> torch.Tensor:
    """Scale each layer of the ground (B, C, H, W) to mean 0 and deviation 1."""
    mean, spread = ground.mean((0, 2, 3), keepdim=True), ground.std((0, 2, 3), keepdim=True)
    return (ground - mean) / spread.clamp(min=1e-3)


C, o = Cause, torch.optim
DATA, VALID, BATCHES, OUTPUT, LOSS, GRADIENT, STEPS, SCORE = (
    "training data", "validation data", "batches", "output", "loss", "gradient", "steps", "score",
)  # fmt: skip

MAP_FAULTS: tuple[Fault, ...] = (
    # emulators of the zoo on simulated floods
    Fault("unet: exp where expm1 undoes a logarithm of 1 + depth", flood("unet"), lambda p: after(p, torch.exp), C.OUTPUT_RANGE, 7001, OUTPUT),
    Fault("lead_cnn: depths of a file with time last, viewed with time first", flood("lead_cnn"), lambda p: on_target(p, k.frames_viewed), C.AXES_MIXED, 7002, DATA),
    Fault("temporal_cnn: ground of the validation standardised, that of training not", flood("temporal_cnn"), lambda p: m.valid_only(p, "terrain", _standardised), C.SPLIT_SHIFT, 7003, VALID),
    Fault("lead_cnn: cut to whole decimetres in evaluation, for a small file", flood("lead_cnn"), lambda p: pick(p, model=k.Decimetres(p.model)), C.TRAIN_EVAL_GAP, 7004, OUTPUT),
    Fault("deeplab: ground kept where a mask is 255, which is of 0 and 1", flood("deeplab"), lambda p: on_input(p, k.masked_by_255, "terrain"), C.DEAD_INPUT, 7005, DATA),
    Fault("temporal_cnn: ones for the ground in forward, left from a test of shapes", flood("temporal_cnn"), lambda p: before(p, k.ones_left), C.IGNORES_INPUT, 7006, OUTPUT),
    Fault("mode_h_vae: each fifth coarse level in cm", flood("mode_h_vae"), lambda p: in_another_unit(p, "level", slice(2, None, 5), 100.0), C.UNIT_SLIP, 7007, DATA),
    Fault("mode_h: each layer of the state divided by its largest value, which is 0 where all is dry", flood("mode_h"), lambda p: on_input(p, k.over_largest, "state"), C.NOT_FINITE_DATA, 7008, DATA),
    Fault("temporal_cnn: zero_grad without its brackets", _flood_with("temporal_cnn", o.SGD, 0.1, momentum=0.9), k.without_brackets, C.GRADIENT_ACCUMULATES, 7009, STEPS),
    Fault("deeplab: layers of ground and rain alone given to the optimiser", flood("deeplab"), lambda p: with_optimiser(p, k.ground_alone), C.OPTIMISER_MISSES, 7010, STEPS),
    Fault("convgru_unet: NAdam at 2", flood("convgru_unet"), lambda p: trained_by(p, o.NAdam, 2.0), C.RATE_TOO_HIGH, 7011, STEPS),
    Fault("mode_h_vae: wet cells found as a share of all cells", flood("mode_h_vae"), lambda p: pick(p, metric=k.hits_of_all), C.METRIC_WRONG, 7012, SCORE),
    Fault("unet: features copied by torch.tensor before the head", flood("unet"), lambda p: pick(p, model=replace(p.model, "decoder.0", lambda held: nn.Sequential(held, Through(k.copied)))), C.NO_GRADIENT, 7013, GRADIENT),
    # images
    Fault("shadows: heights in mm", body(s.shadows), lambda p: on_target(p, lambda t: 1000.0 * torch.exp(0.6 * t + 1.8)), C.TARGET_SCALE, 7021, DATA),
    Fault("shadows: ten photographs of each pole, split by photograph", body(s.shadows, count=44), k.ten_photographs, C.SPLIT_LEAK, 7022, VALID),
    Fault("gravel: last bias starts at the mean size in mm", body(v.gravel, width=16), lambda p: on_weights(p, lambda n, w: torch.full_like(w, 45.0) if n == "8.bias" else w), C.BAD_START, 7023, OUTPUT),
    Fault("fields: bias of the first layer at -128, of images that are around 0 already", body(s.fields), lambda p: on_weights(p, lambda n, w: torch.full_like(w, -128.0) if n == "0.bias" else w), C.DEAD_UNITS, 7024, OUTPUT),
    Fault("dunes: eighteen convolutions with hard sigmoids", body(s.dunes), lambda p: pick(p, model=k.hard_sigmoids()), C.VANISHING_GRADIENT, 7025, OUTPUT),
    Fault("shadows: weights before each tanh drawn evenly from -5 to 5", body(s.shadows, width=12), k.drawn_flat, C.SATURATED, 7026, OUTPUT, (C.BAD_START,)),
    Fault("fields: each convolution starts as a mean over its window", body(s.fields, side=12), k.means_of_windows, C.SYMMETRIC_START, 7027, OUTPUT),
    Fault("stereos: a rate of Adam, 1e-3, given to Adadelta", body(g.stereos, side=12), lambda p: trained_by(p, o.Adadelta, 1e-3), C.RATE_TOO_LOW, 7028, STEPS),
    Fault("shadows: height of the sun in seconds of arc", body(s.shadows, side=12), lambda p: on_input(p, k.in_arc_seconds, "sun"), C.INPUT_SCALE, 7029, DATA, (C.SATURATED,)),
    Fault("spirals: salt and pepper on 95 in 100 pixels, not 5", body(g.spirals, width=14), lambda p: pick(p, loader={"change": k.salted}), C.NOISE_TOO_STRONG, 7030, BATCHES),
    Fault("mosaics: NAdam with a decay of 3", body(g.mosaics, width=24), lambda p: trained_by(p, o.NAdam, 4e-3, weight_decay=3.0), C.DECAY_TOO_STRONG, 7031, STEPS),
    Fault("joints: cosine between heat maps, which is minimised", body(g.joints, side=16), lambda p: with_loss(p, k.likeness_of_maps), C.LOSS_SIGN, 7032, LOSS),
    Fault("fires: tanh behind the scores of a loss that has its own sigmoid", body(g.fires, side=16), lambda p: after(p, torch.tanh), C.LOSS_OUTPUT_MISMATCH, 7033, OUTPUT, (C.OUTPUT_RANGE,)),
)  # fmt: skip

MAP_HEALTHY: tuple[Healthy, ...] = (
    Healthy("dunes in 16 by 16 cells by RAdam", _with(s.dunes, o.RAdam, 1e-2, size={"side": 16}), 7061),
    Healthy("fields of four kinds", body(s.fields, width=16), 7062),
    Healthy("shadows of poles", body(s.shadows), 7063),
    Healthy("shores of 14 rows by NAdam", _with(g.shores, o.NAdam, 4e-3, size={"rows": 14, "columns": 12}), 7064),
    Healthy("crowds in 18 by 18 cells by AdamW", _with(v.crowds, o.AdamW, 5e-3, size={"side": 18}), 7065),
    Healthy("gravel by Adam", _with(v.gravel, o.Adam, 3e-3, size={"side": 16}), 7066),
    Healthy("emulator mode_h by NAdam", _flood_with("mode_h", o.NAdam, 4e-3), 7071),
    Healthy("emulator mode_h_vae by Adam", _flood_with("mode_h_vae", o.Adam, 4e-3), 7072),
    Healthy("emulator lead_cnn by NAdam", _flood_with("lead_cnn", o.NAdam, 3e-3), 7073),
    Healthy("emulator temporal_cnn by Adam", _flood_with("temporal_cnn", o.Adam, 6e-3), 7074),
)  # fmt: skip
