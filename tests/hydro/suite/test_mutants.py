"""A test of the suite: a kernel with one thing wrong must not meet its bounds."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from inundate.hydro.suite.run import run_suite

_SPEC = importlib.util.spec_from_file_location("mutants", Path(__file__).with_name("mutants.py"))
mutants = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(mutants)


@pytest.mark.parametrize("name", mutants.MUTANTS)
def test_every_case_named_finds_the_mutant(name):
    kernel, cases = mutants.MUTANTS[name]
    with np.errstate(all="ignore"):
        found = run_suite(cases, precision="float64", quick=True, kernel=kernel, progress=False)
    assert {row.case for row in found.failures} == set(cases)


def test_the_kernel_itself_passes_them():
    cases = sorted({case for _, cases in mutants.MUTANTS.values() for case in cases})
    found = run_suite(
        cases, precision="float64", quick=True, kernel=mutants.Mutant(), progress=False
    )
    assert found.failures == []
