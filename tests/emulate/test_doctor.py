"""The doctor on runs of the zoo."""

import json
import shutil

import pytest

from inundate.cli.app import main
from inundate.core.config import read_toml, write_toml
from inundate.core.errors import ConfigError, MissingFileError
from inundate.prove.emulator_case import run_case
from inundate.prove.exam import Effort, Exam
from inundate.prove.probe.loader import probe_loader


@pytest.fixture(scope="module")
def run(trained):
    return trained["temporal_cnn"][0].path


def test_a_run_is_examined_as_it_was_trained(run):
    case = run_case(run)
    assert case.trained
    assert case.unread == []
    assert "heights" in case.spare
    assert "rain" not in case.spare
    assert case.told[0] == "finished at step 40"
    exam = Exam(case, Effort(batches=8))
    batch = exam.train[0]
    assert set(batch["inputs"]) >= {"rain", "terrain"}
    assert 0 < exam.loss(case.pair()[0], [batch]) < 10
    assert probe_loader(exam) == []
    fresh = run_case(run, untrained=True)
    assert not fresh.trained
    assert any(
        not one.equal(other)
        for one, other in zip(case.model.parameters(), fresh.model.parameters(), strict=True)
    )


def test_the_command_examines_a_run(run, tmp_path, capsys):
    page = tmp_path / "doctor.html"
    assert main(["doctor", str(run), "--steps", "20", "--html", str(page), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["answer"] in ("healthy", "cause", "cannot-say")
    assert told["told"][0] == "finished at step 40"
    assert {"skill_train", "skill_valid", "one_batch"} <= set(told["figures"])
    assert "targets, outputs" in page.read_text(encoding="utf-8")


def test_a_setting_that_nothing_reads_is_told(run, tmp_path):
    copied = tmp_path / "run"
    shutil.copytree(run, copied, symlinks=True)
    config = read_toml(copied / "config.toml")
    config["train"]["learning_rat"] = 0.1
    config["modle"] = {"width": 4}
    write_toml(copied / "config.toml", config)
    assert run_case(copied).unread == ["modle", "train.learning_rat"]


def test_what_cannot_be_examined_is_told(run, tmp_path, capsys):
    with pytest.raises(MissingFileError, match="its data set .* is gone"):
        run_case(run, dataset=tmp_path / "nowhere.zarr")
    with pytest.raises(ConfigError, match="lookup is no network"):
        copied = tmp_path / "run"
        shutil.copytree(run, copied, symlinks=True)
        config = read_toml(copied / "config.toml")
        config["model"]["model"] = "lookup"
        write_toml(copied / "config.toml", config)
        run_case(copied)
    assert main(["doctor", "mine.py:model"]) == 2
    assert "a model of your own needs data" in capsys.readouterr().err
    assert main(["doctor", str(run), "--data", "mine.py:loader"]) == 2
    assert "--data cannot be used" in capsys.readouterr().err
    assert main(["doctor", str(run), "--steps", "3"]) == 2
    assert "--steps 3; expected at least 20" in capsys.readouterr().err
