"""``inundate dataset build``, ``describe`` and ``audit``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from inundate.cli.flags import Json, Output, Overwrite
from inundate.cli.shell import emit
from inundate.dataset.settings import DatasetSettings

__all__ = ["audit", "build", "describe"]

_SHOWN = 8  # names in a line

Names = Annotated[list[str] | None, Parameter(consume_multiple=True, negative=())]


def build(
    simulations: Annotated[list[Path] | None, Parameter(negative=())] = None,
    *,
    output: Output,
    test_storm: Names = None,
    test_block: Names = None,
    config: Path | None = None,
    settings: Annotated[DatasetSettings | None, Parameter(name="*")] = None,
    world: str | None = None,
    data: Path | None = None,
    workers: int | None = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Cut simulations into samples, or simulate a training world from seeds.

    A test sample has a block and a storm that training never sees; the split is stored and
    hashed. A world is made straight from --seed: terrains, storms, simulations, ensembles. It
    goes on where it was stopped when the same command is given again.

    Parameters
    ----------
    simulations
        Simulations (.zarr), or folders of them; none with --world.
    output
        A .zarr to write.
    test_storm
        Storms to hold out; drawn by the seed when none is named.
    test_block
        Blocks to hold out, by name or a part of it; drawn by the seed when none is named.
    config
        TOML file; table [dataset] holds the settings below.
    world
        Make a training world instead: tiny (minutes on 2 cores), laptop (hours), gpu (minutes on
        16 cores), or a TOML file with table [world].
    data
        Folder of real terrains and radar that a world may use.
    workers
        Processes that make a world; by default one a core.

    Examples
    --------
    ``inundate dataset build sims -o data.zarr --block-cells 128``

    ``inundate dataset build --world tiny -o world.zarr``
    """
    from inundate.dataset.describe import describe_dataset

    if world is None:
        _cut_simulations(
            simulations or [], output, test_storm, test_block, config, settings, overwrite,
            unused={"--data": data, "--workers": workers},
        )  # fmt: skip
    else:
        given = settings.model_fields_set - {"seed"} if settings is not None else set()
        _make_world(
            world, output, data, workers, settings.seed if settings is not None else 0, overwrite,
            unused={
                "SIMULATIONS": simulations, "--test-storm": test_storm,
                "--test-block": test_block, "--config": config,
                **{f"--{name.replace('_', '-')}": True for name in sorted(given)},
            },
        )  # fmt: skip
    result = describe_dataset(output)
    emit(result, json=json, text=lambda: _describe_text(result))


def _cut_simulations(
    simulations: list[Path], output: Path, test_storm: list[str] | None,
    test_block: list[str] | None, config: Path | None, settings: DatasetSettings | None,
    overwrite: bool, *, unused: Mapping[str, Any],
) -> None:  # fmt: skip
    from inundate.core.config import resolve_settings
    from inundate.core.errors import ConfigError
    from inundate.dataset.build import build_dataset

    _check_unused(unused, "without --world")
    if not simulations:
        raise ConfigError(
            f"building {output}: nothing to build it from, expected SIMULATIONS or --world",
            hint="inundate dataset build sims -o data.zarr, or --world tiny",
        )
    build_dataset(
        simulations,
        output,
        settings=resolve_settings(DatasetSettings, toml=config, table="dataset", flags=settings),
        test_storm=test_storm or (),
        test_block=test_block or (),
        overwrite=overwrite,
    )


def _make_world(
    world: str, output: Path, data: Path | None, workers: int | None, seed: int, overwrite: bool,
    *, unused: Mapping[str, Any],
) -> None:  # fmt: skip
    from inundate.dataset.world.build import build_world
    from inundate.dataset.world.settings import read_world

    _check_unused(unused, "with --world")
    try:
        build_world(
            read_world(world), output, data=data, seed=seed, workers=workers, overwrite=overwrite
        )
    except KeyboardInterrupt as interrupt:
        interrupt.add_note("the same command goes on with what is missing")
        raise


def _check_unused(flags: Mapping[str, Any], where: str) -> None:
    from inundate.core.errors import ConfigError

    given = [name for name, value in flags.items() if value is not None and value != []]
    if given:
        raise ConfigError(
            f"building a data set: {', '.join(given)} given {where}, where nothing reads it",
            hint="a data set is cut from SIMULATIONS or made by --world, not both",
        )


def describe(path: Path, *, json: Json = False) -> None:
    """Say what a data set holds: samples by split and regime, storms, rain, water.

    Parameters
    ----------
    path
        Data set.

    Examples
    --------
    ``inundate dataset describe data.zarr``
    """
    from inundate.dataset.describe import describe_dataset

    result = describe_dataset(path)
    emit(result, json=json, text=lambda: _describe_text(result))


