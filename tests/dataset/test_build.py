"""Building: every sample is the simulation cell by cell; refusals; whole or absent."""

import json
import shutil

import numpy as np
import pytest
import zarr

from inundate.core.errors import ConfigError, DataError, MissingFileError, RunError
from inundate.core.grid import Grid
from inundate.core.store import read_dataset, write_dataset
from inundate.dataset.build import build_dataset, find_simulations
from inundate.dataset.cut import cut
from inundate.dataset.samples import Samples
from inundate.dataset.settings import DatasetSettings
from inundate.hydro.series import Series
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.site import Site
from inundate.hydro.sources import Source

from .conftest import make_ground, place


def small(side, gap=0, **more):
    return DatasetSettings(block_cells=side, gap_cells=gap, **more)


@pytest.mark.parametrize(("side", "gap", "starts"), [
    (0, 4, [0]),
    (24, 4, [0]),
    (8, 0, [0, 8, 16]),
    (8, 4, [0, 16]),  # 8 cells, 4 + 4 left out, 8 cells
    (7, 2, [0, 11]),
    (13, 0, [0]),
    (4, 3, [0, 10, 20]),
])  # fmt: skip
def test_windows_by_hand(flood, side, gap, starts):
    pieces = list(cut(flood(0, "a"), small(side, gap)))
    found = [(piece.rows.start, piece.cols.start) for piece in pieces]
    assert found == [(top, left) for top in starts for left in starts]
    size = side or 24
    assert {piece.grid.shape for piece in pieces} == {(size, size)}
    last = pieces[-1].grid
    assert last.bounds == (
        400000 + 10 * starts[-1], 500000 - 10 * (starts[-1] + size),
        400000 + 10 * (starts[-1] + size), 500000 - 10 * starts[-1],
    )  # fmt: skip
    names = [piece.block for piece in pieces]
    assert names[0] == ("t0/0-0" if side else "t0")
    assert len(set(names)) == len(names)


def test_whole_simulations_come_back_as_they_were(data, sims):
    samples = Samples(data)
    assert len(samples) == len(sims)
    for number, path in enumerate(sims):
        sample = samples.read(number)
        with read_dataset(path) as ds:
            for name in ("water_depth", "rain_rate", "elevation", "roughness"):
                np.testing.assert_array_equal(getattr(sample, name), ds[name].to_numpy())
            np.testing.assert_array_equal(sample.grid.x, ds["x"])
            np.testing.assert_array_equal(sample.grid.y, ds["y"])
            assert sample.row.terrain == ds.attrs["terrain_name"]
            assert sample.row.storm == ds.attrs["storm_name"]
            assert sample.row.settings == json.loads(ds.attrs["settings"])
            mean = float(ds["rain_rate"].mean()) * ds.sizes["time"] * 300 / 3600
            assert sample.row.rain_mm == pytest.approx(mean, rel=1e-6)
        assert sample.interval_s == 300
        assert sample.valid.all()


def test_blocks_lie_where_their_coordinates_say(cut_data, sims):
    samples = Samples(cut_data())
    assert len(samples) == 4 * 4 * 2
    stored = {(p.stem.split("__")[0], p.stem.split("__")[1]): p for p in sims}
    for number, row in enumerate(samples.rows):
        sample = samples.read(number)
        with read_dataset(stored[row.terrain, row.storm]) as ds:
            there = ds.sel(x=sample.grid.x, y=sample.grid.y)
            np.testing.assert_array_equal(sample.water_depth, there["water_depth"])
            np.testing.assert_array_equal(sample.rain_rate, there["rain_rate"])
            np.testing.assert_array_equal(sample.elevation, there["elevation"])
            np.testing.assert_array_equal(samples.ground(row), there["elevation"])


def test_no_cell_is_in_two_blocks_and_the_gap_holds(cut_data):
    samples = Samples(cut_data(gap=2, side=5))
    taken = np.zeros((24, 24), int)
    for row in samples.rows:
        if (row.terrain, row.storm) == ("t0", "a"):
            grid = Grid(**row.grid)
            rows = np.round((500000 - grid.y) / 10 - 0.5).astype(int)
            cols = np.round((grid.x - 400000) / 10 - 0.5).astype(int)
            # grown by the gap on each side, blocks may touch, not overlap
            taken[max(0, rows[0] - 2) : rows[-1] + 3, max(0, cols[0] - 2) : cols[-1] + 3] += 1
    assert taken.max() == 1


def test_shorter_and_smaller_samples_are_not_padded_when_read(flood, tmp_path):
    longer = SimulateSettings(edges="closed", output_every_s=300, run_on_min=30)
    paths = [flood(n, s) for n in range(3) for s in "ab"]
    paths[0] = flood(0, "a", settings=longer)
    samples = build_dataset(paths, tmp_path / "d.zarr", progress=False)
    assert [samples.read(n).water_depth.shape[0] for n in (0, 1)] == [12, 8]
    assert np.isfinite(samples.read(1).water_depth).all()


