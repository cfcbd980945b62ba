"""BoM Rainfields NetCDF: depth to rate, times, grid; and pysteps beside it."""

import numpy as np
import pytest

from inundate.core.errors import DataError
from inundate.rain.open import open_rain


def test_depth_of_six_minutes_becomes_a_rate(make, tiny):
    rain = open_rain(tiny / "bom.nc")
    expected = np.round(make.RATES / 10 / 0.05) * 0.05 * 10
    np.testing.assert_allclose(rain[0].values, expected, rtol=1e-6)
    assert rain.attrs["source_format"] == "bom"
    assert rain.attrs["unit_found"] == "kg m-2"
    assert rain.attrs["interval_s"] == 360
    assert rain.time.values[0] == np.datetime64("2019-07-31T12:06")


def test_kilometres_become_metres_and_coordinates_are_centres(tiny):
    rain = open_rain(tiny / "bom.nc")
    np.testing.assert_array_equal(rain.x, [-1000, -500, 0, 500])
    np.testing.assert_array_equal(rain.y, [1000, 500, 0])
    assert "Albers Equal Area" in rain.spatial_ref.attrs["crs_wkt"]


def test_only_its_own_field_can_be_asked_for(tiny):
    assert open_rain(tiny / "bom.nc", variable="precipitation").shape == (1, 3, 4)
    with pytest.raises(DataError, match="no field 'rain'; found precipitation"):
        open_rain(tiny / "bom.nc", variable="rain")


def test_truncated(make, tmp_path):
    path = make.bom(tmp_path / "a.nc")
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(DataError, match=r"a\.nc"):
        open_rain(path)


def test_equals_pysteps_value_for_value(radar):
    importers = pytest.importorskip("pysteps.io.importers")
    path = sorted((radar / "bom-melbourne-au").rglob("*.nc"))[-1]
    expected, _, about = importers.import_bom_rf3(str(path))
    assert (about["unit"], about["accutime"]) == ("mm", 6)
    rain = open_rain(path)
    np.testing.assert_allclose(rain[0].values, 10 * np.asarray(expected), rtol=1e-6)
