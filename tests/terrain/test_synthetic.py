import json

import numpy as np
import pytest

from inundate.core.errors import ConfigError
from inundate.core.grid import grid_of
from inundate.core.names import check_variable
from inundate.core.seeds import make_rng
from inundate.terrain.derive import derive_features, median_slope, regime_of
from inundate.terrain.describe import sink_figures
from inundate.terrain.erode import carve, erode
from inundate.terrain.flow import flood, make_kind
from inundate.terrain.surface import spectral_surface
from inundate.terrain.synthetic import KINDS, make_random, make_terrain, make_urban


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_terrain(kind):
    first, again = make_terrain(kind, 4, (64, 80)), make_terrain(kind, 4, (64, 80))
    np.testing.assert_array_equal(first.values, again.values)
    assert not np.array_equal(first.values, make_terrain(kind, 5, (64, 80)).values)
    check_variable(first, "elevation")
    assert first.shape == (64, 80)
    assert not first.isnull().any()
    assert grid_of(first).crs == "EPSG:27700"
    assert float(first.min()) == pytest.approx(10.0)
    assert json.loads(first.attrs["synthetic"])["kind"] == kind
    millimetres = first.values.astype(np.float64) * 1000
    np.testing.assert_allclose(millimetres, np.rint(millimetres), atol=0.05)


def test_kinds_lie_in_their_regimes():
    slopes = {kind: median_slope(make_terrain(kind, 2)) for kind in KINDS}
    assert regime_of(slopes["plain"]) == "flat"
    assert regime_of(slopes["urban"]) == "flat"
    assert regime_of(slopes["valley"]) == "steep"
    assert slopes["fractal"] > 0.02


def test_hills_and_valleys_drain():
    for kind in ("fractal", "valley"):
        figures = sink_figures(make_terrain(kind, 1, (128, 128)))
        assert figures["share"] < 0.01, kind
        assert figures["deepest"] < 0.5, kind
        area = derive_features(make_terrain(kind, 1, (128, 128)))["log_drained_area"]
        assert float(area.max()) > 3, kind  # a thousand cells run together somewhere
    raw = sink_figures(make_terrain("fractal", 1, (128, 128), erosion_steps=0))
    assert raw["deepest"] < 0.5  # carved


def test_towns_and_plains_pond():
    assert sink_figures(make_terrain("urban", 1))["deepest"] > 1.5  # an underpass
    assert sink_figures(make_terrain("plain", 1))["share"] > 0.02


def test_streets_lie_below_pavements_and_buildings_stand_up():
    town = make_urban(
        3, (200, 200), 2.0, slope=0.0, micro_relief_m=0.0, underpasses=0, kerb_m=0.15
    ).values
    levels = np.unique(np.round(town - town.min(), 3))
    np.testing.assert_allclose(levels, [0.0, 0.15, 5.15], atol=2e-3)
    street = town < town.min() + 0.1
    assert 0.15 < street.mean() < 0.6
    assert street.any(axis=0).all() or street.any(axis=1).all()
    bare = make_urban(3, (200, 200), 2.0, building_height_m=0.0)
    assert float(bare.max() - bare.min()) < 12


def test_carving_drains_everything_and_only_lowers(hills):
    carved = carve(hills)
    assert (carved <= hills).all()
    filled, _, _ = flood(carved, make_kind(carved), neighbours=4)
    np.testing.assert_allclose(filled, carved, atol=1e-9)
    assert (flood(hills, make_kind(hills))[0] - hills).max() > 0.5


def test_erosion_makes_valleys_and_keeps_outlets(hills):
    eroded = erode(hills, 8, creep=0.0)
    assert eroded[1:-1, 1:-1].mean() < hills[1:-1, 1:-1].mean()
    np.testing.assert_array_equal(eroded[0], hills[0])


def test_spectrum_is_rougher_for_a_smaller_exponent():
    smooth = spectral_surface(make_rng(0, "a"), (64, 64), 0.9)
    rough = spectral_surface(make_rng(0, "a"), (64, 64), 0.3)
    assert smooth.mean() == pytest.approx(0, abs=1e-9)
    assert smooth.std() == pytest.approx(1)
    assert np.abs(np.diff(rough)).mean() > 2 * np.abs(np.diff(smooth)).mean()


def test_random_terrains_vary_and_tell_what_they_are():
    told = [json.loads(make_random(seed, (32, 32)).attrs["synthetic"]) for seed in range(12)]
    assert {entry["kind"] for entry in told} == set(KINDS)
    again = json.loads(make_random(0, (32, 32)).attrs["synthetic"])
    assert again == told[0]
    settings = {k: v for k, v in told[0].items() if k not in ("kind", "seed")}
    rebuilt = make_terrain(told[0]["kind"], 0, (32, 32), **settings)
    np.testing.assert_array_equal(rebuilt.values, make_random(0, (32, 32)).values)
    only = json.loads(make_random(0, (32, 32), kinds=("plain",)).attrs["synthetic"])
    assert only["kind"] == "plain"


def test_faults_are_named():
    with pytest.raises(ConfigError, match="'vally' is not known") as caught:
        make_terrain("vally")
    assert caught.value.hint == "did you mean 'valley'?"
    with pytest.raises(ConfigError, match="'plain' has no setting hurst; it has cell_size_m"):
        make_terrain("plain", hurst=0.5)
    with pytest.raises(ConfigError, match="4 x 64 cells, expected at least 8 x 8"):
        make_terrain("fractal", 0, (4, 64))
    with pytest.raises(ConfigError, match="hurst is 3"):
        make_terrain("fractal", 0, (16, 16), hurst=3)
