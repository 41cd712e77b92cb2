"""Files of more than one block, so that every byte of a row falls on a boundary once."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

import pytest

from bce_cli.readers import grammar
from tests.corpus.cases import TWO, Case, bad, good
from tests.corpus.conftest import SMALL_BLOCK
from tests.corpus.packing import PACK

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 1 << 20

UNITS: dict[str, tuple[str, tuple[str, ...]]] = {
    "CRLF": ("1,.5,\r\n0,.25,\r\n", ()),
    "CR": ("1,.5,\r0,.25,\r", ()),
    "blank lines": ("1,.5,\n\n\r\n0,.25,\n", ()),
    "doubled quotes": ('1,.5,"a""b"\n0,.25,""\n', ()),
    "quoted line breaks": ('1,.5,"\r\n""\n"\r\n0,.25,"\n,"\r\n', ()),
    "rows within quotes": ('1,.5,"\n1,.5,\n"\n0,.25,\n', ()),
    "comments": ('1,.5,\n# "\n0,.25,"#"\n', ("--comment", "#")),
    "long marks of comments": ("1,.5,\n// a\n0,.25,//\n", ("--comment", "//")),
    "comments that are none": ('1,.5,"\n# ""\n"\n0,.25,\n', ("--comment", "#")),
    "letters of four bytes": ("1,.5,\U0001f44d\n0,.25,\u0a0d\n", ()),
    "bytes that are no text": ("1,.5,\udcff\n0,.25,\udce9\udc80\n", ()),
}

ALIGNED = [
    pytest.param(name, shift, id=f"{name}-{shift}")
    for name, (unit, _) in UNITS.items()
    for shift in range(len(unit.encode("utf-8", "surrogateescape")))
]


def _file(name: str, shift: int, size: int = SMALL_BLOCK) -> tuple[bytes, int]:
    unit = UNITS[name][0].encode("utf-8", "surrogateescape")
    end = b"\r" if name == "CR" else b"\n"
    header = b"y,p," + b"x" * (shift + 1) + end
    times = size // len(unit) + 2
    return header + unit * times, times


@pytest.mark.few(20)
@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(("name", "shift"), ALIGNED)
def test_no_row_is_lost_or_split_between_blocks(
    name: str, shift: int, judge: Callable[[Case], None]
) -> None:
    data, times = _file(name, shift)
    judge(good(data, TWO * times, *UNITS[name][1]))


@pytest.mark.deep
@pytest.mark.parametrize("shift", [0, 1])
@pytest.mark.parametrize("name", UNITS)
def test_nor_between_blocks_of_their_usual_size(
    name: str, shift: int, judge: Callable[[Case], None]
) -> None:
    data, times = _file(name, shift, grammar.BLOCK_BYTES)
    judge(good(data, TWO * times, *UNITS[name][1]))


@pytest.mark.few(20)
@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("name", UNITS)
@pytest.mark.parametrize("shift", [0, 1, 5])
def test_a_line_is_counted_through_blocks(
    name: str, shift: int, judge: Callable[[Case], None]
) -> None:
    data, _ = _file(name, shift)
    ends = data.count(b"\r" if name == "CR" else b"\n")
    error = rf"preds\.csv, line {ends + 1}: prediction 7\b"
    judge(bad(data + b"1,7,", error, *UNITS[name][1]))


JSON = '{"y":1,"p":0.5,"t":"\u0a0d\U0001f44d\\n"}\r\n\n{"p":0.25,"y":0}\n'


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("shift", range(0, len(JSON), 3))
def test_no_line_of_json_is_lost_between_blocks(shift: int, judge: Callable[[Case], None]) -> None:
    times = SMALL_BLOCK // len(JSON.encode()) + 2
    first = '{"y":0,"p":0.25,"t":"' + "x" * shift + '"}\n'
    judge(good(first + JSON * times, (TWO[1], *TWO * times), name="preds.jsonl"))


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("shift", range(12))
def test_no_letter_of_utf16_is_split_between_blocks(
    shift: int, encoding: str, judge: Callable[[Case], None]
) -> None:
    unit = '1,.5,\U0001f44d\r\n0,.25,"\u0a0d\r\n"\n'
    times = SMALL_BLOCK // len(unit.encode(encoding)) + 2
    mark = codecs.BOM_UTF16_LE if encoding == "utf-16-le" else codecs.BOM_UTF16_BE
    data = mark + ("y,p," + "x" * shift + "\n" + unit * times).encode(encoding)
    judge(good(data, TWO * times))


@pytest.mark.parametrize("codec", PACK)
def test_no_row_is_lost_between_members_of_a_mib(codec: str, judge: Callable[[Case], None]) -> None:
    data, times = _file("quoted line breaks", 3, MIB)
    cuts = [0, MIB - 1, MIB, MIB + 1, len(data)]
    members = [data[cuts[i] : cuts[i + 1]] for i in range(4)]
    judge(good(b"".join(map(PACK[codec], members)), TWO * times))
