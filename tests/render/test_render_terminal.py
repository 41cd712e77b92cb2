"""Tables where there is little room: titles break, columns go, and then rows are stacked."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bce_cli.render.layout import Column, Judged, Look, Section, mean_loss_text
from bce_cli.render.terminal import draw

ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")


def drawn(section: Section, width: int) -> list[str]:
    return draw([section], Look(width=width)).splitlines()


SCORES = Section(
    "Scores",
    (
        Column("model", is_text=True),
        Column("mean loss, nats"),
        Column("95 % interval", spare=1),
        Column("share of rows", spare=2),
        Column("tied", spare=2),
    ),
    (
        ("logistic", "0.621211", "0.6097 to 0.6327", "51.2 %", "0"),
        ("boosting", "0.615716", "0.6023 to 0.6291", "48.8 %", "12"),
    ),
    notes=("A note.",),
)


def test_where_there_is_room_nothing_is_broken() -> None:
    assert drawn(SCORES, 70) == [
        "Scores",
        "model     mean loss, nats     95 % interval  share of rows  tied",
        "─" * 64,
        "logistic         0.621211  0.6097 to 0.6327         51.2 %     0",
        "boosting         0.615716  0.6023 to 0.6291         48.8 %    12",
        "A note.",
    ]
    assert drawn(SCORES, 64) == drawn(SCORES, 70)


def test_titles_break_at_spaces_first_on_as_few_lines_as_may_be() -> None:
    assert drawn(SCORES, 63) == [
        "Scores",
        "          mean loss,                      share",
        "model           nats     95 % interval  of rows  tied",
        "─" * 53,
        "logistic    0.621211  0.6097 to 0.6327   51.2 %     0",
        "boosting    0.615716  0.6023 to 0.6291   48.8 %    12",
        "A note.",
    ]


def test_then_columns_are_left_out_and_named_all_of_one_number_together() -> None:
    assert drawn(SCORES, 45) == [
        "Scores",
        "model     mean loss, nats     95 % interval",
        "─" * 43,
        "logistic         0.621211  0.6097 to 0.6327",
        "boosting         0.615716  0.6023 to 0.6291",
        "Left out at this width: share of rows, tied;",
        "a wider terminal or --format markdown has",
        "them.",
        "A note.",
    ]
    assert drawn(SCORES, 26)[1:6] == [
        "model     mean loss, nats",
        "─" * 25,
        "logistic         0.621211",
        "boosting         0.615716",
        "Left out at this width:",
    ]


def test_a_column_that_is_left_out_takes_its_meaning_with_it() -> None:
    spare = Column("measured", spare=1, meaning="measured: by hand.")
    section = Section("T", (Column("n"), spare, spare), (("12345", "678", "9"),), notes=("End.",))
    wide, narrow = (draw([section], Look(width=width)).splitlines() for width in (30, 20))
    assert wide[-3:] == ["measured: by hand.", "measured: by hand.", "End."]
    assert "".join(narrow).count("measured") == 1
    assert narrow[-1] == "End."


def test_then_rows_are_stacked_with_every_cell() -> None:
    essential = tuple(Column(c.title, is_text=c.is_text) for c in SCORES.columns)
    gap = ("⋮",) * 5
    section = Section("Scores", essential, (SCORES.rows[0], gap, SCORES.rows[1]), marked=(2,))
    assert drawn(section, 40) == [
        "Scores",
        "model              logistic",
        "  mean loss, nats  0.621211",
        "  95 % interval    0.6097 to 0.6327",
        "  share of rows    51.2 %",
        "  tied             0",
        "⋮",
        "model              boosting",
        "  mean loss, nats  0.615716",
        "  95 % interval    0.6023 to 0.6291",
        "  share of rows    48.8 %",
        "  tied             12",
    ]
    marked = draw([section], Look(width=40, color=True)).splitlines()
    assert ["36" in " ".join(ESCAPE.findall(line)) for line in marked[1:]] == [False] * 6 + [
        True
    ] * 5


def test_without_heads_a_stack_has_no_titles() -> None:
    columns = (Column("a", is_text=True), Column("b"), Column("c", is_text=True, wraps=True))
    rows = (("binary cross-entropy", "0.615716", "nats per row"),)
    section = Section("", columns, rows, has_head=False)
    assert drawn(section, 45)[1:] == ["binary cross-entropy  0.615716  nats per row"]
    assert drawn(section, 30)[1:] == [
        "binary cross-entropy",
        "  0.615716",
        "  nats per row",
    ]


def test_a_stacked_word_too_long_to_stand_beside_its_title_has_its_own_line() -> None:
    columns = Column("segment name", is_text=True, wraps=True), Column("mean loss")
    name = "Saint Vincent and Llanfairpwllgwyngyllgogery"
    assert drawn(Section("", columns, ((name, "0.5"),)), 26)[1:] == [
        "segment name",
        "Saint Vincent and",
        "Llanfairpwllgwyngyllgogery",
        "  mean loss   0.5",
    ]
    other = "Saint Vincent and the Grenadines", "1234567890123"
    assert drawn(Section("", columns, (other,)), 26)[1:] == [
        "segment name  Saint",
        "              Vincent and",
        "              the",
        "              Grenadines",
        "  mean loss",
        "1234567890123",
    ]


CELLS = st.text("ab1.", min_size=1, max_size=12)
WORDS = st.lists(CELLS, min_size=1, max_size=3).map(" ".join)
COLUMNS = st.builds(Column, WORDS, st.booleans(), st.booleans(), st.integers(0, 3))


@given(st.lists(COLUMNS, min_size=1, max_size=7), st.integers(40, 90), st.data())
def test_no_line_is_wider_and_no_word_is_broken(
    columns: list[Column], width: int, data: st.DataObject
) -> None:
    cells = st.tuples(*(WORDS if c.wraps else CELLS for c in columns))
    rows = tuple(data.draw(st.lists(cells, min_size=1, max_size=3)))
    from rich.cells import cell_len

    text = draw([Section("Title", tuple(columns), rows)], Look(width=width))
    assert max(map(cell_len, text.splitlines())) <= width
    table, _, note = text.partition("Left out at this width: ")
    known = {w for t in [*(c.title for c in columns), *sum(rows, ())] for w in t.split()}
    assert {word for word in table.split() if "─" not in word} <= known | {"Title"}
    if not note:
        assert {word for row in rows for cell in row for word in cell.split()} <= set(table.split())


def test_a_wide_character_takes_two_columns() -> None:
    section = Section("", (Column("日本"), Column("b", spare=1)), (("12", "3"),))
    assert drawn(section, 20)[1] == "日本  b"


def test_a_formula_that_is_too_wide_goes_on_in_the_next_line() -> None:
    section = Section("", formulas=("mean = miscalibration + discrimination + uncertainty", "n"))
    assert drawn(section, 54)[1] == "  mean = miscalibration + discrimination + uncertainty"
    assert drawn(section, 40)[1:] == [
        "  mean = miscalibration +",
        "    discrimination + uncertainty",
        "  n",
    ]


def test_no_number_is_parted_from_its_sign() -> None:
    text = "1 - p is 98.0 % of 1 - 1e-15 at 4.94 \N{MULTIPLICATION SIGN} 10⁻³²⁴"
    section = Section(text, (Column("95 % interval"),), ((text,),), (text,), (text,))
    words = Section(text, (Column(text, wraps=True),), ((text,), (text,)), formulas=(text,))
    for width in range(20, 60):
        drawn_text = draw([section, words], Look(width=width))
        for part in ("1 - p", "98.0 %", "1 - 1e-15", "4.94 \N{MULTIPLICATION SIGN} 10⁻³²⁴"):
            assert drawn_text.count(part) == 9, (width, part)
    assert "\ue000" not in drawn_text


@pytest.mark.parametrize(
    ("verdict", "code"), [("passed", "32"), ("failed", "31"), ("undecided", "33")]
)
def test_a_verdict_has_its_colour_in_a_cell_and_in_a_note(verdict: str, code: str) -> None:
    judged = Judged("so it is", verdict)  # type: ignore[arg-type]
    columns = Column("a", is_text=True), Column("b", is_text=True)
    for marked in ((), (0,)):
        section = Section("", columns, (("x", judged),), notes=("plain", judged), marked=marked)
        lines = draw([section], Look(color=True)).splitlines()
        assert [
            code in re.split(r"\D+", " ".join(ESCAPE.findall(line)))
            for line in lines
            if ESCAPE.sub("", line).strip() in ("x  so it is", "plain", "so it is")
        ] == [True, False, True]
        for look in (Look(), Look(encoding="ascii", unicode=False)):
            plain = draw([section], look)
            assert "\x1b" not in plain
            assert plain.count("so it is") == 2
    ascii_text = draw([Section("", notes=(judged,))], Look(color=True, encoding="ascii"))
    assert f"\x1b[{code}m" in ascii_text


def test_a_formula_has_another_colour_than_what_has_passed() -> None:
    section = Section("", (Column("n"),), (("1",),), formulas=("a = b",))
    assert "\x1b[36m  a = b" in draw([section], Look(color=True))


def test_an_infinite_mean_is_red_in_a_marked_row() -> None:
    rows = (("mean", mean_loss_text(math.inf)), ("mean", mean_loss_text(0.5)))
    section = Section("", (Column("what", is_text=True), Column("value")), rows, marked=(0, 1))
    infinite, finite = draw([section], Look(color=True)).splitlines()[-2:]
    assert ("\x1b[1;31m" in infinite, "\x1b[1;31m" in finite) == (True, False)
