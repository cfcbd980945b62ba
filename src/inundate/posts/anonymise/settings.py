"""Settings of a pseudonymisation: what is kept, and how coarse it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from inundate.core.config import Settings
from inundate.posts.anonymise.numbers import REGIONS
from inundate.posts.anonymise.places import Postcodes
from inundate.posts.anonymise.scrub import Finder, Scrubber

__all__ = ["CELLS", "AnonymiseSettings", "TextPolicy"]

TextPolicy = Literal["hash", "keep", "paraphrase-safe"]
CELLS = (0.1, 0.5, 1.0, 5.0, 10.0)
"""Sides of cells in degrees; each is a whole multiple of the one before, so that cells nest."""


class AnonymiseSettings(Settings):
    """How posts are pseudonymised; all of it decides about the outcome."""

    text: TextPolicy = "keep"
    """keep: scrubbed texts, which a search engine can find; hash: a keyed token a word;
    paraphrase-safe: the words that many use, in another order."""
    time_bin_minutes: Annotated[int, Field(ge=1, le=1440)] = 10
    """Times are rounded down to so many minutes; a divisor of a day."""
    cell_degrees: float = 0.1
    """Finest cell that a place is rounded to; one of :data:`CELLS`."""
    k: Annotated[int, Field(ge=2)] = 5
    """Least number of authors that must share a place, tag, language, client, domain or word."""
    postcodes: Postcodes = "remove"
    """remove; area: the part that thousands of homes share stays; keep."""
    houses: bool = True
    """Whether numbers of houses are removed from texts."""
    regions: tuple[str, ...] = REGIONS
    """Countries, two letters each, whose local phone numbers are known."""
    names: str | None = None
    """spaCy model, or folder of one, that finds names of persons in texts."""
    retention_days: Annotated[int, Field(ge=1)] | None = None
    """Days after which the output is to be deleted; stands in its manifest and report."""

    @field_validator("time_bin_minutes")
    @classmethod
    def _divides_a_day(cls, value: int) -> int:
        if 1440 % value:
            raise ValueError("expected a divisor of 1440, so that no bin spans midnight")
        return value

    @field_validator("cell_degrees")
    @classmethod
    def _is_a_cell(cls, value: float) -> float:
        if value not in CELLS:
            raise ValueError(f"expected one of {', '.join(map(str, CELLS))} degrees")
        return value

    @field_validator("regions")
    @classmethod
    def _are_regions(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        import phonenumbers

        unknown = [one for one in value if one not in phonenumbers.SUPPORTED_REGIONS]
        if unknown:
            raise ValueError(f"expected countries such as GB, found {', '.join(unknown)}")
        return value

    @property
    def cells(self) -> tuple[float, ...]:
        """Sides of cells in degrees that may be used, the finest first."""
        return CELLS[CELLS.index(self.cell_degrees) :]

    def told(self) -> dict[str, Any]:
        """Give the settings as an output tells them: of a model its name alone, not its place."""
        found = self.model_dump(mode="json")
        return found | {"names": self.names and Path(self.names).name}

    def scrubber(self, names: Finder | None = None, **more: Any) -> Scrubber:
        """Make a scrubber with these settings."""
        return Scrubber(
            postcodes=self.postcodes, houses=self.houses, regions=self.regions, names=names, **more
        )
