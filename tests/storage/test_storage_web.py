"""Pages of web servers, with and without ranges, and what is said where there is none."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.corpus.packing import zipped
from tests.storage.test_storage_s3 import CSV, FILES, NAMED, N

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    from tests.storage.web_server import WebServer

    Bce = Callable[..., Result]
    Web = Callable[..., WebServer]


@pytest.mark.few(10)
@pytest.mark.parametrize("has_ranges", [True, False], ids=["ranges", "no ranges"])
@pytest.mark.parametrize("has_head", [True, False], ids=["head", "no head"])
@pytest.mark.parametrize("name", FILES)
def test_json_is_that_of_the_same_file_here(
    name: str, has_ranges: bool, has_head: bool, web: Web, bce: Bce
) -> None:
    content = FILES[name]()
    Path(name).write_bytes(content)
    address = (
        f"{web({f'/{name}': content}, has_ranges=has_ranges, has_head=has_head).address}/{name}"
    )
    here, there = bce("compute", name, *NAMED), bce("compute", address, *NAMED)
    assert (here.exit_code, there.exit_code, there.stderr) == (0, 0, "")
    assert there.stdout == here.stdout.replace(json.dumps(name), json.dumps(address), 1)
    assert json.loads(there.stdout)["n"] == N


@pytest.mark.deep
def test_ranges_are_used_where_columns_are_wanted(web: Web, bce: Bce) -> None:
    from tests.corpus.columnar import parquet, table  # noqa: PLC0415

    random = np.random.default_rng(3)
    columns = {f"z{i}": (random.random(50_000),) for i in range(30)}
    wide = table(y=(random.integers(0, 2, 50_000),), p=(random.random(50_000),), **columns)
    content = parquet(wide)
    server = web({"/preds.parquet": content})
    assert bce("compute", f"{server.address}/preds.parquet", *NAMED).exit_code == 0
    assert server.habits.n_bytes < len(content) / 2


def test_a_query_is_sent_and_not_shown(web: Web, bce: Bce) -> None:
    server = web({"/preds.csv": CSV.encode()})
    address = f"{server.address}/preds.csv?signature=s3cr3t"
    done = bce("compute", address, "-l", "y", "-p", "p")
    assert done.exit_code == 0
    assert "GET /preds.csv?signature=s3cr3t" in server.habits.asked
    assert "s3cr3t" not in done.output
    report = json.loads(bce("compute", address, *NAMED).stdout)
    assert report["source"] == f"{server.address}/preds.csv?..."


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/404", "no such file"),
        ("/401", "access denied"),
        ("/403?signature=s3cr3t", "access denied"),
        ("/500", "the server answers with status 500"),
    ],
)
def test_a_page_that_is_refused_is_told(path: str, said: str, web: Web, bce: Bce) -> None:
    address = f"{web({}).address}{path}"
    done = bce("compute", address, "-q")
    shown = address.replace("signature=s3cr3t", "...")
    assert done.stderr == f"bce: error: {shown}: {said}\n"
    assert (done.stdout, done.exit_code) == ("", 66)


@pytest.mark.parametrize("has_ranges", [True, False], ids=["ranges", "no ranges"])
def test_a_file_of_an_archive_is_read_from_a_page(has_ranges: bool, web: Web, bce: Bce) -> None:
    content = zipped({"preds.csv": CSV, "other.csv": CSV + "1,7\n"})
    server = web({"/a.zip": content}, has_ranges=has_ranges)
    Path("preds.csv").write_text(CSV)
    done = bce("compute", f"{server.address}/a.zip?key=s3cr3t::preds.csv", "-q")
    assert (done.stdout, done.stderr) == (bce("compute", "preds.csv", "-q").stdout, "")
    assert len(server.habits.asked) <= 8


@pytest.mark.parametrize("name", ["preds.csv", "preds.parquet"])
def test_an_answer_that_breaks_off_is_told(name: str, web: Web, bce: Bce) -> None:
    server = web({f"/{name}": FILES[name]() * 20}, breaks_off=True)
    done = bce("compute", f"{server.address}/{name}", "-q")
    assert done.stderr.startswith(f"bce: error: {server.address}/{name}: ")
    assert (done.stdout, done.exit_code, done.stderr.count("\n")) == ("", 66, 1)


def test_no_server_is_told(web: Web, bce: Bce) -> None:
    server = web({})
    server.close()
    done = bce("compute", f"{server.address}/preds.csv", "-q")
    assert done.stderr.startswith(f"bce: error: {server.address}/preds.csv: ")
    assert "connect" in done.stderr.lower()
    assert (done.stdout, done.exit_code, done.stderr.count("\n")) == ("", 66, 1)


def test_a_password_is_refused_and_not_shown(bce: Bce) -> None:
    for address in ("https://me:s3cr3t@127.0.0.1/p.csv", "s3://me:s3cr3t@bucket/p.csv"):
        done = bce("compute", address)
        shown = address.replace("me:s3cr3t", "***")
        assert done.stderr.splitlines() == [
            f"bce: error: {shown}: a password does not belong in an address",
            "bce: credentials are taken from the usual environment variables",
        ]
        assert (done.stdout, done.exit_code) == ("", 2)


def test_what_is_to_be_installed_is_said(bce: Bce, monkeypatch: pytest.MonkeyPatch) -> None:
    from bce_cli.storage import web as pages  # noqa: PLC0415

    pages._of_fsspec.cache_clear()  # noqa: SLF001 -- another test has loaded it
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    done = bce("compute", "https://127.0.0.1/preds.csv")
    assert done.stderr.splitlines() == [
        "bce: error: https://127.0.0.1/preds.csv: reading from the web needs fsspec and aiohttp",
        "bce: pip install 'fsspec[http]'",
    ]
    assert (done.stdout, done.exit_code) == ("", 66)


@pytest.mark.parametrize("has_fsspec", [True, False])
def test_an_unknown_kind_of_storage_is_told(
    has_fsspec: bool, bce: Bce, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_fsspec:
        monkeypatch.setitem(sys.modules, "fsspec", None)
    done = bce("compute", "punchcard://bucket/preds.csv")
    said = "no storage is known for addresses that begin with punchcard://"
    assert done.stderr.splitlines() == [
        f"bce: error: punchcard://bucket/preds.csv: {said}",
        "bce: addresses may begin with s3://, gs://, abfs://, hdfs://, https:// or file://",
    ]
    assert (done.stdout, done.exit_code) == ("", 66)


def test_other_storage_is_read_through_fsspec(bce: Bce) -> None:
    import fsspec  # noqa: PLC0415 -- an extra

    files = fsspec.filesystem("memory")
    files.pipe("/parts/a.csv", b"y,p\n1,0.5\n")
    files.pipe("/parts/day=1/b.csv.gz", gzip.compress(b"y,p\n0,0.5\n"))
    files.pipe("/parts/_SUCCESS", b"")
    try:
        for address in ("memory://parts", "memory://parts/", "memory://parts/**/*.csv*"):
            report = json.loads(bce("compute", address, *NAMED).stdout)
            assert (report["n"], report["mean_loss"]) == (2, 0.6931471805599453)
        missing = bce("compute", "memory://parts/c.csv")
        assert missing.stderr == "bce: error: memory://parts/c.csv: no such file\n"
    finally:
        files.rm("/parts", recursive=True)
