"""The commands ``inundate rain nowcast|verify``."""

from __future__ import annotations

from json import loads
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from inundate.cli.flags import Json, Output, Overwrite
from inundate.rain.settings import NowcastSettings, ReadSettings

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["nowcast", "verify"]

Flat = Parameter(name="*", negative_iterable=())
Numbers = Annotated[list[float] | None, Parameter(consume_multiple=True, negative=())]


def nowcast(
    rain: Path,
    *,
    output: Output,
    settings: Annotated[NowcastSettings | None, Flat] = None,
    config: Path | None = None,
    reading: Annotated[ReadSettings | None, Flat] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Say what rain may fall next: an ensemble from the last radar frames.

    The last three frames are carried along the motion that is seen in them, and change as they
    go, by STEPS of pysteps. What comes from where no radar looked is missing, never dry. A guess
    that is worth most in the first half hour; new showers are not foreseen.

    Parameters
    ----------
    rain
        Radar folder or tar, NetCDF or Zarr, on a grid in metres.
    output
        .zarr or .nc, with member, time, y and x.
    config
        TOML file; its table [nowcast] holds the settings.

    Examples
    --------
    ``inundate rain nowcast radar/ --members 8 --lead-min 60 -o nowcast.nc``
    """
    from inundate.cli.shell import emit
    from inundate.core.config import resolve_settings
    from inundate.core.files import check_output
    from inundate.core.store import write_dataset
    from inundate.rain.array import to_rain_dataset
    from inundate.rain.nowcast import nowcast_rain

    check_output(output, overwrite)
    chosen = resolve_settings(NowcastSettings, toml=config, table="nowcast", flags=settings)
    found = nowcast_rain(_open(rain, reading), settings=chosen)
    write_dataset(to_rain_dataset(found), output, overwrite)
    result = _told(found, rain, output)
    emit(result, json=json, text=lambda: _as_text(result))


def verify(
    rain: Path,
    *,
    leads_min: Numbers = None,
    every_min: float = 30.0,
    thresholds_mm_h: Numbers = None,
    settings: Annotated[NowcastSettings | None, Parameter(name="*")] = None,
    reading: Annotated[ReadSettings | None, Flat] = None,
    json: Json = False,
) -> None:
    """Score nowcasts of a past series beside persistence.

    From every so many minutes on a nowcast is made of the frames up to then and held against the
    radar that came, in all cells that both know; beside it the last frame moved along, the last
    frame where it was, and no rain.

    Parameters
    ----------
    rain
        Radar folder or tar, NetCDF or Zarr, on a grid in metres.
    leads_min
        Leads that are scored, whole steps of the radar; by default 10, 30 and 60.
    every_min
        From one nowcast to the next.
    thresholds_mm_h
        For the critical success index; by default 1 and 5.

    Examples
    --------
    ``inundate rain verify radar/20160711 --leads-min 10 30 60``
    """
    from inundate.cli.shell import emit
    from inundate.core.config import resolve_settings
    from inundate.score.nowcast import verify_nowcasts

    _check_lead(settings)
    chosen = resolve_settings(NowcastSettings, flags=settings)
    found = verify_nowcasts(
        _open(rain, reading), settings=chosen, leads_min=leads_min or (10.0, 30.0, 60.0),
        every_min=every_min, thresholds_mm_h=thresholds_mm_h or (1.0, 5.0),
    )  # fmt: skip
    result = {"input": str(rain), "members": chosen.members, **found}
    emit(result, json=json, text=lambda: _scores_text(result))


def _check_lead(settings: NowcastSettings | None) -> None:
    from inundate.core.errors import ConfigError

    if settings is not None and "lead_min" in settings.model_fields_set:
        raise ConfigError(
            "verifying nowcasts: --lead-min is of no use here",
            hint="give the leads that are scored: --leads-min 10 30 60",
        )


def _open(rain: Path, reading: ReadSettings | None) -> xr.DataArray:
    from inundate.rain.open import open_rain

    return open_rain(rain, **({} if reading is None else dict(reading)))


def _told(found: xr.DataArray, source: Path, output: Path) -> dict[str, Any]:
    from inundate.core.grid import grid_of
    from inundate.rain.steps import interval_s, time_text

    ends = found["time"].to_numpy()
    mean = found.mean(("y", "x")).to_numpy() * interval_s(found) / 3600.0  # mm a step
    totals = mean.sum(axis=1)
    return {
        "input": str(source), "output": str(output), "issued": found.attrs["issued"],
        "method": found.attrs["method"], "method_why": found.attrs["method_why"],
        "motion": loads(found.attrs["motion"]), "members": found.sizes["member"],
        "steps": found.sizes["time"], "interval_s": interval_s(found),
        "time_start": time_text(ends[0]), "time_end": time_text(ends[-1]),
        "grid": grid_of(found).describe(), "mean_total_mm": [float(total) for total in totals],
        "unknown_share": loads(found.attrs["unknown_share"]),
    }  # fmt: skip


def _as_text(result: dict[str, Any]) -> str:
    motion, totals = result["motion"], result["mean_total_mm"]
    moved = (
        f"{motion['east_m_s']:+.1f} m/s eastwards, {motion['north_m_s']:+.1f} northwards, seen in "
        f"{motion['vectors']} places"
        if motion["vectors"]
        else "none seen: the rain is taken to stand still"
    )
    return "\n".join(
        [
            f"{result['output']}",
            f"  issued    {result['issued']}, {result['members']} members, {result['steps']} steps "
            f"of {result['interval_s']:g} s until {result['time_end']}",
            f"  method    {result['method']}: {result['method_why']}",
            f"  motion    {moved}",
            f"  grid      {result['grid']}",
            f"  rain      mean total of the cells that are known {min(totals):.3g} to "
            f"{max(totals):.3g} mm",
            f"  unknown   {result['unknown_share'][0]:.1%} of the cells in the first step, "
            f"{result['unknown_share'][-1]:.1%} in the last",
        ]
    )


def _scores_text(result: dict[str, Any]) -> str:
    levels = [name for name in result["scores"][0] if name.startswith("csi_")]
    named = [f"CSI {name[4:]} mm/h".rjust(13) for name in levels]
    lines = [
        f"{result['input']}: {len(result['issued'])} nowcasts of {result['members']} members",
        f"  {'lead':>6}  {'way':<12}{'CRPS mm/h':>10}{''.join(named)}{'cells':>12}",
    ]
    for row in result["scores"]:
        shown = "".join(f"{_number(row[name]):>13}" for name in levels)
        lines.append(
            f"  {row['lead_min']:>4g} m  {row['way']:<12}{_number(row['crps_mm_h']):>10}{shown}"
            f"{row['cells']:>12,}"
        )
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"
