"""The sixth to the fourteenth list of faults: each fault is really put in."""

import dataclasses
from collections import Counter

import pytest

from inundate.cli.doctor_bench import (
    eighth,
    eleventh,
    fourteenth,
    ninth,
    seventh,
    sixth,
    tenth,
    thirteenth,
    twelfth,
)
from inundate.cli.doctor_bench.shown import ASPECTS, differences
from inundate.emulate.zoo import NETWORKS
from inundate.prove.cause import Cause

OF_SIXTH = (*sixth.SIXTH, *sixth.SIXTH_STRANGER_FAULTS)
OF_SEVENTH = (*seventh.SEVENTH, *seventh.SEVENTH_STRANGER_FAULTS)
OF_EIGHTH = (*eighth.EIGHTH, *eighth.EIGHTH_STRANGER_FAULTS)
OF_NINTH = (*ninth.NINTH, *ninth.NINTH_STRANGER_FAULTS)
OF_TENTH = (*tenth.TENTH, *tenth.TENTH_STRANGER_FAULTS)
OF_ELEVENTH = (*eleventh.ELEVENTH, *eleventh.ELEVENTH_STRANGER_FAULTS)
OF_TWELFTH = (*twelfth.TWELFTH, *twelfth.TWELFTH_STRANGER_FAULTS)
OF_THIRTEENTH = (*thirteenth.THIRTEENTH, *thirteenth.THIRTEENTH_STRANGER_FAULTS)
OF_FOURTEENTH = (*fourteenth.FOURTEENTH, *fourteenth.FOURTEENTH_STRANGER_FAULTS)
EVERY = (*OF_SIXTH, *OF_SEVENTH, *OF_EIGHTH, *OF_NINTH, *OF_TENTH, *OF_ELEVENTH, *OF_TWELFTH)
EVERY = (*EVERY, *OF_THIRTEENTH, *OF_FOURTEENTH)
LISTS = (
    (OF_SIXTH, sixth.SIXTH_HEALTHY),
    (OF_SEVENTH, seventh.SEVENTH_HEALTHY),
    (OF_EIGHTH, eighth.EIGHTH_HEALTHY),
    (OF_NINTH, ninth.NINTH_HEALTHY),
    (OF_TENTH, tenth.TENTH_HEALTHY),
    (OF_ELEVENTH, eleventh.ELEVENTH_HEALTHY),
    (OF_TWELFTH, twelfth.TWELFTH_HEALTHY),
    (OF_THIRTEENTH, thirteenth.THIRTEENTH_HEALTHY),
    (OF_FOURTEENTH, fourteenth.FOURTEENTH_HEALTHY),
)
QUICK = (
    "arrivals",
    "gauges",
    "tags",
    "grades",
    "names",
    "wells",
    "loans",
    "moves",
    "tone",
    "duels",
    "choices",
    "lifetimes",
    "baskets",
    "blends",
    "demands",
    "doses",
    "senses",
    "wines",
    "bearings",
    "soils",
    "callouts",
    "refunds",
    "auctions",
    "boilers",
    "churners",
    "alloys",
    "hotels",
)
SHORT = [fault for fault in EVERY if fault.name.partition(":")[0] in QUICK]


IDS = (
    "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "thirteenth",
    "fourteenth",
)  # fmt: skip


@pytest.mark.parametrize(("faults", "healthy"), LISTS, ids=IDS)
def test_a_list_is_large_and_of_many_kinds(faults, healthy):
    assert len(faults) >= 49
    assert len({fault.cause for fault in faults}) >= 30
    assert len(healthy) == 20
    assert {fault.shows for fault in faults} <= set(ASPECTS)
    assert len({fault.name for fault in faults}) == len(faults)
    assert len({case.seed for case in (*faults, *healthy)}) == len(faults) + 20


def test_the_eighth_list_has_two_parts():
    ordinary, hard = eighth.EIGHTH_ORDINARY, eighth.EIGHTH_HARD
    assert 44 <= len(ordinary) <= 50
    assert 15 <= len(hard) <= 20
    assert max(Counter(fault.cause for fault in ordinary).values()) <= 3


def test_the_ninth_list_has_two_parts_spread_over_kinds_of_models():
    ordinary, hard = ninth.NINTH_ORDINARY, ninth.NINTH_HARD
    assert len(ordinary) == 50
    assert {fault.cause for fault in ordinary} == set(Cause)
    assert 12 <= len(hard) <= 15
    assert max(Counter(fault.cause for fault in ninth.NINTH).values()) <= 3
    emulators = [fault for fault in ordinary if fault.name.partition(":")[0] in NETWORKS]
    assert 14 <= len(emulators) <= 18
    assert sum(fault.name.startswith("mode_e:") for fault in ninth.NINTH) <= 2


