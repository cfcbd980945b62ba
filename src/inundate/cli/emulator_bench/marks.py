"""What a kept result depends on: source, weights and settings, as short hashes."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from inundate.core.run import Run
from inundate.emulate.export import find_weights
from inundate.learn.checkpoint import pointed

__all__ = ["mark_of", "source_mark", "weights_mark"]

_PACKAGE = "inundate"
_BYTES = 6


def mark_of(depends: Mapping[str, Any]) -> str:
    """Give a short hash of what JSON can hold.

    Examples
    --------
    >>> mark_of({"a": 1, "b": 2}) == mark_of({"b": 2, "a": 1})
    True
    """
    text = json.dumps(depends, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=_BYTES).hexdigest()


@lru_cache(maxsize=16)
def source_mark(*modules: str) -> str:
    """Give a hash of modules of this package and of all of it that they import.

    Nothing is imported for it; imports within functions count too.

    Parameters
    ----------
    *modules : str
        Such as ``"inundate.emulate.predict"``.
    """
    paths: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = None if name in paths else _path_of(name)
        if path is not None:
            paths[name] = path
            waiting += _imports(path)
    digest = hashlib.blake2b(digest_size=_BYTES)
    for name, path in sorted(paths.items()):
        digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _path_of(name: str) -> Path | None:
    """Give the file of a module of this package; None if there is no such module."""
    if name.split(".")[0] != _PACKAGE:
        return None
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError:  # a name within a module
        return None
    return None if found is None or found.origin is None else Path(found.origin)


def _imports(path: Path) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def weights_mark(source: str) -> str:
    """Give a hash of the weights that a prediction takes and of their settings.

    Parameters
    ----------
    source : str
        A run folder, exported weights, or the name of weights that ship.

    Raises
    ------
    MissingFileError
        If it is none of these.
    """
    folder = find_weights(source)
    chosen = pointed(folder, "best") or folder
    tensors = [path for path in sorted(chosen.glob("*.safetensors")) if path.stem != "optimiser"]
    digest = hashlib.blake2b(digest_size=_BYTES)
    for path in (folder / "config.toml", *tensors):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    trained_on = Run(folder).manifest.get("trained_on", {})  # of which the gate is made
    digest.update(json.dumps(trained_on, sort_keys=True).encode())
    return digest.hexdigest()
