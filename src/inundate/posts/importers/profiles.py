"""Tables that are known by their header: what each column holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["PROFILES", "Profile", "profile_of"]


@dataclass(frozen=True)
class Profile:
    """A known kind of table.

    Parameters
    ----------
    name : str
    signature : frozenset of str
        Columns that must all be there, in lower case.
    columns : tuple of (str, str)
        Field and column, in lower case; those that a table lacks are left out. Of several
        columns for a field the first that is there is taken.
    labels : tuple of (str, str)
        Label and column.
    source : str
        Platform.
    event_in_name : bool
        Whether the file's name begins with the event, up to a hyphen.
    """

    name: str
    signature: frozenset[str]
    columns: tuple[tuple[str, str], ...]
    labels: tuple[tuple[str, str], ...] = field(default=())
    source: str = "other"
    event_in_name: bool = False

    def event(self, path: Path) -> str | None:
        """Give the event that the file's name tells."""
        return path.name.partition("-")[0] if self.event_in_name else None

    def map(self, header: list[str]) -> tuple[dict[str, str], dict[str, str]]:
        """Give field to column and label to column, as this header spells them."""
        spelled = {column.lower(): column for column in reversed(header)}
        columns: dict[str, str] = {}
        for name, column in self.columns:
            if column in spelled:
                columns.setdefault(name, spelled[column])
        labels = {label: spelled[column] for label, column in self.labels if column in spelled}
        return columns, labels


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Read ``field=column`` pairs, one a word; ``+`` stands for a blank."""
    cut = (word.split("=") for word in text.split())
    return tuple((name, column.replace("+", " ")) for name, column in cut)


_TWARC = _pairs(
    "post_id=id conversation_id=conversation_id created_at=created_at author_id=author_id"
    " reply_to_id=referenced_tweets.replied_to.id repost_id=referenced_tweets.retweeted.id"
    " quote_id=referenced_tweets.quoted.id reply_to_author_id=in_reply_to_user_id"
    " refers_to_author_id=retweeted_user_id text=text lang=lang client=source"
    " reposts=public_metrics.retweet_count replies=public_metrics.reply_count"
    " likes=public_metrics.like_count quotes=public_metrics.quote_count"
    " views=public_metrics.impression_count is_sensitive=possibly_sensitive"
    " hashtags=entities.hashtags urls=entities.urls mention_handles=entities.mentions"
    " author_handle=author.username author_location=author.location"
    " author_created_at=author.created_at"
    " author_followers=author.public_metrics.followers_count"
    " lon_lat=geo.coordinates.coordinates place_name=geo.full_name"
    " place_kind=geo.place_type place_country=geo.country_code place_box=geo.geo.bbox"
    " collected_at=__twarc.retrieved_at poll_options=attachments.poll.options"
    " is_protected=author.protected"
)
_4CAT = _pairs(
    "post_id=id conversation_id=thread_id created_at=unix_timestamp created_at=timestamp"
    " text=body title=subject author_id=author_id author_id=author author_handle=author"
    " lang=language_guess client=source is_sensitive=possibly_sensitive"
    " reposts=retweet_count replies=reply_count likes=like_count quotes=quote_count"
    " views=impression_count is_repost=is_retweet is_quote=is_quote_tweet is_reply=is_reply"
    " reply_to_id=reply_to hashtags=hashtags urls=urls mention_handles=mentions"
)
_COMMUNALYTIC = _pairs(
    "post_id=tweet_id created_at=date text=text author_id=userid author_handle=username"
    " lang=language quotes=quote_count reposts=retweet_count replies=reply_count"
    " likes=like_count views=impression_count conversation_id=conversation_id"
)
_CRISISLEX = _pairs("post_id=tweet+id text=tweet text=tweet+text")

PROFILES = (
    Profile(
        "crisislex-t6",
        frozenset({"tweet id", "tweet", "label"}),
        _CRISISLEX,
        (("relevance", "label"),),
        "x",
        event_in_name=True,
    ),
    Profile(
        "crisislex-t26",
        frozenset({"tweet id", "tweet text", "informativeness"}),
        _CRISISLEX,
        (
            ("information_source", "information source"),
            ("information_type", "information type"),
            ("informativeness", "informativeness"),
        ),
        "x",
        event_in_name=True,
    ),
    Profile(
        "humaid",
        frozenset({"tweet_id", "tweet_text", "class_label"}),
        _pairs("post_id=tweet_id text=tweet_text"),
        (("humanitarian", "class_label"),),
        "x",
    ),
    Profile("twarc-csv", frozenset({"id", "text", "author.username", "lang"}), _TWARC, (), "x"),
    Profile("4cat-x", frozenset({"id", "thread_id", "body", "is_retweet"}), _4CAT, (), "x"),
    Profile("4cat", frozenset({"id", "thread_id", "timestamp", "body"}), _4CAT),
    Profile(
        "communalytic-x", frozenset({"tweet_id", "date", "text", "userid"}), _COMMUNALYTIC, (), "x"
    ),
)


def profile_of(header: list[str]) -> Profile | None:
    """Give the first profile whose columns are all there.

    Examples
    --------
    >>> profile_of(["tweet id", "tweet", "label"]).name
    'crisislex-t6'
    """
    found = {column.lower() for column in header}
    return next((profile for profile in PROFILES if profile.signature <= found), None)
