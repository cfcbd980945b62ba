"""Functions of one's own as predictors."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from inundate.core.errors import ConfigError, DataError, InundateError, MissingFileError, nearest
from inundate.emulate.probes.ground import Array, Ground, Predictor
from inundate.emulate.probes.trial import Subject

__all__ = ["function_predictor", "guarded"]


def function_predictor(name: str) -> Subject:
    """Give a function of one's own.

    Parameters
    ----------
    name : str
        ``module:function`` or ``file.py:function``. The function takes a
        :class:`~inundate.emulate.probes.ground.Ground` and gives depth (T, H, W) in m; it may
        also be a :class:`~inundate.emulate.probes.trial.Subject`.

    Raises
    ------
    MissingFileError
        If the file or module is not there.
    ConfigError
        If there is no such function in it.
    """
    source, _, attribute = name.rpartition(":")
    module = _load_file(Path(source)) if source.endswith(".py") else _load_module(source)
    found: Any = getattr(module, attribute, None)
    if isinstance(found, Subject):
        return found
    if not callable(found):
        close = nearest(attribute, vars(module))
        kind = "nothing" if found is None else f"a {type(found).__name__}"
        raise ConfigError(
            f"probing {name}: {attribute!r} is {kind} in {source}, expected a function of a Ground",
            hint=f"did you mean {source}:{close}?" if close else None,
        )
    return Subject(name, guarded(name, found))


def _load_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise MissingFileError(f"probing: no Python file {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _load_module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # the module is there and lacks one of its own
        raise MissingFileError(
            f"probing: no module {name!r} can be imported",
            hint="give a file instead: path/to/file.py:function",
        ) from error


def guarded(name: str, function: Predictor) -> Predictor:
    """Name a function in what it raises.

    Parameters
    ----------
    name : str
        Of the function.
    function : Predictor
        Whose errors become :class:`~inundate.core.errors.DataError`.
    """

    def predict(ground: Ground) -> Array:
        try:
            return function(ground)
        except InundateError:
            raise
        except Exception as error:
            raise DataError(f"probing {name}: it raised {type(error).__name__}: {error}") from error

    return predict
