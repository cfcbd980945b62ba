"""Healthy models of texts of different lengths, and of classes of each word."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.bodies import optimiser
from inundate.cli.doctor_bench.parts import Parts, Samples
from inundate.core.seeds import make_rng, make_seed

__all__ = ["Recurrent", "mood"]

_WORDS = 60


class Recurrent(nn.Module):
    """Read texts by an LSTM; what fills them up (0) is left out, or not.

    Parameters
    ----------
    pool : str
        ``"last"``: the state after the last place, filled up or not. ``"end"``: that after the
        last word. ``"max"``: the largest over the words.
    """

    def __init__(self, width: int, classes: int, *, pool: str = "end", two_ways: bool = False):
        super().__init__()
        self.pool = pool
        self.embed = nn.Embedding(_WORDS, width)
        self.read = nn.LSTM(width, width, batch_first=True, bidirectional=two_ways)
        self.tell = nn.Linear(width * (2 if two_ways else 1), classes)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (B, L) to (B, K)."""
        states, _ = self.read(self.embed(inputs))  # (B, L, E)
        if self.pool == "max":
            told = states.masked_fill((inputs == 0)[:, :, None], -2.0).amax(1)
        elif self.pool == "end":
            last = (inputs > 0).sum(1).clamp(min=1) - 1
            told = states[torch.arange(len(states)), last]
        else:
            told = states[:, -1]
        found: Tensor = self.tell(told)
        return found


def mood(
    seed: int,
    *,
    count: int = 1000,
    length: int = 40,
    width: int = 24,
    pool: str = "end",
    two_ways: bool = False,
    classes: int = 2,
) -> Parts:
    """Say which mood most words of a text of 4 to 16 words have; 0 fills up to ``length``."""
    rng = make_rng(seed, "doctor-bench", "mood")
    torch.manual_seed(make_seed(seed, "weights", "mood"))
    labels = rng.integers(classes, size=count)
    texts = np.zeros((count, length), np.int64)
    own = 30 // classes
    for row, label in zip(texts, labels, strict=True):
        words = int(rng.integers(4, 17))
        drawn = rng.integers(31, _WORDS, size=words)
        with_mood = rng.choice(words, size=max(2, words // 3), replace=False)
        drawn[with_mood] = rng.integers(1 + own * label, 1 + own * (label + 1), len(with_mood))
        row[:words] = drawn
    model = Recurrent(width, classes, pool=pool, two_ways=two_ways)
    cut = count * 3 // 4
    train, valid = (
        Samples({"input": torch.from_numpy(texts[a:b])}, torch.from_numpy(labels[a:b]))
        for a, b in ((0, cut), (cut, count))
    )
    return Parts("text", model, train, valid, optimiser(5e-3), functional.cross_entropy)
