"""Means, quantiles, probabilities and scores of members that do not all count alike."""

from __future__ import annotations

import numpy as np
import pytest

from inundate.fuse.summary import (
    weighted_crps,
    weighted_mean,
    weighted_probability,
    weighted_quantiles,
)

MEMBERS = np.array([[0.0, 1.0], [0.2, 3.0], [1.0, 2.0]], np.float32)


def test_crps_is_that_of_its_definition() -> None:
    weights, truth = np.array([0.5, 0.2, 0.3]), np.array([0.3, 2.5], np.float32)
    error = (weights[:, None] * np.abs(MEMBERS - truth)).sum(0)
    pairs = np.abs(MEMBERS[:, None] - MEMBERS[None])
    spread = np.einsum("i,j,ijk->k", weights, weights, pairs) / 2
    assert weighted_crps(MEMBERS, truth, weights) == pytest.approx(error - spread)


def test_whole_copies_are_weights() -> None:
    twice = MEMBERS[[0, 0, 1, 2]]
    truth, alike = np.array([0.3, 2.5], np.float32), np.full(4, 0.25)
    weights = np.array([0.5, 0.25, 0.25])
    assert weighted_crps(MEMBERS, truth, weights) == pytest.approx(
        weighted_crps(twice, truth, alike)
    )
    assert weighted_quantiles(MEMBERS, weights, (0.3, 0.9)) == pytest.approx(
        weighted_quantiles(twice, alike, (0.3, 0.9))
    )


def test_weights_may_differ_from_cell_to_cell() -> None:
    weights = np.array([[1.0, 0.0], [0.0, 0.5], [0.0, 0.5]])
    assert weighted_mean(MEMBERS, weights) == pytest.approx([0.0, 2.5])
    assert weighted_probability(MEMBERS, weights, 2.5) == pytest.approx([0.0, 0.5])
    frames = np.stack([MEMBERS, MEMBERS], axis=1)  # (M, T, cells)
    assert weighted_mean(frames, weights)[1] == pytest.approx([0.0, 2.5])


def test_where_there_is_no_ground_nothing_is_said() -> None:
    gone = MEMBERS.copy()
    gone[:, 1] = np.nan
    weights = np.full(3, 1 / 3)
    assert np.isnan(weighted_probability(gone, weights, 0.1)[1])
    assert np.isnan(weighted_quantiles(gone, weights, (0.5,))[0, 1])
    assert np.isfinite(weighted_quantiles(gone, weights, (0.5,))[0, 0])
