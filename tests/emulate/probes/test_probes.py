"""Every probe passes the solver and catches the predictors that were broken for it."""

import math

import numpy as np
import pytest

from inundate.emulate.probes.predictors import hybrid_predictor, solver_predictor
from inundate.emulate.probes.suite import PROBES, run_probes
from inundate.emulate.probes.trial import Subject

from .mutants import MUTANTS

PAIRS = [
    pytest.param(probe, mutant, id=f"{probe}-{_name}")
    for probe, mutants in MUTANTS.items()
    for mutant in mutants
    for _name in [getattr(mutant, "__name__", getattr(mutant, "name", type(mutant).__name__))]
]


def ask(probe, predictor, world, cases):
    report = run_probes(predictor, probes=[probe], world=world, cases=cases, progress=False)
    return report.results[0]


def test_every_probe_has_a_mutant():
    assert set(MUTANTS) == set(PROBES)


@pytest.mark.parametrize("probe", PROBES)
def test_the_solver_passes(probe, world, cases):
    predictor = solver_predictor
    if probe == "seams":
        predictor = Subject("solver", solver_predictor, tiled=lambda g, side: solver_predictor(g))
    found = ask(probe, predictor, world, cases)
    assert found.passed is True, found
    assert math.isfinite(found.value)
    assert found.evidence


@pytest.mark.parametrize(("probe", "mutant"), PAIRS)
def test_a_broken_predictor_fails(probe, mutant, world, cases):
    found = ask(probe, mutant, world, cases)
    assert found.passed is False, found


@pytest.mark.parametrize("probe", [name for name in PROBES if name != "seams"])
def test_the_untrained_hybrid_passes(probe, world, cases):
    found = ask(probe, hybrid_predictor(4), world, cases)
    if probe == "more-rain":  # on 64 cells of a valley a larger flood has left the map earlier
        assert found.value <= 0.02, found
        return
    assert found.passed is True, found


@pytest.mark.parametrize("probe", ["turns", "causality", "datum", "dry-down", "within-rain"])
def test_a_predictor_that_is_no_number_fails(probe, world, cases):
    def broken(ground):
        depth = solver_predictor(ground).copy()
        depth[:, 5, 5] = np.nan
        return depth

    assert ask(probe, broken, world, cases[:1]).passed is False


@pytest.mark.slow
@pytest.mark.parametrize("cell_size_m", [2.0, 10.0, 50.0])
def test_the_solver_passes_at_full_size(cell_size_m):
    from inundate.emulate.probes.cases import World

    report = run_probes(solver_predictor, world=World(cell_size_m=cell_size_m), progress=False)
    assert report.failures == []
