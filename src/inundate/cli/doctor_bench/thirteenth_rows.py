# ruff: noqa: E501  a fault a line, so that the list can be read as a table
"""The half of the thirteenth list that is in texts, series and tables.

As with the lists before it, the faults and the names that are right were committed before the
doctor was asked about any of them, by someone who had not read its rules. All of them are ordinary:
the plain form of a mistake, with which one would come for help.
"""

from __future__ import annotations

from typing import Any

from torch import optim

from inundate.cli.doctor_bench import columns, ledgers, rows, tellings
from inundate.cli.doctor_bench import fumbles_rows as x
from inundate.cli.doctor_bench import rumours as y
from inundate.cli.doctor_bench import tallies as r
from inundate.cli.doctor_bench.accounts import wines
from inundate.cli.doctor_bench.change import (
    on_input,
    on_target,
    trained_by,
    with_loss,
    with_same_weights,
)
from inundate.cli.doctor_bench.fault import Body, Fault, Healthy, body
from inundate.cli.doctor_bench.parts import Parts, pick
from inundate.cli.doctor_bench.strangers import bert, mlp, unet
from inundate.prove.cause import Cause

__all__ = ["ROW_FAULTS", "ROW_HEALTHY", "THIRTEENTH_STRANGERS", "THIRTEENTH_STRANGER_FAULTS"]


def _with(make: Any, kind: Any, rate: float, **own: Any) -> Body:
    """Make a body of another one with an optimiser of its own."""

    def made(seed: int, _work: Any) -> Parts:
        return trained_by(make(seed), kind, rate, **own)

    return made


C = Cause
DATA, VALID, BATCHES, OUTPUT, LOSS, GRADIENT, KEYS = (
    "training data", "validation data", "batches", "output", "loss", "gradient", "settings",
)  # fmt: skip

