"""The command ``inundate benchmark``: make the figures of the documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

__all__ = ["benchmark"]


def benchmark(
    name: Literal[
        "chain",
        "context",
        "doctor",
        "emulator",
        "fusion",
        "live",
        "locate",
        "privacy",
        "solver",
        "text",
    ],
    *,
    data: Path = Path("../shared/data"),
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("bench/results"),
    work: Path = Path("bench/work"),
    quick: bool = False,
    steps: int = 1200,
    only: Annotated[str | None, Parameter(name=["--only", "--part"])] = None,
    peer_python: Path | None = None,
    run: Annotated[list[Path] | None, Parameter(consume_multiple=True, negative=())] = None,
    world: str | None = None,
    zoo_world: str | None = None,
    zoo_steps: int | None = None,
    zoo_minutes: float | None = None,
    zoo_storms: int | None = None,
    seeds: int | None = None,
    models: str | None = None,
    other_seeds: int | None = None,
    ensembles: int | None = None,
    draws: int | None = None,
    repeats: int | None = None,
    side_cells: int | None = None,
    workers: int | None = None,
    kept: bool = False,
    renew: bool = False,
    json: bool = False,
) -> None:
    """Run one area's figures; resumable, results as a small JSON file.

    Parameters
    ----------
    name
        chain: real radar moved over real terrain, simulate, train, evaluate.
        context: depth and rain beside the words of posts, where the truth is made up.
        solver: speed, accuracy and memory of the solver, beside other solvers, which are
        installed into environments of their own below the work folder.
        emulator: weights that ship, the zoo and every baseline on unseen ground under unseen
        storms; volume, probes, uncertainty, speed.
        fusion: what posts do to the score of a depth ensemble, where the truth is made up.
        live: kills, full disks, clocks set and crowds of readers against serve and replay; fuzz.
        locate: places of posts against mentions that were marked by hand.
        privacy: a red team against pseudonymised posts; precision, speed beside other scrubbers.
        text: classifiers of posts on floods that they have not seen, beside the keyword rule.
    data
        Folder with radar/ and terrain/ of the real inputs.
    output
        Folder that receives NAME.json.
    work
        Folder for what is made on the way; finished steps in it are kept.
    quick
        A small version of the same code, in about a minute.
    steps
        chain: optimiser steps of Mode H; the Temporal CNNs get two thirds of it.
    only
        All but chain: measure and show this one part, and write no result file; privacy puts it
        into the file that is there.
    peer_python
        solver: a Python >= 3.12 for the solvers that need one; looked for on the path otherwise.
    run
        emulator: further trained runs, scored as the weights that ship are.
    world
        emulator: world whose test part is scored, tiny, laptop, gpu or a TOML file; by default gpu.
    zoo_world
        emulator: world that the zoo is trained on; by default one that takes minutes to make.
    zoo_steps
        emulator: optimiser steps of each training of the zoo at most; by default 400.
    zoo_minutes
        emulator: minutes of each training of the zoo at most, 0 for no such end; by default 3.
    zoo_storms
        emulator: storms of each test terrain that the zoo is scored on; by default 0, all.
    seeds
        emulator: trainings of each Temporal CNN, by default 5; text: of each random model, by
        default 5 on the balanced flood and 1 elsewhere.
    models
        text: names of classifiers with commas between, NAME@SOURCE for another embedding; by
        default all.
    other_seeds
        emulator: trainings of each other model of the zoo; by default 2.
    ensembles
        emulator: ensembles on which the spread is scored; by default 0, all.
    draws
        emulator, text: bootstrap draws of an interval; by default 2000 and 1000.
    repeats
        emulator: times that each speed is measured; by default 5.
    side_cells
        emulator: side of the grounds on which speed is measured; by default 512.
    workers
        emulator: processes that train and score; by default 2.
    kept
        text: train and measure nothing; write how it stands, and what has not run yet.
    renew
        text: put the part named by --only into the file that is there, in its old place.
    json
        Print one JSON object.

    Examples
    --------
    ``inundate benchmark chain --data ../shared/data``

    ``inundate benchmark emulator --quick --only depth``

    ``inundate benchmark text --part alberta --models bilstm,bert_frozen --seeds 2``
    """
    from inundate.cli.shell import emit

    figures: dict[str, Any]
    own: dict[str, Any] = {
        "run": run, "world": world, "zoo_world": zoo_world, "zoo_steps": zoo_steps,
        "zoo_minutes": zoo_minutes, "zoo_storms": zoo_storms, "seeds": seeds,
        "other_seeds": other_seeds, "ensembles": ensembles, "draws": draws, "repeats": repeats,
        "side_cells": side_cells, "workers": workers,
    }  # fmt: skip
    if name != "text":
        _check_unused(name, models=models, kept=kept or None, renew=renew or None)
    if name == "solver":
        _check_unused(name, **own)
        from inundate.cli.solver_bench.run import run_solver

        figures = run_solver(data, output, work, quick=quick, only=only, peer_python=peer_python)
    elif name == "doctor":
        _check_unused(name, peer_python=peer_python, **own)
        from inundate.cli.doctor_bench.run import run_doctor

        figures = run_doctor(output, work, quick=quick, only=only)
    elif name == "fusion":
        _check_unused(name, only=only, peer_python=peer_python, **own)
        from inundate.cli.fusion_bench.run import run_fusion

        figures = run_fusion(output, work, quick=quick)
    elif name == "context":
        _check_unused(name, only=only, peer_python=peer_python, **own)
        from inundate.cli.fusion_bench.context_run import run_context

        figures = run_context(output, work, quick=quick)
    elif name == "live":
        _check_unused(name, peer_python=peer_python, **own)
        from inundate.cli.live_bench.run import run_live

        figures = run_live(output, work, quick=quick, only=only)
    elif name == "locate":
        _check_unused(name, only=only, peer_python=peer_python, **own)
        from inundate.cli.locate_bench.run import run_locate

        figures = run_locate(data, output, quick=quick)
    elif name == "privacy":
        _check_unused(name, peer_python=peer_python, **own)
        from inundate.cli.privacy_bench.run import run_privacy

        figures = run_privacy(data, output, work, quick=quick, only=only)
    elif name == "text":
        rest = {key: value for key, value in own.items() if key not in ("seeds", "draws")}
        _check_unused(name, peer_python=peer_python, **rest)
        from inundate.cli.text_bench.run import run_text

        figures = run_text(
            data, output, work, quick=quick, only=only, models=models, seeds=seeds, draws=draws,
            kept=kept, renew=renew,
        )  # fmt: skip
    elif name == "emulator":
        _check_unused(name, peer_python=peer_python)
        from inundate.cli.emulator_bench.run import run_emulator, sized

        options = sized(quick=quick, **own)
        figures = run_emulator(data, output, work, quick=quick, only=only, options=options)
    else:
        _check_unused(name, only=only, peer_python=peer_python, **own)
        from inundate.cli.chain import run_chain

        figures = run_chain(data, output, work, quick=quick, steps=steps)
    emit(figures, json=json, text=lambda: _text(figures))


def _check_unused(name: str, **settings: object) -> None:
    from inundate.core.errors import ConfigError

    given = [f"--{key.replace('_', '-')}" for key, value in settings.items() if value is not None]
    if given:
        verb = "belongs" if len(given) == 1 else "belong"
        raise ConfigError(
            f"benchmark {name}: {', '.join(given)} {verb} to another benchmark",
            hint="inundate benchmark --help says to which",
        )


def _text(figures: dict[str, Any]) -> str:
    from inundate.cli.results import value_text

    lines = [f"{figures['name']}: {figures['command']}"]
    for row in figures["figures"]:
        met = f", goal {row['goal']}: {'met' if row['met'] else 'NOT met'}" if row["goal"] else ""
        lines.append(f"  {row['id']:<36} {value_text(row)} {row['unit']}{met}")
    for table in figures.get("tables", ()):
        lines += ["", table["title"], "  " + " | ".join(table["columns"])]
        lines += ["  " + " | ".join(row) for row in table["rows"]]
    return "\n".join(lines)
