"""NIMROD fields: header, values, grid, and the faults of an earlier reader as tests."""

import gzip
import struct

import numpy as np
import pytest
from pyproj import CRS

from inundate.core.errors import DataError, GridError, MissingFileError, RunError
from inundate.core.grid import Grid
from inundate.rain.nimrod import make_nimrod_field, not_rain, read_nimrod_fields, write_nimrod
from inundate.rain.nimrod_field import LAYOUT
from inundate.rain.open import open_rain

NAN = np.nan
HEADER = slice(4, 516)


def _field(make, values=None, **options):
    return make_nimrod_field(
        make.RATES if values is None else values, make.GRID, make.SUMMER, **options
    )


@pytest.mark.parametrize("corner", [0, 1, 2, 3])
def test_a_marked_cell_stays_at_its_coordinate_for_every_origin_corner(make, tmp_path, corner):
    values = np.zeros((3, 4))
    values[0, 3] = 9.0  # the north-eastern cell, centre E 403500 N 409500
    path = make.nimrod(tmp_path / "a.dat", values=values, corner=corner)
    rain = open_rain(path, interval_s=300)
    assert float(rain.sel(x=403_500, y=409_500).item()) == 9.0
    assert float(rain.sum()) == 9.0
    assert rain.y.values.tolist() == [409_500, 408_500, 407_500]


def test_the_first_stored_value_belongs_to_the_origin_corner(make):
    first = {corner: _field(make, corner=corner).raw[0, 0] for corner in range(4)}
    assert first == {0: 0, 1: -1, 2: -1, 3: 160}  # 5 mm/h is 160 thirty-seconds


def test_the_origin_is_the_centre_of_the_first_cell(make, tmp_path):
    raw = make.nimrod(tmp_path / "a.dat").read_bytes()[HEADER]
    northing, easting = struct.unpack_from(">f", raw, 70)[0], struct.unpack_from(">f", raw, 78)[0]
    assert (northing, easting) == (409_500, 400_500)


def test_missing_cells_are_nan_never_zero(make, tmp_path):
    rain = open_rain(make.nimrod(tmp_path / "a.dat"), interval_s=300)
    np.testing.assert_array_equal(rain[0].values, make.RATES.astype(np.float32))
    assert np.isnan(rain[0, 0, 3])
    assert np.isnan(rain[0, 2, 0])
    assert rain.dtype == np.float32


def test_minus_one_is_missing_even_where_the_header_names_another_value(make, tmp_path):
    values = np.array([[1.0, -1 / 32, NAN, 0.0]] * 3)  # stored 32, -1, -32767, 0
    rain = open_rain(make.nimrod(tmp_path / "a.dat", values=values, missing=-32767), interval_s=300)
    np.testing.assert_array_equal(np.isnan(rain[0, 0]), [False, True, True, False])


@pytest.mark.parametrize(
    ("data_type", "value_bytes", "missing", "units"),
    [
        (0, 4, -1, "mm/hr"),
        (1, 2, -32767, "mm/hr*32"),
        (1, 4, -1, "mm/hr*32"),
        (1, 1, -1, "mm/hr"),
        (2, 1, 255, "mm/hr"),
    ],
)
def test_data_types_and_widths(make, tmp_path, data_type, value_bytes, missing, units):
    values = np.array([[0, 1, 2, NAN], [100, 32, 10, 0], [NAN, 0, 7, 5]])
    path = make.nimrod(
        tmp_path / "a.dat", values=values, units=units, missing=missing, data_type=data_type,
        value_bytes=value_bytes,
    )  # fmt: skip
    np.testing.assert_array_equal(open_rain(path, interval_s=300)[0].values, values)


def test_real_missing_value_and_nan_are_missing(make):
    field = _field(make, data_type=0, value_bytes=4, units="mm/hr", missing=-9999)
    raw = field.raw.copy()
    raw[0, 0] = NAN
    spoilt = type(field)(field.header, raw)
    np.testing.assert_array_equal(np.argwhere(spoilt.missing), [[0, 0], [0, 3], [2, 0]])


