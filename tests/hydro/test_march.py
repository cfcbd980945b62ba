import dataclasses
import json

import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError, StabilityError
from inundate.core.grid import Grid
from inundate.hydro.inertial import InertialKernel
from inundate.hydro.march import March, simulate_arrays
from inundate.hydro.series import Series
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.site import Site
from inundate.hydro.sources import Source
from inundate.hydro.stretches import Boundaries, Stretch


def field(value, shape=(3, 4)):
    return np.full(shape, float(value))


def frames(steps, *, every=600.0, shape=(3, 4)):
    settings = SimulateSettings(edges="closed", output_every_s=every, precision="float64")
    march = March(np.zeros(shape), 10.0, settings)
    return list(march.frames(steps)), march


def test_frames_come_at_their_times_and_at_the_end():
    found, _ = frames([(700.0, field(10)), (800.0, field(0))])
    assert [(frame.start_s, frame.end_s) for frame in found] == [
        (0.0, 600.0), (600.0, 1200.0), (1200.0, 1500.0),
    ]  # fmt: skip


def test_rain_of_a_frame_is_the_mean_over_its_interval():
    found, _ = frames([(700.0, field(12)), (800.0, field(0))])
    assert found[0].rain[0, 0] == pytest.approx(12)
    assert found[1].rain[0, 0] == pytest.approx(2)  # 100 s of 600
    assert found[2].rain[0, 0] == 0


def test_frames_shorter_than_rain_steps():
    found, march = frames([(1800.0, field(36))], every=300.0)
    assert len(found) == 6
    for index, frame in enumerate(found):
        np.testing.assert_allclose(frame.depth, 0.003 * (index + 1), rtol=1e-12)
    assert march.budget.error_relative == pytest.approx(0, abs=1e-14)


def test_frames_are_copies():
    found, march = frames([(1200.0, field(36))])
    assert found[0].depth[0, 0] == pytest.approx(0.006)
    assert not np.shares_memory(found[-1].depth, march.state.depth)


def test_odd_steps_do_not_drift():
    found, _ = frames([(0.1, field(5))] * 6000)
    assert [frame.end_s for frame in found] == [600.0]


def test_missing_ground_is_nan_in_every_map():
    ground = np.zeros((4, 5))
    ground[1, 2] = np.nan
    found = simulate_arrays(ground, np.array([30.0]), rain_step_s=600, cell_size_m=10)
    assert np.isnan(found.depth[:, 1, 2]).all()
    assert np.isnan(found.deepest[1, 2])
    assert np.isfinite(found.depth).sum() == found.depth.size - found.depth.shape[0]


def test_deepest_is_over_every_step_not_every_frame():
    settings = SimulateSettings(edge_slope=0.5, manning=0.02, output_every_s=7200.0)
    found = simulate_arrays(
        np.zeros((4, 4)), np.array([200.0]), rain_step_s=600, cell_size_m=10, settings=settings
    )
    assert (found.deepest > 2 * found.depth[-1]).all()


def test_one_dimensional_rain_falls_everywhere():
    made = {"rain_step_s": 300, "cell_size_m": 10}
    ground = np.arange(12.0).reshape(3, 4)
    one = simulate_arrays(ground, np.array([10.0, 20.0]), **made)
    two = simulate_arrays(ground, np.stack([field(10), field(20)]), **made)
    np.testing.assert_array_equal(one.depth, two.depth)


def test_no_rain_step_and_no_run_on_gives_no_frame():
    found = simulate_arrays(
        field(0), np.zeros(0), rain_step_s=60, cell_size_m=10,
        settings=SimulateSettings(run_on_min=0),
    )  # fmt: skip
    assert found.depth.shape == (0, 3, 4)
    assert found.rain.shape == (0, 3, 4)
    assert found.steps == 0


def refused(**inputs):
    base = {"elevation": field(1), "rain": np.array([10.0]), "rain_step_s": 60, "cell_size_m": 10}
    made = {**base, **inputs}
    elevation, rain = made.pop("elevation"), made.pop("rain")
    with pytest.raises(DataError) as caught:
        simulate_arrays(elevation, rain, **made)
    return str(caught.value)


