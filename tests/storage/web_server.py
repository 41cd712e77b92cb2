"""A web server with habits that some servers have, which counts what it is asked for."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_CHUNK = 1 << 16


@dataclass
class Habits:
    """What a server does and what it has done.

    `has_ranges`: it answers requests for ranges. `breaks_off`: it sends half of what it promises.
    `fails_later`, `hangs_later`: after three good answers, status 500 comes, or nothing.
    `has_head`: it answers HEAD.
    """

    pages: Mapping[str, bytes]
    has_ranges: bool = True
    breaks_off: bool = False
    fails_later: bool = False
    has_head: bool = True
    hangs_later: bool = False
    has_hung: threading.Event = field(default_factory=threading.Event)
    is_closing: threading.Event = field(default_factory=threading.Event)
    n_answers: int = 0
    n_bytes: int = 0
    asked: list[str] = field(default_factory=list)


class WebServer:
    """Pages by path; ``/401`` and the like answer with that status."""

    def __init__(self, pages: Mapping[str, bytes], **habits: Any) -> None:  # noqa: ANN401 -- see `Habits`
        self.habits = Habits(pages, **habits)
        handler = type("Handler", (_Handler,), {"habits": self.habits})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop the server."""
        self.habits.is_closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    habits: Habits

    def setup(self) -> None:
        """Let the system hold little, so that what is counted is what was asked for."""
        super().setup()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _CHUNK)

    def do_HEAD(self) -> None:
        self._answer(has_body=False)

    def do_GET(self) -> None:
        with contextlib.suppress(ConnectionError):  # whoever asked has had enough
            self._answer(has_body=True)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def _answer(self, *, has_body: bool) -> None:
        habits = self.habits
        path = self.path.partition("?")[0]
        habits.asked.append(f"{self.command} {self.path}")
        page = habits.pages.get(path)
        status = int(path[1:]) if re.fullmatch(r"/\d{3}", path) else 404 if page is None else 200
        if not has_body and not habits.has_head:
            status = 405
        if habits.hangs_later and habits.n_answers >= 3:
            habits.has_hung.set()
            habits.is_closing.wait(60)
            return
        if habits.fails_later and habits.n_answers >= 3:
            status = 500
        habits.n_answers += 1
        body = page if page is not None and status == 200 else b""
        size = len(body)
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if wanted and habits.has_ranges and status == 200:
            start, stop = int(wanted[1]), min(int(wanted[2] or size) + 1, size)
            status, body = 206, body[start:stop]
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
        if habits.has_ranges:
            self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.end_headers()
        if has_body:
            sent = body[: len(body) // 2] if habits.breaks_off else body
            for start in range(0, len(sent), _CHUNK):
                self.wfile.write(sent[start : start + _CHUNK])
                habits.n_bytes += len(sent[start : start + _CHUNK])
