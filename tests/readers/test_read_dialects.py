"""What counts as CSV text, and which rows it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bce_cli.readers.columns import ColumnChoice

if TYPE_CHECKING:
    from collections.abc import Callable

TWO = [(1, 0.5), (0, 0.25)]

DIALECTS = {
    "plain": (b"y,p\n1,.5\n0,.25\n", TWO),
    "all quoted": (b'"y","p"\n"1","0.5"\n"0","0.25"\n', TWO),
    "quoted comma": (b'y,t,p\n1,"a,b",.5\n0,",",.25\n', TWO),
    "quoted line breaks": (b'y,t,p\n1,"a\nb\n",.5\n0,"\r\n",.25\n', TWO),
    "quoted line break in the header": (b'y,"a\nb",p\n1,x,.5\n0,x,.25\n', TWO),
    "doubled quotes": (b'y,t,p\n1,"a""b",.5\n0,"""",.25\n', TWO),
    "empty quoted field": (b'y,p,t\n1,.5,""\n0,.25,""\n', TWO),
    "CRLF": (b"y,p\r\n1,.5\r\n0,.25\r\n", TWO),
    "CRLF and quoted line feeds": (b'y,p,t\r\n1,.5,"a\nb"\r\n0,.25,"\n"\r\n', TWO),
    "CR only": (b"y,p\r1,.5\r0,.25\r", TWO),
    "CR only, no final one": (b"y,p\r1,.5\r0,.25", TWO),
    "CR only, quoted": (b'y,p,t\r1,.5,"a\rb"\r0,.25,c\r', TWO),
    "byte order mark": (b"\xef\xbb\xbfy,p\n1,.5\n0,.25\n", TWO),
    "byte order mark, quotes": (b'\xef\xbb\xbf"y",p\n1,.5\n0,.25\n', TWO),
    "byte order mark, blank line": (b"\xef\xbb\xbf\ny,p\n1,.5\n0,.25\n", TWO),
    "no final line end": (b"y,p\n1,.5\n0,.25", TWO),
    "no final line end, quoted": (b'y,p\n1,.5\n0,"0.25"', TWO),
    "blank lines": (b"\n\r\n\ny,p\n\n\n1,.5\n\n0,.25\n\n\n", TWO),
    "blank CRLF lines": (b"\r\ny,p\r\n\r\n1,.5\r\n\r\n\r\n0,.25\r\n\r\n", TWO),
    "spaces around numbers": (b"y,p\n 1 , .5\n0  ,\t0.25\t\n", TWO),
    "spaces around names": (b" y ,\tp\t\n1,.5\n0,.25\n", TWO),
    "bytes that are no UTF-8": (b"y,p,t\n1,.5,\xff\xfe\n0,.25,caf\xe9\n", TWO),
    "NUL in an unused column": (b"y,p,t\n1,.5,\x00\n0,.25,a\x00b\n", TWO),
    "unnamed column": (b",y,p\n0,1,.5\n1,0,.25\n", TWO),
    "columns swapped": (b"p,y\n.5,1\n.25,0\n", TWO),
    "customary names in capitals": (b"Y_True,Y_Prob\n1,.5\n0,.25\n", TWO),
}


@pytest.mark.few(10)
@pytest.mark.parametrize(("data", "rows"), DIALECTS.values(), ids=DIALECTS)
def test_a_dialect_stands_for_exactly_these_rows(
    data: bytes,
    rows: list[tuple[int, float]],
    block_bytes: int,
    preds: Callable[..., str],
    read: Callable[..., list[tuple[int, float, str | None]]],
) -> None:
    expected = [(label, prediction, None) for label, prediction in rows]
    assert read(preds(data), block_bytes=block_bytes) == expected


NUMBERS = [".5", "5e-1", "5E-1", "+0.5", "5.e-1", "0.50", '"0.5"', "00.5", "0.5e0", "50e-02"]


