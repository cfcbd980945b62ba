"""The processes of a soak: started, killed, started again."""

from __future__ import annotations

import json
import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

__all__ = ["Part", "Server", "free_port", "wait_for"]

_START_S = 120.0


def free_port() -> int:
    """Give a port that nothing listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(condition: Any, limit_s: float = _START_S) -> bool:
    """Wait until something is so; false if it did not come to that."""
    until = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


class Part:
    """A process that can be killed and started again.

    Parameters
    ----------
    arguments : list of str
        Of Python.
    log : Path
        Receives what it says.
    """

    def __init__(self, arguments: list[str], log: Path) -> None:
        self._arguments, self._log = arguments, log
        self.process: subprocess.Popen[bytes] | None = None
        self.kills = 0

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as stream:
            self.process = subprocess.Popen(
                [sys.executable, *self._arguments], stdout=stream, stderr=stream
            )

    @property
    def is_over(self) -> bool:
        """Whether it ended by itself."""
        return self.process is not None and self.process.poll() is not None

    def kill(self) -> None:
        """Kill it as nothing can be caught, and start it again."""
        self.end(signal.SIGKILL)
        self.kills += 1
        self.start()

    def end(self, sign: signal.Signals = signal.SIGTERM) -> None:
        """End it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(sign)
            self.process.wait(60)


class Server(Part):
    """A live view in a process of its own.

    Parameters
    ----------
    folder : Path
    work : Path
        For its log, and the file that sets its clock.
    """

    def __init__(self, folder: Path, work: Path) -> None:
        self.port = free_port()
        self._offset = work / "offset"
        self.set_clock(0.0)
        super().__init__(
            ["-m", "inundate.cli.live_bench.faulty", str(folder), str(self.port),
             str(self._offset)],
            work / "serve.log",
        )  # fmt: skip

    def set_clock(self, seconds: float) -> None:
        """Let its time of day jump."""
        self._offset.write_text(str(seconds), encoding="ascii")

    def fill_disk(self, *, is_full: bool) -> None:
        """Let each of its writes to a file fail, or succeed again."""
        assert self.process is not None
        most = 0 if is_full else resource.RLIM_INFINITY
        hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (most, hard))

    def health(self) -> dict[str, Any]:
        """Ask how it is; empty if it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=20) as body:
                return dict(json.load(body))
        except (OSError, ValueError):
            return {}
