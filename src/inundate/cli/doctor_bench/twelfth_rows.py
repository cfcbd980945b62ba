# ruff: noqa: E501  a fault a line, so that the list can be read as a table
"""The half of the twelfth list that is in texts, series and tables.

As with the lists before it, the faults and the names that are right were committed before the
doctor was asked about any of them, by someone who had not read its rules. All of them are ordinary:
the plain form of a mistake, with which one would come for help.
"""

from __future__ import annotations

from typing import Any

from torch import optim

from inundate.cli.doctor_bench import accounts as r
from inundate.cli.doctor_bench import bungles_rows as x
from inundate.cli.doctor_bench import columns, ledgers, rows, speeches, tellings
from inundate.cli.doctor_bench import murmurs as y
from inundate.cli.doctor_bench.change import (
    on_input,
    on_target,
    sgd,
    trained_by,
    with_loss,
    with_optimiser,
    with_same_weights,
)
from inundate.cli.doctor_bench.fault import Body, Fault, Healthy, body
from inundate.cli.doctor_bench.parts import Parts, pick
from inundate.cli.doctor_bench.strangers import bert, mlp, unet
from inundate.prove.cause import Cause

__all__ = ["ROW_FAULTS", "ROW_HEALTHY", "TWELFTH_STRANGERS", "TWELFTH_STRANGER_FAULTS"]


def _with(make: Any, kind: Any, rate: float, **own: Any) -> Body:
    """Make a body of another one with an optimiser of its own."""

    def made(seed: int, _work: Any) -> Parts:
        return trained_by(make(seed), kind, rate, **own)

    return made


C = Cause
DATA, VALID, BATCHES, OUTPUT, LOSS, STEPS, SCORE, KEYS = (
    "training data", "validation data", "batches", "output", "loss", "steps", "score", "settings",
)  # fmt: skip

