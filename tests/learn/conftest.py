"""One thread for the tiny models of these tests: more only wait for each other."""

from collections.abc import Iterator

import pytest

from inundate.learn.device import cpu_threads


@pytest.fixture(autouse=True, scope="package")
def one_thread() -> Iterator[None]:
    with cpu_threads(1):
        yield
