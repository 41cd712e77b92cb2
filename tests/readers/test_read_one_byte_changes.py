"""A file in which one byte is wrong is refused, or means what a second reader finds in it."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bce_cli.data.data import open_data
from bce_cli.engine.run import Job, collect_rows
from bce_cli.errors import DataError, InputError
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.grammar import Grammar, InputOptions, Layout
from tests.budgets import examples, stride
from tests.readers.reference import Refused, Row, Rules, read_csv, read_json, variations

CSV: list[tuple[bytes, Rules]] = [
    (b"y,p,t\n1,0.5,a\n0,0.25,b\n", Rules()),
    (b"y,p,t\n1,0.5,a\n0,0.25,b\n", Rules(delimiter=",")),
    (b'y,p,t\r\n1,".5","a,b"\r\n0,5e-1,"q""q"\r\n', Rules(delimiter=",")),
    (b't,p,y\r"a\rb",0.5,true\r\r"a\nb",1.0,false\r', Rules(delimiter=",")),
    (b"\xef\xbb\xbfy;p;t\n1;0,5;caf\xc3\xa9\n0;,25;b", Rules(decimal=",")),
    (b"# y,p,t\ny|p|t\n1|0.5|a\n#1|1|1\n0|0|#\n", Rules(delimiter="|", comment="#")),
    (b"0,0.5,a\n1,1,b\n", Rules(delimiter=",", has_header=False)),
    (b"y,p,t\n1,NA,a\nnull,0.5,b\n0,0.5,nan\n", Rules(delimiter=",", drop_missing=True)),
    (b"y,p,t\nno,0.5,a\nyes,0.25,b\n", Rules(delimiter=",", positive="yes")),
    (b'y,p,t\nno,0.5,a\n,0.25,b\n"yes",,c\n', Rules(",", positive="yes", drop_missing=True)),
    ("y\tp\tt\n1\t0.5\ta\n0\t0.25\t\u00e9\n".encode("utf-16"), Rules(delimiter="\t")),
    (b"y,p,t\n1,0.5,caf\xe9\n0,0.25,b\n", Rules(delimiter=",", encoding="latin-1")),
]
JSON: list[tuple[bytes, Rules]] = [
    (b'{"y": 1, "p": 0.5, "t": "a"}\n{"p": 5e-1, "t": "b", "y": 0}\n', Rules()),
    (b'{"y":true,"x":{"y":[1]},"p":"0.5","t":"\\u00e9"}\r\n\r\n{"y":"0","p":1,"t":null}', Rules()),
    (b'{"y": "b", "p": 0.5, "t": "caf\xc3\xa9"}\n{"y": "a", "p": 1}\n', Rules(positive="a")),
    (b'{"y": null, "p": 0.5, "t": ""}\n{"y": 1, "p": 0.5, "t": "NA"}\n', Rules(drop_missing=True)),
]
STRUCTURAL = b'",;\n\r\t |#{}[]:\\0158.-+eEyptnN/\0\x80\xc3\xff'

ALL = [*((*case, False) for case in CSV), *((*case, True) for case in JSON)]


def found_in(data: bytes, rules: Rules, *, is_json: bool = False, block_bytes: int) -> list[Row]:
    path = Path("preds.jsonl" if is_json else "preds.csv")
    path.write_bytes(data)
    has_places = not rules.has_header
    options = InputOptions(
        ColumnChoice(*(("#1", "#2", None, "#3") if has_places else ("y", "p", None, "t"))),
        Grammar(rules.positive, drop_missing=rules.drop_missing, decimal=rules.decimal),
        Layout(
            "jsonl" if is_json else "csv",
            rules.delimiter,
            rules.has_header,
            rules.encoding,
            rules.comment,
        ),
        block_bytes,
    )
    rows = collect_rows(Job(open_data([str(path)], options), 1))
    labels = rows.labels.astype(float).tolist()
    return list(zip(labels, rows.probabilities.tolist(), rows.ids or (), strict=True))


def answer_of(data: bytes, rules: Rules, *, is_json: bool, block_bytes: int) -> list[Row] | None:
    try:
        return found_in(data, rules, is_json=is_json, block_bytes=block_bytes)
    except (DataError, InputError):
        return None


def confirmed(data: bytes, rules: Rules, *, is_json: bool) -> list[Row] | None:
    try:
        return (read_json if is_json else read_csv)(data, rules)
    except Refused:
        return None


def assert_confirmed(data: bytes, rules: Rules, *, is_json: bool, block_bytes: int) -> None:
    answer = answer_of(data, rules, is_json=is_json, block_bytes=block_bytes)
    expected = confirmed(data, rules, is_json=is_json)
    if is_json and answer is None:
        return  # a key that the first object lacks may be refused
    assert answer == expected, data


@pytest.mark.parametrize(("is_json", "cases"), [(False, CSV), (True, JSON)])
def test_both_readers_read_the_valid_files(
    *, is_json: bool, cases: list[tuple[bytes, Rules]]
) -> None:
    for data, rules in cases:
        rows = confirmed(data, rules, is_json=is_json)
        assert rows
        assert found_in(data, rules, is_json=is_json, block_bytes=64) == rows


@pytest.mark.deep
@pytest.mark.parametrize("block_bytes", [7, 1 << 16])
@pytest.mark.parametrize(("data", "rules", "is_json"), ALL, ids=map(str, range(len(ALL))))
def test_a_structural_byte_too_many_or_too_few_changes_nothing_in_silence(
    data: bytes, rules: Rules, block_bytes: int, *, is_json: bool
) -> None:
    signs = STRUCTURAL[::3] if block_bytes > len(data) else STRUCTURAL[::9]
    for changed in islice(variations(data, signs), 0, None, stride()):
        assert_confirmed(changed, rules, is_json=is_json, block_bytes=block_bytes)


@given(
    st.sampled_from(ALL),
    st.integers(0, 200),
    st.sampled_from(["replace", "insert", "delete"]),
    st.integers(0, 255) | st.sampled_from(list(STRUCTURAL)),
    st.integers(1, 64),
)
@settings(max_examples=examples(1200), deadline=None)
def test_any_byte_changed_changes_nothing_in_silence(
    case: tuple[bytes, Rules, bool], at: int, change: str, byte: int, block_bytes: int
) -> None:
    data, rules, is_json = case
    at %= len(data) + (change == "insert")
    new = b"" if change == "delete" else bytes([byte])
    changed = data[:at] + new + data[at + (change != "insert") :]
    assert_confirmed(changed, rules, is_json=is_json, block_bytes=block_bytes)
