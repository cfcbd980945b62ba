"""Baselines: what each predicts, what it is told, what it refuses."""

import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError
from inundate.score.baseline import BASELINES, Persistence, fit_baselines, make_baseline
from inundate.score.case import Case
from inundate.score.standing import bathtub, cumulated_volume, fill_spill
from inundate.score.trained import FILL_CLASSES_M, Climatology, PerPixelLine

SHAPE = (6, 8, 7)


def case(seed=0, *, place="a", regime="flat", frames=6, interval_s=600.0, **more):
    rng = np.random.default_rng(seed)
    shape = (frames, *SHAPE[1:])
    given = {
        "elevation": np.random.default_rng(99).normal(10, 1, SHAPE[1:]),
        "rain_rate": rng.gamma(1, 20, shape),
        "interval_s": interval_s,
        "cell_size_m": 5.0,
        "regime": regime,
        "place": place,
        "observed": rng.gamma(0.5, 0.3, shape).astype(np.float32),
    }
    return Case(**{**given, **more})


@pytest.mark.parametrize("name", BASELINES)
def test_each_predicts_depths_of_the_right_shape(name):
    fitted = fit_baselines([name], [case(s) for s in range(5)])[name]
    depth = fitted.predict(case(9))
    assert fitted.name == name
    assert fitted.title
    assert depth.shape == SHAPE
    assert depth.dtype == np.float32
    assert np.isfinite(depth).all()
    assert (depth >= 0).all()


@pytest.mark.parametrize("name", sorted(set(BASELINES) - {"persistence_30min"}))
def test_only_declared_baselines_see_the_truth(name):
    fitted = fit_baselines([name], [case(s) for s in range(5)])[name]
    blind = case(9, observed=None)
    np.testing.assert_array_equal(fitted.predict(blind), fitted.predict(case(9)))


@pytest.mark.parametrize("name", BASELINES)
def test_no_baseline_sees_later_rain(name):
    if name == "persistence_30min":
        return
    fitted = fit_baselines([name], [case(s) for s in range(5)])[name]
    rain = case(9).rain_rate.copy()
    rain[4:] *= 3
    changed = case(9, rain_rate=rain)
    np.testing.assert_allclose(fitted.predict(changed)[:4], fitted.predict(case(9))[:4], atol=1e-6)


def test_unknown_name_tells_the_nearest():
    with pytest.raises(ConfigError, match="there are all_dry, ") as caught:
        make_baseline("fill_spil")
    assert caught.value.hint == "did you mean fill_spill?"
    with pytest.raises(ConfigError) as caught:
        make_baseline("zzz")
    assert caught.value.hint is None


def test_persistence_keeps_the_start():
    start = np.random.default_rng(1).random(SHAPE[1:])
    depth = Persistence().predict(case(initial_depth=start))
    assert (depth == start.astype(np.float32)).all()
    assert (Persistence().predict(case()) == 0).all()
    assert Persistence().advantage == ""


def test_persistence_30min_shifts_the_truth_by_three_frames():
    given = case()
    found = make_baseline("persistence_30min")
    depth = found.predict(given)
    assert (depth[:3] == 0).all()
    np.testing.assert_array_equal(depth[3:], given.observed[:3])
    assert found.advantage == "told the true depth 30 min earlier"


def test_persistence_keeps_the_last_known_depth_over_a_gap():
    observed = case().observed.copy()
    observed[1, 2, 3] = observed[0, 0, 0] = np.nan
    depth = Persistence(30).predict(case(observed=observed))
    assert depth[4, 2, 3] == observed[0, 2, 3]
    assert depth[3, 0, 0] == 0


@pytest.mark.parametrize("interval_s", [7 * 60.0, 3600.0])
def test_persistence_needs_a_whole_number_of_frames(interval_s):
    with pytest.raises(DataError, match="30 min is .* frames .* expected a whole number"):
        Persistence(30).predict(case(interval_s=interval_s))


def test_persistence_needs_a_truth_and_a_positive_lead():
    with pytest.raises(DataError, match="no observed depth"):
        Persistence(30).predict(case(observed=None))
    with pytest.raises(ConfigError, match="lead of 0 min"):
        Persistence(0)


