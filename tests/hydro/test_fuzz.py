import dataclasses

import numpy as np
import pytest

from inundate.core.seeds import make_rng
from inundate.hydro.fuzz import CLOSURE, FuzzReport, fuzz, run_case
from inundate.hydro.fuzz_case import make_case
from inundate.hydro.inertial import InertialKernel
from inundate.hydro.site import Site


@pytest.mark.parametrize(("precision", "count", "threads"), [
    ("float64", 120, 1), ("float32", 100, 1), ("float64", 50, 3), ("float32", 30, 2),
])  # fmt: skip
def test_random_floods_hold(precision, count, threads):
    found = fuzz(count, 7 + threads, precision=precision, threads=threads)
    assert found.failures == []
    assert found.stopped == []
    assert found.cases == count
    assert found.worst_error <= CLOSURE[precision]
    assert found.least_depth_m == 0
    assert found.largest_depth_m > 50


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_ten_thousand_random_floods_hold(precision):
    found = fuzz(10_000, 2026, precision=precision, threads=3)
    assert found.failures == []
    assert found.stopped == []


@pytest.mark.slow
def test_random_floods_hold_with_the_full_equations():
    found = fuzz(300, 2026, equations="full")
    assert found.failures == []
    assert found.stopped == []


def case(number=0, **changes):
    made = make_case(make_rng(3, "fuzz", number))
    return dataclasses.replace(made, **changes)


def test_the_same_number_gives_the_same_case():
    one, two = case(5), case(5)
    np.testing.assert_array_equal(one.elevation, two.elevation)
    assert one.settings == two.settings
    assert not np.array_equal(one.elevation, case(6).elevation)


def test_cases_are_of_every_kind():
    cases = [case(number) for number in range(150)]
    shapes = {made.elevation.shape for made in cases}
    assert any(1 in shape for shape in shapes)
    assert any(np.isnan(made.elevation).any() for made in cases)
    for part in ("roughness", "initial_depth", "walls"):
        assert 0.1 < np.mean([getattr(made, part) is not None for made in cases]) < 0.9
    kinds = {
        stretch.kind for made in cases if made.site.boundaries
        for stretch in made.site.boundaries.stretches
    }  # fmt: skip
    assert kinds == {"open", "closed", "level", "inflow"}
    for part in ("sources", "land", "evaporation"):
        assert any(getattr(made.site, part) for made in cases)


def report_of(monkeypatch, spoil):
    """Run cases with a kernel that does something wrong at the end of each call."""
    advance = InertialKernel.advance

    def wrong(self, state, ground, *rest):
        return spoil(state, ground, advance(self, state, ground, *rest))

    monkeypatch.setattr(InertialKernel, "advance", wrong)
    report = FuzzReport()
    for number in range(6):
        run_case(case(number), report, number)
    return report


def faults(report):
    return "\n".join(report.failures)


def test_lost_water_is_found(monkeypatch):
    def spoil(state, ground, report):
        state.depth *= 1 - 1e-10
        return report

    assert "of the supply off, limit 1e-12" in faults(report_of(monkeypatch, spoil))


def test_negative_depth_is_found(monkeypatch):
    def spoil(state, ground, report):
        state.depth[ground.valid] -= 1e-3
        return report

    assert "depth -0.001 m at" in faults(report_of(monkeypatch, spoil))


def test_missing_depth_is_found(monkeypatch):
    advance = InertialKernel.advance

    def spoiled(self, state, ground, *rest):
        report = advance(self, state, ground, *rest)
        state.depth[ground.valid] = np.nan  # in the only call: the next would find it
        return report

    monkeypatch.setattr(InertialKernel, "advance", spoiled)
    plain = case(0)
    settings = plain.settings.model_copy(update={"output_every_s": 1e9, "forcing_every_s": 60.0})
    report = FuzzReport()
    run_case(
        dataclasses.replace(plain, rain=plain.rain[:1], settings=settings, site=Site()), report
    )
    assert "depth unknown on ground" in faults(report)
    assert "depth is not finite" in faults(report)


def test_water_hidden_in_the_carry_is_found(monkeypatch):
    def spoil(state, ground, report):
        state.carry[0, 0] = 1.0
        return report

    assert "that rounding does not explain" in faults(report_of(monkeypatch, spoil))


def test_chance_is_found(monkeypatch):
    rng = np.random.default_rng()

    def spoil(state, ground, report):
        state.flow_x[:, 1:-1] += rng.random() * 1e-12
        return report

    assert "a second run differs in" in faults(report_of(monkeypatch, spoil))


def test_a_breakdown_is_told_apart(monkeypatch):
    def spoil(state, ground, report):
        return dataclasses.replace(report, is_stable=False)

    found = report_of(monkeypatch, spoil)
    assert len(found.stopped) == 6
    assert found.failures == []
    assert found.stopped[2].startswith("case 2: simulating: water depth")