def test_refusals():
    assert refused(elevation=field(np.nan)) == "simulating: the terrain has no cell with ground"
    assert refused(rain=np.zeros((2, 4, 3))) == (
        "simulating: rain of shape (2, 4, 3), expected (time,) or (time, 3, 4) as the terrain"
    )
    assert refused(rain=np.array([1.0, -5.0])) == (
        "simulating: rain of -5 mm h-1 at row 0, column 0, expected 0 or more"
    )
    assert refused(rain=np.array([np.inf])) == (
        "simulating: rain of inf mm h-1 at row 0, column 0, expected 0 or more"
    )
    assert refused(roughness=np.zeros((2, 2))) == (
        "simulating: roughness of shape (2, 2), expected (3, 4) as the terrain"
    )
    rough = field(0.05)
    rough[1, 2] = 0
    assert refused(roughness=rough) == (
        "simulating: roughness 0 at row 1, column 2, 1 such in all, "
        "expected Manning's n above 0 and at most 1"
    )
    assert refused(initial_depth=np.zeros(5)) == (
        "simulating: initial depth of shape (5,), expected (3, 4) as the terrain"
    )
    depth = field(0)
    depth[2, 0] = -0.25
    assert refused(initial_depth=depth) == (
        "simulating: initial depth -0.25 m at row 2, column 0, 1 such in all, expected 0 to 1000 m"
    )


def test_roughness_unknown_beside_the_ground_does_not_matter():
    ground = field(0)
    ground[0, 0] = np.nan
    rough = np.where(np.isnan(ground), np.nan, 0.05)
    found = simulate_arrays(
        ground, np.array([10.0]), rain_step_s=60, cell_size_m=10, roughness=rough
    )
    assert np.isfinite(found.depth[0, 1, 1])


@pytest.mark.parametrize("grid", [None, Grid("EPSG:27700", 1000, 2000, 10, 10, 4, 3)])
def test_breakdown_names_cell_time_and_last_good_frame(grid):
    class Broken(InertialKernel):
        def advance(self, state, ground, supply, duration_s, scheme):
            report = super().advance(state, ground, supply, duration_s, scheme)
            if state.time_s > 700:
                state.depth[1, 2] = np.nan
                return dataclasses.replace(report, is_stable=False)
            return report

    march = March(field(0), 10.0, SimulateSettings(), grid=grid, kernel=Broken())
    with pytest.raises(StabilityError) as caught:
        list(march.frames([(3600.0, field(10))]))
    place = " (x 1025, y 1985)" if grid else ""
    assert str(caught.value) == (
        f"simulating: water depth nan m at row 1, column 2{place} after 1200.0 s, "
        "expected less than 1000 m; last good frame at 600 s"
    )
    assert caught.value.cause == "solver_breakdown"
    assert caught.value.exit_code == 5


def test_control_returns_during_long_work(monkeypatch):
    seen = []

    def watch(march):
        seen.append(march.state.time_s)

    settings = SimulateSettings(edges="closed", max_step_s=1.0, run_on_min=0)
    whole = March(field(0), 10.0, settings)
    list(whole.frames([(600.0, field(10))]))
    monkeypatch.setattr("inundate.hydro.inertial._WORK", 12 * 50)
    split = March(field(0), 10.0, settings, watch=watch)
    list(split.frames([(600.0, field(10))]))
    assert len(seen) >= 12
    assert seen == sorted(seen)
    assert seen[-1] == 600
    np.testing.assert_allclose(split.state.depth, whole.state.depth, rtol=1e-6)
    assert split.budget.rain_m3 == whole.budget.rain_m3


def busy_march(**changes):
    """Build a march in which everything changes: tide, spring, rain, soil, air, odd clocks."""
    rows, columns = np.mgrid[:8, :12]
    ground = 0.3 * np.sin(rows) + 0.1 * columns
    ground[3, 4] = np.nan
    times = np.array([0.0, 400.0, 1000.0])
    tide = Series(times, np.array([1.0, 1.8, 1.2]), "hold")
    spring = Series(times, np.array([0.0, 0.4, 0.1]), "hold")
    site = Site(
        boundaries=Boundaries((Stretch("sea", "level", "west", (2, 5), level=tide),)),
        sources=(Source("spring", np.array([6]), np.array([9]), spring),),
    )
    made = SimulateSettings(**{
        "infiltration": "green_ampt", "evaporation_mm_h": 3.0, "output_every_s": 250.0,
        "sample_every_s": 90.0, "forcing_every_s": 37.0, **changes,
    })  # fmt: skip
    return March(ground, 10.0, made, site=site)


def busy_rain():
    rng = np.random.default_rng(1)
    return [(step, rng.gamma(1.0, 40.0, (8, 12))) for step in (300.0, 17.5, 600.0, 200.0)]


@pytest.mark.parametrize("equations", ["inertial", "full"])
@pytest.mark.parametrize("at", [0, 3, 7, 11])
def test_a_restored_march_goes_on_bit_by_bit(equations, at):
    whole, kept, ends = busy_march(equations=equations), [], []

    def keep(march):
        kept.append(march.snapshot())

    whole.on_sample.append(keep)
    frames = list(whole.frames(busy_rain()))
    ends = [frame.end_s for frame in frames]
    assert ends == [250.0, 500.0, 750.0, 1000.0, 1117.5]
    again = busy_march(equations=equations)
    again.on_sample.append(lambda march: None)
    arrays, numbers = kept[at]
    again.restore(arrays, json.loads(json.dumps(numbers)))
    rest = list(again.frames(busy_rain()))
    assert [frame.end_s for frame in rest] == ends[len(ends) - len(rest) :]
    for one, two in zip(frames[-len(rest) :], rest, strict=True):
        np.testing.assert_array_equal(one.depth, two.depth)
        np.testing.assert_array_equal(one.rain, two.rain)
        assert one.steps == two.steps
    for name, values in whole.state.arrays().items():
        np.testing.assert_array_equal(values, again.state.arrays()[name], err_msg=name)
    assert again.budget == whole.budget
    assert again.budget.source_m3 > 0


