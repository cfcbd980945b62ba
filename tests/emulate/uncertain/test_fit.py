"""Calibration: on validation terrains alone, the same every time, refused where it cannot be."""

import shutil

import numpy as np
import pytest
import zarr

from inundate.core.errors import ConfigError, DataError, RunError
from inundate.core.provenance import hash_path
from inundate.core.run import Run
from inundate.dataset.samples import Samples
from inundate.emulate.train import load_emulator
from inundate.emulate.uncertain.calibration import FILE, load_calibration
from inundate.emulate.uncertain.draw import draw_cells, ensembles_of
from inundate.emulate.uncertain.ensemble import HybridEnsemble
from inundate.emulate.uncertain.fit import choose, fit_spread
from inundate.emulate.uncertain.settings import SpreadSettings

from .small_world import SPREAD


def copy_of(run, folder, data):
    """A copy of a run that names another data set as its own."""
    path = folder / run.path.name
    shutil.copytree(run.path, path, symlinks=True)
    text = (path / "config.toml").read_text()
    (path / "config.toml").write_text(text.replace(run.config["data"]["path"], str(data)))
    made = Run(path)
    made.set_status(made.status, inputs={data.name: hash_path(data)})
    return path


def test_all_ways_are_fitted_and_what_is_kept_is_what_was_found(calibrated):
    run, found = calibrated
    assert tuple(found.ways) == ("conformal", "hybrid-ensemble", "dressed-ensemble", "vae")
    again = load_calibration(Run(run.path))
    assert again.to_json() == found.to_json()
    for made in found.ways.values():
        assert 0 < made.valid["crps_m"] < made.valid["mae_m"]  # a spread beats a sure forecast
        assert set(made.valid["crps_by_terrain_m"]) == set(found.fitted_on["terrains"])
        assert max(made.valid["calibration_error"].values()) < 0.2
        low, high = made.finish.interval
        assert low == 0.05
        assert 0.5 < high <= 0.99
    assert found.ways["conformal"].copula.length_cells > 0
    dressed = found.ways["dressed-ensemble"]
    assert dressed.copula is None
    assert (dressed.band.table == found.ways["conformal"].band.table).all()
    assert found.fitted_on["part"] == "valid"
    assert found.fitted_on["runs"] == 16


def test_the_test_part_and_training_are_never_read(runs, world, tmp_path):
    """Poisoned water in every test and training sample changes nothing, to the last bit."""
    clean, poisoned = tmp_path / "clean", tmp_path / "poisoned"
    for folder in (clean, poisoned):
        shutil.copytree(world, folder / "world.zarr")
    samples = Samples(poisoned / "world.zarr")
    water = zarr.open_group(poisoned / "world.zarr", mode="r+")["water_depth"]
    for number, row in enumerate(samples.rows):
        if row.split != "valid":
            water[row.chunk if row.chunk >= 0 else number] = 1e6
    methods = ("conformal", "hybrid-ensemble")
    found = [
        fit_spread(
            copy_of(runs["mode_h"], folder, folder / "world.zarr"), methods=methods,
            settings=SPREAD, progress=False,
        )
        for folder in (clean, poisoned)
    ]  # fmt: skip
    assert found[0].to_json() == found[1].to_json()


def test_water_of_validation_is_read(runs, world, tmp_path):
    """The other side of the proof: the same poison in one validation run does change it."""
    shutil.copytree(world, tmp_path / "world.zarr")
    samples = Samples(tmp_path / "world.zarr")
    water = zarr.open_group(tmp_path / "world.zarr", mode="r+")["water_depth"]
    number = samples.part("valid", members=True)[-1]
    row = samples.rows[number]
    water[row.chunk if row.chunk >= 0 else number] = 5.0
    path = copy_of(runs["mode_h"], tmp_path, tmp_path / "world.zarr")
    one = fit_spread(path, methods=("conformal",), settings=SPREAD, progress=False)
    other = fit_spread(runs["mode_h"].path, methods=("conformal",), settings=SPREAD, progress=False)
    assert one.ways["conformal"].valid != other.ways["conformal"].valid


def test_members_are_coherent_and_differ_from_case_to_case(ensembles, runs):
    from inundate.emulate.uncertain.case import case_of_sample

    _, settings, model = load_emulator(runs["mode_h"].path)
    cases = [
        case_of_sample(model, settings, ensembles.read(one.base))
        for one in ensembles_of(ensembles, "test")[:2]
    ]
    way = HybridEnsemble(model, settings, members=6, seed=1)
    found = [list(way.laws(case)) for case in cases]
    again = list(way.laws(cases[0]))
    assert all((a.points == b.points).all() for a, b in zip(found[0], again, strict=True))
    points = found[0][-1].points
    assert points.shape == (6, *cases[0].elevation.shape)
    off = points - points.mean(axis=0)
    off /= off.std(axis=0) + 1e-9
    wet = np.broadcast_to(points.mean(axis=0) > 0.01, off.shape)
    near = wet[:, :, 1:] & wet[:, :, :-1]
    pairs = np.corrcoef(off[:, :, 1:][near], off[:, :, :-1][near])[0, 1]
    shuffled = np.random.default_rng(0).permuted(off, axis=0)
    apart = np.corrcoef(shuffled[:, :, 1:][near], shuffled[:, :, :-1][near])[0, 1]
    assert pairs > abs(apart) + 0.4


