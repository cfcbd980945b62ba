"""Design storms: exact totals, the right shape in time and space, the right movement."""

import json
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inundate.core.errors import ConfigError, DataError, GridError
from inundate.core.grid import Grid, grid_of
from inundate.rain.array import check_rain
from inundate.rain.design import (
    STORMS,
    chicago_hyetograph,
    chicago_total,
    covering_grid,
    feh_hyetograph,
    make_storm,
    moving_cell,
    random_field_storm,
    uniform_hyetograph,
    uniform_storm,
)
from inundate.rain.field import moving_fields, rates_from_fields
from inundate.rain.storms import SETTINGS

GRID = Grid("EPSG:27700", 400000, 320000, 500, 500, 50, 40)


def total_mm(rain):
    return float(rain.values.astype(np.float64).mean(axis=(1, 2)).sum()) * rain.interval_s / 3600


# --- hyetographs


@settings(max_examples=80, deadline=None)
@given(
    st.floats(0.5, 500), st.floats(1, 2000), st.sampled_from([60, 300, 420, 3600]),
    st.sampled_from([
        uniform_hyetograph, feh_hyetograph, chicago_hyetograph,
        lambda *a: feh_hyetograph(*a, profile="summer-50"),
        lambda *a: chicago_hyetograph(*a, peak_position=0, b_min=0, n=0.5),
        lambda *a: chicago_hyetograph(*a, peak_position=1, b_min=3, n=1),
    ]),
)  # fmt: skip
def test_total_is_exact_whatever_the_step(total, duration, step, make):
    rates = make(total, duration, step)
    assert rates.size == np.ceil(duration * 60 / step - 1e-9)
    assert (rates >= 0).all()
    assert rates.sum() * step / 3600 == pytest.approx(total, rel=1e-12)


def test_chicago_worst_windows_lie_on_the_curve():
    """Keifer and Chu's condition: the worst window of any length has the curve's intensity."""
    a, b, n, duration = 900.0, 12.0, 0.8, 180.0
    total = chicago_total(duration, a=a, b_min=b, n=n)
    rates = chicago_hyetograph(total, duration, 6, peak_position=0.35, b_min=b, n=n)
    depth = np.concatenate([[0], np.cumsum(rates) * 6 / 3600])
    for window in (6, 15, 30, 60, 120):
        steps = window * 10
        worst = (depth[steps:] - depth[:-steps]).max() / (window / 60)
        assert worst == pytest.approx(a / (window + b) ** n, rel=2e-3)


def test_chicago_against_the_closed_form_rate():
    """Keifer and Chu (1957): i = a ((1 - n) t/r + b) / (t/r + b)^(1 + n), t before the peak."""
    a, b, n, r, duration = 900.0, 12.0, 0.8, 0.4, 100.0
    rates = chicago_hyetograph(
        chicago_total(duration, a=a, b_min=b, n=n), duration, 1, peak_position=r, b_min=b, n=n
    )
    minute = (np.arange(rates.size) + 0.5) / 60
    before = minute < r * duration
    tau = np.where(before, (r * duration - minute) / r, (minute - r * duration) / (1 - r))
    expected = a * ((1 - n) * tau + b) / (tau + b) ** (1 + n)
    np.testing.assert_allclose(rates, expected, rtol=2e-3)
    assert rates.argmax() == pytest.approx(r * duration * 60, abs=1)


def test_feh_profiles_are_symmetric_and_hold_the_published_share():
    for profile, (a, b) in {"winter-75": (0.06, 1.026), "summer-50": (0.1, 0.815)}.items():
        rates = feh_hyetograph(10, 100, 60, profile=profile)
        np.testing.assert_allclose(rates, rates[::-1], rtol=1e-9)
        middle = rates[40:60].sum() / rates.sum()  # the middle fifth
        assert middle == pytest.approx((1 - a ** (0.2**b)) / (1 - a), rel=1e-9)
    winter, summer = feh_hyetograph(10, 100, 60), feh_hyetograph(10, 100, 60, profile="summer-50")
    assert summer.max() > winter.max()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: uniform_hyetograph(0, 60, 300), "total_mm is 0, expected above 0"),
        (lambda: uniform_hyetograph(10, -60, 300), "duration_min is -60, expected above 0"),
        (lambda: uniform_hyetograph(10, 60, np.nan), "step_s is nan, expected above 0"),
        (lambda: chicago_hyetograph(10, 60, 300, peak_position=2), "peak_position is 2, expected"),
        (lambda: chicago_hyetograph(10, 60, 300, n=1.5), "b_min is 10 and n 1.5, expected"),
        (lambda: chicago_hyetograph(10, 60, 300, b_min=0, n=1), "and not 0 with 1"),
        (lambda: chicago_total(60, a=0, b_min=1, n=1), "a is 0 and duration_min 60"),
        (lambda: feh_hyetograph(10, 60, 300, profile="winter"), "expected one of winter-75, sum"),
    ],
)
def test_hyetographs_refuse_nonsense(make, text):
    with pytest.raises(ConfigError, match=text):
        make()


