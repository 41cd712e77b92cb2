"""JSON Lines: one object a line, whatever else is in it, and every other shape refused."""

from __future__ import annotations

import gzip
import json
import random
from typing import TYPE_CHECKING

import pytest

from tests.corpus.cases import TWO, Case, Rows, bad, each, good

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST = '{"y": 1, "p": 0.5}\n'
LINES = FIRST + '{"y": 0, "p": 0.25}\n'
THREE: Rows = ((1, 0.5), (1, 0.75), (0, 0.25))
DEEP = "[" * 100_000 + "]" * 100_000


def _second(line: str) -> str:
    """Put a line between two sound ones."""
    return FIRST + line + '\n{"y": 0, "p": 0.25}\n'


def _many() -> tuple[str, Rows]:
    source = random.Random(2)  # noqa: S311 -- nothing secret
    rows = tuple((source.randrange(2), source.random()) for _ in range(3000))
    return "".join(json.dumps({"p": p, "y": y}) + "\n" for y, p in rows), rows


def _json(data: str | bytes | Callable[[], bytes], rows: Rows = TWO, *options: str) -> Case:
    return good(data, rows, *options, name="preds.jsonl")


SOUND = {
    "plain": _json(LINES),
    "no last line end": _json(LINES.rstrip()),
    "CRLF": _json(LINES.replace("\n", "\r\n")),
    "blank lines": _json("\n\n" + LINES.replace("\n", "\n\n")),
    "a byte order mark": _json("\ufeff" + LINES),
    "without spaces": _json(LINES.replace(" ", "")),
    "spaces and tabs about": _json(' \t{ "y" :1 ,\t"p": 0.5 } \n{"y":0,"p":0.25}  \n'),
    "keys in any order": _json('{"p": 0.5, "a": 0, "y": 1}\n{"y": 0, "b": [], "p": 0.25}\n'),
    "nested values of other keys": _json(
        '{"y": 1, "p": 0.5, "t": {"p": 9, "y": [9]}}\n{"t": [{"y": 7}, []], "y": 0, "p": 0.25}\n'
    ),
    "another key that changes its type": _json(
        '{"y":1,"p":0.5,"t":1}\n{"y":0,"p":0.25,"t":"a"}\n{"y":1,"p":0.5,"t":null}\n'
        '{"y":0,"p":0.25,"t":{"a":[1]}}\n{"y":1,"p":0.5,"t":1.5}\n{"y":0,"p":0.25,"t":[true]}\n',
        TWO * 3,
    ),
    "another key of 5,000 digits": _json(
        _second('{"y":1,"p":0.75,"t":1' + "0" * 5000 + "}"), THREE
    ),
    "another key beyond float64": _json(_second('{"y":1,"p":0.75,"t":1e999}'), THREE),
    "another key twice": _json(_second('{"y":1,"t":1,"p":0.75,"t":2}'), THREE),
    "wanted keys again, deeper": _json(_second('{"y":1,"t":{"y":1,"y":2,"p":3},"p":0.75}'), THREE),
    "wanted names within strings": _json(
        _second('{"t":"\\"p\\": 9, \\"y\\": 9","y":1,"p":0.75}'), THREE
    ),
    "braces and line ends within strings": _json(
        _second('{"t":"}{\\n\\r[","y":1,"p":0.75}'), THREE
    ),
    "line separators within strings": _json(
        _second('{"t":"a\u2028b\u2029c\x85","y":1,"p":0.75}'), THREE
    ),
    "half a surrogate within a string": _json(_second('{"t":"\\ud800","y":1,"p":0.75}'), THREE),
    "escapes in keys": _json(_second('{"\\u0079":1,"\\u0070":0.75}'), THREE),
    "labels true and false": _json('{"y": true, "p": 0.5}\n{"y": false, "p": 0.25}\n'),
    "labels 1.0 and 0.0": _json('{"y": 1.0, "p": 0.5}\n{"y": -0.0, "p": 25e-2}\n'),
    "labels in strings": _json('{"y": "1", "p": 0.5}\n{"y": "0", "p": 0.25}\n'),
    "true and false in strings": _json('{"y": "True", "p": 0.5}\n{"y": "FALSE", "p": 0.25}\n'),
    "predictions in strings": _json('{"y": 1, "p": "0.5"}\n{"y": 0, "p": ".25"}\n'),
    "whole predictions": _json(
        '{"y": 1, "p": 1}\n{"y": 0, "p": 0}\n{"y":1,"p":0.5}\n', ((1, 1), (0, 0), (1, 0.5))
    ),
    "exponents": _json('{"y": 1, "p": 5e-1}\n{"y": 0, "p": 2.5E-01}\n'),
    "all digits of a tenth": _json(
        '{"y":1,"p":0.1000000000000000055511151231257827021181583404541015625}\n', ((1, 0.1),)
    ),
    "3,000 numbers of 17 digits": _json(*_many()),
    "other names": _json(LINES.replace('"y"', '"a b"'), TWO, "-l", "a b"),
    "an empty name": _json(LINES.replace('"y"', '""'), TWO, "-l", ""),
    "a name with a quote": _json(LINES.replace('"y"', '"a\\"b"'), TWO, "-l", 'a"b'),
    "a name with a point": _json(LINES.replace('"p"', '"p.x"'), TWO, "-p", "p.x"),
    "words as labels": _json(
        '{"y": "spam", "p": 0.5}\n{"y": "NA", "p": 0.25}\n', TWO, "--positive", "spam"
    ),
    "1 and 2 as labels": _json('{"y": 2, "p": 0.5}\n{"y": 1, "p": 0.25}\n', TWO, "--positive", "2"),
    "soft labels": _json(
        '{"y":0.3,"p":0.5}\n{"y":1,"p":0.25}\n', ((0.3, 0.5), (1, 0.25)), "--soft-labels"
    ),
    "compressed": _json(gzip.compress(LINES.encode())),
    "200,000 lines": _json(lambda: LINES.encode() * 100_000, TWO * 100_000),
    "a line of 5 MB": _json(FIRST + '{"t":"' + "ab" * 2_500_000 + '","y":0,"p":0.25}\n'),
}


