"""All cases of the suite, in the order of a report."""

from __future__ import annotations

from inundate.core.errors import ConfigError, nearest
from inundate.hydro.suite.balance import BUDGET, GREEN_AMPT
from inundate.hydro.suite.basins import BOWL, DAM_DRY, DAM_WET, SEICHE
from inundate.hydro.suite.case import Case
from inundate.hydro.suite.channels import CHANNEL, CHANNEL_RAIN, NORMAL_DEPTH
from inundate.hydro.suite.ea import EA_HOLLOWS, EA_PLAIN
from inundate.hydro.suite.fronts import (
    FRONT,
    FRONT_INERTIAL,
    FRONT_RISING,
    FRONT_RISING_INERTIAL,
)
from inundate.hydro.suite.invariance import DATUM, PRECISION, STEP_SIZE, THREADS, TURNS
from inundate.hydro.suite.runoff import FILM, PLANE, VALLEY
from inundate.hydro.suite.still import LAKE, LAKE_EDGES, STABILITY

__all__ = ["CASES", "choose"]

CASES: dict[str, Case] = {
    case.name: case
    for case in (
        LAKE, LAKE_EDGES, STABILITY, SEICHE, BOWL, DAM_WET, DAM_DRY,
        FRONT, FRONT_RISING, FRONT_INERTIAL, FRONT_RISING_INERTIAL,
        PLANE, FILM, VALLEY, CHANNEL, CHANNEL_RAIN, NORMAL_DEPTH,
        BUDGET, GREEN_AMPT, TURNS, THREADS, DATUM, STEP_SIZE, PRECISION, EA_PLAIN, EA_HOLLOWS,
    )
}  # fmt: skip


def choose(names: tuple[str, ...] | None, equations: str) -> list[Case]:
    """Give the cases of these names, or all that make sense for the equations.

    Raises
    ------
    ConfigError
        If there is no such case, or it says nothing of these equations.
    """
    if not names:
        return [case for case in CASES.values() if equations in case.equations]
    chosen = []
    for name in dict.fromkeys(names):
        if name not in CASES:
            close = nearest(name, CASES)
            advice = f"did you mean {close!r}?" if close else f"expected one of {', '.join(CASES)}"
            raise ConfigError(f"checking the solver: no case {name!r}; {advice}")
        if equations not in CASES[name].equations:
            raise ConfigError(
                f"checking the solver: case {name!r} is for equations "
                f"{' or '.join(map(repr, CASES[name].equations))}, not {equations!r}"
            )
        chosen.append(CASES[name])
    return chosen
