"""The list whose figures are in the table of the results, and its parts."""

from __future__ import annotations

from collections.abc import Mapping

from inundate.cli.doctor_bench.eleventh import (
    ELEVENTH,
    ELEVENTH_HEALTHY,
    ELEVENTH_STRANGER_FAULTS,
    ELEVENTH_STRANGERS,
)
from inundate.cli.doctor_bench.fault import Fault, Healthy

__all__ = ["PARTS", "TABLE", "TABLE_HEALTHY", "TABLE_STRANGERS", "TABLE_STRANGER_FAULTS"]

TABLE: tuple[Fault, ...] = ELEVENTH
TABLE_HEALTHY: tuple[Healthy, ...] = ELEVENTH_HEALTHY
TABLE_STRANGERS: tuple[Healthy, ...] = ELEVENTH_STRANGERS
TABLE_STRANGER_FAULTS: tuple[Fault, ...] = ELEVENTH_STRANGER_FAULTS
#: Names of the faults of each part.
PARTS: Mapping[str, frozenset[str]] = {
    "ordinary": frozenset(fault.name for fault in ELEVENTH),
}
