"""The commands `map` and `report`: thin, with JSON, and exit codes that tell."""

import json

import pytest

from inundate.cli.app import main
from inundate.core.run import Run
from inundate.core.store import write_dataset

from .mock import make_evaluation, make_prediction


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "pred.zarr"
    return write_dataset(make_prediction(40, 5), path)


def test_map(stored, tmp_path, capsys):
    output = tmp_path / "map.html"
    arguments = ["map", "--depth", str(stored), "--truth", str(stored), "-o", str(output)]
    assert main([*arguments, "--probability", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["bytes"] == output.stat().st_size
    assert found["frames"] == 5
    assert "error" in found["layers"]
    assert main([*arguments, "--overwrite", "--layers", "depth", "rain"]) == 0
    assert "5 frames, layers depth, rain" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("extra", "code", "words"),
    [
        (["--max-mb", "0"], 2, "expected a positive number of megabytes"),
        (["--max-mb", "0.1"], 3, "raise --max-mb"),
        (["--layers", "rains"], 2, "did you mean 'rain'?"),
        (["--terrain", "nowhere.tif"], 3, "no such file"),
        (["--dept", "x"], 2, "dept"),
    ],
)
def test_map_errors(stored, tmp_path, capsys, extra, code, words):
    arguments = ["map", "--depth", str(stored), "-o", str(tmp_path / "map.html"), *extra]
    assert main(arguments) == code
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "words"), [
    ("dem.tif", "ends in '.tif', expected .html"),
    ("true.html", "it is or holds the input"),
])  # fmt: skip
def test_a_map_does_not_replace_other_files(stored, tmp_path, capsys, name, words):
    output = tmp_path / name
    output.write_text("untouched")
    truth = ["--truth", str(output)] if name == "true.html" else []
    arguments = ["map", "--depth", str(stored), "-o", str(output), "--overwrite", *truth]
    assert main(arguments) in (2, 6)
    assert words in capsys.readouterr().err
    assert output.read_text() == "untouched"


def test_report_of_exported_weights_is_refused(tmp_path, capsys):
    run = Run.create(tmp_path / "mine", kind="train", config={})
    run.set_status("exported")
    assert main(["report", str(run.path)]) == 6
    assert "exported weights, without the metrics" in capsys.readouterr().err
    assert not (run.path / "report.html").exists()


def test_report(tmp_path, capsys):
    run = Run.create(tmp_path / "run", kind="train", config={})
    run.set_status("finished")
    (run.path / "evaluation.json").write_text(json.dumps(make_evaluation(regimes={"steep": 1.4})))
    assert main(["report", str(run.path), "-o", str(tmp_path / "r.html"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["beats_all"] is False
    assert found["fails"][0].startswith("Mode H does NOT beat Untrained hybrid")
    assert main(["report", str(run.path)]) == 0
    assert "does NOT beat them all" in capsys.readouterr().out
    assert main(["report", str(run.path)]) == 6
    assert main(["report", str(tmp_path / "nothing")]) == 3
