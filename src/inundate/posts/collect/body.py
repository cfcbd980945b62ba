"""Bodies of answers: whole ones, and lines of those that do not end; both bounded."""

from __future__ import annotations

import asyncio
import time

import httpx

from inundate.posts.collect.faults import Broke

__all__ = ["MAX_BODY", "Lines", "whole"]

MAX_BODY = 64 * 2**20  # bytes unpacked; the largest page of a platform is a tenth of it


async def whole(response: httpx.Response) -> bytes:
    """Read a body.

    Raises
    ------
    httpx.DecodingError, httpx.TransportError
        If it is larger than :data:`MAX_BODY`, or cannot be read to its end.
    """
    parts, size = [], 0
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size > MAX_BODY:
            raise httpx.DecodingError("the answer is larger than any page")
    return b"".join(parts)


class Lines:
    """Cuts a stream into lines; a read that is not done yet goes on at the next call.

    Parameters
    ----------
    response : Response
        Whose body has not been read.
    """

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self._blocks = response.aiter_bytes().__aiter__()
        self._pending: asyncio.Task[bytes] | None = None
        self._rest = b""
        self._heard = time.monotonic()

    async def next(self, quiet_s: float, slice_s: float) -> list[bytes]:
        """Give the lines of a block, none when nothing has come within a slice of time.

        Raises
        ------
        Broke
            If the body ends, or no line has come for too long.
        """
        if self._pending is None:
            self._pending = asyncio.ensure_future(self._read())
        done, _ = await asyncio.wait({self._pending}, timeout=slice_s)
        lines: list[bytes] = []
        if done:
            task, self._pending = self._pending, None
            lines = self._cut(task.result())
        if not lines and time.monotonic() - self._heard > quiet_s:
            raise Broke(f"silent for {quiet_s:g} s")
        return lines

    async def close(self) -> None:
        """Stop reading and close the connection."""
        if self._pending is not None:
            self._pending.cancel()
            await asyncio.wait({self._pending})
        await self._response.aclose()

    async def _read(self) -> bytes:
        try:
            return await self._blocks.__anext__()
        except StopAsyncIteration:
            raise Broke("the server ended the stream") from None
        except httpx.HTTPError as error:
            raise Broke(f"the stream broke: {type(error).__name__}") from None

    def _cut(self, block: bytes) -> list[bytes]:
        *lines, self._rest = (self._rest + block).split(b"\n")
        if lines:  # bytes that make no line are no sign of life
            self._heard = time.monotonic()
        if len(self._rest) > MAX_BODY:
            raise Broke("a line without end")
        return [line.removesuffix(b"\r") for line in lines]
