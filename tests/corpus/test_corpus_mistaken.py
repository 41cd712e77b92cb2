"""Files that are no table: a clear error, and nothing in them is ever run."""

from __future__ import annotations

import io
import pickle
import sqlite3
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.corpus.cases import Case, bad, each, good
from tests.corpus.packing import PACK, zipped

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = "y,p\n1,.5\n0,.25\n"
COMMAND = b"cos\nmkdir\n(S'pwned'\ntR."
"""A pickle that makes a folder when it is loaded."""


def _document() -> bytes:
    return zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": "<w/>"})


def _tar() -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        member = tarfile.TarInfo("preds.csv")
        member.size = len(TEXT)
        archive.addfile(member, io.BytesIO(TEXT.encode()))
    return sink.getvalue()


def _pandas() -> bytes:
    import pandas as pd

    return pickle.dumps(pd.DataFrame({"y": [1, 0], "p": [0.5, 0.25]}))


def _database() -> bytes:
    connection = sqlite3.connect("made.db")
    connection.execute("create table preds (y, p)")
    connection.execute("insert into preds values (1, 0.5)")
    connection.commit()
    connection.close()
    return Path("made.db").read_bytes()


def _stata() -> bytes:
    import pandas as pd

    sink = io.BytesIO()
    frame = pd.DataFrame({"y": [1, 0], "p": [0.5, 0.25]})
    frame.to_stata(sink, write_index=False)
    return sink.getvalue()


def _old_tar() -> bytes:
    return _tar().replace(b"ustar", bytes(5))


