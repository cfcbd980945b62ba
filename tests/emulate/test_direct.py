"""Models that are no networks: the same run folder, the same commands, honest refusals."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError, RunError
from inundate.core.run import Run
from inundate.dataset.samples import Samples
from inundate.emulate import train as training_code
from inundate.emulate.direct import FILE, Direct, Kind
from inundate.emulate.evaluate import SEEN, _has_lines, evaluate, part_numbers
from inundate.emulate.loss import LossSettings
from inundate.emulate.models.lookup import Lookup, ground_key
from inundate.emulate.predict import predict, predict_frames, predict_peak, predict_prepared
from inundate.emulate.prepared import prepare_sample
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.train import load_emulator, resume_emulator, train_emulator
from inundate.learn.settings import TrainSettings
from inundate.score.case import Case
from inundate.score.trained import PerPixelLine

from .small_flood import ground, place, storm

LOOKUP = EmulatorSettings(model="lookup")
BOOSTED = EmulatorSettings(model="boosted", trees=15, leaves=8, rows=3000)


def train_on(data, path, settings, **more):
    return train_emulator(
        data, path, settings=settings, training=TrainSettings(), progress=False, **more
    )


@pytest.fixture(scope="module")
def runs(seen_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("direct")
    return {
        settings.model: train_on(seen_data, folder / settings.model, settings)
        for settings in (LOOKUP, BOOSTED)
    }


@pytest.fixture(scope="module")
def seen(seen_data):
    return Samples(seen_data)


@pytest.mark.parametrize("name", ["lookup", "boosted"])
def test_the_run_folder_is_like_any_other(runs, trained, name):
    run, result = runs[name]
    network = trained["temporal_cnn"][0]
    assert run.status == "finished"
    of_steps = {"steps_planned", "minutes_planned", "resumed_from"}
    assert set(network.manifest) - of_steps <= set(run.manifest)
    assert set(network.manifest["trained_on"]) <= set(run.manifest["trained_on"])
    assert run.manifest["parameters"] > 100
    assert run.manifest["ended_by"] == result.ended_by == "fit"
    assert run.config["model"]["model"] == name
    assert run.read_metrics()[-1]["loss"] == pytest.approx(result.loss)
    assert (run.path / FILE).is_file()
    assert not list(run.path.glob("**/*.pkl"))
    assert isinstance(load_emulator(run.path)[2], Direct)


def test_a_look_up_is_the_per_pixel_line(runs, seen):
    """On the seen ground, under the storm that was held out."""
    _, settings, model = load_emulator(runs["lookup"][0].path)
    line = PerPixelLine()

    def case(sample):
        return Case(
            elevation=sample.elevation, rain_rate=sample.rain_rate, interval_s=sample.interval_s,
            cell_size_m=10.0, place=sample.row.block, observed=sample.water_depth,
        )  # fmt: skip

    for number in seen.part("train"):
        line.learn(case(seen.read(number)))
    (number,) = part_numbers(seen, SEEN)
    sample = seen.read(number)
    assert (sample.row.block, sample.row.storm) == (seen.rows[seen.part("train")[0]].block, "held")
    found = predict_prepared(model, settings, prepare_sample(sample))
    expected = line.predict(case(sample))
    expected[expected < 1e-3] = 0.0
    apart = np.abs(found - expected)
    assert apart[(found > 0) & (expected > 0)].max() < 1e-5
    assert np.abs(expected - sample.water_depth).mean() < 0.3 * sample.water_depth.mean()


@pytest.mark.parametrize("name", ["lookup", "boosted"])
def test_seen_samples_are_scored_beside_the_line(runs, name):
    found = evaluate(runs[name][0].path, part=SEEN, draws=20, progress=False)
    split = found.summary["split"]
    assert split["unseen"] == "storm only"
    assert split["storms"] == ["held"]
    assert "per_pixel_line" in found.text
    assert name in found.text
    json.dumps(found.summary)


def test_the_line_is_left_out_where_storms_differ_in_length(seen):
    numbers = part_numbers(seen, SEEN)
    assert _has_lines(seen, seen, numbers)
    first = seen.part("train")[0]
    rows = [replace(r, frames=5) if n == first else r for n, r in enumerate(seen.rows)]
    ragged = Samples(seen.path)
    ragged.rows = rows
    assert not _has_lines(ragged, seen, numbers)


def test_unseen_ground_is_refused_in_one_sentence(runs, seen_data):
    with pytest.raises(DataError) as caught:
        evaluate(runs["lookup"][0].path, draws=20, progress=False)
    assert caught.value.message == (
        "predicting by look-up: this ground is none of the 1 that it was trained on: it cannot "
        "predict unseen terrain"
    )
    assert caught.value.hint == (
        "inundate evaluate RUN --part seen scores it, or choose another model"
    )


def test_boosted_trees_are_scored_on_unseen_ground(runs):
    found = evaluate(runs["boosted"][0].path, draws=20, progress=False)
    assert found.summary["split"]["unseen"] == "storm and terrain block"


def test_a_data_set_without_seen_samples_says_so(samples, flood_data):
    with pytest.raises(DataError, match="has no seen samples: no training block under a storm"):
        part_numbers(samples, SEEN)
    assert part_numbers(samples, "test") == samples.part("test")


def test_a_map_is_predicted_from_files(runs):
    found = predict(runs["boosted"][0].path, storm("late", place(7)), ground(7), progress=False)
    assert found["water_depth"].shape == (8, 32, 32)
    assert found["water_depth"].max() > 0.01
    assert found.attrs["model"] == "boosted"


def test_a_storm_outside_the_range_is_warned_of(runs):
    heavy = storm("late", place(7)) * 5
    heavy.attrs |= storm("late", place(7)).attrs
    found = predict(runs["boosted"][0].path, heavy, ground(7), progress=False)
    assert "the model was trained on" in found.attrs["warnings"]


def test_what_only_networks_do_is_named(runs, seen):
    _, settings, model = load_emulator(runs["boosted"][0].path)
    made = prepare_sample(seen.read(0))
    with pytest.raises(ConfigError, match="it gives all at once"):
        predict_frames(model, None, [0])
    with pytest.raises(ConfigError, match="predicting the peak alone with boosted"):
        predict_peak(model, settings, made)


def test_a_look_up_refuses_other_frames(runs, seen):
    _, _, model = load_emulator(runs["lookup"][0].path)
    made = prepare_sample(seen.read(seen.part("train")[0]))
    short = replace(made, rain_rate=made.rain_rate[:3])
    np.testing.assert_array_equal(model.predict(short), model.predict(made)[:3])
    long = replace(made, rain_rate=np.concatenate([made.rain_rate] * 2))
    with pytest.raises(DataError, match="16 frames every 300 s, expected at most 8 every 300 s"):
        model.predict(long)
    with pytest.raises(DataError, match="every 600 s, expected at most 8 every 300 s"):
        model.predict(replace(made, interval_s=600.0))


def test_a_ground_is_known_by_every_height():
    heights = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    assert ground_key(heights) == ground_key(heights.copy())
    assert ground_key(heights) != ground_key(heights.reshape(6, 4))
    other = heights.copy()
    other[2, 2] += 0.001
    assert ground_key(heights) != ground_key(other)
    heights[0, 0] = np.nan
    other = heights.copy()
    other[0, 0] = -np.float32(np.nan)
    assert ground_key(heights) == ground_key(other)


def test_too_few_storms_name_the_block(flood_data, tmp_path):
    with pytest.raises(DataError, match="has 2 training storms, expected at least 4"):
        train_on(flood_data, tmp_path / "run", LOOKUP)
    run = Run(tmp_path / "run")
    assert run.status == "failed"
    assert "2 training storms" in run.manifest["error"]


def test_settings_of_steps_are_refused(seen_data, tmp_path):
    with pytest.raises(ConfigError) as caught:
        train_emulator(
            seen_data, tmp_path / "run", settings=LOOKUP, progress=False,
            training=TrainSettings(max_minutes=5.0, seed=3), loss=LossSettings(extent=0.0),
        )  # fmt: skip
    assert caught.value.message == (
        "training lookup: it is fitted at once and does not read train.max_minutes, loss.extent"
    )
    assert not (tmp_path / "run").exists()
    with pytest.raises(ConfigError, match="it does not read trees"):
        train_on(seen_data, tmp_path / "run", EmulatorSettings(model="lookup", trees=3))
    with pytest.raises(ConfigError, match="is no network and cannot start from"):
        train_on(seen_data, tmp_path / "run", LOOKUP, init=tmp_path)


def test_a_killed_fit_is_made_again(seen_data, runs, tmp_path, monkeypatch):
    def killed(*args, **more):
        raise KeyboardInterrupt

    kind = training_code.DIRECT["lookup"]
    monkeypatch.setitem(training_code.DIRECT, "lookup", Kind(killed, kind.read))
    with pytest.raises(KeyboardInterrupt):
        train_on(seen_data, tmp_path / "run", LOOKUP)
    assert Run(tmp_path / "run").status == "interrupted"
    monkeypatch.setitem(training_code.DIRECT, "lookup", kind)
    run, result = resume_emulator(tmp_path / "run", progress=False)
    assert run.status == "finished"
    assert result.loss == runs["lookup"][1].loss
    assert (run.path / FILE).read_bytes() == (runs["lookup"][0].path / FILE).read_bytes()
    with pytest.raises(RunError, match="is finished"):
        resume_emulator(run.path, progress=False)


def test_a_file_of_another_kind_is_refused(runs, tmp_path):
    copy = shutil.copytree(runs["lookup"][0].path, tmp_path / "run")
    shutil.copy(runs["boosted"][0].path / FILE, copy / FILE)
    with pytest.raises(DataError, match="it holds 'boosted', expected 'lookup'"):
        load_emulator(copy)
    with pytest.raises(DataError, match="none of the 0"):
        Lookup({}, 300.0).predict(prepare_sample(Samples(Run(copy).config["data"]["path"]).read(0)))