def test_climatology_is_the_mean_of_the_regime_at_the_same_lead_time():
    training = [case(0), case(1), case(2, regime="steep")]
    found = Climatology.fit(training)
    depth = found.predict(case(9, observed=None))
    expected = np.mean([c.observed.mean(axis=(1, 2), dtype=float) for c in training[:2]], axis=0)
    np.testing.assert_allclose(depth, np.broadcast_to(expected[:, None, None], SHAPE), rtol=1e-6)
    steep = found.predict(case(9, regime="steep"))
    assert steep[0, 0, 0] == pytest.approx(training[2].observed[0].mean(), rel=1e-5)


def test_climatology_of_an_unseen_regime_is_the_mean_of_all():
    training = [case(0), case(1, regime="steep")]
    depth = Climatology.fit(training).predict(case(9, regime="mixed"))
    expected = np.mean([c.observed[0].mean(dtype=float) for c in training])
    assert depth[0, 0, 0] == pytest.approx(expected, rel=1e-5)


def test_climatology_of_a_regime_that_never_ran_as_long_is_the_mean_of_all():
    short, long = case(0, frames=3), case(1, regime="steep", frames=6)
    found = Climatology.fit([short, long])
    depth = found.predict(case(9, frames=6))
    both = np.mean([c.observed[0].mean(dtype=float) for c in (short, long)])
    assert depth[0, 0, 0] == pytest.approx(both, rel=1e-5)
    assert depth[5, 0, 0] == pytest.approx(long.observed[5].mean(), rel=1e-5)
    own = found.predict(case(9, frames=3))  # of that length the regime has its own mean
    assert own[0, 0, 0] == pytest.approx(short.observed[0].mean(), rel=1e-5)


def test_climatology_leaves_missing_cells_out():
    observed = np.full(SHAPE, 2.0)
    observed[:, :4] = np.nan
    assert (Climatology.fit([case(observed=observed)]).predict(case()) == 2).all()


def test_climatology_by_fill_depth_tells_sinks_from_slopes():
    elevation = np.full(SHAPE[1:], 5.0)
    elevation[3, 3], elevation[5, 5] = 4.5, 2.0  # 0.5 m and 3 m deep
    observed = np.zeros(SHAPE)
    observed[:, 3, 3], observed[:, 5, 5] = 0.4, 1.5
    given = case(elevation=elevation, observed=observed)
    depth = Climatology.fit([given], by_fill_depth=True).predict(given)
    np.testing.assert_allclose(depth, observed, rtol=1e-6)
    # a class that training never saw takes the mean over all cells
    elevation = np.full(SHAPE[1:], 5.0)
    elevation[3, 3] = 4.8
    found = Climatology.fit([given], by_fill_depth=True).predict(case(elevation=elevation))
    assert found[0, 3, 3] == pytest.approx(1.9 / 56, rel=1e-5)
    assert tuple(sorted(FILL_CLASSES_M)) == FILL_CLASSES_M


def test_climatology_takes_training_samples_of_different_length():
    found = Climatology.fit([case(0, frames=6), case(1, frames=3)])
    depth = found.predict(case(9))
    assert depth[5, 0, 0] == pytest.approx(case(0).observed[5].mean(), rel=1e-5)


def test_climatology_refuses_what_it_cannot_know():
    with pytest.raises(DataError, match="has not learnt from any case"):
        Climatology().predict(case())
    with pytest.raises(DataError, match="6 frames asked for, the training samples .* have 3"):
        Climatology.fit([case(frames=3)]).predict(case())
    with pytest.raises(DataError, match="frames every 300 s, expected every 600 s"):
        Climatology.fit([case(), case(interval_s=300)])
    with pytest.raises(DataError, match="no observed depth"):
        Climatology.fit([case(observed=None)])


def linear_case(seed, place="a"):
    """Depth that is a line in total and peak rain so far, with its own slope in each cell."""
    given = case(seed, place=place)
    mean = given.rain_rate.mean(axis=(1, 2))
    slopes = np.random.default_rng(7).uniform(0.001, 0.01, (3, *SHAPE[1:]))
    features = np.stack([np.ones(6), mean.cumsum() / 6, np.maximum.accumulate(mean)])
    observed = np.einsum("kt,kyx->tyx", features, slopes)
    return case(seed, place=place, observed=observed)


def test_per_pixel_line_finds_a_line():
    fitted = PerPixelLine.fit([linear_case(s) for s in range(6)])
    unseen = linear_case(50)
    np.testing.assert_allclose(fitted.predict(unseen), unseen.observed, rtol=1e-4)
    assert fitted.advantage


def test_per_pixel_line_is_never_negative():
    training = [linear_case(s) for s in range(6)]
    fitted = PerPixelLine.fit([case(s, observed=c.observed - 9) for s, c in enumerate(training)])
    assert (fitted.predict(linear_case(50)) == 0).all()


