"""The commands that change or make rain: files in, files out, errors in full."""

import json

import numpy as np
import pytest
import xarray as xr

from inundate.cli.app import main
from inundate.core.grid import Grid, grid_of
from inundate.core.store import write_dataset
from inundate.rain.array import history, make_rain, to_rain_dataset
from inundate.rain.open import open_rain
from inundate.rain.settings import DesignSettings
from inundate.rain.storms import SETTINGS


def make_file(path, minutes=(5, 10, 15, 30), peak=500.0):
    values = np.ones((len(minutes), 6, 8), dtype=np.float32)
    values[1, 2, 3] = peak
    start = np.datetime64("2020-06-01T00:00", "ns")
    ends = start + np.array(minutes) * np.timedelta64(60, "s")
    grid = Grid("EPSG:27700", 400000, 300000, 1000, 1000, 8, 6)
    write_dataset(to_rain_dataset(make_rain(values, ends, grid, step_s=300)), path)
    return path


@pytest.fixture
def rain_file(tmp_path):
    return make_file(tmp_path / "radar.nc")


@pytest.fixture
def terrain_file(tmp_path):
    """20 x 30 cells of 100 m, inside the rain."""
    path = tmp_path / "dem.asc"
    rows = "\n".join(" ".join(["5.0"] * 30) for _ in range(20))
    path.write_text(
        f"ncols 30\nnrows 20\nxllcorner 402000\nyllcorner 296000\ncellsize 100\n{rows}\n"
    )
    return path


def run(capsys, *arguments):
    """Run a command; give its JSON and exit code, or its error text and exit code."""
    code = main(["rain", *map(str, arguments)])
    captured = capsys.readouterr()
    return (json.loads(captured.out) if code == 0 else captured.err), code


def test_clean_fills_marks_and_reports(capsys, rain_file, tmp_path):
    out = tmp_path / "clean.zarr"
    result, code = run(
        capsys, "clean", rain_file, "--max-rate-mm-h", 200, "--fill-gap-min", 10,
        "-o", out, "--json",
    )  # fmt: skip
    assert code == 0
    assert result["steps"] == 6
    assert result["filled_steps"] == ["2020-06-01T00:20:00Z", "2020-06-01T00:25:00Z"]
    assert result["missing_share"] == pytest.approx(1 / (6 * 48))
    assert result["peak_mm_h"] == 1
    assert [entry["operation"] for entry in result["history"]] == ["mark_clutter", "fill_gaps"]
    found = open_rain(out)
    assert np.isnan(found.values[1, 2, 3])
    assert history(found) == result["history"]
    assert json.loads(found.attrs["filled_steps"]) == result["filled_steps"]
    assert grid_of(found) == grid_of(open_rain(rain_file))
    assert xr.open_zarr(out, consolidated=False)["time_bounds"].shape == (6, 2)


def test_clean_reads_its_settings_from_a_file_and_flags_win(capsys, rain_file, tmp_path):
    config = tmp_path / "settings.toml"
    config.write_text("[clean]\nmax_rate_mm_h = 200\nfill_gap_min = 10\n[simulate]\n")
    result, _ = run(
        capsys, "clean", rain_file, "--config", config, "--fill-gap-min", 5,
        "-o", tmp_path / "c.nc", "--json",
    )  # fmt: skip
    assert result["missing_steps"] == ["2020-06-01T00:20:00Z", "2020-06-01T00:25:00Z"]
    assert result["history"][0]["max_rate_mm_h"] == 200


def test_clean_as_text_names_every_operation(capsys, rain_file, tmp_path):
    code = main(
        ["rain", "clean", str(rain_file), "--max-rate-mm-h", "200", "-o", str(tmp_path / "c.nc")]
    )
    text = capsys.readouterr().out
    assert code == 0
    assert "  missing   0.52% of the cells\n" in text
    assert text.endswith(
        "  mark_clutter: max_rate_mm_h 200.0, cells 1, steps 1, highest_mm_h 500.0\n"
    )


def test_clean_without_a_setting(capsys, rain_file, tmp_path):
    text, code = run(capsys, "clean", rain_file, "-o", tmp_path / "c.nc")
    assert code == 2
    assert text == (
        "error: cleaning rain: found nothing to do, expected at least one setting\n"
        "  hint: try --max-rate-mm-h 200 --speckle-cells 3 --fill-gap-min 15\n"
    )


def test_typo_in_a_toml_key_names_the_nearest(capsys, rain_file, tmp_path):
    config = tmp_path / "settings.toml"
    config.write_text("[clean]\nspeckle_cell = 3\n")
    text, code = run(capsys, "clean", rain_file, "--config", config, "-o", tmp_path / "c.nc")
    assert code == 2
    assert "key 'speckle_cell' is not known; did you mean 'speckle_cells'?" in text
    assert not (tmp_path / "c.nc").exists()


