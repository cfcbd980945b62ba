"""Plain arrays and a few facts in one safetensors file: a model that is no network, stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from inundate.core.errors import DataError
from inundate.core.files import atomic_file, check_input

__all__ = ["read_arrays", "write_arrays"]

_TOLD = "inundate"


def write_arrays(
    path: Path, arrays: Mapping[str, NDArray[Any]], *, kind: str, facts: Mapping[str, Any]
) -> None:
    """Write arrays whole, or not at all.

    Parameters
    ----------
    path : Path
    arrays : mapping of str to array
    kind : str
        What they are, for whom reads them.
    facts : mapping
        What JSON can hold.
    """
    # one entry: several would be written in an order that differs from run to run
    told = {_TOLD: json.dumps({"kind": kind, "facts": dict(facts)}, sort_keys=True)}
    content = save({name: np.ascontiguousarray(v) for name, v in arrays.items()}, metadata=told)
    with atomic_file(path) as part:
        part.write_bytes(content)


def read_arrays(path: Path, *, kind: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read arrays and facts; reading runs no code.

    Raises
    ------
    MissingFileError
        If there is no such file.
    DataError
        If it is damaged or of another kind.
    """
    source = check_input(path, what=f"reading {kind}")
    try:
        with safe_open(str(source), framework="np") as opened:
            told = json.loads((opened.metadata() or {}).get(_TOLD, "{}"))
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise DataError(f"reading {path}: not a whole safetensors file ({error})") from error
    if told.get("kind") != kind:
        raise DataError(f"reading {path}: it holds {told.get('kind')!r}, expected {kind!r}")
    return arrays, told["facts"]
