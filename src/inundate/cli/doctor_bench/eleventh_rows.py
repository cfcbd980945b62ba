# ruff: noqa: E501  a fault a line, so that the list can be read as a table
"""The half of the eleventh list that is in texts, series and tables.

As with the tenth list, the faults and the names that are right were committed before the doctor
was asked about any of them, by someone who had not read its rules. All of them are ordinary: the
plain form of a mistake, with which one would come for help.
"""

from __future__ import annotations

from typing import Any

from torch import nn, optim

from inundate.cli.doctor_bench import columns as r
from inundate.cli.doctor_bench import lapsus_rows as x
from inundate.cli.doctor_bench import sheets, tellings
from inundate.cli.doctor_bench import speeches as y
from inundate.cli.doctor_bench.change import (
    loaded,
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

__all__ = ["ELEVENTH_STRANGERS", "ELEVENTH_STRANGER_FAULTS", "ROW_FAULTS", "ROW_HEALTHY"]


def _with(make: Any, kind: Any, rate: float, criterion: Any = None, **own: Any) -> Body:
    """Make a body of another one with an optimiser of its own, and a loss where one is given."""

    def made(seed: int, _work: Any) -> Parts:
        p = make(seed)
        return trained_by(pick(p, criterion=criterion or p.criterion), kind, rate, **own)

    return made


C = Cause
DATA, BATCHES, OUTPUT, LOSS, STEPS, KEYS = (
    "training data", "batches", "output", "loss", "steps", "settings",
)  # fmt: skip

ROW_FAULTS: tuple[Fault, ...] = (
    # texts and series
    Fault("rooms: first state for batches of 64, given 32", body(y.rooms), lambda p: with_same_weights(p, x.BegunForMany(28)), C.DOES_NOT_RUN, 7101, OUTPUT),
    Fault("complaints: share of one of sixteen machines, on one machine", body(y.complaints), lambda p: loaded(p, choose=lambda order, _r: order[order % 16 == 0]), C.LOADER_STARVES, 7102, BATCHES, (C.LOADER_REPEATS,)),
    Fault("rooms: start of a window drawn, and drawn anew for what follows", body(y.rooms), x.other_start, C.TARGETS_MISPAIRED, 7103, BATCHES),
    Fault("rooms: forecasts (B, 4), targets (B, 1, 4)", body(y.rooms, steps=10), lambda p: with_loss(on_target(p, lambda t: t[:, None]), x.with_channel), C.SHAPE_BROADCAST, 7104, DATA),
    Fault("whistles: labels softened at a temperature of 40", body(y.whistles), lambda p: with_loss(p, x.softened), C.LOSS_FLOOR, 7105, LOSS),
    Fault("complaints: vectors of words in half precision under Adam", body(y.complaints), lambda p: pick(p, model=x.HalfWords(p.model)), C.PRECISION, 7106, STEPS),
    Fault("whistles: each recording divided by its own deviation, silent ones too", body(y.whistles), lambda p: with_same_weights(p, x.LoudAlike(32, 20)), C.NOT_FINITE_OUTPUT, 7107, OUTPUT),
    Fault("rhymes: step of the schedule called, that of the optimiser not", body(y.rhymes), x.schedule_alone, C.WEIGHTS_DO_NOT_MOVE, 7108, STEPS),
    Fault("complaints: read from the end, 70 empty places in front of the text", body(y.complaints), lambda p: on_input(p, x.empty_in_front, "tokens"), C.PADDING, 7109, DATA, (C.VANISHING_GRADIENT,)),
    Fault("complaints: frame grouped by kind, and read as it lies", body(y.complaints, count=4400), x.in_order_of_kinds, C.LOADER_SORTED, 7110, BATCHES),
    Fault("whistles: recordings shuffled, labels shuffled twice", body(y.whistles), x.permuted_twice, C.TARGETS_UNRELATED, 7111, DATA),
    Fault("complaints: texts never split, each a word of its own", body(y.complaints), x.text_as_word, C.MEMORISES, 7112, DATA),
    Fault("rhymes: number of layers given as the width of the state, 1", body(y.rhymes), lambda p: pick(p, model=y.Rhymes(1)), C.CANNOT_FIT, 7113, OUTPUT),
    # tables
    Fault("frauds: \"yes\" with a space behind it compared with \"yes\"", body(r.frauds), lambda p: on_target(p, x.never_yes), C.TARGET_CONSTANT, 7121, DATA),
    Fault("flats: number of a row modulo that of the columns", body(r.flats), lambda p: loaded(p, choose=x.same_again), C.LOADER_REPEATS, 7122, BATCHES),
    Fault("harvests: line for beans copied from wheat, column and all", body(r.harvests), lambda p: with_loss(p, x.wheat_twice), C.LOSS_IGNORES, 7123, LOSS),
    Fault("flats: rent for a square metre among the columns", body(r.flats), x.per_square_metre, C.TARGET_IN_INPUT, 7124, DATA),
    Fault("frauds: weights of a focal loss the other way round", body(r.frauds), lambda p: with_loss(p, x.rare_last), C.MAJORITY_COLLAPSE, 7125, LOSS),
    Fault("harvests: loss scaled by 2**16, and never unscaled", body(r.harvests), x.never_unscaled, C.STEP_WRONG, 7126, STEPS, (C.RATE_TOO_HIGH,)),
    Fault("harvests: hidden layers under a key that nothing reads", body(r.harvests), x.linear, C.UNREAD_CONFIG, 7127, KEYS, (C.CANNOT_FIT,)),
)  # fmt: skip

ROW_HEALTHY: tuple[Healthy, ...] = (
    Healthy("whistles of four kinds by Adamax", _with(y.whistles, optim.Adamax, 1e-2), 7131),
    Healthy("rooms with a thermostat", body(y.rooms, steps=16, width=20), 7132),
    Healthy("rhymes of eight sounds by NAdam", _with(y.rhymes, optim.NAdam, 1e-2), 7133),
    Healthy("complaints by RMSprop", _with(y.complaints, optim.RMSprop, 4e-3), 7134),
    Healthy("prices of two digits by RAdam", _with(tellings.prices, optim.RAdam, 1.5e-2), 7135),
    Healthy("alarms by Adam with AMSGrad", _with(tellings.alarms, optim.Adam, 1e-2, amsgrad=True), 7136),
    Healthy("flats by square error", _with(r.flats, optim.Adam, 6e-3, nn.functional.mse_loss), 7137),
    Healthy("frauds of one in eight", body(r.frauds, count=3000), 7138),
    Healthy("harvests by Adagrad", _with(r.harvests, optim.Adagrad, 0.05), 7139),
    Healthy("doses by NAdam", _with(sheets.doses, optim.NAdam, 5e-3), 7140),
)  # fmt: skip

ELEVENTH_STRANGERS: tuple[Healthy, ...] = (
    Healthy("skorch: MLPModule", body(mlp), 7151),
    Healthy("transformers: BERT of two layers", body(bert), 7152),
    Healthy("monai: UNet", body(unet), 7153),
)

ELEVENTH_STRANGER_FAULTS: tuple[Fault, ...] = (
    Fault("skorch: weights and biases start at 0", body(mlp), x.zeros, C.SYMMETRIC_START, 7141, OUTPUT, (C.BAD_START,)),
    Fault("transformers: AdamW with a decay of 50", body(bert), lambda p: trained_by(p, optim.AdamW, 2e-3, weight_decay=50.0), C.DECAY_TOO_STRONG, 7142, STEPS),
    Fault("monai: maps counted from 0, targets from 1", body(unet), lambda p: on_target(p, x.next_map), C.TARGETS_UNRELATED, 7143, DATA),
)  # fmt: skip
