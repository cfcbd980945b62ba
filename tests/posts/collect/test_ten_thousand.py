"""10,000 posts with every fault on: nothing lost, nothing doubled, every gap told, memory flat."""

import tracemalloc

import pytest
from fault_server import HTTP_FAULTS, SOCKET_FAULTS, Faults
from ways import WAYS, Way

from inundate.posts.collect.retry import Retry

FORGOTTEN = {3: 200, 7: 500}  # connection of the stream: events that are gone by then


def collected(tmp_path, environment, name, number):
    """Give figures and the peak of memory in MiB, after the checks."""
    retry = Retry(tries=12, base_s=0.01, most_s=0.05, request_s=2.0, quiet_s=20.0)
    # after each break a stream fetches a quarter of an hour anew: fewer, or it takes an hour
    chance = 0.05 if name.startswith("mastodon-stream") else 0.3
    faults = Faults(HTTP_FAULTS + SOCKET_FAULTS, chance, seed=11, skew_s=-3600.0)
    with Way(name, number, faults) as way:
        if "jetstream" in name:
            way.server.forget_at = dict(FORGOTTEN)
        tracemalloc.start()
        figures = way.run(tmp_path / "c", retry, environment)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        way.check(tmp_path / "c", figures["gaps"])
    return figures, peak / 2**20, faults


@pytest.mark.slow
@pytest.mark.parametrize("name", WAYS)
def test_ten_thousand_posts(tmp_path, environment, name):
    figures, peak, faults = collected(tmp_path, environment, name, 10_000)
    assert len(figures["gaps"]) == (len(FORGOTTEN) if "jetstream" in name else 0)
    assert sum(faults.done.values()) >= 20
    assert figures["counts"]["posts"] >= 9_000
    assert peak < 30  # of this process, with what the server makes of its pages


@pytest.mark.slow
@pytest.mark.parametrize("name", ["x-recent", "mastodon-tag", "bluesky-jetstream v2"])
def test_memory_is_flat(tmp_path, environment, name):
    """Four times the posts take about the same memory."""
    _, small, _ = collected(tmp_path / "small", environment, name, 5_000)
    _, large, _ = collected(tmp_path / "large", environment, name, 20_000)
    assert large < 1.3 * small + 2
