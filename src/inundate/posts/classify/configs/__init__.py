"""Configurations of classifiers that ship, one for each."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from inundate.core.errors import ConfigError, MissingFileError, nearest

__all__ = ["find_config", "shipped_configs"]


def shipped_configs() -> dict[str, Path]:
    """Give the configurations that ship, by name.

    Examples
    --------
    >>> "keyword" in shipped_configs()
    True
    """
    folder = Path(str(resources.files(__name__)))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def find_config(given: Path | str, names: Iterable[str]) -> Path:
    """Give the file that is meant by a path or a name.

    Parameters
    ----------
    given : Path or str
        What ends in ``.toml`` or has a folder in it is a path.
    names : iterable of str
        Classifiers, for the message.

    Raises
    ------
    ConfigError
        If it is a name, and none ships under it.
    MissingFileError
        If it is a path, and nothing is there.
    """
    path = Path(given)
    if path.suffix == ".toml" or path.name != str(given):
        if not path.is_file():
            raise MissingFileError(
                f"reading the settings of a classifier: no file {path} "
                f"(looked in {path.absolute().parent})"
            )
        return path
    shipped = shipped_configs()
    if str(given) not in shipped:
        choices = [*dict.fromkeys([*names, *shipped])]
        close = nearest(str(given), choices)
        raise ConfigError(
            f"making a classifier: no classifier {str(given)!r}; there are {', '.join(choices)}",
            hint=f"did you mean {close}?" if close else None,
        )
    return shipped[str(given)]
