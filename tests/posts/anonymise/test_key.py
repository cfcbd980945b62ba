"""Keys are random, apart, closed to others, and shown nowhere; tokens tell nothing without them."""

import copy
import logging
import pickle
import traceback

import pyarrow as pa
import pytest

from inundate.core.errors import ConfigError, MissingFileError, RunError
from inundate.posts.anonymise.key import Key, create_key, destroy_key, draw_key, open_key
from inundate.posts.anonymise.tokens import Pseudonyms
from inundate.posts.ingest import import_posts

SECRET = bytes(range(1, 33))


def test_a_key_is_made_for_its_owner_alone(tmp_path):
    path = tmp_path / "keys" / "flood.key"
    key = create_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert open_key(path).fingerprint == key.fingerprint
    assert create_key(tmp_path / "other.key").fingerprint != key.fingerprint
    with pytest.raises(RunError, match="expected a place where nothing is yet"):
        create_key(path)


@pytest.mark.parametrize(
    "secret", [b"", b"\0" * 32, b"secret", b"ab" * 16, SECRET[:15], SECRET * 2]
)
def test_placeholders_and_short_keys_are_refused(secret):
    with pytest.raises(ConfigError, match="no random key") as caught:
        Key(secret)
    assert secret.hex() not in str(caught.value) or not secret


def test_a_key_is_not_shown(caplog):
    key = Key(SECRET)
    shown = f"{key} {key!r} {key:>9} {[key]} {vars(Pseudonyms(key))}"
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").info("%s %r", key, key)
    for text in (shown, caplog.text):
        assert SECRET.hex() not in text
        assert repr(SECRET) not in text
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not copied"):
            way(key)


@pytest.mark.parametrize("content", ["", "nonsense", "inundate-key-1 zz", SECRET.hex(),
                                     "inundate-key-1 " + SECRET[:16].hex()])  # fmt: skip
def test_what_is_no_key_is_not_quoted(content, tmp_path):
    path = tmp_path / "a.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError) as caught:
        open_key(path)
    told = "".join(traceback.format_exception(caught.value, chain=True))
    assert SECRET.hex()[:8] not in told
    assert not content or content not in str(caught.value)
    with pytest.raises(ConfigError):
        destroy_key(path)
    assert path.read_text() == content  # nothing else is ever destroyed


def test_where_a_key_may_lie(tmp_path):
    inside = tmp_path / "store" / "a.key"
    create_key(inside)
    with pytest.raises(ConfigError, match="would be handed on with it"):
        open_key(inside, outside=[tmp_path / "store"])
    link = tmp_path / "link.key"
    link.symlink_to(inside)
    with pytest.raises(ConfigError, match="would be handed on with it"):
        open_key(link, outside=[tmp_path / "store"])
    with pytest.raises(MissingFileError, match="no such file"):
        open_key(tmp_path / "none.key")
    inside.chmod(0o640)
    with pytest.raises(ConfigError, match=r"others may read it \(mode 0640\), expected 0600"):
        open_key(inside)


def test_a_destroyed_key_is_gone(tmp_path):
    path = tmp_path / "a.key"
    create_key(path)
    twin = tmp_path / "twin"
    twin.hardlink_to(path)  # shows what the disk held before the name went
    before = twin.read_bytes()
    destroy_key(path)
    assert not path.exists()
    assert len(twin.read_bytes()) == len(before)
    assert before[15:].strip() not in twin.read_bytes()


def test_a_key_gives_the_tokens_that_it_always_gave():
    """Stores of earlier versions are brought up to date under their key."""
    tokens = Pseudonyms(Key(SECRET))
    assert tokens.one("author", "x", "12") == "mihfkhnebnbaipkgpanoojkfijacebil"
    assert tokens.one("post", "mastodon", "é") == "kkombgdkcagomeofhccpngcgfmkcfkpg"


def test_tokens_are_stable_and_unlinkable():
    ids = pa.array([str(number) for number in range(1000)] + ["7", None])
    tokens, other = Pseudonyms(Key(SECRET)), Pseudonyms(draw_key())
    found = tokens.column("author", "x", ids)
    assert found == Pseudonyms(Key(SECRET)).column("author", "x", ids)
    assert found[1000] == found[7]
    assert not found[1001].is_valid
    families = [
        tokens.column("post", "x", ids), tokens.column("author", "mastodon", ids),
        other.column("author", "x", ids),
    ]  # fmt: skip
    mine = set(found.drop_null().to_pylist())
    assert len(mine) == 1000
    for family in families:
        assert not mine & set(family.drop_null().to_pylist())
    assert all(len(token) == 32 and set(token) <= set("abcdefghijklmnop") for token in mine)


@pytest.mark.slow
def test_a_million_users_do_not_collide():
    ids = pa.array([str(number) for number in range(1_000_000)])
    assert len(set(Pseudonyms(Key(SECRET)).column("author", "x", ids).to_pylist())) == 1_000_000


def test_no_key_is_left_by_a_run_that_makes_nothing(lines, tmp_path, capsys):
    from inundate.cli.app import main

    import_posts([lines([{"id": "1", "text": "x", "author_id": "1"}])], tmp_path / "raw")
    words = ["posts", "anonymise", str(tmp_path / "raw"), "--key", str(tmp_path / "a.key"), "-o"]
    assert main([*words, str(tmp_path / "raw" / "safe")]) == 6
    assert not (tmp_path / "a.key").exists()
    assert main([*words, str(tmp_path / "safe"), "--names", "nothere"]) > 0
    assert not (tmp_path / "a.key").exists()
    assert main([*words, str(tmp_path / "safe"), "--json"]) == 0
    assert (tmp_path / "a.key").is_file()
    assert '"drawn"' in capsys.readouterr().out
