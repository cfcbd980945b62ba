"""Encoders of the BERT family as embeddings of posts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from inundate.core.progress import Progress
from inundate.learn.probes import evaluating
from inundate.posts.embed.bert_encoder import BertEncoder, masked_mean
from inundate.posts.embed.bert_files import digest_of
from inundate.posts.embed.bert_precision import (
    SENTENCES,
    Precision,
    PrecisionCheck,
    check_bf16,
    inference,
    smallest_cosine,
)
from inundate.posts.embed.bert_tokens import BertTokens
from inundate.posts.embed.contextual import Floats, Mask, check_fits, length_buckets

__all__ = ["BertEmbedding"]

Ints = np.ndarray[Any, np.dtype[np.int64]]

_BLOCK = 4096  # posts whose pieces are held at once
_MOST_TOKENS = 4096  # of a batch: 64 posts of 64 pieces
_MOST_ROWS = 128


class BertEmbedding:
    """Token vectors and post vectors of an encoder.

    Parameters
    ----------
    encoder : BertEncoder
        With its weights.
    tokens : BertTokens
        Its tokeniser.
    name : str
        Stored with what is made by it.
    precision : "fp32" or "auto"
        ``"auto"`` runs in bfloat16 if a check on this machine finds it right and faster
        (:func:`~inundate.posts.embed.bert_precision.check_bf16`; a second or two); the same
        posts then give slightly other vectors on another machine, so that it is asked for.
    digest : str
        SHA-256 of the folder.
    progress : bool
        Whether to show how far a call is.
    """

    def __init__(
        self,
        encoder: BertEncoder,
        tokens: BertTokens,
        *,
        name: str = "bert",
        precision: Literal["fp32", "auto"] = "fp32",
        digest: str = "",
        progress: bool = False,
    ) -> None:
        self.encoder, self.tokens = encoder.eval(), tokens
        self.name, self.width, self.digest = name, encoder.width, digest
        self.progress = progress
        self.check: PrecisionCheck | None = None
        self._precision: Precision = "fp32"
        if precision == "auto":
            self.check = check_bf16(lambda kind: self._pooled(SENTENCES, kind))
            self._precision = self.check.used

    @classmethod
    def open(
        cls,
        folder: Path | str,
        *,
        name: str | None = None,
        longest: int = 64,
        precision: Literal["fp32", "auto"] = "fp32",
        progress: bool = False,
    ) -> BertEmbedding:
        """Open a local folder with ``config.json``, safetensors and a tokeniser.

        Parameters
        ----------
        folder : Path
            Nothing is fetched, whatever is missing.
        name : str, optional
            By default that of the folder.
        longest : int
            Pieces of a post; what comes behind is cut off.
        precision, progress
            As for the class.

        Raises
        ------
        MissingFileError, DataError, ConfigError, MissingExtraError
            As :meth:`BertTokens.open <inundate.posts.embed.bert_tokens.BertTokens.open>` and
            :func:`~inundate.posts.embed.bert_files.load_network`.
        """
        place = Path(folder)
        tokens = BertTokens.open(place, longest=longest)
        return cls(
            BertEncoder.open(place),
            tokens,
            name=name or place.absolute().name,
            precision=precision,
            digest=digest_of(place),
            progress=progress,
        )

    def describe(self) -> dict[str, Any]:
        """Tell what the vectors are made by, and in which precision and why, as JSON."""
        return {
            "kind": "bert",
            "name": self.name,
            "width": self.width,
            "longest_pieces": self.tokens.longest,
            "precision": self._precision,
            "precision_check": self.check.record() if self.check else None,
            "digest": self.digest,
        }

    def encode(self, texts: Sequence[str]) -> tuple[Floats, Mask]:
        """Give vectors (N, L, E) of all pieces, boundaries included, and their mask (N, L).

        Raises
        ------
        ConfigError
            If they are too large to be held at once.
        """
        rows = self.tokens.ids(texts)
        lengths = np.asarray([len(row) for row in rows], np.int64)
        longest = int(lengths.max(initial=0))
        check_fits(len(rows), longest, self.width, what=f"encoding with {self.name}")
        found = np.zeros((len(rows), longest, self.width), np.float32)
        mask = np.arange(longest) < lengths[:, None]
        with self._bar(len(texts)) as bar, evaluating(self.encoder), inference(self._precision):
            for places, hidden, _ in self._batches(rows):
                found[places, : hidden.shape[1]] = hidden
                bar.advance(len(places))
        found[~mask] = 0.0
        return found, mask

    def sentences(self, texts: Sequence[str]) -> Floats:
        """Give the mean over the pieces of each post, boundaries included (N, E).

        The pieces of the boundaries take part because the sentence encoders of this family
        were trained so.
        """
        return self._pooled(texts, self._precision)

    def rounding(self) -> float:
        """Give the smallest cosine between vectors of made-up posts in bfloat16 and float32."""
        exact, rounded = self._pooled(SENTENCES, "fp32"), self._pooled(SENTENCES, "bf16")
        return smallest_cosine(exact, rounded)

    def _bar(self, count: int) -> Progress:
        return Progress("encode posts", total=count, unit="post", enabled=self.progress)

    def _pooled(self, texts: Sequence[str], precision: Precision) -> Floats:
        vectors = np.zeros((len(texts), self.width), np.float32)
        with self._bar(len(texts)) as bar, evaluating(self.encoder), inference(precision):
            for start in range(0, len(texts), _BLOCK):
                rows = self.tokens.ids(texts[start : start + _BLOCK])
                for places, _, pooled in self._batches(rows):
                    vectors[places + start] = pooled
                    bar.advance(len(places))
        return vectors

    def _batches(self, rows: list[list[int]]) -> Iterator[tuple[Ints, Floats, Floats]]:
        """Give places, token vectors (B, L, E) and their means (B, E), posts of like length."""
        lengths, device = [len(row) for row in rows], next(self.encoder.parameters()).device
        for places in length_buckets(lengths, most_tokens=_MOST_TOKENS, most_rows=_MOST_ROWS):
            ids, mask = self.tokens.pad_rows([rows[place] for place in places])
            ids, mask = ids.to(device), mask.to(device)
            hidden = self.encoder(ids, mask).float()
            pooled = masked_mean(hidden, mask)
            yield places, hidden.cpu().numpy(), pooled.cpu().numpy()
