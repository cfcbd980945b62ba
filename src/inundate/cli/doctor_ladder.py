"""``inundate doctor --ladder``: run the tasks, show the table as it grows."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["show_ladder"]


def show_ladder(
    *,
    digits: str | None = None,
    tasks: Sequence[str] | None = None,
    seed: int = 0,
    pictures: Path | None = None,
    strict: bool = False,
    json: bool = False,
) -> None:
    """Run the ladder of tasks with a known answer and print its table.

    Parameters
    ----------
    digits
        Folder with the four IDX files, or ``package:NAME``; by default scikit-learn's 8 x 8.
    tasks
        Names of tasks; by default all.
    seed
        Of data, weights and order.
    pictures
        Folder that receives what a person would look at, as PNG.
    strict
        Fail if a task did not end as expected.
    json
        Print one JSON object.

    Raises
    ------
    RunError
        With ``strict``, after the table, if a task did not end as expected.
    """
    from inundate.cli.shell import emit
    from inundate.core.errors import RunError
    from inundate.prove.ladder import run_ladder
    from inundate.prove.montage import write_pictures
    from inundate.prove.task import Task, TaskResult

    written: list[Path] = []

    def heard(task: Task, result: TaskResult) -> None:
        word = "as expected" if result.passed else "NOT as expected"
        print(f"{task.name}: {word}, {result.seconds:.0f} s", file=sys.stderr, flush=True)
        if pictures is not None:
            written.extend(write_pictures(result, pictures))

    ladder = run_ladder(digits, names=tasks, seed=seed, heard=heard)
    found = {**ladder.record(), "pictures": [str(path) for path in written]}
    emit(found, json=json, text=ladder.table)
    missed = [result.name for result in ladder.results if not result.passed]
    if strict and missed:
        raise RunError(
            f"ladder: {len(missed)} of {len(ladder.results)} tasks did not end as expected: "
            f"{', '.join(missed)}",
            hint="the meaning of each stands below the table",
        )
