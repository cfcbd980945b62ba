"""The labelling tool in a browser: this machine alone, no script of others, everything escaped."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from inundate.core.errors import ConfigError, InundateError, RunError
from inundate.posts.active.session import Session

__all__ = ["open_server"]

_HOST = "127.0.0.1"
_MOST = 10_000  # bytes of an answer
_STYLE = """
body{font:18px/1.5 system-ui,sans-serif;max-width:44em;margin:2em auto;padding:0 1em;color:#111;
background:#fff}blockquote{border-left:.3em solid #2a6f97;margin:1em 0;padding:.6em 1em;
background:#f2f6f9;white-space:pre-wrap;overflow-wrap:anywhere}button{font:inherit;margin:.2em;
padding:.4em .9em}kbd{border:1px solid #888;border-radius:.2em;padding:0 .3em;font-size:.8em}
small{color:#444}
"""
_SCRIPT = """
document.addEventListener("keydown",function(e){
  if(e.ctrlKey||e.altKey||e.metaKey||e.repeat)return;
  var b=document.querySelector('button[data-key="'+CSS.escape(e.key)+'"]');if(b)b.click();});
"""


def open_server(
    session: Session, *, port: int = 0, on_end: Callable[[], None] = lambda: None
) -> tuple[ThreadingHTTPServer, str]:
    """Open a server for one person on this machine.

    Parameters
    ----------
    session : Session
    port : int
        0 takes one that is free.
    on_end : callable
        Called once, by a thread of its own, when the person says that it is enough.

    Returns
    -------
    tuple of (ThreadingHTTPServer, str)
        ``serve_forever()`` runs it; the address holds a secret, without which it answers nobody.

    Raises
    ------
    RunError
        If the port is taken.
    """
    secret = secrets.token_urlsafe(18)
    handler = type("_Bound", (_Handler,), {"page": _Page(session, secret), "on_end": [on_end]})
    try:
        server = ThreadingHTTPServer((_HOST, port), handler)
    except OSError as error:
        raise RunError(
            f"opening port {port} on {_HOST}: {error.strerror}", hint="give another --port, or 0"
        ) from error
    return server, f"http://{_HOST}:{server.server_port}/{secret}"


class _Page:
    """Makes pages and takes answers; one at a time."""

    def __init__(self, session: Session, secret: str) -> None:
        self.session, self.secret = session, secret
        self.lock = threading.Lock()
        self.is_over = False

    def take(self, form: dict[str, list[str]]) -> None:
        """Take the answer of a form."""
        action = form.get("do", [""])[0]
        if action == "back":
            self.session.back()
        elif action == "end":
            self.is_over = True
        elif action.startswith("class-"):
            place = action.removeprefix("class-")
            known = [str(number) for number in range(len(self.session.classes))]
            if place not in known:
                raise ConfigError(f"labelling: no class of number {place[:10]!r}")
            self.session.say(form.get("post", [""])[0], self.session.classes[int(place)])
        elif action == "pass":
            self.session.say(form.get("post", [""])[0], "")
        else:
            raise ConfigError(f"labelling: nothing is called {action[:20]!r}")

    def html(self, nonce: str) -> str:
        """Give the page that asks about the current post."""
        session = self.session
        post = None if self.is_over else session.current()
        counts = ", ".join(f"{escape(name)} {number}" for name, number in session.counts().items())
        body = [f"<p><small>{escape(session.by)}: {counts}; {session.left} left</small></p>"]
        if post is None:
            body.append("<p>That is all: thank you. This window may be closed.</p>")
        else:
            body.append(f'<blockquote dir="auto">{escape(post.text)}</blockquote>')
            buttons = [
                _button(f"class-{number}", name, str(number + 1) if number < 9 else "")
                for number, name in enumerate(session.classes)
            ]
            buttons += [_button("pass", "not decided", "0"), _button("back", "back", "b"),
                        _button("end", "enough", "q")]  # fmt: skip
            body.append(
                f'<form method="post" action="/{self.secret}">'
                f'<input type="hidden" name="post" value="{escape(post.id)}">'
                + "".join(buttons)
                + "</form>"
            )
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width"><title>Label posts</title>'
            f'<style nonce="{nonce}">{_STYLE}</style></head><body>{"".join(body)}'
            f'<script nonce="{nonce}">{_SCRIPT}</script></body></html>'
        )


def _button(action: str, text: str, key: str) -> str:
    shown = f" <kbd>{key}</kbd>" if key else ""
    return f'<button name="do" value="{action}" data-key="{key}">{escape(text)}{shown}</button>'


class _Handler(BaseHTTPRequestHandler):
    page: _Page
    on_end: list[Callable[[], None]]
    server_version, sys_version = "inundate", ""

    def do_GET(self) -> None:
        """Show the current post."""
        if self._is_ours():
            with self.page.lock:
                self._send(200, self.page.html)

    def do_POST(self) -> None:
        """Take an answer, and lead back to the page."""
        if not self._is_ours():
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _MOST:
            self.send_error(413)
            return
        form = parse_qs(self.rfile.read(int(length)).decode("utf-8", "replace"))
        with self.page.lock:
            try:
                self.page.take(form)
            except InundateError as error:
                told = escape(str(error))
                self._send(400, lambda _: f"<!doctype html><p>{told}</p>")
                return
        self.send_response(303)
        self.send_header("Location", f"/{self.page.secret}")
        self.send_header("Content-Length", "0")
        self.end_headers()
        if self.page.is_over and self.on_end:
            threading.Thread(target=self.on_end.pop(), daemon=True).start()

    def _is_ours(self) -> bool:
        """Refuse who does not know the secret, or comes by another name of this machine."""
        server = self.server
        assert isinstance(server, ThreadingHTTPServer)
        port = server.server_port
        hosts = {f"{_HOST}:{port}", f"localhost:{port}"}
        path = urlsplit(self.path).path.removeprefix("/")
        knows = secrets.compare_digest(path.encode(), self.page.secret.encode())
        if knows and self.headers.get("Host") in hosts:
            return True
        self.send_error(404)
        return False

    def _send(self, status: int, html: Callable[[str], str]) -> None:
        nonce = secrets.token_urlsafe(12)
        content = html(nonce).encode()
        self.send_response(status)
        policy = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Length": str(len(content)),
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Write no log: addresses hold the secret."""
