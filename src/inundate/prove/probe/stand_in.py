"""A small network of the doctor's own in the place of the user's: can the data be learnt."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.learn.random_state import isolated_random
from inundate.prove.case import Batch
from inundate.prove.exam import Exam, Skill
from inundate.prove.probe.ahead import is_next
from inundate.prove.probe.data import channel_stats, gather
from inundate.prove.trial import Trial, run_trial

__all__ = ["STAND_IN_RATE", "STAND_IN_TIMES", "stand_in_skill", "stand_in_trial"]

_WIDTH = 24
_SMALL = 0.3  # deviation of what kinds are looked up as
STAND_IN_RATE = 5e-3
STAND_IN_TIMES = 2  # as many steps as the user's model has had
_LEAST = 3  # places of a text or series
_CELLS = 8  # along a side of a map that a flat layer reads


class _Tokens(nn.Module):
    """Reads whole numbers (B, L) one after the other."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, _WIDTH)
        self.read = nn.GRU(_WIDTH, _WIDTH, batch_first=True)

    def forward(self, tokens: Tensor) -> Tensor:
        """Give (B, 3 E): the last state, the mean and the largest."""
        words = tokens.long().clamp(0, self.embed.num_embeddings - 1)
        return _pooled(self.read(self.embed(words))[0])


class _Kinds(nn.Module):
    """Looks up whole numbers (B,), each of a kind of its own."""

    def __init__(self, kinds: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(kinds, _WIDTH)
        nn.init.normal_(self.embed.weight, std=_SMALL)  # of kinds that are seen seldom

    def forward(self, kinds: Tensor) -> Tensor:
        """Give (B, E)."""
        found: Tensor = self.embed(kinds.long().clamp(0, self.embed.num_embeddings - 1))
        return found


class _Series(nn.Module):
    """Reads values (B, T, C) one step after the other."""

    def __init__(self, example: Tensor) -> None:
        super().__init__()
        self.read = nn.GRU(example.shape[2], _WIDTH, batch_first=True)

    def forward(self, series: Tensor) -> Tensor:
        """Give (B, 3 E)."""
        return _pooled(self.read(series)[0])


def _pooled(states: Tensor) -> Tensor:
    return torch.cat([states[:, -1], states.mean(1), states.amax(1)], 1)


class _Maps(nn.Module):
    """Reads maps (B, C, H, W) by two convolutions, each place by itself."""

    def __init__(self, example: Tensor) -> None:
        super().__init__()
        self.first = nn.Conv2d(example.shape[1], _WIDTH, 3, padding=1)
        self.second = nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1)

    def forward(self, maps: Tensor) -> Tensor:
        """Give (B, E h w)."""
        found = self.second(functional.relu(self.first(maps))).relu()
        size = (min(_CELLS, maps.shape[2]), min(_CELLS, maps.shape[3]))
        return functional.adaptive_avg_pool2d(found, size).flatten(1)


class _EachPlace(nn.Module):
    """Tells of each place of a text (B, L) or series (B, T, C) from what is around it."""

    def __init__(self, exam: Exam, name: str, axis: int) -> None:
        super().__init__()
        value = exam.train[0]["inputs"][name]
        self.axis, self.scale = axis, _scale(exam, name, value)
        words = not value.is_floating_point()
        values = gather(exam.train, name)
        most = int((value if values is None else values).max()) if words else 0
        self.embed = nn.Embedding(most + 1, _WIDTH) if words else None
        # the next word must not be read off
        both = not is_next(value, exam.train[0]["target"])
        self.read = nn.GRU(
            _WIDTH if words else value.shape[2], _WIDTH, batch_first=True, bidirectional=both
        )
        self.shape = exam.output.shape
        told = self.shape.numel() // (self.shape[0] * self.shape[axis])
        self.tell = nn.Sequential(
            nn.Linear((1 + both) * _WIDTH, 2 * _WIDTH), nn.ReLU(), nn.Linear(2 * _WIDTH, told)
        )

    def forward(self, *inputs: Any, **named: Any) -> Tensor:
        """Answer for a batch, with the places on the axis on which the user's model has them."""
        (value,) = [*inputs, *named.values()]
        if isinstance(value, dict):
            (value,) = value.values()
        if self.embed is not None:
            value = self.embed(value.long().clamp(0, self.embed.num_embeddings - 1))
        else:
            value = _StandIn._scaled(value, self.scale)
        told: Tensor = self.tell(self.read(value)[0])  # (B, L, K)
        if len(self.shape) == 2:
            return told[..., 0]
        return told if self.axis == 1 else told.transpose(1, 2)


