"""`bce apply`: one column more, and nothing else of the rows changed."""

from __future__ import annotations

import csv
import gc
import gzip
import io
import json
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import openpyxl
import pyarrow as pa  # noqa: TID253 -- it makes what is read
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import feather, orc, parquet  # noqa: TID253

from bce_cli.core.recalibration.maps import RecalibrationMap
from bce_cli.core.recalibration.saved import SavedMap, fingerprint
from bce_cli.readers.blocks import BlockReader
from tests.budgets import examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Bce = Callable[..., Result]
    Preds = Callable[..., str]

HALF = RecalibrationMap("logistic", {"a": 0.0, "b": 0.5}, 0.25, 0.75)
"""0.2 becomes 1/3, and 0.5 stays."""
KEPT = SavedMap(HALF, "y", "p", n=2, n_positive=1, fingerprint=fingerprint([1], [0.5]), folds=10)
VECTOR = {"type": 1, "size": None, "indices": None}
SPARK = pa.struct(
    [
        ("type", pa.int8()),
        ("size", pa.int32()),
        ("indices", pa.list_(pa.int32())),
        ("values", pa.list_(pa.float64())),
    ]
)
T = "0.3333333333333333"
TEXT = "id,p,y\na,0.2,1\nb,0.5,0\n"
DONE = f"id,p,y,recalibrated\na,0.2,1,{T}\nb,0.5,0,0.5\n"


@pytest.fixture(autouse=True)
def _map() -> None:
    Path("map.json").write_bytes(KEPT.to_json())


def _fault(result: Result) -> tuple[int, list[str]]:
    assert result.stdout == ""
    return result.exit_code, result.stderr.splitlines()


def test_rows_come_with_one_column_more(bce: Bce, preds: Preds) -> None:
    found = bce("apply", "map.json", preds(TEXT))
    assert (found.exit_code, found.stdout, found.stderr) == (0, DONE, "")


def test_standard_input_and_a_file_will_do_as_well(bce: Bce) -> None:
    found = bce("apply", "map.json", "-o", "out.csv", stdin=TEXT.encode())
    assert (found.exit_code, found.stdout, found.stderr) == (0, "", "")
    assert Path("out.csv").read_text() == DONE


def test_the_new_column_can_be_judged_in_a_pipe(bce: Bce, preds: Preds) -> None:
    lines = bce("apply", "map.json", preds(TEXT)).stdout
    found = bce("compute", "-p", "recalibrated", "-q", stdin=lines.encode())
    assert float(found.stdout) == pytest.approx((np.log(3) + np.log(2)) / 2, rel=1e-15)


