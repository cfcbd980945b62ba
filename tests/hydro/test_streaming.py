"""Rain of any length goes through constant memory, one step at a time."""

import tracemalloc

import numpy as np
import pytest
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

from inundate.core.grid import Grid, attach_grid
from inundate.core.names import attributes
from inundate.core.store import read_dataset
from inundate.hydro.frames import StoredFrames
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.simulate import simulate

SIDE = 60  # cells of the rain: 14 kB a frame
SETTINGS = SimulateSettings(
    sample_every_s=3600.0, output_every_s=43_200.0, max_step_s=60.0, run_on_min=0.0,
    infiltration="constant",
)  # fmt: skip


class Frames(BackendArray):
    """Rain that exists only while it is looked at; a tenth of the frames is wet."""

    def __init__(self, count):
        self.shape, self.dtype, self.reads = (count, SIDE, SIDE), np.dtype("f4"), []

    def __getitem__(self, key):
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.BASIC, self.read
        )

    def read(self, key):
        self.reads.append(int(key[0]))  # a slice of time would fail here
        return np.full((SIDE, SIDE), 20.0 * (key[0] % 50 < 5), "f4")[key[1:]]


@pytest.fixture
def make_long():
    """Build rain of many steps of five minutes that no memory holds."""

    def make(count):
        frames = Frames(count)
        ends = np.datetime64("2021-01-01", "ns") + np.arange(1, count + 1) * np.timedelta64(
            300, "s"
        )
        variable = xr.Variable(("time", "y", "x"), indexing.LazilyIndexedArray(frames))
        attrs = {**attributes("rain_rate"), "interval_s": 300.0}
        rain = xr.DataArray(variable, coords={"time": ends}, name="rain_rate", attrs=attrs)
        return attach_grid(rain, Grid("EPSG:27700", 399990, 500010, 10, 10, SIDE, SIDE)), frames

    return make


def peak_of(rain, terrain, output):
    tracemalloc.start()
    simulate(rain, terrain, settings=SETTINGS, output=output, progress=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_rain(tmp_path, make_long, terrain):
    short, long = make_long(150)[0], make_long(900)[0]
    peak_of(make_long(4)[0], terrain, tmp_path / "warm.zarr")
    peaks = [
        peak_of(rain, terrain, tmp_path / f"{name}.zarr")
        for name, rain in (("short", short), ("long", long))
    ]
    # 750 more frames of rain are 10.8 MB; allocations differ by some 0.3 MB from run to run
    assert peaks[1] - peaks[0] < 2e6
    with read_dataset(tmp_path / "long.zarr") as found:
        assert found.sizes["time"] == 7
        assert found["time"].dtype == "datetime64[ns]"
        assert np.isfinite(found["water_depth"]).all()


def test_each_frame_is_read_once_and_those_past_not_at_all(
    tmp_path, make_long, terrain, monkeypatch
):
    rain, frames = make_long(300)
    given = {"settings": SETTINGS, "output": tmp_path / "s.zarr", "progress": False}
    stop = {"at": 1}

    whole = StoredFrames.add

    def add(self, frame):
        if self.count == stop["at"]:
            raise InterruptedError
        whole(self, frame)

    monkeypatch.setattr(StoredFrames, "add", add)
    with pytest.raises(InterruptedError):
        simulate(rain, terrain, checkpoint_every_s=0.0, **given)
    probes = 16  # frames that tell this rain from another
    assert len(frames.reads) == probes + 288
    frames.reads.clear()
    stop["at"] = -1
    simulate(rain, terrain, **given)
    assert len(frames.reads) == probes + 300 - 288
    assert frames.reads[probes:] == list(range(288, 300))
