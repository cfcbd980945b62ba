"""The benchmark of the emulators: its small version, what it keeps, and what it says is missing."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from inundate.cli.app import main
from inundate.cli.emulator_bench import (
    book,
    clock,
    learns,
    marks,
    scoring,
    speed,
    volume,
    zoo,
    zoo_train,
)
from inundate.cli.emulator_bench.context import Context
from inundate.cli.emulator_bench.entrants import Entrant, main_models
from inundate.cli.emulator_bench.figures import figure, is_met
from inundate.cli.emulator_bench.ledger import Ledger, Scored
from inundate.cli.emulator_bench.registry import MAKERS
from inundate.cli.emulator_bench.run import QUICK, run_emulator, sized
from inundate.cli.emulator_bench.sheet import Sheet
from inundate.cli.emulator_bench.worlds import less_data, scored_data, zoo_data
from inundate.cli.results import results_page
from inundate.core.errors import ConfigError, DataError, MissingExtraError
from inundate.emulate.configs import shipped_configs
from inundate.emulate.evaluate import predict_sample
from inundate.emulate.hybrid import hybrid_arrays, pour_state
from inundate.emulate.prepared import prepare_sample
from inundate.emulate.settings import EmulatorSettings, ModeESettings
from inundate.emulate.train import load_emulator, train_emulator
from inundate.emulate.zoo import STATIC_CHANNELS
from inundate.hydro.settings import SimulateSettings
from inundate.learn.settings import TrainSettings, WatchSettings
from inundate.score.aggregate import State
from inundate.score.entry import Entry
from inundate.score.table import ScoreBook

CNN = """
[model]
model = "temporal_cnn"
width = 8
levels = 2
crop_cells = 32
frames = 3
rain_width = 4

[train]
batch_size = 4
"""
MODE_H = EmulatorSettings(
    model="mode_h", width=8, levels=2, crop_cells=32, frames=3, factors=(4, 2)
)


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    configs = tmp_path_factory.mktemp("configs")
    (configs / "temporal_cnn.toml").write_text(CNN, "utf-8")
    return replace(
        QUICK,
        shipped=False,
        configs=configs,
        zoo_steps=6,
        seeds=2,
        side_cells=32,
        draws=100,
    )


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("bench")


@pytest.fixture
def context(work, options):
    """What is made lies in the work folder, what is shared by makers does not outlive a test."""
    return Context(work / "no-data", work, True, options)


@pytest.fixture(scope="module")
def trained(work, options):
    """A run of Mode H after a few steps; alarms of what hardly learnt do not matter here."""
    data = zoo_data(Context(work / "no-data", work, True, options)).path
    train_emulator(
        data, work / "mine", settings=MODE_H,
        training=TrainSettings(epochs=0, max_steps=6, batch_size=4, threads=1, device="cpu"),
        watching=WatchSettings(every_steps=100, stop=False), progress=False,
    )  # fmt: skip
    return work / "mine"


@pytest.fixture
def with_run(context, options, trained):
    context.options = replace(options, runs=(str(trained),))
    return context


@pytest.fixture(scope="module")
def whole(work, options, trained):
    """The whole small version but for speed, as it is written."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(MAKERS):
            if name.startswith("speed-steep") or name == "speed-flat-urban-5m":
                patch.delitem(MAKERS, name)
        return run_emulator(
            work / "no-data", work / "results", work, quick=True,
            options=replace(options, runs=(str(trained),)),
        )  # fmt: skip


def rows_of(found):
    return {row["id"]: row for row in found["figures"]}


