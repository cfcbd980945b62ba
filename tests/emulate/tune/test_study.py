"""Studies: what they try, what they keep when they are killed, and what they never read."""

import json
import re
import shutil

import numpy as np
import pytest
import zarr

from inundate.core.config import read_toml, resolve_settings
from inundate.core.errors import ConfigError, MissingExtraError, RunError
from inundate.core.run import Run
from inundate.dataset.samples import Samples
from inundate.emulate.tune import trial as trials_of
from inundate.emulate.tune.journal import Journal
from inundate.emulate.tune.setup import TABLES
from inundate.emulate.tune.space import Range
from inundate.emulate.tune.study import tune

from .small_study import SETUP, SPACE, STUDY, told


def go(data, folder, setup=SETUP, settings=STUDY, space=SPACE, **changes):
    """A study in silence, with some settings changed."""
    settings = settings.model_copy(update=changes)
    return tune(data, folder, setup=setup, settings=settings, space=space, progress=False)


def test_the_first_trial_is_the_default(whole):
    _, report = whole
    first = report.summary["trials"][0]
    assert first == report.summary["default"]
    assert first["ended"] == "complete"
    assert first["values"] == {name: SETUP.value(name) for name in SPACE}


def test_trials_are_runs_that_ended_as_is_told(whole):
    folder, report = whole
    found = report.summary
    assert len(found["trials"]) == STUDY.trials
    assert sum(found["counts"].values()) == STUDY.trials
    assert found["counts"]["pruned"] >= 1
    for told_ in found["trials"]:
        run = Run(folder / "trials" / f"{told_['number']:04d}")
        done = {"complete": ("finished", None), "pruned": ("stopped", "pruned")}[told_["ended"]]
        assert (run.status, run.manifest.get("cause")) == done
        for name, value in told_["values"].items():
            table, _, key = name.partition(".")
            assert run.config[table][key] == value


def test_the_best_is_the_least_of_the_complete_ones(whole):
    _, report = whole
    values = [t["value"] for t in report.summary["trials"] if t["ended"] == "complete"]
    assert report.summary["best"]["value"] == min(values)
    assert report.summary["best"]["value"] < report.summary["default"]["value"]


def test_a_trial_with_other_weights_is_measured_with_the_default_ones(whole):
    """Else a study would only learn to turn the loss down."""
    folder, report = whole
    best = report.summary["best"]
    valid = [r["valid"] for r in Run(folder / "trials" / f"{best['number']:04d}").read_metrics()
             if "valid" in r]  # fmt: skip
    chosen = min(valid, key=lambda scores: scores["loss"])
    default = SETUP.loss
    weighed = sum(getattr(default, part) * chosen[part] for part in ("stretched", "metres",
                                                                     "extent"))  # fmt: skip
    assert best["values"]["loss.extent"] != default.extent
    assert best["value"] == pytest.approx(weighed, rel=1e-6)
    assert chosen["loss"] != pytest.approx(weighed, rel=1e-3)


def test_settings_of_default_and_best_feed_a_training(whole):
    folder, report = whole
    best = SETUP.with_values(report.summary["best"]["values"])
    for file, setup in (("default.toml", SETUP), ("best.toml", best)):
        for table, cls in TABLES.items():
            assert resolve_settings(cls, toml=folder / file, table=table) == setup.table(table)


def test_default_and_best_are_trained_again_with_the_same_fresh_seeds(whole):
    _, report = whole
    again = report.summary["repeats"]
    seeds = {one["seed"] for one in again}
    assert len(again) == 2 * STUDY.repeats
    assert len(seeds) == STUDY.repeats
    assert SETUP.train.seed not in seeds
    for one in again:
        run = Run(one["run"])
        assert run.config["train"]["seed"] == one["seed"]
        number = 0 if one["settings"] == "default" else report.summary["best"]["number"]
        wanted = report.summary["trials"][number]["values"]["train.learning_rate"]
        assert run.config["train"]["learning_rate"] == wanted
    compared = report.summary["comparison"]
    assert compared["gained"] is report.summary["verdict"]["gained"]
    gain = np.mean(compared["best"]) - np.mean(compared["default"])
    assert compared["over_seeds"]["value"] == pytest.approx(gain)
    assert compared["over_ground"]["value"] == pytest.approx(gain)


def test_the_report_says_so_first_and_shows_the_baseline(whole):
    folder, report = whole
    assert (folder / "report.txt").read_text() == report.text + "\n"
    assert json.loads((folder / "study.json").read_text()) == json.loads(json.dumps(report.summary))
    first = report.text.splitlines()[0]
    assert first == report.summary["verdict"]["text"]
    assert first.startswith("tuning bought")
    assert re.search(r"csi_0.05 +default .* best .* hybrid 0\.\d+", report.text)
    assert "  default " in report.text


