"""The lists that the doctor's rules were tuned on: all but that of the table."""

from __future__ import annotations

from inundate.cli.doctor_bench import (
    deluge,
    eighth,
    eleventh,
    families,
    fifth,
    first,
    fourth,
    ninth,
    plain,
    second,
    seventh,
    sixth,
    strangers,
    tenth,
    third,
    thirteenth,
    tuning,
    twelfth,
)
from inundate.cli.doctor_bench.fault import Fault, Healthy

__all__ = ["SPENT", "SPENT_HEALTHY", "SPENT_STRANGERS", "SPENT_STRANGER_FAULTS"]

SPENT: tuple[Fault, ...] = (
    *tuning.TUNING, *first.FIRST, *second.SECOND, *third.THIRD, *fourth.FOURTH, *fifth.FIFTH,
    *sixth.SIXTH, *seventh.SEVENTH, *families.FAMILIES, *eighth.EIGHTH, *ninth.NINTH,
    *tenth.TENTH, *eleventh.ELEVENTH, *twelfth.TWELFTH, *thirteenth.THIRTEENTH,
    *deluge.DELUGE, *plain.PLAIN,
)  # fmt: skip
SPENT_HEALTHY: tuple[Healthy, ...] = (
    *tuning.TUNING_HEALTHY, *first.FIRST_HEALTHY, *second.SECOND_HEALTHY, *third.THIRD_HEALTHY,
    *fourth.FOURTH_HEALTHY, *fifth.FIFTH_HEALTHY, *sixth.SIXTH_HEALTHY, *seventh.SEVENTH_HEALTHY,
    *eighth.EIGHTH_HEALTHY, *ninth.NINTH_HEALTHY, *tenth.TENTH_HEALTHY,
    *eleventh.ELEVENTH_HEALTHY, *twelfth.TWELFTH_HEALTHY, *thirteenth.THIRTEENTH_HEALTHY,
    *families.FAMILIES_HEALTHY,
    *plain.PLAIN_HEALTHY,
)  # fmt: skip
#: Models of other packages, which are asked only where those are installed.
SPENT_STRANGERS: tuple[Healthy, ...] = (
    *strangers.STRANGERS, *sixth.SIXTH_STRANGERS, *seventh.SEVENTH_STRANGERS,
    *eighth.EIGHTH_STRANGERS, *ninth.NINTH_STRANGERS, *tenth.TENTH_STRANGERS,
    *eleventh.ELEVENTH_STRANGERS, *twelfth.TWELFTH_STRANGERS,
    *thirteenth.THIRTEENTH_STRANGERS,
)  # fmt: skip
SPENT_STRANGER_FAULTS: tuple[Fault, ...] = (
    *strangers.STRANGER_FAULTS, *sixth.SIXTH_STRANGER_FAULTS, *seventh.SEVENTH_STRANGER_FAULTS,
    *eighth.EIGHTH_STRANGER_FAULTS, *ninth.NINTH_STRANGER_FAULTS, *tenth.TENTH_STRANGER_FAULTS,
    *eleventh.ELEVENTH_STRANGER_FAULTS, *twelfth.TWELFTH_STRANGER_FAULTS,
    *thirteenth.THIRTEENTH_STRANGER_FAULTS,
)  # fmt: skip
