"""``inundate posts anonymise``, ``verify`` and ``forget``: pseudonyms and who holds the key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from inundate.cli.flags import Json, Output, Overwrite
from inundate.cli.memory import spare_memory
from inundate.cli.shell import emit

__all__ = ["anonymise", "forget", "verify"]

Flag = Annotated[bool, Parameter(negative=())]
Source = Literal["bluesky", "mastodon", "other", "reddit", "x"]


def anonymise(
    raw: Path,
    *,
    output: Output,
    key: Path,
    text: Literal["hash", "keep", "paraphrase-safe"] = "keep",
    time_bin_minutes: int = 10,
    cell_degrees: float = 0.1,
    k: int = 5,
    postcodes: Literal["area", "keep", "remove"] = "remove",
    keep_houses: Flag = False,
    region: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    names: str | None = None,
    retention_days: int | None = None,
    rotate: Flag = False,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Pseudonymise a raw store, with a report for an ethics board.

    Ids become keyed tokens, texts lose what leads to a person, times and places are rounded, and
    rare values are not shown; every field that is not named in the report is dropped. The same
    posts, key and settings give the same bytes. A run that was killed goes on when the command is
    given again; after a further import it brings the output up to date.

    Parameters
    ----------
    raw
        Store that inundate posts import has made.
    output
        Pseudonymised store, with report.html, report.md and report.json in it.
    key
        File with the key, outside both stores; where none is, one is drawn at random.
    text
        keep: texts without identifiers, which a search engine may still find; hash: a keyed token
        a word; paraphrase-safe: the words that many use, in another order.
    time_bin_minutes
        Times are rounded down to so many minutes.
    cell_degrees
        Finest cell of places: 0.1, 0.5, 1, 5 or 10.
    k
        Least number of authors that must share a place, tag, language, client or domain.
    postcodes
        remove them from texts, keep the area part, or keep them.
    keep_houses
        Leave numbers of houses in texts.
    region
        Countries whose local phone numbers are known, such as GB; by default eight.
    names
        spaCy model that finds names of persons in texts; by default they stay.
    retention_days
        Days after which the output is to be deleted, for the report.
    rotate
        Draw a new key, make the output anew with it, and destroy the old one.

    Examples
    --------
    ``inundate posts anonymise raw -o safe --key ~/keys/flood.key``
    ``inundate posts anonymise raw -o shared --key ~/keys/shared.key --text paraphrase-safe``
    """
    spare_memory([raw])
    _require()
    from inundate.core.config import resolve_settings
    from inundate.core.errors import ConfigError, InundateError
    from inundate.core.progress import Progress
    from inundate.posts.anonymise.key import check_outside, create_key, open_key
    from inundate.posts.anonymise.rotate import NEW, rotate_key
    from inundate.posts.anonymise.run import anonymise_posts
    from inundate.posts.anonymise.settings import AnonymiseSettings
    from inundate.posts.anonymise.staging import staging_of
    from inundate.posts.store import open_raw

    given: dict[str, Any] = {
        "text": text,
        "time_bin_minutes": time_bin_minutes,
        "cell_degrees": cell_degrees,
        "k": k,
        "postcodes": postcodes,
        "houses": not keep_houses,
        "names": names,
        "retention_days": retention_days,
    }
    if region:
        given["regions"] = region
    settings = resolve_settings(AnonymiseSettings, flags=given)
    posts = sum(part.rows for part in open_raw(raw).parts())
    key = key.expanduser()
    check_outside(key, [raw, output])
    if rotate and not (key.exists() or key.with_name(key.name + NEW).exists()):
        raise ConfigError(f"exchanging the key {key}: there is none", hint="leave --rotate out")
    is_new = not key.exists()
    with Progress("anonymise", total=posts, unit="posts", enabled=not json) as bar:
        if rotate:
            done = rotate_key(raw, output, key, settings, on_done=bar.advance)
        else:
            used = create_key(key) if is_new else open_key(key, outside=[raw, output])
            try:
                done = anonymise_posts(
                    raw, output, used, settings, overwrite=overwrite, on_done=bar.advance
                )
            except InundateError:
                if is_new and not staging_of(output).exists():
                    key.unlink()  # nothing was made with it
                raise
    figures = {
        "output": str(output),
        "status": done.status,
        "posts": done.posts,
        "forgotten": done.forgotten,
        "key": "exchanged" if rotate else "drawn" if is_new else "read",
        "report": str(output / "report.html"),
    }
    emit(figures, json=json, text=lambda: _text(figures, key))


