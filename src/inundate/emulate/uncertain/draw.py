"""Cells to calibrate with: drawn from ensembles on terrains held out from training.

All ways to a spread are asked for the same cells, so that they are compared on the same ground.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.progress import Progress
from inundate.core.provenance import hash_path
from inundate.core.run import Run
from inundate.core.seeds import make_rng
from inundate.dataset.samples import Row, Sample, Samples
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.uncertain.bins import cell_bins, is_quiet, slope_class
from inundate.emulate.uncertain.case import Spread, SpreadCase, case_of_sample
from inundate.emulate.uncertain.law import Array, Law
from inundate.emulate.zoo import Emulator

__all__ = ["Cells", "Ensemble", "Maps", "draw_cells", "ensembles_of", "own_samples"]

_QUIET_SHARE = 0.25  # of the cells drawn, those with no water near
_MAP_FRAMES = 3  # consecutive frames kept whole


@dataclass(frozen=True)
class Ensemble:
    """A storm on a terrain whose truth is known several times over.

    Attributes
    ----------
    base : int
        Number of a sample with its inputs.
    truths : tuple of int
        Numbers of the perturbed runs: each an equally likely truth.
    row : Row
    """

    base: int
    truths: tuple[int, ...]
    row: Row


@dataclass(frozen=True, eq=False)
class Maps:
    """Some whole consecutive frames of a sample.

    Attributes
    ----------
    depth : array (F, H, W), m
        Predicted.
    truth : array (R, F, H, W), m
    elevation : array (H, W), m
    slopes : array (H, W)
    """

    depth: Array
    truth: Array
    elevation: Array
    slopes: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells drawn from many samples.

    Attributes
    ----------
    terrain : array (N,)
        Number of the terrain.
    names : tuple of str
        Names of the terrains.
    bins : array (N,)
    depth : array (N,), m
        Predicted without a spread.
    truth : array (R, N), m
        NaN where a sample has fewer truths.
    weight : array (N,)
        Cells that each one stands for.
    points : mapping of str to array (K, N), m
        Members of each way that has some.
    maps : tuple of Maps
    """

    terrain: NDArray[np.int32]
    names: tuple[str, ...]
    bins: NDArray[np.int16]
    depth: Array
    truth: Array
    weight: NDArray[np.float64]
    points: Mapping[str, Array]
    maps: tuple[Maps, ...] = ()

    def only(self, chosen: NDArray[np.bool_]) -> Cells:
        """Give some of the cells; the maps stay."""
        return Cells(
            self.terrain[chosen], self.names, self.bins[chosen], self.depth[chosen],
            self.truth[:, chosen], self.weight[chosen],
            {name: points[:, chosen] for name, points in self.points.items()}, self.maps,
        )  # fmt: skip


def own_samples(run: Run, *, what: str) -> Samples:
    """Open the data set that a run was trained on.

    Parameters
    ----------
    run : Run
    what : str
        What is being done, for the message.

    Raises
    ------
    DataError
        If it names none, as exported weights do, or the data set has changed.
    """
    path = Path(run.config.get("data", {}).get("path", ""))
    if not path.name:
        raise DataError(
            f"{what} {run.path}: exported weights do not know the data set of their training",
            hint="give --dataset",
        )
    samples = Samples(path)
    if hash_path(path) != run.manifest["inputs"].get(path.name):
        raise DataError(
            f"{what} {run.path}: the data set {path} has changed since the training, so what was "
            "held out may not be any more",
            hint="train again, or give --dataset",
        )
    return samples


def ensembles_of(samples: Samples, part: str) -> list[Ensemble]:
    """Give the ensembles of a part.

    Raises
    ------
    DataError
        If the part has none, or a terrain or storm of it is one of another part that it must not
        share: blocks with any other, storms with the test part.
    """
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number in samples.part(part, members=True):
        row = samples.rows[number]
        if row.member:
            groups[row.block, row.storm].append(number)
    if not groups:
        raise DataError(
            f"data set {samples.path}: its {part} samples have no perturbed runs, so how far apart "
            "floods of the same forecast are is not known",
            hint="inundate dataset build --world makes a data set with ensembles",
        )
    mine = {row.block for row in samples.rows if row.split == part}
    elsewhere = {row.block for row in samples.rows if row.split not in (part, "unused")}
    if mine & elsewhere:
        raise DataError(
            f"data set {samples.path}: {part} shares terrain with another part: "
            f"{', '.join(sorted(mine & elsewhere)[:3])}",
            hint="inundate dataset audit says more; build the data set again",
        )
    return [
        Ensemble(numbers[0], tuple(numbers), samples.rows[numbers[0]])
        for _, numbers in sorted(groups.items())
    ]


