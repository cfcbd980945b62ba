"""``inundate posts embed``: from texts to vectors, and what is told when it cannot be."""

import json

import numpy as np
import pytest

from inundate.cli.app import main
from inundate.posts.embed.sanity import made_up_texts
from inundate.posts.embed.static import Embedding


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("INUNDATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("".join(" ".join(text) + "\n" for text in made_up_texts(500)))
    return path


@pytest.fixture
def vectors(tmp_path):
    path = tmp_path / "v.txt"
    path.write_text("flood 1 0\nwater 0.9 0.1\nsun 0 1\nflood 5 5\n")
    return path


def run(capsys, *words):
    code = main(["posts", "embed", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


def figures(capsys, *words):
    code, out, err = run(capsys, *words, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


@pytest.mark.parametrize("model", ["skip-gram", "cbow", "glove"])
def test_train_then_look(capsys, texts, tmp_path, model):
    words = ("train", texts, "-o", "own", "--model", model, "--width", 8, "--epochs", 2)
    found = figures(capsys, *words, "--tokens", "spaces", "--min-count", 2)
    assert (found["model"], found["width"], found["corpus_words"]) == (model, 8, 6000)
    embedding = Embedding.open(tmp_path / "own")
    assert len(embedding) == found["words"] > 300
    looked = figures(capsys, "look", "own", "--word", "p1r1", "none", "--count", 3)
    assert len(looked["neighbours"]["p1r1"]["nearest"]) == 3
    assert looked["neighbours"]["none"] == {"known": False, "nearest": []}
    code, _, err = run(capsys, *words)
    assert code == 6
    assert "it holds a run of kind 'embedding' that is finished" in err


def test_train_on_a_table_says_what_it_assumed(capsys, tmp_path):
    rows = "".join(f'{k},"The river rises, sooo fast #bowriver",yes\n' for k in range(20))
    (tmp_path / "posts.csv").write_text("number,tweet_text,flood\n" + rows)
    found = figures(capsys, "train", "posts.csv", "-o", "own", "--width", 4)
    assert found["assumed"] == ["posts.csv: the text is in column 'tweet_text', by its name"]
    assert list(Embedding.open("own").words)[:2] == ["river", "the"]
    code, _, err = run(capsys, "train", "posts.csv", "-o", "x", "--text", "twet_text")
    assert code == 3
    assert "no column 'twet_text'; did you mean 'tweet_text'?" in err


def test_settings_of_the_other_model_are_refused(capsys, texts, tmp_path):
    code, _, err = run(capsys, "train", texts, "-o", "own", "--model", "glove", "--negative", 3)
    assert code == 2
    assert "flag 'negative' is not known" in err
    (tmp_path / "c.toml").write_text("[embed]\nwidth = 0\nepoch = 3\n")
    code, _, err = run(capsys, "train", texts, "-o", "own", "--config", "c.toml")
    assert code == 2
    assert "key 'epoch' is not known; did you mean 'epochs'?" in err
    assert "width = 0: Input should be greater than or equal to 1" in err
    assert not (tmp_path / "own").exists()


def test_raw_stores_are_refused(capsys, tmp_path):
    from inundate.posts.store import create_store

    create_store(tmp_path / "raw")
    for words in (("train", "raw", "-o", "own"), ("look", "glove", "--corpus", "raw")):
        if words[0] == "look":
            (tmp_path / "glove").write_text("flood 1 0\n")
        code, _, err = run(capsys, *words)
        assert code == 3
        assert "it holds raw posts with names and ids in clear" in err
        assert "inundate posts anonymise raw" in err


def test_convert_tells_of_duplicates(capsys, vectors, tmp_path):
    found = figures(capsys, "convert", vectors, "-o", "made")
    assert (found["words"], found["width"], found["read"]["duplicates"]) == (3, 2, 1)
    assert Embedding.open(tmp_path / "made").look_up(["flood"]).tolist() == [[1, 0]]
    assert Embedding.open(vectors).digest == found["digest"]
    code, out, _ = run(capsys, "convert", vectors, "-o", "made", "--overwrite")
    assert code == 0
    assert "1 words came again; the first one counts" in out
    code, _, err = run(capsys, "convert", "made", "-o", "again")
    assert code == 2
    assert "it is a folder of this form already" in err
    code, _, err = run(capsys, "convert", vectors, "-o", "made")
    assert code == 6


def test_look_counts_the_words_of_a_corpus(capsys, vectors, tmp_path):
    (tmp_path / "posts.txt").write_text("Flood water and sun\nthe flood\n")
    found = figures(capsys, "look", vectors, "--corpus", "posts.txt")["coverage"]
    assert (found["tokens"], found["known"], found["types"]) == (6, 4, 5)
    assert found["commonest_unknown"] == [["and", 1], ["the", 1]]
    code, out, _ = run(capsys, "look", vectors, "--word", "flood", "--corpus", "posts.txt")
    assert code == 0
    assert "flood: water 0.99, sun 0.00" in out
    assert "corpus: 6 words, 33.33% unknown; of 5 different ones 2" in out


def test_compare(capsys, vectors, tmp_path):
    np.save(tmp_path / "w.npy", np.array([[0, 1], [1, 0], [0.8, 0.1]], np.float32))
    (tmp_path / "w.words").write_text("sun\nflood\nwater\n")
    (tmp_path / "pairs.csv").write_text(
        "one,other,score\nflood,water,9\nflood,sun,1\nwater,sun,2\nsea,sun,2\n"
    )
    (tmp_path / "posts.txt").write_text("flood sea\n")
    words = ("compare", vectors, "w.npy", "--pairs", "pairs.csv", "--corpus", "posts.txt")
    found = figures(capsys, *words, "--word", "flood")
    assert found["agreement"]["shared"] == 3
    assert found["agreement"]["neighbours"] == 1.0
    assert found["agreement"]["similarity"] > 0.99
    assert found["pairs"][0] == {"pairs": 4, "known": 3, "rated": 3, "spearman": pytest.approx(1)}
    assert [one["share"] for one in found["coverage"]] == [0.5, 0.5]
    code, out, _ = run(capsys, *words, "--word", "flood")
    assert code == 0
    assert "both have 3 words; of the first 3 they agree on 100% of the ten nearest" in out
    assert "judgements, w.npy: Spearman 1.000 over 3 of 4 pairs" in out
    (tmp_path / "pairs.csv").write_text("flood,water,9\nflood,sun\n")
    code, _, err = run(capsys, *words)
    assert code == 3
    assert "row 2 is ['flood', 'sun'], expected two words and a number" in err
    (tmp_path / "other.txt").write_text("regen 1 0\n")
    code, _, err = run(capsys, "compare", vectors, "other.txt")
    assert code == 3
    assert "they share 0 words, expected 3 at least" in err


def test_names_that_are_not_there(capsys):
    code, _, err = run(capsys, "look", "glove-6b-5d")
    assert code == 3
    assert "hint: did you mean 'glove-6b-50d'?" in err
    code, _, err = run(capsys, "look", "none.txt")
    assert code == 3
    assert "opening the embedding 'none.txt': no such file" in err
    code, _, err = run(capsys, "train", "-o", "own")
    assert code == 3
    assert "no file or store is given" in err
