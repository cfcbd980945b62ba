"""The registry of derived features: name, meaning, unit, bounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError

__all__ = [
    "CHANNEL_CELLS",
    "CONTEXT_CELLS",
    "FEATURES",
    "LEAST_SINK_M",
    "MAX_AREA_CELLS",
    "SCALES",
    "Feature",
    "features_table",
    "stack_features",
]

SCALES = (2, 4, 8, 16, 32)
"""Half-widths of the windows of the local means, in cells."""
CONTEXT_CELLS = 64
"""Cells round a tile within which the tile-stable features look; also the longest flow path."""
CHANNEL_CELLS = 256
"""Drained area from which a cell counts as a channel, in cells."""
MAX_AREA_CELLS = 4096
"""Drained area at which the feature is clipped, in cells."""
LEAST_SINK_M = 0.01
"""Depressions shallower than this are not sinks for the height above the spill level."""


@dataclass(frozen=True)
class Feature:
    """One derived feature.

    Attributes
    ----------
    doc : str
        What it is, in one sentence.
    unit : str
    low, high : float
        Bounds: values beyond are clipped to them.
    tile_stable : bool
        Whether a tile with 64 cells of context gives the same values as the whole map.
    """

    doc: str
    unit: str
    low: float
    high: float
    tile_stable: bool = True


FEATURES: dict[str, Feature] = {
    **{
        f"relative_height_{scale}": Feature(
            f"Height above the mean of the known ground within {scale} cells "
            f"({2 * scale + 1} x {2 * scale + 1}).",
            "m",
            -200.0,
            200.0,
        )
        for scale in SCALES
    },
    "slope_x": Feature("Rise to the east, central difference, one-sided beside gaps.", "1", -5, 5),
    "slope_y": Feature("Rise to the north, central difference, one-sided beside gaps.", "1", -5, 5),
    "laplacian": Feature(
        "Curvature: positive in hollows, negative on crests; a missing neighbour counts as level.",
        "m-1",
        -10,
        10,
    ),
    "fill_depth": Feature(
        "Depth of water if every depression were full to its spill level over cell sides.",
        "m",
        0,
        20,
        tile_stable=False,
    ),
    "spill_height": Feature(
        "Height above the spill level of the own sink (0 or less inside one) or of the first "
        "sink within 64 cells downstream; the upper bound where there is none.",
        "m",
        -20,
        50,
        tile_stable=False,
    ),
    "log_drained_area": Feature(
        "Logarithm to base 10 of the number of cells that drain through this one, itself "
        "included, at most 4096.",
        "1",
        0,
        float(np.log10(MAX_AREA_CELLS)),
        tile_stable=False,
    ),
    "drainage_height": Feature(
        "Fall along the flow path to the first channel (256 cells drained) or edge, or over 64 "
        "cells if there is none so near (bounded HAND).",
        "m",
        0,
        200,
        tile_stable=False,
    ),
    "roughness": Feature("Manning's n.", "s m-1/3", 0, 1),
    "cell_size": Feature("Side of a cell.", "m", 0, 10_000),
    "edge": Feature(
        "1 on cells at an open edge of the map or of missing ground that is joined to it, -1 at "
        "a closed one, 0 inside.",
        "1",
        -1,
        1,
    ),
    "wall": Feature(
        "1 where no water can pass: buildings, walls, enclosed gaps of the ground.", "1", 0, 1
    ),
    "valid": Feature("1 where the ground is known and water can stand, else 0.", "1", 0, 1),
}
"""Every feature that :func:`derive_features` gives, in order."""


def features_table() -> str:
    """Write :data:`FEATURES` as a Markdown table for the documentation."""
    lines = [
        "| feature | unit | range | tile-stable | what it is |",
        "|---|---|---|---|---|",
    ]
    for name, feature in FEATURES.items():
        bounds = f"{feature.low:.4g} to {feature.high:.4g}"
        stable = "yes" if feature.tile_stable else "no"
        lines.append(f"| `{name}` | {feature.unit} | {bounds} | {stable} | {feature.doc} |")
    return "\n".join(lines) + "\n"


def stack_features(
    features: xr.Dataset, names: tuple[str, ...] | None = None
) -> NDArray[np.float32]:
    """Stack features into one array for a model; unknown ground becomes 0.

    Parameters
    ----------
    features : Dataset
        From :func:`derive_features`.
    names : tuple of str, optional
        Which, in order; all of :data:`FEATURES` by default. Keep ``valid`` among them.

    Returns
    -------
    array (C, H, W), float32

    Raises
    ------
    DataError
        If a name is not there.
    """
    wanted = names or tuple(FEATURES)
    absent = [name for name in wanted if name not in features]
    if absent:
        raise DataError(
            f"stacking features: {', '.join(absent)} not found; there are "
            f"{', '.join(map(str, features.data_vars))}"
        )
    stacked = np.stack([np.asarray(features[name].values, dtype=np.float32) for name in wanted])
    return np.nan_to_num(stacked, nan=0.0)
