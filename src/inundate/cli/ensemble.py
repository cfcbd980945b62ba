"""``inundate ensemble run`` and ``summarise``."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from inundate.cli.flags import Json, Output, Overwrite
from inundate.cli.shell import emit
from inundate.hydro.case_files import CaseFiles
from inundate.hydro.settings import SimulateSettings

__all__ = ["run", "summarise"]

Inputs = Annotated[list[Path], Parameter(consume_multiple=True, negative=())]
Numbers = Annotated[tuple[float, ...], Parameter(consume_multiple=True, negative=())]


def run(
    *,
    rain: Inputs,
    terrain: Inputs,
    output: Output,
    config: Path | None = None,
    draws: int | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    cluster: str | None = None,
    files: Annotated[CaseFiles | None, Parameter(name="*")] = None,
    settings: Annotated[SimulateSettings | None, Parameter(name="*")] = None,
    checkpoint_every: float = 300.0,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Simulate every storm on every heightmap, with factors drawn at random.

    Each member is a simulation of its own, TERRAIN__STORM__DRAW.zarr. The file ensemble.json lists
    all of them with what was drawn, how far each is, and its volume budget. When the command is
    run again finished members are kept and unfinished ones go on from their checkpoints. A member
    whose worker dies is run again.

    Parameters
    ----------
    rain
        Radar files or folders, or stored storms.
    terrain
        Heightmaps.
    output
        Folder of the ensemble.
    config
        TOML file; table [ensemble] holds draws, seed and distributions of rain_factor,
        roughness_factor, infiltration_factor, elevation_noise_m and elevation_noise_length_m,
        such as rain_factor = { distribution = "uniform", low = 0.8, high = 1.2 } (also
        triangular, normal, lognormal, values); table [simulate] holds the settings below.
    draws
        Members for each storm on each heightmap, over that of the file.
    seed
        Of all that is drawn, over that of the file.
    jobs
        Members simulated at once by processes of this machine; by default one.
    cluster
        Address of a Dask scheduler, such as tcp://host:8786, or a TOML file with the table
        [slurm] (jobs, cores, processes, memory, walltime, queue, account), instead of jobs.
    checkpoint_every
        Seconds of work between checkpoints of a member.

    Examples
    --------
    ``inundate ensemble run --rain storm.nc --terrain dem.tif --config ensemble.toml --jobs 4
    -o members``
    """
    from inundate.core.config import resolve_settings
    from inundate.core.errors import ConfigError
    from inundate.hydro.conduct import check_all_done, conduct, make_manifest
    from inundate.hydro.ensemble import EnsembleSettings, plan_members
    from inundate.hydro.pool import LocalPool, Pool

    if jobs is not None and cluster is not None:
        raise ConfigError("--jobs and --cluster are both given, expected one of them")
    resolved = resolve_settings(SimulateSettings, toml=config, table="simulate", flags=settings)
    given = {"draws": draws, "seed": seed}
    ensemble = resolve_settings(
        EnsembleSettings, toml=config, table="ensemble",
        flags={name: value for name, value in given.items() if value is not None},
    )  # fmt: skip
    cases = plan_members(rain, terrain, output, resolved, ensemble, files=files)
    manifest = make_manifest(cases, output.resolve(), ensemble)
    with ExitStack() as stack:
        pool: Pool
        if cluster is not None:
            from inundate.hydro.cluster import open_cluster

            remote = stack.enter_context(open_cluster(cluster))
            remote.check(resolved.threads)
            pool = remote
        else:
            pool = stack.enter_context(LocalPool(1 if jobs is None else jobs))
        conduct(cases, manifest, pool, overwrite=overwrite, checkpoint_every_s=checkpoint_every)
    names = {case.output.name for case in cases}
    left = sorted(path.name for path in output.glob("*.zarr") if path.name not in names)
    result = {"output": str(output), **manifest.to_dict(), "not_members": left}
    emit(result, json=json, text=lambda: _table(str(output), result))
    check_all_done(manifest)


def _table(output: str, content: dict[str, Any]) -> str:
    counts = content["counts"]
    lines = [
        f"{output}: {counts['done']} of {sum(counts.values())} members done",
        f"  {'member':<40} {'state':<8} {'deepest':>9} {'wall':>8} {'budget error':>13}",
    ]
    for member in content["members"]:
        result = member["result"]
        figures = "" if result is None else (
            f"{result['water_depth_max_m']:>7.2f} m {result['wall_s']:>6.1f} s "
            f"{result['volume_budget']['error_relative']:>13.1e}"
        )  # fmt: skip
        lines.append(f"  {member['name']:<40} {member['state']:<8} {figures}".rstrip())
    if content["not_members"]:
        lines.append(f"  in this folder, but no members: {', '.join(content['not_members'])}")
    return "\n".join(lines)


def summarise(
    folder: Annotated[Path, Parameter(negative=())],
    *,
    output: Output,
    thresholds: Numbers = (0.05, 0.3),
    quantiles: Numbers = (0.05, 0.5, 0.95),
    terrain: str | None = None,
    storm: str | None = None,
    partial: Annotated[bool, Parameter(negative=())] = False,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Say what the members of an ensemble say together of the largest depth.

    Writes mean, standard deviation and quantiles of the members' largest depths, and the share
    of members that reach each threshold.

    Parameters
    ----------
    folder
        Folder of the ensemble.
    output
        A .zarr or .nc to write.
    thresholds
        Depths in m whose probability is wanted.
    quantiles
        Quantiles between 0 and 1.
    terrain
        Take only members on this heightmap; needed where there are several.
    storm
        Take only members of this storm.
    partial
        Take the members that are done although others are not.

    Examples
    --------
    ``inundate ensemble summarise members -o summary.zarr --thresholds 0.1 0.5``
    """
    from inundate.hydro.ensemble_summary import summarise_ensemble

    ds = summarise_ensemble(
        folder, output, thresholds=thresholds, quantiles=quantiles, terrain=terrain, storm=storm,
        partial=partial, overwrite=overwrite,
    )  # fmt: skip
    probability = ds["water_depth_max_probability"]
    shares = [
        {
            "threshold_m": float(threshold),
            "expected_flooded_share": float(probability.sel(threshold=threshold).mean()),
            "certain_share": float((probability.sel(threshold=threshold) == 1).mean()),
        }
        for threshold in probability["threshold"].to_numpy()
    ]
    found = {"output": str(output), "members": int(ds.attrs["members"]), "thresholds": shares}
    emit(found, json=json, text=lambda: _shares(found))


def _shares(found: dict[str, Any]) -> str:
    lines = [f"{found['output']}: {found['members']} members"]
    lines += [
        f"  {item['threshold_m']:g} m: {100 * item['expected_flooded_share']:.1f} % of the ground "
        f"expected to reach it, {100 * item['certain_share']:.1f} % in every member"
        for item in found["thresholds"]
    ]
    return "\n".join(lines)