# --- every kind


@pytest.mark.parametrize("kind", STORMS)
def test_every_kind_is_rain_with_an_exact_total(kind):
    storm = make_storm(
        kind, GRID, total_mm=37.5, duration_min=90, step_s=300, start="2007-06-25T03:00"
    )
    assert check_rain(storm) == GRID
    assert grid_of(storm) == GRID
    assert storm.dtype == np.float32
    assert total_mm(storm) == pytest.approx(37.5, rel=1e-6)
    assert storm.sizes["time"] == 18
    assert str(storm.time.values[0]) == "2007-06-25T03:05:00.000000000"
    assert str(storm.time.values[-1]) == "2007-06-25T04:30:00.000000000"
    made = json.loads(storm.attrs["storm"])
    assert made["kind"] == kind
    assert made["start"] == "2007-06-25T03:00:00"
    again = make_storm(**{"kind": made.pop("kind"), "grid": GRID, **made})
    np.testing.assert_array_equal(again.values, storm.values)


def test_names_functions_and_settings_agree():
    assert list(STORMS) == list(SETTINGS)
    for kind, make in STORMS.items():
        names = set(SETTINGS[kind].model_fields)
        assert names == {name for name in make.__annotations__ if name not in ("grid", "return")}
        defaults = {k: v for k, v in make.__kwdefaults__.items() if k != "start"}
        model = SETTINGS[kind]()
        assert defaults == {name: getattr(model, name) for name in defaults}
        assert model.start == datetime.fromisoformat(make.__kwdefaults__["start"])


def test_unknown_kind_names_the_nearest():
    with pytest.raises(ConfigError) as caught:
        make_storm("moving_cell", GRID)
    assert str(caught.value) == (
        "designing a storm: kind 'moving_cell', expected one of uniform, chicago, feh, "
        "moving-cell, random-field"
    )
    assert caught.value.hint == "did you mean 'moving-cell'?"


def test_setting_of_another_kind_is_named():
    with pytest.raises(ConfigError) as caught:
        make_storm("uniform", GRID, radius_m=5)
    assert str(caught.value) == (
        "designing a uniform storm: radius_m belongs to moving-cell; expected some of start, "
        "step_s, duration_min, total_mm"
    )


def test_all_faults_are_listed_at_once():
    with pytest.raises(ConfigError) as caught:
        make_storm("chicago", GRID, peak_position=3, total=4, n=0)
    text = str(caught.value)
    assert text.startswith("3 settings are wrong")
    assert "'total' is not known; did you mean 'total_mm'?" in text
    assert "peak_position = 3" in text
    assert "n = 0" in text


def test_start_is_utc():
    summer = timezone(timedelta(hours=1))
    local = uniform_storm(GRID, start=datetime(2007, 6, 25, 4, tzinfo=summer))
    text = uniform_storm(GRID, start="2007-06-25T03:00:00Z")
    plain = uniform_storm(GRID, start=np.datetime64("2007-06-25T03:00"))
    assert local.time.values[0] == text.time.values[0] == plain.time.values[0]
    with pytest.raises(ConfigError, match="start is 'noon', expected an ISO time in UTC"):
        uniform_storm(GRID, start="noon")


def test_last_step_that_is_not_full():
    storm = uniform_storm(GRID, total_mm=10, duration_min=25, step_s=600)
    np.testing.assert_allclose(storm.values[:, 0, 0], [24, 24, 12], rtol=1e-6)


def test_covering_grid_covers():
    grid = covering_grid((0, 0, 1001, 999), "EPSG:27700", 500)
    assert grid.bounds == (0, -1, 1500, 999)
    with pytest.raises(ConfigError, match="expected left, bottom, right, top"):
        covering_grid((0, 0, -1, 5), "EPSG:27700", 500)


# --- moving cell


