"""Targets that inputs were made from: in order, by class, as means of groups, drawn on images."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["by_class", "drawn_on", "group_means", "in_order", "told_by_others"]

Floats = NDArray[np.float64]

_COLUMNS = 4096
_LIKELY = 0.6  # correlation from which a column is looked at
_KINDS = 20  # different targets, from which they are numbers and no classes
_LEVELS = 8  # different values of a column
_PURE = 20  # samples of one class at either end of a column
_GROUPS = 12  # groups of samples that share a number
_WITHIN = 0.05  # of the variance of a target, that is left within those
_CHANCE = 0.02  # of the variance that means of groups have by chance
_NEARER = 0.1  # of the variance of a share by chance
_MARK = 0.3  # of the numbers of an image, that a mark takes at most
_BEYOND = 0.02  # of the range of an image, by which a mark stands out
_MARKED = 0.9  # of the images
_TELLS = 0.99  # of the variance of each target, that the places of a mark tell
_IMAGES = 400
_ALL_RIGHT = 0.99  # of the classes, that the other columns tell


def in_order(flat: Tensor, target: Tensor) -> int | None:
    """Find a column that parts the targets: none of a lower value has a higher target.

    As a rounded target does, its logarithm, or its rank.

    Parameters
    ----------
    flat : Tensor (N, F)
    target : Tensor (N,)
        Numbers of many values.
    """
    given, wanted = flat[:, :_COLUMNS].double().numpy(), target.double().numpy()
    if len(np.unique(wanted)) <= _KINDS:
        return None
    centred = given - given.mean(0)
    scale = np.linalg.norm(centred, axis=0) * np.linalg.norm(wanted - wanted.mean())
    along = np.abs((wanted - wanted.mean()) @ centred) / np.maximum(scale, 1e-12)
    for place in np.argsort(-along)[:8]:
        if along[place] < _LIKELY:
            break
        if _parts(given[:, place], wanted) or _parts(given[:, place], -wanted):
            return int(place)
    return None


def _parts(column: Floats, wanted: Floats) -> bool:
    values, group = np.unique(column, return_inverse=True)
    if len(values) < 2:
        return False
    low, high = np.full(len(values), np.inf), np.full(len(values), -np.inf)
    np.minimum.at(low, group, wanted)
    np.maximum.at(high, group, wanted)
    counts = np.bincount(group)
    if len(values) < _LEVELS or counts.max() > 0.5 * len(column):
        return False
    return bool((high[:-1] <= low[1:]).all())


def by_class(flat: Tensor, target: Tensor) -> list[int]:
    """Find columns of which each tells one class from all others, as those of one-hot labels.

    Parameters
    ----------
    flat : Tensor (N, F)
    target : Tensor (N,)
        Classes, three or more.
    """
    kinds = torch.unique(target)
    if not 3 <= len(kinds) <= _KINDS or flat.shape[1] < len(kinds):
        return []
    found = []
    for kind in kinds:
        inside = target == kind
        if int(inside.sum()) < 2:
            return []
        one, other = flat[inside][:, :_COLUMNS], flat[~inside][:, :_COLUMNS]
        above = one.min(0).values > other.max(0).values
        below = one.max(0).values < other.min(0).values
        places = torch.nonzero(above | below)[:, 0]
        if not len(places):
            return []
        found.append(int(places[0]))
    return found if len(set(found)) >= len(kinds) - 1 else []


def group_means(flat: Tensor, target: Tensor) -> int | None:
    """Find a column of which each value is the mean of the targets of the samples that have it.

    Such a mean was taken with the sample's own target. It is told from a number that has to do
    with the target by what chance would leave: means of a few samples differ by their scatter.

    Parameters
    ----------
    flat : Tensor (N, F)
    target : Tensor (N,)
    """
    given, wanted = flat[:, :_COLUMNS].double().numpy(), target.double().numpy()
    spread = float(wanted.var())
    if spread <= 0:
        return None
    for place in range(given.shape[1]):
        values, group, counts = np.unique(given[:, place], return_inverse=True, return_counts=True)
        held = counts >= 2
        if _shares(values, np.bincount(group, wanted) / counts, counts):
            return place
        if held.sum() < _GROUPS or counts[held].sum() < 0.3 * len(wanted):
            continue
        means = np.bincount(group, wanted) / counts
        squares = np.bincount(group, (wanted - means[group]) ** 2)
        within = squares[held].sum() / (counts[held] - 1).sum()
        if within < _WITHIN * spread:
            continue
        if len(np.unique(np.round(means[held], 9))) < 3 or len(values) < _GROUPS:
            continue
        # a mean that is drawn towards that of all goes with the number of samples as well
        size = 1.0 / counts[held]
        rows = np.stack([np.ones_like(size), values[held], size, values[held] * size], 1)
        rows = (rows - rows.mean(0)) / np.maximum(rows.std(0), 1e-12)
        rows[:, 0] = 1.0
        told = np.linalg.lstsq(rows, means[held], rcond=None)[0]
        left = np.median((means[held] - rows @ told) ** 2 * counts[held])
        if left < _CHANCE * within:
            return place
    return None


def _shares(values: Floats, means: Floats, counts: NDArray[np.int64]) -> bool:
    """Whether each value says which share of its samples is of one class, of two.

    At both ends all are of one class, and between them the shares are nearer to the values than
    those of drawn samples would be.
    """
    if not 3 <= len(values) <= _KINDS or {means[0], means[-1]} != {0.0, 1.0}:
        return False
    if min(counts[0], counts[-1]) < _PURE:
        return False
    told = means[0] + (means[-1] - means[0]) * (values - values[0]) / (values[-1] - values[0])
    inner = told[1:-1]
    away = (means[1:-1] - inner) ** 2 * counts[1:-1] / (inner * (1.0 - inner))
    return bool(counts[1:-1].sum() >= _PURE and away.mean() < _NEARER)


def drawn_on(images: Tensor, target: Tensor) -> str:
    """Say where on images (N, C, H, W) a mark of one value tells all numbers of a target (N, K).

    A mark stands out: all its cells have the one value, and nothing comes near to that.
    """
    images = images[:_IMAGES].double()
    wanted = target[:_IMAGES].double().reshape(len(images), -1).numpy()
    if len(images) < 40 or wanted.shape[1] > 16 or wanted.std(0).min() <= 0:
        return ""
    for channel in range(images.shape[1]):
        held = images[:, channel]
        for top in (True, False):
            mark = held.amax() if top else held.amin()
            cells = held == mark
            rest = held[~cells]
            if not len(rest) or not 0 < float(cells.double().mean()) < _MARK:
                continue
            range_ = float(held.max() - held.min())
            near = rest.max() if top else rest.min()
            if abs(float(mark - near)) < _BEYOND * range_:
                continue  # what was cut off at the end of a range
            if len(torch.unique(rest)) < 0.1 * len(rest):
                continue  # images of a few values, drawn as they are
            if float((cells.flatten(1).sum(1) >= 2).double().mean()) < _MARKED:
                continue
            if _told_by(cells, wanted):
                where = "highest" if top else "lowest"
                return f"the cells of the {where} value, {float(mark):.4g}, in channel {channel}"
    return ""


def _told_by(cells: Tensor, wanted: Floats) -> bool:
    """Whether the places of marked cells (N, H, W) tell each number (N, K) of a target."""
    rows, columns = cells.any(2).double().numpy(), cells.any(1).double().numpy()
    some = cells.flatten(1).any(1).numpy()
    parts = [np.ones(len(rows))]
    for line in (rows, columns):
        length = line.shape[1]
        places = np.arange(length)
        parts += [
            line.argmax(1), length - 1 - line[:, ::-1].argmax(1),
            (line * places).sum(1) / np.maximum(line.sum(1), 1), line.sum(1),
        ]  # fmt: skip
    parts.append(cells.flatten(1).sum(1).double().numpy())
    features, asked = np.stack(parts, 1)[some], wanted[some]
    half = len(features) // 2
    told = np.linalg.lstsq(features[:half], asked[:half], rcond=None)[0]
    left = ((asked[half:] - features[half:] @ told) ** 2).mean(0)
    return bool((left < (1 - _TELLS) * asked[half:].var(0)).all())


def told_by_others(flat: Tensor, target: Tensor, place: int) -> bool:
    """Say whether a column of many values tells no more of the classes than all others do.

    As where the kinds lie far apart in all that is measured of them: one of many numbers then
    parts them by chance. What was made from the target has a few values, or tells more.

    Parameters
    ----------
    flat : Tensor (N, F)
    target : Tensor (N,)
        Whole numbers.
    place : int
        Of the column.
    """
    if flat.shape[1] < 2 or len(torch.unique(flat[:, place])) <= _KINDS:
        return False
    kinds, classes = torch.unique(target, return_inverse=True)
    rest = torch.cat([flat[:, :place], flat[:, place + 1 : _COLUMNS]], 1).double()
    rest = (rest - rest.mean(0)) / rest.std(0).clamp(min=1e-9)
    wanted = torch.nn.functional.one_hot(classes, len(kinds)).double()
    half = len(rest) // 2
    middle = wanted[:half].mean(0)
    gram = rest[:half].T @ rest[:half] + 1.0 * torch.eye(rest.shape[1], dtype=rest.dtype)
    told = rest[half:] @ torch.linalg.solve(gram, rest[:half].T @ (wanted[:half] - middle))
    right = (told + middle).argmax(1) == classes[half:]
    return float(right.double().mean()) >= _ALL_RIGHT
