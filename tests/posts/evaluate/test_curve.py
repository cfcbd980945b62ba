"""More labels, better scores; each choice holds the one before."""

import numpy as np
import pytest

from inundate.core.errors import ConfigError
from inundate.posts.evaluate.curve import learning_curve, some_labels
from inundate.posts.labelled.table import LabelledPosts


def test_choices_are_nested_and_keep_the_shares():
    labels = np.array([0] * 900 + [1] * 90 + [2] * 10)
    found = some_labels(labels, [20, 200, 5000], seed=1)
    assert list(found) == [20, 200, 1000]
    assert set(found[20]) < set(found[200]) < set(found[1000])
    counts = np.bincount(labels[found[200]], minlength=3)
    assert abs(counts[0] - 180) <= 3
    assert counts.min() >= 1
    with pytest.raises(ConfigError, match="2 posts for 3 classes"):
        some_labels(labels, [2])


def test_a_curve_rises_with_what_there_is_to_learn():
    class Names:
        """Knows the words that it has seen in posts of class 1."""

        def fit(self, train, valid=None, *, seed=0):
            self.known = {t for t, k in zip(train.texts, train.labels, strict=True) if k == 1}

        def probabilities(self, texts):
            said = np.array([text in self.known for text in texts], float)
            return np.stack([1 - said, said], axis=1)

    rng = np.random.default_rng(0)
    texts = tuple(f"w{k}" for k in rng.integers(0, 60, 900))
    labels = np.array([int(text[1:]) % 2 for text in texts])
    blank = ("",) * 900
    posts = LabelledPosts(texts, labels, ("even", "odd"), blank, blank, blank, blank, {})
    parts = {"train": np.arange(600), "test": np.arange(600, 900)}
    curve = learning_curve(Names, posts, parts, [10, 50, 600], seeds=(0, 1))
    assert [point.labels for point in curve] == [10, 50, 600]
    assert curve[0].mean < curve[1].mean < curve[2].mean == 1.0
    assert len(curve[0].values) == 2
