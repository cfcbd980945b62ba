"""Progress: a bar with rate and time left on a terminal, a heartbeat line otherwise."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, TextIO

__all__ = ["Progress"]

HEARTBEAT_S = 10.0  # long enough to keep logs short, short enough to show life
_REFRESH_S = 0.1


class Progress:
    """Show how far a task is, on standard error.

    Parameters
    ----------
    label : str
        What is being done.
    total : float, optional
        Amount of work; without it only the amount done is shown.
    unit : str
        Unit of the amount.
    enabled : bool
        False shows nothing.
    stream : file, optional
        Where to write; standard error by default.
    heartbeat_s : float
        Seconds between lines where there is no terminal.

    Examples
    --------
    >>> with Progress("count", total=3, enabled=False) as bar:
    ...     for _ in range(3):
    ...         bar.advance()
    >>> bar.done
    3.0
    """

    def __init__(
        self,
        label: str,
        *,
        total: float | None = None,
        unit: str = "",
        enabled: bool = True,
        stream: TextIO | None = None,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self.label, self.total, self.unit = label, total, unit
        self.done = 0.0
        self.enabled = enabled
        self._stream = stream or sys.stderr
        self._heartbeat_s = heartbeat_s
        self._terminal = bool(enabled and self._stream.isatty())
        self._bar: Any = None
        self._task: Any = None
        self._note = ""
        self._started = self._shown = time.monotonic()

    def __enter__(self) -> Progress:
        self._started = self._shown = time.monotonic()
        if self._terminal:
            self._open_bar()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._refresh()
            self._bar.stop()
        elif self.enabled and time.monotonic() - self._started > self._heartbeat_s:
            self._line("done" if kind is None else "stopped")

    def advance(self, amount: float = 1.0) -> None:
        """Add to the amount done."""
        self.update(self.done + amount)

    def update(self, done: float) -> None:
        """Set the amount done."""
        self.done = float(done)
        now = time.monotonic()
        if not self.enabled:
            return
        if self._bar is not None:
            if now - self._shown >= _REFRESH_S:
                self._shown = now
                self._refresh()
        elif now - self._shown >= self._heartbeat_s:
            self._shown = now
            self._line()

    def note(self, text: str) -> None:
        """Set a short text shown behind the bar, such as a rate or a loss."""
        self._note = text

    def _open_bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f}%" if self.total else "{task.completed:g}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=Console(file=self._stream),
            transient=False,
        )
        self._task = self._bar.add_task(self.label, total=self.total, note="")
        self._bar.start()

    def _refresh(self) -> None:
        self._bar.update(self._task, completed=self.done, note=self._note or self._rate())

    def _rate(self) -> str:
        elapsed = max(time.monotonic() - self._started, 1e-9)
        return f"{self.done / elapsed:.3g} {self.unit}/s".replace(" /s", "/s")

    def _line(self, word: str = "") -> None:
        elapsed = time.monotonic() - self._started
        if self.total:
            share = f"{100 * self.done / self.total:.0f}%"
            left = elapsed * (self.total - self.done) / self.done if self.done else float("inf")
            eta = f", {left:.0f} s left" if left != float("inf") and not word else ""
        else:
            share, eta = f"{self.done:g} {self.unit}".strip(), ""
        note = f", {self._note}" if self._note else ""
        status = f", {word}" if word else ""
        self._stream.write(
            f"{self.label}: {share}, {elapsed:.0f} s, {self._rate()}{eta}{note}{status}\n"
        )
        self._stream.flush()