def test_units_text_decides_not_a_fixed_divisor(make, tmp_path):
    for units in ("mm/hr*32", "mm/h*10", "mm/hr"):
        values = np.array([[3.0, 0, 1, 0]] * 3)
        path = make.nimrod(tmp_path / "a.dat", values=values, units=units)
        rain = open_rain(path, interval_s=300)
        np.testing.assert_array_equal(rain[0].values, values)
        assert rain.attrs["unit_found"] == units


def test_an_accumulation_becomes_a_rate_through_its_period(make, tmp_path):
    depth = np.array([[0.0, 0.5, 1.0, NAN]] * 3)
    path = make.nimrod(tmp_path / "a.dat", values=depth, units="mm*32", code=214, period_min=15)
    rain = open_rain(path)
    np.testing.assert_array_equal(rain[0, 0].values, [0, 2, 4, NAN])  # 0.5 mm in 15 min is 2 mm/h
    assert rain.attrs["interval_s"] == 900
    assert rain.time.values[0] == make.SUMMER


def test_a_period_in_seconds_stands_in_the_last_block(make, tmp_path):
    path = make.nimrod(
        tmp_path / "a.dat", values=np.full((3, 4), 1.0), units="mm*32", code=214,
        period_min=32767, header={"period_s": 450},
    )  # fmt: skip
    assert float(open_rain(path)[0, 0, 0]) == 8.0


def test_an_accumulation_without_period_is_refused(make, tmp_path):
    path = make.nimrod(tmp_path / "a.dat", values=np.full((3, 4), 1.0), units="mm*32", code=214)
    with pytest.raises(DataError, match="states no length of its interval"):
        open_rain(path)
    assert float(open_rain(path, interval_s=1800)[0, 0, 0]) == 2.0


def test_blank_units_fall_to_the_mks_scaling_factor_and_offset(make, tmp_path):
    stored = np.array([[32.0, 0, 64, NAN]] * 3)
    header = {"mks_scale": 1 / 32 / 3.6e6, "mks_offset": 0.0}
    path = make.nimrod(tmp_path / "a.dat", values=stored, units="", header=header)
    rain = open_rain(path, interval_s=300)
    np.testing.assert_allclose(rain[0, 0].values, [1, 0, 2, NAN], rtol=1e-6)
    shifted = {"mks_scale": 1 / 32 / 3.6e6, "mks_offset": 0.5 / 3.6e6}
    path = make.nimrod(tmp_path / "b.dat", values=stored, units="", header=shifted)
    np.testing.assert_allclose(
        open_rain(path, interval_s=300)[0, 0].values, [1.5, 0.5, 2.5, NAN], rtol=1e-6
    )


def test_the_mks_offset_is_added_where_the_factor_agrees_with_the_text(make, tmp_path):
    header = {"mks_scale": 1 / 32 / 3.6e6, "mks_offset": 0.5 / 3.6e6}
    rain = open_rain(make.nimrod(tmp_path / "a.dat", header=header), interval_s=300)
    np.testing.assert_allclose(rain[0].values, make.RATES + 0.5, rtol=1e-6)
    for unset in (0.0, 1.0, -32767.0):
        header["mks_scale"] = unset
        rain = open_rain(make.nimrod(tmp_path / "a.dat", header=header), interval_s=300)
        np.testing.assert_array_equal(rain[0].values, make.RATES.astype(np.float32))


def test_units_text_against_mks_scaling_is_an_error_unless_the_field_is_asked_for(make, tmp_path):
    path = make.nimrod(tmp_path / "a.dat", header={"mks_scale": 0.01})
    with pytest.raises(DataError, match="MKS scaling factor 0.01 makes it 36000"):
        open_rain(path, interval_s=300)
    rain = open_rain(path, interval_s=300, variable="rainrate")
    assert float(rain[0, 0, 1]) == 1.0


