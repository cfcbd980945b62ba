import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from inundate.core.errors import DataError, GridError, MissingFileError
from inundate.core.grid import grid_of
from inundate.terrain.derive import median_slope
from inundate.terrain.national import tile_name, tile_origin
from inundate.terrain.open import open_terrain
from inundate.terrain.terrain50 import read_ascii_tiles

WKT = 'PROJCS["British_National_Grid",GEOGCS["GCS_OSGB_1936"]]'  # as ESRI writes it, shortened


def tile_text(name: str, value: float | None = None, cells: int = 4) -> str:
    """A tile of 10 km in few cells; values count up from the south-west of the tile."""
    left, bottom = tile_origin(name)
    rows = np.arange(cells * cells).reshape(cells, cells) if value is None else value
    body = np.broadcast_to(rows, (cells, cells))
    text = "\r\n".join(" ".join(f"{v:g}" for v in row) for row in body)
    return (
        f"ncols {cells}\r\nnrows {cells}\r\nxllcorner {left:g}\r\nyllcorner {bottom:g}\r\n"
        f"cellsize {10000 / cells:g}\r\n{text}\r\n"
    )


def tile_zip(name: str, value: float | None = None) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{name}.asc", tile_text(name, value))
        archive.writestr(f"{name}.prj", WKT)
        archive.writestr(f"Metadata_{name}.xml", "<a/>")
    return packed.getvalue()


@pytest.fixture
def tiles(tmp_path) -> Path:
    """Three of the four tiles of a 20 km square; TA33 is missing."""
    for name, value in (("TA22", 1.0), ("TA32", 2.0), ("TA23", 3.0)):
        (tmp_path / f"{name.lower()}.zip").write_bytes(tile_zip(name, value))
    return tmp_path


def test_names_and_origins_agree_over_all_squares():
    assert tile_origin("SV00") == (0, 0)
    assert tile_origin("tq38") == (530_000, 180_000)
    assert tile_origin("HP61") == (460_000, 1_210_000)
    for name in ("SV00", "TA99", "HP61", "NN27", "TQ38", "OV05"):
        assert tile_name(*tile_origin(name)) == name
    for wrong in ("TI00", "T00", "TA0233"):
        with pytest.raises(DataError, match="expected a National Grid tile"):
            tile_origin(wrong)
    with pytest.raises(DataError, match="lies off"):
        tile_name(9e6, 0)


def test_tiles_are_merged_and_the_missing_one_is_nan(tiles):
    found = open_terrain(tiles)
    assert grid_of(found).bounds == (520_000, 420_000, 540_000, 440_000)
    assert grid_of(found).crs == "EPSG:27700"
    np.testing.assert_array_equal(found.values[:4, :4], 3)  # TA23 is in the north-west
    np.testing.assert_array_equal(found.values[4:, :4], 1)
    np.testing.assert_array_equal(found.values[4:, 4:], 2)
    assert np.isnan(found.values[:4, 4:]).all()
    assert float(found.mean()) == 2.0  # never -9999 in a mean


def test_nested_zip_folder_of_asc_and_zip_give_the_same(tiles, tmp_path_factory):
    expected = open_terrain(tiles).values
    folder = tmp_path_factory.mktemp("asc")
    nested = folder / "terr50_gagg_gb.zip"
    with zipfile.ZipFile(nested, "w") as archive:
        for path in sorted(tiles.glob("*.zip")):
            archive.writestr(f"data/ta/{path.stem}_OST50GRID_20230518.zip", path.read_bytes())
    np.testing.assert_array_equal(open_terrain(nested).values, expected)
    plain = tmp_path_factory.mktemp("plain")
    for name, value in (("TA22", 1.0), ("TA32", 2.0), ("TA23", 3.0)):
        (plain / f"{name}.asc").write_text(tile_text(name, value))
    np.testing.assert_array_equal(open_terrain(plain).values, expected)  # CRS by the tile's name


def test_box_reads_only_what_it_meets(tiles):
    (tiles / "ta22.zip").write_bytes(b"PK\x03\x04 damaged")
    found = open_terrain(tiles, box=(530_000, 420_000, 540_000, 440_000))
    assert grid_of(found).bounds == (530_000, 420_000, 540_000, 440_000)
    assert np.isnan(found.values[:4]).all()
    assert (found.values[4:] == 2).all()
    with pytest.raises(DataError, match=r"ta22\.zip: not a whole zip file"):
        open_terrain(tiles)


def test_box_in_degrees(tiles):
    found = open_terrain(tiles, box=(-0.10, 53.68, -0.02, 53.72), box_crs="EPSG:4326")
    left, bottom, right, top = grid_of(found).bounds
    assert 520_000 <= left < right <= 540_000
    assert 420_000 <= bottom < top <= 440_000
    with pytest.raises(GridError, match="none of its 3 tiles meets the box") as caught:
        open_terrain(tiles, box=(2, 48, 3, 49), box_crs="EPSG:4326")
    assert "left, bottom, right, top" in caught.value.hint


def test_a_renamed_tile_is_found_out(tmp_path):
    text = tile_text("TA22", cells=200)
    (tmp_path / "TA33.asc").write_text(text)
    with pytest.raises(DataError, match="the header puts the south-west corner at") as caught:
        read_ascii_tiles(tmp_path)
    assert "renamed" in caught.value.hint


