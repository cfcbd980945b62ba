"""ELMo as an embedding of posts: read from AllenNLP's or bilm-tf's files, or trained here."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from inundate.core.errors import ConfigError
from inundate.core.progress import Progress
from inundate.posts.embed.contextual import Floats, Mask, check_fits, length_buckets, mean_pool
from inundate.posts.embed.elmo_characters import Ints, character_ids, distinct_words
from inundate.posts.embed.elmo_files import find_elmo, read_elmo
from inundate.posts.embed.elmo_network import BiLm, State
from inundate.posts.text.tokenise import Tokeniser

__all__ = ["TOKENISER_FILE", "ElmoEmbedding", "Layer", "split_words"]

#: Which layer's vectors are given: their mean, or one by its number (0: the word by itself).
Layer = Literal["mean"] | int

#: Beside weights that were trained here: how their corpus was cut into words.
TOKENISER_FILE = "tokeniser.json"
_BLOCK = 2048  # posts whose distinct words are held at once
_WORDS_AT_ONCE = 1024  # words that go through the filters together
_MOST_TOKENS = 4096  # of a batch of sentences
_MOST_ROWS = 256
_LONGEST = 256  # words of a post; what comes behind is cut off

_WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")


def split_words(text: str) -> list[str]:
    """Cut a text into words and signs, letters as they are, for weights of others.

    Examples
    --------
    >>> split_words("Elbe: it's rising!")
    ['Elbe', ':', "it's", 'rising', '!']
    """
    return _WORD.findall(text)


def _described(table: dict[str, Any]) -> Callable[[str], list[str]]:
    """Give what cut the corpus of a training here."""
    if table.pop("tokens", None) == "spaces":
        return str.split
    return Tokeniser.from_description(table)


class ElmoEmbedding:
    """Token vectors of a bidirectional language model over characters.

    Posts are independent of each other, and by default so are their vectors: each starts from
    a state of zeros, whatever stood in the batch before. The original implementation carries
    the LSTM's state from one batch to the next, which is right for running text whose rows go
    on from batch to batch; with posts it would make a vector depend on its neighbours, and a
    probability on the order in which posts arrive. ``stateful=True`` does as the original, and
    takes each call as one batch whose row *i* goes on with row *i* of the call before.

    Parameters
    ----------
    network : BiLm
        With its weights.
    name : str
        Stored with what is made by it.
    tokenise : callable
        Cuts a text into words.
    layer : "mean" or int
        Which layer's vectors are given.
    stateful : bool
        Whether states are carried on between calls.
    digest : str
        SHA-256 of the weights.
    progress : bool
        Whether to show how far a call is.
    """

    def __init__(
        self,
        network: BiLm,
        *,
        name: str = "elmo",
        tokenise: Callable[[str], list[str]] = split_words,
        layer: Layer = "mean",
        stateful: bool = False,
        digest: str = "",
        progress: bool = False,
    ) -> None:
        count = network.options.layers
        if layer != "mean" and not 0 <= layer < count:
            raise ConfigError(
                f"ELMo {name}: layer {layer} is asked for; it has layers 0 to {count - 1}",
                hint="'mean' takes the mean of all",
            )
        self.name, self.width, self.digest = name, network.options.width, digest
        self.network = network.eval()
        self.stateful, self.progress = stateful, progress
        self._tokenise = tokenise
        self._layer = layer
        self._states: list[State] | None = None

    @classmethod
    def open(
        cls,
        source: Path | str,
        *,
        layer: Layer = "mean",
        stateful: bool = False,
        tokenise: Callable[[str], list[str]] | None = None,
        progress: bool = False,
    ) -> ElmoEmbedding:
        """Open a folder with ``*options.json`` and ``*weights.hdf5``.

        Parameters
        ----------
        source : Path
            Folder as published, or as :func:`~inundate.posts.embed.elmo_train.train_elmo`
            writes it.
        layer, stateful, progress
            As for the class.
        tokenise : callable, optional
            By default the tokeniser of the training, where the folder tells it, otherwise
            :func:`split_words`.

        Raises
        ------
        MissingFileError, DataError
            If files are missing, damaged, or do not belong together.
        """
        options, weights = find_elmo(source)
        described = Path(source) / TOKENISER_FILE
        if tokenise is None and described.is_file():
            tokenise = _described(json.loads(described.read_text(encoding="utf-8")))
        with weights.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return cls(
            read_elmo(options, weights),
            name=Path(source).absolute().name,
            tokenise=tokenise or split_words,
            layer=layer,
            stateful=stateful,
            digest=digest,
            progress=progress,
        )

    def describe(self) -> dict[str, Any]:
        """Tell what the vectors are made by, as JSON."""
        return {
            "kind": "elmo",
            "name": self.name,
            "width": self.width,
            "layers": self.network.options.layers,
            "layer": self._layer,
            "stateful": self.stateful,
            "longest_words": _LONGEST,
            "digest": self.digest,
        }

    def words(self, text: str) -> list[str]:
        """Cut a text into the words that go into the network."""
        return self._tokenise(text)

    def reset(self) -> None:
        """Forget the states that were carried on."""
        self._states = None

    def encode(self, texts: Sequence[str]) -> tuple[Floats, Mask]:
        """Give token vectors (N, L, E), E twice the projection, and their mask (N, L).

        Raises
        ------
        ConfigError
            If they are too large to be held at once, or a stateful model is given another
            number of posts than before.
        """
        return self.encode_words([self._tokenise(text) for text in texts])

    def encode_words(self, sentences: Sequence[Sequence[str]]) -> tuple[Floats, Mask]:
        """Give token vectors of posts that are cut into words already; see :meth:`encode`."""
        lengths = np.asarray([min(len(words), _LONGEST) for words in sentences], np.int64)
        longest = int(lengths.max(initial=0))
        check_fits(len(lengths), longest, self.width, what=f"encoding with {self.name}")
        tokens = np.zeros((len(lengths), longest, self.width), np.float32)
        for rows, found in self._batches(sentences, "encode"):
            tokens[rows, : found.shape[2]] = self._mixed(found)
        return tokens, np.arange(longest) < lengths[:, None]

    def layers(self, sentences: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor]:
        """Give all layers (K, N, L, E) and the mask (N, L), for a mix that is learnt.

        Raises
        ------
        ConfigError
            As for :meth:`encode`.
        """
        lengths = torch.tensor([min(len(words), _LONGEST) for words in sentences])
        longest = int(lengths.max()) if len(lengths) else 0
        count = self.network.options.layers
        check_fits(count * len(lengths), longest, self.width, what=f"layers of {self.name}")
        found = torch.zeros(count, len(lengths), longest, self.width)
        for rows, part in self._batches(sentences, "encode"):
            found[:, torch.from_numpy(rows), : part.shape[2]] = part
        return found, torch.arange(longest) < lengths[:, None]

    def sentences(self, texts: Sequence[str]) -> Floats:
        """Give the mean of the token vectors of each post (N, E)."""
        cut = [self._tokenise(text) for text in texts]
        vectors = np.zeros((len(texts), self.width), np.float32)
        for rows, found in self._batches(cut, "sentences"):
            counts = np.asarray([min(len(cut[row]), _LONGEST) for row in rows])
            mask = np.arange(found.shape[2]) < counts[:, None]
            vectors[rows] = mean_pool(self._mixed(found), mask)
        return vectors

    def _mixed(self, layers: Tensor) -> Floats:
        chosen = layers.mean(dim=0) if self._layer == "mean" else layers[self._layer]
        return np.asarray(chosen.numpy(), np.float32)

    @torch.inference_mode()
    def _batches(
        self, sentences: Sequence[Sequence[str]], label: str
    ) -> Iterator[tuple[Ints, Tensor]]:
        """Give rows and their layers (K, B, L, E) without boundaries, zeros behind the end."""
        size = max(1, len(sentences)) if self.stateful else _BLOCK
        bar = Progress(f"ELMo {label}", total=len(sentences), unit="post", enabled=self.progress)
        with bar:
            for start in range(0, len(sentences), size):
                block = [words[:_LONGEST] for words in sentences[start : start + size]]
                for rows, layers in self._block(block):
                    yield rows + start, layers
                    bar.advance(len(rows))

    def _block(self, sentences: list[Sequence[str]]) -> Iterator[tuple[Ints, Tensor]]:
        words, places, lengths = distinct_words(sentences)
        table = self._word_vectors(words)
        if self.stateful:
            batches: Iterator[Ints] = iter([np.arange(len(sentences))])
        else:
            batches = length_buckets(lengths, most_tokens=_MOST_TOKENS, most_rows=_MOST_ROWS)
        for rows in batches:
            count = torch.from_numpy(lengths[rows])
            longest = int(count.max())
            index = torch.from_numpy(places[rows, :longest])
            out = self.network(table[index], count, self._states)
            if self.stateful:
                self._states = out.states
            inside = torch.arange(longest - 2) < (count - 2).unsqueeze(1)
            yield rows, out.layers[:, :, 1:-1] * inside.unsqueeze(2)

    def _word_vectors(self, words: list[str]) -> Tensor:
        longest = self.network.options.char_cnn.max_characters_per_token
        parts = [
            self.network.words(
                torch.from_numpy(character_ids(words[start : start + _WORDS_AT_ONCE], longest))
            )
            for start in range(0, len(words), _WORDS_AT_ONCE)
        ]
        return torch.cat(parts)
