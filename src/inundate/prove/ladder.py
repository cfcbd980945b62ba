"""The ladder: every task after the other, easiest first, with one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inundate.core.errors import ConfigError, nearest
from inundate.prove.digits import Digits, load_digits
from inundate.prove.task import Size, Task, TaskResult
from inundate.prove.tasks import (
    autoencoder,
    basin,
    conditional_vae,
    delay,
    easy,
    edge,
    gan,
    identity,
    impulse,
    lifted,
    other_digit,
    overfit,
    text,
    vae,
)
from inundate.prove.train_task import run_task

__all__ = ["TASKS", "Ladder", "make_tasks", "run_ladder"]

_HEAD = ("task", "", "score", "value", "95 % interval", "line", "baseline", "s")

# each rung needs what those below it need, and a little more; made when asked for
TASKS: dict[str, Callable[[Digits], Task]] = {
    "overfit": lambda digits: overfit.make_task(),
    "identity": lambda digits: identity.make_task(),
    "delay": lambda digits: delay.make_task(),
    "edge": lambda digits: edge.make_task(),
    "impulse": lambda digits: impulse.make_task(),
    "basin": lambda digits: basin.make_task(),
    "easy-constant": lambda digits: easy.make_task(digits, "constant"),
    "easy-random": lambda digits: easy.make_task(digits, "random"),
    "other-digit": other_digit.make_task,
    "autoencoder": autoencoder.make_task,
    "vae": vae.make_task,
    "conditional-vae": conditional_vae.make_task,
    "gan": gan.make_task,
    "lifted": lifted.make_task,
    "lifted-scratch": lambda digits: lifted.make_task(digits, scratch=True),
    "original": lifted.make_control,
    "keyword": lambda digits: text.make_keyword(),
    "word-order": lambda digits: text.make_order(),
    "rare-class": lambda digits: text.make_majority(),
    "shuffled-labels": lambda digits: text.make_shuffled(),
    "label-leak": lambda digits: text.make_leak(),
}


@dataclass(frozen=True)
class Ladder:
    """The results of a ladder.

    Parameters
    ----------
    tasks : tuple of Task
    results : tuple of TaskResult
        In the same order.
    digits : str
        What the digits were.
    seed : int
    """

    tasks: tuple[Task, ...]
    results: tuple[TaskResult, ...]
    digits: str
    seed: int

    @property
    def passed(self) -> bool:
        """Whether every task was passed, and every control failed as it must."""
        return all(result.passed for result in self.results)

    @property
    def seconds(self) -> float:
        """Wall time of all tasks, s."""
        return sum(result.seconds for result in self.results)

    def record(self) -> dict[str, Any]:
        """Give what the table shows, and more, fit for JSON."""
        return {
            "passed": self.passed,
            "digits": self.digits,
            "seed": self.seed,
            "seconds": self.seconds,
            "cpu_seconds": sum(result.cpu_seconds for result in self.results),
            "tasks": [
                {
                    **result.record(),
                    "title": task.title,
                    "control": task.fails,
                    "budget_s": task.budget.seconds,
                    "meaning": task.meaning,
                }
                for task, result in zip(self.tasks, self.results, strict=True)
            ],
        }

    def table(self) -> str:
        """Give the table for people: score, interval, line, baseline, time; then the failures."""
        rows: list[tuple[str, ...]] = [_HEAD]
        for task, result in zip(self.tasks, self.results, strict=True):
            rows += _rows(task, result)
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        met = sum(result.passed for result in self.results)
        lines += ["", f"{met} of {len(self.results)} as expected; {self.digits}; seed {self.seed}; "
                  f"{self.seconds:.0f} s"]  # fmt: skip
        lines += [
            f"{task.name} {'passed, but must not' if task.fails else 'failed'}: {task.meaning}"
            for task, result in zip(self.tasks, self.results, strict=True)
            if not result.passed
        ]
        return "\n".join(lines)


def make_tasks(digits: Digits, names: Sequence[str] | None = None) -> tuple[Task, ...]:
    """Make tasks by name, in the order of the ladder.

    Parameters
    ----------
    digits : Digits
        For the tasks that need them.
    names : sequence of str, optional
        By default all.

    Raises
    ------
    ConfigError
        If there is no task of a name.
    """
    unknown = [name for name in names or () if name not in TASKS]
    if unknown:
        close = nearest(unknown[0], TASKS)
        advice = f"did you mean {close!r}?" if close else f"expected one of {', '.join(TASKS)}"
        raise ConfigError(f"ladder: no task {unknown[0]!r}; {advice}")
    return tuple(make(digits) for name, make in TASKS.items() if names is None or name in names)


def run_ladder(
    digits: Path | str | None = None,
    *,
    names: Sequence[str] | None = None,
    seed: int = 0,
    size: Size = "full",
    steps: int | None = None,
    heard: Callable[[Task, TaskResult], None] | None = None,
) -> Ladder:
    """Run tasks one after the other with their known-good models.

    Parameters
    ----------
    digits : Path or str, optional
        As for :func:`~inundate.prove.digits.load_digits`.
    names : sequence of str, optional
        Tasks; by default all.
    seed : int
    size : str
        ``"quick"`` takes fewer samples, for which the lines are not meant.
    steps : int, optional
        Optimiser steps instead of each task's budget.
    heard : callable, optional
        Is told each task and its result as soon as it is there.

    Raises
    ------
    ConfigError, MissingFileError, DataError, MissingExtraError
        If a name is not known or the digits cannot be read.
    """
    found = load_digits(digits)
    tasks = make_tasks(found, names)
    results = []
    for task in tasks:
        results.append(run_task(task, seed=seed, size=size, steps=steps))
        if heard is not None:
            heard(task, results[-1])
    return Ladder(tasks, tuple(results), found.describe(), seed)


def _rows(task: Task, result: TaskResult) -> list[tuple[str, ...]]:
    """Give a row for each line of a task."""
    word = "as expected" if task.fails else "passed"
    word = word if result.passed else "FAILED"
    time = f"{result.seconds:.0f}"
    if result.stopped:
        return [(task.name, word, f"stopped: {result.stopped}", "", "", "", "", time)]
    rows: list[tuple[str, ...]] = []
    for number, one in enumerate(result.judged):
        line = f">= {one.line.least:g}" if one.line.least is not None else "no skill"
        first = (task.name, word) if number == 0 else ("", "")
        rows.append((
            *first, one.line.score, _number(one.score.value),
            f"{_number(one.score.low)} to {_number(one.score.high)}",
            line, _number(one.baseline), time if number == 0 else "",
        ))  # fmt: skip
    return rows


def _number(value: float) -> str:
    digits = 1 if abs(value) >= 10 else 3
    return f"{round(value, digits) + 0.0:.{digits}f}"  # never -0.000
