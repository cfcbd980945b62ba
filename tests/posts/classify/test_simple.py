"""Rules and TF-IDF: they learn what they should, and come back from a folder as they were."""

import json

import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError, MissingFileError, RunError
from inundate.posts.classify.base import Classifier
from inundate.posts.classify.configs import shipped_configs
from inundate.posts.classify.quality import macro_f1
from inundate.posts.classify.signs import StemSign, TermSign, hazard_of, read_terms
from inundate.posts.classify.zoo import CLASSIFIERS, make_classifier, open_classifier
from inundate.posts.text.tokenise import Tokeniser

SIMPLE = ["majority", "keyword", "lexicon", "tfidf_words", "tfidf_characters"]


def accuracy(model, posts):
    return (model.probabilities(posts.texts).argmax(1) == posts.labels).mean()


@pytest.mark.parametrize("name", SIMPLE)
@pytest.mark.parametrize("kind", ["keyword_posts", "three_kinds"])
def test_saved_models_answer_as_before(name, kind, tmp_path, made):
    make = getattr(made, kind)
    model = make_classifier(name)
    model.fit(make(200), make(80, 1))
    model.save(tmp_path / "model", notes={"remark": "made up"})
    opened = open_classifier(tmp_path / "model")
    texts = [*make(50, 2).texts, "", "🌊 #bowriver", "x" * 300]
    found = opened.probabilities(texts)
    assert np.array_equal(found, model.probabilities(texts))
    assert found.shape == (53, len(model.classes))
    assert found.dtype == np.float64
    assert np.allclose(found.sum(1), 1)
    assert opened.notes == {"remark": "made up"}
    assert opened.training["train"] == make(200).counts()
    assert isinstance(opened, Classifier)
    assert opened.probabilities([]).shape == (0, len(model.classes))


@pytest.mark.parametrize("name", ["keyword", "tfidf_words", "tfidf_characters"])
def test_keyword_is_learnt(name, made):
    model = make_classifier(name)
    report = model.fit(made.keyword_posts(400), made.keyword_posts(100, 1))
    assert report.scores["macro_f1"] == 1
    assert accuracy(model, made.keyword_posts(200, 2)) == 1


def test_pairs_of_words_see_negation_and_single_words_do_not(made):
    train, test = made.negation_posts(600), made.negation_posts(200, 1)
    with_pairs, without = (
        make_classifier("tfidf_words"),
        make_classifier("tfidf_words", pairs=False),
    )
    for model in (with_pairs, without):
        model.fit(train)
    assert accuracy(with_pairs, test) > 0.95
    assert accuracy(without, test) < 0.7


def test_letters_know_unseen_words(made):
    train = made.table(["flooded street", "music here"] * 20, [1, 0] * 20)
    words, letters = make_classifier("tfidf_words"), make_classifier("tfidf_characters")
    for model in (words, letters):
        model.fit(train)
    unseen = ["floodwaters"]
    assert letters.probabilities(unseen)[0, 1] > 0.8
    assert words.probabilities(unseen)[0, 1] < 0.6


def test_a_rule_stands_by_its_answer_even_where_it_is_mostly_wrong(made):
    train = made.table(["flood"] * 10 + ["sun"] * 10, [0] * 9 + [1] + [0] * 10)
    model = make_classifier("keyword")
    model.fit(train)
    found = model.probabilities(["#yycFlood", "sun"])
    assert found.argmax(1).tolist() == [1, 0]
    assert found[0, 1] == pytest.approx(0.5, abs=1e-5)  # and it does not claim to be sure


def test_texts_do_not_depend_on_their_neighbours(made):
    model = make_classifier("tfidf_words")
    model.fit(made.keyword_posts(200))
    texts = made.keyword_posts(40, 1).texts
    alone = np.concatenate([model.probabilities([text]) for text in texts])
    assert np.allclose(alone, model.probabilities(texts), atol=1e-12)


def test_class_that_no_post_has_stays_unlikely(made):
    posts = made.table(["a b", "c d"] * 10, [0, 2] * 10, classes=("x", "y", "z"))
    model = make_classifier("tfidf_words")
    model.fit(posts)
    assert model.probabilities(["a b"])[0, 1] < 1e-9


def test_balanced_weights_move_the_threshold(made):
    posts = made.table(["wet road"] * 100, [0] * 90 + [1] * 10)
    plain = make_classifier("tfidf_words")
    even = make_classifier("tfidf_words", class_weight="balanced")
    for model in (plain, even):
        model.fit(posts)
    assert plain.probabilities(["wet road"])[0, 1] == pytest.approx(0.1, abs=0.01)
    assert even.probabilities(["wet road"])[0, 1] == pytest.approx(0.5, abs=0.01)


