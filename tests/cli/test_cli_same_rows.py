"""Rows that are surely the same, or surely not, and are taken otherwise: that is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.corpus.columnar import parquet, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Bce = Callable[..., Result]
    Preds = Callable[..., str]

A = "id,y,p\n7,1,.9\n8,0,.2\n9,1,.7\n"
B = "id,y,p\n7,1,.8\n8,0,.3\n9,1,.6\n"
POOLED = (
    "bce: {} and {} hold the same 3 labels in the same order: are these models of the same rows? "
    "bce compare sets them side by side\n"
)
OTHER_ID = (
    "bce: {}, row {}: the id (column '{}') is '{}', but '{}' in a.csv: are these the same rows? "
    "--on '{}' joins them\n"
)
NAMED = ("-l", "y", "-p", "p")


@pytest.fixture
def two(preds: Preds) -> tuple[str, str]:
    """Write two models of the same rows."""
    return preds(A, "a.csv"), preds(B, "b.csv")


@pytest.mark.few(2)
@pytest.mark.parametrize(
    "command",
    [["compute"], ["check", "--max-loss", "1"], ["calibration"], ["calibration", "--fine-bins"]],
    ids=" ".join,
)
def test_models_that_are_pooled_are_said(
    command: list[str], two: tuple[str, str], bce: Bce
) -> None:
    result = bce(*command, *two, *NAMED, "-f", "json")
    assert result.stderr == POOLED.format(*two)
    record = json.loads(result.stdout)
    assert (record["n"], record["notes"]) == (6, [result.stderr.removeprefix("bce: ").strip()])


def test_the_rows_of_pooled_models_are_written_with_a_word(two: tuple[str, str], bce: Bce) -> None:
    result = bce("compute", *two, *NAMED, "--per-example", "-f", "csv")
    assert (result.stderr, result.stdout.count("\n")) == (POOLED.format(*two), 7)


@pytest.mark.parametrize("command", ["compute", "calibration", "check --max-loss 1"])
def test_quiet_says_that_models_are_pooled(command: str, two: tuple[str, str], bce: Bce) -> None:
    told = POOLED.format(*two).replace("bce: ", "bce: note: ", 1)
    assert bce(*command.split(), *two, "-q").stderr == told


@pytest.mark.few(3)
@pytest.mark.parametrize(
    "command",
    [
        ["check", "a.csv", "--against", "b.csv"],
        ["compare", "b.csv", "a.csv"],
        ["compute", "a.csv", "--labels", "b.csv"],
        ["compute", "a.csv", "--labels", "b.csv", "--like", "all"],
        ["compare", "a.csv", "b.csv", "--by", "g", "--table", "segments"],
        ["compare", "b.csv", "a.csv", "--table", "models"],
        ["calibration", "a.csv", "--labels", "b.csv"],
        ["calibration", "a.csv", "--labels", "b.csv", "--by", "g"],
    ],
    ids=" ".join,
)
def test_reports_say_that_ids_differ(command: list[str], bce: Bce, preds: Preds) -> None:
    """Labels agree by chance, as rows of another order may do; the verdict is not worth much."""
    preds("id,y,p,g\n7,1,.9,x\n8,0,.2,x\n9,1,.7,x\n", "a.csv")
    preds("id,y,p\n9,1,.8\n8,0,.3\n7,1,.6\n", "b.csv")
    result = bce(*command, "-f", "markdown")
    said = result.stderr.splitlines()[0].removeprefix("bce: ")
    assert said.endswith("are these the same rows? --on 'id' joins them")
    shown = said.replace("_", "\\_")
    seen, _, _ = result.stdout.partition("<details>")
    assert seen.splitlines().count(shown) == 1
    if "--table" not in command:
        assert said in " ".join(bce(*command).stdout.split())


def test_a_quiet_check_says_that_ids_differ(bce: Bce, preds: Preds) -> None:
    preds(A, "a.csv"), preds("id,y,p\n9,1,.8\n8,0,.3\n7,1,.6\n", "b.csv")
    result = bce("check", "a.csv", "--against", "b.csv", "-q")
    told = OTHER_ID.format("b.csv", 1, "id", "9", "7", "id")
    assert result.stderr == told.replace("bce: ", "bce: note: ", 1)


def test_quiet_says_that_ids_differ(bce: Bce, preds: Preds) -> None:
    sources = preds(A, "a.csv"), preds(B.replace("8,", "2,"), "b.csv")
    told = OTHER_ID.format("b.csv", 2, "id", "2", "8", "id")
    assert bce("compare", *sources, "-q").stderr == told.replace("bce: ", "bce: note: ", 1)


@pytest.mark.parametrize(
    "second",
    [
        B.replace("7,", "1,").replace("8,", "2,"),  # other ids
        B.replace("8,0", "8,1"),  # another label
        B + "10,1,.5\n",
        "id,y,p\n8,0,.3\n7,1,.8\n9,1,.6\n",
    ],
)
def test_sources_that_differ_are_pooled_without_a_word(second: str, bce: Bce, preds: Preds) -> None:
    result = bce("compute", preds(A, "a.csv"), preds(second, "b.csv"), *NAMED, "-f", "json")
    assert (result.stderr, result.exit_code) == ("", 0)


def test_days_without_an_event_are_pooled_without_a_word(bce: Bce, preds: Preds) -> None:
    text = "id,y,p\n" + "".join(f"{i},0,.1\n" for i in range(99))
    result = bce("compute", preds(text, "a.csv"), preds(text, "b.csv"), *NAMED, "-f", "json")
    assert (result.stderr, json.loads(result.stdout)["n"]) == ("", 198)


def test_files_of_a_folder_and_of_other_formats_are_compared(bce: Bce) -> None:
    Path("models").mkdir()
    Path("models/a.csv").write_text("y,p\n1,.9\n0,.2\n1,.7\n")
    columns = table(y=([1, 0, 1],), p=([0.5, 0.4, 0.3],))
    Path("models/b.parquet").write_bytes(parquet(columns))
    result = bce("compute", "models", *NAMED, "-f", "json")
    assert result.stderr == POOLED.format("models/a.csv", "models/b.parquet")


def test_standard_input_is_one_of_them(bce: Bce, preds: Preds) -> None:
    text = "y,p\n" + "1,.5\n0,.25\n" * 20
    result = bce("compute", preds(text, "a.csv"), "-", *NAMED, "-f", "json", stdin=text.encode())
    said = POOLED.replace("3 labels", "40 labels")
    assert result.stderr == said.format("a.csv", "standard input")


def test_soft_labels_are_compared_as_they_are(bce: Bce, preds: Preds) -> None:
    text = "y,p\n.25,.9\n.75,.2\n1,.7\n"
    args = ("--soft-labels", *NAMED, "-f", "json")
    other = preds(text.replace(".25", ".26"), "c.csv")
    assert bce("compute", preds(text, "a.csv"), other, *args).stderr == ""
    assert bce("compute", "a.csv", preds(text, "b.csv"), *args).stderr == (
        POOLED.format("a.csv", "b.csv")
    )


IDS = {
    "the first row": ("id,y,p\n6,1,.8\n8,0,.3\n9,1,.6\n", (1, "id", "6", "7")),
    "the last row": ("id,y,p\n7,1,.8\n8,0,.3\n,1,.6\n", (3, "id", "", "9")),
    "another case": ("ID,y,p\n7,1,.8\n9,0,.3\n8,1,.6\n", (2, "ID", "9", "8")),
}


@pytest.mark.parametrize("case", IDS)
def test_other_ids_in_the_same_order_are_said(case: str, bce: Bce, preds: Preds) -> None:
    second, (row, column, mine, theirs) = IDS[case]
    preds(A, "a.csv")
    plain = bce("compare", "a.csv", preds(B, "b.csv"), *NAMED, "-f", "json")
    result = bce("compare", "a.csv", preds(second, "b.csv"), *NAMED, "-f", "json")
    assert result.stderr == OTHER_ID.format("b.csv", row, column, mine, theirs, column)
    assert (plain.stderr, result.exit_code) == ("", 0)
    note = result.stderr.removeprefix("bce: ").strip()
    assert json.loads(result.stdout) == json.loads(plain.stdout) | {"notes": [note]}


def test_ids_are_compared_whatever_their_format(bce: Bce, preds: Preds) -> None:
    preds(A, "a.csv")
    for ids in ([7, 8, 9], ["7", "8", "9"], [7, 8, 10]):
        columns = table(y=([1, 0, 1],), id=(ids,), p=([0.5, 0.4, 0.3],))
        Path("b.parquet").write_bytes(parquet(columns))
        lines = [f"{json.dumps(line)}\n" for line in columns.to_pylist()]
        Path("c.jsonl").write_text("".join(lines))
        for other in ("b.parquet", "c.jsonl"):
            result = bce("compare", "a.csv", other, *NAMED, "-f", "json")
            expected = "" if ids[2] != 10 else OTHER_ID.format(other, 3, "id", "10", "9", "id")
            assert (result.stderr, result.exit_code) == (expected, 0)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (A, B.replace("id,", "uid,")),
        (A, "y,p\n1,.8\n0,.3\n1,.6\n"),
        ("y,p\n1,.8\n0,.3\n1,.6\n", A),
        (A.replace("id,", "name,"), "name,y,p\n1,1,.8\n2,0,.3\n3,1,.6\n"),
    ],
)
def test_columns_that_are_not_common_are_not_compared(
    first: str, second: str, bce: Bce, preds: Preds
) -> None:
    result = bce("compare", preds(first, "a.csv"), preds(second, "b.csv"), *NAMED, "-f", "json")
    assert (result.stderr, result.exit_code) == ("", 0)
    assert '"id"' not in result.stdout


def test_ids_that_cannot_be_read_are_nobodys_error(bce: Bce, preds: Preds) -> None:
    preds(A, "a.csv")
    for name, ids in {"nested": [[1], [2], [3]], "binary": [b"\xff", b"8", b"9"]}.items():
        columns = table(id=(ids,), y=([1, 0, 1],), p=([0.8, 0.3, 0.6],))
        Path(f"{name}.parquet").write_bytes(parquet(columns))
    Path("latin.csv").write_bytes(B.replace("7", "\xe9").encode("latin-1"))
    Path("nested.jsonl").write_text(
        '{"id":{"a":1},"y":1,"p":0.8}\n{"id":[2],"y":0,"p":0.3}\n{"id":"9","y":1,"p":0.6}\n'
    )
    plain = bce("compare", "a.csv", preds(B, "b.csv"), *NAMED, "-f", "csv")
    for name in ("nested.parquet", "binary.parquet", "latin.csv", "nested.jsonl"):
        result = bce("compare", "a.csv", name, *NAMED, "-f", "csv")
        assert (result.stderr, result.exit_code) == ("", 0), name
        assert result.stdout.replace(name, "b.csv") == plain.stdout.replace(name, "b.csv")


@pytest.mark.parametrize(
    ("text", "other", "are_alike"),
    [
        ("7", "7.0", True),
        ("7", " 7", True),
        ("0", "0.0", True),
        ("7", "7.5", False),
        ("9007199254740993", "9007199254740992", False),
        ("x", "y", False),
        ("", "7", False),
    ],
)
def test_ids_that_differ_in_their_writing_alone_may_be_the_same(
    text: str, other: str, are_alike: bool, bce: Bce, preds: Preds
) -> None:
    first = preds(f"id,y,p\n{text},1,.9\n{text},0,.2\n", "a.csv")
    second = preds(f'id,y,p\n{text},1,.9\n"{other}",0,.2\n', "b.csv")
    result = bce("compare", first, second, *NAMED, "-f", "json")
    said = "" if are_alike else OTHER_ID.format("b.csv", 2, "id", other, text, "id")
    assert (result.stderr, result.exit_code) == (said, 0)


def test_the_first_other_id_of_three_models_is_said_once(bce: Bce, preds: Preds) -> None:
    third = preds(B.replace("7", "1"), "c.csv")
    result = bce(
        "compare",
        preds(A, "a.csv"),
        preds(B.replace("9,", "0,"), "b.csv"),
        third,
        *NAMED,
        "-f",
        "json",
    )
    assert result.stderr == OTHER_ID.format("b.csv", 3, "id", "0", "9", "id")


def test_a_cluster_may_be_called_id(bce: Bce, preds: Preds) -> None:
    args = ("compare", preds(A, "a.csv"), preds(B, "b.csv"), *NAMED, "-f", "json")
    result = bce(*args, "--cluster", "id")
    assert (result.stderr, json.loads(result.stdout)["n_clusters"]) == ("", 3)


def test_named_ids_that_differ_are_an_error(bce: Bce, preds: Preds) -> None:
    second = preds(B.replace("8,", "5,"), "b.csv")
    result = bce("compare", preds(A, "a.csv"), second, *NAMED, "--id", "id")
    assert result.exit_code == 65
    assert result.stderr.startswith("bce: error: b.csv, row 2: the id is '5', but '8' in a.csv\n")
