"""One training and its answers: made once, kept on disk with all that they depend on."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.cli.emulator_bench.marks import mark_of, source_mark
from inundate.cli.text_bench.entrants import Entrant, members_of, modules_of
from inundate.cli.text_bench.problems import Problem, Sources, Unit
from inundate.cli.text_bench.votes import cooled, vote_of, voters_of, whole
from inundate.core.errors import InundateError
from inundate.core.files import atomic_file
from inundate.core.seeds import make_seed
from inundate.learn.device import cpu_threads
from inundate.posts.evaluate.bootstrap import Drawn, score_draws
from inundate.posts.evaluate.measure import STATISTICS, Measured

__all__ = ["NOT_KEPT", "Bench", "Trial", "draws_kept", "run_trial"]

NOT_KEPT = "not trained yet, and only what is kept was asked for"
_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class Bench:
    """Where the benchmark reads and keeps, and how large it is.

    Attributes
    ----------
    sources : Sources
    folder : Path
        Of all that is kept.
    seeds : int, optional
        Trainings of each model that is random; by default as many as the question says.
    draws : int
    say : callable
    kept : bool
        Nothing is trained or measured; what is not kept is told and left out.
    """

    sources: Sources
    folder: Path
    seeds: int | None = None
    draws: int = 1000
    say: Callable[[str], None] = lambda line: None
    kept: bool = False


@dataclass(frozen=True)
class Trial:
    """A fitted model's answers on a problem.

    Attributes
    ----------
    mark : str
        Hash of all that they depend on.
    test, valid : arrays (N, K)
        Probabilities.
    facts : dict
        ``train_cpu_s``, ``posts_per_s``, ``memory_mb``, ``details`` of the fit, ``counts``.
    """

    mark: str
    test: NDArray[np.float32]
    valid: NDArray[np.float32]
    facts: dict[str, Any]


def run_trial(
    bench: Bench, part: str, problem: Problem, entrant: Entrant, seed: int
) -> Trial | str:
    """Give a trial, training only if it is not kept; a text says why there is none.

    Parameters
    ----------
    bench : Bench
    part : str
        For the file's name.
    problem : Problem
    entrant : Entrant
    seed : int
    """
    try:
        model = entrant.make(bench.sources.data)
        depends = {
            "problem": problem.digest,
            "model": model.name,
            "settings": model.settings.model_dump(mode="json"),
            "seed": seed,
            "source": source_mark(*modules_of(model)),
        }
        members = members_of(model)
        if members:
            depends["members"] = members
        mark = mark_of(depends)
        plain = re.sub(r"[^\w.-]+", "_", f"{part}-{problem.name}-{entrant.spec}-{seed}")
        path = bench.folder / "trials" / f"{plain}-{mark}.npz"
        if not path.is_file():
            voters = voters_of(model, entrant, seed)
            if bench.kept and not (voters or entrant.is_cooled):
                return NOT_KEPT
            bench.say(f"{part}, {problem.name}: {entrant.spec}, seed {seed}")
            if voters:
                kept = [run_trial(bench, part, problem, one, its) for one, its in voters]
                absent = [one for one in kept if isinstance(one, str)]
                if absent:
                    return absent[0]
                said = [one for one in kept if isinstance(one, Trial)]
                made = vote_of(
                    [whole(one.valid) for one in said],
                    problem.part("valid").labels,
                    [whole(one.test) for one in said],
                    [one.facts for one in said],
                )
            elif entrant.is_cooled:  # the same model as without a temperature: trained once
                single = run_trial(bench, part, problem, Entrant(entrant.plain), seed)
                if isinstance(single, str):
                    return single
                made = cooled(
                    whole(single.valid),
                    problem.part("valid").labels,
                    whole(single.test),
                    single.facts,
                )
            else:
                made = _train(model, problem, seed)
            _write(path, depends, *made)
    except (InundateError, ImportError) as error:
        bench.say(f"{part}, {problem.name}: {entrant.spec} cannot run: {error}")
        return str(error)
    with np.load(path) as stored:
        facts = json.loads(str(stored["facts"]))
        return Trial(mark, stored["test"], stored["valid"], facts)


def _train(
    model: Any, problem: Problem, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], dict[str, Any]]:
    before = _memory("VmRSS", reset=True)
    with cpu_threads(1):
        began = time.process_time()
        report = model.fit(problem.part("train"), problem.part("valid"), seed=seed)
        texts = problem.part("test").texts
        valid = None
        if hasattr(model, "learn"):  # of the event's posts, not of what people said of them
            valid = model.probabilities(problem.part("valid").texts)
            model.learn(texts, seed=seed)
        train_cpu_s = time.process_time() - began
        peak = _memory("VmHWM")
        model.probabilities(texts[:64])  # what is compiled or loaded at first is not serving
        began = time.process_time()
        test = model.probabilities(texts)
        served = time.process_time() - began
        if valid is None:
            valid = model.probabilities(problem.part("valid").texts)
    facts = {
        "train_cpu_s": train_cpu_s,
        "posts_per_s": len(texts) / max(served, 1e-9),
        "memory_mb": None if before is None or peak is None else peak - before,
        "details": dict(report.details),
        "counts": problem.counts(),
    }
    return test.astype(np.float32), valid.astype(np.float32), facts


def _memory(field: str, *, reset: bool = False) -> float | None:
    """Give resident memory, MB, or its peak since the last reset; None where Linux is not."""
    try:
        if reset:
            _CLEAR.write_text("5")  # the peak starts anew
        found = re.search(field + r":\s+(\d+) kB", _STATUS.read_text())
    except OSError:
        return None
    return int(found[1]) / 1024 if found else None


def _write(
    path: Path,
    depends: dict[str, Any],
    test: NDArray[np.float32],
    valid: NDArray[np.float32],
    facts: dict[str, Any],
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**facts, "depends": depends}, default=str)
    with atomic_file(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, test=test, valid=valid, facts=np.array(text))


def draws_kept(bench: Bench, unit: Unit, trials: list[Trial]) -> dict[str, Drawn]:
    """Give the scores of a unit with their draws, scoring only if they are not kept.

    Parameters
    ----------
    bench : Bench
    unit : Unit
    trials : list of Trial
        One for each of its problems.
    """
    masks = unit.masks()
    labels = unit.labels()
    depends = {
        "trials": [one.mark for one in trials],
        "keep": mark_of({"masks": [np.packbits(mask).tolist() for mask in masks]}),
        "labels": mark_of({"labels": labels.tolist()}),
        "draws": bench.draws,
        "source": source_mark(score_draws.__module__),
    }
    path = bench.folder / "scores" / f"{mark_of(depends)}.npz"
    if not path.is_file():
        pairs = zip(trials, masks, strict=True)
        found = whole(np.concatenate([one.test[mask] for one, mask in pairs]))
        measured = Measured(found, labels, len(unit.classes))
        drawn = score_draws(
            measured, STATISTICS, clusters=np.arange(len(labels)), draws=bench.draws,
            seed=make_seed(0, unit.name),
        )  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(path) as temporary, temporary.open("wb") as stream:
            np.savez_compressed(
                stream,
                values=np.array([drawn[name].value for name in STATISTICS]),
                draws=np.stack([drawn[name].draws for name in STATISTICS]),
                notes=np.array([drawn[name].note for name in STATISTICS]),
            )
    with np.load(path) as stored:
        rows = zip(stored["values"], stored["draws"], stored["notes"], strict=True)
        return {
            name: Drawn(float(value), draws, str(note))
            for name, (value, draws, note) in zip(STATISTICS, rows, strict=True)
        }