SAS7BDAT = bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011") + bytes(480)
OLD_STATA = bytes([114, 2, 1, 0, 2, 0, 2, 0, 0, 0]) + bytes(80)
UNPACK_TAR = "unpack it, tar -xf, and pass the files in it"
IN_R = r"in R, write\.csv\(\.\.\., row\.names = FALSE\)"
BINARY: dict[str, tuple[str, bytes | Callable[[], bytes], str, str | None]] = {
    "a PyTorch file": (
        "preds.pt",
        lambda: zipped({"preds/data.pkl": COMMAND, "preds/version": "3"}),
        "a PyTorch file",
        "numpy",
    ),
    "a document of Office": ("preds.docx", _document, "an Excel workbook", "save it as CSV"),
    "an old spreadsheet": (
        "preds.xls",
        bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504),
        "a spreadsheet of old",
        "save it as CSV",
    ),
    "an open spreadsheet": (
        "preds.ods",
        lambda: zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}),
        "a spreadsheet or text of OpenDocument",
        "save it as CSV",
    ),
    "a pickled frame": ("preds.pkl", _pandas, "a Python pickle", "read_pickle"),
    "a pickled list": ("preds.pkl", pickle.dumps([1, 0.5]), "a Python pickle", "read_pickle"),
    "a pickled command": ("preds.pkl", COMMAND, "", None),
    "a pickled command, compressed": ("preds.pkl.gz", lambda: PACK["gz"](COMMAND), "", None),
    "a database": ("preds.db", _database, "an SQLite database", "sqlite3 -header -csv"),
    "a database called .csv": ("preds.csv", _database, "an SQLite database", "sqlite3 -header"),
    "a DuckDB database": (
        "preds.csv",
        bytes(8) + b"DUCK" + bytes(500),
        "a DuckDB database",
        "COPY",
    ),
    "a Stata file": ("preds.dta", _stata, "a Stata file", "read_stata"),
    "a Stata file of old": ("preds", OLD_STATA, "a Stata file", "read_stata"),
    "a SAS data set": ("preds.csv", SAS7BDAT, "a SAS data set", "read_sas"),
    "a SAS data set, compressed": (
        "preds.gz",
        lambda: PACK["gz"](SAS7BDAT),
        "a SAS data set",
        "read_sas",
    ),
    "a SAS transport file": (
        "preds.xpt",
        b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!" + b"0" * 500,
        "a SAS data set",
        "read_sas",
    ),
    "an SPSS file": (
        "preds",
        b"$FL2@(#) SPSS DATA FILE" + bytes(200),
        "an SPSS file",
        "read_spss",
    ),
    "an R object": (
        "preds.rds",
        lambda: PACK["gz"](b"X\n\x00\x00\x00\x03\x00\x04\x03\x02" + bytes(90)),
        "an R object",
        IN_R,
    ),
    "an R object in xz": (
        "preds.csv",
        lambda: PACK["xz"](b"X\n\x00\x00\x00\x02\x00\x04\x03\x02" + bytes(90)),
        "an R object",
        IN_R,
    ),
    "an R object in text": ("preds.rds", b"A\n3\n263168\n197888\n5\nUTF-8\n", "an R object", IN_R),
    "an R workspace": ("preds.RData", b"RDX3\nX\n" + bytes(90), "an R data file", IN_R),
    "a MATLAB file": (
        "preds.mat",
        b"MATLAB 5.0 MAT-file, Platform" + bytes(99),
        "a MATLAB file",
        "",
    ),
    "a tar archive": ("preds.tar", _tar, "a tar archive", UNPACK_TAR),
    "a tar archive called .csv": ("preds.csv", _tar, "a tar archive", UNPACK_TAR),
    "a compressed tar archive": (
        "preds.tar.gz",
        lambda: PACK["gz"](_tar()),
        "a tar archive",
        UNPACK_TAR,
    ),
    "a tar archive in xz": ("preds.txz", lambda: PACK["xz"](_tar()), "a tar archive", UNPACK_TAR),
    "a tar archive of old": ("preds.tar", _old_tar, "a tar archive, as its name", UNPACK_TAR),
    "a tar archive of old, compressed": (
        "preds.tgz",
        lambda: PACK["gz"](_old_tar()),
        "a tar archive, as its name says",
        UNPACK_TAR,
    ),
    "compress": (
        "preds.csv.Z",
        b"\x1f\x9d\x90y,p\n" + bytes(9),
        "compressed with compress",
        "gzip -dc",
    ),
    "lzma": ("preds.csv", b"\x5d\x00\x00\x80\x00" + b"\xff" * 60, "compressed with lzma", "xz -dc"),
    "a 7z archive": ("preds.7z", b"7z\xbc\xaf\x27\x1c" + bytes(90), "a 7z archive", "unpack it"),
    "a rar archive": ("preds.rar", b"Rar!\x1a\x07\x01" + bytes(90), "a rar archive", "unpack it"),
    "a damaged Stata file": ("preds.dta", bytes(100), "a Stata file, as its name", "read_stata"),
    "a joblib dump": (
        "model.joblib",
        bytes(range(256)),
        "a Python pickle, as its name",
        "read_pickle",
    ),
    "a PDF": (
        "preds.pdf",
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\n",
        "a PDF file",
        None,
    ),
    "a picture": (
        "preds.png",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(64),
        "a picture",
        None,
    ),
    "an HDF5 file": ("preds.h5", b"\x89HDF\r\n\x1a\n" + bytes(256), "an HDF5 file", "read_hdf"),
    "an Avro file": (
        "preds.avro",
        b"Obj\x01\x04\x14avro.codec\x08null\x16avro.schema",
        "an Avro file",
        "export",
    ),
    "a Feather file of old": (
        "preds.feather",
        b"FEA1" + bytes(32) + b"FEA1",
        "a Feather file of the first version",
        "Arrow",
    ),
    "an encrypted Parquet file": (
        "preds.parquet",
        b"PARE" + bytes(64) + b"PARE",
        "an encrypted Parquet file",
        None,
    ),
    "a program": ("preds", b"\x7fELF\x02\x01\x01" + bytes(120), "a program", None),
    "random bytes": ("preds.csv", bytes(range(256)) * 16, "binary data of an unknown kind", None),
    "all ones": ("preds.csv", b"\xff" * 4096, "", None),
    "a pointer of Git LFS": (
        "preds.csv",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2\nsize 12\n",
        "a pointer of Git LFS",
        "git lfs pull",
    ),
    "rich text": ("preds.json", b"{\\rtf1\\ansi y,p}\n", "a text document", "save it as CSV"),
    "a web page behind a blank line": (
        "p",
        b"\n<!DOCTYPE html>\n<html>",
        "a web page",
        "signing in",
    ),
}


