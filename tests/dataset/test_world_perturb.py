import numpy as np
import pytest

from inundate.core.seeds import make_rng
from inundate.dataset.world.perturb import PerturbSettings, height_noise, perturb, rain_factors
from inundate.hydro.settings import SimulateSettings

SHAPE = (6, 48, 48)
NOTHING = PerturbSettings(rain_sd=0, field_sd=0, roughness_sd=0, soil_sd=0, height_sd_m=0)


def inputs():
    ground = np.linspace(10, 20, 48, dtype=np.float32) * np.ones((48, 1), np.float32)
    ground[0, 0] = np.nan
    rain = np.zeros(SHAPE, np.float32)
    rain[1:4, :, 10:] = 30.0
    return ground, np.full((48, 48), 0.04, np.float32), rain


def member(seed, spread, settings=None, cell=10.0):
    return perturb(
        *inputs(), interval_s=600, cell_size_m=cell, settings=settings or SimulateSettings(),
        seed=seed, spread=spread,
    )  # fmt: skip


def test_without_spread_a_member_is_its_sample():
    soil = SimulateSettings(infiltration="green_ampt", moisture_deficit=0.2)
    found = member(1, NOTHING, soil)
    ground, rough, rain = inputs()
    np.testing.assert_array_equal(found.elevation, ground)
    np.testing.assert_array_equal(found.roughness, rough)
    np.testing.assert_allclose(found.rain_rate, rain, rtol=1e-6)
    assert found.settings == soil


def test_same_seed_same_member():
    one, two, other = (member(seed, PerturbSettings()) for seed in (5, 5, 6))
    for name in ("elevation", "roughness", "rain_rate"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
        assert not np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)


def test_dry_and_unknown_stay_so():
    found = member(2, PerturbSettings())
    assert (found.rain_rate[0] == 0).all()
    assert (found.rain_rate[:, :, :10] == 0).all()
    assert (found.rain_rate[1:4, :, 10:] > 0).all()
    assert np.isnan(found.elevation[0, 0])
    assert np.isfinite(found.elevation).sum() == 48 * 48 - 1
    assert found.elevation.dtype == found.rain_rate.dtype == found.roughness.dtype == np.float32


@pytest.mark.parametrize("size", [("rain_sd", 0.2), ("field_sd", 0.25)])
def test_rain_keeps_its_mean_over_many_members(size):
    spread = NOTHING.model_copy(update=dict([size]))
    _, _, rain = inputs()
    cell = 400.0  # a tile of 19 km holds many features
    ratios = [member(s, spread, cell=cell).rain_rate.sum() / rain.sum() for s in range(80)]
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.06)


def test_areal_factor_has_the_spread_asked_for():
    spread = NOTHING.model_copy(update={"rain_sd": 0.3})
    _, _, rain = inputs()
    logs = [np.log(member(s, spread).rain_rate.sum() / rain.sum()) for s in range(200)]
    assert np.std(logs) == pytest.approx(0.3, rel=0.15)


def test_rain_field_is_smooth_below_its_scale_and_varies_beyond():
    spread = PerturbSettings(field_scale_m=2000, field_sd=0.25, field_lifetime_min=30)

    def fields(cell):
        return np.log([
            rain_factors((8, 40, 40), cell, interval_s=600, rng=make_rng(s), spread=spread)
            for s in range(30)
        ])  # fmt: skip

    near, far = fields(5.0), fields(500.0)  # tiles of 200 m and of 20 km
    assert near.std(axis=(2, 3)).mean() < 0.06
    assert 0.15 < far.std(axis=(2, 3)).mean() < 0.35
    changes = np.diff(far, axis=1).std() / far.std()
    assert 0.2 < changes < 1.2  # neither frozen nor new in each frame


def test_height_noise_grows_with_the_cell_and_is_correlated():
    spread = PerturbSettings(height_sd_m=0.05, height_scale_cells=3)
    sd = {c: height_noise((96, 96), c, rng=make_rng(1), spread=spread).std() for c in (1, 10, 90)}
    assert sd[10] == pytest.approx(0.05, rel=0.15)
    assert sd[1] == pytest.approx(0.025, rel=0.15)
    assert sd[90] == pytest.approx(0.1, rel=0.15)
    noise = height_noise((96, 96), 10.0, rng=make_rng(2), spread=spread)

    def correlation(lag):
        return np.corrcoef(noise[:, lag:].ravel(), noise[:, :-lag].ravel())[0, 1]

    assert correlation(1) > 0.8
    assert correlation(3) < 0.6
    assert abs(correlation(20)) < 0.25


def test_roughness_is_one_factor():
    found = member(3, PerturbSettings())
    ratio = found.roughness / inputs()[1]
    assert np.ptp(ratio) < 1e-6
    assert ratio[0, 0] != pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("kind", ["none", "constant", "green_ampt"])
def test_soil_is_drawn_round_its_value_and_stays_valid(kind):
    settings = SimulateSettings(infiltration=kind)
    drawn = [member(s, PerturbSettings(), settings).settings for s in range(40)]
    for one in drawn:
        one.check()
        SimulateSettings(**one.model_dump())
    name = {"none": "manning", "constant": "loss_mm_h", "green_ampt": "conductivity_mm_h"}[kind]
    values = np.array([getattr(one, name) for one in drawn])
    if kind == "none":
        assert set(drawn) == {settings}
    else:
        assert 0.15 < np.log(values).std() < 0.5
        assert values.mean() == pytest.approx(getattr(settings, name), rel=0.25)
