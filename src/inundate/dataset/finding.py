"""One thing that an audit found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Finding", "Severity", "some"]

Severity = Literal["error", "warning", "info"]
_SHOWN = 5


@dataclass(frozen=True)
class Finding:
    """What is wrong, how badly, and what shows it.

    Attributes
    ----------
    check : str
        Name of the check.
    severity : str
        ``error``: scores or training would be wrong; ``warning``: to be looked at; ``info``.
    message : str
        One sentence, with figures.
    evidence : dict
        Names and numbers behind it.
    """

    check: str
    severity: Severity
    message: str
    evidence: dict[str, Any] = field(default_factory=dict)


def some(names: Sequence[str]) -> str:
    """Name the first few, and how many more there are.

    Examples
    --------
    >>> some(list("abcdefg"))
    'a, b, c, d, e and 2 more'
    """
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
