import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.subgrid import simulate_subgrid


def run(ground, rain, *, factor=4, cell=5.0, interval=600.0, manning=0.035, **settings):
    return simulate_subgrid(
        ground, rain, roughness=np.full(ground.shape, manning), interval_s=interval,
        cell_size_m=cell, factor=factor, settings=SimulateSettings(**settings),
    )  # fmt: skip


@pytest.fixture
def hills():
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[:46, :61]
    ground = 4 * np.sin(rows / 7.0) * np.cos(columns / 9.0) + 0.1 * columns
    return (ground + rng.normal(0, 0.1, ground.shape)).astype(np.float32)


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_mass_closes_with_every_loss(hills, factor):
    rain = np.full((4, *hills.shape), 30.0)
    rain[2:] = 0
    found = run(
        hills, rain, factor=factor, infiltration="constant", drain_capacity_mm_h=3.0,
        evaporation_mm_h=1.0,
    )  # fmt: skip
    budget = found.budget
    terms = ("outflow_m3", "infiltration_m3", "drainage_m3", "evaporation_m3", "stored_m3")
    assert min(budget[term] for term in terms) > 0
    assert abs(budget["error_relative"]) < 2e-7
    assert budget["rain_m3"] == pytest.approx(hills.size * 25 * 0.01, rel=1e-6)


def test_what_it_cannot_do_is_refused(hills):
    rain = np.full((1, *hills.shape), 30.0)
    with pytest.raises(ConfigError, match="edges of kind 'level', expected 'open' or 'closed'"):
        run(hills, rain, edges="level", edge_level_m=1.0)
    with pytest.raises(ConfigError, match="factor 1, expected a whole number of 2 or more"):
        run(hills, rain, factor=1)
    with pytest.raises(DataError, match=r"rain of shape \(1, 3, 3\), expected"):
        run(hills, rain[:, :3, :3])
