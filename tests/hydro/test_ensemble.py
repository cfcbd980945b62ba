from pathlib import Path

import numpy as np
import pytest

from inundate.core.config import resolve_settings
from inundate.core.errors import ConfigError
from inundate.hydro.changes import Changes
from inundate.hydro.ensemble import Distribution, EnsembleSettings, draw_changes, plan_members
from inundate.hydro.settings import SimulateSettings

UNIFORM = Distribution(distribution="uniform", low=0.5, high=1.5)


def drawn(count=4000, **kind):
    rng = np.random.default_rng(0)
    one = Distribution(**kind)
    return np.array([one.draw(rng) for _ in range(count)])


@pytest.mark.parametrize(("kind", "low", "high", "median"), [
    ({"distribution": "uniform", "low": 0.5, "high": 1.5}, 0.5, 1.5, 1.0),
    ({"distribution": "triangular", "low": 0.0, "mode": 1.0, "high": 1.0}, 0.0, 1.0, 0.7071),
    ({"distribution": "normal", "mean": 1.0, "sigma": 0.1}, 0.5, 1.5, 1.0),
    ({"distribution": "normal", "mean": 1.0, "sigma": 5.0, "low": 0.9, "high": 1.1}, 0.9, 1.1, 1.0),
    ({"distribution": "lognormal", "median": 2.0, "sigma": 0.3}, 0.3, 12.0, 2.0),
    ({"distribution": "values", "values": (0.5, 1.0, 2.0)}, 0.5, 2.0, 1.0),
])  # fmt: skip
def test_distributions(kind, low, high, median):
    values = drawn(**kind)
    assert low <= values.min()
    assert values.max() <= high
    assert np.median(values) == pytest.approx(median, rel=0.03)


def test_spread_of_a_lognormal():
    values = np.log(drawn(distribution="lognormal", median=1.0, sigma=0.2))
    assert values.std() == pytest.approx(0.2, rel=0.05)


@pytest.mark.parametrize(("kind", "message"), [
    ({"distribution": "uniform", "low": 0.5}, "'uniform' takes low, high; found low"),
    ({"distribution": "uniform", "low": 2.0, "high": 1.0}, "expected low < high"),
    ({"distribution": "values", "values": (1.0,), "low": 0.1}, "'values' takes values; found low"),
    ({"distribution": "values", "values": (-1.0,)}, "values of -1, expected 0 or more"),
    (
        {"distribution": "normal", "mean": 1.0, "sigma": 0.01, "low": 2.0, "high": 3.0},
        "hardly any of it lies between 2 and 3",
    ),
    ({"distribution": "unifrom", "low": 0.5, "high": 1.0}, "Input should be 'uniform'"),
])  # fmt: skip
def test_distributions_that_cannot_be(kind, message):
    with pytest.raises(ValueError, match=message):
        Distribution(**kind)


def test_a_draw_depends_on_nothing_but_its_number():
    few = EnsembleSettings(draws=3, rain_factor=UNIFORM)
    more = EnsembleSettings(draws=9, rain_factor=UNIFORM, roughness_factor=UNIFORM)
    for k in range(3):
        assert draw_changes(few, k).rain_factor == draw_changes(more, k).rain_factor
    factors = {draw_changes(more, k).rain_factor for k in range(9)}
    assert len(factors) == 9
    both = draw_changes(more, 0)
    assert both.rain_factor != both.roughness_factor
    other = draw_changes(more.model_copy(update={"seed": 1}), 0)
    assert other.rain_factor != both.rain_factor


def test_noise_of_each_draw_is_its_own():
    settings = EnsembleSettings(draws=2, elevation_noise_m=0.1)
    a, b = (draw_changes(settings, k) for k in range(2))
    assert a.elevation_noise_m == b.elevation_noise_m == 0.1
    assert a.noise_seed != b.noise_seed
    assert draw_changes(EnsembleSettings(), 0) == Changes()


def test_draws_that_are_all_the_same():
    with pytest.raises(ValueError, match="2 draws that are all the same"):
        EnsembleSettings(draws=2)


def test_settings_of_a_file(tmp_path):
    path = tmp_path / "e.toml"
    path.write_text(
        "[ensemble]\ndraws = 5\nelevation_noise_m = 0.1\n"
        'rain_factor = { distribution = "lognormal", median = 1.0, sigma = 0.2 }\n'
    )
    found = resolve_settings(EnsembleSettings, toml=path, table="ensemble", flags={"seed": 3})
    assert (found.draws, found.seed, found.rain_factor.sigma) == (5, 3, 0.2)
    path.write_text('[ensemble]\nrain_factor = { distribution = "uniform", low = 1 }\ndarws = 3\n')
    with pytest.raises(ConfigError) as caught:
        resolve_settings(EnsembleSettings, toml=path, table="ensemble")
    assert "'uniform' takes low, high; found low" in str(caught.value)
    assert "'darws' is not known; did you mean 'draws'?" in str(caught.value)


def test_every_storm_on_every_terrain_by_draw(tmp_path, monkeypatch):
    for name in ("a.tif", "b.tif", "wet.nc"):
        (tmp_path / name).write_text(name)
    monkeypatch.chdir(tmp_path)
    settings = EnsembleSettings(draws=2, rain_factor=UNIFORM)
    cases = plan_members(
        [Path("wet.nc")], [Path("a.tif"), Path("b.tif")], Path("out"), SimulateSettings(), settings
    )
    assert [case.output.name for case in cases] == [
        "a__wet__0000.zarr", "a__wet__0001.zarr", "b__wet__0000.zarr", "b__wet__0001.zarr",
    ]  # fmt: skip
    assert cases[0].changes == cases[2].changes != cases[1].changes
    assert all(case.output.parent == tmp_path / "out" for case in cases)
    assert all(case.rain.is_absolute() and case.terrain.is_absolute() for case in cases)
    assert set(cases[0].hashes) == {str(tmp_path / "wet.nc"), str(tmp_path / "a.tif")}
    with pytest.raises(ConfigError, match="an ensemble needs a folder"):
        plan_members(
            [Path("wet.nc")], [Path("a.tif")], Path("o.zarr"), SimulateSettings(), settings
        )


def test_a_draw_that_leaves_the_range_of_a_setting(tmp_path):
    for name in ("a.tif", "wet.nc"):
        (tmp_path / name).write_text(name)
    settings = EnsembleSettings(roughness_factor=100.0)
    with pytest.raises(ConfigError, match="manning = "):
        plan_members(
            [tmp_path / "wet.nc"],
            [tmp_path / "a.tif"],
            tmp_path / "o",
            SimulateSettings(),
            settings,
        )