def test_refused_missing_cells_leave_no_output(capsys, rain_file, tmp_path):
    text, code = run(
        capsys, "clean", rain_file, "--max-rate-mm-h", 200, "--missing", "refuse",
        "-o", tmp_path / "c.nc",
    )  # fmt: skip
    assert code == 3
    assert text.startswith("error: filling missing cells of rain: 0.521% of the cells are missing")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["radar.nc"]


def test_existing_output_is_not_touched(capsys, rain_file):
    before = rain_file.read_bytes()
    text, code = run(capsys, "clean", rain_file, "--speckle-cells", 3, "-o", rain_file)
    assert code == 6
    assert "it exists already" in text
    assert rain_file.read_bytes() == before


def test_crop_by_a_box_in_degrees(capsys, rain_file, tmp_path):
    out = tmp_path / "part.nc"
    result, code = run(
        capsys, "crop", rain_file, "--box", -1.97, 52.56, -1.92, 52.59, "--box-crs", "EPSG:4326",
        "-o", out, "--json",
    )  # fmt: skip
    assert code == 0
    assert result["crs"] == "EPSG:27700"
    assert open_rain(out).sizes["x"] < 8
    marked = np.argwhere(open_rain(out).values[1] == 500)
    assert (float(open_rain(out).x[marked[0][1]]), float(open_rain(out).y[marked[0][0]])) == (
        403500,
        297500,
    )


def test_crop_outside_says_where_things_are(capsys, rain_file, tmp_path):
    text, code = run(capsys, "crop", rain_file, "--box", 0, 0, 1000, 1000, "-o", tmp_path / "p.nc")
    assert code == 3
    assert text == (
        "error: cropping rain: 0.0% of the box lies on the rain, expected all of it\n"
        "  box   (0, 0, 1000, 1000) in the CRS of the rain\n"
        "  rain  (400000, 294000, 408000, 300000), EPSG:27700, 1000 m, 6 x 8, "
        "top-left (400000, 300000)\n"
        "  hint: move the storm there: inundate rain augment RAIN --move-to X Y --move-crs CRS "
        "-o OUT\n"
    )


def test_regrid_to_a_terrain(capsys, rain_file, terrain_file, tmp_path):
    out = tmp_path / "on_dem.zarr"
    result, code = run(
        capsys, "regrid", rain_file, "--like", terrain_file, "--like-crs", "EPSG:27700",
        "-o", out, "--json",
    )  # fmt: skip
    assert code == 0
    found = open_rain(out)
    assert found.shape == (4, 20, 30)
    assert grid_of(found).bounds == (402000, 296000, 405000, 298000)
    assert int((found.values[1] == 500).sum()) == 100  # one 1 km cell in 100 m cells
    assert abs(result["history"][0]["volume_change"]) < 1e-6


def test_regrid_off_the_rain_is_refused_unless_allowed(capsys, tmp_path, terrain_file):
    rain = make_file(tmp_path / "r.nc")
    moved = tmp_path / "moved.nc"
    _, code = run(capsys, "augment", rain, "--move-to", 407000, 297000, "-o", moved, "--json")
    assert code == 0
    arguments = ["regrid", moved, "--like", terrain_file, "--like-crs", "EPSG:27700"]
    text, code = run(capsys, *arguments, "-o", tmp_path / "x.nc")
    assert code == 3
    assert text.startswith("error: moved.nc covers 66.67% of dem.asc, expected all of it\n")
    result, code = run(capsys, *arguments, "--allow-partial", "-o", tmp_path / "x.nc", "--json")
    assert code == 0
    assert result["missing_share"] == pytest.approx(1 / 3)


def test_design_over_a_terrain(capsys, terrain_file, tmp_path):
    out = tmp_path / "storm.nc"
    result, code = run(
        capsys, "design", "chicago", "--like", terrain_file, "--crs", "EPSG:27700",
        "--total-mm", 50, "--duration-min", 60, "--start", "2007-06-25T03:00", "-o", out, "--json",
    )  # fmt: skip
    assert code == 0
    assert result["mean_total_mm"] == pytest.approx(50, rel=1e-6)
    assert result["start"] == "2007-06-25T03:00:00Z"
    assert result["storm"]["kind"] == "chicago"
    found = open_rain(out)
    assert found.shape == (12, 20, 30)
    assert found.attrs["storm_name"] == "chicago-50mm-60min"


def test_design_on_coarser_cells_covers_the_terrain(capsys, terrain_file, tmp_path):
    result, _ = run(
        capsys, "design", "random-field", "--like", terrain_file, "--crs", "EPSG:27700",
        "--cell-size-m", 700, "--total-mm", 20, "--outer-scale-m", 3000, "--seed", 4,
        "-o", tmp_path / "s.zarr", "--json",
    )  # fmt: skip
    assert result["bounds"] == [402000, 298000 - 2100, 402000 + 3500, 298000]
    assert result["mean_total_mm"] == pytest.approx(20, rel=1e-6)


