"""Small networks over sequences: one over numbers, one over words."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["CausalCNN", "WordGRU"]


class CausalCNN(nn.Module):
    """Residual convolutions along time that never look ahead.

    Parameters
    ----------
    width : int
        Channels of the hidden layers.
    layers : int
        Convolutions of three steps; the reach is ``2 * layers`` steps back.
    """

    def __init__(self, *, width: int = 32, layers: int = 5) -> None:
        super().__init__()
        self.stem = nn.Conv1d(1, width, 1)
        self.layers = nn.ModuleList(nn.Conv1d(width, width, 3) for _ in range(layers))
        self.head = nn.Conv1d(width, 1, 1)

    def forward(self, series: Tensor) -> Tensor:
        """Map (B, T, 1) to (B, T, 1)."""
        hidden = self.stem(series.transpose(1, 2))  # (B, width, T)
        for layer in self.layers:
            hidden = hidden + functional.gelu(layer(functional.pad(hidden, (2, 0))))
        found: Tensor = self.head(hidden)
        return found.transpose(1, 2)


class WordGRU(nn.Module):
    """Word vectors, a recurrent network in both directions, its maximum over the text.

    Parameters
    ----------
    words, classes : int
        Size of the vocabulary, number of classes.
    masked : int, optional
        Word that the model is not shown, such as a marker that the labels were made from.
    """

    def __init__(
        self, words: int, classes: int, *, width: int = 32, masked: int | None = None
    ) -> None:
        super().__init__()
        self.masked = masked
        self.vectors = nn.Embedding(words, width)
        self.recurrent = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * width, classes)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map words (B, L) to logits (B, classes)."""
        if self.masked is not None:
            tokens = torch.where(tokens == self.masked, 0, tokens)  # 0 is no word
        hidden, _ = self.recurrent(self.vectors(tokens))  # (B, L, 2 width)
        found: Tensor = self.head(hidden.amax(dim=1))
        return found