@pytest.mark.few(10)
@pytest.mark.parametrize(
    ("args", "text", "expected"),
    [
        pytest.param([], "p\n0.2", f"p,recalibrated\n0.2,{T}", id="no line end"),
        pytest.param(
            [],
            "p,q\r\n0.2,\r\n0.5,\r\n",
            f"p,q,recalibrated\r\n0.2,,{T}\r\n0.5,,0.5\r\n",
            id="CRLF",
        ),
        pytest.param([], "p,q\r0.2,\r0.5,", f"p,q,recalibrated\r0.2,,{T}\r0.5,,0.5", id="CR"),
        pytest.param(
            [], "\n\np\n\n0.2\n\n\n0.5\n\n", f"p,recalibrated\n0.2,{T}\n0.5,0.5\n", id="blank lines"
        ),
        pytest.param(
            [], "p\r\n\r\n\r\n0.2\r\n\r\n", f"p,recalibrated\r\n0.2,{T}\r\n", id="blank CRLF"
        ),
        pytest.param(
            [],
            '"p","a""b"\n"0.2","x\n\ny"\n0.5,"\r\n"\n',
            f'"p","a""b","recalibrated"\n"0.2","x\n\ny",{T}\n0.5,"\r\n",0.5\n',
            id="quotes",
        ),
        pytest.param(
            [],
            "\ufeffSEP=;\r\n\r\np;q\r\n0.2;,\r\n",
            f"\ufeffSEP=;\r\np;q;recalibrated\r\n0.2;,;{T}\r\n",
            id="delimiter told",
        ),
        pytest.param(
            ["--no-header", "-p", "#1"],
            "sep=|\n0.2|1\n",
            f"sep=|\n0.2|1|{T}\n",
            id="delimiter told without a header",
        ),
        pytest.param([], "\ufeffp\n0.2\n", f"\ufeffp,recalibrated\n0.2,{T}\n", id="mark"),
        pytest.param([], "p\tq\n 0.2 \té\n", f"p\tq\trecalibrated\n 0.2 \té\t{T}\n", id="tabs"),
        pytest.param(
            ["--decimal", ","],
            "p;q\n0,2;1\n1;2\n",
            "p;q;recalibrated\n0,2;1;0,3333333333333333\n1;2;0,75\n",
            id="decimal comma",
        ),
        pytest.param(
            ["--decimal", ",", "--delimiter", ","],
            'p,q\n"0,2",1\n,2\n',
            'p,q,recalibrated\n"0,2",1,"0,3333333333333333"\n,2,\n',
            id="decimal comma and comma",
        ),
        pytest.param(
            ["--no-header", "-p", "#2"], "a,0.2\nb,0.5\n", f"a,0.2,{T}\nb,0.5,0.5\n", id="no header"
        ),
        pytest.param([], "0.2\n0.5\n", f"0.2,{T}\n0.5,0.5\n", id="a number a line"),
        pytest.param(
            ["--comment", "#"],
            '# of\n#\np,q\n# all\n0.2,"\n#"\n#\n',
            f'p,q,recalibrated\n0.2,"\n#",{T}\n',
            id="comments",
        ),
        pytest.param(
            ["--delimiter", "space"], "p q\n0.2 1\n", f"p q recalibrated\n0.2 1 {T}\n", id="space"
        ),
        pytest.param(["--column", "a,b"], "p\n0.2\n", f'p,"a,b"\n0.2,{T}\n', id="a name to quote"),
        pytest.param(
            ["--logit"],
            "p\n0.2\n0\n1\n",
            "p,recalibrated\n0.2,-0.6931471805599453\n0,-1.0986122886681096\n1,1.0986122886681096\n",
            id="log odds",
        ),
        pytest.param(
            ["--logits"],
            "p\n0\n-inf\ninf\n",
            "p,recalibrated\n0,0.5\n-inf,0.25\ninf,0.75\n",
            id="logits",
        ),
        pytest.param([], "p\n1e-30\n", "p,recalibrated\n1e-30,1e-15\n", id="small"),
    ],
)
def test_text_stays_as_it_is(
    bce: Bce, preds: Preds, args: list[str], text: str, expected: str
) -> None:
    found = bce("apply", "map.json", preds(text), "-q", *args)
    assert (found.exit_code, found.stdout_bytes.decode()) == (0, expected)


@pytest.mark.parametrize(
    ("encoding", "args"),
    [
        ("latin-1", ["--encoding", "latin-1"]),
        ("utf-16", []),
        ("utf-16-le", ["--encoding", "utf-16-le"]),
        ("shift_jis", ["--encoding", "shift_jis"]),
    ],
)
def test_an_encoding_is_kept(bce: Bce, preds: Preds, encoding: str, args: list[str]) -> None:
    name = "p,カ\n0.2,カ\n" if encoding == "shift_jis" else "p,é\n0.2,ß\n"
    found = bce("apply", "map.json", preds(name.encode(encoding)), *args)
    first, second = name.splitlines()
    assert found.stdout_bytes == f"{first},recalibrated\n{second},{T}\n".encode(encoding)


def test_a_name_that_the_encoding_lacks_is_refused(bce: Bce, preds: Preds) -> None:
    args = ["--encoding", "latin-1", "--column", "in €"]
    message = "bce: error: '€' cannot be written in latin-1, as the input is"
    assert _fault(bce("apply", "map.json", preds(TEXT), *args)) == (65, [message])


def test_bytes_that_are_not_read_may_be_anything(bce: Bce, preds: Preds) -> None:
    found = bce("apply", "map.json", preds(b"p,q\n0.2,\xff\xfe\0\n"))
    assert found.stdout_bytes == b"p,q,recalibrated\n0.2,\xff\xfe\0,%s\n" % T.encode()


