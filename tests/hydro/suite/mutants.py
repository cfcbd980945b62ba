"""Kernels with one thing wrong, made around the real one."""

import dataclasses
import math

import numpy as np

from inundate.hydro.inertial import InertialKernel


class Mutant:
    """The inertial kernel with its inputs or reports changed."""

    def __init__(self, *, ground=None, supply=None, scheme=None, report=None):
        self.inner, self.kept = InertialKernel(), {}
        self.ground, self.supply, self.scheme, self.report = ground, supply, scheme, report

    def start(self, depth, ground):
        return self.inner.start(depth, ground)

    def advance(self, state, ground, supply, duration_s, scheme):
        changed = self._changed(ground)
        supply = self.supply(supply) if self.supply else supply
        scheme = self.scheme(scheme) if self.scheme else scheme
        report = self.inner.advance(state, changed, supply, duration_s, scheme)
        return self.report(report) if self.report else report

    def _changed(self, ground):
        """The same object for the same ground, as the kernel may expect."""
        if self.ground is None:
            return ground
        if self.kept.get("of") is not ground:
            self.kept = {"of": ground, "is": self.ground(ground)}
        return self.kept["is"]


class Gravity(Mutant):
    """Gravity wrong everywhere by a factor.

    With time in units of its square root the equations are those of the right gravity: friction
    goes with gravity too. So the real kernel runs for longer under weaker rain.
    """

    def __init__(self, factor):
        super().__init__()
        self.root = math.sqrt(factor)

    def advance(self, state, ground, supply, duration_s, scheme):
        began = state.time_s
        slower = dataclasses.replace(supply, rain=supply.rain / supply.rain.dtype.type(self.root))
        report = self.inner.advance(state, ground, slower, duration_s * self.root, scheme)
        seconds = report.seconds / self.root
        state.time_s = began + seconds
        return dataclasses.replace(report, seconds=min(seconds, duration_s))


def _times(factor):
    return lambda array: (array * factor).astype(array.dtype)


def _ground(**changes):
    return lambda ground: dataclasses.replace(
        ground, **{name: change(getattr(ground, name)) for name, change in changes.items()}
    )


def _supply(**changes):
    return lambda supply: dataclasses.replace(
        supply, **{name: change(getattr(supply, name)) for name, change in changes.items()}
    )


def _losses(column, factor):
    def change(losses):
        table = losses.table.copy()
        table[:, column] *= factor
        return dataclasses.replace(losses, table=table)

    return _ground(losses=change)


def _report(**factors):
    return lambda report: dataclasses.replace(
        report, **{name: getattr(report, name) * factor for name, factor in factors.items()}
    )


# what is wrong: the kernel, and the cases that are told to find it
MUTANTS = {
    "gravity 5 % too strong": (Gravity(1.05), ["seiche"]),
    "gravity 5 % too weak": (Gravity(0.95), ["seiche"]),
    "friction 10 % too strong": (
        Mutant(ground=_ground(roughness=_times(math.sqrt(1.1)))), ["film", "channel"]
    ),
    "friction 10 % too weak": (
        Mutant(ground=_ground(roughness=_times(math.sqrt(0.9)))), ["film", "channel"]
    ),
    "1 % of the rain lost": (Mutant(supply=_supply(rain=_times(0.99))), ["plane", "budget"]),
    "rain one cell off": (
        Mutant(supply=_supply(rain=lambda rain: np.roll(rain, 1, axis=-1))), ["turns"]
    ),
    "level beyond the edge 2 cm too high": (
        Mutant(supply=_supply(outside=lambda depth: depth + depth.dtype.type(0.02))),
        ["lake-edges"],
    ),
    "open edge 5 % too steep": (
        Mutant(ground=_ground(edges=lambda edges: dataclasses.replace(
            edges, slope_root=edges.slope_root * edges.slope_root.dtype.type(1.025)))),
        ["normal-depth"],
    ),
    "ground 1 % too flat": (Mutant(ground=_ground(elevation=_times(0.99))), ["lake"]),
    "soil 2 % too thirsty": (Mutant(ground=_losses(1, 1.02)), ["green-ampt"]),
    "suction 5 % too strong": (Mutant(ground=_losses(2, 1.05)), ["green-ampt"]),
    "outflow 0.1 % miscounted": (Mutant(report=_report(outflow_m3=0.999)), ["budget"]),
    "steps beyond the limit": (
        Mutant(scheme=lambda s: dataclasses.replace(s, courant=1.25 * s.courant)), ["stability"]
    ),
    "cells 1 % too long": (
        Mutant(ground=_ground(cell_size_m=lambda size: 1.01 * size)), ["seiche", "channel"]
    ),
}  # fmt: skip
