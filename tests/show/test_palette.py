"""Colours: told apart by everyone, exact at class edges, unknown never like dry."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from inundate.show.palette import (
    DEPTH,
    ERROR,
    MISSING_COLOURS,
    PROBABILITY,
    RAIN,
    SPREAD,
    hatch,
    hillshade,
    paint,
    to_rgb,
)

SEQUENTIAL = {"depth": DEPTH, "probability": PROBABILITY, "rain": RAIN, "spread": SPREAD}

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB
VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])


def as_lab(colour, vision="normal"):
    """CIE L*a*b* of a hex colour as a kind of vision sees it."""
    share = np.array(to_rgb(colour)) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    ratio = XYZ @ np.clip(np.array(VISION[vision]) @ linear, 0, 1) / WHITE
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("classes", [*SEQUENTIAL.values(), ERROR], ids=[*SEQUENTIAL, "error"])
def test_classes_are_told_apart(classes, vision):
    seen = [as_lab(colour, vision) for colour in classes.colours]
    # 10: clearly seen side by side; the just noticeable difference is about 2.3
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 10


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_lightness_falls_with_the_value(name):
    lightness = [as_lab(colour)[0] for colour in SEQUENTIAL[name].colours]
    assert all(low - high > 8 for low, high in pairwise(lightness))


def test_error_is_symmetric_and_lightest_where_there_is_none():
    lightness = [as_lab(colour)[0] for colour in ERROR.colours]
    middle = ERROR.neutral
    assert middle == len(ERROR.colours) // 2
    assert lightness[middle] == max(lightness)
    assert all(a < b for a, b in pairwise(lightness[: middle + 1]))
    assert all(a > b for a, b in pairwise(lightness[middle:]))
    assert ERROR.edges == tuple(-edge for edge in reversed(ERROR.edges))


def test_the_flooded_threshold_is_the_first_class():
    assert DEPTH.edges[0] == 0.05


@pytest.mark.parametrize("classes", [DEPTH, RAIN, ERROR])
def test_class_begins_at_its_edge(classes):
    edges = np.array(classes.edges)
    at, below = classes.index(edges), classes.index(np.nextafter(edges, -np.inf))
    assert (at - below == 1).all()
    assert classes.index(np.array([np.nan]))[0] == -2


def test_depth_classes_hold_for_single_precision():
    edges = np.array(DEPTH.edges, dtype=np.float32)
    assert DEPTH.index(edges).tolist() == list(range(len(edges)))


def test_labels_match_colours():
    for classes in (*SEQUENTIAL.values(), ERROR):
        assert len(classes.labels) == len(classes.colours)
    assert DEPTH.labels[1] == "0.1–0.3"
    assert ERROR.labels[0] == "< −1"
    assert ERROR.labels[ERROR.neutral].endswith("not drawn")


def test_paint():
    image = paint(np.array([[0.0, 0.04], [0.2, 5.0]], dtype=np.float32), DEPTH)
    assert (image[0, :, 3] == 0).all(), "dry is transparent"
    assert tuple(image[1, 0]) == (*to_rgb(DEPTH.colours[1]), 255)
    assert tuple(image[1, 1]) == (*to_rgb(DEPTH.colours[-1]), 255)


def test_unknown_is_hatched_and_never_transparent():
    values = np.full((8, 8), np.nan, dtype=np.float32)
    values[0, 0] = 0.0
    image = paint(values, DEPTH)
    found = {tuple(pixel[:3]) for pixel in image[np.isnan(values)]}
    assert found == {to_rgb(colour) for colour in MISSING_COLOURS}
    assert (image[np.isnan(values), 3] == 255).all()
    assert image[0, 0, 3] == 0


def test_no_error_is_not_drawn():
    image = paint(np.array([[-0.01, 0.01, -0.2, 0.2]], dtype=np.float32), ERROR)
    assert image[0, :, 3].tolist() == [0, 0, 255, 255]


def test_hatch_runs_diagonally():
    stripes = hatch((9, 9))
    assert (stripes[1:, :-1] == stripes[:-1, 1:]).all()
    assert 0.3 < stripes.mean() < 0.7


def test_light_comes_from_the_north_west():
    rows, columns = np.indices((20, 20))
    towards = hillshade((rows + columns).astype(float) * 5, dx=50, dy=50)  # falls to the NW
    away = hillshade(-(rows + columns).astype(float) * 5, dx=50, dy=50)
    assert towards.mean() > away.mean() + 0.2


def test_hillshade_of_flat_and_unknown_ground():
    assert np.unique(hillshade(np.full((5, 5), 3.0), dx=50, dy=50)).size == 1
    ground = np.arange(25.0).reshape(5, 5)
    ground[2, 2] = np.nan
    shade = hillshade(ground, dx=50, dy=50)
    assert np.isnan(shade[2, 2])
    assert np.isfinite(shade).sum() == 24
    assert hillshade(np.ones((1, 4)), dx=1, dy=1).shape == (1, 4)


def test_hillshade_stays_light_enough_for_colours():
    rng = np.random.default_rng(0)
    shade = hillshade(rng.random((30, 30)) * 100, dx=10, dy=10)
    assert shade.min() >= 0.5
    assert shade.max() <= 1.0
