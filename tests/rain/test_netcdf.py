"""CF NetCDF and Zarr: any name, any unit, any orientation; and our own files again."""

import numpy as np
import pytest
import xarray as xr

from inundate.core.errors import DataError, GridError
from inundate.core.grid import grid_of
from inundate.core.store import write_dataset
from inundate.rain.array import to_rain_dataset
from inundate.rain.open import open_rain


def _write(ds, path, **encoding):
    clock = {"units": "seconds since 1970-01-01 00:00:00", "dtype": "float64"}
    ds.to_netcdf(path, engine="h5netcdf", encoding={"time": clock, **encoding})
    return path


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("mm h-1", 1), ("mm/h", 1), ("mm hr^-1", 1), ("kg m-2 s-1", 3600), ("m s-1", 3.6e6),
        ("mm", 12), ("kg m-2", 12), ("m", 12_000), ("mm day-1", 1 / 24),
    ],
)  # fmt: skip
def test_units_are_converted(make, tmp_path, unit, factor):
    rain = open_rain(make.cf(tmp_path / "a.nc", make.RATES / factor, unit=unit))
    np.testing.assert_allclose(rain[0].values, make.RATES, rtol=1e-6)
    np.testing.assert_allclose(rain[1].values, 2 * make.RATES, rtol=1e-6)
    assert rain.attrs["units"] == "mm h-1"
    assert rain.attrs["unit_found"] == unit


def test_no_unit_is_an_error(make, tmp_path):
    with pytest.raises(DataError, match="'rainfall' has no unit, expected one such as mm h-1"):
        open_rain(make.cf(tmp_path / "a.nc", unit=None))


@pytest.mark.parametrize("unit", ["furlong", "m3 s-1", "dBZ"])
def test_a_unit_that_is_no_rain_is_an_error(make, tmp_path, unit):
    with pytest.raises(DataError, match=unit):
        open_rain(make.cf(tmp_path / "a.nc", unit=unit))


def test_ascending_y_is_flipped(make, tmp_path):
    rain = open_rain(make.cf(tmp_path / "a.nc", ascending=True))
    np.testing.assert_array_equal(rain[0].values, make.RATES.astype(np.float32))
    assert grid_of(rain).same_as(make.GRID)


def test_descending_x_and_other_order_of_dimensions(make, tmp_path):
    with xr.open_dataset(make.cf(tmp_path / "a.nc"), engine="h5netcdf") as ds:
        turned = ds.isel(x=slice(None, None, -1)).transpose("x", "y", "time", "nv").load()
    rain = open_rain(_write(turned, tmp_path / "b.nc"))
    np.testing.assert_array_equal(rain[1].values, (2 * make.RATES).astype(np.float32))


def test_bounds_say_when_the_interval_ends(make, tmp_path):
    with xr.open_dataset(make.cf(tmp_path / "a.nc"), engine="h5netcdf") as ds:
        middle = ds.assign_coords(time=ds.time - np.timedelta64(150, "s")).load()
    middle["time"].attrs["bounds"] = "time_bnds"
    rain = open_rain(_write(middle, tmp_path / "b.nc"))
    assert rain.time.values[0] == make.SUMMER
    assert rain.attrs["interval_s"] == 300


def test_without_bounds_times_are_ends_and_the_cadence_is_the_interval(make, tmp_path):
    rain = open_rain(make.cf(tmp_path / "a.nc", bounds=False))
    assert rain.time.values[0] == make.SUMMER
    assert rain.attrs["interval_s"] == 300


def test_depth_without_bounds_is_refused(make, tmp_path):
    path = make.cf(tmp_path / "a.nc", unit="mm", bounds=False)
    with pytest.raises(DataError, match="accumulated rain needs it"):
        open_rain(path)
    assert float(open_rain(path, interval_s=300)[0, 0, 1]) == 12


def test_depth_since_the_start_is_refused_as_overlapping(make, tmp_path):
    with xr.open_dataset(make.cf(tmp_path / "a.nc", unit="mm"), engine="h5netcdf") as ds:
        sums = ds.load()
    sums["time_bnds"] = sums["time_bnds"].copy()
    sums["time_bnds"][1, 0] = sums["time_bnds"][0, 0]
    with pytest.raises(DataError, match="intervals of different length"):
        open_rain(_write(sums, tmp_path / "b.nc"))


def _plain(make, **attrs):
    """A data set without grid mapping."""
    frames = np.stack([make.RATES, make.RATES])
    times = np.array([make.SUMMER, make.SUMMER + make.STEP]).astype("datetime64[ns]")
    coords = {"time": times, "y": make.GRID.y, "x": make.GRID.x}
    return xr.Dataset({"rain": (("time", "y", "x"), frames, {"units": "mm/h", **attrs})}, coords)


def test_no_crs_asks_for_one(make, tmp_path):
    path = _write(_plain(make), tmp_path / "a.nc")
    with pytest.raises(GridError, match="states no coordinate reference system"):
        open_rain(path)
    assert open_rain(path, crs="EPSG:27700").spatial_ref.attrs["crs"] == "EPSG:27700"


