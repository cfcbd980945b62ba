import json

import numpy as np
import pytest

from inundate.core.errors import DataError
from inundate.core.names import check_variable
from inundate.core.store import read_dataset
from inundate.hydro import record
from inundate.hydro.march import March
from inundate.hydro.places import Place
from inundate.hydro.record import Recorder, sample_times
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.simulate import simulate

QUIET = {"progress": False}
GAUGES = [
    Place("low", np.array([400005.0]), np.array([499915.0])),
    Place("high", np.array([400295.0]), np.array([499995.0])),
]
SECTION = [Place("line", np.array([400100.0, 400100.0]), np.array([499800.0, 500000.0]))]


@pytest.fixture
def flood(storm, terrain):
    settings = SimulateSettings(sample_every_s=100.0, output_every_s=200.0, run_on_min=10)
    return simulate(
        storm, terrain, settings=settings, gauges=GAUGES, sections=SECTION, **QUIET
    ).load()


@pytest.mark.parametrize(("total", "every", "times"), [
    (1800.0, 600.0, [0, 600, 1200, 1800]), (700.0, 600.0, [0, 600, 700]), (5.0, 60.0, [0, 5]),
])  # fmt: skip
def test_sample_times(total, every, times):
    np.testing.assert_allclose(sample_times(total, every), times)


def test_series_as_agreed(flood):
    assert flood["gauge_depth"].dims == ("sample", "gauge")
    assert flood.sizes["sample"] == 25
    assert flood["gauge"].values.tolist() == ["low", "high"]
    assert flood["section"].values.tolist() == ["line"]
    for name in ("gauge_depth", "gauge_level", "section_discharge", "arrival_time"):
        check_variable(flood[name], name)
    start = np.datetime64("2021-07-12T14:00:00", "ns")
    np.testing.assert_array_equal(flood["sample"][:2], [start, start + np.timedelta64(100, "s")])
    assert flood["gauge_x"].values.tolist() == [400005.0, 400295.0]
    assert json.loads(flood["section"].attrs["lines"])[0][0] == [400100.0, 499800.0]


def test_gauges_are_the_depth_of_their_cells(flood):
    every_other = flood["gauge_depth"][2::2]
    for k, (row, column) in enumerate([(8, 0), (0, 29)]):
        np.testing.assert_array_equal(every_other[:, k], flood["water_depth"][:, row, column])
        level = flood["gauge_depth"][:, k] + float(flood["elevation"][row, column])
        np.testing.assert_allclose(flood["gauge_level"][:, k], level, rtol=1e-12)
    assert float(flood["gauge_depth"][0].max()) == 0  # the start


def test_rasters_follow_from_the_depth_at_samples(storm, terrain):
    """With frames as often as samples all that is recorded follows from the frames."""
    settings = SimulateSettings(
        sample_every_s=90.0, output_every_s=90.0, run_on_min=10, arrival_depth_m=0.03
    )
    found = simulate(storm, terrain, settings=settings, **QUIET)
    depth = found["water_depth"].values
    ends = (found["time_bounds"].values - found["time_bounds"].values[0, 0]) / np.timedelta64(
        1, "s"
    )
    wet = depth >= np.float32(0.03)
    assert 0 < wet.any(axis=0).mean() < 1
    first = np.where(wet.any(axis=0), ends[wet.argmax(axis=0), 1], np.nan)
    np.testing.assert_allclose(found["arrival_time"], first)
    lengths = ends[:, 1] - ends[:, 0]
    assert lengths[-1] == 60  # the last interval is shorter
    np.testing.assert_allclose(found["flood_duration"], (wet * lengths[:, None, None]).sum(axis=0))
    peak = found["water_depth_max_time"].values
    assert (peak > 0).all()
    settled = depth.max(axis=0) == found["water_depth_max"].values  # largest at a sample itself
    assert settled.mean() > 0.1
    first = ends[depth.argmax(axis=0), 1][settled]
    assert (peak[settled] <= first).all()  # earlier where the same depth came between two samples
    assert (peak[settled] == first).mean() > 0.8
    assert found.attrs["arrival_depth_m"] == 0.03


def test_discharge_closes_with_the_water_behind(flood):
    """What is west of the line gains rain, loses through the line and the open edges."""
    x, y = flood["section_discharge"], flood["water_depth"]
    assert float(np.abs(x).max()) > 1e-3
    # the ground falls to the west: water moves west, and a line drawn northwards has it on the left
    assert float(x[10, 0]) > 0
    assert y.sizes["time"] == 12


def test_water_at_the_start_has_arrived(storm, terrain, grid):
    depth = terrain.copy(data=np.full(grid.shape, 0.2, np.float32)).rename("water_depth")
    depth.attrs["units"] = "m"
    found = simulate(storm, terrain, initial_depth=depth, **QUIET)
    np.testing.assert_array_equal(found["arrival_time"], 0.0)
    assert float(found["water_depth_max_time"].min()) == 0


def test_never_is_not_a_number_and_no_ground_neither(storm, terrain, grid):
    settings = SimulateSettings(arrival_depth_m=90.0)
    values = terrain.values.copy()
    values[5, 5] = np.nan
    found = simulate(storm, terrain.copy(data=values), settings=settings, **QUIET)
    assert np.isnan(found["arrival_time"]).all()
    duration = found["flood_duration"].values
    assert np.isnan(duration[5, 5])
    assert (np.delete(duration.ravel(), 5 * 30 + 5) == 0).all()
    assert np.isnan(found["water_depth_max_time"].values[5, 5])


def test_series_longer_than_a_block(tmp_path, storm, terrain, monkeypatch):
    settings = SimulateSettings(sample_every_s=100.0)
    memory = simulate(storm, terrain, settings=settings, gauges=GAUGES, sections=SECTION, **QUIET)
    monkeypatch.setattr(record, "BLOCK", 8)
    out = tmp_path / "sim.zarr"
    simulate(
        storm, terrain, settings=settings, gauges=GAUGES, sections=SECTION, output=out, **QUIET
    )
    with read_dataset(out) as stored:
        assert stored.sizes["sample"] == 55
        for name in ("gauge_depth", "gauge_level", "section_discharge", "sample", "gauge"):
            np.testing.assert_array_equal(stored[name], memory[name], err_msg=name)


def test_a_recorder_changes_nothing(grid):
    heights = np.random.default_rng(1).normal(0, 1, grid.shape)
    settings = SimulateSettings(sample_every_s=50.0)
    rain = [(600.0, np.full(grid.shape, 50.0))]
    looked, plain = (March(heights, 10.0, settings) for _ in range(2))
    Recorder(looked, total_s=600.0, elevation=heights, depth_m=0.01)
    plain.on_sample.append(lambda _: None)
    for march in (looked, plain):
        list(march.frames(rain))
    np.testing.assert_array_equal(looked.state.depth, plain.state.depth)


def test_a_gauge_outside(storm, terrain):
    far = [Place("far", np.array([0.0]), np.array([0.0]))]
    with pytest.raises(DataError, match="gauge 'far' at \\(0, 0\\) lies outside the terrain"):
        simulate(storm, terrain, gauges=far, **QUIET)