def test_every_question_has_its_figures(whole, work):
    rows = rows_of(whole)
    assert json.loads((work / "results" / "emulator-quick.json").read_text("utf-8")) == whole
    wanted = {
        "1-flat-urban-csi_0.05", "1-steep-nse", "1-flat-rmse_wet", "1-below-hybrid-mine_x4",
        "1-below-hybrid-mine_x2", "2-all-peak_depth_error", "2-all-peak_depth_bias",
        "2-all-peak_time_error", "3-temporal_cnn-over-climatology",
        "3-temporal_cnn_less-over-all_dry", "4-closure-pour-hybrid_x2", "4-closure-mode-e",
        "4-volume-change-mine_x4", "4-probes-failed-mine", "6-series-flat-urban-2m",
        "6-peak-flat-urban-2m", "seen-flat-urban-csi_0.05-over-line",
    }  # fmt: skip
    assert wanted <= set(rows)
    keys = {"id", "group", "value", "low", "high", "unit", "goal", "met", "baseline", "split",
            "note"}  # fmt: skip
    assert all(keys <= set(row) for row in rows.values())
    towns = rows["1-flat-urban-csi_0.05"]
    assert towns["goal"] == ">= 0.86"
    assert towns["low"] <= towns["value"] <= towns["high"]  # three towns
    assert towns["baseline"]["name"] == "hybrid_x4"
    assert towns["worst_terrain"].startswith("test-")
    assert "3 terrains, 3 samples" in towns["split"]
    assert rows["4-closure-pour-hybrid_x4"]["met"]
    assert "3 of 3 probes passed" in rows["4-probes-failed-mine"]["note"]
    assert rows["2-all-peak_time_error"]["goal"] == "<= 10"
    assert whole["models"]["mine"]["commit"]
    assert whole["data"]["scored"]["samples"] == {"valid": 2, "test": 5}


def test_page_tells_failures_first_and_every_baseline(whole, work):
    shown = work / "shown"
    shown.mkdir()
    (shown / "emulator.json").write_text(json.dumps({**whole, "quick": False}), "utf-8")
    page = results_page(shown)
    assert "goals are NOT met:**" in page
    assert page.index("goals are NOT met") < page.index("### 1 Depth and extent")
    assert "95 % bootstrap interval over terrain blocks" in page
    assert "### The zoo beside all baselines" in page
    assert "### Models and baselines: flat-urban" in page
    for name in ("`hybrid_mean_x4`", "`fill_spill`", "`persistence_30min`", "`temporal_cnn_less`"):
        assert f"| {name} |" in page
    assert "told the true depth 30 min earlier" in page
    assert "Split: test: unseen terrain and storm, 5 terrains, 5 samples" in page


def test_nothing_is_made_twice(whole, with_run, monkeypatch):
    for module, name in ((scoring, "score_block"), (book, "score_block"), (zoo, "train_once"),
                         (speed, "measure"), (volume, "_ask")):  # fmt: skip
        monkeypatch.setattr(module, name, None)
    rows = rows_of(whole)
    for name in ("depth", "never-worse", "temporal-cnn", "volume", "probes", "speed-flat-urban-2m"):
        for row in MAKERS[name](with_run).figures:
            assert row == rows[row["id"]]


def test_scores_are_those_of_a_score_book(whole, with_run, trained):
    samples = scored_data(with_run)
    _, settings, model = load_emulator(trained)
    scores = ScoreBook(reference="mine", baselines=["hybrid"], split={"name": "test"})
    for number in samples.part("test"):
        sample = samples.read(number)
        predicted, hybrid = predict_sample(model, settings, sample)
        row = sample.row
        scores.add(
            row.name, terrain=row.terrain, block=row.block, storm=row.storm, regime=row.regime,
            observed=sample.water_depth, predicted={"mine": predicted, "hybrid": hybrid},
            interval_s=sample.interval_s, valid=sample.valid,
        )  # fmt: skip
    found = scores.summary(draws=100)
    sheet = book.main_sheet(with_run)
    for ours, theirs in (("hybrid_x4", "hybrid"),):
        for metric in ("csi_0.05", "nse", "rmse_wet", "peak_depth_error"):
            expected = found["regimes"]["all"]["scores"][theirs][metric]
            score = sheet.score(ours, metric)
            assert score.value == pytest.approx(expected["value"], rel=1e-4)
            assert (score.low, score.high) == pytest.approx(
                (expected["low"], expected["high"]), rel=1e-4
            )
            assert score.median == pytest.approx(expected["terrain_median"], rel=1e-4)
        worst = found["worst_terrain"][theirs]["csi_0.05"]
        assert sheet.score(ours, "csi_0.05").where == worst["terrain"]


def test_scoring_goes_on_where_it_was_stopped(context, options, work, monkeypatch):
    entrants = [Entrant("all_dry", "baseline", mark="stopped"), Entrant("bathtub", "baseline")]
    numbers = book.test_numbers(scored_data(context))

    def stops(work, jobs, workers):
        yield jobs[0], work(jobs[0])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(book, "each", stops)
        with pytest.raises(KeyboardInterrupt):
            book.score(context, entrants, numbers)
    scored = []

    def listens(work, jobs, workers):
        scored.extend(number for job in jobs for number in job.wanted)
        return ((job, work(job)) for job in jobs)

    monkeypatch.setattr(book, "each", listens)
    sheet = book.score(context, entrants, numbers)
    assert len(scored) == len(numbers) - 1
    assert len(sheet.entries) == len(numbers)
    scored.clear()
    book.score(context, entrants, numbers)
    assert not scored
    changed = [replace(entrants[0], mark="another source"), entrants[1]]
    book.score(context, changed, numbers)
    assert len(scored) == len(numbers)


