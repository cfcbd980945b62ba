"""What a simulation is thought to cost, so that none takes long and the longest start first."""

from __future__ import annotations

import math

__all__ = ["estimate_s", "longest_s"]

# depth in m whose wave sets the time step, from simulations of each kind
_DEPTH_M = {
    "fractal": 1.5, "valley": 2.5, "plain": 1.2, "urban": 1.0, "town": 1.0, "dam": 6.0, "real": 4.0,
}  # fmt: skip
_GRAVITY, _COURANT, _LONGEST_STEP_S = 9.81, 0.6, 10.0
_UPDATES_S = 3.0e8  # cell updates a second of one core


def estimate_s(kind: str, side: int, cell_size_m: float, simulated_s: float) -> float:
    """Estimate the seconds of one core for a square tile and some simulated seconds."""
    return simulated_s * side**2 / (_step_s(kind, cell_size_m) * _UPDATES_S)


def longest_s(kind: str, side: int, cell_size_m: float, cost_s: float) -> float:
    """Estimate the simulated seconds that a cost is enough for."""
    return cost_s * _step_s(kind, cell_size_m) * _UPDATES_S / side**2


def _step_s(kind: str, cell_size_m: float) -> float:
    wave = math.sqrt(_GRAVITY * _DEPTH_M[kind])
    return min(_COURANT * cell_size_m / wave, _LONGEST_STEP_S)
