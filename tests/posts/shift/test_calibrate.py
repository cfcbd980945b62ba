import csv
import json

import numpy as np
import pytest
from stand_in import Bayes, made_up

from inundate.cli.app import main
from inundate.core.errors import DataError
from inundate.posts.classify.zoo import make_classifier
from inundate.posts.shift.abstaining import Abstaining
from inundate.posts.shift.calibrate import _maker, calibrate_model, cross_fitted
from inundate.posts.shift.opening import open_model, unwrap
from inundate.posts.shift.temperature import cool, fit_temperature


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """A trained model."""
    model = make_classifier("tfidf_words")
    model.fit(made_up(300, noise=0.03))
    folder = tmp_path_factory.mktemp("models") / "words"
    model.save(folder)
    return folder


def test_no_post_has_a_part_in_its_own_temperature():
    rng = np.random.default_rng(0)
    sure = rng.dirichlet([0.3, 0.3], 300)
    labels = rng.integers(0, 2, 300)
    groups = np.repeat(["a", "b", "c"], 100)
    found = cross_fitted(sure, labels, groups)
    rest = fit_temperature(sure[100:], labels[100:])
    assert np.allclose(found[:100], cool(sure[:100], rest))
    others = labels.copy()
    others[:100] = 1 - others[:100]
    assert np.allclose(cross_fitted(sure, others, groups)[:100], found[:100])


def test_model_is_calibrated_and_passes(words, tmp_path):
    from inundate.posts.shift.abstaining import AbstainSettings

    posts = made_up(600, seed=3, noise=0.03)
    told = calibrate_model(words, posts, tmp_path / "m", abstain=AbstainSettings(accuracy=0.95))
    model = open_model(tmp_path / "m")
    assert isinstance(model, Abstaining)
    assert told["accuracy"] >= 0.95
    assert told["answered"] > 0.5
    assert told["name"] == "tfidf_words+temperature+abstain"
    assert set(told["events"]) == {"aire", "bode"}
    assert told["ece_after"] < 0.1
    decided = model.decide(posts.texts)
    assert decided.answered == pytest.approx(told["answered"])


def test_across_events_trains_anew_on_all(words, tmp_path):
    posts = made_up(300, seed=4, events=("aire", "bode", "cole"), noise=0.03)
    left = []
    told = calibrate_model(words, posts, tmp_path / "m", across_events=True, on_event=left.append)
    assert left == ["aire", "bode", "cole"]
    assert told["fitted_on"] == "events left out"
    new = unwrap(open_model(tmp_path / "m"))
    old = open_model(words)
    assert new.training["train"] == posts.counts()
    assert new.settings == old.settings
    assert not np.allclose(new.probabilities(["cole10"]), old.probabilities(["cole10"]))


def test_too_few_posts_and_models_of_others_are_refused(words, tmp_path):
    with pytest.raises(DataError, match="1 labelled posts, expected at least 2"):
        calibrate_model(words, made_up(1), tmp_path / "m")
    with pytest.raises(DataError, match="training bayes anew: expected a single classifier"):
        _maker(Bayes())


@pytest.fixture
def table(tmp_path):
    posts = made_up(300, seed=5, noise=0.03)
    path = tmp_path / "posts.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label", "event"])
        rows.writerows(
            zip(
                posts.texts, (posts.classes[one] for one in posts.labels), posts.events, strict=True
            )
        )
    return path


def test_command(words, table, tmp_path, capsys):
    call = ["posts", "calibrate", str(words), "--data", str(table), "--task", "relevance"]
    assert main([*call, "-o", str(tmp_path / "a"), "--accuracy", "0.9"]) == 0
    out = capsys.readouterr().out
    assert "temperature" in out
    assert "aire" in out
    assert "answers " in out
    assert main([*call, "-o", str(tmp_path / "a")]) == 6
    assert main([*call, "-o", str(tmp_path / "b"), "--coverage", "0.9", "--by-class"]) == 0
    capsys.readouterr()
    assert main([*call, "-o", str(tmp_path / "c"), "--across-events", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["fitted_on"] == "events left out"
    assert "answered" not in told
    for words_, message in (
        (["--accuracy", "0.9", "--coverage", "0.9"], "expected one of them"),
        (["--by-class"], "--by-class: of use with --coverage alone"),
        (["--certainty", "0.8"], "--certainty: of use with --accuracy alone"),
        (["--accuracy", "0.9", "--certainty", "0.2"], "confidence = 0.2"),
        (["--accuracy", "1.5"], "accuracy = 1.5"),
    ):
        assert main([*call, "-o", str(tmp_path / "d"), *words_]) == 2
        assert message in capsys.readouterr().err
