"""What every design storm shares: its settings checked, its times, its record."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.config import resolve_settings
from inundate.core.errors import ConfigError
from inundate.core.grid import Grid
from inundate.rain.array import make_rain
from inundate.rain.storms import KINDS, StormSettings

__all__ = ["DEFAULT_START", "Start", "finish_storm", "settle", "velocity"]

Start = datetime | np.datetime64 | str
Chosen = TypeVar("Chosen", bound=StormSettings)

DEFAULT_START = "2000-01-01T00:00:00"


def settle(cls: type[Chosen], start: Start, **fields: Any) -> Chosen:
    """Check the settings of a storm.

    Parameters
    ----------
    cls : type
        Settings model of the kind.
    start : datetime64, datetime or ISO text
        Start of the first step; a time without a zone is UTC.
    **fields
        The other settings.

    Raises
    ------
    ConfigError
        If a setting is out of range; all faults at once.
    """
    return resolve_settings(cls, flags={"start": _utc(start), **fields})


def _utc(start: Start) -> datetime:
    if isinstance(start, datetime):
        return start.astimezone(UTC).replace(tzinfo=None) if start.tzinfo else start
    try:
        if isinstance(start, str):
            return _utc(datetime.fromisoformat(start))
        return _utc(datetime.fromisoformat(str(start.astype("datetime64[us]"))))
    except ValueError as error:
        raise ConfigError(
            f"designing a storm: start is {start!r}, expected an ISO time in UTC",
            hint="such as 2007-06-25T03:00",
        ) from error


def finish_storm(values: NDArray[Any], grid: Grid, chosen: StormSettings) -> xr.DataArray:
    """Put a storm together with its times and the settings that made it.

    Parameters
    ----------
    values : array (T, H, W), mm h-1
        Mean rates of the steps.
    grid : Grid
        Grid of the storm.
    chosen : StormSettings
        Settings; written to ``attrs["storm"]`` as JSON.

    Returns
    -------
    DataArray (time, y, x), mm h-1
    """
    kind = KINDS[type(chosen)]
    lengths = np.arange(1, values.shape[0] + 1) * round(chosen.step_s * 1e9)
    ends = np.datetime64(chosen.start, "ns") + lengths.astype("timedelta64[ns]")
    attrs = {
        "source_format": f"design storm {kind}",
        "storm_name": _name(kind, chosen),
        "storm": json.dumps({"kind": kind, **chosen.model_dump(mode="json")}),
    }
    return make_rain(values, ends, grid, step_s=chosen.step_s, attrs=attrs)


def _name(kind: str, chosen: StormSettings) -> str:
    """Give a short name such as ``chicago-50mm-120min``."""
    values = chosen.model_dump()
    total, peak, seed = (values.get(key) for key in ("total_mm", "peak_mm_h", "seed"))
    parts = [kind, f"{total:g}mm" if total else f"{peak:g}mmh", f"{chosen.duration_min:g}min"]
    return "-".join(parts + ([f"seed{seed}"] if seed is not None else []))


def velocity(speed_m_s: float, heading_deg: float) -> tuple[float, float]:
    """Give the velocity eastwards and northwards of a compass heading.

    Examples
    --------
    >>> east, north = velocity(10, 90)
    >>> round(east, 6), round(north, 6)
    (10.0, 0.0)
    """
    angle = np.deg2rad(heading_deg)
    return float(speed_m_s * np.sin(angle)), float(speed_m_s * np.cos(angle))