class Killed(BaseException):
    """Nothing catches it, as nothing catches kill -9."""


def test_a_study_killed_anywhere_goes_on_as_if_it_never_was(
    flood_data, whole, tmp_path, monkeypatch
):
    draws, tells, hears = Journal._draw, Journal.tell, Journal.report
    left = {
        "drawing": 4,  # the second trial has one of its three values
        "validation": 8,  # in the third
        "telling": 5,  # the fifth is trained and not counted yet
        "repeating": 1,
    }

    def kill(name, call):
        def killing(*arguments, **keywords):
            left[name] = left.get(name, 0) - 1
            if left[name] == 0:
                raise Killed(name)
            return call(*arguments, **keywords)

        return killing

    monkeypatch.setattr(Journal, "_draw", kill("drawing", draws))
    monkeypatch.setattr(Journal, "report", kill("validation", hears))
    monkeypatch.setattr(Journal, "tell", kill("telling", tells))
    monkeypatch.setattr(
        "inundate.emulate.tune.repeat.roll_out",
        kill("repeating", __import__("inundate.emulate.tune.repeat", fromlist=["x"]).roll_out),
    )
    deaths = []
    while True:
        try:
            report = go(flood_data, tmp_path / "study")
            break
        except Killed as death:
            deaths.append(str(death))
    assert deaths == ["drawing", "validation", "telling", "repeating"]
    assert told(report.summary) == told(whole[1].summary)
    assert report.summary["verdict"] == whole[1].summary["verdict"]
    assert report.summary["comparison"] == whole[1].summary["comparison"]


def test_an_interrupt_keeps_a_checkpoint_and_says_how_to_go_on(
    flood_data, whole, tmp_path, monkeypatch
):
    report = Journal.report

    def press(self, trial, number, value):
        if number == 1:  # during a validation, as a second Ctrl-C may
            raise KeyboardInterrupt
        return report(self, trial, number, value)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "report", press)
        with pytest.raises(KeyboardInterrupt) as caught:
            go(flood_data, tmp_path / "study", trials=1)
    assert caught.value.__notes__ == ["run the same command again to go on"]
    study, run = Run(tmp_path / "study"), Run(tmp_path / "study" / "trials" / "0000")
    assert (study.status, run.status) == ("interrupted", "interrupted")
    found = go(flood_data, tmp_path / "study", trials=1)
    assert Run(tmp_path / "study").status == "finished"
    assert Run(run.path).manifest["resumed_from"] == [2]
    assert told(found.summary) == told(whole[1].summary)[:1]


def test_a_finished_study_only_reports_and_more_trials_go_on(
    flood_data, whole, tmp_path, monkeypatch
):
    folder = tmp_path / "study"
    shutil.copytree(whole[0], folder, symlinks=True)
    made = []
    real = trials_of.train_emulator
    monkeypatch.setattr(
        trials_of, "train_emulator", lambda *a, **k: made.append(a[1].name) or real(*a, **k)
    )
    report = go(flood_data, folder)
    assert made == []
    assert told(report.summary) == told(whole[1].summary)
    report = go(flood_data, folder, trials=STUDY.trials + 1, repeats=0)
    assert made == [f"{STUDY.trials:04d}"]
    assert told(report.summary)[:-1] == told(whole[1].summary)


def test_the_test_part_is_never_read(flood_data, whole, tmp_path, monkeypatch):
    """A test part of NaN changes no figure, and no sample of it is read."""
    poisoned = tmp_path / "data.zarr"
    shutil.copytree(flood_data, poisoned)
    rows = Samples(poisoned).rows
    group = zarr.open_group(poisoned, mode="r+")
    kept = {row.place for row in rows if row.split in ("train", "valid")}
    spoiled = [number for number, row in enumerate(rows) if row.split not in ("train", "valid")]
    assert spoiled
    for number in spoiled:
        for name in ("water_depth", "rain_rate"):
            group[name][number] = np.nan
        if rows[number].place not in kept:
            for name in ("elevation", "roughness"):
                group[name][rows[number].place] = np.nan
    read, real = set(), Samples.read
    monkeypatch.setattr(
        Samples, "read", lambda self, n: read.add(self.rows[n].split) or real(self, n)
    )
    report = go(poisoned, tmp_path / "study", trials=3, repeats=1)
    assert read == {"train", "valid"}
    assert told(report.summary) == told(whole[1].summary)[:3]
    assert report.summary["scores"]["csi_0.05"]["best"][0] > 0  # the repeats are measured too


