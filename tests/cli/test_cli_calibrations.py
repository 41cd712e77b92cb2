"""bce calibration of several models and by segment: what is printed, and what is refused."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Bce = Callable[..., Result]
    Preds = Callable[..., str]

FLIGHTS = str(Path(__file__).parents[2] / "sample_data" / "flights.csv")
ROWS = (
    "y,p_a,p_b,site,age,w\n"
    "1,0.9,0.8,x,30,1\n"
    "0,0.2,0.1,y,40,2\n"
    "1,0.6,0.7,x,10,1\n"
    "0,0.4,0.5,y,20,3\n"
    "1,0.3,0.5,x,30,1\n"
    "0,0.1,0.2,y,25,1\n"
    "0,0.7,0.2,x,26,1\n"
)
BOTH = ("-p", "p_a", "-p", "p_b")
OF_ROWS = {
    *("source", "label_column", "positive_label", "negative_label", "n", "n_positive"),
    *("weight_sum", "base_rate", "n_missing", "n_unmatched", "unit"),
    *("confidence", "cluster_column", "n_clusters", "effective_clusters"),
}
SEGMENT_KEYS = [
    *("n", "n_positive", "weight_sum", "base_rate", "mean_prediction"),
    *("gap", "gap_std_error", "gap_ci_low", "gap_ci_high"),
    *("mean_loss", "miscalibration", "discrimination", "uncertainty"),
    *("slope", "slope_ci_low", "slope_ci_high", "slope_obstacle"),
    *("ece", "auc", "auc_ci_low", "auc_ci_high", "auc_ci_is_too_narrow"),
    *("n_impossible", "n_clusters", "effective_clusters", "is_small"),
]


def record_of(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    record: dict[str, Any] = json.loads(result.stdout)
    return record


def table_of(result: Result) -> list[dict[str, str]]:
    assert result.exit_code == 0, result.stderr
    return list(csv.DictReader(io.StringIO(result.stdout)))


@pytest.mark.parametrize("options", [(), ("-w", "w"), ("--fine-bins",), ("--bootstrap", "3")])
def test_each_model_has_all_figures_that_it_has_alone(
    options: tuple[str, ...], bce: Bce, preds: Preds
) -> None:
    path = preds(ROWS)
    found = record_of(bce("calibration", path, *BOTH, *options, "-f", "json"))
    assert found["prediction_columns"] == ["p_a", "p_b"]
    for model in found["models"]:
        own = ("calibration", path, "-p", model["name"], *options, "-f", "json")
        alone = record_of(bce(*own))
        assert {key: alone[key] for key in OF_ROWS} == {key: found[key] for key in OF_ROWS}
        rest = {"prediction_column", "weight_column", "notes"} | OF_ROWS
        assert list(model) == ["name", *(key for key in alone if key not in rest)]
        assert model == {"name": model["name"]} | {k: alone[k] for k in alone if k not in rest}


@pytest.mark.deep
def test_the_line_of_all_rows_is_the_report_without_segments(bce: Bce) -> None:
    asked = ("calibration", FLIGHTS, "-p", "boosting")
    alone = record_of(bce(*asked, "-f", "json"))
    found = record_of(bce(*asked, "--by", "carrier", "-f", "json"))
    gap = ("gap", "gap_std_error", "gap_ci_low", "gap_ci_high")
    assert {k: v for k, v in found.items() if k not in {*gap, "segments"}} == alone
    assert list(found)[-6:] == [*gap, "segments", "notes"]
    whole, *segments = table_of(bce(*asked, "--by", "carrier", "-f", "csv"))
    assert (whole["carrier"], len(segments)) == ("all", 15)
    flat = alone | {key: alone["log_loss"][key] for key in ("miscalibration", "uncertainty")}
    for key in ("n", "mean_loss", "miscalibration", "uncertainty", "slope", "ece", "auc"):
        assert float(whole[key]) == flat[key]
    assert float(whole["gap"]) == found["gap"]
    assert sum(int(each["n"]) for each in segments) == alone["n"]


def test_a_segment_has_the_figures_of_a_file_of_its_rows(bce: Bce, preds: Preds) -> None:
    path, (head, *lines) = preds(ROWS), ROWS.splitlines(keepends=True)
    found = record_of(bce("calibration", path, *BOTH, "--by", "site", "-w", "w", "-f", "json"))
    assert [(s["segment"], s["model"]) for s in found["segments"]] == [
        ({"site": site}, model) for site in "xy" for model in ("p_a", "p_b")
    ]
    for segment in found["segments"]:
        assert list(segment) == ["segment", "model", *SEGMENT_KEYS]
        site = segment["segment"]["site"]
        own = preds(head + "".join(line for line in lines if f",{site}," in line), "own.csv")
        asked = ("calibration", own, "-p", segment["model"], "-w", "w", "-f", "json")
        alone = record_of(bce(*asked))
        alone |= alone["log_loss"]
        same = [key for key in SEGMENT_KEYS if not key.startswith("gap") and key != "is_small"]
        assert {key: segment[key] for key in same} == {key: alone[key] for key in same}


def test_a_number_a_line_in_the_order_of_the_models(bce: Bce, preds: Preds) -> None:
    path = preds(ROWS)
    each = [bce("calibration", path, "-p", name, "-q").stdout for name in ("p_b", "p_a")]
    assert bce("calibration", path, "-p", "p_b", "-p", "p_a", "-q").stdout == "".join(each)
    assert bce("calibration", path, "-p", "p_*", "-q").stdout == "".join(each[::-1])


def test_a_pattern_of_one_name_is_one_model(bce: Bce, preds: Preds) -> None:
    path = preds(ROWS)
    alone, found = (
        bce("calibration", path, "-l", "y", "-p", name, "-f", "json") for name in ("p_a", "*_a")
    )
    assert found.stdout == alone.stdout
    assert found.stderr == "bce: label column 'y', prediction column 'p_a'\n"


def test_segments_of_a_column_that_is_cut_are_in_its_order(bce: Bce, preds: Preds) -> None:
    asked = ("calibration", preds(ROWS), *BOTH, "--by", "age", "--cut", "20,30", "-f", "csv")
    found = table_of(bce(*asked))
    assert [(each["age"], each["model"], each["n"]) for each in found] == [
        (name, model, n)
        for name, n in (
            ("all", "7"),
            ("below 20", "1"),
            ("20 to below 30", "3"),
            ("30 or more", "3"),
        )
        for model in ("p_a", "p_b")
    ]


def test_segments_of_few_clusters_are_named_where_all_rows_are_of_many(
    bce: Bce, preds: Preds
) -> None:
    rows = "".join(f"{i % 2},{(i * 7 % 10) / 10},{'xyz'[i % 3]},{i // 2}\n" for i in range(72))
    path = preds(f"y,p,site,user\n{rows}")
    asked = ("calibration", path, "--by", "site", "--cluster", "user", "-f", "markdown", "--brief")
    text = bce(*asked).stdout
    note = "Fewer than 30 clusters, so intervals tend to be too narrow: 'x', 'z', 'y'."
    assert f"\n{note}\n" in text
    few = preds("y,p,site,user\n" + rows[: len(rows) // 2], "few.csv")
    assert "Fewer than 30 clusters" not in bce("calibration", few, *asked[2:]).stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--by", "site", "-q"), "--by is a table of its own, and --quiet prints one number alone"),
        (
            ("--by", "site", "--fine-bins"),
            "--by needs the rows, and --fine-bins does not hold them",
        ),
        (("--cut", "3"), "--cut goes with --by, a column of numbers"),
    ],
)
def test_what_does_not_go_together_is_refused(
    options: tuple[str, ...], message: str, bce: Bce, preds: Preds
) -> None:
    result = bce("calibration", preds(ROWS), *BOTH, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[0] == f"bce: error: {message}"


def test_doubts_are_said_of_the_model_that_makes_them(bce: Bce, preds: Preds) -> None:
    rows = "y,good,other,classes\n" + "1,0.8,0.1,1\n0,0.2,0.9,0\n1,0.7,0.2,0\n0,0.3,0.8,0\n" * 8
    models = ("-p", "good", "-p", "other", "-p", "classes")
    result = bce("calibration", preds(rows), *models, "-q")
    assert result.stdout.count("\n") == 3
    other = "1 - p would cost 0.164252 in place of 1.95601 nats a row: is this the probability of"
    classes = "All 32 predictions are 0 or 1: these look like classes; probabilities come of"
    doubts = [f"other: {other} the other label?", f"classes: {classes} predict_proba."]
    assert result.stderr.splitlines() == [f"bce: note: {doubt}" for doubt in doubts]
    assert record_of(bce("calibration", "preds.csv", *models, "-f", "json"))["notes"] == doubts


def test_fewer_bins_than_asked_for_are_told_of_the_model(bce: Bce, preds: Preds) -> None:
    options = ("--strategy", "quantile", "--bins", "7", "-f", "json")
    result = bce("calibration", preds(ROWS), *BOTH, *options)
    assert record_of(result)["notes"] == [
        "p_b: There are 5 bins and not 7, for want of more different predictions."
    ]


@pytest.mark.deep
def test_a_picture_shows_all_models(bce: Bce, preds: Preds) -> None:
    result = bce(
        "calibration", preds(ROWS), *BOTH, "--by", "site", "--plot", "all.svg", "-f", "csv"
    )
    assert result.exit_code == 0, result.stderr
    text = Path("all.svg").read_text(encoding="utf-8")
    for words in ("Reliability diagram: 2 models on 7 rows", "p_a", "p_b"):
        assert f"<!-- {words} -->" in text


@pytest.mark.deep
@pytest.mark.few(1)
@pytest.mark.parametrize("workers", ["1", "5"])
def test_workers_and_shards_change_no_byte(workers: str, bce: Bce, preds: Preds) -> None:
    head, *lines = ROWS.splitlines(keepends=True)
    preds(head + "".join(lines[:3]), "a.csv")
    preds(head + "".join(lines[3:]), "b.csv")
    options = (*BOTH, "--by", "site", "--workers", workers, "-f", "csv")
    whole, shards = (
        bce("calibration", preds(ROWS), *options),
        bce("calibration", "a.csv", "b.csv", *options),
    )
    assert whole.stdout == shards.stdout
