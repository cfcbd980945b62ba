"""Training an ELMo: it must learn what pairs of words cannot tell."""

import json
import math

import numpy as np
import pytest
import torch

from inundate.core.errors import DataError
from inundate.core.run import Run
from inundate.core.seeds import make_rng
from inundate.learn.settings import TrainSettings
from inundate.posts.embed.elmo import ElmoEmbedding
from inundate.posts.embed.elmo_characters import character_ids
from inundate.posts.embed.elmo_corpus import (
    SentenceBatches,
    Vocabulary,
    count_words,
    hold_out,
    ngram_perplexity,
)
from inundate.posts.embed.elmo_language import LanguageModel, language_loss, perplexities
from inundate.posts.embed.elmo_network import BiLm
from inundate.posts.embed.elmo_train import ElmoSettings, train_elmo
from inundate.posts.text.tokenise import Tokeniser

SUBJECTS = {"river": "rises", "road": "closes", "boat": "drifts", "siren": "wails"}
SMALL = ElmoSettings(
    character_width=8,
    filters=((1, 8), (3, 16)),
    projection=16,
    cells=24,
    layers=1,
    longest_word=12,
    dropout=0.0,
    least_count=1,
)


def grammar(count, *, seed):
    """Sentences whose verb follows from a subject two or three words before it."""
    rng = make_rng(seed, "grammar")
    places, times = ["mill", "bridge", "church"], ["now", "slowly", "again"]
    found = []
    for _ in range(count):
        subject = str(rng.choice(list(SUBJECTS)))
        middle = ["by", "the", str(rng.choice(places))][: 3 if rng.random() < 0.7 else 1]
        if len(middle) == 1:
            middle = ["here"]
        found.append(["the", subject, *middle, SUBJECTS[subject], str(rng.choice(times))])
    return found


def make_run(path):
    return Run.create(path, kind="train", config={})


def test_it_beats_single_words_and_pairs(tmp_path):
    training = TrainSettings(
        epochs=0, max_steps=120, batch_size=16, learning_rate=3e-2, warmup_steps=5, weight_decay=0.0
    )
    found = train_elmo(
        grammar(640, seed=1),
        SMALL,
        make_run(tmp_path / "run"),
        training=training,
        valid=grammar(100, seed=2),
        tokeniser=Tokeniser().describe(),
        progress=False,
    )
    scores = found.scores
    assert scores["perplexity_forwards"] < 0.9 * scores["bigram"] < scores["unigram"]
    assert scores["perplexity_backwards"] < 0.9 * scores["bigram"]
    assert scores["perplexity"] == pytest.approx(
        math.sqrt(scores["perplexity_forwards"] * scores["perplexity_backwards"])
    )
    elmo = ElmoEmbedding.open(found.folder)
    tokens, mask = elmo.encode(["The river RISES now"])  # by the tokeniser of the training
    assert mask.sum() == 4
    lower, _ = elmo.encode(["the river rises now"])
    np.testing.assert_array_equal(tokens, lower)
    assert json.loads((found.folder / "scores.json").read_text())["bigram"] == scores["bigram"]
    words = (found.folder / "vocabulary.txt").read_text(encoding="utf-8").splitlines()
    assert words[:4] == ["<S>", "</S>", "<UNK>", "the"]


@pytest.mark.slow
def test_bigger_grammar_and_sampled_words(tmp_path):
    """The best that the grammar allows is reached nearly, also with a sampled comparison."""
    rng = make_rng(0, "names")
    names = sorted({"".join(rng.choice(list("abcdefgh"), 5)) for _ in range(400)})
    corpus = [[*words, str(rng.choice(names))] for words in grammar(6000, seed=1)]
    settings = SMALL.model_copy(update={"layers": 2, "cells": 48, "samples": 100})
    training = TrainSettings(epochs=6, batch_size=64, learning_rate=5e-3, warmup_steps=20)
    found = train_elmo(
        corpus, settings, make_run(tmp_path / "run"), training=training, progress=False
    )
    assert found.scores["perplexity_forwards"] < 0.9 * found.scores["bigram"]
    assert found.scores["perplexity_backwards"] < 0.9 * found.scores["bigram"]


