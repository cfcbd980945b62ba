"""The list whose figures are in the table of the results."""

from __future__ import annotations

from inundate.cli.doctor_bench.fault import Fault, Healthy
from inundate.cli.doctor_bench.fifth import FIFTH, FIFTH_HEALTHY

__all__ = ["TABLE", "TABLE_HEALTHY"]

TABLE: tuple[Fault, ...] = FIFTH
TABLE_HEALTHY: tuple[Healthy, ...] = FIFTH_HEALTHY
