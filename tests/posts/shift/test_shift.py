import json

import numpy as np
import pytest
from stand_in import Bayes, made_up, open_bayes

from inundate.core.errors import ConfigError, DataError
from inundate.posts.classify.zoo import make_classifier
from inundate.posts.shift.abstaining import Abstaining, AbstainSettings
from inundate.posts.shift.adapted import Adapted, AdaptSettings, choose_sure
from inundate.posts.shift.calibrated import Calibrated, fit_across_events
from inundate.posts.shift.cascade import Cascade
from inundate.posts.shift.conformal import (
    conformal_thresholds,
    prediction_sets,
    select_confident,
)
from inundate.posts.shift.events import predict_left_out
from inundate.posts.shift.opening import model_id, open_model, unwrap
from inundate.posts.shift.prior import PriorCorrected, correct_prior, estimate_prior
from inundate.posts.shift.temperature import calibration_error, cool, fit_temperature


def too_sure(number=4000, classes=3, temperature=2.5, seed=0):
    """Probabilities that are right, and the same made too sure."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(number, classes)) * 1.5
    true = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = (rng.random((number, 1)) > true.cumsum(axis=1)).sum(axis=1)
    return true, cool(true, 1 / temperature), labels


def test_temperature_is_found_again():
    _, sure, labels = too_sure()
    found = fit_temperature(sure, labels)
    assert found == pytest.approx(2.5, rel=0.08)
    assert calibration_error(sure, labels) > 0.15
    assert calibration_error(cool(sure, found), labels) < 0.03
    assert (cool(sure, found).argmax(axis=1) == sure.argmax(axis=1)).all()


def test_temperature_leaves_out_what_nobody_judged():
    _, sure, labels = too_sure(600)
    more = np.concatenate([labels, np.full(300, -1)])
    wider = np.concatenate([sure, np.full((300, 3), 1 / 3)])
    weights = np.concatenate([np.ones(600), np.full(300, 1e6)])
    assert fit_temperature(wider, more, weights=weights) == pytest.approx(
        fit_temperature(sure, labels)
    )
    with pytest.raises(DataError, match="fitting a temperature: none of 3 posts has a label"):
        fit_temperature(sure[:3], np.full(3, -1))
    with pytest.raises(DataError, match="do not add up to 1"):
        fit_temperature(sure * 0.5, labels)
    with pytest.raises(DataError, match=r"shape \(600, 3\) for 2 labels, expected \(2, classes\)"):
        fit_temperature(sure, labels[:2])


def test_certain_and_wrong_is_no_infinite_loss():
    sure = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert fit_temperature(sure, np.array([1, 0, 1])) > 5


def test_prior_is_corrected_and_found_by_em():
    rng = np.random.default_rng(3)
    labels = (rng.random(6000) < 0.2).astype(int)
    seen = rng.normal(labels * 2.0)
    odds = np.exp(2.0 * seen - 2.0)  # exact posterior where both classes are as common
    even = np.stack([1 / (1 + odds), odds / (1 + odds)], axis=1)
    half = np.array([0.5, 0.5])
    found = estimate_prior(even, half)
    assert found[1] == pytest.approx(0.2, abs=0.03)
    right = correct_prior(even, half, np.array([0.8, 0.2]))
    assert right[:, 1].mean() == pytest.approx(labels.mean(), abs=0.01)
    assert even[:, 1].mean() > labels.mean() + 0.05


def test_prior_is_off_until_it_is_told_and_em_warns(tmp_path):
    posts = made_up()
    model = PriorCorrected(Bayes())
    model.fit(posts)
    plain = model.inner.probabilities(posts.texts)
    assert np.array_equal(model.probabilities(posts.texts), plain)
    with pytest.warns(UserWarning, match="estimated by EM: on CrisisLex this made results"):
        shares = model.adapt(posts.texts)
    assert sum(shares.values()) == pytest.approx(1)
    model.save(tmp_path / "m")
    again = open_model(tmp_path / "m", open_inner=open_bayes)
    assert again.by_em
    assert np.allclose(again.probabilities(posts.texts), model.probabilities(posts.texts))


@pytest.mark.parametrize("shares", [{"a": 0.4, "b": 0.4}, {"a": 1.0, "b": 0.0}])
def test_wrong_shares_are_refused(shares):
    with pytest.raises(ConfigError, match="expected positive ones that add up to 1"):
        PriorCorrected(Bayes(), shares)


def test_shares_of_other_classes_are_refused():
    model = PriorCorrected(Bayes(), {"wet": 0.5, "dry": 0.5}, trained=(0.5, 0.5))
    with pytest.raises(ConfigError, match="shares of dry, wet, expected those of off-topic"):
        model.probabilities(["water"])
    with pytest.raises(ConfigError, match="the shares of the classes in training are not known"):
        PriorCorrected(Bayes(), {"off-topic": 0.5, "on-topic": 0.5}).probabilities(["water"])


@pytest.mark.parametrize("by_class", [False, True])
def test_sets_hold_the_true_class_as_often_as_promised(by_class):
    held, classes = [], []
    for seed in range(20):
        _, sure, labels = too_sure(1200, seed=seed)
        labels = np.where(labels == 2, 1, labels)  # two classes of other shares
        sure = np.stack([sure[:, 0], sure[:, 1] + sure[:, 2]], axis=1)
        thresholds = conformal_thresholds(sure[:600], labels[:600], coverage=0.9, by_class=by_class)
        inside = prediction_sets(sure[600:], thresholds)[np.arange(600), labels[600:]]
        held.append(inside.mean())
        classes.append([inside[labels[600:] == one].mean() for one in (0, 1)])
    assert np.mean(held) == pytest.approx(0.9, abs=0.015)
    if by_class:
        assert np.allclose(np.mean(classes, axis=0), 0.9, atol=0.02)


def test_sets_of_too_few_posts_hold_every_class():
    sure = np.array([[0.9, 0.1]] * 5)
    assert conformal_thresholds(sure, np.zeros(5, int), coverage=0.9).tolist() == [0, 0]


def test_threshold_gives_the_accuracy_elsewhere():
    worst, answered = [], []
    for seed in range(12):
        true, _, labels = too_sure(2400, classes=2, seed=seed)
        found = select_confident(true[:1200], labels[:1200], accuracy=0.85)
        above = true[1200:].max(axis=1) >= found.threshold
        right = true[1200:].argmax(axis=1) == labels[1200:]
        worst.append(right[above].mean() >= 0.85)
        answered.append(above.mean())
    assert np.mean(worst) >= 0.8
    assert np.mean(answered) > 0.25


def test_threshold_that_cannot_be_is_told():
    rng = np.random.default_rng(0)
    flat = np.full((400, 2), 0.5)
    with pytest.raises(DataError, match="no confidence above which 98.0% of the answers"):
        select_confident(flat, rng.integers(0, 2, 400), accuracy=0.98)


def test_abstaining_passes_where_it_is_not_sure(tmp_path):
    train, valid = made_up(400, noise=0.02), made_up(400, seed=1, noise=0.02)
    model = Abstaining(Bayes(), AbstainSettings(accuracy=0.9))
    with pytest.raises(ConfigError, match="it has no thresholds yet"):
        model.decide(["water"])
    with pytest.raises(ConfigError, match=r"fitting bayes\+abstain: no validation posts"):
        model.fit(train)
    model.fit(train, valid)
    decided = model.decide([*valid.texts, "water lunch", "unheard of"])
    assert decided.labels[-1] == -1
    known = decided.labels[:400]
    assert decided.answered > 0.5
    assert (known == valid.labels)[known >= 0].mean() >= 0.9
    model.save(tmp_path / "m")
    again = open_model(tmp_path / "m", open_inner=open_bayes)
    assert (again.decide(valid.texts).labels == known).all()


def test_rule_of_sets_answers_only_single_ones():
    model = Abstaining(Bayes(), AbstainSettings(rule="sets", coverage=0.9), thresholds=(0.3, 0.3))
    decided = model.decisions(np.array([[0.6, 0.4], [0.8, 0.2]]))
    assert decided.labels.tolist() == [-1, 0]
    assert decided.sets.tolist() == [[True, True], [True, False]]
    assert decided.answered == 0.5
    with pytest.raises(ConfigError, match="weights, expected posts that count the same"):
        model.calibrate(np.array([[0.6, 0.4]]), np.array([0]), weights=np.ones(1))


def test_left_out_event_is_never_trained_on():
    posts = made_up(120, events=("aire", "bode", "cole"))
    trained = []

    class Spy(Bayes):
        def fit(self, train, valid=None, **told):
            trained.append((set(train.events), set(valid.events)))
            return super().fit(train, valid, **told)

    left_out = predict_left_out(Spy, posts, posts)
    events = {"aire", "bode", "cole"}
    assert trained == [(events - {name}, events - {name}) for name in sorted(events)]
    assert sorted(left_out.index.tolist()) == list(range(120))
    assert left_out.events == tuple(posts.events[row] for row in left_out.index)
    assert (left_out.labels == posts.labels[left_out.index]).all()


def test_events_count_the_same():
    posts = made_up(90, events=("aire", "bode", "bode"))
    weights = predict_left_out(Bayes, posts).weights
    assert weights.sum() == pytest.approx(90)
    assert sorted(set(np.round(weights, 6))) == [0.75, 1.5]


def test_one_event_cannot_be_left_out():
    with pytest.raises(DataError, match="posts of 1 event .aire., expected at least 2"):
        predict_left_out(Bayes, made_up(20, events=("aire",)))


def test_temperature_across_events_helps_on_a_new_one(tmp_path):
    train = made_up(600, events=("aire", "bode", "cole", "dane"), noise=0.25)
    new = made_up(600, events=("elbe",), noise=0.25, seed=5)
    within = Calibrated(Bayes())
    within.fit(train, made_up(300, events=("aire", "bode"), noise=0.25, seed=9))
    across, left_out = fit_across_events(Bayes, train)
    assert across.fitted_on == "events left out"
    assert len(left_out.events) == 600
    assert across.temperature != within.temperature
    before = calibration_error(across.inner.probabilities(new.texts), new.labels)
    after = calibration_error(across.probabilities(new.texts), new.labels)
    assert after < min(before, 0.08)
    across.save(tmp_path / "m")
    again = open_model(tmp_path / "m", open_inner=open_bayes)
    assert (again.temperature, again.fitted_on) == (across.temperature, "events left out")


def test_sure_answers_are_the_surest_of_each_class():
    sure = np.array([[0.99, 0.01], [0.95, 0.05], [0.91, 0.09], [0.05, 0.95], [0.4, 0.6]])
    index, labels = choose_sure(sure, AdaptSettings(floor=0.9, share=0.5))
    assert index.tolist() == [0, 1, 3]
    assert labels.tolist() == [0, 0, 1]


def test_model_learns_the_words_of_the_new_event(tmp_path):
    train = made_up(300, events=("aire", "bode"), noise=0.05)
    new = made_up(400, events=("elbe",), noise=0.05, seed=2)
    only_new = ["elbe10 elbe11", "elbe00 elbe01"]
    model = Adapted(Bayes, AdaptSettings(floor=0.8, rounds=2))
    model.fit(train)
    before = model.probabilities(only_new)
    assert np.allclose(before[0], before[1])
    history = model.adapt(new.texts)
    assert len(history) == 2
    assert min(history[0].values()) > 20
    after = model.probabilities(only_new)
    assert after[0, 1] > 0.9 > 0.1 > after[1, 1]
    model.save(tmp_path / "m")
    again = open_model(tmp_path / "m", open_inner=open_bayes)
    assert np.allclose(again.probabilities(only_new), after)
    assert again.history == history
    with pytest.raises(ConfigError, match="its training posts are not at hand"):
        again.adapt(new.texts)


def test_nothing_believed_trains_nothing():
    model = Adapted(Bayes, AdaptSettings(floor=0.999999, rounds=3))
    model.fit(made_up(60))
    inner = model.inner
    assert model.adapt(["unheard of"]) == [{"off-topic": 0, "on-topic": 0}]
    assert model.inner is inner


def test_wrappers_nest_and_open_again(tmp_path):
    train, valid = made_up(300), made_up(300, seed=1)
    model = Abstaining(Calibrated(Bayes()), AbstainSettings(rule="sets", coverage=0.8))
    model.fit(train, valid)
    assert model.name == "bayes+temperature+abstain"
    assert model.inner.fitted_on == "validation"
    model.save(tmp_path / "m")
    again = open_model(tmp_path / "m", open_inner=open_bayes)
    assert isinstance(unwrap(again), Bayes)
    assert np.allclose(again.probabilities(valid.texts), model.probabilities(valid.texts))
    told = json.loads((tmp_path / "m" / "shift.json").read_text())
    (tmp_path / "m" / "shift.json").write_text(json.dumps({**told, "version": 9}))
    with pytest.raises(DataError, match="model of kind 'abstain', version 9; expected one of"):
        open_model(tmp_path / "m", open_inner=open_bayes)
    (tmp_path / "m" / "shift.json").write_text("{}")
    with pytest.raises(DataError, match="its shift.json is not what saving a model writes"):
        open_model(tmp_path / "m", open_inner=open_bayes)


def test_cascade_asks_the_next_only_about_what_is_unsure(tmp_path):
    train = made_up(300, noise=0.02)
    quick, slow = Bayes(), Bayes()
    quick.fit(train)
    slow.fit(train)
    model = Cascade([quick, slow], [0.9])
    texts = ["water rising aire10", "unheard of", "music lunch aire01", ""]
    quick.calls, slow.calls = [], []
    slow.prior = [-5.0, 0.0]  # so that its answers are told apart
    found = model.probabilities(texts)
    assert (quick.calls, slow.calls) == ([4], [2])
    assert model.asked.tolist() == [4, 2]
    assert np.allclose(found[[0, 2]], quick.probabilities(texts)[[0, 2]])
    assert np.allclose(found[[1, 3]], slow.probabilities(texts)[[1, 3]])
    model.save(tmp_path / "m")
    again = open_model(tmp_path / "m", open_inner=open_bayes)
    assert again.sure == (0.9,)
    assert np.allclose(again.probabilities(texts), found)
    assert Cascade([Bayes(), Bayes()], [1.0]).probabilities([]).shape == (0, 2)


def test_cascade_fits_all_and_refuses_what_does_not_fit():
    model = Cascade([Bayes(), Bayes(), Bayes()], [0.99, 0.9])
    assert model.name == "bayes>bayes>bayes"
    assert model.fit(made_up(60)) == {"posts": 60}
    assert all(inner.words for inner in model.models)
    with pytest.raises(ConfigError, match="1 models and 0 thresholds"):
        Cascade([Bayes()], [])
    with pytest.raises(ConfigError, match="threshold 1.5, expected from 0 to 1"):
        Cascade([Bayes(), Bayes()], [1.5])
    with pytest.raises(ConfigError, match="bayes has dry, wet; expected the same"):
        Cascade([Bayes(), Bayes(("dry", "wet"))], [0.9])
    with pytest.raises(ConfigError, match="a run, expected none"):
        model.fit(made_up(20), run=object())


def test_id_tells_what_decides_the_answers(tmp_path):
    rule = make_classifier("keyword")
    rule.fit(made_up(40))
    one, other = Calibrated(rule, 1.5), Calibrated(rule, 1.6)
    one.save(tmp_path / "one", notes={"a": 1})
    Calibrated(rule, 1.5).save(tmp_path / "same")
    other.save(tmp_path / "other")
    Cascade([rule, one], [0.9]).save(tmp_path / "cascade")
    rule.save(tmp_path / "bare")
    ids = {name: model_id(tmp_path / name) for name in ("one", "same", "other", "cascade", "bare")}
    assert ids["one"] == ids["same"]
    assert len(set(ids.values())) == 4
    texts = ["a flood", "lunch"]
    assert np.allclose(open_model(tmp_path / "one").probabilities(texts), one.probabilities(texts))
