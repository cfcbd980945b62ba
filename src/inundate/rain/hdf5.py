"""Opening HDF5 so that damaged bytes give one clear error."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.rain.reader import decoding_errors
from inundate.rain.source import Source, UnreadableError

__all__ = ["HDF5_MAGIC", "attribute", "is_hdf5", "opened", "text"]

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_GZIP_MAGIC = b"\x1f\x8b"


def is_hdf5(head: bytes) -> bool:
    """Tell HDF5, and so NetCDF-4, by its signature."""
    return head.startswith(HDF5_MAGIC)


@contextmanager
def opened(source: Source) -> Iterator[Any]:
    """Open an HDF5 file, packed or not; whatever fails inside names the file.

    Yields
    ------
    h5py.File

    Raises
    ------
    UnreadableError
        If the file is truncated or damaged, or an expected part of it is absent.
    """
    try:
        plain = not source.member and not source.packed(2).startswith(_GZIP_MAGIC)
        with h5py.File(source.path if plain else io.BytesIO(source.read()), "r") as file:
            yield file
    except DataError:
        raise
    except decoding_errors as error:
        raise UnreadableError(
            f"reading {source.label}: damaged, or not laid out as expected "
            f"({type(error).__name__}: {str(error)[:150]})"
        ) from error


def text(value: Any) -> str:
    """Give an HDF5 text attribute as str, whether it is bytes, str or an array of one."""
    if isinstance(value, np.ndarray):
        value = value.ravel()[0]
    return (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).strip(
        "\0 "
    )


def attribute(group: Any, name: str) -> NDArray[Any]:
    """Give a numeric attribute as an array of at least one element.

    Raises
    ------
    KeyError
        If it is absent.
    """
    return np.atleast_1d(group.attrs[name])
