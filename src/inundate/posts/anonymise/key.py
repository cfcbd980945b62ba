"""The key of the pseudonyms: drawn at random, in a file of its own, shown to nobody.

Whoever has the key and a list of accounts can find these again in the output; without it nobody
can, however many ids are tried. So it lies outside every store, is readable by its owner alone,
and can be destroyed for good.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from inundate.core.errors import ConfigError, MissingFileError, RunError

__all__ = ["KEY_BYTES", "Key", "create_key", "destroy_key", "draw_key", "open_key", "save_key"]

KEY_BYTES = 32  # 256 bit, what BLAKE2b takes gladly; 128 would do against enumeration
_HEAD = "inundate-key-1 "
_DISTINCT = 12  # 32 random bytes have fewer distinct values once in 10^20 draws


class Hasher(Protocol):
    """What ``hashlib`` gives, as far as it is used."""

    def copy(self) -> Hasher:
        """Give another that has seen the same."""
        ...

    def update(self, data: bytes, /) -> None:
        """Take bytes."""
        ...

    def digest(self) -> bytes:
        """Give the hash."""
        ...


class Key:
    """A key that shows itself to nobody by accident and cannot be copied or pickled.

    Parameters
    ----------
    secret : bytes
        Exactly :data:`KEY_BYTES`, drawn at random.

    Raises
    ------
    ConfigError
        If it is too short, too long, or plainly not random.

    Examples
    --------
    >>> draw_key()
    Key(***)
    """

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES or len(set(secret)) < _DISTINCT:
            raise ConfigError(
                f"taking a key: found {8 * len(secret)} bits that are no random key, "
                f"expected {8 * KEY_BYTES} random bits",
                hint="leave the making of keys to inundate posts anonymise --key FILE",
            )
        self._secret = secret

    def __repr__(self) -> str:
        return "Key(***)"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a key is not copied to a file or another process")

    def hasher(self, kind: str, size: int = 16) -> Hasher:
        """Give a keyed BLAKE2b whose results no other kind shares.

        Parameters
        ----------
        kind : str
            At most 16 bytes, such as ``author``.
        size : int
            Bytes of a hash; 16 are 128 bit.
        """
        return hashlib.blake2b(key=self._secret, digest_size=size, person=kind.encode())

    @property
    def fingerprint(self) -> str:
        """What tells which key made a store, and not the key."""
        return self.hasher("fingerprint").digest().hex()

    def _reveal(self) -> bytes:
        return self._secret


def draw_key() -> Key:
    """Draw a key from the system's source of randomness."""
    return Key(secrets.token_bytes(KEY_BYTES))


def create_key(path: Path | str) -> Key:
    """Draw a key and write it into a new file that its owner alone may read.

    Raises
    ------
    RunError
        If something is there already, or nothing can be written.
    """
    key = draw_key()
    save_key(key, path)
    return key


def save_key(key: Key, path: Path | str) -> None:
    """Write a key into a new file, mode 0600; see :func:`create_key`."""
    place = Path(path)
    try:
        place.absolute().parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise RunError(
            f"making the key {place}: {error.strerror}; expected a place where nothing is yet",
            hint="give another --key",
        ) from None
    with os.fdopen(handle, "wb") as stream:
        stream.write(f"{_HEAD}{key._reveal().hex()}\n".encode())
        stream.flush()
        os.fsync(stream.fileno())


def open_key(path: Path | str, *, outside: Iterable[Path | str] = ()) -> Key:
    """Read a key.

    Parameters
    ----------
    path : Path
    outside : iterable of Path
        Stores that it must not lie in.

    Raises
    ------
    MissingFileError
        If it is not there.
    ConfigError
        If it lies within a store, others may read it, or it is no key; its content is not told.
    """
    place = Path(path)
    check_outside(place, outside)
    if not place.is_file():
        raise MissingFileError(
            f"reading the key {place}: no such file",
            hint="it is needed to give the same person the same pseudonym; "
            "inundate posts anonymise makes a new one where none is",
        )
    mode = stat.S_IMODE(place.stat().st_mode)
    if mode & 0o077:
        raise ConfigError(
            f"reading the key {place}: others may read it (mode {mode:04o}), expected 0600",
            hint=f"chmod 600 {place}, and draw a new key if others had access",
        )
    return Key(_secret(place))


def _secret(place: Path) -> bytes:
    with place.open("rb") as stream:
        content = stream.read(4 * KEY_BYTES)  # whatever else is there is no key
    try:
        head, secret = content[: len(_HEAD)], bytes.fromhex(content[len(_HEAD) :].decode("ascii"))
    except ValueError:
        head, secret = b"", b""
    if head != _HEAD.encode():
        # from None: the cause would quote the content
        raise ConfigError(
            f"reading the key {place}: it is no key of inundate",
            hint="give the file that inundate posts anonymise has made",
        ) from None
    return secret


def check_outside(path: Path, stores: Iterable[Path | str]) -> None:
    """Check that a key does not lie where its output lies.

    Raises
    ------
    ConfigError
        If it does.
    """
    place = path.resolve()
    for store in stores:
        if Path(store).resolve() in (place, *place.parents):
            raise ConfigError(
                f"using the key {path}: it lies in {store}, and would be handed on with it",
                hint="keep it in another folder, on another disk best of all",
            )


def destroy_key(path: Path | str) -> None:
    """Overwrite a key and remove it: nobody can link its pseudonyms to accounts any more.

    Copies and backups are beyond reach, and so are old blocks of disks that write elsewhere.

    Raises
    ------
    MissingFileError, ConfigError
        If it is not there, or no key; nothing else is ever removed.
    """
    place = Path(path)
    open_key(place)
    wipe(place)
    place.unlink()


def wipe(place: Path) -> None:
    """Overwrite a file with random bytes, as far as the disk writes in place."""
    with place.open("r+b") as stream:
        stream.write(secrets.token_bytes(place.stat().st_size))
        stream.flush()
        os.fsync(stream.fileno())
