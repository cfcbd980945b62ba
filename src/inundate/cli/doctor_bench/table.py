"""The list whose figures are in the table of the results, and its parts."""

from __future__ import annotations

from collections.abc import Mapping

from inundate.cli.doctor_bench.fault import Fault, Healthy
from inundate.cli.doctor_bench.ninth import (
    NINTH,
    NINTH_HARD,
    NINTH_HEALTHY,
    NINTH_ORDINARY,
    NINTH_STRANGER_FAULTS,
    NINTH_STRANGERS,
)

__all__ = ["PARTS", "TABLE", "TABLE_HEALTHY", "TABLE_STRANGERS", "TABLE_STRANGER_FAULTS"]

TABLE: tuple[Fault, ...] = NINTH
TABLE_HEALTHY: tuple[Healthy, ...] = NINTH_HEALTHY
TABLE_STRANGERS: tuple[Healthy, ...] = NINTH_STRANGERS
TABLE_STRANGER_FAULTS: tuple[Fault, ...] = NINTH_STRANGER_FAULTS
#: Names of the faults of each part.
PARTS: Mapping[str, frozenset[str]] = {
    "ordinary": frozenset(fault.name for fault in NINTH_ORDINARY),
    "hard": frozenset(fault.name for fault in NINTH_HARD),
}
