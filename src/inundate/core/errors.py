"""Errors that tell what was done, what was found, what was expected and what to do.

Each class has a fixed exit code (see :data:`EXIT_CODES`); library code raises, only the
command line prints and exits.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType

__all__ = [
    "EXIT_CODES",
    "ConfigError",
    "DataError",
    "GridError",
    "InundateError",
    "MissingExtraError",
    "MissingFileError",
    "RunError",
    "StabilityError",
    "format_error",
    "nearest",
    "require_extra",
]


class InundateError(Exception):
    """Base of every error that a user can act on.

    Parameters
    ----------
    message : str
        What was being done, what was found, what was expected.
    hint : str, optional
        What to do next; shown on its own line.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.hint, self.__dict__))


def _rebuild(
    cls: type[InundateError], message: str, hint: str | None, state: dict[str, object]
) -> InundateError:
    error = cls(message, hint=hint)
    error.__dict__.update(state)
    return error


class ConfigError(InundateError, ValueError):
    """A flag or TOML key is wrong; all faults are listed at once."""

    exit_code = 2


class MissingFileError(InundateError, FileNotFoundError):
    """A path does not exist; the message says where it was looked for."""

    exit_code = 3


class DataError(InundateError, ValueError):
    """A file was opened but its content is wrong: units, range, missing step."""

    exit_code = 3


class GridError(DataError):
    """Two rasters differ in CRS, resolution or extent, or a raster has no grid."""

    exit_code = 3


class MissingExtraError(InundateError, ImportError):
    """An optional dependency is needed and absent."""

    exit_code = 4


class StabilityError(InundateError, RuntimeError):
    """The solver or a training diverged, or an alarm stopped it.

    Attributes
    ----------
    cause : str or None
        The named cause, where one is known.
    """

    exit_code = 5

    def __init__(self, message: str, *, hint: str | None = None, cause: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.cause = cause


class RunError(InundateError, RuntimeError):
    """A run folder or output is locked, of another version, incomplete or in the way."""

    exit_code = 6


EXIT_CODES: dict[str, int] = {
    cls.__name__: cls.exit_code
    for cls in (
        ConfigError,
        MissingFileError,
        DataError,
        GridError,
        MissingExtraError,
        StabilityError,
        RunError,
    )
}


def format_error(error: InundateError) -> str:
    r"""Lay an error out as the command line prints it.

    Examples
    --------
    >>> print(format_error(DataError("reading a.nc: found 'm'", hint="add a unit")))
    error: reading a.nc: found 'm'
      hint: add a unit
    """
    lines = [f"error: {error.message}"]
    if error.hint:
        lines.append(f"  hint: {error.hint}")
    return "\n".join(lines)


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Give the choice most like a word, or None when nothing is close.

    Examples
    --------
    >>> nearest("unifrom", ["uniform", "chicago"])
    'uniform'
    """
    options = {choice.lower(): choice for choice in choices}
    close = difflib.get_close_matches(word.lower(), list(options), n=1, cutoff=0.6)
    return options[close[0]] if close else None


def require_extra(extra: str, module: str, *, what: str) -> ModuleType:
    """Import an optional dependency or say which extra brings it.

    Parameters
    ----------
    extra : str
        Name of the extra in ``pyproject.toml``.
    module : str
        Module to import.
    what : str
        What needs it, such as ``"reading GeoTIFF"``.

    Raises
    ------
    MissingExtraError
        If the module cannot be imported.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"{what} needs the package {module.partition('.')[0]!r}, which is not installed",
            hint=f'pip install "inundate[{extra}]"',
        ) from error
