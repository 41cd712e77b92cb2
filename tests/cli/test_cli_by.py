"""bce compute --by: where the loss comes from."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import bce_cli

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

FLIGHTS = Path(__file__).parents[2] / "sample_data" / "flights.csv"
FEW_VALUES = "--by is for columns of few different values"
SMALL = "y,p,site\n1,0.5,a\n0,0.25,b\n1,0.125,a\n0,0.5,\n"


def segments(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    found: list[dict[str, Any]] = json.loads(result.stdout)["segments"]
    return found


def loss(row: dict[str, str], prediction: str) -> float:
    p = float(row[prediction])
    return -math.log(p) if row["label"] == "1" else -math.log1p(-p)


@pytest.mark.parametrize("columns", [("carrier",), ("day",), ("carrier", "day")])
def test_each_segment_has_the_mean_and_the_share_of_its_rows(
    columns: tuple[str, ...], bce: Callable[..., Result]
) -> None:
    losses: dict[tuple[str, ...], list[float]] = defaultdict(list)
    with FLIGHTS.open() as stream:
        for row in csv.DictReader(stream):
            losses[tuple(row[name] for name in columns)].append(loss(row, "boosting"))
    options = [word for name in columns for word in ("--by", name)]
    found = segments(bce("compute", str(FLIGHTS), "-p", "boosting", *options, "-f", "json"))
    assert len(found) == len(losses)
    total = math.fsum(value for values in losses.values() for value in values)
    for item in found:
        values = losses[tuple(item["segment"][name] for name in columns)]
        assert item["n"] == len(values)
        # Python's logarithm may differ from NumPy's in the last place.
        assert item["mean_loss"] == pytest.approx(math.fsum(values) / len(values), rel=1e-15)
        assert item["share_of_total"] == pytest.approx(math.fsum(values) / total, rel=1e-14)
    shares = [item["share_of_total"] for item in found]
    assert shares == sorted(shares, reverse=True)
    assert math.fsum(shares) == pytest.approx(1.0, abs=1e-14)


def test_the_report_of_all_rows_stands_beside_the_segments(
    bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    path = preds(SMALL)
    plain = json.loads(bce("compute", path, "-f", "json").stdout)
    parted = json.loads(bce("compute", path, "--by", "site", "-f", "json").stdout)
    for key in ("likelihood_product", "product_subnormal_row", "product_zero_row", "products"):
        del plain[key]
    del parted["segments"]
    assert parted == plain


def test_a_segment_may_have_no_name(bce: Callable[..., Result], preds: Callable[..., str]) -> None:
    path = preds(SMALL)
    found = segments(bce("compute", path, "--by", "site", "-f", "json"))
    assert [item["segment"]["site"] for item in found] == ["a", "", "b"]
    assert [item["n"] for item in found] == [2, 1, 1]
    assert "(empty)" in bce("compute", path, "--by", "site").stdout


def test_figures_have_the_unit_that_was_asked_for(
    bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    found = segments(bce("compute", preds(SMALL), "--by", "site", "--unit", "bits", "-f", "json"))
    assert [item["mean_loss"] for item in found][:2] == [2.0, 1.0]
    assert [item["total_loss"] for item in found][:2] == [4.0, 1.0]


def test_weights_and_missing_rows_count_as_they_do_for_the_whole(
    bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    text = "y,p,w,g\n1,0.5,2,a\n,0.9,1,a\n0,0.5,0,b\n1,0.25,1,a\nNA,0.5,1,c\n"
    found = segments(
        bce(
            *("compute", preds(text), "-w", "w", "--by", "g", "--missing", "drop"),
            *("--unit", "bits", "-f", "json"),
        )
    )
    assert [item["segment"]["g"] for item in found] == ["a", "b"]
    assert (found[0]["n"], found[0]["weight_sum"], found[0]["mean_loss"]) == (2, 3.0, 4.0 / 3.0)
    assert (found[1]["n"], found[1]["mean_loss"], found[1]["share_of_total"]) == (1, None, None)


@pytest.mark.parametrize("workers", ["1", "2", "7"])
def test_no_digit_depends_on_workers(workers: str, bce: Callable[..., Result]) -> None:
    args = ("compute", str(FLIGHTS), "-p", "logistic", "--by", "carrier", "-f", "json")
    assert bce(*args, "--workers", workers).stdout == bce(*args).stdout


def test_typed_columns_are_shown_as_text(bce: Callable[..., Result]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    columns = {
        "y": pa.array([1, 0, 1]),
        "p": pa.array([0.5, 0.5, 0.5]),
        "site": pa.array(["x", None, "x"]).dictionary_encode(),
        "size": pa.array([10, 2, 10]),
        "flag": pa.array([True, False, True]),
    }
    parquet.write_table(pa.table(columns), "t.parquet")
    found = segments(
        bce(*("compute", "t.parquet", "--by", "site", "--by", "size", "--by", "flag", "-f", "json"))
    )
    assert [item["segment"] for item in found] == [
        {"site": "x", "size": "10", "flag": "true"},
        {"site": "", "size": "2", "flag": "false"},
    ]


def test_json_lines_have_segments(bce: Callable[..., Result], preds: Callable[..., str]) -> None:
    text = '{"y":1,"p":0.5,"g":"a"}\n{"y":0,"p":0.25,"g":"b"}\n'
    found = segments(bce("compute", preds(text, "t.jsonl"), "--by", "g", "-f", "json"))
    assert [item["segment"]["g"] for item in found] == ["a", "b"]


def test_csv_has_a_line_for_each_segment(
    bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    result = bce("compute", preds(SMALL), "--by", "site", "-f", "csv")
    lines = list(csv.DictReader(io.StringIO(result.stdout)))
    found = segments(bce("compute", "preds.csv", "--by", "site", "-f", "json"))
    for line, item in zip(lines, found, strict=True):
        assert line["site"] == item["segment"]["site"]
        assert float(line["mean_loss"]) == item["mean_loss"]
        assert line["is_small"] == "true"
        assert int(line["n"]) == item["n"]


def test_a_column_of_a_figures_name_does_not_hide_the_figure(
    bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    result = bce("compute", preds("y,p,n\n1,0.5,7\n"), "--by", "n", "-f", "csv")
    (line,) = csv.DictReader(io.StringIO(result.stdout))
    assert (line["segment n"], line["n"]) == ("7", "1")


def test_texts_from_outside_are_shown_and_never_obeyed(
    bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    path = preds('y,p,[red]g\n1,0.5,\x1b[2J\n0,0.5,=1+1\n1,0.25,"\u202e|a"\n')
    table = bce("compute", path, "--by", "[red]g").stdout
    assert "\x1b" not in table
    assert "\u202e" not in table
    assert "[red]g" in table
    assert r"\x1b[2J" in table
    safe = bce("compute", path, "--by", "[red]g", "-f", "csv", "--excel-safe").stdout
    assert "\n'=1+1," in safe


def test_small_segments_are_marked(bce: Callable[..., Result], preds: Callable[..., str]) -> None:
    text = "y,p,g\n" + "1,0.5,big\n0,0.5,big\n" * 15 + "1,0.5,small\n" * 29
    table = bce("compute", preds(text), "--by", "g").stdout
    assert "29*" in table
    assert "30*" not in table
    assert "* fewer than 30 rows" in table


def test_a_table_shows_the_first_segments_and_counts_the_others(
    bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    text = "y,p,g\n" + "".join(f"1,0.5,s{i}\n" * 30 for i in range(45))
    path = preds(text)
    table = bce("compute", path, "--by", "g").stdout
    assert table.count("  1.5 %") + table.count("  2.2 %") >= 40
    assert "5 more segments of 150 rows together cost less" in " ".join(table.split())
    assert len(segments(bce("compute", path, "--by", "g", "-f", "json"))) == 45


@pytest.mark.parametrize("columns", [80, 120, 40])
def test_no_number_is_cut(
    columns: int, bce: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    args = ("compute", str(FLIGHTS), "-p", "logistic", "--by", "carrier")
    monkeypatch.setenv("COLUMNS", str(columns))
    table = bce(*args).stdout
    assert ("0.6889 to 0.7501" in table) is (columns > 40)
    left_out = " ".join(table.partition("Left out at this width: ")[2].split(";")[0].split())
    assert ("95 % interval" in left_out.split(", ")) is (columns == 40)
    assert ("95 % interval of gap" in left_out.split(", ")) is (columns < 120)
    assert "0.7195 " in table
    assert "21.5 %" in table


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-q"], "--by is a table of its own"),
        (["--per-example"], "--by is a table of its own"),
        (["--worst", "3"], "--by is a table of its own"),
        (["--like", "all"], "--by is a table of its own"),
    ],
)
def test_other_outputs_do_not_go_with_it(
    options: list[str], message: str, bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    result = bce("compute", preds(SMALL), "--by", "site", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"bce: error: {message}")


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("sit", "there is no column 'sit'; did you mean 'site'?"),
        ("y", "column 'y' cannot be the segment as well"),
        ("p", "column 'p' cannot be the segment as well"),
    ],
)
def test_a_column_that_cannot_part_the_rows_is_an_error(
    column: str, message: str, bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    result = bce("compute", preds(SMALL), "--by", column)
    assert (result.exit_code, result.stdout) == (65, "")
    assert result.stderr.splitlines()[0] == f"bce: error: preds.csv: {message}"


def test_a_column_of_ids_is_refused(bce: Callable[..., Result], preds: Callable[..., str]) -> None:
    text = "id,y,p\n" + "".join(f"{i},1,0.5\n" for i in range(10_001))
    result = bce("compute", preds(text), "--by", "id")
    assert (result.exit_code, result.stdout) == (65, "")
    assert result.stderr.splitlines() == [
        "bce: error: the rows fall into more than 10,000 segments",
        f"bce: {FEW_VALUES}; --cut quantile:5 makes few intervals of numbers",
    ]


def test_a_column_of_ids_can_be_cut(bce: Callable[..., Result], preds: Callable[..., str]) -> None:
    text = "id,y,p\n" + "".join(f"{i},1,0.5\n" for i in range(10_001))
    for cut, sizes in (("7,9000.5", [7, 8994, 1000]), ("quantile:3", [3334, 3333, 3334])):
        found = segments(bce("compute", preds(text), "--by", "id", "--cut", cut, "-f", "json"))
        assert [item["n"] for item in found] == sizes


def test_an_id_may_part_the_rows_as_well(
    bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    found = segments(bce("compute", preds(SMALL), "--id", "site", "--by", "site", "-f", "json"))
    assert [item["n"] for item in found] == [2, 1, 1]


def flights(bce: Callable[..., Result], *options: str, model: str = "boosting") -> dict[str, Any]:
    result = bce("compute", str(FLIGHTS), "-p", model, *options, "-f", "json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_rows_of_a_day_depend_on_each_other(bce: Callable[..., Result]) -> None:
    by_row, by_day = (
        flights(bce, model="logistic"),
        flights(bce, "--cluster", "day", model="logistic"),
    )
    assert by_row["mean_loss"] == by_day["mean_loss"]
    widths = [round(found["ci_high"] - found["ci_low"], 3) for found in (by_row, by_day)]
    assert widths == [0.023, 0.225]
    keys = ("confidence", "cluster_column", "n_clusters")
    assert [by_row[key] for key in keys] == [0.95, None, None]
    assert [by_day[key] for key in keys] == [0.95, "day", 10]
    compared = bce(
        *("compare", str(FLIGHTS), "-p", "logistic", "-p", "boosting", "--cluster", "day"),
        *("--confidence", "0.9", "-f", "json"),
    )
    model = json.loads(compared.stdout)["models"][0]
    wide = flights(bce, "--cluster", "day", "--confidence", "0.9", model="logistic")
    for key in ("std_error", "ci_low", "ci_high", "mean_loss"):
        assert wide[key] == model[key]


def test_segments_have_the_gap_of_their_predictions(bce: Callable[..., Result]) -> None:
    rows: dict[str, list[tuple[str, float]]] = defaultdict(list)
    with FLIGHTS.open() as stream:
        for row in csv.DictReader(stream):
            rows[row["carrier"]].append((row["day"], int(row["label"]) - float(row["boosting"])))
    for options, of_days in (((), False), (("--cluster", "day"), True)):
        found = flights(bce, "--by", "carrier", *options)
        for item in found["segments"]:
            errors = rows[item["segment"]["carrier"]]
            mean = math.fsum(error for _, error in errors) / len(errors)
            units: dict[Any, list[float]] = defaultdict(list)
            for place, (day, error) in enumerate(errors):
                units[day if of_days else place].append(error - mean)
            squares = math.fsum(math.fsum(unit) ** 2 for unit in units.values())
            error = math.sqrt(squares * len(units) / (len(units) - 1)) / len(errors)
            assert item["gap"] == pytest.approx(mean, rel=1e-12)
            assert item["gap_std_error"] == pytest.approx(error, rel=1e-11)
            assert item["base_rate"] - item["mean_prediction"] == pytest.approx(mean, abs=1e-15)
            assert item["n_clusters"] == (len(units) if of_days else None)


def test_a_report_says_what_its_intervals_allow_for(
    bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    path = preds("y,p,g,d\n" + "1,0.5,a,x\n0,0.25,a,y\n1,0.5,b,x\n0,0.25,b,z\n" * 30)
    table = bce("compute", path, "--by", "g", "--cluster", "d", "--confidence", "0.8").stdout
    said = " ".join(table.split())
    assert "80 % interval" in table
    assert "of that mean, by cluster" in said
    assert "Intervals allow for rows of the same 'd' depending on each other: 3 clusters." in said
    assert "With so few of them, the intervals tend to be too narrow." in said
    assert "chance alone would make it at most about 0.4 of 2." in said
    assert "depend" not in bce("compute", path, "--by", "g").stdout


def test_a_cluster_has_no_meaning_for_rows(
    bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    result = bce("compute", preds(SMALL), "--per-example", "--cluster", "site")
    assert (result.exit_code, result.stdout) == (2, "")
    assert (
        result.stderr == "bce: error: --cluster is for intervals, and --per-example writes none\n"
    )


@pytest.mark.parametrize("level", ["0", "1", "95", "nan"])
def test_a_level_that_is_none_is_refused(
    level: str, bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    result = bce("compute", preds(SMALL), "--confidence", level)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("bce: error: --confidence must lie between 0 and 1, got ")


def test_reports_of_older_versions_are_shown_without_gaps(bce: Callable[..., Result]) -> None:
    saved = flights(bce, "--by", "carrier")
    for key in ("confidence", "cluster_column", "n_clusters"):
        del saved[key]
    for item in saved["segments"]:
        del item["mean_prediction"], item["n_clusters"]
        for key in ("gap", "gap_std_error", "gap_ci_low", "gap_ci_high"):
            del item[key]
    Path("old.json").write_text(json.dumps(saved))
    shown = str(bce_cli.load("old.json"))
    assert "95 % interval" in shown
    assert "gap" not in shown.lower()


@pytest.mark.deep
def test_numbers_that_are_not_cut_are_said_to_be(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    lines = [f"{i % 2},0.{3 + i % 4},0.{2 + i % 5},{20 + i % 21},v{i % 21}\n" for i in range(42)]
    path = preds("y,p,q,age,word\n" + "".join(lines))
    note = "Each number in 'age' is a segment; --cut quantile:5 puts numbers into intervals."
    for command in ("compute -p p", "calibration -p p", "compare -p p -p q"):
        name, *columns = command.split()
        text = bce(name, path, *columns, "--by", "age").stdout
        assert text.count("by 'age', costliest first\n") == 1
        assert text.count(note) == 1
        assert "Each number" not in bce(name, path, *columns, "--by", "word").stdout
        cut = bce(name, path, *columns, "--by", "age", "--cut", "30").stdout
        assert cut.count("by 'age', in order\n") == 1
        assert "Each number" not in cut
    fewer = preds("y,p,age\n" + "".join(f"{i % 2},0.4,{i % 20}\n" for i in range(40)), "fewer.csv")
    assert "Each number" not in bce("compute", fewer, "-p", "p", "--by", "age").stdout
