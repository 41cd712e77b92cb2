"""The part of Google's storage interface that reading needs, for one bucket."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlparse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BUCKET = "/storage/v1/b/bucket"
_OBJECTS = f"{_BUCKET}/o"
_TIME = "2026-01-01T00:00:00Z"


@contextmanager
def google_server(objects: Mapping[str, str]) -> Iterator[str]:
    """Serve objects by their keys; provide the address for STORAGE_EMULATOR_HOST.

    The server is a process of its own, since pyarrow holds the interpreter lock while it opens a
    file of this storage, and a thread could not answer.
    """
    from tests.processes import serving  # noqa: PLC0415 -- the server itself does without

    with serving(__file__, json.dumps(objects), stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"


class _Handler(BaseHTTPRequestHandler):
    objects: Mapping[str, str]

    def do_GET(self) -> None:
        address = urlparse(self.path)
        body = self._body(address.path, parse_qs(address.query))
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def _body(self, path: str, query: Mapping[str, list[str]]) -> bytes | None:
        if path == _BUCKET:
            times = {"metageneration": "1", "timeCreated": _TIME, "updated": _TIME}
            return json.dumps({"kind": "storage#bucket", "name": "bucket"} | times).encode()
        if path == _OBJECTS:
            start = query.get("prefix", [""])[0]
            found = [self._record(key) for key in sorted(self.objects) if key.startswith(start)]
            return json.dumps({"kind": "storage#objects", "items": found}).encode()
        key = unquote(path.removeprefix(f"{_OBJECTS}/"))
        if key not in self.objects:
            return None
        if query.get("alt") == ["media"]:
            return self.objects[key].encode()
        return json.dumps(self._record(key)).encode()

    def _record(self, key: str) -> dict[str, str]:
        return {
            "kind": "storage#object",
            "name": key,
            "bucket": "bucket",
            "size": str(len(self.objects[key])),
            "generation": "1",
            "metageneration": "1",
            "timeCreated": _TIME,
            "updated": _TIME,
        }


if __name__ == "__main__":
    _Handler.objects = json.loads(sys.argv[1])
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as _server:
        print(_server.server_port, flush=True)  # noqa: T201 -- read by whoever started it
        _server.serve_forever()