def test_cell_passes_the_middle_at_half_time_and_goes_where_it_heads():
    storm = moving_cell(
        GRID, peak_mm_h=80, duration_min=40, radius_m=2000, speed_m_s=5, heading_deg=90, step_s=60
    )
    values = storm.values.astype(float)
    x = (values * GRID.x).sum(axis=(1, 2)) / values.sum(axis=(1, 2))
    middle = 18  # of 40 one-minute steps, those about half time see the whole cell
    np.testing.assert_allclose(np.diff(x[middle : middle + 5]), 300, rtol=0.01)
    np.testing.assert_allclose(x[19:21].mean(), 412500, atol=10)
    rows = values[20].sum(axis=1)
    assert abs((rows * GRID.y).sum() / rows.sum() - 310000) < 1


@pytest.mark.parametrize(
    ("heading", "edge"), [(0, "top"), (90, "right"), (180, "bottom"), (270, "left")]
)
def test_heading_is_a_compass_direction(heading, edge):
    storm = moving_cell(GRID, peak_mm_h=80, heading_deg=heading, radius_m=3000, speed_m_s=4)
    last = storm.values[-1]
    row, col = np.unravel_index(last.argmax(), last.shape)
    found = {"top": row == 0, "bottom": row == 39, "left": col == 0, "right": col == 49}
    assert [name for name, here in found.items() if here] == [edge]


def test_standing_cell_is_a_gaussian_of_its_peak_and_radius():
    storm = moving_cell(
        GRID, peak_mm_h=50, speed_m_s=0, radius_m=4000, through=(412250, 309750), duration_min=10
    )
    row, col = 20, 24  # the cell centred on the point
    frame = storm.values[0]
    assert frame[row, col] == pytest.approx(50)
    assert frame[row, col + 8] == pytest.approx(50 * np.exp(-0.5), rel=1e-5)
    assert frame[row - 8, col] == pytest.approx(50 * np.exp(-0.5), rel=1e-5)
    assert storm.values[0, 0, 0] == pytest.approx(50 * np.exp(-(24**2 + 20**2) / 128), rel=1e-4)


def test_fast_cell_leaves_no_row_of_spots():
    fast = moving_cell(GRID, peak_mm_h=80, radius_m=1000, speed_m_s=20, duration_min=10, step_s=600)
    along = fast.values[0, 20]
    assert along[20:30].std() / along[20:30].mean() < 0.02
    fine = moving_cell(GRID, peak_mm_h=80, radius_m=1000, speed_m_s=20, duration_min=10, step_s=10)
    np.testing.assert_allclose(fine.values.mean(axis=0)[20], along, rtol=0.02, atol=0.05)


def test_moving_cell_refuses_nonsense():
    with pytest.raises(
        ConfigError, match="total_mm = None, peak_mm_h = None; expected exactly one"
    ):
        moving_cell(GRID)
    with pytest.raises(ConfigError, match="expected exactly one"):
        moving_cell(GRID, total_mm=5, peak_mm_h=5)
    with pytest.raises(ConfigError, match="radius_m is 100, expected at least one cell of 500 m"):
        moving_cell(GRID, total_mm=5, radius_m=100)
    with pytest.raises(ConfigError, match="the cell never comes within 4 radii of the grid"):
        moving_cell(GRID, total_mm=5, through=(0, 0))
    with pytest.raises(GridError, match="expected coordinates in metres"):
        moving_cell(Grid("EPSG:4326", 0, 50, 0.01, 0.01, 9, 9), total_mm=5)


# --- random field


def test_random_storm_has_exactly_the_mean_peak_and_wet_share():
    storm = random_field_storm(
        GRID, total_mm=30, peak_mm_h=120, duration_min=60, wet_share=0.3, seed=5
    )
    assert total_mm(storm) == pytest.approx(30, rel=1e-6)
    assert float(storm.max()) == pytest.approx(120, rel=1e-6)
    assert float((storm > 0).mean()) == pytest.approx(0.3, abs=1e-4)
    assert not np.isnan(storm).any()


def test_wet_everywhere():
    storm = random_field_storm(GRID, wet_share=1.0, duration_min=30)
    assert (storm > 0).all()
    assert total_mm(storm) == pytest.approx(50, rel=1e-6)


def test_seed_makes_the_storm():
    one, same = (random_field_storm(GRID, duration_min=15, seed=1) for _ in range(2))
    other = random_field_storm(GRID, duration_min=15, seed=2)
    np.testing.assert_array_equal(one.values, same.values)
    assert abs(np.corrcoef(one.values.ravel(), other.values.ravel())[0, 1]) < 0.7


