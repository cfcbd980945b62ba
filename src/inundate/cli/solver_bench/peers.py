"""The peers: where each runs, with which settings, and what it gives.

Each is installed into a virtual environment of its own, by ``pip`` as the user has it set up, and
runs a script of ``bench/peers`` there. A peer that cannot be had is not left out in silence: its
figures say why.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import inundate
from inundate.cli.solver_bench.pieces import Context, call
from inundate.core.errors import RunError
from inundate.core.files import write_text
from inundate.hydro.problems import Problem, make_problem

__all__ = ["PEERS", "Absent", "Peer", "find_python", "install", "peer_fingerprint", "run_peer"]


class Absent(RunError):
    """A peer cannot be had here; the message says why."""


@dataclass(frozen=True)
class Peer:
    """Another solver.

    Attributes
    ----------
    label : str
        Name and scheme.
    package : str
        What pip installs, with its version.
    script : str
        File of ``bench/peers``.
    python : tuple
        Oldest Python that it runs on.
    settings : dict
        Of the peer's own, by problem; "" holds for every other.
    block : int
        Cells along the side of the smallest square that it resolves.
    until_s : dict
        By problem: run only so far, where the whole would take it too long.
    ratio_goal : str
        Our simulated time a CPU second over its.
    why : str
        Why these settings.
    """

    label: str
    package: str
    script: str
    python: tuple[int, int]
    ratio_goal: str
    why: str
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    block: int = 1
    until_s: Mapping[str, float] = field(default_factory=dict)

    def of(self, problem: str) -> dict[str, Any]:
        """Give its settings on a problem."""
        return dict(self.settings.get(problem, self.settings.get("", {})))


PEERS = {
    "landlab": Peer(
        "landlab 2.11.0 OverlandFlow",
        "landlab==2.11.0",
        "landlab_run.py",
        (3, 12),
        ">= 25",
        "its defaults with steep_slopes, which it asks for on steep ground",
        {"": {"alpha": 0.7, "theta": 0.8, "steep_slopes": True, "h_init": 1e-5}},
    ),
    "itzi": Peer(
        "itzi-core 0.8.0",
        "itzi-core==0.8.0",
        "itzi_run.py",
        (3, 12),
        ">= 15",
        "the longest steps at which it was found to run to the end: on the valley it breaks down "
        "with cfl 0.3 to 0.5 and dtmax 0.7 to 1 s",
        {
            "jacksboro": {"cfl": 0.7, "dtmax": 5.0, "theta": 0.9, "hmin": 0.005},
            "valley": {"cfl": 0.3, "dtmax": 0.5, "theta": 0.9, "hmin": 0.005},
            "": {"cfl": 0.3, "dtmax": 1.0, "theta": 0.9},
        },
    ),
    "anuga": Peer(
        "ANUGA 4.1.0 DE0",
        "anuga==4.1.0",
        "anuga_run.py",
        (3, 10),
        ">= 100",
        "as many triangles as there are cells: four on each block of 2 x 2",
        {"": {"algorithm": "DE0", "watch_s": 60.0}},
        2,
        {"valley": 1200.0},  # the whole takes more than 20 min
    ),
}
"""Every peer by id."""

_NAMES = ("python3.12", "python3.13", "python3.14", "python3")
_VERSION = "import sys; print(*sys.version_info[:2])"


@cache
def find_python(oldest: tuple[int, int], given: Path | None = None) -> Path:
    """Find an interpreter that is new enough.

    Parameters
    ----------
    oldest : tuple
        Such as (3, 12).
    given : Path, optional
        Asked first, and only, if this Python is too old.

    Raises
    ------
    Absent
        If none was found; the message says where it looked.
    """
    if sys.version_info[:2] >= oldest:
        return Path(sys.executable)
    wanted = ".".join(map(str, oldest))
    names = [str(given)] if given else [path for name in _NAMES if (path := shutil.which(name))]
    told = []
    for name in names:
        version = _version_of(name)
        if version is not None and version >= oldest:
            return Path(name).absolute()
        shown = "does not start" if version is None else "is Python " + ".".join(map(str, version))
        told.append(f"{Path(name).name} {shown}")
    raise Absent(
        f"no Python >= {wanted} ({', '.join(told) or 'none of ' + ', '.join(_NAMES)})",
        hint="name one with --peer-python",
    )


def _version_of(name: str) -> tuple[int, int] | None:
    try:
        done = subprocess.run(
            [name, "-c", _VERSION], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None  # a shim of a version manager is on the path and starts nothing
    major, minor = done.stdout.split()
    return int(major), int(minor)


def install(context: Context, peer: Peer) -> Path:
    """Give the interpreter of a peer's environment, made when it is not there.

    Raises
    ------
    Absent
        If there is no interpreter for it or pip fails.
    """
    base = find_python(peer.python, context.peer_python)
    version = _version_of(str(base))
    name = peer.package.replace("==", "-") + "-py" + ".".join(map(str, version or ()))
    folder = context.work.resolve() / "peers" / name
    python, done = folder / "bin" / "python", folder / "installed.txt"
    if done.is_file():
        return python
    context.say(f"installing {peer.package}")
    for command in (
        [str(base), "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", peer.package],
    ):
        code, told = call(command)
        if code:
            raise Absent(f"{peer.package} cannot be installed here: {told}")
    write_text(done, peer.package + "\n")
    return python


def scripts() -> Path:
    """Give the folder of the peers' scripts, which only a source tree has."""
    return Path(inundate.__file__).resolve().parents[2] / "bench" / "peers"


