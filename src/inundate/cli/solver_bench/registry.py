"""Every figure of the benchmark by name, in the order in which they are made.

A further one is a function that takes the context and gives :class:`~.figures.Made`, and a line
in :data:`MAKERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from inundate.cli.solver_bench.accuracy import mass, quarter_step
from inundate.cli.solver_bench.agreement import agreement
from inundate.cli.solver_bench.cases import boscastle, merewether, random_cases, suite
from inundate.cli.solver_bench.figures import Made, figure
from inundate.cli.solver_bench.peers import PEERS
from inundate.cli.solver_bench.pieces import Context
from inundate.cli.solver_bench.race import RACES, race
from inundate.cli.solver_bench.speed import cost_by_size, speed_2048, speed_jacksboro, warm_up
from inundate.cli.solver_bench.storm import large_storm
from inundate.hydro.problems import PROBLEMS

__all__ = ["MAKERS", "Maker"]

Maker = Callable[[Context], Made]


def _gpu(context: Context) -> Made:
    """Measure on a CUDA device, or leave the figures open: they are never guessed."""
    from inundate.hydro.gpu.measure import measure_gpu

    return Made(
        [
            figure(row.name, "GPU", row.value, row.unit, row.goal, note=row.case)
            for row in measure_gpu()
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
    "suite": suite,
    "fuzz": random_cases,
    "merewether": merewether,
    "boscastle": boscastle,
    "gpu": _gpu,
}
"""What makes each figure, or few figures that are measured together."""
