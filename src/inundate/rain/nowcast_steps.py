"""The part of a nowcast that pysteps does: motion, and members carried along it, on arrays."""

from __future__ import annotations

import io
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError, require_extra
from inundate.core.seeds import make_rng, make_seed

__all__ = [
    "Motion",
    "UnfitError",
    "advect_members",
    "find_motion",
    "open_pysteps",
    "steps_members",
]

Values = NDArray[np.float64]

_DRY_BELOW_DB = 5.0  # how far below the least wet rate dry cells lie; pysteps' examples
_LEVELS = 6  # of the cascade, Pulkkinen et al. 2019
_APART_CELLS = 20  # vectors nearer than that to one another are one
_WINDOW_CELLS = 50  # in which motion is looked for; of pysteps
_WINDOW_BY_BLIND_CELLS = 20  # the same where a blind area stands still within the rain
_MOST_GROWTH_CELLS = 8.0  # of the wet area in a step, on grids finer than a radar's

# Errors of the motion, a t^b + c in km h-1 with t in minutes, along and across it. Of Lucas-Kanade
# over Finland and Switzerland, as pysteps gives them; form: Bowler et al. 2006, section 5.
_ALONG = (2.31970635, 0.33734287, -2.64972861)
_ACROSS = (1.90769947, 0.33446594, -2.06603662)

_PRINTING = threading.Lock()


class UnfitError(DataError):
    """Frames that STEPS has no model for, as rain that does not change at all."""


@dataclass(frozen=True, eq=False)
class Motion:
    """How rain moves.

    Attributes
    ----------
    cells : array (2, H, W)
        Cells a step, columns eastwards and rows southwards.
    vectors : int
        Places where it was seen; without one the rain is taken to stand still.
    """

    cells: Values
    vectors: int


def open_pysteps() -> Any:
    """Give pysteps without the line that its import prints.

    Raises
    ------
    MissingExtraError
        If it, or OpenCV that it finds the motion with, is not installed.
    """
    what = "nowcasting rain"
    with _quiet():
        found = require_extra("nowcast", "pysteps", what=what)
        require_extra("nowcast", "cv2", what=what)
    return found


def find_motion(rates: Values, *, wet_mm_h: float) -> Motion:
    """Find how rain moves from one frame to the next, by Lucas-Kanade's optical flow.

    Parameters
    ----------
    rates : array (T, H, W), mm h-1
        At least two frames, evenly apart; NaN where not known.
    wet_mm_h : float
        Rates below are dry.
    """
    open_pysteps()
    with _quiet():
        from pysteps.motion.lucaskanade import dense_lucaskanade
        from pysteps.utils.cleansing import decluster
        from pysteps.utils.interpolate import idwinterp2d

        frames = np.ma.masked_invalid(_decibels(rates, wet_mm_h))
        side = _WINDOW_BY_BLIND_CELLS if np.isnan(rates).any() else _WINDOW_CELLS
        places, found = dense_lucaskanade(
            frames, dense=False, lk_kwargs={"winsize": (side, side)},
            fd_kwargs={"buffer_mask": side},
        )  # fmt: skip
        height, width = rates.shape[1:]
        if not len(places):
            return Motion(np.zeros((2, height, width)), 0)
        vectors = len(places)
        places, found = decluster(places, found, _APART_CELLS, 1)
        if len(places) == 1:
            return Motion(np.broadcast_to(found[0][:, None, None], (2, height, width)).copy(), 1)
        dense = idwinterp2d(places, found, np.arange(width), np.arange(height))
    return Motion(np.asarray(dense, float), vectors)


