"""How requests and streams fail, and the count of it."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Broke", "GaveUp", "Refused", "Repeats", "Stopped", "Tally", "printable"]

_MOST = 200  # characters


def printable(text: str) -> str:
    r"""Give the beginning of what a server says, in one line that a terminal shows as it is.

    Examples
    --------
    >>> printable("no\x1b[2J \n entry")
    'no[2J entry'
    """
    words = " ".join(text.split())
    return "".join(letter for letter in words if letter.isprintable())[:_MOST]


class Stopped(Exception):
    """Somebody asked to stop while the client waited."""


class Refused(Exception):
    """The server will not answer this request, however often it is asked.

    Parameters
    ----------
    status : int
        HTTP status.
    reason : str
        What the server says, without keys.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"HTTP {status}: {reason}")
        self.status, self.reason = status, reason


class GaveUp(Exception):
    """All tries failed, or the server asked for more patience than is allowed."""


class Broke(Exception):
    """A stream cannot be opened, or ended, or has fallen silent; it is to be opened anew.

    Parameters
    ----------
    says : str
    told_s : float, optional
        Seconds that the server asks to wait.
    """

    def __init__(self, says: str, told_s: float | None = None) -> None:
        super().__init__(says)
        self.told_s = told_s


class Repeats:
    """Counts pages that lead nowhere, such as one that a server gives twice."""

    _MOST = 5

    def __init__(self) -> None:
        self._number = 0

    def count(self, *, moved: bool) -> None:
        """Count a page.

        Raises
        ------
        GaveUp
            If several in a row have not moved.
        """
        self._number = 0 if moved else self._number + 1
        if self._number > self._MOST:
            raise GaveUp("the server gives the same page again and again")


@dataclass
class Tally:
    """What the client did; faults by their kind."""

    requests: int = 0
    waited_s: float = 0.0
    faults: dict[str, int] = field(default_factory=dict)
    skew_s: float | None = None
    """The server's clock less ours."""

    def count(self, fault: str) -> None:
        """Count a fault."""
        self.faults[fault] = self.faults.get(fault, 0) + 1
