import numpy as np
import pytest

from inundate.core.errors import ConfigError
from inundate.core.grid import Grid
from inundate.hydro.changes import Changes, smooth_noise
from inundate.hydro.land import Land
from inundate.hydro.land_table import LandKind
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.site import Site

GRID = Grid("EPSG:27700", 400000, 500000, 5, 5, 200, 150)
KINDS = (
    LandKind(code=1, name="street", manning=0.02),
    LandKind(code=2, name="gravel", manning=0.03, infiltration="constant", loss_mm_h=20.0),
    LandKind(code=3, name="lawn", manning=0.06, infiltration="green_ampt", soil="loam"),
)


def test_no_change_is_no_change(terrain):
    settings, site = SimulateSettings(), Site()
    assert Changes().settings(settings, has_land=False) == settings
    assert Changes().site(site) is site
    assert Changes().terrain(terrain) is terrain
    assert Changes().roughness(None) is None


def test_settings_are_multiplied():
    changes = Changes(roughness_factor=1.5, infiltration_factor=0.5)
    for method, key in (("constant", "loss_mm_h"), ("green_ampt", "conductivity_mm_h")):
        before = SimulateSettings(infiltration=method)
        after = changes.settings(before, has_land=False)
        assert after.manning == pytest.approx(0.0525)
        assert getattr(after, key) == getattr(before, key) / 2
        assert changes.settings(before, has_land=True) == before


def test_land_cover_is_multiplied():
    site = Site(land=Land(np.zeros((2, 2), np.uint8), KINDS))
    changed = Changes(roughness_factor=2.0, infiltration_factor=0.25).site(site)
    before, after = (np.array([kind.row() for kind in s.land.kinds]) for s in (site, changed))
    np.testing.assert_allclose([k.manning for k in changed.land.kinds], [0.04, 0.06, 0.12])
    np.testing.assert_allclose(after[:, 1], before[:, 1] / 4)
    np.testing.assert_array_equal(after[:, [0, 2, 3, 4]], before[:, [0, 2, 3, 4]])


def test_a_factor_without_effect():
    with pytest.raises(ConfigError, match="no effect with infiltration 'none'"):
        Changes(infiltration_factor=2.0).settings(SimulateSettings(), has_land=False)
    dry = Site(land=Land(np.zeros((2, 2), np.uint8), KINDS[:1]))
    with pytest.raises(ConfigError, match="no effect, no kind of land takes water"):
        Changes(infiltration_factor=2.0).site(dry)


def test_a_value_that_leaves_its_range():
    with pytest.raises(ConfigError, match="manning = "):
        Changes(roughness_factor=50.0).settings(SimulateSettings(), has_land=False)
    with pytest.raises(ConfigError, match="rain_factor is -1"):
        Changes(rain_factor=-1)


@pytest.mark.parametrize("length", [0.0, 20.0, 50.0])
def test_noise_has_the_spread_and_the_length_asked_for(length):
    many = np.concatenate([smooth_noise(GRID, length, seed)[None] for seed in range(6)])
    assert many.mean() == pytest.approx(0, abs=0.06)
    assert many.std() == pytest.approx(1, abs=0.05)
    if length:
        step = round(length / 5)
        for axis in (1, 2):
            pairs = np.moveaxis(many, axis, 0)
            alike = (pairs[step:] * pairs[:-step]).mean() / many.var()
            assert alike == pytest.approx(np.exp(-1), abs=0.08)


def test_noise_depends_on_its_seed_alone(terrain):
    a, b, c = (
        Changes(elevation_noise_m=0.2, elevation_noise_length_m=30, noise_seed=s).terrain(terrain)
        for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)
    assert float((a - terrain).std()) == pytest.approx(0.2, rel=0.6)
    assert a.attrs["units"] == "m"


def test_missing_ground_stays_missing(terrain):
    holes = terrain.copy()
    holes[3, 4] = np.nan
    found = Changes(elevation_noise_m=0.2).terrain(holes)
    assert np.isnan(found.values).sum() == 1
