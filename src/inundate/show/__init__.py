"""Figures, one-file maps and reports; the names below are loaded on first use."""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "compare_maps": "inundate.show.figure",
    "depth_map": "inundate.show.figure",
    "error_map": "inundate.show.figure",
    "export_map": "inundate.show.gis.export",
    "hydrographs": "inundate.show.figure",
    "reliability_diagram": "inundate.show.figure",
    "report_collection": "inundate.show.collection",
    "report_event": "inundate.show.event",
    "report_run": "inundate.show.runs",
    "save_figure": "inundate.show.figure",
    "score_bars": "inundate.show.figure",
    "training_curves": "inundate.show.figure",
    "volumes": "inundate.show.figure",
    "write_map": "inundate.show.page",
    "write_report": "inundate.show.report",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'inundate.show' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
