"""What a model sees: fixed scalings of features, hybrid state and rain; nothing per sample.

Every scaling below is a constant that was chosen from the meaning of the variable, so the same
cell gives the same input whichever raster, tile or data set it stands in.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.emulate.hybrid import HybridState
from inundate.emulate.pour import coarsen_mean, pour

__all__ = [
    "RAIN_WINDOW",
    "STATE_CHANNELS",
    "TERRAIN_CHANNELS",
    "rain_window",
    "scale_terrain",
    "state_channels",
]

Array = NDArray[np.float32]

# feature -> (stretch in its unit, divisor after the stretch): asinh(value / stretch) / divisor,
# or value / divisor where the stretch is None
_TERRAIN_SCALES: dict[str, tuple[float | None, float]] = {
    **{f"relative_height_{scale}": (0.25, 3.0) for scale in (2, 4, 8, 16, 32)},
    "slope_x": (0.01, 3.0),
    "slope_y": (0.01, 3.0),
    "laplacian": (0.001, 3.0),
    "fill_depth": (0.05, 3.0),
    "spill_height": (0.25, 4.0),
    "log_drained_area": (None, 2.0),
    "drainage_height": (0.25, 4.0),
    "roughness": (None, 0.05),
    "cell_size": (10.0, 2.0),
    "edge": (None, 1.0),
    "wall": (None, 1.0),
    "valid": (None, 1.0),
}
TERRAIN_CHANNELS = tuple(_TERRAIN_SCALES)
"""Features that a model sees, in order."""

STATE_CHANNELS = (
    "hybrid_depth",
    "hybrid_level",
    "hybrid_level_fine",
    "hybrid_before",
    "hybrid_deepest",
    "standing_depth",
    "rain_rate",
    "rain_hour",
    "rain_total",
)
"""Inputs of Mode H for each frame, in order."""

RAIN_WINDOW = 18
"""Frames in the rain window of the Temporal CNN; at 10 minutes a frame it spans 3 h."""

_LEVEL_LIMIT_M = 3.0  # a water level further below ground says nothing more
_LEVEL_SCALE_M = 0.1


def scale_terrain(features: Array, names: tuple[str, ...]) -> Array:
    """Scale terrain features for a model.

    Parameters
    ----------
    features : array (C, H, W)
        In their units, missing ground as 0 with ``valid`` 0.
    names : tuple of str
        Names of the channels.

    Returns
    -------
    array (len(TERRAIN_CHANNELS), H, W), float32

    Raises
    ------
    DataError
        If a feature that models see is absent.
    """
    missing = [name for name in TERRAIN_CHANNELS if name not in names]
    if missing:
        raise DataError(
            f"terrain inputs lack {', '.join(missing)}; found {', '.join(names)}",
            hint="derive them with inundate.terrain.derive.derive_features",
        )
    found = np.empty((len(TERRAIN_CHANNELS), *features.shape[1:]), np.float32)
    for row, name in enumerate(TERRAIN_CHANNELS):
        stretch, divisor = _TERRAIN_SCALES[name]
        values = features[names.index(name)]
        stretched = values if stretch is None else np.arcsinh(values / stretch)
        found[row] = stretched / divisor
    return found


def state_channels(
    state: HybridState,
    elevation: Array,
    rain_rate: Array,
    standing: Array,
    *,
    frames: NDArray[np.integer],
    interval_s: float,
    window: tuple[slice, slice] | None = None,
) -> tuple[Array, Array]:
    """Give the inputs of Mode H for some frames of a window.

    Parameters
    ----------
    state : HybridState
    elevation : array (H, W), m
        NaN where unknown.
    rain_rate : array (T, H, W), mm h-1
    standing : array (T, H, W), m
        Fill-and-spill depth: where the rain so far would stand if it had run off at once.
    frames : array of int (K,)
        Frames wanted.
    interval_s : float
        Time between frames.
    window : (row slice, column slice), optional
        Part of the raster, whole blocks of ``state.factor``; by default all.

    Returns
    -------
    channels : array (K, len(STATE_CHANNELS), h, w)
    hybrid : array (K, h, w), m
        Depth of the untrained hybrid; 0 where the ground is unknown.
    """
    rows, cols = window or (slice(0, elevation.shape[0]), slice(0, elevation.shape[1]))
    factor = state.factor
    coarse_window = (
        slice(rows.start // factor, -(-rows.stop // factor)),
        slice(cols.start // factor, -(-cols.stop // factor)),
    )
    ground = elevation[rows, cols]
    before = np.maximum(frames - 1, 0)
    parts = [state.coarse[frames], state.coarse[before], state.deepest[frames]]
    stacked = np.concatenate([part[:, *coarse_window] for part in parts])
    depth, level = pour(np.nan_to_num(stacked), ground, factor)
    depth, level = np.nan_to_num(depth), np.nan_to_num(level, nan=-_LEVEL_LIMIT_M)
    count = len(frames)
    now, past, most = depth[:count], depth[count : 2 * count], depth[2 * count :]
    past = np.where((frames == 0)[:, None, None], 0.0, past)
    rain = _rain_sums(rain_rate[:, rows, cols], frames, interval_s)
    still = np.nan_to_num(standing[frames][:, rows, cols])
    stretched = [np.arcsinh(values / 0.05) / 3.0 for values in (now, past, most, still)]
    clipped = np.maximum(level[:count], -_LEVEL_LIMIT_M)
    channels = np.stack(
        [
            stretched[0],
            np.arcsinh(clipped / 1.0),
            np.arcsinh(clipped / _LEVEL_SCALE_M) / 3.0,
            *stretched[1:],
            *rain,
        ],
        axis=1,
    )
    return channels.astype(np.float32), now.astype(np.float32)


def _rain_sums(rain: Array, frames: NDArray[np.integer], interval_s: float) -> list[Array]:
    """Give scaled rain rate, last hour's and total depth of each frame, (K, h, w) each."""
    depth = np.nan_to_num(rain) * np.float32(interval_s / 3600.0)  # mm a frame
    hour = max(1, round(3600.0 / interval_s))
    total = np.cumsum(depth, axis=0, dtype=np.float32)
    last = total - np.concatenate([np.zeros_like(total[:hour]), total[:-hour]])[: len(total)]
    return [
        np.log1p(rain[frames]) / 3.0,
        np.log1p(last[frames]) / 3.0,
        np.log1p(total[frames]) / 4.0,
    ]


def rain_window(
    rain_rate: Array, *, frames: NDArray[np.integer], interval_s: float, block: int
) -> Array:
    """Give the rain windows of the Temporal CNN.

    Parameters
    ----------
    rain_rate : array (T, H, W), mm h-1
    frames : array of int (K,)
        Frames wanted; each window ends with its frame, so no later rain is seen.
    interval_s : float
        Time between frames.
    block : int
        Cells averaged along a side.

    Returns
    -------
    array (K, RAIN_WINDOW, ceil(H / block), ceil(W / block))
        Scaled rain of the window, oldest first. All rain before the window is added to its
        oldest step, so that none is forgotten.
    """
    depth = coarsen_mean(np.nan_to_num(rain_rate), block, min_share=0.0) * (interval_s / 3600.0)
    total = np.cumsum(depth, axis=0)
    found = np.zeros((len(frames), RAIN_WINDOW, *depth.shape[1:]), np.float32)
    for row, frame in enumerate(frames):
        start = max(0, int(frame) - RAIN_WINDOW + 1)
        steps = depth[start : frame + 1]
        found[row, RAIN_WINDOW - len(steps) :] = steps
        if start:
            found[row, 0] += total[start - 1]
    return np.log1p(found).astype(np.float32)
