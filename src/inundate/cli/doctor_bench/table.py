"""The list whose figures are in the table of the results."""

from __future__ import annotations

from inundate.cli.doctor_bench.fault import Fault, Healthy
from inundate.cli.doctor_bench.seventh import SEVENTH, SEVENTH_HEALTHY

__all__ = ["TABLE", "TABLE_HEALTHY"]

TABLE: tuple[Fault, ...] = SEVENTH
TABLE_HEALTHY: tuple[Healthy, ...] = SEVENTH_HEALTHY
