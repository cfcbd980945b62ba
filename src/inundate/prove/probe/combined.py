"""A column that was made of the target and another column: a ratio, product, sum or difference."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["combined"]

_MOST = 48  # columns, of which all pairs are looked at
_SAMPLES = 400  # of each pair; what is exact is exact in a few
_KINDS = 20  # different targets, from which they are numbers and no classes
_EXACT = 1e-4  # of the variance, that is left: rounding to a few digits leaves more than nothing
_COUNTED = 0.5  # of the targets, that are above 0
_OWN = 0.03  # of the variance, that each of the two must tell beyond the other


def combined(values: Tensor, target: Tensor) -> list[tuple[int, int]]:
    """Find two columns that give the target together, exactly, by one sum, product or ratio.

    ``a + b x + c y + d x y`` is what sums, differences, products and ratios are, whatever mean and
    scale the three were brought to; powers and their products are sums of logarithms.

    Parameters
    ----------
    values : Tensor (N, F)
    target : Tensor (N,)

    Returns
    -------
    list of tuple of int
        Pairs of columns, the one that is left least first.
    """
    if len(torch.unique(target)) <= _KINDS or not 3 <= values.shape[1] <= _MOST:
        return []
    found = _pairs(values, target)
    found += _by_logarithms(values, target)
    return list(dict.fromkeys(found))


def _by_logarithms(values: Tensor, target: Tensor) -> list[tuple[int, int]]:
    """Find pairs by the logarithms of what is above 0; columns may be logarithms themselves.

    Targets may be counts, of which some are 0: those tell nothing.
    """
    told = target > 0
    if float(target.min()) < 0 or float(told.double().mean()) < _COUNTED:
        return []
    values, target = values[told], target[told]
    above = [place for place in range(values.shape[1]) if float(values[:, place].min()) > 0]
    if not above:
        return []
    columns, places = [values[:, above].log()], above
    if values.shape[1] + len(above) <= _MOST:
        columns.append(values)
        places = [*above, *range(values.shape[1])]
    pairs = _pairs(torch.cat(columns, 1), target.log())
    named = [(places[one], places[other]) for one, other in pairs]
    return [(one, other) for one, other in named if one != other]


def _pairs(values: Tensor, target: Tensor) -> list[tuple[int, int]]:
    step = -(-len(values) // _SAMPLES)
    few, wanted = _scaled(values[::step]), _scaled(target[::step, None])
    pairs = torch.combinations(torch.arange(values.shape[1]), 2)
    one, other = few[:, pairs[:, 0]].T, few[:, pairs[:, 1]].T  # (P, N)
    held = wanted.T.expand_as(one)
    exact = torch.ones(len(pairs))
    for asked, first, second in ((held, one, other), (one, held, other), (other, held, one)):
        left = _left(asked, first, second)
        # the two must be needed, each of them: a copy is told elsewhere
        apart = (1.0 - _correlation(asked, first) > _OWN) & (
            1.0 - _correlation(asked, second) > _OWN
        )
        exact = torch.minimum(exact, torch.where(apart, left, 1.0))
    order = [int(place) for place in exact.argsort() if float(exact[place]) < _EXACT]
    return [(int(pairs[place, 0]), int(pairs[place, 1])) for place in order]


def _scaled(values: Tensor) -> Tensor:
    values = values.double()
    found: Tensor = (values - values.mean(0)) / values.std(0).clamp(min=1e-12)
    return found


def _left(asked: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Give what ``a + b x + c y + d x y`` leaves of the variance of numbers, all (P, N)."""
    rows = torch.stack([torch.ones_like(first), first, second, first * second], 2)
    rows = rows / rows.square().mean(1, keepdim=True).sqrt().clamp(min=1e-12)
    gram = rows.mT @ rows + 1e-9 * rows.shape[1] * torch.eye(4, dtype=rows.dtype)
    told = torch.linalg.solve(gram, rows.mT @ asked[..., None])
    left = (asked - (rows @ told)[..., 0]).square().mean(1)
    share: Tensor = left / asked.var(1).clamp(min=1e-12)
    return share.float()


def _correlation(one: Tensor, other: Tensor) -> Tensor:
    """Give squared correlations of scaled numbers (P, N)."""
    return (one * other).mean(1).square()
