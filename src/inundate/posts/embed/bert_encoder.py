"""An encoder of the BERT family as a plain module, for classifiers that train it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from inundate.posts.embed.bert_files import load_network, write_network
from inundate.posts.embed.bert_tokens import BertTokens

__all__ = ["BertEncoder", "masked_mean"]


def masked_mean(hidden: Tensor, mask: Tensor) -> Tensor:
    """Average token vectors (B, L, E) over the places where ``mask`` (B, L) is 1."""
    weights = mask.unsqueeze(2).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)


class BertEncoder(nn.Module):
    """Token vectors of an encoder, whatever its family.

    Parameters
    ----------
    network : Module
        Of ``transformers``, as :func:`~inundate.posts.embed.bert_files.load_network` gives it.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        config: Any = network.config
        self.width = int(config.hidden_size)

    @classmethod
    def open(cls, folder: Path | str) -> BertEncoder:
        """Read an encoder from a local folder, in evaluation mode.

        Raises
        ------
        MissingFileError, DataError, MissingExtraError
            As :func:`~inundate.posts.embed.bert_files.load_network`.
        """
        return cls(load_network(folder))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Turn piece numbers (B, L) and their mask (B, L) into token vectors (B, L, E)."""
        if not torch.compiler.is_compiling() and input_ids.shape != attention_mask.shape:
            raise ValueError(
                f"expected input_ids and attention_mask of one shape (B, L), got "
                f"{tuple(input_ids.shape)} and {tuple(attention_mask.shape)}"
            )
        found: Tensor = self.network(
            input_ids=input_ids, attention_mask=attention_mask
        ).last_hidden_state
        return found

    def words(self) -> nn.Module:
        """Give the table of vectors of word pieces."""
        network: Any = self.network
        found: nn.Module = network.get_input_embeddings()
        return found

    def write(self, folder: Path, tokens: BertTokens) -> None:
        """Write encoder and tokeniser into a folder that exists; :meth:`open` reads it again."""
        write_network(folder, self.network)
        tokens.write(folder)
