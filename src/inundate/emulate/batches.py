"""Batches for training: pieces of samples, a few frames each, turned and flipped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from inundate.core.errors import DataError
from inundate.core.progress import Progress
from inundate.core.seeds import make_rng
from inundate.dataset.samples import Samples
from inundate.emulate.gather import gather_scenes
from inundate.emulate.orient import turn_inputs, turned
from inundate.emulate.scene import FAMILY_OF, FROM_DRY, Scene, Window
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.trained_range import range_of_scenes
from inundate.learn.batches import Batch, sample_order

__all__ = ["FloodBatches", "turn_inputs"]


class FloodBatches:
    """Pieces of the samples of one part, a pure function of seed, epoch and number.

    Parameters
    ----------
    samples : Samples
    part : str
        ``train`` or ``valid``.
    settings : EmulatorSettings
    batch_size : int
    seed : int
    shuffle : bool
        Draw pieces anew each epoch, turned and flipped; otherwise always the same ones.
    device : str
        Where all samples are kept; batches come from there.
    workers : int
        Processes that prepare the samples.
    cache : Path, optional
        Folder that keeps what they made.
    together : int
        Processes that share a step, each with one of as many batches in a row: what a batch
        draws as a whole they draw alike, as one process with one large batch would.
    members : bool
        Take ensembles alone: pieces of one storm on one terrain, each time with the water of
        another of its perturbed runs.
    progress : bool
        Show how far the reading is.

    Raises
    ------
    DataError
        If the part is empty, has no ensembles where they are asked for, or a sample is smaller
        than the model's alignment.
    """

    def __init__(
        self,
        samples: Samples,
        part: str,
        settings: EmulatorSettings,
        *,
        batch_size: int,
        seed: int,
        shuffle: bool = True,
        device: torch.device | str = "cpu",
        workers: int = 1,
        cache: Path | None = None,
        together: int = 1,
        members: bool = False,
        progress: bool = False,
    ) -> None:
        self._settings, self._size, self._seed = settings, batch_size, seed
        self._shuffle, self._together = shuffle, together
        self.family = FAMILY_OF[settings.model]
        self._factors = settings.factors if self.family == "hybrid" else ()
        truths = _truths(samples, part, members)
        numbers = list(truths)
        self._scenes: list[Scene] = []
        self._depth: list[tuple[Tensor, ...]] = []
        self._valid: list[Tensor] = []
        self._names: list[str] = []
        self.numbers: list[int] = []
        grounds: dict[int, Scene] = {}
        self._means: list[float] = []
        half = torch.device(device).type == "cuda"  # a GPU then holds thousands of samples
        found = gather_scenes(
            samples, numbers, family=self.family, block=settings.block,
            factors=sorted(set(self._factors)),  # whatever their order, one entry of the cache
            half=half, workers=workers, cache=cache,
        )  # fmt: skip
        with Progress(
            f"{part} samples", total=len(numbers), unit="samples", enabled=progress
        ) as bar:
            for made in found:
                row = samples.rows[made.number]
                scene = made.scene.to(device, grounds.get(row.place))
                grounds.setdefault(row.place, scene)
                self.numbers.append(made.number)
                self._scenes.append(scene)
                self._means.append(made.mean_m)
                others = [
                    _water(samples, number).to(device, made.depth.dtype)
                    for number in truths[made.number][1:]
                ]
                self._depth.append((made.depth.to(device), *others))
                self._valid.append(made.valid.to(device))
                self._names.append(row.name)
                bar.advance()
        self._side = self._piece_side()

    def _piece_side(self) -> int:
        align = self._settings.align
        least = min(min(scene.shape) for scene in self._scenes)
        side = min(self._settings.crop_cells, least // align * align)
        if side < align:
            raise DataError(
                f"training: the smallest sample is {least} cells wide, "
                f"the model needs at least {align}",
                hint="use larger blocks, or fewer --levels",
            )
        return side

    def __len__(self) -> int:
        return -(-len(self.numbers) // self._size)

    def mean_depth(self) -> float:
        """Give the mean depth over all samples, frames and known cells, m."""
        return float(np.mean(self._means))

    def trained_range(self, samples: Samples) -> dict[str, Any]:
        """Give the range of ground and rain of these samples, for the gate of a prediction."""
        sizes = [float(samples.rows[number].grid["dx"]) for number in self.numbers]
        return range_of_scenes(self._scenes, sizes)

    def batch(self, epoch: int, index: int) -> Batch:
        """Give batch ``index`` of an epoch: inputs, ``target`` and ``valid``."""
        order = np.arange(len(self.numbers))
        if self._shuffle:
            order = sample_order(len(order), seed=self._seed, epoch=epoch)
        chosen = order[index * self._size : (index + 1) * self._size]
        if not self._shuffle:
            epoch = 0
        step, all_of_it = index // self._together, self._together * self._size
        rng = make_rng(self._seed, "batch", epoch, step)
        # of one step all pieces have one coarse solver and one number of frames
        factor = int(rng.choice(self._factors)) if self._factors else 0
        least = min(self._scenes[int(row)].frames for row in order[step * all_of_it :][:all_of_it])
        # what is validated is a roll-out as long as the longest, whatever is trained on by then
        wanted = self._frames(epoch) if self._shuffle else self._settings.frames
        count = min(wanted, least)
        pieces = [self._piece(int(row), epoch, factor, count) for row in chosen]
        names = pieces[0][0]
        return {
            "sample_id": [self._names[int(row)] for row in chosen],
            "inputs": {name: torch.stack([piece[0][name] for piece in pieces]) for name in names},
            "target": torch.stack([piece[1] for piece in pieces]),
            "valid": torch.stack([piece[2] for piece in pieces]),
            "epoch": epoch,
        }

    def _frames(self, epoch: int) -> int:
        wanted, rise = self._settings.frames, self._settings.curriculum_epochs
        if not rise or not self._shuffle:  # a validation always looks at all frames
            return wanted
        return min(wanted, 1 + epoch * wanted // rise)

    def _piece(
        self, row: int, epoch: int, factor: int, count: int
    ) -> tuple[dict[str, Tensor], Tensor, Tensor]:
        rng = make_rng(self._seed, "piece", epoch, row)
        scene = self._scenes[row]
        frames, first = self._draw_frames(scene, count, rng)
        window = self._window(scene, rng)
        runs = self._depth[row]
        depth = runs[int(rng.integers(len(runs)))] if len(runs) > 1 else runs[0]
        start = depth[first - 1] if self.family == "series" and first else None
        inputs = scene.inputs(frames, window, factor=factor, start=start)
        target = torch.stack(
            [
                depth[:, *window].amax(0) if t == scene.peak_frame else depth[t, *window]
                for t in frames
            ]
        ).float()
        valid = self._valid[row][window][None].float()
        if self._shuffle and self._settings.augment:
            turns, flip = int(rng.integers(4)), bool(rng.integers(2))
            inputs = turn_inputs(inputs, turns, flip)
            target, valid = turned(target, turns, flip), turned(valid, turns, flip)
        return inputs, target, valid

    def _draw_frames(
        self, scene: Scene, count: int, rng: np.random.Generator
    ) -> tuple[list[int], int]:
        if self.family == "series":
            first = int(rng.integers(scene.frames - count + 1))
            dry = rng.uniform() < _DRY_SHARE
            if dry or not self._shuffle or self._settings.model in FROM_DRY:
                first = 0
            return list(range(first, first + count)), first
        known = scene.frames + (1 if self.family == "hybrid" else 0)  # and the peak
        chosen = np.sort(rng.choice(known, count, replace=False))
        return [int(t) for t in chosen], 0

    def _window(self, scene: Scene, rng: np.random.Generator) -> Window:
        align = self._settings.align
        spare = [(n - self._side) // align for n in scene.shape]
        top, left = (int(rng.integers(n + 1)) * align for n in spare)
        return slice(top, top + self._side), slice(left, left + self._side)


def _truths(samples: Samples, part: str, members: bool) -> dict[int, list[int]]:
    """Give the samples of a part, each with the runs that share its inputs, itself first."""
    if not members:
        return {number: [number] for number in samples.part(part)}
    found: dict[tuple[str, str], list[int]] = {}
    for number in samples.part(part, members=True):
        row = samples.rows[number]
        if row.member:
            found.setdefault((row.block, row.storm), []).append(number)
    if not found:
        raise DataError(
            f"data set {samples.path}: its {part} samples have no perturbed runs to learn a spread "
            "from",
            hint="inundate dataset build --world makes a data set with ensembles",
        )
    return {numbers[0]: numbers for numbers in found.values()}


def _water(samples: Samples, number: int) -> Tensor:
    """Read the water of a run alone, (T, H, W), m; 0 where not known."""
    return torch.from_numpy(np.nan_to_num(samples.read(number).water_depth))


_DRY_SHARE = 0.25  # share of the series that start from dry ground, as every prediction does
