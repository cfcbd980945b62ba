"""Running the suite: what it chooses, what it does with faults, what it gives back."""

import json

import numpy as np
import pytest

from inundate.core.errors import ConfigError, StabilityError
from inundate.hydro.inertial import InertialKernel
from inundate.hydro.suite.catalogue import CASES, choose
from inundate.hydro.suite.run import run_suite
from inundate.hydro.suite.setup import Setup
from inundate.hydro.suite.table import bounds_table, cases_table

# what the default tests leave to the slow ones: seconds each
LONG = {
    "inertial": {"ea-plain"},
    "full": {
        "ea-plain", "ea-hollows", "threads", "budget", "step-size", "precision", "turns", "datum",
        "valley", "lake-edges",
    },
}  # fmt: skip


def runs(equations):
    """Every case as a parameter of a test."""
    return [
        pytest.param(name, marks=[pytest.mark.slow] if name in LONG[equations] else [])
        for name, case in CASES.items()
        if equations in case.equations
    ]


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("name", runs("inertial"))
def test_the_inertial_solver_meets_every_bound(name, precision):
    found = run_suite([name], precision=precision, quick=True, progress=False)
    assert found.failures == []
    assert found.bounded >= 1


@pytest.mark.parametrize("name", runs("full"))
def test_the_full_solver_meets_every_bound(name):
    found = run_suite([name], equations="full", precision="float64", quick=True, progress=False)
    assert found.failures == []


@pytest.mark.slow
@pytest.mark.parametrize("equations", ["inertial", "full"])
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_the_long_suite_fails_only_where_it_says_why(equations, precision):
    found = run_suite(equations=equations, precision=precision, progress=False)
    assert {row.case for row in found.failures} <= {"front"}
    assert all(row.note for row in found.failures)
    for name in found.seconds:
        quick = run_suite(
            [name], equations=equations, precision=precision, quick=True, progress=False
        )
        reached = {row.measure for row in [*found.rows, *quick.rows] if row.case == name}
        wanted = [
            measure.name
            for measure in CASES[name].measures
            if any(limit is not None for limit in measure.limits(equations, precision))
        ]
        assert set(wanted) <= reached, name


def test_cases_are_chosen_by_name():
    assert [case.name for case in choose(("seiche", "lake", "seiche"), "inertial")] == [
        "seiche", "lake",
    ]  # fmt: skip
    names = [case.name for case in choose(None, "inertial")]
    assert "bowl" not in names
    assert "front-inertial" not in [case.name for case in choose(None, "full")]


@pytest.mark.parametrize(("name", "message"), [
    ("seich", "no case 'seich'; did you mean 'seiche'"),
    ("qqqqqq", "no case 'qqqqqq'; expected one of lake, lake-edges"),
    ("bowl", "case 'bowl' is for equations 'full', not 'inertial'"),
])  # fmt: skip
def test_wrong_names_are_refused(name, message):
    with pytest.raises(ConfigError, match=message):
        run_suite([name], progress=False)


def test_the_result_is_json():
    found = run_suite(["front", "lake"], precision="float64", quick=True, progress=False)
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["met"] == told["bounded"] == sum(row["met"] is not None for row in told["rows"])
    assert told["convergence"]["front"][0]["sizes"] == [100, 50, 25]
    assert set(told["seconds"]) == {"front", "lake"}
    assert found.value("lake", "depth moved") <= 1e-12
    with pytest.raises(StopIteration):
        found.value("lake", "temperature")


def test_a_quick_run_leaves_the_finest_cells_out():
    quick = run_suite(["seiche"], quick=True, progress=False).tables["seiche"][0]
    whole = run_suite(["seiche"], progress=False).tables["seiche"][0]
    assert quick.sizes == whole.sizes[:-1]


class Breaks(InertialKernel):
    def advance(self, *arguments):
        raise StabilityError("it broke", cause="solver_breakdown")


class Absurd(InertialKernel):
    def advance(self, state, *rest):
        report = super().advance(state, *rest)
        state.depth[...] = np.nan
        return report


def test_a_breakdown_is_a_row_not_met():
    found = run_suite(["lake", "seiche"], kernel=Breaks(), progress=False)
    assert [(row.case, row.measure) for row in found.failures] == [
        ("lake", "runs to the end"), ("seiche", "runs to the end"),
    ]  # fmt: skip
    assert found.failures[0].note == "it broke"


def test_a_depth_that_is_no_number_meets_nothing():
    found = run_suite(["lake"], kernel=Absurd(), progress=False)
    assert {row.measure for row in found.failures} >= {"depth moved", "volume error, every run"}


def test_a_tank_keeps_account():
    setup = Setup("inertial", "float64")
    tank = setup.tank(np.zeros((3, 4)), 10.0, edges="open")
    left = tank.advance(600.0, every_s=60.0, rain=lambda time: 1e-5 * time / 600)
    budget = tank.march.finish()
    assert budget.rain_m3 == pytest.approx(1e-5 * 300 * 1200)
    assert left == pytest.approx(budget.outflow_m3)
    assert left > 0
    assert abs(budget.error_relative) <= 1e-12
    assert setup.budgets == [budget]


def test_the_page_holds_the_tables_of_the_code(repository):
    page = (repository / "docs" / "check.md").read_text(encoding="utf-8")
    assert cases_table() in page, "paste what inundate.hydro.suite.table gives"
    assert bounds_table() in page, "paste what inundate.hydro.suite.table gives"