def test_the_tenth_list_has_two_parts_spread_over_kinds_of_models():
    ordinary, hard = tenth.TENTH_ORDINARY, tenth.TENTH_HARD
    assert len(ordinary) == 50
    assert {fault.cause for fault in ordinary} == set(Cause)
    assert max(Counter(fault.cause for fault in ordinary).values()) == 2
    assert len(hard) == 12
    assert max(Counter(fault.cause for fault in tenth.TENTH).values()) <= 3
    models = Counter(fault.name.partition(":")[0] for fault in ordinary)
    assert sum(models[name] for name in NETWORKS) == 16
    assert all(models[name] >= 1 for name in NETWORKS)
    assert models["mode_e"] <= 2


def test_no_fault_or_seed_comes_back():
    assert not {f.name for f in OF_SIXTH} & {f.name for f in OF_SEVENTH}
    own = [
        {case.seed for case in cases}
        for cases in (
            (*OF_SIXTH, *sixth.SIXTH_HEALTHY, *sixth.SIXTH_STRANGERS),
            (*OF_SEVENTH, *seventh.SEVENTH_HEALTHY, *seventh.SEVENTH_STRANGERS),
            (*OF_EIGHTH, *eighth.EIGHTH_HEALTHY, *eighth.EIGHTH_STRANGERS),
            (*OF_NINTH, *ninth.NINTH_HEALTHY, *ninth.NINTH_STRANGERS),
            (*OF_TENTH, *tenth.TENTH_HEALTHY, *tenth.TENTH_STRANGERS),
            (*OF_ELEVENTH, *eleventh.ELEVENTH_HEALTHY, *eleventh.ELEVENTH_STRANGERS),
            (*OF_TWELFTH, *twelfth.TWELFTH_HEALTHY, *twelfth.TWELFTH_STRANGERS),
            (*OF_THIRTEENTH, *thirteenth.THIRTEENTH_HEALTHY, *thirteenth.THIRTEENTH_STRANGERS),
            (*OF_FOURTEENTH, *fourteenth.FOURTEENTH_HEALTHY, *fourteenth.FOURTEENTH_STRANGERS),
        )
    ]
    assert sum(map(len, own)) == len(set().union(*own))


def test_all_names_of_a_fault_are_right():
    turned = next(fault for fault in OF_SIXTH if fault.name.startswith("segments"))
    assert turned.right == (Cause.AXES_MIXED.value, Cause.TARGETS_MISPAIRED.value)
    assert sum(len(fault.right) > 1 for fault in OF_SIXTH) <= 10
    assert sum(len(fault.right) > 1 for fault in OF_SEVENTH) <= len(OF_SEVENTH) / 4
    assert sum(len(fault.right) > 1 for fault in OF_EIGHTH) <= len(OF_EIGHTH) / 4
    assert sum(len(fault.right) > 1 for fault in OF_NINTH) <= len(OF_NINTH) / 4
    assert sum(len(fault.right) > 1 for fault in OF_TENTH) <= len(OF_TENTH) / 4
    assert sum(len(fault.right) > 1 for fault in OF_ELEVENTH) <= len(OF_ELEVENTH) / 4
    assert sum(len(fault.right) > 1 for fault in OF_TWELFTH) <= len(OF_TWELFTH) / 4
    assert sum(len(fault.right) > 1 for fault in OF_THIRTEENTH) <= len(OF_THIRTEENTH) / 4
    assert sum(len(fault.right) > 1 for fault in OF_FOURTEENTH) <= len(OF_FOURTEENTH) / 4


@pytest.mark.parametrize("fault", SHORT, ids=lambda fault: fault.name)
def test_a_fault_is_in(fault, tmp_path):
    assert fault.shows in differences(fault, tmp_path)


def test_nothing_differs_where_nothing_is_broken(tmp_path):
    healthy = dataclasses.replace(SHORT[0], breaks=lambda parts: parts)
    assert differences(healthy, tmp_path) == ()


@pytest.mark.slow
def test_every_fault_is_in(tmp_path):
    missing = [f.name for f in EVERY if f.shows not in differences(f, tmp_path)]
    assert not missing
