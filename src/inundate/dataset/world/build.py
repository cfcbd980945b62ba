"""Build a training world: plan it, make what is missing, put it in place whole."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.codecs import BloscCodec

import inundate
from inundate.core.errors import ConfigError, DataError, RunError
from inundate.core.files import atomic_folder, check_input, check_output
from inundate.core.progress import Progress
from inundate.core.provenance import provenance
from inundate.dataset.samples import FORMAT, Samples, rows_json
from inundate.dataset.settings import DatasetSettings
from inundate.dataset.world.ledger import (
    LEDGER,
    STATE,
    append,
    held,
    read_ledger,
    read_state,
    write_state,
)
from inundate.dataset.world.library import Library, read_library, write_library
from inundate.dataset.world.make import DEPTH_STEP_M, Report
from inundate.dataset.world.plan import Plan, make_plan
from inundate.dataset.world.settings import WorldSettings
from inundate.dataset.world.sources import Part
from inundate.dataset.world.storms import RAIN_STEP_MM_H
from inundate.dataset.world.terrains import grid_of_spec
from inundate.dataset.world.work import make_all

__all__ = ["PARTS", "build_world", "default_workers", "partial_of"]

PARTS: tuple[Part, ...] = ("train", "valid", "test")
"""Parts of a world."""
_SOURCES = "sources"


def build_world(
    settings: WorldSettings,
    output: Path | str,
    *,
    data: Path | None = None,
    seed: int = 0,
    workers: int | None = None,
    overwrite: bool = False,
    progress: bool = True,
    parts: Sequence[Part] = PARTS,
) -> Samples:
    """Make a data set of simulated samples from settings and a seed.

    What is made so far lies in ``OUTPUT.partial``; a build that was stopped goes on with what is
    missing, and the arrays are the same as without the stop.

    Parameters
    ----------
    settings : WorldSettings
    output : Path
        A ``.zarr`` to write.
    data : Path, optional
        Folder of real terrains and radar.
    seed : int
        Another seed is another world.
    workers : int, optional
        Processes; by default one a core. The result does not depend on it.
    overwrite : bool
        Replace an existing data set, and an unfinished one of another plan.
    progress : bool
        Show how far it is.
    parts : sequence of str
        Parts to make; the samples of each are the same whichever others are made.

    Returns
    -------
    Samples
        The data set, opened.

    Raises
    ------
    ConfigError
        If the output is no ``.zarr``, or the settings need real data and none are given.
    MissingFileError
        If the folder of real data does not exist.
    DataError
        If every sample of a part failed.
    RunError
        If the output exists, an unfinished build of another plan lies there or another build is at
        work, a worker dies or the disk is full.
    """
    target = check_output(output, overwrite)
    if target.suffix != ".zarr":
        raise ConfigError(
            f"writing {target}: suffix {target.suffix!r}, expected .zarr",
            hint=f"try -o {target.stem}.zarr",
        )
    count = default_workers() if workers is None else workers
    if count < 1:
        raise ConfigError(f"building a world: {count} workers, expected at least 1")
    library = _library(settings, data, progress)
    plan = make_plan(settings, seed, library)
    partial = partial_of(target)
    try:
        numbers = _numbers(plan, parts)
        with held(partial):
            _prepare(partial, plan, library, overwrite, parts)
            made = _make_missing(partial, plan, library, numbers, count, progress)
            _finish(partial, target, plan, library, made, parts)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise RunError(
            f"writing {partial}: the disk is full",
            hint="free some space; the same command goes on with what is missing",
        ) from error
    return Samples(target)


def partial_of(target: Path) -> Path:
    """Give the folder in which a data set grows."""
    return target.with_name(f"{target.name}.partial")


def default_workers() -> int:
    """Give the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _library(settings: WorldSettings, data: Path | None, progress: bool) -> Library:
    if settings.real is False or (settings.real == "auto" and data is None):
        return read_library(None)
    if data is None:
        raise ConfigError(
            f"building world {settings.name}: it has real terrains and storms, and no --data is "
            "given",
            hint="give the folder of real data, or a TOML file with `base` and `real = false`",
        )
    check_input(data, what="reading real data from")
    with Progress("reading real data", unit="files", enabled=progress) as bar:

        def advance(name: str) -> None:
            bar.note(name)
            bar.advance()

        library = read_library(data, advance=advance)
    if settings.real is True and library.missing:
        raise DataError(
            f"building world {settings.name} from {data}: {', '.join(library.missing)} not found",
            hint='a TOML file with `base` and `real = "auto"` takes what is there',
        )
    return library


def _numbers(plan: Plan, parts: Sequence[Part]) -> list[int]:
    """Give the samples of some parts."""
    return [n for n, one in enumerate(plan.samples) if plan.terrains[one.terrain].part in parts]


