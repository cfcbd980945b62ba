"""The benchmark of classifiers: nothing leaks, nothing is made twice, no score stands alone."""

import csv
import json

import numpy as np
import pytest

from inundate.cli.app import main
from inundate.cli.results import results_page
from inundate.cli.text_bench import run as text_run
from inundate.cli.text_bench.answering import limit_for_accuracy, limit_for_share
from inundate.cli.text_bench.entrants import choose_entrants, modules_of
from inundate.cli.text_bench.problems import Sources
from inundate.cli.text_bench.questions import QUESTIONS
from inundate.cli.text_bench.run import run_text
from inundate.core.errors import ConfigError, DataError
from inundate.posts.classify import configs
from inundate.posts.classify.zoo import make_classifier
from inundate.posts.shift.taught_settings import TaughtSettings

pytest.importorskip("sklearn")
EVENTS = ("2012_Costa_Earthquake", "2013_Alberta_Floods", "2013_Colorado_Floods", "2012_Ohio_Storm")
TYPES = ("Affected individuals", "Caution and advice", "Sympathy and support")
NOUNS = [
    "river",
    "bridge",
    "mill",
    "road",
    "cellar",
    "street",
    "house",
    "field",
    "car",
    "boat",
    "tree",
    "shop",
]
VERBS = ["is", "was", "stands", "lies", "looks", "stays"]
WET = ["flooded", "wet", "under-water", "soaked", "washed-away"]
DRY = ["lovely", "empty", "quiet", "painted", "for-sale"]


