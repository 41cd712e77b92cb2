"""Numbers found between delimiters are those that the parser reads, or are left to it."""

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bce_cli.errors import BceError
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.delimited import DelimitedFile
from bce_cli.readers.grammar import Grammar, InputOptions
from bce_cli.readers.plain_fields import (
    PlainFields,
    _floats_by_arrow,
    _floats_by_python,
)

HEADER = b"id,y,p,w\n"


def found(text: bytes, n_columns: int, *wanted: int) -> PlainFields | None:
    return PlainFields.found(np.frombuffer(text, np.uint8), ",", n_columns, wanted)


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1 << 19])
def test_fields_are_found_across_pieces(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bce_cli.readers.plain_fields._PIECE", piece)
    fields = found(b"1,a,0.25\n0,bc,1e-3\n1,,0.5\n", 3, 0, 2)
    assert fields is not None
    assert fields.n == 3
    bits, floats = fields.bits(0), fields.floats(2)
    assert bits is not None
    assert floats is not None
    assert bits.tolist() == [True, False, True]
    assert floats.tolist() == [0.25, 0.001, 0.5]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"1,0.5",
        b"1,0.5\n\n0,0.5\n",
        b"1,0.5\n0\n",
        b"1,0.5\n0\n,0.5\n",
        b"1,0.5,\n0\n",
        b"1\n,0.5\n0,0.5\n",
        b"1,0.5,0\n",
    ],
)
def test_lines_of_other_lengths_are_left_to_the_parser(text: bytes) -> None:
    assert found(text, 2, 0, 1) is None


@pytest.mark.parametrize("text", [b"1,0.5\n,0.5\n", b"1,0.5\n2,0.5\n", b"10,0.5\n", b"true,1\n"])
def test_labels_of_other_texts_are_left_to_the_parser(text: bytes) -> None:
    fields = found(text, 2, 0, 1)
    assert fields is not None
    assert fields.bits(0) is None


@pytest.mark.parametrize(
    ("lines", "label"),
    [
        (["0,0.25", "1,1e-3", "1,0.123456789012345678"], 0),
        (["0.25,0", "0.001,1", "0.5,1"], 1),
        (["0,1", "1,0"], 0),  # two line ends among eight bytes
        ([",0.5", "1,0.5"], 0),
        (["0.5,", "0.5,1"], 1),
        (["1.0,1", "0.5,0"], 1),
    ],
    ids=str,
)
@pytest.mark.parametrize("piece", [8, 24, 1 << 20])
def test_a_column_of_one_character_is_found_by_the_line_ends(
    lines: list[str], label: int, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bce_cli.readers.plain_fields._PIECE", piece)
    text = "".join(f"{line}\n" for line in lines)
    fields = found(text.encode(), 2, 0, 1)
    assert fields is not None
    for place in (0, 1):
        ends, width = fields.ends[place].tolist(), [len(line.split(",")[place]) for line in lines]
        begins = [0, *(end + 1 for end in fields.ends[1].tolist()[:-1])]
        if place:
            begins = [end + 1 for end in fields.ends[0].tolist()]
        assert [end - begin for begin, end in zip(begins, ends, strict=True)] == width
    bits = fields.bits(label)
    wanted = [line.split(",")[label] for line in lines]
    assert (None if bits is None else bits.tolist()) == (
        None if "" in wanted else [word == "1" for word in wanted]
    )


@given(st.lists(st.text("01.,\n", max_size=12), max_size=8), st.sampled_from([0, 1]))
def test_whatever_is_found_is_what_stands_between(lines: list[str], label: int) -> None:
    text = "".join(f"{f'1,{line}' if label else f'{line},1'}\n" for line in lines).encode()
    fields = found(text, 2, 0, 1)
    records = [line.split(b",") for line in text.splitlines()]
    are_plain = bool(lines) and all(len(record) == 2 for record in records)
    assert (fields is not None) == are_plain
    if fields is not None:
        first, last = fields.ends[0].tolist(), fields.ends[1].tolist()
        begins = [0, *(end + 1 for end in last[:-1])]
        cells = zip(begins, first, last, strict=True)
        assert [[text[a:b], text[b + 1 : c]] for a, b, c in cells] == records


NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(-2, 2, allow_nan=False, places=25).map(str),
    st.text("0123456789.eE+-_ xinfa", max_size=8),
)


