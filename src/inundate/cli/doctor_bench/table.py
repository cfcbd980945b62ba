"""The list whose figures are in the table of the results, and its parts."""

from __future__ import annotations

from collections.abc import Mapping

from inundate.cli.doctor_bench.eighth import (
    EIGHTH,
    EIGHTH_HARD,
    EIGHTH_HEALTHY,
    EIGHTH_ORDINARY,
    EIGHTH_STRANGER_FAULTS,
    EIGHTH_STRANGERS,
)
from inundate.cli.doctor_bench.fault import Fault, Healthy

__all__ = ["PARTS", "TABLE", "TABLE_HEALTHY", "TABLE_STRANGERS", "TABLE_STRANGER_FAULTS"]

TABLE: tuple[Fault, ...] = EIGHTH
TABLE_HEALTHY: tuple[Healthy, ...] = EIGHTH_HEALTHY
TABLE_STRANGERS: tuple[Healthy, ...] = EIGHTH_STRANGERS
TABLE_STRANGER_FAULTS: tuple[Fault, ...] = EIGHTH_STRANGER_FAULTS
#: Names of the faults of each part.
PARTS: Mapping[str, frozenset[str]] = {
    "ordinary": frozenset(fault.name for fault in EIGHTH_ORDINARY),
    "hard": frozenset(fault.name for fault in EIGHTH_HARD),
}