def sentence(rng, words):
    picked = " ".join(rng.choice(NOUNS, 4))
    return f"the {picked} {rng.choice(VERBS)} {rng.choice(words)} {rng.integers(1000)}"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shared")
    rng = np.random.default_rng(0)
    for event in EVENTS:
        t6 = folder / "text" / "CrisisLexT6" / event
        t26 = folder / "text" / "CrisisLexT26" / event
        t6.mkdir(parents=True)
        t26.mkdir(parents=True)
        with (t6 / f"{event}-ontopic_offtopic.csv").open("w", newline="") as stream:
            table = csv.writer(stream)
            table.writerow(["tweet id", " tweet", " label"])
            for number in range(60):
                about = number % 2 == 0
                text = sentence(rng, WET if about else DRY)
                table.writerow([f"'{number}'", text, "on-topic" if about else "off-topic"])
                if number % 10 == 0:
                    table.writerow([f"'9{number}'", f"RT @someone: {text}",
                                    "on-topic" if about else "off-topic"])  # fmt: skip
        with (t26 / f"{event}-tweets_labeled.csv").open("w", newline="") as stream:
            table = csv.writer(stream)
            table.writerow(["Tweet ID", " Tweet Text", " Information Source", " Information Type",
                            " Informativeness"])  # fmt: skip
            for number in range(45):
                about = number % 3 > 0
                text = f"we are told that {sentence(rng, WET if about else DRY)}"
                table.writerow([
                    number, text, "Media", TYPES[number // 15],
                    "Related and informative" if about else "Not related",
                ])  # fmt: skip
    return folder


def test_every_part_keeps_what_it_asks_about_from_what_it_teaches(data):
    sources = Sources(data)
    for part in set(QUESTIONS) - {"type", "type-floods", "languages"}:
        for unit in QUESTIONS[part].make(sources):
            for problem in unit.problems:
                train, valid, test = (problem.part(n) for n in ("train", "valid", "test"))
                assert not set(test.texts) & {*train.texts, *valid.texts}
                assert not set(train.texts) & set(valid.texts)
                assert min(map(len, (train, valid, test))) > 0
    assert sources.reports["T6"]["merged"] == 24


def test_an_event_is_left_out_with_both_its_tables(data):
    (unit,) = QUESTIONS["alberta"].make(Sources(data))
    (problem,) = unit.problems
    assert {name.split(":")[0] for name in problem.part("test").ids} == {"CrisisLexT6"}
    assert "2013_alberta_floods" not in problem.part("train").events
    assert "2013_alberta_floods" not in problem.part("valid").events
    assert "2013_colorado_floods" in problem.part("train").events
    (even,) = QUESTIONS["balanced"].make(Sources(data))
    assert set(even.problems[0].posts.counts().values()) == {30}
    (folds,) = QUESTIONS["no-keyword"].make(Sources(data))
    kept = [
        text
        for problem, mask in zip(folds.problems, folds.masks(), strict=True)
        for text, keep in zip(problem.part("test").texts, mask, strict=True)
        if keep
    ]
    assert len(set(kept)) == len(kept) > 30
    assert not any("flood" in text for text in kept)
    (own,) = QUESTIONS["alberta-own"].make(Sources(data))
    assert [one.digest for one in own.problems] == [one.digest for one in folds.problems]
    tested = [name for one in own.problems for name in one.part("test").ids]
    assert len(tested) == len(set(tested)) == len(own.problems[0].posts)
    assert len(own.labels()) == len(tested) > len(kept)


def test_a_part_is_made_once_and_shown_with_its_references(data, tmp_path, capsys):
    flags = ["--data", str(data), "--work", str(tmp_path / "work"), "--draws", "30",
             "-o", str(tmp_path / "out"), "--models", "lexicon", "--json"]  # fmt: skip
    assert main(["benchmark", "text", "--part", "alberta", *flags]) == 0
    out = capsys.readouterr()
    first = json.loads(out.out)
    assert "alberta, 2013_alberta_floods: lexicon, seed 0" in out.err
    rows = first["tables"][0]["rows"]
    assert [row[0] for row in rows] == ["majority", "keyword rule", "TF-IDF", "lexicon"]
    assert "[" in rows[2][2]
    figures = {row["id"]: row for row in first["figures"]}
    assert figures["alberta-macro_f1"]["baseline"]["name"] == "keyword rule"
    assert "chosen on validation" in figures["alberta-macro_f1"]["note"]
    assert figures["alberta-above-keyword"]["goal"] == "> 0"
    assert not (tmp_path / "out").exists()
    assert main(["benchmark", "text", "--part", "alberta", *flags]) == 0
    out = capsys.readouterr()
    assert "seed 0" not in out.err
    again = json.loads(out.out)
    assert again["figures"] == first["figures"]
    assert again["tables"][:-1] == first["tables"][:-1]


def test_the_whole_file_becomes_a_page(data, tmp_path, monkeypatch):
    few = {name: QUESTIONS[name] for name in ("balanced", "informativeness", "labels")}
    monkeypatch.setattr(text_run, "QUESTIONS", few)
    monkeypatch.setattr(text_run, "MEASURED", {})
    found = run_text(data, tmp_path / "out", tmp_path / "work", draws=20, models="tfidf_words")
    page = results_page(tmp_path / "out")
    assert "## Text" in page
    assert "balanced-lstm-accuracy" in page
    assert "keyword rule" in page
    assert found["seeds"]["balanced"]["2013_alberta_floods"]["TF-IDF"]["accuracy"]
    by_event = next(t for t in found["tables"] if "one by one" in t["title"])
    assert by_event["columns"] == ["classifier", "2013_alberta_floods", "2013_colorado_floods"]
    assert all("[" in cell for row in by_event["rows"] for cell in row[1:])
    stored = json.loads((tmp_path / "out" / "text.json").read_text())
    assert stored["merged"]["T6"]["merged"] == 24


def test_what_cannot_run_is_told_and_what_is_unknown_refused(data, tmp_path):
    found = run_text(
        data, tmp_path / "out", tmp_path / "work", only="balanced", draws=20,
        models=f"lexicon@{tmp_path / 'nothing.txt'}",
    )  # fmt: skip
    assert "could not run" in found["tables"][0]["note"]
    for models, wanted in (
        ("bilstmm", "did you mean 'bilstm'"),
        ("majority@x", "no other source"),
        ("keyword+cold", "expected one of +calibrated, +events"),
    ):
        with pytest.raises(ConfigError) as error:
            chosen, _ = choose_entrants(models)
            chosen[-1].make(data)
        assert wanted in f"{error.value} {error.value.hint}"
    with pytest.raises(ConfigError, match="'albert' is not known"):
        run_text(data, tmp_path, tmp_path, only="albert")
    with pytest.raises(DataError, match="no folder"):
        run_text(tmp_path, tmp_path, tmp_path, only="alberta", models="majority")


def test_a_temperature_is_fitted_on_events_left_out(data, tmp_path):
    found = run_text(
        data, tmp_path / "out", tmp_path / "work", only="alberta-t6", draws=20,
        models="tfidf_words+events,tfidf_words+calibrated",
    )  # fmt: skip
    rows = {row[0]: row for row in found["tables"][0]["rows"]}
    assert rows["tfidf_words+events"][3] == rows["TF-IDF"][3], "the order of posts stays"
    assert rows["tfidf_words+events"][5] != rows["TF-IDF"][5]
    assert rows["tfidf_words+calibrated"][5] != rows["tfidf_words+events"][5]
    assert rows["tfidf_words+calibrated"][3] == rows["TF-IDF"][3]
    kept = run_text(
        data, tmp_path / "out", tmp_path / "work", only="alberta-t6", draws=20, kept=True,
        models="tfidf_words+calibrated,tfidf_words+taught",
    )  # fmt: skip
    again = {row[0]: row for row in kept["tables"][0]["rows"]}
    assert again["tfidf_words+calibrated"] == rows["tfidf_words+calibrated"]
    assert "tfidf_words+taught" not in again


def test_a_model_is_taught_by_the_event_tested_or_says_why_not(data, tmp_path, monkeypatch):
    call = dict(only="alberta-t6", draws=20, models="tfidf_words+taught")
    found = run_text(data, tmp_path / "out", tmp_path / "work", **call)
    assert "different posts, expected 2000 or more" in found["tables"][0]["note"]
    monkeypatch.setattr(TaughtSettings.model_fields["at_least"], "default", 20)
    TaughtSettings.model_rebuild(force=True)
    try:
        found = run_text(data, tmp_path / "out", tmp_path / "work", **call)
    finally:
        monkeypatch.undo()
        TaughtSettings.model_rebuild(force=True)
    rows = {row[0]: row for row in found["tables"][0]["rows"]}
    assert rows["tfidf_words+taught"][5] != rows["TF-IDF"][5], "another model answers"


def test_serving_is_timed_once(data, tmp_path, monkeypatch):
    asked = []

    def timed(models, texts):
        asked.append((sorted(models), len(set(texts)) == len(texts)))
        keys = ("parse_us", "classify_us", "latency_p50_ms", "latency_p99_ms")
        return {name: {"posts_per_s": 2e4, **dict.fromkeys(keys, 1.0)} for name in models}

    monkeypatch.setattr("inundate.cli.text_bench.serving.measure_serving", timed)
    for _ in range(2):
        found = run_text(
            data, tmp_path / "out", tmp_path / "work", only="serving",
            models=f"tfidf_words,bert_frozen@{tmp_path / 'none'}",
        )  # fmt: skip
    assert asked == [(["tfidf_words"], True)]
    rows = {row["id"]: row for row in found["figures"]}
    assert rows["serving-tfidf_words-rate"]["met"] is True
    failed = next(row for name, row in rows.items() if "bert_frozen" in name)
    assert (failed["value"], failed["met"]) == (None, False)
    assert failed["note"]


def test_vectors_become_figures(tmp_path, monkeypatch):
    way = {"cpu_s": 1.0, "wall_ms": 9.0, "grown_mb": 3.0}
    apart = {"mean": 0.1, "half_width": 0.2, "as_good": True}
    method = {"words": 10, "epochs": 2, "speed_ratio": 1.5, "difference": {"like_glove": apart}}
    found = {
        "files": {
            "file": "3 words",
            "cached": way,
            "parse": way,
            "ratios": {"open_wall_dict": 7.0},
        },
        "training": {"made up": {"cbow": method}},
    }
    monkeypatch.setattr("inundate.cli.text_bench.embeddings.measure_embeddings",
                        lambda *_, **__: found)  # fmt: skip
    told = run_text(tmp_path, tmp_path, tmp_path, only="vectors", models="majority")
    rows = {row["id"]: row for row in told["figures"]}
    assert rows["vectors-open"]["met"] is True
    assert rows["vectors-made-up-cbow-speed"]["value"] == 1.5
    assert rows["vectors-made-up-cbow-like-glove"]["low"] == pytest.approx(-0.1)


def test_a_stack_depends_on_its_members():
    found = modules_of(choose_entrants("stack")[0][-1].make(None))
    assert {"inundate.posts.classify.stack", "inundate.posts.classify.tfidf"} <= set(found)


def test_a_vote_of_kept_answers_is_the_vote(data, tmp_path, monkeypatch):
    file = tmp_path / "vote_quick.toml"
    file.write_text('[model]\nmodel = "vote"\nmembers = ["tfidf_words", "tfidf_characters"]\n')
    shipped = configs.shipped_configs()
    monkeypatch.setattr(configs, "shipped_configs", lambda: {**shipped, "vote_quick": file})
    found = run_text(
        data,
        tmp_path / "out",
        tmp_path / "work",
        only="balanced",
        draws=20,
        models="vote_quick",
        seeds=1,
    )
    assert "vote_quick" in {row[0] for row in found["tables"][0]["rows"]}
    (unit,) = QUESTIONS["balanced"].make(Sources(data))
    problem = unit.problems[0]
    model = make_classifier(file)
    model.fit(problem.part("train"), problem.part("valid"), seed=0)
    (kept,) = (tmp_path / "work" / "text" / "trials").glob("*vote_quick*.npz")
    with np.load(kept) as stored:
        expected = model.probabilities(problem.part("test").texts)
        assert np.allclose(stored["test"], expected, atol=1e-5)


def test_limits_come_from_validation_posts_alone():
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.5, 1.0, 2000)
    shares = np.stack([1 - sure, sure], axis=1)
    labels = (rng.random(2000) < np.where(sure > 0.7, 1.0, 0.6)).astype(int)
    limit = limit_for_share(shares, labels)
    assert 0.8 < (sure >= limit).mean() < 0.83
    assert limit_for_share(shares, 1 - labels) == limit, "labels are not looked at"
    least = limit_for_accuracy(shares, labels)
    assert labels[sure >= least].mean() >= 0.98
    assert least < 0.7
    assert limit_for_accuracy(shares, 1 - labels) == float("inf")


