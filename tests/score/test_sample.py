"""Faulty depths are refused, each with one error that says where."""

import numpy as np
import pytest

from inundate.core.errors import DataError
from inundate.score.sample import Forecast, Observed, Predicted

GOOD = np.array([[[0.0, 0.5], [1.0, 0.2]]] * 3, dtype=np.float32)


@pytest.fixture
def truth():
    return Observed.of(GOOD, interval_s=600)


def spoilt(value, at=(1, 0, 1)):
    wrong = GOOD.copy()
    wrong[at] = value
    return wrong


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.25])
def test_predicted_is_a_number_wherever_one_was_observed(truth, value):
    with pytest.raises(DataError) as caught:
        Predicted.of(spoilt(value), truth, name="mode_h")
    assert str(caught.value) == (
        f"scoring mode_h: {value:g} at frame 1, row 0, column 1 (1 such cells), expected a number "
        "of 0 or more there"
    )
    assert caught.value.hint


def test_predicted_may_be_missing_where_nothing_was_observed():
    truth = Observed.of(spoilt(np.nan), interval_s=600)
    assert Predicted.of(spoilt(np.nan), truth).depth[1, 0, 1] == 0
    assert truth.count == 11
    assert truth.peak_valid.tolist() == [[True, False], [True, True]]
    assert truth.peak[0, 1] == 0


@pytest.mark.parametrize("value", [np.inf, -1.0])
def test_observed_is_missing_or_a_depth(value):
    with pytest.raises(DataError, match="observed depth: .* frame 1, row 0, column 1"):
        Observed.of(spoilt(value), interval_s=600)


def test_shapes_are_checked(truth):
    with pytest.raises(DataError, match=r"shape \(2, 2, 2\), expected \(3, 2, 2\)"):
        Predicted.of(GOOD[:2], truth)
    with pytest.raises(DataError, match=r"expected \(time, y, x\)"):
        Observed.of(GOOD[0], interval_s=600)
    with pytest.raises(DataError, match=r"expected \(time, y, x\)"):
        Observed.of(np.zeros((0, 2, 2)), interval_s=600)
    with pytest.raises(DataError, match=r"expected \(n, time, y, x\)"):
        Predicted.of(GOOD, truth, members=GOOD)
    with pytest.raises(DataError, match="valid mask int64"):
        Observed.of(GOOD, interval_s=600, valid=np.ones((2, 2), dtype=np.int64))
    with pytest.raises(DataError, match=r"shape \(3, 3\)"):
        Observed.of(GOOD, interval_s=600, valid=np.ones((3, 3), dtype=bool))


def test_interval_is_positive():
    with pytest.raises(DataError, match="frame interval is 0 s"):
        Observed.of(GOOD, interval_s=0)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"members": GOOD[None]}, "1 ensemble member, expected at least 2"),
        ({"probability": 2 * np.ones((1, *GOOD.shape))}, "a probability of 2, expected 0..1"),
        ({"quantiles": GOOD[None]}, "quantiles and levels go together"),
        ({"levels": [0.5]}, "quantiles and levels go together"),
        ({"quantiles": GOOD[None], "levels": [0.1, 0.9]}, "for 1 quantiles"),
        ({"quantiles": np.stack([GOOD, GOOD]), "levels": [0.9, 0.1]}, "rising, between 0 and 1"),
        ({"quantiles": GOOD[None], "levels": [1.0]}, "rising, between 0 and 1"),
        ({"quantiles": np.stack([GOOD + 1, GOOD]), "levels": [0.1, 0.9]}, "quantiles cross"),
        ({"members": np.stack([GOOD, spoilt(np.nan)])}, "m members 1: nan at frame 1"),
    ],
)
def test_probabilistic_input_is_checked(truth, given, told):
    with pytest.raises(DataError, match=told):
        Forecast(GOOD, **given).against(truth, name="m")


def test_digest_tells_truths_apart():
    first = Observed.of(GOOD, interval_s=600)
    assert first.digest == Observed.of(GOOD.astype(float), interval_s=600).digest
    others = [
        Observed.of(spoilt(0.7), interval_s=600),
        Observed.of(GOOD, interval_s=300),
        Observed.of(spoilt(0.0), interval_s=600),
        Observed.of(spoilt(np.nan), interval_s=600),
    ]
    assert len({first.digest, *(other.digest for other in others)}) == 5


def test_shared_parts_are_made_once(truth):
    made = []
    for _ in range(2):
        truth.remember("key", lambda: made.append(1))
    assert made == [1]
