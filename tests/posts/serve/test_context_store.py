"""A store is classified by a model that reads numbers beside the words."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from tests.posts.classify.made_up import keyword_posts

from inundate.cli.app import main
from inundate.core.errors import ConfigError
from inundate.posts.classify.zoo import make_classifier
from inundate.posts.labelled.numbers import read_numbers
from inundate.posts.serve.archive import classify_archive, label_piece, pieces_of
from inundate.posts.serve.labels import models_of, open_labels

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def deep(tmp_path_factory):
    """A model to which depth is all: its base knows the majority alone."""
    made = keyword_posts(200)
    made = replace(made, numbers={"depth_m": made.labels + np.linspace(0.0, 0.2, 200)})
    model = make_classifier("context", base="majority", columns=("depth_m",))
    model.fit(made)
    folder = tmp_path_factory.mktemp("deep") / "model"
    model.save(folder)
    return folder


@pytest.fixture
def table(store, tmp_path):
    """Depth of the posts of the store: every second is deep, every third is not known."""
    posts = [row for part in store.batches(["post"]) for row in part["post"].to_pylist()]
    cells = ["" if row % 3 == 0 else str(float(row % 2)) for row in range(len(posts))]
    path = tmp_path / "context.csv"
    lines = (f"{post},{cell}\n" for post, cell in zip(posts, cells, strict=True))
    path.write_text("post,depth_m\n" + "".join(lines))
    return path


def test_a_store_is_classified_by_its_table(deep, store, table, tmp_path, capsys):
    call = ["posts", "classify", "--model", str(deep), "--from", str(store.path), "-o",
            str(tmp_path / "labels")]  # fmt: skip
    assert main([*call, "--context", str(table), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["posts"], told["with_context"]) == (60, 40)
    [labels] = models_of(tmp_path / "labels")
    said = dict(zip(*(labels.read()[name].to_pylist() for name in ("post", "label")), strict=True))
    rows = [line.split(",") for line in table.read_text().splitlines()[1:]]
    assert all(said[post] == "flood" for post, cell in rows if cell == "1.0")
    assert all(said[post] == "other" for post, cell in rows if cell == "0.0")
    assert main(call) != 0
    assert "reads depth_m beside the words" in capsys.readouterr().err


def test_a_worker_gets_the_numbers_with_its_piece(deep, store, table, tmp_path):
    labels = open_labels(tmp_path / "labels", "0" * 16, name="context", classes=("other", "flood"))
    sent = pickle.loads(pickle.dumps(read_numbers([table], ("depth_m",))))
    [piece, *_] = pieces_of(store)
    counts = label_piece(piece, deep, labels, sent)
    assert sum(counts.values()) == piece.rows
    assert 0 < counts["flood"] < piece.rows


def test_a_table_of_other_posts_is_refused(deep, store, tmp_path, capsys):
    path = tmp_path / "context.csv"
    path.write_text("post,depth_m\nsomebody,1\n")
    call = ["posts", "classify", "--model", str(deep), "--from", str(store.path), "-o",
            str(tmp_path / "labels")]  # fmt: skip
    assert main([*call, "--context", str(path)]) != 0
    assert "none of 60 posts is in" in capsys.readouterr().err


def test_a_model_of_words_takes_no_table(rule, store, table, tmp_path, capsys):
    call = ["posts", "classify", "--model", str(rule), "--from", str(store.path), "-o",
            str(tmp_path / "labels")]  # fmt: skip
    assert main([*call, "--context", str(table)]) != 0
    assert "keyword reads texts alone" in capsys.readouterr().err


def test_numbers_do_not_go_to_a_cluster(store, table, tmp_path):
    labels = open_labels(tmp_path / "labels", "0" * 16, name="context", classes=("a", "b"))
    numbers = read_numbers([table], ("depth_m",))
    with pytest.raises(ConfigError, match="looked up on one machine"):
        classify_archive(store, tmp_path, labels, cluster="tcp://nowhere:1", numbers=numbers)