def test_a_row_without_a_prediction_keeps_its_place(bce: Bce, preds: Preds) -> None:
    path = preds("p,q\n,1\n0.5,2\nNA,3\n")
    found = bce("apply", "map.json", path)
    assert found.stdout == "p,q,recalibrated\n,1,\n0.5,2,0.5\nNA,3,\n"
    assert found.stderr == "bce: 2 rows have no prediction, and nothing in 'recalibrated'\n"
    fault = "preds.csv, line 2: prediction (column 'p') is empty"
    assert _fault(bce("apply", "map.json", path, "--missing", "error")) == (
        65,
        [
            f"bce: error: {fault}; at least 1 more row is faulty",
            "bce: --missing keep has an empty cell for such rows, and counts them",
        ],
    )


def test_a_batch_without_rows_is_one_all_the_same(bce: Bce, preds: Preds) -> None:
    note = "bce: {}: there are no rows, and none are written\n".format
    for text, header in (("p,q\r\n", "p,q,recalibrated\r\n"), ("p", "p,recalibrated\n")):
        found = bce("apply", "map.json", preds(text))
        assert (found.exit_code, found.stdout_bytes) == (0, header.encode())
        assert found.stderr == note("preds.csv")
    assert bce("apply", "map.json", preds("p\n"), "-q", "-o", "out.arrow").stderr == ""
    names = ["p", "recalibrated"]
    assert pa.ipc.open_file("out.arrow").read_all().column_names == names
    for kind in (pa.float64(), pa.null(), pa.string()):
        table = pa.table({"p": pa.nulls(0, kind)})
        parquet.write_table(table, "in.parquet")
        found = bce("apply", "map.json", "in.parquet", "-o", "out.parquet")
        assert (found.exit_code, found.stderr) == (0, note("in.parquet"))
        after = parquet.read_table("out.parquet")
        assert (after.num_rows, after.schema.names, after.schema.field(0).type) == (0, names, kind)


def test_a_value_outside_is_an_error_with_its_place(bce: Bce, preds: Preds) -> None:
    found = _fault(bce("apply", "map.json", preds("p\n0.5\n\n1.5\n")))
    assert found == (
        65,
        ["bce: error: preds.csv, line 4: prediction 1.5 (column 'p') is not in [0, 1]"],
    )


@pytest.mark.deep
@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("apply map.json", "-o out.parquet"),
        ("apply map.json", "-f parquet"),
        ("apply map.json", "-o out.arrow"),
        ("compute --per-example", "-o out.parquet"),
    ],
)
def test_nothing_is_written_behind_an_error(
    bce: Bce, preds: Preds, monkeypatch: pytest.MonkeyPatch, command: str, output: str
) -> None:
    ignored: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", ignored.append)
    path = preds("y,p\n1,0.5\n0,1.5\n")
    found = _fault(bce(*command.split(), path, *output.split()))
    gc.collect()
    message = "bce: error: preds.csv, line 3: prediction 1.5 (column 'p') is not in [0, 1]"
    assert (found, ignored) == ((65, [message]), [])
    assert not list(Path().glob("*out.*"))


@pytest.mark.parametrize(
    ("args", "text", "message"),
    [
        ([], "p,recalibrated\n0.5,1\n", "preds.csv: there is a column 'recalibrated' already"),
        (["--column", "p"], "p\n0.5\n", "preds.csv: there is a column 'p' already"),
        ([], "p,q\n0.5\n", "preds.csv, line 2: 1 field where the header has 2"),
        ([], "", "preds.csv: the input is empty"),
    ],
)
def test_what_has_no_place_for_a_column_is_refused(
    bce: Bce, preds: Preds, args: list[str], text: str, message: str
) -> None:
    code, lines = _fault(bce("apply", "map.json", preds(text), *args, "-o", "out.csv"))
    assert (code, lines[0]) == (65, f"bce: error: {message}")
    assert not Path("out.csv").exists()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "no MAP was given"),
        (["", "preds.csv"], "MAP must not be empty"),
        (["map.json", ""], "SOURCE must not be empty"),
        (["map.json", "preds.csv", "--column", " "], "--column must not be empty"),
        (["-", "-"], "standard input can be read only once"),
        (
            ["map.json", "preds.csv", "--comment", '"'],
            "--comment must be some text without quotes and line ends",
        ),
        (
            ["map.json", "preds.csv", "-o", "out.tsv"],
            "--output 'out.tsv': fields stay parted by ','",
        ),
        (
            ["map.json", "preds.csv", "-o", "out.html"],
            "--output 'out.html': html is not written by this command",
        ),
        (
            ["map.json", "preds.csv", "-o", "out.gz"],
            "--output 'out.gz': what is written is not compressed",
        ),
        (
            ["map.json", "preds.csv", "--formula", "sql"],
            "--formula prints the map, and reads no SOURCE",
        ),
        (
            ["map.json", "--formula", "sql", "-f", "csv"],
            "--formula and --format are two different outputs",
        ),
        (["map.json", "preds.csv", "--formula", "r"], "--formula 'r' is not known"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    bce: Bce, preds: Preds, args: list[str], message: str
) -> None:
    preds(TEXT)
    code, lines = _fault(bce("apply", *args))
    assert (code, lines[0]) == (2, f"bce: error: {message}")


