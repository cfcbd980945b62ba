"""The command ``inundate simulate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from inundate.cli.flags import Json, Output, Overwrite
from inundate.cli.shell import emit
from inundate.hydro.case_files import CaseFiles
from inundate.hydro.settings import SimulateSettings

__all__ = ["simulate"]

Inputs = Annotated[list[Path], Parameter(consume_multiple=True, negative=())]


def simulate(
    *,
    rain: Inputs,
    terrain: Inputs,
    output: Output,
    files: Annotated[CaseFiles | None, Parameter(name="*")] = None,
    config: Path | None = None,
    settings: Annotated[SimulateSettings | None, Parameter(name="*")] = None,
    checkpoint_every: float = 300.0,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Flood a heightmap with rain: depth, its maximum, and the volume budget.

    A simulation that was stopped, by Ctrl-C, a full disk or a crash, goes on from its last
    checkpoint when the same command is run again, and gives the same result bit by bit. Until it
    is complete it lives in the hidden folder .OUTPUT.part beside the output; with other inputs or
    settings the command says what differs, and --overwrite starts afresh.

    Parameters
    ----------
    rain
        Radar file or folder, or a stored storm; several make one simulation each.
    terrain
        Heightmap; several make one simulation each, with every storm.
    output
        A .zarr for one storm on one heightmap; otherwise a folder that receives
        TERRAIN__STORM.zarr for each pair, where finished ones are kept.
    config
        TOML file; table [simulate] holds the settings below.
    checkpoint_every
        Seconds of work between checkpoints.

    Examples
    --------
    ``inundate simulate --rain storm.nc --terrain dem.tif -o sim.zarr``

    ``inundate simulate --rain storm.nc --terrain dem.tif --gauges gauges.csv
    --sections bridges.geojson --boundaries tide.toml --land-cover worldcover.tif -o sim.zarr``
    """
    from inundate.core.config import resolve_settings
    from inundate.hydro.case import run_case, summarise
    from inundate.hydro.pairs import plan_pairs

    resolved = resolve_settings(SimulateSettings, toml=config, table="simulate", flags=settings)
    pairs = plan_pairs(rain, terrain, output, resolved, files=files, overwrite=overwrite)
    found: list[dict[str, Any]] = []
    for pair in pairs:
        if pair.is_done:
            result = summarise(pair.case.output)
        else:
            result = run_case(pair.case, overwrite=overwrite, checkpoint_every_s=checkpoint_every)
        found.append({**result, "skipped": pair.is_done})
    emit({"simulations": found}, json=json, text=lambda: "\n\n".join(map(_text, found)))


def _text(result: dict[str, Any]) -> str:
    from inundate.hydro.mass import VolumeBudget

    rate = result["cells"] * result["steps"] / max(result["wall_s"], 1e-9) / 1e6
    state = "kept, finished before" if result["skipped"] else f"{result['wall_s']:.1f} s"
    return "\n".join([
        f"{result['terrain']} under {result['storm']}: {result['output']} ({state})",
        f"  {result['cells']:,} cells, {result['frames']} frames, {result['steps']:,} steps, "
        f"{rate:.0f} M cell updates/s",
        f"  rain {result['rain_mean_mm']:.1f} mm, deepest {result['water_depth_max_m']:.2f} m, "
        f"{100 * result['flooded_share']:.1f} % of cells reached 0.05 m",
        VolumeBudget.table(result["volume_budget"]),
    ])  # fmt: skip