def _prepare(
    partial: Path, plan: Plan, library: Library, overwrite: bool, parts: Sequence[Part]
) -> None:
    """Make the empty arrays, or find those of the same plan."""
    state = {"plan": plan.hash(), "version": inundate.__version__}
    if tuple(parts) != PARTS:
        state["parts"] = ", ".join(parts)
    found = read_state(partial)
    if found == state:
        return
    if found is not None and not overwrite:
        raise RunError(
            f"building in {partial}: an unfinished build of another plan lies there "
            f"({found}), expected {state}",
            hint="finish it with the command that began it, remove it, or give --overwrite",
        )
    shutil.rmtree(partial, ignore_errors=True)
    group = zarr.open_group(partial, mode="w", zarr_format=3)
    frames, side = plan.shape()
    packed = BloscCodec(cname="zstd", clevel=1, shuffle="shuffle", typesize=4)
    for name, shape in (
        ("water_depth", (len(plan.samples), frames, side, side)),
        ("rain_rate", (len(plan.samples), frames, side, side)),
        ("elevation", (len(plan.terrains), side, side)),
        ("roughness", (len(plan.terrains), side, side)),
    ):
        group.create_array(
            name, shape=shape, chunks=(1, *shape[1:]), dtype="float32", fill_value=np.nan,
            compressors=(packed,),
        )  # fmt: skip
    write_library(library, partial / _SOURCES)
    write_state(partial, state)


def _make_missing(
    partial: Path,
    plan: Plan,
    library: Library,
    numbers: Sequence[int],
    workers: int,
    progress: bool,
) -> dict[int, Report]:
    made = read_ledger(partial)
    missing = [number for number in numbers if number not in made]
    reports = make_all(
        plan, missing, store=partial, sources=partial / _SOURCES, library=library, workers=workers
    )
    with (
        Progress("world", total=len(numbers), unit="samples", enabled=progress) as bar,
        closing(reports),  # on Ctrl-C workers finish the batch in hand, and no more
    ):
        bar.update(len(made))
        for batch in reports:
            append(partial, batch)
            made |= {report.number: report for report in batch}
            bar.advance(len(batch))
    return made


def _finish(
    partial: Path,
    target: Path,
    plan: Plan,
    library: Library,
    made: Mapping[int, Report],
    parts: Sequence[Part],
) -> None:
    """Write the table of samples and rename the folder."""
    good = [made[number] for number in sorted(made) if not made[number].fault]
    rows = [
        plan.row(
            report.number, regime=report.regime, rain_mm=report.rain_mm,
            grid=asdict(grid_of_spec(plan.terrains[plan.samples[report.number].terrain])),
        )
        for report in good
    ]  # fmt: skip
    faults = {plan.name(n): made[n].fault for n in sorted(made) if made[n].fault}
    empty = [part for part in parts if part not in {r.split for r in rows}]
    if empty:
        raise DataError(
            f"building world {plan.settings.name}: no {' or '.join(empty)} sample is left, "
            f"{len(faults)} failed, the first: {next(iter(faults.values()), 'none')}"
        )
    split = plan.split()
    attrs: dict[str, Any] = {
        "kind": "dataset",
        "format": FORMAT,
        "interval_s": plan.settings.interval_s,
        "samples": rows_json(rows),
        "split": json.dumps(asdict(split)),
        "split_hash": split.hash(),
        "settings": DatasetSettings(seed=plan.seed).model_dump_json(),
        "world": json.dumps(
            {
                **_told(plan, library, faults),
                "planned": len(_numbers(plan, parts)),
                "parts": list(parts),
                "wet_share": _wet_shares(plan, good),
            }
        ),
        "provenance": json.dumps({**provenance(), "inputs": dict(plan.inputs)}),
    }
    zarr.open_group(partial, mode="r+").attrs.update(attrs)
    for name in (LEDGER, STATE):
        (partial / name).unlink(missing_ok=True)
    shutil.rmtree(partial / _SOURCES, ignore_errors=True)
    with atomic_folder(target) as temporary:
        temporary.rmdir()
        partial.rename(temporary)


def _wet_shares(plan: Plan, reports: Sequence[Report]) -> dict[str, dict[str, float]]:
    """Give the share of wet cells and frames by part and threshold, of unperturbed samples."""
    found: dict[str, dict[str, float]] = {}
    for part in PARTS:
        own = [
            report
            for report in reports
            if plan.terrains[plan.samples[report.number].terrain].part == part
            and not plan.samples[report.number].member
        ]
        values = sum(report.values for report in own)
        found[part] = {
            key: sum(report.wet[key] for report in own) / values
            for key in (own[0].wet if own else ())
        }
    return found


def _tiles(plan: Plan) -> dict[str, dict[str, int]]:
    """Count real tiles asked for and found: heightmaps have only so much room and land."""
    return {
        part: {
            "asked": getattr(plan.settings, part).real,
            "found": sum(one.part == part and one.kind == "real" for one in plan.terrains),
        }
        for part in ("train", "valid", "test")
    }


def _told(plan: Plan, library: Library, faults: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": plan.settings.name,
        "settings": plan.settings.model_dump(mode="json"),
        "seed": plan.seed,
        "plan_hash": plan.hash(),
        "version": inundate.__version__,
        "planned": len(plan.samples),
        "failed": dict(faults),
        "real": bool(library.surfaces or library.events),
        "absent": list(library.missing),
        "tiles": _tiles(plan),
        "depth_step_m": DEPTH_STEP_M,
        "rain_step_mm_h": RAIN_STEP_MM_H,
    }
