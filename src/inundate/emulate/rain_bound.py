"""Let the water of a map grow by no more than it rained, frame by frame.

A network may put a little more water into a frame than the last one held and the rain since
brought; then the whole frame is scaled down to that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inundate.emulate.prepared import Prepared

__all__ = ["LEAST_M", "RainBound"]

LEAST_M = 1e-3
"""Shallower predictions are dry: thinner than any training label that counts."""


class RainBound:
    """The bound of one storm on one map; frames are handed over in their order.

    Parameters
    ----------
    prepared : Prepared
        Its rain and its ground count, whether or not it is extended to an alignment.
    """

    def __init__(self, prepared: Prepared) -> None:
        self.known = np.isfinite(prepared.elevation)
        fallen = prepared.rain_rate[:, self.known].sum(axis=1, dtype=np.float64)
        self._fallen = iter((fallen * (prepared.interval_s / 3.6e6)).tolist())  # cells times m
        self._held = 0.0

    def frame(self, depth: NDArray[np.float32]) -> None:
        """Dry what is thin and hold the next frame within the rain, in place.

        Parameters
        ----------
        depth : array (H, W) or (M, H, W), m
            Of members the mean is held within the rain, and all get one factor: they stand for
            rain that may be more or less than was given.
        """
        depth[depth < LEAST_M] = 0.0  # what counts as dry later must not count here
        members = 1 if depth.ndim == 2 else len(depth)
        total = float(depth[..., self.known].sum(dtype=np.float64)) / members
        most = self._held + next(self._fallen)
        if total > most:
            depth *= np.float32(most / total)
        self._held = min(total, most)
