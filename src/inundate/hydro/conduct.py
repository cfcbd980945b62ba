"""Conduct an ensemble: hand members to workers, run those again whose worker died."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from inundate.core.errors import RunError
from inundate.core.progress import Progress
from inundate.core.provenance import provenance
from inundate.hydro.case import Case, is_finished, summarise
from inundate.hydro.ensemble import EnsembleSettings, described
from inundate.hydro.manifest import Manifest, Member
from inundate.hydro.member import Event, Job
from inundate.hydro.part import hold_lock
from inundate.hydro.pool import Pool
from inundate.hydro.work import CHECKPOINT_EVERY_S, clock_text

__all__ = ["ATTEMPTS", "conduct", "make_manifest"]

ATTEMPTS = 3  # of a member whose worker dies; then it is the member that kills them
_LOOK_S = 0.5


def make_manifest(cases: Sequence[Case], folder: Path, ensemble: EnsembleSettings) -> Manifest:
    """List the members of an ensemble, none of them begun."""
    members = [
        Member(
            name=str(case.labels["name"]), storm=case.storm_name, terrain=case.terrain_name,
            draw=int(case.labels["draw"]), changes=described(case.changes),
        )
        for case in cases
    ]  # fmt: skip
    about = {
        "ensemble": ensemble.model_dump(mode="json"),
        "settings": cases[0].settings.model_dump(mode="json"),
        "inputs": {name: digest for case in cases for name, digest in case.hashes.items()},
        "provenance": provenance(),
    }
    return Manifest(folder, members, about)


def conduct(
    cases: Sequence[Case],
    manifest: Manifest,
    pool: Pool,
    *,
    overwrite: bool = False,
    checkpoint_every_s: float = CHECKPOINT_EVERY_S,
    progress: bool = True,
) -> Manifest:
    """Simulate all members that are not done.

    Parameters
    ----------
    cases : sequence of Case
        What each member is.
    manifest : Manifest
        Of the same members; kept up to date in its folder.
    pool : Pool
        Workers.
    overwrite : bool
        Make members again that are done.
    checkpoint_every_s : float
        Seconds of work between checkpoints of a member.
    progress : bool
        Show how far it is, on standard error.

    Returns
    -------
    Manifest
        The same.

    Raises
    ------
    RunError
        If a member is there but was made otherwise, or another command works on this ensemble.
    """
    with _held(manifest.folder):
        run = _Run(cases, manifest, pool, overwrite, checkpoint_every_s)
        run.look_for_finished()
        manifest.save()
        total = float(len(cases))
        try:
            with Progress("ensemble", total=total, unit="members", enabled=progress) as bar:
                run.all(bar)
        finally:
            for member in manifest.members:
                if member.state == "running":
                    member.state = "waiting"
            manifest.save()
    return manifest


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with hold_lock(folder / ".lock", what=f"simulating the ensemble {folder}"):
        yield


@dataclass
class _Run:
    cases: Sequence[Case]
    manifest: Manifest
    pool: Pool
    overwrite: bool
    checkpoint_every_s: float
    waiting: deque[int] = field(default_factory=deque)
    shares: dict[int, float] = field(default_factory=dict)
    updates: dict[int, float] = field(default_factory=dict)
    _before: float = 0.0  # work that was done when this began, in members
    _begun: float = field(default_factory=time.monotonic)

    def look_for_finished(self) -> None:
        for number, (case, member) in enumerate(
            zip(self.cases, self.manifest.members, strict=True)
        ):
            if not self.overwrite and is_finished(case):
                member.state, member.result = "done", summarise(case.output)
            else:
                self.waiting.append(number)
        self._before = len(self.cases) - len(self.waiting)

    def all(self, bar: Progress) -> None:
        self._show(bar)
        while self.waiting or self.shares:
            while self.waiting and self.pool.free > 0:
                self._begin(self.waiting.popleft())
            for event in self.pool.events(_LOOK_S):
                self._take(event)
            self._show(bar)
            self.manifest.save(now=False)

    def _begin(self, number: int) -> None:
        member = self.manifest.members[number]
        member.state, member.attempts = "running", member.attempts + 1
        self.shares[number] = 0.0
        self.pool.submit(Job(number, self.cases[number], self.overwrite, self.checkpoint_every_s))

    def _take(self, event: Event) -> None:
        member = self.manifest.members[event.number]
        if event.kind == "working":
            self.shares[event.number] = event.share
            self.updates[event.number] = event.updates
            return
        self.shares.pop(event.number, None)
        if event.kind == "done":
            assert event.result is not None
            member.state, member.result = "done", event.result
            if event.number not in self.updates:  # a cluster tells of the end alone
                self.updates[event.number] = event.result["cells"] * event.result["steps"]
        elif event.kind == "failed":
            member.state, member.message = "failed", event.message
        elif member.attempts < ATTEMPTS:
            member.state, member.message = "waiting", f"run again: {event.message}"
            self.waiting.appendleft(event.number)
        else:
            member.state = "failed"
            member.message = f"given up after {member.attempts} attempts: {event.message}"

    def _show(self, bar: Progress) -> None:
        counts = self.manifest.counts()
        ended = counts["done"] + counts["failed"]
        done = ended + sum(self.shares.values())
        seconds = max(time.monotonic() - self._begun, 1e-9)
        text = f"{counts['done']} done, {counts['running']} running"
        if counts["failed"]:
            text += f", {counts['failed']} failed"
        if self.updates:
            rate = sum(self.updates.values()) / seconds / 1e6
            text += f", {rate:.0f} M cell updates/s"
        if self._before < done < len(self.cases):
            left = seconds * (len(self.cases) - done) / (done - self._before)
            text += f", done about {clock_text(left)}"
        bar.note(text)
        bar.update(done)


def check_all_done(manifest: Manifest) -> None:
    """Check that no member failed.

    Raises
    ------
    RunError
        If one did; names the first few.
    """
    failed = [member for member in manifest.members if member.state == "failed"]
    if not failed:
        return
    lines = [f"{member.name}: {member.message.splitlines()[0]}" for member in failed[:3]]
    if len(failed) > len(lines):
        lines.append(f"and {len(failed) - len(lines)} more")
    raise RunError(
        f"simulating the ensemble {manifest.folder}: {len(failed)} of {len(manifest.members)} "
        "members failed\n  " + "\n  ".join(lines),
        hint="run the same command again to try those again; the others are kept",
    )
