"""Unknown words stand near the words that they are made of."""

import itertools

import numpy as np
import pytest

from inundate.posts.embed import subword
from inundate.posts.embed.files import Block
from inundate.posts.embed.folder import write_folder
from inundate.posts.embed.index import WordTable, make_index
from inundate.posts.embed.static import Embedding
from inundate.posts.embed.subword import Subwords, fit_subwords, pieces
from inundate.posts.embed.subword_kernel import count_pieces, list_pieces

STEMS = ["flood", "storm", "bridge", "rescue", "school", "market", "doctor", "garden"]
ENDINGS = ["", "s", "ed", "ing", "er", "ers", "less", "ful"]


@pytest.fixture(scope="module")
def made_up():
    """Vectors that are a stem's and an ending's, and a little of their own."""
    rng = np.random.default_rng(0)
    stems, endings = rng.normal(size=(8, 16)), 0.5 * rng.normal(size=(8, 16))
    words = [stem + ending for stem in STEMS for ending in ENDINGS]
    vectors = np.array([s + e for s in stems for e in endings])
    return words, (vectors + 0.1 * rng.normal(size=vectors.shape)).astype(np.float32)


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_kernel_lists_the_pieces_of_python():
    words = ["rain", "水", "naïve", "a", "", "#überflutung", "------", "hahaha"]
    marked = [f"<{word}>".encode() for word in words]
    ends = np.cumsum([len(word) for word in marked])
    text = np.frombuffer(b"".join(marked), np.uint8)
    most = count_pieces(text, ends, 3, 5)
    starts, numbers = np.zeros(len(words) + 1, np.int64), np.empty(most.sum(), np.int32)
    list_pieces(text, ends, starts, numbers, 3, 5, 1000)
    expected = [pieces(word, 1000) for word in words]
    found = [numbers[a:b].tolist() for a, b in itertools.pairwise(starts)]
    assert found == expected
    assert most[0] == len(expected[0])
    assert most[6] > len(expected[6])  # pieces that come again


def test_words_of_one_letter_do_not_upset_the_others(made_up):
    words, vectors = made_up
    extra = np.vstack([vectors, 10 * np.ones((3, 16), np.float32)])
    table = WordTable(**make_index([w.encode() for w in [*words, "-" * 20, "-" * 30, "=" * 40]]))
    fitted = fit_subwords(table, extra, buckets=4096)
    assert np.abs(fitted.buckets).max() < 100
    assert cosine(fitted.vector("floods"), vectors[1]) > 0.9


def test_held_out_words_are_guessed_better_than_by_zero_mean_or_average(made_up):
    words, vectors = made_up
    held = np.arange(len(words)) % 7 == 3
    table = WordTable(**make_index([w.encode() for w, h in zip(words, held, strict=True) if not h]))
    known = vectors[~held]
    fitted = fit_subwords(table, known, buckets=4096)
    average = average_of(list(table), known, 4096)
    hidden = [(w, v) for w, v, h in zip(words, vectors, held, strict=True) if h]
    ours = np.mean([cosine(fitted.vector(w), v) for w, v in hidden])
    plain = np.mean([cosine(average.vector(w), v) for w, v in hidden])
    mean = np.mean([cosine(known.mean(axis=0), v) for _, v in hidden])
    assert ours > 0.85
    assert ours > plain + 0.02
    assert ours > mean + 0.3


def average_of(words, vectors, buckets):
    """The simpler way: each bucket is the mean of the words that it comes in."""
    total, count = np.zeros((buckets, vectors.shape[1])), np.zeros(buckets)
    for word, vector in zip(words, vectors, strict=True):
        for number in pieces(word, buckets):
            total[number] += vector
            count[number] += 1
    return Subwords((total / np.maximum(count, 1)[:, None]).astype(np.float32))


def test_misspelt_words_of_posts(made_up, tmp_path, monkeypatch):
    words, vectors = made_up
    monkeypatch.setattr(subword, "_BUCKETS", 4096)
    folder = write_folder(
        tmp_path / "v", [Block([w.encode() for w in words], vectors)], name="v", digest=None
    )
    embedding = Embedding.open(folder, oov="subword")
    assert embedding.neighbours("floooding", 1)[0][0].startswith("flood")
    assert embedding.neighbours("stormbridge", 1)[0][0][:5] in ("storm", "bridg")
    assert embedding.look_up(["flood"]).tobytes() == vectors[[0]].tobytes()
    guess = embedding.look_up(["rescuee"])[0]
    file = embedding.folder / "subwords-2.npy"
    file.write_bytes(file.read_bytes()[:-5])  # damaged: fitted anew, to the same
    again = Embedding.open(folder, oov="subword")
    assert again.look_up(["rescuee"])[0].tobytes() == guess.tobytes()


def test_a_word_without_pieces_is_zero(made_up):
    words, vectors = made_up
    table = WordTable(**make_index([word.encode() for word in words]))
    fitted = fit_subwords(table, vectors, buckets=64)
    assert fitted.vector("").tolist() == [0.0] * 16


def test_a_closed_folder_is_fitted_in_memory(made_up, tmp_path, monkeypatch):
    words, vectors = made_up
    monkeypatch.setattr(subword, "_BUCKETS", 256)
    table = WordTable(**make_index([word.encode() for word in words]))
    kept = subword.open_subwords(tmp_path, table, vectors)
    (tmp_path / "subwords-2.npy").unlink()
    monkeypatch.setattr(subword.os, "access", lambda path, mode: False)
    made = subword.open_subwords(tmp_path, table, vectors)
    assert not (tmp_path / "subwords-2.npy").exists()
    assert made.vector("floods").tobytes() == kept.vector("floods").tobytes()
