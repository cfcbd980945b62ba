"""The manifest of an ensemble: what its members are, and how far each is."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from inundate.core.errors import DataError
from inundate.core.files import check_input, write_text

__all__ = ["MANIFEST", "Manifest", "Member", "MemberState", "read_manifest"]

MANIFEST = "ensemble.json"
_FORMAT = 1
_SAVED_EVERY_S = 2.0  # of thousands of members each end would be written again

MemberState = Literal["waiting", "running", "done", "failed"]


@dataclass
class Member:
    """One member.

    Attributes
    ----------
    name : str
        Of its store, without the suffix.
    storm, terrain : str
        Inputs.
    draw : int
        Number of the draw.
    changes : dict
        Factors and noise that differ from none.
    state : {"waiting", "running", "done", "failed"}
        How far it is.
    attempts : int
        Times that it was given to a worker by this command.
    message : str
        Why it failed, or how a worker was lost.
    result : dict, optional
        Figures of a member that is done, volume budget included.
    """

    name: str
    storm: str
    terrain: str
    draw: int
    changes: dict[str, float]
    state: MemberState = "waiting"
    attempts: int = 0
    message: str = ""
    result: dict[str, Any] | None = None


@dataclass
class Manifest:
    """All members of an ensemble, in the file ``ensemble.json`` of its folder.

    Attributes
    ----------
    folder : Path
        Of the ensemble.
    members : list of Member
        In order.
    about : dict
        Settings, inputs and versions.
    """

    folder: Path
    members: list[Member]
    about: dict[str, Any] = field(default_factory=dict)
    _saved: float = 0.0

    def counts(self) -> dict[str, int]:
        """Count members by state."""
        found = dict.fromkeys(("done", "running", "waiting", "failed"), 0)
        for member in self.members:
            found[member.state] += 1
        return found

    def save(self, *, now: bool = True) -> None:
        """Write it atomically; with ``now`` false only if it was not just written."""
        if not now and time.monotonic() - self._saved < _SAVED_EVERY_S:
            return
        content = {
            "format": _FORMAT,
            "kind": "ensemble",
            **self.about,
            "counts": self.counts(),
            "members": [asdict(member) for member in self.members],
        }
        write_text(self.folder / MANIFEST, json.dumps(content, indent=1, default=str))
        self._saved = time.monotonic()

    def to_dict(self) -> dict[str, Any]:
        """Give counts and members as plain values."""
        return {"counts": self.counts(), "members": [asdict(member) for member in self.members]}


def read_manifest(folder: Path | str) -> Manifest:
    """Read the manifest of an ensemble's folder.

    Raises
    ------
    MissingFileError
        If there is none.
    DataError
        If it is damaged or of another format.
    """
    path = check_input(Path(folder) / MANIFEST, what="reading an ensemble")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = (content.pop("format"), content.pop("kind"), content.pop("counts"))
        members = [Member(**member) for member in content.pop("members")]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"reading {path}: not the manifest of an ensemble ({type(error).__name__}: {error})",
            hint="run the ensemble again: finished members are kept and it is written anew",
        ) from error
    if found[:2] != (_FORMAT, "ensemble"):
        raise DataError(
            f"reading {path}: format {found[0]!r} of {found[1]!r}, expected {_FORMAT} of 'ensemble'"
        )
    return Manifest(Path(folder), members, content)