@pytest.mark.parametrize("output", ["preds.csv", "./preds.csv", "map.json"])
def test_no_input_is_overwritten(bce: Bce, preds: Preds, output: str) -> None:
    code, lines = _fault(
        bce("apply", "map.json", preds(TEXT), "-o", output, "-f", "csv")
        if output != "map.json"
        else bce("apply", "map.json", preds('{"p": 0.5}\n', "p.jsonl"), "-o", output)
    )
    assert (code, lines[0]) == (73, f"bce: error: {output}: the output would overwrite an input")
    assert Path("map.json").read_bytes() == KEPT.to_json()


def test_a_file_in_the_place_of_the_map_is_told(bce: Bce, preds: Preds) -> None:
    code, lines = _fault(bce("apply", preds(TEXT), "map.json"))
    expected = (
        "bce: error: preds.csv: not a map of bce recalibrate: not JSON, line 1: expecting value"
    )
    assert (code, lines[0]) == (65, expected)


@pytest.mark.parametrize("command", ["apply map.json map.json", "compute map.json"])
def test_a_map_in_the_place_of_rows_is_told(bce: Bce, command: str) -> None:
    assert _fault(bce(*command.split())) == (
        65,
        [
            "bce: error: map.json: it is a map of bce recalibrate, and has no rows",
            "bce: bce apply MAP SOURCE applies it to those of SOURCE",
        ],
    )


def test_the_column_of_the_map_comes_before_customary_names(bce: Bce, preds: Preds) -> None:
    path = preds("prob,p\n0.5,0.2\n")
    assert bce("apply", "map.json", path).stdout == f"prob,p,recalibrated\n0.5,0.2,{T}\n"
    assert (
        bce("apply", "map.json", path, "-p", "prob").stdout == "prob,p,recalibrated\n0.5,0.2,0.5\n"
    )
    found = bce("apply", "map.json", preds("prob\n0.5\n"))
    assert found.stdout == "prob,recalibrated\n0.5,0.5\n"
    assert found.stderr == "bce: prediction column 'prob', where the map had 'p'\n"


def test_a_map_of_a_file_without_a_header_finds_its_column(bce: Bce, preds: Preds) -> None:
    Path("map.json").write_bytes(replace(KEPT, prediction_column="#2").to_json())
    found = bce("apply", "map.json", preds("1,0.2\n0,0.5\n"), "--no-header")
    assert (found.stdout, found.stderr) == (f"1,0.2,{T}\n0,0.5,0.5\n", "")
    assert _fault(bce("apply", "map.json", preds("1,0.2\n"))) == (
        65,
        [
            "bce: error: preds.csv, line 1: the header holds numbers, not names: '1,0.2'",
            "bce: without a header, pass --no-header --prediction '#2'",
        ],
    )
    assert _fault(bce("apply", "map.json", "--formula", "sql")) == (
        2,
        [
            "bce: error: the map has no name of its column, '#2'",
            "bce: -p NAME says what it is called where the formula will stand",
        ],
    )
    Path("nameless.json").write_bytes(replace(KEPT, prediction_column="").to_json())
    fault = _fault(bce("apply", "nameless.json", "--formula", "sql"))
    assert (fault[0], fault[1][0]) == (2, "bce: error: the map has no name of its column, ''")
    found = bce("apply", "map.json", "--formula", "sql", "-p", "a b")
    assert (found.exit_code, found.stdout[:18]) == (0, 'CASE WHEN "a b" = ')


