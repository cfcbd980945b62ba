"""Some parts of a world made without the others are what they would be with them."""

import json

import numpy as np
import pytest

from inundate.core.errors import DataError, RunError
from inundate.dataset.world.build import build_world, partial_of
from inundate.dataset.world.settings import WorldSettings

WORLD = WorldSettings(
    sides=(32,), storms_least=1, storms_most=2, real=False, frames_most=8, run_on_frames=2,
    duration_min=(30.0, 40.0), members=2,
    train={"plain": 2}, valid={"plain": 1, "ensembles": 1}, test={"urban": 1, "valley": 1},
)  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("world") / "whole.zarr"
    return build_world(WORLD, path, workers=1, progress=False)


def test_samples_are_the_same_whichever_others_are_made(whole, tmp_path):
    some = build_world(
        WORLD, tmp_path / "some.zarr", workers=1, progress=False, parts=("valid", "test")
    )
    assert {row.split for row in some.rows} == {"valid", "test"}
    expected = [row for row in whole.rows if row.split != "train"]
    assert some.rows == expected
    assert any(row.member for row in some.rows)
    for number, row in enumerate(some.rows):
        other = whole.read(whole.rows.index(row))
        for name in ("water_depth", "rain_rate", "elevation", "roughness"):
            np.testing.assert_array_equal(
                getattr(some.read(number), name), getattr(other, name), err_msg=name
            )
    assert some.attrs["split_hash"] == whole.attrs["split_hash"]
    told = json.loads(some.attrs["world"])
    assert told["parts"] == ["valid", "test"]
    assert told["planned"] == len(some.rows)
    with pytest.raises(DataError, match="has no train samples"):
        some.part("train")


def test_unfinished_parts_are_not_taken_for_the_whole(tmp_path, monkeypatch):
    target = tmp_path / "world.zarr"

    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("inundate.dataset.world.build._finish", stop)
        with pytest.raises(KeyboardInterrupt):
            build_world(WORLD, target, workers=1, progress=False, parts=("test",))
    assert partial_of(target).exists()
    with pytest.raises(RunError, match="an unfinished build of another plan lies there"):
        build_world(WORLD, target, workers=1, progress=False)
    made = build_world(WORLD, target, workers=1, progress=False, parts=("test",))
    assert {row.split for row in made.rows} == {"test"}
