"""A hook for any training loop: :class:`Watch`."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from inundate.core.log import get_logger
from inundate.prove.case import Case, make_case
from inundate.prove.cause import Cause
from inundate.prove.decide import Verdict
from inundate.prove.exam import Effort, Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.data import probe_finite, probe_inputs, probe_target
from inundate.prove.probe.gradient import leaves
from inundate.prove.probe.loader import probe_loader
from inundate.prove.verdict import diagnose

__all__ = ["Watch"]

_log = get_logger("prove")
_PATIENCE = 5  # steps in a row that something must be seen


class Watch:
    """Look beside a training that someone else wrote, and say what is wrong with it.

    The data are looked at once, when the watch is made; :meth:`step` costs a pass over the
    weights. Each finding is written to the log of the package once and kept in ``findings``.

    Parameters
    ----------
    model : Module
    loader : iterable of batches
        ``(inputs, target)`` or mappings; can be gone through again.
    loss, optimiser, valid, metric
        As for :func:`~inundate.prove.case.make_case`; what :meth:`diagnose` needs.
    every : int
        Looks at each so many steps.

    Examples
    --------
    >>> model = nn.Linear(3, 1)
    >>> data = [(torch.randn(8, 3), torch.randn(8, 1)) for _ in range(4)]
    >>> watch = Watch(model, data)
    >>> for inputs, target in data * 3:
    ...     loss = nn.functional.mse_loss(model(inputs), target)
    ...     loss.backward()  # and optimizer.step() is forgotten
    ...     found = watch.step(loss)
    >>> [finding.cause.value for finding in watch.findings]
    ['weights-do-not-move']
    """

    def __init__(
        self,
        model: nn.Module,
        loader: Iterable[Any],
        *,
        loss: Callable[[Tensor, Tensor], Tensor] | None = None,
        optimiser: torch.optim.Optimizer | None = None,
        valid: Iterable[Any] | None = None,
        metric: Callable[[Tensor, Tensor], Any] | None = None,
        every: int = 1,
    ) -> None:
        self.model = model
        self.findings: list[Finding] = []
        self._case: Case = make_case(
            model, loader, name=type(model).__name__, valid=valid, loss=loss, optimiser=optimiser,
            metric=metric,
        )  # fmt: skip
        self._start = copy.deepcopy(model.state_dict())
        self._every, self._steps = every, 0
        self._idle: dict[str, int] = {}
        self._before: dict[str, Tensor] = {}
        exam = Exam(self._case, Effort(batches=20))
        for probe in (probe_finite, probe_loader, probe_inputs, probe_target):
            for finding in probe(exam):
                if finding.weight == "fault":
                    self._tell(finding)

    def step(self, loss: Tensor | float) -> list[Finding]:
        """Look after a training step; give what is new.

        Parameters
        ----------
        loss : Tensor or float
            Of the step that was just made.
        """
        known = len(self.findings)
        value = float(loss.detach()) if isinstance(loss, Tensor) else float(loss)
        if not math.isfinite(value):
            text = f"the loss is {value} at step {self._steps}"
            self._tell(Finding(Cause.NOT_FINITE_OUTPUT, "fault", text, self._bad()))
        elif self._steps % self._every == 0:
            self._look()
        self._steps += 1
        return self.findings[known:]

    def diagnose(self, *, effort: Effort | None = None, seed: int = 0) -> Verdict:
        """Examine the model from the weights that it had when the watch was made.

        Parameters
        ----------
        effort : Effort, optional
            How long is tried.
        seed : int
            Of the trials.
        """
        now = copy.deepcopy(self.model.state_dict())
        self.model.load_state_dict(self._start)
        try:
            return diagnose(self._case, effort=effort, seed=seed)
        finally:
            self.model.load_state_dict(now)

    def _look(self) -> None:
        pulled = {
            n for n, p in self.model.named_parameters() if p.grad is not None and p.grad.any()
        }
        now = {n: p.detach().clone() for n, p in self.model.named_parameters() if p.requires_grad}
        moved = {n for n in now if n in self._before and not now[n].equal(self._before[n])}
        self._count("moves", bool(pulled) and bool(self._before) and not moved)
        if self._idle.get("moves") == _PATIENCE:
            text = (
                f"for {_PATIENCE} steps no weight has changed, though {len(pulled)} had a gradient"
            )
            self._tell(Finding(Cause.WEIGHTS_DO_NOT_MOVE, "fault", text))
        cleared = not pulled and bool(moved)  # zero_grad comes after the step: nothing to be seen
        for name, module in leaves(self.model).items():
            before = "" if name == "the model" else f"{name}."
            free = [k for k, p in module.named_parameters(recurse=False) if p.requires_grad]
            own = {f"{before}{key}" for key in free}
            self._count(name, bool(own) and not cleared and bool(pulled) and not own & pulled)
        stuck = [n for n, count in self._idle.items() if n != "moves" and count == _PATIENCE]
        if stuck:
            text = f"for {_PATIENCE} steps its gradient was none or 0"
            self._tell(Finding(Cause.NO_GRADIENT, "fault", text, ", ".join(stuck[:3])))
        self._before = now

    def _count(self, name: str, seen: bool) -> None:
        self._idle[name] = self._idle.get(name, 0) + 1 if seen else 0

    def _bad(self) -> str:
        bad = [n for n, p in self.model.named_parameters() if not bool(torch.isfinite(p).all())]
        return bad[0] if bad else "the loss"

    def _tell(self, finding: Finding) -> None:
        if any(f.cause is finding.cause and f.subject == finding.subject for f in self.findings):
            return
        self.findings.append(finding)
        _log.warning("%s. %s. Try first: %s", finding.says, finding.evidence, finding.first)
