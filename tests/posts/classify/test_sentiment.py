"""Sentiment by a list: signs follow negation, boosters, capitals and marks."""

import numpy as np
import pytest

from inundate.posts.classify.sentiment import compound
from inundate.posts.classify.zoo import make_classifier, open_classifier
from inundate.posts.text.tokenise import Tokeniser

TOKENISER = Tokeniser()


def score(text):
    return compound(text, TOKENISER(text))


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        ("good news", "very good news"),
        ("slightly good news", "good news"),
        ("good news", "GOOD news"),
        ("good news", "good news!!"),
        ("good news", "great news"),
        ("not good", "good"),
        ("terrible", "bad"),
        ("I can't call it good", "I can call it good"),
        ("so sad 😢", "so sad"),
        ("house", "house 😊"),
    ],
)
def test_order_of_strength(weaker, stronger):
    assert score(weaker) < score(stronger)


def test_bounds_and_nothing():
    assert score("") == score("a house by the river") == 0
    assert -1 < score("terrible " * 50) < -0.9
    assert score("not bad") > 0


def test_rule_stands_by_its_answer_in_its_own_classes(made):
    classes = ("positive", "negative", "neutral")
    train = made.table(["good", "bad", "house"] * 5 + ["good"] * 20, [0, 1, 2] * 5 + [2] * 20,
                       classes=classes)  # fmt: skip
    model = make_classifier("sentiment")
    model.fit(train)
    found = model.probabilities(["wonderful", "awful", "street"])
    assert found.argmax(1).tolist() == [0, 1, 2]
    assert found[0, 0] == pytest.approx(0.5, abs=1e-5)
    assert np.allclose(found.sum(1), 1)


def test_other_classes_get_their_shares(made, tmp_path):
    train = made.table(["good"] * 8 + ["bad"] * 8, [0] * 6 + [1] * 2 + [1] * 8)
    model = make_classifier("sentiment")
    model.fit(train)
    found = model.probabilities(["nice", "awful", "street"])
    assert found[:, 1].tolist() == pytest.approx([0.3, 0.9, 0.5])
    model.save(tmp_path / "model")
    assert np.array_equal(open_classifier(tmp_path / "model").probabilities(["nice"]), found[:1])
