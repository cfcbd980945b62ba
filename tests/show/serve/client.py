"""A plain client: what a browser would hide, a test wants to send."""

import http.client
import json
import socket
from urllib.parse import urlsplit


class Client:
    def __init__(self, url):
        found = urlsplit(url)
        self.host, self.port = found.hostname, found.port

    def ask(self, path, method="GET", headers=None):
        """Status, headers by small name, body; nothing of the path is put right."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=120)
        try:
            connection.putrequest(method, path, skip_host=bool(headers and "host" in headers))
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, named, answer.read()
        finally:
            connection.close()

    def json(self, path):
        status, _, body = self.ask(path)
        assert status == 200
        return json.loads(body)

    def raw(self, data):
        """First line of what comes back for these bytes, empty if the line is cut."""
        with socket.create_connection((self.host, self.port), timeout=0.2) as line:
            line.sendall(data)
            try:
                found = line.recv(4096)
            except TimeoutError:  # it waits for the rest of the request
                line.shutdown(socket.SHUT_WR)
                line.settimeout(30)
                found = line.recv(4096)
            except ConnectionError:
                found = b""
        return found.partition(b"\r\n")[0]


class Follower:
    """Reads server-sent events one by one."""

    def __init__(self, client, *, after=None, last=None):
        self._connection = http.client.HTTPConnection(client.host, client.port, timeout=120)
        headers = {"Last-Event-ID": last} if last else {}
        path = f"/events?after={after}" if after else "/events"
        self._connection.request("GET", path, headers=headers)
        self._answer = self._connection.getresponse()
        self.status = self._answer.status

    def next(self):
        """The next event: kind, id and data; ends of lines that only keep it open are skipped."""
        found = {}
        while True:
            line = self._answer.readline()
            if not line:
                raise EOFError
            text = line.decode().rstrip("\n")
            if not text:
                if "event" in found:
                    return found["event"], found.get("id"), json.loads(found["data"])
                found = {}
            elif not text.startswith(":"):
                name, _, value = text.partition(": ")
                found[name] = value

    def close(self):
        self._answer.close()
        self._connection.close()
