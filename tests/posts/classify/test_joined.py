"""Models that learn vectors of their own or from other models: fastText-like, means, stacks."""

import numpy as np
import pytest

from inundate.core.errors import DataError
from inundate.core.run import Run
from inundate.posts.classify.folds import event_folds, make_folds, out_of_fold
from inundate.posts.classify.stack import log_shares
from inundate.posts.classify.zoo import make_classifier, open_classifier

QUICK = {"width": 8, "buckets": 500, "epochs": 6, "batch_size": 20, "threads": 1,
         "learning_rate": 0.05, "warmup_steps": 5}  # fmt: skip


def accuracy(model, posts):
    return (model.probabilities(posts.texts).argmax(1) == posts.labels).mean()


def check_saved(model, texts, tmp_path):
    model.save(tmp_path / "model")
    opened = open_classifier(tmp_path / "model")
    assert np.array_equal(opened.probabilities(texts), model.probabilities(texts))
    return opened


def test_fasttext_learns_words_and_their_pieces(made, tmp_path):
    model = make_classifier("fasttext", **QUICK)
    report = model.fit(made.keyword_posts(240), made.keyword_posts(60, 1))
    assert report.scores["macro_f1"] > 0.95
    assert model.probabilities(["floodwaters"])[0, 1] > 0.6  # a word that it never saw
    texts = [*made.keyword_posts(20, 2).texts, "", "🌊"]
    check_saved(model, texts, tmp_path)
    alone = np.concatenate([model.probabilities([text]) for text in texts])
    assert np.allclose(alone, model.probabilities(texts), atol=1e-6)


def test_fasttext_without_pairs_is_blind_to_negation(made):
    train, test = made.negation_posts(240), made.negation_posts(150, 1)
    with_pairs = make_classifier("fasttext", **{**QUICK, "epochs": 20})
    without = make_classifier("fasttext", pairs=False, **{**QUICK, "epochs": 20})
    for model in (with_pairs, without):
        model.fit(train)
    assert accuracy(with_pairs, test) > 0.9
    assert accuracy(without, test) < 0.7


