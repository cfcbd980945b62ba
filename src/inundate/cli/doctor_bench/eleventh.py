"""The eleventh list of faults: one ordinary mistake for each cause that the doctor can name.

Its halves were written by two people who had not read the doctor's rules, knew nothing of each
other's, and committed faults and right names before the doctor was asked about any of them. That a
plain training with each of them is worse on clean validation samples than the healthy one, or
reports a score that is not true, was measured by them. There is no hard part:
:mod:`inundate.cli.doctor_bench.tenth` has the last one.
"""

from __future__ import annotations

from inundate.cli.doctor_bench.eleventh_maps import MAP_FAULTS, MAP_HEALTHY
from inundate.cli.doctor_bench.eleventh_rows import (
    ELEVENTH_STRANGER_FAULTS,
    ELEVENTH_STRANGERS,
    ROW_FAULTS,
    ROW_HEALTHY,
)
from inundate.cli.doctor_bench.fault import Fault, Healthy

__all__ = ["ELEVENTH", "ELEVENTH_HEALTHY", "ELEVENTH_STRANGERS", "ELEVENTH_STRANGER_FAULTS"]

ELEVENTH: tuple[Fault, ...] = (*MAP_FAULTS, *ROW_FAULTS)
ELEVENTH_HEALTHY: tuple[Healthy, ...] = (*MAP_HEALTHY, *ROW_HEALTHY)
