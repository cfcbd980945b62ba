"""The proving ground: tasks with a known answer, and probes that say why a model does not learn.

The public names are loaded on first use, so that importing the package loads no torch.
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Case": "inundate.prove.case",
    "Data": "inundate.prove.task",
    "Task": "inundate.prove.task",
    "TaskResult": "inundate.prove.task",
    "Verdict": "inundate.prove.decide",
    "Watch": "inundate.prove.watch",
    "diagnose": "inundate.prove.verdict",
    "make_case": "inundate.prove.case",
    "run_task": "inundate.prove.train_task",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'inundate.prove' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return __all__
