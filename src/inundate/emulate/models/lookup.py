"""Per-pixel look-up: a straight line for each cell and frame, for ground that was trained on.

What scores on *seen* terrain have to be read against. It knows a cell by its place, so it has
nothing to say of other ground, and refuses it. The same line is a baseline of the scores
(:class:`inundate.score.trained.PerPixelLine`); here it is trained, stored and scored like any
model of the zoo.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.progress import Progress
from inundate.dataset.samples import Sample, Samples
from inundate.emulate.arrays_file import read_arrays, write_arrays
from inundate.emulate.direct import Fitted
from inundate.emulate.prepared import Prepared
from inundate.emulate.settings import LookupSettings
from inundate.score.trained import PerPixelLine, fit_line, rain_so_far

__all__ = ["Lookup", "fit_lookup", "ground_key"]

Array = NDArray[np.float32]
_KIND = "lookup"


class Lookup:
    """Lines of each ground that was trained on.

    Parameters
    ----------
    lines : mapping of str to array (T, 3, H, W)
        By :func:`ground_key`: coefficients of 1, total and peak rain so far.
    interval_s : float
        Between frames.
    """

    align, reach = 1, 0

    def __init__(self, lines: Mapping[str, Array], interval_s: float) -> None:
        self.lines, self.interval_s = dict(lines), interval_s

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return sum(values.size for values in self.lines.values())

    def predict(self, prepared: Prepared) -> Array:
        """Give each cell's line at this storm's rain, 0 where it would be negative.

        Parameters
        ----------
        prepared : Prepared

        Returns
        -------
        array (T, H, W), m

        Raises
        ------
        DataError
            If the ground was not trained on, or the frames are others.
        """
        lines = self.lines.get(ground_key(prepared.elevation))
        if lines is None:
            raise DataError(
                f"predicting by look-up: this ground is none of the {len(self.lines)} that it was "
                "trained on: it cannot predict unseen terrain",
                hint="inundate evaluate RUN --part seen scores it, or choose another model",
            )
        if prepared.interval_s != self.interval_s or prepared.frames > len(lines):
            raise DataError(
                f"predicting by look-up: {prepared.frames} frames every {prepared.interval_s:g} s, "
                f"expected at most {len(lines)} every {self.interval_s:g} s, as in training",
                hint=f"a frame needs {PerPixelLine.storms_min} training storms that run so long",
            )
        rain = rain_so_far(prepared.rain_rate, prepared.interval_s)  # (T, 3)
        depth = np.einsum("tc,tcyx->tyx", rain, lines[: prepared.frames], dtype=np.float64)
        return np.asarray(np.maximum(depth, 0.0), np.float32)

    def write(self, path: Path) -> None:
        """Write the lines as plain arrays."""
        write_arrays(path, self.lines, kind=_KIND, facts={"interval_s": self.interval_s})

    @classmethod
    def read(cls, path: Path) -> Lookup:
        """Read what :meth:`write` wrote.

        Raises
        ------
        MissingFileError, DataError
            If there is no such file, or it is damaged.
        """
        lines, facts = read_arrays(path, kind=_KIND)
        return cls(lines, float(facts["interval_s"]))


def ground_key(elevation: NDArray[np.floating]) -> str:
    """Give a hash by which a ground is known again: its shape and every height."""
    heights = np.ascontiguousarray(elevation, dtype=np.float32)
    heights = np.where(np.isnan(heights), np.float32(np.nan), heights)  # one NaN of the many
    text = repr(heights.shape).encode() + heights.tobytes()
    return hashlib.blake2b(text, digest_size=12).hexdigest()


def fit_lookup(
    samples: Samples, settings: LookupSettings, *, seed: int, progress: bool
) -> Fitted[Lookup]:
    """Fit the lines of every training block.

    Parameters
    ----------
    samples : Samples
    settings : LookupSettings
        It has none.
    seed : int
        Nothing is drawn.
    progress : bool

    Returns
    -------
    Fitted
        Its loss is the root mean square error in m on the storms that it was fitted to.

    Raises
    ------
    DataError
        If a block has too few training storms.
    """
    grounds: dict[int, list[int]] = defaultdict(list)
    for number in samples.part("train"):
        grounds[samples.rows[number].place].append(number)
    lines: dict[str, Array] = {}
    squares, count = 0.0, 0
    with Progress("look-up", total=len(grounds), unit="blocks", enabled=progress) as bar:
        for numbers in grounds.values():
            storms = [samples.read(number) for number in numbers]
            found, square, cells = _fit_ground(storms)
            lines[ground_key(storms[0].elevation)] = found
            squares, count = squares + square, count + cells
            bar.advance()
    loss = float(np.sqrt(squares / max(count, 1)))
    return Fitted(Lookup(lines, samples.interval_s), steps=1, loss=loss, scores={})


def _fit_ground(storms: Sequence[Sample]) -> tuple[Array, float, int]:
    """Give the lines of one ground, the sum of squared errors and how many depths that was."""
    least = PerPixelLine.storms_min
    if len(storms) < least:
        raise DataError(
            f"training lookup: block {storms[0].row.block!r} has {len(storms)} training storms, "
            f"expected at least {least}: a line has three coefficients",
            hint="simulate more storms over it, or leave the block out",
        )
    height, width = storms[0].elevation.shape
    # frames that enough storms have: the others run out earlier
    frames = sorted((sample.row.frames for sample in storms), reverse=True)[least - 1]
    rain = [rain_so_far(_known_rain(sample), sample.interval_s) for sample in storms]
    lines = np.empty((frames, 3, height, width), np.float32)
    square, count = 0.0, 0
    for t in range(frames):
        at = [k for k, sample in enumerate(storms) if sample.row.frames > t]
        design = np.stack([rain[k][t] for k in at])  # (storms, 3)
        depths = np.stack([storms[k].water_depth[t].ravel() for k in at])  # (storms, H * W)
        # a cell whose depth a storm does not tell is no part of any score; it is left dry
        found = np.nan_to_num(fit_line(design, depths))
        lines[t] = found.reshape(3, height, width)
        error = np.maximum(design @ found, 0.0) - depths
        square += float(np.nansum(error**2))
        count += int(np.isfinite(error).sum())
    return lines, square, count


def _known_rain(sample: Sample) -> Array:
    """Rain as a prediction is given it: 0 where there is no ground."""
    return np.where(np.isfinite(sample.elevation), sample.rain_rate, 0.0).astype(np.float32)
