"""A classifier that reads numbers beside the words: it uses them, and does no harm without."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.posts.classify.made_up import table

from inundate.cli.app import main
from inundate.core.errors import ConfigError, DataError, RunError
from inundate.core.seeds import make_rng
from inundate.posts.classify.logistic import fit_shifts, softmax
from inundate.posts.classify.scaling import Scaling
from inundate.posts.classify.train import Reading, train_classifier
from inundate.posts.classify.zoo import make_classifier, open_classifier
from inundate.posts.evaluate.merge import join_posts
from inundate.posts.labelled.numbers import answers_of, read_numbers, with_numbers
from inundate.posts.labelled.table import open_labelled
from inundate.posts.shift.calibrate import calibrate_model
from inundate.posts.shift.opening import open_for_texts, open_model

pytest.importorskip("sklearn")
COLUMNS = ("depth_m", "rain_mm")


def posts(count=240, seed=0, *, useful=True, known=0.75):
    """Half of the wet posts have no word that tells; the depth tells most of them apart."""
    rng = make_rng(seed, "context posts")
    labels = rng.integers(0, 2, count)
    filler = np.array(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
    words = [
        " ".join([*rng.choice(filler, 6), "flood" if label and rng.random() < 0.5 else "today"])
        for label in labels
    ]
    depth = rng.exponential(0.1, count) + (0.5 * labels if useful else 0.0)
    rain = rng.exponential(3.0, count)
    hidden = rng.random(count) >= known
    depth[hidden], rain[hidden] = np.nan, np.nan
    made = table(words, labels, events=np.array(["a", "b"])[rng.integers(0, 2, count)].tolist())
    return replace(made, numbers={"depth_m": depth, "rain_mm": rain})


def fitted(made, **settings):
    model = make_classifier("context", columns=COLUMNS, **settings)
    model.fit(made, seed=0)
    return model


@pytest.fixture(scope="module")
def model():
    return fitted(posts())


def right(model, made, rows):
    chosen = answers_of(model, made).argmax(axis=1)
    return float((chosen == made.labels)[rows].mean())


def test_numbers_help_where_they_tell_something(model):
    made = posts(seed=1)
    inside = np.isfinite(made.numbers["depth_m"])
    assert right(model, made, inside) > right(model.words, made, inside) + 0.1
    slopes = model.training["details"]["slopes"]
    assert slopes["depth_m"][1] > 3 * abs(slopes["rain_mm"][1])


def test_posts_without_context_get_the_answer_of_the_words(model):
    made = posts(seed=2)
    outside = np.isnan(made.numbers["depth_m"])
    assert 30 < outside.sum() < 100
    said, words = answers_of(model, made), model.words.probabilities(made.texts)
    assert np.array_equal(said[outside], words[outside])
    assert not np.allclose(said[~outside], words[~outside])
    nothing = {name: np.full(len(made), np.nan) for name in COLUMNS}
    assert np.array_equal(model.probabilities(made.texts, nothing), words)


def test_a_post_is_answered_alike_whatever_stands_beside_it(model):
    made = posts(seed=3)
    whole = answers_of(model, made)
    assert np.allclose(answers_of(model, made.take(np.arange(7))), whole[:7])
    assert np.allclose(whole.sum(axis=1), 1.0)


@pytest.mark.parametrize("by", ["copy", "event"])
def test_numbers_that_tell_nothing_move_nothing(by):
    model = fitted(posts(400, useful=False), by=by)
    details = model.training["details"]
    assert not details["used"]
    assert details["held_out_gain"]["nats"] < 2 * details["held_out_gain"]["standard_error"]
    made = posts(400, seed=4, useful=False)
    assert np.array_equal(answers_of(model, made), model.words.probabilities(made.texts))
    assert fitted(posts(400), by=by).training["details"]["used"]


def test_shifts_are_those_that_made_the_labels():
    rng = make_rng(3, "shifts")
    features, logits = rng.standard_normal((4000, 2)), rng.standard_normal((4000, 3))
    true = np.array([[1.0, -1.0, 0.0], [0.0, 0.0, 0.0]])
    shares = softmax(logits + features @ true)
    labels = (rng.random(4000)[:, None] > shares.cumsum(axis=1)).sum(axis=1)
    found = fit_shifts(features, labels, logits, inverse_penalty=1.0, what="a test")
    assert found == pytest.approx(true, abs=0.12)
    assert found.sum(axis=1) == pytest.approx([0, 0], abs=1e-3)
    with pytest.raises(DataError, match="all 4000 posts are of one class"):
        fit_shifts(features, np.zeros(4000, np.int64), logits, inverse_penalty=1.0, what="a test")


def test_one_column_alone_may_be_missing(model):
    made = posts(seed=5)
    numbers = {**made.numbers, "rain_mm": np.full(len(made), np.nan)}
    without_rain = answers_of(model, replace(made, numbers=numbers))
    inside = np.isfinite(made.numbers["depth_m"])
    agree = (without_rain.argmax(axis=1) == answers_of(model, made).argmax(axis=1))[inside]
    assert agree.mean() > 0.95
    half = posts()
    hidden = np.where(np.arange(len(half)) % 2, half.numbers["rain_mm"], np.nan)
    marked = fitted(replace(half, numbers={**half.numbers, "rain_mm": hidden}))
    assert list(marked.training["details"]["slopes"]) == ["depth_m", "rain_mm", "no rain_mm"]


def test_values_beyond_what_was_seen_count_as_the_greatest(model):
    seen = model.training["details"]["columns"]["depth_m"]
    numbers = {"depth_m": np.array([seen["high"], 1e6]), "rain_mm": np.array([1.0, 1.0])}
    first, second = model.probabilities(["two words"] * 2, numbers)
    assert np.array_equal(first, second)
    assert (seen["unit"], seen["marked"]) == ("m", False)


def test_several_classes():
    made = posts(300)
    labels = np.where((made.labels == 1) & (np.arange(300) % 2 == 0), 2, made.labels)
    made = replace(made, labels=labels, classes=("a", "b", "c"))
    found = answers_of(fitted(made), made)
    assert found.shape == (300, 3)
    assert np.allclose(found.sum(axis=1), 1.0)


def test_context_alone_is_the_majority_with_numbers():
    made = posts(seed=6, known=1.0)
    assert right(fitted(posts(known=1.0), base="majority"), made, slice(None)) > 0.85


def test_it_is_saved_and_opened_as_it_was(model, tmp_path):
    model.save(tmp_path / "model")
    again = open_classifier(tmp_path / "model")
    made = posts(seed=7)
    assert again.columns == COLUMNS
    assert np.array_equal(answers_of(again, made), answers_of(model, made))
    told = json.loads((tmp_path / "model" / "model.json").read_text())
    assert set(told["facts"]["scaling"]) == set(COLUMNS)
    assert told["facts"]["scaling"]["rain_mm"]["unit"] == "mm"


def test_a_temperature_around_it_hands_the_numbers_on(model, tmp_path):
    model.save(tmp_path / "model")
    calibrate_model(tmp_path / "model", posts(seed=8), tmp_path / "calm")
    calm = open_model(tmp_path / "calm")
    made = posts(seed=9)
    assert calm.columns == COLUMNS
    same = answers_of(calm, made).argmax(axis=1) == answers_of(model, made).argmax(axis=1)
    assert same.all()


def test_the_command_calibrates_with_context(model, tmp_path, capsys):
    model.save(tmp_path / "model")
    data, beside = written(tmp_path, posts(seed=12), "more")
    call = ["posts", "calibrate", str(tmp_path / "model"), "--data", str(data)]
    assert main([*call, "-o", str(tmp_path / "no")]) != 0
    assert "no column depth_m, rain_mm" in capsys.readouterr().err
    assert main([*call, "--context", str(beside), "-o", str(tmp_path / "calm")]) == 0
    assert open_model(tmp_path / "calm").columns == COLUMNS


@pytest.mark.parametrize("what", ["serving", "labelling"])
def test_where_posts_come_with_words_alone_it_is_refused(model, tmp_path, what):
    model.save(tmp_path / "model")
    with pytest.raises(ConfigError, match=f"{what} by .*context reads depth_m, rain_mm beside"):
        open_for_texts(tmp_path / "model", what=what)
    model.words.save(tmp_path / "words")
    assert open_for_texts(tmp_path / "words", what=what).name == "tfidf_words"


def test_numbers_are_demanded(model):
    made = posts(seed=10)
    with pytest.raises(RunError, match="reads depth_m, rain_mm beside the texts"):
        model.probabilities(made.texts)
    bare = replace(made, numbers={"depth_m": made.numbers["depth_m"]})
    with pytest.raises(DataError, match="no rain_mm, which it reads"):
        answers_of(model, bare)
    with pytest.raises(DataError, match="no rain_mm, which it reads"):
        fitted(bare)
    with pytest.raises(DataError, match="0 of 240 training posts have any"):
        fitted(posts(known=0.0))
    with pytest.raises(DataError, match="learning from rain_mm: no training post has a value"):
        Scaling.fit(np.array([[0.1, np.nan], [0.2, np.nan]]), COLUMNS)


def test_taking_and_joining_keeps_numbers_beside_their_posts():
    made = posts(20)
    some = made.take([3, 1])
    assert np.array_equal(some.numbers["rain_mm"], made.numbers["rain_mm"][[3, 1]], equal_nan=True)
    both = join_posts([made, some])
    assert len(both.numbers["depth_m"]) == 22
    with pytest.raises(DataError, match="other numbers"):
        join_posts([made, replace(some, numbers={})])


def test_numbers_are_read_by_post(tmp_path):
    data, beside = tmp_path / "judged.csv", tmp_path / "context.csv"
    data.write_text("post,text,label\np1,the mill is wet,yes\np2,all is well here,no\np3,a b,no\n")
    beside.write_text("post,inside,depth_m\np2,true,0.5\np1,false,\nother,true,9\n")
    made = open_labelled(data)
    found = with_numbers(made, read_numbers([beside], ("depth_m", "inside")))
    assert found.numbers["depth_m"].tolist() == pytest.approx([np.nan, 0.5, np.nan], nan_ok=True)
    assert found.numbers["inside"].tolist() == pytest.approx([0, 1, np.nan], nan_ok=True)
    # a table of its own without a column of posts
    one = tmp_path / "one.csv"
    one.write_text("text,label,depth_m\nthe mill is wet,yes,1.5\nall is well here,no,\n")
    own = with_numbers(open_labelled(one, label="label", text="text"),
                       read_numbers([one], ("depth_m",)))  # fmt: skip
    assert own.numbers["depth_m"].tolist() == pytest.approx([1.5, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("post,depth\np1,1\n", "no column depth_m, which the model reads; did you mean 'depth'"),
        ("post,depth_m\np1,deep\n", "line 2: depth_m is 'deep', expected a number"),
        ("post,depth_m\np1,inf\n", "depth_m is 'inf'"),
        ("post,depth_m\np1,1\np1,2\n", "post p1 stands there twice"),
        ("post,depth_m\nq,1\n", "none of 1 posts is in"),
    ],
)
def test_tables_that_do_not_do_are_refused(tmp_path, text, says):
    beside = tmp_path / "context.csv"
    beside.write_text(text)
    made = replace(table(["a"], [0]), ids=("p1",))
    with pytest.raises(DataError, match=says):
        with_numbers(made, read_numbers([beside], ("depth_m",)))


def written(folder, made, name):
    """Write posts and their numbers into two tables."""
    data, beside = folder / f"{name}.csv", folder / f"{name}-context.csv"
    rows = zip(made.ids, made.texts, made.labels, made.events, strict=True)
    data.write_text(
        "id,text,label,event\n" + "".join(f"{a},{b},{made.classes[c]},{d}\n" for a, b, c, d in rows)
    )
    cells = zip(made.ids, made.numbers["depth_m"], made.numbers["rain_mm"], strict=True)
    told = (f"{a},{'' if np.isnan(b) else b},{'' if np.isnan(c) else c}\n" for a, b, c in cells)
    beside.write_text("post,depth_m,rain_mm\n" + "".join(told))
    return data, beside


def test_commands_train_and_evaluate(tmp_path, capsys):
    data, beside = written(tmp_path, posts(), "train")
    other, beside_other = written(tmp_path, posts(seed=11), "other")
    out = tmp_path / "model"
    call = ["posts", "train", "context", "--data", str(data), "-o", str(out), "--columns", *COLUMNS]
    assert main(call) != 0
    err = capsys.readouterr().err
    assert "no column depth_m, rain_mm" in err
    assert "inundate fuse context" in err
    assert main([*call, "--context", str(beside)]) == 0
    told = capsys.readouterr().out
    assert "words alone" in told
    assert "context  depth_m (m), rain_mm (mm) of " in told
    call = ["posts", "evaluate", "--model", str(out), "--data", str(other), "--draws", "60"]
    assert main([*call, "--context", str(beside_other), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["context"]["posts"] == 240
    assert found["context"]["used"]
    assert 150 < found["context"]["with_context"] < 210
    assert found["paired"]["words alone"]["macro_f1"]["low"] > 0
    assert {one["subset"] for one in found["subsets"]} >= {"with context", "without context"}
    assert main([*call, "--context", str(beside_other)]) == 0
    assert "judged posts have some (depth_m" in capsys.readouterr().out
    assert main(call) != 0
    assert "which the model reads" in capsys.readouterr().err


def test_commands_tell_that_numbers_are_not_used(tmp_path, capsys):
    data, beside = written(tmp_path, posts(useful=False), "train")
    out = tmp_path / "model"
    call = ["--data", str(data), "--context", str(beside)]
    train = ["posts", "train", "context", *call, "-o", str(out), "--columns", *COLUMNS]
    assert main(train) == 0
    assert "NOT used; answers are those of the words alone" in capsys.readouterr().out
    assert main(["posts", "evaluate", "--model", str(out), *call, "--draws", "20"]) == 0
    assert "context is NOT used" in capsys.readouterr().out


def test_context_for_a_model_of_words_is_refused(tmp_path):
    data, beside = written(tmp_path, posts(60), "train")
    with pytest.raises(ConfigError, match="keyword: it reads texts alone"):
        train_classifier("keyword", [data], tmp_path / "m", reading=Reading(context=(beside,)))
