"""Lists of tables in a TOML file, each checked against a settings class, every fault at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from inundate.core.config import Settings, read_toml
from inundate.core.errors import ConfigError, nearest

__all__ = ["check_tables", "read_tables"]

Model = TypeVar("Model", bound=Settings)


def read_tables(path: Path | str, key: str, model: type[Model]) -> list[Model]:
    """Read the tables ``[[key]]`` of a TOML file.

    Parameters
    ----------
    path : Path
        The file; it holds nothing else.
    key : str
        Name of the tables, such as ``"source"``.
    model : type
        Settings class of one table.

    Raises
    ------
    MissingFileError
        If the file is absent.
    ConfigError
        If it holds no such table, or keys or values are wrong; all faults at once.
    """
    content = read_toml(path)
    faults = [_unknown(other, [key], f"{path}: table") for other in content if other != key]
    tables = content.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        faults.append(f"{path}: {key!r} is {tables!r}, expected tables [[{key}]]")
        tables = []
    elif not tables and not faults:
        faults.append(f"{path}: holds no table [[{key}]]")
    return check_tables(tables, f"{path}: [[{key}]]", model, faults)


def check_tables(
    tables: list[dict[str, Any]], where: str, model: type[Model], faults: list[str] | None = None
) -> list[Model]:
    """Make settings of tables.

    Parameters
    ----------
    tables : list of dict
        Keys and values, not yet checked.
    where : str
        Put in front of the name or number of a table.
    model : type
        Settings class of one table.
    faults : list of str, optional
        Faults found so far.

    Raises
    ------
    ConfigError
        If keys or values are wrong; all faults at once.
    """
    found: list[Model] = []
    faults = list(faults or [])
    for number, table in enumerate(tables, start=1):
        label = f"{where} {table.get('name', f'number {number}')}"
        names = {field.alias or name: name for name, field in model.model_fields.items()}
        faults += [_unknown(k, list(names), f"{label}: key") for k in table if k not in names]
        try:
            found.append(model(**{k: v for k, v in table.items() if k in names}))
        except ValidationError as error:
            faults += [_fault(item, label) for item in error.errors()]
    if faults:
        text = faults[0] if len(faults) == 1 else "\n  ".join([f"{len(faults)} faults", *faults])
        raise ConfigError(f"reading {text}")
    return found


def _unknown(key: str, choices: list[str], where: str) -> str:
    close = nearest(key, choices)
    advice = f"did you mean {close!r}?" if close else f"expected one of {', '.join(choices)}"
    return f"{where} {key!r} is not known; {advice}"


def _fault(item: Any, label: str) -> str:
    key = ".".join(str(part) for part in item["loc"])
    value = f" = {item['input']!r}" if key and item["type"] != "missing" else ""
    text = item["msg"].removeprefix("Value error, ")
    return f"{label}: {key}{value}: {text}" if key else f"{label}: {text}"
