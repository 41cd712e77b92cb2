"""What the columns of a file are called, as its first bytes say."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bce_cli.errors import BceError
from bce_cli.readers.glance import Told, names_in

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = b"id,y,p\n1,0,0.5\n"


@pytest.mark.few(10)
@pytest.mark.parametrize(
    ("name", "data", "told", "expected"),
    [
        ("a.csv", PLAIN, Told(), ["id", "y", "p"]),
        ("a.csv", b"\n\r\n y , p \r\n0,1\r\n", Told(), ["y", "p"]),
        ("a.csv", b"\xef\xbb\xbfy;p;note, free\n", Told(), ["y", "p", "note, free"]),
        ("a.csv", b"y;p;a,b;label,prediction\n", Told(), ["y", "p", "a,b", "label,prediction"]),
        ("a.csv", b"y,p,a;b\n", Told(), ["y", "p", "a;b"]),
        ("a.csv", b"a,b;c\n", Told(), ["a", "b;c"]),
        ("a.csv", b"a,b;c\n", Told(decimal=","), ["a,b", "c"]),
        ("a.csv", b"one\n1\n", Told(), ["one"]),
        ("a.csv", b"sep=|\r\ny,p|q\r\n", Told(), ["y,p", "q"]),
        ("a.csv", b"sep=;", Told(), ["sep=", "#2"]),
        ("a.csv", b"y p\n", Told(delimiter="space"), ["y", "p"]),
        ("a.tsv", b"y,1\tp\n", Told(), ["y,1", "p"]),
        ("a.csv", b"y,1\tp\n", Told(input_format="tsv"), ["y,1", "p"]),
        ("a.csv", b"# by me\ny,p\n", Told(comment="#"), ["y", "p"]),
        ("a.csv", b"1,.5\n", Told(has_header=False), ["#1", "#2"]),
        ("a.csv", b"y,p,y,,p q\n", Told(), ["#1", "p", "#3", "#4", "p q"]),
        ("a.csv", 'y,"two\nlines",a\x1b[1m,\u202eb,caf\xe9\n'.encode(), Told(), ["y", "caf\xe9"]),
        ("a.csv", "y,caf\xe9\n".encode("latin-1"), Told(encoding="latin-1"), ["y", "caf\xe9"]),
        ("a.csv", "y,caf\xe9\n".encode("utf-16"), Told(), ["y", "caf\xe9"]),
        ("a.gz", gzip.compress(PLAIN, mtime=0), Told(), ["id", "y", "p"]),
        ("a.bz2", bz2.compress(PLAIN), Told(), ["id", "y", "p"]),
        ("a.xz", lzma.compress(PLAIN), Told(), ["id", "y", "p"]),
        ("a.jsonl", b'\n{"y": 1, "p": {"q": 2}}\n{"z": 1}\n', Told(), ["y", "p"]),
        ("a", b'{"y": 1}', Told(), ["y"]),
        ("a.jsonl", b"[1]\n", Told(), []),
        ("a.csv", b"", Told(), []),
    ],
)
def test_names_are_found(name: str, data: bytes, told: Told, expected: list[str]) -> None:
    Path(name).write_bytes(data)
    assert names_in(name, told) == expected


def test_a_header_longer_than_what_is_read_has_no_names() -> None:
    Path("wide.csv").write_text(",".join(f"column {i}" for i in range(30_000)))
    Path("long.csv").write_text("y,p\n" + "0,0.5\n" * 60_000)
    assert names_in("wide.csv", Told()) == []
    assert names_in("long.csv", Told()) == ["y", "p"]


@pytest.mark.parametrize(
    "data", [b"\x80\x04\x95pickled\x00\x00", b"y,caf\xe9\n", b"{broken", b"\x1f\x8bbroken"]
)
def test_what_is_no_table_is_refused(data: bytes) -> None:
    Path("a").write_bytes(data)
    with pytest.raises((BceError, ValueError)):
        names_in("a", Told())


def test_schemas_are_read(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import ipc, parquet

    table = pa.table({"y": [1], "p q": [0.5]})
    parquet.write_table(table, tmp_path / "a.parquet")
    for name, create in (("a.arrow", ipc.new_file), ("a.arrows", ipc.new_stream)):
        with create(tmp_path / name, table.schema) as writer:
            writer.write_table(table)
    for name in ("a.parquet", "a.arrow", "a.arrows"):
        assert names_in(name, Told()) == ["y", "p q"]


def test_folders_and_patterns_stand_for_a_file(preds: Callable[..., str]) -> None:
    for folder in ("parts/_temporary", "parts/day=1", "empty"):
        Path(folder).mkdir(parents=True)
    preds("no,data\n", "parts/_temporary/0.csv")
    preds("left,over\n", "parts/day=1/0.csv~")
    preds("y,p\n", "parts/day=1/1.csv")
    for path in (
        "parts",
        "parts/",
        "parts/day=*",
        "parts/*/?.csv",
        Path("parts").resolve().as_uri(),
    ):
        assert names_in(path, Told()) == ["y", "p"]
    for path in (
        "empty",
        "parts/*/*.parquet",
        "nothing",
        "s3://bucket/a.csv",
        "https://a.b/c",
        "-",
    ):
        assert names_in(path, Told()) == []


def test_nothing_waits_for_a_pipe() -> None:
    os.mkfifo("pipe")
    assert names_in("pipe", Told()) == []
    assert names_in("/dev/zero", Told()) == []