def test_all_fields_of_a_file_are_read(make, tmp_path):
    times = [make.SUMMER + i * make.STEP for i in range(3)]
    rain = open_rain(make.nimrod(tmp_path / "a.dat", times))
    assert rain.time.values.tolist() == np.array(times, "datetime64[ns]").tolist()
    assert rain.attrs["interval_s"] == 300
    assert len(read_nimrod_fields(tmp_path / "a.dat")) == 3


def test_years_before_2005_and_the_days_once_blacklisted_are_read(make, tmp_path):
    for text in ("1999-12-31T23:55", "2004-02-29T00:00", "2011-03-07T12:00", "2016-12-18T06:00"):
        time = np.datetime64(text)
        rain = open_rain(make.nimrod(tmp_path / "a.dat", [time]), interval_s=300)
        assert rain.time.values[0] == time


def test_missing_seconds_are_zero(make, tmp_path):
    path = make.nimrod(tmp_path / "a.dat", header={"valid_second": -32767})
    assert open_rain(path, interval_s=300).time.values[0] == make.SUMMER


def test_a_missing_corner_block_and_a_nonsense_one_change_nothing(make, tmp_path):
    bare = open_rain(make.nimrod(tmp_path / "a.dat"), interval_s=300)
    nonsense = {"top_left_northing": 1.0, "bottom_right_easting": -5.0}
    filled = open_rain(make.nimrod(tmp_path / "b.dat", header=nonsense), interval_s=300)
    assert read_nimrod_fields(tmp_path / "a.dat")[0].element("top_left_northing") == -32767
    np.testing.assert_array_equal(bare.y, filled.y)
    np.testing.assert_array_equal(bare.x, filled.x)


def test_the_uk_composite_has_its_published_outline():
    grid = Grid("EPSG:27700", -405_000, 1_550_000, 1000, 1000, 1725, 2175)
    field = make_nimrod_field(np.zeros(grid.shape), grid, np.datetime64("2007-06-25T00:00"))
    assert field.grid().bounds == (-405_000, -625_000, 1_320_000, 1_550_000)
    assert field.raw.shape == (2175, 1725)


def test_projections(make):
    uk = _field(make)
    assert uk.grid().crs == "EPSG:27700"
    kilometres = _field(make, header={"true_easting": 400.0, "true_northing": -100.0})
    assert kilometres.grid().crs == "EPSG:27700"
    nothing = {name: -32767 for name in ("projection", "true_latitude", "true_easting")}
    assert _field(make, header=nothing).grid().crs == "EPSG:27700"
    europe = _field(
        make,
        header={
            "grid_type": 4, "projection": 1, "true_latitude": 0.0, "true_longitude": 9.0,
            "true_easting": 500_000.0, "true_northing": 0.0, "meridian_scale": 0.9996,
        },
    )  # fmt: skip
    crs = CRS.from_user_input(europe.grid().crs)
    assert (crs.ellipsoid.semi_major_metre, crs.coordinate_operation.params[1].value) == (
        6378388,
        9,
    )
    poland = {"projection": 2, "true_latitude": 0.0, "true_longitude": 19.0}
    poland |= {"true_easting": 500_000.0, "true_northing": -5_300_000.0, "meridian_scale": 0.9993}
    assert _field(make, header=poland).grid().crs == "EPSG:2180"
    degrees = {"grid_type": 1, "projection": 1, "origin_northing": 52.0, "origin_easting": -1.0}
    degrees |= {"row_interval": 0.1, "column_interval": 0.1}
    grid = _field(make, header=degrees).grid()
    assert grid.crs == "EPSG:4230"
    np.testing.assert_allclose((grid.left, grid.top, grid.dx), (-1.05, 52.05, 0.1), rtol=1e-12)


