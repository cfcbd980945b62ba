"""What a post of Bluesky itself holds: text, reply, facets, embeds."""

from __future__ import annotations

from typing import Any

import msgspec

from inundate.posts.importers.times import iso_time

__all__ = ["Record", "Self", "record_fields"]


class _Struct(msgspec.Struct, gc=False):
    """Only these fields are read; all others are skipped without being looked at."""


class _Reference(_Struct):
    uri: str


class _Reply(_Struct):
    root: _Reference | None = None
    parent: _Reference | None = None


class _Slice(_Struct):
    """Bytes of the text in UTF-8."""

    byteStart: int
    byteEnd: int


class _Feature(_Struct):
    did: str | None = None
    uri: str | None = None
    tag: str | None = None


class _Facet(_Struct):
    index: _Slice
    features: list[_Feature]


class _Image(_Struct):
    alt: str | None = None


class _External(_Struct):
    uri: str | None = None


class _Quoted(_Struct):
    """A reference, or one around it where media stand beside."""

    uri: str | None = None
    record: _Reference | None = None


class _Embed(_Struct):
    type: str | None = msgspec.field(name="$type", default=None)
    images: list[_Image] | None = None
    alt: str | None = None
    external: _External | None = None
    record: _Quoted | None = None
    media: _Embed | None = None


class Self(_Struct):
    """A label."""

    val: str | None = None


class _Labels(_Struct):
    values: list[Self] | None = None


class Record(_Struct):
    """A record of ``app.bsky.feed.post``."""

    text: str
    createdAt: str | None = None
    langs: list[str] | None = None
    reply: _Reply | None = None
    facets: list[_Facet] | None = None
    embed: _Embed | None = None
    tags: list[str] | None = None
    labels: _Labels | None = None


def record_fields(record: Record) -> dict[str, Any]:
    """Give the fields of a post that its record tells.

    Raises
    ------
    ValueError
        If the time that it states is none.
    """
    embed = record.embed or _Embed()
    media = embed.media or embed
    quoted = _quoted(embed)
    reply = record.reply or _Reply()
    return {
        "created_at": iso_time(record.createdAt),
        "kind": "quote" if quoted else "reply" if reply.parent else "original",
        "text": record.text,
        "lang": record.langs[0] if record.langs else None,
        "conversation_id": reply.root.uri if reply.root else None,
        "reply_to_id": reply.parent.uri if reply.parent else None,
        "reply_to_author_id": _did(reply.parent.uri) if reply.parent else None,
        "refers_to_id": quoted,
        "refers_to_author_id": _did(quoted) if quoted else None,
        "media_kinds": _kinds(media),
        "media_alts": [alt for alt in _alts(media) if alt],
        "is_sensitive": bool(record.labels and record.labels.values) if record.labels else None,
        **_facets(record, media),
    }


def _quoted(embed: _Embed) -> str | None:
    if embed.record is None:
        return None
    return embed.record.uri or (embed.record.record.uri if embed.record.record else None)


def _did(uri: str) -> str | None:
    """Give the author that an ``at://`` name holds."""
    parts = uri.split("/")
    return parts[2] if len(parts) > 2 else None


def _kinds(media: _Embed) -> list[str]:
    kind = "video" if media.type == "app.bsky.embed.video" else None
    return ["photo"] * len(media.images or ()) + ([kind] if kind else [])


def _alts(media: _Embed) -> list[str | None]:
    return [image.alt for image in media.images or ()] + [media.alt]


def _facets(record: Record, media: _Embed) -> dict[str, Any]:
    ids: list[str | None] = []
    handles: list[str | None] = []
    links: list[str] = []
    tags = list(record.tags or ())
    text = record.text.encode() if record.facets else b""
    for facet in record.facets or ():
        for feature in facet.features:
            if feature.did:
                shown = text[facet.index.byteStart : facet.index.byteEnd].decode(errors="ignore")
                ids.append(feature.did)
                handles.append(shown.removeprefix("@") or None)
            elif feature.uri:
                links.append(feature.uri)
            elif feature.tag:
                tags.append(feature.tag)
    if media.external and media.external.uri and media.external.uri not in links:
        links.append(media.external.uri)
    return {"mention_ids": ids, "mention_handles": handles, "urls": links, "hashtags": tags}