def test_per_pixel_line_refuses_unseen_terrain_and_too_few_storms():
    fitted = PerPixelLine.fit([linear_case(s) for s in range(6)])
    with pytest.raises(DataError, match="'b' was trained on with 0 storms, expected at least 4"):
        fitted.predict(linear_case(1, place="b"))
    with pytest.raises(DataError, match="with 3 storms"):
        PerPixelLine.fit([linear_case(s) for s in range(3)]).predict(linear_case(9))
    with pytest.raises(DataError, match="expected .* as in its first storm"):
        PerPixelLine.fit([case(0), case(1, frames=3)])
    with pytest.raises(DataError, match="was fitted with shape"):
        fitted.predict(case(frames=3))


def test_cumulated_volume_hand_worked():
    # 36 mm/h for 10 min is 6 mm: 0.15 m3 on 25 m2
    found = cumulated_volume(np.full((2, 1, 1), 36.0), interval_s=600, cell_size_m=5)
    np.testing.assert_allclose(found.ravel(), [0.15, 0.3])


def test_fill_spill_holds_the_rain_less_what_left():
    elevation = np.full((5, 5), 2.0)
    elevation[2, 2] = 0.0
    volume = np.zeros((2, 5, 5))
    volume[:, 2, 2] = [25.0, 75.0]  # 1 m and 3 m on the sink of 25 m2 and 2 m depth
    depth = fill_spill(elevation, volume, cell_size_m=5)
    assert depth[:, 2, 2].tolist() == [1.0, 2.0]
    assert depth.sum() == 3


def test_fill_spill_spreads_a_total_over_the_ground():
    elevation = np.full((4, 5), 2.0)
    elevation[0, 0] = np.nan
    even = fill_spill(elevation, [19 * 25 * 0.1], cell_size_m=5, edges="closed")
    assert np.isnan(even[0, 0, 0])
    np.testing.assert_allclose(even[0].ravel()[1:], 0.1, rtol=1e-6)


def test_fill_spill_refuses_a_falling_volume():
    with pytest.raises(DataError, match="negative or missing"):
        fill_spill(np.ones((3, 3)), [2.0, 1.0], cell_size_m=1)


def test_standing_water_at_the_start_is_kept():
    start = np.zeros(SHAPE[1:])
    start[4, 3] = 2.0
    dry = np.zeros(SHAPE)
    elevation = np.full(SHAPE[1:], 5.0)
    elevation[4, 3] = 1.0
    given = case(elevation=elevation, rain_rate=dry, initial_depth=start)
    assert (make_baseline("fill_spill").predict(given)[:, 4, 3] == 2).all()
    assert (make_baseline("bathtub").predict(given)[:, 4, 3] == 2).all()


def test_bathtub_is_level_and_holds_all_water():
    rng = np.random.default_rng(3)
    elevation = rng.normal(100, 3, (9, 8))
    elevation[0, :3] = np.nan
    volume = np.array([0.0, 1.0, 40.0, 5000.0, 90000.0])
    depth = bathtub(elevation, volume, cell_size_m=5)
    np.testing.assert_allclose(np.nansum(depth, axis=(1, 2)) * 25, volume, rtol=1e-5)
    for frame in depth[1:]:
        level = (elevation + frame)[frame > 0]
        assert np.ptp(level) < 1e-4
        assert np.nanmin(elevation[~(frame > 0) & ~np.isnan(elevation)], initial=np.inf) >= (
            level.min() - 1e-4
        )
    assert np.isnan(depth[:, 0, :3]).all()


@pytest.mark.parametrize("volume", [[-1.0], [np.nan], [[1.0]]])
def test_bathtub_refuses_faulty_volumes(volume):
    with pytest.raises(DataError, match="bathtub"):
        bathtub(np.ones((2, 2)), volume, cell_size_m=1)
    with pytest.raises(DataError, match="0 cells of ground"):
        bathtub(np.full((2, 2), np.nan), [1.0], cell_size_m=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"elevation": np.zeros((3, 3))},
        {"rain_rate": np.zeros((8, 7))},
        {"observed": np.zeros((5, 8, 7))},
        {"initial_depth": np.zeros((6, 8, 7))},
        {"cell_size_m": 0.0},
        {"interval_s": -1.0},
    ],
)
def test_cases_that_do_not_fit_are_refused(wrong):
    with pytest.raises(DataError, match="baseline case 'a'"):
        case(**wrong)