def steps_members(
    rates: Values, motion: Motion, *, steps: int, members: int, seed: int, wet_mm_h: float,
    cell_km: float, step_min: float,
) -> Values:  # fmt: skip
    """Carry rain on by STEPS: small features are forgotten sooner than large ones.

    Parameters
    ----------
    rates : array (3, H, W), mm h-1
    motion : Motion
    steps, members, seed : int
    wet_mm_h, cell_km, step_min : float

    Returns
    -------
    array (members, steps, H, W), mm h-1
        NaN where rain comes from where none was measured.

    Raises
    ------
    UnfitError
        If pysteps cannot fit its model to these frames.

    Source
    ------
    Bowler, Pierce and Seed (2006), doi:10.1256/qj.04.100; Pulkkinen et al. (2019),
    doi:10.5194/gmd-12-4185-2019.
    """
    open_pysteps()
    growth = min(1.0, _MOST_GROWTH_CELLS * cell_km / step_min)
    levels = min(_LEVELS, int(np.log2(min(rates.shape[1:]))))
    before = np.random.get_state()  # noqa: NPY002  pysteps sets the global state
    try:
        with _quiet():
            from pysteps.nowcasts.steps import forecast

            found = forecast(
                _decibels(rates, wet_mm_h), motion.cells, steps, n_ens_members=members,
                n_cascade_levels=levels, precip_thr=_decibel(wet_mm_h), kmperpixel=cell_km,
                timestep=step_min, seed=make_seed(seed, "nowcast") % 2**31,
                vel_pert_kwargs={"p_par": _ALONG, "p_perp": _ACROSS},
                mask_kwargs={"mask_f": growth},
            )  # fmt: skip
    except (ValueError, RuntimeError, ArithmeticError) as error:
        raise UnfitError(f"STEPS cannot be fitted to these frames: {str(error)[:200]}") from error
    finally:
        np.random.set_state(before)  # noqa: NPY002
    rate = 10.0 ** (np.asarray(found) / 10.0)
    rate[rate < wet_mm_h] = 0.0
    return rate


def advect_members(
    rates: Values, motion: Motion, *, steps: int, members: int, seed: int, cell_km: float,
    step_min: float, is_wrong: bool = True,
) -> Values:  # fmt: skip
    """Carry the last frame on unchanged, each member by a motion that is a little wrong.

    Parameters
    ----------
    rates : array (T, H, W), mm h-1
    motion : Motion
    steps, members, seed : int
    cell_km, step_min : float
    is_wrong : bool
        Draw errors of the motion; without them all members are one.

    Returns
    -------
    array (members, steps, H, W), mm h-1
        NaN where rain comes from where none was measured.
    """
    open_pysteps()
    with _quiet():
        from pysteps.extrapolation.semilagrangian import extrapolate
        from pysteps.noise.motion import generate_bps, initialize_bps

        found = np.empty((members, steps, *rates.shape[1:]))
        for member in range(members):
            wrong = initialize_bps(
                motion.cells, 1.0 / cell_km, step_min, p_par=_ALONG, p_perp=_ACROSS,
                randstate=make_rng(seed, "nowcast", member),
            )  # fmt: skip
            moved = None
            for step in range(steps):
                error = generate_bps(wrong, (step + 1) * step_min) if is_wrong else 0.0
                (found[member, step],), moved = extrapolate(
                    rates[-1], motion.cells + error, 1, allow_nonfinite_values=True,
                    displacement_prev=moved, return_displacement=True,
                )  # fmt: skip
    return found


def _decibel(rate: float) -> float:
    return float(10.0 * np.log10(rate))


def _decibels(rates: Values, wet_mm_h: float) -> Values:
    """Give 10 log10 of the rate; below the least wet rate one value, NaN where not known."""
    least = _decibel(wet_mm_h)
    wet = rates >= wet_mm_h
    found = np.where(np.isnan(rates), np.nan, least - _DRY_BELOW_DB)
    found[wet] = 10.0 * np.log10(rates[wet])
    return found


class _Hushed(io.TextIOBase):
    """Standard output for all threads but one."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._thread = stream, threading.get_ident()

    def write(self, text: str) -> int:
        if threading.get_ident() == self._thread:
            return len(text)
        return self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what pysteps prints and warns of from the user; other threads print as ever."""
    with _PRINTING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = sys.stdout
        sys.stdout = _Hushed(before)
        try:
            yield
        finally:
            sys.stdout = before
