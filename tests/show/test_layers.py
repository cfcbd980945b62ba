"""Which layers a data set has, and what is refused."""

import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError, GridError
from inundate.show.layers import KINDS, check_source, find_layers, match_truth
from inundate.show.summary import summarise

from .mock import make_prediction


@pytest.fixture(scope="module")
def data():
    return make_prediction(40, 6, quantiles=True)


def test_all_layers_are_found(data):
    layers = find_layers(data, truth=data["water_depth"])
    assert [layer.name for layer in layers] == [
        "depth", "depth_max", "probability_0.05", "probability_0.3",
        "quantile_0.05", "quantile_0.5", "quantile_0.95", "uncertainty",
        "rain", "truth", "error",
    ]  # fmt: skip
    assert {layer.kind for layer in layers} == set(KINDS)
    by_name = {layer.name: layer for layer in layers}
    assert not by_name["depth_max"].timed
    assert by_name["uncertainty"].title == "Uncertainty: width of the 90 % interval"
    assert np.allclose(
        by_name["uncertainty"].read(3),
        (data["depth_quantile"][2, 3] - data["depth_quantile"][0, 3]).values,
        equal_nan=True,
    )
    assert np.nanmax(np.abs(by_name["error"].read(2))) == 0


def test_width_is_that_of_the_interval_where_there_is_one(data):
    ends = {"depth_low": 0.5 * data["water_depth"], "depth_high": 3.0 * data["water_depth"]}
    layers = find_layers(data.assign(ends))
    assert [layer.name for layer in layers if layer.kind == "uncertainty"] == ["uncertainty"]
    width = next(layer for layer in layers if layer.kind == "uncertainty")
    assert "90 % of the cells that get wet" in width.note
    np.testing.assert_allclose(width.read(3), 2.5 * data["water_depth"][3], rtol=1e-5)


def test_greatest_depth_is_computed_where_it_is_not_held(data):
    bare = data[["water_depth", "elevation"]]
    layers = find_layers(bare)
    assert [layer.kind for layer in layers] == ["depth", "max"]
    largest = layers[1].read(0)
    known = ~np.isnan(largest)
    assert np.allclose(largest[known], bare["water_depth"].values.max(axis=0)[known])
    assert np.isnan(largest[22, 32]), "unknown at all times is unknown"
    assert "frames" in layers[1].note


def test_layers_may_be_chosen(data):
    assert [layer.kind for layer in find_layers(data, wanted=["rain", "depth"])] == [
        "rain",
        "depth",
    ]


@pytest.mark.parametrize(
    ("kind", "hint"),
    [("probabilty", "did you mean 'probability'"), ("error", "--truth"), ("posts", None)],
)
def test_a_layer_that_is_not_there(data, kind, hint):
    with pytest.raises(ConfigError, match=f"no layer '{kind}'; this data set has depth, max") as e:
        find_layers(data, wanted=[kind])
    assert hint is None or hint in e.value.hint


def test_depth_without_its_terrain_is_refused(data):
    with pytest.raises(GridError, match="depth without its terrain") as caught:
        check_source(data.drop_vars("elevation"), None)
    assert "--terrain" in caught.value.hint
    moved = data["elevation"].assign_coords(x=data["x"] + 75.0)
    with pytest.raises(GridError, match="depth and terrain do not share a grid: position differ"):
        check_source(data.drop_vars("elevation"), moved)
    with pytest.raises(GridError, match="no known cell"):
        check_source(data.assign(elevation=data["elevation"] * np.nan), None)
    with pytest.raises(GridError, match="coordinate reference system"):
        check_source(data.drop_vars("spatial_ref"), None)


def test_terrain_may_come_apart(data):
    grid, heights = check_source(data.drop_vars("elevation"), data["elevation"])
    assert grid.shape == heights.shape == (40, 40)


def test_what_is_not_depth_is_refused(data):
    with pytest.raises(DataError, match="expected 'water_depth'"):
        check_source(data.drop_vars("water_depth"), None)
    with pytest.raises(DataError, match="units 'cm'"):
        check_source(data.assign(water_depth=data["water_depth"].assign_attrs(units="cm")), None)
    with pytest.raises(DataError, match="dimensions"):
        check_source(data.assign(water_depth=data["water_depth"].isel(time=0)), None)
    with pytest.raises(DataError, match="no time step"):
        check_source(data.isel(time=slice(0)), None)
    with pytest.raises(DataError, match="units 'm s-1'"):
        find_layers(data.assign(rain_rate=data["rain_rate"].assign_attrs(units="m s-1")))
    with pytest.raises(DataError, match="no coordinate 'threshold'"):
        find_layers(data.drop_vars("threshold"))


def test_truth_must_be_of_the_same_place_and_time(data):
    truth = data[["water_depth", "elevation"]]
    assert match_truth(data.isel(time=[1, 3]), truth).sizes["time"] == 2
    with pytest.raises(DataError, match=r"lacks 2 of 6 times, the first 2026-03-01T12:50Z"):
        match_truth(data, truth.isel(time=slice(4)))
    with pytest.raises(GridError, match="prediction and truth do not share a grid"):
        match_truth(data, truth.isel(y=slice(1, None)))
    with pytest.raises(DataError, match="expected 'water_depth'"):
        match_truth(data, truth[["elevation"]])


def test_summary(data):
    found = summarise(data)
    depth = data["water_depth"].values
    assert found.times[0] == "2026-03-01T12:10:00Z"
    assert found.area_km2[4] == pytest.approx((depth[4] >= 0.05).sum() * 75**2 / 1e6)
    assert found.volume_m3[4] == pytest.approx(np.nansum(depth[4].astype(float)) * 75**2)
    assert found.deepest_m[4] == pytest.approx(np.nanmax(depth[4]))
    assert found.unknown_share == pytest.approx(20 / 1600)
    assert found.peak == int(np.argmax(found.area_km2))
    assert found.has_rain
    assert not summarise(data.drop_vars("rain_rate")).has_rain


@pytest.mark.parametrize("bad", [-0.1, np.inf])
def test_impossible_depth_is_refused(data, bad):
    values = data["water_depth"].values.copy()
    values[3, 5, 5] = bad
    broken = data.assign(water_depth=data["water_depth"].copy(data=values))
    with pytest.raises(DataError, match="2026-03-01T12:40:00Z ranges from"):
        summarise(broken)


def test_times_must_be_dates_that_ascend(data):
    with pytest.raises(DataError, match="expected datetime64"):
        summarise(data.assign_coords(time=np.arange(6.0)))
    with pytest.raises(DataError, match="do not ascend"):
        summarise(data.isel(time=[0, 2, 1]))


def test_a_frame_without_rain_data_is_unknown_not_zero(data):
    rain = data["rain_rate"].copy()
    rain[2] = np.nan
    assert summarise(data.assign(rain_rate=rain)).rain_mm_h[2] is None


def test_a_simulation_works_too(data):
    simulation = data[["water_depth", "elevation", "rain_rate", "water_depth_max"]]
    simulation = simulation.assign_attrs(kind="simulation")
    assert [layer.kind for layer in find_layers(simulation)] == ["depth", "max", "rain"]