def test_same_content_gives_the_same_id_and_other_content_another(tmp_path, made):
    ids = []
    for k, seed in enumerate((0, 0, 1)):
        model = make_classifier("tfidf_words")
        model.fit(made.keyword_posts(100, seed))
        model.save(tmp_path / str(k))
        ids.append(json.loads((tmp_path / str(k) / "model.json").read_text())["id"])
    assert ids[0] == ids[1] != ids[2]


def test_what_json_has_no_word_for_is_left_empty(tmp_path, made):
    model = make_classifier("keyword")
    model.fit(made.keyword_posts(40))
    model.save(tmp_path / "model", notes={"auc": float("nan"), "ends": (0.5, float("inf"))})
    assert open_classifier(tmp_path / "model").notes == {"auc": None, "ends": [0.5, None]}


def test_changed_and_cut_folders_are_refused(tmp_path, made):
    model = make_classifier("tfidf_words")
    model.fit(made.keyword_posts(100))
    model.save(tmp_path / "model")
    file = tmp_path / "model" / "model.json"
    whole = file.read_text()
    file.write_text(whole.replace('"flood"', '"flod"', 1))
    with pytest.raises(DataError, match="its content is not what its id"):
        open_classifier(tmp_path / "model")
    file.write_text(whole[:100])
    with pytest.raises(DataError, match="not whole"):
        open_classifier(tmp_path / "model")
    file.write_text(whole)
    weights = tmp_path / "model" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-3])
    with pytest.raises(DataError, match="not whole"):
        open_classifier(tmp_path / "model")
    file.unlink()
    with pytest.raises(DataError, match=r"no model\.json"):
        open_classifier(tmp_path / "model")
    with pytest.raises(MissingFileError):
        open_classifier(tmp_path / "absent")


def test_another_tokeniser_is_refused(tmp_path, monkeypatch, made):
    model = make_classifier("tfidf_words")
    model.fit(made.keyword_posts(100))
    model.save(tmp_path / "model")
    monkeypatch.setattr(Tokeniser, "version", "of tomorrow")
    with pytest.raises(DataError, match="version 'of tomorrow'"):
        open_classifier(tmp_path / "model")


def test_names_and_settings_are_checked(tmp_path):
    with pytest.raises(ConfigError, match="no classifier 'keywords'") as caught:
        make_classifier("keywords")
    assert caught.value.hint == "did you mean keyword?"
    assert "tfidf_words" in caught.value.message
    with pytest.raises(ConfigError, match="stem"):
        make_classifier("keyword", stem=("a",))
    file = tmp_path / "mine.toml"
    file.write_text('[model]\nmodel = "tfidf_words"\npairs = false\n')
    assert make_classifier(file).settings.pairs is False
    assert make_classifier(file, pairs=True).settings.pairs is True
    file.write_text("[model]\npairs = false\n")
    with pytest.raises(ConfigError, match="no key 'model'"):
        make_classifier(file)
    with pytest.raises(MissingFileError):
        make_classifier(tmp_path / "absent.toml")


def test_every_classifier_ships_a_configuration():
    assert set(CLASSIFIERS) <= set(shipped_configs())
    for name in shipped_configs():
        assert make_classifier(name).name in CLASSIFIERS


def test_unfitted_models_and_empty_tables_are_refused(tmp_path, made):
    with pytest.raises(RunError, match="not fitted"):
        make_classifier("keyword").probabilities(["a"])
    with pytest.raises(RunError, match="not fitted"):
        make_classifier("keyword").save(tmp_path / "model")
    with pytest.raises(DataError, match="0 labelled posts"):
        make_classifier("keyword").fit(made.table(["a"], [-1]))
    with pytest.raises(DataError, match="all 3 posts are of one class"):
        make_classifier("tfidf_words").fit(made.table(["a b"] * 3, [1] * 3))


def test_lexicon_of_a_file(tmp_path):
    file = tmp_path / "terms.txt"
    file.write_text("# remark\nwater\nHigh Road\nmud\n")
    assert read_terms(file) == ("water", "high road", "mud")
    sign = TermSign(read_terms(file), Tokeniser())
    texts = ["floodwaters here", "the road is high", "high up", "muddy", "mud", "#HighRoad"]
    assert sign(texts).tolist() == [1, 1, 0, 0, 1, 1]
    file.write_text("\n")
    with pytest.raises(DataError, match="no term"):
        read_terms(file)


def test_hazards_by_name():
    assert "flood" in hazard_of("2013_Alberta_Floods")
    assert hazard_of("my street") == ()
    assert StemSign(hazard_of("2011_quake_earthquake"))(["big QUAKE"]).tolist() == [1]


def test_macro_f1_by_hand():
    # class 0: 2 of 3 chosen right, class 1: 1 right, 1 chosen wrongly; class 2 is nowhere
    assert macro_f1(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]), 3) == pytest.approx(
        (4 / 5 + 2 / 3) / 2
    )


def test_order_needs_more_than_words(made):
    model = make_classifier("tfidf_words", pairs=False)
    model.fit(made.order_posts(400))
    assert accuracy(model, made.order_posts(200, 1)) < 0.65