@pytest.mark.slow
def test_two_processes_give_the_same_scores(work, options, trained, tmp_path):
    found = []
    for workers in (1, 2):
        chosen = replace(options, workers=workers, runs=(str(trained),))
        context = Context(work / "no-data", tmp_path / str(workers), True, chosen)
        sheet = book.main_sheet(context)
        found.append({n: {m: s.to_json() for m, s in e.models.items()}
                      for n, e in sheet.entries.items()})  # fmt: skip
    assert found[0] == found[1]


def scored(sample="a", **facts):
    entry = Entry("t", "b", "s", "flat", "digest", {"m": State.of({"n": 2})})
    return Scored(sample, entry, facts)


def test_ledger_keeps_whole_lines(tmp_path):
    path = tmp_path / "scores.jsonl"
    ledger = Ledger(path)
    ledger.add(scored("a", gate=1.0))
    ledger.add(scored("b"))
    with path.open("a", encoding="utf-8") as stream:
        stream.write('{"sample": "c", "en')
    again = Ledger(path)
    assert list(again.found) == ["a", "b"]
    assert again.found["a"].facts == {"gate": 1.0}
    again.add(scored("c"))
    assert list(Ledger(path).found) == ["a", "b", "c"]
    path.write_text('{"sample": "a"}\n', "utf-8")
    with pytest.raises(DataError, match=r"scores.jsonl, line 1: not a score \(KeyError"):
        Ledger(path)


def sheet_of(hits, draws=50):
    """A sheet of terrains with hits and misses at every threshold, by model."""
    entries = {}
    for terrain, models in hits.items():
        states = {}
        for model, (hit, miss) in models.items():
            sums = {}
            for t in ("0.05", "0.3", "0.5"):
                sums |= {f"extent_frames.{t}.{k}": v for k, v in
                         (("hits", hit), ("misses", miss), ("false_alarms", 0))}  # fmt: skip
            states[model] = State.of(sums)
        entries[terrain] = Entry(terrain, terrain, "s", "flat", "d", states)
    return Sheet(entries, {}, interval_s=600.0, draws=draws)


def test_worst_loss_is_found_and_named(context, monkeypatch):
    from inundate.cli.emulator_bench import depth

    found = sheet_of(
        {
            "test-plain-000": {"mine_x4": (90, 10), "hybrid_x4": (80, 20)},
            "test-plain-001": {"mine_x4": (500, 500), "hybrid_x4": (540, 460)},
            "test-plain-002": {"mine_x4": (0, 0), "hybrid_x4": (0, 0)},
        }
    )
    monkeypatch.setattr(depth, "main_sheet", lambda context: found)
    entrant = Entrant("mine_x4", "emulator", factor=4)
    monkeypatch.setattr(depth, "main_models", lambda c: [SimpleNamespace(entrants=(entrant,))])
    (row,) = depth.never_worse(context).figures
    assert row["value"] == pytest.approx(-0.04)
    assert not row["met"]
    assert row["worst_terrain"] == "test-plain-001"
    assert "1,000 cells and frames; below -0.01 on 3 of 6" in row["note"]


def test_pooled_seeds_and_undefined_terrains():
    found = sheet_of({"a": {"m#0": (8, 2), "m#1": (4, 6)}, "b": {"m#0": (0, 0), "m#1": (0, 0)}})
    found.pooled("m", ["m#0", "m#1"])
    score = found.score("m", "csi_0.3")
    assert (score.value, score.median, score.where) == (0.6, 0.6, "a")
    assert score.terrains == 2
    assert np.isnan(score.low)  # two blocks give no interval
    with pytest.raises(DataError, match="other has no score of a@s"):
        found.score("other", "csi_0.3")


def test_scores_of_other_truths_do_not_mix():
    other = replace(scored(), entry=replace(scored().entry, truth="other", models={}))
    with pytest.raises(DataError, match="all models must be scored|it was"):
        Sheet.of({"m": [scored()], "n": [other]}, interval_s=600.0, draws=10)


