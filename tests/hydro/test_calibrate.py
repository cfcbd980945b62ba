import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError
from inundate.hydro.calibrate import calibrate
from inundate.hydro.calibrate_fit import Fit, Task, gauss_newton, spread, tell_apart
from inundate.hydro.calibrate_model import Model
from inundate.hydro.calibrate_observations import Observations
from inundate.hydro.calibrate_settings import CalibrateSettings
from inundate.hydro.land import Land
from inundate.hydro.land_table import LandKind
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.site import Site

ROWS, COLUMNS = np.mgrid[:20, :36]
GROUND = 6 - 0.05 * COLUMNS + 0.04 * np.abs(ROWS - 10.0) ** 1.4
COVER = np.digitize(COLUMNS, [13, 24]).astype(np.uint8)
COVER[:2, :4] = 3  # high and dry, far from all gauges
KINDS = tuple(
    LandKind(code=10 * k, name=name, manning=n)
    for k, (name, n) in enumerate(
        [("wood", 0.08), ("grass", 0.05), ("street", 0.03), ("corner", 0.04)]
    )
)
TRUTH = np.array([0.12, 0.035, 0.045, 0.04])
GAUGES = ((10, 5), (10, 11), (9, 18), (10, 22), (10, 29), (12, 34))
TIMES = (300.0, 500.0, 800.0, 1200.0, np.nan)
LAND = Site(land=Land(COVER, KINDS))


def twin(truth=TRUTH, gauges=GAUGES, times=TIMES, sd=0.002, noise=0.0, **inputs):
    """A model whose observations are what it predicts for the truth."""
    inputs = {"fit": "roughness", "site": LAND, "settings": SimulateSettings(), **inputs}
    rain = [(600.0, np.full(GROUND.shape, 80.0)), (900.0, np.zeros(GROUND.shape))]
    gauge = np.repeat(np.arange(len(gauges)), len(times))
    time_s = np.tile(np.array(times), len(gauges))
    rows, columns = np.array(gauges).T
    names = tuple(f"gauge {k}" for k in range(len(gauges)))

    def model(depth):
        seen = Observations(
            gauge, names, rows, columns, time_s, depth, np.full(gauge.size, float(sd))
        )
        return Model(GROUND, 5.0, rain=rain, observations=seen, **inputs)

    first = model(np.zeros(gauge.size))
    error = np.random.default_rng(1).normal(0, noise, gauge.size)
    return model(np.maximum(first.predict(np.asarray(truth)) + error, 0))


def fitted(model, **settings):
    return calibrate(model, CalibrateSettings(**settings), progress=False)


def test_twin_recovers_each_class_and_flags_what_is_not_told():
    found = fitted(twin())
    values = {value.name: value for value in found.values}
    for name, truth in zip(("wood", "grass", "street"), TRUTH, strict=False):
        assert values[name].value == pytest.approx(truth, rel=0.05), name
        assert values[name].is_identified
        assert values[name].low < truth < values[name].high
        assert values[name].share == pytest.approx(("wgs".index(name[0]) == COVER).mean())
    corner = values["corner"]
    assert not corner.is_identified
    assert (corner.value, corner.low, corner.high) == (0.04, None, None)
    assert corner.reason == "the observations hardly depend on it"
    errors = found.rmse_m
    assert errors["after"] < 0.1 * errors["before"] < 0.1 * errors["uniform"]
    assert errors["after"] <= errors["cross_validated"] < 0.5 * errors["before"]
    assert found.has_converged
    assert found.warnings == ()
    assert len(found.observations) == found.observation_count == 30


def test_noise_widens_what_is_allowed_and_still_holds_the_truth():
    clean, noisy = fitted(twin()), fitted(twin(noise=0.004))
    for k in range(3):
        value = noisy.values[k]
        assert value.low < TRUTH[k] < value.high
        assert value.high / value.low > clean.values[k].high / clean.values[k].low


def test_too_few_observations_are_said():
    found = fitted(twin(gauges=((10, 29),), times=(np.nan,)))
    text = "; ".join(found.warnings)
    assert "1 observations for 4 values: too few" in text
    assert "a single gauge" in text
    assert found.rmse_m["cross_validated"] is None
    assert sum(value.is_identified for value in found.values) <= 1


def test_observations_that_know_nothing_change_nothing():
    found = fitted(twin(sd=5.0))
    assert [value.value for value in found.values] == [kind.manning for kind in KINDS]
    assert "the observations tell none of the values" in found.warnings[0]


def test_one_roughness_for_all():
    found = fitted(twin(truth=[0.06], site=Site()))
    (value,) = found.values
    assert (value.name, value.code) == ("all", None)
    assert value.value == pytest.approx(0.06, rel=0.01)
    assert found.rmse_m["uniform"] is None


