"""Lines of ``metrics.jsonl``: means over steps, and no line from beyond a resumed step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from inundate.core.files import write_text
from inundate.core.run import Run

__all__ = ["StepMeans", "trim_metrics"]


class StepMeans:
    """Average named numbers over the steps since they were last taken.

    Examples
    --------
    >>> means = StepMeans()
    >>> means.add({"loss": 1.0})
    >>> means.add({"loss": 3.0})
    >>> means.take()
    {'loss': 2.0}
    """

    def __init__(self) -> None:
        self.last: dict[str, float] = {}
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def add(self, values: Mapping[str, float]) -> None:
        """Add the numbers of one step."""
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1

    def take(self) -> dict[str, float]:
        """Give the means and begin anew."""
        self.last = {name: self._sums[name] / self._counts[name] for name in self._sums}
        self._sums, self._counts = {}, {}
        return self.last

    def state(self) -> dict[str, Any]:
        """Give what is summed so far, for the checkpoint."""
        return {"last": self.last, "sums": self._sums, "counts": self._counts}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what :meth:`state` gave."""
        self.last = dict(state["last"])
        self._sums, self._counts = dict(state["sums"]), dict(state["counts"])


def trim_metrics(run: Run, step: int) -> None:
    """Drop the lines after a step, which the resumed run will write again."""
    kept = [record for record in run.read_metrics() if record.get("step", 0) <= step]
    write_text(run.path / "metrics.jsonl", "".join(json.dumps(r) + "\n" for r in kept))