def test_lost_water_shows_in_the_closure(context):
    sample = scored_data(context).read(scored_data(context).part("test")[0])
    state = hybrid_arrays(
        sample.elevation, sample.rain_rate, roughness=sample.roughness,
        interval_s=sample.interval_s, cell_size_m=sample.grid.dx, factor=4,
        settings=SimulateSettings(**sample.row.settings),
    )  # fmt: skip
    depth = pour_state(state, sample.elevation)
    assert scoring._pour_error(state, depth, sample) < 1e-7
    depth[-1, 3, 3] += 0.01
    depth[-1, 20, 20] -= 0.01  # another block: it is no good that their sum is right
    rain = sample.row.rain_mm / 1000 * 32 * 32
    assert scoring._pour_error(state, depth, sample) == pytest.approx(0.02 / rain, rel=1e-3)


def test_mode_e_is_asked_for_its_account(context, monkeypatch):
    from inundate.emulate.models.mode_e import ModeE

    sample = scored_data(context).read(scored_data(context).part("test")[0])
    own = ModeESettings(width=8, levels=1, substeps=1, passes=4)
    model = ModeE(STATIC_CHANNELS, own).eval()
    settings = EmulatorSettings(model="mode_e", width=8, levels=1, substeps=1, passes=4)
    run = SimpleNamespace(manifest={})
    monkeypatch.setattr(scoring, "load_emulator", lambda source: (run, settings, model))
    scoring._loaded.cache_clear()
    terrain = prepare_sample(sample).terrain[:-2]
    found = scoring.Table(sample, terrain, {}).score(Entrant("e", "emulator", source="e"))
    scoring._loaded.cache_clear()
    assert 0 <= found.facts["closure"] <= 1e-6


def test_less_data_is_a_part_of_the_same(context):
    before = zoo_data(context).attrs["samples"]
    some, every = less_data(context), zoo_data(context)
    assert {row.split for row in some.rows} == {"train", "valid"}
    assert len(some.part("train")) == 1
    assert some.part("valid")
    name = some.rows[some.part("train")[0]].name
    number = [row.name for row in every.rows].index(name)
    np.testing.assert_array_equal(
        some.read(some.part("train")[0]).water_depth, every.read(number).water_depth
    )
    assert type(every)(every.path).attrs["samples"] == before


def test_absent_extra_is_told_and_not_hidden(context, monkeypatch):
    def lacks(*args, **kwargs):
        raise MissingExtraError("trees need scikit-learn\n  hint: pip install")

    monkeypatch.setattr(zoo_train, "train_emulator", lacks)
    context.options = replace(context.options, zoo_steps=7)
    members = {member.name: member for member in zoo.zoo_members(context)}
    assert members["temporal_cnn"].failure == "trees need scikit-learn"
    rows = [
        learns._skill(context, sheet_of({}), members["temporal_cnn"], rival)
        for rival in ("all_dry",)
    ]
    assert rows[0]["value"] is None
    assert not rows[0]["met"]
    assert rows[0]["note"] == "trees need scikit-learn"


def test_training_that_was_stopped_goes_on(context, monkeypatch):
    context.options = replace(context.options, zoo_steps=4, seeds=1)
    training = zoo._trainings(context)[0]
    wanted = zoo_train.train_emulator

    def stops(*args, **kwargs):
        def stop(scores):
            raise KeyboardInterrupt

        return wanted(*args, **kwargs, on_validation=stop)

    with monkeypatch.context() as patch:
        patch.setattr(zoo_train, "train_emulator", stops)
        with pytest.raises(KeyboardInterrupt):
            zoo_train.train_once(training)
    assert zoo_train.status_of(training) != "finished"
    zoo_train.train_once(training)
    assert zoo_train.status_of(training) == "finished"
    (member, _) = zoo.zoo_members(context)
    assert [entrant.name for entrant in member.entrants] == ["temporal_cnn#0"]
    assert member.facts[0]["step"] == 4


def test_shortened_training_fits_its_curriculum_and_its_batch(context):
    config = shipped_configs()["lead_cnn"]
    asked = zoo._training(context, "lead_cnn", config, zoo_data(context), 3)
    shortened = zoo_train.shortened_settings(config, replace(asked, steps=40))
    assert (shortened.batch_size, shortened.max_steps, shortened.seed) == (8, 40, 3)
    settings = EmulatorSettings(model="lead_cnn", curriculum_epochs=200, frames=8)
    fitted = zoo_train.sized_settings(settings, shortened, replace(asked, steps=40, tiny=False))
    assert fitted.curriculum_epochs == 40  # 40 steps of 8 are 80 passes over 4 samples
    assert fitted.width == settings.width
    assert zoo_train.sized_settings(settings, shortened, asked).width == 8


