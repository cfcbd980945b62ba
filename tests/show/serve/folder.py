"""A small folder that fills up, for tests of the live view."""

import json
import threading
from contextlib import contextmanager

import numpy as np
import xarray as xr

from inundate.core.grid import Grid, attach_grid
from inundate.core.store import write_dataset
from inundate.rain.array import make_rain, to_rain_dataset
from inundate.show.serve.live import LiveView, serve
from inundate.show.serve.settings import LiveSettings

GRID = Grid("EPSG:27700", 400_000.0, 300_240.0, 10.0, 10.0, 24, 24)
START = np.datetime64("2030-06-14T15:00:00", "ms")
HOSTILE = '<img src=x onerror="window.hacked=1"></script><script>window.hacked=2</script>'
SETTINGS = LiveSettings(poll_s=0.05)


def make_folder(path):
    for name in ("rain", "posts"):
        (path / name).mkdir(parents=True)
    heights = 10 + np.add.outer(np.arange(24.0), np.zeros(24)) / 10
    heights[10:14, 10:14] -= 1.0
    ground = xr.DataArray(heights.astype(np.float32), dims=("y", "x"), attrs={"units": "m"})
    write_dataset(attach_grid(ground.to_dataset(name="elevation"), GRID), path / "terrain.nc")
    return path


def letters(number):
    """A pseudonym of 32 letters."""
    return "".join("abcdefghijklmnop"[int(sign, 16)] for sign in f"{number:032x}")


def post(number, text="the street is flooded", *, place=(52.5985, -1.9982), minute=None):
    time = START + np.timedelta64(number if minute is None else minute, "m")
    told = {"post": letters(number), "text": text, "lang": "en", "created_bin": f"{time}Z"}
    if place:
        told |= {"latitude": place[0], "longitude": place[1], "geo_cell_degrees": 0.001}
    return told


def add_posts(folder, name, posts, *, cut=0):
    data = "".join(json.dumps(one) + "\n" for one in posts).encode()
    with (folder / "posts" / name).open("ab") as stream:
        stream.write(data[: len(data) - cut] if cut else data)
    return data


def add_rain(folder, number, rate=60.0, grid=GRID):
    end = START + np.timedelta64(5 * (number + 1), "m")
    values = np.full((1, *grid.shape), rate, np.float32)
    rain = make_rain(values, np.array([end]), grid, step_s=300.0)
    path = folder / "rain" / f"rain-{number:03d}.nc"
    write_dataset(to_rain_dataset(rain), path)
    return path


def view_of(folder, **more):
    return LiveView(folder, **{"settings": SETTINGS, **more})


@contextmanager
def running(folder, **more):
    """A real server on a free port of this machine; gives the view and the address."""
    ready, found, server = threading.Event(), [], []
    with view_of(folder, **more) as view:
        thread = threading.Thread(
            target=serve,
            args=(view,),
            kwargs={
                "ready": lambda url: (found.append(url), ready.set()),
                "server_made": server.append,
            },
        )
        thread.start()
        assert ready.wait(120)
        try:
            yield view, found[0]
        finally:
            server[0].should_exit = True
            thread.join(120)
            assert not thread.is_alive()


WIDE = Grid("EPSG:27700", 368_000.0, 332_000.0, 1000.0, 1000.0, 64, 64)


def add_shower(folder, number, *, rate=60.0, name=None, missing=None):
    """Radar around the town: a band of showers that moves a cell a step eastwards."""
    end = START + np.timedelta64(5 * (number + 1), "m")
    rows, cols = np.mgrid[0:64, 0:64].astype(float)
    values = np.zeros(WIDE.shape)
    for place, (row, col) in enumerate(((20, 20), (30, 24), (32, 31), (38, 18), (44, 26))):
        strength = rate * (1.0 + 0.25 * np.sin(1.7 * number + place))  # they come and go
        values += strength * np.exp(-((rows - row) ** 2 + (cols - col - number) ** 2) / 18.0)
    values[values < 0.1] = 0.0
    if missing is not None:
        values[missing] = np.nan
    rain = make_rain(values[None].astype(np.float32), np.array([end]), WIDE, step_s=300.0)
    path = folder / "rain" / (name or f"rain-{number:03d}.nc")
    write_dataset(to_rain_dataset(rain), path)
    return path
