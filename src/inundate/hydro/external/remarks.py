"""What became of each line of another model's files: taken, approximated, ignored or unknown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

__all__ = ["Fate", "Remark", "Remarks"]

Fate = Literal["taken", "approximate", "ignored", "unknown"]


@dataclass(frozen=True)
class Remark:
    """One line of a file, or one setting, and what this package made of it.

    Attributes
    ----------
    where : str
        File and line, or the setting that was to be written.
    item : str
        Key and value as they stand there.
    fate : {"taken", "approximate", "ignored", "unknown"}
        Taken as it is, taken as the nearest thing there is, without a counterpart, or not known
        to belong to the format.
    says : str
        What was done, in a few words.
    """

    where: str
    item: str
    fate: Fate
    says: str = ""


class Remarks:
    """The remarks of one import or export, in order."""

    def __init__(self) -> None:
        self.all: list[Remark] = []

    def add(self, where: str, item: str, fate: Fate, says: str = "") -> None:
        """Keep a remark."""
        self.all.append(Remark(where, item, fate, says))

    def of(self, *fates: Fate) -> list[Remark]:
        """Give the remarks of some fates."""
        return [remark for remark in self.all if remark.fate in fates]

    def to_list(self) -> list[dict[str, str]]:
        """Give all remarks as plain dictionaries."""
        return [asdict(remark) for remark in self.all]

    @staticmethod
    def table(
        remarks: Iterable[dict[str, str]],
        fates: Sequence[Fate] = ("approximate", "ignored", "unknown"),
    ) -> str:
        """Lay the remarks of some fates out as text, one a line.

        Examples
        --------
        >>> notes = Remarks()
        >>> notes.add("a.par, line 3", "theta 0.8", "ignored", "a fixed weight diffuses")
        >>> print(Remarks.table(notes.to_list()))
          ignored      a.par, line 3: theta 0.8 (a fixed weight diffuses)
        """
        lines = []
        for remark in remarks:
            if remark["fate"] in fates:
                says = f" ({remark['says']})" if remark["says"] else ""
                lines.append(f"  {remark['fate']:<12} {remark['where']}: {remark['item']}{says}")
        return "\n".join(lines)