def test_ratio_counts_all_that_a_prediction_does(with_run, monkeypatch, trained):
    key = f"{trained}|4"
    scores = {f"{mark}{name}": 0.9 for mark in ("", "peak_")
              for name in ("csi_0.05", "csi_0.3", "csi_0.5", "nse", "rmse_wet")}  # fmt: skip
    seconds = [{"prepared": 0.3, "coarse": 0.1, "network": 0.2, "every": 0.1, "peak": 0.05}] * 2
    made = {"seconds": seconds, "scores": scores}
    found = {
        "cells": 4, "frames": 3, "hours": 6.0, "threads": 2, "rain_mm": 60.0,
        "precision": "bfloat16",
        "solver_s": [10.0, 12.0], "terrain_s": [0.2, 0.2],
        "models": {f"{of}{what}": made for of in (key, f"{trained}|2")
                   for what in ("", "|every", "|peak")},
    }  # fmt: skip
    monkeypatch.setattr(speed, "measure", lambda *args, **kwargs: found)
    ground = replace(clock.GROUNDS[0], name="made-up")
    series, default, peak = (made := speed.speed(with_run, ground)).figures
    assert series["value"] == pytest.approx(11.0 / 0.4)
    assert series["met"]  # of 25
    assert "at factor 4" in series["note"]
    assert "network every 4 frames, in bfloat16" in series["note"]
    assert default["value"] == pytest.approx(11.0 / 0.5)
    assert (default["low"], default["high"]) == pytest.approx((20.0, 24.0))
    assert default["goal"] == ""
    assert peak["value"] == pytest.approx(11.0 / 0.35)
    assert peak["goal"] == ">= 100"
    assert "CSI 0.900 / 0.900 / 0.900" in peak["note"]
    (table,) = made.tables
    assert "22.0 [20.0, 24.0]" in table["rows"][0]
    assert "36.7 [33.3, 40.0]" in table["rows"][0]  # with the ground known


def test_grounds_are_what_they_are_called():
    for ground in clock.GROUNDS:
        place = clock._place(ground, 128, 6.0, 1)
        slope = np.hypot(*np.gradient(place.elevation, ground.cell_size_m))
        streets = slope[slope < 0.3] if ground.kind == "urban" else slope
        assert (np.median(streets) < 0.02) == ("flat" in ground.name)
        total = place.rain_rate.sum(axis=0) / 6
        assert total.mean() == pytest.approx(60.0, rel=1e-4)
        assert len(place.rain_rate) == 36


def test_spread_is_scored_beside_single_depths(with_run, trained, tmp_path):
    from inundate.emulate.uncertain.fit import fit_spread
    from inundate.emulate.uncertain.settings import SpreadSettings

    rows = {row["id"]: row for row in MAKERS["uncertainty"](with_run).figures}
    assert rows["5-coverage"]["value"] is None
    assert "the run has no calibration" in rows["5-coverage"]["note"]
    settings = SpreadSettings(members=4, folds=2, cells=20)
    try:
        fit_spread(trained, methods=("conformal",), settings=settings, progress=False)
        (made,) = [MAKERS["uncertainty"](with_run)]
    finally:
        (trained / "calibration.json").unlink(missing_ok=True)
    rows = {row["id"]: row for row in made.figures}
    coverage = rows["5-coverage-mine/conformal"]
    assert 0 < coverage["value"] <= 1
    assert coverage["goal"] == "0.88 to 0.92"
    assert "4 perturbed runs" in coverage["split"]
    ratio = rows["5-crps-over-mae-mine/conformal"]
    table = {row[0]: row for row in made.tables[0]["rows"]}
    best = min(("`mine_x4`", "`mine_x2`", "`hybrid_x2`", "`hybrid_x4`", "`hybrid_x8`"),
               key=lambda name: float(table[name][2]))  # fmt: skip
    assert best.strip("`") in ratio["baseline"]["name"]
    expected = float(table["`mine/conformal`"][2]) / float(table[best][2])
    assert ratio["value"] == pytest.approx(expected, rel=0.01)
    assert "`climatology`" in table


