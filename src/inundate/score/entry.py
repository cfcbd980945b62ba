"""One sample of a score book: where it comes from, and the sums of each model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inundate.core.errors import DataError
from inundate.score.aggregate import State

__all__ = ["Entry"]


@dataclass(frozen=True)
class Entry:
    """One sample of a book.

    Attributes
    ----------
    terrain, block, storm, regime : str
        Where it comes from; a block is a part of a terrain.
    truth : str
        Digest of the observed depths.
    models : dict of str to State
        Sums by model.
    """

    terrain: str
    block: str
    storm: str
    regime: str
    truth: str
    models: dict[str, State] = field(default_factory=dict)

    @property
    def place(self) -> tuple[str, str]:
        """Terrain and block together: the ground that samples share."""
        return self.terrain, self.block

    @property
    def origin(self) -> tuple[str, ...]:
        """All that must agree for two entries to be of one sample."""
        return self.terrain, self.block, self.storm, self.regime, self.truth

    def to_json(self) -> dict[str, Any]:
        """Give a JSON-able form."""
        return {
            "terrain": self.terrain,
            "block": self.block,
            "storm": self.storm,
            "regime": self.regime,
            "truth": self.truth,
            "models": {name: state.to_json() for name, state in sorted(self.models.items())},
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Entry:
        """Read what :meth:`to_json` gave."""
        models = {name: State.from_json(sums) for name, sums in stored["models"].items()}
        return cls(**{**stored, "models": models})

    def take(self, other: Entry, sample: str) -> None:
        """Take in the models of another entry of the same sample.

        Raises
        ------
        DataError
            If origin or truth differ, or a model has other sums there.
        """
        if self.origin != other.origin:
            raise DataError(
                f"score book: sample {sample!r} is {other.origin} (terrain, block, storm, regime, "
                f"digest of the truth), it was {self.origin} before",
                hint="all models must be scored against the same observed depths",
            )
        for name, state in other.models.items():
            if name in self.models and self.models[name].to_json() != state.to_json():
                raise DataError(f"score book: sample {sample!r} has other scores of {name!r}")
        self.models.update(other.models)
