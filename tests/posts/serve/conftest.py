import numpy as np
import pytest

from inundate.posts.anonymise.key import Key
from inundate.posts.anonymise.run import anonymise_posts
from inundate.posts.classify.zoo import make_classifier
from inundate.posts.ingest import import_posts
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.store import open_posts


@pytest.fixture(scope="session")
def rule(tmp_path_factory):
    """A keyword rule that was saved."""
    model = make_classifier("keyword")
    blank = ("", "")
    model.fit(
        LabelledPosts(
            ("a flood", "lunch"), np.array([1, 0]), ("off-topic", "on-topic"), blank, blank,
            blank, blank, {},
        )
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("model") / "rule"
    model.save(folder)
    return folder


@pytest.fixture(scope="session")
def key():
    return Key(bytes(range(1, 33)))


@pytest.fixture(scope="session")
def store_of(tmp_path_factory, key):
    """Make a pseudonymised store of made-up posts, of several days."""

    def make(number=60, days=3, name="safe"):
        folder = tmp_path_factory.mktemp("stores")
        table = folder / "posts.csv"
        rows = [
            f"{row},2013-06-{21 + row % days}T1{row % 10}:00:00Z,author{row % 7},"
            f"{'the river is in flood at mile' if row % 3 == 0 else 'lunch number'} {row}"
            for row in range(number)
        ]
        table.write_text("id,created_at,author_id,text\n" + "\n".join(rows) + "\n")
        import_posts([table], folder / "raw", _settings())
        anonymise_posts(folder / "raw", folder / name, key)
        return open_posts(folder / name)

    return make


def _settings():
    from inundate.posts.importers.formats import ImportSettings

    columns = {
        "post_id": "id", "created_at": "created_at", "author_id": "author_id", "text": "text"
    }  # fmt: skip
    return ImportSettings(format="csv", source="x", columns=columns)


@pytest.fixture(scope="session")
def store(store_of):
    return store_of()