ROW_FAULTS: tuple[Fault, ...] = (
    # texts and series
    Fault("bearings: class read from the folder above that of the class", body(y.bearings, count=1000), lambda p: on_target(p, x.one_level_up), C.TARGET_CONSTANT, 8101, DATA),
    Fault("alarms: focal loss that takes chances, given plain scores", body(tellings.alarms, count=900, steps=12), lambda p: with_loss(p, x.focal_of_chances), C.LOSS_OUTPUT_MISMATCH, 8102, LOSS),
    Fault("menus: frozen but for the head when the optimiser was made, thawed then", body(tellings.menus, length=14, width=20), lambda p: with_optimiser(p, x.thawed_late), C.OPTIMISER_MISSES, 8103, STEPS),
    Fault("ferries: passengers as counted, some forty thousand", body(y.ferries), lambda p: on_target(p, lambda t: 40000.0 + 15000.0 * t), C.TARGET_SCALE, 8104, DATA),
    Fault("headlines: packed by the length of the row, not by that of the text", body(y.headlines), lambda p: with_same_weights(p, x.FullRows(28)), C.PADDING, 8105, OUTPUT),
    Fault("tunes: a rate of 0.8 % written as 0.8, RAdam", body(tellings.tunes, length=16, width=28), lambda p: trained_by(p, optim.RAdam, 0.8), C.RATE_TOO_HIGH, 8106, STEPS),
    Fault("senses: words moved against the answer (FGM), never moved back", body(tellings.senses, length=12), x.unrestored, C.STEP_WRONG, 8107, STEPS),
    Fault("bearings: share to train on given as that to test on", body(y.bearings, steps=48, width=24), x.test_share, C.MEMORISES, 8108, DATA),
    Fault("ferries: dilations left at 1, the trip of the day before out of sight", body(y.ferries, width=20), lambda p: with_same_weights(p, y.Ferries(20, (1, 1, 1))), C.CANNOT_FIT, 8109, OUTPUT),
    Fault("rooms: key of the dropout read by nothing, 0.9 by default", body(speeches.rooms, steps=14, width=24), lambda p: pick(with_same_weights(p, x.Dropped(24)), unread=("model.drop_out",)), C.UNREAD_CONFIG, 8110, KEYS, (C.NOISE_TOO_STRONG,)),
    # tables
    Fault("hires: columns shifted by a day and a week, first rows kept", body(r.hires), x.lags_without_past, C.NOT_FINITE_DATA, 8121, DATA),
    Fault("stages: no error below 1.5 feet, levels in deviations by now", body(rows.stages, features=9), lambda p: with_loss(p, x.within_the_tube), C.LOSS_FLOOR, 8122, LOSS),
    Fault("duels: gradient cleared each fiftieth time, a step each time", body(ledgers.duels, features=8, width=28), x.cleared_now_and_then, C.GRADIENT_ACCUMULATES, 8123, STEPS),
    Fault("flats: rows to train and rows to validate each drawn from the whole table", body(columns.flats, count=320, features=8), x.drawn_twice, C.SPLIT_LEAK, 8124, VALID),
    Fault("orchards: sum over forty trees, not the mean, before a tanh", body(r.orchards), lambda p: with_same_weights(p, x.Summed(32)), C.SATURATED, 8125, OUTPUT),
    Fault("tastes: penalty on the vectors with a factor of 20", body(r.tastes), x.penalised, C.DECAY_TOO_STRONG, 8126, LOSS),
    Fault("harvests: rate divided by the number of rows, SGD", body(columns.harvests, features=9), lambda p: with_optimiser(p, sgd(0.08 / 900, momentum=0.9)), C.RATE_TOO_LOW, 8127, STEPS),
    Fault("wines: sorted by medal, then batches shuffled and not wines", _with(lambda seed: r.wines(seed, count=2000, width=32), optim.SGD, 0.1, momentum=0.9), x.batches_shuffled, C.LOADER_SORTED, 8128, BATCHES),
    Fault("wines: medals numbered file by file, as they turn up", body(r.wines, count=2400), x.by_file, C.TARGETS_UNRELATED, 8129, DATA),
    Fault("offers: scores sorted from the lowest up, the first taken for the best", body(r.offers), lambda p: pick(p, metric=x.lowest_first), C.METRIC_WRONG, 8130, SCORE),
)  # fmt: skip

ROW_HEALTHY: tuple[Healthy, ...] = (
    Healthy("bearings that knock", body(y.bearings), 8141),
    Healthy("headlines in rows of sixty", body(y.headlines), 8142),
    Healthy("ferries of twelve trips", body(y.ferries), 8143),
    Healthy("hires by counts", body(r.hires), 8144),
    Healthy("wines of ten vineyards", body(r.wines), 8145),
    Healthy("offers, one of four", body(r.offers), 8146),
    Healthy("tastes of fifty readers", body(r.tastes), 8147),
    Healthy("orchards by SGD", body(r.orchards), 8148),
    Healthy("demands by RAdam", _with(tellings.demands, optim.RAdam, 1e-2), 8149),
    Healthy("lifetimes by RMSprop", _with(ledgers.lifetimes, optim.RMSprop, 3e-3), 8140),
)  # fmt: skip

TWELFTH_STRANGERS: tuple[Healthy, ...] = (
    Healthy("skorch: MLPModule", body(mlp), 8151),
    Healthy("transformers: BERT of two layers", body(bert), 8152),
    Healthy("monai: UNet", body(unet), 8153),
)

TWELFTH_STRANGER_FAULTS: tuple[Fault, ...] = (
    Fault("skorch: asked whether a class of 0 or 1 is above 1", body(mlp), lambda p: on_target(p, x.passed_by_none), C.TARGET_CONSTANT, 8154, DATA),
    Fault("transformers: all words unknown to the vocabulary", body(bert), lambda p: on_input(p, x.unknown_words, "input_ids"), C.DEAD_INPUT, 8155, DATA),
    Fault("monai: NaN outside of the body", body(unet), lambda p: on_input(p, x.no_body), C.NOT_FINITE_DATA, 8156, DATA),
)  # fmt: skip
