import numpy as np
import pytest
import xarray as xr

from inundate.core.errors import ConfigError, DataError, GridError
from inundate.core.grid import Grid, attach_grid
from inundate.core.store import write_dataset
from inundate.hydro.infiltration import CONSTANT_LOSS, GREEN_AMPT, NO_LOSS
from inundate.hydro.land import Land, open_land
from inundate.hydro.land_table import LandKind, read_land_table, worldcover
from inundate.hydro.march import March, simulate_arrays
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.site import Site
from inundate.hydro.soils import SOILS, soil_of

GRID = Grid("EPSG:27700", 400000, 500000, 10, 10, 6, 4)
MM_H = 1 / 3.6e6
TABLE = """code,name,manning,infiltration,loss_mm_h,soil,saturation,drain_capacity_mm_h
1,street,0.015,none,,,,12
# what grows
2,garden,0.06,green_ampt,,Loam,0.25,
3,gravel,0.03,constant,20,,,0
"""


def raster(codes, grid=GRID):
    return attach_grid(xr.DataArray(np.asarray(codes), dims=("y", "x"), name="land_cover"), grid)


def table(tmp_path, text=TABLE, name="land.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_soils_are_those_of_rawls():
    assert len(SOILS) == 11
    assert (SOILS["sand"].conductivity_mm_h, SOILS["clay"].conductivity_mm_h) == (117.8, 0.3)
    by_rate = [soil.conductivity_mm_h for soil in SOILS.values()]
    assert by_rate.index(max(by_rate)) == 0
    defaults = SimulateSettings()
    silt = soil_of("silt loam")
    assert (defaults.conductivity_mm_h, defaults.suction_mm) == (
        silt.conductivity_mm_h, silt.suction_mm,
    )  # fmt: skip
    with pytest.raises(ConfigError, match="soil texture 'silt lome' is not known") as caught:
        soil_of("silt lome")
    assert caught.value.hint == "did you mean 'silt loam'?"


def test_csv_table(tmp_path):
    street, garden, gravel = read_land_table(table(tmp_path))
    assert street.row() == (NO_LOSS, 0, 0, 0, pytest.approx(12 * MM_H))
    assert garden.row() == (
        GREEN_AMPT, pytest.approx(3.4 * MM_H), pytest.approx(0.0889), pytest.approx(0.434 * 0.75), 0
    )  # fmt: skip
    assert gravel.row() == (CONSTANT_LOSS, pytest.approx(20 * MM_H), 0, 0, 0)


def test_toml_table(tmp_path):
    path = table(tmp_path, """
        [[class]]
        code = 7
        name = "field"
        manning = 0.04
        infiltration = "green_ampt"
        soil = "clay"
        suction_mm = 100
        [[class]]
        code = 8
        name = "own soil"
        manning = 0.04
        infiltration = "green_ampt"
        conductivity_mm_h = 9
        suction_mm = 90
        moisture_deficit = 0.2
    """, "land.toml")  # fmt: skip
    field, own = read_land_table(path)
    assert field.green_ampt() == (0.3, 100, 0.385 * 0.5)  # half full unless said
    assert own.green_ampt() == (9, 90, 0.2)


def test_bundled_table():
    kinds = {kind.code: kind for kind in worldcover()}
    assert list(kinds) == [10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100]
    assert kinds[50].drain_capacity_mm_h == 12
    assert kinds[50].infiltration == kinds[80].infiltration == "none"
    assert kinds[30].soil == "silt loam"
    assert {kind.code: kind for kind in worldcover("sand")}[30].green_ampt()[0] == 117.8
    assert kinds[10].manning > kinds[30].manning > kinds[50].manning


@pytest.mark.parametrize(("row", "message"), [
    ("4,x,0.03,none,5,,,", "loss_mm_h does nothing with infiltration 'none'"),
    ("4,x,0.03,constant,,,,", "infiltration 'constant' needs loss_mm_h"),
    ("4,x,0.03,green_ampt,,,,", "infiltration 'green_ampt' needs soil, or conductivity_mm_h, "),
    ("4,x,0.03,green_ampt,,lome,,", "soil texture 'lome' is not known"),
    ("4,x,0.03,none,,,0.3,", "saturation does nothing with infiltration 'none'"),
    ("4,x,3,none,,,,", "manning = '3'"),
    ("4,x,,none,,,,", "manning: Field required"),
    ("2,x,0.03,none,,,,", "code 2 has two rows"),
    ("4,x,0.03,none,,,", "row 5 has 7 columns, the header 8"),
    ("4.5,x,0.03,none,,,,", "code = '4.5'"),
])  # fmt: skip
def test_wrong_table(tmp_path, row, message):
    with pytest.raises(ConfigError) as caught:
        read_land_table(table(tmp_path, TABLE + row + "\n"))
    assert message in str(caught.value)


@pytest.mark.parametrize(("keys", "message"), [
    ({"soil": "clay", "saturation": 0.2, "moisture_deficit": 0.1},
     "expected either saturation or moisture_deficit"),
    ({"conductivity_mm_h": 1, "suction_mm": 2, "moisture_deficit": 0.1, "saturation": 0.2},
     "saturation goes with soil"),
])  # fmt: skip
def test_numbers_that_exclude_each_other(keys, message):
    with pytest.raises(ValueError, match=message):
        kind(1, infiltration="green_ampt", **keys)


def test_table_that_is_not_text(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not a text file in UTF-8"):
        read_land_table(tmp_path / "x.csv")


def test_wrong_column_and_no_row(tmp_path):
    with pytest.raises(ConfigError, match="key 'maning' is not known; did you mean 'manning'"):
        read_land_table(table(tmp_path, TABLE.replace("manning", "maning")))
    with pytest.raises(ConfigError, match="found 0 classes, expected 1 to 255"):
        read_land_table(table(tmp_path, ""))
    with pytest.raises(ConfigError, match="a soil is given, but the table names its own"):
        read_land_table(table(tmp_path), soil="sand")


def test_lookup_on_the_same_grid(tmp_path):
    codes = np.full((4, 6), 2)
    codes[1, 3] = 3
    found = open_land(raster(codes), table(tmp_path), GRID)
    assert found.cover[1, 3] == 2
    assert found.roughness()[1, 3] == 0.03
    assert found.roughness()[0, 0] == 0.06
    assert found.losses().table.shape == (3, 5)
    assert found.shares() == {"garden": 23 / 24, "gravel": 1 / 24}


def test_unknown_classes_are_named_with_their_counts(tmp_path):
    codes = np.full((4, 6), 2)
    codes[0, :2] = 9
    codes[3, 5] = 11
    with pytest.raises(DataError) as caught:
        open_land(raster(codes), table(tmp_path), GRID)
    assert str(caught.value) == (
        "land cover: classes 9 (2 cells), 11 (1 cells) are not in the table, which has 1, 2, 3"
    )


def test_codes_that_were_averaged_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"found the code 1.5 in 24 cells, expected whole numbers"):
        open_land(raster(np.full((4, 6), 1.5)), table(tmp_path), GRID)


def test_coarser_raster_gives_the_cell_that_it_lies_in(tmp_path):
    coarse = Grid("EPSG:27700", 399990, 500010, 40, 30, 2, 2)
    found = open_land(raster([[1, 2], [3, 1]], coarse), table(tmp_path), GRID)
    # columns 0 to 2 lie in the first, rows 0 and 1 too
    assert found.cover.tolist() == [[0, 0, 0, 1, 1, 1]] * 2 + [[2, 2, 2, 0, 0, 0]] * 2


def test_finer_raster_gives_the_majority(tmp_path):
    fine = Grid("EPSG:27700", 400000, 500000, 2.5, 2.5, 24, 16)
    codes = np.full((16, 24), 1)
    codes[:4, :3] = 3  # 12 of 16 parts of the first cell
    codes[:4, 4:6] = 2  # a half of the second: the smaller code counts
    codes[4:8, :1] = 3  # a quarter
    found = open_land(raster(codes, fine), table(tmp_path), GRID)
    assert found.cover[0].tolist() == [2, 0, 0, 0, 0, 0]
    assert (found.cover[1:] == 0).all()


def test_raster_in_another_crs(tmp_path):
    # the raster tells its column: every terrain cell must find the one that its centre is in
    from pyproj import Transformer

    grid = Grid("EPSG:27700", 450000, 300000, 50, 50, 90, 70)
    degrees = Grid("EPSG:4326", -1.4, 52.7, 0.01, 0.01, 30, 30)
    codes = np.tile(np.arange(30), (30, 1))
    rows = "".join(f"{code},c{code},0.03,none,,,,\n" for code in range(30))
    found = open_land(
        raster(codes, degrees), table(tmp_path, TABLE.splitlines()[0] + "\n" + rows), grid
    )
    x, _ = Transformer.from_crs("EPSG:27700", "EPSG:4326", always_xy=True).transform(
        *np.meshgrid(grid.x, grid.y)
    )
    share = (x - degrees.left) / degrees.dx
    clear = np.abs(share - np.round(share)) > 1e-4
    assert clear.mean() > 0.99
    np.testing.assert_array_equal(found.cover[clear], np.floor(share)[clear])


def test_no_common_place(tmp_path):
    away = Grid("EPSG:27700", 600000, 500000, 10, 10, 6, 4)
    with pytest.raises(GridError, match="land cover and terrain do not share a place"):
        open_land(raster(np.ones((4, 6)), away), table(tmp_path), GRID)


def test_ground_without_cover_is_refused(tmp_path):
    half = Grid("EPSG:27700", 400000, 500000, 10, 10, 3, 4)
    land = open_land(raster(np.ones((4, 3)), half), table(tmp_path), GRID)
    settings = SimulateSettings()
    with pytest.raises(DataError) as caught:
        March(np.zeros((4, 6)), 10.0, settings, site=Site(land=land))
    assert str(caught.value) == (
        "simulating: land cover is missing in 12 of 24 cells with ground, "
        "the first at row 0, column 3"
    )
    ground = np.zeros((4, 6))
    ground[:, 3:] = np.nan
    March(ground, 10.0, settings, site=Site(land=land))  # beside the ground it does not matter
    with pytest.raises(DataError, match=r"land cover of shape \(4, 6\), expected \(4, 5\)"):
        March(np.zeros((4, 5)), 10.0, settings, site=Site(land=land))


def test_files(tmp_path):
    pytest.importorskip("rasterio")
    from inundate.terrain.asciigrid import write_asciigrid
    from inundate.terrain.geotiff import write_geotiff

    codes = np.full((4, 6), 3, np.float32)
    codes[2, 1] = 1
    array = raster(codes)
    write_geotiff(array, tmp_path / "c.tif", nodata=0)
    write_asciigrid(array, tmp_path / "c.asc")
    write_dataset(array.to_dataset(), tmp_path / "c.nc")
    for name in ("c.tif", "c.asc", "c.nc"):
        found = open_land(tmp_path / name, table(tmp_path), GRID)
        assert found.cover[2, 1] == 0
        assert (found.cover == 2).sum() == 23
    # a coarse raster: no centre of a cell near the small terrain
    big = Grid("EPSG:27700", 390000, 510000, 10000, 10000, 3, 3)
    write_geotiff(raster(np.arange(1, 10.0).reshape(3, 3) % 3 + 1, big), tmp_path / "b.tif")
    small = Grid("EPSG:27700", 401000, 500000 - 9000, 10, 10, 6, 4)
    assert (open_land(tmp_path / "b.tif", table(tmp_path), small).cover == 2).all()
    with pytest.raises(DataError, match="expected 'land_cover'"):
        write_dataset(array.rename("cover").to_dataset(), tmp_path / "d.nc")
        open_land(tmp_path / "d.nc", table(tmp_path), GRID)
    (tmp_path / "tiles").mkdir()
    write_asciigrid(array, tmp_path / "tiles" / "a.asc")
    with pytest.raises(DataError, match="found tiles, expected one raster"):
        open_land(tmp_path / "tiles", table(tmp_path), GRID)


def kind(code, **values):
    return LandKind(code=code, name=f"class {code}", manning=0.03, **values)


def test_cells_of_the_raster_without_data_stay_unknown(tmp_path):
    codes = np.full((4, 6), 2.0)
    codes[0, 0] = np.nan
    land = open_land(raster(codes), table(tmp_path), GRID)
    assert land.cover[0, 0] == 255
    assert np.isnan(land.roughness()[0, 0])
    assert land.losses().cover[0, 0] == 0


def halves(*kinds):
    cover = np.zeros((4, 6), np.uint8)
    cover[:, 3:] = 1
    return Site(land=Land(cover, kinds))


def test_each_kind_loses_its_own_way():
    site = halves(kind(1, infiltration="constant", loss_mm_h=10), kind(2, drain_capacity_mm_h=15))
    ground = np.zeros((4, 6))
    ground[:, 2:4] = 10  # a ridge: nothing runs from half to half
    found = simulate_arrays(
        ground, np.array([30.0]), rain_step_s=3600, cell_size_m=10, site=site,
        settings=SimulateSettings(edges="closed", run_on_min=0, precision="float64"),
    )  # fmt: skip
    assert found.budget["infiltration_m3"] == pytest.approx(12 * 100 * 0.010, rel=0.02)
    assert found.budget["drainage_m3"] == pytest.approx(12 * 100 * 0.015, rel=0.02)
    assert abs(found.budget["error_relative"]) < 1e-12


def test_roughness_of_the_land_reaches_the_flow():
    site = halves(kind(1), LandKind(code=2, name="wood", manning=0.2))
    march = March(np.zeros((4, 6)), 10.0, SimulateSettings(), site=site)
    assert march.ground.roughness[0].tolist() == pytest.approx([0.03] * 3 + [0.2] * 3)
    own = March(
        np.zeros((4, 6)), 10.0, SimulateSettings(), roughness=np.full((4, 6), 0.5), site=site
    )
    assert (own.ground.roughness == 0.5).all()


def test_settings_that_land_cover_gives_are_refused():
    with pytest.raises(ConfigError) as caught:
        March(
            np.zeros((4, 6)), 10.0,
            SimulateSettings(manning=0.05, infiltration="constant", loss_mm_h=3.0),
            site=halves(kind(1), kind(2)),
        )  # fmt: skip
    assert str(caught.value) == (
        "simulating: 3 settings do not fit the site\n"
        "  manning is set, but land cover gives it\n"
        "  infiltration is set, but land cover gives it\n"
        "  loss_mm_h is set, but land cover gives it"
    )