def test_snapshots_do_not_change_the_answer():
    plain, watched = busy_march(), busy_march()
    plain.on_sample.append(lambda march: None)
    watched.on_sample.append(lambda march: march.snapshot())
    for one, two in zip(plain.frames(busy_rain()), watched.frames(busy_rain()), strict=True):
        np.testing.assert_array_equal(one.depth, two.depth)
        np.testing.assert_array_equal(one.rain, two.rain)


def test_snapshot_of_another_simulation_is_refused():
    arrays, numbers = busy_march().snapshot()
    with pytest.raises(DataError, match="depth is float32"):
        busy_march(precision="float64").restore(arrays, numbers)
    del arrays["carry"]
    with pytest.raises(DataError, match="carry is nothing, expected float32"):
        busy_march().restore(arrays, numbers)


def test_steady_forcing_cuts_no_time():
    class Counting(InertialKernel):
        calls = 0

        def advance(self, *arguments):
            self.calls += 1
            return super().advance(*arguments)

    def calls(flow):
        site = Site(sources=(Source("s", np.array([1]), np.array([1]), flow),))
        march = March(field(0), 10.0, SimulateSettings(), kernel=Counting(), site=site)
        list(march.frames([(600.0, field(0))]))
        return march.kernel.calls

    assert calls(Series.constant(0.1)) == 1
    assert calls(Series(np.array([0.0, 600.0]), np.array([0.1, 0.1]))) == 1
    assert calls(Series(np.array([0.0, 600.0]), np.array([0.1, 0.2]))) == 10


def test_depth_limit_follows_the_relief():
    ground = field(0)
    ground[1, 1] = -1500.0
    water = np.zeros((3, 4))
    water[1, 1] = 1500.0  # a pit filled to its brim is no breakdown
    settings = SimulateSettings(edges="closed", run_on_min=0)
    march = March(ground, 10.0, settings, initial_depth=water)
    list(march.frames([(5.0, field(500))]))
    assert march.state.depth[1, 1] == pytest.approx(1500.0, abs=0.1)
    with pytest.raises(DataError, match="initial depth 1500 m .* expected 0 to 1000 m"):
        March(field(0), 10.0, settings, initial_depth=water)


def test_absurd_depth_stops_the_march():
    # a torrent into one square metre between walls: 1000 m after some 8 minutes
    site = Site(sources=(Source("torrent", np.array([0]), np.array([0]), Series.constant(2.0)),))
    settings = SimulateSettings(edges="closed", output_every_s=60.0, precision="float64")
    march = March(np.zeros((1, 1)), 1.0, settings, site=site)
    with pytest.raises(StabilityError) as caught:
        list(march.frames([(3600.0, np.zeros((1, 1)))]))
    assert str(caught.value) == (
        "simulating: water depth 1080 m at row 0, column 0 after 540.0 s, "
        "expected less than 1000 m; last good frame at 480 s"
    )


def test_a_breakdown_of_the_flow_names_the_deepest_water():
    class Broken(InertialKernel):
        def advance(self, *arguments):
            return dataclasses.replace(super().advance(*arguments), is_stable=False)

    depth = field(0)
    depth[2, 3] = 0.5
    march = March(field(0), 10.0, SimulateSettings(), initial_depth=depth, kernel=Broken())
    with pytest.raises(StabilityError, match=r"at row 2, column 3 after .* last good frame at 0 s"):
        list(march.frames([(0.01, field(0))]))


def test_one_call_of_the_kernel_has_all_that_drives_it():
    march = busy_march()
    report = march.step(np.zeros((8, 12)), 20.0)
    assert report.seconds == march.state.time_s == 20.0
    assert report.inflow_m3 > 0  # the sea is higher than the dry ground
    assert march.budget.supply_m3 == 0
    assert march.supply(np.zeros((8, 12))).evaporation == pytest.approx(3 / 3.6e6)


def test_equations_that_a_backend_does_not_solve():
    with pytest.raises(ConfigError) as caught:
        March(field(0), 10.0, SimulateSettings(equations="full", backend="torch"))
    assert str(caught.value).startswith(
        "simulating: equations 'full' on backend 'torch', expected one of 'inertial' on 'numba', "
    )
