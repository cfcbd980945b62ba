"""The command ``inundate evaluate``: scores, or physics probes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

__all__ = ["evaluate"]


def evaluate(
    run: Path,
    *,
    dataset: Path | None = None,
    part: Literal["test", "valid", "train", "seen"] = "test",
    draws: int = 2000,
    figures: bool = True,
    uncertainty: Annotated[bool, Parameter(negative=())] = False,
    probes: Annotated[bool, Parameter(negative=())] = False,
    config: Path | None = None,
    strict: Annotated[bool, Parameter(negative=())] = False,
    json: bool = False,
) -> None:
    """Score a run on unseen storms over unseen terrain, beside every baseline.

    With --probes it is asked instead what every flood obeys, on small synthetic places: no water
    without rain, nothing from rain to come, the same on a turned map, and others.

    Parameters
    ----------
    run
        A trained run; evaluation.json, figures and report.html are written into it. With --probes
        also solver, hybrid, hybrid:FACTOR, module:function or file.py:function, and nothing is
        written. Exported weights, or the name of weights that ship, are scored with --dataset.
    dataset
        Another data set than the run's own; then nothing is written into the run.
    part
        Part of the data set; seen: training terrain under held-out storms, where a look-up can
        be scored too.
    draws
        Bootstrap draws for the intervals.
    figures
        Draw maps, curves and the report.
    uncertainty
        Score how sure the run says it is, every way beside the others, on ensembles; written into
        uncertainty.json of the run. It needs a calibration (inundate spread).
    probes
        Ask the physics probes; each figure stands beside its bound, failures first.
    config
        TOML file whose table [probes] sets bounds of the probes.
    strict
        End with exit code 6 when a probe fails.
    json
        Print one JSON object: every metric with its interval, and the verdict; or every probe.

    Examples
    --------
    ``inundate evaluate runs/first``

    ``inundate evaluate runs/first --part seen --json``

    ``inundate evaluate runs/first --uncertainty``

    ``inundate evaluate runs/first --probes --strict``
    """
    if probes:
        scores = {"--dataset": dataset is None, "--part": part == "test", "--draws": draws == 2000}
        others = {"--no-figures": figures, "--uncertainty": not uncertainty}
        _check_unread({**scores, **others}, "evaluating with --probes")
        return _probe(run, config=config, strict=strict, json=json)
    _check_unread(
        {"--config": config is None, "--strict": not strict}, "evaluating without --probes"
    )
    if uncertainty:
        _check_unread({"--no-figures": figures}, "evaluating with --uncertainty")
        return _spread(run, dataset=dataset, part=part, draws=draws, json=json)
    from inundate.cli.shell import emit
    from inundate.emulate.evaluate import evaluate as score

    found = score(run, dataset=dataset, part=part, draws=draws)
    report = None
    if dataset is None and part == "test":
        from inundate.cli.drawing import write_evaluation

        report = write_evaluation(run, found.summary, figures=figures)
    result = {**found.summary, "report": None if report is None else str(report)}
    tail = "" if report is None else f"\n\nreport {report}"
    emit(result, json=json, text=found.text + tail)


def _spread(run: Path, *, dataset: Path | None, part: str, draws: int, json: bool) -> None:
    import json as jsonlib

    from inundate.cli.shell import emit
    from inundate.core.files import write_text
    from inundate.emulate.uncertain.evaluate import evaluate_spread

    found = evaluate_spread(run, dataset=dataset, part=part, draws=draws)
    tail = ""
    if dataset is None and part == "test":
        path = write_text(run / "uncertainty.json", jsonlib.dumps(found.summary, indent=1) + "\n")
        tail = f"\n\nwritten {path}"
    emit(found.summary, json=json, text=found.text + tail)


def _check_unread(is_default: dict[str, bool], where: str) -> None:
    from inundate.core.errors import ConfigError

    given = [flag for flag, default in is_default.items() if not default]
    if given:
        raise ConfigError(f"{where}: {', '.join(given)} has no effect", hint="leave it out")


def _probe(predictor: Path, *, config: Path | None, strict: bool, json: bool) -> None:
    from inundate.cli.shell import emit
    from inundate.core.config import resolve_settings
    from inundate.core.errors import RunError
    from inundate.emulate.probes.bounds import Bounds
    from inundate.emulate.probes.predictors import named_predictor
    from inundate.emulate.probes.suite import run_probes

    bounds = resolve_settings(Bounds, toml=config, table="probes")
    report = run_probes(named_predictor(predictor), bounds=bounds)
    emit(report.to_dict(), json=json, text=report.text)
    if strict and report.failures:
        names = ", ".join(result.name for result in report.failures)
        raise RunError(
            f"probing {report.predictor}: {len(report.failures)} of {len(report.results)} probes "
            f"failed: {names}"
        )
