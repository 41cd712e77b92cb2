"""Storage on 127.0.0.1: an object store that speaks S3, and a small web server."""

from __future__ import annotations

import logging
import os
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from moto.server import ThreadedMotoServer

from tests.storage.object_store import ObjectStore
from tests.storage.web_server import WebServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def _endpoint() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # else each request is a line
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.lower().endswith("_proxy") or name.startswith(("AWS_", "AZURE_", "GOOGLE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def s3(_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """Provide an object store with an empty bucket."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", _endpoint)
    store = ObjectStore(_endpoint)
    yield store
    store.clear()


@pytest.fixture
def web() -> Iterator[Callable[..., WebServer]]:
    """Start web servers, each with some pages."""
    servers: list[WebServer] = []

    def start(pages: dict[str, bytes], **habits: bool) -> WebServer:
        servers.append(WebServer(pages, **habits))
        return servers[-1]

    yield start
    for server in servers:
        with closing(server):
            pass
