"""Checkpoints of a run: whole folders of safetensors and JSON, never code.

::

    checkpoints/step-0002000/  model.safetensors  optimiser.safetensors  state.json
    best -> checkpoints/…      last -> checkpoints/…

A checkpoint is written under a temporary name and renamed when it is whole; ``last`` and
``best`` move after that. ``state.json`` holds the hash of each tensor file, so a truncated
or altered checkpoint is known as such when it is read.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from inundate.core.errors import DataError, MissingFileError, RunError
from inundate.core.files import atomic_folder, write_text
from inundate.core.log import get_logger

__all__ = [
    "FORMAT",
    "Checkpoint",
    "checkpoint_folders",
    "newest_checkpoint",
    "point_to",
    "pointed",
    "prune",
    "read_checkpoint",
    "tidy",
    "write_checkpoint",
]

FORMAT = 1  # version of the layout of a checkpoint folder
_NAME = re.compile(r"step-(\d{7,})")
_log = get_logger("learn.checkpoint")


@dataclass(frozen=True)
class Checkpoint:
    """Everything that a training needs to go on from a step.

    Parameters
    ----------
    step : int
        Optimiser steps made.
    tensors : dict of str to dict of str to Tensor
        By part: ``model``, ``optimiser`` and, with a running mean, ``ema``.
    state : dict
        The rest, as JSON: position in the data, random states, best score.
    path : Path, optional
        Folder it was read from.
    """

    step: int
    tensors: Mapping[str, Mapping[str, Tensor]]
    state: dict[str, Any] = field(default_factory=dict)
    path: Path | None = None


def checkpoint_folders(run_path: Path) -> list[Path]:
    """List the checkpoint folders of a run, oldest step first."""
    folder = run_path / "checkpoints"
    found = [path for path in folder.glob("step-*") if _NAME.fullmatch(path.name)]
    return sorted(found, key=step_of)


def step_of(folder: Path) -> int:
    """Read the step from the name of a checkpoint folder."""
    match = _NAME.fullmatch(folder.name)
    if match is None:
        raise DataError(f"{folder}: expected a checkpoint folder named step-0000000")
    return int(match[1])


def write_checkpoint(run_path: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint whole, or not at all.

    Raises
    ------
    RunError
        If the disk is full or not writable; earlier checkpoints stay as they were.
    """
    folder = run_path / "checkpoints" / f"step-{checkpoint.step:07d}"
    folder.parent.mkdir(exist_ok=True)
    with atomic_folder(folder) as part:
        hashes = {}
        for name, tensors in checkpoint.tensors.items():
            content = save({key: _portable(tensor) for key, tensor in tensors.items()})
            _write(part / f"{name}.safetensors", content)
            hashes[name] = _digest(content)
        state = {"format": FORMAT, "step": checkpoint.step, **checkpoint.state}
        state["blake2b"] = {**hashes, "state": _state_digest(state)}
        _write(part / "state.json", json.dumps(state).encode())
    return folder