def test_factor_on_a_roughness_raster():
    raster = np.where(COLUMNS > 15, 0.03, 0.06)
    (value,) = fitted(twin(truth=[1.5], site=Site(), roughness=raster)).values
    assert value.name == "roughness raster"
    assert value.value == pytest.approx(1.5, rel=0.01)


@pytest.mark.parametrize(
    ("fit", "settings"),
    [("rain", {}), ("infiltration", {"infiltration": "constant", "loss_mm_h": 20})],
)
def test_factor_on_rain_or_infiltration(fit, settings):
    model = twin(truth=[1.3], fit=fit, site=Site(), settings=SimulateSettings(**settings))
    (value,) = fitted(model, fit=fit).values
    assert value.value == pytest.approx(1.3, rel=0.02)


def test_a_value_at_its_bound_is_said():
    found = fitted(twin(truth=[0.3], site=Site()), factor_high=2.0)
    assert found.values[0].value == pytest.approx(0.07)
    assert found.values[0].reason == "stands at a bound"


def test_processes_give_the_same():
    model = twin(times=(np.nan,), gauges=GAUGES[2:])
    one, two = fitted(model, most_rounds=2), fitted(model, most_rounds=2, jobs=2)
    assert one == two


def test_infiltration_where_nothing_takes_water_is_refused():
    with pytest.raises(ConfigError, match="no ground takes water"):
        twin(truth=[1.0], fit="infiltration", site=Site())


def test_gradients_do_not_fit_infiltration():
    settings = SimulateSettings(infiltration="constant")
    model = twin(truth=[1.0], fit="infiltration", site=Site(), settings=settings)
    with pytest.raises(ConfigError, match="not infiltration"):
        fitted(model, fit="infiltration", method="gradient")


@pytest.mark.parametrize(("fit", "truth"), [("roughness", 0.05), ("rain", 1.2)])
def test_gradients_lead_where_differences_do(fit, truth):
    rain = [(120.0, np.full((8, 10), 80.0))]
    places = np.array([4, 4]), np.array([4, 8])

    def model(depth):
        seen = Observations(
            np.array([0, 1, 1]), ("a", "b"), *places, np.array([60.0, 120.0, np.nan]),
            np.asarray(depth), np.full(3, 1e-4),
        )  # fmt: skip
        settings = SimulateSettings(precision="float64")
        return Model(GROUND[6:14, :10], 5.0, settings, rain, seen, fit)

    problem = model(model(np.zeros(3)).predict(np.array([truth])))
    both = [fitted(problem, fit=fit, method=name) for name in ("gauss_newton", "gradient")]
    for found in both:
        assert found.values[0].value == pytest.approx(truth, rel=0.01)
    assert both[0].values[0].value == pytest.approx(both[1].values[0].value, rel=5e-3)


def test_a_gauge_without_ground_is_refused():
    holed = GROUND.copy()
    holed[10, 5] = np.nan
    model = twin()
    with pytest.raises(DataError, match="gauge 0 at row 10, column 5 stands where there is no"):
        Model(holed, 5.0, SimulateSettings(), model.rain, model.observations)


def line_task(sd=0.1, prior=0.7):
    return Task(
        np.array([1.0, 1.0]), np.full(2, 0.1), np.full(2, 10.0), prior, np.array([2.0, 4.0]),
        np.full(2, sd),
    )  # fmt: skip


def test_least_squares_on_a_known_function():
    task = line_task(sd=1e-4)
    fit = gauss_newton(
        task, lambda cases: [np.array([c[0], c[0] * c[1]]) for c in cases], np.zeros(2),
        np.ones(2, bool), 20,
    )  # fmt: skip
    np.testing.assert_allclose(np.exp(fit.logs), [2, 2], rtol=1e-3)
    assert fit.has_converged


def test_spread_is_that_of_least_squares():
    task = line_task(sd=0.1)
    fit = Fit(np.zeros(2), np.array([2.0, 4.0]), np.diag([1.0, 0.5]))
    np.testing.assert_allclose(spread(task, fit, np.ones(2, bool)), [0.1, 0.2])
    np.testing.assert_allclose(spread(task, fit, np.array([True, False])), [0.1, np.inf])


def test_two_values_that_do_the_same_cannot_be_told_apart():
    task = line_task(sd=0.1)
    fit = Fit(np.zeros(2), np.array([2.0, 4.0]), np.array([[1.0, 0.9], [0.5, 0.45]]))
    found = tell_apart(task, fit, ["one", "other"])
    assert len(found) == 1
    assert next(iter(found.values())).startswith("the observations cannot tell it from")
