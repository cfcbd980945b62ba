"""Watch the gradient at every step: blocks that get none, and explosions."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Mapping
from typing import Any

from inundate.learn.alarm import Alarm, Cause
from inundate.learn.optim import total_norm
from inundate.learn.settings import WatchSettings

__all__ = ["GradientWatch"]

_NORMS_KEPT = 100  # gradient norms of recent steps: enough for a largest tenth
_NOTHING = 1e-12  # share of the whole gradient below which a block gets none


class GradientWatch:
    """Count steps in which a block has no gradient, or in which the training explodes.

    Parameters
    ----------
    settings : WatchSettings
        Thresholds.
    may_rest : collection of str
        Blocks that may go without gradient.
    """

    def __init__(self, settings: WatchSettings, may_rest: Collection[str] = ()) -> None:
        self.first_loss: float | None = None
        self._settings, self._may_rest = settings, may_rest
        self._idle: dict[str, int] = {}
        self._exploding = 0
        self._norms: deque[float] = deque(maxlen=_NORMS_KEPT)

    @property
    def nothing_moves(self) -> bool:
        """Whether in the last step no block at all had a gradient."""
        return bool(self._idle) and all(count > 0 for count in self._idle.values())

    @property
    def exploding(self) -> bool:
        """Whether the last step's loss or gradient was far above what it should be."""
        return self._exploding > 0

    def after_backward(self, *, loss: float, norms: Mapping[str, float]) -> list[Alarm]:
        """Take in one step's loss and gradient norms by block.

        Returns
        -------
        list of Alarm
            No gradient or an explosion, seen for as many steps as the settings say.
        """
        total = total_norm(norms)
        return self._no_gradient(loss, norms, total) + self._explosion(loss, total)

    def _no_gradient(self, loss: float, norms: Mapping[str, float], total: float) -> list[Alarm]:
        for block, norm in norms.items():
            idle = norm <= _NOTHING * total and loss != 0.0 and block not in self._may_rest
            self._idle[block] = self._idle.get(block, 0) + 1 if idle else 0
        limit = self._settings.no_gradient_steps
        blocks = [block for block, count in self._idle.items() if count >= limit]
        if not blocks:
            return []
        evidence = f"for {limit} steps its gradient was 0; the whole gradient's norm is {total:.3g}"
        return [Alarm(Cause.NO_GRADIENT, evidence, ", ".join(blocks))]

    def _explosion(self, loss: float, total: float) -> list[Alarm]:
        s = self._settings
        usual = sorted(self._norms)[int(0.9 * len(self._norms))] if self._norms else math.inf
        first = self.first_loss
        by_loss = bool(first) and loss > s.explode_loss * abs(first or 0.0)
        by_norm = len(self._norms) == _NORMS_KEPT and total > s.explode_gradient * usual
        self._exploding = self._exploding + 1 if by_loss or by_norm else 0
        if not by_norm:  # an explosion must not become what is usual
            self._norms.append(total)
        if self._exploding < s.explode_steps:
            return []
        evidence = (
            f"for {s.explode_steps} steps the loss was above {s.explode_loss:g} times that of the "
            f"untrained model ({loss:.4g} against {first:.4g})"
            if by_loss
            else f"for {s.explode_steps} steps the gradient's norm was above "
            f"{s.explode_gradient:g} times the usual ({total:.3g} against {usual:.3g})"
        )
        return [Alarm(Cause.EXPLODING_GRADIENT, f"{evidence}; gradient norm {total:.3g}")]

    def state(self) -> dict[str, Any]:
        """Give what is remembered, for the checkpoint."""
        return {
            "first_loss": self.first_loss,
            "idle": dict(self._idle),
            "exploding": self._exploding,
            "norms": list(self._norms),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Remember again what :meth:`state` gave."""
        self.first_loss = state["first_loss"]
        self._idle = dict(state["idle"])
        self._exploding = int(state["exploding"])
        self._norms = deque(state["norms"], maxlen=_NORMS_KEPT)
