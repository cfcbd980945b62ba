"""What a model sees: fixed scalings of features, hybrid state and rain; nothing per sample.

Every scaling below is a constant that was chosen from the meaning of the variable, so the same
cell gives the same input whichever raster, tile or data set it stands in.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.hydro.settings import SimulateSettings

__all__ = [
    "POSITION",
    "RAIN_WINDOW",
    "SOIL_CHANNELS",
    "SOIL_DIVISORS",
    "STATE_CHANNELS",
    "TERRAIN_CHANNELS",
    "scale_terrain",
    "soil_channels",
    "terrain_scale",
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

SOIL_CHANNELS = ("soil_rate", "soil_storage")
"""What the ground can take, the same over the raster: rate, and room for water in it."""

SOIL_DIVISORS = {"soil_rate": 3.0, "soil_storage": 5.0}
"""By which log1p of each soil input, in mm h-1 and mm, is divided."""

STATE_CHANNELS = (
    "volume",
    "volume_before",
    "volume_deepest",
    "rain_rate",
    "rain_hour",
    "rain_total",
    "coarseness",
    "is_peak",
)
"""Inputs of Mode H for each frame and position, in order."""

POSITION = 4
"""Fine cells along a position of Mode H's network."""

RAIN_WINDOW = 18
"""Frames in the rain window of the Temporal CNN; at 10 minutes a frame it spans 3 h."""


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


def terrain_scale(name: str) -> tuple[float | None, float]:
    """Give stretch and divisor of a terrain input: ``asinh(value / stretch) / divisor``.

    A stretch of None stands for ``value / divisor``.
    """
    return _TERRAIN_SCALES[name]


def soil_channels(settings: SimulateSettings, shape: tuple[int, ...]) -> Array:
    """Give the scaled soil inputs of a raster, (2, H, W).

    Parameters
    ----------
    settings : SimulateSettings
        Infiltration and drains.
    shape : tuple
        Rows and columns.
    """
    rate, storage = settings.drain_capacity_mm_h, 0.0
    if settings.infiltration == "constant":
        rate += settings.loss_mm_h
    elif settings.infiltration == "green_ampt":
        rate += settings.conductivity_mm_h
        storage = settings.suction_mm * settings.moisture_deficit
    scaled = [
        np.log1p(value) / SOIL_DIVISORS[name]
        for name, value in zip(SOIL_CHANNELS, (rate, storage), strict=True)
    ]
    values = np.array(scaled, np.float32)
    return np.broadcast_to(values[:, None, None], (2, *shape)).copy()
