"""A test of the tests: a kernel with one term wrong must fail a check.

The kernel's source is run as plain Python, so a mutant costs no compilation.
"""

import dataclasses
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from inundate.hydro import analytic, inertial
from inundate.hydro.march import March
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.state import Losses, Supply

SOURCE = Path(inertial.__file__).read_text(encoding="utf-8")
MM_H = 1 / 3.6e6

MUTANTS = {
    "gravity pulls up": ("- (g_dt_dx * wet)", "+ (g_dt_dx * wet)"),
    "no friction": ("slowed = (drag *", "slowed = (zero * drag *"),
    "friction with h^3": ("(drag * (two_thirds * two_thirds))", "(drag / wet)"),
    "friction not implicit": ("/ (one + (slowed + slowed))", "/ (one + zero * slowed)"),
    "ground ignored": ("((rise + (right - left)) + rest)", "((right - left) + rest)"),
    "rest of depth ignored": ("(right - left)) + rest)", "(right - left)) + zero * rest)"),
    "water climbs": ("max(left - max(rise, zero), right + min(rise, zero))", "max(left, right)"),
    "no Froude cap": ("limit = (cap * wet) * speed", "limit = kind_inf"),
    "weight not tied to the flow": ("share = min(min(way, wave * speed),", "share = max(one,"),
    "outflow not scaled": ("dx_dt / max(out_x + out_y, tiny)", "dx_dt / tiny"),
    "shortage not noticed": ("return short > 0", "return short > 10**9"),
    "row above forgotten": ("counts[scaled] >= start - stride", "short"),
    "factors not moved on": ("factor[k] = factor[k + below]", "factor[k] = one_"),
    "scaled by the receiver": ("if flow_x[k] > zero else", "if flow_x[k] < zero else"),
    "no rain": ("(dt * rain[k] - dt_dx", "(0 * rain[k] - dt_dx"),
    "south for north": ("(flow_y[k + stride] - flow_y[k])", "(flow_y[k] - flow_y[k + stride])"),
    "rest forgotten": ("carry[k] = change - (new - old)", "carry[k] = zero"),
    "open edge ignores slope": ("* normal[f]\n", "* (normal[f] > 0)\n"),
    "edge outflow not scaled": ("leaving *= share", "leaving *= one"),
    "level edge turned round": ("_face(water, outside[f], zero", "_face(outside[f], water, zero"),
    "loss without end": ("taken = min(kind(capacity), new)", "taken = kind(capacity)"),
    "loss not counted": ("soaked[k] += taken", "soaked[k] += 0"),
    "no suction": ("store = (head + new) * deficit", "store = new * deficit"),
    "drains without end": ("taken = min(kind(drain * dt), new)", "taken = kind(drain * dt)"),
    "air takes nothing": ("taken = min(kind(air * dt), new)", "taken = kind(0)"),
    "step too long": ("dt = min(max_step, courant * dx", "dt = min(max_step, 2 * courant * dx"),
    "rim not copied": ("old[rim + width] = old[rim + width - 1]", "old[rim + width] = 9.0"),
}  # fmt: skip


def plain_kernel(old="", new=""):
    """Run the kernel's source, perhaps with one change, without compiling it."""
    assert not old or SOURCE.count(old) == 1, f"{old!r} is not once in the source"
    text = SOURCE.replace(old, new) if old else SOURCE
    text = text.replace("compile_(function)", "function")
    module = ModuleType("plain_inertial")
    module.__dict__.update(kind_inf=np.inf, one_=1.0)
    exec(compile(text, inertial.__file__, "exec"), module.__dict__)
    module._inverse_cube_root = lambda value: value ** type(value)(-1 / 3)
    module._bits_of = module._float_of = lambda value: value
    module._load_of = lambda array, at: array[at]
    module._store_to = lambda array, at, value: array.__setitem__(at, value)
    module._yield_core = lambda: None
    module._pointer_to = lambda array: array
    module._from = lambda array, by: array[by:]
    module._CHUNK, module._BLOCK = 3, 1  # so that small grids are cut up too
    return module.InertialKernel()


def march(kernel, ground, seconds, rain=0.0, depth=None, cell=10.0, **settings):
    settings = SimulateSettings(**{"edges": "closed", "precision": "float64", **settings})
    found = March(np.asarray(ground, float), cell, settings, initial_depth=depth, kernel=kernel)
    field = np.broadcast_to(np.asarray(rain, float), found.ground.valid.shape)
    for _ in found.frames([(seconds, field)]):
        pass
    return found


