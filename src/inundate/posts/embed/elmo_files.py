"""ELMo's weights in the HDF5 layout of bilm-tf and AllenNLP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor

from inundate.core.errors import DataError, MissingFileError
from inundate.core.files import atomic_file, atomic_folder, check_input, check_output
from inundate.posts.embed.elmo_network import BiLm
from inundate.posts.embed.elmo_options import read_options, write_options

__all__ = ["TRAINED", "find_elmo", "is_elmo_folder", "read_elmo", "write_elmo", "write_weights"]

TRAINED = "elmo"
"""Folder of the model in a run that trained it."""


def is_elmo_folder(folder: Path) -> bool:
    """Tell whether a folder holds one pair of options and HDF5 weights."""
    return len(_ending(folder, "options.json")) == 1 and len(_ending(folder, "weights.hdf5")) == 1


def find_elmo(folder: Path | str) -> tuple[Path, Path]:
    """Find the options and the weights of an ELMo in a folder, by the end of their names.

    Raises
    ------
    MissingFileError
        If there is not exactly one of each.
    """
    place = check_input(folder, what="opening an ELMo in")
    found = [_ending(place, end) for end in ("options.json", "weights.hdf5")]
    if [len(files) for files in found] != [1, 1]:
        raise MissingFileError(
            f"opening an ELMo in {place}: found {len(found[0])} files *options.json and "
            f"{len(found[1])} files *weights.hdf5, expected one of each",
            hint="put the two files that belong together into a folder of their own",
        )
    return found[0][0], found[1][0]


def _ending(folder: Path, end: str) -> list[Path]:
    return sorted(folder.glob(f"*{end}")) if folder.is_dir() else []


def read_elmo(options: Path | str, weights: Path | str) -> BiLm:
    """Build the network of an options file and put the weights of an HDF5 file into it.

    Raises
    ------
    MissingFileError
        If a file is absent.
    DataError
        If it is no HDF5 file, or its arrays do not have the sizes of the options; all that
        differ are counted, and the first are named.
    """
    settings = read_options(options)
    source = check_input(weights, what="reading ELMo's weights")
    network = BiLm(settings)
    faults: list[str] = []
    try:
        with h5py.File(source, "r") as file, torch.no_grad():
            for name, target in _arrays(network):
                found = _read(file, name, tuple(target.shape))
                if isinstance(found, str):
                    faults.append(found)
                else:
                    target.copy_(torch.from_numpy(found))
    except OSError as error:
        raise DataError(
            f"reading ELMo's weights {source}: not a whole HDF5 file ({error})",
            hint="take the *_weights.hdf5 of the model, and fetch it again if it is cut off",
        ) from error
    if faults:
        more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise DataError(
            f"reading ELMo's weights {source}: they do not fit {options}: "
            + "; ".join(faults[:3])
            + more,
            hint="take the options file that came with these weights",
        )
    return network.eval()


def _read(file: h5py.File, name: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any] | str:
    entry = file.get(name)
    if not isinstance(entry, h5py.Dataset):
        return f"{name} is missing"
    if entry.shape != shape:
        return f"{name} has shape {entry.shape}, expected {shape}"
    values = np.asarray(entry[...], np.float32)
    return values if np.isfinite(values).all() else f"{name} has values that are not finite"


def write_elmo(folder: Path | str, network: BiLm, *, overwrite: bool = False) -> Path:
    """Write options and weights as a folder that AllenNLP and bilm-tf can read too.

    Raises
    ------
    RunError
        If the folder exists and may not be replaced.
    """
    target = check_output(folder, overwrite)
    with atomic_folder(target) as place:
        write_options(place / "elmo_options.json", network.options)
        write_weights(place / "elmo_weights.hdf5", network)
    return target


def write_weights(path: Path | str, network: BiLm) -> Path:
    """Write the weights of a network as one HDF5 file."""
    with atomic_file(path) as temporary, h5py.File(temporary, "w") as file:
        for name, tensor in _arrays(network):
            file.create_dataset(name, data=tensor.detach().cpu().contiguous().numpy())
    return Path(path)


def _arrays(network: BiLm) -> Iterator[tuple[str, Tensor]]:
    """Pair each array of a file with a view of the network's weights in the file's shape."""
    own = {name: tensor.detach() for name, tensor in network.named_parameters()}
    options = network.options
    yield "char_embed", own["words.characters.weight"][1:]  # row 0 of ours: no word here
    for number in range(len(options.char_cnn.filters)):
        kernel = own[f"words.filters.{number}.weight"]  # (F, D, w) here, (1, w, D, F) in the file
        yield f"CNN/W_cnn_{number}", kernel.permute(2, 1, 0).unsqueeze(0)
        yield f"CNN/b_cnn_{number}", own[f"words.filters.{number}.bias"]
    for number in range(options.char_cnn.n_highway):
        for ours, theirs in (("gates", "carry"), ("transforms", "transform")):
            yield f"CNN_high_{number}/W_{theirs}", own[f"words.{ours}.{number}.weight"].T
            yield f"CNN_high_{number}/b_{theirs}", own[f"words.{ours}.{number}.bias"]
    yield "CNN_proj/W_proj", own["words.projection.weight"].T
    yield "CNN_proj/b_proj", own["words.projection.bias"]
    for direction, stack in enumerate(("forwards", "backwards")):
        for number in range(options.lstm.n_layers):
            place = f"RNN_{direction}/RNN/MultiRNNCell/Cell{number}/LSTMCell"
            yield f"{place}/W_0", own[f"{stack}.{number}.gates.weight"].T
            yield f"{place}/B", own[f"{stack}.{number}.gates.bias"]
            yield f"{place}/W_P_0", own[f"{stack}.{number}.projection.weight"].T
