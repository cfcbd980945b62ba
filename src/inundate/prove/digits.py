"""Digits: IDX files of the user, an installed package that holds them, or scikit-learn's 8 x 8.

MNIST, Fashion-MNIST and others of the kind come as four files with the same names.

Source
------
LeCun, Cortes and Burges (1998), the MNIST database: the IDX format. Alpaydin and Kaynak (1998),
doi:10.24432/C50P49: the 8 x 8 digits.
"""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, DataError, MissingFileError, require_extra
from inundate.core.files import check_input
from inundate.core.seeds import make_rng

__all__ = ["FILES", "Digits", "load_digits", "read_idx"]

#: The classic names; ``.gz`` may follow, and a dot may stand for the dash before ``idx``.
FILES = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}
_PACKAGE = "package:"
_UNSIGNED_BYTE = 0x08  # the only type that images and labels have
_EMBEDDED_TEST = 500  # of 1,797; scikit-learn gives no split


@dataclass(frozen=True)
class Digits:
    """Images of ten classes.

    Parameters
    ----------
    name : str
        Where they come from, for reports.
    train_images, test_images : array (N, H, W), float32, 0 to 1
    train_labels, test_labels : array (N,), int64, 0 to 9
    """

    name: str
    train_images: NDArray[np.float32]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.float32]
    test_labels: NDArray[np.int64]

    @property
    def side(self) -> int:
        """Rows of an image."""
        return int(self.train_images.shape[1])

    @property
    def embedded(self) -> bool:
        """Whether these are the small 8 x 8 digits."""
        return self.side < 16

    def describe(self) -> str:
        """Say what this is in one line."""
        rows, columns = self.train_images.shape[1:]
        return (
            f"{self.name}: {len(self.train_labels):,} + {len(self.test_labels):,} images of "
            f"{rows} x {columns}"
        )


def load_digits(source: Path | str | None = None) -> Digits:
    """Load digits.

    Parameters
    ----------
    source : Path or str, optional
        A folder with the four IDX files, packed or not, itself or up to two folders down;
        ``package:NAME`` for an installed package that holds them; by default the 8 x 8 digits
        that come with scikit-learn.

    Raises
    ------
    MissingFileError
        If the folder or one of the four files is not there.
    ConfigError
        If the package is not installed or holds no such files.
    DataError
        If a file is not what its name says.
    MissingExtraError
        If the default is asked for and scikit-learn is not installed.
    """
    if source is None:
        return _embedded()
    if str(source).startswith(_PACKAGE):
        name = str(source).removeprefix(_PACKAGE)
        return _from_files(_find(_package_files(name), f"package {name}"), name)
    folder = check_input(source, what="reading digits")
    if not folder.is_dir():
        raise MissingFileError(
            f"reading digits from {source}: it is a file, expected the folder of the four files",
            hint=f"--digits {Path(source).parent}",
        )
    candidates = [p for pattern in ("*", "*/*", "*/*/*") for p in sorted(folder.glob(pattern))]
    return _from_files(_find(candidates, str(source)), folder.name)


def read_idx(path: Path | str) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, packed by gzip or not.

    Returns
    -------
    array, uint8
        Of as many dimensions as the file says.

    Raises
    ------
    MissingFileError
        If it is not there.
    DataError
        If it is no IDX file of bytes, or cut short.
    """
    file = check_input(path, what="reading digits")
    raw = file.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(
                f"reading {path}: damaged gzip: {error}", hint="fetch the file again"
            ) from error
    dimensions = raw[3] if len(raw) >= 4 else 0
    if raw[:2] != b"\0\0" or len(raw) < 4 + 4 * dimensions or raw[2] != _UNSIGNED_BYTE:
        raise DataError(
            f"reading {path}: starts with the bytes {raw[:4].hex(' ') or '(none)'}, "
            "expected 00 00 08 and the number of dimensions, as an IDX file of bytes does"
        )
    shape = tuple(int(n) for n in np.frombuffer(raw, ">u4", dimensions, offset=4))
    start = 4 + 4 * dimensions
    if len(raw) - start != math.prod(shape):
        raise DataError(
            f"reading {path}: {len(raw) - start:,} bytes of data, expected "
            f"{math.prod(shape):,} for {' x '.join(map(str, shape))}",
            hint="the file is cut short or was changed; fetch it again",
        )
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)


def _find(candidates: Iterable[Path], where: str) -> dict[str, Path]:
    """Give the four files among candidates, nearest first."""
    found: dict[str, Path] = {}
    for path in candidates:
        name = path.name.removesuffix(".gz").replace(".idx", "-idx")
        for role, wanted in FILES.items():
            if name == wanted and role not in found and path.is_file():
                found[role] = path
    missing = [name for role, name in FILES.items() if role not in found]
    if missing:
        raise MissingFileError(
            f"reading digits from {where}: {len(found)} of 4 files found, missing "
            f"{', '.join(missing)} (or .gz)",
            hint="the four classic IDX files must lie in one folder, or up to two folders down",
        )
    return found


def _package_files(name: str) -> list[Path]:
    try:
        files = metadata.files(name) or []
    except (metadata.PackageNotFoundError, ValueError) as error:
        raise ConfigError(
            f"reading digits: package {name!r} is not installed",
            hint="install one that holds the four IDX files, or give a folder",
        ) from error
    return [Path(str(file.locate())) for file in files]


def _from_files(files: dict[str, Path], name: str) -> Digits:
    images = {part: _images(files[f"{part}_images"]) for part in ("train", "test")}
    labels = {part: _labels(files[f"{part}_labels"]) for part in ("train", "test")}
    for part in images:
        if len(images[part]) != len(labels[part]):
            raise DataError(
                f"reading digits: {files[f'{part}_images']} holds {len(images[part])} images and "
                f"{files[f'{part}_labels']} {len(labels[part])} labels; expected as many"
            )
    if images["train"].shape[1:] != images["test"].shape[1:]:
        raise DataError(
            f"reading digits: images of {images['train'].shape[1:]} in {files['train_images']} "
            f"and of {images['test'].shape[1:]} in {files['test_images']}; expected one size"
        )
    return Digits(name, images["train"], labels["train"], images["test"], labels["test"])


def _images(path: Path) -> NDArray[np.float32]:
    raw = read_idx(path)
    if raw.ndim != 3 or raw.shape[1] != raw.shape[2] or raw.shape[1] % 4 or not raw.size:
        raise DataError(
            f"reading {path}: shape {raw.shape}, expected (images, rows, columns), square, "
            "with sides that are a multiple of 4"
        )
    return raw.astype(np.float32) / np.float32(255)


def _labels(path: Path) -> NDArray[np.int64]:
    raw = read_idx(path)
    if raw.ndim != 1 or (raw.size and int(raw.max()) > 9):
        raise DataError(
            f"reading {path}: shape {raw.shape}, highest {raw.max(initial=0)}; "
            "expected one label of 0 to 9 an image"
        )
    return raw.astype(np.int64)


def _embedded() -> Digits:
    datasets: Any = require_extra("prove", "sklearn.datasets", what="the 8 x 8 digits")
    table = datasets.load_digits()
    order = make_rng(0, "digits", "split").permutation(len(table.target))
    images = (table.images / 16.0).astype(np.float32)[order]  # grey levels 0 to 16
    labels = table.target.astype(np.int64)[order]
    cut = len(order) - _EMBEDDED_TEST
    return Digits("scikit-learn 8 x 8", images[:cut], labels[:cut], images[cut:], labels[cut:])
