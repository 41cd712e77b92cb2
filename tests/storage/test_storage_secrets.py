"""Nothing before the @ of an address is ever shown, nor are queries and fragments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bce_cli.engine.connection import Cluster
from bce_cli.storage.paths import file_name, without_secrets, without_secrets_in
from bce_cli.storage.stores import storage_error
from tests.storage.test_storage_s3 import CSV

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    from tests.storage.web_server import WebServer

    Bce = Callable[..., Result]
    Web = Callable[..., WebServer]

SECRETS = ("t0k3n", "s3cr3t", "p%40ss", "p@ss", "s1g", "fr4gm3nt")

SHOWN = {
    "http://t0k3n@host/a.csv": "http://***@host/a.csv",
    "https://me:p%40ss@host:8080/a.csv?sig=s1g": "https://***@host:8080/a.csv?...",
    "https://me%3Ap%40ss@host/a.csv#fr4gm3nt": "https://***@host/a.csv?...",
    "https://t0k3n@host": "https://***@host",
    "https://t0k3n@host?sig=s1g": "https://***@host?...",
    "HTTPS://t0k3n@host/a.csv": "HTTPS://***@host/a.csv",
    "https://a@s3cr3t@host/a@b.csv": "https://***@host/a@b.csv",
    "https://me:s3cr3t/t0k3n@host/a.csv": "https://***@host/a.csv",
    "https://me:s3cr3t#t0k3n@host/a.csv": "https://***@host/a.csv",
    "https://me:s3cr3t t0k3n@host/a b.csv": "https://***@host/a b.csv",
    "https://t0k3n@[::1]:80/a.csv": "https://***@[::1]:80/a.csv",
    "http:/t0k3n@host/a.csv": "http:/***@host/a.csv",
    " https://t0k3n@host/a.csv": " https://***@host/a.csv",
    "simplecache::https://t0k3n@host/a.csv": "simplecache::https://***@host/a.csv",
    "s3://key:s3cr3t@bucket/a.csv": "s3://***@bucket/a.csv",
    "s3://bucket/a.csv?X-Amz-Signature=s1g": "s3://bucket/a.csv?...",
    "sftp://t0k3n@host/a.csv": "sftp://***@host/a.csv",
    "tcp://t0k3n@host:8786": "tcp://***@host:8786",
    "tls://host:8786?s1g": "tls://host:8786?...",
}

PLAIN = (
    "https://host/403?...",
    *("a.csv", "a/b@c.csv", "day=*/part-?.csv", "me@host:a.csv", "file:///a%20b.csv"),
    *("s3://bucket/day?/part-[0-9].csv", "https://host:8080/a@b.csv", "https://[::1]:80/a.csv"),
)


@pytest.mark.few(10)
@pytest.mark.parametrize(("address", "shown"), SHOWN.items())
def test_an_address_is_shown_without_its_secrets(address: str, shown: str) -> None:
    assert without_secrets(address) == shown
    assert without_secrets(shown) == shown
    assert not any(secret in file_name(address) for secret in ("t0k3n", "s3cr3t", "p%40ss"))
    error = storage_error(address, OSError(f"cannot open {address}: s3cr3t, p@ss; t0k3n sig=s1g"))
    assert not any(secret in str(error) for secret in SECRETS if secret in address)


@pytest.mark.parametrize("path", PLAIN)
def test_what_has_no_secrets_is_shown_as_it_is(path: str) -> None:
    assert without_secrets(path) == path
    assert without_secrets_in(f"{path}: no such file") == f"{path}: no such file"


@pytest.mark.few(1)
@pytest.mark.parametrize("user", ["t0k3n@", "me%40home@"])
def test_what_was_read_is_named_without_its_secrets(user: str, web: Web, bce: Bce) -> None:
    host = web({"/a.csv": CSV.encode(), "/b.csv": CSV.encode()}).address.removeprefix("http://")
    a, b = (f"http://{user}{host}/{name}?sig=s1g#fr4gm3nt" for name in ("a.csv", "b.csv"))
    shown = [f"http://***@{host}/{name}?..." for name in ("a.csv", "b.csv")]
    report = json.loads(bce("compute", a, "-f", "json").stdout)
    assert (report["source"], report["n"]) == (shown[0], 5000)
    Path("old.json").write_text(json.dumps(report))
    compared = json.loads(bce("compare", a, b, "-f", "json").stdout)
    assert compared["source"] == shown
    assert [model["name"] for model in compared["models"]] == ["a.csv", "b.csv"]
    page = json.loads(
        bce("report", a, "--baseline", "old.json", "--fine-bins", "-f", "json").stdout
    )
    assert page["command"] == f"bce report '{shown[0]}' --fine-bins --baseline old.json"
    assert page["inputs"][0] == {"source": shown[0], "files": 1, "bytes": None, "sha256": None}
    for call in (
        ("compute", a),
        ("compute", a, b),
        ("report", a, "--fine-bins"),
        ("report", a, "--fine-bins", "-f", "json"),
        ("report", a, "--fine-bins", "--against", b, "-f", "markdown"),
        ("compare", a, b),
        ("compare", a, a),
        ("check", a, "--baseline", "old.json"),
        ("compute", a, "-p", "q"),
        ("compute", a, f"{b}x", "-q"),
        ("compute", f"http://{user}{host}/404?sig=s1g"),
        ("check", a, "--baseline", f"http://{user}{host}/404?sig=s1g"),
        ("compute", a, "-o", f"http://{user}nowhere/x.json"),
    ):
        done = bce(*call)
        for secret in (user, "t0k3n", "home", "s1g", "fr4gm3nt"):
            assert secret not in done.output, call


@pytest.mark.few(1)
@pytest.mark.parametrize("name", ["https://t0k3n@host/a.csv", "tcp://t0k3n@host/a?sig=s1g"])
def test_addresses_in_wrong_places_are_not_shown(name: str, bce: Bce) -> None:
    Path("a.csv").write_text("y,p\n1,0.5\n")
    for call in (
        ("compute", f" {name}"),
        ("compute", f"simplecache::{name}"),
        ("compute", "a.csv", "--labels", f"x{name}", "--on", "y"),
        ("compute", "a.csv", "--workers", name),
        ("compute", "a.csv", "-f", name),
        (name,),
        ("demo", name),
        ("compute", "a.csv", "-p", name),
        ("compute", "a.csv", "-o", f"no/{name}"),
    ):
        done = bce(*call)
        assert done.exit_code != 0
        assert not any(secret in done.output for secret in SECRETS), call


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("tcp://me:s3cr3t@host:8786", "tcp://***@host:8786"),
        ("me:s3cr3t@host:8786", "***@host:8786"),
        ("host:8786", "host:8786"),
    ],
)
def test_a_scheduler_is_named_without_its_secrets(address: str, name: str) -> None:
    assert Cluster(address, 1).name == name


@pytest.mark.deep
@pytest.mark.parametrize("scheme", ["nonsense", "tcp"])
def test_a_scheduler_that_is_none_is_named_without_its_secrets(scheme: str, bce: Bce) -> None:
    Path("a.csv").write_text("y,p\n1,0.5\n")
    address = f"{scheme}://me:s3cr3t@127.0.0.1"
    done = bce("compute", "a.csv", "--engine", "dask", "--scheduler", address)
    assert done.exit_code in {2, 69}
    assert f"{scheme}://***@127.0.0.1" in done.stderr
    assert "s3cr3t" not in done.output
