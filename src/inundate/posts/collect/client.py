"""A small HTTP client: one request at a time, bounded in time, size and number of tries."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx

from inundate import __version__
from inundate.core.log import get_logger
from inundate.posts.collect.body import Lines, whole
from inundate.posts.collect.faults import Broke, GaveUp, Refused, Stopped, Tally, printable
from inundate.posts.collect.loop import Loop
from inundate.posts.collect.retry import Retry, is_exhausted, server_time, told_wait, wait_for
from inundate.posts.collect.secret import Secret

__all__ = ["Client", "Params", "Reply", "is_loopback"]

_SLICE_S = 0.25  # how long an interrupt waits for a sleep to notice it
_AGAIN = {408, 425, 429}
_log = get_logger("posts.collect")

Params = Sequence[tuple[str, str]]


def is_loopback(address: str) -> bool:
    """Whether an address is on this machine.

    Examples
    --------
    >>> is_loopback("http://127.0.0.1:8000"), is_loopback("https://example.org")
    (True, False)
    """
    return (urlsplit(address).hostname or "") in ("127.0.0.1", "::1", "localhost")


class _Fault(Exception):
    """One try failed; another may not."""

    def __init__(self, says: str, told_s: float | None = None) -> None:
        super().__init__(says)
        self.told_s = told_s


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    body: bytes = field(repr=False)
    data: Any = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


class Client:
    """Requests to one server.

    Parameters
    ----------
    base : str
        Such as ``https://api.x.com``.
    retry : Retry
    secrets : sequence of Secret
        Hidden in all that the server says.
    should_stop : callable
        Asked while it waits; true raises :class:`Stopped`.
    pace_s : float
        Least time between two requests.
    """

    def __init__(
        self,
        base: str,
        *,
        retry: Retry | None = None,
        secrets: Sequence[Secret] = (),
        should_stop: Callable[[], bool] = lambda: False,
        pace_s: float = 0.0,
    ) -> None:
        self.base = base.rstrip("/")
        self.retry, self.secrets = retry or Retry(), tuple(secrets)
        self.should_stop, self.pace_s = should_stop, pace_s
        self.headers: dict[str, str] = {}
        self.tally = Tally()
        self._chance = random.Random()
        self._not_before = 0.0
        self._loop = Loop()
        # redirects are not followed: a key would go to whoever the server names
        self._http = httpx.AsyncClient(
            timeout=self.retry.request_s,
            follow_redirects=False,
            verify=self.base.startswith("https:"),  # reading the certificates takes a while
            trust_env=not is_loopback(self.base),  # a proxy does not know this machine's servers
            headers={"User-Agent": f"inundate/{__version__}", "Accept": "application/json"},
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._loop.run(self._http.aclose())
        self._loop.close()

    def get(
        self,
        path: str,
        params: Params = (),
        *,
        has: str | None = None,
        on_lost: Callable[[], None] | None = None,
    ) -> Reply:
        """Ask for a page until it has come whole.

        Parameters
        ----------
        path : str
        params : sequence of (name, value)
        has : str, optional
            Name that a whole answer has; ``[]`` for a list. One without is no answer, and must
            not be taken for an empty page, which would be the end.
        on_lost : callable, optional
            Called when an answer was sent but did not come whole: it may have been billed.

        Raises
        ------
        Refused, GaveUp, Stopped
        """
        return self._repeat("GET", path, params, None, has, on_lost)

    def post(self, path: str, body: Mapping[str, str], *, has: str) -> Reply:
        """Send an object; see :meth:`get`."""
        return self._repeat("POST", path, (), body, has, None)

    def sleep(self, seconds: float) -> None:
        """Wait, and notice when somebody asks to stop.

        Raises
        ------
        Stopped
        """
        end = time.monotonic() + seconds
        while True:
            if self.should_stop():
                raise Stopped
            left = end - time.monotonic()
            if left <= 0:
                break
            time.sleep(min(_SLICE_S, left))
        self.tally.waited_s += seconds

    def after_failure(self, failures: int, says: str, told_s: float | None = None) -> None:
        """Wait for the next try.

        Raises
        ------
        GaveUp
            If there is none.
        """
        if failures >= self.retry.tries:
            raise GaveUp(f"{failures} tries failed, the last with: {says}")
        if told_s is not None and told_s > self.retry.most_told_s:
            raise GaveUp(f"{says}; it asks to wait {told_s:.0f} s")
        wait = wait_for(failures, told_s, self.retry, self._chance)
        _log.info("%s; trying again in %.1f s (%d of %d)", says, wait, failures, self.retry.tries)
        self.sleep(wait)

    def _repeat(
        self,
        method: str,
        path: str,
        params: Params,
        body: Mapping[str, str] | None,
        has: str | None,
        on_lost: Callable[[], None] | None,
    ) -> Reply:
        failures = 0
        while True:
            self.sleep(max(0.0, self._not_before - time.monotonic()))
            self._not_before = time.monotonic() + self.pace_s
            try:
                reply = self._loop.run(self._once(method, path, params, body, on_lost))
                if has is None or _has(reply.data, has):
                    return reply
                raise self._fault("no page", "the answer is no page")
            except _Fault as fault:
                failures += 1
                self.after_failure(failures, str(fault), fault.told_s)

    async def _once(
        self,
        method: str,
        path: str,
        params: Params,
        body: Mapping[str, str] | None,
        on_lost: Callable[[], None] | None,
    ) -> Reply:
        self.tally.requests += 1
        request = self._http.build_request(
            method, self.base + path, params=list(params), json=body, headers=self.headers
        )
        answered = False
        try:
            async with asyncio.timeout(self.retry.request_s):
                response = await self._http.send(request, stream=True)
                try:
                    answered = response.status_code == 200
                    content = await whole(response)
                finally:
                    await response.aclose()
            return self._reply(response, content)
        except TimeoutError:
            fault = self._fault("timeout", f"no whole answer in {self.retry.request_s:g} s")
        except httpx.TransportError as error:
            kind = "cut body" if answered else "connection"
            fault = self._fault(kind, f"{kind}: {type(error).__name__}")
        except (httpx.DecodingError, json.JSONDecodeError, UnicodeDecodeError, RecursionError):
            fault = self._fault("cut body", "the answer is cut or no JSON")
        if answered and on_lost is not None:
            on_lost()
        raise fault

    def _reply(self, response: httpx.Response, content: bytes) -> Reply:
        headers = {name.lower(): value for name, value in response.headers.items()}
        self._note_clock(headers)
        status = response.status_code
        if status == 200:
            data = json.loads(content)
            if is_exhausted(headers):
                told = min(told_wait(headers, time.time()) or 0.0, self.retry.most_told_s)
                self._not_before = time.monotonic() + max(told, self.pace_s)
            return Reply(content, data, headers)
        says = self._says(content)
        if status in _AGAIN or status >= 500:
            asked = told_wait(headers, time.time()) if status in (429, 503) else None
            raise self._fault(f"HTTP {status}", f"HTTP {status}{says and ': ' + says}", asked)
        raise Refused(status, says or response.reason_phrase)

    def _fault(self, kind: str, says: str, told_s: float | None = None) -> _Fault:
        self.tally.count(kind)
        return _Fault(says, told_s)

    def _note_clock(self, headers: Mapping[str, str]) -> None:
        clock = server_time(headers)
        if clock is not None:
            self.tally.skew_s = round(clock - time.time(), 1)

    def _says(self, content: bytes) -> str:
        """Give the short reason of a refusal, from the fields that the platforms use."""
        try:
            found = json.loads(content)
        except ValueError:
            return ""
        if not isinstance(found, dict):
            return ""
        words = [found.get(key) for key in ("title", "error", "detail", "message")]
        text = ": ".join(dict.fromkeys(word for word in words if isinstance(word, str)))[:200]
        for secret in self.secrets:
            text = secret.hide_in(text)
        return printable(text)

    def stream(
        self, path: str, params: Params = (), *, base: str | None = None
    ) -> Iterator[bytes | None]:
        """Give the lines of an answer that does not end.

        Parameters
        ----------
        path : str
        params : sequence of (name, value)
        base : str, optional
            Another server of the same owner.

        Yields
        ------
        bytes or None
            None when it is connected, and whenever nothing has come for a moment.

        Raises
        ------
        Refused, Broke, Stopped
            The second when the stream breaks, or is silent for too long.
        """
        self.tally.requests += 1
        lines = Lines(self._loop.run(self._open((base or self.base) + path, params)))
        try:
            yield None
            while True:
                if self.should_stop():
                    raise Stopped
                found = self._loop.run(lines.next(self.retry.quiet_s, _SLICE_S))
                yield from found or (None,)
        finally:
            self._loop.run(lines.close())

    async def _open(self, address: str, params: Params) -> httpx.Response:
        request = self._http.build_request(
            "GET",
            address,
            params=list(params),
            headers={**self.headers, "Accept": "text/event-stream"},
            timeout=httpx.Timeout(self.retry.request_s, read=None),
        )
        try:
            async with asyncio.timeout(self.retry.request_s):
                response = await self._http.send(request, stream=True)
                if response.status_code == 200:
                    self._note_clock(response.headers)
                    return response
                try:
                    content = await whole(response)
                finally:
                    await response.aclose()
        except (TimeoutError, httpx.HTTPError) as error:
            raise Broke(f"connecting failed: {type(error).__name__}") from None
        try:
            self._reply(response, content)
        except _Fault as fault:
            raise Broke(str(fault), fault.told_s) from None
        raise Broke(f"HTTP {response.status_code} instead of a stream")


def _has(data: Any, name: str) -> bool:
    if name == "[]":
        return isinstance(data, list)
    return isinstance(data, dict) and name in data