def test_a_place_is_needed_where_the_map_has_a_name(bce: Bce, preds: Preds) -> None:
    assert _fault(bce("apply", "map.json", preds("1,0.2\n"), "--no-header")) == (
        2,
        [
            "bce: error: --no-header needs the place of the column",
            "bce: such as --prediction '#2'",
        ],
    )


def test_logits_stay_logits_unless_it_is_said_otherwise(bce: Bce, preds: Preds) -> None:
    kept = SavedMap(
        HALF, "y", "z", of_logits=True, n=2, n_positive=1, fingerprint=KEPT.fingerprint, folds=2
    )
    Path("map.json").write_bytes(kept.to_json())
    found = bce("apply", "map.json", preds("z\n0\n"))
    assert (found.stdout, found.stderr) == (
        "z,recalibrated\n0,0.5\n",
        "bce: column 'z' holds logits, as where the map was fitted\n",
    )
    assert bce("apply", "map.json", "preds.csv", "--no-logits").stdout == "z,recalibrated\n0,0.25\n"


def test_files_with_the_same_columns_become_one(bce: Bce, preds: Preds) -> None:
    Path("d").mkdir()
    preds("p,q\n0.2,1", "d/a.csv")
    preds("", "d/b.csv")
    preds("p,q\n0.5,2\n", "d/c.csv")
    found = bce("apply", "map.json", "d")
    assert found.stdout == f"p,q,recalibrated\n0.2,1,{T}\n0.5,2,0.5\n"
    for text, what in (
        ("q,p\n2,0.5\n", "they stand in another order"),
        ("p,r\n0.5,2\n", "it lacks 'q'"),
        ("p,q,r\n0.5,2,3\n", "it has 'r'"),
        ("p;q\n0.5;2\n", "it is written otherwise"),
        ('{"p": 0.5, "q": 1}\n', "it is written otherwise"),
    ):
        preds(text, "d/c.csv")
        code, lines = _fault(bce("apply", "map.json", "d"))
        message = f"bce: error: d/c.csv: its columns are not those of d/a.csv: {what}"
        assert (code, lines[0]) == (65, message)


@pytest.mark.parametrize(
    ("ending", "text", "expected"),
    [
        ("csv", "p;q\n0.5;1\n", 'p;q;day;recalibrated\n0.5;1;a b;0.5\n0.5;1;"c;d";0.5\n'),
        (
            "jsonl",
            '{"p": 0.5}\n{ "p": 1 } \n',
            (
                '{"p": 0.5, "day": "a b", "recalibrated": 0.5}\n'
                '{ "p": 1, "day": "a b", "recalibrated": 0.75} \n'
                '{"p": 0.5, "day": "c;d", "recalibrated": 0.5}\n'
                '{ "p": 1, "day": "c;d", "recalibrated": 0.75} \n'
            ),
        ),
    ],
)
def test_what_folders_say_becomes_a_column(
    bce: Bce, preds: Preds, ending: str, text: str, expected: str
) -> None:
    for day in ("a b", "c;d"):
        Path(f"t/day={day}").mkdir(parents=True)
        preds(text, f"t/day={day}/x.{ending}")
    assert bce("apply", "map.json", "t").stdout == expected
    single = bce("apply", "map.json", f"t/day=a b/x.{ending}").stdout
    assert "day" not in single  # one file has the columns that it has


def test_what_folders_say_becomes_a_typed_column_too(bce: Bce) -> None:
    for day in ("1", "2"):
        Path(f"t/day={day}").mkdir(parents=True)
        parquet.write_table(pa.table({"p": [0.5]}), f"t/day={day}/x.parquet")
    assert bce("apply", "map.json", "t", "-o", "out.parquet").exit_code == 0
    rows = [{"p": 0.5, "day": day, "recalibrated": 0.5} for day in ("1", "2")]
    assert parquet.ParquetFile("out.parquet").read().to_pylist() == rows
    assert bce("apply", "map.json", "t", "-f", "csv").stdout == (
        "p,day,recalibrated\n0.5,1,0.5\n0.5,2,0.5\n"
    )
    lines = bce("apply", "map.json", "t", "-f", "json").stdout.splitlines()
    assert [json.loads(line) for line in lines] == rows


