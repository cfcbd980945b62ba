"""The list whose figures are in the table of the results, and its parts."""

from __future__ import annotations

from collections.abc import Mapping

from inundate.cli.doctor_bench.fault import Fault, Healthy
from inundate.cli.doctor_bench.thirteenth import (
    THIRTEENTH,
    THIRTEENTH_HEALTHY,
    THIRTEENTH_STRANGER_FAULTS,
    THIRTEENTH_STRANGERS,
)

__all__ = ["PARTS", "TABLE", "TABLE_HEALTHY", "TABLE_STRANGERS", "TABLE_STRANGER_FAULTS"]

TABLE: tuple[Fault, ...] = THIRTEENTH
TABLE_HEALTHY: tuple[Healthy, ...] = THIRTEENTH_HEALTHY
TABLE_STRANGERS: tuple[Healthy, ...] = THIRTEENTH_STRANGERS
TABLE_STRANGER_FAULTS: tuple[Fault, ...] = THIRTEENTH_STRANGER_FAULTS
#: Names of the faults of each part.
PARTS: Mapping[str, frozenset[str]] = {
    "ordinary": frozenset(fault.name for fault in THIRTEENTH),
}
