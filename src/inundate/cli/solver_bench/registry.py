"""Every figure of the benchmark by name, in the order in which they are made.

A further one is a function that takes the context and gives :class:`~.figures.Made`, and a line
in :data:`MAKERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from inundate.cli.solver_bench.accuracy import mass, quarter_step
from inundate.cli.solver_bench.agreement import agreement
from inundate.cli.solver_bench.figures import Made, figure
from inundate.cli.solver_bench.peers import PEERS
from inundate.cli.solver_bench.pieces import Context
from inundate.cli.solver_bench.race import RACES, race
from inundate.cli.solver_bench.speed import cost_by_size, speed_2048, speed_jacksboro, warm_up
from inundate.cli.solver_bench.storm import large_storm
from inundate.hydro.problems import PROBLEMS

__all__ = ["MAKERS", "Maker"]

Maker = Callable[[Context], Made]

_GPU = (
    ("gpu-updates-per-second", "G/s", ">= 40", "at least 4 million cells"),
    ("gpu-updates-per-second-batch", "G/s", ">= 15", "16 terrains of 512 x 512 in one launch"),
    ("gpu-against-cpu", "m", "<= 1e-4", "the largest difference of depth"),
    ("gpu-ensemble", "s", "", "100 members of a million cells, six hours"),
)


def _gpu(context: Context) -> Made:
    """Leave the figures of a GPU open: they are never guessed."""
    return Made(
        [
            figure(name, "GPU", None, unit, goal, note=f"no CUDA device; meant for {what}")
            for name, unit, goal, what in _GPU
        ]
    )


MAKERS: dict[str, Maker] = {
    "speed-jacksboro": speed_jacksboro,
    "speed-2048": speed_2048,
    "cost-by-size": cost_by_size,
    "warm-up": warm_up,
    **{
        f"ratio-{peer}-{problem}": partial(race, name=peer, problem=problem)
        for problem in RACES
        for peer in PEERS
    },
    **{f"csi-quarter-step-{name}": partial(quarter_step, problem=name) for name in RACES},
    "mass": mass,
    **{f"agreement-{name}": partial(agreement, problem=name) for name in PROBLEMS},
    "memory": large_storm,
    "gpu": _gpu,
}
"""What makes each figure, or few figures that are measured together."""
