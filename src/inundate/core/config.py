"""Frozen settings: defaults < TOML file < flags, with every fault listed at once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from inundate.core.errors import ConfigError, nearest
from inundate.core.files import check_input, write_text

__all__ = ["Settings", "read_toml", "resolve_settings", "write_toml"]

Model = TypeVar("Model", bound="Settings")


class Settings(BaseModel):
    """Base of all settings: frozen, unknown keys refused, defaults validated."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, use_attribute_docstrings=True
    )


def read_toml(path: Path | str) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    MissingFileError, ConfigError
        If it is absent or not TOML (with the line).
    """
    source = check_input(path, what="reading settings")
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"reading {source}: not valid TOML: {error}") from error


def write_toml(path: Path | str, table: Mapping[str, Any]) -> Path:
    """Write a TOML file atomically; None values are left out."""
    import tomli_w

    return write_text(path, tomli_w.dumps(_without_none(table)))


def _without_none(table: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _without_none(value) if isinstance(value, Mapping) else value
        for key, value in table.items()
        if value is not None
    }


def resolve_settings(
    cls: type[Model],
    *,
    toml: Path | str | None = None,
    table: str | None = None,
    flags: Mapping[str, Any] | BaseModel | None = None,
) -> Model:
    """Build settings from defaults, a TOML table and flags, in rising order.

    Parameters
    ----------
    cls : type
        A :class:`Settings` class.
    toml : Path, optional
        Settings file.
    table : str, optional
        Table of the file that belongs to this command; other tables are for other commands.
        With None the whole file is taken.
    flags : mapping or settings object, optional
        Values set on the command line; of an object only the fields that were set count.

    Raises
    ------
    ConfigError
        Every fault at once: file, key, value, expectation, nearest name.
    """
    values: dict[str, Any] = {}
    faults: list[str] = []
    if toml is not None:
        values, faults = _file_values(cls, Path(toml), table)
    if isinstance(flags, BaseModel):
        given = {key: getattr(flags, key) for key in flags.model_fields_set}
    else:
        given = dict(flags or {})
    known = {k: v for k, v in {**values, **given}.items() if k in cls.model_fields}
    faults += [_unknown(cls, key, "flag") for key in given if key not in cls.model_fields]
    try:
        found = cls(**known)
    except ValidationError as error:
        faults += [_fault(item, given, toml) for item in error.errors()]
        found = None
    if faults or found is None:
        raise ConfigError(_listed(faults), hint=_hint(cls, toml, table))
    return found


def _file_values(
    cls: type[Settings], path: Path, table: str | None
) -> tuple[dict[str, Any], list[str]]:
    content = read_toml(path)
    if table is not None:
        if not isinstance(content.get(table, {}), dict):
            return {}, [f"{path}: {table!r} is {_kind(content[table])}, expected a table [{table}]"]
        others = [key for key, value in content.items() if not isinstance(value, dict)]
        faults = [
            f"{path}: key {key!r} stands outside a table; expected [{table}]" for key in others
        ]
        if table not in content:
            close = nearest(table, content)
            if close is not None:
                faults.append(f"{path}: table [{close}] is not known; did you mean [{table}]?")
            return {}, faults
        content = content[table]
    else:
        faults = []
    faults += [_unknown(cls, key, f"{path}: key") for key in content if key not in cls.model_fields]
    return content, faults


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return "a list of tables" if value and isinstance(value[0], dict) else "a list"
    return f"the value {value!r}"


def _unknown(cls: type[Settings], key: str, where: str) -> str:
    close = nearest(key, cls.model_fields)
    advice = (
        f"did you mean {close!r}?" if close else f"expected one of {', '.join(cls.model_fields)}"
    )
    return f"{where} {key!r} is not known; {advice}"


def _fault(item: Any, given: Mapping[str, Any], toml: Path | str | None) -> str:
    key = ".".join(str(part) for part in item["loc"]) or "settings"
    top = str(item["loc"][0]) if item["loc"] else ""
    where = f"{toml}: " if toml is not None and top and top not in given else ""
    value = f" = {item['input']!r}" if item["loc"] else ""
    return f"{where}{key}{value}: {item['msg'].removeprefix('Value error, ')}"


def _listed(faults: list[str]) -> str:
    if len(faults) == 1:
        return faults[0]
    return f"{len(faults)} settings are wrong\n" + "\n".join(f"  {fault}" for fault in faults)


def _hint(cls: type[Settings], toml: Path | str | None, table: str | None) -> str:
    where = f" in table [{table}]" if toml is not None and table else ""
    return f"settings{where}: {', '.join(cls.model_fields)}"
