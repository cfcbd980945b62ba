"""Models in folders: JSON and safetensors, so that opening one runs no code of its writer."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.errors import DataError, RunError
from inundate.core.files import atomic_folder, check_input
from inundate.posts.classify.base import State, TextClassifier

__all__ = ["FORMAT", "Stored", "read_model", "stored_id", "write_model"]

FORMAT = 1  # raised when folders written before can no longer be read
FILE, WEIGHTS, PARTS = "model.json", "weights.safetensors", "parts"


class Stored:
    """What a folder holds.

    Parameters
    ----------
    where : Path
    table : mapping
        Content of ``model.json``.
    arrays : mapping of str to array
    """

    def __init__(
        self, where: Path, table: Mapping[str, Any], arrays: Mapping[str, np.ndarray[Any, Any]]
    ) -> None:
        self.where, self.table, self.arrays = where, table, arrays

    def parts(self) -> dict[str, Path]:
        """Give the folders of the models inside."""
        return {name: self.where / PARTS / name for name in self.table["parts"]}


def write_model(model: TextClassifier, folder: Path) -> str:
    """Write a fitted model; give its id.

    Raises
    ------
    RunError
        If it is not fitted, or the folder cannot be written.
    """
    from safetensors.numpy import save

    if not model.classes:
        raise RunError(f"writing {folder}: the model {model.name} is not fitted")
    state = model.state()
    arrays = {name: np.ascontiguousarray(array) for name, array in state.arrays.items()}
    weights = save(arrays)
    with atomic_folder(folder) as temporary:
        (temporary / WEIGHTS).write_bytes(weights)
        parts: dict[str, str] = {}
        for name, part in state.parts.items():
            (temporary / PARTS).mkdir(exist_ok=True)
            parts[name] = write_model(part, temporary / PARTS / name)
        content = {
            "format": FORMAT,
            "model": model.name,
            "classes": list(model.classes),
            "settings": model.settings.model_dump(mode="json"),
            "facts": dict(state.facts),
            "parts": parts,
            "weights": hashlib.sha256(weights).hexdigest(),
        }
        identity = _digest(content)
        told = _without_nan({"training": model.training, "notes": model.notes})
        table = {**content, "id": identity, **told}
        text = json.dumps(table, indent=1, ensure_ascii=True, default=str, allow_nan=False)
        (temporary / FILE).write_text(text + "\n", encoding="utf-8")
    return identity


def _without_nan(value: Any) -> Any:
    """Replace what JSON has no word for by None, such as the AUC where only one class is."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return value


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def stored_id(folder: Path) -> str:
    """Give the id of a saved model: a digest of all that decides its answers."""
    return str(read_model(folder).table["id"])


def read_model(folder: Path) -> Stored:
    """Read a folder and check that it is whole.

    Raises
    ------
    MissingFileError
        If it is not there.
    DataError
        If it is no model, of another layout, damaged or changed after it was written.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    where = check_input(folder, what="opening a classifier")
    file = where / FILE
    if not file.is_file():
        raise DataError(
            f"opening a classifier in {where}: no {FILE}, so it is no saved classifier",
            hint="a classifier is a folder that inundate posts train wrote",
        )
    try:
        table = json.loads(file.read_text(encoding="utf-8"))
        weights = (where / WEIGHTS).read_bytes()
        content = {
            key: table[key]
            for key in ("format", "model", "classes", "settings", "facts", "parts", "weights")
        }
        arrays = load(weights)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise DataError(
            f"opening a classifier in {where}: not whole ({error})",
            hint="copy the whole folder again, or train anew: inundate posts train",
        ) from error
    if content["format"] != FORMAT:
        raise DataError(
            f"opening a classifier in {where}: layout {content['format']!r}, expected {FORMAT}",
            hint="train it anew: inundate posts train",
        )
    digest = hashlib.sha256(weights).hexdigest()
    if digest != content["weights"] or _digest(content) != table.get("id"):
        raise DataError(
            f"opening a classifier in {where}: its content is not what its id "
            f"{table.get('id')!r} says; a file was changed or cut short",
            hint="copy the whole folder again, or train anew: inundate posts train",
        )
    return Stored(where, table, arrays)


def restored(stored: Stored, parts: Mapping[str, TextClassifier]) -> State:
    """Give the state that a model takes."""
    return State(stored.table["facts"], stored.arrays, parts)
