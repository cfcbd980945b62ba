"""The sixth list of faults: each is really put in, and none repeats an earlier one."""

import dataclasses

import pytest

from inundate.cli.doctor_bench.shown import ASPECTS, differences
from inundate.cli.doctor_bench.sixth import SIXTH, SIXTH_HEALTHY, SIXTH_STRANGER_FAULTS
from inundate.prove.cause import Cause

EVERY = (*SIXTH, *SIXTH_STRANGER_FAULTS)
QUICK = [fault for fault in SIXTH if fault.name.partition(":")[0] in ("arrivals", "gauges", "tags")]


def test_the_list_is_large_and_of_many_kinds():
    assert len(SIXTH) >= 50
    assert len({fault.cause for fault in SIXTH}) >= 30
    assert len(SIXTH_HEALTHY) == 20
    assert {fault.shows for fault in EVERY} <= set(ASPECTS)
    assert len({fault.name for fault in EVERY}) == len(EVERY)
    assert len({case.seed for case in (*EVERY, *SIXTH_HEALTHY)}) == len(EVERY) + 20


def test_all_names_of_a_fault_are_right():
    turned = next(fault for fault in SIXTH if fault.name.startswith("segments"))
    assert turned.right == (Cause.AXES_MIXED.value, Cause.TARGETS_MISPAIRED.value)
    assert sum(len(fault.right) > 1 for fault in SIXTH) <= 10


@pytest.mark.parametrize("fault", QUICK, ids=lambda fault: fault.name)
def test_a_fault_is_in(fault, tmp_path):
    assert fault.shows in differences(fault, tmp_path)


def test_nothing_differs_where_nothing_is_broken(tmp_path):
    healthy = dataclasses.replace(QUICK[0], breaks=lambda parts: parts)
    assert differences(healthy, tmp_path) == ()


@pytest.mark.slow
def test_every_fault_is_in(tmp_path):
    missing = [f.name for f in EVERY if f.shows not in differences(f, tmp_path)]
    assert not missing
