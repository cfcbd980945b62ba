"""Every command that the benchmark ``chain`` would run is one that the command line takes."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from inundate.cli import chain
from inundate.cli.app import app
from inundate.core.errors import MissingFileError, RunError
from inundate.score import ScoreBook

RUNS = ("mode_h", "temporal_cnn", "temporal_cnn_vae")


def plan(tmp_path, *, quick):
    data, work = tmp_path / "data", tmp_path / "work"
    return list(chain.chain_commands(data, work, quick=quick, steps=120))


@pytest.mark.parametrize("quick", [False, True])
def test_every_command_of_the_plan_can_be_parsed(tmp_path, quick):
    for _, words in plan(tmp_path, quick=quick):
        app.parse_args(words, exit_on_error=False, print_error=False)


@pytest.mark.parametrize("quick", [False, True])
def test_plan_is_the_whole_chain_in_order(tmp_path, quick):
    steps = [
        " ".join(words[: 2 if words[0] in ("rain", "terrain", "dataset") else 1])
        for _, words in plan(tmp_path, quick=quick)
    ]
    tiles = 2 * 4 if quick else 6 * 8
    assert Counter(steps) == {
        "rain crop": len(chain.STORMS),
        "terrain crop": tiles,
        "rain augment": tiles * len(chain.STORMS),
        "simulate": tiles,
        "dataset build": 1,
        "train": len(RUNS),
        "evaluate": len(RUNS),
        "predict": 1,
        "map": 1,
    }
    assert list(dict.fromkeys(steps))[-4:] == ["train", "evaluate", "predict", "map"]


def test_each_step_reads_only_what_an_earlier_one_wrote(tmp_path):
    """Inputs below the work folder are outputs of earlier steps, or folders of them."""
    work, written = tmp_path / "work", set()
    for target, words in plan(tmp_path, quick=False):
        output = words[words.index("-o") + 1] if "-o" in words else None
        read = [w for w in words if w.startswith(str(work)) and w != output]
        for name in read:
            assert any(str(path).startswith(name) for path in written), f"{words}: {name}"
        assert target not in written, f"{target} is written twice"
        written |= {target, target.parent} if words[0] == "train" else {target}
        if words[0] == "simulate":
            terrain = Path(words[words.index("--terrain") + 1]).stem
            storms = words[words.index("--rain") + 1 : words.index("--terrain")]
            written |= {target.parent / f"{terrain}__{Path(name).stem}.zarr" for name in storms}


def test_tiles_of_an_area_do_not_overlap(tmp_path):
    boxes = {}
    for target, words in plan(tmp_path, quick=False):
        if words[:2] == ["terrain", "crop"]:
            at = words.index("--box") + 1
            boxes[target.stem] = tuple(map(float, words[at : at + 4]))
    for name, (left, bottom, right, top) in boxes.items():
        for other, (west, south, east, north) in boxes.items():
            apart = right <= west or east <= left or top <= south or north <= bottom
            assert apart or name == other, f"{name} overlaps {other}"


def test_held_out_storm_is_one_of_the_storms(tmp_path):
    assert chain.TEST_STORM in chain.STORMS
    build = next(words for _, words in plan(tmp_path, quick=True) if words[0] == "dataset")
    assert build[build.index("--test-storm") + 1] == chain.TEST_STORM


def test_without_the_real_inputs(tmp_path):
    with pytest.raises(MissingFileError, match="benchmark chain"):
        chain.run_chain(tmp_path / "no", tmp_path, tmp_path / "work", quick=True, steps=1)


def test_finished_steps_are_kept_and_a_failed_one_stops(tmp_path, monkeypatch, capsys):
    data = tmp_path / "data"
    (data / "radar").mkdir(parents=True)
    todo = plan(tmp_path, quick=True)
    for target, _ in todo[:-1]:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    called = []
    monkeypatch.setattr("inundate.cli.app.main", lambda words: called.append(words) or 3)
    with pytest.raises(RunError, match="inundate map --depth .* ended with exit code 3"):
        chain.run_chain(data, tmp_path, tmp_path / "work", quick=True, steps=60)
    assert [words[0] for words in called] == ["map"]
    assert f"[{len(todo)}/{len(todo)}] inundate map" in capsys.readouterr().err


def write_evaluations(work, *, better, blocks):
    """Leave real evaluations of made-up depths: the model is near the truth, or dry."""
    rng = np.random.default_rng(1)
    book = ScoreBook(
        reference="mode_h",
        baselines=("hybrid", "all_dry"),
        split={"name": "test", "unseen": "storm and terrain block", "hash": "abc"},
    )
    for number in range(blocks):
        truth = rng.gamma(0.5, 0.4, (3, 10, 9))
        off = rng.normal(0, 0.1, truth.shape)
        names = {"terrain": f"t{number}", "block": f"b{number}", "storm": "s", "regime": "flat"}
        book.add(
            str(number),
            **names,
            observed=truth,
            predicted={
                "mode_h": np.maximum(truth + 0.1 * off, 0) if better else np.zeros_like(truth),
                "hybrid": np.maximum(truth + off, 0),
                "all_dry": np.zeros_like(truth),
            },
            interval_s=600.0,
        )
    text = json.dumps(book.summary(draws=100))
    for run in RUNS:
        path = work / "runs" / run / "evaluation.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        manifest = {
            "provenance": {"commit": "0123abc"},
            "step": 61,
            "wall_s": 120.0,
            "ended_by": "max_steps",
            "alarms": [{"cause": "wet-fraction"}] if run == "temporal_cnn" else [],
        }
        path.with_name("manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


@pytest.mark.parametrize(("better", "blocks"), [(True, 5), (False, 5), (True, 2)])
def test_results_name_the_best_baseline_and_whether_all_are_beaten(tmp_path, better, blocks):
    from inundate.cli import benchmark
    from inundate.cli.results import results_page

    (tmp_path / "data" / "radar").mkdir(parents=True)
    for target, _ in plan(tmp_path, quick=False):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    write_evaluations(tmp_path / "work", better=better, blocks=blocks)
    output = tmp_path / "results"
    found = chain.run_chain(tmp_path / "data", output, tmp_path / "work", quick=False, steps=120)
    assert json.loads((output / "chain.json").read_text("utf-8")) == found
    assert len(found["figures"]) == len(RUNS) * 2 * 4
    first = next(row for row in found["figures"] if row["id"] == "mode_h-flat-rmse_wet")
    assert first["baseline"]["name"] == "hybrid"
    judged = better and blocks >= 3  # two blocks give no interval, so nothing is shown to be better
    assert first["met"] is judged
    assert (first["low"] is None) == (blocks < 3)
    assert first["samples"] == first["blocks"] == blocks
    rows = [row for row in results_page(output).splitlines() if "| flat | `rmse_wet` (m) |" in row]
    assert len(rows) == len(RUNS)
    assert all(("| yes | yes |" if judged else "| **no** | **no** |") in row for row in rows)
    page = results_page(output)
    trained = "Trained for 61 steps in 120 s, ended by `max_steps`, commit `0123abc`; "
    assert page.count(f"{trained}no alarm at the end.") == 2
    assert f"{trained}**alarms at the end: `wet-fraction`**." in page
    assert "`inundate benchmark chain --steps 61`" in page
    told = benchmark._text(found)
    assert ("[" in told) == (blocks >= 3)
    assert f"goal better than hybrid, all_dry: {'met' if judged else 'NOT met'}" in told
