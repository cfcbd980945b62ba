"""Gaps of collections: they go with the posts from store to store, into every later figure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from inundate.core.errors import DataError
from inundate.core.files import atomic_file
from inundate.posts.collect.state import Gap, State, is_collection, read_state
from inundate.posts.store import PostStore

__all__ = ["GAPS", "StoredGap", "carry_gaps", "keep_gaps", "read_gaps"]

GAPS = "gaps.json"
_SERVERS_WORDS = re.compile(r": (?:failed|HTTP)\b.*", re.DOTALL)  # they may repeat the query


class StoredGap(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which posts may be missing from a store."""

    source: str
    """Collector."""
    start: str | None = msgspec.field(name="from")
    to: str | None
    why: str


class _File(msgspec.Struct):
    collections: dict[str, list[StoredGap]] = msgspec.field(default_factory=dict)


def read_gaps(store: Path) -> list[StoredGap]:
    """Give the gaps of all collections that went into a store, by their beginning.

    Parameters
    ----------
    store : Path
        Raw or pseudonymised.

    Raises
    ------
    DataError
        If its file of gaps cannot be read.
    """
    found = [gap for gaps in _read(store).collections.values() for gap in gaps]
    return sorted(found, key=lambda gap: (gap.start or "", gap.to or "", gap.source, gap.why))


def keep_gaps(store: PostStore, inputs: Iterable[Path | str]) -> None:
    """Take over the gaps of collections that are imported.

    A collection that went on since replaces what it said before.

    Parameters
    ----------
    store : PostStore
        Raw.
    inputs : iterable of Path
        Collections, or files of them; others have no gaps that are known.
    """
    folders = {path if path.is_dir() else path.parent for path in map(Path, inputs)}
    states = [read_state(path) for path in sorted(folders) if is_collection(path)]
    if not states:
        return
    with store.lock():
        file = _read(store.path)
        for state in states:
            file.collections[_name(state)] = [_stored(state.source, gap) for gap in state.gaps]
        _write(store.path, file)


def carry_gaps(raw: Path, target: Path, *, minutes: int) -> None:
    """Take the gaps of a raw store over to a pseudonymised one, rounded outwards.

    The ends of a gap are times of posts, to the microsecond; of the servers' words nothing.

    Parameters
    ----------
    raw, target : Path
    minutes : int
        Width of the bins of time.
    """
    gaps = read_gaps(raw)
    if not gaps:
        return
    rounded = {
        StoredGap(
            source=gap.source,
            start=_rounded(gap.start, minutes, up=False),
            to=_rounded(gap.to, minutes, up=True),
            why=gap.why,
        )
        for gap in gaps
    }
    ordered = sorted(rounded, key=lambda gap: (gap.start or "", gap.to or "", gap.why, gap.source))
    _write(target, _File({"all": ordered}))


def _stored(source: str, gap: Gap) -> StoredGap:
    why = _SERVERS_WORDS.sub("", gap.why)
    return StoredGap(source=source, start=gap.start, to=gap.to, why=why)


def _name(state: State) -> str:
    told = msgspec.json.encode([state.source, state.started, state.settings], order="sorted")
    return hashlib.blake2b(told, digest_size=16).hexdigest()


def _rounded(text: str | None, minutes: int, *, up: bool) -> str | None:
    if text is None:
        return None
    zero, width = datetime(1970, 1, 1, tzinfo=UTC), timedelta(minutes=minutes)
    bins, rest = divmod(datetime.fromisoformat(text) - zero, width)
    whole = zero + (bins + bool(up and rest)) * width
    return whole.isoformat().replace("+00:00", "Z")


def _read(store: Path) -> _File:
    path = store / GAPS
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File)
    except FileNotFoundError:
        return _File()
    except msgspec.MsgspecError as error:
        raise DataError(f"reading {path}: {error}; expected what an import writes") from error


def _write(store: Path, file: _File) -> None:
    content = msgspec.json.format(msgspec.json.encode(file, order="sorted"), indent=2) + b"\n"
    with atomic_file(store / GAPS) as temporary:
        temporary.write_bytes(content)
