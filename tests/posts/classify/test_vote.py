"""A vote: its members are fitted once, and weighed by posts that none of them has seen."""

import numpy as np
import pytest

from inundate.posts.classify.vote import fit_votes, voted
from inundate.posts.classify.zoo import make_classifier, open_classifier

pytest.importorskip("sklearn")


def said_by(labels, right, rng):
    """Answers of a model that is right about so many posts, and 90 % sure of each."""
    is_right = rng.random(len(labels)) < right
    sure = np.where(is_right == (labels == 1), 0.9, 0.1)
    return np.stack([1 - sure, sure], axis=1)


def test_who_guesses_has_no_vote_and_who_is_too_sure_less():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 4000)
    good, guess, sure = (said_by(labels, right, rng) for right in (0.9, 0.5, 0.7))
    weights = fit_votes([good, guess, sure], labels)
    # independent models: what each should have said, as a share of what it says
    assert weights[0] == pytest.approx(1.0, abs=0.08)
    assert weights[1] == pytest.approx(0.0, abs=0.05)
    assert weights[2] == pytest.approx(np.log(7 / 3) / np.log(9), abs=0.06)
    together = (voted([good, guess, sure], weights).argmax(1) == labels).mean()
    assert together >= (good.argmax(1) == labels).mean()


def test_weights_do_not_depend_on_the_order_of_classes_or_members():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 300)
    one, two = said_by(labels, 0.9, rng), said_by(labels, 0.8, rng)
    weights = fit_votes([one, two], labels)
    assert np.allclose(fit_votes([two, one], labels), weights[::-1], atol=1e-4)
    assert np.allclose(fit_votes([one[:, ::-1], two[:, ::-1]], 1 - labels), weights, atol=1e-4)


def test_few_posts_leave_the_weights_nearly_equal():
    labels = np.array([1])
    opposite = [np.array([[0.1, 0.9]]), np.array([[0.6, 0.4]])]
    weights = fit_votes(opposite, labels)
    assert np.abs(weights - 0.5).max() < 0.15
    assert weights[0] > weights[1]


def test_a_vote_is_kept_with_its_members(made, tmp_path):
    model = make_classifier("vote", members=("tfidf_words", "tfidf_characters", "keyword"))
    report = model.fit(made.keyword_posts(200), made.keyword_posts(80, 1))
    assert report.scores["macro_f1"] > 0.95
    assert len(report.details["weights"]) == 3
    texts = [*made.keyword_posts(20, 2).texts, ""]
    model.save(tmp_path / "vote")
    opened = open_classifier(tmp_path / "vote")
    assert np.array_equal(opened.probabilities(texts), model.probabilities(texts))
    assert np.allclose(model.probabilities(texts).sum(1), 1)


def test_without_validation_posts_all_votes_are_equal(made):
    model = make_classifier("vote", members=("tfidf_words", "keyword"))
    train = made.keyword_posts(100)
    assert model.fit(train).details["weights"] == [0.5, 0.5]
    members = [make_classifier(name) for name in ("tfidf_words", "keyword")]
    for one in members:
        one.fit(train)
    alone = [one.probabilities(train.texts) for one in members]
    assert np.allclose(model.probabilities(train.texts), voted(alone, np.array([0.5, 0.5])))


def test_a_member_that_is_named_again_starts_elsewhere(made, tmp_path):
    small = tmp_path / "small.toml"
    small.write_text('[model]\nmodel = "fasttext"\nbuckets = 1000\nwidth = 4\nepochs = 2\n')
    train, valid = made.keyword_posts(60), made.keyword_posts(30, 1)
    model = make_classifier("vote", members=(str(small), str(small)))
    model.fit(train, valid, seed=3)
    first, second = model._members.values()
    said = [one.probabilities(valid.texts) for one in (first, second)]
    assert not np.array_equal(*said)
    for seed, one in ((3, said[0]), (4, said[1])):
        alone = make_classifier(small)
        alone.fit(train, valid, seed=seed)
        np.testing.assert_array_equal(alone.probabilities(valid.texts), one)
