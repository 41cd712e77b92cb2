"""Names, paths and cells that try to move the cursor, to hide, or to be markup."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.corpus.cases import TWO, Case, bad, each, good
from tests.corpus.columnar import parquet, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

TEXTS = {
    "an escape": ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
    "a title": ("\x1b]0;pwned\x07", r"\x1b]0;pwned\x07"),
    "a link": ("\x1b]8;;http://x\x1b\\x", r"\x1b]8;;http:"),
    "C1 controls": ("a\x9b2Jb\x85", r"a\x9b2Jb\x85"),
    "a right-to-left mark": ("\u202egnp.exe", r"\u202egnp.exe"),
    "isolates": ("\u2066a\u2069", r"\u2066a\u2069"),
    "a carriage return": ("a\rb", r"a\rb"),
    "a line feed": ("a\nb", r"a\nb"),
    "a backspace": ("ab\x08\x08", r"ab\x08\x08"),
    "a line separator": ("a\u2028b\u2029", r"a\u2028b\u2029"),
    "a zero-width space": ("a\u200bb", r"a\u200bb"),
    "a tag": ("a\U000e0041", r"a\U000e0041"),
    "rich markup": ("[red]a[/red]", "[red]a[/red]"),
    "a closing tag": ("[/x]", "[/x]"),
    "a link of rich": ("[link=http:x]a[/link]", "[link=http:x]a[/link]"),
    "an emoji of rich": (":smile:", ":smile:"),
    "a backslash at the end": ("a\\", "a\\"),
    "a command of CI": ("::error file=a::b", "::error file=a::b"),
    "a format": ("%s %n {0} {x!r}", "%s %n {0} {x!r}"),
    "a shell's words": ("$(touch x) `y` ;z", "$(touch x) `y` ;z"),
}

hostile = pytest.mark.parametrize(("text", "shown"), TEXTS.values(), ids=TEXTS)


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@hostile
def test_a_label_is_shown_harmlessly(text: str, shown: str, judge: Callable[[Case], None]) -> None:
    error = rf"preds\.csv, line \d: label '{re.escape(shown)}"
    judge(bad(f"y,p\n1,.5\n{_cell(text)},.5\n", error))


@hostile
def test_a_prediction_is_shown_harmlessly(
    text: str, shown: str, judge: Callable[[Case], None]
) -> None:
    error = rf"preds\.csv, line \d: prediction '{re.escape(shown)}"
    judge(bad(f"y,p\n1,.5\n0,{_cell(text)}\n", error))


@hostile
def test_a_third_word_is_shown_harmlessly(
    text: str, shown: str, judge: Callable[[Case], None]
) -> None:
    error = rf"preds\.csv, line \d: .*'{re.escape(shown)}"
    judge(bad(f"y,p\nyes,.5\nno,.5\n{_cell(text)},.5\n", error, "--positive", "yes"))


@hostile
def test_a_word_that_never_occurs_is_shown_harmlessly(
    text: str, shown: str, judge: Callable[[Case], None]
) -> None:
    judge(
        bad(
            "y,p\nyes,.5\nno,.5\nso,.5\n",
            rf"preds\.csv.*('no'|'so'|{re.escape(shown)})",
            "--positive",
            text,
        )
    )


@hostile
def test_a_name_of_a_column_is_shown_harmlessly(
    text: str, shown: str, judge: Callable[[Case], None]
) -> None:
    data = f"{_cell(text)},p\n7,.5\n"
    judge(bad(data, r"preds\.csv: .*label", hint=f"'{re.escape(shown)}"))
    judge(bad(data, rf"preds\.csv, line \d: label 7 .*'{re.escape(shown)}", "-l", text))
    judge(bad("y,p\n1,.5\n", rf"preds\.csv: there is no column '{re.escape(shown)}", "-l", text))


@hostile
def test_a_name_of_a_column_is_exact_in_json(
    text: str, shown: str, judge: Callable[[Case], None]
) -> None:
    assert shown
    data = f"{_cell(text)},p\n1,.5\n0,.25\n"
    judge(good(data, TWO, "-l", text, facts={"label_column": text}))


@hostile
def test_a_key_of_json_lines_is_shown_harmlessly(
    text: str, shown: str, judge: Callable[[Case], None]
) -> None:
    data = json.dumps({text: 7, "p": 0.5}) + "\n"
    judge(bad(data, r"preds\.jsonl", name="preds.jsonl", hint=f"'{re.escape(shown)}"))
    error = rf"preds\.jsonl, line 1: label 7 .*'{re.escape(shown)}"
    judge(bad(data, error, "-l", text, name="preds.jsonl"))


@hostile
def test_a_name_in_parquet_is_shown_harmlessly(
    text: str, shown: str, judge: Callable[[Case], None]
) -> None:
    data = parquet(table(**{text: ([7],), "p": ([0.5],)}))
    error = rf"preds\.csv, row 1: label 7 .*'{re.escape(shown)}"
    judge(bad(data, error, "-l", text))


@hostile
def test_a_path_is_shown_harmlessly(text: str, shown: str, judge: Callable[[Case], None]) -> None:
    name = text.replace("/", "_") + ".csv"
    start = re.escape(shown.replace("/", "_"))
    judge(bad("y,p\n7,.5\n", rf"{start}.*, line 2: label 7\b", name=name))
    judge(good("y,p\n1,.5\n0,.25\n", name=name, facts={"source": name}))


@hostile
def test_a_path_that_is_not_there_is_shown_harmlessly(
    text: str, shown: str, judge: Callable[[Case], None]
) -> None:
    name = text.replace("/", "_") + ".csv"
    error = rf"{re.escape(shown.replace('/', '_'))}.*: (no such file|no file matches this pattern)"
    judge(bad("", error, sources=(name,), code=66))


@hostile
def test_a_column_is_named_harmlessly_in_a_table(
    text: str, shown: str, bce: Callable[..., Result]
) -> None:
    Case(data=f"{_cell(text)},p\n1,.5\n0,.25\n").write()
    result = bce("compute", "preds.csv", "-l", text)
    assert (result.exit_code, result.stderr) == (0, "")
    assert shown in result.stdout.replace("\n", " ") or shown in result.stdout.replace("\n", "")
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", result.stdout
    )


PATHS = {
    "a name that is no UTF-8": bad(
        "y,p\n7,.5\n", r"caf\\xe9\.csv, line 2: label 7\b", name="caf\udce9.csv"
    ),
    "a name that begins with a dash": bad(
        "y,p\n7,.5\n", r"\./-l, line 2: label 7\b", name="-l", sources=("./-l",)
    ),
    "a name that begins with a dash, behind two": bad(
        "y,p\n7,.5\n", r"-l, line 2: label 7\b", name="-l", sources=("--", "-l")
    ),
    "a name with spaces": bad("y,p\n7,.5\n", r"a b  c\.csv, line 2: label 7\b", name="a b  c.csv"),
    "a name like a place": bad("y,p\n7,.5\n", r"#1, line 2: label 7\b", name="#1"),
    "a name like an address": bad(
        "", r"tape://x/y\.csv: no storage is known", sources=("tape://x/y.csv",), code=66
    ),
    "a long name": bad("y,p\n7,.5\n", r"x{200}\.csv, line 2: label 7\b", name="x" * 200 + ".csv"),
    "a name that is too long": bad("", r"x{60,}.*: ", sources=("x" * 5000,), code=66),
    "a name with NUL": bad("", r"a\\x00b", sources=("a\x00b",), code=(2, 66)),
    "an empty name": bad("", r".*", sources=("",), code=(2, 66)),
    "a long name of a column": bad(
        f"{'x' * 5000},p\n7,.5\n",
        r"preds\.csv, line 2: label 7 \(column '?x{60,90}.{0,10}\)",
        "-l",
        "#1",
    ),
    "a thousand columns": bad(
        ",".join(f"c{i}" for i in range(1000)) + "\n", r"preds\.csv: .{0,200}$", hint="^.{0,700}$"
    ),
}


@each(PATHS)
def test_odd_paths_are_named_on_one_line(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)