def test_unknown_ground_stays_unknown(flood, tmp_path):
    paths = []
    for path in [flood(n, s) for n in range(3) for s in "ab"]:
        ds = read_dataset(path).load()
        for name in ("elevation", "roughness", "water_depth"):
            ds[name][..., :6, :] = np.nan
        paths.append(write_dataset(ds, tmp_path / path.name))
    samples = build_dataset(paths, tmp_path / "d.zarr", progress=False)
    sample = samples.read(0)
    assert not sample.valid[:6].any()
    assert sample.valid[6:].all()
    # of blocks of 4 cells the first row is unknown, and half of the second
    pieces = list(cut(paths[0], small(4)))
    assert {piece.rows.start for piece in pieces} == {4, 8, 12, 16, 20}


def test_table_split_and_provenance_are_stored(data, sims):
    samples = Samples(data)
    split = json.loads(samples.attrs["split"])
    assert split["storms"] == {"a": "train", "b": "train", "c": "test"}
    assert split["blocks"]["t3"] == "test"
    parts = {name: samples.part(name) for name in ("train", "valid", "test", "unused")}
    assert {name: len(found) for name, found in parts.items()} == {
        "train": 4, "valid": 2, "test": 1, "unused": 5,
    }  # fmt: skip
    assert samples.rows[parts["test"][0]].name == "t3@c"
    inputs = json.loads(samples.attrs["provenance"])["inputs"]
    assert sorted(inputs) == sorted(map(str, sims))


def test_simulations_are_found_in_folders(flood):
    path = flood(0, "a")
    assert find_simulations([path.parent]) == [path]
    assert find_simulations([path, path.parent]) == [path, path]


def test_moved_rain_is_told(flood, tmp_path):
    paths = [flood(n, s) for n in range(3) for s in "ab"]
    ds = read_dataset(paths[0]).load().assign_attrs(moved_by_m="[1000.0, 0.0]")
    paths[0] = write_dataset(ds, tmp_path / "t0__a.zarr")
    samples = build_dataset(paths, tmp_path / "d.zarr", progress=False)
    assert [row.moved_by_m for row in samples.rows[:2]] == ["[1000.0, 0.0]", ""]


def refusal(kind, paths, tmp_path, settings=None, name="d.zarr"):
    with pytest.raises(kind) as found:
        build_dataset(
            paths, tmp_path / name, settings=settings or DatasetSettings(), progress=False
        )
    assert list(tmp_path.glob("*d.zarr*")) == []
    return str(found.value).replace(str(tmp_path), "").replace("\\", "/")


def test_one_pair_twice(flood, tmp_path):
    path = flood(0, "a")
    text = refusal(DataError, [path, path], tmp_path)
    assert text == f"building a data set: t0 under a comes twice, from {path} and {path}"


def test_two_grounds_of_one_name(flood, tmp_path):
    first, second = flood(0, "a"), flood(0, "b", seed=7)
    text = refusal(DataError, [first, second], tmp_path)
    assert text == (
        f"building a data set: block t0 has one elevation and roughness in {first} and another "
        f"in {second}"
    )


def test_two_roughnesses_of_one_block(flood, tmp_path):
    rough = SimulateSettings(edges="closed", output_every_s=300, run_on_min=10, manning=0.1)
    text = refusal(DataError, [flood(0, "a"), flood(0, "b", settings=rough)], tmp_path)
    assert "block t0 has one elevation and roughness in" in text


def test_one_name_at_two_places(flood, tmp_path):
    first, second = flood(0, "a"), flood(1, "b", name="t0")
    assert refusal(DataError, [first, second], tmp_path) == (
        f"building a data set: block t0 lies at {place(0).describe()} in {first} and at "
        f"{place(1).describe()} in {second}"
    )


def test_two_intervals(flood, tmp_path):
    other = SimulateSettings(edges="closed", output_every_s=600, run_on_min=10)
    text = refusal(DataError, [flood(0, "a"), flood(1, "a", settings=other)], tmp_path)
    assert text == (
        "building a data set: simulations have frames every [300.0, 600.0] s, expected one interval"
    )


@pytest.mark.parametrize(("every", "found"), [
    (900, "3 frame(s) after 600, 900 s"),
    (1500, "2 frame(s) after 900, 1500 s"),  # a difference of two times would not show it
    (2400, "1 frame(s) after 2400 s"),
])  # fmt: skip
def test_uneven_frames(flood, tmp_path, every, found):
    path = flood(0, "a", settings=SimulateSettings(output_every_s=every, run_on_min=10))
    assert refusal(DataError, [path], tmp_path) == (
        f"cutting {path}: {found}, expected two or more at one interval"
    )


def test_water_at_the_start(flood, tmp_path):
    start = make_ground(place(0), 0, "t0") * 0 + 0.1
    start.attrs = {"units": "m", "grid_mapping": "spatial_ref"}
    path = flood(0, "a", initial_depth=start.rename("water_depth"))
    assert refusal(DataError, [path], tmp_path) == (
        f"cutting {path}: it starts with 5760 m3 of water, expected dry ground"
    )