def test_stopped_trials_count_and_the_same_values_are_not_trained_twice(flood_data, tmp_path):
    space = {"train.learning_rate": Range(choices=(1e-4, 1e12))}
    report = go(flood_data, tmp_path / "study", space=space, trials=4, repeats=0)
    ended = {t["values"]["train.learning_rate"]: t["ended"] for t in report.summary["trials"]}
    assert ended == {1e-4: "complete", 1e12: "stopped"}
    twins = [t for t in report.summary["trials"] if "same_as" in t]
    assert len(twins) == 2
    assert not any((tmp_path / "study" / "trials" / f"{t['number']:04d}").exists() for t in twins)
    cause = next(t["cause"] for t in report.summary["trials"] if t["ended"] == "stopped")
    assert cause in ("nan-loss", "exploding-gradient")
    assert f"stopped by {cause}" in report.text
    assert report.summary["verdict"]["text"] == (
        "tuning bought nothing: no trial was better than the default settings"
    )


def test_a_score_of_whole_roll_outs_may_be_the_objective(flood_data, tmp_path):
    """It lets settings be tried that cut other pieces; what does not fit together is refused."""
    space = {
        "model.crop_cells": Range(choices=(16, 32)),
        "model.levels": Range(choices=(2, 4)),  # 4 levels need pieces of 32 cells
    }
    report = go(flood_data, tmp_path / "study", space=space, trials=4, repeats=0, seed=7,
                objective="csi_0.05")  # fmt: skip
    found = report.summary
    assert found["objective"] == {"name": "csi_0.05", "part": "valid", "better": "higher"}
    complete = [t["value"] for t in found["trials"] if t["ended"] == "complete"]
    assert found["best"]["value"] == max(complete)
    assert 0 < max(complete) < 1
    refused = [t for t in found["trials"] if t["ended"] == "refused"]
    assert refused
    assert "crop_cells 16 is not a multiple of 32" in refused[0]["cause"]


def test_no_trial_is_started_when_the_time_is_spent(flood_data, tmp_path):
    report = go(flood_data, tmp_path / "study", max_minutes=1e-6)
    assert len(report.summary["trials"]) == 1


def test_another_study_is_refused_with_every_difference(flood_data, whole):
    setup = SETUP.with_values({"train.learning_rate": 3e-3, "train.max_minutes": 5.0})
    space = {**SPACE, "loss.extent": Range(low=0.1, high=4.0, log=True)}
    with pytest.raises(ConfigError) as caught:
        go(flood_data, whole[0], setup=setup, space=space, seed=3)
    message = caught.value.message
    assert message.splitlines()[0].endswith("its settings are not those given now")
    assert "space.loss.extent.high: the run has 2.0, now 4.0" in message
    assert "train.learning_rate: the run has 0.0001, now 0.003" in message
    assert "budget.minutes_of_a_trial: the run has 0.0, now 5.0" in message
    assert "tune.seed: the run has 4, now 3" in message


def test_changed_data_and_other_folders_are_refused(flood_data, whole, tmp_path):
    data = tmp_path / "data.zarr"
    shutil.copytree(flood_data, data)
    study = tmp_path / "study"
    shutil.copytree(whole[0], study, symlinks=True)
    config = (study / "config.toml").read_text().replace(str(flood_data), str(data))
    (study / "config.toml").write_text(config)
    zarr.open_group(data, mode="r+").attrs["note"] = "changed"
    with pytest.raises(RunError, match="has changed since it began"):
        go(data, study)
    with pytest.raises(RunError, match="is a 'train' run, not a study"):
        go(flood_data, whole[0] / "trials" / "0000")


def test_what_cannot_be_tuned_is_refused(flood_data, tmp_path, monkeypatch):
    boosted = SETUP.model.__class__(model="boosted")
    with pytest.raises(ConfigError, match="tuning boosted: it is not trained step by step"):
        go(flood_data, tmp_path / "study",
           setup=SETUP.__class__(boosted, SETUP.train, SETUP.loss, SETUP.watch))  # fmt: skip
    with pytest.raises(ConfigError, match="objective is 'los'") as caught:
        go(flood_data, tmp_path / "study", objective="los")
    assert caught.value.hint == "did you mean 'loss'?"
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="under torchrun with 2 processes"):
        go(flood_data, tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_without_optuna_the_extra_is_named(flood_data, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(MissingExtraError, match="tuning needs the package 'optuna'") as caught:
        go(flood_data, tmp_path / "study")
    assert caught.value.hint == 'pip install "inundate[tune]"'
    assert not (tmp_path / "study").exists()


def test_the_configuration_says_what_was_asked(whole):
    config = read_toml(whole[0] / "config.toml")
    assert config["tune"]["trials"] == STUDY.trials
    assert config["space"]["train.batch_size"] == {"log": False, "choices": [2, 4], "tune": True}
