"""The water of a map grows by no more than it rained."""

from types import SimpleNamespace

import numpy as np
import pytest

from inundate.emulate.rain_bound import RainBound

MM_H = 36.0  # for 100 s: 1 mm


def storm(frames=3):
    """Four cells, one of them no ground, and 1 mm of rain a frame."""
    ground = np.array([[1.0, 1.0], [1.0, np.nan]], np.float32)
    rain = np.full((frames, 2, 2), MM_H, np.float32)
    return SimpleNamespace(elevation=ground, rain_rate=rain, interval_s=100.0)


def test_a_frame_is_scaled_to_the_last_one_and_the_rain_since():
    bound = RainBound(storm())
    first = np.array([[0.006, 0.0], [0.0, 9.0]], np.float32)  # 3 mm fell on ground
    bound.frame(first)
    assert first[0, 0] == pytest.approx(0.003)
    second = np.array([[0.002, 0.0], [0.0, 9.0]], np.float32)  # less than may be: stays
    bound.frame(second)
    assert second[0, 0] == np.float32(0.002)
    third = np.array([[0.004, 0.004], [0.0, 0.0]], np.float32)  # 2 mm held and 3 mm fell
    bound.frame(third)
    np.testing.assert_allclose(third[0], 0.0025, rtol=1e-6)


def test_what_is_thinner_than_a_millimetre_is_dry_and_does_not_count():
    bound = RainBound(storm())
    depth = np.array([[0.003, 0.0009], [0.0009, 0.0]], np.float32)
    bound.frame(depth)
    np.testing.assert_array_equal(depth, np.float32([[0.003, 0], [0, 0]]))


def test_the_mean_of_members_is_held_and_each_keeps_its_share():
    bound = RainBound(storm())
    members = np.zeros((2, 2, 2), np.float32)
    members[0, 0, 0], members[1, 0, 0] = 0.002, 0.010  # mean 6 mm
    bound.frame(members)
    np.testing.assert_allclose(members[:, 0, 0], [0.001, 0.005], rtol=1e-6)
