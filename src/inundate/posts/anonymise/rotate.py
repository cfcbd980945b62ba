"""Exchange the key: every pseudonym becomes another, and the old key is destroyed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from inundate.core.errors import ConfigError
from inundate.posts.anonymise.forgotten import Forgotten
from inundate.posts.anonymise.handles import canonical_column
from inundate.posts.anonymise.key import Key, check_outside, create_key, open_key, wipe
from inundate.posts.anonymise.run import Anonymised, anonymise_posts
from inundate.posts.anonymise.settings import AnonymiseSettings
from inundate.posts.anonymise.tokens import Pseudonyms
from inundate.posts.store import open_posts, open_raw

__all__ = ["NEW", "rotate_key"]

NEW = ".new"
"""Behind the name of a key's file: the next one, until it takes the old one's place."""


def rotate_key(
    raw: Path | str,
    output: Path | str,
    key_file: Path | str,
    settings: AnonymiseSettings | None = None,
    *,
    on_done: Callable[[int], None] = lambda _: None,
) -> Anonymised:
    """Make an output anew under a new key, put that in the old one's place and destroy the old.

    Until the new output is there the old key and the old output stay. Given again after it was
    stopped, it goes on. Who was forgotten stays forgotten.

    Parameters
    ----------
    raw, output, key_file : Path
        As the output was made with.
    settings : AnonymiseSettings, optional
    on_done : callable
        Told the number of posts done.

    Raises
    ------
    ConfigError
        If the output was made with another key.
    """
    place = Path(key_file)
    check_outside(place, [raw, output])
    fresh_place = place.with_name(place.name + NEW)
    fresh = open_key(fresh_place) if fresh_place.exists() else create_key(fresh_place)
    made = open_posts(output)
    forgotten = Forgotten.read(made.path)
    if made.manifest.get("key") != fresh.fingerprint:  # else only the end was not reached
        old = open_key(place)
        if made.manifest.get("key") != old.fingerprint:
            raise ConfigError(
                f"exchanging the key of {output}: it was made with another key than {place}",
                hint="give the --key that it was made with",
            )
        forgotten = _renamed(forgotten, raw, old, fresh)
    done = anonymise_posts(
        raw, output, fresh, settings, overwrite=True, forgotten=forgotten, on_done=on_done
    )
    if place.exists():
        wipe(place)
    fresh_place.replace(place)
    return done


def _renamed(forgotten: Forgotten, raw: Path | str, old: Key, fresh: Key) -> Forgotten:
    """Give the new tokens of those forgotten; who is not in the raw store cannot come back."""
    gone = set(forgotten.tokens)
    before, after = Pseudonyms(old), Pseudonyms(fresh)
    found: list[str] = []
    store = open_raw(raw)
    columns = ["source", "author_id", "mention_ids", "author_handle", "mention_handles"]
    for table in store.batches(columns):
        for source in pc.unique(table["source"]).to_pylist():
            here = table.filter(pc.equal(table["source"], source))
            for kind, one, many in (
                ("author", "author_id", "mention_ids"),
                ("handle", "author_handle", "mention_handles"),
            ):
                lists = here[many].combine_chunks().flatten()
                values = pc.unique(pa.concat_arrays([here[one].combine_chunks(), lists]))
                values = values.drop_null()
                if kind == "handle":
                    values = pc.unique(pa.array(canonical_column(values, source), pa.string()))
                are_gone = pa.array(
                    [token in gone for token in before.column(kind, source, values).to_pylist()],
                    pa.bool_(),
                )
                found += after.column(kind, source, values.filter(are_gone)).to_pylist()
    return Forgotten(found)
