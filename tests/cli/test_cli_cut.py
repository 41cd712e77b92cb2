"""--cut: a column of numbers parts the rows by intervals, as the words of these would."""

from __future__ import annotations

import csv
import io
import json
import random
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import bce_cli

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typer.testing import Result

EDGES = "-1.5,0,18,30,9007199254740993"
NAMES = (
    *("below -1.5", "-1.5 to below 0", "0 to below 18", "18 to below 30"),
    *("30 to below 9007199254740993", "9007199254740993 or more"),
)
CELLS = (
    *("18", "18.0", " 30 ", "17.999999999999999999999", "-0.0", "0", "1e308", "-1e308", "inf", ""),
    *("NA", "9007199254740992", "9007199254740993", "9007199254740994", "-1.5", "-1.50001", "+.5"),
    *("29.9", "null", "-1e-400", "3e1", "nan"),
)
MISSING = ("", "NA", "null", "nan")


def interval(cell: str, edges: str = EDGES) -> str:
    """Say what a cell is in, by its exact value."""
    if cell.strip() in MISSING:
        return ""
    names = NAMES if edges == EDGES else bce_names(edges)
    value = Decimal(cell.strip())
    return names[sum(value >= Decimal(edge) for edge in edges.split(","))]


def bce_names(edges: str) -> Sequence[str]:
    texts = edges.split(",")
    between = [f"{low} to below {high}" for low, high in pairwise(texts)]
    return (f"below {texts[0]}", *between, f"{texts[-1]} or more")


Row = dict[str, Any]


def rows(cells: Sequence[Any] = CELLS, n: int = 3) -> list[Row]:
    draw = random.Random(7)  # noqa: S311 -- no secret
    return [
        {"id": f"r{i}", "y": draw.randrange(2), "p": draw.random(), "w": draw.random(), "x": cell}
        for i, cell in enumerate([*cells] * n)
    ]


def csv_text(some: Sequence[Row], decimal: str = ".") -> str:
    text = io.StringIO(newline="")
    out = csv.DictWriter(text, some[0], delimiter=";" if decimal == "," else ",")
    out.writeheader()
    for row in some:
        out.writerow({key: str(cell).replace(".", decimal) for key, cell in row.items()})
    return text.getvalue()


