"""JSON lines of numbers that all look like the first are read as the parser of JSON reads them."""

import io

import numpy as np
import pytest

from bce_cli.errors import BceError
from bce_cli.readers import json_lines
from bce_cli.readers.grammar import Grammar, InputOptions
from bce_cli.readers.regular_lines import RegularLines

START = b'{"y": 1, "p": 0.25, "x": -7}\n{"y": 0, "p": 1e-3, "x": 10}\n'


def numbers_of(data: bytes) -> dict[str, list[float]] | None:
    lines = RegularLines.found(memoryview(bytearray(data)))
    columns = {} if lines is None else {name: lines.floats(name) for name in lines.spans}
    lists = {name: v.tolist() for name, v in columns.items() if v is not None}
    return lists if lists and len(lists) == len(columns) else None


def read(data: bytes, *, logits: bool = False) -> str:
    """Return what some lines are read as, or why they are not."""
    try:
        file = json_lines.JsonFile(
            io.BytesIO(data), "rows", InputOptions(grammar=Grammar(logits=logits))
        )
        rows = [block.read().rows for block in file.blocks()]
    except BceError as error:
        return f"{type(error).__name__}: {error}"
    return repr([(r.labels.tolist(), r.probabilities.tolist(), r.missing) for r in rows])


def test_lines_like_the_first_are_read_as_they_are() -> None:
    table = numbers_of(START)
    assert table == {"y": [1.0, 0.0], "p": [0.25, 0.001], "x": [-7.0, 10.0]}


def test_seventeen_digits_are_the_nearest_number() -> None:
    values = np.random.default_rng(3).random(500)
    text = "".join(f'{{"p":{value!r}}}\r\n' for value in values.tolist())
    table = numbers_of(text.encode())
    assert table == {"p": values.tolist()}


ODD = (
    *("01", "1.", ".5", "-.5", "+1", "nan", "NaN", "Infinity", "1e", "-01", "1.e3", "1 2", "1,2"),
    *("0x1", "1_0", "-", "1.5.2", "", "null", "true", '"1"', "[1]", "{}", "1\r", "1}{", "\u0661"),
    *("1e400", "-1e400"),
)


@pytest.mark.parametrize("place", ["y", "p", "x"])
def test_what_is_no_number_of_json_is_left_to_the_parser_of_json(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for odd in ODD:
        cells = {"y": "1", "p": "0.5", "x": "2"} | {place: odd}
        line = ", ".join(f'"{key}": {cell}' for key, cell in cells.items())
        data = START + f"{{{line}}}\n".encode()
        assert numbers_of(data) is None, odd
        found = read(data)
        with monkeypatch.context() as patch:
            patch.setattr(RegularLines, "found", lambda _data: None)
            assert found == read(data), odd


def test_a_logit_is_not_infinite_because_float64_cannot_hold_it() -> None:
    assert read(b'{"y": 1, "p": 0.5}\n{"y": 1, "p": -1e400}\n', logits=True) == (
        "ProbabilityError: rows, line 2: prediction -1e400 (column 'p') is finite, but "
        "float64 cannot hold it\na logit may be infinite, if it is written as inf"
    )


@pytest.mark.parametrize(
    "line",
    [
        b'{"p": 0.5, "y": 1, "x": 2}\n',
        b'{"y": 1, "p": 0.5}\n',
        b'{"y": 1, "p": 0.5, "x": 2, "x": 2}\n',
        b'{"y": 1, "p": 0.5, "x": 2} 1\n',
        b'{"y": 1, "p":  0.5 "x": 2}\n',
        b'{"y": 1, "q": 0.5, "x": 2}\n',
        b'{"y":1, "p": 0.5, "x": 2}\n',
        b"\n",
        b'{"y": 1, "p": 0.5, "x": 2}',
        b"1, 2, 3\n",
    ],
)
def test_a_line_unlike_the_first_is_left_to_the_parser_of_json(
    line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = START + line
    assert numbers_of(data) is None
    found = read(data)
    monkeypatch.setattr(RegularLines, "found", lambda _data: None)
    assert found == read(data)
