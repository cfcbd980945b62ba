"""Figures: right place, right colour, right words, and no hidden state."""

import sys

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from inundate.core.errors import ConfigError, DataError, GridError, RunError
from inundate.core.grid import Grid, attach_grid
from inundate.show import figure as show
from inundate.show.curves import training_curves
from inundate.show.palette import DEPTH, to_rgb

from .mock import make_depth, make_elevation, make_evaluation, make_metrics, make_rain


@pytest.fixture(scope="module")
def ground():
    return make_elevation(60)


@pytest.fixture(scope="module")
def depth(ground):
    return make_depth(ground, frames=8)


def marked(row, column, size=40):
    """Flat ground, dry but for one deep cell."""
    grid = Grid("EPSG:27700", 400_000, 300_000, 50, 50, size, size)
    values = np.zeros((size, size), np.float32)
    values[row, column] = 3.0
    wet = xr.DataArray(values, dims=("y", "x"), attrs={"units": "m"})
    flat = xr.DataArray(np.ones((size, size), np.float32), dims=("y", "x"), attrs={"units": "m"})
    return attach_grid(wet, grid), attach_grid(flat, grid), grid


@pytest.mark.parametrize(("row", "column"), [(3, 5), (8, 35), (31, 20)])
def test_marked_cell_is_drawn_at_its_coordinate(row, column):
    wet, flat, grid = marked(row, column)
    figure = show.depth_map(wet, flat)
    figure.canvas.draw()
    image = np.asarray(figure.canvas.buffer_rgba())
    axes = figure.axes[0]
    x, y = axes.transData.transform((grid.x[column], grid.y[row]))
    colour = np.array(to_rgb(DEPTH.colours[-1])) * 0.92 + 255 * 0.08
    assert np.abs(image[-1 - int(y), int(x), :3] - colour).max() < 25
    found = np.abs(image[..., :3] - colour).max(axis=-1) < 25
    inside = axes.get_window_extent()
    _, columns = np.nonzero(found)
    on_map = columns < inside.x1
    assert np.abs(columns[on_map] - x).max() < 10, "nowhere else on the map"


def test_axes_carry_the_coordinates(depth, ground):
    figure = show.depth_map(depth.isel(time=3), ground, title="Depth, 12:40 UTC")
    axes = figure.axes[0]
    left, right = axes.get_xlim()
    assert (left, right) == (735_000, 735_000 + 60 * 75)
    assert axes.get_title(loc="left") == "Depth, 12:40 UTC"
    assert axes.get_xlabel() == "Easting (km)"
    words = {text.get_text() for text in axes.texts}
    assert "WGS 84 / UTM zone 16N (EPSG:32616)" in words
    assert "1 km" in words
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend[:2] == ["≥ 2", "1–2"]
    assert legend[-1] == "unknown"


def test_map_in_degrees_has_true_proportions(depth):
    grid = Grid("EPSG:4326", -84.4, 36.7, 0.001, 0.001, 60, 60)
    field = attach_grid(depth.isel(time=0).drop_vars(["x", "y", "spatial_ref"]), grid)
    figure = show.depth_map(field, field)
    assert figure.axes[0].get_aspect() == pytest.approx(1 / np.cos(np.radians(36.67)), rel=1e-4)
    assert figure.axes[0].get_xlabel() == "Longitude (°)"


def test_error_map_and_comparison(depth, ground):
    first, second = depth.isel(time=3), depth.isel(time=5)
    assert show.error_map(first, second, ground).axes
    figure = show.compare_maps({"truth": second, "mode_h": first, "hybrid": first * 0.5}, ground)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[:3] == ["Solver (truth)", "Mode H", "Untrained hybrid"]
    assert "Mode H − Solver (truth)" in titles


def test_comparison_needs_the_observed_and_another(depth, ground):
    plane = depth.isel(time=0)
    with pytest.raises(ConfigError, match="'truth' is not among truh") as caught:
        show.compare_maps({"truh": plane}, ground)
    assert "truh" in caught.value.hint
    with pytest.raises(ConfigError, match="only 'truth' was given"):
        show.compare_maps({"truth": plane}, ground)


def test_depth_and_terrain_must_share_a_grid(depth, ground):
    with pytest.raises(GridError, match="do not share a grid"):
        show.depth_map(depth.isel(time=0), ground.isel(x=slice(1, None)))
    with pytest.raises(GridError, match="no known cell"):
        show.depth_map(depth.isel(time=0), ground * np.nan)
    with pytest.raises(DataError, match=r"dimensions \('time', 'y', 'x'\)") as caught:
        show.depth_map(depth, ground)
    assert "isel" in caught.value.hint


def test_hydrographs_draw_the_cell_asked_for(depth, ground):
    grid_x, grid_y = float(depth.x[20]), float(depth.y[7])
    figure = show.hydrographs(
        {"truth": depth, "hybrid": depth * 0.8}, [(grid_x + 30, grid_y - 30)],
        rain=make_rain(depth),
    )  # fmt: skip
    lines = figure.axes[0].get_lines()
    assert np.allclose(lines[0].get_ydata(), depth.values[:, 7, 20])
    assert figure.axes[0].get_ylim()[1] >= 0.1, "a film does not look like a flood"
    with pytest.raises(DataError, match="lies outside"):
        show.hydrographs({"truth": depth}, [(0, 0)])
    with pytest.raises(DataError, match="no points given"):
        show.hydrographs({"truth": depth}, [])
    with pytest.raises(DataError, match="no series given"):
        show.volumes({})