def _portable(tensor: Tensor) -> Tensor:
    """Give a tensor of its own, on the CPU; tied weights are written once for each name."""
    return tensor.detach().cpu().contiguous().clone()


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _state_digest(state: Mapping[str, Any]) -> str:
    """Hash what a state says, whatever the order of its keys, without the hashes in it."""
    said = {key: value for key, value in state.items() if key != "blake2b"}
    return _digest(json.dumps(said, sort_keys=True).encode())


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read a checkpoint folder and check that it is whole.

    Raises
    ------
    MissingFileError
        If the folder or one of its files is absent.
    DataError
        If a file is truncated, altered, or of another format version.
    """
    step = step_of(folder.resolve())
    state = _read_state(folder / "state.json")
    if state.get("format") != FORMAT or state.get("step") != step:
        raise DataError(
            f"reading {folder / 'state.json'}: format {state.get('format')!r} of step "
            f"{state.get('step')!r}; expected format {FORMAT} of step {step}"
        )
    hashes = dict(state.get("blake2b", {}))
    if hashes.pop("state", None) != _state_digest(state):
        raise DataError(f"reading {folder / 'state.json'}: altered since it was written")
    parts = {name: _read_tensors(folder / f"{name}.safetensors", hashes[name]) for name in hashes}
    if not {"model", "optimiser"} <= parts.keys():
        raise DataError(f"reading {folder}: state.json names {sorted(parts)}, not the model")
    return Checkpoint(step, parts, state, folder)


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise MissingFileError(f"reading checkpoint {path.parent}: no {path.name}") from error
    except OSError as error:
        raise DataError(f"reading {path}: {error.strerror}") from error


def _read_state(path: Path) -> dict[str, Any]:
    content = _read_bytes(path)
    try:
        state = json.loads(content)
    except ValueError as error:
        raise DataError(f"reading {path}: not whole JSON ({error})") from error
    if not isinstance(state, dict):
        raise DataError(f"reading {path}: expected a JSON object")
    return state


def _read_tensors(path: Path, digest: str) -> dict[str, Tensor]:
    content = _read_bytes(path)
    if _digest(content) != digest:
        raise DataError(
            f"reading {path}: its {len(content)} bytes are not those that were written "
            "(truncated or altered)"
        )
    try:
        return load(content)
    except SafetensorError as error:
        raise DataError(f"reading {path}: not a safetensors file ({error})") from error


def newest_checkpoint(run_path: Path) -> Checkpoint:
    """Read the newest checkpoint that is whole.

    A damaged one is renamed to ``broken-step-…`` with a warning in the log, and the one
    before it is read.

    Raises
    ------
    RunError
        If the run has no checkpoint.
    DataError
        If none of its checkpoints is whole.
    """
    folders = checkpoint_folders(run_path)
    if not folders:
        raise RunError(
            f"run {run_path} has no checkpoint to go on from",
            hint="start it again: it ended before its first checkpoint",
        )
    faults = []
    for folder in reversed(folders):
        try:
            return read_checkpoint(folder)
        except (DataError, MissingFileError) as error:
            faults.append(str(error))
            _log.warning("%s; trying the checkpoint before it", error)
            folder.rename(folder.with_name(f"broken-{folder.name}-{uuid.uuid4().hex[:4]}"))
    raise DataError(
        f"run {run_path}: none of its {len(folders)} checkpoints can be read: {'; '.join(faults)}",
        hint="start the run again; the damaged checkpoints are kept as broken-step-…",
    )


def point_to(run_path: Path, name: str, folder: Path) -> None:
    """Move the pointer ``best`` or ``last`` of a run to a checkpoint, in one step.

    A symbolic link where the file system has them, else a text file with the relative path.
    """
    target = folder.relative_to(run_path)
    pointer = run_path / name
    temporary = run_path / f".{name}.part-{uuid.uuid4().hex[:8]}"
    try:
        temporary.symlink_to(target, target_is_directory=True)
        temporary.replace(pointer)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        if error.errno == errno.ENOSPC:
            raise RunError(f"writing {pointer}: the disk is full") from error
        _log.debug("no symbolic link %s (%s); writing a text file", pointer, error)
        write_text(pointer, f"{target.as_posix()}\n")


def pointed(run_path: Path, name: str) -> Path | None:
    """Give the checkpoint folder that ``best`` or ``last`` points to, or None without one."""
    pointer = run_path / name
    if pointer.is_symlink():
        folder = run_path / pointer.readlink()
    elif pointer.is_file():
        folder = run_path / pointer.read_text(encoding="utf-8").strip()
    else:
        return None
    return folder if folder.is_dir() else None


def prune(run_path: Path, keep: int) -> None:
    """Remove all but the newest ``keep`` checkpoints and those that are pointed to."""
    kept = {pointed(run_path, name) for name in ("best", "last")}
    for folder in checkpoint_folders(run_path)[:-keep]:
        if folder not in kept:
            shutil.rmtree(folder)


def tidy(run_path: Path) -> None:
    """Remove what a killed process left half-written; call it while holding the lock."""
    for pattern in ("checkpoints/.step-*.part-*", ".best.part-*", ".last.part-*"):
        for path in run_path.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