@pytest.mark.parametrize("text", NUMBERS)
def test_a_half_can_be_written_in_many_ways(
    text: str, preds: Callable[..., str], read: Callable[..., list[object]]
) -> None:
    assert read(preds(f"y,p\n1,{text}\n")) == [(1, 0.5, None)]


@pytest.mark.parametrize(
    ("text", "label"),
    [("0.0", 0), ("1.0", 1), ("+1", 1), ("-0", 0), ("1e0", 1), ("1.", 1), ('"1"', 1), ("01", 1)],
)
def test_a_label_is_a_number_that_equals_0_or_1(
    text: str, label: int, preds: Callable[..., str], read: Callable[..., list[object]]
) -> None:
    assert read(preds(f"y,p\n{text},.5\n")) == [(label, 0.5, None)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0.0),
        ("1.", 1.0),
        ("5e-324", 5e-324),
        ("0e-400", 0.0),
        ("0.1", 0.1),
        ("0.99999999999999994", 0.9999999999999999),
        ("0.30000000000000004", 0.30000000000000004),
        ("2.2250738585072011e-308", 2.225073858507201e-308),
        ("0.1000000000000000055511151231257827021181583404541015625", 0.1),
    ],
)
def test_a_prediction_is_the_nearest_float(
    text: str, value: float, preds: Callable[..., str], read: Callable[..., list[object]]
) -> None:
    assert read(preds(f"y,p\n1,{text}\n")) == [(1, value, None)]


def test_ids_are_the_text_of_their_cells(
    block_bytes: int, preds: Callable[..., str], read: Callable[..., list[object]]
) -> None:
    path = preds('name,y,p\n"a,""b""\n",1,.5\n,0,.25\n é ,1,1\nNA,0,0\n007,1,1\n')
    rows = read(path, block_bytes=block_bytes, choice=ColumnChoice(id="name"))
    expected = ['a,"b"\n', "", " é ", "NA", "007"]
    assert rows == [
        (label, prediction, text)
        for (label, prediction), text in zip(
            [*TWO, (1, 1.0), (0, 0.0), (1, 1.0)], expected, strict=True
        )
    ]


def test_columns_are_found_by_name_in_every_file(
    block_bytes: int, preds: Callable[..., str], read: Callable[..., list[object]]
) -> None:
    first = preds("y,p,t\n1,.5,a\n", "first.csv")
    second = preds("t,p,more,y\r\nb,.25,x,0\r\n", "second.csv")
    rows = read(first, second, block_bytes=block_bytes, choice=ColumnChoice(id="t"))
    assert rows == [(1, 0.5, "a"), (0, 0.25, "b")]


def test_a_place_is_counted_in_every_file_anew(
    preds: Callable[..., str], read: Callable[..., list[object]]
) -> None:
    first, second = preds("a,b\n1,.5\n", "first.csv"), preds("c,d\n0,.25\n", "second.csv")
    rows = read(first, second, choice=ColumnChoice(label="#1", prediction="#2"))
    assert rows == [(1, 0.5, None), (0, 0.25, None)]


@pytest.mark.few(10)
@pytest.mark.parametrize(
    "data", [b"y,p\r1,.5\n0,.25\r\n", b"y,p\n1,.5\r0,.25\r\n", b"y,p\r\n1,.5\r0,.25\n"]
)
def test_mixed_line_ends_never_lose_a_row(
    data: bytes, block_bytes: int, preds: Callable[..., str], read: Callable[..., list[object]]
) -> None:
    rows = read(preds(data), block_bytes=block_bytes)
    assert rows == [(1, 0.5, None), (0, 0.25, None)]


def test_an_unused_cell_may_begin_with_a_byte_order_mark(
    block_bytes: int, preds: Callable[..., str], read: Callable[..., list[object]]
) -> None:
    path = preds("t,y,p\n\ufeffa,1,.5\n\ufeffb,0,.25\n")
    assert read(path, block_bytes=block_bytes) == [(1, 0.5, None), (0, 0.25, None)]
