"""The language model around an ELMo in training: predict the next word, and the one before."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.learn.batches import Batch, Batches, to_device
from inundate.learn.probes import evaluating
from inundate.posts.embed.elmo_network import BiLm

__all__ = ["LanguageModel", "language_loss", "perplexities"]


class LanguageModel(nn.Module):
    """An ELMo and the layer that predicts words from it, one for both directions.

    Parameters
    ----------
    network : BiLm
        What is kept afterwards.
    words : int
        Size of the vocabulary, whose words stand in falling order of their counts.
    samples : int
        Words that a training step compares the true one with; 0: all.
    """

    def __init__(self, network: BiLm, words: int, *, samples: int = 0) -> None:
        super().__init__()
        self.network = network
        self.predict = nn.Linear(network.options.lstm.projection_dim, words)
        self.samples = samples

    @torch.no_grad()
    def start_from(self, counts: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        """Let the untrained model predict each word as often as it is met, (V,) times.

        What counting knows need not be learnt: a training begins near the perplexity of single
        words instead of at the size of the vocabulary.
        """
        shares = (counts + 1.0) / (counts + 1.0).sum()
        self.predict.bias.copy_(torch.from_numpy(np.log(shares)))
        self.predict.weight.mul_(0.1)  # so that the random rest of a prediction is small

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Give the negative log-likelihoods (T,) of each word forwards, and backwards.

        Words are predicted from the words before them, the end included, and from those after
        them, the beginning included. In training they may be compared with a sample of words.
        """
        vectors = self.network.words(batch["characters"])
        lengths, targets = batch["lengths"], batch["targets"]
        top = self.network(vectors[batch["places"]], lengths).layers[-1]
        ahead, back = top.chunk(2, dim=2)  # (B, L, P)
        real = targets >= 0
        after = real[:, 1:]  # the place to the right holds a word
        candidates = self._draw(targets.device) if self.training and self.samples else None
        forwards = self._losses(ahead[:, :-1][after], targets[:, 1:][after], candidates)
        backwards = self._losses(back[:, 1:][after], targets[:, :-1][after], candidates)
        return forwards, backwards

    def _losses(self, hidden: Tensor, targets: Tensor, candidates: Tensor | None) -> Tensor:
        if candidates is None:
            return functional.cross_entropy(self.predict(hidden), targets, reduction="none")
        weight, bias = self.predict.weight, self.predict.bias
        chance = self._log_chance(candidates)
        others = functional.linear(hidden, weight[candidates], bias[candidates]) - chance
        others = others.masked_fill(targets.unsqueeze(1) == candidates, -math.inf)
        true = (hidden * weight[targets]).sum(dim=1) + bias[targets] - self._log_chance(targets)
        return torch.logsumexp(torch.cat([true.unsqueeze(1), others], dim=1), dim=1) - true

    def _draw(self, device: torch.device) -> Tensor:
        """Draw distinct words, common ones more often, from PyTorch's own random state.

        Source: Jean et al. (2015), arXiv:1412.2007; log-uniform draws as in TensorFlow.
        """
        words = self.predict.out_features
        drawn = torch.exp(torch.rand(self.samples, device=device) * math.log(words + 1)) - 1.0
        found: Tensor = torch.unique(drawn.long().clamp(max=words - 1))
        return found

    def _log_chance(self, words: Tensor) -> Tensor:
        """Give the logarithm of the chance that a word is among the drawn ones."""
        place = words.double()
        once = torch.log((place + 2.0) / (place + 1.0)) / math.log(self.predict.out_features + 1)
        never = self.samples * torch.log1p(-once)
        chance: Tensor = torch.log(-torch.expm1(never)).float()
        return chance


def language_loss(model: nn.Module, batch: Batch) -> Mapping[str, Tensor]:
    """Give the mean loss of both directions, for the training loop."""
    forwards, backwards = model(batch)
    ahead, back = forwards.mean(), backwards.mean()
    return {"loss": 0.5 * (ahead + back), "forwards": ahead, "backwards": back}


def perplexities(batches: Batches) -> Callable[[nn.Module], dict[str, float]]:
    """Make a validation that gives perplexities over whole held-out sentences.

    All words of the vocabulary are compared, also where training compares a sample.
    """

    def validate(model: nn.Module) -> dict[str, float]:
        sums, count = [0.0, 0.0], 0
        device = next(model.parameters()).device
        with evaluating(model):
            for index in range(len(batches)):
                found = model(to_device(batches.batch(0, index), device))
                count += len(found[0])
                sums = [
                    total + float(part.double().sum())
                    for total, part in zip(sums, found, strict=True)
                ]
        ahead, back = (total / count for total in sums)
        return {
            "loss": 0.5 * (ahead + back),
            "perplexity": math.exp(0.5 * (ahead + back)),
            "perplexity_forwards": math.exp(ahead),
            "perplexity_backwards": math.exp(back),
        }

    return validate
