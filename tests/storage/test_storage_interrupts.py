"""Ctrl-C ends a wait for a server that does not answer."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.storage.test_storage_s3 import CSV, FILES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.storage.web_server import WebServer


@pytest.mark.few(1)
@pytest.mark.parametrize("name", ["preds.csv", "preds.parquet"])
@pytest.mark.parametrize("scheme", ["s3", "http"])
def test_ctrl_c_while_a_server_is_silent(
    scheme: str, name: str, web: Callable[..., WebServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = {
        "/bucket/preds.csv": CSV.encode() * 40,
        "/bucket/preds.parquet": FILES["preds.parquet"](),
    }
    server = web(pages, hangs_later=True)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.address)
    if scheme == "http":
        server.habits.n_answers = 3 if name.endswith("csv") else 1
    address = f"{server.address if scheme == 'http' else 's3:/'}/bucket/{name}"
    command = [sys.executable, "-m", "bce_cli", "compute", address, "-q"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe) as running:
        assert server.habits.has_hung.wait(120)
        running.send_signal(signal.SIGINT)
        printed, said = running.communicate(timeout=25)  # long before the server is given up
    assert (printed, said, running.returncode) == (b"", b"", 130)