def draw_cells(
    samples: Samples,
    ensembles: Sequence[Ensemble],
    model: Emulator,
    settings: EmulatorSettings,
    ways: Mapping[str, Spread],
    *,
    cells: int,
    seed: int,
    progress: bool = False,
) -> Cells:
    """Draw cells of every frame of every ensemble.

    Parameters
    ----------
    samples : Samples
    ensembles : sequence of Ensemble
        Of :func:`ensembles_of`; no other sample is read.
    model, settings
        The emulator.
    ways : mapping of str to Spread
        Those with members.
    cells : int
        Of each frame; three in four where water is predicted near.
    seed : int
    progress : bool
        Show how far it is.
    """
    names = tuple(sorted({one.row.terrain for one in ensembles}))
    parts: list[dict[str, Any]] = []
    maps: list[Maps] = []
    with Progress("calibrate", total=len(ensembles), unit="ensembles", enabled=progress) as bar:
        for one in ensembles:
            sample = samples.read(one.base)
            case = case_of_sample(model, settings, sample)
            truth = np.stack([samples.read(number).water_depth for number in one.truths])
            slopes = slope_class(case.elevation, case.grid.dx)
            terrain = names.index(one.row.terrain)
            drawn = _frames(case, sample, truth, slopes, ways, cells=cells, seed=seed)
            parts += [{**f, "terrain": np.full(f["depth"].shape, terrain)} for f in drawn]
            maps.append(_maps(case, truth, slopes))
            bar.advance()
    return _joined(parts, names, tuple(maps), tuple(ways))


def _frames(
    case: SpreadCase,
    sample: Sample,
    truth: Array,
    slopes: NDArray[np.intp],
    ways: Mapping[str, Spread],
    *,
    cells: int,
    seed: int,
) -> Iterator[dict[str, Any]]:
    known = np.isfinite(case.depth[0]) & np.isfinite(truth).all(axis=(0, 1))
    laws = {name: way.laws(case) for name, way in ways.items()}
    for frame in range(case.frames):
        at: dict[str, Law] = {name: next(each) for name, each in laws.items()}
        bins = cell_bins(case.depth[frame], case.elevation, slopes)
        rng = make_rng(seed, "cells", sample.row.block, sample.row.storm, frame)
        place, weight = _draw(bins, known, cells, rng)
        yield {
            "bins": bins.ravel()[place],
            "depth": case.depth[frame].ravel()[place],
            "truth": truth[:, frame].reshape(len(truth), -1)[:, place],
            "weight": weight,
            **{
                f"way {name}": law.points.reshape(len(law.points), -1)[:, place]
                for name, law in at.items()
            },
        }


def _draw(
    bins: NDArray[np.int16],
    known: NDArray[np.bool_],
    cells: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.intp], Array]:
    """Draw cells apart where water is predicted near and where none is, with their weights.

    A bin lies wholly on one side, so that its cells are all drawn with one chance.
    """
    quiet = is_quiet(bins) & known
    active = ~is_quiet(bins) & known
    wanted = (max(1, round(cells * _QUIET_SHARE)), max(1, round(cells * (1 - _QUIET_SHARE))))
    places, weights = [], []
    for side, count in zip((quiet, active), wanted, strict=True):
        there = np.flatnonzero(side)
        chosen = rng.choice(there, min(count, there.size), replace=False) if there.size else there
        places.append(chosen)
        weights.append(np.full(chosen.size, there.size / max(1, chosen.size), np.float32))
    return np.concatenate(places), np.concatenate(weights)


def _maps(case: SpreadCase, truth: Array, slopes: NDArray[np.intp]) -> Maps:
    """Keep the frames round the one with the most water."""
    most = int(np.nansum(case.depth, axis=(1, 2)).argmax())
    first = max(0, min(most - 1, case.frames - _MAP_FRAMES))
    kept = slice(first, first + _MAP_FRAMES)
    return Maps(case.depth[kept].copy(), truth[:, kept].copy(), case.elevation, slopes)


def _joined(
    parts: Sequence[Mapping[str, Any]],
    names: tuple[str, ...],
    maps: tuple[Maps, ...],
    ways: tuple[str, ...],
) -> Cells:
    most = max(len(part["truth"]) for part in parts)

    def join(key: str) -> NDArray[Any]:
        return np.concatenate([part[key] for part in parts], axis=-1)

    truth = np.concatenate(
        [
            np.pad(p["truth"], [(0, most - len(p["truth"])), (0, 0)], constant_values=np.nan)
            for p in parts
        ],
        axis=-1,
    )
    return Cells(
        terrain=join("terrain").astype(np.int32),
        names=names,
        bins=join("bins").astype(np.int16),
        depth=join("depth"),
        truth=truth,
        weight=join("weight").astype(np.float64),
        points={name: join(f"way {name}") for name in ways},
        maps=maps,
    )
