"""Measures, bounds, orders of convergence."""

import math

import pytest

from inundate.hydro.suite.case import Case, Finding, Measure, OrderTable, line
from inundate.hydro.suite.run import Row


@pytest.mark.parametrize(("bounds", "equations", "precision", "most"), [
    (None, "full", "float32", None),
    (0.5, "full", "float32", 0.5),
    ({"full": 1.0}, "full", "float32", 1.0),
    ({"full": 1.0}, "inertial", "float32", None),
    ({"float32": 2.0, "full": 1.0}, "full", "float32", 1.0),
    ({"float32": 2.0, "full float32": 3.0, "full": 1.0}, "full", "float32", 3.0),
])  # fmt: skip
def test_the_most_specific_bound_holds(bounds, equations, precision, most):
    assert Measure("error", most=bounds).limits(equations, precision) == (None, most)
    assert Measure("order", least=bounds).limits(equations, precision) == (most, None)


def row(value, least=None, most=None):
    return Row("case", "measure", value, "m", least, most, "", "")


@pytest.mark.parametrize(("found", "met", "bound"), [
    (row(1.0), None, ""),
    (row(1.0, most=1.0), True, "≤ 1"),
    (row(1.1, most=1.0), False, "≤ 1"),
    (row(1.0, least=1.0), True, "≥ 1"),
    (row(0.9, least=1.0), False, "≥ 1"),
    (row(0.0, most=0), True, "0"),
    (row(1.0, most=0), False, "0"),
    (row(math.nan, most=1.0), False, "≤ 1"),
    (row(math.nan, least=1.0), False, "≥ 1"),
    (row(math.nan), None, ""),
    (row(2.0, least=1.0, most=3.0), True, "≥ 1, ≤ 3"),
])  # fmt: skip
def test_bounds_are_met_or_not(found, met, bound):
    assert (found.met, found.bound) == (met, bound)
    assert found.to_dict()["met"] == met


def test_orders():
    table = OrderTable("cells", "m", (4.0, 2.0, 1.0), (0.4, 0.2, 0.05), "m")
    assert table.orders == pytest.approx((1, 2))
    assert table.order == pytest.approx(1.5)
    assert table.rises == 0
    assert OrderTable("cells", "m", (2.0, 1.0), (0.1, 0.2), "m").rises == 1
    exact = OrderTable("cells", "m", (2.0, 1.0), (0.0, 0.0), "m")
    assert exact.order == pytest.approx(0, abs=1e-9)


def test_a_finding_keeps_plots():
    found = Finding()
    found.draw("title", "x", "y", line("exact", [0, 1], [1, 2], reference=True))
    assert found.profiles[0].lines[0].is_reference
    assert found.profiles[0].lines[0].y.tolist() == [1.0, 2.0]


def test_names_of_measures_are_unique():
    from inundate.hydro.suite.catalogue import CASES

    for name, case in CASES.items():
        assert isinstance(case, Case)
        names = [measure.name for measure in case.measures]
        assert len(names) == len(set(names)), name
        assert case.shows.endswith(".")
        assert case.source
