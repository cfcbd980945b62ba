"""NIMROD beside scitools-iris: every field of every real file, cell by cell."""

import warnings

import numpy as np
import pytest

from inundate.rain.nimrod import read_nimrod_fields

FILES = [
    "201007020900_u1096_ng_ey00_visibility0180_screen_2km",
    "probability_fields",
    "u1096_ng_bmr04_precip_2km",
    "u1096_ng_bsr05_precip_accum60_2km",
    "u1096_ng_ek00_precip_2km",
    "u1096_ng_ek00_precipaccum_2km",
    "u1096_ng_ek00_preciptype_2km",
    "u1096_ng_ek00_refl_2km",
    "u1096_ng_ek07_precip0540_accum180_18km",
]
# What iris makes of a base unit beyond the factor in the units text.
IRIS_FACTOR = {"%": 0.01, "oktas": 1 / 8, "dBZ": 0.1, "g/Kg": 1e-3}


@pytest.fixture(scope="module")
def cubes(radar):
    """Read a file with iris: cubes in the order of the file."""
    from iris.fileformats.nimrod import load_cubes

    def read(name):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # iris warns of units and incomplete metadata
            return list(load_cubes(str(radar / "nimrod-uk" / name)))

    return read


def _iris_values(cube):
    """Values with row 0 in the north, NaN where masked."""
    data = np.ma.asarray(cube.data).astype(np.float64)
    return np.ma.filled(data, np.nan)[::-1]  # iris turns rows so that y ascends


@pytest.mark.parametrize("name", FILES)
def test_every_field_equals_iris_cell_by_cell(radar, cubes, name):
    fields = read_nimrod_fields(radar / "nimrod-uk" / name)
    compared = cubes(name)
    assert len(fields) == len(compared) >= 1
    for field, cube in zip(fields, compared, strict=True):
        factor = IRIS_FACTOR.get(field.unit[0], 1.0)
        np.testing.assert_allclose(
            field.values * factor, _iris_values(cube), rtol=2e-7, err_msg=f"{name}: {cube.name()}"
        )


@pytest.mark.parametrize("name", FILES)
def test_coordinates_and_times_equal_iris(radar, cubes, name):
    fields = read_nimrod_fields(radar / "nimrod-uk" / name)
    for field, cube in zip(fields, cubes(name), strict=True):
        grid = field.grid()
        # iris keeps 32-bit coordinates, whose rounding at 1 222 000 m is 0.125 m
        np.testing.assert_allclose(
            grid.y, cube.coord("projection_y_coordinate").points[::-1], atol=0.13, rtol=0
        )
        np.testing.assert_allclose(
            grid.x, cube.coord("projection_x_coordinate").points, atol=0.13, rtol=0
        )
        seconds = int(field.valid_time.astype("datetime64[s]").astype(np.int64))
        time = cube.coord("time")
        assert seconds == int(time.points[0])
        if field.period_s is None:
            assert not time.has_bounds()
        else:
            assert time.bounds[0].tolist() == [seconds - field.period_s, seconds]


def test_missing_cells_are_those_that_iris_masks(radar, cubes):
    name = "u1096_ng_ek00_refl_2km"
    fields = read_nimrod_fields(radar / "nimrod-uk" / name)
    for field, cube in zip(fields, cubes(name), strict=True):
        np.testing.assert_array_equal(
            field.missing, np.ma.getmaskarray(np.ma.asarray(cube.data))[::-1]
        )


def test_the_full_field_has_its_published_place(radar):
    field = read_nimrod_fields(radar / "nimrod-uk" / FILES[0])[0]
    grid = field.grid()
    assert (grid.x[0], grid.y[0]) == (-238_000, 1_222_000)  # centre of the first cell
    assert (grid.shape, grid.dx, grid.crs) == ((704, 548), 2000, "EPSG:27700")
    assert (field.raw.min(), field.raw.max()) == (-24981, 5133)