def frames_of(count=12, shape=(64, 96), cell=(500.0, 500.0), **changes):
    arguments = {
        "step_s": 300.0, "outer_scale_m": 10000.0, "slope": 3.0, "velocity_m_s": (0.0, 0.0),
        "lifetime_s": 1e15, "rng": np.random.default_rng(0), **changes,
    }  # fmt: skip
    return np.stack(list(moving_fields(count, shape, cell, **arguments)))


def shift_between(first, second):
    """Rows and columns by which a pattern moved, from the peak of the cross-correlation."""
    product = np.fft.rfft2(second - second.mean()) * np.conj(np.fft.rfft2(first - first.mean()))
    lag = np.fft.irfft2(product, s=first.shape)
    row, col = np.unravel_index(lag.argmax(), lag.shape)
    return tuple(int((i + n // 2) % n - n // 2) for i, n in zip((row, col), lag.shape, strict=True))


def test_frozen_field_is_carried_by_its_velocity():
    # 10 m/s for 300 s is 3 km: 6 columns east; 5 m/s northwards: 3 rows up
    frames = frames_of(4, velocity_m_s=(10.0, 5.0))
    np.testing.assert_allclose(frames[1, :-3, 6:], frames[0, 3:, :-6], atol=1e-5)
    assert shift_between(frames[0], frames[1]) == (-3, 6)


def test_field_is_forgotten_at_the_stated_pace():
    """In the frame that moves with it, large waves keep exp(-t / lifetime) of themselves."""
    steps, lifetime = 10, 3000.0
    kept = []
    for seed in range(20):
        frames = frames_of(
            steps + 1, lifetime_s=lifetime, slope=6.0, outer_scale_m=8000.0,
            rng=np.random.default_rng(seed),
        )  # fmt: skip
        kept.append(np.corrcoef(frames[0].ravel(), frames[-1].ravel())[0, 1])
    # exp(-1) for the largest waves; the smaller ones, with little power here, forget sooner
    assert 0.22 < np.mean(kept) < 0.37


def test_spectrum_falls_with_the_stated_slope():
    for slope in (2.0, 4.0):
        power = 0.0
        for seed in range(30):
            field = frames_of(1, (128, 128), slope=slope, outer_scale_m=64000.0,
                              rng=np.random.default_rng(seed))[0]  # fmt: skip
            window = np.hanning(128)[:, None] * np.hanning(128)[None, :]
            power = power + np.abs(np.fft.fft2(field * window)) ** 2
        k = np.hypot(*np.meshgrid(np.fft.fftfreq(128), np.fft.fftfreq(128)))
        ring = (k > 0.04) & (k < 0.3)
        found = -np.polyfit(np.log(k[ring]), np.log(power[ring]), 1)[0]
        assert found == pytest.approx(slope, abs=0.2)


def test_fields_have_unit_variance():
    variance = np.mean([frames_of(1, rng=np.random.default_rng(s))[0] ** 2 for s in range(60)])
    assert variance == pytest.approx(1.0, abs=0.1)


def test_impossible_peak_says_what_is_possible():
    with pytest.raises(DataError) as caught:
        random_field_storm(GRID, total_mm=30, duration_min=60, peak_mm_h=40, wet_share=0.5)
    assert str(caught.value) == (
        "designing a storm: a mean rate of 30 mm h-1 with a peak of 40, expected a peak from 60 to "
        "7.2e+05 with this wet share"
    )


@settings(max_examples=40, deadline=None)
@given(st.floats(1.05, 400), st.floats(0.05, 1.0), st.integers(0, 99))
def test_any_possible_peak_is_met(ratio, wet_share, seed):
    fields = np.random.default_rng(seed).standard_normal((3, 20, 20)).astype(np.float32)
    peak = 2.0 / wet_share * ratio
    if ratio / wet_share > 1000:
        return
    rates = rates_from_fields(fields, mean_mm_h=2.0, peak_mm_h=peak, wet_share=wet_share)
    assert rates.max() == pytest.approx(peak, rel=1e-6)
    assert rates.astype(float).mean() == pytest.approx(2.0, rel=1e-6)


def test_random_storm_refuses_nonsense():
    with pytest.raises(ConfigError, match="expected a whole number of steps of 300 s"):
        random_field_storm(GRID, duration_min=7)
    with pytest.raises(ConfigError, match=r"wet_share = 1\.5: Input should be less than or equal"):
        random_field_storm(GRID, wet_share=1.5)
    with pytest.raises(GridError, match="expected coordinates in metres"):
        random_field_storm(Grid("EPSG:4326", 0, 50, 0.01, 0.01, 9, 9))
