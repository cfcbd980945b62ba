"""``inundate posts embed elmo|distil|check`` on tiny models and made-up texts."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from inundate.cli.app import main
from inundate.core.run import Run
from inundate.posts.embed.elmo import ElmoEmbedding
from inundate.posts.embed.sentence import find_model, open_contextual
from inundate.posts.embed.static import Embedding

TEXTS = [f"the river at the mill rises {word} today" for word in ("fast", "slowly", "again")]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.setenv("INUNDATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    lines = [text.replace("mill", place) for text in TEXTS for place in ("mill", "road", "sea")]
    Path("texts.txt").write_text("".join(line + "\n" for line in lines * 2), encoding="utf-8")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    file = Path(__file__).parents[1] / "posts" / "embed" / "tiny_bert.py"
    spec = importlib.util.spec_from_file_location("tiny_bert", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.make_bert(tmp_path_factory.mktemp("encoder") / "tiny")


def run(capsys, *words):
    code = main(["posts", "embed", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


SMALL = ("--epochs", 1, "--projection", 4, "--cells", 4, "--layers", 1, "--batch-size", 4)


def test_elmo_is_trained_and_found_by_its_run(capsys):
    code, out, err = run(capsys, "elmo", "texts.txt", "-o", "own", *SMALL, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["epochs"] == 1
    assert 1 < found["perplexity_forwards"] < 50
    assert 1 < found["bigram"] < found["unigram"]
    opened = open_contextual("own")
    assert isinstance(opened, ElmoEmbedding)
    assert opened.width == 8
    assert opened.words("RISING 🌊!") == ["rising", "🌊", "!"]  # as the corpus was cut
    code, _, err = run(capsys, "elmo", "texts.txt", "-o", "own", *SMALL)
    assert code == 6
    assert "it holds a run of kind 'elmo' that is finished" in err
    code, out, _ = run(capsys, "check", "own")
    assert code == 0
    assert "elmo: elmo, 8 numbers a token" in out


def test_interrupted_elmo_goes_on(capsys, monkeypatch):
    from inundate.posts.embed import elmo_train

    whole = run(capsys, "elmo", "texts.txt", "-o", "whole", *SMALL, "--json")
    plain, calls = elmo_train.language_loss, []

    def stopping(model, batch):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return plain(model, batch)

    monkeypatch.setattr(elmo_train, "language_loss", stopping)
    assert run(capsys, "elmo", "texts.txt", "-o", "own", *SMALL)[0] == 130
    assert Run("own").status == "interrupted"
    code, _, err = run(capsys, "elmo", "texts.txt", "-o", "own", *SMALL, "--seed", 1)
    assert code == 6
    assert "train.seed: the run has 0, now 1" in err
    again = run(capsys, "elmo", "texts.txt", "-o", "own", *SMALL, "--json")
    assert again[0] == 0
    assert json.loads(again[1])["perplexity"] == json.loads(whole[1])["perplexity"]
    # stopped between the end of the training and the writing of the model: written now
    (find_model("own") / "scores.json").unlink()
    Path("own/elmo").rename("own/gone")
    assert run(capsys, "elmo", "texts.txt", "-o", "own", *SMALL)[0] == 0
    for name in ("elmo_weights.hdf5", "elmo_options.json"):
        assert Path("own/elmo", name).read_bytes() == Path("own/gone", name).read_bytes()


def test_texts_that_are_words_already_stay_so(capsys):
    Path("cut.txt").write_text("Can't Stop\nrising water\nCan't Stay\nlow water\n" * 3, "utf-8")
    words = ("elmo", "cut.txt", "-o", "own", *SMALL, "--tokens", "spaces")
    assert run(capsys, *words)[0] == 0
    assert open_contextual("own").words("Can't Stop!") == ["Can't", "Stop!"]


def test_distilled_encoder_is_an_embedding(capsys, encoder):
    words = ("distil", encoder, "--corpus", "texts.txt", "-o", "words", "--width", 6)
    code, out, err = run(capsys, *words)
    assert (code, err) == (0, "")
    assert "words: 11 words of 6 numbers, distilled from tiny" in out
    found = Embedding.open("words")
    assert list(found.words)[:2] == ["the", "at"]
    assert found.width == 6
    assert np.isfinite(found.vectors).all()
    code, _, err = run(capsys, *words)
    assert code == 6
    assert "it exists already" in err


def test_check_tells_the_precision(capsys, encoder):
    code, out, _ = run(capsys, "check", encoder)
    assert code == 0
    assert "tiny: bert, 16 numbers a token" in out
    assert "smallest cosine" in out
    code, _, err = run(capsys, "check", "no-such-model")
    assert code == 3
    assert "no such folder" in err