def test_design_in_a_box_as_text(capsys, tmp_path):
    arguments = [
        "--bounds",
        "0",
        "0",
        "4000",
        "3000",
        "--crs",
        "EPSG:27700",
        "--cell-size-m",
        "1000",
    ]
    out = str(tmp_path / "s.nc")
    code = main(["rain", "design", "uniform", *arguments, "--total-mm", "12", "-o", out])
    text = capsys.readouterr().out
    assert code == 0
    assert "24 steps of 300 s" in text
    assert "mean total 12 mm, most 12 mm, peak 6 mm/h" in text
    assert "EPSG:27700, 1000 m, 3 x 4, top-left (0, 3000)" in text


BOX = ("--bounds", 0, 0, 4000, 3000, "--crs", "EPSG:27700", "--cell-size-m", 1000)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ("chicgo", *BOX),
            "error: designing a storm: kind 'chicgo', expected one of uniform, chicago, feh, "
            "moving-cell, random-field\n  hint: did you mean 'chicago'?\n",
        ),
        (
            ("chicago", *BOX, "--radius-m", 300),
            "error: designing a chicago storm: radius_m belongs to moving-cell; expected some of "
            "start, step_s, duration_min, total_mm, peak_position, b_min, n\n",
        ),
        (
            ("chicago",),
            "error: designing a storm: --like None, --bounds None; expected exactly one of them\n",
        ),
        (
            ("chicago", "--bounds", 0, 0, 4000, 3000, "--crs", "EPSG:27700"),
            "error: designing a storm: --bounds with --crs EPSG:27700 and --cell-size-m None, "
            "expected both\n  hint: such as --crs EPSG:27700 --cell-size-m 500\n",
        ),
        (
            ("chicago", "--bounds", 0, 0, 400000, 300000, "--crs", "EPSG:27700",
             "--cell-size-m", 5),
            "error: designing a storm: 24 steps of 60000 x 80000 cells are more than 4 GiB\n"
            "  hint: give a coarser --cell-size-m; simulate brings the storm to the terrain's "
            "grid\n",
        ),
    ],
)  # fmt: skip
def test_design_errors_in_full(capsys, tmp_path, arguments, expected):
    text, code = run(capsys, "design", *arguments, "-o", tmp_path / "s.nc")
    assert text == expected
    assert code == 2
    assert not list(tmp_path.iterdir())


def test_design_flags_are_the_settings_of_all_kinds():
    every = {name for model in SETTINGS.values() for name in model.model_fields}
    assert set(DesignSettings.model_fields) == every


def test_augment_does_all_in_order(capsys, rain_file, tmp_path):
    result, code = run(
        capsys, "augment", rain_file, "--scale", 0.5, "--flip", "y", "--rotate-deg", 180,
        "--shift-m", -1000, 0, "--move-to", -275000, 85000, "--move-crs", "EPSG:3035",
        "-o", tmp_path / "a.nc", "--json",
    )  # fmt: skip
    assert code == 0
    assert [entry["operation"] for entry in result["history"]] == [
        "scale_rain",
        "flip_rain",
        "rotate_rain",
        "shift_rain",
        "move_rain",
    ]
    assert result["crs"] == "EPSG:3035"
    assert result["bounds"] == [-279000, 82000, -271000, 88000]
    assert result["moved_from"]["crs"] == "EPSG:27700"
    found = open_rain(tmp_path / "a.nc")
    # flipped in y and turned by 180 degrees is flipped in x; then one cell to the west
    row, col = np.argwhere(found.values[1] == 250)[0]
    assert (row, col) == (2, 8 - 1 - 3 - 1)


def test_augment_into_degrees_is_refused(capsys, rain_file, tmp_path):
    text, code = run(
        capsys, "augment", rain_file, "--move-to", 7.5, 46.9, "--move-crs", "EPSG:4326",
        "-o", tmp_path / "a.nc",
    )  # fmt: skip
    assert code == 3
    assert text == (
        "error: moving rain: the destination is in EPSG:4326, expected a CRS in metres\n"
        "  hint: give x and y in the CRS of the terrain, such as EPSG:27700\n"
    )


@pytest.mark.parametrize("command", ["clean", "crop", "regrid", "augment"])
def test_missing_input_is_said(capsys, tmp_path, terrain_file, command):
    extra = {
        "clean": ["--speckle-cells", 2],
        "crop": ["--box", 0, 0, 1, 1],
        "regrid": ["--like", terrain_file, "--like-crs", "EPSG:27700"],
        "augment": ["--scale", 2],
    }[command]
    text, code = run(capsys, command, tmp_path / "none.nc", *extra, "-o", tmp_path / "o.nc")
    assert code == 3
    assert "none.nc" in text
    assert "error: reading" in text


def test_wrong_suffix_is_a_config_error(capsys, rain_file, tmp_path):
    text, code = run(capsys, "augment", rain_file, "--scale", 2, "-o", tmp_path / "a.csv")
    assert code == 2
    assert "suffix '.csv', expected .zarr or .nc" in text