def test_water_at_the_start_that_is_not_known(flood, tmp_path):
    path = tmp_path / "t0__a.zarr"
    shutil.copytree(flood(0, "a"), path)
    group = zarr.open_group(path, mode="r+")
    budget = json.loads(group.attrs["volume_budget"])
    group.attrs["volume_budget"] = json.dumps({**budget, "initial_m3": None})
    assert refusal(DataError, [path], tmp_path) == (
        f"cutting /{path.name}: how much water it starts with is not known, expected dry ground"
    )


def test_sources_beside_the_rain(flood, tmp_path):
    spring = Source("spring", np.array([3]), np.array([4]), Series.constant(0.01))
    path = flood(0, "a", site=Site(sources=(spring,)))
    assert refusal(DataError, [path], tmp_path) == (
        f"cutting {path}: it was simulated with sources, expected rain, heightmap, roughness and "
        "settings alone"
    )


def test_blocks_too_large(flood, tmp_path):
    path = flood(0, "a")
    assert refusal(DataError, [path], tmp_path, small(25)) == (
        f"cutting {path}: blocks of 25 cells from {place(0).describe()}"
    )


def test_too_few(flood, tmp_path):
    assert refusal(DataError, [flood(0, "a"), flood(1, "a")], tmp_path).startswith(
        "splitting 2 terrain blocks: no valid part is left"
    )


def test_nothing_to_read(tmp_path):
    (tmp_path / "empty").mkdir()
    text = refusal(DataError, [tmp_path / "empty"], tmp_path)
    assert text == "reading simulations in /empty: no .zarr inside"
    assert refusal(MissingFileError, [tmp_path / "sim.zarr"], tmp_path).startswith(
        "reading simulations /sim.zarr: no such file or folder"
    )


def test_not_a_simulation(tmp_path):
    write_dataset(make_ground(place(0), 0, "t0").to_dataset(), tmp_path / "dem.zarr")
    text = refusal(DataError, [tmp_path / "dem.zarr"], tmp_path)
    assert text == "reading /dem.zarr: kind None, expected 'simulation'"


def test_outputs_that_cannot_be(flood, tmp_path):
    path = flood(0, "a")
    assert refusal(ConfigError, [path], tmp_path, name="d.nc") == (
        "writing /d.nc: suffix '.nc', expected .zarr"
    )
    with pytest.raises(ConfigError, match="it is one of the simulations to read"):
        build_dataset([path], path, overwrite=True, progress=False)
    with read_dataset(path, kind="simulation") as ds:
        assert ds.sizes["time"] == 8


def test_an_existing_one_is_kept_until_the_new_one_is_whole(data, sims, monkeypatch):
    before = Samples(data).attrs["provenance"]
    with pytest.raises(RunError, match="it exists already"):
        build_dataset(sims, data, progress=False)
    calls = []

    def fail(*_):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return 1

    monkeypatch.setattr("inundate.dataset.build._copy", fail)
    with pytest.raises(KeyboardInterrupt):
        build_dataset(sims, data, overwrite=True, progress=False)
    monkeypatch.undo()
    assert Samples(data).attrs["provenance"] == before
    assert [path.name for path in data.parent.iterdir()] == ["data.zarr"]
    again = build_dataset(sims, data, overwrite=True, test_storm=["a"], progress=False)
    assert json.loads(again.attrs["split"])["storms"]["a"] == "test"


def test_the_same_input_gives_the_same_split_and_samples(sims, data, tmp_path):
    one = build_dataset(sims, tmp_path / "one.zarr", progress=False)
    two = build_dataset(sims[::-1], tmp_path / "two.zarr", progress=False)
    assert one.attrs["split_hash"] == two.attrs["split_hash"]
    assert sorted(r.name for r in one.rows) == sorted(r.name for r in two.rows)


def test_one_chunk_a_sample(data):
    group = zarr.open_group(data, mode="r")
    assert group["water_depth"].chunks == (1, 8, 24, 24)
    assert group["elevation"].chunks == (1, 24, 24)


def test_opening_something_else(flood, tmp_path, data, spoil):
    path = flood(0, "a")
    with pytest.raises(DataError) as found:
        Samples(path)
    assert str(found.value) == (
        f"opening data set {path}: found kind 'simulation', format None, "
        "expected a data set of format 1"
    )
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="expected a data set of format 1"):
        Samples(tmp_path / "folder")
    with pytest.raises(MissingFileError):
        Samples(tmp_path / "none.zarr")
    spoil(data, attrs={"format": 2})
    with pytest.raises(DataError, match="found kind 'dataset', format 2"):
        Samples(data)


def test_a_part_that_is_empty(data, spoil):
    with pytest.raises(DataError, match="has no tests samples"):
        Samples(data).part("tests")
