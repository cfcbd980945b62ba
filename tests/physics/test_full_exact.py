"""The full equations against exact solutions: dam breaks, bowl, channels, film, order."""

from itertools import pairwise

import numpy as np
import pytest

from inundate.hydro import analytic
from inundate.hydro.march import March, simulate_arrays
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.timestep import GRAVITY

MM_H = 1 / 3.6e6
SMOOTH = 1e-9  # Manning's n of water without friction


def march(ground, cell, **settings):
    depth = settings.pop("depth", None)
    chosen = {"equations": "full", "edges": "closed", "precision": "float64", "max_step_s": 60}
    return March(ground, cell, SimulateSettings(**{**chosen, **settings}), initial_depth=depth)


def run(found, seconds, source=None):
    source = np.zeros(found.ground.valid.shape) if source is None else source
    source = source.astype(found.state.depth.dtype)
    while found.state.time_s < seconds - 1e-9:
        assert found.step(source, seconds - found.state.time_s).is_stable
    return found.state


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.mark.parametrize("along", ["x", "y"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("ahead", [0.0, 0.5])
def test_dam_break(ahead, precision, along):
    # 400 cells of 5 m, 60 s
    x = np.arange(400) * 5.0 - 997.5
    depth = np.where(x < 0, 2.0, ahead)[None]
    if along == "y":
        depth = depth.T
    found = march(
        np.zeros(depth.shape), 5.0, depth=depth, manning=SMOOTH, depth_min_m=1e-6,
        precision=precision,
    )  # fmt: skip
    state = run(found, 60.0)
    exact = (
        analytic.wet_dam_break(x, 60.0, depth=2.0, ahead=ahead)
        if ahead
        else analytic.dry_dam_break(x, 60.0, depth=2.0)
    )
    near = np.abs(x) < 500
    error = np.abs(state.depth.ravel() - exact)[near].sum() / exact[near].sum()
    assert error <= 0.005
    assert state.depth.sum(dtype=float) == pytest.approx(depth.sum(), rel=1e-6)


@pytest.mark.parametrize(("count", "within"), [(50, 0.06), (100, 0.02)])
def test_water_swings_in_a_round_bowl(count, within):
    cell = 4.0 / count
    places = (np.arange(count) + 0.5) * cell - 2
    x, y = np.meshgrid(places, places)
    bowl = {"depth": 0.1, "radius": 1.0}
    start = analytic.bowl_depth(x, y, 0.0, **bowl, start=0.8)
    found = march(
        analytic.bowl_bed(x, y, **bowl), cell, depth=start, manning=SMOOTH, depth_min_m=1e-6
    )
    period = analytic.bowl_period(**bowl)
    for share in (0.5, 1.0):  # at the widest, and back at the start: the period is right
        exact = analytic.bowl_depth(x, y, share * period, **bowl, start=0.8)
        state = run(found, share * period)
        assert np.abs(state.depth - exact).sum() <= within * exact.sum()


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_water_circles_in_a_round_bowl(precision):
    # Thacker (1981), doi:10.1017/S0022112081001882: the surface stays plane and goes round;
    # Delestre et al. (2013), doi:10.1002/fld.3741, section 4.2.2
    count, depth, radius, offset = 100, 0.1, 1.0, 0.5
    cell = 4.0 / count
    places = (np.arange(count) + 0.5) * cell - 2
    x, y = np.meshgrid(places, places)
    bed = analytic.bowl_bed(x, y, depth=depth, radius=radius)
    rate = np.sqrt(2 * GRAVITY * depth) / radius

    def exact(time):
        across = x * np.cos(rate * time) + y * np.sin(rate * time)
        return np.maximum(offset * depth / radius**2 * (2 * across - offset) - bed, 0.0)

    found = march(
        bed, cell, depth=exact(0.0), manning=SMOOTH, depth_min_m=1e-6, precision=precision
    )
    found.state.momentum_y[:] = exact(0.0) * offset * rate
    for share in (0.25, 1.0):
        wanted = exact(share * 2 * np.pi / rate)
        state = run(found, share * 2 * np.pi / rate)
        assert np.abs(state.depth - wanted).sum() <= 0.012 * wanted.sum()
        assert state.depth.min() >= 0


def channel(count, length, bed, start, level, flow, manning, seconds):
    cell = length / count
    found = march(
        bed[None], cell, edge_east="level", edge_level_m=level, manning=manning, depth=start[None]
    )
    source = np.zeros((1, count))
    source[0, 0] = flow / cell
    return run(found, seconds, source)


@pytest.mark.parametrize(("count", "within_m"), [(100, 0.001), (200, 0.0005)])
def test_subcritical_channel(count, within_m):
    cell, flow, manning = 1000.0 / count, 2.0, 0.033
    places = np.arange(2 * count + 1) * cell / 2
    bed = analytic.macdonald_bed(places, flow=flow, manning=manning, advection=True)[1::2]
    exact = analytic.macdonald_depth(places[1::2])
    level = analytic.macdonald_depth(1000.0 + cell / 2) + 2 * bed[-1] - bed[-2]
    state = channel(count, 1000.0, bed, exact, float(level), flow, manning, 2 * 3600.0)
    assert np.abs(state.flow_x[0, 1:count] / flow - 1).max() <= 1e-9
    inner = slice(count // 20, -3)  # the inflow has no momentum: it gets it in the first cells
    assert np.abs(state.depth[0] - exact)[inner].mean() <= within_m


def bump(x, flow, outlet):
    """Depth over a bump with a jump behind it: Delestre et al. (2013), section 3.1.5."""
    bed = np.maximum(0.2 - 0.05 * (x - 10) ** 2, 0.0)
    critical = (flow**2 / GRAVITY) ** (1 / 3)

    def from_head(head, ground, is_slow):
        # of h^3 + (ground - head) h^2 + q^2 / 2g = 0 the larger or the smaller positive root
        roots = np.roots([1.0, ground - head, 0.0, flow**2 / (2 * GRAVITY)])
        real = np.sort(roots.real[(np.abs(roots.imag) < 1e-6) & (roots.real > 0)])
        return real[-1] if is_slow else real[0]

    upstream, downstream = 1.5 * critical + 0.2, outlet + flow**2 / (2 * GRAVITY * outlet**2)
    fast = np.array([from_head(upstream + 1e-12, z, place < 10) for place, z in zip(x, bed)])  # noqa: B905
    slow = np.array([
        from_head(downstream, z, True) if downstream > z + 1.5 * critical else np.nan for z in bed
    ])  # fmt: skip
    force = flow**2 / fast + GRAVITY / 2 * fast**2 - (flow**2 / slow + GRAVITY / 2 * slow**2)
    behind = (x > 10) & (force < 0)
    return bed, np.where(behind | (x > 14), slow, fast)


def test_flow_over_a_bump_with_a_jump():
    count, flow, outlet = 250, 0.18, 0.33
    x = (np.arange(count) + 0.5) * 0.1
    bed, exact = bump(x, flow, outlet)
    start = np.maximum(outlet - bed, 0.01)
    state = channel(count, 25.0, bed, start, outlet, flow, SMOOTH, 400.0)
    inner = slice(20, -3)
    assert np.abs(state.depth[0] - exact)[inner].sum() <= 0.01 * exact[inner].sum()
    froude = state.flow_x[0, 1:-1] / np.sqrt(GRAVITY * state.depth[0, 1:] ** 3)
    assert froude.max() > 1.7  # there is a fast reach
    jump = x[1:][np.diff(state.depth[0]) > 0.02]
    wanted = x[1:][np.diff(exact) > 0.05]
    assert np.abs(jump - wanted.mean()).max() <= 0.3


@pytest.mark.parametrize(("slope", "cell"), [(0.005, 10.0), (0.05, 10.0), (0.22, 90.0)])
def test_film_on_a_plane(slope, cell):
    # the inertial equations, capped at the critical speed, are 60 % too deep on the steepest
    count = 30
    ground = np.tile(slope * cell * np.arange(count)[::-1], (3, 1))
    settings = SimulateSettings(
        equations="full", edges="closed", edge_east="open", run_on_min=0, max_step_s=60
    )
    found = simulate_arrays(
        ground, np.full(12, 30.0), rain_step_s=600, cell_size_m=cell, settings=settings
    )
    middles = (np.arange(count) + 0.5) * cell
    film = analytic.film_depth(middles, rain=30 * MM_H, slope=slope, manning=0.035)
    assert rms((found.depth[-1, 1] / film - 1)[3:]) <= 0.01
    assert abs(found.budget["error_relative"]) <= 5e-6


@pytest.mark.parametrize("fall", [0.05, 0.2])
def test_thin_water_runs_down_uneven_ground(fall):
    # always downhill, never evenly: sills at faces would hold the water back
    cell, count = 10.0, 60
    drops = fall * cell * np.random.default_rng(1).uniform(0, 2, count)
    ground = np.cumsum(drops[::-1])[::-1]
    fine = np.interp((np.arange(count * 5) + 0.5) / 5 - 0.5, np.arange(count), ground)
    held = []
    for heights, size in ((ground, cell), (fine, cell / 5)):
        settings = SimulateSettings(
            equations="full", edges="closed", edge_east="open", run_on_min=0
        )
        found = simulate_arrays(
            np.tile(heights, (3, 1)), np.full(6, 30.0), rain_step_s=600, cell_size_m=size,
            settings=settings,
        )  # fmt: skip
        held.append(found.depth[-1, 1].mean())
    assert held[0] <= 1.25 * held[1]


@pytest.mark.parametrize("along", ["x", "y"])
def test_second_order_in_space(along):
    # a wave over a wavy bed, too early for shocks; each grid against the next finer one
    def wave(count):
        edges = np.linspace(0, 1000, count * 16 + 1)
        x = (edges[1:] + edges[:-1]) / 2
        bed = 0.3 * np.sin(2 * np.pi * x / 500).reshape(count, 16).mean(axis=1)
        level = (2 + 0.2 * np.exp(-(((x - 500) / 60) ** 2))).reshape(count, 16).mean(axis=1)
        turned = (lambda a: a[None]) if along == "x" else (lambda a: a[:, None])
        found = march(turned(bed), 1000 / count, manning=SMOOTH, depth=turned(level - bed))
        state = run(found, 40.0)
        momentum = state.momentum_x if along == "x" else state.momentum_y
        return state.depth.ravel(), momentum.ravel()

    grids = [wave(count) for count in (100, 200, 400, 800)]
    for k in range(2):
        errors = [
            np.abs(one[k] - two[k].reshape(-1, 2).mean(axis=1)).mean()
            for one, two in pairwise(grids)
        ]
        orders = np.log2(np.array(errors[:-1]) / errors[1:])
        assert orders.min() >= 1.7
