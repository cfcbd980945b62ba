import numpy as np
import pytest

from inundate.core.errors import DataError, RunError
from inundate.posts.embed.static import Embedding
from inundate.posts.embed.word2vec import Word2VecSettings
from inundate.posts.shift.vectors import extend_vectors

WET, DRY = ["river", "flood", "water", "rain"], ["lunch", "music", "match", "coffee"]


@pytest.fixture
def base(tmp_path):
    """Two groups of words that lie apart, and one word that the texts do not have."""
    path = tmp_path / "base.txt"
    rng = np.random.default_rng(0)
    lines = []
    for side, words in ((1.0, WET), (-1.0, DRY)):
        for word in words:
            vector = rng.normal(0, 0.1, 8)
            vector[:4] += side
            lines.append(" ".join([word, *(f"{one:.4f}" for one in vector)]))
    path.write_text("\n".join([*lines, "elsewhere " + " ".join(["0.5"] * 8)]) + "\n")
    return Embedding.open(path, cache=tmp_path / "cache")


def texts(number=400):
    rng = np.random.default_rng(1)
    return [
        [*rng.permutation(WET)[:3], "yycflood"] if row % 2 else [*rng.permutation(DRY)[:3], "gig"]
        for row in range(number)
    ]


def near(embedding, word):
    vectors = embedding.look_up([word, *WET, *DRY])
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    sides = (unit[1:] @ unit[0]).reshape(2, -1).mean(axis=1)
    return sides[0] - sides[1]


def test_new_words_find_their_place_and_old_ones_stay(base, tmp_path):
    settings = Word2VecSettings(width=8, epochs=10, sample=0, min_count=5)
    told = extend_vectors(base, texts(), tmp_path / "more", settings)
    assert (told["words"], told["known"], told["added"]) == (10, 8, 2)
    found = Embedding.open(tmp_path / "more")
    old = [*WET, *DRY, "elsewhere"]
    assert np.array_equal(found.look_up(old), base.look_up(old))
    assert near(found, "yycflood") > 0.3
    assert near(found, "gig") < -0.3
    with pytest.raises(RunError, match="exists already"):
        extend_vectors(base, texts(), tmp_path / "more", settings)


def test_what_cannot_be_is_told(base, tmp_path):
    with pytest.raises(DataError, match="settings of width 5, expected that of the vectors, 8"):
        extend_vectors(base, texts(), tmp_path / "m", Word2VecSettings(width=5))
    for words, message in (
        ([["ab", "cd"]] * 9, "no word that has a vector"),
        ([["river", "flood"]] * 9, "no word without a vector"),
    ):
        with pytest.raises(DataError, match=message):
            extend_vectors(base, words, tmp_path / "m")
