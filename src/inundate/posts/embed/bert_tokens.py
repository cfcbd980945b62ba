"""Word pieces of a BERT as padded numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from inundate.core.errors import ConfigError, DataError, MissingFileError, require_extra
from inundate.posts.embed.bert_files import read_config

__all__ = ["BertTokens"]

# in these families positions are counted from behind the number that stands for padding
_SHIFTED = ("camembert", "mpnet", "roberta", "xlm-roberta")
_AT_ONCE = 1024  # texts whose pieces are held as objects of the library


class BertTokens:
    """Cuts texts into the word pieces that an encoder was trained with.

    Parameters
    ----------
    tokeniser : tokenizers.Tokenizer
        With the model's own boundaries.
    pad : int
        Number that fills short rows.
    longest : int
        Pieces of a post, boundaries included; what comes behind is cut off.
    """

    def __init__(self, tokeniser: Any, *, pad: int, longest: int) -> None:
        self._tokeniser = tokeniser
        self.pad, self.longest = pad, longest
        tokeniser.no_padding()
        tokeniser.enable_truncation(longest)

    @classmethod
    def open(cls, folder: Path | str, *, longest: int = 64) -> BertTokens:
        """Read ``tokenizer.json``, or ``vocab.txt`` of a BERT, from an encoder's folder.

        Parameters
        ----------
        folder : Path
            Local folder.
        longest : int
            Pieces of a post at most.

        Raises
        ------
        ConfigError
            If the model has no positions for so many pieces, or ``longest`` is under 3.
        MissingFileError, DataError
            If there is no tokeniser, or it cannot be read.
        MissingExtraError
            If ``tokenizers`` is not installed.
        """
        place = Path(folder)
        config = read_config(place)
        shifted = config["model_type"] in _SHIFTED
        pad = int(config.get("pad_token_id", 1 if shifted else 0))
        positions = int(config.get("max_position_embeddings", 512))
        if shifted:
            positions -= pad + 1
        if not 3 <= longest <= positions:
            raise ConfigError(
                f"opening the tokeniser in {place}: {longest} pieces a post are asked for; "
                f"the model has positions for 3 to {positions}",
                hint="posts rarely have more than 64 pieces",
            )
        return cls(_read(place), pad=pad, longest=longest)

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Give the numbers of the pieces of each text, boundaries included."""
        found: list[list[int]] = []
        for start in range(0, len(texts), _AT_ONCE):
            whole = [_mended(text) for text in texts[start : start + _AT_ONCE]]
            part = self._tokeniser.encode_batch(whole)
            found += [encoding.ids for encoding in part]
        return found

    def pad_rows(self, rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Pad rows of numbers to the longest of them.

        Returns
        -------
        input_ids : Tensor (B, L) of int64
        attention_mask : Tensor (B, L) of int64
            1 where there is a piece.
        """
        width = max((len(row) for row in rows), default=0)
        ids = np.full((len(rows), width), self.pad, np.int64)
        mask = np.zeros((len(rows), width), np.int64)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = row
            mask[number, : len(row)] = 1
        return torch.from_numpy(ids), torch.from_numpy(mask)

    def __call__(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Give padded numbers and mask of texts, as an encoder takes them."""
        return self.pad_rows(self.ids(texts))

    @classmethod
    def from_text(cls, text: str, *, pad: int, longest: int) -> BertTokens:
        """Make it of what :attr:`text` gave.

        Raises
        ------
        DataError
            If the text is no tokeniser.
        MissingExtraError
            If ``tokenizers`` is not installed.
        """
        tokenizers = require_extra("text", "tokenizers", what="cutting posts into word pieces")
        try:
            return cls(tokenizers.Tokenizer.from_str(text), pad=pad, longest=longest)
        except Exception as error:  # the library raises plain Exception for all its faults
            raise DataError(f"reading the tokeniser of a model: {error}") from error

    @property
    def text(self) -> str:
        """The tokeniser as JSON, as in ``tokenizer.json``."""
        return str(self._tokeniser.to_str())

    def write(self, folder: Path) -> None:
        """Write ``tokenizer.json`` into a folder that exists."""
        (folder / "tokenizer.json").write_text(self.text, encoding="utf-8")


def _mended(text: str) -> str:
    """Join halves of signs, as a JSON that was cut leaves them, or replace them."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _read(folder: Path) -> Any:
    tokenizers = require_extra("text", "tokenizers", what="cutting posts into word pieces")
    whole, words = folder / "tokenizer.json", folder / "vocab.txt"
    if not whole.is_file() and not words.is_file():
        raise MissingFileError(
            f"opening the tokeniser in {folder}: no tokenizer.json and no vocab.txt",
            hint="write it once where transformers can: "
            "transformers.AutoTokenizer.from_pretrained(MODEL).save_pretrained(FOLDER)",
        )
    try:
        if whole.is_file():
            return tokenizers.Tokenizer.from_file(str(whole))
        lower = _lower_case(folder / "tokenizer_config.json")
        made = tokenizers.BertWordPieceTokenizer(str(words), lowercase=lower)
        return tokenizers.Tokenizer.from_str(made.to_str())
    except Exception as error:  # the library raises plain Exception for all its faults
        raise DataError(f"reading the tokeniser in {folder}: {error}") from error


def _lower_case(file: Path) -> bool:
    table = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return bool(table.get("do_lower_case", True))
