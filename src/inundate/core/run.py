"""Run folders: config, manifest, log, metrics, checkpoints; one folder is one run."""

from __future__ import annotations

import json
import math
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inundate.core.config import read_toml, write_toml
from inundate.core.errors import MissingFileError, RunError
from inundate.core.files import atomic_folder, check_output, write_text
from inundate.core.provenance import provenance

__all__ = ["FORMAT", "Run", "run_name"]

_LOCK_TRIES = 20
FORMAT = 1  # version of the layout; raised when an old run can no longer be read


def run_name(name: str) -> str:
    """Give a folder name such as ``2026-11-23T0955-mode_h-3f2a``."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H%M}-{name}-{uuid.uuid4().hex[:4]}"


class Run:
    """A run folder.

    Parameters
    ----------
    path : Path
        Existing run folder.

    Raises
    ------
    MissingFileError
        If it is not there.
    RunError
        If it is not a run, or of another layout version.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        file = self.path / "manifest.json"
        if not self.path.exists():
            raise MissingFileError(
                f"opening run {path}: no such folder (looked in {self.path.absolute().parent})",
                hint="inundate train makes one",
            )
        if not file.is_file():
            raise RunError(
                f"opening run {path}: no manifest.json, so it is not a run folder",
                hint="a run folder is what inundate train prints at its end",
            )
        self.manifest: dict[str, Any] = _read_json(file)
        if self.manifest.get("format") != FORMAT:
            raise RunError(
                f"opening run {path}: layout {self.manifest.get('format')!r}, expected {FORMAT}",
                hint="it was made by inundate "
                f"{self.manifest.get('provenance', {}).get('inundate')}",
            )
        self.config: dict[str, Any] = read_toml(self.path / "config.toml")

    @classmethod
    def create(
        cls,
        path: Path | str,
        *,
        kind: str,
        config: Mapping[str, Any],
        inputs: Mapping[str, str] | None = None,
        overwrite: bool = False,
        **info: Any,
    ) -> Run:
        """Make a run folder whole: config, manifest, empty log and metrics.

        Parameters
        ----------
        path : Path
            The run folder itself; see :func:`run_name` for a name.
        kind : str
            Such as ``"train"``.
        config : mapping
            Complete settings by table; feeding it back repeats the run.
        inputs : mapping, optional
            Path to hash of each input.
        **info
            Further facts for the manifest.

        Raises
        ------
        RunError
            If the folder exists.
        """
        target = check_output(path, overwrite)
        manifest = {
            "format": FORMAT,
            "kind": kind,
            "status": "created",
            "inputs": dict(inputs or {}),
            "provenance": provenance(),
            **info,
        }
        with atomic_folder(target) as folder:
            write_toml(folder / "config.toml", config)
            (folder / "manifest.json").write_text(_dump(manifest), encoding="utf-8")
            (folder / "metrics.jsonl").touch()
            (folder / "log.txt").touch()
        return cls(target)

    @property
    def status(self) -> str:
        """One of created, running, finished, interrupted, stopped, failed."""
        return str(self.manifest.get("status"))

    def set_status(self, status: str, **info: Any) -> None:
        """Write a new status and facts into the manifest, atomically."""
        self.manifest = {**self.manifest, "status": status, **info}
        write_text(self.path / "manifest.json", _dump(self.manifest))

    def log_metrics(self, record: Mapping[str, Any]) -> None:
        """Append one JSON object as a line of ``metrics.jsonl``."""
        with (self.path / "metrics.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(_finite(record)) + "\n")

    def read_metrics(self) -> list[dict[str, Any]]:
        """Read ``metrics.jsonl``; a torn last line (after a kill) is left out."""
        found = []
        for line in (self.path / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError:
                break
        return found

    def log(self, text: str) -> None:
        """Append a line with the time (UTC) to ``log.txt``."""
        with (self.path / "log.txt").open("a", encoding="utf-8") as stream:
            stream.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {text}\n")

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run; a lock left by a dead process on this machine is taken over.

        Raises
        ------
        RunError
            If another living process holds it.
        """
        file = self.path / "lock"
        self._take(file)
        try:
            yield
        finally:
            if _holder(file) == str(os.getpid()):
                file.unlink(missing_ok=True)

    def _take(self, file: Path) -> None:
        # made whole under a name of its own and linked: nobody reads a lock without its number
        mine = file.with_name(f".lock-{os.getpid()}-{uuid.uuid4().hex[:8]}")
        mine.write_text(str(os.getpid()), encoding="utf-8")
        holder: str | None = None
        try:
            for _ in range(_LOCK_TRIES):
                try:
                    os.link(mine, file)
                except FileExistsError:
                    holder = _holder(file)
                else:
                    return
                if holder is None:  # given back in between
                    continue
                if holder.isdigit() and int(holder) != os.getpid() and _is_alive(int(holder)):
                    break
                _remove_lock(file, holder)
        finally:
            mine.unlink(missing_ok=True)
        raise RunError(
            f"run {self.path} is locked by process {holder}",
            hint="wait for it, or stop it; the lock goes with the process",
        )


def _holder(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None


def _remove_lock(file: Path, holder: str) -> None:
    """Remove a dead process's lock, unless another process was quicker and has its own there."""
    aside = file.with_name(f".lock-old-{uuid.uuid4().hex[:8]}")
    try:
        file.rename(aside)
        if _holder(aside) != holder:
            os.link(aside, file)
    except (FileNotFoundError, FileExistsError):
        pass  # gone, or taken: the next try tells
    finally:
        aside.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise RunError(f"reading {path}: not valid JSON ({error})") from error
    if not isinstance(found, dict):
        raise RunError(f"reading {path}: expected a JSON object")
    return found


def _finite(value: Any) -> Any:
    """Replace NaN and inf, which JSON has no word for, by None."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


def _dump(value: Any) -> str:
    return json.dumps(_finite(value), indent=2, default=str) + "\n"
