"""CAESAR-Lisflood and HAIL-CAESAR: rain by zone, parameters, cases, results."""

import gzip
import re

import numpy as np
import pytest

from inundate.core.errors import DataError, GridError, RunError
from inundate.core.grid import Grid, grid_of
from inundate.hydro.external.caesar import read_caesar
from inundate.hydro.external.caesar_output import (
    depth_files,
    read_caesar_depths,
    read_catchment_series,
)
from inundate.hydro.external.caesar_rain import (
    read_hydro_index,
    read_rain_text,
    write_hydro_index,
    write_rain_text,
)
from inundate.hydro.external.caesar_write import write_caesar
from inundate.hydro.external.zones import to_zones, zoned_rain
from inundate.hydro.settings import SimulateSettings
from inundate.rain.array import make_rain
from inundate.rain.regrid import Regridder

SETTINGS = SimulateSettings(
    manning=0.05, froude_cap=0.8, edges="open", edge_slope=0.01, output_every_s=600, run_on_min=90
)


def on_cells(rain, grid):
    regrid = Regridder(grid_of(rain), grid)
    return np.stack([regrid(frame) for frame in rain.to_numpy()])


def volume(rain, grid):
    """Rain on the cells of a grid, m3."""
    return on_cells(rain, grid).sum(dtype=np.float64) * 300 / 3.6e6 * grid.dx**2


def test_rain_becomes_zones_and_comes_back_with_its_volume(radar, grid, tmp_path):
    rates, zones = to_zones(radar, grid)
    write_rain_text(tmp_path / "rain.txt", rates)
    write_hydro_index(tmp_path / "index.asc", zones, grid)
    read, place = read_hydro_index(tmp_path / "index.asc", "EPSG:27700")
    assert place.same_as(grid)
    np.testing.assert_array_equal(read, zones)
    back = zoned_rain(read_rain_text(tmp_path / "rain.txt"), read, place, step_s=300)
    np.testing.assert_allclose(on_cells(back, grid), on_cells(radar, grid), atol=6e-6)
    # half the last printed digit, on every cell and step, is all that may be lost
    most = 0.5e-5 * 300 / 3.6e6 * grid.dx**2 * zones.size * 6
    assert abs(volume(back, grid) - volume(radar, grid)) < most


def test_zones_of_aligned_radar_are_its_cells(grid):
    cells = Grid(grid.crs, grid.left, grid.top, 200, 200, 4, 3)
    values = np.random.default_rng(1).uniform(1, 9, (2, 3, 4))
    ends = np.datetime64("2000-01-01", "ns") + np.array([300, 600]).astype("timedelta64[s]")
    rain = make_rain(values, ends, cells, step_s=300)
    rates, zones = to_zones(rain, grid)
    assert rates.shape == (2, 4 * 3)
    assert grid_of(zoned_rain(rates, zones, grid, step_s=300)).dx == 200


def test_zone_one_is_the_north_west(radar, grid):
    _, zones = to_zones(radar, grid)
    assert zones[0, 0] == 1
    assert zones[0, -1] < zones[-1, 0]


def test_cells_without_ground_are_in_no_zone(radar, grid, terrain, tmp_path):
    valid = np.isfinite(terrain.to_numpy())
    rates, zones = to_zones(radar, grid, valid)
    assert zones[0, 0] == 0
    write_hydro_index(tmp_path / "index.asc", zones, grid)
    assert "-9999" in (tmp_path / "index.asc").read_text().splitlines()[6]
    assert np.isnan(zoned_rain(rates, zones, grid, step_s=300).to_numpy()[:, 0, 0]).all()


def test_missing_rain_is_refused(radar, grid):
    holed = radar.copy(data=radar.to_numpy().copy())
    holed[2, 1, 1] = np.nan
    with pytest.raises(DataError, match="are missing at 2000-01-01T00:15:00Z"):
        to_zones(holed, grid)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1 2\n3\n", "line 2: found 1 columns, expected 2"),
        ("1 2\n3 x\n", "line 2: found 'x'"),
        ("1 2\n\n3 -4\n", "line 3: found the rate -4"),
        ("1 inf\n", "line 1: found 'inf'"),
        ("", "found no line of rates"),
    ],
)
def test_bad_rain_texts_name_the_line(tmp_path, text, says):
    (tmp_path / "rain.txt").write_text(text)
    with pytest.raises(DataError, match=re.escape(says)):
        read_rain_text(tmp_path / "rain.txt")


