"""One plain-PyTorch training loop for everything that learns, with exact resume and alarms.

The public names are loaded on first use, so that importing the package loads no torch.
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Batches": "inundate.learn.batches",
    "Cause": "inundate.learn.alarm",
    "TensorBatches": "inundate.learn.batches",
    "TrainResult": "inundate.learn.loop",
    "TrainSettings": "inundate.learn.settings",
    "TrainingStopped": "inundate.learn.alarm",
    "Watch": "inundate.learn.watch",
    "WatchSettings": "inundate.learn.settings",
    "load_model": "inundate.learn.weights",
    "preflight": "inundate.learn.preflight",
    "resume_training": "inundate.learn.loop",
    "train": "inundate.learn.loop",
    "validate_on": "inundate.learn.validate",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'inundate.learn' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return __all__
