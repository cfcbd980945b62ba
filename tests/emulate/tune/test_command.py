"""``inundate tune`` as a user calls it."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from inundate.cli.app import main
from inundate.core.config import write_toml
from inundate.core.run import Run
from inundate.emulate.tune.study import tune

from .small_study import SETUP, SPACE, STUDY, told


@pytest.fixture
def files(tmp_path):
    """Files for --config and --space of the small study."""
    write_toml(
        tmp_path / "train.toml",
        {
            **SETUP.tables(),
            "tune": STUDY.model_dump(include={"startup_trials", "prune_after", "seed"}),
        },
    )
    space = {"model": {"width": {"tune": False}}, "train": {"weight_decay": {"tune": False}},
             "loss": {"metres": {"tune": False}}}  # fmt: skip
    for name, found in SPACE.items():
        table, _, key = name.partition(".")
        space[table][key] = found.model_dump(exclude_defaults=True)
    write_toml(tmp_path / "space.toml", space)
    return tmp_path


def words(data, folder, *more):
    return ["tune", str(data), "-o", str(folder / "study"), "--config", str(folder / "train.toml"),
            "--space", str(folder / "space.toml"), *more]  # fmt: skip


def test_tune_then_train_with_what_it_found(flood_data, whole, files, capsys):
    assert main(words(flood_data, files, "--trials", "2", "--repeats", "0", "--json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert told(found) == told(whole[1].summary)[:2]
    assert main(words(flood_data, files, "--trials", "2", "--repeats", "0")) == 0
    text = capsys.readouterr().out
    assert text == (files / "study" / "report.txt").read_text()
    best = str(files / "study" / "best.toml")
    arguments = ["train", str(flood_data), "--config", best, "--max-steps", "2"]
    assert main([*arguments, "-o", str(files / "run"), "--json"]) == 0
    run = Run(files / "run")
    for name, value in found["best"]["values"].items():
        table, _, key = name.partition(".")
        assert run.config[table][key] == value


def test_faults_are_told_before_anything_is_made(flood_data, files, capsys):
    (files / "space.toml").write_text("[train.learning_rat]\nlow = 1e-4\nhigh = 1e-2\n")
    assert main(words(flood_data, files)) == 2
    assert "setting train.learning_rat is not known; did you mean 'learning_rate'?" in (
        capsys.readouterr().err
    )
    assert not (files / "study").exists()


@pytest.mark.slow
def test_kill_minus_nine_again_and_again(flood_data, whole, files):
    """Seven sittings of some seconds, each ended by kill -9: no trial is lost or made twice."""
    command = [sys.executable, "-m", "inundate", *words(flood_data, files)]
    command += ["--trials", str(STUDY.trials), "--repeats", str(STUDY.repeats)]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    seen = []
    for sitting in range(8):
        process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE)
        ends = time.monotonic() + 120
        wanted = sitting + 1
        while process.poll() is None and time.monotonic() < ends and sitting < 7:
            trials = files / "study" / "trials"
            if trials.exists() and len(list(trials.glob("0*"))) >= wanted:
                time.sleep(0.1 * (sitting % 4))
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.02)
        process.communicate(timeout=120)
        seen.append(process.returncode)
        if process.returncode == 0:
            break
    assert seen[-1] == 0
    assert seen.count(-signal.SIGKILL) >= 3
    found = json.loads((files / "study" / "study.json").read_text())
    assert told(found) == told(whole[1].summary)
    assert found["comparison"] == json.loads(json.dumps(whole[1].summary["comparison"]))


def test_the_function_has_the_same_defaults(flood_data, tmp_path):
    report = tune(
        flood_data, tmp_path / "study", setup=SETUP,
        settings=STUDY.model_copy(update={"trials": 1}), progress=False,
    )  # fmt: skip
    assert set(report.summary["space"]) == {
        "train.learning_rate", "train.weight_decay", "train.batch_size", "model.width",
        "loss.metres", "loss.extent",
    }  # fmt: skip
