"""One value has one text, on either path of a reader, in every format, from every type."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.files import open_file
from bce_cli.readers.grammar import InputOptions
from bce_cli.readers.second_look import look_again
from bce_cli.storage.sources import Source
from tests.corpus.columnar import WRITE, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typer.testing import Result

    from bce_cli.readers.reading import Reading

NAN, INF = float("nan"), float("inf")
UTC = dt.UTC
WHOLE = [0, 1, -1, 2**53 - 1]
WHOLE_TEXTS = ["0", "1", "-1", "9007199254740991"]
U = uuid.UUID("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")

TYPES: dict[str, tuple[Sequence[object], str, Sequence[str]]] = {
    "int8": ([1, -128], "int8", ["1", "-128"]),
    "uint8": ([1, 255], "uint8", ["1", "255"]),
    "int16": ([1, -(2**15)], "int16", ["1", "-32768"]),
    "uint16": ([1, 2**16 - 1], "uint16", ["1", "65535"]),
    "int32": ([1, -(2**31)], "int32", ["1", "-2147483648"]),
    "uint32": ([1, 2**32 - 1], "uint32", ["1", "4294967295"]),
    "int64": ([2**53 + 1, -(2**63), None], "int64", ["9007199254740993", str(-(2**63)), ""]),
    "uint64": ([2**64 - 1, 2**53 + 1], "uint64", ["18446744073709551615", "9007199254740993"]),
    "whole float64": ([float(n) for n in WHOLE], "float64", WHOLE_TEXTS),
    "great float64": (
        [2.0**53, 2.0**60, 2.0**63, -(2.0**70), 1e22, 1e300],
        "float64",
        [str(2**53), str(2**60), str(2**63), str(-(2**70)), "1" + "0" * 22, "1e+300"],
    ),
    "float64": (
        [0.1, -0.0, 1e-7, 1e-5, 0.0001, 0.5, 12345678901.5, 2.0**51 + 0.5, 5e-324, 1 / 3],
        "float64",
        [
            *("0.1", "0", "1e-07", "1e-05", "0.0001", "0.5", "12345678901.5"),
            *("2251799813685248.5", "5e-324", "0.3333333333333333"),
        ],
    ),
    "no float64": ([NAN, None, INF, -INF], "float64", ["", "", "inf", "-inf"]),
    "no numbers but whole ones": ([NAN, None, 7.0], "float64", ["", "", "7"]),
    "float32": (
        [0.1, 1.0, -0.0, 1e-7, 16777216.0, 1e10, NAN, None],
        "float32",
        ["0.1", "1", "0", "1e-07", "16777216", "10000000000", "", ""],
    ),
    "half": (
        [0.1, 1.0, -0.0, 65504.0, 6e-8, NAN, INF],
        "half",
        ["0.1", "1", "0", "65504", "6e-08", "", "inf"],
    ),
    "bool": ([True, False, None], "bool_", ["true", "false", ""]),
    "decimal": (
        [Decimal("1.00"), Decimal("1.50"), Decimal("-0.10"), Decimal("0.00"), None],
        "decimal128:10,2",
        ["1", "1.5", "-0.1", "0", ""],
    ),
    "fine decimal": (
        [Decimal("1E-7"), Decimal("0.00012"), Decimal("1.2E-5"), Decimal("0.123456789012345678")],
        "decimal128:38,20",
        ["1e-07", "0.00012", "1.2e-05", "0.123456789012345678"],
    ),
    "great decimal": ([Decimal(10**25 + 1)], "decimal128:38,0", [str(10**25 + 1)]),
    "wide decimal": ([Decimal(7), Decimal("0.5")], "decimal256:60,20", ["7", "0.5"]),
    "date32": ([dt.date(2026, 1, 1), None], "date32", ["2026-01-01", ""]),
    "date64": ([dt.date(2026, 1, 1), None], "date64", ["2026-01-01", ""]),
    "time32": ([dt.time(1), dt.time(1, 0, 0, 500_000)], "time32:ms", ["01:00:00", "01:00:00.5"]),
    "time64": ([dt.time(1), dt.time(1, 0, 0, 1)], "time64:us", ["01:00:00", "01:00:00.000001"]),
    "timestamp": (
        [dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 1, 0, 0, 0, 120_000), None],  # noqa: DTZ001
        "timestamp:us",
        ["2026-01-01 00:00:00", "2026-01-01 00:00:00.12", ""],
    ),
    "timestamp in ns": (
        [10**9 + 1, 10**9],
        "timestamp:ns",
        ["1970-01-01 00:00:01.000000001", "1970-01-01 00:00:01"],
    ),
    "instant": (
        [dt.datetime(2026, 1, 1, tzinfo=UTC)],
        "timestamp:us,Europe/Berlin",
        ["2026-01-01 00:00:00Z"],
    ),
    "duration": (
        [dt.timedelta(seconds=90), dt.timedelta(milliseconds=1500)],
        "duration:ms",
        ["90s", "1.5s"],
    ),
    "string": (["1.0", "", " a", "NaN", None], "string", ["1.0", "", " a", "NaN", ""]),
    "large string": (["1.0", "\u00e9"], "large_string", ["1.0", "\u00e9"]),
    "string view": (["1.0", "x" * 40], "string_view", ["1.0", "x" * 40]),
    "null": ([None, None], "null", ["", ""]),
    "dictionary of strings": (["a", None, "a"], "dictionary:string", ["a", "", "a"]),
    "dictionary of floats": ([1.0, NAN, 0.1], "dictionary:float64", ["1", "", "0.1"]),
    "dictionary of integers": ([1, 2, 1], "dictionary:int64", ["1", "2", "1"]),
    "uuid": (
        [U.bytes, b"abcdefghijklmnop", None],
        "uuid",
        [str(U), "61626364-6566-6768-696a-6b6c6d6e6f70", ""],
    ),
}


def both_readings(path: str, choice: ColumnChoice) -> tuple[Reading, Reading]:
    """Read a file of one block by columns, and cell by cell."""
    with ExitStack() as opened:
        file, _ = open_file(Source(path), InputOptions(choice), opened)
        (block,) = file.blocks()
        careful = look_again(block.records(), block.columns, block.grammar)
        assert block.convert() is not None
        return block.read(), careful


def texts_in(reading: Reading) -> list[list[str]]:
    segment = reading.rows.words[0]
    return [list(reading.rows.ids or ()), [segment.names[code] for code in segment.codes]]


@pytest.mark.few(10)
@pytest.mark.parametrize("kind", WRITE)
@pytest.mark.parametrize(("values", "of_type", "texts"), TYPES.values(), ids=TYPES)
def test_a_value_has_one_text_on_both_paths(
    values: Sequence[object], of_type: str, texts: Sequence[str], kind: str
) -> None:
    import pyarrow as pa

    n = len(values)
    data = table(y=([1] * n,), p=([0.5] * n,), v=(values, of_type))
    path = Path(f"preds.{kind}")
    try:
        path.write_bytes(WRITE[kind](data))
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        pytest.skip("the format does not hold this type")
    choice = ColumnChoice("y", "p", id="v", segments=("v",))
    for reading in both_readings(str(path), choice):
        assert texts_in(reading) == [list(texts)] * 2


LITERALS = {
    "1": "1",
    "1.0": "1",
    "-0": "0",
    "-0.0": "0",
    "1e2": "100",
    "0.10": "0.1",
    "1E-7": "1e-07",
    "1e300": "1e+300",
    "1e400": "1e400",
    "1e-400": "1e-400",
    "9007199254740993": "9007199254740993",
    "10000000000000000000000001": "10000000000000000000000001",
    "NaN": "",
    "Infinity": "inf",
    "-Infinity": "-inf",
    "true": "true",
    "null": "",
    '"1.0"': "1.0",
    '"NaN"': "NaN",
}


@pytest.mark.parametrize("first", ["7", "0.5", '"a"'])
def test_a_number_of_json_has_the_text_of_its_value(first: str, bce: Callable[..., Result]) -> None:
    lines = [f'{{"y": 1, "p": 0.5, "v": {value}}}\n' for value in (first, *LITERALS)]
    Path("preds.jsonl").write_text("".join(lines))
    args = ("compute", "preds.jsonl", "--id", "v", "--per-example", "-f", "json")
    written = [json.loads(line)["id"] for line in bce(*args).stdout.splitlines()]
    assert written[1:] == list(LITERALS.values())


@pytest.mark.parametrize("values", ["1 2 3", "1.0 2.0 3.0"])
def test_json_of_one_kind_has_the_same_texts_on_both_paths(values: str) -> None:
    lines = [f'{{"y": 1, "p": 0.5, "v": {value}}}\n' for value in values.split()]
    Path("preds.jsonl").write_text("".join(lines))
    with ExitStack() as opened:
        choice = ColumnChoice("y", "p", id="v", segments=("v",))
        file, _ = open_file(Source("preds.jsonl"), InputOptions(choice), opened)
        (block,) = file.blocks()
        careful = look_again(block.records(), block.columns, block.grammar)
        assert texts_in(block.read()) == texts_in(careful) == [["1", "2", "3"]] * 2


KEYS = {
    "int64": ([1, 2, 3], "int64"),
    "uint8": ([1, 2, 3], "uint8"),
    "float64": ([1.0, 2.0, 3.0], "float64"),
    "float32": ([1.0, 2.0, 3.0], "float32"),
    "decimal": ([Decimal("1.00"), Decimal("2.00"), Decimal("3.00")], "decimal128:5,2"),
    "string": (["1", "2", "3"], "string"),
    "dictionary": ([1.0, 2.0, 3.0], "dictionary:float64"),
}
OTHERS = {
    "csv": "k,y\n3,0\n1,1\n2,1\n",
    "jsonl": '{"k": 3, "y": 0}\n{"k": 1.0, "y": 1}\n{"k": "2", "y": 1}\n',
}


@pytest.mark.few(10)
@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize(("values", "of_type"), KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("missing", ["error", "drop"])
def test_keys_of_one_value_meet(
    values: Sequence[object], of_type: str, other: str, missing: str, bce: Callable[..., Result]
) -> None:
    data = table(k=(values, of_type), p=(["0.5", "0.5", "0.5"],))
    Path("preds.parquet").write_bytes(WRITE["parquet"](data))
    Path(f"truth.{other}").write_text(OTHERS[other])
    join = ("--labels", f"truth.{other}", "--on", "k", "--missing", missing)
    result = bce("compute", "preds.parquet", *join, "-q")
    assert (result.exit_code, result.stdout) == (0, "0.6931471805599453\n"), result.stderr


def test_clusters_and_segments_are_the_same_where_nothing_is_missing(
    bce: Callable[..., Result],
) -> None:
    first = table(y=([1, 0],), p=(["0.9", "0.2"],), q=([0.5, 0.5],), g=([1.0, 2.0], "float64"))
    second = table(y=([1, 0],), p=([0.9, 0.2],), q=([0.5, 0.5],), g=([1, 2], "int64"))
    Path("a.parquet").write_bytes(WRITE["parquet"](first))
    Path("b.parquet").write_bytes(WRITE["parquet"](second))
    args = ("compute", "a.parquet", "b.parquet", "-p", "p", "--by", "g", "-f", "json")
    dropped, plain = (bce(*args, *more) for more in (("--missing", "drop"), ()))
    assert dropped.stdout == plain.stdout
    found = json.loads(plain.stdout)
    assert [item["segment"] for item in found["segments"]] == [{"g": "2"}, {"g": "1"}]


def test_one_cluster_in_two_types_is_one(bce: Callable[..., Result]) -> None:
    names = []
    for i, kind in enumerate(["float64", "int64", "float32"]):
        data = table(y=([1, 0],), p=(["0.9", "0.2"],), q=(["0.5", "0.5"],), g=([1, 2], kind))
        names.append(f"{i}.parquet")
        Path(names[-1]).write_bytes(WRITE["parquet"](data))
    for name in names:
        args = ("compare", name, "-p", "p", "-p", "q", "--cluster", "g", "-f", "json")
        dropped, plain = (bce(*args, *more) for more in (("--missing", "drop"), ()))
        assert dropped.stdout == plain.stdout
        assert json.loads(plain.stdout)["n_clusters"] == 2


def test_dates_beside_text_predictions_are_read_with_missing_ones_dropped(
    bce: Callable[..., Result],
) -> None:
    day = dt.date(2026, 1, 2)
    data = table(y=([1, 1],), p=(["0.5", "0.5"],), d=([day, day], "date32"))
    Path("preds.parquet").write_bytes(WRITE["parquet"](data))
    args = ("compute", "preds.parquet", "--by", "d", "-f", "json")
    dropped, plain = (bce(*args, *more) for more in (("--missing", "drop"), ()))
    assert dropped.stdout == plain.stdout
    assert json.loads(plain.stdout)["segments"][0]["segment"] == {"d": "2026-01-02"}


LABELS = {
    "int64 beyond float64": (([2**53 + 1, 2**53], "int64"), str(2**53 + 1), str(2**53)),
    "float64": (([2.0, 0.5], "float64"), "2", "0.5"),
    "float64, asked for as 2.0": (([2.0, 1.0], "float64"), "2.0", "1"),
    "decimal": (([Decimal("2.00"), Decimal("1.50")], "decimal128:5,2"), "2", "1.5"),
    "bool": (([True, False], "bool_"), "True", "False"),
}


@pytest.mark.parametrize(("labels", "positive", "negative"), LABELS.values(), ids=LABELS)
@pytest.mark.parametrize("predictions", [[0.9, 0.2], ["0.9", "0.2"]])
def test_a_label_that_is_named_has_one_text(
    labels: tuple[Sequence[object], str],
    positive: str,
    negative: str,
    predictions: Sequence[object],
    bce: Callable[..., Result],
) -> None:
    data = table(y=labels, p=(predictions,))
    Path("preds.parquet").write_bytes(WRITE["parquet"](data))
    args = ("compute", "preds.parquet", "--positive", positive, "--missing", "drop", "-f", "json")
    found = json.loads(bce(*args).stdout)
    assert (found["n_positive"], found["negative_label"]) == (1, negative)


def _nan(format_: str, role: str) -> str:
    """Write two rows of which the second has NaN as its key, cluster, segment, id or label."""
    if format_ == "jsonl":
        name = f"preds.{format_}"
        Path(name).write_text(
            f'{{"{role}": 1.5, "p": 0.5, "q": 0.5, "other": 1}}\n'
            f'{{"{role}": NaN, "p": 0.5, "q": 0.5, "other": 1}}\n'
        )
        return name
    data = table(p=([0.5, 0.5],), q=([0.5, 0.5],), other=([1, 1],), **{role: ([1.5, NAN], format_)})
    Path("preds.parquet").write_bytes(WRITE["parquet"](data))
    return "preds.parquet"


FLOATS = pytest.mark.parametrize("format_", ["float64", "float32", "half", "jsonl"])


@FLOATS
@pytest.mark.parametrize("missing", ["error", "drop"])
def test_nan_is_no_key(format_: str, missing: str, bce: Callable[..., Result]) -> None:
    name = _nan(format_, "k")
    result = bce(
        *("compute", name, "--labels", name, "--on", "k", "-l", "other"), "--missing", missing
    )
    place = f"{name}, {'line' if format_ == 'jsonl' else 'row'} 2"
    assert result.exit_code == 65
    assert result.stderr == f"bce: error: {place}: the key (column 'k') is empty\n"


@FLOATS
def test_nan_is_no_cluster(format_: str, bce: Callable[..., Result]) -> None:
    name = _nan(format_, "g")
    result = bce("compare", name, "-l", "other", "-p", "p", "-p", "q", "--cluster", "g")
    place = f"{name}, {'line' if format_ == 'jsonl' else 'row'} 2"
    assert result.exit_code == 65
    assert result.stderr == (
        f"bce: error: {place}: the cluster (column 'g') is empty\n"
        "bce: --missing drop leaves such rows out, and counts them\n"
    )


@FLOATS
def test_nan_is_the_segment_and_the_id_that_null_is(
    format_: str, bce: Callable[..., Result]
) -> None:
    name = _nan(format_, "g")
    found = json.loads(bce("compute", name, "-l", "other", "--by", "g", "-f", "json").stdout)
    assert [item["segment"]["g"] for item in found["segments"]] == ["", "1.5"]
    rows = bce("compute", name, "-l", "other", "--id", "g", "--per-example", "-f", "csv").stdout
    assert [line.split(",")[1] for line in rows.splitlines()] == ["id", "1.5", ""]


@FLOATS
def test_nan_is_no_class(format_: str, bce: Callable[..., Result]) -> None:
    name = _nan(format_, "y")
    args = ("compute", name, "--positive", "1.5", "-f", "json")
    result = bce(*args)
    place = f"{name}, {'line' if format_ == 'jsonl' else 'row'} 2"
    assert result.exit_code == 65
    assert result.stderr.startswith(f"bce: error: {place}: label (column 'y') is null\n")
    found = json.loads(bce(*args, "--missing", "drop").stdout)
    assert (found["n"], found["n_missing"], found["negative_label"]) == (1, 1, None)


def test_nan_in_text_is_text(bce: Callable[..., Result], preds: Callable[..., str]) -> None:
    name = preds('{"y":"NaN","p":0.5,"g":"NaN"}\n{"y":"a","p":0.5,"g":"b"}\n', "preds.jsonl")
    result = bce("compute", name, "--positive", "a", "--by", "g", "-f", "json")
    assert json.loads(result.stdout)["negative_label"] == "NaN"


BINARY = {
    "fixed size": ([b"abcd", b"efgh"], "binary:4"),
    "binary": ([b"abcd", b"efgh"], "binary"),
    "large binary": ([b"abcd", b"efgh"], "large_binary"),
    "list": ([[1], [2]], None),
    "struct": ([{"a": 1}, {"a": 2}], None),
}
_ELEMENT = "bce: name a part of it, such as 'u[0]' or 'u[1]'\n"
_FIELD = "bce: name a part of it, such as 'u.a'\n"
PART = {"list": _ELEMENT, "stru": _FIELD, "an array": _ELEMENT, "an object": _FIELD}
ROLES = {
    "id": (("compute", "--id", "u"), "id"),
    "cluster": (("compare", "-p", "p", "-p", "q", "--cluster", "u"), "cluster"),
    "segment": (("compute", "--by", "u"), "segment"),
    "key": (("compute", "--labels", "preds.parquet", "--on", "u"), "key"),
}


@pytest.mark.few(10)
@pytest.mark.parametrize(("options", "role"), ROLES.values(), ids=ROLES)
@pytest.mark.parametrize(("values", "of_type"), BINARY.values(), ids=BINARY)
def test_what_has_no_text_is_refused_by_the_name_of_its_column(
    values: Sequence[object],
    of_type: str | None,
    options: Sequence[str],
    role: str,
    bce: Callable[..., Result],
) -> None:
    data: Any = table(y=([1, 0],), p=([0.5, 0.5],), q=([0.5, 0.5],), u=(values, of_type))
    Path("preds.parquet").write_bytes(WRITE["parquet"](data))
    result = bce(*options, "preds.parquet")
    shown = data.schema.field("u").type
    message = f"preds.parquet: {role} (column 'u') is of type"
    assert result.exit_code == 65
    assert result.stderr.startswith(f"bce: error: {message} {str(shown)[:4]}")
    assert result.stderr.endswith(f", not text\n{PART.get(str(shown)[:4], '')}")


@pytest.mark.parametrize(("value", "kind"), [("[1]", "an array"), ('{"a": 1}', "an object")])
def test_a_nested_id_of_json_is_refused_by_the_name_of_its_key(
    value: str, kind: str, bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    name = preds(f'{{"y":1,"p":0.5,"u":{value}}}\n', "preds.jsonl")
    result = bce("compute", name, "--id", "u")
    error, hint = f"bce: error: preds.jsonl, line 1: id (key 'u') is {kind}\n", PART[kind]
    assert result.stderr == error + hint.replace(" or 'u[1]'", "")