@pytest.mark.few(20)
@pytest.mark.parametrize(("name", "data", "kind", "hint"), BINARY.values(), ids=BINARY)
def test_a_binary_file_that_is_no_table_is_refused(
    name: str,
    data: bytes | Callable[[], bytes],
    kind: str,
    hint: str | None,
    judge: Callable[[Case], None],
) -> None:
    said = rf"{name}: it is {kind}" if kind else rf"{name}\b"
    judge(bad(data, said, name=name, hint=hint))
    assert not Path("pwned").exists()


@pytest.mark.parametrize(
    "name", ["ORC", "PARENT", "PAR1", "FEA1", "RDX2", "GIF8", "LZIP", "ARROW1"]
)
def test_a_header_may_begin_as_another_format_does(
    name: str, judge: Callable[[Case], None]
) -> None:
    judge(good(f"{name},y,p\nx,1,.5\nx,0,.25\n"))
    judge(good(f"label,p,DUCK\n1,.5,{name}\n0,.25,x\n"))


TEXTS = {
    "a web page": "<!DOCTYPE html>\n<html><body><h1>404, y, p</h1></body></html>\n",
    "a web page with the table": "<table><tr><th>y</th><th>p</th></tr><tr><td>1</td></tr></table>",
    "XML": "<?xml version='1.0'?>\n<rows><row y='1' p='.5'/></rows>\n",
    "YAML": "- y: 1\n  p: 0.5\n- y: 0\n  p: 0.25\n",
    "rows of JSON without names": "[1, 0.5]\n[0, 0.25]\n",
    "a SQL dump": "INSERT INTO preds (y, p) VALUES (1, 0.5);\n",
    "ARFF": "@relation r\n@attribute y {0,1}\n@attribute p numeric\n@data\n1,.5\n",
    "libsvm": "1 1:0.5\n0 1:0.25\n",
    "a message of a server": "404: Not Found",
    "a message of a server in JSON": '{"message": "Not Found", "status": 404}',
    "a printed frame": "   y     p\n0  1  0.50\n1  0  0.25\n",
    "a printed array": "[[1.   0.5 ]\n [0.   0.25]]\n",
    "LaTeX": "\\begin{tabular}{ll}\ny & p \\\\\n1 & .5 \\\\\n\\end{tabular}\n",
    "a program in Python": "y, p = [1, 0], [.5, .25]\nprint(y, p)\n",
    "conflict marks": "y,p\n1,.5\n<<<<<<< HEAD\n0,.25\n=======\n0,.2\n>>>>>>> b\n",
    "a diff": " y,p\n-1,.5\n+1,.6\n 0,.25\n",
    "the text of a table": "+---+-----+\n| y | p   |\n+---+-----+\n| 1 | 0.5 |\n+---+-----+\n",
}


@each({name: bad(text, r"(preds\.csv|standard input)\b") for name, text in TEXTS.items()})
def test_a_text_that_is_no_table_is_refused(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


@pytest.mark.parametrize("kind", ["parquet", "arrow", "jsonl"])
def test_a_format_that_was_said_and_is_not_there_is_refused(
    kind: str, judge: Callable[[Case], None]
) -> None:
    judge(bad(TEXT, r"preds\.csv\b", "--input-format", kind))


def test_a_folder_is_refused(judge: Callable[[Case], None]) -> None:
    Path("folder").mkdir()
    judge(bad(TEXT, "folder: there are no data files in this folder", sources=("folder",), code=66))


def test_a_file_that_is_not_there_is_refused(judge: Callable[[Case], None]) -> None:
    judge(bad(TEXT, r"other\.csv: no such file", sources=("other.csv",), code=66))
