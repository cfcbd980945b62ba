"""Boosted trees: what they see, that ours add up as scikit-learn's do, that they learn."""

from dataclasses import replace

import numpy as np
import pytest

from inundate.core import errors
from inundate.core.errors import DataError, MissingExtraError, MissingFileError
from inundate.emulate.arrays_file import read_arrays, write_arrays
from inundate.emulate.models import boosted
from inundate.emulate.models.boosted import Boosted, fit_boosted
from inundate.emulate.prepared import prepare, prepare_sample
from inundate.emulate.settings import BoostedSettings
from inundate.emulate.trees import Trees, trees_of
from inundate.emulate.windows import AROUND, RAIN_FEATURES, WINDOW_FEATURES, Windows, box_mean

from .small_flood import PHYSICS, heights, place

SMALL = BoostedSettings(trees=20, leaves=8, rows=4000)


@pytest.fixture(scope="module")
def fitted(samples):
    return fit_boosted(samples, SMALL, seed=0, progress=False)


@pytest.mark.parametrize("leaves", [2, 31])
def test_our_trees_add_up_as_scikit_learn_s(leaves):
    ensemble = pytest.importorskip("sklearn.ensemble")
    rng = np.random.default_rng(leaves)
    rows = rng.normal(size=(3000, 6)).astype(np.float32)
    rows[:, 2] = np.round(rows[:, 2])  # ties
    target = np.sin(3 * rows[:, 0]) * rows[:, 1] + rows[:, 2] + 5.0
    theirs = ensemble.HistGradientBoostingRegressor(
        max_iter=40, max_leaf_nodes=leaves, early_stopping=False, random_state=0
    ).fit(rows, target)
    other = rng.normal(scale=2.0, size=(2000, 6)).astype(np.float32)
    ours = trees_of(theirs)
    for values in (rows, other):
        np.testing.assert_allclose(ours.predict(values), theirs.predict(values), atol=1e-6)
    assert np.std(ours.predict(other)) > 0.1
    assert len(ours.roots) == 40


def test_trees_by_hand():
    trees = Trees(
        feature=np.array([1, -1, -1, -1], np.int32),
        threshold=np.array([0.5, 0, 0, 0]),
        left=np.array([1, 0, 0, 0], np.int32),
        right=np.array([2, 0, 0, 0], np.int32),
        value=np.array([0, 10.0, 20.0, 0.25]),
        roots=np.array([0, 3], np.int32),
        baseline=np.array([1.0]),
    )
    rows = np.array([[9, 0.5], [9, 0.6]], np.float32)
    np.testing.assert_array_equal(trees.predict(rows), [11.25, 21.25])
    with pytest.raises(DataError, match=r"rows of shape \(2, 1\), expected"):
        trees.predict(rows[:, :1])


@pytest.mark.parametrize(
    "change",
    [
        {"left": np.array([0, 0, 0, 0], np.int32)},  # a node that is its own child: no end
        {"right": np.array([9, 0, 0, 0], np.int32)},
        {"roots": np.array([], np.int32)},
        {"value": np.zeros(2)},
    ],
)
def test_trees_that_do_not_fit_together_are_refused(change):
    good = {
        "feature": np.array([1, -1, -1, -1], np.int32),
        "threshold": np.zeros(4),
        "left": np.array([1, 0, 0, 0], np.int32),
        "right": np.array([2, 0, 0, 0], np.int32),
        "value": np.zeros(4),
        "roots": np.array([0, 3], np.int32),
        "baseline": np.zeros(1),
    }
    with pytest.raises(DataError, match="do not fit together"):
        Trees(**{**good, **change})


def test_trees_kept_in_another_way_are_named():
    with pytest.raises(DataError, match="keeps its trees in another way"):
        trees_of(object())
    ensemble = pytest.importorskip("sklearn.ensemble")
    rng = np.random.default_rng(0)
    rows = np.stack([rng.integers(0, 5, 500), rng.normal(size=500)], axis=1)
    theirs = ensemble.HistGradientBoostingRegressor(
        max_iter=5, categorical_features=[0], early_stopping=False
    ).fit(rows, rows[:, 0] % 3 + rows[:, 1])
    with pytest.raises(DataError, match="a split by category"):
        trees_of(theirs)


def test_trees_that_add_up_otherwise_are_refused(samples, monkeypatch):
    def shifted(fitted):
        found = trees_of(fitted)
        return replace(found, baseline=found.baseline + 1e-3)

    monkeypatch.setattr(boosted, "trees_of", shifted)
    with pytest.raises(DataError, match="differs from scikit-learn's by 0.001"):
        fit_boosted(samples, SMALL, seed=0, progress=False)


def test_box_means_leave_missing_cells_out():
    rng = np.random.default_rng(0)
    values, known = rng.normal(size=(7, 9)), rng.uniform(size=(7, 9)) > 0.3
    found = box_mean(values, known, 2)
    for row in range(7):
        for col in range(9):
            near = np.s_[max(0, row - 2) : row + 3, max(0, col - 2) : col + 3]
            expected = values[near][known[near]].mean() if known[near].any() else 0.0
            assert found[row, col] == pytest.approx(expected, abs=1e-12)


def prepared(rain, rows=32, cols=32):
    grid = place(0, rows, cols)
    rough = np.full(grid.shape, 0.05, np.float32)
    return prepare(heights(grid, 3), rough, rain, grid=grid, interval_s=600.0, settings=PHYSICS)


