"""Tables on a terminal: numbers whole, words wrapped, text from outside left alone."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bce_cli.readers.columns import ColumnChoice
from bce_cli.render.layout import Column, Look, Section
from bce_cli.render.records import finite, float_texts, write_csv, write_json
from bce_cli.render.terminal import draw
from bce_cli.render.write import write_document
from tests.budgets import examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from bce_cli.render.compute import ComputeDocument

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
NUMBER = re.compile(r"-?\d[\d.,e+-]*")
TEXT = "y,p,id\n" + "".join(f"{i % 2},0.{i + 1:016},row {i}\n" for i in range(30)) + "1,1e-300,z\n"


@pytest.fixture
def built(preds: Callable[..., str], document: Callable[..., ComputeDocument]) -> ComputeDocument:
    return document(preds(TEXT), n_worst=5, choice=ColumnChoice(id="id"))


@pytest.mark.parametrize("width", [1, 20, 40, 60])
def test_a_narrow_report_has_no_number_that_a_wide_one_has_not(
    width: int, built: ComputeDocument
) -> None:
    def numbers(columns: int) -> set[str]:
        return set(NUMBER.findall(write_document(built, "table", Look(width=columns))))

    assert numbers(width) <= numbers(120)


@pytest.mark.parametrize("width", [1, 20, 40, 80, 120, 300])
def test_every_cell_stands_on_one_line(width: int) -> None:
    cells = ("1.2345678901234567e-300", "9,007,199,254,740,993", "-0.30000000000000004")
    section = Section(
        title="Title",
        columns=(Column("a"), Column("b"), Column("c"), Column("d", is_text=True, wraps=True)),
        rows=((*cells, "words that may be broken into lines"),),
    )
    lines = draw([section], Look(width=width)).splitlines()
    assert [sum(cell in line for line in lines) for cell in cells] == [1, 1, 1]


@pytest.mark.parametrize("width", [80, 100, 120, 300])
def test_a_table_keeps_within_the_width_and_120_columns(width: int, built: ComputeDocument) -> None:
    text = write_document(built, "table", Look(width=width))
    assert max(map(len, text.splitlines())) <= min(width, 120)


def test_no_line_ends_in_spaces(built: ComputeDocument) -> None:
    lines = write_document(built, "table", Look()).splitlines()
    assert [line for line in lines if line != line.rstrip()] == []


def test_colours_change_nothing_but_colours(built: ComputeDocument) -> None:
    plain = write_document(built, "table", Look())
    coloured = write_document(built, "table", Look(color=True))
    assert ESCAPES.search(plain) is None
    assert ESCAPES.search(coloured) is not None
    stripped = [line.rstrip() for line in ESCAPES.sub("", coloured).splitlines()]
    assert stripped == plain.splitlines()


@pytest.mark.parametrize("text", ["[red]x[/red]", ":smile:", "[/]", "[link=http://x]y", "\\[b]"])
@pytest.mark.parametrize("unicode", [True, False])
def test_markup_and_emoji_codes_are_shown_as_they_stand(text: str, unicode: bool) -> None:
    columns = (Column(text, is_text=True), Column(text, is_text=True, wraps=True))
    section = Section(title=text, columns=columns, rows=((text, text),), notes=(text,))
    for color in (True, False):
        drawn = draw([section], Look(color=color, unicode=unicode))
        assert drawn.count(text) == 6


def test_sections_are_drawn_one_below_the_other_with_a_blank_line() -> None:
    sections = [
        Section(title=title, columns=(Column("n"),), rows=(("1",),), notes=("Note.",))
        for title in ("First", "Second")
    ]
    part = "{}\nn\n{}\n1\nNote.\n"
    ascii_text = draw(sections, Look(unicode=False))
    assert re.sub(r"-+", "{}", ascii_text) == f"{part}\n{part}".replace("{}", "First", 1).replace(
        "\n\n{}", "\n\nSecond"
    )


numbers = st.floats() | st.floats(1e-6, 1e-3) | st.floats(1e15, 1e17) | st.none()
texts = st.text(',"\\\r\n\0 =aé\u2028😀', max_size=4)
cells = texts | numbers | st.integers() | st.booleans()


@settings(max_examples=examples(300))
@given(st.lists(numbers, min_size=1))
def test_numbers_written_fast_are_those_that_python_writes(values: list[float | None]) -> None:
    assert float_texts(values) == ["" if value is None else str(value) for value in values]


@settings(max_examples=examples(100))
@given(
    st.lists(st.tuples(cells, cells), min_size=1, max_size=4),
    st.lists(numbers, min_size=4, max_size=4),
    st.sampled_from([1, 60]),
)
def test_csv_is_what_the_standard_library_writes(
    rows: list[tuple[Any, ...]], many: list[float | None], times: int
) -> None:
    lines = [
        {str(key): value for key, value in enumerate((*row, number))}
        for row, number in zip(rows * times, many * times, strict=False)
    ]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(lines[0])
    for line in lines:
        values = line.values()
        writer.writerow([str(v).lower() if isinstance(v, bool) else v for v in values])
    assert write_csv(lines) == stream.getvalue()


@pytest.mark.parametrize("cell", [None, "", "a", 0.5])
def test_csv_of_one_column_is_what_the_standard_library_writes(cell: float | str | None) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows([["a"], [cell]])
    assert write_csv([{"a": cell}]) == stream.getvalue()


records = st.recursive(
    numbers | st.integers() | st.booleans() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)


def plain(record: Any) -> Any:  # noqa: ANN401 -- any JSON value
    if isinstance(record, dict):
        return {key: plain(value) for key, value in record.items()}
    return [*map(plain, record)] if isinstance(record, list) else finite(record)


@settings(max_examples=examples(100))
@given(records)
def test_json_is_what_the_standard_library_writes(record: Any) -> None:  # noqa: ANN401
    assert write_json(record) == json.dumps(plain(record), indent=2) + "\n"


def test_json_has_what_else_values_are_made_to_be() -> None:
    record = {"a": (1.5, math.inf), "b": [], "c": {}, "d": [[1]]}
    assert write_json(record, lambda value: f"<{value}>") == (
        json.dumps({"a": ["<1.5>", "<inf>"], "b": [], "c": {}, "d": [["<1>"]]}, indent=2) + "\n"
    )
