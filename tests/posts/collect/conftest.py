"""The fault servers, importable by name in the tests of this folder alone."""

import importlib.util
import sys
from pathlib import Path

import pytest

_PLACE = Path(__file__).resolve().parent
for _name in ("fault_server", "fault_worlds", "fault_jetstream", "ways"):
    if _name not in sys.modules:
        _spec = importlib.util.spec_from_file_location(_name, _PLACE / f"{_name}.py")
        sys.modules[_name] = importlib.util.module_from_spec(_spec)
        _spec.loader.exec_module(sys.modules[_name])


@pytest.fixture
def retry():
    """Patience in small steps, so that tests are quick; the bounds of time stay generous."""
    from inundate.posts.collect.retry import Retry

    return Retry(tries=12, base_s=0.01, most_s=0.05, request_s=20.0, quiet_s=20.0)


@pytest.fixture
def environment():
    """Keys that would be seen anywhere they leak to."""
    return {
        "X_BEARER_TOKEN": "canary-key-31415",
        "MASTODON_ACCESS_TOKEN": "canary-key-14142",
        "BLUESKY_HANDLE": "me.example",
        "BLUESKY_APP_PASSWORD": "canary-pass-27182",
    }


@pytest.fixture(autouse=True)
def _brisk(monkeypatch):
    """Streams write what they have sooner, and part without ado: seconds in each test."""
    from inundate.posts.collect import jetstream, mastodon_stream, socket

    monkeypatch.setattr(jetstream, "_QUIET_S", 0.1)
    monkeypatch.setattr(mastodon_stream, "_QUIET_S", 0.1)
    monkeypatch.setattr(socket, "_FAREWELL_S", 0.1)