def test_a_map_with_more_zones_than_columns_is_refused(grid):
    zones = np.ones(grid.shape, np.int64)
    zones[3, 3] = 5
    with pytest.raises(DataError, match="goes up to zone 5, the rain text has 2 columns"):
        zoned_rain(np.ones((3, 2)), zones, grid, step_s=300)


@pytest.mark.parametrize("rain", ["radar", "uniform"])
def test_a_case_goes_out_and_comes_back(rain, terrain, grid, tmp_path, request):
    storm = request.getfixturevalue(rain)
    write_caesar(storm, terrain, tmp_path / "run", settings=SETTINGS)
    (tmp_path / "run" / "terrain.prj").unlink()
    case = read_caesar(tmp_path / "run" / "case.params", crs="EPSG:27700")
    np.testing.assert_allclose(case.terrain.to_numpy(), terrain.to_numpy(), atol=1e-6)
    valid = np.isfinite(terrain.to_numpy())
    there, back = on_cells(storm, grid)[:, valid], on_cells(case.rain, grid)[:, valid]
    np.testing.assert_allclose(back[:6], there, atol=6e-6)
    assert not back[6:].any()
    known = case.resolved()
    for name in ("manning", "froude_cap", "courant", "edge_slope", "depth_min_m", "max_step_s"):
        assert getattr(known, name) == getattr(SETTINGS, name), name
    assert known.output_every_s == 600
    assert known.edge_kinds() == SETTINGS.edge_kinds()
    total = case.rain.sizes["time"] * 5 + known.run_on_min
    assert total == 120  # 30 + 90 minutes, whole hours
    assert case.remarks.of("unknown") == []


def test_what_the_model_lacks_is_said(uniform, terrain, roughness, initial_depth, tmp_path):
    settings = SimulateSettings(edges="closed", infiltration="constant", loss_mm_h=8)
    remarks = write_caesar(
        uniform, terrain, tmp_path / "run", settings=settings, roughness=roughness,
        initial_depth=initial_depth,
    )  # fmt: skip
    ignored = {remark.where for remark in remarks.of("ignored")}
    assert {"initial depth", "infiltration", "loss_mm_h", "edge north", "edge west"} <= ignored
    rough = next(r for r in remarks.of("approximate") if r.where == "roughness")
    valid = np.isfinite(terrain.to_numpy())
    assert f"{roughness.to_numpy()[valid].mean():.5g}" in rough.says


def test_nothing_is_half_written(radar, terrain, tmp_path):
    (tmp_path / "run").mkdir()
    with pytest.raises(RunError, match="exists already"):
        write_caesar(radar, terrain, tmp_path / "run", settings=SETTINGS)
    far = radar.assign_coords(x=radar["x"] + 5000)
    with pytest.raises(GridError):
        write_caesar(far, terrain, tmp_path / "other", settings=SETTINGS)
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]