def test_an_unknown_projection_asks_for_the_crs(make, tmp_path):
    header = {"grid_type": 4, "projection": 1, "true_latitude": -32767}
    path = make.nimrod(tmp_path / "a.dat", header=header)
    with pytest.raises(GridError, match="do not make a coordinate reference system"):
        open_rain(path, interval_s=300)
    assert (
        open_rain(path, interval_s=300, crs="EPSG:23032").spatial_ref.attrs["crs"] == "EPSG:23032"
    )


def test_a_field_that_is_not_rain_is_never_read_as_rain(make, tmp_path):
    fields = [
        _field(make, units="m/2-25k", code=155, title="Visibility"),
        _field(make, units="dBZ*100", code=480, title="reflectivity", missing=-32767),
    ]
    write_nimrod(tmp_path / "a.dat", fields)
    with pytest.raises(
        DataError, match=r"found none among 155:visibility \[m/2-25k\].*; 480:"
    ) as e:
        open_rain(tmp_path / "a.dat", interval_s=300)
    assert e.value.found == ("visibility", "reflectivity")
    with pytest.raises(DataError, match="visibility is not rain"):
        open_rain(tmp_path / "a.dat", interval_s=300, variable="visibility")
    with pytest.raises(DataError, match="did you mean|no field|found none") as e:
        open_rain(tmp_path / "a.dat", interval_s=300, variable="visibilty")
    assert "did you mean --variable visibility?" in e.value.hint


def test_a_reflectivity_becomes_rain_only_when_asked_for(make, tmp_path):
    dbz = np.array([[23.01, NAN, -32.0, 39.0]] * 3)
    path = make.nimrod(
        tmp_path / "a.dat", values=dbz, units="dBZ*100", code=480, title="refl", missing=-32767
    )
    rain = open_rain(path, interval_s=300, variable="480")
    expected = (10 ** (dbz[0] / 10) / 200) ** (1 / 1.6)
    np.testing.assert_allclose(rain[0, 0].values, expected, rtol=1e-6)
    assert rain.attrs["z_r"] == "Z = 200 R^1.6"


def test_several_rain_fields_ask_for_a_choice(make, tmp_path):
    depth = np.full((3, 4), 1.0)
    fields = [
        _field(make, depth, units="mm*32", code=214, period_min=period, title="precip accumulation")
        for period in (15, 60)
    ]
    write_nimrod(tmp_path / "a.dat", fields)
    with pytest.raises(DataError, match="found 2 such fields"):
        open_rain(tmp_path / "a.dat")
    assert float(open_rain(tmp_path / "a.dat", variable="precip_accumulation_15min")[0, 0, 0]) == 4
    assert float(open_rain(tmp_path / "a.dat", variable="214:precip_accumulation_60min").max()) == 1
    with pytest.raises(DataError, match="found 2 of that name"):
        open_rain(tmp_path / "a.dat", variable="214")


def test_rain_among_other_fields_is_found(make, tmp_path):
    fields = [
        _field(make, units="mm/hr*32", code=213, title="Max rainrate", header={"averaging": 8192}),
        _field(make, units="mm*32", code=218, title="snow", period_min=60),
        _field(make, code=63, header={"threshold": 0.2, "threshold_type": 1}),
        _field(make, code=63, header={"threshold": 0.5, "threshold_type": 3}),
        _field(make, code=63, header={"member": -99}),
        _field(make, code=63, title="rainrate"),
    ]
    reasons = [not_rain(field) for field in fields]
    assert reasons == [
        "a minimum or maximum of its period", "code 218", "a probability", "a percentile",
        "an ensemble spread", None,
    ]  # fmt: skip
    write_nimrod(tmp_path / "a.dat", fields)
    np.testing.assert_array_equal(
        open_rain(tmp_path / "a.dat", interval_s=300)[0].values, make.RATES.astype(np.float32)
    )
    with pytest.raises(DataError, match=r"a probability\) and cannot become a rate"):
        open_rain(tmp_path / "a.dat", interval_s=300, variable="63")