def test_what_is_packed_is_unpacked(bce: Bce) -> None:
    Path("a.csv.gz").write_bytes(gzip.compress(TEXT.encode()))
    with zipfile.ZipFile("b.zip", "w") as archive:
        archive.writestr("b.csv", TEXT)
    assert bce("apply", "map.json", "a.csv.gz").stdout == DONE
    assert bce("apply", "map.json", "b.zip", "-q").stdout == DONE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"p": 0.20, "x": {"a": "}"}, "n": 12345678901234567890}\r\n\n{"p":null}\n',
            (
                '{"p": 0.20, "x": {"a": "}"}, "n": 12345678901234567890, "recalibrated": NEW}\r\n'
                '\n{"p":null, "recalibrated": null}\n'
            ),
        ),
        (
            ' {"p": 0.5 } \n{ }\n{"x": "\\u00e9", "p": 1}',
            (
                ' {"p": 0.5, "recalibrated": 0.5} \n{"recalibrated": null}\n'
                '{"x": "\\u00e9", "p": 1, "recalibrated": 0.75}\n'
            ),
        ),
        (
            '[{"p": 0.5, "q": "a  b"}, {"p": 1.0}]',
            '{"p": 0.5, "q": "a  b", "recalibrated": 0.5}\n{"p": 1.0, "recalibrated": 0.75}\n',
        ),
        ("[0.5, 1]", '{"#1":0.5, "recalibrated": 0.5}\n{"#1":1, "recalibrated": 0.75}\n'),
    ],
)
def test_objects_get_one_member_more(bce: Bce, preds: Preds, text: str, expected: str) -> None:
    found = bce("apply", "map.json", preds(text, "preds.json"), "-q")
    assert (found.exit_code, found.stdout_bytes.decode()) == (0, expected.replace("NEW", T))


def test_an_object_that_has_the_key_is_refused(bce: Bce, preds: Preds) -> None:
    preds('{"p": 0.5, "x": {"recalibrated": 1}}\n{"p": 0.5, "recalibrated": 1}\n', "a.jsonl")
    code, lines = _fault(bce("apply", "map.json", "a.jsonl"))
    assert (code, lines[0]) == (
        65,
        "bce: error: a.jsonl, line 2: there is a key 'recalibrated' already",
    )


def test_a_number_of_any_length_is_no_matter(bce: Bce, preds: Preds) -> None:
    line = f'{{"p": 0.5, "n": {"9" * 5000}, "x": "\\"recalibrated\\"", "recalibrated2": 1'
    found = bce("apply", "map.json", preds(line + "}\n", "a.jsonl"))
    assert found.stdout == f'{line}, "recalibrated": 0.5}}\n'


def test_json_stays_json(bce: Bce, preds: Preds) -> None:
    preds('{"p": 0.5}\n', "a.jsonl")
    assert bce("apply", "map.json", "a.jsonl", "-o", "b.ndjson").exit_code == 0
    assert Path("b.ndjson").read_text() == '{"p": 0.5, "recalibrated": 0.5}\n'
    code, lines = _fault(bce("apply", "map.json", "a.jsonl", "-f", "csv"))
    assert (code, lines[0]) == (2, "bce: error: JSON stays JSON, and is not written as csv")
    told = " ".join(bce("apply", "--help").stdout.split())
    assert "alone. JSON becomes JSON Lines, always. Blank lines" in told


def _table() -> pa.Table:
    return pa.table(
        {
            "when": pa.array([1, None, 3], pa.timestamp("us", "UTC")),
            "p": pa.array([0.5, None, 1.0], pa.float32()),
            "word": pa.array(["a", "b,c", None]),
            "code": pa.array(["x", "y", "x"]).dictionary_encode(),
            "many": pa.array([[1], [], None], pa.list_(pa.int8())),
            "p.q": pa.array([1, 2, 3], pa.decimal128(5, 2)),
        }
    ).replace_schema_metadata({"made": "here"})


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_typed_columns_keep_their_types(bce: Bce, ending: str) -> None:
    table = _table()
    parquet.write_table(table, "in.parquet", row_group_size=2)
    feather.write_feather(table, "in.arrow", compression="uncompressed")
    found = bce("apply", "map.json", f"in.{ending}", "-o", f"out.{ending}", "--workers", "1")
    assert (found.exit_code, found.stderr[:4]) == (0, "bce:")
    read = parquet.read_table if ending == "parquet" else feather.read_table
    after = read(f"out.{ending}")
    assert after.schema.metadata[b"made"] == b"here"
    assert after.select(table.column_names).equals(table)
    assert after.schema.remove(6).equals(table.schema)
    assert after["recalibrated"].to_pylist() == [0.5, None, 0.75]


