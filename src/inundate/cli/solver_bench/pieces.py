"""Pieces of the benchmark: each is measured in a process of its own and kept on disk.

A piece is named for what it is and for a fingerprint of all that it depends on: settings,
versions, the source of the solver. So a benchmark that was interrupted goes on where it stopped,
and one after a change of the solver starts anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import RunError
from inundate.core.files import atomic_folder, write_text

__all__ = ["ONE_THREAD", "Context", "Piece", "call", "solver_fingerprint", "worker"]

# a peer must not take a second core unseen; ours asks for threads in its settings
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
_LIMIT_S = 3600.0


@dataclass(frozen=True)
class Piece:
    """What was measured.

    Attributes
    ----------
    found : dict
        Figures.
    folder : Path
        With arrays beside them.
    """

    found: dict[str, Any]
    folder: Path

    def array(self, name: str, key: str = "deepest") -> NDArray[Any]:
        """Give an array that the piece left."""
        with np.load(self.folder / f"{name}.npz") as stored:
            found: NDArray[Any] = stored[key]
            return found


@dataclass
class Context:
    """Where the benchmark reads and writes, and how large it is.

    Attributes
    ----------
    data : Path
        Folder with radar/ and terrain/ of real inputs.
    work : Path
        Folder of the pieces and of the peers' environments.
    quick : bool
        The small version: no peers, no real data.
    peer_python : Path, optional
        Interpreter for peers that need a newer Python than this one.
    say : callable
        Takes a line of progress.
    """

    data: Path
    work: Path
    quick: bool = False
    peer_python: Path | None = None
    say: Callable[[str], None] = field(default=lambda line: None)

    def piece(
        self, name: str, depends: Mapping[str, Any], make: Callable[[Path], dict[str, Any]]
    ) -> Piece:
        """Give a piece, measuring it only if it is not kept.

        Parameters
        ----------
        name : str
            For people.
        depends : mapping
            All that the result depends on; JSON can hold it.
        make : callable
            Takes an empty folder for arrays, gives the figures.
        """
        whole = {**depends, "quick": self.quick}
        mark = hashlib.blake2b(json.dumps(whole, sort_keys=True).encode(), digest_size=5)
        folder = self.work / "solver" / f"{name}-{mark.hexdigest()}"
        stored = folder / "piece.json"
        if not stored.is_file():
            self.say(f"measuring {name}")
            with atomic_folder(folder) as part:
                write_text(part / stored.name, json.dumps(make(part), indent=1))
        return Piece(json.loads(stored.read_text("utf-8")), folder)

    def tasks(
        self, name: str, tasks: Sequence[Mapping[str, Any]], modules: tuple[str, ...] = ()
    ) -> Piece:
        """Give a piece that is the results of tasks of :mod:`.worker`, by their names.

        Parameters
        ----------
        name : str
            For people.
        tasks : sequence of mapping
            See :data:`~.worker.KINDS`.
        modules : tuple of str
            What it depends on besides the solver itself.
        """
        depends = {"tasks": list(tasks), "solver": solver_fingerprint((*_SOLVER, *modules))}
        return self.piece(name, depends, lambda folder: worker(tasks, folder))


_SOLVER = tuple(f"inundate.hydro.{name}" for name in ("march", "inertial", "full", "problems"))
_FILES = (
    "import sys, importlib; [importlib.import_module(name) for name in sys.argv[1:]]; "
    "print(*sorted(m.__file__ for n, m in sys.modules.items() if n.startswith('inundate.hydro')),"
    " sep='\\n', end='', file=sys.stderr)"
)


@lru_cache(maxsize=4)
def solver_fingerprint(modules: tuple[str, ...] = _SOLVER) -> str:
    """Give a hash of the compiler's version and of all hydro source that modules load.

    Raises
    ------
    RunError
        If they cannot be loaded.
    """
    # in a fresh process, since this one may have loaded more
    code, told = call([sys.executable, "-c", _FILES, *modules], whole=True)
    if code:
        raise RunError(f"benchmark solver: loading {', '.join(modules)} failed: {told}")
    digest = hashlib.blake2b(metadata.version("numba").encode(), digest_size=8)
    for path in map(Path, told.splitlines()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def worker(
    tasks: Sequence[Mapping[str, Any]], folder: Path, environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Do tasks in a fresh process; give their results by name.

    Raises
    ------
    RunError
        If the process fails.
    """
    plan, results = folder / "tasks.json", folder / "results.json"
    write_text(plan, json.dumps(list(tasks)))
    command = [sys.executable, "-m", "inundate.cli.solver_bench.worker", str(plan), str(results)]
    code, told = call(command, environment)
    if code:
        raise RunError(
            f"benchmark solver: {tasks[0]['name']} ended with exit code {code}: {told}",
            hint="what is finished is kept, run the benchmark again",
        )
    found: dict[str, Any] = json.loads(results.read_text("utf-8"))
    return found


def call(
    command: Sequence[str], environment: Mapping[str, str] | None = None, *, whole: bool = False
) -> tuple[int, str]:
    """Run a command; give its exit code and the last line, or all, of its standard error."""
    full = {**os.environ, **ONE_THREAD, **(environment or {})}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=full, timeout=_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return 124, f"not finished after {_LIMIT_S:.0f} s"
    except OSError as error:
        return 127, str(error)
    if whole:
        return done.returncode, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return done.returncode, lines[-1].strip() if lines else "no message"
