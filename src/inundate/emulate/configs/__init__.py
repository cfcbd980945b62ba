"""Configurations that ship: one for each model of the zoo and each ablation of the Temporal CNN."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from inundate.core.errors import ConfigError, nearest

__all__ = ["find_config", "shipped_configs"]


def shipped_configs() -> dict[str, Path]:
    """Give the configurations that ship, by name.

    Examples
    --------
    >>> "mode_h" in shipped_configs()
    True
    """
    folder = Path(str(resources.files(__name__)))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def find_config(given: Path | str) -> Path:
    """Give the file that is meant by a path, or by the name of a configuration that ships.

    Parameters
    ----------
    given : Path or str
        A file of that name is taken first. What ends in ``.toml`` or has a folder in it is a path.

    Raises
    ------
    ConfigError
        If it is a name, and none ships under it.
    """
    path = Path(given)
    if path.is_file() or path.suffix == ".toml" or path.name != str(given):
        return path
    shipped = shipped_configs()
    if str(given) not in shipped:
        close = nearest(str(given), shipped)
        raise ConfigError(
            f"reading settings: no file {str(given)!r}, and no configuration of that name ships; "
            f"there are {', '.join(shipped)}",
            hint=f"did you mean {close}?" if close else None,
        )
    return shipped[str(given)]