def audit(path: Path, *, strict: bool = False, json: Json = False) -> None:
    """Look for leakage, dead targets, unit slips, missing values, imbalance.

    Parameters
    ----------
    path
        Data set.
    strict
        Fail where an error is found.

    Examples
    --------
    ``inundate dataset audit data.zarr --strict``
    """
    from inundate.core.errors import DataError
    from inundate.dataset.audit import audit_dataset

    result = audit_dataset(path)
    emit(result, json=json, text=lambda: _audit_text(result))
    if strict and result["errors"]:
        first = result["findings"][0]
        raise DataError(
            f"auditing {path}: {result['errors']} error(s), expected none; "
            f"the first: {first['message']}",
            hint="put it right at its source and build the data set again",
        )


def _describe_text(result: dict[str, Any]) -> str:
    frames = sorted(set(result["frames"]))
    sides = [f"{height} x {width}" for height, width in result["block_cells"]]
    lines = [
        f"{result['path']}: {result['samples']} samples, {result['blocks']} blocks of "
        f"{len(result['terrains'])} terrain(s), {len(result['storms'])} storms",
        f"  split {result['split_hash']}, frames {' to '.join(map(str, frames))} every "
        f"{result['interval_s']:g} s",
        f"  blocks of {', '.join(sides[:4])}{' …' if len(sides) > 4 else ''} cells of "
        f"{_sizes(result['cell_sizes_m'])} m",
        "  rain {:.1f} to {:.1f} mm, median {:.1f} mm".format(
            result["rain_mm"][0], result["rain_mm"][2], result["rain_mm"][1]
        ),
    ]
    for split, part in result["splits"].items():
        regimes = ", ".join(f"{count} {regime}" for regime, count in part["regimes"].items())
        wet = ", ".join(
            f"{100 * share:.2g} % >= {limit} m"
            for limit, share in result["wet_share"][split].items()
        )
        lines.append(
            f"  {split:<7} {part['samples']:>5} samples, {part['blocks']:>4} blocks, "
            f"{len(part['storms']):>3} storms; {regimes}; wet {wet}"
        )
    held = [storm for storm, part in result["storms"].items() if part == "test"]
    more = f" and {len(held) - _SHOWN} more" if len(held) > _SHOWN else ""
    lines.append(f"  held-out storms: {', '.join(held[:_SHOWN])}{more}")
    if result["members"]:
        counts = ", ".join(f"{count} {part}" for part, count in result["members"].items())
        lines.append(f"  perturbed members besides: {counts}")
    lines += _world_lines(result["world"])
    if result["moved_storms"]:
        lines.append(f"  storms moved from elsewhere: {', '.join(result['moved_storms'])}")
    return "\n".join(lines)


def _sizes(sizes: list[float]) -> str:
    if len(sizes) <= _SHOWN:
        return ", ".join(f"{size:g}" for size in sizes)
    return f"{min(sizes):.3g} to {max(sizes):.3g}"


def _world_lines(world: Mapping[str, Any] | None) -> list[str]:
    if world is None:
        return []
    real = "with real terrains and storms" if world["real"] else (
        "without real terrains and storms: no --data"
    )  # fmt: skip
    lines = [f"  world {world['name']}, seed {world['seed']}, plan {world['plan_hash']}; {real}"]
    if world["real"] and world["absent"]:
        lines.append(f"  not found: {', '.join(world['absent'])}")
    tiles = world.get("tiles", {})  # not told by the first worlds
    short = {part: count for part, count in tiles.items() if count["found"] < count["asked"]}
    if world["real"] and short:
        counts = [f"{count['found']} of {count['asked']} {part}" for part, count in short.items()]
        lines.append(f"  no more room on real heightmaps: {', '.join(counts)} tiles")
    failed = world["failed"]
    if failed:
        name, fault = next(iter(failed.items()))
        lines.append(
            f"  {len(failed)} of {world['planned']} samples failed and are left out, "
            f"the first {name}: {fault}"
        )
    return lines


def _audit_text(result: dict[str, Any]) -> str:
    lines = [
        f"{result['path']}: {result['errors']} error(s), {result['warnings']} warning(s) in "
        f"{result['samples']} samples, split {result['split_hash']}"
    ]
    lines += [f"  {f['severity']:<8} {f['check']:<9} {f['message']}" for f in result["findings"]]
    if result["passed"]:
        lines.append(f"  nothing found by: {', '.join(result['passed'])}")
    return "\n".join(lines)
