"""Gradient-boosted trees on windows of terrain and rain: the rival that has no network in it.

scikit-learn fits the trees (extra ``boosted``); they are stored as plain arrays and evaluated by
our own code, so that a prediction needs neither scikit-learn nor a pickle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError, require_extra
from inundate.core.progress import Progress
from inundate.core.seeds import make_rng
from inundate.dataset.samples import Sample, Samples
from inundate.emulate.arrays_file import read_arrays, write_arrays
from inundate.emulate.direct import Fitted
from inundate.emulate.inputs import TERRAIN_CHANNELS
from inundate.emulate.prepared import Prepared, prepare_sample
from inundate.emulate.settings import BoostedSettings
from inundate.emulate.trained_range import range_of, traits_of
from inundate.emulate.trees import Trees, trees_of
from inundate.emulate.windows import WINDOW_FEATURES, Windows

__all__ = ["Boosted", "fit_boosted"]

Array = NDArray[np.float32]
_KIND = "boosted"
_SCALE_M = 0.05  # depths are stretched by asinh(h / 0.05 m), as for the networks
_ROWS = 65_536  # cells predicted at once, to bound memory
_VALID_ROWS = 100_000
_AGREE = 1e-6  # of our evaluation with scikit-learn's, in stretched depth


class Boosted:
    """Boosted trees, ready to predict.

    Parameters
    ----------
    trees : Trees
        Of the stretched depth.
    """

    align, reach = 1, 0

    def __init__(self, trees: Trees) -> None:
        self.trees = trees

    @property
    def size(self) -> int:
        """Number of leaves."""
        return int((self.trees.feature < 0).sum())

    def predict(self, prepared: Prepared) -> Array:
        """Give the depth of each cell and frame.

        Parameters
        ----------
        prepared : Prepared

        Returns
        -------
        array (T, H, W), m
            0 where there is no ground.
        """
        windows = Windows(prepared)
        known = np.flatnonzero(np.isfinite(prepared.elevation))
        depth = np.zeros((prepared.frames, prepared.elevation.size), np.float32)
        for t in range(prepared.frames):
            for start in range(0, len(known), _ROWS):
                cells = known[start : start + _ROWS]
                stretched = self.trees.predict(windows.rows(t, cells))
                depth[t, cells] = _SCALE_M * np.sinh(np.maximum(stretched, 0.0))
        return depth.reshape(prepared.rain_rate.shape)

    def write(self, path: Path) -> None:
        """Write the trees as plain arrays."""
        arrays = {name: values for name, values in asdict(self.trees).items()}
        write_arrays(path, arrays, kind=_KIND, facts={"features": list(WINDOW_FEATURES)})

    @classmethod
    def read(cls, path: Path) -> Boosted:
        """Read what :meth:`write` wrote.

        Raises
        ------
        MissingFileError, DataError
            If there is no such file, or it is damaged, or asks for other features.
        """
        arrays, facts = read_arrays(path, kind=_KIND)
        if tuple(facts["features"]) != WINDOW_FEATURES:
            raise DataError(
                f"reading {path}: its trees ask for {len(facts['features'])} features that differ "
                f"from the {len(WINDOW_FEATURES)} of this version",
                hint="train again",
            )
        return cls(Trees(**arrays))


def fit_boosted(
    samples: Samples, settings: BoostedSettings, *, seed: int, progress: bool
) -> Fitted[Boosted]:
    """Fit boosted trees to cells and frames drawn from the training part.

    Parameters
    ----------
    samples : Samples
    settings : BoostedSettings
    seed : int
        Of the draw.
    progress : bool

    Returns
    -------
    Fitted
        Its loss is the mean squared error of the stretched depth.

    Raises
    ------
    MissingExtraError
        Without scikit-learn.
    DataError
        If a value is missing on known ground.
    """
    ensemble = require_extra("boosted", "sklearn.ensemble", what="training boosted trees")
    with Progress("boosted", unit="samples", enabled=progress) as bar:
        seen: list[dict[str, float]] = []
        features, target = _draw(samples, "train", settings.rows, seed, bar, seen)
        bar.note(f"{settings.trees} trees")
        fitted = ensemble.HistGradientBoostingRegressor(
            max_iter=settings.trees, max_leaf_nodes=settings.leaves, early_stopping=False,
            random_state=seed,
        ).fit(features, target)  # fmt: skip
        model = Boosted(trees_of(fitted))
        _check_agreement(model.trees, fitted, features[:: max(1, len(features) // 2000)])
        held, truth = _draw(samples, "valid", _VALID_ROWS, seed, bar, [])
    loss = float(np.mean((model.trees.predict(features) - target) ** 2))
    score = float(np.mean((model.trees.predict(held) - truth) ** 2))
    return Fitted(
        model, steps=settings.trees, loss=loss, scores={"loss": score}, range=range_of(seen)
    )


def _check_agreement(trees: Trees, fitted: Any, rows: Array) -> None:
    off = float(np.abs(trees.predict(rows) - fitted.predict(rows)).max())
    if off > _AGREE:
        raise DataError(
            f"training boosted trees: our evaluation of them differs from scikit-learn's by {off}"
        )


def _draw(
    samples: Samples,
    part: str,
    count: int,
    seed: int,
    bar: Progress,
    seen: list[dict[str, float]],
) -> tuple[Array, NDArray[np.float64]]:
    """Draw cells and frames, as many of each sample, and give features and stretched depth.

    The traits of each sample are added to ``seen``.
    """
    numbers = samples.part(part)
    each = -(-count // len(numbers))
    features, target = [], []
    terrain: dict[int, Array] = {}
    for number in numbers:
        sample = samples.read(number)
        place = sample.row.place
        made = prepare_sample(sample, terrain=terrain.get(place))
        terrain = {place: made.terrain[: len(TERRAIN_CHANNELS)]}  # storms of a ground come together
        seen.append(traits_of(made, sample.grid.dx))
        for rows, depth in _drawn(sample, made, each, seed):
            features.append(rows)
            target.append(np.arcsinh(depth.astype(np.float64) / _SCALE_M))
        bar.advance()
    return np.concatenate(features), np.concatenate(target)


def _drawn(sample: Sample, made: Prepared, count: int, seed: int) -> Iterator[tuple[Array, Array]]:
    """Give features and depths of drawn cells, frame by frame."""
    windows = Windows(made)
    rng = make_rng(seed, "boosted", sample.row.name)
    known = np.flatnonzero(sample.valid)
    frames = rng.integers(made.frames, size=count)
    for t in np.unique(frames):
        cells = rng.choice(known, int((frames == t).sum()))
        yield windows.rows(int(t), cells), sample.water_depth[t].ravel()[cells]