def figures(result: Result) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the report, and its segments by their words, which stand in another order."""
    assert result.exit_code == 0, result.stderr
    record = json.loads(result.stdout)
    record.pop("cut", None)
    segments = {item["segment"].pop("x"): json.dumps(item) for item in record.pop("segments")}
    return record, segments


@pytest.fixture
def worded(
    bce: Callable[..., Result], preds: Callable[..., str]
) -> Callable[..., tuple[dict[str, Any], dict[str, Any]]]:
    """Ask about rows in which the words of the intervals were written beforehand."""

    def ask(some: Sequence[Row], *options: str, edges: str = EDGES) -> Any:  # noqa: ANN401
        words = [row | {"x": interval(str(row["x"]), edges)} for row in some]
        preds(csv_text(words), "preds")
        return figures(bce("compute", "preds", "--by", "x", *options, "-f", "json"))

    return ask


def test_intervals_part_the_rows_as_their_words_would(
    bce: Callable[..., Result],
    preds: Callable[..., str],
    worded: Callable[..., Any],
) -> None:
    some, options = rows(), ("-w", "w", "--id", "id")
    for decimal in ".,":
        path = preds(csv_text(some, decimal), "preds")
        args = ("compute", path, "--by", "x", "--cut", EDGES, *options, "--decimal", decimal)
        found = bce(*args, "-f", "json")
        assert [item["segment"]["x"] for item in json.loads(found.stdout)["segments"]] == [
            *NAMES,
            "",
        ]
        assert figures(found) == worded(some, *options)
        preds(csv_text(some, decimal), "preds")
        # What is odd elsewhere in a block has it read again, cell by cell.
        preds(csv_text([some[0] | {"y": "NA"}, *some], decimal), "preds")
        again = figures(bce(*args, "--missing", "drop", "-f", "json"))
        assert again[1] == figures(found)[1]


@pytest.mark.parametrize(
    ("kind", "cells", "edges"),
    [
        ("int64", [0, 2**53 + 1, 2**53, -(2**63), 2**63 - 1, None, 18], EDGES),
        ("uint8", [0, 17, 18, 255, None], "-3,18,300"),
        ("float64", [0.1, 0.3, -0.0, 1e308, None, float("nan"), 0.30000000000000004], "0,0.1,0.3"),
        ("float32", [0.1, 0.7, 0.3, 1e30, None], "0.1,0.3,0.7"),
        ("float16", [0.1, 0.5, None, 0.7], "0.1,0.7"),
        ("decimal128(20, 3)", ["0.100", "0.299", None, "0.3"], "0.1,0.3"),
        ("string", ["0.1", "NA", None, " 0.3", "2.99e-1"], "0.1,0.3"),
        ("dictionary", ["0.1", None, "0.1", "0.3"], "0.1,0.3"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_typed_columns_are_cut_as_their_texts_are(
    kind: str, cells: list[Any], edges: str, bce: Callable[..., Result], worded: Callable[..., Any]
) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    some = rows(cells)
    columns = {name: pa.array([row[name] for row in some]) for name in ("id", "y", "p", "w")}
    values = [Decimal(row["x"]) if "decimal" in kind and row["x"] else row["x"] for row in some]
    types = {"decimal128(20, 3)": pa.decimal128(20, 3), "dictionary": pa.string()}
    column = pa.array(values, types.get(kind, kind))
    columns["x"] = column.dictionary_encode() if kind == "dictionary" else column
    table = pa.table(columns)
    parquet.write_table(table, "t.parquet")
    expected = worded(
        [row | {"x": "" if row["x"] is None else row["x"]} for row in some], edges=edges
    )
    found = figures(
        bce("compute", "t.parquet", "--by", "x", "--cut", edges, "-l", "y", "-f", "json")
    )
    assert found[1] == expected[1]
    held = bce_cli.compute(table, by="x", cut=[Decimal(edge) for edge in edges.split(",")])
    assert [item["segment"]["x"] for item in held.to_dict()["segments"]] == [
        name for name in (*bce_names(edges), "") if name in expected[1]
    ]
    assert held.segments.column("mean_loss").to_pylist() == [
        json.loads(expected[1][name])["mean_loss"] for name in held.segments["x"].to_pylist()
    ]


@pytest.mark.parametrize(
    "cells",
    [
        ["18", "17.5", "null", "9007199254740993", "9007199254740992", "-1.5", "1e308"],
        ["29.75", "18", "-0.0", "null"],
        ['"18"', '" 17.5"', '"NA"', '""', "null"],
        ["18", '"17.5"', "30"],
    ],
    ids=["whole", "float", "text", "mixed"],
)
def test_json_lines_are_cut_as_csv_is(
    cells: list[str], bce: Callable[..., Result], worded: Callable[..., Any]
) -> None:
    some = rows(cells)
    lines = [f'{{"y":{row["y"]},"p":{row["p"]!r},"x":{row["x"]}}}\n' for row in some]
    expected = worded([row | {"x": row["x"].strip('"')} for row in some])
    Path("t.jsonl").write_text("".join(lines))
    found = bce("compute", "t.jsonl", "--by", "x", "--cut", EDGES, "-f", "json")
    assert figures(found)[1] == expected[1]


@pytest.mark.deep
def test_rows_that_are_joined_are_cut_wherever_the_column_stands(
    bce: Callable[..., Result], preds: Callable[..., str], worded: Callable[..., Any]
) -> None:
    some = rows()
    _, expected = worded(some)
    names = {"scores": ("id", "p"), "truth": ("id", "y", "x"), "all": ("id", "p", "x")}
    for name, columns in names.items():
        preds(csv_text([{key: row[key] for key in columns} for row in some]), name)
    preds(csv_text([{key: row[key] for key in ("id", "y", "x")} for row in some[::-1]]), "turned")
    for scores, truth, on in (
        ("scores", "truth", []),
        ("all", "truth", []),
        ("scores", "turned", ["--on", "id"]),
        ("all", "turned", ["--on", "id"]),
    ):
        for cut in (EDGES, "quantile:4"):
            args = ("compute", scores, "--labels", truth, *on, "--by", "x", "--cut", cut)
            _, found = figures(bce(*args, "-f", "json"))
            if cut == EDGES:
                assert found == expected
            else:
                preds(csv_text(some), "preds")
                whole = bce("compute", "preds", "--by", "x", "--cut", cut, "-f", "json")
                assert found == figures(whole)[1]


def test_folders_can_be_cut(bce: Callable[..., Result], preds: Callable[..., str]) -> None:
    for name in ("17", "18", "old"):
        Path(f"d/x={name}").mkdir(parents=True)
    preds("y,p\n1,0.5\n", "d/x=17/a.csv")
    preds("y,p\n1,0.25\n", "d/x=18/a.csv")
    found = bce("compute", "d", "--by", "x", "--cut", "18", "-f", "csv", "-l", "y")
    assert [line.split(",")[0] for line in found.stdout.splitlines()[1:]] == [
        "below 18",
        "18 or more",
    ]
    preds("y,p\n1,0.25\n", "d/x=old/a.csv")
    result = bce("compute", "d", "--by", "x", "--cut", "18")
    assert result.exit_code == 65
    assert "segment 'old' (column 'x') is not a number" in result.stderr


@pytest.mark.parametrize("workers", ["1", "3"])
def test_quantiles_are_the_edges_that_they_say(
    workers: str, bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    draw = random.Random(3)  # noqa: S311 -- no secret
    some = rows([draw.choice(["NA", round(draw.gauss(0, 9), 1)]) for _ in range(300)])
    path = preds(csv_text(some))
    args = ("compute", path, "--by", "x", "-w", "w", "-f", "json", "--workers", workers, "--cut")
    found = bce(*args, "quantile:4")
    cut = json.loads(found.stdout)["cut"]["x"]
    assert cut["quantiles"] == 4
    assert len(cut["edges"]) == 3
    edges = ",".join(map(str, cut["edges"]))
    assert figures(found) == figures(bce(*args, edges))
    assert [*figures(found)[1]] == [*bce_names(edges), ""]
    piped = bce("compute", "-", *args[2:], "quantile:4", stdin=csv_text(some).encode())
    assert figures(piped)[1] == figures(found)[1]


def test_a_report_tells_where_equal_numbers_leave_fewer_intervals(
    bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    path = preds("y,p,x\n" + "1,0.5,0\n0,0.5,0\n" * 9 + "1,0.5,1\n")
    table = bce("compute", path, "--by", "x", "--cut", "quantile:5").stdout
    assert "'x' has few different values: 2 intervals, not 5." in table
    assert "few different" not in bce("compute", path, "--by", "x", "--cut", "quantile:2").stdout


def test_several_columns_are_cut_each_by_its_own(
    bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    path = preds("y,p,a,b,s\n1,0.5,1,5,u\n0,0.5,2,7,v\n1,0.5,1,7,v\n1,0.25,1,6,v\n")
    args = ("compute", path, "--by", "s", "--by", "a", "--by", "b", "-f", "json")
    found = json.loads(bce(*args, "--cut", "b=6", "--cut", "a=2").stdout)
    assert found["cut"] == {
        "a": {"quantiles": None, "edges": [2]},
        "b": {"quantiles": None, "edges": [6]},
    }
    assert [[*item["segment"].values()] for item in found["segments"]] == [
        ["v", "below 2", "6 or more"],
        ["v", "2 or more", "6 or more"],
        ["u", "below 2", "below 6"],
    ]


NUMBERS = "such as --cut 18,30,65 or --cut quantile:5"


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        (["--cut", "3"], ["--cut goes with --by, a column of numbers"]),
        (
            ["--by", "x", "--cut", "3,3"],
            ["--cut must ascend, each number above that before it, got '3,3'"],
        ),
        (["--by", "x", "--cut", "1,inf"], ["--cut must be finite numbers, got 'inf'"]),
        (["--by", "x", "--cut", "1e999"], ["--cut must be finite numbers, got '1e999'"]),
        (["--by", "x", "--cut", ""], ["--cut must be numbers, or quantile:5, got ''", NUMBERS]),
        (
            ["--by", "x", "--cut", "1,old"],
            ["--cut must be numbers, or quantile:5, got '1,old'", NUMBERS],
        ),
        (
            ["--by", "x", "--cut", "quantile:1"],
            ["--cut takes from 2 to 1,000 quantiles, got 'quantile:1'", NUMBERS],
        ),
        (
            ["--by", "x", "--by", "s", "--cut", "3"],
            ["--cut must say which column it cuts: --by names 2 columns", "--cut x=18,30,65"],
        ),
        (
            ["--by", "xx", "--cut", "x=3"],
            ["--cut names column 'x', and --by does not; did you mean 'xx'?"],
        ),
        (
            ["--by", "x", "--cut", "3", "--cut", "x=4"],
            ["--cut was given twice for column 'x'", "all its numbers go together, as 18,30,65"],
        ),
    ],
)
def test_what_is_no_cut_is_refused(
    options: list[str], lines: list[str], bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    result = bce("compute", preds("y,p,x,s\n1,0.5,3,a\n"), *options)
    assert (result.exit_code, result.stdout) == (2, "")
    first, *others = lines
    assert result.stderr.splitlines() == [f"bce: error: {first}", *(f"bce: {o}" for o in others)]


@pytest.mark.parametrize(
    ("cell", "decimal", "hint"),
    [
        ("old", ".", "--cut takes columns of numbers; without it, each value is a segment"),
        ("1_0", ".", "--cut takes columns of numbers; without it, each value is a segment"),
        ('"1,5"', ".", "--decimal , reads numbers with a decimal comma"),
        ("1.5", ",", "this number has a decimal point, which is read without --decimal ,"),
    ],
)
def test_a_cell_that_is_no_number_is_told_with_its_place(
    cell: str, decimal: str, hint: str, bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    sign = ";" if decimal == "," else ","
    path = preds(sign.join("yp") + f"{sign}x\n1{sign}1{sign}3\n1{sign}1{sign}{cell}\n")
    text = cell.strip('"')
    message = f"preds.csv, line 3: segment '{text}' (column 'x') is not a number"
    for cut in ("3", "quantile:2"):
        result = bce("compute", path, "--by", "x", "--cut", cut, "--decimal", decimal)
        assert (result.exit_code, result.stdout) == (65, "")
        assert result.stderr.splitlines() == [f"bce: error: {message}", f"bce: {hint}"]


def test_a_column_that_holds_no_numbers_is_refused_in_any_format(
    bce: Callable[..., Result],
) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.table({"y": [1], "p": [0.5], "x": [True]}), "t.parquet")
    result = bce("compute", "t.parquet", "--by", "x", "--cut", "3")
    assert result.stderr.splitlines()[0] == (
        "bce: error: t.parquet, row 1: segment 'true' (column 'x') is not a number"
    )


def test_a_saved_report_is_shown_again_in_its_order(
    bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    path = preds(csv_text(rows()))
    for cut in ("quantile:3", EDGES):
        bce("compute", path, "--by", "x", "--cut", cut, "-o", "saved.json")
        again = bce_cli.load("saved.json")
        assert str(again) == str(bce_cli.compute(path, by="x", cut=cut))
        assert again.to_dict() == json.loads(Path("saved.json").read_text())


@pytest.mark.deep
def test_differences_and_calibration_have_the_same_intervals(
    bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    some = rows()
    text = csv_text([row | {"q": (row["p"] + 0.25) / 1.5} for row in some])
    words = csv_text(
        [row | {"q": (row["p"] + 0.25) / 1.5, "x": interval(row["x"])} for row in some]
    )
    for command in (("compare", "-p", "q"), ("calibration", "--bins", "2"), ("compute",)):
        name, *options = command
        args = (name, "preds", "-p", "p", *options, "--by", "x", "-f", "json")
        preds(text, "preds")
        found = bce(*args, "--cut", EDGES)
        names = [item["segment"]["x"] for item in json.loads(found.stdout)["segments"]]
        assert names == [*NAMES, ""]
        by_quantiles = json.loads(bce(*args, "--cut", "quantile:3").stdout)
        edges = ",".join(map(str, by_quantiles.pop("cut")["x"]["edges"]))
        fixed = json.loads(bce(*args, "--cut", edges).stdout)
        assert fixed.pop("cut")["x"]["quantiles"] is None
        assert by_quantiles == fixed
        preds(words, "preds")
        # The first column of intervals alone is named.
        assert figures(found)[1] == figures(bce(*args))[1]
