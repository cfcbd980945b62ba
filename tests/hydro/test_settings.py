import json

import numpy as np
import pytest

from inundate.core.config import resolve_settings
from inundate.core.errors import ConfigError, DataError
from inundate.hydro.march import March, simulate_arrays
from inundate.hydro.settings import SimulateSettings

RNG = np.random.default_rng(4)
GROUND = (
    2 * np.sin(np.arange(16) / 3.0)[:, None] + 0.3 * np.arange(20) + RNG.normal(0, 0.2, (16, 20))
)
GROUND[6:8, 9:11] = np.nan
RAIN = np.full(3, 80.0)

# setting -> (base, changed): two settings of one scene that must not give the same answer
CHANGES = {
    "manning": ({}, {"manning": 0.1}),
    "edges": ({}, {"edges": "closed"}),
    "edge_north": ({}, {"edge_north": "closed"}),
    "edge_south": ({}, {"edge_south": "closed"}),
    "edge_east": ({}, {"edge_east": "closed"}),
    "edge_west": ({}, {"edge_west": "closed"}),
    "edge_level_m": ({"edges": "level", "edge_level_m": 3.0}, {"edge_level_m": 4.0}),
    "edge_slope": ({}, {"edge_slope": 0.002}),
    "nodata_edges": ({}, {"nodata_edges": "open"}),
    "froude_cap": ({"manning": 0.01}, {"froude_cap": 0.4}),
    "courant": ({}, {"courant": 0.3}),
    "theta": ({"manning": 0.01}, {"theta": "one"}),
    "depth_min_m": ({}, {"depth_min_m": 0.005}),
    "max_step_s": ({}, {"max_step_s": 1.0}),
    "output_every_s": ({}, {"output_every_s": 300.0}),
    "run_on_min": ({}, {"run_on_min": 20.0}),
    "infiltration": ({}, {"infiltration": "green_ampt"}),
    "loss_mm_h": ({"infiltration": "constant"}, {"loss_mm_h": 20.0}),
    "conductivity_mm_h": ({"infiltration": "green_ampt"}, {"conductivity_mm_h": 30.0}),
    "suction_mm": ({"infiltration": "green_ampt"}, {"suction_mm": 10.0}),
    "moisture_deficit": ({"infiltration": "green_ampt"}, {"moisture_deficit": 0.05}),
    "drain_capacity_mm_h": ({}, {"drain_capacity_mm_h": 12.0}),
    "evaporation_mm_h": ({}, {"evaporation_mm_h": 2.0}),
    "precision": ({}, {"precision": "float64"}),
}
# these do not change this answer
ELSEWHERE = {
    "missing_rain", "threads", "equations", "backend", "sample_every_s", "forcing_every_s",
    "arrival_depth_m",
}  # fmt: skip


def run(**settings):
    base = {"run_on_min": 10.0}
    found = simulate_arrays(
        GROUND, RAIN, rain_step_s=300, cell_size_m=8.0,
        settings=SimulateSettings(**{**base, **settings}),
    )  # fmt: skip
    return found.depth


def test_every_setting_has_a_case():
    assert set(CHANGES) | ELSEWHERE == set(SimulateSettings.model_fields)


@pytest.mark.parametrize("name", CHANGES)
def test_every_setting_changes_the_answer(name):
    base, change = CHANGES[name]
    assert set(change) == {name}
    before, after = run(**base), run(**{**base, **change})
    assert before.shape != after.shape or not np.array_equal(before, after, equal_nan=True)


def test_threads_are_used_where_the_grid_is_large():
    for threads, cells, expected in ((1, 400, 1), (4, 400, 4), (4, 200, 2), (2, 20, 1)):
        march = March(np.zeros((cells, 200)), 10.0, SimulateSettings(threads=threads))
        assert march.scheme.threads == expected


@pytest.mark.parametrize("policy", ["refuse", "dry"])
def test_missing_rain(policy):
    rain = np.full((2, *GROUND.shape), 50.0)
    rain[1, 3, 4] = np.nan
    settings = SimulateSettings(missing_rain=policy)
    if policy == "refuse":
        with pytest.raises(DataError) as caught:
            simulate_arrays(GROUND, rain, rain_step_s=300, cell_size_m=8.0, settings=settings)
        assert str(caught.value) == (
            "simulating: rain is missing in 1 of 316 cells with ground, "
            "the first at row 3, column 4"
        )
        assert 'missing_rain="dry"' in caught.value.hint
    else:
        found = simulate_arrays(GROUND, rain, rain_step_s=300, cell_size_m=8.0, settings=settings)
        assert found.budget["rain_m3"] == pytest.approx(
            (2 * 316 - 1) * 64 * 50 / 3.6e6 * 300, rel=1e-6
        )


def test_rain_missing_beside_the_ground_does_not_matter():
    rain = np.full((2, *GROUND.shape), 50.0)
    rain[:, 6:8, 9:11] = np.nan
    found = simulate_arrays(GROUND, rain, rain_step_s=300, cell_size_m=8.0)
    np.testing.assert_array_equal(
        found.depth,
        simulate_arrays(GROUND, np.full(2, 50.0), rain_step_s=300, cell_size_m=8.0).depth,
    )


@pytest.mark.parametrize(("settings", "message"), [
    (
        {"edges": "level"},
        "simulating: settings do not fit one another\n"
        "  an edge of kind 'level' needs edge_level_m, the water level in m",
    ),
    (
        {"edge_level_m": 3.0, "loss_mm_h": 2.0},
        "simulating: 2 settings do not fit one another\n"
        "  edge_level_m is set, but no edge is of kind 'level'\n"
        "  loss_mm_h is set, but infiltration is 'none', not 'constant'",
    ),
    (
        {"edges": "closed", "edge_slope": 0.01},
        "simulating: settings do not fit one another\n"
        "  edge_slope is set, but no edge is of kind 'open'",
    ),
    (
        {"equations": "full", "froude_cap": 2.0, "theta": "one"},
        "simulating: 2 settings do not fit one another\n"
        "  froude_cap is set, but equations 'full' does not use it\n"
        "  theta is set, but equations 'full' does not use it",
    ),
    (
        {"backend": "torch", "threads": 2},
        "simulating: settings do not fit one another\n"
        "  threads is set, but backend 'torch' does not use it",
    ),
])  # fmt: skip
def test_settings_without_effect_are_refused(settings, message):
    with pytest.raises(ConfigError) as caught:
        SimulateSettings(**settings).check()
    assert str(caught.value) == message


@pytest.mark.parametrize(("key", "value"), [
    ("manning", 0.0), ("courant", 0.8), ("threads", 0), ("edges", "wall"), ("max_step_s", -1.0),
    ("infiltration", "horton"), ("moisture_deficit", 1.5),
])  # fmt: skip
def test_values_out_of_range_name_the_key(key, value):
    with pytest.raises(ConfigError, match=key):
        resolve_settings(SimulateSettings, flags={key: value})


def test_settings_survive_json():
    settings = SimulateSettings(edges="level", edge_level_m=2.5, threads=2)
    again = SimulateSettings(**json.loads(settings.model_dump_json()))
    assert again == settings
    again.check()
