"""A web server with habits that some servers have, which counts what it is asked for."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

_CHUNK = 1 << 16


@dataclass
class Habits:
    """What a server does and what it has done.

    `has_ranges`: it answers requests for ranges. `breaks_off`: it sends half of what it promises.
    `fails_later`, `hangs_later`: after three good answers, status 500 comes, or nothing.
    `has_head`: it answers HEAD. `has_length`: it says how long a page is. `shortens`: so many bytes
    of each range do not come, and its length says so. `shortens_at`, `breaks_off_at`: after so many
    answers. `delays`: it takes its time. `has_tag`, `has_time`: each version has an ETag, or a
    time, of its own. `minds`: it heeds If-Match. `coding`: what it calls bytes that it compresses
    by gzip. `next_pages`: its pages after `replaces_at` answers; if it `forgets`, without tag
    and time.
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
    n_versions: int = 1
    asked: list[str] = field(default_factory=list)
    shortens: int = 0
    shortens_at: int = 0
    breaks_off_at: int = 0
    delays: random.Random | None = None
    has_length: bool = True
    has_tag: bool = False
    has_time: bool = False
    minds: bool = True
    coding: str = ""
    next_pages: Mapping[str, bytes] = field(default_factory=dict)
    replaces_at: int = -1
    forgets: bool = False


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
        habits.asked.append(f"{self.command} {self.path}")
        self._take_time()
        if self._hangs():
            return
        status, page = self._page(has_body=has_body)
        habits.n_answers += 1
        tag = f'"{hashlib.md5(page, usedforsecurity=False).hexdigest()}"'
        if habits.minds and self.headers.get("If-Match", tag) != tag:
            status, page = 412, b""
        size, body = len(page), page
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if wanted and habits.has_ranges and status == 200:
            start, stop = int(wanted[1]), min(int(wanted[2] or size) + 1, size)
            n_short = habits.shortens if habits.n_answers > habits.shortens_at else 0
            status, body = 206, page[start : max(stop - n_short, start)]
        self.send_response(status)
        if habits.coding:
            self.send_header("Content-Encoding", habits.coding)
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
        if habits.has_ranges:
            self.send_header("Accept-Ranges", "bytes")
        if habits.has_length or status != 200 or not has_body:
            self.send_header("Content-Length", str(len(body)))
        self._tell_version(tag)
        self.end_headers()
        if has_body:
            self._send(body)

    def _tell_version(self, tag: str) -> None:
        habits = self.habits
        if habits.forgets and habits.n_versions > 1:
            return
        if habits.has_tag:
            self.send_header("ETag", tag)
        version = habits.n_versions if habits.has_time else 1
        self.send_header("Last-Modified", f"Thu, 0{version} Jan 2026 00:00:00 GMT")

    def _hangs(self) -> bool:
        habits = self.habits
        if habits.hangs_later and habits.n_answers >= 3:
            habits.has_hung.set()
            habits.is_closing.wait(60)
            return True
        return False

    def _take_time(self) -> None:
        habits = self.habits
        if habits.n_versions == 1 and 0 <= habits.replaces_at <= habits.n_answers:
            habits.pages, habits.n_versions = habits.next_pages, 2
        if habits.delays is not None:
            time.sleep(habits.delays.random() / 50)

    def _page(self, *, has_body: bool) -> tuple[int, bytes]:
        """Return a status, and the bytes of the page where that is 200."""
        habits = self.habits
        path = self.path.partition("?")[0]
        page = habits.pages.get(path)
        status = int(path[1:]) if re.fullmatch(r"/\d{3}", path) else 404 if page is None else 200
        if not has_body and not habits.has_head:
            status = 405
        if habits.fails_later and habits.n_answers >= 3:
            status = 500
        if page is None or status != 200:
            return status, b""
        return status, gzip.compress(page) if habits.coding else page

    def _send(self, body: bytes) -> None:
        habits = self.habits
        is_broken = habits.breaks_off and habits.n_answers > habits.breaks_off_at
        sent = body[: len(body) // 2] if is_broken else body
        for start in range(0, len(sent), _CHUNK):
            self.wfile.write(sent[start : start + _CHUNK])
            habits.n_bytes += len(sent[start : start + _CHUNK])
