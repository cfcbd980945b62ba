"""The thirteenth list of faults: one ordinary mistake for each cause that the doctor can name.

Its halves were written by two people who had not read the doctor's rules, knew nothing of each
other's, and committed faults and right names before the doctor was asked about any of them. That a
plain training with each of them is worse on clean validation samples than the healthy one, or
reports a score that is not true, was measured by them. As in the two before it there is no
hard part: :mod:`inundate.cli.doctor_bench.tenth` has the last one.
"""

from __future__ import annotations

from inundate.cli.doctor_bench.fault import Fault, Healthy
from inundate.cli.doctor_bench.thirteenth_maps import MAP_FAULTS, MAP_HEALTHY
from inundate.cli.doctor_bench.thirteenth_rows import (
    ROW_FAULTS,
    ROW_HEALTHY,
    THIRTEENTH_STRANGER_FAULTS,
    THIRTEENTH_STRANGERS,
)

__all__ = ["THIRTEENTH", "THIRTEENTH_HEALTHY", "THIRTEENTH_STRANGERS", "THIRTEENTH_STRANGER_FAULTS"]

THIRTEENTH: tuple[Fault, ...] = (*MAP_FAULTS, *ROW_FAULTS)
THIRTEENTH_HEALTHY: tuple[Healthy, ...] = (*MAP_HEALTHY, *ROW_HEALTHY)