def test_a_single_site_radar_number_is_no_probability(make):
    header = {"threshold_type": 4, "threshold": 0.0}  # radar number 4
    assert not_rain(_field(make, header=header)) is None


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_a_truncated_file_on_its_own_is_an_error(make, tmp_path, share):
    data = make.nimrod(tmp_path / "a.dat").read_bytes()
    (tmp_path / "a.dat").write_bytes(data[: int(share * len(data))])
    with pytest.raises(DataError, match=r"a\.dat"):
        open_rain(tmp_path / "a.dat", interval_s=300)


def test_record_lengths_have_to_fit(make, tmp_path):
    data = bytearray(make.nimrod(tmp_path / "a.dat").read_bytes())
    data[520:524] = struct.pack(">I", 99)
    (tmp_path / "a.dat").write_bytes(data)
    with pytest.raises(DataError, match="record lengths 99 and 24 around the 3 x 4 values"):
        open_rain(tmp_path / "a.dat", interval_s=300)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"origin_corner": 7}, "origin corner 7"),
        ({"valid_month": 13}, "validity time"),
        ({"row_interval": 0.0}, "cell size"),
        ({"origin_easting": -32767}, "no origin easting"),
        ({"data_type": 5}, "data type 5 with 2 bytes"),
    ],
)
def test_a_header_that_cannot_be_is_an_error(make, tmp_path, header, message):
    field = _field(make)
    packed = bytearray(field.header)
    for name, value in header.items():
        at, kind = LAYOUT[name]
        struct.pack_into(kind, packed, at, value)
    write_nimrod(tmp_path / "a.dat", [type(field)(bytes(packed), field.raw)])
    with pytest.raises(DataError, match=message):
        open_rain(tmp_path / "a.dat", interval_s=300)


def test_compressed_files_are_read_alike(make, tiny):
    rain = open_rain(tiny / "201907311205.dat.gz", interval_s=300)
    np.testing.assert_array_equal(rain[0].values, make.RATES.astype(np.float32))


def test_written_bytes_are_read_bytes(radar, tmp_path):
    for path in sorted((radar / "nimrod-uk").iterdir()):
        write_nimrod(tmp_path / path.name, read_nimrod_fields(path))
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_writing_refuses_what_does_not_fit(make, tmp_path):
    with pytest.raises(DataError, match="do not fit 2 bytes"):
        _field(make, np.full((3, 4), 2000.0))
    with pytest.raises(DataError, match="longer than 24 letters"):
        _field(make, title="x" * 25)
    with pytest.raises(DataError, match="not in the format's layout"):
        _field(make, header={"colour": 3})
    with pytest.raises(DataError, match="data type 1 with 3 bytes"):
        _field(make, value_bytes=3)
    with pytest.raises(GridError, match="values of shape"):
        _field(make, np.zeros((2, 2)))
    other = Grid("EPSG:2154", 0, 0, 1000, 1000, 4, 3)
    with pytest.raises(GridError, match="expected EPSG:27700"):
        make_nimrod_field(make.RATES, other, make.SUMMER)
    write_nimrod(tmp_path / "a.dat", [_field(make)])
    with pytest.raises(RunError, match="exists already"):
        write_nimrod(tmp_path / "a.dat", [_field(make)])


def test_compressed_output_is_the_same_field(make, tmp_path):
    write_nimrod(tmp_path / "a.dat.gz", [_field(make)])
    write_nimrod(tmp_path / "a.dat", [_field(make)])
    assert (
        gzip.decompress((tmp_path / "a.dat.gz").read_bytes()) == (tmp_path / "a.dat").read_bytes()
    )


def test_a_path_that_is_no_file(tmp_path):
    with pytest.raises(MissingFileError, match="is not a file"):
        read_nimrod_fields(tmp_path / "nothing.dat")


def test_units_with_powers_and_shifts(make):
    assert _field(make, units="mm*10^2").unit == ("mm", 0.01, 0.0)
    assert _field(make, units="m/2-25k").unit == ("m", 2.0, 50_000.0)
    assert _field(make, units="mm*0").unit[0] == "mm*0"