class TestParams:
    @pytest.fixture
    def folder(self, uniform, terrain, tmp_path):
        write_caesar(uniform, terrain, tmp_path / "run", settings=SETTINGS)
        return tmp_path / "run"

    def edit(self, folder, pattern, new):
        path = folder / "case.params"
        text, count = re.subn(pattern, new, path.read_text(), flags=re.MULTILINE)
        assert count == 1
        path.write_text(text)
        return path

    def test_every_line_is_accounted_for(self, folder):
        path = folder / "case.params"
        with path.open("a") as stream:
            stream.write(
                "wibble: 3\nno colon here\nmannings_n: 0.06 # the last one holds\nempty:\n"
            )
        remarks = read_caesar(path).remarks
        lines = path.read_text().splitlines()
        expected = {n for n, line in enumerate(lines, 1) if line.partition("#")[0].strip()}
        found = {int(r.where.rpartition(" ")[2]) for r in remarks.all}
        assert found == expected
        assert {r.item for r in remarks.of("unknown")} == {"wibble: 3", "no colon here"}
        assert read_caesar(path).settings["manning"] == 0.06

    @pytest.mark.parametrize(
        ("pattern", "new", "says"),
        [
            (r"^mannings_n:.*$", "mannings_n: rough", "found 'rough', expected a number"),
            (r"^spatial_var_rain:.*$", "spatial_var_rain: maybe", "found 'maybe'"),
            (r"^rainfall_data_file:.*$", "rainfall_data_file: rian.txt", "'./rian.txt'"),
            (r"^rain_data_time_step:.*$", "rain_data_time_step: 0", "expected minutes above 0"),
            (r"^max_run_duration:.*\n", "", "found no 'max_run_duration'"),
            (r"^read_fname:.*$", "read_fname: nothing", "found the file name './nothing.asc'"),
        ],
    )
    def test_bad_lines_are_named(self, folder, pattern, new, says):
        path = self.edit(folder, pattern, new)
        with pytest.raises(DataError, match=re.escape(says)) as error:
            read_caesar(path)
        if new:
            number = path.read_text().splitlines().index(new) + 1
            assert f"line {number}" in str(error.value)

    def test_a_missing_file_near_its_name_is_hinted(self, folder):
        path = self.edit(folder, r"^rainfall_data_file:.*$", "rainfall_data_file: rian.txt")
        with pytest.raises(DataError) as error:
            read_caesar(path)
        assert error.value.hint == "did you mean 'rain.txt'?"

    def test_the_crs_is_never_guessed(self, folder):
        (folder / "terrain.prj").unlink()
        with pytest.raises(GridError, match="names no coordinate reference system"):
            read_caesar(folder / "case.params")

    def test_values_out_of_our_range_are_said(self, folder):
        path = self.edit(folder, r"^max_time_step:.*$", "max_time_step: 300")
        case = read_caesar(path)
        assert case.settings["max_step_s"] == 60
        assert any("max_step_s = 60" in r.says for r in case.remarks.of("approximate"))

    def test_uniform_rain_takes_the_first_column_and_says_so(self, folder):
        rates = read_rain_text(folder / "rain.txt")
        write_rain_text(folder / "rain.txt", np.column_stack([rates, 2 * rates]))
        case = read_caesar(folder / "case.params")
        np.testing.assert_allclose(case.rain.to_numpy()[:, 0, 0], rates[:24, 0], rtol=1e-6)
        assert any("first of its 2 columns" in r.says for r in case.remarks.of("approximate"))

    def test_other_text_is_no_parameter_file(self, tmp_path):
        (tmp_path / "a.params").write_text("DEMfile x\n")
        with pytest.raises(DataError, match="none of the keys"):
            read_caesar(tmp_path / "a.params")

    def test_an_index_on_other_cells_is_refused(self, radar, terrain, grid, tmp_path):
        write_caesar(radar, terrain, tmp_path / "zones", settings=SETTINGS)
        other = Grid(grid.crs, grid.left + 50, grid.top, 50, 50, 16, 12)
        write_hydro_index(
            tmp_path / "zones" / "hydroindex.asc", np.ones(grid.shape, np.int64), other
        )
        with pytest.raises(GridError, match="do not share a grid"):
            read_caesar(tmp_path / "zones" / "case.params")


