"""Weights without the training: what a run hands on, and what ships with the package."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from inundate.core.config import write_toml
from inundate.core.errors import ConfigError, DataError, MissingFileError, nearest
from inundate.core.files import atomic_folder, check_not_input, check_output
from inundate.core.run import Run
from inundate.learn.checkpoint import pointed, read_checkpoint

__all__ = ["DEFAULT", "export_weights", "find_weights", "read_weights", "shipped_names"]

DEFAULT = "mode_h"
"""Shipped weights that a prediction takes when it names none."""
_FILE = "model.safetensors"
_AGAIN = "the file is damaged: copy it again, or inundate weights export makes it anew"
_TABLES = ("model", "train", "loss", "watch")
_KEPT = ("kind", "model", "parameters", "split_hash", "simulation", "trained_on", "limits", "step",
         "wall_s", "ended_by", "provenance", "inputs", "format", "device")  # fmt: skip


def shipped_names() -> tuple[str, ...]:
    """Name the weights that come with the package."""
    folder = _shipped_folder()
    if not folder.is_dir():
        return ()
    return tuple(sorted(path.name for path in folder.iterdir() if (path / _FILE).is_file()))


def _shipped_folder() -> Path:
    return Path(str(resources.files("inundate.emulate"))) / "weights"


def find_weights(name: Path | str | None) -> Path:
    """Give the folder of a run, of exported weights, or of weights that ship.

    Parameters
    ----------
    name : Path or str, optional
        A folder, or the name of shipped weights; by default :data:`DEFAULT`.

    Raises
    ------
    MissingFileError
        If it is neither; the shipped names are listed.
    """
    if name is None:
        name = DEFAULT
    if Path(name).exists():
        return Path(name)
    names = shipped_names()
    if str(name) in names:
        return _shipped_folder() / str(name)
    folder = Path(name).parent
    there = [str(entry) for entry in folder.iterdir()] if folder.is_dir() else []
    close = nearest(str(name), [*names, *there])
    raise MissingFileError(
        f"looking for weights {str(name)!r}: no such folder (looked in "
        f"{Path(name).absolute().parent}), and the package ships {', '.join(names) or 'none'}",
        hint=f"did you mean {close!r}?" if close else "inundate train makes a run",
    )


def export_weights(
    run: Path | str,
    output: Path | str,
    *,
    which: str = "best",
    scores: dict[str, Any] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write what a prediction needs of a run: weights, settings, range of training.

    Parameters
    ----------
    run : Path
        A run folder, exported weights, or the name of weights that ship.
    output : Path
        Folder to make.
    which : str
        ``best`` or ``last`` checkpoint; its running mean where there is one.
    scores : dict, optional
        Kept beside the weights.
    overwrite : bool
        Replace an existing folder.

    Raises
    ------
    MissingFileError, DataError
        If the run has no such checkpoint.
    ConfigError
        If the last checkpoint of exported weights is asked for: they have one alone.
    RunError
        If the output is or holds the run.
    """
    opened = Run(find_weights(run))
    check_not_input(Path(output), [opened.path])
    tensors, step = _chosen(opened, which)
    config = {key: value for key, value in opened.config.items() if key in _TABLES}
    manifest = {key: opened.manifest[key] for key in _KEPT if key in opened.manifest}
    # where the files of the training lay says nothing elsewhere
    source = {k: v for k, v in manifest.get("provenance", {}).items() if k != "argv"}
    manifest["provenance"] = source
    manifest |= {"status": "exported", "checkpoint_step": step, "scores": scores or {}}
    target = check_output(output, overwrite)
    with atomic_folder(target) as made:
        save_file({name: value.contiguous() for name, value in tensors.items()}, made / _FILE)
        write_toml(made / "config.toml", config)
        text = json.dumps(manifest, indent=1, sort_keys=True)
        (made / "manifest.json").write_text(text + "\n", encoding="utf-8")
        calibration = opened.path / "calibration.json"
        if calibration.is_file():
            (made / calibration.name).write_bytes(calibration.read_bytes())
    return target


def _chosen(run: Run, which: str) -> tuple[dict[str, Tensor], int | None]:
    """Give the tensors of a checkpoint, or of exported weights, and their step."""
    exported = read_weights(run.path)
    if exported is not None:
        if which != "best":
            raise ConfigError(
                f"exporting {run.path}: exported weights have no {which!r} checkpoint",
                hint="leave --which out",
            )
        return exported, run.manifest.get("checkpoint_step")
    folder = pointed(run.path, which)
    if folder is None:
        raise MissingFileError(
            f"exporting {run.path}: it has no {which!r} checkpoint",
            hint="give a run that a training has finished in",
        )
    found = read_checkpoint(folder)
    return dict(found.tensors.get("ema", found.tensors["model"])), found.step


def read_weights(folder: Path) -> dict[str, Tensor] | None:
    """Read exported weights; None where the folder holds none.

    Raises
    ------
    DataError
        If the file is damaged, or holds what is no number.
    """
    path = folder / _FILE
    if not path.is_file():
        return None
    try:
        found: dict[str, Tensor] = load_file(path)
    except SafetensorError as error:
        raise DataError(f"reading {path}: not a safetensors file ({error})", hint=_AGAIN) from error
    broken = [name for name, values in found.items() if not bool(values.isfinite().all())]
    if broken:
        raise DataError(
            f"reading {path}: NaN or infinity in {len(broken)} of {len(found)} arrays, the first "
            f"{broken[0]}; expected numbers",
            hint=_AGAIN,
        )
    return found
