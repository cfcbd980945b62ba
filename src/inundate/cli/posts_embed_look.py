"""``inundate posts embed``: look at vectors of words, and compare them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from inundate.cli.flags import Json
from inundate.cli.posts_embed import Tokens, about, about_text
from inundate.cli.shell import emit

__all__ = ["compare", "look"]

Unknown = Literal["zero", "drop", "mean", "subword"]
Words = Annotated[tuple[str, ...], Parameter(negative=(), consume_multiple=True)]
Paths = Annotated[tuple[Path, ...], Parameter(negative=(), consume_multiple=True)]


def look(
    vectors: str,
    *,
    word: Words = (),
    count: int = 10,
    corpus: Paths = (),
    tokens: Tokens = "posts",
    text: str | None = None,
    oov: Unknown = "zero",
    json: Json = False,
) -> None:
    """Look at vectors: size, neighbours of words, and how much of a corpus they know.

    Parameters
    ----------
    vectors
        A file of vectors, a folder of this package's, or a name such as glove-6b-50d.
    word
        Words whose neighbours are wanted.
    count
        Neighbours of each.
    corpus
        Stores, tables or files of texts whose words are counted.
    tokens
        How texts become words.
    text
        Column of the texts in tables.
    oov
        What stands for an unknown word; subword makes a vector of its pieces.

    Examples
    --------
    ``inundate posts embed look glove-6b-50d --word flood river --corpus safe``
    """
    from inundate.posts.embed.static import Embedding
    from inundate.posts.embed.texts import open_texts

    embedding = Embedding.open(vectors, oov=oov)
    figures: dict[str, Any] = about(embedding)
    figures["neighbours"] = {
        one: {
            "known": one in embedding,
            "nearest": [[near, value] for near, value in embedding.neighbours(one, count)],
        }
        for one in word
    }
    figures["coverage"] = None
    if corpus:
        texts = open_texts(corpus, tokens=tokens, column=text)
        figures["coverage"] = {**embedding.coverage(texts).describe(), "assumed": texts.assumed}
    emit(figures, json=json, text=lambda: _look_text(vectors, figures))


def _look_text(vectors: str, figures: dict[str, Any]) -> str:
    lines = [about_text(vectors, figures)]
    for one, found in figures["neighbours"].items():
        near = ", ".join(f"{other} {value:.2f}" for other, value in found["nearest"])
        told = "" if found["known"] else " (unknown)"
        lines.append(f"  {one}{told}: {near or 'no vector, so no neighbours'}")
    if figures["coverage"]:
        lines += _coverage_lines(figures["coverage"])
    return "\n".join(lines)


def _coverage_lines(found: dict[str, Any]) -> list[str]:
    lines = [
        f"  corpus: {found['tokens']:,} words, {found['unknown_share']:.2%} unknown; of "
        f"{found['types']:,} different ones {found['types'] - found['known_types']:,}"
    ]
    if found["commonest_unknown"]:
        listed = (f"{word} {number:,}" for word, number in found["commonest_unknown"][:10])
        lines.append(f"  commonest unknown: {', '.join(listed)}")
    return lines + [f"  assumed: {what}" for what in found.get("assumed", ())]


def compare(
    one: str,
    other: str,
    *,
    word: Words = (),
    count: int = 10,
    pairs: Path | None = None,
    corpus: Paths = (),
    tokens: Tokens = "posts",
    text: str | None = None,
    oov: Unknown = "zero",
    json: Json = False,
) -> None:
    """Compare two embeddings: shared words, neighbours, coverage, people's judgements.

    Parameters
    ----------
    one
        A file of vectors, a folder of this package's, or a name such as glove-6b-50d.
    other
        Another.
    word
        Words whose neighbours are shown side by side.
    count
        Neighbours of each.
    pairs
        Table of two words and how alike people find them, to hold both against.
    corpus
        Stores, tables or files of texts whose words are counted.
    tokens
        How texts become words.
    text
        Column of the texts in tables.
    oov
        What stands for an unknown word; subword makes a vector of its pieces.

    Examples
    --------
    ``inundate posts embed compare vectors/own glove-6b-50d --word flood --corpus safe``
    """
    from inundate.posts.embed.compare import agreement, rate_pairs, read_pairs
    from inundate.posts.embed.static import Embedding
    from inundate.posts.embed.texts import open_texts

    judged = read_pairs(pairs) if pairs else None
    texts = open_texts(corpus, tokens=tokens, column=text) if corpus else None
    both = [Embedding.open(name, oov=oov) for name in (one, other)]
    figures: dict[str, Any] = {
        "embeddings": [about(embedding) for embedding in both],
        "agreement": agreement(both[0], both[1]).describe(),
        "neighbours": {
            item: [[list(near) for near in e.neighbours(item, count)] for e in both]
            for item in word
        },
        "pairs": [rate_pairs(e, judged) for e in both] if judged else None,
        "coverage": [e.coverage(texts).describe() for e in both] if texts is not None else None,
        "assumed": texts.assumed if texts is not None else [],
    }
    emit(figures, json=json, text=lambda: _compare_text((one, other), figures))


def _compare_text(names: tuple[str, str], figures: dict[str, Any]) -> str:
    found = figures["agreement"]
    lines = [about_text(name, one) for name, one in zip(names, figures["embeddings"], strict=True)]
    lines.append(
        f"both have {found['shared']:,} words; of the first {found['compared']:,} they agree on "
        f"{found['neighbours']:.0%} of the ten nearest, cosines correlate by "
        f"{found['similarity']:.2f} (Spearman)"
    )
    for item, lists in figures["neighbours"].items():
        for name, near in zip(names, lists, strict=True):
            listed = ", ".join(f"{word} {value:.2f}" for word, value in near)
            lines.append(f"  {item}, {name}: {listed or 'unknown'}")
    for key in ("pairs", "coverage"):
        for name, one in zip(names, figures[key] or (), strict=False):
            if key == "pairs":
                lines.append(
                    f"  judgements, {name}: Spearman {one['spearman']:.3f} over "
                    f"{one['rated']:,} of {one['pairs']:,} pairs"
                )
            else:
                lines += [f"  {name}", *_coverage_lines(one)]
    return "\n".join(lines + [f"  assumed: {what}" for what in figures["assumed"]])
