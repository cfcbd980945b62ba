"""Depth and rain where and when posts were written."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from pyproj import Transformer
from tests.fuse.made import GRID, TIME

from inundate.cli.app import main
from inundate.core.errors import DataError
from inundate.core.grid import attach_grid
from inundate.core.names import attributes
from inundate.core.store import write_dataset
from inundate.fuse.context import CONTEXT_COLUMNS, count_outside, water_context
from inundate.posts.locate.located import Located, write_located


def made(*, rain: bool = True) -> xr.Dataset:
    """A pond in the middle that rises by 0.1 m a frame; 6 mm/h in the first three frames."""
    depth = np.zeros((len(TIME), *GRID.shape), np.float32)
    depth[:, 10:30, 16:24] = 0.1 * np.arange(1, len(TIME) + 1)[:, None, None]
    depth[:, :, :4] = np.nan
    rate = np.zeros_like(depth)
    rate[:3] = 6.0
    fields = {"water_depth": (("time", "y", "x"), depth)}
    if rain:
        fields["rain_rate"] = (("time", "y", "x"), rate)
    data = xr.Dataset(fields, {"time": TIME}, {"kind": "prediction"})
    for name in fields:
        data[name].attrs.update(attributes(name))
    return attach_grid(data, GRID)


def posts(places: list[tuple[float, float]], minutes: list[float], radius_m: float) -> Located:
    """Posts at columns and rows of the grid, so long after the first frame's begin."""
    count = len(places)
    east, north = np.transpose([(GRID.x[0] + 50 * c, GRID.y[0] - 50 * r) for c, r in places])
    longitude, latitude = Transformer.from_crs("EPSG:27700", "EPSG:4326", always_xy=True).transform(
        east, north
    )
    begin = (TIME[0] - np.timedelta64(600, "s")).astype("datetime64[us]")
    empty = ("",) * count
    return Located(
        post=tuple(f"p{row}" for row in range(count)),
        time=begin + (np.array(minutes) * 60e6).astype("timedelta64[us]"),
        text=("secret words",) * count, language=empty,
        latitude=np.asarray(latitude), longitude=np.asarray(longitude),
        radius_m=np.full(count, radius_m), place=empty, method=("coordinates",) * count,
        why=empty, story=np.arange(count), water=np.zeros(count, np.int8),
        probability=np.full(count, np.nan), label=empty, severity_m=np.full(count, np.nan),
    )  # fmt: skip


def test_depth_and_rain_of_the_right_frame() -> None:
    # the end of the second frame, just after it, and in the last frame
    found = water_context(posts([(20, 20)] * 3, [20, 20.5, 60], 100.0), made())
    assert set(found) == set(CONTEXT_COLUMNS)
    assert found["inside"].all()
    assert found["depth_mean_m"] == pytest.approx([0.2, 0.3, 0.6])
    assert found["wet_share"] == pytest.approx([1, 1, 1])
    assert found["rain_mm"] == pytest.approx([2, 3, 3])
    assert found["rain_hour_mm"] == pytest.approx([2, 3, 3])


def test_a_circle_over_the_shore_is_partly_wet() -> None:
    found = water_context(posts([(15.5, 20)], [60], 400.0), made())
    assert 0.3 < found["wet_share"][0] < 0.6
    assert found["depth_max_m"][0] == pytest.approx(0.6)
    assert 0 < found["depth_mean_m"][0] < 0.6


def test_a_circle_smaller_than_a_cell_has_its_own_cell() -> None:
    found = water_context(posts([(20.3, 20.3)], [60], 1.0), made())
    assert found["depth_mean_m"] == pytest.approx([0.6])


def test_what_the_map_does_not_know_is_never_dry() -> None:
    # on no ground, off the map, before and after its time
    found = water_context(
        posts([(1, 20), (90, 20), (20, 20), (20, 20)], [30, 30, -1, 61], 60.0), made(rain=False)
    )
    assert not found["inside"].any()
    for name in set(CONTEXT_COLUMNS) - {"inside"}:
        assert np.isnan(found[name]).all(), name
    known = water_context(posts([(20, 20)], [30], 60.0), made(rain=False))
    assert known["inside"].all()
    assert np.isnan(known["rain_mm"]).all()


def test_why_a_post_has_no_numbers_is_counted_once() -> None:
    located = posts([(20, 20), (1, 20), (90, 20), (20, 20), (20, 20)], [30, 30, 30, -1, 61], 60.0)
    found = water_context(located, made())
    told = {"no_place": 0, "no_time": 0, "other_time": 2, "elsewhere": 2}
    assert count_outside(located, found["inside"], made()) == told
    time, no_place = located.time.copy(), np.where(np.arange(5) == 4, np.nan, 1.0)
    time[3] = np.datetime64("NaT")
    odd = replace(
        located, longitude=located.longitude * no_place, latitude=located.latitude * no_place,
        radius_m=located.radius_m * no_place, time=time,
    )  # fmt: skip
    told = {"no_place": 1, "no_time": 1, "other_time": 0, "elsewhere": 2}
    assert count_outside(odd, water_context(odd, made())["inside"], made()) == told


def test_missing_rain_stays_missing() -> None:
    data = made()
    data["rain_rate"][1] = np.nan
    found = water_context(posts([(20, 20)] * 2, [10, 30], 60.0), data)
    assert found["rain_mm"][0] == pytest.approx(1)
    assert np.isnan(found["rain_mm"][1])


def test_maps_that_are_none_are_refused() -> None:
    told = posts([(20, 20)], [30], 60.0)
    with pytest.raises(DataError, match="no water_depth over time"):
        water_context(told, made().drop_vars("water_depth"))
    with pytest.raises(DataError, match="equal distances"):
        water_context(told, made().isel(time=[0, 1, 3]))


def test_the_table_has_no_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    depth = write_dataset(made(), tmp_path / "depth.zarr")
    write_located(posts([(20, 20), (90, 20)], [30, 30], 60.0), tmp_path / "located.csv")
    table = tmp_path / "context.csv"
    call = ["fuse", "context", str(depth), str(tmp_path / "located.csv"), "-o"]
    assert main([*call, str(table)]) == 0
    assert "1 of 2 posts" in capsys.readouterr().out
    text = table.read_text(encoding="utf-8")
    assert "secret" not in text
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["inside"] for row in rows] == ["true", "false"]
    assert (rows[0]["depth_mean_m"], rows[1]["depth_mean_m"]) == ("0.3", "")
    assert main([*call, str(table)]) != 0  # it is there
    assert main([*call, str(tmp_path / "context.xls")]) != 0
    assert "expected .csv" in capsys.readouterr().err
