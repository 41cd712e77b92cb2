"""bce calibration of rows that depend on each other, at any confidence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Bce = Callable[..., Result]
    Preds = Callable[..., str]

HINT = "bce: such as 0.95 or 0.99\n"
SAMPLES = Path(__file__).parents[2] / "sample_data"
FLIGHTS = ("calibration", str(SAMPLES / "flights.csv"), "-p", "boosting")
DAYS = (*FLIGHTS, "--cluster", "day")


def record_of(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    record: dict[str, Any] = json.loads(result.stdout)
    return record


@pytest.mark.deep
def test_days_leave_more_open_than_rows(bce: Bce) -> None:
    rows = record_of(bce(*FLIGHTS, "-f", "json"))
    days = record_of(bce(*DAYS, "-f", "json"))
    assert (rows["cluster_column"], rows["n_clusters"]) == (None, None)
    assert (days["cluster_column"], days["n_clusters"]) == ("day", 10)
    widths = [round(found["ci_high"] - found["ci_low"], 4) for found in (rows, days)]
    assert widths == [0.0267, 0.2194]
    same = [key for key in rows if not re.search("_ci_|_p$|_z$|ci_|std_error|cluster", key)]
    same = [key for key in same if key not in ("bins", "cross_fitted", "notes")]
    assert {key: days[key] for key in same} == {key: rows[key] for key in same}
    assert days["cross_fitted"]["folds"] == 10
    assert (rows["cross_fitted"]["method"], days["cross_fitted"]["method"]) == (
        "logistic",
        "offset",
    )


@pytest.mark.deep
def test_the_level_stands_wherever_an_interval_does(bce: Bce) -> None:
    text = " ".join(bce(*DAYS, "--confidence", "0.9", "--bootstrap", "2").stdout.split())
    assert "95 %" not in text
    for words in (
        "│ bin, 90 % interval",
        "event rate 90 % interval gap verdict",
        "value 90 % interval meaning",
        "about 10 % stray so by chance",
        "Middle 90 % of 2 samples drawn from these rows",
        "Each sample has as many clusters, drawn whole and with replacement; seed 0.",
        "90 % intervals: of the mean 0.527 to 0.705, of the Brier score 0.173 to 0.248.",
        "AUC 0.7197 [0.681, 0.758], skill 6.1 % [0.4 %, 11.8 %], Brier skill 9.0 %.",
        "rows of the same 'day' depending on each other: 10 clusters. With so few of them, the",
    ):
        assert words in text


def test_so_few_clusters_say_how_many_would_do(bce: Bce, preds: Preds) -> None:
    rows = [f"{k % 10 < 1 + k % 8},{(1 + k % 8) / 10},{k % 40}" for k in range(400)]
    path = preds("\n".join(["label,p,user", *rows]).replace("True", "1").replace("False", "0"))
    text = " ".join(bce("calibration", path, "--cluster", "user").stdout.split())
    assert "400 rows in 40 clusters cannot tell" in text
    assert "such clusters would do" in text


def test_one_cluster_tells_nothing(bce: Bce, preds: Preds) -> None:
    path = preds("label,p,day\n" + "0,0.1,Mon\n1,0.2,Mon\n0,0.3,Mon\n1,0.9,Mon\n" * 10)
    text = " ".join(bce("calibration", path, "--cluster", "day").stdout.split())
    assert "One cluster has no spread, so there are no intervals, and no tests by them." in text
    assert "Spiegelhalter's test needs clusters that differ in such predictions." in text
    found = record_of(bce("calibration", path, "--cluster", "day", "-f", "json"))
    assert (found["slope_ci_low"], found["slope_ci_high"], found["ci_low"]) == (None, None, None)
    assert (found["calibrated"], found["calibrated_p"], found["cross_fitted"]) == (None,) * 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--cluster", "label", "--fine-bins"],
            "bce: error: --cluster needs the rows, and --fine-bins does not hold them\n",
        ),
        (
            ["--confidence", "95"],
            "bce: error: --confidence must lie between 0 and 1, got 95\n" + HINT,
        ),
    ],
)
def test_what_cannot_be_asked_by_cluster_is_refused(
    bce: Bce, preds: Preds, options: list[str], message: str
) -> None:
    found = bce("calibration", preds("label,prediction\n0,0.1\n1,0.2\n"), *options)
    assert (found.exit_code, found.stdout, found.stderr) == (2, "", message)
