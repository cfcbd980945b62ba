"""Observations of located posts: what is kept, projected, and counted once."""

from __future__ import annotations

import numpy as np
import pytest
from tests.fuse.made import GRID, reports

from inundate.core.errors import DataError
from inundate.fuse.evidence import Observations
from inundate.posts.locate.located import Gap, Located

START = np.datetime64("2000-01-01T00:10", "us")


def _located(latitude: list[float], water: list[int], **more: object) -> Located:
    count = len(latitude)
    known = np.isfinite(latitude)
    columns: dict[str, object] = {
        name: ("",) * count for name in ("text", "language", "place", "why", "label")
    }
    columns |= {
        "post": tuple(f"p{row}" for row in range(count)),
        "method": tuple("gazetteer" if one else "none" for one in known),
        "time": np.full(count, START),
        "latitude": np.asarray(latitude, float),
        "longitude": np.where(known, -2.0, np.nan),
        "radius_m": np.where(known, 200.0, np.nan),
        "story": np.arange(count, dtype=np.int64),
        "water": np.asarray(water, np.int8),
        "probability": np.full(count, 0.8),
        "severity_m": np.full(count, np.nan),
    }
    return Located(**{**columns, **more})  # type: ignore[arg-type]


def test_posts_that_say_nothing_or_lie_nowhere_are_left_out() -> None:
    gap = Gap(START, START, "the network was down")
    found = Observations.of_located(
        _located([53.5, 53.5, np.nan, 53.5], [1, 0, 1, -1], gaps=(gap,)), GRID
    )
    assert found.source == ("p0", "p3")
    assert found.water.tolist() == [1, -1]
    assert found.gaps == (gap,)
    assert found.take([1]).gaps == (gap,)


def test_a_post_lands_where_the_national_grid_has_it() -> None:
    # 2 degrees west is the central meridian: 400 km east by definition
    found = Observations.of_located(_located([53.5], [1]), GRID)
    assert found.x[0] == pytest.approx(400000, abs=150)  # the datum's shift is some 100 m
    assert 0 < found.y[0] < 1_300_000


def test_a_post_without_a_time_is_no_observation() -> None:
    times = np.array([START, np.datetime64("NaT")], "datetime64[us]")
    assert len(Observations.of_located(_located([53.5, 53.5], [1, 1], time=times), GRID)) == 1


def test_without_a_probability_a_class_counts_as_sure() -> None:
    posts = _located([53.5], [1], probability=np.array([np.nan]))
    assert Observations.of_located(posts, GRID).confidence.tolist() == [1.0]


def test_a_story_is_told_once_by_who_is_most_sure() -> None:
    many = reports(
        [3, 4, 5, 6], story=np.array([7, 7, 7, 8]), confidence=np.array([0.6, 0.9, 0.9, 0.5])
    )
    once = many.told_once()
    assert once.story is not None
    assert once.story.tolist() == [7, 8]
    assert once.x.tolist() == [GRID.x[4], GRID.x[6]]


@pytest.mark.parametrize(
    ("name", "value"),
    [("radius_m", 0.0), ("confidence", 1.2), ("water", 0), ("x", np.nan)],
)
def test_what_cannot_be_is_refused_by_row(name: str, value: float) -> None:
    values = np.asarray(getattr(reports([3, 4]), name)).copy()
    values[1] = value
    with pytest.raises(DataError, match=f"{name} of row 1"):
        reports([3, 4], **{name: values})


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(DataError, match="confidence has 1 entries, expected 2"):
        reports([3, 4], confidence=np.array([0.9]))
