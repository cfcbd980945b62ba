"""KNMI HDF5: calibration, missing cells, grid in metres; and pysteps beside it."""

import h5py
import numpy as np
import pytest
from pyproj import Transformer

from inundate.core.errors import DataError
from inundate.rain.open import open_rain


def test_hundredths_of_a_millimetre_in_five_minutes(make, tiny):
    rain = open_rain(tiny / "knmi.h5")
    expected = np.round(make.RATES / 12 * 100) / 100 * 12
    np.testing.assert_allclose(rain[0].values, expected, rtol=1e-6)
    assert rain.attrs["interval_s"] == 300
    assert rain.attrs["unit_found"] == "mm"
    assert rain.time.values[0] == np.datetime64("2019-07-31T12:05")


def test_the_grid_is_in_metres(tiny):
    rain = open_rain(tiny / "knmi.h5")
    np.testing.assert_array_equal(rain.x, [500, 1500, 2500, 3500])
    np.testing.assert_array_equal(rain.y, [-3_650_500, -3_651_500, -3_652_500])


def test_reflectivity_when_asked_for(make, tmp_path):
    path = make.knmi(
        tmp_path / "a.h5", make.RATES / 2,
        parameter="REFLECTIVITY_[DBZ]", formula="GEO=0.5*PV-32.0",
        start="31-JUL-2019;12:00:00.000", end="31-JUL-2019;12:00:00.000",
    )  # fmt: skip
    with pytest.raises(DataError, match=r"expected one image of precipitation, found image1: REFL"):
        open_rain(path)
    rain = open_rain(path, variable="reflectivity", interval_s=300)
    with h5py.File(path) as file:
        stored = file["image1/image_data"][...].astype(float)
    stored[stored == 65535] = np.nan
    expected = (10 ** ((0.5 * stored - 32) / 10) / 200) ** (1 / 1.6)
    expected[stored == 0] = 0
    np.testing.assert_allclose(rain[0].values, expected, rtol=1e-6)
    assert rain.attrs["z_r"] == "Z = 200 R^1.6"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"end": "yesterday"}, "time 'yesterday', expected DD-MON-YYYY"),
        ({"end": "31-JUX-2019;12:05:00.000"}, "expected DD-MON-YYYY"),
        ({"formula": "GEO=sqrt(PV)"}, r"calibration formula 'GEO=sqrt\(PV\)'"),
        ({"parameter": "ACCUMULATED_PRECIPITATION_[INCH]"}, "expected one image of precip"),
    ],
)
def test_what_cannot_be_understood_is_named(make, tmp_path, options, message):
    path = make.knmi(tmp_path / "a.h5", **options)
    with pytest.raises(DataError, match=message):
        open_rain(path)


def test_rows_that_run_northwards_are_refused(make, tmp_path):
    path = make.knmi(tmp_path / "a.h5")
    with h5py.File(path, "a") as file:
        file["geographic"].attrs["geo_pixel_size_y"] = np.float32([1])
    with pytest.raises(DataError, match="rows run northwards"):
        open_rain(path)


def test_a_projection_with_a_missing_plus_is_read(make, tmp_path):
    path = make.knmi(tmp_path / "a.h5")
    with h5py.File(path, "a") as file:
        file["geographic/map_projection"].attrs["projection_proj4_params"] = np.bytes_(
            "+proj=stere +lat_0=90 +lon_0=0 +lat_ts=60 +a=6378.14 +b=6356.75 +x_0=0 y_0=0"
        )
    assert float(open_rain(path).y[0]) == -3_650_500


def test_the_corners_of_the_product_are_where_the_file_says(radar):
    path = sorted((radar / "knmi-netherlands").rglob("*.h5"))[0]
    rain = open_rain(path)
    with h5py.File(path) as file:
        stated = np.array(file["geographic"].attrs["geo_product_corners"]).reshape(4, 2)
    left, right = float(rain.x[0]) - 500, float(rain.x[-1]) + 500
    bottom, top = float(rain.y[-1]) - 500, float(rain.y[0]) + 500
    crs = rain.spatial_ref.attrs["crs_wkt"]
    to_degrees = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    corners = [to_degrees.transform(*xy) for xy in
               ((left, bottom), (left, top), (right, top), (right, bottom))]  # fmt: skip
    np.testing.assert_allclose(corners, stated, atol=1.5e-3)  # the file rounds to 0.001 degree


def test_equals_pysteps_value_for_value(radar):
    importers = pytest.importorskip("pysteps.io.importers")
    paths = sorted((radar / "knmi-netherlands").rglob("*.h5"))
    for path in paths[::30]:
        expected, _, about = importers.import_knmi_hdf5(str(path), qty="ACRR", accutime=5.0)
        rain = open_rain(path)
        np.testing.assert_allclose(rain[0].values, 12 * expected, rtol=1e-6)  # mm in 5 minutes
        assert (about["x1"], about["y2"]) == (0.0, -3650.0)  # km
        assert (float(rain.x[0]) - 500, float(rain.y[0]) + 500) == (0.0, -3_650_000.0)
