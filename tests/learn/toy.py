"""A small problem with a known answer: rain and terrain give depth, as in a bathtub.

Water level is the storm's total rain over the block, and depth is what the level has above
the ground, so neither input alone is enough. The broken models are each broken in one way.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from inundate.core.run import Run
from inundate.learn.batches import TensorBatches
from inundate.learn.probes import threshold_statistics
from inundate.learn.settings import TrainSettings, WatchSettings
from inundate.learn.watch import Watch

SIZE = 8  # cells along each side


def make_samples(count: int = 128, seed: int = 0, lower_m: float = 1.5) -> dict[str, Any]:
    """Give rain (N, 4) in 10 mm h-1, terrain (N, 1, 8, 8) and target (N, 1, 8, 8) in m.

    The larger ``lower_m``, the fewer cells are wet: half of them by default.
    """
    source = torch.Generator().manual_seed(seed)
    rain = torch.rand(count, 4, generator=source) * torch.rand(count, 1, generator=source) * 2
    coarse = torch.randn(count, 1, 4, 4, generator=source)
    terrain = nn.functional.interpolate(coarse, SIZE, mode="bilinear")
    level = rain.sum(1).view(-1, 1, 1, 1) - lower_m
    return {
        "inputs": {"rain": rain, "terrain": terrain},
        "target": (level - terrain).clamp(min=0.0),
    }


def make_batches(
    count: int = 128, seed: int = 0, batch_size: int = 16, **how: Any
) -> TensorBatches:
    return TensorBatches(make_samples(count, seed, **how), batch_size=batch_size, seed=seed)


class Healthy(nn.Module):
    """Sees rain and terrain, and can learn the answer."""

    def __init__(self, seed: int = 0, dropout: float = 0.0) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.ground = nn.Sequential(nn.Conv2d(1, 12, 3, padding=1), nn.ReLU())
            self.storm = nn.Linear(4, 12)
            self.body = nn.Sequential(
                nn.Conv2d(12, 12, 3, padding=1), nn.ReLU(), nn.Dropout(dropout)
            )
            self.head = nn.Conv2d(12, 1, 1)

    def hidden(self, inputs: Mapping[str, Tensor]) -> Tensor:
        return self.ground(inputs["terrain"]) + self.storm(inputs["rain"])[:, :, None, None]

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        return self.head(self.body(self.hidden(inputs)))


class ConstantOutput(Healthy):
    """A scale near zero before the head, like a layer scale that is not trained."""

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        return self.head(1e-6 * self.body(self.hidden(inputs)))


class IgnoresRain(Healthy):
    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        return super().forward({**inputs, "rain": torch.zeros_like(inputs["rain"])})


class IgnoresTerrain(Healthy):
    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        return super().forward({**inputs, "terrain": torch.zeros_like(inputs["terrain"])})


class AllDry(Healthy):
    """Its last ReLU is dead, so every cell is dry and nothing is learnt."""

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        return (super().forward(inputs) - 100.0).clamp(min=0.0)


class NearlyDry(Healthy):
    """A unit slip: the output is in km where the truth is in m, and saturates there."""

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        return 1e-3 * torch.tanh(super().forward(inputs))


class DeadRelu(Healthy):
    """The first block's bias is so low that its ReLU never opens."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        with torch.no_grad():
            self.ground[0].bias.fill_(-100.0)


class Detached(Healthy):
    """The storm branch is cut from the gradient by mistake."""

    def hidden(self, inputs: Mapping[str, Tensor]) -> Tensor:
        storm = self.storm(inputs["rain"]).detach()
        return self.ground(inputs["terrain"]) + storm[:, :, None, None]


class AllWet(Healthy):
    """Every cell is wetter than the threshold, though the pattern is right."""

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        return super().forward(inputs).abs() + 0.06


def loss_fn(model: nn.Module, batch: Mapping[str, Any]) -> dict[str, Tensor]:
    predicted = model(batch["inputs"])
    error = predicted - batch["target"]
    return {"loss": error.square().mean(), "bias": error.detach().mean()}


def all_dry(batch: Mapping[str, Any]) -> Tensor:
    return torch.zeros_like(batch["target"])


def mean_depth(batch: Mapping[str, Any]) -> Tensor:
    return batch["target"].mean().expand_as(batch["target"])


def make_watch(
    *, samples: dict[str, Any] | None = None, how: dict[str, Any] | None = None, **changes: Any
) -> Watch:
    """A watch that looks after each pass (8 steps) over samples that are not trained on."""
    settings = WatchSettings(**{"grace_steps": 40, "patience": 3, "batches": 2, **changes})
    held_out = samples or make_samples(32, seed=100)
    given = {
        "baselines": {"all dry": all_dry, "mean": mean_depth},
        "statistics": threshold_statistics(0.05),
        "settings": settings,
    }
    batches = TensorBatches(held_out, batch_size=16, seed=0, shuffle=False)
    return Watch(batches, **{**given, **(how or {})})


def make_settings(**changes: Any) -> TrainSettings:
    given = {
        "epochs": 30, "learning_rate": 1e-2, "warmup_steps": 5, "checkpoint_every_steps": 40,
        "threads": 1, "device": "cpu", "log_every_steps": 4,
    }  # fmt: skip
    return TrainSettings(**{**given, **changes})


def make_run(path: Path, settings: TrainSettings | None = None) -> Run:
    table = (settings or make_settings()).model_dump(mode="json")
    return Run.create(path, kind="train", config={"train": table})
