from pathlib import Path

import pytest

from inundate.core.errors import ConfigError, MissingFileError, RunError
from inundate.core.store import write_dataset
from inundate.hydro.case import run_case
from inundate.hydro.pairs import plan_pairs
from inundate.hydro.settings import SimulateSettings
from inundate.rain.array import to_rain_dataset

SETTINGS = SimulateSettings()


@pytest.fixture
def inputs(tmp_path):
    names = ["a.tif", "b.tif", "one.nc", "two.nc"]
    for name in names:
        (tmp_path / name).write_text("")
    paths = [tmp_path / name for name in names]
    return paths[:2], paths[2:]


def test_one_pair_goes_to_the_path_given(inputs, tmp_path):
    terrains, rains = inputs
    (pair,) = plan_pairs(rains[:1], terrains[:1], tmp_path / "out.zarr", SETTINGS)
    assert pair.case.output == tmp_path / "out.zarr"
    assert (pair.case.terrain_name, pair.case.storm_name) == ("a", "one")
    assert not pair.is_done


def test_several_make_every_pair_in_a_folder(inputs, tmp_path):
    terrains, rains = inputs
    pairs = plan_pairs(rains, terrains, tmp_path / "out", SETTINGS)
    assert {pair.case.output.name for pair in pairs} == {
        "a__one.zarr", "a__two.zarr", "b__one.zarr", "b__two.zarr",
    }  # fmt: skip
    assert all(pair.case.output.parent == tmp_path / "out" for pair in pairs)
    assert all(pair.case.output.name.startswith(pair.case.terrain.stem) for pair in pairs)


def test_finished_ones_are_kept_and_others_made(tmp_path, storm, terrain):
    write_dataset(to_rain_dataset(storm), tmp_path / "wet.zarr")
    for name in ("a", "b"):
        write_dataset(terrain.to_dataset(), tmp_path / f"{name}.zarr")
    out = tmp_path / "out"
    (pair,) = plan_pairs(
        [tmp_path / "wet.zarr"], [tmp_path / "a.zarr"], out / "a__wet.zarr", SETTINGS
    )
    run_case(pair.case, progress=False)
    given = ([tmp_path / "wet.zarr"], [tmp_path / "a.zarr", tmp_path / "b.zarr"], out)
    assert [pair.is_done for pair in plan_pairs(*given, SETTINGS)] == [True, False]
    again = plan_pairs(*given, SETTINGS, overwrite=True)
    assert [pair.is_done for pair in again] == [False, False]
    with pytest.raises(RunError) as caught:
        plan_pairs(*given, SimulateSettings(manning=0.1))
    assert str(caught.value) == (
        f"writing {out / 'a__wet.zarr'}: it exists and was made with other settings"
    )
    write_dataset((terrain + 1).to_dataset(name="elevation"), tmp_path / "a.zarr", overwrite=True)
    with pytest.raises(RunError, match="it exists and was made with other inputs"):
        plan_pairs(*given, SETTINGS)


def test_refusals(inputs, tmp_path):
    terrains, rains = inputs
    with pytest.raises(ConfigError) as caught:
        plan_pairs(rains[:1], terrains[:1], tmp_path / "out", SETTINGS)
    assert str(caught.value) == (
        f"writing {tmp_path / 'out'}: suffix '', expected .zarr for one simulation"
    )
    with pytest.raises(ConfigError, match="2 simulations need a folder, not one file"):
        plan_pairs(rains, terrains[:1], tmp_path / "out.zarr", SETTINGS)
    with pytest.raises(MissingFileError, match=r"none\.tif: no such file"):
        plan_pairs(rains, [tmp_path / "none.tif"], tmp_path / "out", SETTINGS)
    twin = tmp_path / "deep" / "a.tif"
    twin.parent.mkdir()
    twin.write_text("")
    with pytest.raises(ConfigError) as caught:
        plan_pairs(rains, [terrains[0], twin], tmp_path / "out", SETTINGS)
    assert str(caught.value) == (
        "simulating: several terrain inputs are called 'a', expected names that tell them apart"
    )


def test_an_output_in_the_way(inputs, tmp_path):
    terrains, rains = inputs
    out = tmp_path / "out.zarr"
    out.mkdir()
    with pytest.raises(RunError, match="it exists already"):
        plan_pairs(rains[:1], terrains[:1], out, SETTINGS)
    assert plan_pairs(rains[:1], terrains[:1], out, SETTINGS, overwrite=True)


def test_a_folder_is_named_like_itself(tmp_path, inputs):
    folder = tmp_path / "radar.2021"
    folder.mkdir()
    (pair,) = plan_pairs([folder], inputs[0][:1], Path(tmp_path / "o.zarr"), SETTINGS)
    assert pair.case.storm_name == "radar.2021"
    packed = tmp_path / "2021.07.12.dat.gz"
    packed.write_text("")
    (pair,) = plan_pairs([packed], inputs[0][:1], tmp_path / "o.zarr", SETTINGS)
    assert pair.case.storm_name == "2021.07.12"
