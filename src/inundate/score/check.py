"""Checks of depths that come in to be scored; each fault gives one error that says where."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inundate.core.errors import DataError

__all__ = [
    "Depth",
    "Mask",
    "check_depths",
    "check_levels",
    "checked_fill",
    "checked_frames",
    "checked_stack",
    "mask_like",
]

Depth: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]


def checked_frames(depth: ArrayLike, name: str) -> Depth:
    """Give single-precision frames (T, H, W), none empty."""
    values = np.asarray(depth, dtype=np.float32)
    if values.ndim != 3 or 0 in values.shape:
        raise DataError(
            f"scoring {name}: array of shape {values.shape}, expected (time, y, x), none empty"
        )
    return values


def mask_like(valid: ArrayLike, shape: tuple[int, ...]) -> Mask:
    """Check a bool mask of cells that count, (H, W) or (T, H, W)."""
    mask = np.asarray(valid)
    if mask.dtype != np.bool_ or mask.shape not in (shape, shape[1:]):
        raise DataError(
            f"scoring: valid mask {mask.dtype} of shape {mask.shape}, "
            f"expected bool of shape {shape} or {shape[1:]}"
        )
    return mask


def checked_fill(values: Depth, shape: tuple[int, ...], valid: Mask, name: str) -> Depth:
    """Give frames of the observed shape, 0 where not valid, proper depths elsewhere."""
    if values.shape != shape:
        raise DataError(
            f"scoring {name}: shape {values.shape}, expected {shape} as observed (time, y, x)"
        )
    filled = values if valid.all() else np.where(valid, values, np.float32(0))
    check_depths(filled, valid, name)
    return filled


def checked_stack(given: ArrayLike, shape: tuple[int, ...], valid: Mask, name: str) -> Depth:
    """Do the same for each of several layers, (N, T, H, W)."""
    values = np.asarray(given, dtype=np.float32)
    if values.ndim != 4 or not len(values):
        raise DataError(
            f"scoring {name}: array of shape {values.shape}, expected (n, time, y, x) with n > 0"
        )
    return np.stack(
        [checked_fill(one, shape, valid, f"{name} {i}") for i, one in enumerate(values)]
    )


def check_depths(values: Depth, valid: Mask, name: str) -> None:
    """Raise where a valid cell is negative or not finite; names the first one."""
    # one pass when all is well: NaN and infinity both fail the comparison of the extremes
    low, high = values.min(), values.max()
    if low >= 0 and np.isfinite(high):
        return
    wrong = valid & ~(np.isfinite(values) & (values >= 0))
    time, row, column = (int(i) for i in np.argwhere(wrong)[0])
    raise DataError(
        f"scoring {name}: {values[time, row, column]:g} at frame {time}, row {row}, column "
        f"{column} ({np.count_nonzero(wrong)} such cells), expected a number of 0 or more there",
        hint="depth is never negative (clip at 0), and never missing where one was observed",
    )


def check_levels(
    levels: ArrayLike | None, quantiles: Depth | None, name: str
) -> NDArray[np.float64] | None:
    """Check that levels fit their quantiles and that these do not cross."""
    if (levels is None) != (quantiles is None):
        raise DataError(f"scoring {name}: quantiles and levels go together, only one was given")
    if levels is None or quantiles is None:
        return None
    tau = np.asarray(levels, dtype=np.float64)
    if tau.shape != quantiles.shape[:1] or not _is_rising(tau) or tau[0] <= 0 or tau[-1] >= 1:
        raise DataError(
            f"scoring {name}: quantile levels {tau.tolist()} for {len(quantiles)} quantiles, "
            "expected one each, rising, between 0 and 1"
        )
    if (np.diff(quantiles, axis=0) < 0).any():
        raise DataError(
            f"scoring {name}: quantiles cross (a higher level has a smaller depth)",
            hint="sort them along the level",
        )
    return tau


def _is_rising(values: NDArray[np.float64]) -> bool:
    return bool((np.diff(values) > 0).all())
