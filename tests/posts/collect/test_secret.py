"""Keys are nowhere but in the requests."""

import copy
import logging
import pickle
import traceback

import pytest
from fault_jetstream import MastodonSocketServer
from fault_server import Faults, FaultServer
from fault_worlds import MastodonWorld
from ways import QUICK_FAULTS, Way

from inundate.core.errors import ConfigError, InundateError
from inundate.posts.collect.run import collect
from inundate.posts.collect.secret import Secret, read_secret
from inundate.posts.collect.settings import CollectSettings

CANARIES = ("canary-key-31415", "canary-key-14142", "canary-pass-27182")


def everywhere(folder, *texts):
    """All bytes that came out."""
    files = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    names = " ".join(str(path) for path in folder.rglob("*")).encode()
    return files + names + "\n".join(texts).encode()


@pytest.mark.parametrize("name", ["x-recent", "bluesky-search", "mastodon-search"])
def test_no_key_in_files_or_logs(tmp_path, retry, environment, caplog, name):
    caplog.set_level(logging.DEBUG)  # also of the libraries below
    with Way(name, 120, Faults(QUICK_FAULTS, 0.3, seed=5)) as way:
        figures = way.run(tmp_path / "c", retry, environment)
    assert caplog.text
    found = everywhere(tmp_path, caplog.text, str(figures))
    assert [canary for canary in CANARIES if canary.encode() in found] == []


def test_no_key_in_the_log_of_a_socket(tmp_path, retry, environment, caplog):
    caplog.set_level(logging.DEBUG)
    world = MastodonWorld(20, 0)
    with FaultServer(world) as server, MastodonSocketServer(world) as socket:
        world.streaming = socket.address
        settings = CollectSettings(
            server=server.address, tags=["flood"], over="websocket", limit=10
        )
        collect(
            "mastodon-stream",
            tmp_path / "c",
            settings=settings,
            retry=retry,
            environment=environment,
        )
    path, headers = socket.headers[0]
    assert headers["Authorization"] == "Bearer canary-key-14142"
    assert path == "/api/v1/streaming?stream=hashtag&tag=flood"
    assert b"canary" not in everywhere(tmp_path, caplog.text)


def test_no_key_in_an_error(tmp_path, retry, environment):
    """The server of the test sends the key back in its refusal, as careless ones do."""
    wrong = {**environment, "X_BEARER_TOKEN": "canary-key-31415x"}
    with Way("x-recent", 10) as way, pytest.raises(InundateError) as caught:
        way.run(tmp_path / "c", retry, wrong)
    text = "".join(traceback.format_exception(caught.value))
    assert "HTTP 401: Unauthorized: Bearer ***" in str(caught.value)
    assert "canary" not in text
    assert b"canary" not in everywhere(tmp_path, text)


def test_a_secret_shows_nothing():
    secret = Secret("canary")
    assert f"{secret} {secret!r} {secret!s} {secret:>20}" == " ".join(["Secret(***)"] * 4)
    assert not hasattr(secret, "__dict__")
    for copier in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="a secret is not copied"):
            copier(secret)


def test_no_key():
    with pytest.raises(ConfigError) as caught:
        read_secret({}, "X_BEARER_TOKEN", what="collecting from x-recent")
    assert str(caught.value) == (
        "collecting from x-recent needs a key: the environment variable X_BEARER_TOKEN is not set"
    )
    assert caught.value.hint == (
        "read -rs X_BEARER_TOKEN && export X_BEARER_TOKEN: "
        "that leaves no trace in the shell's history"
    )


def test_a_key_with_a_line_end_inside():
    with pytest.raises(ConfigError, match="is not printable ASCII") as caught:
        read_secret({"K": "cana\nry"}, "K", what="collecting")
    assert "cana" not in str(caught.value)
