import json
import subprocess
import sys

import numpy as np
import pytest

from inundate.cli.app import main
from inundate.core.grid import grid_of
from inundate.terrain.describe import describe_terrain
from inundate.terrain.open import open_terrain
from inundate.terrain.save import write_raster


def run(capsys, *words: object, code: int = 0) -> tuple[str, str]:
    assert main([str(word) for word in words]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_describe_tells_grid_range_slope_and_sinks(capsys, tmp_path, heightmap):
    x = np.arange(30)[None, :] + np.zeros((20, 1))
    height = 50 + 0.5 * x
    height[10, 10] -= 3
    height[0, 0] = np.nan
    path = write_raster(heightmap(height), tmp_path / "a.tif")
    out, _ = run(capsys, "terrain", "describe", path, "--json")
    found = json.loads(out)
    assert found["format"] == "GeoTIFF"
    assert found["crs"] == "EPSG:27700"
    assert (found["height"], found["width"], found["cell_size"]) == (20, 30, [10, 10])
    assert (found["elevation_min"], found["elevation_max"]) == (50.0, 64.5)
    assert found["share_missing"] == pytest.approx(1 / 600)
    assert found["median_slope"] == pytest.approx(0.05, abs=1e-6)
    assert found["regime"] == "mixed"
    # 3 m below 55.0 with the lowest neighbour at 54.5: 2.5 m deep, 100 m2
    assert found["sinks"] == {
        "count": 1,
        "volume": pytest.approx(250.0),
        "share": pytest.approx(1 / 599),
        "deepest": pytest.approx(2.5),
    }
    assert found["metric"] is True
    text, _ = run(capsys, "terrain", "describe", path)
    assert "1 deeper than 0.1 m, 250 m3" in text
    assert "median 0.0500 m/m: mixed" in text


def test_describe_needs_a_crs(capsys, tmp_path):
    path = tmp_path / "a.asc"
    path.write_text("ncols 2\nnrows 2\nxllcorner 0\nyllcorner 0\ncellsize 1\n1 2\n3 4\n")
    _, error = run(capsys, "terrain", "describe", path, code=3)
    assert error == (
        f"error: reading {path}: an ASCII grid names no coordinate reference system and there is "
        "no .prj file beside it\n"
        "  hint: say which it is, such as --crs EPSG:27700 for British National Grid "
        "(--terrain-crs beside rain)\n"
    )
    run(capsys, "terrain", "describe", path, "--crs", "EPSG:27700")


def test_merge_crop_and_to_metric(capsys, tmp_path, heightmap, hills):
    west = write_raster(heightmap(hills[:, :30]), tmp_path / "west.tif")
    east = write_raster(heightmap(hills[:, 30:], left=400_300), tmp_path / "east.asc")
    both = tmp_path / "both.nc"
    run(capsys, "terrain", "merge", west, east, "-o", both)
    np.testing.assert_allclose(open_terrain(both).values, hills, atol=1e-3)
    _, error = run(capsys, "terrain", "merge", west, east, "-o", both, code=6)
    assert "it exists already" in error
    cut = tmp_path / "cut.tif"
    out, _ = run(
        capsys, "terrain", "crop", both, "--box", 400_100, 299_800, 400_200, 299_900,
        "-o", cut, "--json",
    )  # fmt: skip
    assert json.loads(out)["bounds"] == [400_100, 299_800, 400_200, 299_900]
    np.testing.assert_allclose(open_terrain(cut).values, hills[10:20, 10:20], atol=1e-3)
    coarse = tmp_path / "coarse.tif"
    run(
        capsys, "terrain", "crop", both, "--to-metric", "--cell-size-m", 20,
        "--metric-crs", "EPSG:32630", "-o", coarse,
    )  # fmt: skip
    assert (grid_of(open_terrain(coarse)).crs, grid_of(open_terrain(coarse)).dx) == (
        "EPSG:32630", 20,
    )  # fmt: skip
    _, error = run(capsys, "terrain", "crop", both, "--cell-size-m", 5, "-o", cut, code=2)
    assert "belong to --to-metric" in error


def test_crop_with_a_negative_box_in_degrees(capsys, tmp_path, heightmap, hills):
    path = write_raster(heightmap(hills), tmp_path / "a.tif")
    degrees = describe_terrain(path)["bounds_degrees"]
    assert degrees[0] < 0  # west of Greenwich
    out, _ = run(
        capsys, "terrain", "crop", path, "--box", *degrees, "--box-crs", "EPSG:4326",
        "-o", tmp_path / "b.tif", "--json",
    )  # fmt: skip
    assert json.loads(out)["height"] >= 59


def test_crop_fills_holes_on_request_only(capsys, tmp_path, heightmap, hills):
    values = hills.copy()
    values[30, 30] = np.nan
    path = write_raster(heightmap(values), tmp_path / "a.tif")
    kept, filled = tmp_path / "kept.nc", tmp_path / "filled.nc"
    run(capsys, "terrain", "crop", path, "-o", kept)
    run(capsys, "terrain", "crop", path, "--fill-holes", 4, "-o", filled)
    assert np.isnan(open_terrain(kept).values[30, 30])
    around = (hills[29, 30] + hills[31, 30] + hills[30, 29] + hills[30, 31]) / 4
    assert open_terrain(filled).values[30, 30] == pytest.approx(around, abs=1e-3)
    assert json.loads(open_terrain(filled).attrs["conditioning"])[0]["cells"] == 1


def test_derive_writes_all_or_one(capsys, tmp_path, heightmap, hills):
    import xarray as xr

    path = write_raster(heightmap(hills), tmp_path / "a.tif")
    out, _ = run(capsys, "terrain", "derive", path, "-o", tmp_path / "f.zarr", "--json")
    with xr.open_zarr(tmp_path / "f.zarr", consolidated=False, chunks=None) as stored:
        assert set(stored.data_vars) == set(json.loads(out)["features"])
        assert stored["slope_x"].attrs["units"] == "1"
    run(capsys, "terrain", "derive", path, "--feature", "slope_x", "-o", tmp_path / "s.tif")
    assert (tmp_path / "s.tif").exists()
    _, error = run(
        capsys, "terrain", "derive", path, "--feature", "slop_x", "-o", tmp_path / "t.tif", code=2
    )
    assert "did you mean 'slope_x'?" in error
    _, error = run(capsys, "terrain", "derive", path, "-o", tmp_path / "all.tif", code=2)
    assert "go into one .zarr or .nc" in error
    assert not (tmp_path / "t.tif").exists()


def test_synthesise_flags_go_before_the_file(capsys, tmp_path):
    config = tmp_path / "c.toml"
    config.write_text("[synthesise]\nrows = 32\ncolumns = 40\nslope = 0.01\n")
    out, _ = run(
        capsys, "terrain", "synthesise", "plain", "--config", config, "--rows", 48,
        "-o", tmp_path / "p.tif", "--json",
    )  # fmt: skip
    found = json.loads(out)
    assert (found["height"], found["width"], found["kind"]) == (48, 40, "plain")
    assert found["median_slope"] > 0.008
    _, error = run(
        capsys, "terrain", "synthesise", "plain", "--hurst", 0.5, "-o", tmp_path / "q.tif", code=2
    )
    assert "'plain' has no setting hurst" in error
    config.write_text("[synthesise]\nrow = 32\n")
    _, error = run(
        capsys, "terrain", "synthesise", "plain", "--config", config, "-o", tmp_path / "q.tif",
        code=2,
    )  # fmt: skip
    assert "did you mean 'rows'?" in error
    _, error = run(capsys, "terrain", "synthesise", "plain", "-o", tmp_path / "q.png", code=2)
    assert "expected .tif, .asc, .asc.gz, .zarr or .nc" in error
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.toml", "p.tif"]


def test_terrain_loads_no_torch():
    code = (
        "import sys, inundate.terrain.open, inundate.terrain.derive, inundate.terrain.synthetic, "
        "inundate.terrain.describe; assert 'torch' not in sys.modules; "
        "assert 'rich' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_real_block_as_the_command_tells_it(capsys, shared_data):
    folder = shared_data / "terrain" / "os-terrain50" / "humber_hull"
    found = json.loads(run(capsys, "terrain", "describe", folder, "--json")[0])
    assert found["missing_tiles"] == ["TA34", "TA35"]
    assert found["share_missing"] == pytest.approx(0.08)
    assert found["regime"] == "flat"
    assert found["sinks"]["count"] > 1000
    text = run(capsys, "terrain", "describe", folder)[0]
    assert "no tile    TA34, TA35" in text
    assert "median 0.0072 m/m: flat" in text


def test_real_lidar_with_lakes_has_many_sinks(capsys, shared_data):
    found = describe_terrain(shared_data / "terrain" / "lidar-minnesota-lakes" / "dem.tif")
    assert (found["crs"], found["cell_size"]) == ("EPSG:26915", [1.0, 1.0])
    assert found["sinks"]["count"] > 10
    assert found["sinks"]["deepest"] > 1
    path = shared_data / "terrain" / "usgs-ned-eno-river-nc" / "enogeo.tif"
    degrees = describe_terrain(path)
    assert (degrees["metric"], degrees["unit"]) == (False, "degrees")
    text = run(capsys, "terrain", "describe", path)[0]
    assert "not metric and square: inundate terrain crop … --to-metric" in text
    assert 0.02 < degrees["median_slope"] < 0.06