def test_what_is_kept_is_told_without_training(data, tmp_path, monkeypatch):
    few = {name: QUESTIONS[name] for name in ("balanced", "labels", "alberta")}
    monkeypatch.setattr(text_run, "QUESTIONS", few)
    sizes = {"draws": 20, "models": "tfidf_words,tfidf_characters"}
    for part, models in (("balanced", "tfidf_words"), ("alberta", sizes["models"])):
        run_text(data, tmp_path, tmp_path / "work", only=part, draws=20, models=models)
    trials = sorted((tmp_path / "work" / "text" / "trials").iterdir())
    found = run_text(data, tmp_path, tmp_path / "work", kept=True, **sizes)
    assert sorted((tmp_path / "work" / "text" / "trials").iterdir()) == trials
    assert found["absent"] == ["labels", "serving", "vectors"]
    assert "labels, serving, vectors" in found["reading"]
    assert found["command"].endswith("--kept")
    balanced, alberta = (table for table in found["tables"] if "cost" not in table["title"])
    assert "`tfidf_characters` could not run: not trained yet" in balanced["note"]
    assert "tfidf_characters" in [row[0] for row in alberta["rows"]]
    assert (tmp_path / "text.json").is_file()


def test_flags_of_another_benchmark_are_refused(capsys):
    assert main(["benchmark", "text", "--workers", "2"]) == 2
    assert main(["benchmark", "privacy", "--models", "lstm"]) == 2
    assert "--models belongs to another benchmark" in capsys.readouterr().err


