"""Files that are no table: a clear error, and nothing in them is ever run."""

from __future__ import annotations

import io
import json
import pickle
import sqlite3
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.corpus.cases import Case, bad, each
from tests.corpus.packing import PACK

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = "y,p\n1,.5\n0,.25\n"
ARRAY = [{"y": 1, "p": 0.5}, {"y": 0, "p": 0.25}]
COMMAND = b"cos\nmkdir\n(S'pwned'\ntR."
"""A pickle that makes a folder when it is loaded."""


def _zip(**members: str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/"), text)
    return sink.getvalue()


def _spreadsheet() -> bytes:
    return _zip(**{"[Content_Types].xml": "<Types/>", "xl__workbook.xml": "<workbook/>"})


def _tar() -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        member = tarfile.TarInfo("preds.csv")
        member.size = len(TEXT)
        archive.addfile(member, io.BytesIO(TEXT.encode()))
    return sink.getvalue()


def _numpy(*, objects: bool = False) -> bytes:
    sink = io.BytesIO()
    values = [[1, 0.5], [0, 0.25]]
    np.save(sink, np.array(values, dtype=object if objects else float), allow_pickle=objects)
    return sink.getvalue()


def _numpy_archive() -> bytes:
    sink = io.BytesIO()
    np.savez(sink, y=np.array([1, 0]), p=np.array([0.5, 0.25]))
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


BINARY: dict[str, tuple[str, bytes | Callable[[], bytes], str]] = {
    "a zip archive": ("preds.zip", lambda: _zip(**{"preds.csv": TEXT}), "(?:[zZ]ip|archive)"),
    "a zip archive called .csv": (
        "preds.csv",
        lambda: _zip(**{"preds.csv": TEXT}),
        "(?:[zZ]ip|archive)",
    ),
    "an empty zip archive": ("preds.zip", _zip, ""),
    "a spreadsheet": ("preds.xlsx", _spreadsheet, "(?:[zZ]ip|archive|spreadsheet|xlsx)"),
    "an old spreadsheet": ("preds.xls", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504), ""),
    "a pickled frame": ("preds.pkl", _pandas, ""),
    "a pickled list": ("preds.pkl", pickle.dumps([1, 0.5]), ""),
    "a pickled command": ("preds.pkl", COMMAND, ""),
    "a pickled command, compressed": ("preds.pkl.gz", lambda: PACK["gz"](COMMAND), ""),
    "a NumPy array": ("preds.npy", _numpy, ""),
    "a NumPy array of objects": ("preds.npy", lambda: _numpy(objects=True), ""),
    "a NumPy archive": ("preds.npz", _numpy_archive, "(?:[zZ]ip|archive)"),
    "a database": ("preds.db", _database, ""),
    "a database called .csv": ("preds.csv", _database, ""),
    "a Stata file": ("preds.dta", _stata, ""),
    "a tar archive": ("preds.tar", _tar, ""),
    "a compressed tar archive": ("preds.tar.gz", lambda: PACK["gz"](_tar()), ""),
    "a PDF": ("preds.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\n", ""),
    "a picture": ("preds.png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(64), ""),
    "an HDF5 file": ("preds.h5", b"\x89HDF\r\n\x1a\n" + bytes(256), ""),
    "an ORC file": ("preds.orc", b"ORC\x11\x00\x00\n\x06\x12\x04" + bytes(64) + b"ORC", ""),
    "an Avro file": ("preds.avro", b"Obj\x01\x04\x14avro.codec\x08null\x16avro.schema", ""),
    "a Feather file of old": ("preds.feather", b"FEA1" + bytes(32) + b"FEA1", ""),
    "an encrypted Parquet file": ("preds.parquet", b"PARE" + bytes(64) + b"PARE", ""),
    "a program": ("preds", b"\x7fELF\x02\x01\x01" + bytes(120), ""),
    "random bytes": ("preds.csv", bytes(range(256)) * 16, ""),
    "all ones": ("preds.csv", b"\xff" * 4096, ""),
}


@pytest.mark.parametrize(("name", "data", "kind"), BINARY.values(), ids=BINARY)
def test_a_binary_file_that_is_no_table_is_refused(
    name: str, data: bytes | Callable[[], bytes], kind: str, judge: Callable[[Case], None]
) -> None:
    judge(bad(data, rf"{name}\b(?=.*{kind})", name=name))
    assert not Path("pwned").exists()


TEXTS = {
    "a web page": "<!DOCTYPE html>\n<html><body><h1>404, y, p</h1></body></html>\n",
    "a web page with the table": "<table><tr><th>y</th><th>p</th></tr><tr><td>1</td></tr></table>",
    "XML": "<?xml version='1.0'?>\n<rows><row y='1' p='.5'/></rows>\n",
    "YAML": "- y: 1\n  p: 0.5\n- y: 0\n  p: 0.25\n",
    "an array of JSON": json.dumps(ARRAY),
    "an array of JSON, a row a line": "[\n" + ",\n".join(map(json.dumps, ARRAY)) + "\n]\n",
    "an array of JSON, indented": json.dumps(ARRAY, indent=2),
    "columns of JSON": json.dumps({"y": [1, 0], "p": [0.5, 0.25]}),
    "columns of JSON, indented": json.dumps({"y": [1, 0], "p": [0.5, 0.25]}, indent=1),
    "a split frame of JSON": json.dumps({"columns": ["y", "p"], "data": [[1, 0.5], [0, 0.25]]}),
    "indexed JSON": json.dumps({"y": {"0": 1, "1": 0}, "p": {"0": 0.5, "1": 0.25}}),
    "rows of JSON without names": "[1, 0.5]\n[0, 0.25]\n",
    "a SQL dump": "INSERT INTO preds (y, p) VALUES (1, 0.5);\n",
    "ARFF": "@relation r\n@attribute y {0,1}\n@attribute p numeric\n@data\n1,.5\n",
    "libsvm": "1 1:0.5\n0 1:0.25\n",
    "a large-file pointer": "version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 12\n",
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
