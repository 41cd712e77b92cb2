"""Tables on a terminal: numbers whole, words wrapped, text from outside left alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bce_cli.readers.columns import ColumnChoice
from bce_cli.render.layout import Column, Look, Section
from bce_cli.render.terminal import draw
from bce_cli.render.write import write_document

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
