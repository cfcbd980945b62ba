"""Rainfall: reading radar, cleaning, regridding, design storms.

The public names below are loaded on first use.
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "open_rain": "inundate.rain.open",
    "describe_rain": "inundate.rain.describe",
    "read_nimrod_fields": "inundate.rain.nimrod",
    "make_nimrod_field": "inundate.rain.nimrod",
    "write_nimrod": "inundate.rain.nimrod",
}

__all__ = [*_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'inundate.rain' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
