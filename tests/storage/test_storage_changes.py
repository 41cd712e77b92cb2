"""Servers that shorten, replace and delay: the number of one version, or exit code 66."""

from __future__ import annotations

import random
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bce_cli.data import parts
from bce_cli.errors import InputError
from bce_cli.readers import columnar
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.grammar import InputOptions
from bce_cli.storage import remote
from bce_cli.storage.sources import sources_of
from tests.budgets import stride
from tests.faults.test_faults_changes import FORMS, N

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    from tests.storage.web_server import WebServer

    Bce = Callable[..., Result]
    Serve = Callable[..., tuple[WebServer, str]]
    Web = Callable[..., WebServer]

NAMED = ("-l", "y", "-p", "p", "-q")
CHANGED = "changed while it was read"
HINT = "bce: sources must not change while they are read\n"
SCHEMES = ("s3", "http")


@pytest.fixture(autouse=True)
def _small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_GLANCE", 100)
    monkeypatch.setattr(remote, "_CHUNK", 500)


@pytest.fixture
def served(web: Web, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Start a server for one file; return it, and the address of the file."""

    def start(scheme: str, name: str, content: bytes, **habits: Any) -> tuple[WebServer, str]:  # noqa: ANN401
        path = f"/bucket/{name}"
        if "then" in habits:
            habits["next_pages"] = {path: habits.pop("then")}
        server = web({path: content}, **habits)
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.address)
        return server, f"{server.address if scheme == 'http' else 's3:/'}{path}"

    return start


def number(bce: Bce, name: str, content: bytes) -> str:
    Path(name).write_bytes(content)
    done = bce("compute", name, *NAMED)
    assert done.exit_code == 0
    return done.stdout


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("scheme", "name"),
    [
        ("s3", "a.csv"),
        ("s3", "a.parquet"),
        ("http", "a.parquet"),
        ("http", "a.arrow"),
        ("s3", "a.csv.gz"),
        ("s3", "a.arrow"),
        ("s3", "a.jsonl"),
    ],
)
def test_a_range_that_comes_short_is_told(scheme: str, name: str, served: Serve, bce: Bce) -> None:
    store = "less of it came than was asked for"
    said = store if scheme == "s3" else "the server gave less than it was asked for"
    for n in (3, 1, 50)[:: stride()]:
        _, address = served(scheme, name, FORMS[name](1), shortens=n, shortens_at=1)
        done = bce("compute", address, *NAMED)
        assert done.stderr == f"bce: error: {address}: {said}\n"
        assert (done.stdout, done.exit_code) == ("", 66)


def test_ranges_come_as_they_are_whatever_their_last_byte(served: Serve) -> None:
    content = bytes(range(256)) + b"\xff\x00\xff"
    for n_short in (0, 2):
        _, address = served("s3", "a", content, shortens=n_short)
        ranges = remote._StoredRanges(address)  # noqa: SLF001
        for start, stop in [(0, 1), (0, 255), (0, 256), (0, 258), (254, 257), (255, 259)]:
            if n_short:
                with pytest.raises(InputError, match="less of it came than was asked for"):
                    ranges.read_range(start, stop - start)
            else:
                assert ranges.read_range(start, stop - start) == content[start:stop]
        ranges.close()


@pytest.mark.few(2)
@pytest.mark.parametrize("told_by", ["tag", "time", "tag, unminded"])
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.arrow", "a.csv.gz"])
def test_an_object_that_is_replaced_is_one_of_the_two_or_told(
    name: str, scheme: str, told_by: str, served: Serve, bce: Bce
) -> None:
    old = FORMS[name](1)
    new = FORMS[name](2)
    right = {number(bce, name, content) for content in (old, new)}
    habits = {"has_tag": "tag" in told_by, "has_time": told_by == "time", "minds": told_by == "tag"}
    seen = set()
    n = 0
    while n < 60:
        n += 1 + (stride() > 1) * 2
        server, address = served(scheme, name, old, then=new, replaces_at=n, **habits)
        done = bce("compute", address, *NAMED)
        seen.add(done.exit_code)
        if done.exit_code:
            told = {f"{CHANGED}\n{HINT}", "less of it came than was asked for\n"}
            assert done.stderr in {f"bce: error: {address}: {what}" for what in told}
            assert (done.stdout, done.exit_code) == ("", 66)
        else:
            assert done.stdout in right
        if server.habits.n_versions == 1:
            break
    assert server.habits.n_versions == 1  # after the last answer
    assert seen == ({0} if (scheme, name) in {("http", "a.csv"), ("http", "a.csv.gz")} else {0, 66})


@pytest.mark.parametrize("has_length", [True, False])
@pytest.mark.parametrize("has_ranges", [True, False])
def test_a_page_shorter_than_promised_is_told(
    has_length: bool, has_ranges: bool, served: Serve, bce: Bce
) -> None:
    _, address = served(
        "http",
        "a.csv",
        FORMS["a.csv"](1),
        breaks_off=True,
        has_length=has_length,
        has_ranges=has_ranges,
    )
    done = bce("compute", address, *NAMED)
    assert done.stderr == f"bce: error: {address}: the answer breaks off before its end\n"
    assert (done.stdout, done.exit_code) == ("", 66)


def test_a_page_of_unknown_length_is_read_to_its_end(served: Serve, bce: Bce) -> None:
    content = FORMS["a.csv"](1)
    _, address = served(
        "http", "a.csv", content, has_length=False, has_ranges=False, has_head=False
    )
    assert bce("compute", address, *NAMED).stdout == number(bce, "a.csv", content)


def test_a_page_that_forgets_which_version_it_is_is_refused(served: Serve, bce: Bce) -> None:
    content = FORMS["a.parquet"](1)
    habits = {"has_tag": True, "minds": False, "forgets": True}
    _, address = served("http", "a.parquet", content, then=content, replaces_at=4, **habits)
    done = bce("compute", address, *NAMED)
    assert done.stderr == f"bce: error: {address}: {CHANGED}\n{HINT}"
    assert (done.stdout, done.exit_code) == ("", 66)


def test_an_object_that_is_gone_at_the_end_is_told(served: Serve, bce: Bce) -> None:
    content = FORMS["a.csv"](1)
    server, address = served("s3", "a.csv", content)
    right = number(bce, "a.csv", content)
    assert bce("compute", address, *NAMED).stdout == right
    n_asked = len(server.habits.asked)
    _, address = served("s3", "a.csv", content, replaces_at=n_asked - 1)
    done = bce("compute", address, *NAMED)
    assert done.stderr == f"bce: error: {address}: no such file\n"
    assert (done.stdout, done.exit_code) == ("", 66)


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_a_page_may_come_compressed_unasked(name: str, served: Serve, bce: Bce) -> None:
    content = FORMS[name](1)
    _, address = served("http", name, content, coding="gzip", has_ranges=False)
    done = bce("compute", address, *NAMED)
    assert (done.stdout, done.stderr) == (number(bce, name, content), "")
    _, address = served("http", name, content, coding="br", has_ranges=False)
    done = bce("compute", address, *NAMED)
    assert done.stderr == f"bce: error: {address}: the server sends it in the content coding br\n"
    assert (done.stdout, done.exit_code) == ("", 66)


def test_what_was_listed_must_be_what_is_opened(served: Serve) -> None:
    old, new = FORMS["a.csv"](1), FORMS["a.csv"](2)
    server, address = served("s3", "a.csv", old, has_time=True)
    (source,) = sources_of(address)
    server.habits.pages, server.habits.n_versions = {"/bucket/a.csv": new}, 2
    with pytest.raises(InputError, match=f": {CHANGED}\n"), source.open():
        pass


@pytest.mark.few(2)
@pytest.mark.parametrize("name", ["a.parquet", "a.csv"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_all_parts_of_an_object_are_of_one_version(
    scheme: str, name: str, served: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columnar, "LEAST_ROWS", 40)
    old, new = FORMS[name](1), FORMS[name](2)
    server, address = served(scheme, name, old, has_tag=True)
    sources = parts.seen_from_anywhere(sources_of(address))
    options = InputOptions(ColumnChoice("y", "p"), block_bytes=500)
    first, *others = parts.parts_of(sources, options, map, parts.Cutting(1, 1))
    with ExitStack() as opened:
        assert sum(block.n_rows for block in first.open(opened).blocks) >= 40
    server.habits.pages = {f"/bucket/{name}": new}
    assert len(others) == 7
    for part in others[:: stride()]:
        with ExitStack() as opened, pytest.raises(InputError, match="a worker sees another"):
            part.open(opened)


@pytest.mark.few(1)
@pytest.mark.parametrize("seed", range(40))
def test_faults_at_random_moments_never_give_another_number(
    seed: int, served: Serve, bce: Bce
) -> None:
    rng = random.Random(seed)  # noqa: S311 -- no secret
    name = rng.choice(sorted(FORMS))
    old, new = FORMS[name](seed), FORMS[name](seed + 1000, rng.choice([N, N, N - 1, 2 * N]))
    right = {number(bce, name, content) for content in (old, new)}
    for _ in range(4 if stride() == 1 else 1):
        n = rng.randrange(12)
        faults: list[dict[str, Any]] = [
            {"then": new, "replaces_at": n},
            {"shortens": rng.choice([1, 2, 40]), "shortens_at": n},
            {"breaks_off": True, "breaks_off_at": n},
        ]
        scheme = rng.choice(SCHEMES)
        habits = {
            "has_ranges": scheme == "s3" or rng.random() < 0.8,
            "has_tag": True,
            "minds": rng.random() < 0.5,
            "delays": rng,
        }
        _, address = served(scheme, name, old, **rng.choice(faults), **habits)
        done = bce("compute", address, *NAMED)
        if done.exit_code:
            assert (done.stdout, done.exit_code) == ("", 66), done.stderr
            assert done.stderr.startswith(f"bce: error: {address}: ")
        else:
            assert done.stdout in right
