"""``inundate train --config NAME`` and ``inundate evaluate --part seen`` as a user calls them."""

import json

import pytest

from inundate.cli.app import main
from inundate.core.run import Run

from .small_flood import TRAINING

QUICK = ["--max-steps", "3", "--epochs", "0", "--batch-size", "4", "--device", "cpu"]


@pytest.fixture
def told(capsys):
    def call(*arguments, code=0):
        found = main([str(word) for word in arguments])
        captured = capsys.readouterr()
        assert found == code, captured.err
        return json.loads(captured.out) if code == 0 else captured.err

    return call


def test_a_look_up_from_training_to_scores(told, seen_data, tmp_path):
    run = tmp_path / "lookup"
    figures = told("train", seen_data, "--config", "lookup", "-o", run, "--json")
    assert (figures["model"], figures["status"], figures["ended_by"]) == (
        "lookup", "finished", "fit",
    )  # fmt: skip
    scores = told("evaluate", run, "--part", "seen", "--draws", "20", "--json")
    assert scores["report"] is None  # the report is of the test part
    assert scores["split"]["name"] == "seen"
    text = told("evaluate", run, "--draws", "20", "--json", code=3)
    assert "it cannot predict unseen terrain" in text
    assert "hint: inundate evaluate RUN --part seen" in text


@pytest.mark.parametrize(
    "figures", ["--no-figures", pytest.param("--figures", marks=pytest.mark.slow)]
)
def test_boosted_trees_get_a_report(told, seen_data, tmp_path, figures):
    run = tmp_path / "boosted"
    flags = ["--trees", "5", "--rows", "2000"]
    told("train", seen_data, "--config", "boosted", *flags, "-o", run, "--json")
    assert Run(run).config["model"]["leaves"] == 63  # of the configuration
    assert Run(run).config["model"]["trees"] == 5  # flags go before
    scores = told("evaluate", run, "--draws", "20", figures, "--json")
    assert (run / "report.html").is_file()
    assert scores["report"] == str(run / "report.html")


def test_a_network_by_the_name_of_its_configuration(told, flood_data, tmp_path):
    small = ["--width", "8", "--levels", "2", "--crop-cells", "32"]
    path = tmp_path / "run"
    figures = told("train", flood_data, "--config", "unet", *small, *QUICK, "-o", path, "--json")
    assert figures["model"] == "unet"
    run = Run(path)
    assert run.config["train"]["ema"] == 0.998  # of the configuration
    assert run.config["watch"]["every_steps"] == 100  # it names none, so the usual
    assert run.config["train"]["seed"] == TRAINING.seed


def test_an_unknown_configuration_is_named(told, flood_data, tmp_path):
    text = told("train", flood_data, "--config", "unett", "-o", tmp_path / "run", code=2)
    assert "no configuration of that name ships; there are boosted, convgru_unet" in text
    assert "hint: did you mean unet?" in text
    text = told("train", flood_data, "--config", "unett.toml", "-o", tmp_path / "run", code=3)
    assert "unett.toml" in text


@pytest.mark.parametrize("model", ["unet", "boosted"])
def test_a_start_from_another_kind_of_model_is_refused(told, flood_data, tmp_path, model):
    text = told("train", flood_data, "--model", model, "--init", "mode_h", "-o", tmp_path / "run",
                code=2)  # fmt: skip
    assert text.startswith(f"error: training {model}: mode_h, to start from, is a mode_h\n")
    assert not (tmp_path / "run").exists()
