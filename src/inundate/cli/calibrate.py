"""The command ``inundate calibrate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from inundate.cli.flags import Json, Output, Overwrite
from inundate.cli.shell import emit
from inundate.hydro.calibrate_files import CalibrateFiles
from inundate.hydro.calibrate_settings import CalibrateSettings
from inundate.hydro.settings import SimulateSettings

__all__ = ["calibrate"]


def calibrate(
    *,
    rain: Path,
    terrain: Path,
    observations: Path,
    output: Output,
    files: Annotated[CalibrateFiles | None, Parameter(name="*")] = None,
    config: Path | None = None,
    fitting: Annotated[CalibrateSettings | None, Parameter(name="*")] = None,
    settings: Annotated[SimulateSettings | None, Parameter(name="*")] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Fit roughness, rain or infiltration to observed levels.

    Parameters
    ----------
    rain
        Radar file or folder, or a stored storm.
    terrain
        Heightmap.
    observations
        CSV with columns x, y, level or depth, and if known time, sd and name: levels at gauges;
        an empty time is the peak.
    output
        A .toml for the fitted values: a land table, or settings, that a simulation reads; the
        report goes beside it as .json.
    config
        TOML file; tables [simulate] and [calibrate] hold the settings below.

    Examples
    --------
    ``inundate calibrate --rain storm.nc --terrain dem.tif --land-cover worldcover.tif
    --observations levels.csv -o fitted.toml``
    """
    from inundate.core.config import resolve_settings
    from inundate.core.files import check_not_input, check_output
    from inundate.hydro.calibrate import calibrate as run
    from inundate.hydro.calibrate_files import hash_files, open_model
    from inundate.hydro.calibrate_output import write_calibration

    resolved = resolve_settings(SimulateSettings, toml=config, table="simulate", flags=settings)
    chosen = resolve_settings(CalibrateSettings, toml=config, table="calibrate", flags=fitting)
    target = check_output(output, overwrite)
    check_output(target.with_suffix(".json"), overwrite)
    named = files or CalibrateFiles()
    check_not_input(target, (rain, terrain, observations))
    model = open_model(rain, terrain, observations, named, resolved, chosen)
    inputs = hash_files(rain, terrain, observations, named)
    found = run(model, chosen)
    report = write_calibration(found, model, target, inputs)
    result = {"output": str(target), "report": str(report), **found.to_dict()}
    emit(result, json=json, text=lambda: _text(result))


def _text(result: dict[str, Any]) -> str:
    lines = [
        f"{result['output']}: {result['fit']} fitted to {result['observation_count']} observations "
        f"at {result['gauge_count']} gauges, {result['rounds']} rounds, "
        f"{result['simulations']} simulations",
        f"  {'':<24}{'before':>9}{'after':>9}   95 %",
    ]
    for value in result["values"]:
        spread = "as it was: " + value["reason"]
        if value["is_identified"]:
            spread = f"{value['low']:.4g} to {value['high']:.4g}"
            spread += f" ({value['reason']})" if value["reason"] else ""
        lines.append(
            f"  {value['name'][:23]:<24}{value['start']:>9.4g}{value['value']:>9.4g}   {spread}"
        )
    named = {
        "before": "before", "uniform": "one Manning's n of 0.035", "after": "after",
        "cross_validated": "at gauges left out",
    }  # fmt: skip
    for key, label in named.items():
        error = result["rmse_m"][key]
        if error is not None:
            lines.append(f"  RMSE {label}: {error:.4f} m")
    return "\n".join([*lines, *(f"  warning: {text}" for text in result["warnings"])])
