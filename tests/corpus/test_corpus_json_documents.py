"""JSON that is one value: arrays, columns as pandas and json.dump write them, and keys of keys."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.corpus.cases import TWO, Case, Rows, bad, each, good

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from typer.testing import Result

RECORDS = [{"y": 1, "p": 0.5, "t": 'a,"]}\\'}, {"y": 0, "p": 0.25, "t": "[{"}]
PLACES = ("-l", "#1", "-p", "#2")


def _frame() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(RECORDS, index=["a", "b"])


def _json(text: str | bytes, rows: Rows = TWO, *options: str, **rest: object) -> Case:
    return good(text, rows, *options, name="preds.json", **rest)


def _fault(text: str, error: str, *options: str, **rest: object) -> Case:
    return bad(text, r"preds\.json" + error, *options, name="preds.json", **rest)


ARRAYS = {
    "as json.dump writes it": _json(json.dumps(RECORDS)),
    "indented": _json(json.dumps(RECORDS, indent=2)),
    "without spaces": _json(json.dumps(RECORDS, separators=(",", ":"))),
    "a row a line": _json("[\n" + ",\n".join(map(json.dumps, RECORDS)) + "\n]\n"),
    "CRLF and tabs": _json(json.dumps(RECORDS, indent="\t").replace("\n", "\r\n")),
    "blank lines about": _json("\n\n" + json.dumps(RECORDS) + "\n \n"),
    "a byte order mark": _json("\ufeff" + json.dumps(RECORDS)),
    "no extension": good(json.dumps(RECORDS), name="preds"),
    "standard input": good(json.dumps(RECORDS), name="-"),
    "compressed": _json(gzip.compress(json.dumps(RECORDS).encode())),
    "UTF-16": _json(json.dumps(RECORDS).encode("utf-16")),
    "by request": good(json.dumps(RECORDS), TWO, "--input-format", "json", name="preds.txt"),
    "in JSON Lines, by its name": good(
        json.dumps(RECORDS),
        name="preds.jsonl",
        said=r"^bce: preds\.jsonl: it is one JSON array, not JSON Lines as its name says\n",
    ),
    "objects and arrays within": _json(
        '[{"t": [{"y": [1, 2]}, [[]]], "y": 1, "p": 0.5}, {"y": 0, "t": {}, "p": 0.25}]'
    ),
    "objects, indented, one behind the other": _json(
        "\n".join(json.dumps(record, indent=1) for record in RECORDS)
    ),
    "one object, indented": _json(json.dumps(RECORDS[0], indent=1), TWO[:1]),
}


@each(ARRAYS)
def test_each_element_of_an_array_is_a_row(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


@pytest.mark.usefixtures("small_blocks")
def test_an_array_of_many_chunks_is_read_to_its_end(
    judge: Callable[[Case], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for size in (1, 2, 3, 7):
        monkeypatch.setattr("bce_cli.readers.json_documents._CHUNK", size)
        judge(_json(json.dumps(RECORDS * 3, indent=1), TWO * 3))


ROW_2 = r", row 2: "
FIRST = '[{"y":1,"p":0.5},'

FAULTS = {
    "a comma at the end": _fault(f"{FIRST}]", ROW_2 + "nothing follows the last comma"),
    "a comma too many": _fault(f"{FIRST},{FIRST[1:-1]}]", ROW_2 + "not JSON, expecting value: ',"),
    "a comma too few": _fault(
        '[{"y":1,"p":0.5} {"y":0,"p":0.25}]', ", row 1: something follows the JSON value: '{"
    ),
    "cut off": _fault(FIRST, ": the JSON array is never closed$", hint="cut off"),
    "cut off in a string": _fault(FIRST + '{"y', ": the JSON array is never closed$"),
    "text behind": _fault(
        FIRST[:-1] + "]\n[]", ROW_2 + r"something follows the end of the array: '\[\]'$"
    ),
    "another bracket": _fault(FIRST[:-1] + "}", ", row 1: something follows the JSON value: '}'"),
    "a number": _fault(
        FIRST + "3]", ROW_2 + "the row holds a number, not an object", hint="each element"
    ),
    "an array of numbers": _fault("[1, 0.5]", ", row 1: the row holds a number, not an object"),
    "no rows": _fault("[ ]", ": the input is empty"),
    "a line end in a string": _fault(
        FIRST + '{"y":1,"p":0.5,"t":"a\nb"}]', ROW_2 + "not JSON, unterminated string"
    ),
    "beyond float64": _fault(
        FIRST + '{"y":1,"p":1e-400}]', ROW_2 + "prediction 1e-400 .* is not 0, but float64"
    ),
    "NaN": _fault(FIRST + '{"y":1,"p":NaN}]', ROW_2 + "prediction NaN"),
    "a key twice": _fault(FIRST + '{"y":1,"p":0.5,"p":0.5}]', ROW_2 + "the key 'p' occurs 2 times"),
    "a key that is missing": _fault(
        FIRST + '{"y":1}]', ROW_2 + "prediction is missing, there is no key 'p'"
    ),
    "places": _fault(FIRST[:-1] + "]", ": JSON keys have names and no places", *PLACES),
    "JSON Lines by request": _fault(
        FIRST[:-1] + "]", ", line 1: the line holds an array", "--input-format", "jsonl"
    ),
    "an array of all kinds": _fault("[[1,0.5],3]", ", row 2: here is a number for 2 columns"),
    "an array in an array, cut off": _fault("[[1,\n", ", line 2: not JSON, expecting value$"),
    "two arrays": _fault("[[1,0.5]] [[0,0.5]]", ": something follows the JSON array"),
    "records within, beside others": _fault(
        json.dumps({"n": 2, "preds": RECORDS}),
        ": no column has a customary name for the label",
        hint=r"the columns are 'preds\.y', 'preds\.p', 'preds\.t'$",
    ),
    "columns of other lengths": _fault(
        '{"y":[1,0],"p":[0.5]}', ": 'p' has 1 values, but 'y' has 2"
    ),
    "a key of the index twice": _fault(
        '{"y":{"a":1,"a":0},"p":{"a":0.5}}', ": the index of 'y' has 'a' twice"
    ),
    "a column that lacks a key": _fault(
        '{"y":{"a":1,"b":0},"p":{"b":0.5}}', ", row 1: prediction .*is null"
    ),
    "a split frame with a short row": _fault(
        '{"columns":["y","p"],"data":[[1,0.5],[1]]}', ROW_2 + "here is 1 value for 2 columns"
    ),
    "a column twice": _fault('{"y":[1],"y":[1],"p":[0.5]}', ", row 1: the key 'y' occurs 2 times"),
    "a frame within": _fault(
        json.dumps({"preds": RECORDS}),
        ": no column has a customary name for the label",
        hint=r"the columns are 'preds\.y', 'preds\.p', 'preds\.t'$",
    ),
    "deep arrays": _fault("[" * 100_000, "(, line 1)?: the JSON value is nested too deeply"),
}


@each(FAULTS)
def test_what_is_wrong_with_a_document_is_said(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


FRAMES = {
    "columns": (),
    "split": (),
    "records": (),
    "index": (),
    "table": (),
    "values": PLACES,
}


@pytest.mark.parametrize("indent", [None, pytest.param(2, marks=pytest.mark.deep)])
@pytest.mark.parametrize(("orient", "options"), FRAMES.items(), ids=FRAMES)
def test_what_pandas_writes_is_read(
    orient: str, options: tuple[str, ...], indent: int | None, judge: Callable[[Case], None]
) -> None:
    text = _frame().to_json(orient=orient, indent=indent)  # type: ignore[call-overload]
    judge(_json(text, TWO, *options))


@pytest.mark.parametrize("orient", ["dict", "list", "split", "tight", "index"])
def test_what_json_dump_makes_of_a_frame_is_read(
    orient: str, judge: Callable[[Case], None]
) -> None:
    judge(_json(json.dumps(_frame().to_dict(orient=orient))))  # type: ignore[call-overload]


def test_the_index_of_a_frame_names_rows(bce: Callable[..., Result]) -> None:
    for orient in ("columns", "split"):
        _frame().to_json("preds.json", orient=orient)
        found = bce("compute", "preds.json", "--id", "index", "--worst", "1", "-f", "csv")
        assert "a,1,0.5," in found.stdout, orient


LAYOUTS = {
    "columns beside other values": _json(
        '{"model":"m","y_true":[1,0],"classes":["a","b","c"],"y_prob":[0.5,0.25],"n":2}'
    ),
    "pairs of probabilities": _json(
        '{"y":[1,0],"proba":[[0.5,0.5],[0.75,0.25]]}', TWO, "-p", "proba[1]"
    ),
    "records within": _json(
        json.dumps({"meta": {"n": 2}, "preds": RECORDS}), TWO, "-l", "preds.y", "-p", "preds.p"
    ),
    "a row with lists": _json(
        '{"y":1,"proba":[0.5,0.5],"classes":["a"]}', TWO[:1], "-p", "proba[1]"
    ),
    "a row of lists": _json('{"y":[1,0],"p":[0.5,2]}', TWO[:1], "-l", "y[0]", "-p", "p[0]"),
    "columns have places": _json('{"y":[1,0],"p":[0.5,0.25]}', TWO, *PLACES),
    "one row of columns": _json(
        '{"y":{"0":1},"p":{"0":0.5}}',
        TWO[:1],
        said=r"^bce: preds\.json: its one object is read as columns, 'y', 'p', of one row\n",
    ),
    "one row in JSON Lines": good(
        '{"y":{"v":1},"p":{"v":0.5}}', TWO[:1], *("-l", "y.v", "-p", "p.v"), name="preds.jsonl"
    ),
    "rows by their keys": _json('{"a":{"y":1,"p":0.5},"b":{"y":0,"p":0.25}}'),
    "columns in another order of keys": _json('{"y":{"a":1,"b":0},"p":{"b":0.25,"a":0.5}}'),
    "columns of levels": _json(
        '{"columns":[["m","y"],["m","p"]],"data":[[1,0.5],[0,0.25]]}',
        *(TWO, "-l", "m.y", "-p", "m.p"),
    ),
    "digits of whole numbers": _json(
        '{"y":[9007199254740993,0],"p":[0.5,0.25]}', TWO, "--positive", "9007199254740993"
    ),
    "a first line that is long": _json(
        json.dumps(RECORDS[0] | {"x": "a" * 2000}) + "\n" + json.dumps(RECORDS[1])
    ),
    "a first line that is broken": _fault(
        '{"y":1,"p":}\n{"y":1,"p":0.5}', ", line 1: not JSON, expecting value: '}'"
    ),
}


@each(LAYOUTS)
def test_objects_of_columns_and_lines_are_told_from_each_other(
    case: Case, judge: Callable[[Case], None]
) -> None:
    judge(case)


def test_a_document_of_columns_has_a_greatest_size(
    judge: Callable[[Case], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bce_cli.readers.json_documents.LARGEST_DOCUMENT", 1 << 20)
    long = json.dumps({"y": [1], "p": [0.5], "t": ["t" * (1 << 20)]})
    error = ": JSON by columns is read into memory, and this is longer than 1 MiB$"
    judge(_fault(long, error, hint="JSON Lines is read piece by piece: to_json"))


def _lines(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


def _nested(text: str, prediction: str, rows: Rows = TWO, *options: str) -> Case:
    return good(text, rows, "-p", prediction, *options, name="preds.jsonl")


PARTS = {
    "a key of an object": _nested(
        _lines('{"y":1,"m":{"p":0.5}}', '{"y":0,"m":{"p":0.25,"t":[]}}'), "m.p"
    ),
    "a key of that very name": _nested(
        _lines('{"y":1,"m.p":0.5,"m":{"p":9}}', '{"m":{"p":9},"y":0,"m.p":0.25}'), "m.p"
    ),
    "an element": _nested(_lines('{"y":1,"m":[0.5,0.5]}', '{"y":0,"m":[0.75,0.25]}'), "m[1]"),
    "a key of that very name, with brackets": _nested(
        _lines('{"y":1,"m[1]":0.5,"m":[]}', '{"y":0,"m[1]":0.25,"m":[]}'), "m[1]"
    ),
    "keys of elements": _nested(
        _lines('{"y":1,"m":[{"p":{"v":0.5}}]}', '{"y":0,"m":[{"p":{"v":0.25}},3]}'), "m[0].p.v"
    ),
    "keys with points within": _nested(
        _lines('{"y":1,"a.b":{"c.d":0.5}}', '{"y":0,"a.b":{"c.d":0.25}}'), "a.b.c.d"
    ),
    "elements of elements": _nested(
        _lines('{"y":1,"m":[[1,0.5]]}', '{"y":0,"m":[[1,0.25]]}'), "m[0][1]"
    ),
    "several of one object": _nested(
        _lines('{"m":{"y":1,"p":0.5,"w":1}}', '{"m":{"y":0,"p":0.25,"w":2}}'),
        *("m.p", TWO, "-l", "m.y", "--by", "m.w"),
    ),
    "texts": _nested(
        _lines('{"m":{"y":"b","p":0.5}}', '{"m":{"y":"a","p":0.25}}'),
        *("m.p", TWO, "-l", "m.y", "--positive", "b"),
    ),
    "elements of two types": _nested(
        _lines('{"m":["1",0.5]}', '{"m":["0",0.25]}'), "m[1]", TWO, "-l", "m[0]"
    ),
    "missing, dropping": _nested(
        _lines('{"y":1,"m":{"p":0.5}}', '{"y":1,"m":{}}', '{"y":1,"m":null}', '{"y":1}')
        + _lines('{"y":1,"m":{"p":null}}', '{"y":0,"m":{"p":0.25}}'),
        *("m.p", TWO, "--missing", "drop"),
    ),
    "in an array": good(
        '[{"y":1,"m":{"p":0.5}},{"y":0,"m":{"p":0.25}}]', TWO, "-p", "m.p", name="preds.json"
    ),
}


@each(PARTS)
def test_a_part_is_named_by_points_and_brackets(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


def _no_part(line: str, prediction: str, error: str, *options: str, **rest: object) -> Case:
    first = '{"y":1,"m":{"p":0.5},"n":[0.5,0.5]}'
    text = _lines(first, line)
    return bad(
        text, rf"preds\.jsonl{error}", "-p", prediction, *options, name="preds.jsonl", **rest
    )


LACKING = {
    "one of many": bad(
        '{"e":[' + "0.5," * 99 + '0.5],"y":1,"score2":0.5}',
        r"preds\.jsonl: no column has a customary name for the prediction",
        name="preds.jsonl",
        hint=r"the columns are 'y', 'score2', 'e\[0\]', 'e\[1\]'$",
    ),
    "another name": _no_part("{}", "m.q", r": there is no column 'm\.q'; did you mean 'm\.p'\?$"),
    "the last name alone": _no_part(
        "{}",
        "p",
        r": there is no column 'p'; did you mean 'm\.p'\?$",
        hint=r"the columns are 'y', 'm\.p', 'n\[0\]', 'n\[1\]'$",
    ),
    "no such element": _no_part("{}", "n[2]", r": there is no column 'n\[2\]'; did you mean 'n\["),
    "a place from 1": _no_part("{}", "#2", ": JSON keys have names and no places, so not '#2'"),
    "an object": _no_part(
        '{"y":1}', "m", r", line 1: prediction \(key 'm'\) is an object", hint=r"such as 'm\.p'$"
    ),
    "an array": _no_part(
        '{"y":1}',
        "n",
        r", line 1: prediction \(key 'n'\) is an array",
        hint=r"name a part of it, such as 'n\[0\]' or 'n\[1\]'$",
    ),
    "missing in a row": _no_part(
        '{"y":1,"m":{}}', "m.p", r", line 2: prediction is missing, there is no key 'm\.p'$"
    ),
    "a list that is too short": _no_part(
        '{"y":1,"n":[1]}', "n[1]", r", line 2: prediction is missing, there is no key 'n\[1\]'$"
    ),
    "null above": _no_part('{"y":1,"m":null}', "m.p", r", line 2: prediction .* is null$"),
    "a number above": _no_part(
        '{"y":1,"m":3}', "m.p", r", line 2: there is no key 'm\.p' within a number$"
    ),
    "a number above, dropping": _no_part(
        '{"y":1,"m":3}', "m.p", r", line 2: there is no key 'm\.p' w", "--missing", "drop"
    ),
    "beside a key that is called so": _no_part(
        '{"y":1,"m":{"p":0.5},"m.p":0.9}', "m.p", r", line 2: the key 'm\.p' stands beside the part"
    ),
    "twice": _no_part(
        '{"y":1,"m":{"p":0.5,"p":0.5}}', "m.p", r", line 2: the key 'p' occurs 2 times"
    ),
    "outside": _no_part(
        '{"y":1,"m":{"p":1.5}}', "m.p", r", line 2: prediction 1\.5 \(column 'm\.p'\) is not in"
    ),
}


@each(LACKING)
def test_a_part_that_is_not_there_is_an_error(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


@pytest.mark.parametrize("labels", ["[1, 0, 1]", "[true,\n false,true]\n", "[1.0, 0, 1e0]"])
def test_arrays_of_values_are_paired_by_order(labels: str, bce: Callable[..., Result]) -> None:
    Path("p.json").write_text(" [0.75, 0.5,\n0.25]")
    Path("y.json").write_text(labels)
    found = bce("compute", "p.json", "--labels", "y.json", "-q")
    losses = -math.log(0.75), -math.log1p(-0.5), -math.log(0.25)
    assert (float(found.stdout), found.exit_code) == (math.fsum(losses) / 3, 0)


def test_an_array_of_values_is_no_table_by_itself(bce: Callable[..., Result]) -> None:
    Path("p.json").write_text("[0.75, 0.5]")
    found = bce("compute", "p.json", "-q")
    assert (found.stdout, found.exit_code) == ("", 65)
    assert found.stderr.startswith("bce: error: p.json, row 1: the row holds a number, not an obj")
