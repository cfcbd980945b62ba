"""What one probe found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from inundate.prove.cause import Cause, first_thing, says

__all__ = ["NONE_AT_ALL", "Finding", "Weight"]

#: Whom no gradient reaches, where the loss has no graph: that is so whatever the data are.
NONE_AT_ALL = "any of the weights"

#: A ``fault`` stands by itself. A ``suspect`` counts where the model does not learn. A ``note``
#: is only told.
Weight = Literal["fault", "suspect", "note"]


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    Parameters
    ----------
    cause : Cause
        What it would explain.
    weight : str
        ``fault``, ``suspect`` or ``note``.
    evidence : str
        What was found and what was expected, with figures.
    subject : str
        Which input, layer or key.
    tried : bool
        Whether the remedy was tried, and the model learnt with it.
    firm : bool
        Whether it stands though the model learns: with the remedy it learns far better.
    """

    cause: Cause
    weight: Weight
    evidence: str
    subject: str = ""
    tried: bool = False
    firm: bool = False

    @property
    def is_fault(self) -> bool:
        """Whether it stands by itself."""
        return self.weight == "fault"

    @property
    def says(self) -> str:
        """The fault in one clause."""
        return says(self.cause, self.subject)

    @property
    def first(self) -> str:
        """The first thing to try."""
        return first_thing(self.cause, self.subject)

    def record(self) -> dict[str, Any]:
        """Give it as plain values for JSON."""
        return {
            "cause": self.cause.value,
            "weight": self.weight,
            "subject": self.subject,
            "evidence": self.evidence,
            "tried": self.tried,
        }
