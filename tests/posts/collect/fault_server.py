"""A server that speaks the platforms' protocols on loopback, and goes wrong on purpose.

It is no double of our client: it opens real sockets, and what it gets wrong happens on the wire.
Posts are made up. ``Faults`` says what goes wrong and how often; never more than four times in a
row, so that a client that is patient within bounds comes through.
"""

from __future__ import annotations

import json
import random
import socket
import struct
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

HTTP_FAULTS = (
    "429 after", "429 reset", "500", "502 html", "503 date", "cut", "cut json", "loris",
    "reset", "twice",
)  # fmt: skip
SOCKET_FAULTS = ("drop", "close", "garbage", "handshake 503", "handshake 429")
START = 1_750_000_000_000_000  # us; first post of every world
STEP = 1_000_000  # us between posts
_IN_ROW = 4


class Faults:
    """What goes wrong: each kind with a chance, and some on order.

    Parameters
    ----------
    kinds : tuple of str
    chance : float
        Of any fault at a request or frame.
    skew_s : float
        How far the server's clock is ahead.
    """

    def __init__(self, kinds=(), chance=0.0, seed=0, skew_s=0.0):
        self.kinds, self.chance, self.skew_s = tuple(kinds), chance, skew_s
        self._random = random.Random(seed)
        self._row = 0
        self._lock = threading.Lock()
        self.orders = []
        self.done = Counter()

    def draw(self, among, chance=None):
        with self._lock:
            kind = self._ordered(among)
            if kind is None and self._row < _IN_ROW:
                usable = [name for name in self.kinds if name in among]
                if usable and self._random.random() < (self.chance if chance is None else chance):
                    kind = self._random.choice(usable)
            self._row = self._row + 1 if kind else 0
            if kind:
                self.done[kind] += 1
            return kind

    def _ordered(self, among):
        for index, kind in enumerate(self.orders):
            if kind in among:
                return self.orders.pop(index)
        return None


class FaultServer:
    """HTTP on one port; ``world.answer(path, params, server)`` gives status and body."""

    def __init__(self, world, faults=None):
        self.world, self.faults = world, faults or Faults()
        self.requests = []
        self.closing = threading.Event()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = _Http(("127.0.0.1", 0), handler)
        self.address = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def now(self):
        return time.time() + self.faults.skew_s


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_):  # clients that hang up are what this is about
        pass


class _Handler(BaseHTTPRequestHandler):
    owner: FaultServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self._serve(b"")

    def do_POST(self):
        self._serve(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _serve(self, body):
        parts = urlsplit(self.path)
        params = {name: values for name, values in parse_qs(parts.query).items()}
        path, owner = unquote(parts.path), self.owner
        owner.requests.append((path, params, dict(self.headers), body))
        stream = owner.world.stream(path, params, self)
        if stream:
            return
        fault = owner.faults.draw(HTTP_FAULTS)
        if fault and fault != "twice":
            self._fail(fault, path, params, body)
            return
        status, found = owner.world.answer(path, params, self.headers, fault == "twice", body)
        self.send(status, json.dumps(found).encode())

    def send(self, status, content, headers=(), length=None, part=None):
        self.send_response_only(status)
        stamp = datetime.fromtimestamp(self.owner.now(), UTC)
        self.send_header("Date", format_datetime(stamp, usegmt=True))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content) if length is None else length))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content if part is None else content[:part])
        self.wfile.flush()

    def _fail(self, fault, path, params, body):
        now = self.owner.now()
        if fault == "429 after":
            self.send(429, b'{"title": "Too Many Requests"}', [("Retry-After", "0")])
        elif fault == "429 reset":
            self.send(429, b"{}", [("x-rate-limit-reset", str(int(now)))])
        elif fault == "500":
            self.send(500, b'{"error": "Internal"}')
        elif fault == "502 html":
            self.send(502, b"<html>bad gateway</html>")
        elif fault == "503 date":
            stamp = format_datetime(datetime.fromtimestamp(now, UTC), usegmt=True)
            self.send(503, b"", [("Retry-After", stamp)])
        elif fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        else:
            self._spoil(fault, path, params, body)

    def _spoil(self, fault, path, params, body):
        _, found = self.owner.world.answer(path, params, self.headers, False, body)
        content = json.dumps(found).encode()
        half = len(content) // 2
        if fault == "cut json":
            self.send(200, content[:half])
            return
        self.send(200, content, part=half)
        self.close_connection = True
        if fault == "loris":  # a byte now and then, for six seconds: a client should not bear it
            for byte in content[half:-1][:120]:
                if self.owner.closing.wait(0.05):
                    return
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