@pytest.fixture
def vectors(tmp_path, monkeypatch):
    monkeypatch.setenv("INUNDATE_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "vectors.txt"
    file.write_text("flood 1 0 0\nflooded 0.9 0 0\nmusic 0 1 0\ninundation 0.8 0.1 0\nthe 0 0 1\n")
    return file


def test_means_know_words_of_the_embedding_that_training_had_not(vectors, made, tmp_path):
    model = make_classifier("vector_mean", embedding=str(vectors))
    model.fit(made.table(["the flood", "the music", "flooded", "music"] * 10, [1, 0, 1, 0] * 10))
    assert model.probabilities(["the inundation", "nothing known"])[0].argmax() == 1
    found = model.probabilities(["flood flood the", "", "nothing known"])
    assert np.allclose(found[1], found[2])  # no word that is known: the zero vector
    check_saved(model, ["the flood", "", "music"], tmp_path)
    vectors.write_text("flood 1 0 0\nmusic 0 1 0\n")
    with pytest.raises(DataError, match="trained with the vectors"):
        open_classifier(tmp_path / "model")


def test_mean_and_extremes_by_hand(vectors, made):
    model = make_classifier("vector_mean", embedding=str(vectors))
    model.fit(made.table(["flood", "music"] * 4, [1, 0] * 4))
    found = model._features(["flood unknown the", "", "music"])
    assert np.allclose(found[0], [0.5, 0, 0.5, 1, 0, 1, 0, 0, 0])
    assert np.allclose(found[1], 0)
    assert np.allclose(found[2], [0, 1, 0] * 3)
    plain = make_classifier("vector_mean", embedding=str(vectors), extremes=False)
    plain.fit(made.table(["flood", "music"] * 4, [1, 0] * 4))
    assert np.allclose(plain._features(["flood the"]), [[0.5, 0, 0.5]])


def test_stack_is_as_good_as_its_best_member_and_comes_back(made, tmp_path):
    model = make_classifier("stack", members=("keyword", "tfidf_words"), folds=3)
    train, test = made.negation_posts(300), made.negation_posts(150, 1)
    report = model.fit(train, made.negation_posts(60, 2))
    assert report.details["folds"] == 3
    assert list(report.details["members"]) == ["0-keyword", "1-tfidf_words"]
    assert accuracy(model, test) > 0.95  # the keyword alone is right half the time
    opened = check_saved(model, test.texts, tmp_path)
    assert sorted(path.name for path in (tmp_path / "model" / "parts").iterdir()) == [
        "0-keyword",
        "1-tfidf_words",
    ]
    assert opened.classes == ("other", "flood")


def test_stack_of_three_classes(made):
    model = make_classifier("stack", members=("majority", "tfidf_words"), folds=2)
    model.fit(made.three_kinds(120))
    assert accuracy(model, made.three_kinds(60, 1)) > 0.95


def test_a_stopped_stack_trains_no_network_twice(made, tmp_path, monkeypatch):
    import inundate.posts.classify.fitting as fitting

    file = tmp_path / "quick.toml"
    lines = [f"{name} = {value}" for name, value in {**QUICK, "epochs": 1}.items()]
    file.write_text("\n".join(["[model]", 'model = "fasttext"', *lines]))
    steps = []
    true_call = fitting.Loss.__call__
    stop_at = [6]

    def counted(self, model, batch):
        steps.append(1)
        if len(steps) == stop_at[0]:
            raise KeyboardInterrupt
        return true_call(self, model, batch)

    monkeypatch.setattr(fitting.Loss, "__call__", counted)
    posts = made.keyword_posts(80)  # two folds of two steps, and four steps for all
    run = Run.create(tmp_path / "run", kind="posts train", config={})

    def stack():
        return make_classifier("stack", members=(str(file), "keyword"), folds=2)

    with pytest.raises(KeyboardInterrupt):
        stack().fit(posts, run=run)
    before = len(steps)
    stop_at[0] = -1
    resumed = stack()
    resumed.fit(posts, run=Run(tmp_path / "run"))
    assert len(steps) - before < 8
    whole = stack()
    whole.fit(posts)
    assert np.array_equal(resumed.probabilities(posts.texts), whole.probabilities(posts.texts))


def test_folds_keep_copies_and_events_together(made):
    texts = ["the old bridge is under water now"] * 4 + [f"word{k} other{k}" for k in range(20)]
    posts = made.table(texts, [0, 1] * 12, events=[f"e{k % 3}" for k in range(24)])
    folds = make_folds(posts, 4, 0)
    assert len(set(folds[:4])) == 1
    assert set(folds) == {0, 1, 2, 3}
    by_event = event_folds(posts, 5)
    assert len(set(by_event)) == 3
    assert all(len(set(by_event[k::3])) == 1 for k in range(3))
    assert event_folds(made.table(["a", "b"], [0, 1]), 2) is None
    with pytest.raises(DataError, match="only 2 different posts"):
        make_folds(made.table(["a b c", "d e f"], [0, 1]), 3, 0)


def test_out_of_fold_answers_come_from_models_that_had_not_the_post(made):
    posts = made.table([f"name{k}" for k in range(20)], [0, 1] * 10)

    def fit(part, fold):
        model = make_classifier("tfidf_words", at_least=1)
        model.fit(part)
        return model

    found = out_of_fold(posts, np.arange(20) // 2 % 5, fit)
    inside = fit(posts, 0).probabilities(posts.texts)
    assert (inside.argmax(1) == posts.labels).all()  # each name was learnt by heart
    assert np.allclose(found, found[0], atol=0.2)  # and says nothing to the others


def test_log_shares():
    assert np.allclose(log_shares(np.array([[0.25, 0.75]])), np.log(3))
    assert np.allclose(log_shares(np.full((2, 4), 0.25)), 0)
    assert np.isfinite(log_shares(np.array([[0.0, 1.0]]))).all()


def hazard_posts(made, hazards, count, seed=0, in_vain=0.0):
    """Posts about an event mostly have its hazard's word, others words of that event's own."""
    rng = np.random.default_rng(seed)
    texts, labels, events = [], [], []
    for event, (word, place, *dry) in hazards.items():
        for label in rng.integers(0, 2, count):
            about = [word if rng.random() < 0.9 else "rescue"] if label else rng.choice(dry, 1)
            if not label and rng.random() < in_vain:
                about = [*about, word]
            texts.append(" ".join([*rng.choice(made.FILLER, 5), place, *about]))
            labels.append(label)
            events.append(event)
    return made.table(texts, labels, events=events)


SEEN = {
    "2001_north_tornado": ("tornado", "northville", "party", "tea"),
    "2002_south_earthquake": ("earthquake", "southtown", "music", "lunch"),
    "2003_west_explosion": ("explosion", "westham", "film", "concert"),
}


def test_signs_carry_over_to_a_flood_that_no_model_has_seen(made, tmp_path):
    train = hazard_posts(made, SEEN, 80)
    test = hazard_posts(
        made, {"2004_east_flood": ("flood", "eastby", "coffee", "football")}, 100, 1
    )
    plain = make_classifier("stack", members=("tfidf_words",), by="event", folds=3)
    blend = make_classifier("stack", members=("tfidf_words",), by="event", folds=3, signs=True)
    for model in (plain, blend):
        assert model.fit(train).details["folds"] == 3
    assert accuracy(blend, test) > 0.95
    assert accuracy(plain, test) < accuracy(blend, test) - 0.1
    check_saved(blend, test.texts, tmp_path)
    # and the sign is no rule: what the member says of "rescue" still counts
    found = blend.probabilities(["rescue at the bridge", "party at the bridge"])[:, 1]
    assert found[0] > found[1] + 0.1


def test_posts_without_a_stem_may_be_taken_as_members_say(made, tmp_path):
    train = hazard_posts(made, SEEN, 60, in_vain=0.2)
    settings = {"members": ("tfidf_words",), "by": "event", "folds": 3, "signs": True}
    model = make_classifier("stack", unsigned="as_said", **settings)
    model.fit(train)
    texts = ["rescue at the bridge", "party at the bridge", ""]
    member = next(iter(model.state().parts.values()))
    assert np.allclose(model.probabilities(texts), member.probabilities(texts))
    flooded = [f"{text} flood" for text in texts]
    assert (model.probabilities(flooded)[:, 1] > member.probabilities(flooded)[:, 1]).all()
    check_saved(model, [*texts, *flooded], tmp_path)


def test_stems_of_another_hazard_can_be_asked_for(made):
    train = hazard_posts(made, SEEN, 60)
    settings = {"members": ("tfidf_words",), "by": "event", "folds": 3, "signs": True}
    lava = make_classifier("stack", stems=("lava",), **settings)
    flood = make_classifier("stack", **settings)
    for model in (lava, flood):
        model.fit(train)
    new = ["the lava came near"]
    assert lava.probabilities(new)[0, 1] > flood.probabilities(new)[0, 1] + 0.2
