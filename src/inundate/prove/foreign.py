"""Anybody's torch model, named as ``module:factory``: :func:`foreign_case`."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from inundate.core.errors import ConfigError, InundateError, MissingFileError, nearest
from inundate.prove.batch import as_loaded, kind_name
from inundate.prove.case import Case, call_model, call_with_table, make_case

__all__ = ["Recorded", "foreign_case", "load_named"]

_KEYS = ("model", "loss", "optimiser", "optimizer", "step", "metric", "call", "trained")


class Recorded(Mapping[str, Any]):
    """A configuration that remembers which of its keys were read.

    Parameters
    ----------
    values : mapping
    name : str
        Of the table, before the dot of its keys.

    Examples
    --------
    >>> config = Recorded({"rate": 0.1, "net": {"width": 8, "depht": 2}})
    >>> config["rate"], config["net"]["width"], config.unread()
    (0.1, 8, ['net.depht'])
    """

    def __init__(self, values: Mapping[str, Any], name: str = "") -> None:
        self._name = name
        self._read: set[str] = set()
        self._values = {
            key: Recorded(value, f"{name}{key}.") if isinstance(value, Mapping) else value
            for key, value in values.items()
        }

    def __getitem__(self, key: str) -> Any:
        found = self._values[key]
        self._read.add(key)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def unread(self) -> list[str]:
        """Give the dotted names of what was never read."""
        found = []
        for key, value in self._values.items():
            if isinstance(value, Recorded) and key in self._read:
                found += value.unread()
            elif key not in self._read:
                found.append(f"{self._name}{key}")
        return found


def load_named(name: str) -> Any:
    """Import what ``module:name`` or ``file.py:name`` says.

    Raises
    ------
    MissingFileError
        If there is no such module or file.
    ConfigError
        If it has no such name, or importing it fails.
    """
    where, _, attribute = name.rpartition(":")
    if not where or not attribute:
        raise ConfigError(
            f"looking for {name!r}: expected module:name or file.py:name",
            hint="inundate doctor mine.py:make_model --data mine.py:make_loader",
        )
    module = _module(where)
    if not hasattr(module, attribute):
        close = nearest(attribute, [key for key in vars(module) if not key.startswith("_")])
        raise ConfigError(
            f"looking for {name!r}: {where} has no {attribute!r}",
            hint=f"did you mean {close!r}?" if close else None,
        )
    return getattr(module, attribute)


def _module(where: str) -> Any:
    path = Path(where)
    if path.suffix == ".py" and not path.is_file():
        raise MissingFileError(f"looking for a model: there is no file {where}")
    try:
        if path.suffix != ".py":
            here = str(Path.cwd())
            if here not in sys.path:
                sys.path.insert(0, here)  # as python -m does
            return importlib.import_module(where)
        name = f"inundate_doctor_{path.stem}"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # dataclasses of the file look for it there
        spec.loader.exec_module(module)
    except InundateError:
        raise
    except ModuleNotFoundError as error:
        raise MissingFileError(f"importing {where}: {error}") from error
    except Exception as error:
        raise ConfigError(f"importing {where}: {type(error).__name__}: {error}") from error
    return module


def foreign_case(model: str, data: str, *, config: Mapping[str, Any] | None = None) -> Case:
    """Build a case from a user's own functions.

    Parameters
    ----------
    model : str
        ``module:factory``. The factory gives a module, or a mapping with ``model`` and any of
        ``loss`` (of output and target), ``optimiser``, ``step`` (of model, optimiser and batch),
        ``metric``, ``call``, ``trained``; or a :class:`~inundate.prove.case.Case`.
    data : str
        ``module:loader``. Gives a loader, or a pair of one to train on and one to validate on.
    config : mapping, optional
        Handed to both functions if they take an argument; keys that neither reads are told.

    Raises
    ------
    ConfigError, MissingFileError
        If there are no such functions, or what they give is of no known form.
    """
    settings = Recorded(config or {})
    made = _called(load_named(model), settings, model, given=config is not None)
    if isinstance(made, Case):
        return replace(made, unread=tuple(settings.unread()))
    loaders = _called(load_named(data), settings, data, given=config is not None)
    train, valid = loaders if isinstance(loaders, tuple) and len(loaders) == 2 else (loaders, None)
    if not hasattr(train, "__iter__") and not hasattr(train, "__getitem__"):
        raise ConfigError(
            f"{data} gave {type(train).__name__}; expected a loader, or a pair of loaders"
        )
    parts = _parts(made, model)
    unread = settings.unread() if config is not None else []
    return make_case(
        parts["model"],
        train,
        name=model,
        valid=valid,
        loss=parts.get("loss"),
        optimiser=parts.get("optimiser", parts.get("optimizer")),
        call=_calling(parts["call"]) if parts.get("call") else _call_for(parts["model"], train),
        step=parts.get("step"),
        metric=parts.get("metric"),
        trained=bool(parts.get("trained", False)),
        unread=unread,
    )


def _called(function: Any, settings: Recorded, name: str, *, given: bool) -> Any:
    if not callable(function) or isinstance(function, nn.Module):
        return function
    try:
        takes = bool(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        takes = False
    try:
        return function(settings) if takes and given else function()
    except InundateError:
        raise
    except Exception as error:
        raise ConfigError(f"calling {name}: {type(error).__name__}: {error}") from error


def _parts(made: Any, name: str) -> Mapping[str, Any]:
    if isinstance(made, nn.Module):
        return {"model": made}
    if isinstance(made, Mapping) and isinstance(made.get("model"), nn.Module):
        unknown = [key for key in made if key not in _KEYS]
        if not unknown:
            _callables(made, name)
            return made
        raise ConfigError(
            f"{name} gave the part {unknown[0]!r}; expected some of {', '.join(_KEYS)}",
            hint=_instead(str(unknown[0])),
        )
    if isinstance(made, Mapping) and "model" in made:
        raise ConfigError(f"{name} gave {_shown(made['model'])} as model; expected a torch module")
    raise ConfigError(
        f"{name} gave {_shown(made)}; expected a torch module, or a mapping with 'model'"
    )


def _instead(key: str) -> str | None:
    """Say where a part of another name belongs."""
    if "sched" in key.lower():
        return (
            "give a step(model, optimiser, batch) that makes one whole step, that of the "
            "scheduler among it, and gives the loss"
        )
    close = nearest(key, _KEYS)
    return f"did you mean {close!r}?" if close else None


#: What each part is a function of, and how a class, which is none, is made one.
_TAKES = {
    "loss": ("output and target", "an instance of a class of losses is one: nn.MSELoss()"),
    "step": ("model, optimiser and batch", None),
    "metric": ("output and target", "an instance of a class of metrics is one"),
    "call": ("model and inputs", None),
}
_OPTIMISER = "lambda model: torch.optim.Adam(model.parameters(), lr=1e-3)"


def _callables(made: Mapping[str, Any], name: str) -> None:
    """See that the parts are functions, and not their classes, names or lists.

    Raises
    ------
    ConfigError
        If one is not.
    """
    for key, (takes, hint) in _TAKES.items():
        part = made.get(key)
        if part is not None and (isinstance(part, type) or not callable(part)):
            raise ConfigError(
                f"{name} gave {_shown(part)} as {key}; expected a function of {takes}", hint=hint
            )
    for key in ("optimiser", "optimizer"):
        part = made.get(key)
        held = isinstance(part, torch.optim.Optimizer)
        if part is None or held or (callable(part) and not isinstance(part, type)):
            continue
        several = isinstance(part, (list, tuple))
        raise ConfigError(
            f"{name} gave {_shown(part)} as {key}; expected an optimiser, or a function of the "
            "model that makes one",
            hint="one optimiser with a group of weights for each does the same"
            if several
            else _OPTIMISER,
        )


def _shown(part: Any) -> str:
    if isinstance(part, type):
        return f"the class {part.__name__}"
    return repr(part) if isinstance(part, str) else kind_name(part)


def _calling(call: Callable[[nn.Module, Any], Any]) -> Callable[..., Any]:
    """Hand a user's own call what the loader gives as inputs, and not the doctor's table of it."""

    def calling(model: nn.Module, inputs: Mapping[str, Any]) -> Any:
        return call(model, as_loaded(inputs))

    return calling


def _call_for(model: nn.Module, train: Any) -> Callable[..., Any]:
    """Choose how it is called: of one argument, by a loader of tables, with the table."""
    raw = next(iter(train), None) if hasattr(train, "__len__") else None
    table = isinstance(raw, Mapping) and isinstance(raw.get("inputs"), Mapping)
    try:
        count = len(inspect.signature(model.forward).parameters)
    except (TypeError, ValueError):
        return call_model
    return call_with_table if table and count == 1 else call_model
