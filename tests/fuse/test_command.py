"""``inundate fuse``: from files to files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from tests.fuse.made import GRID, TIME, ponds

from inundate.cli.app import main
from inundate.core.grid import attach_grid
from inundate.core.names import attributes
from inundate.core.store import read_dataset, write_dataset
from inundate.show.page import write_map

PONDS = (0, 8, 16, 24, 32)


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    from pyproj import Transformer

    to_degrees = Transformer.from_crs(GRID.crs, "EPSG:4326", always_xy=True)
    lines = ["post,time,latitude,longitude,radius_m,water,probability,story"]
    for number, column in enumerate([18, 19, 20, 21, 21]):
        longitude, latitude = to_degrees.transform(GRID.x[column], GRID.y[20])
        story = min(number, 3)  # the last is a copy
        lines.append(f"p{number},2000-01-01T00:40:00Z,{latitude},{longitude},100,1,0.9,{story}")
    place = tmp_path / "located.csv"
    place.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return place


@pytest.fixture
def ensemble(tmp_path: Path) -> Path:
    depth = ponds(PONDS)
    plane = ("time", "y", "x")
    ds = xr.Dataset(
        {
            "water_depth": (plane, depth.mean(axis=0), attributes("water_depth")),
            "depth_sample": (("member", *plane), depth, attributes("depth_sample")),
            "elevation": (("y", "x"), np.zeros(GRID.shape, np.float32), attributes("elevation")),
        },
        coords={"time": TIME},
        attrs={"kind": "prediction"},
    )
    return write_dataset(attach_grid(ds, GRID), tmp_path / "prior.zarr")


def _run(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert main([*map(str, arguments), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_weigh_writes_what_a_map_reads(
    tmp_path: Path, ensemble: Path, posts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "updated.zarr"
    told = _run(capsys, "fuse", "weigh", ensemble, posts, "-o", output)
    assert (told["posts"], told["stories"], told["used"]) == (5, 4, 4)
    assert next(iter(told["weights"])) == "sample 2"
    ds = read_dataset(output)
    chance = ds["depth_probability"].sel(threshold=0.3).isel(time=3).to_numpy()
    assert chance[20, 20] > 0.5  # 0.2 before
    assert chance[20, 4] < 0.2
    assert float(ds["depth_quantile"].sel(quantile=0.5).isel(time=3)[20, 20]) == pytest.approx(0.5)
    page = write_map(tmp_path / "map.html", ds)
    assert {"probability_0.3", "quantile_0.5", "uncertainty"} <= set(page.layers)


def test_check_counts_hits(ensemble: Path, posts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = _run(capsys, "fuse", "check", ensemble, posts, "--draws", 19)
    assert told["stories"] == 4
    assert told["hits"] + told["misses"] == 4
    assert 0 < told["p_value"] <= 1


def test_one_flood_cannot_be_weighed(
    tmp_path: Path, ensemble: Path, posts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = read_dataset(ensemble).drop_vars("depth_sample").load()
    place = write_dataset(alone, tmp_path / "alone.zarr")
    assert main(["fuse", "weigh", str(place), str(posts), "-o", str(tmp_path / "u.zarr")]) != 0
    assert "holds one flood, expected several" in capsys.readouterr().err
    assert not (tmp_path / "u.zarr").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [(["--quantiles", "1.5"], "--quantiles 1.5"), (["--thresholds", "0"], "--thresholds 0")],
)
def test_flags_that_cannot_be_are_refused(
    tmp_path: Path, ensemble: Path, posts: Path, flags: list[str], message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    output = tmp_path / "u.zarr"
    assert main(["fuse", "weigh", str(ensemble), str(posts), "-o", str(output), *flags]) != 0
    assert message in capsys.readouterr().err
