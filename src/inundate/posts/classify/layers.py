"""Parts of networks that read posts: words to vectors, steps to one vector a post."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from inundate.posts.classify.words import LETTERS, WordTable

__all__ = ["Pool", "Pooling", "WordLayer", "head"]

Pooling = Literal["max", "mean", "max_mean", "max_mean_attention", "last"]
_LETTER_WIDTH, _LETTER_SPAN = 16, 3


class WordLayer(nn.Module):
    """Give each row of a word table its vector: fixed, plus what was learnt of the word.

    Parameters
    ----------
    table : WordTable
    characters : int
        Numbers that a convolution over the letters of a word adds; 0: none.
    spread : float
        Standard deviation of the learnt vectors at the start.
    """

    vectors: Tensor
    places: Tensor
    letters: Tensor

    def __init__(self, table: WordTable, *, characters: int, spread: float) -> None:
        super().__init__()
        self.own: nn.Embedding | None = None
        if table.own_words:  # otherwise a layer would stand there that nothing trains
            self.own = nn.Embedding(len(table.own_words) + 1, table.width, padding_idx=0)
            nn.init.normal_(self.own.weight, std=spread)
            with torch.no_grad():
                self.own.weight[0] = 0.0
        self.width = table.width + characters
        self.characters: nn.Module | None = None
        if characters:
            self.bytes = nn.Embedding(256, _LETTER_WIDTH, padding_idx=0)
            self.characters = nn.Conv1d(_LETTER_WIDTH, characters, _LETTER_SPAN, padding=1)
        # no part of the weights: the table grows with the words that are met
        self.register_buffer("vectors", torch.zeros(1, table.width), persistent=False)
        self.register_buffer("places", torch.zeros(1, dtype=torch.int64), persistent=False)
        self.register_buffer(
            "letters", torch.zeros(1, LETTERS, dtype=torch.uint8), persistent=False
        )

    def take(self, table: WordTable) -> None:
        """Take the rows of a table that has grown."""
        device = self.vectors.device
        self.vectors = torch.from_numpy(table.vectors.copy()).to(device)
        self.places = torch.from_numpy(table.own.copy()).to(device)
        self.letters = torch.from_numpy(table.letters.copy()).to(device)

    def forward(self, rows: Tensor) -> Tensor:
        """Give vectors (B, L, E) of rows (B, L)."""
        found: Tensor = nn.functional.embedding(rows, self.vectors)
        if self.own is not None:
            found = found + self.own(self.places[rows])
        if self.characters is None:
            return found
        words, place = torch.unique(rows, return_inverse=True)  # each word once: U of B x L
        letters = self.letters[words].long()  # (U, 20)
        spelt = self.characters(self.bytes(letters).transpose(1, 2)).amax(2)  # (U, C)
        return torch.cat([found, torch.tanh(spelt)[place]], dim=2)


class Pool(nn.Module):
    """Turn the steps of a post into one vector, whatever stands behind its end.

    Parameters
    ----------
    width : int
    kind : str
        ``last`` takes the final state of a recurrent network, which its caller must give.
    """

    def __init__(self, width: int, kind: Pooling) -> None:
        super().__init__()
        self.kind = kind
        self.attention = nn.Linear(width, 1) if "attention" in kind else None
        self.width = width * (1 if kind == "last" else len(kind.split("_")))

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """Give (B, parts of the pooling x W) of steps (B, L, W) and lengths (B,)."""
        there = torch.arange(steps.shape[1], device=steps.device) < lengths[:, None]  # (B, L)
        there = there[:, :, None]
        parts = []
        if "max" in self.kind:
            parts.append(steps.masked_fill(~there, -torch.inf).amax(1))
        if "mean" in self.kind:
            parts.append(steps.masked_fill(~there, 0.0).sum(1) / lengths[:, None])
        if self.attention is not None:
            weights = self.attention(steps).masked_fill(~there, -torch.inf).softmax(1)
            parts.append((weights * steps.masked_fill(~there, 0.0)).sum(1))
        return torch.cat(parts, dim=1)


def head(width: int, classes: int, dropout: float) -> nn.Module:
    """Make the last layer: dropout and a linear map to logits."""
    return nn.Sequential(nn.Dropout(dropout), nn.Linear(width, classes))


def cut(inputs: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Give rows (B, L) without the columns that no post reaches, and lengths of at least one.

    A post without words has one row 0, so that every network has a step to read.
    """
    lengths = inputs["length"].clamp(min=1)
    return inputs["rows"][:, : int(lengths.max())], lengths
