"""A fault: what is broken in which healthy model, and what the doctor should call it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inundate.cli.doctor_bench.parts import Parts
from inundate.prove.cause import Cause

__all__ = ["Body", "Fault", "Healthy", "body", "flood"]

#: Makes a healthy training from a seed and the folder that keeps data.
Body = Callable[[int, Path], Parts]


def body(make: Callable[..., Parts], **given: object) -> Body:
    """Make a body of a function that needs no folder."""
    return lambda seed, _work: make(seed, **given)


def flood(model: str) -> Body:
    """Make the body of an emulator of the zoo."""

    def make(seed: int, work: Path) -> Parts:
        from inundate.cli.doctor_bench.flood import emulator  # simulates: only when asked for

        return emulator(seed, work, model=model)

    return make


@dataclass(frozen=True)
class Fault:
    """One injected fault.

    Parameters
    ----------
    name : str
        What is broken, in a few words.
    body : callable
        The healthy training.
    breaks : callable
        Puts the fault in.
    cause : Cause
        The right answer.
    seed : int
    shows : str
        What must differ from the healthy training for the fault to be in: one of the names of
        :func:`inundate.cli.doctor_bench.shown.differences`; "" for what was not proven.
    also : tuple of Cause
        Other names that are as right, for a fault that is more than one.
    """

    name: str
    body: Body
    breaks: Callable[[Parts], Parts]
    cause: Cause
    seed: int = 0
    shows: str = ""
    also: tuple[Cause, ...] = ()

    @property
    def right(self) -> tuple[str, ...]:
        """All names that are right, the first one first."""
        return tuple(cause.value for cause in (self.cause, *self.also))

    def make(self, work: Path) -> Parts:
        """Give the broken training."""
        return self.breaks(self.body(self.seed, work))


@dataclass(frozen=True)
class Healthy:
    """A model that nothing is wrong with."""

    name: str
    body: Body
    seed: int

    def make(self, work: Path) -> Parts:
        """Give the training."""
        return self.body(self.seed, work)
