"""WebSockets on loopback that forget, stutter and hang up: Jetstream, and Mastodon's stream."""

from __future__ import annotations

import json
import logging
import threading
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from fault_server import START, STEP, Faults
from fault_worlds import stamp
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

POSTS = "app.bsky.feed.post"
# what the server logs of a handshake is not what the client does
SILENT = logging.Logger("fault server", level=logging.CRITICAL + 1)


class JetstreamServer:
    """Replays from a cursor, inclusive, then goes on, as far as it has not forgotten.

    Parameters
    ----------
    number : int
        Posts; every 40th is deleted some events later, and one author closes the account.
    shape : str
        v1 or v2.
    """

    def __init__(self, number, shape="v1", faults=None, close_author=False):
        self.faults, self.shape = faults or Faults(), shape
        self.events = []
        for index in range(number):
            self._add("create", index)
            if index % 40 == 30:
                self._add("delete", index - 10)
        if close_author:
            self._add("account", 5)
        self.forget_at = {}  # number of a connection -> events that are gone when it is made
        self.first = 0
        self.connections = 0
        self.sent = 0  # events, by the furthest connection
        self.requests = []
        self.closing = threading.Event()

    def __enter__(self):
        self._server = serve(
            self._serve, "127.0.0.1", 0, process_request=self._check, logger=SILENT
        )
        self.address = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.closing.set()
        self._server.shutdown()
        self._thread.join()

    def _add(self, operation, index):
        did = f"did:plc:{index % 100:04d}"
        micros = START + len(self.events) * STEP
        record = {"text": f"Made-up post {index} about a flood", "langs": ["en"]}
        record["createdAt"] = "2031-01-01T00:00:00.000Z" if index % 60 == 0 else stamp(micros)
        self.events.append((micros, did, operation, f"k{index}", record))

    def uris(self, operation):
        return [f"at://{e[1]}/{POSTS}/{e[3]}" for e in self.events if e[2] == operation]

    def _frame(self, number):
        micros, did, operation, rkey, record = self.events[number]
        commit = {"operation": operation, "collection": POSTS, "rkey": rkey}
        if operation == "create":
            commit["record"] = record
        account = {"active": False, "status": "deleted"}
        kind = "account" if operation == "account" else "commit"
        if self.shape == "v1":
            found = {"did": did, "time_us": micros, "kind": kind}
            return json.dumps({**found, kind: account if kind == "account" else commit})
        payload = {"$type": f"network.bsky.jetstream.subscribeEvents#{kind}", "seq": number + 1}
        payload |= {"did": did, "time": stamp(micros)}
        payload |= account if kind == "account" else commit
        return json.dumps({"$type": "message", "payload": payload})

    def _check(self, connection, request):
        self.requests.append(request.path)
        fault = self.faults.draw(("handshake 503", "handshake 429"))
        if fault == "handshake 503":
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "busy")
        if fault == "handshake 429":
            response = connection.respond(HTTPStatus.TOO_MANY_REQUESTS, "slow down")
            response.headers["Retry-After"] = "0"
            return response
        return None

    def _start(self, path):
        cursor = parse_qs(urlsplit(path).query).get("cursor", [None])[0]
        if self.connections in self.forget_at:
            self.first = self.sent + self.forget_at[self.connections]
        if cursor is None:
            return self.first
        value = int(cursor)
        if self.shape == "v2" and value < 10**15:
            return max(self.first, value - 1)
        index = next((i for i, e in enumerate(self.events) if e[0] >= value), len(self.events))
        return max(self.first, index)

    def _serve(self, connection):
        self.connections += 1
        number = self._start(connection.request.path)
        try:
            while number < len(self.events):
                frame = self._frame(number)
                # hardly more than one fault a connection, or nothing would get through
                fault = self.faults.draw(("drop", "close", "garbage"), self.faults.chance / 20)
                if fault == "drop":
                    connection.socket.close()
                    return
                if fault == "close":
                    connection.close(1011, "internal")
                    return
                connection.send(frame[: len(frame) // 2] if fault == "garbage" else frame)
                number += 1
                self.sent = max(self.sent, number)
            while not self.closing.wait(0.05):
                connection.ping()
        except (ConnectionClosed, OSError):
            return


class MastodonSocketServer:
    """Mastodon's stream over a WebSocket, of the posts of a world."""

    def __init__(self, world, faults=None):
        self.world, self.faults = world, faults or Faults()
        self.headers = []
        self.closing = threading.Event()

    def __enter__(self):
        self._server = serve(self._serve, "127.0.0.1", 0, logger=SILENT)
        self.address = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.closing.set()
        self._server.shutdown()
        self._thread.join()

    def _serve(self, connection):
        self.headers.append((connection.request.path, connection.request.headers))
        try:
            while not self.closing.is_set():
                for name, payload in self.world.next_event() or ():
                    fault = self.faults.draw(("drop", "garbage"), self.faults.chance / 10)
                    frame = json.dumps({"stream": ["hashtag"], "event": name, "payload": payload})
                    connection.send(frame[: len(frame) // 2] if fault == "garbage" else frame)
                    if fault == "drop":
                        connection.socket.close()
                        return
                if self.world.published >= len(self.world.posts):
                    self.closing.wait(0.05)
        except (ConnectionClosed, OSError):
            return
        finally:
            self.world.lose()
