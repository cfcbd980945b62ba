import numpy as np
import pytest
import zarr

from inundate.hydro import frames
from inundate.hydro.places import Place
from inundate.hydro.simulate import simulate


@pytest.mark.parametrize(("total", "every", "ends"), [
    (1800.0, 600.0, [600, 1200, 1800]), (1500.0, 600.0, [600, 1200, 1500]),
    (300.0, 600.0, [300]), (0.3, 0.1, [0.1, 0.2, 0.3]),
])  # fmt: skip
def test_frame_ends(total, every, ends):
    np.testing.assert_allclose(frames.frame_ends(total, every), ends)


def test_frames_are_written_as_they_come(tmp_path, storm, terrain, monkeypatch):
    held = []
    add = frames.StoredFrames.add

    def watched(self, frame):
        add(self, frame)
        chunks = (tmp_path / ".sim.zarr.part" / "store.zarr" / "water_depth" / "c").glob("*/0/0")
        held.append(len(list(chunks)))
        assert not (tmp_path / "sim.zarr").exists()

    monkeypatch.setattr(frames.StoredFrames, "add", watched)
    simulate(storm, terrain, output=tmp_path / "sim.zarr", progress=False)
    assert held == list(range(1, 10))


def test_every_array_of_a_store_is_compressed_a_frame_a_chunk(tmp_path, storm, terrain):
    place = Place("g", np.array([400055.0]), np.array([499905.0]))
    simulate(storm, terrain, output=tmp_path / "sim.zarr", gauges=[place], progress=False)
    group = zarr.open_group(tmp_path / "sim.zarr", mode="r")
    for name in ("water_depth", "rain_rate", *frames.MAPS, "gauge_depth", "gauge_level"):
        array = group[name]
        assert [type(codec).__name__ for codec in array.compressors] == ["BloscCodec"], name
        assert array.chunks[-2:] == ((20, 30) if "gauge" not in name else (91, 1))
    assert group["water_depth"].chunks[0] == 1
