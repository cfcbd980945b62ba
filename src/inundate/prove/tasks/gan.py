"""Generative adversarial network: judged by its samples, since its loss says little."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from inundate.learn.batches import Batch
from inundate.prove.digits import Digits
from inundate.prove.judge import PassLine
from inundate.prove.measure import as_kind, image_grid
from inundate.prove.measure_samples import sample_quality
from inundate.prove.models.gan import GAN
from inundate.prove.task import Budget, Data, Scores, Task
from inundate.prove.tasks.vae import unlabelled

__all__ = ["make_task"]

_DRAWN = 1000


def make_task(digits: Digits) -> Task:
    """Draw digits that lie among the real ones, and of all ten classes.

    Parameters
    ----------
    digits : Digits
    """
    small = digits.embedded
    return Task(
        name="gan",
        title="draw digits, generator against critic",
        kind="image",
        make_data=lambda rng, size: unlabelled(digits, rng, size),
        make_model=lambda data: GAN(digits.side, hidden=128 if small else 256),
        loss=_loss,
        measure=_measure,
        # the running mean of the weights: the last step alone has a mood of its own
        budget=Budget(steps=3000, seconds=30, learning_rate=2e-3, weight_decay=0.0, ema=0.995)
        if small
        else Budget(steps=4000, seconds=90, learning_rate=1e-3, weight_decay=0.0, ema=0.995),
        lines=(
            # 8 x 8: by the rule in docs/proving-ground.md
            PassLine("precision", "pixels drawn independently", 0.37 if small else 0.3),
            PassLine("class_found", "always the commonest class", 0.8),
        ),
        meaning="the critic wins (its loss near 0, the generator gets no gradient) or the "
        "generator draws a few images only (mode collapse); both losses can look calm meanwhile",
    )


def _loss(model: nn.Module, batch: Batch) -> dict[str, Tensor]:
    critic, generator, penalty = as_kind(model, GAN, task="gan")(batch["inputs"])
    return {
        "loss": critic + generator + penalty,
        "critic": critic,
        "generator": generator,
        "penalty": penalty,
    }


def _measure(model: nn.Module, data: Data) -> Scores:
    known = as_kind(model, GAN, task="gan")
    labels = data.train.classes()
    drawn, real = known.draw(_DRAWN), data.train.inputs
    quality = sample_quality(drawn, real, labels)
    mean = real.mean(dim=0)
    spread = real.std(dim=0)
    independent = (mean + spread * torch.randn(_DRAWN, *mean.shape)).clamp(0.0, 1.0)
    commonest = int(torch.bincount(labels).argmax())
    critic, generator, _ = known(data.held_out.inputs)
    return Scores(
        {"precision": quality.precise, "class_found": quality.found},
        {
            "precision": sample_quality(independent, real, labels).precise,
            "class_found": (torch.arange(10) == commonest).double().numpy(),
        },
        figures={
            "recall": quality.recall,
            "critic_loss": float(critic),
            "generator_loss": float(generator),
        },
        pictures={"samples": image_grid(*drawn[:32].split(8))},  # type: ignore[no-untyped-call]
    )
