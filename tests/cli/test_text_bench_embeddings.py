"""The benchmark of vectors: its arithmetic, and all of it on small input."""

import numpy as np
import pytest

from inundate.cli.text_bench.embeddings_files import write_vectors
from inundate.cli.text_bench.embeddings_train import (
    _difference,
    _nearest_of_ten,
    _student,
    _unit,
)
from inundate.posts.embed.static import Embedding


def test_students_t():
    # tables of Student's t, 97.5 %
    for degrees, expected in ((4, 2.776), (8, 2.306), (30, 2.042)):
        assert _student(degrees) == pytest.approx(expected, abs=0.02)


def test_difference_of_scores():
    found = _difference([0.7, 0.8, 0.9], [0.8, 0.9, 1.0])
    assert found["mean"] == pytest.approx(-0.1)
    assert found["half_width"] == pytest.approx(2.776 * np.sqrt(2 * 0.01 / 3), abs=0.01)
    assert found["as_good"] is True
    assert _difference([0.1, 0.1], [0.2, 0.2])["as_good"] is False
    assert _difference([0.1], [0.2])["as_good"] is None


def test_nearest_of_ten_words():
    rng = np.random.default_rng(0)
    rows = _unit(rng.normal(size=(400, 8)))
    turned = rows @ np.linalg.qr(rng.normal(size=(8, 8)))[0]  # cosines stay
    assert _nearest_of_ten(rows, turned) == 1.0
    assert 0.05 < _nearest_of_ten(rows, _unit(rng.normal(size=(400, 8)))) < 0.16  # chance


def test_the_file_that_is_read(tmp_path, monkeypatch):
    from inundate.posts.embed import registry

    monkeypatch.setattr(registry, "find_spec", lambda name: None)  # as if it were not installed
    about = write_vectors(tmp_path / "v.txt", words=30, width=4)
    assert about == "30 made-up words x 4 numbers of five digits"
    assert Embedding.open(tmp_path / "v.txt", cache=tmp_path / "cache").vectors.shape == (30, 4)


@pytest.mark.slow
def test_everything_on_small_input(tmp_path, monkeypatch):
    pytest.importorskip("gensim")
    from inundate.cli.text_bench import embeddings_files
    from inundate.cli.text_bench.embeddings import measure_embeddings

    monkeypatch.setattr(embeddings_files, "_TIMES", 1)

    found = measure_embeddings(
        tmp_path / "none", tmp_path, words=2000, width=10, made_up=1500, seeds=range(2)
    )
    assert found["files"]["same_numbers"] is True
    assert found["files"]["cached"]["grown_mb"] < 20
    for method in ("skip-gram", "cbow"):
        one = found["training"]["made up"][method]
        assert len(one["ours"]["analogies"]) == len(one["gensim"]["analogies"]) == 2
        assert one["speed_ratio"] > 0
    assert not (tmp_path / "embeddings").exists()
