"""Workbooks of Excel: the first sheet or one by its name, and numbers as they are stored."""

from __future__ import annotations

import datetime as dt
import io
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from bce_cli.readers import grammar, workbooks
from tests.corpus.cases import TWO, Case, bad, each, good
from tests.corpus.packing import zipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Bce = Callable[..., Result]

ROWS: list[list[Any]] = [["id", "y", "p"], ["a", 1, 0.5], ["b", 0, 0.25]]


def book(**sheets: list[list[Any]]) -> bytes:
    """Write sheets, of which those called _ are hidden."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        sheet.sheet_state = "hidden" if name.startswith("_") else "visible"
        for row in rows:
            sheet.append(row)
    return _saved(made)


def _saved(made: Any) -> bytes:  # noqa: ANN401 -- openpyxl has no types
    sink = io.BytesIO()
    made.save(sink)
    return sink.getvalue()


def one(*rows: list[Any]) -> Callable[[], bytes]:
    """Write one sheet."""
    return lambda: book(Preds=list(rows))


def _shown() -> bytes:
    made = openpyxl.load_workbook(io.BytesIO(book(Preds=ROWS)))
    made.active["C3"].number_format = "0%"
    made.active["C2"].number_format = '"about "0.0'
    return _saved(made)


def _far_down() -> bytes:
    made = openpyxl.Workbook()
    for row, cells in enumerate(ROWS, start=4):
        for column, cell in enumerate(cells, start=3):
            made.active.cell(2 * row, column, cell)
    return _saved(made)


def _charts_first() -> bytes:
    made = openpyxl.load_workbook(io.BytesIO(book(Preds=ROWS)))
    made.create_chartsheet("A chart", 0)
    return _saved(made)


def _changed(name: str, change: Callable[[bytes], bytes]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(book(Preds=ROWS))) as packed:
        members = {each: packed.read(each) for each in packed.namelist()}
    members[name] = change(members[name])
    return zipped(members)


OTHER: list[list[Any]] = [["y", "p"], [1, 0.125]]
READ: dict[str, Case] = {
    "a workbook": good(one(*ROWS), name="p.xlsx"),
    "called otherwise": good(one(*ROWS), name="preds"),
    "in a pipe": good(one(*ROWS), name="-"),
    "numbers that are shown otherwise": good(_shown, name="p.xlsx"),
    "empty rows and columns before it": good(_far_down, name="p.xlsx"),
    "a chart before it": good(_charts_first, name="p.xlsx"),
    "empty rows in it": good(one(ROWS[0], ROWS[1], [], [None, None], ROWS[2], []), name="p.xlsx"),
    "numbers as text": good(one(["y", "p"], ["1", "0.5"], ["0", ".25"]), name="p.xlsx"),
    "numbers and texts": good(one(["y", "p"], [1, "5e-1"], ["false", 0.25]), name="p.xlsx"),
    "true and false": good(one(["y", "p"], [True, 0.5], [False, 0.25]), name="p.xlsx"),
    "true and 0": good(one(["y", "p"], [True, 0.5], [0, 0.25]), name="p.xlsx"),
    "words": good(one(["y", "p"], ["yes", 0.5], ["no", 0.25]), TWO, "--positive", "yes"),
    "words and numbers": good(one(["y", "p"], [1, 0.5], ["x", 0.25]), TWO, "--positive", "1"),
    "columns by place": good(one([2025, 2026], [1, 0.5], [0, 0.25]), TWO, "-l", "#1", "-p", "2026"),
    "missing cells": good(
        one(["y", "p"], [1, 0.5], [None, 0.5], [1, "N/A"], [0, 0.25], [1, None]), TWO,
        "--missing", "drop", facts={"n_missing": 3},
    ),
    "the first of several sheets": good(
        lambda: book(Preds=ROWS, Other=OTHER), name="p.xlsx",
        said=r"bce: p\.xlsx, sheet 'Preds', the first of 2\n",
    ),
    "the first that is shown": good(lambda: book(_Hidden=OTHER, Preds=ROWS), name="p.xlsx"),
    "a sheet by its name": good(
        lambda: book(Other=OTHER, Preds=ROWS), name="p.xlsx", sources=("p.xlsx::Preds",)
    ),
    "a hidden sheet by its name": good(
        lambda: book(Other=OTHER, _Preds=ROWS), name="p.xlsx", sources=("p.xlsx::_Preds",)
    ),
    "labels in another sheet": good(
        lambda: book(P=[["id", "p"], ["b", 0.25], [7, 0.5]], Y=[["id", "y"], [7, 1], ["b", 0]]),
        (TWO[1], TWO[0]), "--labels", "p.xlsx::Y", "--on", "id", name="p.xlsx",
        sources=("p.xlsx::P",),
    ),
}  # fmt: skip


@pytest.mark.few(8)
@each(READ)
def test_a_sheet_is_read(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


FAULTY: dict[str, Case] = {
    "a value out of range": bad(
        one(*ROWS, [], ["c", 1, 7]), name="p.xlsx",
        error=r"p\.xlsx, sheet 'Preds', row 5: prediction 7\.0 \(column 'p'\)",
    ),
    "in a sheet by its name": bad(
        one(*ROWS, ["c", 1, 7]), r"p\.xlsx::Preds, row 4: prediction 7\.0", name="p.xlsx",
        sources=("p.xlsx::Preds",),
    ),
    "an empty cell": bad(one(*ROWS, ["c", 1]), ".*, row 4: prediction .*null", hint="--missing"),
    "a date": bad(
        one(["y", "p"], [1, dt.datetime(2026, 1, 2)]), ".*, row 2: prediction '2026-01-02",  # noqa: DTZ001
    ),
    "true as a probability": bad(one(["y", "p"], [1, True]), ".*, row 2: prediction 'true' "),
    "no such sheet": bad(
        lambda: book(A=ROWS, _B=ROWS), r"p\.xlsx::C: there is no such sheet$", name="p.xlsx",
        sources=("p.xlsx::C",), hint="the sheets are 'A', '_B'$",
    ),
    "an empty sheet": bad(
        one(), r"p\.xlsx, sheet 'Preds': the sheet is empty", name="p.xlsx",
        hint="its first row must name the columns",
    ),
    "a header alone": bad(one(ROWS[0]), ".*: there are no rows"),
    "no label": bad(one(["id", "p"], ["a", 0.5]), ".*, sheet 'Preds': no column has a customary"),
    "an option of text": bad(one(*ROWS), ".*--comment says nothing about Excel", "--comment", "#",
                             code=2),
    "another format": bad(one(*ROWS), ".*: it is Excel, not CSV as", "--input-format", "csv"),
    "cut off": bad(lambda: book(Preds=ROWS)[:-9], r".*: the zip data end too early"),
    "no XML": bad(
        lambda: _changed("xl/workbook.xml", lambda _: b"<"), ".*: the Excel data are damaged"
    ),
    "a changed byte": bad(
        lambda: book(Preds=ROWS).replace(b"xl/workbook.xml", b"xl/workbook.xmm", 1), ".*damaged"
    ),
    "a text of Word": bad(
        zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": "<w/>"}),
        ".*: it is an Excel workbook, or another document of Office",
    ),
}  # fmt: skip


@pytest.mark.few(8)
@each(FAULTY)
def test_what_is_wrong_with_a_sheet_is_told(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


def test_ids_are_texts_as_everywhere(bce: Bce, preds: Callable[..., str]) -> None:
    made = one(["id", "y", "p"], [7, 1, 0.5], ["x", 0, 0.25], [True, 1, 0.5], [0.1, 1, 0.75])
    done = bce("compute", preds(made(), "p.xlsx"), "--id", "id", "--per-example", "-f", "csv")
    assert [line.split(",")[1] for line in done.stdout.splitlines()] == [
        "id",
        "7",
        "x",
        "true",
        "0.1",
    ]


def test_digits_do_not_depend_on_the_blocks(
    bce: Bce, preds: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [[i % 2, (i * 37 % 101) / 101 or "0.5"] for i in range(200)]
    path = preds(one(["y", "p"], *rows[:90], [], *rows[90:])(), "p.xlsx")
    text = preds("y,p\n" + "".join(f"{y},{p}\n" for y, p in rows), "p.csv")
    outputs = {bce("compute", path, "-q").stdout, bce("compute", text, "-q").stdout}
    monkeypatch.setattr(grammar, "BLOCK_BYTES", 256 * 17)
    assert {bce("compute", path, "-q").stdout} == outputs


def test_a_sheet_that_is_mostly_empty_takes_no_memory(bce: Bce, preds: Callable[..., str]) -> None:
    made = openpyxl.load_workbook(io.BytesIO(book(Preds=ROWS)))
    made.active["XFD1048576"] = 1
    done = bce("compute", preds(_saved(made), "p.xlsx"), "-q")
    said = "p.xlsx: a sheet has 1,048,576 times 16,384 cells, empty ones among them"
    hint = "sheets are read up to 67,108,864 cells; save it as CSV"
    assert done.stderr == f"bce: error: {said}\nbce: {hint}\n"
    assert done.exit_code == 65


def test_what_unpacks_to_too_much_is_refused(
    bce: Bce, preds: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbooks, "_MOST_BYTES", 1000)
    done = bce("compute", preds(book(Preds=ROWS), "p.xlsx"), "-q")
    assert done.stderr.startswith("bce: error: p.xlsx: the workbook unpacks to ")
    assert done.exit_code == 65


def test_without_its_library_that_is_told(
    bce: Bce, preds: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    done = bce("compute", preds(book(Preds=ROWS), "p.xlsx"), "-q")
    assert done.stderr == (
        "bce: error: p.xlsx: reading a workbook needs python-calamine\n"
        "bce: pip install python-calamine, or save the sheet as CSV\n"
    )
    assert done.exit_code == 66