def _made(exam: Exam) -> nn.Module | None:
    """Make a network for the user's inputs and outputs; None if it is none for such."""
    inputs, shape = exam.train[0]["inputs"], exam.output.shape
    name, value = next(iter(inputs.items()))
    series = value.ndim == (3 if value.is_floating_point() else 2)
    if len(inputs) == 1 and series and len(shape) in (2, 3) and exam.typical["target"].ndim > 1:
        axes = [axis for axis in range(1, len(shape)) if shape[axis] == value.shape[1]]
        if axes and value.shape[1] > _LEAST:
            return _EachPlace(exam, name, axes[0])
    return _StandIn(exam) if len(shape) <= 2 else None


class _StandIn(nn.Module):
    """Gives an output of the shape of the user's model's."""

    def __init__(self, exam: Exam) -> None:
        super().__init__()
        self.shape = exam.output.shape[1:]
        self.parts = nn.ModuleList()
        self.scales: list[tuple[Tensor, Tensor] | None] = []
        width = 0
        for name, value in exam.train[0]["inputs"].items():
            part = _reader(exam, name, value)
            self.scales.append(_scale(exam, name, value))
            self.parts.append(part)
            width += part(self._scaled(value, self.scales[-1])).shape[1]
        self.tell = nn.Sequential(
            nn.Linear(width, 2 * _WIDTH), nn.ReLU(), nn.Linear(2 * _WIDTH, self.shape.numel())
        )

    @staticmethod
    def _scaled(value: Tensor, scale: tuple[Tensor, Tensor] | None) -> Tensor:
        return value if scale is None else (value.float() - scale[0]) / scale[1]

    def forward(self, *inputs: Any, **named: Any) -> Tensor:
        """Answer for a batch, however the user's model is called."""
        values = [*inputs, *named.values()]
        if len(values) == 1 and isinstance(values[0], dict):
            values = list(values[0].values())
        found = [
            part(self._scaled(value, scale))
            for part, value, scale in zip(self.parts, values, self.scales, strict=True)
        ]
        told: Tensor = self.tell(torch.cat(found, 1))
        kinds = [f for f, part in zip(found, self.parts, strict=True) if isinstance(part, _Kinds)]
        for one, other in itertools.combinations(kinds, 2):  # who likes what
            told = told + (one * other).sum(1, keepdim=True)
        return told.reshape(len(told), *self.shape)


def _reader(exam: Exam, name: str, value: Tensor) -> nn.Module:
    if not value.is_floating_point():
        values = gather(exam.train, name)
        most = int(value.max()) if values is None else int(values.max())
        return _Kinds(most + 1) if value.ndim == 1 else _Tokens(most + 1)
    if value.ndim == 4:
        return _Maps(value)
    return _Series(value) if value.ndim == 3 else nn.Flatten()


def _scale(exam: Exam, name: str, value: Tensor) -> tuple[Tensor, Tensor] | None:
    values = gather(exam.learnt, name)
    if not value.is_floating_point() or values is None:
        return None
    series = values.ndim == 3
    mean, spread = channel_stats(values.movedim(-1, 1) if series else values)
    shape = (1, 1, -1) if series else (1, -1, *[1] * (values.ndim - 2))
    wide = torch.from_numpy(spread).float().reshape(shape)
    return torch.from_numpy(mean).float().reshape(shape), torch.where(wide > 0, wide, 1.0)


def stand_in_skill(exam: Exam) -> Skill | None:
    """Train the doctor's own network by the user's loss, and score it on unseen samples.

    Returns
    -------
    Skill or None
        None for answers of each place of a map, and where it cannot be run.
    """
    trial = stand_in_trial(exam, exam.learnt)
    if trial is None:
        return None
    skill = exam.skill(trial.model, exam.valid)
    exam.figures["skill_valid, by a network of the doctor"] = skill.value
    return skill


def stand_in_trial(exam: Exam, batches: Sequence[Batch]) -> Trial | None:
    """Train the doctor's own network by the user's loss on some batches.

    Returns
    -------
    Trial or None
        None for answers of each place of a map, and where it cannot be run.
    """
    if exam.output.ndim > 3 or exam.case.trained or not exam.comparable:
        return None
    try:
        with isolated_random(exam.seed, "doctor", "stand-in"):
            model = _made(exam)
        if model is None:
            return None
        case = dataclasses.replace(exam.case, model=model, optimiser=_adam, step=None)
        steps = STAND_IN_TIMES * exam.effort.all_batches
        trial = run_trial(case, batches, steps, seed=exam.seed)
    except Exception:  # noqa: BLE001  inputs of a kind that it cannot read, a loss of its own
        return None
    return None if trial.broke else trial


def _adam(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.Adam(model.parameters(), lr=STAND_IN_RATE)
