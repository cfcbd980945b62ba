"""The Merewether flood: what its reader gives, and the levels of both kinds of equations."""

import numpy as np
import pytest

from inundate.core.errors import DataError, MissingFileError
from inundate.hydro.cases.merewether import PUBLISHED_RMSE_M, merewether_case, run_merewether
from inundate.hydro.settings import SimulateSettings


@pytest.fixture(scope="module")
def case(shared_data):
    return merewether_case(shared_data / "floods" / "merewether-2007")


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


def test_ground_houses_and_road(case):
    assert case.elevation.shape == (416, 321)
    assert np.isnan(case.elevation).sum() == 73
    ground = np.where(case.houses, case.elevation - 3, case.elevation)
    assert 16.4 < np.nanmin(ground) < np.nanmax(ground) < 52.1
    assert 0.04 < case.houses.mean() < 0.05
    # a corner of house 000 at its own coordinates: inside to its east, outside to its west
    row = int((case.grid.top - 6354410.0) / case.grid.dy)
    column = int((382432.0 - case.grid.left) / case.grid.dx)
    assert case.houses[row, column]
    assert not case.houses[row, column - 6]
    assert set(np.unique(case.roughness)) == {0.02, 0.04}
    assert (case.roughness == 0.02).sum() == case.road.sum() > 9000


def test_inflow_and_gauges(case):
    assert abs(case.source.rows.size - np.pi * 100) < 8
    assert case.source.flow.at(500.0) == 19.7
    assert [gauge.name for gauge in case.gauges] == ["0", "1", "2", "3", "4"]
    np.testing.assert_array_equal(case.observed_m, [19.98, 18.38, 23.36, 23.14, 23.01])
    assert rms(case.tuflow_m - case.observed_m) == pytest.approx(0.148, abs=1e-3)


def test_level_is_that_of_the_nearest_wet_cell(case):
    depth = np.zeros(case.grid.shape)
    gauge = case.gauges[1]
    row = int((case.grid.top - gauge.y) / case.grid.dy)
    column = int((gauge.x - case.grid.left) / case.grid.dx)
    depth[row, column + 2], depth[row, column + 9] = 0.5, 0.9
    expected = case.elevation[row, column + 2] + 0.5
    assert case.levels(depth)[1] == pytest.approx(expected)


def test_missing_and_damaged_files_are_named(tmp_path, shared_data):
    with pytest.raises(MissingFileError, match=r"topography1\.zip"):
        merewether_case(tmp_path)
    folder = shared_data / "floods" / "merewether-2007"
    (tmp_path / "topography1.zip").write_bytes((folder / "topography1.zip").read_bytes())
    (tmp_path / "houses").mkdir()
    with pytest.raises(DataError, match="expected outlines of houses"):
        merewether_case(tmp_path)
    (tmp_path / "houses" / "house000.csv").write_text("1,2\n3,x\n")
    with pytest.raises(DataError, match=r"house000\.csv"):
        merewether_case(tmp_path)


@pytest.mark.parametrize("equations", ["inertial", pytest.param("full", marks=pytest.mark.slow)])
def test_levels_are_within_the_spread_of_published_models(case, equations):
    march = run_merewether(case, SimulateSettings(equations=equations))
    levels = case.levels(march.state.depth.astype(float))
    assert rms(levels - case.observed_m) <= PUBLISHED_RMSE_M["TUFLOW 2 m"]
    assert rms(levels - case.tuflow_m) <= 0.06
    assert abs(march.budget.error_relative) <= 5e-6
    before = march.budget.outflow_m3
    for _ in march.frames([(1020.0, np.zeros(case.grid.shape))]):
        pass
    assert (march.budget.outflow_m3 - before) / 20 == pytest.approx(19.7, rel=0.005)  # steady