def test_marks_follow_what_is_read(trained, tmp_path, monkeypatch):
    (tmp_path / "one.py").write_text("def f():\n    from inundate import two\n", "utf-8")
    (tmp_path / "two.py").write_text("x = 1\n", "utf-8")
    monkeypatch.setattr(
        marks, "_path_of",
        lambda name: (tmp_path / f"{name.split('.')[-1]}.py") if "." in name else None,
    )  # fmt: skip
    before = marks.source_mark.__wrapped__("inundate.one")
    (tmp_path / "two.py").write_text("x = 2\n", "utf-8")  # imported within a function
    assert marks.source_mark.__wrapped__("inundate.one") != before
    first = marks.weights_mark(str(trained))
    manifest = trained / "manifest.json"
    text = manifest.read_text("utf-8")
    try:
        changed = json.loads(text) | {"trained_on": {"range": {"slope": [0.0, 1.0]}}}
        manifest.write_text(json.dumps(changed), "utf-8")
        assert marks.weights_mark(str(trained)) != first
    finally:
        manifest.write_text(text, "utf-8")
    assert marks.weights_mark(str(trained)) == first


def test_source_of_scores_holds_the_solver():
    assert marks.source_mark("inundate.emulate.hybrid") != marks.source_mark("inundate.score.depth")


def test_names_of_runs_must_differ(context, options, trained):
    context.options = replace(options, runs=(str(trained), str(trained)))
    with pytest.raises(ConfigError, match="mine named twice"):
        main_models(context)


def test_without_weights_every_goal_is_open(context, whole):
    rows = [row for name in ("depth", "never-worse", "probes", "uncertainty", "speed-steep-10m")
            for row in MAKERS[name](context).figures]  # fmt: skip
    assert all(row["value"] is None and not row["met"] for row in rows)
    assert all(row["note"] == "no weights ship and no --run was given" for row in rows)


@pytest.mark.parametrize(
    ("value", "goal", "met"),
    [
        (0.86, ">= 0.86", True), (0.859, ">= 0.86", False), (1e-6, "<= 1e-06", True),
        (-2.1, "-2 to 2", False), (0.9, "0.88 to 0.92", True), (0.0, "> 0", False),
        (None, "> 0", False),
    ],
)  # fmt: skip
def test_goals(value, goal, met):
    assert is_met(value, goal) is met
    assert figure("a", "b", value, "1", goal)["met"] is met


@pytest.mark.parametrize("value", [3.0, None])
def test_without_a_goal_nothing_is_met_or_missed(value):
    assert figure("a", "b", value, "1", low=1.0, high=4.0)["met"] is None
    with pytest.raises(ValueError, match="goal ''"):
        is_met(3.0, "")


def test_goal_of_an_interval_needs_the_whole_interval():
    assert figure("a", "b", 0.2, "1", "> 0", low=0.1, high=0.3, surely=True)["met"]
    assert not figure("a", "b", 0.2, "1", "> 0", low=None, high=None, surely=True)["met"]
    with pytest.raises(ValueError, match="goal 'much'"):
        is_met(1.0, "much")


def test_options_that_make_no_sense():
    with pytest.raises(ConfigError, match="seeds 0, workers -1, expected at least 1, minutes"):
        sized(seeds=0, workers=-1)
    with pytest.raises(ConfigError, match="has a world of its own"):
        sized(quick=True, world="tiny")
    assert sized(world="tiny", zoo_steps=9).zoo_steps == 9


def test_unknown_part(work):
    with pytest.raises(ConfigError, match="--only 'probe' is not known") as caught:
        run_emulator(work, work, work, quick=True, only="probe")
    assert caught.value.hint == "did you mean 'probes'?"


def test_command_prints_json_and_refuses_what_it_does_not_read(work, capsys, monkeypatch):
    made = SimpleNamespace(figures=[figure("a", "b", 1.0, "1")], tables=[])
    monkeypatch.setitem(MAKERS, "probes", lambda context: made)
    places = ["--work", str(work), "-o", str(work / "none"), "--data", str(work / "no-data")]
    arguments = ["benchmark", "emulator", "--quick", "--only", "probes", "--json"]
    assert main([*arguments, *places]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["figures"][0]["id"] == "a"
    assert not (work / "none").exists()
    assert main(["benchmark", "chain", "--seeds", "3"]) == 2
    assert "benchmark chain: --seeds belongs to another benchmark" in capsys.readouterr().err
