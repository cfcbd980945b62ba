"""Sums add in any order and survive JSON."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inundate.core.errors import DataError
from inundate.score.aggregate import State, gather, stack, total
from inundate.score.sample import Observed, Predicted

numbers = st.floats(-1e12, 1e12, allow_subnormal=False)
states = st.lists(st.tuples(numbers, st.lists(numbers, min_size=3, max_size=3)), min_size=1)


def make(values):
    return [State.of({"n": n, "hits": hits}) for n, hits in values]


@given(states, st.randoms())
def test_total_does_not_depend_on_order_to_the_last_bit(values, random):
    first = total(make(values)).to_json()
    shuffled = list(values)
    random.shuffle(shuffled)
    assert total(make(shuffled)).to_json() == first


@given(states, st.integers(0, 20))
def test_sum_of_chunks_is_the_whole(values, cut):
    made = make(values)
    parts = total(made[:cut]) + total(made[cut:])
    whole = total(made)
    scale = sum(abs(n) for n, _ in values) + 1
    assert abs(parts.sums["n"] - whole.sums["n"]) <= 1e-12 * scale


def test_plus_is_commutative_and_has_a_zero():
    a, b = make([(1.5, [1, 2, 3]), (2.0, [0, 0, 1])])
    assert (a + b).to_json() == (b + a).to_json() == {"hits": [1, 2, 4], "n": 3.5}
    assert (a + State()).to_json() == (State() + a).to_json() == a.to_json()
    assert total([]).to_json() == {}


def test_adding_changes_neither_side():
    a, b = make([(1.0, [1, 2, 3]), (2.0, [0, 0, 1])])
    a + b
    assert a.to_json() == {"hits": [1, 2, 3], "n": 1}
    with pytest.raises(ValueError, match="read-only"):
        a.sums["hits"][0] = 9


@given(states)
def test_json_round_trip_is_exact(values):
    for state in make(values):
        text = json.dumps(state.to_json())
        assert State.from_json(json.loads(text)).to_json() == state.to_json()


def test_long_vectors_are_packed():
    histogram = np.zeros(281)
    histogram[[3, 280]] = [7, 2.5]
    stored = State.of({"h": histogram}).to_json()
    assert stored == {"h": {"size": 281, "at": [3, 280], "sum": [7, 2.5]}}
    np.testing.assert_array_equal(State.from_json(stored).sums["h"], histogram)


@pytest.mark.parametrize(
    "stored", [{"size": 2, "at": [5], "sum": [1]}, {"size": 2}, "text", ["a"], None]
)
def test_broken_json_is_refused(stored):
    with pytest.raises(DataError, match="score sum 'h'"):
        State.from_json({"h": stored})


@pytest.mark.parametrize("value", [np.nan, np.inf, np.zeros((2, 2))])
def test_sums_are_finite_scalars_or_vectors(value):
    with pytest.raises(DataError, match="score sum 'n'"):
        State.of({"n": value})


def test_different_sums_do_not_add():
    with pytest.raises(DataError, match="do not hold the same sums"):
        State.of({"n": 1}) + State.of({"m": 1})
    with pytest.raises(DataError, match="do not hold the same sums"):
        State.of({"n": [1, 2]}) + State.of({"n": [1, 2, 3]})
    with pytest.raises(DataError, match="no sample"):
        stack([])


class Count:
    """Count the cells."""

    name = "cells"

    def sums(self, predicted, observed):
        return {"n": predicted.depth.size}


def test_gather_prefixes_sums_and_refuses_two_of_a_name():
    truth = Observed.of(np.zeros((1, 2, 3)), interval_s=600)
    predicted = Predicted.of(np.zeros((1, 2, 3)), truth)
    assert gather([Count()], predicted, truth).to_json() == {"cells.n": 6}
    with pytest.raises(DataError, match=r"two statistics give the sum 'cells\.n'"):
        gather([Count(), Count()], predicted, truth)
