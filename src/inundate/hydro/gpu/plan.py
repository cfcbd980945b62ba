"""How long the steps of each member are, on the device: the same plan as the compiled kernel's.

On a large grid that kernel takes several steps of one length at once. Here they are taken one by
one, but planned alike, so that both take the same steps and their answers differ by rounding.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from inundate.hydro.inertial import LEVELS
from inundate.hydro.state import DEPTH_LIMIT_M, Scheme
from inundate.hydro.timestep import GRAVITY, courant_limit

__all__ = ["LEAST_SHARE", "RISE", "Clock", "after_step", "before_step", "begin_clock", "levels_of"]

# as in inundate.hydro.inertial
_LEVELS_FROM = 32_768
RISE = 1.5
LEAST_SHARE = 0.95


class Clock(NamedTuple):
    """Time of each member, (B,) float64.

    Attributes
    ----------
    done : tensor, s
        Time of the steps planned before.
    step : tensor, s
        Length of the steps of this plan.
    planned, left, may : tensor
        Steps of this plan, how many of them are still to be taken, and how many the next may have.
    before, highest : tensor, m
        Largest depth at the start of the plan, and since.
    rise : tensor, m s-1
        Of the largest depth during the last plan.
    deepest : tensor, m
        Largest depth now.
    """

    done: Tensor
    step: Tensor
    planned: Tensor
    left: Tensor
    may: Tensor
    before: Tensor
    highest: Tensor
    rise: Tensor
    deepest: Tensor

    def seconds(self) -> Tensor:
        """Give the time of all steps taken."""
        return self.done + (self.planned - self.left) * self.step * (self.left > 0)

    def is_active(self, duration: Tensor) -> Tensor:
        """Tell which members have steps to take and have not broken down."""
        return (self.done < duration) & (self.deepest < DEPTH_LIMIT_M)


def levels_of(cells: int) -> int:
    """Give how many steps may share a length on a grid of so many cells."""
    return LEVELS if cells >= _LEVELS_FROM else 1


def begin_clock(deepest: Tensor) -> Clock:
    """Give the clock before the first step."""
    zero, one = torch.zeros_like(deepest), torch.ones_like(deepest)
    return Clock(zero, one, zero, zero, one, deepest, deepest, zero, deepest)


def before_step(
    clock: Clock, duration: Tensor, beyond: float, dx: float, scheme: Scheme, most: int
) -> Clock:
    """Plan steps where none are left.

    Parameters
    ----------
    clock : Clock
        Before the step.
    duration : tensor (B,), s
        Where each member's time ends.
    beyond : float
        Largest depth beyond the edges, m.
    dx : float
        Side of a cell, m.
    scheme : Scheme
        Numbers of the scheme.
    most : int
        Steps of a plan.
    """

    def longest(depth: Tensor) -> Tensor:
        return (scheme.courant * dx / (GRAVITY * depth).sqrt()).clamp(max=scheme.max_step_s)

    deepest = clock.deepest
    still = deepest.clamp(min=max(beyond, scheme.depth_min_m))
    alone = longest(still)
    count = clock.may.clamp(max=most)
    step, is_found = alone, torch.zeros_like(count, dtype=torch.bool)
    for _ in range(max(most.bit_length() - 1, 0)):
        risen = torch.maximum(still, deepest + RISE * clock.rise * alone * (count - 1))
        shorter = longest(risen)
        fits = ~is_found & (count > 1) & (shorter >= LEAST_SHARE * alone)
        step = torch.where(fits, shorter, step)
        is_found = is_found | fits
        count = torch.where(is_found | (count <= 1), count, torch.floor(count / 2))
    left = duration - clock.done
    needed = torch.ceil(left / step)
    is_end = needed <= count.clamp(min=2)  # even steps rather than a sliver at the end
    step = torch.where(is_end, left / needed.clamp(min=1), step)
    count = torch.where(is_end, torch.minimum(count, needed), count)
    is_new = (clock.left == 0) & clock.is_active(duration)
    return clock._replace(
        step=torch.where(is_new, step, clock.step),
        planned=torch.where(is_new, count, clock.planned),
        left=torch.where(is_new, count, clock.left),
        before=torch.where(is_new, deepest, clock.before),
        highest=torch.where(is_new, deepest, clock.highest),
    )


def after_step(clock: Clock, duration: Tensor, largest: Tensor, active: Tensor, dx: float) -> Clock:
    """Account for a step.

    Parameters
    ----------
    clock : Clock
        As :func:`before_step` gave it.
    duration : tensor (B,), s
        Where each member's time ends.
    largest : tensor (B,), m
        Largest depth that was found.
    active : tensor (B,), bool
        Members that took the step.
    dx : float
        Side of a cell, m.
    """
    deepest = torch.where(active, largest, clock.deepest)
    left = clock.left - active.to(clock.left.dtype)
    is_over = active & (left == 0) & (deepest < DEPTH_LIMIT_M)
    highest = torch.where(active & (left > 0), torch.maximum(clock.highest, deepest), clock.highest)
    whole = clock.planned * clock.step
    after = torch.where(whole >= duration - clock.done, duration, clock.done + whole)
    rise = (deepest - clock.before).clamp(min=0) / whole
    is_fast = clock.step * (GRAVITY * highest).sqrt() > courant_limit() * dx
    may = torch.where(is_fast, 1.0, 2 * clock.planned)
    return clock._replace(
        done=torch.where(is_over, after, clock.done),
        left=left,
        may=torch.where(is_over, may, clock.may),
        highest=highest,
        rise=torch.where(is_over, rise, clock.rise),
        deepest=deepest,
    )