def peer_fingerprint(context: Context, peer: Peer, problem: str) -> dict[str, Any]:
    """Give all that a peer's result depends on."""
    python = find_python(peer.python, context.peer_python)
    told = _problem(context, peer, problem)
    return {
        "package": peer.package,
        "python": _version_of(str(python)),
        "script": _script(peer).read_text("utf-8"),
        "settings": peer.of(problem),
        "ground": [float(told.elevation.sum()), list(told.elevation.shape)],
        "rain": [told.rain_mm_h, told.rain_s, told.total_s],
    }


def _problem(context: Context, peer: Peer, problem: str) -> Problem:
    return make_problem(problem, small=context.quick, until_s=peer.until_s.get(problem))


def _script(peer: Peer) -> Path:
    path = scripts() / peer.script
    if not path.is_file():
        raise Absent(f"its script bench/peers/{peer.script} is only in the source tree")
    return path


def run_peer(
    context: Context, peer: Peer, problem: str, folder: Path, name: str = "peer"
) -> dict[str, Any]:
    """Run a problem; arrays go to ``NAME.npz`` of a folder.

    Returns
    -------
    dict
        ``version``, ``steps``, ``cpu_s``, ``simulated_s``, ``water_m``, ``failure`` (None, or
        what stopped it), …

    Raises
    ------
    Absent
        If it cannot be had here, or its script fails.
    """
    python = install(context, peer)
    told = _problem(context, peer, problem)
    numbers = {key: value for key, value in asdict(told).items() if key not in ("name",)}
    np.savez(folder / "problem.npz", elevation=numbers.pop("elevation"))
    write_text(folder / "problem.json", json.dumps({**numbers, "peer": peer.of(problem)}))
    context.say(f"running {peer.label} on {problem}")
    paths = [folder / "problem.npz", folder / "problem.json", folder / name]
    code, complaint = call([str(python), str(_script(peer)), *map(str, paths)])
    (folder / "problem.npz").unlink()
    if code:  # not a breakdown of the water, which a script reports: so it is tried again
        raise Absent(f"{peer.script} ended with exit code {code}: {complaint}")
    found: dict[str, Any] = json.loads((folder / f"{name}.json").read_text("utf-8"))
    found["mass_error"] = (found["water_m"] - told.rain_m) / told.rain_m
    return found
