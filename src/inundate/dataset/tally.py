"""What one pass over the samples finds: volumes, wet shares, missing values, hashes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inundate.dataset.samples import Row, Sample, Samples

__all__ = ["WET_M", "Tally", "tally", "tally_all"]

WET_M = (0.05, 0.3)  # water that counts as a flood, and water that enters a house
_MM = 1000.0
_HOUR_S = 3600.0


@dataclass(frozen=True)
class Tally:
    """Figures of one sample; means are over the cells with known ground.

    Attributes
    ----------
    row : Row
    cells : int
        Cells with known ground.
    missing : dict
        Share of values that are not finite: ``elevation`` of all cells; ``roughness``,
        ``rain_rate`` and ``water_depth`` of cells with known ground.
    wet : dict
        Threshold in m to the share of cells and frames at least as deep.
    depth_range : (float, float), m
        Least and greatest depth; NaN where no depth is known.
    rate : array (T,), mm h-1
        Mean rain rate.
    rain_mm : array (T,), mm
        Mean rain that fell up to each frame.
    stored_mm : array (T,), mm
        Mean depth of water at each frame.
    content : str
        Hash of ground, rain and water.
    """

    row: Row
    cells: int
    missing: dict[str, float]
    wet: dict[float, float]
    depth_range: tuple[float, float]
    rate: NDArray[np.float64]
    rain_mm: NDArray[np.float64]
    stored_mm: NDArray[np.float64]
    content: str


def tally(sample: Sample) -> Tally:
    """Count one sample."""
    known = np.isfinite(sample.elevation)
    depth = sample.water_depth[:, known].astype(np.float64)  # (T, N)
    rain = sample.rain_rate[:, known].astype(np.float64)  # (T, N)
    finite = depth[np.isfinite(depth)]
    # an unknown value adds nothing: its share is told apart
    rate = np.where(np.isfinite(rain), rain, 0.0).mean(axis=1)
    stored = np.where(np.isfinite(depth), depth, 0.0).mean(axis=1)
    return Tally(
        row=sample.row,
        cells=int(known.sum()),
        missing={
            "elevation": _missing(sample.elevation),
            "roughness": _missing(sample.roughness[known]),
            "rain_rate": _missing(rain),
            "water_depth": _missing(depth),
        },
        wet={limit: float((finite >= limit).mean()) if finite.size else 0.0 for limit in WET_M},
        depth_range=(float(finite.min()), float(finite.max())) if finite.size else (np.nan,) * 2,
        rate=rate,
        rain_mm=np.cumsum(rate) * sample.interval_s / _HOUR_S,
        stored_mm=stored * _MM,
        content=_hash(sample),
    )


def tally_all(samples: Samples, *, members: bool = True) -> list[Tally]:
    """Count every sample, one in memory at a time; with or without perturbed runs."""
    wanted = [n for n, row in enumerate(samples.rows) if members or not row.member]
    return [tally(samples.read(number)) for number in wanted]


def _missing(values: NDArray[np.floating]) -> float:
    return float((~np.isfinite(values)).mean())


def _hash(sample: Sample) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for array in (sample.elevation, sample.rain_rate, sample.water_depth):
        digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