def _text(figures: dict[str, Any], key: Path) -> str:
    lines = [f"{figures['output']}: {figures['posts']:,} posts, {figures['status']}"]
    if figures["forgotten"]:
        lines.append(f"  {figures['forgotten']:,} left out of authors who were forgotten")
    if figures["key"] != "read":
        lines.append(f"  a new key lies in {key}: keep it apart, or destroy it for good")
    lines.append(f"  what became of each field, and what risk is left: {figures['report']}")
    return "\n".join(lines)


def verify(
    store: Path, *, key: Path | None = None, raw: Path | None = None, json: Json = False
) -> None:
    """Check a pseudonymised store; the exit code is 3 when something is wrong.

    Looks for files, columns and metadata that do not belong there, values that are no pseudonym or
    finer than their bin, identifiers in texts, and posts that were lost.

    Parameters
    ----------
    store
        Pseudonymised store.
    key
        Key that it should have been made with.
    raw
        Raw store that it should have been made of.

    Examples
    --------
    ``inundate posts verify safe --key ~/keys/flood.key --raw raw``
    """
    _require()
    from inundate.core.errors import DataError
    from inundate.posts.anonymise.key import open_key
    from inundate.posts.anonymise.verify import verify_posts

    known = open_key(key.expanduser(), outside=[store]) if key else None
    figures, found = verify_posts(store, key=known, raw=raw)
    result = {**figures, "findings": [{"check": one.check, "text": one.text} for one in found]}
    listed = "; ".join(f"{one.check}: {one.text}" for one in found)
    if json or not found:
        emit(result, json=json, text=lambda: f"{store}: {figures['posts']:,} posts, nothing wrong")
    if found:
        raise DataError(
            f"verifying {store}: {listed}", hint="make it anew with inundate posts anonymise"
        )


def forget(
    store: Path | None = None,
    *,
    key: Path,
    author: str | None = None,
    source: Source | None = None,
    handle: str | None = None,
    raw: Path | None = None,
    destroy_key: Flag = False,
    json: Json = False,
) -> None:
    """Forget one author everywhere, or, by destroying the key, who anybody was.

    Parameters
    ----------
    store
        Pseudonymised store.
    key
        Key that it was made with.
    author
        The platform's id of the author.
    source
        Platform.
    handle
        Also the mentions that are known by this handle alone.
    raw
        Raw store, to forget the author there too.
    destroy_key
        Overwrite and remove the key: no pseudonym can be linked to an account any more, and
        nobody can be forgotten one by one. There is no way back.

    Examples
    --------
    ``inundate posts forget safe --key ~/keys/flood.key --author 12345 --source x --raw raw``
    ``inundate posts forget --key ~/keys/flood.key --destroy-key``
    """
    _require()
    from inundate.core.errors import ConfigError
    from inundate.posts.anonymise import key as keys
    from inundate.posts.anonymise.forget import forget_author

    place = key.expanduser()
    if destroy_key:
        if store is not None or author or source or handle or raw:
            raise ConfigError(
                "forgetting: --destroy-key stands alone with --key",
                hint="forget the author first, then destroy the key",
            )
        keys.destroy_key(place)
        emit({"key": "destroyed"}, json=json, text=f"{place}: destroyed")
        return
    if store is None or author is None or source is None:
        raise ConfigError(
            "forgetting an author: expected a store, --author ID and --source PLATFORM",
            hint="inundate posts forget --help",
        )
    known = keys.open_key(place, outside=[store])
    done = forget_author(store, known, source=source, author_id=author, handle=handle, raw=raw)
    figures = {"store": str(store), "posts": done.posts, "raw_posts": done.raw_posts}
    more = "" if done.raw_posts is None else f", {done.raw_posts:,} of {raw}"
    left = "; the raw store still holds the author: give --raw" if done.raw_posts is None else ""
    emit(figures, json=json, text=f"{store}: {done.posts:,} posts forgotten{more}{left}")


def _require() -> None:
    from inundate.core.errors import require_extra

    for module in ("pyarrow", "msgspec", "phonenumbers"):
        require_extra("posts", module, what="pseudonymising posts")