@given(st.lists(NUMBERS, min_size=1, max_size=6))
def test_python_reads_numbers_as_arrow_does(numbers: list[str]) -> None:
    for some in (numbers, *([number] for number in numbers)):
        text = np.frombuffer("".join(f"{number}," for number in some).encode(), np.uint8)
        ends = np.flatnonzero(text == ord(",")).astype(np.int32)
        begins = np.append(0, ends[:-1] + 1).astype(np.int32)
        by_python, by_arrow = (
            way(text, begins, ends) for way in (_floats_by_python, _floats_by_arrow)
        )
        if by_python is not None and np.isfinite(by_python).all() and by_arrow is not None:
            assert by_python.tobytes() == by_arrow.tobytes()
        if by_python is None and by_arrow is not None:  # left to Arrow: signs and the like
            assert any(sign in number for number in some for sign in "+_ xinfa")


CELLS = {
    "y": ["0", "1", "1", "0", "", "1.0", "true", " 1", "2", "01"],
    "p": [
        *("0.25", "5e-1", "1", "0", "+0.5", ".5", "0.", " 0.5", "", "nan", "inf", "-0.0"),
        *("1e-400", "0.99999999999999999", "0x1p-1", "0,5", "1_0", "x", "2", "0.5\r", '"0.5"'),
    ],
    "w": ["1", "2.5", "0", "-1", "1e999", "", "\N{NO-BREAK SPACE}1"],
}


def outcome(text: bytes, grammar: Grammar, *, is_plain: bool) -> Any:  # noqa: ANN401 -- rows or an error
    """Read text as a command does, with or without the way that is tested."""
    columns = ColumnChoice(label="y", prediction="p", weight="w")
    options = InputOptions(columns=columns, grammar=grammar)
    try:
        blocks = DelimitedFile(io.BytesIO(text), "-", (), options).blocks()
        readings = [replace(b, is_plain=b.is_plain and is_plain).read() for b in blocks]
    except BceError as error:
        return type(error), error.said
    arrays = [
        None if values is None else values.tobytes()
        for reading in readings
        for rows in [reading.rows]
        for values in (rows.labels, rows.probabilities, rows.weights, rows.missing, rows.logits)
    ]
    return arrays, [reading.label_values for reading in readings]


SETTINGS = [
    Grammar(),
    Grammar(soft_labels=True),
    Grammar(logits=True),
    Grammar(drop_missing=True),
    Grammar(positive="1"),
]


@pytest.mark.parametrize("grammar", SETTINGS, ids=str)
def test_an_odd_cell_is_read_as_the_parser_reads_it(grammar: Grammar) -> None:
    for at, cells in enumerate(CELLS.values()):
        for cell in cells:
            odd = ["1", "0.25", "1"]
            odd[at] = cell
            lines = ["r,0,0.75,1", f"r,{','.join(odd)}", "r,1,0.5,2", ""]
            text = HEADER + "\n".join(lines).encode()
            found, wanted = (outcome(text, grammar, is_plain=way) for way in (True, False))
            assert found == wanted, (at, cell)


@given(
    st.lists(
        st.tuples(*(st.sampled_from(CELLS[name][:4] * 6 + CELLS[name]) for name in "ypw")),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(SETTINGS),
    st.sampled_from(["\n", "\n", "\n\n", ""]),
)
def test_every_way_reads_the_same(
    lines: list[tuple[str, str, str]], grammar: Grammar, end: str
) -> None:
    text = HEADER + ("\n".join(f"r,{y},{p},{w}" for y, p, w in lines) + end).encode()
    assert outcome(text, grammar, is_plain=True) == outcome(text, grammar, is_plain=False)
