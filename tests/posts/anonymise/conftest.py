import json
from pathlib import Path

import pytest

from inundate.posts.anonymise.key import Key
from inundate.posts.anonymise.run import anonymise_posts
from inundate.posts.anonymise.settings import AnonymiseSettings
from inundate.posts.ingest import import_posts
from inundate.posts.store import open_posts


@pytest.fixture
def key():
    return Key(bytes(range(1, 33)))


@pytest.fixture
def lines(tmp_path):
    """Write flattened posts of X, one a line."""

    def write(posts, name="a.jsonl"):
        path = tmp_path / name
        path.write_text("".join(json.dumps(one) + "\n" for one in posts), encoding="utf-8")
        return path

    return write


@pytest.fixture
def safe(tmp_path, key):
    """Import files, pseudonymise them, and give the store and its rows."""

    def make(*paths, name="safe", raw="raw", using=None, overwrite=False, **settings):
        import_posts(paths, tmp_path / raw)
        anonymise_posts(
            tmp_path / raw, tmp_path / name, using or key, AnonymiseSettings(**settings),
            overwrite=overwrite,
        )  # fmt: skip
        store = open_posts(tmp_path / name)
        return store, [row for table in store.batches() for row in table.to_pylist()]

    return make


def tree(folder):
    files = (path for path in Path(folder).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(name="tree")
def _tree():
    return tree
