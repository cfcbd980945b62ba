"""``inundate posts train``: from a table to a saved model beside its baselines."""

import csv
import json

import pytest

from inundate.cli.app import main
from inundate.core.seeds import make_rng
from inundate.posts.classify.zoo import open_classifier

FILLER = ("today", "near", "the", "old", "bridge", "at", "my", "street", "again", "very", "late")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "posts.csv"
    rng = make_rng(0, "cli")
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["body", "verdict", "storm"])
        for number in range(160):
            wet = bool(rng.integers(0, 2))
            words = [*rng.choice(FILLER, 7), "flood" if wet else "party", f"house{number}"]
            row = [" ".join(rng.permutation(words)), "yes" if wet else "no", f"storm {number % 4}"]
            writer.writerow(row)
    return path


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(capsys, *words):
    code = main(["posts", "train", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


def test_model_is_saved_with_its_scores_beside_the_baselines(capsys, table):
    code, out, _ = run(capsys, "tfidf_words", "--data", table, "-o", "model", "--json")
    assert code == 0
    found = json.loads(out)
    assert list(found["test"]) == ["tfidf_words", "majority", "keyword"]
    assert found["test"]["keyword"]["macro_f1"]["value"] == 1
    assert found["test"]["majority"]["macro_f1"]["value"] < 0.5
    assert found["parts"]["train"] + found["parts"]["valid"] + found["parts"]["test"] == 160
    assert any("body" in text for text in found["assumed"])
    model = open_classifier("model")
    assert model.probabilities(["a flood here"]).argmax() == 1
    assert model.notes["test"]["tfidf_words"]["accuracy"]["value"] > 0.9
    assert model.training["origin"]["posts"] == 160
    code, _, err = run(capsys, "tfidf_words", "--data", table, "-o", "model")
    assert code == 6
    assert "exists already" in err


def test_text_shows_every_baseline(capsys, table):
    code, out, _ = run(
        capsys, "keyword", "--data", table, "--text-column", "body", "--label-column", "verdict",
        "-o", "model",
    )  # fmt: skip
    assert code == 0
    for name in ("keyword", "majority", "tfidf_words"):
        assert f"    {name}" in out
    assert "95 % intervals" in out


def test_an_event_is_left_out(capsys, table):
    words = ("--data", table, "--event-column", "storm", "--label-column", "verdict")
    code, out, _ = run(capsys, "keyword", *words, "--leave-out", "Storm 2", "-o", "model", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["parts"]["test"] == 40
    assert open_classifier("model").training["events"] == ["storm 0", "storm 1", "storm 3"]
    code, _, err = run(capsys, "keyword", *words, "--leave-out", "storm 9", "-o", "other")
    assert code == 2
    assert "storm 9" in err
    assert "storm 3" in err


def test_an_event_of_one_class_has_no_auc(capsys, tmp_path):
    rows = [f"{'flood' if k % 2 else 'party'} near house{k} today,{k % 2},old" for k in range(60)]
    rows += [f"flood at place{k} again late,1,new" for k in range(20)]
    (tmp_path / "two.csv").write_text("words,wet,storm\n" + "\n".join(rows) + "\n")
    words = ("keyword", "--data", "two.csv", "--event-column", "storm", "--label-column", "wet")
    code, out, _ = run(capsys, *words, "--leave-out", "new", "-o", "model", "--json")
    assert code == 0
    assert json.loads(out)["test"]["keyword"]["auc"]["value"] is None
    assert open_classifier("model").notes["test"]["keyword"]["auc"]["value"] is None
    code, out, _ = run(capsys, *words, "--leave-out", "new", "-o", "other")
    assert code == 0
    assert "auc none" in out


SMALL = ("--set", "width=4", "vector_width=4", "--embedding", "none", "--epochs", "2",
         "--threads", "1")  # fmt: skip


def test_a_network_that_was_stopped_goes_on(capsys, table, monkeypatch):
    import inundate.posts.classify.fitting as fitting

    true_call, calls = fitting.Loss.__call__, []

    def stop_once(self, model, batch):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return true_call(self, model, batch)

    monkeypatch.setattr(fitting.Loss, "__call__", stop_once)
    words = ("bilstm", "--data", table, "-o", "model", *SMALL)
    assert run(capsys, *words)[0] == 130
    code, _, err = run(capsys, *words)
    assert code == 6
    assert "--resume" in err
    code, _, err = run(capsys, *words, "--resume", "--set", "width=5")
    assert code == 2
    assert "width: the run has 4, now 5" in err
    code, out, _ = run(capsys, *words, "--resume", "--json")
    assert code == 0
    assert json.loads(out)["details"]["epochs"] == 2
    assert open_classifier("model").settings.width == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("bilstmm",), "did you mean bilstm"),
        (("keyword", "--set", "stem=3"), "'stem' is not known"),
        (("keyword", "--set", "stems"), "expected NAME=VALUE"),
        (("keyword", "--epochs", "3"), "'epochs' is not known"),
        (("keyword", "--task", "weather"), "weather"),
    ],
)
def test_what_is_wrong_is_told(capsys, table, words, said):
    code, _, err = run(capsys, *words, "--data", table, "-o", "model")
    assert code == 2
    assert said in err