def test_longitude_and_latitude(make, tmp_path):
    ds = _plain(make).rename(y="lat", x="lon")
    ds = ds.assign_coords(lat=[52.2, 52.1, 52.0], lon=[359.5, 359.6, 359.7, 359.8])
    ds["lat"].attrs["units"], ds["lon"].attrs["units"] = "degrees_north", "degrees_east"
    rain = open_rain(_write(ds, tmp_path / "a.nc"))
    assert rain.spatial_ref.attrs["crs"] == "EPSG:4326"
    np.testing.assert_allclose(rain.x, [-0.5, -0.4, -0.3, -0.2], atol=1e-9)
    assert rain.dims == ("time", "y", "x")


def test_kilometres_and_cf_projection(make, tmp_path):
    ds = _plain(make, grid_mapping="tm").assign_coords(y=make.GRID.y / 1e3, x=make.GRID.x / 1e3)
    ds["y"].attrs["units"] = ds["x"].attrs["units"] = "km"
    ds["tm"] = ((), 0, {
        "grid_mapping_name": "transverse_mercator", "semi_major_axis": 6377563.396,
        "semi_minor_axis": 6356256.909, "longitude_of_central_meridian": -2.0,
        "latitude_of_projection_origin": 49.0, "false_easting": 400000.0,
        "false_northing": -100000.0, "scale_factor_at_central_meridian": 0.9996012717,
    })  # fmt: skip
    rain = open_rain(_write(ds, tmp_path / "a.nc"))
    np.testing.assert_allclose(rain.x, make.GRID.x)
    assert "Transverse Mercator" in rain.spatial_ref.attrs["crs_wkt"]
    ds["tm"].attrs["grid_mapping_name"] = "moon"
    with pytest.raises(GridError, match="grid mapping 'moon' cannot be understood"):
        open_rain(_write(ds, tmp_path / "b.nc"))


def test_packed_numbers_and_fill_values(make, tmp_path):
    packed = {"dtype": "int16", "scale_factor": 1 / 32, "_FillValue": np.int16(-1)}
    path = _write(_plain(make), tmp_path / "a.nc", rain=packed)
    rain = open_rain(path, crs="EPSG:27700")
    np.testing.assert_array_equal(rain[0].values, make.RATES.astype(np.float32))


def test_an_undeclared_missing_value_is_an_error(make, tmp_path):
    path = make.cf(tmp_path / "a.nc", np.where(np.isnan(make.RATES), -9999, make.RATES))
    with pytest.raises(DataError, match="ranges from -9999 to 32 mm h-1") as e:
        open_rain(path).load()
    assert "undeclared missing value" in e.value.hint


def test_rounding_just_below_zero_is_zero(make, tmp_path):
    rain = open_rain(make.cf(tmp_path / "a.nc", np.where(make.RATES == 0, -1e-6, make.RATES)))
    assert float(rain.min()) == 0


def test_the_rain_variable_is_found_by_standard_name_or_name(make, tmp_path):
    ds = _plain(make).rename(rain="field_7")
    ds["temperature"] = ds["field_7"].assign_attrs(units="K")
    with pytest.raises(DataError, match=r"found field_7 \[mm/h\]; temperature \[K\]"):
        open_rain(_write(ds, tmp_path / "a.nc"), crs="EPSG:27700")
    named = open_rain(tmp_path / "a.nc", crs="EPSG:27700", variable="field_7")
    assert named.attrs["variable_found"] == "field_7"
    with pytest.raises(DataError, match="no field 'rainn'; found field_7, temperature"):
        open_rain(tmp_path / "a.nc", crs="EPSG:27700", variable="rainn")
    ds["field_7"].attrs["standard_name"] = "rainfall_rate"
    rain = open_rain(_write(ds, tmp_path / "b.nc"), crs="EPSG:27700")
    assert rain.attrs["variable_found"] == "field_7"


def test_further_dimensions(make, tmp_path):
    ds = _plain(make)
    one = ds.expand_dims(member=[1])
    assert open_rain(_write(one, tmp_path / "a.nc"), crs="EPSG:27700").shape == (2, 3, 4)
    two = xr.concat([one, one.assign_coords(member=[2])], "member")
    with pytest.raises(DataError, match=r"further dimensions \{'member': 2\}"):
        open_rain(_write(two, tmp_path / "b.nc"), crs="EPSG:27700")


def test_one_step_with_a_scalar_time(make, tmp_path):
    ds = _plain(make).isel(time=0)
    rain = open_rain(_write(ds, tmp_path / "a.nc"), crs="EPSG:27700", interval_s=300)
    assert rain.shape == (1, 3, 4)


def test_no_time_is_an_error(make, tmp_path):
    ds = _plain(make).isel(time=0).drop_vars("time")
    ds.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    with pytest.raises(DataError, match="no time coordinate"):
        open_rain(tmp_path / "a.nc", crs="EPSG:27700")


def _with_time(make, path, units, **attrs):
    ds = _plain(make).assign_coords(time=("time", [43200.0, 43500.0], {"units": units, **attrs}))
    ds.to_netcdf(path, engine="h5netcdf")
    return path