def test_tiles_of_other_lattices_do_not_merge(tmp_path):
    (tmp_path / "TA22.asc").write_text(tile_text("TA22", cells=4))
    (tmp_path / "TA32.asc").write_text(tile_text("TA32", cells=5))
    with pytest.raises(GridError, match="do not share a lattice: cell size differs"):
        read_ascii_tiles(tmp_path)


def test_overlap_of_different_heights_is_refused_unless_chosen(tmp_path):
    (tmp_path / "TA22.asc").write_text(tile_text("TA22", 1.0))
    (tmp_path / "TA22_new.asc").write_text(tile_text("TA22", 2.0))
    with pytest.raises(DataError, match="16 cells overlap .* differ by up to 1 m"):
        read_ascii_tiles(tmp_path)
    assert (read_ascii_tiles(tmp_path, overlap="first").values == 1.0).all()
    assert (read_ascii_tiles(tmp_path, overlap="mean").values == 1.5).all()


def test_other_tiles_need_a_crs(tmp_path):
    (tmp_path / "north.asc").write_text(tile_text("TA22"))
    with pytest.raises(GridError, match="names no coordinate reference system"):
        read_ascii_tiles(tmp_path)
    assert grid_of(read_ascii_tiles(tmp_path, crs="EPSG:32630")).crs == "EPSG:32630"


def test_empty_folder_and_absent_path(tmp_path):
    with pytest.raises(DataError, match="found no ASCII grid"):
        read_ascii_tiles(tmp_path)
    with pytest.raises(MissingFileError):
        read_ascii_tiles(tmp_path / "none")


def test_names_that_only_look_like_squares_leave_nothing_out(tmp_path):
    for name, left in (("ab10", 0), ("ab20", 40)):
        (tmp_path / f"{name}.asc").write_text(
            f"ncols 2\nnrows 1\nxllcorner {left}\nyllcorner 0\ncellsize 20\n1 2\n"
        )
    found = read_ascii_tiles(tmp_path, crs="EPSG:32630", box=(0, 0, 80, 20))
    np.testing.assert_array_equal(found.values, [[1, 2, 1, 2]])


def test_a_name_in_the_wrong_place_makes_every_tile_be_read(tmp_path):
    left, bottom = tile_origin("TA22")
    header = "ncols 2\nnrows 1\nyllcorner {y:g}\nxllcorner {x:g}\ncellsize 20\n"
    for name, x, value in (("TA22", left + 50_000, 1), ("TQ38", left + 50_040, 2)):
        (tmp_path / f"{name}.asc").write_text(header.format(x=x, y=bottom) + f"{value} {value}\n")
    box = (left, bottom, left + 60_000, bottom + 100)
    np.testing.assert_array_equal(read_ascii_tiles(tmp_path, box=box).values, [[1, 1, 2, 2]])


def test_damage_within_a_zip_is_named(tmp_path):
    good = tile_zip("TA22", 1.0)
    at = good.index(b"ncols") if b"ncols" in good else 60
    (tmp_path / "ta22.zip").write_bytes(good[:at] + b"XXXX" + good[at + 4 :])
    with pytest.raises(DataError, match=r"ta22\.zip/TA22\.asc: damaged within its zip"):
        read_ascii_tiles(tmp_path)
    (tmp_path / "ta22.zip").unlink()
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("TA22.asc", tile_text("TA22") * 2)
    with pytest.raises(DataError, match="found 2 grids, expected one"):
        read_ascii_tiles(tmp_path)
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("readme.txt", "")
    with pytest.raises(DataError, match=r"a zip file without any \.asc"):
        open_terrain(tmp_path / "two.zip")


# figures of the data folder's own description
BLOCKS = {
    "dartmoor_exe": (-1.4, 619, 142, 0.089, (250, 60)),
    "fens_wash": (-4.5, 94, 2.3, 0.004, (530, 280)),
    "humber_hull": (-12.9, 163, 6.2, 0.007, (490, 410)),
    "london_thames": (-12.5, 269, 44, 0.024, (500, 150)),
    "pennines_calder_aire": (10.8, 516, 158, 0.069, (390, 410)),
    "welsh_marches_severn": (8.4, 825, 169, 0.075, (300, 290)),
}


@pytest.mark.parametrize("block", BLOCKS)
def test_real_blocks(shared_data, block):
    low, high, median, slope, (east, north) = BLOCKS[block]
    found = open_terrain(shared_data / "terrain" / "os-terrain50" / block)
    assert found.shape == (1000, 1000)
    assert grid_of(found).bounds == (
        east * 1000, north * 1000, (east + 50) * 1000, (north + 50) * 1000,
    )  # fmt: skip
    assert float(found.min()) == pytest.approx(low, abs=0.05)
    assert float(found.max()) == pytest.approx(high, abs=0.5)
    assert float(found.median()) == pytest.approx(median, abs=0.5)
    assert median_slope(found) == pytest.approx(slope, abs=6e-4)
    assert found.attrs["source_format"] == "OS Terrain 50"
    assert found.attrs["vertical_datum"] == "Ordnance Datum Newlyn"


def test_real_missing_tiles(shared_data):
    found = open_terrain(shared_data / "terrain" / "os-terrain50" / "humber_hull")
    assert json.loads(found.attrs["missing_tiles"]) == ["TA34", "TA35"]
    assert np.isnan(found.values[:400, 800:]).all()  # N 440-460 km, E 530-540 km
    assert int(np.isnan(found.values).sum()) == 2 * 200 * 200
    assert float((found < 5).sum() / found.notnull().sum()) == pytest.approx(0.47, abs=0.005)
