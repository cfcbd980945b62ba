"""``inundate dataset build``, ``describe`` and ``audit``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from inundate.cli.flags import Json, Output, Overwrite
from inundate.cli.shell import emit
from inundate.dataset.settings import DatasetSettings

__all__ = ["audit", "build", "describe"]

Names = Annotated[list[str] | None, Parameter(consume_multiple=True, negative=())]


def build(
    simulations: Annotated[list[Path], Parameter(negative=())],
    *,
    output: Output,
    test_storm: Names = None,
    test_block: Names = None,
    config: Path | None = None,
    settings: Annotated[DatasetSettings | None, Parameter(name="*")] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Cut simulations into samples; split by terrain block and by storm.

    A test sample has a block and a storm that training never sees; the split is stored and
    hashed.

    Parameters
    ----------
    simulations
        Simulations (.zarr), or folders of them.
    output
        A .zarr to write.
    test_storm
        Storms to hold out; drawn by the seed when none is named.
    test_block
        Blocks to hold out, by name or a part of it; drawn by the seed when none is named.
    config
        TOML file; table [dataset] holds the settings below.

    Examples
    --------
    ``inundate dataset build sims -o data.zarr --block-cells 128``
    """
    from inundate.core.config import resolve_settings
    from inundate.dataset.build import build_dataset
    from inundate.dataset.describe import describe_dataset

    build_dataset(
        simulations,
        output,
        settings=resolve_settings(DatasetSettings, toml=config, table="dataset", flags=settings),
        test_storm=test_storm or (),
        test_block=test_block or (),
        overwrite=overwrite,
    )
    result = describe_dataset(output)
    emit(result, json=json, text=lambda: _describe_text(result))


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
        f"{', '.join(f'{size:g}' for size in result['cell_sizes_m'])} m",
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
    lines.append(f"  held-out storms: {', '.join(held)}")
    if result["moved_storms"]:
        lines.append(f"  storms moved from elsewhere: {', '.join(result['moved_storms'])}")
    return "\n".join(lines)


def _audit_text(result: dict[str, Any]) -> str:
    lines = [
        f"{result['path']}: {result['errors']} error(s), {result['warnings']} warning(s) in "
        f"{result['samples']} samples, split {result['split_hash']}"
    ]
    lines += [f"  {f['severity']:<8} {f['check']:<9} {f['message']}" for f in result["findings"]]
    if result["passed"]:
        lines.append(f"  nothing found by: {', '.join(result['passed'])}")
    return "\n".join(lines)