def test_volumes_leave_unknown_cells_out(depth):
    holed = depth.copy(data=np.where(np.arange(60) < 5, np.nan, depth.values))
    figure = show.volumes({"mode_h": holed})
    line = figure.axes[0].get_lines()[0]
    expected = np.nansum(holed.values[-1].astype(float)) * 75 * 75
    factor = 1e6 if "million" in figure.axes[0].get_ylabel() else 1e3
    assert line.get_ydata()[-1] == pytest.approx(expected / factor)


def test_reliability():
    table = {"forecast": [0.1, 0.5, 0.9], "observed": [0.0, 0.4, 1.0], "count": [90, 0, 10]}
    figure = show.reliability_diagram({"mode_h": table})
    assert figure.axes[0].get_lines()[1].get_xdata().tolist() == [0.1, 0.9], "empty bins left out"
    with pytest.raises(DataError, match="of one length"):
        show.reliability_diagram({"mode_h": {**table, "count": [1]}})
    with pytest.raises(DataError, match="no table"):
        show.reliability_diagram({})


def test_training_curves_have_baselines_as_horizontal_lines():
    figure = training_curves(make_metrics())
    panels = {axes.get_title(loc="left"): axes for axes in figure.axes if axes.axison}
    assert list(panels)[:3] == ["Loss", "Error on watched samples",
                                "Skill over a baseline (0: no better)"]  # fmt: skip
    labels = [line.get_label() for line in panels["Error on watched samples"].get_lines()]
    assert labels == ["watched samples", "Untrained hybrid", "All dry"]
    level = panels["Error on watched samples"].get_lines()[1].get_ydata()
    assert list(level) == [0.04, 0.04]
    parts = [line.get_label() for line in panels["Loss"].get_lines()]
    assert parts == ["training", "validation", "watched samples"]


def test_training_curves_of_plain_records():
    rows = [{"epoch": i, "train_loss": 1 / i, "valid_loss": 2 / i, "done": True} for i in (1, 2)]
    figure = training_curves(rows, baselines={"loss": {"all_dry": 0.7}}, metrics=["loss"])
    assert len(figure.axes) == 1
    assert len(figure.axes[0].get_lines()) == 3


@pytest.mark.parametrize("rows", [[], [{"loss": 1.0}], [{"step": 1}], [{"step": 1, "a": None}]])
def test_training_without_numbers_is_an_error(rows):
    with pytest.raises(DataError, match="no numbers beside a step"):
        training_curves(rows)


def test_score_bars():
    figure = show.score_bars(make_evaluation(), "rmse_wet")
    assert [axes.get_xlabel() for axes in figure.axes] == ["m, lower is better"] * 3
    assert figure.axes[0].get_yticklabels()[0].get_text() == "Mode H"
    with pytest.raises(DataError, match="no regime"):
        show.score_bars(make_evaluation(), "beauty")


@pytest.mark.parametrize(
    ("best", "words"),
    [("higher", "higher is better"), ("zero", "0 is best"), ("target", "0.9 is best")],
)
def test_score_bars_say_what_is_best_in_the_words_of_the_summary(best, words):
    evaluation = make_evaluation(regimes={"flat": 1.0})
    for scores in evaluation["regimes"]["flat"]["scores"].values():
        scores["coverage_90"] = {**scores["csi_0.05"], "best": best}
    evaluation["metrics"]["coverage_90"] = {"label": "coverage 90 %", "target": 0.9}
    figure = show.score_bars(evaluation, "coverage_90")
    assert figure.get_suptitle() == "coverage 90 %"
    assert [axes.get_xlabel() for axes in figure.axes] == [words]


def test_undefined_scores_are_left_blank():
    evaluation = make_evaluation()
    evaluation["regimes"]["flat"]["scores"]["hybrid"]["csi_0.3"].update(
        value=None, low=None, high=None
    )
    assert show.score_bars(evaluation, "csi_0.3").axes


def test_saved_whole_or_not_at_all(tmp_path, depth, ground, monkeypatch):
    figure = show.depth_map(depth.isel(time=2), ground)
    path = show.save_figure(figure, tmp_path / "depth.png")
    with Image.open(path) as image:
        assert image.size[0] > 600
    with pytest.raises(ConfigError, match="suffix '.gif'"):
        show.save_figure(figure, tmp_path / "depth.gif")

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(figure, "savefig", full)
    with pytest.raises(RunError, match="disk is full"):
        show.save_figure(figure, tmp_path / "other.png")
    assert [file.name for file in tmp_path.iterdir()] == ["depth.png"]


def test_no_pyplot_state():
    loaded = sys.modules.get("matplotlib.pyplot")
    assert loaded is None or not loaded.get_fignums()


@pytest.mark.parametrize("minutes", [30, 170, 215, 230, 300, 5000])
def test_any_length_has_readable_times(depth, tmp_path, minutes):
    """Between 3.5 and 4 hours matplotlib once warned; warnings are errors here."""
    depth = depth.isel(time=slice(0, 4))
    step = np.timedelta64(minutes, "m") // 3
    times = depth["time"].to_numpy()[0] + step * np.arange(4)
    figure = show.volumes({"truth": depth.assign_coords(time=times)})
    assert show.save_figure(figure, tmp_path / "volumes.png").stat().st_size > 0
    ticks = [tick for tick in figure.axes[0].get_xticks()]
    assert len(ticks) >= 3
