"""Zip archives: one table as it comes, one of several by its name, and nothing of a damaged one."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.corpus.cases import TWO, Case, bad, each, good
from tests.corpus.columnar import parquet, table
from tests.corpus.packing import PACK, zipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

TEXT = "y,p\n1,.5\n0,.25\n"
OTHER = "y,p\n1,.125\n"
METHODS = {
    "stored": zipfile.ZIP_STORED,
    "deflated": zipfile.ZIP_DEFLATED,
    "bz2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}
TABS = TEXT.replace(",", "\t")
LINES = '{"y": 1, "p": 0.5}\n{"y": 0, "p": 0.25}\n'
RESOURCES = {"__MACOSX/._p.csv": b"\0\5\x16\7", ".DS_Store": b"\0\0\0\1Bud1", "__MACOSX/": b""}


def _parquet() -> bytes:
    return parquet(table(y=([1, 0],), p=([0.5, 0.25],)))


def _without_names() -> bytes:
    """Write as a pipe is written: sizes stand behind the data."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: object) -> int:
            raise io.UnsupportedOperation

    sink = Pipe()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("p.csv", TEXT)
    return sink.getvalue()


def _plainly_named(name: str) -> Callable[[], bytes]:
    """Write a name as UTF-8 without saying so, as some programs do."""

    def write() -> bytes:
        data = bytearray(zipped({name: TEXT, "a.csv": OTHER}))
        for mark, place in ((b"PK\3\4", 7), (b"PK\1\2", 9)):
            data[data.index(mark) + place] &= ~8
        return bytes(data)

    return write


def _zstd() -> bytes:
    """Pack with Zstandard, which zipfile of this Python need not know."""
    data = bytearray(zipped({"p.csv": PACK["zst"](TEXT.encode())}, zipfile.ZIP_STORED))
    for mark, place in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        start = data.index(mark) + place
        data[start : start + 2] = struct.pack("<H", 93)
        data[start + 6 : start + 10] = struct.pack("<L", zlib.crc32(TEXT.encode()))
        data[start + 14 : start + 18] = struct.pack("<L", len(TEXT))
    return bytes(data)


WHOLE: dict[str, Case] = {
    **{f"{name}": good(zipped({"p.csv": TEXT}, kind)) for name, kind in METHODS.items()},
    "zstd": good(_zstd),
    "in a pipe": good(zipped({"p.csv": TEXT}), name="-"),
    "written to a pipe": good(_without_names),
    "any name": good(zipped({"p.csv": TEXT}), name="preds"),
    "of macOS": good(zipped({"p.csv": TEXT, **RESOURCES}), name="p.csv.zip"),
    "in a folder": good(zipped({"out/": "", "out/p.csv": TEXT, "out/_SUCCESS": ""})),
    "tabs": good(zipped({"p.tsv": TABS}), name="p.zip"),
    "JSON Lines": good(zipped({"p.jsonl": LINES}), name="p.zip"),
    "Parquet": good(lambda: zipped({"p.parquet": _parquet()}), name="p.zip"),
    "gzip within": good(zipped({"p.csv.gz": gzip.compress(TEXT.encode())}), name="p.zip"),
    "UTF-16": good(zipped({"p.csv": TEXT.encode("utf-16")}), name="p.zip"),
    "a name that is no text": good(zipped({"\x1b[2Jp\u202e.csv": TEXT}), name="p.zip"),
    "no ending": good(zipped({"predictions": TEXT}), name="p.zip"),
    "--input-format": good(zipped({"p": TABS}), TWO, "--input-format", "tsv", name="p.zip"),
    "beside a text for people": good(
        zipped({"README.txt": "hello", "p.csv": TEXT, "LICENSE": "MIT"}),
        name="p.zip",
        said=r"bce: p\.zip: passed over 2 files: README\.txt, LICENSE\n",
    ),
    "beside leftovers": good(zipped({"p.csv": TEXT, "p.csv~": OTHER, "p.csv.bak": OTHER})),
    "one by name": good(
        zipped({"a.csv": OTHER, "b.csv": TEXT}), name="p.zip", sources=("p.zip::b.csv",)
    ),
    "one by the end of its path": good(
        zipped({"x/a.csv": OTHER, "x/b.csv": TEXT}), name="p.zip", sources=("p.zip::b.csv",)
    ),
    "a hidden one by name": good(
        zipped({"a.csv": OTHER, "_b.csv": TEXT}), name="p.zip", sources=("p.zip::_b.csv",)
    ),
    "one by a name of other letters": good(
        _plainly_named("é.csv"), name="p.zip", sources=("p.zip::é.csv",)
    ),
    "two by name": good(
        zipped({"a.csv": OTHER, "b.csv": TEXT}),
        (*TWO, (1, 0.125)),
        name="p.zip",
        sources=("p.zip::b.csv", "p.zip::a.csv"),
    ),
    "by a pattern": good(
        zipped({"a.csv": OTHER, "b.csv": TEXT}), name="day=1.zip", sources=("day=*.zip::b.csv",)
    ),
    "a file that is called so": good(TEXT, name="p.zip::b.csv"),
    "such a file beside the archive": good(
        TEXT, name="p.zip::b.csv", files={"p.zip": zipped({"b.csv": OTHER})}
    ),
    "an archive that is called so": good(
        zipped({"a.csv": OTHER, "b.csv": TEXT}), name="a::b.zip", sources=("a::b.zip::b.csv",)
    ),
}


