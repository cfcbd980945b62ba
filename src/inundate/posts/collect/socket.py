"""Text frames of a WebSocket, as they come."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import cast
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from inundate import __version__
from inundate.core.log import get_logger
from inundate.posts.collect.body import MAX_BODY
from inundate.posts.collect.client import is_loopback
from inundate.posts.collect.faults import Broke, GaveUp, Refused, Stopped, Tally, printable
from inundate.posts.collect.retry import Retry, told_wait, wait_for

__all__ = ["Socket"]

_SLICE_S = 0.25
_FAREWELL_S = 1.0  # how long the end of a connection waits for the other side
_AGAIN = {408, 425, 429}
_log = get_logger("posts.collect")

# the library logs the headers of the handshake, with the key, when a program asks for debugging
_silent = logging.Logger("inundate.posts.collect.silent", level=logging.CRITICAL + 1)


class Socket:
    """Connections to one address, one after the other.

    Parameters
    ----------
    address : str
        With ``wss://``, or ``ws://`` on this machine.
    retry : Retry
    should_stop : callable
        Asked at least four times a second.
    headers : mapping
    subprotocol : str, optional
    quiet_s : float, optional
        Silence after which it is broken; by default as ``retry`` says. That the other side is
        there at all is asked for every 20 s.
    """

    def __init__(
        self,
        address: str,
        *,
        retry: Retry,
        should_stop: Callable[[], bool],
        headers: Mapping[str, str] | None = None,
        subprotocol: str | None = None,
        quiet_s: float | None = None,
    ) -> None:
        self.address, self.retry, self.should_stop = address, retry, should_stop
        self.headers, self.subprotocol = dict(headers or {}), subprotocol
        self.quiet_s = retry.quiet_s if quiet_s is None else quiet_s
        self.tally = Tally()
        self._chance = random.Random()

    def frames(self, params: Sequence[tuple[str, str]]) -> Iterator[bytes | None]:
        """Connect once, and give frames; None first, and whenever it is silent for a moment.

        Raises
        ------
        Broke
            When the connection cannot be made, ends, or is silent for too long.
        Refused, Stopped
        """
        self.tally.requests += 1
        with ExitStack() as stack:
            connection = self._connect(stack, params)
            stack.callback(
                connection.close
            )  # whatever ends it, the server is told that all is well
            yield None
            yield from self._read(connection)

    def _connect(self, stack: ExitStack, params: Sequence[tuple[str, str]]) -> ClientConnection:
        try:
            manager = connect(
                f"{self.address}?{urlencode(params)}" if params else self.address,
                additional_headers=self.headers,
                user_agent_header=f"inundate/{__version__}",
                subprotocols=[Subprotocol(self.subprotocol)] if self.subprotocol else None,
                open_timeout=self.retry.request_s,
                close_timeout=_FAREWELL_S,
                max_size=MAX_BODY,
                proxy=None if is_loopback(self.address) else True,
                logger=_silent,
            )
            # from version 17 on this connects, before connect() did
            return stack.enter_context(cast("AbstractContextManager[ClientConnection]", manager))
        except InvalidStatus as error:
            raise self._refused(error) from None
        except (OSError, WebSocketException, TimeoutError, EOFError) as error:
            raise self._broke("connection", f"connecting failed: {type(error).__name__}") from None

    def _refused(self, error: InvalidStatus) -> Exception:
        status = error.response.status_code
        if status in _AGAIN or status >= 500:
            headers = {name.lower(): value for name, value in error.response.headers.raw_items()}
            told = told_wait(headers, time.time())
            return self._broke(f"HTTP {status}", f"HTTP {status}", told)
        body = printable((error.response.body or b"")[:200].decode("utf-8", "replace"))
        return Refused(status, body or error.response.reason_phrase)

    def _broke(self, kind: str, says: str, told_s: float | None = None) -> Broke:
        self.tally.count(kind)
        return Broke(says, told_s)

    def _read(self, connection: ClientConnection) -> Iterator[bytes | None]:
        heard = time.monotonic()
        while True:
            if self.should_stop():
                raise Stopped
            try:
                frame = connection.recv(timeout=_SLICE_S)
            except TimeoutError:
                if time.monotonic() - heard > self.quiet_s:
                    says = f"silent for {self.quiet_s:g} s"
                    raise self._broke("silence", says) from None
                yield None
                continue
            except ConnectionClosed:
                raise self._broke("disconnection", "the server ended the connection") from None
            heard = time.monotonic()
            yield frame.encode() if isinstance(frame, str) else frame

    def wait(self, failures: int, broke: Broke) -> None:
        """Wait before connecting anew.

        Parameters
        ----------
        failures : int
            Connections in a row that brought nothing.
        broke : Broke
            How the last ended.

        Raises
        ------
        GaveUp, Stopped
        """
        if failures >= self.retry.tries:
            raise GaveUp(f"{failures} connections failed, the last with: {broke}")
        if broke.told_s is not None and broke.told_s > self.retry.most_told_s:
            raise GaveUp(f"{broke}; it asks to wait {broke.told_s:.0f} s")
        seconds = wait_for(max(1, failures), broke.told_s, self.retry, self._chance)
        _log.info("%s; connecting again in %.1f s", broke, seconds)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self.should_stop():
                raise Stopped
            time.sleep(min(_SLICE_S, left))
