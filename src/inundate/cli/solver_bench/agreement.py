"""How far solvers agree: each with each, on every problem."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.cli.solver_bench.accuracy import FLOODED_M, csi, our_runs, rmse_wet
from inundate.cli.solver_bench.figures import Made
from inundate.cli.solver_bench.peers import PEERS, Absent
from inundate.cli.solver_bench.pieces import Context
from inundate.cli.solver_bench.race import peer_run

__all__ = ["agreement"]

_OURS = {
    "inertial-float32": "inundate, inertial",
    "full-float32": "inundate, full equations",
}


def agreement(context: Context, problem: str) -> Made:
    """Give the table of a problem: one row a solver, with how far it agrees with each other.

    A cell holds the critical success index of the flooded area and the root mean square
    difference over cells flooded in either, of the largest depth.
    """
    depths, errors, notes = _gather(context, problem)
    columns = ["solver", "mass error", *depths]
    rows = []
    for name in depths:
        cells = ["" if other == name else _compared(depths, name, other) for other in depths]
        rows.append([name, f"{errors[name]:+.1e}", *cells])
    note = (
        f"Largest depth of each cell; CSI at {FLOODED_M} m / RMSE over cells flooded in either. "
        "No row is the truth. " + " ".join(notes)
    )
    return Made(
        tables=[
            {
                "title": f"Agreement on {problem}",
                "note": note.strip(),
                "columns": columns,
                "rows": rows,
            }
        ]
    )


_BLOCKS = {peer.label: peer.block for peer in PEERS.values()}


def _compared(depths: dict[str, NDArray[np.float64]], first: str, second: str) -> str:
    """Compare two solvers on the cells that both resolve."""
    block = max(_BLOCKS.get(first, 1), _BLOCKS.get(second, 1))
    one, other = (_means(depths[name], block) for name in (first, second))
    index = csi(one, other)
    return "none is flooded" if math.isnan(index) else f"{index:.3f} / {rmse_wet(one, other):.3f} m"


def _means(depth: NDArray[np.float64], block: int) -> NDArray[np.float64]:
    rows, columns = (cells // block for cells in depth.shape)
    whole = depth[: rows * block, : columns * block]
    found: NDArray[np.float64] = whole.reshape(rows, block, columns, block).mean(axis=(1, 3))
    return found


def _gather(
    context: Context, problem: str
) -> tuple[dict[str, NDArray[np.float64]], dict[str, float], list[str]]:
    """Give largest depths and mass errors by solver, and a sentence for each that is missing."""
    ours = our_runs(context, problem)
    depths: dict[str, NDArray[np.float64]] = {}
    errors: dict[str, float] = {}
    notes: list[str] = []
    for name, label in _OURS.items():
        run: dict[str, Any] | None = ours.found.get(name)
        if run is None:
            continue
        if run["failure"]:
            notes.append(f"{label}: {run['failure']}.")
            continue
        depths[label], errors[label] = ours.array(name).astype(np.float64), run["mass_error"]
    for peer_id, peer in PEERS.items():
        if problem in peer.until_s:
            notes.append(f"{peer.label} takes too long here, so it is not in this table.")
            continue
        try:
            piece = peer_run(context, peer_id, problem)
        except Absent as error:
            notes.append(f"{peer.label} skipped: {error}.")
            continue
        theirs = piece.found["theirs"]
        if theirs["failure"]:
            notes.append(f"{peer.label} stopped: {theirs['failure']}.")
            continue
        depths[peer.label] = piece.array("peer").astype(np.float64)
        errors[peer.label] = theirs["mass_error"]
        if peer.block > 1:
            notes.append(
                f"{peer.label} resolves squares of {peer.block} x {peer.block} cells, so it is "
                f"compared on their means; its largest depth is that of looks every "
                f"{theirs['deepest_every']}."
            )
    return depths, errors, notes
