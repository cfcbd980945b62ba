"""The fourteenth list of faults: one ordinary mistake for each cause that the doctor can name.

Its halves were written by two people who had not read the doctor's rules, knew nothing of each
other's, and committed faults and right names before the doctor was asked about any of them. The
kind of model in which each cause stands (emulator, image, text or series, table) was drawn by
chance. That a plain training with each fault is worse on clean validation samples than the healthy
one, or reports a score that is not true, was measured by them. There is no hard part:
:mod:`inundate.cli.doctor_bench.tenth` has the last one.
"""

from __future__ import annotations

from inundate.cli.doctor_bench.fault import Fault, Healthy
from inundate.cli.doctor_bench.fourteenth_maps import MAP_FAULTS, MAP_HEALTHY
from inundate.cli.doctor_bench.fourteenth_rows import (
    FOURTEENTH_STRANGER_FAULTS,
    FOURTEENTH_STRANGERS,
    ROW_FAULTS,
    ROW_HEALTHY,
)

__all__ = ["FOURTEENTH", "FOURTEENTH_HEALTHY", "FOURTEENTH_STRANGERS", "FOURTEENTH_STRANGER_FAULTS"]

FOURTEENTH: tuple[Fault, ...] = (*MAP_FAULTS, *ROW_FAULTS)
FOURTEENTH_HEALTHY: tuple[Healthy, ...] = (*MAP_HEALTHY, *ROW_HEALTHY)
