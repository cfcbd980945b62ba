"""The data sets of the benchmark: what is scored on, what the zoo is trained on, and less of it."""

from __future__ import annotations

import json
import os
import shutil
from importlib import resources
from pathlib import Path
from typing import Any, cast

import zarr

import inundate
from inundate.cli.emulator_bench.context import Context
from inundate.cli.emulator_bench.marks import mark_of
from inundate.core.files import atomic_folder
from inundate.dataset.samples import Samples
from inundate.dataset.world.build import build_world
from inundate.dataset.world.settings import WorldSettings, read_world
from inundate.dataset.world.sources import Part

__all__ = ["LESS", "about", "identity", "less_data", "scored_data", "zoo_data"]

LESS = 4
"""With less data, one in so many training grounds is left."""
_OWN = ("zoo", "micro")  # worlds whose settings lie beside this file
_SEED = 0


def scored_data(context: Context) -> Samples:
    """Give the data set whose test part is scored on; its validation part comes with it."""
    name = "micro" if context.quick else context.options.world
    return cast(Samples, context.once("scored", lambda: _built(context, name, ("valid", "test"))))


def zoo_data(context: Context) -> Samples:
    """Give the data set that the zoo is trained on."""
    name = "micro" if context.quick else context.options.zoo_world
    return cast(Samples, context.once("zoo", lambda: _built(context, name, ("train", "valid"))))


def less_data(context: Context) -> Samples:
    """Give the data set of the zoo with one training ground in :data:`LESS`."""
    return cast(Samples, context.once("less", lambda: _thinned(context, zoo_data(context))))


def identity(samples: Samples) -> dict[str, str]:
    """Give what tells a data set from any other."""
    world = json.loads(str(samples.attrs.get("world", "{}")))
    return {
        "split": str(samples.attrs["split_hash"]),
        "plan": str(world.get("plan_hash", "")),
        "thinned": str(samples.attrs.get("thinned", "")),
        "made": str(json.loads(str(samples.attrs["provenance"])).get("commit", "")),
    }


def about(samples: Samples) -> dict[str, Any]:
    """Say for the result file what a data set holds."""
    world = json.loads(str(samples.attrs.get("world", "{}")))
    count = {
        part: sum(row.split == part and not row.member for row in samples.rows)
        for part in ("train", "valid", "test")
    }
    return {
        "world": world.get("name", samples.path.stem),
        **identity(samples),
        "samples": {part: number for part, number in count.items() if number},
        "failed": len(world.get("failed", {})),
        "absent": world.get("absent", []) if world.get("real") else [],
    }


def _built(context: Context, name: str, parts: tuple[Part, ...]) -> Samples:
    """Open a data set, or make it: it is kept until the settings of its world change."""
    settings = _settings(name)
    real = context.data.is_dir() and settings.real is not False
    depends = {
        "settings": settings.model_dump(mode="json"), "seed": _SEED, "parts": parts,
        "version": inundate.__version__, "real": real,
    }  # fmt: skip
    path = context.folder / "data" / f"{Path(name).stem}-{mark_of(depends)}.zarr"
    if path.exists():
        return Samples(path)
    context.say(f"making world {name}: {' and '.join(parts)}")
    return build_world(
        settings,
        path,
        data=context.data if real or settings.real is True else None,
        seed=_SEED,
        workers=context.options.workers,
        parts=parts,
        progress=not context.quick,
    )


def _settings(name: str) -> WorldSettings:
    if name not in _OWN:
        return read_world(name)
    with resources.as_file(resources.files(__package__) / f"{name}.toml") as path:
        return read_world(path)


def _thinned(context: Context, whole: Samples) -> Samples:
    """Make a data set of the same arrays whose table lacks most training grounds."""
    path = whole.path.with_name(f"{whole.path.stem}-less.zarr")
    if path.exists():
        return Samples(path)
    blocks = sorted({row.block for row in whole.rows if row.split == "train"})
    kept = set(blocks[::LESS])
    rows = [
        {**row.__dict__, "chunk": number if row.chunk < 0 else row.chunk}
        for number, row in enumerate(whole.rows)
        if row.split != "train" or row.block in kept
    ]
    context.say(f"thinning {whole.path.name}: {len(kept)} of {len(blocks)} training grounds")
    with atomic_folder(path) as made:
        shutil.copytree(whole.path, made, copy_function=_link, dirs_exist_ok=True)
        group = zarr.open_group(made, mode="r+")
        group.attrs.update({"samples": json.dumps(rows), "thinned": f"1 in {LESS}"})
    return Samples(path)


def _link(source: str, target: str) -> None:
    """Link what is never written again; what Zarr writes to is copied."""
    if Path(source).name == "zarr.json":
        shutil.copyfile(source, target)
        return
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copyfile(source, target)