def test_typed_columns_become_text(bce: Bce) -> None:
    table = _table().drop_columns(["many"])
    parquet.write_table(table, "in.parquet")
    assert bce("apply", "map.json", "in.parquet", "-f", "csv").stdout == (
        "when,p,word,code,p.q,recalibrated\n"
        '1970-01-01 00:00:00.000001Z,0.5,a,x,1,0.5\n,,"b,c",y,2,\n'
        "1970-01-01 00:00:00.000003Z,1,,x,3,0.75\n"
    )
    parquet.write_table(_table(), "in.parquet")
    code, lines = _fault(bce("apply", "map.json", "in.parquet", "-f", "csv"))
    message = "in.parquet: column 'many' is of type list<element: int8>, which has no text"
    assert (code, lines[0]) == (65, f"bce: error: {message}")
    lines = bce("apply", "map.json", "in.parquet", "-f", "json").stdout.splitlines()
    assert [json.loads(line) for line in lines][1:] == [
        {
            "when": None,
            "p": None,
            "word": "b,c",
            "code": "y",
            "many": [],
            "p.q": "2",
            "recalibrated": None,
        },
        {
            "when": "1970-01-01 00:00:00.000003Z",
            "p": 1.0,
            "word": None,
            "code": "x",
            "many": None,
            "p.q": "3",
            "recalibrated": 0.75,
        },
    ]


def test_cells_of_csv_are_texts_elsewhere(bce: Bce, preds: Preds) -> None:
    preds('p,q\n0.20,NA\n,"x\ny"\n')
    assert bce("apply", "map.json", "preds.csv", "-o", "out.parquet").exit_code == 0
    assert parquet.read_table("out.parquet").to_pylist() == [
        {"p": "0.20", "q": "NA", "recalibrated": float(T)},
        {"p": "", "q": "x\ny", "recalibrated": None},
    ]
    found = bce("apply", "map.json", "preds.csv", "-f", "json").stdout
    assert found.splitlines() == [
        f'{{"p":"0.20","q":"NA","recalibrated":{T}}}',
        '{"p":"","q":"x\\ny","recalibrated":null}',
    ]


def test_other_formats_become_their_neighbours(bce: Bce) -> None:
    table = pa.table({"p": [0.5, 1.0], "q": ["a", "b"]})
    orc.write_table(table, "in.orc")
    assert bce("apply", "map.json", "in.orc", "-o", "out.parquet").exit_code == 0
    assert parquet.read_table("out.parquet")["recalibrated"].to_pylist() == [0.5, 0.75]
    np.savez("in.npz", p=np.array([0.5, 1.0]), n=np.array([3, 4]), other=np.zeros(5))
    found = bce("apply", "map.json", "in.npz")
    assert found.stdout == "p,n,recalibrated\n0.5,3,0.5\n1,4,0.75\n"
    assert found.stderr == "bce: in.npz: left out 'other', no column of 2 rows\n"
    np.save("in.npy", np.array([0.5, 1.0]))
    assert bce("apply", "map.json", "in.npy").stdout == "#1,recalibrated\n0.5,0.5\n1,0.75\n"


def test_a_sheet_becomes_csv(bce: Bce) -> None:
    book = openpyxl.Workbook()
    for row in (["p", "when", "n"], [0.5, "a,b", 1], [None, None, 2.25]):
        book.active.append(row)
    book.save("in.xlsx")
    found = bce("apply", "map.json", "in.xlsx", "-q")
    assert found.stdout == 'p,when,n,recalibrated\n0.5,"a,b",1,0.5\n,,2.25,\n'
    code, lines = _fault(bce("apply", "map.json", "in.xlsx", "-o", "out.parquet"))
    message = "columns of a workbook have no types, and are not written as parquet"
    assert (code, lines[0]) == (2, f"bce: error: {message}")


