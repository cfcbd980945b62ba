"""The command ``inundate check``: the solver beside what is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from inundate.cli.flags import Json, Overwrite

if TYPE_CHECKING:
    from inundate.hydro.suite.run import Row, SuiteResult

__all__ = ["check"]


def check(
    *cases: str,
    equations: Literal["inertial", "full"] = "inertial",
    precision: Literal["float32", "float64"] = "float32",
    quick: bool = False,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    list_: Annotated[bool, Parameter(name="--list", negative=())] = False,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Hold the solver against exact solutions and laws that it must keep.

    Every figure stands beside its bound, failures first; the exit code is 6 when one is not met.

    Parameters
    ----------
    cases
        Names of cases; by default all.
    equations
        What the solver solves: the local inertial equations or the full ones.
    precision
        Numbers that it computes with.
    quick
        Leave out the finest cells and shortest steps: under a minute.
    output
        Folder that receives check.html, check.json and a plot a case.
    list_
        Name the cases and stop.

    Examples
    --------
    ``inundate check --quick -o check``
    """
    from inundate.cli.shell import emit
    from inundate.core.errors import RunError
    from inundate.core.files import check_output
    from inundate.core.provenance import provenance
    from inundate.hydro.suite.catalogue import choose
    from inundate.hydro.suite.run import run_suite

    if list_:
        found = {case.name: case.shows for case in choose(cases, equations)}
        width = max(map(len, found))
        lines = [f"{name:<{width}}  {shows}" for name, shows in found.items()]
        emit({"cases": found}, json=json, text="\n".join(lines))
        return
    if output is not None:
        check_output(output, overwrite)
    result = run_suite(cases, equations=equations, precision=precision, quick=quick)
    page = None
    if output is not None:
        from inundate.show.check_figures import write_check

        page = write_check(result, output, provenance=provenance(), overwrite=overwrite)
    emit(
        {**result.to_dict(), "output": None if page is None else str(page)},
        json=json,
        text=lambda: _text(result, page),
    )
    if result.failures:
        names = ", ".join(dict.fromkeys(row.case for row in result.failures))
        raise RunError(
            f"checking the solver: {len(result.failures)} of {result.bounded} bounds are not met, "
            f"in {names}"
        )


def _text(result: SuiteResult, page: Path | None) -> str:
    """Lay the rows out, failures first."""
    order = sorted(result.rows, key=lambda row: row.met is not False)  # stable
    cells = [("", "case", "measure", "found", "bound", "unit"), *map(_cells, order)]
    widths = [max(len(row[column]) for row in cells) for column in range(5)]
    lines = [
        "  ".join([*(text.ljust(w) for text, w in zip(row, widths, strict=False)), row[5]]).rstrip()
        for row in cells
    ]
    lines += [f"{row.case}: {row.note}" for row in _noted(result)]
    seconds = sum(result.seconds.values())
    lines.append(
        f"{result.bounded - len(result.failures)} of {result.bounded} bounds met, "
        f"equations {result.equations}, {result.precision}, {seconds:.0f} s"
    )
    return "\n".join(lines if page is None else [*lines, str(page)])


def _noted(result: SuiteResult) -> list[Row]:
    """Give one failing row of each reason."""
    return list({(row.case, row.note): row for row in result.failures if row.note}.values())


def _cells(row: Row) -> tuple[str, str, str, str, str, str]:
    state = {None: "", True: "met", False: "NOT met"}[row.met]
    unit = "" if row.unit == "1" else row.unit
    return state, row.case, row.measure, f"{row.value:.3g}", row.bound, unit