ROW_FAULTS: tuple[Fault, ...] = (
    # texts and series
    Fault("recipes: read both ways, head for one", body(y.recipes, width=32), lambda p: pick(p, model=x.OneWayHead(32)), C.DOES_NOT_RUN, 8301, OUTPUT),
    Fault("recipes: vectors of words divided by their length, 0 of what fills up", body(y.recipes, length=14), lambda p: with_same_weights(p, x.UnitWords(24)), C.NOT_FINITE_OUTPUT, 8302, OUTPUT),
    Fault("turbines: weights and biases filled with one through the width", body(y.turbines), x.one_through_width, C.SYMMETRIC_START, 8303, OUTPUT),
    Fault("prices: numbers of words divided by 42, then made whole", body(tellings.prices, length=11, width=28), lambda p: with_same_weights(p, x.WholeShares(28)), C.IGNORES_INPUT, 8304, OUTPUT),
    Fault("demands: scaled back by numpy before the loss", body(tellings.demands, steps=14, width=20), lambda p: with_loss(p, x.scaled_back_by_numpy), C.NO_GRADIENT, 8305, GRADIENT),
    Fault("verdicts: validation texts filled up behind, all others in front", body(y.verdicts, length=24, width=24), x.filled_up_behind, C.SPLIT_SHIFT, 8306, VALID),
    Fault("recipes: both ways, read at the last of a hundred places", body(y.recipes, length=100), lambda p: with_same_weights(p, x.LastPlace(24)), C.PADDING, 8307, OUTPUT),
    Fault("turbines: twelve LSTMs on top of each other", body(y.turbines, steps=16, width=24), lambda p: pick(p, model=y.Turbines(24, 12)), C.VANISHING_GRADIENT, 8308, OUTPUT),
    Fault("heartbeats: nineteen in twenty normal, drawn by how many there are of a class", body(y.heartbeats, count=2000, normal=0.95), x.the_common_more_often, C.MAJORITY_COLLAPSE, 8309, BATCHES),
    Fault("heartbeats: instance norm that tracks statistics for evaluation", body(y.heartbeats, steps=48), lambda p: pick(p, model=y.Heartbeats(20, tracked=True)), C.TRAIN_EVAL_GAP, 8310, OUTPUT),
    # tables
    Fault("refunds: rows of each step drawn by the same seed", body(r.refunds), x.same_rows_each_step, C.LOADER_REPEATS, 8321, BATCHES),
    Fault("callouts: counts (B,), logarithms of rates (B, 1)", body(r.callouts), lambda p: on_target(p, lambda t: t[:, 0]), C.SHAPE_BROADCAST, 8322, DATA),
    Fault("flats: all in half precision, AdamW", body(columns.flats, count=1200, width=32), lambda p: pick(p, model=x.HalfOfIt(p.model)), C.PRECISION, 8323, OUTPUT),
    Fault("callouts: weights drawn by rand() - 1", body(r.callouts, features=8, width=40), x.less_than_zero, C.DEAD_UNITS, 8324, OUTPUT),
    Fault("refunds: money paid back among the columns", body(r.refunds, count=1500), x.paid_already, C.TARGET_IN_INPUT, 8325, DATA),
    Fault("meadows: percent behind a sigmoid", body(r.meadows), lambda p: on_target(p, lambda t: 100.0 * t), C.OUTPUT_RANGE, 8326, DATA, (C.TARGET_SCALE,)),
    Fault("wines: sulphur in micrograms, all else around 0", body(wines, count=2400, width=32), lambda p: on_input(p, x.sulphur, "measured"), C.INPUT_SCALE, 8327, DATA),
    Fault("soils: centres drawn from 0 to 100, of columns that are scaled by now", body(r.soils), x.centres_of_raw_rows, C.BAD_START, 8328, OUTPUT, (C.DEAD_UNITS,)),
    Fault("salaries: 85 % of the numbers swapped with other rows", body(r.salaries), x.swapped, C.NOISE_TOO_STRONG, 8329, BATCHES),
    Fault("duels: key of the scaling read by nothing, ratings around 1500", body(ledgers.duels, width=28), x.columns_as_they_are, C.UNREAD_CONFIG, 8330, KEYS, (C.INPUT_SCALE,)),
)  # fmt: skip

ROW_HEALTHY: tuple[Healthy, ...] = (
    Healthy("heartbeats of many recorders", body(y.heartbeats), 8340),
    Healthy("recipes, twice the time behind one word", body(y.recipes), 8341),
    Healthy("verdicts behind a but", body(y.verdicts), 8342),
    Healthy("turbines by wind and power", body(y.turbines), 8343),
    Healthy("senses of four words by NAdam", _with(tellings.senses, optim.NAdam, 1e-2), 8344),
    Healthy("callouts by counts", body(r.callouts), 8345),
    Healthy("soils by centres", body(r.soils), 8346),
    Healthy("meadows in flower", body(r.meadows), 8347),
    Healthy("refunds of eight shops", body(r.refunds), 8348),
    Healthy("stages by Adamax", _with(rows.stages, optim.Adamax, 2e-2), 8349),
)

THIRTEENTH_STRANGERS: tuple[Healthy, ...] = (
    Healthy("skorch: MLPModule", body(mlp), 8351),
    Healthy("transformers: BERT of two layers", body(bert), 8352),
    Healthy("monai: UNet", body(unet), 8353),
)

THIRTEENTH_STRANGER_FAULTS: tuple[Fault, ...] = (
    Fault("skorch: share to keep given as that to drop, 0.98", body(mlp), x.keeps_little, C.NOISE_TOO_STRONG, 8354, OUTPUT),
    Fault("transformers: duplicates taken out by what sorts texts, not labels", body(bert), x.sorted_texts, C.TARGETS_UNRELATED, 8355, DATA),
    Fault("monai: SSIM as the loss, not one minus it", body(unet), lambda p: with_loss(p, x.ssim_as_loss), C.LOSS_SIGN, 8356, LOSS),
)  # fmt: skip
