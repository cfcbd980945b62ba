"""Simulated time a CPU second against each peer: ours, theirs, ours, in turn, one thread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inundate.cli.solver_bench.figures import Made, figure, spread
from inundate.cli.solver_bench.peers import PEERS, Absent, peer_fingerprint, run_peer
from inundate.cli.solver_bench.pieces import Context, Piece, solver_fingerprint, worker

__all__ = ["RACES", "peer_run", "race"]

GROUP = "Against other solvers"
RACES = ("jacksboro", "valley")
"""Problems that are timed; a further one is compared only."""
# how often a race is run: once where a run takes the peer many minutes
_REPEATS = {("landlab", "jacksboro"): 2, ("itzi", "jacksboro"): 2}


def race(context: Context, name: str, problem: str) -> Made:
    """Give the ratio of our speed to a peer's on a problem.

    Parameters
    ----------
    context : Context
    name : str
        One of ``PEERS``.
    problem : str
        One of ``PROBLEMS``.
    """
    peer = PEERS[name]
    identity = f"ratio-{name}-{problem}"
    try:
        runs = [_heat(context, name, problem, k) for k in range(_REPEATS.get((name, problem), 1))]
    except Absent as error:
        return _nothing(identity, peer.ratio_goal, f"{peer.label} skipped: {error}")
    theirs = runs[0].found["theirs"]
    if theirs["failure"]:
        text = (
            f"{peer.label} stopped after {theirs['simulated_s']:.0f} s: {theirs['failure']}; "
            f"settings {theirs['settings']}"
        )
        return _nothing(identity, peer.ratio_goal, text)
    ratios = [
        _speed(ours) / _speed(run.found["theirs"]) for run in runs for ours in run.found["ours"]
    ]
    ours = runs[0].found["ours"][0]
    note = (
        f"{theirs['simulated_s'] / 60:.0f} min simulated, one thread, {2 * len(runs)} of our runs "
        f"around {len(runs)} of theirs; simulated seconds a CPU second: ours {_speed(ours):,.0f} "
        f"({ours['steps']:,} steps on {ours['cells']:,} cells, float32), theirs "
        f"{_speed(theirs):,.1f} ({theirs['steps']:,} steps on {theirs['cells']:,} elements); "
        f"Python {theirs['python']}, NumPy {theirs['numpy']}, settings {theirs['settings']}: "
        f"{peer.why}"
    )
    row = figure(
        identity,
        GROUP,
        unit="ratio",
        goal=peer.ratio_goal,
        baseline=(peer.label, 1.0),
        note=note,
        **spread(ratios),
    )
    return Made([row])


def peer_run(context: Context, name: str, problem: str) -> Piece:
    """Give a peer's run with its depths: of a race where there is one.

    Raises
    ------
    Absent
        If the peer cannot be had here.
    """
    if problem in RACES or context.quick:
        return _heat(context, name, problem, 0)
    depends = {"peer": peer_fingerprint(context, PEERS[name], problem)}

    def make(folder: Path) -> dict[str, Any]:
        return {"theirs": run_peer(context, PEERS[name], problem, folder)}

    return context.piece(f"run-{name}-{problem}", depends, make)


def _heat(context: Context, name: str, problem: str, number: int) -> Piece:
    """Run ours, the peer, and ours again."""
    if context.quick:
        raise Absent("the small version runs no peers")
    peer = PEERS[name]
    depends = {
        "peer": peer_fingerprint(context, peer, problem),
        "solver": solver_fingerprint(),
        "number": number,
    }
    task = {
        "name": "ours",
        "kind": "run",
        "problem": problem,
        "small": False,
        "until_s": peer.until_s.get(problem),
        "settings": {},
    }

    def make(folder: Path) -> dict[str, Any]:
        before = worker([task], folder)["ours"]
        theirs = run_peer(context, peer, problem, folder)
        return {"ours": [before, worker([task], folder)["ours"]], "theirs": theirs}

    return context.piece(f"race-{name}-{problem}-{number}", depends, make)


def _speed(run: dict[str, Any]) -> float:
    return float(run["simulated_s"] / run["cpu_s"])


def _nothing(identity: str, goal: str, note: str) -> Made:
    return Made([figure(identity, GROUP, None, "ratio", goal, note=note)])