@pytest.mark.few(20)
@each(SOUND)
def test_an_object_a_line_is_a_row_a_line(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


FORMATS = {
    ".ndjson": good(LINES, name="preds.ndjson"),
    ".JSONL": good(LINES, name="PREDS.JSONL"),
    "no extension": good(LINES, name="preds"),
    ".json": good(LINES, name="preds.json"),
    ".csv, by its first byte": good(LINES, name="preds.csv"),
    "blank lines above": good("\n \n" + LINES, name="preds.log"),
    "a byte order mark": good("\ufeff" + LINES, name="preds"),
    "standard input": good(LINES, name="-"),
    "by request": good(LINES, TWO, "--input-format", "jsonl", name="preds.csv"),
    "compressed standard input": good(gzip.compress(LINES.encode()), name="-"),
    "the extension below .gz": good(gzip.compress(LINES.encode()), name="preds.jsonl.gz"),
    "UTF-16": good(LINES.encode("utf-16"), error="preds.jsonl", name="preds.jsonl"),
    "CSV on request": bad(LINES, r"preds\.jsonl", "--input-format", "csv", name="preds.jsonl"),
    "CSV in a .jsonl": bad("y,p\n1,.5\n", r"preds\.jsonl, line 1: ", name="preds.jsonl"),
    "an empty .jsonl": bad(
        "", r"preds\.jsonl: .*empty|preds\.jsonl: .*no rows", name="preds.jsonl"
    ),
    "blank lines alone": bad("\n\n", r"preds\.jsonl: ", name="preds.jsonl"),
    "Parquet in a .jsonl": bad(b"PAR1" + bytes(40) + b"PAR1", r"preds\.jsonl", name="preds.jsonl"),
}


@each(FORMATS)
def test_json_lines_are_recognised(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


PLACE = r"preds\.jsonl, line 2: "

SHAPES = {
    "two objects": '{"y":1,"p":0.5}{"y":0,"p":0.25}',
    "two objects and a space": '{"y":1,"p":0.5} {"y":0,"p":0.25}',
    "two objects and a comma": '{"y":1,"p":0.5},{"y":0,"p":0.25}',
    "a comma behind": '{"y":1,"p":0.5},',
    "text behind": '{"y":1,"p":0.5} # good',
    "NUL behind": '{"y":1,"p":0.5}\x00',
    "an array": '[{"y":1,"p":0.5}]',
    "an array of numbers": "[1, 0.5]",
    "null": "null",
    "true": "true",
    "a number": "1",
    "a string": '"y"',
    "an unfinished object": '{"y":1,"p":0.5',
    "an unfinished string": '{"y":1,"p":"0.5',
    "an unfinished key": '{"y":1,"p',
    "an opening brace": "{",
    "a closing brace": "}",
    "a word": "abc",
    "a comment": '// {"y":1,"p":0.5}',
    "single quotes": "{'y':1,'p':0.5}",
    "bare keys": "{y:1,p:0.5}",
    "a comma too many": '{"y":1,"p":0.5,}',
    "a colon too few": '{"y" 1,"p":0.5}',
    "Python": '{"y":True,"p":0.5}',
    "deep arrays": DEEP,
    "deep objects": '{"y":1,"p":0.5,"t":' + '{"a":' * 100_000 + "1",
    "deep and open": "[" * 100_000,
    "a record separator": '\x1e{"y":1,"p":0.5}',
    "a mark in the middle": '\ufeff{"y":1,"p":0.5}',
    "a vertical tab about": '\x0b{"y":1,"p":0.5}',
    "a no-break space about": '\xa0{"y":1,"p":0.5}',
    "two lines of CR": '{"y":1,"p":0.5}\r{"y":1,"p":0.5}',
    "CSV": "1,0.5",
}


@pytest.mark.few(20)
@each({name: bad(_second(line), PLACE, name="preds.jsonl") for name, line in SHAPES.items()})
def test_a_line_that_is_not_one_object_is_refused(
    case: Case, judge: Callable[[Case], None]
) -> None:
    judge(case)


OTHERS = {
    "deep values of another key": good(
        _second('{"y":1,"p":0.75,"t":' + DEEP + "}"),
        THREE,
        error=PLACE,
        name="preds.jsonl",
    ),
    "no UTF-8 in another key": good(
        b'{"y":1,"p":0.5,"t":"caf\xe9"}\n{"y":0,"p":0.25}\n',
        error=r"preds\.jsonl, line 1: ",
        name="preds.jsonl",
    ),
    "no UTF-8 in a wanted value": bad(
        FIRST.encode() + b'{"y":"\xff","p":0.25}\n', PLACE, name="preds.jsonl"
    ),
    "an indented document": bad(
        '{\n  "y": 1,\n  "p": 0.5\n}\n', r"preds\.jsonl, line 1: ", name="preds.jsonl"
    ),
    "cut off in the last line": bad(
        LINES + '{"y":1,"p":0.', r"preds\.jsonl, line 3: ", name="preds.jsonl"
    ),
    "a fault in line 200,001": bad(
        lambda: LINES.encode() * 100_000 + b'{"y":1,"p":1.5}',
        r"preds\.jsonl, line 200001: prediction 1\.5",
        name="preds.jsonl",
    ),
    "a fault below blank lines": bad(
        "\n\n" + FIRST + "\r\n\n" + '{"y":2,"p":0.5}\n',
        r"preds\.jsonl, line 6: label 2\b",
        name="preds.jsonl",
    ),
    "two faults": bad(
        _second('{"y":2,"p":0.5}\n{"y":1}'),
        PLACE + r"label 2\b.*; at least 1 more row is faulty$",
        name="preds.jsonl",
    ),
}


@pytest.mark.usefixtures("any_blocks")
@each(OTHERS)
def test_documents_are_read_or_refused_by_line(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)
