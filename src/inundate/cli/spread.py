"""The command ``inundate spread``: how sure a trained run is, fitted on held-out terrains."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from inundate.cli.flags import Json
from inundate.emulate.uncertain.settings import Method, SpreadSettings

__all__ = ["spread"]


def spread(
    run: Path,
    *,
    dataset: Path | None = None,
    method: Annotated[
        tuple[Method, ...] | None, Parameter(consume_multiple=True, negative=())
    ] = None,
    config: Path | None = None,
    settings: Annotated[SpreadSettings | None, Parameter(name="*", consume_multiple=True)] = None,
    json: Json = False,
) -> None:
    """Calibrate how sure a run is, on validation terrains, and compare the ways.

    Writes calibration.json into the run; after that predict and evaluate know --uncertainty.
    The data set of the run needs ensembles: perturbed runs of one storm on one terrain.

    Parameters
    ----------
    run
        A trained run, or exported weights.
    dataset
        Another data set than the run's own, with validation terrains that it was not trained on.
    method
        Ways to fit; by default all that the emulator has.
    config
        TOML file; table [spread] holds the settings below.

    Examples
    --------
    ``inundate spread runs/first``

    ``inundate spread runs/first --method conformal hybrid-ensemble --members 24``
    """
    from inundate.cli.shell import emit
    from inundate.core.config import resolve_settings
    from inundate.core.errors import ConfigError
    from inundate.emulate.export import shipped_names
    from inundate.emulate.uncertain.calibration import FILE
    from inundate.emulate.uncertain.fit import fit_spread

    chosen = resolve_settings(SpreadSettings, toml=config, table="spread", flags=settings)
    if method == ("conformal",) and settings is not None and "members" in settings.model_fields_set:
        raise ConfigError(
            "calibrating the conformal band alone: --members has no effect, since it has none",
            hint="leave --members out, or fit an ensemble as well",
        )
    if not run.exists() and str(run) in shipped_names():
        raise ConfigError(
            f"calibrating {run}: weights that ship with the package are not written to",
            hint=f"inundate weights export {run} -o mine, then inundate spread mine",
        )
    found = fit_spread(run, dataset=dataset, methods=method, settings=chosen)
    figures: dict[str, Any] = {
        "output": str(run / FILE),
        "default": found.default,
        "lowest_crps": found.best,
        "fitted_on": dict(found.fitted_on),
        "ways": {name: dict(made.valid) for name, made in found.ways.items()},
        "next": f"inundate evaluate {run} --uncertainty",
    }
    emit(figures, json=json, text=lambda: _text(figures))


def _text(figures: dict[str, Any]) -> str:
    fitted = figures["fitted_on"]
    lines = [
        f"{figures['output']}: fitted on {fitted['runs']} runs of {fitted['ensembles']} ensembles "
        f"on {len(fitted['terrains'])} validation terrains, each left out in turn",
        f"  {'way':<18}{'CRPS (m)':>10}{'over MAE':>10}{'90 % covers: wet':>18}{'if wet':>8}"
        f"{'its law: wet':>14}{'said wet':>10}"
        f"{'calibration':>13}",
    ]
    for name, valid in figures["ways"].items():
        ratio, wet, if_wet, law, said = (
            valid[key]
            for key in ("crps_over_mae", "coverage_90", "coverage_90_if_wet", "coverage_90_law",
                        "coverage_90_said")
        )  # fmt: skip
        worst = max(valid["calibration_error"].values())
        lines.append(
            f"  {name:<18}{valid['crps_m']:>10.5f}"
            f"{'-' if ratio is None else f'{ratio:.3f}':>10}"
            f"{'-' if wet is None else f'{wet:.1%}':>18}"
            f"{'-' if if_wet is None else f'{if_wet:.1%}':>8}"
            f"{'-' if law is None else f'{law:.1%}':>14}"
            f"{'-' if said is None else f'{said:.1%}':>10}{worst:>13.4f}"
        )
    lines += [
        f"  MAE of the emulator's own depth: {next(iter(figures['ways'].values()))['mae_m']:.5f} m",
        f"  lowest CRPS: {figures['lowest_crps']}; default, the simplest that is no worse than "
        f"chance explains: {figures['default']}",
        f"  next  {figures['next']}",
    ]
    return "\n".join(lines)