@each(WHOLE)
def test_the_table_of_an_archive_is_read(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


def test_archives_of_a_folder_are_parts_of_it(bce: Callable[..., Result]) -> None:
    Path("parts").mkdir()
    Path("parts/1.csv.zip").write_bytes(zipped({"p.csv": TEXT}))
    Path("parts/2.csv").write_text(OTHER)
    for source in ("parts", "parts/*"):
        assert bce("compute", source, "-q").stdout == "1.0200902648971872\n"


def _damaged(text: bytes, by: bytes, kind: int = zipfile.ZIP_STORED) -> bytes:
    data = zipped({"p.csv": TEXT}, kind)
    assert text in data
    return data.replace(text, by, 1)


def _unnamed(data: bytes) -> bytes:
    """Begin a name with the byte that ends it, in the directory."""
    place = data.index(b"PK\1\2") + 46
    return data[:place] + b"\0" + data[place + 1 :]


def _marked(place: int, bits: int) -> bytes:
    """Set bits of a number in both headers of an archive; the place is that of the first one."""
    data = bytearray(zipped({"p.csv": TEXT}))
    for start, at in ((b"PK\3\4", place), (b"PK\1\2", place + 2)):
        data[data.index(start) + at] |= bits
    return bytes(data)


def _packed_bz2() -> bytes:
    data = bytearray(zipped({"p.csv": TEXT}, zipfile.ZIP_BZIP2))
    for start, at in ((b"PK\3\4", 14), (b"PK\1\2", 16)):
        data[data.index(start) + at] ^= 1
    return bytes(data)


ENDS = "the zip data end too early"
DAMAGED = "the zip data are damaged"
CUT_OFF = "the file was cut off"
TWO_TABLES = zipped({"a.csv": OTHER, "x/b.csv": TEXT})
FAULTY: dict[str, Case] = {
    "several tables": bad(
        TWO_TABLES, r"p\.zip: the zip archive holds 2 tables: a\.csv, x/b\.csv$", name="p.zip",
        hint=r"name one of them: p\.zip::a\.csv$",
    ),
    "several tables in a pipe": bad(
        TWO_TABLES, "standard input: the zip archive holds 2 tables", name="-",
        hint=r"name one of them: unzip -p FILE a\.csv \| bce compute -$",
    ),
    "many tables": bad(
        zipped({f"{i}.csv": TEXT for i in range(2000)}),
        r".*holds 2,000 tables: 0\.csv, 1\.csv, 2\.csv, 3\.csv, 4\.csv and 1,995 more$",
    ),
    "no such file": bad(
        TWO_TABLES, r"p\.zip::c\.csv: there is no such file in the archive$", name="p.zip",
        sources=("p.zip::c.csv",), hint=r"it holds a\.csv, x/b\.csv$",
    ),
    "two files of one name": bad(
        zipped({"x/b.csv": TEXT, "y/b.csv": TEXT}), "p.zip::b.csv: 2 files in the archive are",
        name="p.zip", sources=("p.zip::b.csv",), hint=r"they are x/b\.csv, y/b\.csv$",
    ),
    "no files": bad(zipped({}), ".*: there are no data files in this zip archive"),
    "hidden files alone": bad(zipped(dict(RESOURCES)), ".*: there are no data files in this zip"),
    "no archive": bad(
        TEXT, r"p\.csv::a\.csv: no such file", name="p.csv", sources=("p.csv::a.csv",), code=66
    ),
    "no file": bad(TEXT, r"a\.zip::a\.csv: no such file", sources=("a.zip::a.csv",), code=66),
    "the same twice": bad(
        TWO_TABLES, r"p\.zip::a\.csv is named twice", name="p.zip",
        sources=("p.zip::a.csv", "p.zip::a.csv"), code=2,
    ),
    "an archive in an archive": bad(
        zipped({"p.zip": zipped({"p.csv": TEXT})}), r".*: it is a zip archive in a zip archive$",
        hint="unpack the outer one first",
    ),
    "an archive in gzip": bad(
        lambda: gzip.compress(zipped({"p.csv": TEXT})),
        ".*: it is compressed twice, gzip around zip$",
    ),
    "an error in the table": bad(
        zipped({"p.csv": TEXT + "1,7\n"}), r"p\.zip, line 4: prediction 7 \(column 'p'\)",
        name="p.zip",
    ),
    "an error in a table by name": bad(
        zipped({"p.csv": TEXT + "1,7\n"}), r"p\.zip::p\.csv, line 4: prediction 7",
        name="p.zip", sources=("p.zip::p.csv",),
    ),
    "no table": bad(zipped({"p.png": b"\x89PNG\r\n\x1a\n" + bytes(50)}), ".*: it is a picture"),
    "encrypted": bad(lambda: _marked(6, 1), ".*: 'p.csv' in the archive is encrypted"),
    "Deflate64": bad(lambda: _marked(8, 9), ".*: 'p.csv' is packed with Deflate64"),
    "an unknown method": bad(lambda: _marked(8, 77), ".*: 'p.csv' is packed with method 77"),
    "a changed byte": bad(lambda: _damaged(b".25", b".26"), f".*{DAMAGED}: Bad CRC-32"),
    "another checksum": bad(_packed_bz2, f".*{DAMAGED}: Bad CRC-32"),
    "another name": bad(lambda: _damaged(b"p.csv", b"q.csv"), f".*{DAMAGED}: File name"),
    "no name": bad(lambda: _damaged(b"p.csv", b"\0.csv"), f".*{DAMAGED}: File name"),
    "no name in the directory": bad(
        lambda: _unnamed(zipped({"p.csv": TEXT})), rf".*({DAMAGED}|{ENDS})"
    ),
    "no data": bad(lambda: _damaged(TEXT.encode(), b""), rf".*({DAMAGED}|{ENDS})"),
    "a mark alone": bad(b"PK\3\4....", f".*{ENDS}$", hint=CUT_OFF),
    "a letter to the terminal": bad(
        zipped({"\x1b[2Ja.csv": TEXT, "b\u202e.csv": TEXT}), r".*holds 2 tables: \\x1b\[2Ja\.csv"
    ),
}  # fmt: skip


@each(FAULTY)
def test_what_is_wrong_with_an_archive_is_told(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


@pytest.mark.few(1)
@pytest.mark.parametrize("kind", METHODS.values(), ids=METHODS)
def test_no_archive_that_was_cut_off_gives_a_number(kind: int, bce: Callable[..., Result]) -> None:
    whole = zipped({"p.csv": TEXT * 3}, kind)
    for size in range(4, len(whole), 7):
        Path("p.zip").write_bytes(whole[:size])
        done = bce("compute", "p.zip", "-q")
        assert (done.exit_code, done.stdout) == (65, "")
        assert done.stderr == f"bce: error: p.zip: {ENDS}\nbce: {CUT_OFF}\n"


@pytest.mark.few(1)
@pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_bomb_takes_no_more_than_a_record_may(
    kind: int, bce: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bce_cli.readers.blocks.LONGEST_RECORD", 1 << 20)
    Path("p.zip").write_bytes(zipped({"p.csv": b"y,p\n" + b"0" * (8 << 20)}, kind))
    done = bce("compute", "p.zip", "-q")
    assert done.exit_code == 65
    assert done.stderr.startswith("bce: error: p.zip, line 2: the record is longer than 1 MiB\n")
