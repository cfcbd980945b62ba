"""The list whose figures are in the table of the results, and its parts."""

from __future__ import annotations

from collections.abc import Mapping

from inundate.cli.doctor_bench.fault import Fault, Healthy
from inundate.cli.doctor_bench.fourteenth import (
    FOURTEENTH,
    FOURTEENTH_HEALTHY,
    FOURTEENTH_STRANGER_FAULTS,
    FOURTEENTH_STRANGERS,
)

__all__ = ["PARTS", "TABLE", "TABLE_HEALTHY", "TABLE_STRANGERS", "TABLE_STRANGER_FAULTS"]

TABLE: tuple[Fault, ...] = FOURTEENTH
TABLE_HEALTHY: tuple[Healthy, ...] = FOURTEENTH_HEALTHY
TABLE_STRANGERS: tuple[Healthy, ...] = FOURTEENTH_STRANGERS
TABLE_STRANGER_FAULTS: tuple[Fault, ...] = FOURTEENTH_STRANGER_FAULTS
#: Names of the faults of each part.
PARTS: Mapping[str, frozenset[str]] = {
    "ordinary": frozenset(fault.name for fault in FOURTEENTH),
}
