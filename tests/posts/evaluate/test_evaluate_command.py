"""``posts evaluate`` takes whatever table it is given, and never lets a score stand alone."""

import json
import re

import numpy as np
import pytest

from inundate.cli.app import main
from inundate.core.errors import DataError
from inundate.posts.classify.zoo import make_classifier
from inundate.posts.evaluate.references import fit_references, open_references, save_references
from inundate.posts.evaluate.table import check_honest, score_text
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.shift.calibrate import calibrate_model

pytest.importorskip("sklearn")
WET = ["water over the road", "river burst its bank", "cellar under water", "flood at the mill"]
DRY = ["great concert tonight", "new phone is here", "coffee with friends", "match was a draw"]


def made(number, seed, classes=("off-topic", "on-topic")):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, number)
    texts = [
        f"{(WET if label else DRY)[rng.integers(4)]} {' '.join(rng.choice(list('abcdefghij'), 5))}"
        for label in labels
    ]
    blank = ("",) * number
    return LabelledPosts(
        tuple(texts), labels, classes, ("2011_a",) * number, blank,
        tuple(map(str, range(number))), blank, {"task": "relevance"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tfidf"
    train = made(200, 0)
    fitted = make_classifier("tfidf_words", at_least=1)
    fitted.fit(train)
    fitted.save(folder)
    save_references(fit_references(train), folder)
    return folder


def run(capsys, model, data, *flags):
    code = main(["posts", "evaluate", "--model", str(model), "--data", str(data), "--draws", "60",
                 "--json", *flags])  # fmt: skip
    out = capsys.readouterr()
    return code, json.loads(out.out) if code == 0 else out.err


def table(path, posts, names, *, head="text,label", sep=",", encoding="utf-8", extra=False):
    rows = [head.replace(",", sep)]
    for number, (text, label) in enumerate(zip(posts.texts, posts.labels, strict=True)):
        rows.append(sep.join([text, str(names[label]), *([f"x{number}"] if extra else [])]))
    path.write_bytes(("\n".join(rows) + "\n").encode(encoding))
    return path


FORMATS = {
    "plain.csv": ({}, ("off-topic", "on-topic")),
    "bom.csv": ({"encoding": "utf-8-sig"}, ("Off-Topic", "ON-TOPIC")),
    "latin.csv": ({"encoding": "latin-1"}, ("off-topic", "on-topic")),
    "tabs.tsv": ({"sep": "\t", "head": "tweet_text,class_label_x"}, ("no", "yes")),
    "semicolons.csv": ({"sep": ";", "head": "body,target"}, ("0", "1")),
    "floats.csv": ({"head": "message,y"}, ("0.0", "1.0")),
    "extra.csv": ({"head": "text,label,source", "extra": True}, ("irrelevant", "relevant")),
    "half.csv": ({}, ("whatever else", "flood")),
}


@pytest.mark.parametrize("name", FORMATS)
def test_any_table_is_scored_alike(capsys, tmp_path, model, name):
    how, names = FORMATS[name]
    posts = made(60, 1)
    if how.get("encoding") == "latin-1":
        posts = LabelledPosts(**{**posts.__dict__, "texts": tuple(t + " é" for t in posts.texts)})
    code, told = run(capsys, model, table(tmp_path / name, posts, names, **how))
    assert code == 0, told
    assert told["data"]["judged"] == 60
    scores = told["rows"]["model"]["scores"]
    assert scores["accuracy"]["value"] > 0.95
    assert scores["accuracy"]["low"] <= scores["accuracy"]["value"] <= scores["accuracy"]["high"]
    assert list(told["rows"]) == ["model", "majority", "keyword rule", "TF-IDF"]
    assert told["paired"]["keyword rule"]["macro_f1"]["better"]
    assert told["verdict"]["beats_keyword"] is True
    assert told["assumed"]
    assert told["rows"]["TF-IDF"]["scores"]["auc"]["value"] > 0.95


def test_text_says_first_whether_the_rule_is_beaten(capsys, tmp_path, model):
    rng = np.random.default_rng(3)
    lines = ["text,label"]
    for _ in range(60):
        is_wet = rng.random() < 0.5
        lines.append(f"{'flood' if is_wet else 'quiet'} {' '.join(rng.choice(list('klmnop'), 6))},"
                     f"{'yes' if is_wet else 'no'}")  # fmt: skip
    data = tmp_path / "rule.csv"
    data.write_text("\n".join(lines))
    assert (
        main(["posts", "evaluate", "--model", str(model), "--data", str(data), "--draws", "60"])
        == 0
    )
    out = capsys.readouterr().out
    assert "does NOT beat the keyword rule" in out.splitlines()[0]
    assert re.search(r"^majority +0\.\d+ \[0\.\d+, 0\.\d+\]", out, re.MULTILINE)
    assert "split: all 60 judged posts in rule.csv" in out
    assert "classes: off-topic" in out


def test_small_and_odd_tables(capsys, tmp_path, model):
    one = tmp_path / "one.csv"
    one.write_text("text,label\nflood at the mill,1\n")
    code, told = run(capsys, model, one)
    assert code == 0
    assert told["verdict"]["beats_keyword"] is None
    assert told["rows"]["model"]["scores"]["accuracy"]["note"]
    assert told["warnings"]
    same = tmp_path / "same.csv"
    same.write_text("text,label\n" + "".join(f"river {i} burst,on-topic\n" for i in range(30)))
    code, told = run(capsys, model, same)
    assert code == 0
    assert told["rows"]["model"]["scores"]["auc"]["value"] is None
    assert "all posts are 'on-topic'" in told["warnings"][0]
    gaps = tmp_path / "gaps.csv"
    gaps.write_text('text,label\nflood here,1\nall dry,\n,0\n"a ""b"" c, d",0\nbad\n')
    code, told = run(capsys, model, gaps)
    assert code == 0
    assert told["data"]["judged"] == 2
    assert told["data"]["broken_lines"] == 1
    assert "1 without a label left out" in told["split"]
    for content, wanted in (
        ("", "no rows"), ("text,label\n", "no rows"), ("text,label\na b,\nc d,\n", "hold labels"),
    ):  # fmt: skip
        one.write_text(content)
        code, err = run(capsys, model, one)
        assert (code, wanted in err) == (3, True), err


def test_labels_that_do_not_meet_are_named_on_both_sides(capsys, tmp_path, model):
    data = table(tmp_path / "d.csv", made(40, 2), ("sunny", "soaked"))
    code, err = run(capsys, model, data)
    assert code == 3
    assert "'soaked'" in err
    assert "'sunny'" in err
    assert "'off-topic', 'on-topic'" in err
    assert "--map" in err
    code, told = run(capsys, model, data, "--map", "sunny=off-topic", "soaked=on-topic")
    assert code == 0
    assert told["rows"]["model"]["scores"]["accuracy"]["value"] > 0.9
    code, told = run(capsys, model, data, "--positive", "soaked")
    assert code == 0
    for flag, wanted in (
        ("sunnyy=off-topic", "did you mean 'sunny'"),
        ("sunny=offtopic", "did you mean 'off-topic'"),
        ("sunny", "expected LABEL=CLASS"),
    ):  # fmt: skip
        code, err = run(capsys, model, data, "--map", flag)
        assert (code, wanted in err) == (2, True), err
    code, told = run(capsys, model, data, "--map", "sunny=", "soaked=on-topic")
    assert code == 0
    assert set(told["rows"]["model"]["shares"].values()) == {0, 1}


def test_columns_and_events_are_told(capsys, tmp_path, model):
    posts = made(40, 4)
    rows = ["words of people,note on it,verdict,place"]
    rows += [
        f"{text},some longer remark of the one who labelled this post here,{label},{event}"
        for text, label, event in zip(
            posts.texts, posts.labels, ["2011_A", "2012_b"] * 20, strict=True
        )
    ]
    data = tmp_path / "d.csv"
    data.write_text("\n".join(rows))
    flags = ("--text-column", "words of people", "--label-column", "verdict", "--event", "place")
    code, told = run(capsys, model, data, *flags)
    assert code == 0, told
    assert "trained on posts of 2011_A" in told["warnings"][0]
    assert {"event 2011_A", "event 2012_b", "year 2012"} <= {s["subset"] for s in told["subsets"]}
    code, err = run(capsys, model, data, "--text-column", "words of")
    assert code == 3
    assert "words of people" in err


def test_without_stored_references_it_says_what_stands_in(capsys, tmp_path):
    folder = tmp_path / "bare"
    fitted = make_classifier("keyword")
    fitted.fit(made(80, 0))
    fitted.save(folder)
    assert open_references(folder) == {}
    code, told = run(capsys, folder, table(tmp_path / "d.csv", made(40, 1), ("0", "1")))
    assert code == 0
    assert told["absent"] == {"TF-IDF": "training stored none"}
    assert any("was not fitted" in line for line in told["assumed"])
    assert told["paired"]["keyword rule"]["macro_f1"]["value"] == 0
    assert told["verdict"]["beats_keyword"] is False


def test_numbers_that_may_mean_either_are_not_guessed(capsys, tmp_path, model):
    data = table(tmp_path / "codes.csv", made(40, 2), ("1", "2"))
    code, err = run(capsys, model, data)
    assert code == 3
    assert "'2'" in err
    code, told = run(capsys, model, data, "--map", "1=off-topic", "2=on-topic")
    assert code == 0
    assert told["rows"]["model"]["scores"]["accuracy"]["value"] > 0.9
    code, told = run(capsys, model, table(tmp_path / "signs.csv", made(40, 2), ("-1", "1")))
    assert code == 0
    assert told["rows"]["model"]["scores"]["accuracy"]["value"] > 0.9


def test_several_classes(capsys, tmp_path):
    rng = np.random.default_rng(0)
    names = ("damage", "help", "sympathy")
    nouns = ("bridge gone", "boats needed", "thoughts with you")
    labels = rng.integers(0, 3, 150)
    texts = tuple(f"{nouns[k]} {' '.join(rng.choice(list('abcdefgh'), 5))}" for k in labels)
    blank = ("",) * 150
    train = LabelledPosts(texts, labels, names, blank, blank, blank, blank, {})
    folder = tmp_path / "three"
    fitted = make_classifier("tfidf_words", at_least=1)
    fitted.fit(train)
    fitted.save(folder)
    data = tmp_path / "d.csv"
    rows = (f"{text},{names[k].upper()}" for text, k in zip(texts, labels, strict=True))
    data.write_text("text,label\n" + "\n".join(rows))
    code, told = run(capsys, folder, data)
    assert code == 0, told
    assert "3 classes" in told["absent"]["keyword rule"]
    assert told["verdict"]["beats_keyword"] is None
    assert list(told["rows"]["model"]["classes"]) == list(names)
    save_references(fit_references(train), folder)
    code, told = run(capsys, folder, data)
    assert list(told["rows"]) == ["model", "majority", "keyword rule", "TF-IDF"]
    assert told["verdict"]["beats_keyword"] is True


def test_a_calibrated_model_keeps_its_references(capsys, tmp_path, model):
    around = tmp_path / "around"
    calibrate_model(model, made(60, 5), around)
    again = tmp_path / "again"
    calibrate_model(around, made(60, 6), again)
    assert list(open_references(again)) == ["majority", "keyword rule", "TF-IDF"]
    code, told = run(capsys, again, table(tmp_path / "d.csv", made(40, 1), ("0", "1")))
    assert code == 0, told
    assert told["absent"] == {}
    assert told["model"]["name"] == "tfidf_words+temperature+temperature"
    assert told["model"]["trained_on"]["events"] == ["2011_a"]


def test_scores_do_not_stand_alone():
    with pytest.raises(DataError, match="what the split is; the shares"):
        score_text({"rows": {}})
    one = {"value": 0.9, "low": 0.8, "high": 0.95, "note": ""}
    row = {"scores": dict.fromkeys(("accuracy", "macro_f1", "auc", "ece", "brier"), one)}
    whole = {"split": "x", "shares": {"a": 1.0}, "rows": {"majority": row, "keyword rule": row}}
    check_honest(whole)
    with pytest.raises(DataError, match="a row 'majority'"):
        check_honest({**whole, "rows": {"keyword rule": row}})
    with pytest.raises(DataError, match="a row 'keyword rule'"):
        check_honest({**whole, "rows": {"majority": row}})
    check_honest({**whole, "rows": {"majority": row}}, absent={"keyword rule": "no such"})
    bare = {"scores": {**row["scores"], "auc": {**one, "low": None}}}
    with pytest.raises(DataError, match="an interval of auc of 'majority'"):
        check_honest({**whole, "rows": {"majority": bare, "keyword rule": row}})


def test_the_page_is_inert_and_hides_texts_unless_told(capsys, tmp_path, model):
    hostile = "<script>alert(1)</script> flood & 'rain'"
    lines = "".join(f"{hostile} {i} {chr(97 + i)},0,<b>e{i % 2}</b>\n" for i in range(12))
    data = tmp_path / "d.csv"
    data.write_text("text,label,event\n" + lines + "great concert tonight,1,x\n")
    page = tmp_path / "errors.html"
    code, _ = run(capsys, model, data, "--html", str(page))
    assert code == 0
    text = page.read_text()
    assert "alert(1)" not in text
    assert "Texts are not shown" in text
    assert "<b>" not in text
    assert "&lt;b&gt;e1" in text
    assert "Content-Security-Policy" in text
    assert not re.search(r"(src|href)=", text)
    code, _ = run(capsys, model, data, "--html", str(page))
    assert code == 6
    code, _ = run(capsys, model, data, "--html", str(page), "--overwrite", "--show-texts")
    assert code == 0
    text = page.read_text()
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text
