"""What a calibration writes: values in a form that a simulation reads, and the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.config import write_toml
from inundate.core.files import write_text
from inundate.core.provenance import provenance
from inundate.hydro.calibrate import Calibration
from inundate.hydro.calibrate_model import Model

__all__ = ["fitted_content", "write_calibration"]

_DIGITS = 4


def fitted_content(calibration: Calibration, model: Model) -> dict[str, Any]:
    """Give the fitted values as a TOML file holds them.

    Returns
    -------
    dict
        A land table (``[[class]]``) where there is land cover and roughness or infiltration was
        fitted; a table ``[simulate]`` of settings; or ``[calibrate]`` with a factor.
    """
    values = {value.code: round_to(value.value) for value in calibration.values}
    land = model.site.land
    if calibration.fit == "roughness" and model.by_class:
        assert land is not None
        kinds = [
            kind.model_copy(update={"manning": values.get(kind.code, kind.manning)})
            for kind in land.kinds
        ]
        return {"class": [kind.model_dump(exclude_none=True) for kind in kinds]}
    factor = values[None]
    if calibration.fit == "infiltration":
        if land is not None:
            return {"class": [_soaking(kind, factor) for kind in land.kinds]}
        key = "loss_mm_h" if model.settings.infiltration == "constant" else "conductivity_mm_h"
        rate = round_to(getattr(model.settings, key) * factor)
        return {"simulate": {"infiltration": model.settings.infiltration, key: rate}}
    if calibration.fit == "roughness" and model.roughness is None:
        return {"simulate": {"manning": factor}}
    return {"calibrate": {f"{calibration.fit}_factor": factor}}


def _soaking(kind: Any, factor: float) -> dict[str, Any]:
    """Give a class of land cover with its rate of infiltration scaled."""
    update: dict[str, float] = {}
    if kind.infiltration == "constant":
        update["loss_mm_h"] = round_to(kind.loss_mm_h * factor)
    if kind.infiltration == "green_ampt":
        update["conductivity_mm_h"] = round_to(kind.green_ampt()[0] * factor)
    found: dict[str, Any] = kind.model_copy(update=update).model_dump(exclude_none=True)
    return found


def round_to(value: float) -> float:
    """Round to four digits: more are never known."""
    return float(np.format_float_positional(value, _DIGITS, unique=False, fractional=False))


def write_calibration(
    calibration: Calibration, model: Model, output: Path, inputs: dict[str, str]
) -> Path:
    """Write the fitted values and, beside them, the report as JSON.

    Parameters
    ----------
    calibration : Calibration
        What was found.
    model : Model
        What it was found with.
    output : Path
        TOML file; the report takes its name with ``.json``.
    inputs : dict
        Hash of each input file by its name.

    Returns
    -------
    Path
        The report.
    """
    report = output.with_suffix(".json")
    content = {
        "kind": "calibration",
        **calibration.to_dict(),
        "settings": model.settings.model_dump(mode="json"),
        "provenance": {**provenance(), "inputs": inputs},
    }
    write_text(report, json.dumps(content, indent=1) + "\n")
    write_toml(output, fitted_content(calibration, model))
    return report
