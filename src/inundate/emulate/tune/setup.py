"""The four tables of settings that a training of an emulator is set by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from inundate.core.config import Settings, read_toml, resolve_settings
from inundate.core.errors import ConfigError
from inundate.emulate.loss import LossSettings
from inundate.emulate.settings import EmulatorSettings
from inundate.learn.settings import TrainSettings, WatchSettings

__all__ = ["TABLES", "Setup", "read_setup"]


@dataclass(frozen=True)
class Setup:
    """Everything that a training of an emulator is set by.

    Parameters
    ----------
    model : EmulatorSettings
    train : TrainSettings
    loss : LossSettings
    watch : WatchSettings
    """

    model: EmulatorSettings
    train: TrainSettings
    loss: LossSettings
    watch: WatchSettings

    def tables(self) -> dict[str, dict[str, Any]]:
        """Give the settings as the tables of a configuration file."""
        return {name: self.table(name).model_dump() for name in TABLES}

    def table(self, name: str) -> Settings:
        """Give the settings of one table, such as ``"train"``."""
        found: Settings = getattr(self, name)
        return found

    def value(self, parameter: str) -> Any:
        """Give a setting by its name, such as ``"train.learning_rate"``."""
        table, _, key = parameter.partition(".")
        return getattr(self.table(table), key)

    def with_values(self, values: Mapping[str, Any]) -> Setup:
        """Give the same settings but for some values.

        Parameters
        ----------
        values : mapping
            By name, such as ``{"train.learning_rate": 3e-4}``.

        Raises
        ------
        ConfigError
            If a value is not allowed, or the settings do not fit together.
        """
        changes: dict[str, dict[str, Any]] = {}
        for parameter, value in values.items():
            table, _, key = parameter.partition(".")
            changes.setdefault(table, {})[key] = value
        made: dict[str, Any] = {}
        for table, given in changes.items():
            settings = self.table(table)
            try:
                made[table] = type(settings)(**{**settings.model_dump(), **given})
            except ValidationError as error:
                faults = "; ".join(_fault(table, item) for item in error.errors())
                raise ConfigError(f"setting {faults}") from error
        found = replace(self, **made)
        found.model.check()
        return found


#: Tables of a configuration file and the settings in them.
TABLES: dict[str, type[Settings]] = {
    "model": EmulatorSettings,
    "train": TrainSettings,
    "loss": LossSettings,
    "watch": WatchSettings,
}


def _fault(table: str, item: Any) -> str:
    name = ".".join([table, *(str(part) for part in item["loc"])])
    value = f" to {item['input']!r}" if item["loc"] else ""
    return f"{name}{value}: {item['msg'].removeprefix('Value error, ')}"


def read_setup(toml: Path | None, *, look_every: int) -> Setup:
    """Read what a study starts from: the file's settings, the defaults where it has none.

    Parameters
    ----------
    toml : Path, optional
        As for ``inundate train --config``.
    look_every : int
        Steps between looks of the watch where the file has no table ``[watch]``.

    Raises
    ------
    ConfigError, MissingFileError
        If the file is absent or a setting is wrong.
    """
    made: dict[str, Any] = {
        name: resolve_settings(cls, toml=toml, table=name) for name, cls in TABLES.items()
    }
    if toml is None or "watch" not in read_toml(toml):
        made["watch"] = WatchSettings(every_steps=look_every)
    setup = Setup(**made)
    setup.model.check()
    return setup
