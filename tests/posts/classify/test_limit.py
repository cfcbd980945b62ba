"""Posts without the word for a hazard, answered for the best F1 among them."""

import numpy as np
import pytest

from inundate.core.errors import ConfigError
from inundate.posts.classify.limit import expected_best_f1
from inundate.posts.classify.zoo import make_classifier, open_classifier

pytest.importorskip("sklearn")
SIGNED = {"members": ("tfidf_words",), "signs": True, "folds": 3}


def test_the_limit_is_half_the_best_f1():
    rng = np.random.default_rng(0)
    shares = rng.beta(0.3, 3.0, 20_000)
    labels = rng.random(20_000) < shares

    def f1(limit):
        said = shares >= limit
        return 2 * (said & labels).sum() / (said.sum() + labels.sum())

    limit = expected_best_f1(shares)
    best = max(f1(one) for one in np.linspace(0.02, 0.9, 200))
    assert f1(limit) == pytest.approx(best, abs=0.01)
    assert limit == pytest.approx(best / 2, abs=0.02)  # as the theory has it
    assert f1(limit) > f1(0.5) + 0.1


def rare_without_the_word(made, seed):
    """Make posts of which, without the word, one in twelve is of the flood; some words hint so."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for number in range(900):
        if number % 2:
            texts.append(f"flood in {rng.choice(made.PLACES)} {number}")
            labels.append(1)
            continue
        is_wet = rng.random() < 1 / 12
        hint = "pumps" if rng.random() < (0.6 if is_wet else 0.08) else rng.choice(made.DRY)
        texts.append(f"{hint} at {rng.choice(made.PLACES)} {number}")
        labels.append(int(is_wet))
    return made.table(texts, labels)


def test_posts_without_a_stem_are_found_more_often(made, tmp_path):
    train, test = rare_without_the_word(made, 0), rare_without_the_word(made, 1)
    plain = make_classifier("stack", **SIGNED)
    moved = make_classifier("stack", unsigned_answer="best_f1", **SIGNED)
    plain.fit(train)
    limit = moved.fit(train).details["limit"]
    assert limit < -0.2
    named = np.array(["flood" in text for text in test.texts])
    first, second = plain.probabilities(test.texts), moved.probabilities(test.texts)
    assert np.array_equal(first[named], second[named])

    def found(shares):
        return (shares.argmax(1) == 1) & ~named & (test.labels == 1)

    assert found(second).sum() > found(first).sum() + 5
    moved.save(tmp_path / "moved")
    assert np.array_equal(open_classifier(tmp_path / "moved").probabilities(test.texts), second)


def test_the_limit_needs_signs(made):
    model = make_classifier("stack", members=("tfidf_words",), unsigned_answer="best_f1")
    with pytest.raises(ConfigError, match="expected signs = true"):
        model.fit(made.keyword_posts(60))