def test_resumed_training_is_the_same(tmp_path):
    corpus = grammar(64, seed=3)
    # words are drawn in each step, so that the random state counts
    settings = SMALL.model_copy(update={"samples": 5, "dropout": 0.2})
    training = TrainSettings(epochs=2, batch_size=16, checkpoint_every_steps=1)
    whole = train_elmo(
        corpus, settings, make_run(tmp_path / "a"), training=training, progress=False
    )
    run = make_run(tmp_path / "b")

    def interrupted(model, batch, calls=[0]):  # noqa: B006
        calls[0] += 1
        if calls[0] == 4:
            raise KeyboardInterrupt
        return language_loss(model, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inundate.posts.embed.elmo_train.language_loss", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train_elmo(corpus, settings, run, training=training, progress=False)
    again = train_elmo(
        corpus, settings, Run(run.path), training=training, resume=True, progress=False
    )
    assert again.scores == whole.scores
    pair = [
        (path / "elmo" / "elmo_weights.hdf5").read_bytes() for path in (tmp_path / "a", run.path)
    ]
    assert pair[0] == pair[1]


def test_a_word_is_predicted_without_seeing_it():
    """Neither direction may look at what it predicts, nor past it."""
    torch.manual_seed(0)
    sentences = [["the", "river", "rises", "now"], ["the", "river", "rises", "again"]]
    vocabulary = Vocabulary(sentences, least=1)
    batch = SentenceBatches(
        sentences, vocabulary, batch_size=2, longest_word=12, shuffle=False
    ).batch(0, 0)
    model = LanguageModel(BiLm(SMALL.options()), len(vocabulary)).eval()
    with torch.no_grad():
        ahead, back = (part.reshape(2, 5) for part in model(batch))
    torch.testing.assert_close(ahead[0, :3], ahead[1, :3])  # up to "rises", the last word unseen
    assert float((ahead[0, 3] - ahead[1, 3]).abs()) > 1e-4  # another word to predict
    assert float((back[0, :3] - back[1, :3]).abs().min()) > 1e-6  # the last word is context here


def test_sampled_loss_is_near_the_whole_one_where_all_words_are_drawn():
    torch.manual_seed(0)
    sentences = grammar(20, seed=0)
    vocabulary = Vocabulary(sentences, least=1)
    batch = SentenceBatches(sentences, vocabulary, batch_size=20, longest_word=12).batch(0, 0)
    model = LanguageModel(BiLm(SMALL.options()), len(vocabulary), samples=5000).train()
    sampled = language_loss(model, batch)["loss"].item()
    whole = language_loss(model.eval(), batch)["loss"].item()
    assert sampled == pytest.approx(whole, rel=1e-4)


def test_sampled_loss_never_counts_the_true_word_twice():
    model = LanguageModel(BiLm(SMALL.options()), 10, samples=3).train()
    hidden, target = torch.randn(1, 16), torch.tensor([4])
    alone = model._losses(hidden, target, torch.tensor([4]))
    assert alone.item() == pytest.approx(0.0, abs=1e-6)


def test_batches_hold_each_sentence_once_and_each_word_once():
    sentences = grammar(50, seed=4)
    vocabulary = Vocabulary(sentences, least=1)
    batches = SentenceBatches(sentences, vocabulary, batch_size=8, longest_word=12)
    for epoch in (0, 1):
        seen = []
        for index in range(len(batches)):
            batch = batches.batch(epoch, index)
            seen += batch["sample_id"].tolist()
            rows = batch["characters"]
            assert len(torch.unique(rows, dim=0)) == len(rows)
            row = int(batch["sample_id"][0])
            words = sentences[row]
            places = batch["places"][0, 1 : 1 + len(words)]
            assert rows[places].tolist() == character_ids(words, 12).tolist()
        assert sorted(seen) == list(range(50))
    assert batches.batch(0, 0)["sample_id"].tolist() != batches.batch(1, 0)["sample_id"].tolist()


def test_training_begins_where_counting_ends():
    sentences = grammar(200, seed=5)
    vocabulary = Vocabulary(sentences, least=1)
    ids = vocabulary.ids(sentences)
    torch.manual_seed(0)
    model = LanguageModel(BiLm(SMALL.options()), len(vocabulary)).eval()
    model.start_from(count_words(ids, words=len(vocabulary)))
    batches = SentenceBatches(sentences, vocabulary, batch_size=50, longest_word=12)
    counted = ngram_perplexity(ids, ids, words=len(vocabulary))["unigram"]
    # the beginning is counted too, though only one direction predicts it
    assert perplexities(batches)(model)["perplexity"] == pytest.approx(counted, rel=0.15)


def test_validation_counts_words_not_batches():
    sentences = grammar(30, seed=5)
    vocabulary = Vocabulary(sentences, least=1)
    model = LanguageModel(BiLm(SMALL.options()), len(vocabulary)).eval()
    found = [
        perplexities(
            SentenceBatches(sentences, vocabulary, batch_size=size, longest_word=12, shuffle=False)
        )(model)["perplexity"]
        for size in (4, 30)
    ]
    assert found[0] == pytest.approx(found[1], rel=1e-5)


def test_ngrams_of_a_known_chain():
    """A fair coin after each word: pairs reach 2 where single words need the number of words."""
    rng = np.random.default_rng(0)
    rows = [np.array([0, *np.cumsum(rng.integers(1, 3, 20)) % 9 + 2, 1]) for _ in range(400)]
    found = ngram_perplexity(rows[:300], rows[300:], words=11)
    assert found["bigram"] == pytest.approx(2.2, abs=0.2)
    assert found["unigram"] > 8


def test_held_out_sentences_are_not_trained_on():
    corpus = grammar(400, seed=6)
    kept, held = hold_out(corpus, 0.2, seed=0)
    assert not {tuple(words) for words in kept} & {tuple(words) for words in held}
    assert len({tuple(words) for words in corpus}) == len(
        {tuple(words) for words in [*kept, *held]}
    )
    with pytest.raises(DataError, match="1 distinct sentences"):
        hold_out([["the", "river"]] * 5, 0.2, seed=0)
