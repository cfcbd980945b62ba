"""Rain that falls on one place floods that place, by every way a NIMROD file may lie.

One cell of a radar image is wet. The image is written with its first value at each of the four
corners, read, cropped, regridded, let flow over flat ground, and the deepest water written as
GeoTIFF. There the water must lie at the coordinates of the wet cell, in metres of the National
Grid, as another program reads them. A shift by one cell, a flip or a wrong hour fails.
"""

import gzip
import time

import numpy as np
import pytest
import rasterio
import xarray as xr

from inundate.core.grid import Grid, attach_grid, grid_of
from inundate.core.names import attributes
from inundate.core.store import read_dataset
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.simulate import simulate
from inundate.rain.array import make_rain
from inundate.rain.nimrod import make_nimrod_field, write_nimrod
from inundate.rain.open import open_rain
from inundate.rain.resample import crop_rain, iter_regridded, regrid_rain
from inundate.terrain.geotiff import write_geotiff
from inundate.terrain.open import open_terrain

RADAR = Grid("EPSG:27700", 400_000, 312_000, 1000, 1000, 12, 9)  # no symmetry in anything
GROUND = Grid("EPSG:27700", 402_300, 309_700, 100, 100, 61, 43)  # edges on no radar cell's
ROW, COLUMN = 3, 5
WET = (405_000, 308_000, 406_000, 309_000)  # left, bottom, right, top of that cell
RATE_MM_H, MINUTES = 36.0, 10
SUMMER = np.datetime64("2019-07-31T00:05:00", "ns")  # 01:05 by British clocks

CORNERS = {0: "top left", 1: "bottom left", 2: "top right", 3: "bottom right"}


def _first_wet(path):
    """Row and column of the wet cell in the order of the file's bytes."""
    body = gzip.decompress(path.read_bytes())[4 + 512 + 4 + 4 : -4]  # lengths, header, lengths
    stored = np.frombuffer(body, ">i2").reshape(RADAR.shape)
    return tuple(int(index[0]) for index in np.nonzero(stored))


def _expected(corner):
    """The format's rule, said anew: the file starts at that corner and goes along the rows."""
    row = ROW if "top" in CORNERS[corner] else RADAR.height - 1 - ROW
    column = COLUMN if "left" in CORNERS[corner] else RADAR.width - 1 - COLUMN
    return row, column


@pytest.fixture
def radar(tmp_path):
    """Write a folder of two images, five minutes apart, with one wet cell."""

    def write(corner):
        values = np.zeros(RADAR.shape)
        values[ROW, COLUMN] = RATE_MM_H
        for number in range(2):
            moment = SUMMER + number * np.timedelta64(5, "m")
            name = f"{str(moment)[:16].replace(':', '')}.dat.gz"
            fields = [make_nimrod_field(values, RADAR, moment, corner=corner)]
            write_nimrod(tmp_path / "radar" / name, fields)
            assert _first_wet(tmp_path / "radar" / name) == _expected(corner)
        return tmp_path / "radar"

    return write


@pytest.fixture
def dem(tmp_path):
    """Write flat ground as GeoTIFF."""
    flat = xr.DataArray(
        np.full(GROUND.shape, 20, np.float32), dims=("y", "x"), name="elevation",
        attrs=attributes("elevation"),
    )  # fmt: skip
    return write_geotiff(attach_grid(flat, GROUND), tmp_path / "dem.tif")


def _direct(rain, ground):
    """The simulation brings the rain to the ground itself."""
    return rain


def _regridded(rain, ground):
    return regrid_rain(rain, grid_of(ground))


def _cropped(rain, ground):
    left, bottom, right, top = grid_of(ground).bounds
    found = crop_rain(rain, (left, bottom, right, top))
    assert found.shape[1:] < rain.shape[1:]
    return regrid_rain(found, grid_of(ground))


def _streamed(rain, ground):
    grid = grid_of(ground)
    _, ends, frames = zip(*iter_regridded(crop_rain(rain, grid.bounds), grid), strict=True)
    return make_rain(np.stack(frames), np.array(ends), grid, step_s=300)


@pytest.mark.parametrize("corner", CORNERS, ids=CORNERS.get)
@pytest.mark.parametrize("way", [_direct, _regridded, _cropped, _streamed])
def test_the_water_is_where_it_rained(tmp_path, radar, dem, corner, way):
    ground = open_terrain(dem)
    rain = way(open_rain(radar(corner), interval_s=300), ground)
    settings = SimulateSettings(edges="closed", run_on_min=0, output_every_s=300)
    flood = simulate(rain, ground, settings=settings, progress=False)
    path = write_geotiff(flood["water_depth_max"], tmp_path / "peak.tif")

    fallen_m = RATE_MM_H / 1000 * MINUTES / 60
    with rasterio.open(path) as source:
        depth = source.read(1).astype(np.float64)
        assert source.crs.to_epsg() == 27700
        middle, *dry = source.sample([(405_500, 308_500), *_around()])
        rows, columns = np.nonzero(depth > fallen_m / 2)
        eastings, northings = rasterio.transform.xy(source.transform, rows, columns)
    assert middle[0] == pytest.approx(fallen_m, rel=1e-3)
    assert np.max(dry) < fallen_m / 100
    left, bottom, right, top = WET
    assert (min(eastings), max(eastings)) == (left + 50, right - 50)
    assert (min(northings), max(northings)) == (bottom + 50, top - 50)
    weights = depth / depth.sum()
    np.testing.assert_allclose(
        [(weights.sum(axis=0) * GROUND.x).sum(), (weights.sum(axis=1) * GROUND.y).sum()],
        [405_500, 308_500], atol=5,
    )  # fmt: skip


def _around():
    """Middles of the eight radar cells around the wet one."""
    steps = (-1000, 0, 1000)
    return [(405_500 + dx, 308_500 + dy) for dx in steps for dy in steps if dx or dy]


def test_a_summer_day_stays_in_utc(tmp_path, radar, dem, monkeypatch):
    """By the clocks of London these minutes are an hour later."""
    monkeypatch.setenv("TZ", "Europe/London")
    time.tzset()
    try:
        assert time.localtime(SUMMER.astype("datetime64[s]").astype(int)).tm_hour == 1
        rain = open_rain(radar(0), interval_s=300)
        settings = SimulateSettings(edges="closed", run_on_min=0, output_every_s=300)
        simulate(
            regrid_rain(rain, GROUND), open_terrain(dem), settings=settings, progress=False,
            output=tmp_path / "flood.zarr",
        )  # fmt: skip
        with read_dataset(tmp_path / "flood.zarr", kind="simulation") as flood:
            ends = flood["time"].values
            path = write_geotiff(flood["water_depth"], tmp_path / "depth.tif")
        with rasterio.open(path) as source:
            bands = source.descriptions
    finally:
        monkeypatch.undo()
        time.tzset()
    expected = SUMMER + np.arange(2) * np.timedelta64(5, "m")
    np.testing.assert_array_equal(rain["time"].values, expected)
    np.testing.assert_array_equal(ends, expected)
    assert bands == ("2019-07-31T00:05:00Z", "2019-07-31T00:10:00Z")
