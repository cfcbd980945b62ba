"""Where the water is: rainfall radar and a heightmap in, a scored flood-depth map out.

The public names below are loaded on first use, so that ``import inundate`` stays light.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "open_rain": "inundate.rain.open",
    "open_terrain": "inundate.terrain.open",
    "simulate": "inundate.hydro.simulate",
    "SimulateSettings": "inundate.hydro.settings",
    "read_dataset": "inundate.core.store",
    "write_dataset": "inundate.core.store",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'inundate' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
