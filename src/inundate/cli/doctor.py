"""The command ``inundate doctor``: why does a model not learn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from inundate.cli.flags import Json
from inundate.cli.shell import emit

if TYPE_CHECKING:
    from inundate.prove.case import Case
    from inundate.prove.exam import Effort

__all__ = ["doctor"]


def doctor(
    subject: str | None = None,
    *,
    ladder: Annotated[bool, Parameter(negative=())] = False,
    digits: str | None = None,
    task: Annotated[list[str] | None, Parameter(consume_multiple=True, negative=())] = None,
    pictures: Path | None = None,
    data: str | None = None,
    config: Path | None = None,
    dataset: Path | None = None,
    untrained: Annotated[bool, Parameter(negative=())] = False,
    html: Path | None = None,
    steps: int | None = None,
    seed: int = 0,
    strict: Annotated[bool, Parameter(negative=())] = False,
    json: Json = False,
) -> None:
    """Say why a model does not learn: a named cause, its evidence, what to try first.

    Copies of the model are trained for a few hundred steps, with one thing changed at a time; the
    model itself stays as it is.

    Parameters
    ----------
    subject
        A run folder of inundate train, or module:factory or file.py:factory for any torch model.
        The factory gives the model, or a mapping with model, loss, optimiser, step, metric.
    ladder
        Instead of a subject: run tasks with a known answer with their known-good models.
    digits
        For the ladder: folder with the four IDX files of MNIST or the like, or package:NAME; by
        default the 8 x 8 digits of scikit-learn.
    task
        For the ladder: only this task, or these.
    pictures
        For the ladder: folder that receives inputs, targets and outputs as PNG.
    data
        module:loader or file.py:loader, for a model of your own: gives a loader, or a pair of one
        to train on and one to validate on.
    config
        TOML file that is handed to factory and loader; keys that they do not read are told.
    dataset
        Data set of a run, if it has been moved.
    untrained
        Examine a run from fresh weights, not from those that it has learnt.
    html
        Write what was found with pictures, as one file.
    steps
        Training steps over all data at most; by default 400. A trial on one batch gets half;
        a fifth as many batches are looked at, 8 to 60.
    seed
        Of the trials.
    strict
        End with exit code 6 unless the model is healthy, or every task ended as expected.

    Examples
    --------
    ``inundate doctor runs/first --html doctor.html``

    ``inundate doctor mine.py:make_model --data mine.py:make_loaders``

    ``inundate doctor --ladder --digits data/digits``
    """
    from inundate.core.errors import ConfigError, RunError

    tasks = {
        "--digits": digits is not None,
        "--task": task is not None,
        "--pictures": pictures is not None,
    }
    if ladder:
        others = {
            "a subject": subject is not None,
            "--data": data is not None,
            "--config": config is not None,
            "--dataset": dataset is not None,
            "--untrained": untrained,
            "--html": html is not None,
            "--steps": steps is not None,
        }
        _refuse(others, "--ladder runs models of its own")
        from inundate.cli.doctor_ladder import show_ladder

        return show_ladder(
            digits=digits, tasks=task, seed=seed, pictures=pictures, strict=strict, json=json
        )
    _refuse(tasks, "they belong to --ladder")
    if subject is None:
        raise ConfigError(
            "inundate doctor: nothing to examine",
            hint="inundate doctor RUN, inundate doctor module:factory --data module:loader, or "
            "inundate doctor --ladder",
        )
    from inundate.prove.page import write_page
    from inundate.prove.verdict import diagnose

    case = _case(subject, data, config, dataset, untrained)
    verdict = diagnose(case, effort=_effort(steps), seed=seed)
    if html is not None:
        write_page(verdict, html)
    emit(verdict.record(), json=json, text=verdict.text)
    if strict and verdict.answer != "healthy":
        raise RunError(f"examining {subject}: {verdict.says()}")


def _case(
    subject: str, data: str | None, config: Path | None, dataset: Path | None, untrained: bool
) -> Case:
    from inundate.core.errors import ConfigError

    if ":" in subject and not Path(subject).is_dir():
        if data is None:
            raise ConfigError(
                f"examining {subject}: a model of your own needs data",
                hint=f"inundate doctor {subject} --data module:loader",
            )
        unused = {"--dataset": dataset is not None, "--untrained": untrained}
        _refuse(unused, f"{subject} is no run")
        from inundate.core.config import read_toml
        from inundate.prove.foreign import foreign_case

        return foreign_case(subject, data, config=read_toml(config) if config else None)
    _refuse({"--data": data is not None, "--config": config is not None}, f"{subject} is a run")
    from inundate.prove.emulator_case import run_case

    return run_case(subject, dataset=dataset, untrained=untrained)


def _refuse(given: dict[str, bool], why: str) -> None:
    from inundate.core.errors import ConfigError

    names = [name for name, there in given.items() if there]
    if names:
        raise ConfigError(f"inundate doctor: {', '.join(names)} cannot be used, since {why}")


def _effort(steps: int | None) -> Effort:
    from inundate.core.errors import ConfigError
    from inundate.prove.exam import Effort

    if steps is None:
        return Effort()
    if steps < 20:
        raise ConfigError(f"inundate doctor: --steps {steps}; expected at least 20")
    return Effort(
        batches=min(60, max(steps // 5, 8)), one_batch=max(steps // 2, 20), all_batches=steps,
        remedy=max(steps // 3, 20),
    )  # fmt: skip