def rough_ground(shape=(5, 6)):
    return np.random.default_rng(5).uniform(0, 3, shape)


def check_lake(kernel):
    ground = rough_ground()
    depth = np.maximum(2.0 - ground, 0)
    found = march(kernel, ground, 120.0, depth=depth)
    assert np.abs(found.state.depth - depth).max() <= 1e-12


def check_budget(kernel):
    found = march(kernel, 8 * rough_ground(), 600.0, rain=200.0, edges="open", froude_cap=9.0)
    assert abs(found.budget.error_relative) <= 1e-12
    assert found.budget.outflow_m3 > 0
    assert found.state.depth.min() >= 0
    assert found.state.depth.sum() > 0


def check_pond_over_a_drop(kernel):
    depth = np.array([[0.3, 0.3, 0.0, 0.0]])
    found = march(
        kernel, [[9.0, 9.0, 0.0, 0.0]], 100.0, depth=depth, edge_west="open", edge_slope=1.0,
        froude_cap=9.0, manning=0.005, max_step_s=50.0,
    )  # fmt: skip
    assert abs(found.budget.error_m3) <= 1e-12


def check_peak_sheds_all_it_has_and_no_more(kernel):
    for row in (1, 2):
        film = 5e-5  # too thin to flow
        ground, depth = np.zeros((5, 5)), np.full((5, 5), film)
        ground[row, 2], depth[row, 2] = 50.0, 0.3
        found = march(kernel, ground, 3.0, depth=depth, froude_cap=9.0, manning=0.005)
        expected = np.full((5, 5), film)
        expected[[row - 1, row, row, row + 1], [2, 1, 3, 2]] += 0.075
        expected[row, 2] = 0
        assert found.steps == 1
        np.testing.assert_allclose(found.state.depth, expected, atol=1e-12)


def check_film(kernel):
    ground = np.tile(0.02 * np.arange(12.0, 0, -1) * 5, (1, 1))
    found = march(kernel, ground, 1500.0, rain=100.0, cell=5.0, edge_east="open")
    film = analytic.film_depth(np.arange(1, 13) * 5.0, rain=100 * MM_H, slope=0.02, manning=0.035)
    np.testing.assert_allclose(found.state.depth[0, 3:-1], film[3:-1], rtol=0.01)
    last = film[-1]  # the edge carries normal depth on the bed's slope
    assert found.state.depth[0, -1] == pytest.approx(last, rel=0.01)


def check_deep_channel(kernel):
    ground = 0.001 * np.arange(10.0, 0, -1)[None] * 20
    flow = 1.5  # at the exponent 10/3 the depth is (n q / sqrt(S))^(3/5)
    found = March(
        ground, 20.0,
        SimulateSettings(edges="closed", edge_east="open", precision="float64"),
        initial_depth=np.full((1, 10), 1.3), kernel=kernel,
    )  # fmt: skip
    source = np.zeros((1, 10))
    source[0, 0] = flow / 20
    found.step(source, 3000.0)
    depth = (0.035 * flow / np.sqrt(0.001)) ** 0.6
    np.testing.assert_allclose(found.state.depth[0, 2:], depth, rtol=0.01)


def check_turned(kernel):
    ground = rough_ground()
    rain = np.random.default_rng(6).uniform(0, 200, ground.shape)
    one = march(kernel, ground, 300.0, rain=rain)
    two = march(kernel, ground.T, 300.0, rain=rain.T)
    np.testing.assert_array_equal(one.state.depth.T, two.state.depth)


def check_froude(kernel):
    ground = 2.0 * np.arange(8.0, 0, -1)[None]
    found = march(kernel, ground, 200.0, rain=400.0, manning=0.005, edge_east="open")
    depth = found.state.depth[0]
    froude = found.state.flow_x[0, 1:8] / depth[:7] / np.sqrt(9.81 * depth[:7])
    assert 0.9 < froude.max() < 1.1


def check_level_edge(kernel):
    found = march(
        kernel, np.zeros((1, 4)), 1200.0, edge_west="level", edge_level_m=0.5, manning=0.2
    )
    np.testing.assert_allclose(found.state.depth, 0.5, atol=0.02)
    assert found.budget.inflow_m3 > 150


def check_stable(kernel):
    depth = 1.0 + 1e-6 * np.random.default_rng(1).normal(size=(6, 6))
    found = march(kernel, np.zeros((6, 6)), 600.0, depth=depth, manning=1e-4, courant=0.69)
    assert np.abs(found.state.depth - 1).max() < 1e-5


