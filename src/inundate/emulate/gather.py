"""Make the scenes of many samples, over processes: the coarse solver takes most of the time."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from inundate import __version__
from inundate.core.files import atomic_file
from inundate.dataset.samples import Sample, Samples
from inundate.emulate.inputs import TERRAIN_CHANNELS
from inundate.emulate.prepared import prepare_sample
from inundate.emulate.scene import Family, Scene

__all__ = ["Gathered", "gather_scenes"]


@dataclass(frozen=True)
class Gathered:
    """A sample ready for training.

    Attributes
    ----------
    number : int
        Of the sample in its data set.
    scene : Scene
    depth : Tensor (T, H, W), m
        0 where not known.
    valid : Tensor (H, W), bool
    mean_m : float
        Mean depth over frames and known cells.
    """

    number: int
    scene: Scene
    depth: Tensor
    valid: Tensor
    mean_m: float


@dataclass(frozen=True)
class _Job:
    path: Path
    numbers: tuple[int, ...]
    family: Family
    block: int
    factors: tuple[int, ...]
    half: bool
    cache: Path | None


def gather_scenes(
    samples: Samples,
    numbers: Sequence[int],
    *,
    family: Family,
    block: int,
    factors: Sequence[int] = (),
    half: bool = False,
    workers: int = 1,
    cache: Path | str | None = None,
) -> Iterator[Gathered]:
    """Make scenes; those over one ground share its terrain channels.

    Parameters
    ----------
    samples : Samples
    numbers : sequence of int
        Numbers of the samples.
    family, block, factors
        What the model is shown; see :class:`inundate.emulate.scene.Scene`.
    half : bool
        Keep terrain and depth in half precision.
    workers : int
        Processes; the result does not depend on it.
    cache : Path, optional
        Folder that keeps what was made, by the contents of the samples, for the next training.

    Yields
    ------
    Gathered
        Grouped by ground, in the order in which the grounds first come.
    """
    grounds: dict[int, list[int]] = defaultdict(list)
    for number in numbers:
        grounds[samples.rows[number].place].append(number)
    folder = None if cache is None else Path(cache)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    jobs = [
        _Job(samples.path, tuple(group), family, block, tuple(factors), half, folder)
        for group in grounds.values()
    ]
    if workers <= 1 or len(jobs) < 2:
        for job in jobs:
            yield from _make(job)
        return
    # spawned processes start without the threads that a fork would leave in an odd state
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        min(workers, len(jobs)), mp_context=context, initializer=_alone
    ) as pool:
        for found in pool.map(_make_arrays, jobs):
            for number, tensors, mean in found:
                yield _revived(number, tensors, mean, family, block, samples.interval_s)


def _alone() -> None:
    torch.set_num_threads(1)


def _make(job: _Job) -> Iterator[Gathered]:
    for number, tensors, mean in _make_tensors(job):
        interval = Samples(job.path).interval_s
        yield _revived(number, tensors, mean, job.family, job.block, interval)


def _make_arrays(job: _Job) -> list[tuple[int, dict[str, NDArray[np.generic]], float]]:
    """Give numpy arrays: tensors would be sent through files that a process may run out of."""
    return [
        (number, {name: value.numpy() for name, value in tensors.items()}, mean)
        for number, tensors, mean in _make_tensors(job)
    ]


def _make_tensors(job: _Job) -> list[tuple[int, dict[str, Tensor], float]]:
    samples = Samples(job.path)
    terrain: NDArray[np.float32] | None = None
    kept = torch.float16 if job.half else torch.float32
    found = []
    for number in job.numbers:
        sample = samples.read(number)
        known = sample.valid
        mean = float(np.nanmean(sample.water_depth))
        stored = None if job.cache is None else job.cache / f"{_key(sample, job)}.safetensors"
        tensors = None if stored is None else _read(stored)
        if tensors is None:
            made = prepare_sample(sample, factors=job.factors, terrain=terrain)
            terrain = made.terrain[: len(TERRAIN_CHANNELS)]
            scene = Scene(made, job.family, job.block, storage=kept)
            depth = np.where(known, sample.water_depth, 0.0).astype(np.float32)
            tensors = {
                **scene.tensors(),
                "target": torch.from_numpy(depth).to(kept),
                "known": torch.from_numpy(known),
            }
            if stored is not None:
                with atomic_file(stored) as path:
                    save_file({k: v.contiguous() for k, v in tensors.items()}, path)
        found.append((number, tensors, mean))
    return found


def _read(path: Path) -> dict[str, Tensor] | None:
    if not path.is_file():
        return None
    try:
        found: dict[str, Tensor] = load_file(path)
    except (SafetensorError, OSError):
        return None  # a damaged entry is made again
    return found


def _key(sample: Sample, job: _Job) -> str:
    digest = hashlib.blake2b(digest_size=12)
    said = [__version__, job.family, job.block, job.factors, job.half, sample.interval_s]
    digest.update(json.dumps([*said, sample.row.settings, sample.row.grid]).encode())
    for array in (sample.elevation, sample.roughness, sample.rain_rate, sample.water_depth):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _revived(
    number: int,
    tensors: dict[str, Tensor] | dict[str, NDArray[np.generic]],
    mean: float,
    family: Family,
    block: int,
    interval_s: float,
) -> Gathered:
    named = {name: torch.as_tensor(value) for name, value in tensors.items()}
    depth, known = named.pop("target"), named.pop("known")
    return Gathered(number, Scene.of(named, family, block, interval_s), depth, known, mean)
