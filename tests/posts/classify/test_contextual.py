"""Classifiers on contextual vectors: tiny random encoders, made-up posts."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

from inundate.core.errors import DataError
from inundate.core.run import Run
from inundate.posts.classify import fitting
from inundate.posts.classify.bert import BertFinetunedSettings
from inundate.posts.classify.zoo import make_classifier, open_classifier
from inundate.posts.embed.bert import BertEmbedding
from inundate.posts.embed.elmo_files import write_elmo
from inundate.posts.embed.elmo_network import BiLm
from inundate.posts.embed.elmo_options import ElmoOptions
from inundate.posts.embed.sentence import shared_sentences

TEXTS = ["flood in the street", "", "music", "🌊 at the mill", "lunch today " * 30]
FAST = {"epochs": 5, "batch_size": 16}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    file = Path(__file__).parents[1] / "embed" / "tiny_bert.py"
    spec = importlib.util.spec_from_file_location("tiny_bert", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = tmp_path_factory.mktemp("encoder") / "tiny"
    return module, module.make_bert(folder)


@pytest.fixture(scope="module")
def elmo(tmp_path_factory):
    torch.manual_seed(0)
    options = ElmoOptions.build(
        character_width=4,
        filters=((1, 8), (2, 8), (3, 8)),
        highways=1,
        projection=8,
        cells=8,
        layers=2,
        longest_word=12,
    )
    return write_elmo(tmp_path_factory.mktemp("elmo") / "tiny", BiLm(options))


def make(name, encoder, elmo, **more):
    if name == "elmo_bilstm":
        own = {**FAST, "epochs": 8, "learning_rate": 3e-2, "warmup_steps": 5, "width": 8}
        return make_classifier(name, elmo=str(elmo), dropout=0.0, **{**own, **more})
    shared = {"encoder": str(encoder[1]), "longest": 32}
    if name == "bert_finetuned":
        shared |= {**FAST, "learning_rate": 5e-3}
    return make_classifier(name, **{**shared, **more})


def accuracy(model, posts):
    return (model.probabilities(posts.texts).argmax(1) == posts.labels).mean()


@pytest.mark.parametrize(
    ("name", "more", "least"),
    [
        ("bert_frozen", {"inverse_penalty": 100.0}, 0.75),  # 16 numbers that nobody trained
        ("bert_finetuned", {}, 0.85),
        ("elmo_bilstm", {}, 0.85),
    ],
)
def test_learnt_saved_and_opened(name, more, least, encoder, elmo, made, tmp_path):
    model = make(name, encoder, elmo, **more)
    report = model.fit(made.keyword_posts(200), made.keyword_posts(40, 1), seed=1)
    assert accuracy(model, made.keyword_posts(80, 2)) > least
    assert report.scores["accuracy"] > least
    found = model.probabilities(TEXTS)
    assert found.shape == (5, 2)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    alone = np.concatenate([model.probabilities([text]) for text in TEXTS])
    np.testing.assert_allclose(found, alone, atol=1e-5)  # padding takes no part
    model.save(tmp_path / "model")
    opened = open_classifier(tmp_path / "model")
    np.testing.assert_array_equal(opened.probabilities(TEXTS), found)
    assert opened.training["details"] == model.training["details"]


def test_a_finetuned_model_needs_no_other_folder(encoder, made, tmp_path):
    module, _ = encoder
    folder = module.make_bert(tmp_path / "encoder", seed=3)
    model = make_classifier("bert_finetuned", encoder=str(folder), longest=32, epochs=1)
    model.fit(made.keyword_posts(32))
    model.save(tmp_path / "model")
    for file in folder.iterdir():
        file.unlink()
    opened = open_classifier(tmp_path / "model")
    np.testing.assert_array_equal(opened.probabilities(TEXTS), model.probabilities(TEXTS))


def test_finetuning_changes_the_encoder(encoder, made):
    module, folder = encoder
    model = make("bert_finetuned", encoder, None)
    model.fit(made.keyword_posts(32))
    before = module.torch.cat([p.flatten() for p in contextual(folder).encoder.parameters()])
    after = module.torch.cat([p.flatten() for p in model._model.encoder.parameters()])
    assert float((before - after).detach().abs().max()) > 1e-3


def test_frozen_words_stay_and_the_rest_moves(encoder, made):
    model = make("bert_finetuned", encoder, None, freeze_words=True, epochs=1)
    model.fit(made.keyword_posts(64))
    plain = dict(contextual(encoder[1]).encoder.named_parameters())
    words = "network.embeddings.word_embeddings.weight"
    moved = {
        name
        for name, p in model._model.encoder.named_parameters()
        if not torch.equal(p, plain[name])
    }
    assert words not in moved
    assert len(moved) > 0.8 * len(plain)


def test_training_in_bf16_learns(encoder, made, monkeypatch):
    # random encoders of 16 numbers bear bfloat16 badly, and this one is to be trained in it
    monkeypatch.setattr(BertEmbedding, "rounding", lambda self: 1.0)
    model = make("bert_finetuned", encoder, None, train_in="bf16")
    model.fit(made.keyword_posts(200), made.keyword_posts(40, 1))
    assert accuracy(model, made.keyword_posts(80, 2)) > 0.85
    kinds = {p.dtype for p in model._model.parameters()}
    assert kinds == {torch.float32}  # what is kept and served is whole


def test_training_in_bf16_is_refused_where_vectors_do_not_bear_it(encoder, made, monkeypatch):
    monkeypatch.setattr(BertEmbedding, "rounding", lambda self: 0.93)
    model = make("bert_finetuned", encoder, None, train_in="bf16")
    with pytest.raises(DataError, match=r"a cosine of 0\.93000 to those in float32") as caught:
        model.fit(made.keyword_posts(20))
    assert caught.value.hint == "train_in = fp32"


def contextual(folder):
    return shared_sentences(str(folder), longest=32).embedding


@pytest.mark.parametrize("name", ["bert_frozen", "elmo_bilstm"])
def test_another_encoder_is_refused(name, encoder, elmo, made, tmp_path):
    module, _ = encoder
    if name == "bert_frozen":
        place = module.make_bert(tmp_path / "other", seed=0)
        model = make_classifier(name, encoder=str(place), longest=32)
    else:
        options = BiLm(ElmoOptions.build(
            character_width=2, filters=((1, 4),), highways=1, projection=3, cells=4, layers=1,
            longest_word=8,
        ))  # fmt: skip
        place = write_elmo(tmp_path / "other", options)
        model = make_classifier(name, elmo=str(place), width=2, epochs=1)
    model.fit(made.keyword_posts(40))
    model.save(tmp_path / "model")
    if name == "bert_frozen":
        module.make_bert(place, seed=1)
    else:
        torch.manual_seed(5)
        write_elmo(place, BiLm(options.options), overwrite=True)
    shared_sentences.cache_clear()
    from inundate.posts.classify import elmo as elmo_module

    elmo_module._opened.cache_clear()
    with pytest.raises(DataError, match="the model was fitted on"):
        open_classifier(tmp_path / "model")


def test_markers_are_taken_out_in_every_path(encoder, elmo, made):
    train = made.table(["dry 👍 street", "wet 😢 street"] * 20, [0, 1] * 20)
    for name in ("bert_frozen", "bert_finetuned", "elmo_bilstm"):
        model = make(name, encoder, elmo, strip_markers=("👍", "😢"))
        model.fit(train)
        found = model.probabilities(["mill", "mill 👍", "mill 😢"])
        np.testing.assert_allclose(found[0], found[1], atol=1e-6)
        np.testing.assert_allclose(found[0], found[2], atol=1e-6)


@pytest.mark.parametrize("name", ["bert_finetuned", "elmo_bilstm"])
def test_three_classes_of_which_one_has_no_post(name, encoder, elmo, made):
    train = made.table(
        ["flood street", "music street"] * 16, [2, 0] * 16, classes=("dry", "unseen", "wet")
    )
    model = make(name, encoder, elmo, class_weight="balanced")
    model.fit(train)
    assert model.probabilities(TEXTS)[:, 1].max() < 1e-6


def test_same_seed_same_model(encoder, elmo, made):
    found = []
    for seed in (0, 0, 1):
        model = make("elmo_bilstm", encoder, elmo)
        model.fit(made.keyword_posts(64), seed=seed)
        found.append(model.probabilities(TEXTS))
    np.testing.assert_array_equal(found[0], found[1])
    assert np.abs(found[0] - found[2]).max() > 1e-4


def test_interrupted_training_goes_on_in_its_run(encoder, elmo, made, tmp_path, monkeypatch):
    posts, valid = made.keyword_posts(64), made.keyword_posts(20, 1)

    def fitted(run):
        model = make("bert_finetuned", encoder, None, epochs=3)
        model.fit(posts, valid, run=run)
        return model.probabilities(TEXTS)

    whole = fitted(Run.create(tmp_path / "a", kind="classify", config={}))
    run = Run.create(tmp_path / "b", kind="classify", config={})
    calls = []
    plain = fitting.functional.cross_entropy

    def interrupted(*args, **kwargs):
        calls.append(1)
        if len(calls) == 7:  # in the second epoch, after a checkpoint
            raise KeyboardInterrupt
        return plain(*args, **kwargs)

    monkeypatch.setattr(fitting.functional, "cross_entropy", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fitted(run)
    monkeypatch.undo()
    np.testing.assert_array_equal(fitted(Run(tmp_path / "b")), whole)
    assert Run(tmp_path / "b").status == "finished"
    np.testing.assert_array_equal(fitted(Run(tmp_path / "b")), whole)  # nothing left to train


def test_rate_rises_over_a_tenth_and_falls_to_zero():
    told = BertFinetunedSettings().loop(3, steps=50)
    assert (told.warmup_steps, told.seed, told.schedule, told.floor) == (10, 3, "linear", 0.0)
    assert BertFinetunedSettings(warmup_steps=7).loop(0, steps=50).warmup_steps == 7


def test_kinds_of_models_are_not_mixed_up(encoder, elmo, made):
    with pytest.raises(DataError, match="it is an ELMo, expected an encoder"):
        make_classifier("bert_frozen", encoder=str(elmo)).fit(made.keyword_posts(20))
    with pytest.raises(DataError, match="no ELMo is named"):
        make_classifier("elmo_bilstm").fit(made.keyword_posts(20))


def test_posts_without_words_cannot_be_measured(elmo, made):
    with pytest.raises(DataError, match="the posts hold no word"):
        make("elmo_bilstm", None, elmo).fit(made.table(["", " "] * 4, [0, 1] * 4))


def test_layers_too_large_to_keep_are_made_anew(encoder, elmo, made, monkeypatch):
    found = []
    for limit in (1 << 30, 0):
        monkeypatch.setattr("inundate.posts.classify.elmo._KEPT_BYTES", limit)
        model = make("elmo_bilstm", encoder, elmo, epochs=2)
        model.fit(made.keyword_posts(40))
        found.append(model.probabilities(TEXTS))
    np.testing.assert_allclose(found[0], found[1], atol=1e-4)