def check_small_rain(kernel):
    found = march(
        kernel, np.zeros((1, 2)), 200.0, rain=11.7, depth=np.full((1, 2), 1.5), cell=2.0,
        max_step_s=0.25, precision="float32",
    )  # fmt: skip
    assert np.abs(found.state.depth - 1.5 - 200 * 11.7 * MM_H).max() <= 2e-7


def check_losses(kernel):
    for kind in ("constant", "green_ampt"):
        found = march(kernel, np.zeros((1, 2)), 600.0, rain=1.0, infiltration=kind)
        assert abs(found.budget.error_relative) <= 1e-12
        assert found.budget.infiltration_m3 > 0
    ponded = march(
        kernel, np.zeros((1, 2)), 600.0, depth=np.full((1, 2), 0.5), infiltration="green_ampt"
    )
    head = 0.1668 + 0.495
    exact = analytic_green_ampt(600.0, head)
    assert ponded.state.soaked[0, 0] == pytest.approx(exact, rel=0.01)


def check_drains_and_air(kernel):
    found = march(kernel, np.zeros((1, 2)), 1.0, depth=np.full((1, 2), 0.5))
    for depth, taken in ((0.5, 0.06), (0.001, 0.001)):
        table = np.array([[0, 0.0, 0.0, 0.0, 1e-4]])
        losses = Losses(np.zeros((1, 2), np.uint8), table)
        for ground, air in (
            (found.ground, 1e-4),
            (dataclasses.replace(found.ground, losses=losses), 0.0),
        ):
            state = kernel.start(np.full((1, 2), depth), ground)
            supply = Supply(np.zeros((1, 2)), air, ground.edges.outside)
            report = kernel.advance(state, ground, supply, 600.0, found.scheme)
            np.testing.assert_allclose(depth - state.depth, taken, rtol=1e-9)
            lost = report.evaporated_m3 if air else report.drained_m3
            assert lost == pytest.approx(taken * 200)


def check_deep_lake(kernel):
    ground = 40.0 * np.random.default_rng(8).uniform(0, 1, (3, 4))
    found = march(kernel, ground, 200.0, depth=44.0 - ground, precision="float32")
    assert np.abs(found.state.depth + ground - 44.0).max() <= 8e-6


def analytic_green_ampt(seconds, head):
    from inundate.hydro.infiltration import green_ampt_depth

    return green_ampt_depth(seconds, 6.5 * MM_H, head, 0.3)


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]


def first_failure(kernel):
    for check in CHECKS:
        try:
            with np.errstate(all="ignore"):
                check(kernel)
        except Exception:  # noqa: BLE001  a mutant may fail in any way
            return check.__name__
    return None


def test_the_kernel_itself_passes_every_check():
    for check in CHECKS:
        check(inertial.InertialKernel())
        check(plain_kernel())


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_caught(name):
    assert first_failure(plain_kernel(*MUTANTS[name])), f"no check noticed: {name}"


@pytest.mark.parametrize("rows", [2, 7])
@pytest.mark.parametrize(
    "edges",
    [
        {"edges": "open"},
        {"edges": "level", "edge_level_m": 1.5},
        {"edges": "open", "edge_west": "level", "edge_level_m": 4.0},
    ],
)
def test_plain_strips_agree_with_the_compiled_sweep(rows, edges):
    ground, plain = rough_ground((rows, 5)), plain_kernel()
    one = march(inertial.InertialKernel(), ground, 60.0, rain=300.0, **edges)
    two = March(ground, 10.0, one.settings, kernel=plain)
    scheme = dataclasses.replace(two.scheme, threads=3)
    supply = two.supply(np.full(ground.shape, 300.0 * MM_H))
    report = plain.advance(two.state, two.ground, supply, 60.0, scheme)
    assert report.steps == one.steps
    np.testing.assert_allclose(one.state.depth, two.state.depth, rtol=1e-9, atol=1e-15)


def test_plain_strips_stop_at_a_breakdown():
    found = March(np.zeros((4, 3)), 10.0, SimulateSettings(), kernel=plain_kernel())
    rain = np.zeros((4, 3), np.float32)
    rain[1, 1] = 1e5
    scheme = dataclasses.replace(found.scheme, threads=2)
    report = found.step(rain, 60.0, scheme)
    assert not report.is_stable
