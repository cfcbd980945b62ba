"""The list whose figures are in the table of the results, and its parts."""

from __future__ import annotations

from collections.abc import Mapping

from inundate.cli.doctor_bench.fault import Fault, Healthy
from inundate.cli.doctor_bench.twelfth import (
    TWELFTH,
    TWELFTH_HEALTHY,
    TWELFTH_STRANGER_FAULTS,
    TWELFTH_STRANGERS,
)

__all__ = ["PARTS", "TABLE", "TABLE_HEALTHY", "TABLE_STRANGERS", "TABLE_STRANGER_FAULTS"]

TABLE: tuple[Fault, ...] = TWELFTH
TABLE_HEALTHY: tuple[Healthy, ...] = TWELFTH_HEALTHY
TABLE_STRANGERS: tuple[Healthy, ...] = TWELFTH_STRANGERS
TABLE_STRANGER_FAULTS: tuple[Fault, ...] = TWELFTH_STRANGER_FAULTS
#: Names of the faults of each part.
PARTS: Mapping[str, frozenset[str]] = {
    "ordinary": frozenset(fault.name for fault in TWELFTH),
}