def test_parts_and_vectors_are_read_where_they_stand(bce: Bce) -> None:
    table = pa.table(
        {
            "v": pa.array([VECTOR | {"values": v} for v in ([0.5, 0.5], [0.8, 0.2])], SPARK),
            "s": [{"p": 1.0, "x": 1}, {"p": 0.5, "x": 2}],
        }
    )
    parquet.write_table(table, "in.parquet")
    for column, expected in (
        ("v[1]", [0.5, float(T)]),
        ("s.p", [0.75, 0.5]),
        ("v", [0.5, float(T)]),
    ):
        assert (
            bce("apply", "map.json", "in.parquet", "-p", column, "-o", "out.parquet").exit_code == 0
        )
        after = parquet.read_table("out.parquet")
        assert after["recalibrated"].to_pylist() == expected
        assert after.drop_columns(["recalibrated"]).equals(table)


@pytest.mark.parametrize("language", ["sql", "python", "excel"])
def test_a_formula_is_printed_in_the_place_of_rows(bce: Bce, language: str) -> None:
    found = bce("apply", "map.json", "--formula", language, "-p", "q")
    assert (found.exit_code, found.stderr) == (0, "")
    start = {
        "sql": 'CASE WHEN "q" = 0 THEN 0.25e0 ',
        "python": "(0.25 if q == 0 ",
        "excel": "=IF([@q] = 0, 0.25, ",
    }
    assert found.stdout.startswith(start[language])
    assert bce("apply", "map.json", "--formula", language, "-p", "q", "-o", "f.txt").stdout == ""
    assert Path("f.txt").read_text() == found.stdout


@st.composite
def tables(draw: st.DrawFn) -> tuple[bytes, str, list[list[str]]]:
    """Draw CSV text in some dialect, its delimiter, and its cells."""
    sign, end = draw(st.sampled_from(",;\t|")), draw(st.sampled_from(["\n", "\r\n", "\r"]))
    cell = st.text(st.sampled_from(f'ab "{sign}\n\rüé#\ufeff'), max_size=6)
    p = st.sampled_from(["0.2", "0.5", "1", "", "NA", " 0.25", "1e-3", "0"])
    rows = draw(st.lists(st.tuples(cell, p, cell), min_size=1, max_size=8))
    header = ("x", "p", draw(st.sampled_from(["y", 'a"b', f"c{sign}d"])))
    every = draw(st.booleans())

    def written(text: str) -> str:
        is_odd = every or any(c in text for c in f'"{sign}\n\r') or draw(st.booleans())
        return '"' + text.replace('"', '""') + '"' if is_odd else text

    lines = [sign.join(map(written, row)) for row in (header, *rows)]
    blank = draw(st.sampled_from(["", end]))
    text = (end + blank).join(lines) + draw(st.sampled_from(["", end]))
    return text.encode(), sign, [list(row) for row in (header, *rows)]


@given(drawn=tables(), block_bytes=st.sampled_from([1, 7, 64, 1 << 20]))
@settings(max_examples=examples(100), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cells_of_any_dialect_stay_as_they_are(
    bce: Bce,
    monkeypatch: pytest.MonkeyPatch,
    drawn: tuple[bytes, str, list[list[str]]],
    block_bytes: int,
) -> None:
    text, sign, cells = drawn
    monkeypatch.setattr(
        "bce_cli.readers.delimited.BlockReader",
        lambda stream, name, framing, _: BlockReader(stream, name, framing, block_bytes),
    )
    Path("t.csv").write_bytes(text)
    found = bce("apply", "map.json", "t.csv", "-q", "--delimiter", sign, "--workers", "1")
    assert found.exit_code == 0, found.stderr
    reader = csv.reader(io.StringIO(found.stdout_bytes.decode(), newline=""), delimiter=sign)
    rows: list[Any] = [row for row in reader if row]
    assert [row[:-1] for row in rows] == cells
    assert rows[0][-1] == "recalibrated"
    for row, (_, p, _) in zip(rows[1:], cells[1:], strict=True):
        expected = "" if p in ("", "NA") else repr(float(HALF.apply([float(p)])[0]))
        assert (row[-1] == expected) or float(row[-1]) == float(expected)
    if not text.endswith((b"\n", b"\r")):
        assert not found.stdout_bytes.endswith((b"\n", b"\r"))
