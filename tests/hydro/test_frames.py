import numpy as np
import pytest

from inundate.core.errors import RunError
from inundate.hydro import frames
from inundate.hydro.simulate import simulate


@pytest.mark.parametrize(("total", "every", "ends"), [
    (1800.0, 600.0, [600, 1200, 1800]), (1500.0, 600.0, [600, 1200, 1500]),
    (300.0, 600.0, [300]), (0.3, 0.1, [0.1, 0.2, 0.3]),
])  # fmt: skip
def test_frame_ends(total, every, ends):
    np.testing.assert_allclose(frames.frame_ends(total, every), ends)


def test_a_full_disk_leaves_nothing(tmp_path, storm, terrain, monkeypatch):
    def full(self, frame):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(frames.StoredFrames, "add", full)
    with pytest.raises(RunError) as caught:
        simulate(storm, terrain, output=tmp_path / "sim.zarr", progress=False)
    assert str(caught.value) == (
        f"writing {tmp_path / 'sim.zarr'}: the disk is full; nothing was written"
    )
    assert list(tmp_path.iterdir()) == []


def test_frames_are_written_as_they_come(tmp_path, storm, terrain, monkeypatch):
    held = []
    add = frames.StoredFrames.add

    def watched(self, frame):
        add(self, frame)
        held.append(
            sorted(path.name for path in self._array("water_depth").store.root.rglob("c/*/0/0"))
        )
        assert not (tmp_path / "sim.zarr").exists()

    monkeypatch.setattr(frames.StoredFrames, "add", watched)
    simulate(storm, terrain, output=tmp_path / "sim.zarr", progress=False)
    counts = [len(names) for names in held]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]
