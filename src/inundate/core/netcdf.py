"""NetCDF files written so that a full disk is an error of Python, not a crash of HDF5.

HDF5 that cannot write keeps the unwritten part, tries again whenever an object is released,
and ends the process with a segmentation fault. Here it writes to a file object that never
fails: what fails on the disk is remembered, the rest is taken in and dropped, and the fault is
raised when HDF5 has closed its file.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import h5netcdf
import xarray as xr

__all__ = ["write_netcdf"]


def write_netcdf(ds: xr.Dataset, path: Path, encoding: dict[str, dict[str, Any]]) -> None:
    """Write a NetCDF-4 file.

    Parameters
    ----------
    ds : Dataset
        What to write.
    path : Path
        Replaced if it exists; see :func:`inundate.core.store.write_dataset` for a safe write.
    encoding : dict
        Of each variable, as xarray takes it.

    Raises
    ------
    OSError
        If the disk is full or fails; the half-written file stays.
    """
    with path.open("w+b") as stream:
        sink = _Sink(stream)
        try:
            with h5netcdf.File(sink, "w") as file:
                ds.dump_to_store(xr.backends.H5NetCDFStore(file), encoding=encoding)
        finally:
            if sink.fault is not None:  # over anything that HDF5 made of it
                raise sink.fault


class _Sink(io.RawIOBase):
    """A file that takes everything; the first fault of the disk is kept in ``fault``."""

    def __init__(self, stream: io.BufferedRandom) -> None:
        self.fault: OSError | None = None
        self._raw = stream.raw  # unbuffered: a fault shows at the write that meets it

    def write(self, data: Any) -> int:
        """Take all bytes, and write them as long as the disk does."""
        view = memoryview(data).cast("B")
        done = 0
        while self.fault is None and done < len(view):
            try:
                done += self._raw.write(view[done:]) or 0
            except OSError as error:
                self.fault = error
        return len(view)

    def readinto(self, buffer: Any) -> int:
        """Read back; zeros stand for what was dropped."""
        view = memoryview(buffer).cast("B")
        found = self._raw.readinto(view) or 0
        view[found:] = bytes(len(view) - found)
        return len(view)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a place in the file."""
        return self._raw.seek(offset, whence)

    def tell(self) -> int:
        """Give the place in the file."""
        return self._raw.tell()

    def truncate(self, size: int | None = None) -> int:
        """Set the length; HDF5 sets it at the end to that of all it wrote."""
        try:
            return self._raw.truncate(size)
        except OSError as error:
            self.fault = self.fault or error
            return size or 0

    def readable(self) -> bool:
        """Whether HDF5 may read."""
        return True

    def writable(self) -> bool:
        """Whether HDF5 may write."""
        return True

    def seekable(self) -> bool:
        """Whether HDF5 may seek."""
        return True
