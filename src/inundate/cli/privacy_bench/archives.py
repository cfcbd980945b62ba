"""What stands in synthetic archives: people, texts and posts; nobody in them exists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from inundate.cli.privacy_bench.canaries import TEXT_KINDS, Secrets

__all__ = ["PEOPLE", "Archives", "Truth"]

PEOPLE = 400  # authors of each platform
_WORDS = (
    "the river is up again", "bridge closed", "we are safe", "water in the cellar",
    "no power here", "please help", "boats come down the road", "rain all night",
    "school is closed", "sandbags at the hall", "it is calm now", "mud and debris all over",
)  # fmt: skip
_START = datetime(2020, 2, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Truth:
    """What an attacker may know of a post from elsewhere."""

    source: str
    post_id: str
    author_id: str
    time: datetime


class Archives:
    """Writes archives, and keeps what was planted.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed: int) -> None:
        self.secrets = Secrets(seed)
        self.random = self.secrets.random
        self.truths: list[Truth] = []
        self._kinds = list(TEXT_KINDS.items())
        self._next = 0
        self.people = {
            source: [self._person(source) for _ in range(PEOPLE)]
            for source in ("x", "mastodon", "bluesky", "reddit", "other")
        }

    def _person(self, source: str) -> dict[str, Any]:
        s = self.secrets
        handle = s.word("author's handle")
        made = {
            "id": s.number("author's id", 10),
            "handle": handle,
            "name": s.word("author's name", 12),
            "bio": s.word("author's biography", 12),
            "location": s.word("author's location", 12),
            "link": f"https://{s.word('author´s link')}.org/{handle}",
            "avatar": f"https://pbs.example.com/{s.word('author´s picture', 16)}.jpg",
            "pinned": s.number("pinned post", 18),
            "created": f"2012-03-04T05:{self.random.randint(10, 59)}:17.000Z",
            "followers": int(s.number("exact followers", 7)),
            "host": f"{s.word('rare server')}.social",
        }
        if source == "bluesky":
            made["id"] = "did:plc:" + s.word("author's id", 24)
        if source == "reddit":
            made["id"] = handle
        return made

    def plant(self) -> str:
        """Give the next kind of text identifier, in turn."""
        _, make = self._kinds[self._next % len(self._kinds)]
        self._next += 1
        return make(self.secrets)

    def text(self, *, raw: bool = True) -> str:
        """Make a text with one planted identifier.

        Parameters
        ----------
        raw : bool
            Whether the importer takes it as it is; others undo HTML once.
        """
        first, second = self.random.sample(_WORDS, 2)
        made = f"{first} {self.plant()} {second}"
        return made if raw else made.replace("&", "&amp;")

    def begin(self, source: str, length: int = 18) -> tuple[str, dict[str, Any], str]:
        """Give id, author and time of a new post."""
        author = self.random.choice(self.people[source])
        seconds = self.random.randint(0, 28 * 86_400)
        time = _START + timedelta(seconds=seconds, milliseconds=self.random.randint(0, 999))
        made = self.secrets.number("id of a post", length)
        self.truths.append(Truth(source, made, author["id"], time))
        return made, author, time.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def other(self, source: str) -> dict[str, Any]:
        """Give somebody else."""
        found: dict[str, Any] = self.random.choice(self.people[source])
        return found

    def unknown(self, found: Any) -> Any:
        """Put an unknown field into every object at every depth."""
        if isinstance(found, dict):
            made = {key: self.unknown(value) for key, value in found.items()}
            return made | {f"new_{len(made)}": self.secrets.word("unknown field", 12)}
        return [self.unknown(one) for one in found] if isinstance(found, list) else found
