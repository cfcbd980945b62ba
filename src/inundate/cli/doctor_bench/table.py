"""The list whose figures are in the table of the results, and its parts."""

from __future__ import annotations

from collections.abc import Mapping

from inundate.cli.doctor_bench.fault import Fault, Healthy
from inundate.cli.doctor_bench.tenth import (
    TENTH,
    TENTH_HARD,
    TENTH_HEALTHY,
    TENTH_ORDINARY,
    TENTH_STRANGER_FAULTS,
    TENTH_STRANGERS,
)

__all__ = ["PARTS", "TABLE", "TABLE_HEALTHY", "TABLE_STRANGERS", "TABLE_STRANGER_FAULTS"]

TABLE: tuple[Fault, ...] = TENTH
TABLE_HEALTHY: tuple[Healthy, ...] = TENTH_HEALTHY
TABLE_STRANGERS: tuple[Healthy, ...] = TENTH_STRANGERS
TABLE_STRANGER_FAULTS: tuple[Fault, ...] = TENTH_STRANGER_FAULTS
#: Names of the faults of each part.
PARTS: Mapping[str, frozenset[str]] = {
    "ordinary": frozenset(fault.name for fault in TENTH_ORDINARY),
    "hard": frozenset(fault.name for fault in TENTH_HARD),
}
