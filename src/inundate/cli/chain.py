"""The benchmark ``chain``: the documented sequence of commands on real radar and terrain."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inundate.core.errors import RunError
from inundate.core.files import check_input, write_text

__all__ = ["AREAS", "STORMS", "chain_commands", "run_chain"]

AREAS = {
    "fens_wash": (530_000, 280_000),
    "humber_hull": (490_000, 410_000),
    "london_thames": (500_000, 150_000),
    "pennines_calder_aire": (390_000, 410_000),
    "welsh_marches_severn": (300_000, 290_000),
    "dartmoor_exe": (250_000, 60_000),
}
"""South-western corner of each 50 km block of OS Terrain 50, British National Grid, m."""

# radar folder, centre of its heaviest rain in its own CRS, factor on the rates
STORMS: dict[str, tuple[str, tuple[float, float], float]] = {
    "swiss-2015": ("radar/meteoswiss-ch/20150515", (700_500, 19_500), 1.0),
    "swiss-2016": ("radar/meteoswiss-ch/20160711", (909_500, 73_500), 2.0),
    "finland-2016": ("radar/fmi-finland/20160928", (28_480, -2_349_566), 1.5),
}
TEST_STORM = "swiss-2016"
_TILE_M, _MARGIN_M = 10_000, 200
_BOX_M = 20_000  # half the side of the piece of radar that is carried over
# every second tile, so that blocks touch at corners at most
_TILES = [(1, 1), (3, 1), (0, 2), (2, 2), (4, 2), (1, 3), (3, 3), (2, 4)]
_QUICK_TILES = _TILES[:4]
# where in the piece of radar each tile lies, so that tiles get different parts of a storm
_OFFSETS_M = [(0, 0), (6000, 2000), (-5000, 5000), (3000, -6000), (-4000, -3000)]


def chain_commands(
    data: Path, work: Path, *, quick: bool, steps: int
) -> Iterator[tuple[Path, list[str]]]:
    """Give each command with the output that shows that it is done."""
    areas = ("humber_hull", "pennines_calder_aire") if quick else tuple(AREAS)
    for name, (folder, (x, y), _) in STORMS.items():
        box = [str(v) for v in (x - _BOX_M, y - _BOX_M, x + _BOX_M, y + _BOX_M)]
        target = work / "radar" / f"{name}.zarr"
        yield target, ["rain", "crop", str(data / folder), "--box", *box, "-o", str(target)]
    number = 0
    for area in areas:
        west, south = AREAS[area]
        for col, row in _QUICK_TILES if quick else _TILES:
            tile = f"{area}-{col}{row}"
            left, bottom = west + col * _TILE_M + _MARGIN_M, south + row * _TILE_M + _MARGIN_M
            side = 3200 if quick else _TILE_M - 2 * _MARGIN_M
            yield from _tile(data, work, area, tile, (left, bottom, side), number)
            number += 1
    sims, dataset = work / "simulations", work / "data.zarr"
    build = ["dataset", "build", str(sims), "-o", str(dataset), "--test-storm", TEST_STORM]
    yield dataset, [*build, "--test-share", "0.35", "--valid-share", "0.1"]
    for run, flags, share in (
        ("mode_h", ["--model", "mode_h"], 1.0),
        ("temporal_cnn", ["--model", "temporal_cnn"], 2 / 3),
        ("temporal_cnn_vae", ["--model", "temporal_cnn", "--tail", "vae"], 2 / 3),
    ):
        target = work / "runs" / run
        yield (
            target / "best",
            [
                *("train", str(dataset), *flags, "--epochs", "0"),
                *("--max-steps", str(round(steps * share)), "--batch-size", "8"),
                *("--learning-rate", "0.003", "--floor", "0.02", "--threads", "1"),
                *("--crop-cells", "64" if quick else "96", "--validate-every-steps", "200"),
                *("-o", str(target)),
            ],
        )
        yield target / "evaluation.json", ["evaluate", str(target)]
    tile = f"{areas[-1]}-{_TILES[0][0]}{_TILES[0][1]}"
    storm, dem = work / "storms" / tile / f"{TEST_STORM}.zarr", work / "tiles" / f"{tile}.tif"
    depth, page = work / "depth.zarr", work / "map.html"
    yield (
        depth,
        [
            *("predict", str(work / "runs" / "mode_h"), "--rain", str(storm)),
            *("--terrain", str(dem), "-o", str(depth)),
        ],
    )
    truth = sims / f"{tile}__{TEST_STORM}.zarr"
    yield page, ["map", "--depth", str(depth), "--truth", str(truth), "-o", str(page)]


def _tile(
    data: Path, work: Path, area: str, tile: str, box: tuple[int, int, int], number: int
) -> Iterator[tuple[Path, list[str]]]:
    left, bottom, side = box
    dem = work / "tiles" / f"{tile}.tif"
    edges = [str(v) for v in (left, bottom, left + side, bottom + side)]
    folder = data / "terrain" / "os-terrain50" / area
    yield dem, ["terrain", "crop", str(folder), "--box", *edges, "-o", str(dem)]
    storms = []
    for name, (_, _, scale) in STORMS.items():
        east, north = _OFFSETS_M[number % len(_OFFSETS_M)]
        centre = [str(left + side // 2 + east), str(bottom + side // 2 + north)]
        target = work / "storms" / tile / f"{name}.zarr"
        storms.append(target)
        yield (
            target,
            [
                *("rain", "augment", str(work / "radar" / f"{name}.zarr"), "--scale", f"{scale:g}"),
                *("--move-to", *centre, "--move-crs", "EPSG:27700", "-o", str(target)),
            ],
        )
    last = work / "simulations" / f"{tile}__{storms[-1].stem}.zarr"
    flags = ["--terrain", str(dem), "--missing-rain", "dry", "-o", str(work / "simulations")]
    yield last, ["simulate", "--rain", *map(str, storms), *flags]


def run_chain(data: Path, output: Path, work: Path, *, quick: bool, steps: int) -> dict[str, Any]:
    """Run what is not yet done of the chain and write ``chain.json``.

    Raises
    ------
    MissingFileError
        If the real inputs are not there.
    RunError
        If a command fails; its own message is printed before.
    """
    check_input(data / "radar", what="benchmark chain: reading")
    steps = min(steps, 60) if quick else steps
    plan = list(chain_commands(data, work, quick=quick, steps=steps))
    for number, (target, command) in enumerate(plan, start=1):
        if target.exists():
            continue
        sys.stderr.write(f"[{number}/{len(plan)}] inundate {' '.join(command)}\n")
        _call(command)
    return _results(output, work, plan, quick=quick)


def _call(command: list[str]) -> None:
    from inundate.cli.app import main

    silent = io.StringIO()
    with contextlib.redirect_stdout(silent):
        code = main(command)
    if code:
        raise RunError(
            f"benchmark chain: inundate {' '.join(command[:3])} … ended with exit code {code}",
            hint="its message stands above; what is finished is kept, run the benchmark again",
        )


def _results(
    output: Path, work: Path, plan: list[tuple[Path, list[str]]], *, quick: bool
) -> dict[str, Any]:
    from inundate.core.provenance import provenance

    source = provenance()
    figures, runs = [], {}
    for run in ("mode_h", "temporal_cnn", "temporal_cnn_vae"):
        folder = work / "runs" / run
        summary = json.loads((folder / "evaluation.json").read_text("utf-8"))
        figures += list(_figures(run, summary))
        runs[run] = _training(json.loads((folder / "manifest.json").read_text("utf-8")))
    size = "--quick" if quick else f"--steps {runs['mode_h']['steps']}"
    found = {
        "name": "chain",
        "command": f"inundate benchmark chain {size}",
        "version": source["inundate"],
        "commit": source["commit"],
        "machine": source["machine"],
        "date": str(source["time"])[:10],
        "quick": quick,
        "commands": len(plan),
        "runs": runs,
        "figures": figures,
    }
    output.mkdir(parents=True, exist_ok=True)
    write_text(
        output / ("chain-quick.json" if quick else "chain.json"), json.dumps(found, indent=1)
    )
    return found


def _training(manifest: dict[str, Any]) -> dict[str, Any]:
    """Say how a run was trained: it may be of an earlier commit than its evaluation."""
    return {
        "commit": manifest["provenance"]["commit"],
        "steps": manifest["step"],
        "wall_s": round(manifest["wall_s"], 1),
        "ended_by": manifest["ended_by"],
        "alarms": [alarm["cause"] for alarm in manifest["alarms"]],
    }


# the Temporal CNN knows no physics: its goal is to learn, Mode H's to beat every baseline
_NO_PHYSICS = ("all_dry", "climatology", "persistence")
_RIVALS = {"temporal_cnn": _NO_PHYSICS, "temporal_cnn_vae": _NO_PHYSICS}
_SHOWN = ("rmse_wet", "csi_0.05", "csi_0.3", "nse")


def _figures(run: str, summary: dict[str, Any]) -> Iterator[dict[str, Any]]:
    model = summary["reference"]
    split = summary["split"]
    for regime, part in summary["regimes"].items():
        for metric in _SHOWN:
            own = part["scores"][model][metric]
            rivals = {
                name: part["scores"][name][metric]["value"]
                for name in summary["verdict"]["against"]
                if part["scores"][name][metric]["value"] is not None
            }
            lower = own["best"] == "zero" or own["best"] == "lower"
            best = (min if lower else max)(rivals, key=lambda name: rivals[name], default=None)
            beaten = {name: part["difference"][name][metric]["better"] for name in rivals}
            asked = [name for name in _RIVALS.get(run, rivals) if name in rivals]
            yield {
                "id": f"{run}-{regime}-{metric}",
                "value": own["value"],
                "low": own["low"],
                "high": own["high"],
                "unit": own["unit"],
                "goal": f"better than {', '.join(asked)}",
                "met": bool(asked) and all(beaten[name] for name in asked),
                # of every baseline, whatever the goal asks for
                "beats_all": bool(beaten) and all(beaten.values()),
                "baseline": None if best is None else {"name": best, "value": rivals[best]},
                "samples": part["samples"],
                "blocks": part["blocks"],
                "split": f"{split['name']}: unseen {split['unseen']}, hash {split['hash']}",
            }
