"""What a study may change, and within which bounds: ranges by the name of a setting."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from inundate.core.config import Settings, read_toml
from inundate.core.errors import ConfigError, nearest
from inundate.emulate.tune.setup import TABLES, Setup

__all__ = ["FIXED", "PIECES", "Range", "Space", "default_space", "read_space"]

_BUDGET = "it sets how long or where a trial trains, which must be alike in all trials"
#: Settings that no study changes, and why.
FIXED: dict[str, str] = {
    "model.model": "each model has a study of its own",
    "train.epochs": _BUDGET,
    "train.max_steps": _BUDGET,
    "train.max_minutes": _BUDGET,
    "train.device": _BUDGET,
    "train.threads": _BUDGET,
    "train.seed": "a lucky seed is no better setting",
    "train.validate_every_steps": "trials are compared validation by validation",
    "train.log_every_steps": "it changes nothing in the model",
    "train.keep": "it changes nothing in the model",
    "train.checkpoint_every_steps": "it changes nothing in the model",
    "train.checkpoint_every_minutes": "it changes nothing in the model",
    "loss.dry_weight": "the validation is measured with it",
    "loss.thresholds_m": "the validation is measured with it",
    "loss.extent_width_m": "the validation is measured with it",
}
#: Settings on which it depends what pieces the validation cuts from the samples, so that their
#: validation losses cannot be compared.
PIECES = frozenset(
    {
        "model.levels",
        "model.block",
        "model.crop_cells",
        "model.frames",
        "model.lead_frames",
        "model.curriculum_epochs",
    }
)


class Range(Settings):
    """Between which bounds, or among which values, a setting is looked for."""

    low: float | None = Field(default=None, description="Lowest value.")
    high: float | None = Field(default=None, description="Highest value.")
    log: bool = Field(default=False, description="Whether ratios count, not differences.")
    choices: tuple[bool | int | float | str, ...] = Field(
        default=(), description="The values, instead of bounds."
    )
    tune: bool = Field(default=True, description="False leaves the setting as it is.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.tune:
            return self
        bounds = (self.low is not None) + (self.high is not None)
        if self.choices:
            if bounds or self.log:
                raise ValueError("choices and low, high or log are given; expected one of them")
            if len(set(self.choices)) < 2:
                raise ValueError("choices has fewer than two different values")
        elif self.low is None or self.high is None:
            raise ValueError("expected both low and high, or choices, or tune = false")
        elif self.low >= self.high:
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}")
        elif self.log and self.low <= 0:
            raise ValueError(f"low {self.low:g} is not above 0, which log needs")
        return self

    def holds(self, value: Any) -> bool:
        """Whether a value lies in the range."""
        if self.choices:
            return value in self.choices
        low, high = self.low or 0.0, self.high or 0.0
        return bool(low <= value <= high)

    def says(self) -> str:
        """Give the range as a text, such as ``"0.0001 to 0.01 (log)"``."""
        if self.choices:
            return ", ".join(str(choice) for choice in self.choices)
        return f"{self.low:g} to {self.high:g}{' (log)' if self.log else ''}"


Space = dict[str, Range]


def default_space(setup: Setup) -> Space:
    """Give ranges round the settings that a study starts from.

    Parameters
    ----------
    setup : Setup
        The default, which always lies in the ranges. A weight or decay of 0 stays 0.
    """
    space: Space = {}
    for name, factor in _FACTORS.items():
        value = float(setup.value(name))
        if value > 0:
            space[name] = Range(low=value / factor, high=value * factor, log=True)
    for name, shares in _SHARES.items():
        value = setup.value(name)
        found = sorted({round(value * share) for share in shares} | {value})
        choices = tuple(choice for choice in found if _fault(setup, name, choice) is None)
        if len(choices) > 1:
            space[name] = Range(choices=choices)
    return space


_FACTORS = {"train.learning_rate": 10.0, "train.weight_decay": 10.0, "loss.metres": 4.0,
            "loss.extent": 4.0}  # fmt: skip
_SHARES = {"model.width": (0.5, 0.75, 1.5), "train.batch_size": (0.25, 0.5, 2.0)}


def read_space(setup: Setup, toml: Path | None = None, *, whole_runs: bool = False) -> Space:
    """Give the default ranges with those of a file in their place.

    Parameters
    ----------
    setup : Setup
        The settings that the study starts from.
    toml : Path, optional
        Tables such as ``[train.learning_rate]`` with ``low``, ``high`` and ``log``, or
        ``choices``, or ``tune = false``.
    whole_runs : bool
        Whether trials are measured by whole roll-outs, which no setting cuts differently.

    Raises
    ------
    ConfigError
        Every fault at once: unknown names, settings that are not tuned, values that are not
        allowed, a range without the default in it.
    MissingFileError
        If the file is absent.
    """
    space = default_space(setup)
    if toml is not None:
        faults: list[str] = []
        for table, ranges in read_toml(toml).items():
            if table not in TABLES:
                faults.append(_unknown("table ", table, TABLES))
            elif not isinstance(ranges, dict):
                faults.append(f"{table} = {ranges!r}: expected tables such as [{table}.NAME]")
            else:
                for key, given in ranges.items():
                    faults += _take(space, setup, f"{table}.{key}", given, whole_runs)
        if faults:
            raise ConfigError(
                "\n  ".join([f"reading {toml}: {len(faults)} fault(s)", *faults]),
                hint="a table such as [train.learning_rate] has low, high and log, or choices, "
                "or tune = false",
            )
    if not space:
        raise ConfigError(
            "tuning: the space is empty, so every trial would be the same",
            hint="leave out tune = false for at least one setting",
        )
    return space


def _take(space: Space, setup: Setup, name: str, given: Any, whole_runs: bool) -> list[str]:
    """Put one range of a file into the space; give what is wrong with it."""
    table, _, key = name.partition(".")
    fields = TABLES[table].model_fields
    if key not in fields:
        return [_unknown(f"setting {table}.", key, fields)]
    if table == "watch":
        return [f"{name} is not tuned: a study must not learn to silence alarms"]
    if name in FIXED:
        return [f"{name} is not tuned: {FIXED[name]}"]
    if name in PIECES and not whole_runs:
        return [
            f"{name} is not tuned by validation loss, whose pieces are cut by it; expected an "
            "objective of whole roll-outs, such as csi_0.3"
        ]
    if not isinstance(given, Mapping):
        return [f"{name} = {given!r}: expected a table [{name}]"]
    unknown = [item for item in given if item not in Range.model_fields]
    if unknown:
        return [_unknown(f"{name}: key ", item, Range.model_fields) for item in unknown]
    try:
        found = Range(**given)
    except ValidationError as error:
        return [
            f"{'.'.join([name, *map(str, item['loc'][:1])])}: "
            + item["msg"].removeprefix("Value error, ")
            for item in error.errors()
        ]
    if not found.tune:
        space.pop(name, None)
        return []
    faults = _range_faults(setup, name, found)
    if not faults:
        space[name] = found
    return faults


def _range_faults(setup: Setup, name: str, found: Range) -> list[str]:
    """Check bounds or choices against the setting itself, and the default against them."""
    value = setup.value(name)
    if not found.choices and (isinstance(value, bool) or not isinstance(value, int | float)):
        return [f"{name} is {value!r}, not a number: expected choices"]
    tried: list[Any] = list(found.choices) or [found.low, found.high]
    if isinstance(value, int) and not isinstance(value, bool) and not found.choices:
        odd = [bound for bound in tried if bound != round(bound)]
        if odd:
            return [f"{name} is a whole number, the bound {odd[0]:g} is not"]
        tried = [round(bound) for bound in tried]
    faults = [text for item in tried if (text := _fault(setup, name, item)) is not None]
    if not faults and not found.holds(value):
        faults.append(
            f"{name} is {value!r} in the settings that the study starts from, which is not in "
            f"{found.says()}; widen that, or give --config with another value"
        )
    return faults


def _fault(setup: Setup, name: str, value: Any) -> str | None:
    """Tell why a setting cannot have a value, or None."""
    try:
        found = setup.with_values({name: value}).value(name)
    except ConfigError as error:
        return error.message.removeprefix("setting ")
    if isinstance(found, bool) != isinstance(value, bool):
        wanted = "true or false" if isinstance(found, bool) else "a number"
        return f"{name} to {value!r}: expected {wanted}"
    return None


def _unknown(what: str, name: str, known: Mapping[str, Any]) -> str:
    close = nearest(name, known)
    advice = f"did you mean {close!r}?" if close else f"expected one of {', '.join(known)}"
    return f"{what}{name} is not known; {advice}"