class TestResults:
    def write(self, path, depth, grid):
        from inundate.hydro.external.rasters import raster_text

        path.write_text(raster_text(depth, grid).replace("ncols         ", "ncols\t"))

    def test_numbered_grids_come_by_their_minutes(self, grid, tmp_path):
        for minutes in (120, 60, 1000):
            self.write(
                tmp_path / f"run_WaterDepths{minutes}.asc", np.full(grid.shape, 1.0 * minutes), grid
            )
        self.write(tmp_path / "Elevations60.asc", np.zeros(grid.shape), grid)
        assert list(depth_files(tmp_path)) == [3600.0, 7200.0, 60000.0]
        frames = read_caesar_depths(tmp_path, grid)
        assert frames.seconds.tolist() == [3600.0, 7200.0, 60000.0]
        assert frames.read(2)[0, 0] == 1000.0

    def test_grids_in_one_file_need_their_interval(self, grid, tmp_path):
        path = tmp_path / "depths.asc"
        for k in range(3):
            self.write(tmp_path / "one.asc", np.full(grid.shape, 1.0 * k), grid)
            with path.open("a") as stream:
                stream.write((tmp_path / "one.asc").read_text() + "\n")
        with pytest.raises(DataError, match="found 3 grids without times"):
            read_caesar_depths(path, grid)
        frames = read_caesar_depths(path, grid, every_s=300)
        assert frames.seconds.tolist() == [300.0, 600.0, 900.0]
        assert [frames.read(k)[3, 3] for k in (0, 1, 2, 1, 0, 2)] == [0, 1, 2, 1, 0, 2]
        packed = tmp_path / "depths.asc.gz"
        packed.write_bytes(gzip.compress(path.read_bytes()))
        assert read_caesar_depths(packed, grid, every_s=300).read(2)[0, 0] == 2
        packed.write_bytes(gzip.compress(path.read_bytes())[:-30])
        with pytest.raises(DataError, match="gzip stream is damaged"):
            read_caesar_depths(packed, grid, every_s=300)
        assert read_caesar_depths(path, grid, every_s=300, first_s=0).seconds[0] == 0

    def test_a_grid_is_not_turned(self, grid, tmp_path):
        depth = np.arange(192, dtype=float).reshape(12, 16)
        self.write(tmp_path / "WaterDepths5.asc", depth, grid)
        np.testing.assert_array_equal(read_caesar_depths(tmp_path, grid).read(0), depth)

    def test_corner_and_centre_are_half_a_cell_apart(self, grid, tmp_path):
        depth = np.zeros(grid.shape)
        self.write(tmp_path / "WaterDepths5.asc", depth, grid)
        text = (tmp_path / "WaterDepths5.asc").read_text()
        centred = text.replace("xllcorner     400000", "xllcenter 400025").replace(
            "yllcorner     300000", "yllcenter 300025"
        )
        (tmp_path / "WaterDepths5.asc").write_text(centred)
        assert read_caesar_depths(tmp_path, grid).read(0).shape == grid.shape
        (tmp_path / "WaterDepths5.asc").write_text(centred.replace("400025", "400000"))
        with pytest.raises(GridError, match="do not share a grid"):
            read_caesar_depths(tmp_path, grid).read(0)

    def test_two_grids_of_one_time_are_refused(self, grid, tmp_path):
        for name in ("a", "b"):
            self.write(tmp_path / f"{name}_WaterDepths60.asc", np.zeros(grid.shape), grid)
        with pytest.raises(DataError, match="are of one time, 3600 s"):
            depth_files(tmp_path)

    def test_the_outlet_series_is_read(self, tmp_path):
        zeros = " ".join(["0.0"] * 11)
        (tmp_path / "a.dat").write_text(f"1 0.5 1.5 {zeros}\n2 0.75 1.25 {zeros}\n")
        found = read_catchment_series(tmp_path / "a.dat", step_s=300)
        assert found["discharge"].values.tolist() == [0.5, 0.75]
        assert found["runoff"].values.tolist() == [1.5, 1.25]
        assert str(found["time"].values[-1]).startswith("2000-01-01T00:10:00")

    @pytest.mark.parametrize(
        ("text", "says"),
        [("1 0 0\n", "line 1: found 3 numbers"), ("2" + " 0" * 13, "line 1: found the number 2")],
    )
    def test_bad_outlet_series(self, tmp_path, text, says):
        (tmp_path / "a.dat").write_text(text)
        with pytest.raises(DataError, match=says):
            read_catchment_series(tmp_path / "a.dat", step_s=300)
