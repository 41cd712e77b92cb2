"""Rows in an object store give what the same rows give on this machine."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bce_cli.storage import remote, stores
from bce_cli.storage.sources import Source, sources_of
from tests.corpus.columnar import arrow_file, arrow_stream, parquet, table
from tests.corpus.packing import zipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typer.testing import Result

    from tests.storage.object_store import ObjectStore
    from tests.storage.web_server import WebServer

    Bce = Callable[..., Result]

NAMED = ("-l", "y", "-p", "p", "-f", "json")
N = 5_000
_random = np.random.default_rng(8)
LABELS = _random.integers(0, 2, N)
PREDICTIONS = _random.random(N).round(6)
CSV = "y,p\n" + "".join(f"{y},{p}\n" for y, p in zip(LABELS, PREDICTIONS, strict=True))


def _json_lines() -> bytes:
    rows = zip(LABELS.tolist(), PREDICTIONS.tolist(), strict=True)
    return "".join(f'{{"y": {y}, "p": {p}}}\n' for y, p in rows).encode()


def _arrays() -> bytes:
    sink = io.BytesIO()
    np.savez_compressed(sink, y=LABELS, p=PREDICTIONS)
    return sink.getvalue()


def _records() -> bytes:
    sink = io.BytesIO()
    rows = list(zip(LABELS, PREDICTIONS, strict=True))
    np.save(sink, np.array(rows, [("y", "i1"), ("p", "f8")]))
    return sink.getvalue()


def _table() -> Any:  # noqa: ANN401 -- pyarrow has no types
    return table(y=(LABELS,), p=(PREDICTIONS,), junk=(_random.random(N),))


FILES: dict[str, Callable[[], bytes]] = {
    "preds.csv": CSV.encode,
    "preds.csv.gz": lambda: gzip.compress(CSV.encode()),
    "preds.jsonl": _json_lines,
    "preds.parquet": lambda: parquet(_table(), row_group_size=700),
    "preds.arrow": lambda: arrow_file(_table(), 700),
    "preds.arrows": lambda: arrow_stream(_table(), 700),
    "packed.parquet.gz": lambda: gzip.compress(parquet(_table())),
    "preds.npz": _arrays,
    "preds.npy": _records,
    "preds.csv.zip": lambda: zipped({"preds.csv": CSV}),
}


def test_a_file_of_an_archive_is_read_from_an_address(s3: ObjectStore, bce: Bce) -> None:
    address = s3.put("a.zip", zipped({"preds.csv": CSV, "other.csv": CSV + "1,7\n"}))
    Path("preds.csv").write_text(CSV)
    whole = bce("compute", "preds.csv", "-q")
    assert bce("compute", f"{address}::preds.csv", "-q").stdout == whole.stdout
    assert bce("compute", f"{address[:-5]}*.zip::preds.csv", "-q").stdout == whole.stdout
    done = bce("compute", address, "-q")
    said = f"{address}: the zip archive holds 2 tables: preds.csv, other.csv"
    assert done.stderr == f"bce: error: {said}\nbce: name one of them: {address}::preds.csv\n"


@pytest.mark.few(2)
@pytest.mark.parametrize("name", FILES)
def test_json_is_that_of_the_same_file_here(name: str, s3: ObjectStore, bce: Bce) -> None:
    content = FILES[name]()
    Path(name).write_bytes(content)
    address = s3.put(f"a folder/ü/{name}", content)
    here, there = bce("compute", name, *NAMED), bce("compute", address, *NAMED)
    assert (here.exit_code, there.exit_code, there.stderr) == (0, 0, "")
    assert there.stdout == here.stdout.replace(json.dumps(name), json.dumps(address), 1)
    assert json.loads(there.stdout)["n"] == N


def test_a_folder_is_a_column(s3: ObjectStore, bce: Bce) -> None:
    for day in ("1", "a%2Fb"):
        s3.put(f"by day/day={day}/w=2/a.csv", b"y,p\n1,0.5\n0,0.25\n")
    address = s3.put("by day/day=1/w=2/b.parquet", parquet(table(y=([1],), p=([0.5],))))
    folder = address.partition("/day=")[0]
    found = bce("compute", folder, "--by", "day", "-w", "w", "-f", "csv").stdout.splitlines()[1:]
    assert [line.split(",")[:4] for line in found] == [
        ["1", "3", "2", "6.0"],
        ["a/b", "2", "1", "4.0"],
    ]


@pytest.mark.deep
def test_mixed_parts_are_one_data_set(s3: ObjectStore, bce: Bce) -> None:
    lines = CSV.splitlines(keepends=True)
    for key in ("parts/a.csv", "parts/day=1/b.csv.gz", "parts/day=2/c.parquet", "parts/d.csv"):
        at = "abcd".index(key.partition(".")[0][-1])
        text = "y,p\n" + "".join(lines[1 + at * 1250 : 1 + (at + 1) * 1250])
        if key.endswith(".gz"):
            s3.put(key, gzip.compress(text.encode()))
        elif key.endswith(".parquet"):
            s3.put(key, parquet(_table().slice(at * 1250, 1250)))
        else:
            s3.put(key, text.encode())
    s3.put("parts/_SUCCESS", b"")
    s3.put("parts/_temporary/0.csv", b"")
    s3.put("parts/.a.csv.crc", b"crc")
    Path("preds.csv").write_text(CSV)
    expected = json.loads(bce("compute", "preds.csv", *NAMED).stdout)
    in_order = ("n", "mean_loss", "std_error", "total_loss", "brier", "base_rate")
    for path in ("s3://bucket/parts", "s3://bucket/parts/", "s3://bucket", "s3://bucket/**"):
        found = json.loads(bce("compute", path, *NAMED).stdout)
        assert found["source"] == path
        assert [found[key] for key in in_order] == [expected[key] for key in in_order]


def test_patterns_are_matched_in_the_store(s3: ObjectStore) -> None:
    for key in (
        "p/day=1/a.csv",
        "p/day=1/b.csv",
        "p/day=2/a.csv",
        "p/_x.csv",
        "p/c.csv",
        "p[1].csv",
    ):
        s3.put(key, b"y,p\n1,.5\n")

    def found(pattern: str) -> list[str]:
        sources = sources_of(f"s3://bucket/{pattern}")
        assert {source.size() for source in sources} == {9}
        return [source.path.removeprefix("s3://bucket/") for source in sources]

    assert found("p/*.csv") == ["p/c.csv"]
    assert found("p/day=?/a.csv") == ["p/day=1/a.csv", "p/day=2/a.csv"]
    assert found("p/day=[2-9]") == ["p/day=2/a.csv"]
    assert found("p/**/a.csv") == ["p/day=1/a.csv", "p/day=2/a.csv"]
    assert found("*[[]1].csv") == ["p[1].csv"]
    assert found("p[1].csv") == ["p[1].csv"]
    assert found("p/day=1/b.csv") == ["p/day=1/b.csv"]


LOGS = {
    "t/_delta_log/0.json": ("t", "t/*.csv", "a Delta table"),
    "t/.hoodie/hoodie.properties": ("t", "", "a Hudi table"),
    "t/metadata/v12.metadata.json": ("t", "t/*.csv", "an Iceberg table"),
    "t/day=1/_delta_log/0.json": ("t/day=1", "t/*/*.csv", "a Delta table"),
    "t/day=1/metadata/v1.metadata.json": ("t/day=1", "t/day=*/**", "an Iceberg table"),
}


@pytest.mark.parametrize("log", LOGS)
def test_a_table_that_keeps_a_log_is_refused(log: str, s3: ObjectStore, bce: Bce) -> None:
    for key in ("t/day=1/a.csv", "t/b.csv", log):
        s3.put(key, b"y,p\n1,.5\n")
    folder, pattern, what = LOGS[log]
    for path in ("t", pattern):
        done = bce("compute", f"s3://bucket/{path}")
        assert (done.stdout, done.exit_code) == ("", 66)
        said = f"s3://bucket/{folder}: it is {what}, in which not every file counts"
        assert done.stderr.splitlines()[0] == f"bce: error: {said}"
    assert bce("compute", "s3://bucket/t/b.csv", "-q").exit_code == 0


def test_an_object_that_would_count_twice_is_refused(s3: ObjectStore, bce: Bce) -> None:
    address = s3.put("parts/a.csv", b"y,p\n1,.5\n")
    s3.put("parts/a.csv.bak", b"")
    done = bce("compute", "s3://bucket/parts", address.replace("s3://", "s3a://"))
    assert (done.stdout, done.exit_code) == ("", 2)
    what = f"{address} and {address.replace('s3:', 's3a:')} are the same file"
    assert done.stderr.splitlines()[0] == f"bce: error: {what}: its rows would count twice"
    single = bce("compute", "s3://bucket/parts", *NAMED)
    assert single.stderr == "bce: s3://bucket/parts: passed over 1 file: a.csv.bak\n"


def test_labels_are_joined_from_the_store(s3: ObjectStore, bce: Bce) -> None:
    labels = s3.put("truth/1.csv", b"id,y\nb,0\na,1\n").removesuffix("1.csv")
    Path("preds.csv").write_text("id,p\na,0.5\nb,0.5\n")
    done = bce("compute", "preds.csv", "--labels", labels, "--on", "id", "-f", "json")
    report = json.loads(done.stdout)
    assert (report["mean_loss"], report["labels_source"]) == (0.6931471805599453, labels)


def test_models_here_and_there_are_compared(s3: ObjectStore, bce: Bce) -> None:
    Path("old.csv").write_text("y,p\n1,0.5\n0,0.5\n")
    s3.put("new/1.csv", b"y,p\n1,0.75\n")
    s3.put("new/2.csv", b"y,p\n0,0.25\n")
    done = bce("compare", "old.csv", "s3://bucket/new", "-f", "json")
    report = json.loads(done.stdout)
    assert report["source"] == ["old.csv", "s3://bucket/new"]
    assert [model["name"] for model in report["models"]] == ["old.csv", "new"]
    assert report["comparisons"][0]["difference"] == pytest.approx(np.log(0.5 / 0.75), abs=1e-15)


def test_a_baseline_may_be_kept_in_the_store(s3: ObjectStore, bce: Bce) -> None:
    Path("preds.csv").write_text("y,p\n1,0.5\n0,0.5\n")
    report = bce("compute", "preds.csv", *NAMED).stdout
    baseline = s3.put("baseline.json", report.encode())
    done = bce("check", "preds.csv", "--baseline", baseline, "-f", "json")
    assert json.loads(done.stdout)["verdict"] == "passed"


AWS = "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"

DAMAGED = "the Parquet data are damaged: Parquet magic bytes not found in footer"

FAULTS: dict[str, tuple[str, int, str]] = {
    "no such key": ("s3://bucket/no.csv", 66, "s3://bucket/no.csv: no such file"),
    "no such bucket": ("s3://nobucket/no.csv", 66, "s3://nobucket/no.csv: there is no such bucket"),
    "no bucket, but a pattern": ("s3://nobucket/*", 66, "s3://nobucket/*: there is no such bucket"),
    "pattern without matches": (
        "s3://bucket/*.json",
        66,
        "s3://bucket/*.json: no file matches this pattern",
    ),
    "pattern for a bucket": ("s3://b*/x", 66, "s3://b*/x: no pattern may stand before the path"),
    "bad cell": (
        "s3://bucket/bad.csv",
        65,
        "s3://bucket/bad.csv, line 2: prediction 7 (column 'p') is not in [0, 1]",
    ),
    "cut off": (
        "s3://bucket/cut.csv.gz",
        65,
        "s3://bucket/cut.csv.gz: the gzip data end too early",
    ),
    "cut off Parquet": (
        "s3://bucket/cut.parquet",
        65,
        f"s3://bucket/cut.parquet: {DAMAGED}",
    ),
    "empty": ("s3://bucket/empty.csv", 65, "s3://bucket/empty.csv: the input is empty"),
}


@pytest.mark.few(3)
@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_one_line(case: tuple[str, int, str], s3: ObjectStore, bce: Bce) -> None:
    address, code, said = case
    s3.put("bad.csv", b"y,p\n1,7\n")
    s3.put("cut.csv.gz", gzip.compress(CSV.encode())[:-1000])
    s3.put("cut.parquet", parquet(_table())[:-1000])
    s3.put("empty.csv", b"")
    done = bce("compute", address, "-q")
    assert done.stderr.splitlines()[0] == f"bce: error: {said}"
    assert len(done.stderr.splitlines()) <= 2
    assert (done.stdout, done.exit_code) == ("", code)


def test_wrong_credentials_are_told_without_them(s3: ObjectStore, bce: Bce) -> None:
    address = s3.put("preds.csv", CSV.encode())
    s3.check_credentials(wanted=True)
    try:
        done = bce("compute", address, "-q")
    finally:
        s3.check_credentials(wanted=False)
    assert (done.stdout, done.exit_code) == ("", 66)
    assert done.stderr.splitlines() == [
        f"bce: error: {address}: access denied",
        f"bce: credentials are taken from {AWS}",
    ]


@pytest.fixture
def dead_end(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Provide a socket to which one can connect, and which never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        host, port = listening.getsockname()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        yield listening


@pytest.mark.deep
@pytest.mark.usefixtures("dead_end")
def test_a_server_that_is_not_there_is_told(bce: Bce) -> None:
    done = bce("compute", "s3://bucket/preds.csv", "-q")
    said = "bce: error: s3://bucket/preds.csv: no connection: could not connect to server\n"
    assert (done.stderr, done.stdout, done.exit_code) == (said, "", 66)


@pytest.mark.deep
def test_a_server_that_never_answers_is_given_up(
    dead_end: socket.socket, bce: Bce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "READ_SECONDS", 1.0)
    dead_end.listen()
    done = bce("compute", "s3://bucket/preds.csv", "-q")
    said = "bce: error: s3://bucket/preds.csv: no connection: timeout was reached\n"
    assert (done.stderr, done.stdout, done.exit_code) == (said, "", 66)


def test_a_parquet_file_gives_the_wanted_columns_alone(
    web: Callable[..., WebServer], bce: Bce, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = table(
        y=(LABELS,), p=(PREDICTIONS,), **{f"z{i}": (_random.random(N),) for i in range(30)}
    )
    content = parquet(wide, row_group_size=1000)
    server = web({"/bucket/preds.parquet": content})
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.address)
    done = bce("compute", "s3://bucket/preds.parquet", *NAMED)
    assert json.loads(done.stdout)["n"] == N
    assert server.habits.n_bytes < len(content) / 3


@pytest.mark.few(1)
@pytest.mark.parametrize("name", ["preds.csv", "preds.parquet"])
def test_a_store_that_fails_later_is_no_damaged_file(
    name: str, web: Callable[..., WebServer], bce: Bce, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = CSV * 40 if name.endswith("csv") else ""
    content = text.replace("y,p\n", "").encode() or FILES[name]()
    server = web({f"/bucket/{name}": b"y,p\n" * bool(text) + content}, fails_later=True)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.address)
    done = bce("compute", f"s3://bucket/{name}", "-q")
    assert done.stderr.startswith(f"bce: error: s3://bucket/{name}: ")
    assert "500" in done.stderr
    assert (done.stdout, done.exit_code, done.stderr.count("\n")) == ("", 66, 1)


def test_a_source_is_small_and_opens_anywhere(s3: ObjectStore) -> None:
    (source,) = sources_of(s3.put("preds.csv", CSV.encode()))
    sent = pickle.dumps(source)
    assert len(sent) < 200
    again: Source = pickle.loads(sent)  # noqa: S301 -- made above
    assert (again.size(), Source(source.path).size()) == (len(CSV), len(CSV))
    with again.open() as stream:
        assert stream.read() == CSV.encode()
    with ExitStack() as opened:
        file = again.random_access(opened)
        assert file is not None
        file.seek(-5, 2)
        assert (file.read(), file.read(), file.tell()) == (CSV.encode()[-5:], b"", len(CSV))
        file.seek(10)
        assert file.read(20) == CSV.encode()[10:30]
    assert file.closed


@pytest.mark.deep
def test_long_text_is_read_ahead_in_order(s3: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_GLANCE", 7)
    monkeypatch.setattr(remote, "_CHUNK", 1000)
    address = s3.put("preds.csv", CSV.encode())
    with Source(address).open() as stream:
        assert stream.read() == CSV.encode()
