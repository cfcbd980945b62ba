"""Mastodon statuses, alone, in lists, and in the events of its streams."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec

from inundate.posts.importers.html_text import plain_text
from inundate.posts.importers.record import (
    NOT_PUBLIC,
    OPTED_OUT,
    UNREADABLE,
    Broken,
    Consent,
    Deletion,
    Dropped,
    Item,
    Whole,
    decode_error,
)
from inundate.posts.importers.times import iso_time
from inundate.posts.schema import Post

__all__ = ["Mastodon"]

_MEDIA = {"image": "photo", "video": "video", "gifv": "gif", "audio": "audio"}
# what people write into their profile when they want no robots to read them
_NO_ROBOTS = re.compile(r"#\s*(?:<span>)?\s*(?:nobots?|noindex|noarchive)\b", re.IGNORECASE)


class _Struct(msgspec.Struct, gc=False):
    """Only these fields are read; all others are skipped without being looked at."""


class _Field(_Struct):
    name: str = ""
    value: str = ""


class _Account(_Struct):
    id: str
    acct: str | None = None
    uri: str | None = None
    url: str | None = None
    note: str | None = None
    fields: list[_Field] | None = None
    bot: bool | None = None
    locked: bool | None = None
    discoverable: bool | None = None
    indexable: bool | None = None
    noindex: bool | None = None
    created_at: str | None = None
    followers_count: Whole | None = None


class _Media(_Struct):
    type: str | None = None
    description: str | None = None


class _Mention(_Struct):
    id: str | None = None
    url: str | None = None
    acct: str | None = None


class _Tag(_Struct):
    name: str


class _Option(_Struct):
    title: str


class _Poll(_Struct):
    options: list[_Option] | None = None


class _Card(_Struct):
    url: str | None = None


class _Application(_Struct):
    name: str | None = None


class _Status(_Struct):
    id: str
    account: _Account
    content: str
    uri: str | None = None
    created_at: str | None = None
    spoiler_text: str | None = None
    sensitive: bool | None = None
    visibility: str | None = None
    language: str | None = None
    in_reply_to_id: str | None = None
    in_reply_to_account_id: str | None = None
    reblog: _Status | None = None
    quote: msgspec.Raw = msgspec.Raw(b"null")
    replies_count: Whole | None = None
    reblogs_count: Whole | None = None
    favourites_count: Whole | None = None
    media_attachments: list[_Media] | None = None
    mentions: list[_Mention] | None = None
    tags: list[_Tag] | None = None
    poll: _Poll | None = None
    card: _Card | None = None
    application: _Application | None = None
    edited_at: str | None = None


class _Event(_Struct):
    """A frame of a stream: the payload is JSON in a text, or an object."""

    event: str
    payload: msgspec.Raw = msgspec.Raw(b"")


class _Found(_Struct):
    """What a search gives."""

    statuses: list[msgspec.Raw]


_found = msgspec.json.Decoder(_Found)
_status = msgspec.json.Decoder(_Status)
_statuses = msgspec.json.Decoder(list[msgspec.Raw])
_event = msgspec.json.Decoder(_Event)
_HREF = re.compile(r"""<a\b[^<>]{0,1000}?href=["']([^"']{1,2000})["'][^<>]{0,1000}>""")


class Mastodon:
    """Statuses as the servers' interface gives them.

    Ids of posts hold on one server alone; the ``uri``, which all servers share, finds the copies
    that several servers have. Authors are named by their page, which all servers share, too.

    Parameters
    ----------
    consent : Consent
    """

    name = "mastodon"

    def __init__(self, consent: Consent | None = None) -> None:
        self.consent = consent or Consent()

    def parse(self, record: bytes) -> Iterable[Item]:
        """See :class:`~inundate.posts.importers.record.Importer`."""
        if record.startswith(b"["):
            return [self._one(raw) for raw in _statuses.decode(record)]
        if b'"event"' in record[:200]:
            return self._of_event(_event.decode(record))
        try:
            return (self._item(_status.decode(record), record),)
        except msgspec.ValidationError:
            if b'"statuses"' not in record:
                raise
        return [self._one(raw) for raw in _found.decode(record).statuses]

    def _one(self, raw: msgspec.Raw) -> Item:
        try:
            return self._item(_status.decode(raw), bytes(raw))
        except UNREADABLE as error:
            return Broken(decode_error(error), bytes(raw))

    def _of_event(self, event: _Event) -> Iterable[Item]:
        payload = bytes(event.payload)
        if payload.startswith(b'"'):
            payload = msgspec.json.decode(payload, type=str).encode()
        if event.event in ("update", "status.update"):
            return (self._one(msgspec.Raw(payload)),)
        if event.event == "delete":
            return (Deletion("mastodon", payload.decode()),)
        return ()

    def _item(self, status: _Status, record: bytes) -> Item:
        shown = status.reblog or status
        for account in (status.account, shown.account):
            if self._refuses(account):
                return Dropped(OPTED_OUT)
        allowed = ("public", "unlisted") if self.consent.unlisted else ("public",)
        if not {status.visibility or "public", shown.visibility or "public"} <= set(allowed):
            return Dropped(NOT_PUBLIC)
        try:
            return _post(status, shown)
        except ValueError as error:
            return Broken(decode_error(error), record)

    def _refuses(self, account: _Account) -> bool:
        profile = [account.note or ""]
        profile += [f"{field.name} {field.value}" for field in account.fields or ()]
        if any(_NO_ROBOTS.search(text) for text in profile):
            return True
        hidden = account.noindex is True or account.indexable is False
        return (hidden or account.discoverable is False) and not self.consent.unindexed


def _post(status: _Status, shown: _Status) -> Post:
    account = status.account
    media = shown.media_attachments or []
    mentions = shown.mentions or []
    is_repost = status.reblog is not None
    quoted = bytes(status.quote) != b"null"
    kind = "reply" if status.in_reply_to_id else "original"
    return Post(
        source="mastodon",
        format="mastodon",
        post_id=status.id,
        uri=status.uri,
        created_at=iso_time(status.created_at),
        kind="repost" if is_repost else "quote" if quoted else kind,
        text=plain_text(shown.content),
        title=plain_text(shown.spoiler_text) if shown.spoiler_text else None,
        lang=shown.language,
        author_id=_author(account),
        author_handle=_handle(account),
        author_created_at=iso_time(account.created_at),
        author_followers=account.followers_count,
        author_is_bot=account.bot,
        reply_to_id=status.in_reply_to_id,
        reply_to_author_id=_answered(status),
        refers_to_id=shown.id if is_repost else None,
        refers_to_author_id=_author(shown.account) if is_repost else None,
        mention_ids=[mention.url or mention.id for mention in mentions],
        mention_handles=[mention.acct for mention in mentions],
        hashtags=[tag.name for tag in shown.tags or ()],
        urls=_links(shown),
        media_kinds=[_MEDIA.get(item.type or "", "other") for item in media],
        media_alts=[item.description for item in media if item.description],
        poll_options=[option.title for option in (shown.poll and shown.poll.options) or ()],
        reposts=status.reblogs_count,
        replies=status.replies_count,
        likes=status.favourites_count,
        client=status.application.name if status.application else None,
        community=_host(account),
        is_sensitive=shown.sensitive,
        is_edited=shown.edited_at is not None,
    )


def _author(account: _Account) -> str:
    return account.url or account.uri or account.id


def _answered(status: _Status) -> str | None:
    """Give the author who is answered, by the page: of the mentions or the author's own."""
    wanted = status.in_reply_to_account_id
    if wanted is None or wanted == status.account.id:
        return wanted and _author(status.account)
    pages = {mention.id: mention.url for mention in status.mentions or ()}
    return pages.get(wanted) or wanted


def _host(account: _Account) -> str | None:
    return urlsplit(account.uri or account.url or "").hostname


def _handle(account: _Account) -> str | None:
    """Give the handle with its server, also of the server's own accounts."""
    if account.acct is None or "@" in account.acct:
        return account.acct
    host = _host(account)
    return f"{account.acct}@{host}" if host else account.acct


def _links(status: _Status) -> list[str]:
    """Give the links of a text that are neither tags nor mentions."""
    return [
        html.unescape(match[1])
        for match in _HREF.finditer(status.content)
        if "mention" not in match[0] and "hashtag" not in match[0]
    ]
