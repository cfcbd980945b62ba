"""Every part of the benchmark by name, in the order in which they are made."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from inundate.cli.emulator_bench.context import Context, Made
from inundate.cli.emulator_bench.depth import depth, never_worse, peak
from inundate.cli.emulator_bench.learns import temporal_cnn, zoo
from inundate.cli.emulator_bench.seen import seen
from inundate.cli.emulator_bench.speed import speed, speeds
from inundate.cli.emulator_bench.spread import spread
from inundate.cli.emulator_bench.volume import probes, volume

__all__ = ["MAKERS", "Maker"]

Maker = Callable[[Context], Made]

MAKERS: dict[str, Maker] = {
    "depth": depth,
    "never-worse": never_worse,
    "peak": peak,
    "temporal-cnn": temporal_cnn,
    "volume": volume,
    "probes": probes,
    "uncertainty": spread,
    **{name: partial(speed, ground=ground) for name, ground in speeds().items()},
    "seen": seen,
    "zoo": zoo,
}
"""What makes figures that are measured together."""