def test_weights_of_the_cells_add_up_to_the_raster(ensembles, runs):
    _, settings, model = load_emulator(runs["mode_h"].path)
    chosen = ensembles_of(ensembles, "valid")[:1]
    cells = draw_cells(ensembles, chosen, model, settings, {}, cells=40, seed=0)
    frames = chosen[0].row.frames
    assert cells.weight.sum() == pytest.approx(frames * 32 * 32)
    assert cells.truth.shape == (4, cells.depth.size)
    assert cells.depth.size <= frames * 40


@pytest.mark.parametrize(
    ("conformal", "ensemble", "default", "best"),
    [
        ([1.0, 1.0, 1.0, 1.0], [0.5, 0.5, 0.6, 0.5], "hybrid-ensemble", "hybrid-ensemble"),
        ([1.0, 1.1, 0.9, 1.0], [1.0, 1.0, 0.8, 1.1], "conformal", "hybrid-ensemble"),
        ([0.4, 0.5, 0.4, 0.5], [1.0, 1.0, 1.0, 1.0], "conformal", "conformal"),
    ],
)
def test_the_default_is_the_simplest_that_chance_cannot_tell_from_the_best(
    conformal, ensemble, default, best
):
    valid = {
        name: {"crps_m": float(np.mean(v)), "crps_by_terrain_m": dict(zip("abcd", v, strict=True))}
        for name, v in (("conformal", conformal), ("hybrid-ensemble", ensemble))
    }
    assert choose(valid) == (default, best)


def test_a_run_without_calibration_says_how_to_make_one(runs):
    path = runs["mode_h"].path
    bare = path.parent / "bare"
    shutil.copytree(path, bare, symlinks=True)
    (bare / FILE).unlink(missing_ok=True)
    with pytest.raises(RunError) as error:
        load_calibration(Run(bare))
    assert str(error.value) == (
        f"reading {bare / FILE}: the run has no calibration, so how sure it is is not known"
    )
    assert error.value.hint == f"inundate spread {bare}"


def test_a_calibration_of_other_weights_or_a_damaged_one_is_refused(calibrated, tmp_path):
    run, _ = calibrated
    path = tmp_path / "run"
    shutil.copytree(run.path, path, symlinks=True)
    text = (path / FILE).read_text()
    (path / FILE).write_text(text.replace('"checkpoint": "step ', '"checkpoint": "step 9'))
    with pytest.raises(RunError, match="it was fitted to step 9"):
        load_calibration(Run(path))
    (path / FILE).write_text(text[:500])
    with pytest.raises(DataError, match="not a whole calibration"):
        load_calibration(Run(path))
    (path / FILE).write_text(text.replace('"format": 1', '"format": 7'))
    with pytest.raises(DataError, match="format 7, expected"):
        load_calibration(Run(path))


def test_what_cannot_be_calibrated_is_refused(runs, world, tmp_path):
    mode_h = runs["mode_h"].path
    with pytest.raises(ConfigError, match="spread of mode_h: it has no vae; expected some of"):
        fit_spread(mode_h, methods=("vae",), progress=False)
    with pytest.raises(ConfigError, match="expected rising ones above 0"):
        fit_spread(mode_h, settings=SpreadSettings(thresholds_m=(0.3, 0.1)), progress=False)
    shutil.copytree(world, tmp_path / "world.zarr")
    path = copy_of(runs["mode_h"], tmp_path, tmp_path / "world.zarr")
    group = zarr.open_group(tmp_path / "world.zarr", mode="r+")
    group["water_depth"][0, 0, 0, 0] = 9.0
    with pytest.raises(DataError, match="has changed since the training"):
        fit_spread(path, progress=False)


def test_parts_without_ensembles_or_with_shared_ground_are_refused(world, tmp_path):
    import json

    shutil.copytree(world, tmp_path / "world.zarr")
    group = zarr.open_group(tmp_path / "world.zarr", mode="r+")
    rows = json.loads(group.attrs["samples"])
    alone = [row for row in rows if not row["member"] or row["split"] != "valid"]
    group.attrs["samples"] = json.dumps(alone)
    with pytest.raises(DataError, match="its valid samples have no perturbed runs"):
        ensembles_of(Samples(tmp_path / "world.zarr"), "valid")
    ground = next(row["block"] for row in rows if row["split"] == "test")
    moved = [{**row, "block": ground} if row["split"] == "valid" else row for row in rows]
    group.attrs["samples"] = json.dumps(moved)
    with pytest.raises(DataError, match="valid shares terrain with another part"):
        ensembles_of(Samples(tmp_path / "world.zarr"), "valid")


def test_weights_that_ship_are_not_written_to(capsys):
    from inundate.cli.app import main

    assert main(["spread", "mode_h", "--dataset", "data.zarr"]) == 2
    assert "hint: inundate weights export mode_h -o mine" in capsys.readouterr().err