def test_features_by_hand():
    rain = np.random.default_rng(0).uniform(0, 40, (10, 32, 32)).astype(np.float32)
    made = prepared(rain)
    windows = Windows(made)
    found = dict(zip(WINDOW_FEATURES, windows.frame(8), strict=True))
    assert len(WINDOW_FEATURES) == len(windows.frame(8))
    assert "steepness_32" in found
    assert set(AROUND) - {"steepness"} <= set(found)
    np.testing.assert_array_equal(found["rain_now"], rain[8])
    np.testing.assert_allclose(found["rain_hour"], rain[3:9].sum(0) / 6, rtol=1e-4)
    np.testing.assert_allclose(found["rain_total"], rain[:9].sum(0) / 6, rtol=1e-5)
    np.testing.assert_array_equal(found["rain_peak"], rain[:9].max(0))
    assert (found["hours"] == np.float32(1.5)).all()
    np.testing.assert_allclose(
        found["rain_total_around"], box_mean(rain[:9].sum(0) / 6, np.ones((32, 32), bool), 32),
        rtol=1e-5,
    )  # fmt: skip
    area = 10 ** (2.0 * found["log_drained_area"])  # scaled by its divisor
    np.testing.assert_allclose(10 ** found["upstream_total"], area * found["rain_total"], rtol=1e-3)
    cells = np.array([5, 700, 33])
    rows = windows.rows(8, cells)
    np.testing.assert_array_equal(rows, windows.frame(8).reshape(len(found), -1)[:, cells].T)


def test_later_rain_changes_no_earlier_feature():
    rain = np.random.default_rng(0).uniform(0, 40, (10, 32, 32)).astype(np.float32)
    later = rain.copy()
    later[6:] = 300.0
    for t in (0, 5):
        here, there = (Windows(prepared(r)).frame(t) for r in (rain, later))
        np.testing.assert_array_equal(here, there)
    assert not np.array_equal(Windows(prepared(rain)).frame(6), Windows(prepared(later)).frame(6))


def test_a_hundred_metres_up_changes_no_feature():
    rain = np.full((3, 32, 32), 20.0, np.float32)
    low = prepared(rain)
    ground = np.round(heights(place(0), 3) * 16) / 16
    rough = np.full((32, 32), 0.05, np.float32)
    here, there = (
        Windows(
            prepare(
                g.astype(np.float32), rough, rain, grid=place(0), interval_s=600.0,
                settings=PHYSICS,
            )
        ).frame(2)
        for g in (ground, ground + 100)
    )  # fmt: skip
    np.testing.assert_allclose(here, there, atol=1e-3)
    assert len(here) == len(Windows(low).frame(0))


def test_they_learn_more_than_the_mean(samples, fitted):
    """On ground that they never saw: the validation part."""
    truth, guess, mean = [], [], []
    climate = np.mean([samples.read(n).water_depth.mean() for n in samples.part("train")])
    for number in samples.part("valid"):
        sample = samples.read(number)
        found = fitted.model.predict(prepare_sample(sample))
        assert found.shape == sample.water_depth.shape
        assert (found >= 0).all()
        truth.append(sample.water_depth)
        guess.append(found)
        mean.append(np.full_like(found, climate))
    squared = [np.mean((np.stack(v) - np.stack(truth)) ** 2) for v in (guess, mean)]
    assert squared[0] < 0.8 * squared[1]
    assert 0 < fitted.scores["loss"] < 2.0
    assert fitted.loss < fitted.scores["loss"]


def test_the_draw_depends_on_the_seed_alone(samples, fitted):
    again = fit_boosted(samples, SMALL, seed=0, progress=False)
    other = fit_boosted(samples, SMALL, seed=1, progress=False)
    assert again.loss == fitted.loss
    np.testing.assert_array_equal(again.model.trees.threshold, fitted.model.trees.threshold)
    assert other.loss != fitted.loss


def test_they_are_stored_as_arrays(fitted, samples, tmp_path):
    path = tmp_path / "model.safetensors"
    fitted.model.write(path)
    read = Boosted.read(path)
    made = prepare_sample(samples.read(0))
    np.testing.assert_array_equal(read.predict(made), fitted.model.predict(made))
    assert read.size == fitted.model.size > 20
    arrays, _ = read_arrays(path, kind="boosted")
    other = tmp_path / "other.safetensors"
    write_arrays(other, arrays, kind="boosted", facts={"features": ["rain_now"]})
    with pytest.raises(DataError, match="ask for 1 features that differ from the "):
        Boosted.read(other)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="not a whole safetensors file"):
        Boosted.read(path)
    with pytest.raises(MissingFileError):
        Boosted.read(tmp_path / "absent")


def test_missing_ground_takes_no_part(fitted, samples):
    made = prepare_sample(samples.read(0))
    hole = made.elevation.copy()
    hole[:6, :6] = np.nan
    terrain = made.terrain.copy()
    terrain[:, :6, :6] = 0.0
    found = fitted.model.predict(replace(made, elevation=hole, terrain=terrain))
    assert np.isfinite(found).all()
    assert (found[:, :6, :6] == 0).all()


def test_without_scikit_learn_the_extra_is_named(samples, monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(errors, "import_module", absent)
    with pytest.raises(
        MissingExtraError, match="training boosted trees needs the package 'sklearn'"
    ) as caught:
        fit_boosted(samples, SMALL, seed=0, progress=False)
    assert caught.value.hint == 'pip install "inundate[boosted]"'


def test_rain_features_are_named_once():
    assert len(set(WINDOW_FEATURES)) == len(WINDOW_FEATURES)
    assert WINDOW_FEATURES[-len(RAIN_FEATURES) :] == RAIN_FEATURES
