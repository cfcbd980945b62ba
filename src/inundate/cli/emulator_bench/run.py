"""Run the benchmark ``emulator`` and write its result file."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from inundate.cli.bench_file import chosen_parts, file_head, sayer, write_result
from inundate.cli.emulator_bench.context import Context, Options
from inundate.cli.emulator_bench.entrants import main_models
from inundate.cli.emulator_bench.registry import MAKERS
from inundate.cli.emulator_bench.worlds import about, scored_data, zoo_data
from inundate.core.errors import ConfigError
from inundate.core.run import Run
from inundate.emulate.export import find_weights

__all__ = ["QUICK", "run_emulator", "sized"]

QUICK = Options(
    zoo_steps=10,
    zoo_minutes=0.0,
    zoo_storms=0,
    seeds=1,
    other_seeds=1,
    workers=1,
    draws=200,
    repeats=1,
    side_cells=64,
)
"""How large the small version is."""
READING = (
    "A value stands with its 95 % bootstrap interval over terrain blocks; ratios of speed with "
    "the smallest and the largest of their repeats. Without brackets there were too few blocks for "
    "an interval, or the value is one extreme. Scores are of whole roll-outs from dry ground, all "
    "frames, and are explained on the page of [scores](scores.md). Ground and storms of the test "
    "part were never trained on; towns (`flat-urban`) are in the regime of their slope as well."
)
_ZERO_IS_ALL = ("zoo_storms", "ensembles")
_LEARNT = ("parameters", "checkpoint_step", "step", "wall_s", "device", "ended_by", "split_hash")


def sized(
    *,
    quick: bool = False,
    run: Sequence[Path] | None = None,
    world: str | None = None,
    zoo_world: str | None = None,
    zoo_steps: int | None = None,
    zoo_minutes: float | None = None,
    zoo_storms: int | None = None,
    seeds: int | None = None,
    other_seeds: int | None = None,
    ensembles: int | None = None,
    draws: int | None = None,
    repeats: int | None = None,
    side_cells: int | None = None,
    workers: int | None = None,
) -> Options:
    """Give the options of a size, with what was asked for.

    Raises
    ------
    ConfigError
        If a number is below 1, or a world is named for the small version, which has its own.
    """
    given = {
        "world": world, "zoo_world": zoo_world, "zoo_steps": zoo_steps,
        "zoo_minutes": zoo_minutes, "zoo_storms": zoo_storms, "seeds": seeds,
        "other_seeds": other_seeds, "ensembles": ensembles, "draws": draws, "repeats": repeats,
        "side_cells": side_cells, "workers": workers,
    }  # fmt: skip
    changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    faults = [
        f"{key} {value}"
        for key, value in changes.items()
        if isinstance(value, int) and value < (0 if key in _ZERO_IS_ALL else 1)
    ]
    if faults:
        raise ConfigError(
            f"benchmark emulator: {', '.join(faults)}, expected at least 1, minutes at least 0"
        )
    if quick and (world or zoo_world):
        raise ConfigError(
            "benchmark emulator: --world or --zoo-world with --quick, which has a world of its own",
            hint="leave one of them out",
        )
    if run:
        changes["runs"] = tuple(str(path) for path in run)
    return replace(QUICK if quick else Options(), **changes)


def run_emulator(
    data: Path,
    output: Path,
    work: Path,
    *,
    quick: bool = False,
    only: str | None = None,
    options: Options | None = None,
) -> dict[str, Any]:
    """Make what is not yet made and write ``emulator.json``.

    Parameters
    ----------
    data : Path
        Folder with radar/ and terrain/ of real inputs.
    output : Path
        Folder that receives the result file.
    work : Path
        Folder for data sets, trainings and scores; what is finished in it is kept.
    quick : bool
        The small version, without real data; writes ``emulator-quick.json``.
    only : str, optional
        One name of :data:`~.registry.MAKERS`: what it needs is made, and no file is written.
    options : Options, optional
        How large it is.

    Returns
    -------
    dict
        As in the file.

    Raises
    ------
    ConfigError
        If there is no such part.
    """
    makers = chosen_parts("emulator", only, MAKERS)
    options = options or (QUICK if quick else Options())
    context = Context(data, work, quick, options, sayer("emulator"))
    figures: list[dict[str, Any]] = []
    tables: list[dict[str, Any]] = []
    for name in makers:
        began = time.monotonic()
        made = MAKERS[name](context)
        context.say(f"{name}: {time.monotonic() - began:.0f} s")
        figures += made.figures
        tables += made.tables
    found = {**_head(context), "figures": figures, "tables": tables}
    if only is None:
        write_result(output, found)
    return found


def _head(context: Context) -> dict[str, Any]:
    options = context.options
    plain, told = Options(), vars(options)
    flags = [
        f" --{key.replace('_', '-')} {value}"
        for key, value in told.items()
        if key not in ("shipped", "runs", "configs", "workers") and value != getattr(plain, key)
    ]
    return {
        **file_head("emulator", quick=context.quick, flags="".join(flags)),
        "reading": READING,
        "data": {"scored": about(scored_data(context)), "zoo": about(zoo_data(context))},
        "models": {main.name: _learnt(main.source) for main in main_models(context)},
    }


def _learnt(source: str) -> dict[str, Any]:
    """Say how weights were made: they may be of an earlier commit than their scores."""
    manifest = Run(find_weights(source)).manifest
    told = {key: manifest[key] for key in _LEARNT if key in manifest}
    return {**told, "commit": manifest.get("provenance", {}).get("commit")}
