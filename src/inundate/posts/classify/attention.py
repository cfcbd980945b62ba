"""A transformer encoder over the words of a post, trained from scratch."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from inundate.posts.classify.layers import Pool, WordLayer, cut, head

__all__ = ["TransformerNetwork"]


class TransformerNetwork(nn.Module):
    """Self-attention over the words that are there; maximum and mean; linear.

    Parameters
    ----------
    words : WordLayer
    width : int
    heads : int
        A divisor of ``width``.
    layers : int
    dropout : float
    classes : int

    Source
    ------
    Vaswani et al. (2017), arXiv:1706.03762; norms first as in Xiong et al. (2020),
    arXiv:2002.04745, which needs no long warm-up.
    """

    def __init__(
        self,
        words: WordLayer,
        *,
        width: int,
        heads: int,
        layers: int,
        dropout: float,
        classes: int,
    ) -> None:
        super().__init__()
        self.words = words
        self.width = width
        self.enter = nn.Linear(words.width, width)
        layer = nn.TransformerEncoderLayer(
            width,
            heads,
            dim_feedforward=2 * width,
            dropout=dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)
        self.pool = Pool(width, "max_mean")
        self.head = head(self.pool.width, classes, dropout)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Give logits (B, K) of ``rows`` (B, L) and ``length`` (B,)."""
        rows, lengths = cut(inputs)
        steps = self.enter(self.words(rows)) + _positions(rows.shape[1], self.width, rows.device)
        absent = torch.arange(rows.shape[1], device=rows.device) >= lengths[:, None]  # (B, L)
        steps = self.norm(self.encoder(steps, src_key_padding_mask=absent))
        logits: Tensor = self.head(self.pool(steps, lengths))
        return logits


def _positions(length: int, width: int, device: torch.device) -> Tensor:
    """Give sines and cosines of each place (L, W)."""
    place = torch.arange(length, device=device)[:, None].float()
    rate = torch.exp(torch.arange(0, width, 2, device=device) * (-math.log(10_000.0) / width))
    found = torch.zeros(length, width, device=device)
    found[:, 0::2] = torch.sin(place * rate)
    found[:, 1::2] = torch.cos(place * rate[: width // 2])
    return found
