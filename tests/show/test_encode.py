"""Frames as PNG: readable by any reader, rounded by no more than is stated."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from inundate.core.errors import DataError
from inundate.show.encode import (
    MAX_LEVELS,
    MISSING,
    grey_png,
    make_levels,
    palette_of,
    write_png,
)
from inundate.show.palette import (
    DEPTH,
    ERROR,
    MISSING_COLOURS,
    PROBABILITY,
    RAIN,
    paint,
    to_rgb,
)

SCALES = [(DEPTH, 0.01, 2.0), (ERROR, 0.01, 2.0), (PROBABILITY, 0.01, 1.0), (RAIN, 0.1, 2.0)]


@pytest.mark.parametrize("count", [24, 64, MAX_LEVELS])
@pytest.mark.parametrize(("classes", "floor", "power"), SCALES)
def test_levels(classes, floor, power, count):
    levels = make_levels(classes, 7.3, count=count, floor=floor, power=power)
    assert levels.count <= count
    assert set(classes.edges) <= set(levels.edges)
    assert list(levels.edges) == sorted(set(levels.edges))
    assert levels.edges[-1] >= 7.3


@settings(max_examples=60, deadline=None)
@given(
    values=hnp.arrays(
        np.float32, (6, 7), elements=st.floats(0, 12, width=32) | st.just(float("nan"))
    ),
    count=st.integers(14, MAX_LEVELS),
)
def test_rounding_keeps_the_class_and_stays_in_bounds(values, count):
    high = float(np.nanmax(values)) if np.isfinite(values).any() else 0.0
    levels = make_levels(DEPTH, high, count=count, floor=0.01)
    codes = levels.encode(values)
    back = levels.decode(codes)
    assert (np.isnan(back) == np.isnan(values)).all()
    assert (DEPTH.index(back) == DEPTH.index(values)).all()
    for value, read in zip(values[~np.isnan(values)], back[~np.isnan(values)], strict=True):
        assert abs(read - value) <= levels.half_width(float(value)) * (1 + 1e-6)


def test_shallow_water_is_told_more_finely_than_deep():
    levels = make_levels(DEPTH, 8.0, floor=0.01)
    assert levels.half_width(0.06) < 0.004
    assert levels.half_width(0.06) < levels.half_width(6.0) < 0.05


def test_error_levels_are_symmetric():
    levels = make_levels(ERROR, 3.0, count=128, floor=0.01)
    assert np.allclose(levels.edges, -np.array(levels.edges)[::-1])
    assert levels.decode(levels.encode(np.zeros((1, 1))))[0, 0] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("count", [3, 255])
def test_levels_refuse_a_wrong_count(count):
    with pytest.raises(DataError, match=f"{count} levels"):
        make_levels(DEPTH, 1.0, count=count)


def test_levels_refuse_an_infinite_range():
    with pytest.raises(DataError, match="finite range"):
        make_levels(DEPTH, float("inf"))


def sample(height=37, width=53, seed=1):
    rng = np.random.default_rng(seed)
    values = np.clip(rng.normal(0.1, 0.5, (height, width)).cumsum(axis=1) / 5, 0, None)
    values[3:9, 5:30] = np.nan
    return values.astype(np.float32)


@pytest.mark.parametrize("kind", ["smooth", "noise", "constant", "one cell", "one row"])
def test_png_is_read_by_another_reader(kind):
    values = {
        "smooth": sample(),
        "noise": np.random.default_rng(0).random((20, 31)).astype(np.float32) * 3,
        "constant": np.zeros((5, 4), np.float32),
        "one cell": np.full((1, 1), np.nan, np.float32),
        "one row": np.linspace(0, 4, 90, dtype=np.float32)[None],
    }[kind]
    levels = make_levels(DEPTH, 4.0, floor=0.01)
    codes = levels.encode(values)
    image = Image.open(io.BytesIO(write_png(codes, palette_of(levels, DEPTH))))
    assert image.mode == "P"
    assert (np.asarray(image) == codes).all()
    assert (np.asarray(image.convert("RGBA")) == paint(values, DEPTH)).all()


def test_png_of_errors_looks_as_the_figure():
    values = sample() - 1
    levels = make_levels(ERROR, 5.0, floor=0.01)
    png = write_png(levels.encode(values), palette_of(levels, ERROR))
    image, expected = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA")), paint(values, ERROR)
    assert (image[..., 3] == expected[..., 3]).all()
    drawn = expected[..., 3] > 0
    assert (image[drawn] == expected[drawn]).all()


def test_row_zero_is_on_top():
    codes = np.zeros((3, 4), np.uint8)
    codes[0, 3] = 9
    levels = make_levels(DEPTH, 4.0)
    image = Image.open(io.BytesIO(write_png(codes, palette_of(levels, DEPTH))))
    assert image.getpixel((3, 0)) == 9


def test_missing_has_its_own_two_codes():
    codes = make_levels(DEPTH, 1.0).encode(np.full((8, 8), np.nan, np.float32))
    assert set(np.unique(codes)) == {MISSING, MISSING + 1}


def test_grey():
    brightness = np.linspace(0, 1, 200).reshape(10, 20)
    brightness[0, 0] = np.nan
    image = np.asarray(Image.open(io.BytesIO(grey_png(brightness, greys=16))))
    assert np.abs(image / 255 - brightness)[~np.isnan(brightness)].max() <= 0.5 / 15 + 0.005
    assert len(np.unique(image[1:])) <= 16
    assert image[0, 0] in {to_rgb(colour)[0] for colour in MISSING_COLOURS}
