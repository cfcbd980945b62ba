"""ODIM composites: quantities, nodata and undetect, interval, grid; and pysteps beside it."""

import h5py
import numpy as np
import pytest

from inundate.core.errors import DataError, GridError
from inundate.rain.open import open_rain


def test_nodata_is_nan_and_undetect_is_zero(make, tiny):
    rain = open_rain(tiny / "odim_rate.h5")
    np.testing.assert_array_equal(rain[0].values, make.RATES.astype(np.float32))
    assert rain.attrs["variable_found"] == "RATE"


def test_time_is_the_end_of_the_stated_interval_not_the_nominal_time(tiny):
    rain = open_rain(tiny / "odim_rate.h5")  # nominal 12:10, interval 12:00 to 12:15
    assert rain.time.values[0] == np.datetime64("2019-07-31T12:15")
    assert rain.attrs["interval_s"] == 900


def test_the_grid_comes_from_projected_corners(tiny):
    rain = open_rain(tiny / "odim_rate.h5")
    np.testing.assert_array_equal(rain.x, [1000, 3000, 5000, 7000])
    np.testing.assert_array_equal(rain.y, [-1000, -3000, -5000])
    assert "Lambert Azimuthal Equal Area" in rain.spatial_ref.attrs["crs_wkt"]


def test_an_accumulation_becomes_a_rate(make, tmp_path):
    rain = open_rain(make.odim(tmp_path / "a.h5", "ACRR"))
    np.testing.assert_array_equal(rain[0].values, (4 * make.RATES).astype(np.float32))


def test_reflectivity_by_the_stated_pair(make, tmp_path):
    dbz = np.array([[20.0, 30, 0, np.nan]] * 3)  # 0 is written as undetect
    path = make.odim(tmp_path / "a.h5", "DBZH", dbz)
    rain = open_rain(path)
    expected = [(10**2 / 200) ** (1 / 1.6), (10**3 / 200) ** (1 / 1.6), 0, np.nan]
    np.testing.assert_allclose(rain[0, 0].values, expected, rtol=1e-6)
    assert rain.attrs["z_r"] == "Z = 200 R^1.6"
    with h5py.File(path, "a") as file:
        how = file.create_group("how")
        how.attrs["zr_a"], how.attrs["zr_b"] = 316.0, 1.5
    rain = open_rain(path)
    np.testing.assert_allclose(rain[0, 0, 1], (10**3 / 316) ** (1 / 1.5), rtol=1e-6)
    assert rain.attrs["z_r"] == "Z = 316 R^1.5"


def test_an_instantaneous_image_needs_its_interval(make, tmp_path):
    path = make.odim(tmp_path / "a.h5", start="121000", end="121000")
    with pytest.raises(DataError, match="states no length of its interval"):
        open_rain(path)
    assert open_rain(path, interval_s=300).attrs["interval_s"] == 300


def test_quantities_are_listed_when_none_is_rain(make, tmp_path):
    path = make.odim(tmp_path / "a.h5", "VRADH")
    with pytest.raises(
        DataError, match="found quantities VRADH, QIND, expected RATE or ACRR or DBZH"
    ):
        open_rain(path)
    with pytest.raises(DataError, match="expected ACRR"):
        open_rain(make.odim(tmp_path / "b.h5"), variable="acrr")


def test_polar_scans_are_refused(make, tmp_path):
    path = make.odim(tmp_path / "a.h5")
    with h5py.File(path, "a") as file:
        file["what"].attrs["object"] = np.bytes_("PVOL")
    with pytest.raises(DataError, match="ODIM object PVOL, expected a composite"):
        open_rain(path)


def test_corners_have_to_fit_the_size(make, tmp_path):
    path = make.odim(tmp_path / "a.h5")
    with h5py.File(path, "a") as file:
        file["where"].attrs["xscale"] = 1000.0
    with pytest.raises(DataError, match="size and scale make it 4000.0 x 6000.0"):
        open_rain(path)


def test_a_crs_that_contradicts_the_file_is_refused(tiny):
    with pytest.raises(GridError, match="--crs says EPSG:27700"):
        open_rain(tiny / "odim_rate.h5", crs="EPSG:27700")


@pytest.mark.parametrize("cut", [0.02, 0.3, 0.9])
def test_truncated(make, tmp_path, cut):
    data = make.odim(tmp_path / "a.h5").read_bytes()
    (tmp_path / "a.h5").write_bytes(data[: int(cut * len(data))])
    with pytest.raises(DataError, match=r"a\.h5"):
        open_rain(tmp_path / "a.h5")


def test_a_part_that_is_absent_is_named(make, tmp_path):
    path = make.odim(tmp_path / "a.h5")
    with h5py.File(path, "a") as file:
        del file["dataset1/what"].attrs["gain"]
    with pytest.raises(DataError, match="no attribute gain in dataset1/data1/what"):
        open_rain(path)


def test_equals_pysteps_value_for_value(radar):
    importers = pytest.importorskip("pysteps.io.importers")
    path = sorted((radar / "opera-europe/20180824").iterdir())[3]
    expected, _, about = importers.import_odim_hdf5(str(path))
    rain = open_rain(path)
    np.testing.assert_array_equal(rain[0].values, np.asarray(expected, np.float32))
    edges = (about["x1"], about["y1"], about["x2"], about["y2"])
    ours = (rain.x[0] - 1000, rain.y[-1] - 1000, rain.x[-1] + 1000, rain.y[0] + 1000)
    np.testing.assert_allclose([float(edge) for edge in ours], edges, atol=0.01)


def test_opera_intervals_follow_each_other_without_gap(radar):
    rain = open_rain(radar / "opera-europe", box=(0.0, 51.0, 0.5, 51.5), box_crs="EPSG:4326")
    assert rain.time.values[0] == np.datetime64("2018-08-24T18:05")
    assert set(np.diff(rain.time.values)) == {np.timedelta64(15, "m")}
