"""Recurrent networks over the words of a post, and the one of the original that never learnt."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from inundate.posts.classify.layers import Pool, Pooling, WordLayer, cut, head

__all__ = ["OriginalNetwork", "RecurrentNetwork"]


class RecurrentNetwork(nn.Module):
    """LSTM over packed sequences, so that padding is never read; pooled; linear.

    Parameters
    ----------
    words : WordLayer
    width : int
        Numbers a step and direction.
    layers : int
    both_ways : bool
        Whether it also reads from the end.
    pooling : str
    dropout : float
    classes : int
        K.
    """

    def __init__(
        self,
        words: WordLayer,
        *,
        width: int,
        layers: int,
        both_ways: bool,
        pooling: Pooling,
        dropout: float,
        classes: int,
    ) -> None:
        super().__init__()
        self.words = words
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(
            words.width,
            width,
            num_layers=layers,
            bidirectional=both_ways,
            batch_first=True,
            dropout=dropout if layers > 1 else 0.0,
        )
        self.pool = Pool(width * (2 if both_ways else 1), pooling)
        self.head = head(self.pool.width, classes, dropout)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Give logits (B, K) of ``rows`` (B, L) and ``length`` (B,)."""
        rows, lengths = cut(inputs)
        vectors = self.dropout(self.words(rows))  # (B, L, E)
        packed = pack_padded_sequence(vectors, lengths.cpu(), True, enforce_sorted=False)
        steps, (state, _) = self.lstm(packed)
        if self.pool.kind == "last":
            last = state[-2:] if self.lstm.bidirectional else state[-1:]
            pooled = last.transpose(0, 1).flatten(1)
        else:
            unpacked, _ = pad_packed_sequence(steps, batch_first=True)  # (B, L, W)
            pooled = self.pool(unpacked, lengths)
        logits: Tensor = self.head(pooled)
        return logits


class OriginalNetwork(nn.Module):
    """The original's LSTM as it was: it reads the padding, and answers from its last step.

    A post of ten words is followed by ninety zeros, through which neither what it said nor its
    gradient comes; the loss stays at ln 2. It is kept to show that.

    Parameters
    ----------
    words : WordLayer
    width : int
    classes : int
    """

    def __init__(self, words: WordLayer, *, width: int, classes: int) -> None:
        super().__init__()
        self.words = words
        self.lstm = nn.LSTM(words.width, width, batch_first=True)
        self.head = nn.Linear(width, classes)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Give logits (B, K) of ``rows`` (B, L), of which all are read."""
        steps, _ = self.lstm(self.words(inputs["rows"]))  # (B, L, W)
        logits: Tensor = self.head(steps[:, -1])
        return logits
