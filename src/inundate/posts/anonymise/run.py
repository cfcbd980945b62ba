"""Make a pseudonymised store of a raw one: whole or not at all, resumable, the same every time."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from inundate.core.errors import ConfigError, RunError
from inundate.core.files import atomic_file, check_not_input
from inundate.core.provenance import hash_path
from inundate.posts.anonymise.columns import Anonymiser
from inundate.posts.anonymise.forgotten import Forgotten
from inundate.posts.anonymise.key import Key
from inundate.posts.anonymise.names import name_finder
from inundate.posts.anonymise.report import write_report
from inundate.posts.anonymise.scrub import Finder
from inundate.posts.anonymise.settings import AnonymiseSettings
from inundate.posts.anonymise.slices import Plan, groups, in_slices, shuffled
from inundate.posts.anonymise.staging import learned, learned_of, staging_of, swap
from inundate.posts.anonymise.survey import survey_posts
from inundate.posts.anonymise.tokens import Pseudonyms
from inundate.posts.calm import no_collection
from inundate.posts.gaps import carry_gaps, read_gaps
from inundate.posts.ledger import Counts, Entry, PartInfo, entry_bytes
from inundate.posts.lock import locked
from inundate.posts.parquet import read_batches, write_parquet
from inundate.posts.schema import POSTS
from inundate.posts.store import Part, PostStore, create_store, open_raw, open_store

__all__ = ["FORGOTTEN", "Anonymised", "anonymise_posts"]

FORGOTTEN = "forgotten on request"
_ROWS = 16_384  # of a group of parts that is converted at once
_STATISTICS = ("created_bin",)
_STATE = "state.json"


class _State(msgspec.Struct):
    """What is done of an output that is not finished."""

    made_of: str
    parts: dict[str, PartInfo] = msgspec.field(default_factory=dict)


@dataclass(frozen=True)
class Anonymised:
    """What a pseudonymisation did."""

    path: Path
    status: str
    """``made``, or ``already there``."""
    posts: int
    forgotten: int


def anonymise_posts(
    raw: Path | str,
    output: Path | str,
    key: Key,
    settings: AnonymiseSettings | None = None,
    *,
    overwrite: bool = False,
    forgotten: Forgotten | None = None,
    on_done: Callable[[int], None] = lambda _: None,
) -> Anonymised:
    """Make a pseudonymised store of a raw one.

    An output that was made of the same posts in the same way is left as it is; one that was made
    of fewer posts with the same key and settings is made anew and replaced at once.

    Parameters
    ----------
    raw : Path
    output : Path
    key : Key
    settings : AnonymiseSettings, optional
    overwrite : bool
        Also replace an output of another key or other settings.
    forgotten : Forgotten, optional
        Whom to leave out; by default those that the output there has forgotten.
    on_done : callable
        Told the number of posts done.

    Raises
    ------
    MissingFileError, DataError
        If ``raw`` is no raw store.
    RunError
        If something else is at the output.
    """
    settings = settings or AnonymiseSettings()
    store, target = open_raw(raw), Path(output)
    check_not_input(target, [store.path])
    if store.path.resolve() in target.resolve().parents:
        raise RunError(f"writing {target}: it lies within the raw store {raw}",
                       hint="give another -o")  # fmt: skip
    staging = staging_of(target)
    with store.lock(), locked(staging.with_name(staging.name + ".lock")):
        try:
            job = _Job(store, target, staging, key, settings, forgotten)
            if (done := job.done(overwrite=overwrite)) is not None:
                return done
            return job.run(on_done)
        except KeyboardInterrupt as error:
            error.add_note("give the same command again: it goes on where it stopped")
            raise
        finally:
            staging.with_name(staging.name + ".lock").unlink(missing_ok=True)


class _Job:
    def __init__(
        self,
        raw: PostStore,
        target: Path,
        staging: Path,
        key: Key,
        settings: AnonymiseSettings,
        forgotten: Forgotten | None,
    ) -> None:
        self.raw, self.target, self.staging = raw, target, staging
        self.settings, self.tokens = settings, Pseudonyms(key)
        self._is_told = forgotten is not None
        self.forgotten = _forgotten(target) if forgotten is None else forgotten
        parts = raw.parts()
        self.parts = parts
        told: list[Any] = [[part.name, part.entry.parts[part.name].hash] for part in parts]
        told += [settings.told(), self.forgotten.tokens]
        told += read_gaps(raw.path)
        # keyed: a hash of the posts alone would tell whether somebody has them
        state = msgspec.json.encode(told, order="sorted").decode()
        self.info: dict[str, Any] = {
            "key": key.fingerprint,
            "settings": settings.told(),
            "made_of": self.tokens.one("store", "", state),
        }

    def done(self, *, overwrite: bool) -> Anonymised | None:
        """Look at what is at the output, and refuse or leave it."""
        if not self.target.exists():
            return None
        if not (self.target / "manifest.json").is_file():
            if self.target.is_dir() and not any(self.target.iterdir()):
                return None
            raise RunError(
                f"writing {self.target}: it exists and is no store of posts",
                hint="give another -o",
            )
        there = open_store(self.target, POSTS)
        told = there.manifest
        differs = [name for name in ("key", "settings") if told.get(name) != self.info[name]]
        if differs and not overwrite:
            raise ConfigError(
                f"writing {self.target}: it was made with {_and(differs)} that differ from those "
                "given; expected the same, so that its pseudonyms stay what they are",
                hint="give another -o, or --overwrite to replace it",
            )
        if "key" in differs and self.forgotten and not self._is_told:
            raise RunError(
                f"replacing {self.target}: it has forgotten authors, and another key does not "
                "know them; expected the key that it was made with",
                hint="inundate posts anonymise --rotate exchanges the key and keeps them forgotten",
            )
        if there.manifest.get("made_of") == self.info["made_of"]:
            return Anonymised(self.target, "already there", there.counts().kept, 0)
        return None

    def run(self, on_done: Callable[[int], None]) -> Anonymised:
        # first: a model that is not there is told before anything is made
        names = name_finder(self.settings.names) if self.settings.names else None
        state, store = self._begin()
        with no_collection():
            self._convert_all(state, store, names, on_done)
        return self._finish(store, state)

    def _convert_all(
        self,
        state: _State,
        store: PostStore,
        names: Finder | None,
        on_done: Callable[[int], None],
    ) -> None:
        with learned(store) as folder:
            survey = survey_posts(self.parts, self.settings, self.tokens, folder)
            anonymiser = Anonymiser(self.settings, self.tokens, survey, names)
            for group in groups(self.parts, _ROWS):
                wanted = [part for part in group if self._name(part) not in state.parts]
                if wanted:
                    for name, info in self._convert(store, anonymiser, wanted):
                        state.parts[name] = info
                    _write(store.path / "_staging" / _STATE, msgspec.json.encode(state))
                on_done(sum(part.rows for part in group))

    def _begin(self) -> tuple[_State, PostStore]:
        """Take up what a killed run left, if it was of the same posts, key and settings."""
        file = self.staging / "_staging" / _STATE
        state = _State(self.info["made_of"])
        if file.is_file():
            try:
                found = msgspec.json.decode(file.read_bytes(), type=_State)
            except msgspec.MsgspecError:
                found = _State("")
            if found.made_of == state.made_of:
                return found, open_store(self.staging, POSTS)
        shutil.rmtree(self.staging, ignore_errors=True)
        store = create_store(self.staging, POSTS, **self.info)
        file.parent.mkdir(exist_ok=True)
        _write(file, msgspec.json.encode(state))
        return state, store

    def _ingest(self, entry: Entry) -> str:
        return self.tokens.one("ingest", "", entry.ingest)

    def _name(self, part: Part) -> str:
        return f"source={part.source}/day={part.day}/{self._ingest(part.entry)}.parquet"

    def _convert(
        self, store: PostStore, anonymiser: Anonymiser, parts: Sequence[Part]
    ) -> Iterator[tuple[str, PartInfo]]:
        if len(parts) == 1 and parts[0].rows > _ROWS:
            tables = self._in_slices(store, anonymiser, parts[0])
            yield self._name(parts[0]), self._store(store, self._name(parts[0]), tables)
            return
        read = [pa.concat_tables(read_batches(part.path)) for part in parts]
        made = anonymiser.convert(pa.concat_tables(read).combine_chunks(), parts[0].source)
        start = 0
        for part in parts:
            table = self._kept(made.slice(start, part.rows))
            start += part.rows
            name = self._name(part)
            yield name, self._store(store, name, [shuffled(table)])

    def _in_slices(
        self, store: PostStore, anonymiser: Anonymiser, part: Part
    ) -> Iterator[pa.Table]:
        """Convert a part that is too large for memory, and give it in the order of a whole one."""
        width = self.settings.time_bin_minutes * 60_000_000

        def bins(table: pa.Table) -> np.ndarray:
            times = table["created_at"].cast(pa.int64()).fill_null(0)
            return np.asarray(times.to_numpy()) // width

        plan = Plan(np.concatenate([*map(bins, read_batches(part.path, ["created_at"]))]), _ROWS)

        def converted() -> Iterator[tuple[pa.Table, np.ndarray]]:
            for table in read_batches(part.path, rows=_ROWS):
                made = anonymiser.convert(table, part.source)
                yield made, plan.of(bins(table), made["post"].combine_chunks())

        spilled = learned_of(store) / "slices"
        for made in in_slices(converted(), plan.slices, spilled):
            yield shuffled(self._kept(made))

    def _kept(self, table: pa.Table) -> pa.Table:
        return self.forgotten.leave_out(table) if self.forgotten else table

    def _store(self, store: PostStore, name: str, tables: Iterable[pa.Table]) -> PartInfo:
        path = store.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = write_parquet(path, tables, store.schema, statistics=_STATISTICS)
        return PartInfo(rows=rows, hash=hash_path(path) if rows else "")

    def _finish(self, store: PostStore, state: _State) -> Anonymised:
        forgotten = 0
        for raw_entry in self.raw.entries():
            entry = Entry(
                ingest=self._ingest(raw_entry),
                input={"posts": sum(info.rows for info in raw_entry.parts.values())},
                settings={name: raw_entry.settings.get(name) for name in ("format", "event")},
                counts=Counts(),
            )
            for part in self.parts:
                if part.entry.ingest == raw_entry.ingest:
                    info = state.parts[self._name(part)]
                    entry.counts.read += part.rows
                    entry.counts.kept += info.rows
                    if info.rows < part.rows:
                        entry.counts.drop(FORGOTTEN, part.rows - info.rows)
                        forgotten += part.rows - info.rows
                    if info.rows:
                        entry.parts[self._name(part)] = info
            _write(store.ledger / f"{entry.ingest}.json", entry_bytes(entry))
        self.forgotten.write(store.path)
        carry_gaps(self.raw.path, store.path, minutes=self.settings.time_bin_minutes)
        made = open_store(self.staging, POSTS)
        write_report(made, self.raw, self.settings)
        posts = made.counts().kept
        shutil.rmtree(self.staging / "_staging")
        swap(self.staging, self.target)
        return Anonymised(self.target, "made", posts, forgotten)


def _forgotten(target: Path) -> Forgotten:
    return Forgotten.read(target) if (target / "manifest.json").is_file() else Forgotten()


def _write(path: Path, content: bytes) -> None:
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)


def _and(words: Sequence[str]) -> str:
    return " and ".join(words)