def test_an_offset_from_utc_is_converted(make, tmp_path):
    path = _with_time(make, tmp_path / "a.nc", "seconds since 2019-07-31 00:00:00 +01:00")
    rain = open_rain(path, crs="EPSG:27700")
    assert rain.time.values[0] == np.datetime64("2019-07-31T11:00")


def test_a_named_time_zone_is_refused(make, tmp_path):
    units = "seconds since 2019-07-31 00:00:00"
    path = _with_time(make, tmp_path / "a.nc", units, time_zone="Europe/London")
    with pytest.raises(DataError, match="time is in zone 'Europe/London', expected UTC"):
        open_rain(path, crs="EPSG:27700")
    path = _with_time(make, tmp_path / "b.nc", units + " Europe/London")
    with pytest.raises(DataError, match="time is in zone 'Europe/London', expected UTC"):
        open_rain(path, crs="EPSG:27700")
    path = _with_time(make, tmp_path / "b.nc", "seconds since yesterday")
    with pytest.raises(DataError, match=r"b\.nc"):
        open_rain(path, crs="EPSG:27700")


def test_curvilinear_and_uneven_grids_are_refused(make, tmp_path):
    ds = _plain(make).drop_vars(["x", "y"]).rename(y="j", x="i")
    ds = ds.assign_coords(lat=(("j", "i"), np.ones((3, 4))), lon=(("j", "i"), np.ones((3, 4))))
    with pytest.raises(DataError, match="the grid is curvilinear"):
        open_rain(_write(ds, tmp_path / "a.nc"))
    uneven = _plain(make).assign_coords(x=[0.0, 1, 2, 4])
    with pytest.raises(GridError, match="'x' is not evenly spaced"):
        open_rain(_write(uneven, tmp_path / "b.nc"), crs="EPSG:27700")


def test_32_bit_coordinates_are_even_enough(make, tmp_path):
    x = (400_000.25 + 0.1 * np.arange(4)).astype(np.float32)  # rounded to 0.03
    ds = _plain(make).assign_coords(x=x, y=make.GRID.y.astype(np.float32))
    rain = open_rain(_write(ds, tmp_path / "a.nc"), crs="EPSG:27700")
    assert rain.shape == (2, 3, 4)


def test_one_column_needs_a_geotransform(make, tmp_path):
    ds = _plain(make).isel(x=[1])
    with pytest.raises(GridError, match="one cell along 'x'"):
        open_rain(_write(ds, tmp_path / "a.nc"), crs="EPSG:27700")


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_our_own_files_are_read_back_unchanged(make, tiny, tmp_path, suffix):
    tar = next(tiny.glob("*.tar"))
    rain = open_rain(tar)
    write_dataset(to_rain_dataset(rain), tmp_path / f"a{suffix}")
    again = open_rain(tmp_path / f"a{suffix}")
    xr.testing.assert_identical(again.load(), rain)
    assert again.attrs == rain.attrs  # source format, skipped files and all


def test_one_row_of_our_own_is_read_back(make, tiny, tmp_path):
    rain = open_rain(tiny / "cf.nc", box=(402_100, 409_100, 402_900, 409_900))
    assert rain.shape == (2, 1, 1)
    write_dataset(to_rain_dataset(rain), tmp_path / "a.nc")
    again = open_rain(tmp_path / "a.nc")
    assert grid_of(again).same_as(grid_of(rain))
    np.testing.assert_array_equal(again.values, rain.values)


@pytest.mark.parametrize("cut", [0.05, 0.5, 0.95])
def test_truncated(make, tmp_path, cut):
    path = make.cf(tmp_path / "a.nc")
    data = path.read_bytes()
    path.write_bytes(data[: int(cut * len(data))])
    with pytest.raises(DataError, match=r"a\.nc"):
        open_rain(path)


def test_netcdf_3_is_refused_with_the_way_out(tmp_path):
    (tmp_path / "a.nc").write_bytes(b"CDF\x01" + bytes(200))
    with pytest.raises(DataError, match="not a readable NetCDF-4 file") as e:
        open_rain(tmp_path / "a.nc")
    assert "nccopy -k nc4" in e.value.hint


def test_a_damaged_chunk_is_told_when_it_is_read(make, tiny, tmp_path):
    rain = open_rain(tiny / "cf.nc")
    write_dataset(to_rain_dataset(rain), tmp_path / "a.zarr")
    chunk = next(p for p in (tmp_path / "a.zarr/rain_rate").rglob("*") if p.is_file()
                 and p.name != "zarr.json")  # fmt: skip
    chunk.write_bytes(b"\x00\x01")
    with pytest.raises(DataError, match="values of 'rain_rate' at .* are damaged"):
        open_rain(tmp_path / "a.zarr").load()


def test_no_time_step(make, tmp_path):
    with xr.open_dataset(make.cf(tmp_path / "a.nc", make.RATES), engine="h5netcdf") as ds:
        path = _write(ds.load().isel(time=slice(0, 0)), tmp_path / "none.nc")
    with pytest.raises(DataError, match=r"none\.nc holds no time step, expected one or more"):
        open_rain(path)