def test_one_part_is_renewed_in_the_file_that_is_there(data, tmp_path, monkeypatch):
    few = {name: QUESTIONS[name] for name in ("balanced", "balanced-both", "labels")}
    monkeypatch.setattr(text_run, "QUESTIONS", few)
    monkeypatch.setattr(text_run, "MEASURED", {})
    out, work = tmp_path / "out", tmp_path / "work"
    with pytest.raises(DataError, match=r"text\.json.*expected a result to renew"):
        run_text(data, out, work, only="balanced", renew=True)
    with pytest.raises(ConfigError, match="--renew without --only"):
        run_text(data, out, work, renew=True)
    before = run_text(data, out, work, draws=20, models="tfidf_words")
    run_text(data, out, work, draws=20, models="lexicon", only="balanced-both", renew=True)
    after = json.loads((out / "text.json").read_text())
    titles = [table["title"] for table in before["tables"]]
    assert [table["title"] for table in after["tables"]] == titles
    for old, new in zip(before["tables"], after["tables"], strict=True):
        is_new = old["title"] == QUESTIONS["balanced-both"].title
        assert ("lexicon" in [row[0] for row in new["rows"]]) == is_new
        assert is_new or new == old
    assert [row["id"] for row in after["figures"]] == [row["id"] for row in before["figures"]]
    assert after["commit"] == before["commit"]
    assert set(after["renewed"]) == {"balanced-both"}
    assert "lexicon" in after["seeds"]["balanced-both"]["floods"]
    page = results_page(out)
    assert "The part `balanced-both` was made later: by `inundate benchmark text" in page
    assert "--only balanced-both --renew" in page


def test_nothing_measured_renews_nothing(data, tmp_path, monkeypatch):
    few = {"balanced": QUESTIONS["balanced"]}
    monkeypatch.setattr(text_run, "QUESTIONS", few)
    monkeypatch.setattr(text_run, "MEASURED", {})
    out = tmp_path / "out"
    run_text(data, out, tmp_path / "work", draws=20, models="tfidf_words")
    stored = (out / "text.json").read_text()
    with pytest.raises(DataError, match="nothing was measured"):
        run_text(
            data, out, tmp_path / "none", only="balanced", draws=20, models="tfidf_words",
            kept=True, renew=True,
        )  # fmt: skip
    assert (out / "text.json").read_text() == stored
