"""bce check --confident: clusters, confidence, figures that rows are held for, power in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd  # noqa: TID253 -- frames are what is asked about
import pytest

import bce_cli
from bce_cli.errors import ArgumentError
from tests.in_python import in_python, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

N = 120


@pytest.fixture
def frame() -> pd.DataFrame:
    """Rows of 12 days, in a frame and in a file."""
    random = np.random.default_rng(0)
    days = np.arange(N) // 10
    rates = np.clip(0.5 + random.normal(0.0, 0.2, 12)[days], 0.05, 0.95)
    p = np.round(np.clip(rates + random.normal(0.0, 0.05, N), 0.02, 0.98), 3)
    q = np.round(np.clip(p + random.normal(0.0, 0.05, N), 0.02, 0.98), 3)
    frame = pd.DataFrame(
        {"y": (random.uniform(size=N) < rates).astype(int), "p": p, "q": q, "day": days}
    )
    frame.to_csv("preds.csv", index=False)
    return frame


def _record(result: Result) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(result.stdout)
    return record


@pytest.mark.usefixtures("frame")
def test_clusters_are_those_of_compare_and_calibration(bce: Callable[..., Result]) -> None:
    cluster = ("--cluster", "day", "--confidence", "0.9", "-f", "json")
    limits = ("--max-loss", "1", "--min-skill", "-1", "--max-brier", "1", "--min-auc", "0")
    found = ("--against-column", "q", "--confident", *limits)
    record = _record(bce("check", "preds.csv", "-p", "p", *found, *cluster))
    checks = {check["name"]: check for check in record["checks"]}
    compared = _record(bce("compare", "preds.csv", "-p", "q", "-p", "p", *cluster))
    (difference,), own = compared["comparisons"], compared["models"][1]
    ends = ("ci_low", "ci_high")
    against = checks["against"]
    assert against["value"] == difference["difference"]
    assert [against[end] for end in ends] == [difference[end] for end in ends]
    assert [checks["max_loss"][end] for end in ends] == [own[end] for end in ends]
    assert record["std_error"] == own["std_error"]
    of_one = _record(bce("calibration", "preds.csv", "-p", "p", *cluster))
    for name, key in (("min_skill", "skill"), ("min_auc", "auc")):
        assert checks[name]["value"] == of_one[key]
        expected = [of_one[f"{key}_{end}"] for end in ends]
        assert [checks[name][end] for end in ends] == pytest.approx(expected, rel=1e-12)
    told = (record["confidence"], record["cluster_column"], record["n_clusters"])
    assert told == (0.9, "day", 12)


@pytest.mark.usefixtures("frame")
def test_the_report_tells_of_clusters_and_of_what_rows_can_tell(
    bce: Callable[..., Result],
) -> None:
    args = ["check", "preds.csv", "-p", "p", "--max-loss", "0.65", "--confident"]
    result = bce(*args, "--cluster", "day", "--confidence", "0.9")
    text = " ".join(result.stdout.split())
    assert result.exit_code == 4
    assert "value 90 % interval limit verdict" in text
    assert (
        "Intervals allow for rows of the same 'day' depending on each other: 12 clusters. With so "
        "few of them, the intervals tend to be too narrow. These rows tell a difference of "
    ) in text
    (check,) = _record(bce(*args, "--cluster", "day", "-f", "json"))["checks"]
    distance, needed = check["value"] - 0.65, check["rows_needed"]
    assert f"{check['detectable_difference']:.2g} or more from the limit (80 % power, 95 %)" in text
    shown = round(needed, 2 - len(str(needed)))
    assert (
        f"to tell the {abs(distance):.2g} that was seen, about {shown:,} rows in clusters" in text
    )
    plain = " ".join(bce(*args).stdout.split())
    assert "Intervals take rows to be independent; --cluster COLUMN is for rows that are" in plain
    both = " ".join(bce(*args, "--min-skill", "0.1").stdout.split())
    assert "mean loss, nats: these rows tell" in both
    assert "skill: these rows tell" in both


@pytest.mark.usefixtures("frame")
def test_nothing_is_told_of_intervals_that_nobody_asked_for(bce: Callable[..., Result]) -> None:
    record = _record(bce("check", "preds.csv", "-p", "p", "--max-loss", "1", "-f", "json"))
    keys = ("confidence", "cluster_column", "n_clusters", "bins", "strategy")
    assert [record[key] for key in keys] == [None] * 5
    assert "ntervals" not in bce("check", "preds.csv", "-p", "p", "--max-loss", "1").stdout


@pytest.mark.usefixtures("frame")
@pytest.mark.parametrize(
    ("limits", "code", "said"),
    [
        (["--min-auc", "0.99"], 3, "AUC 0.682425 is below 0.99"),
        (
            ["--min-auc", "0.6", "--confident"],
            4,
            "AUC 0.682425 (0.5868 to 0.778) is not clear of 0.6",
        ),
        (["--max-miscalibration", "0"], 3, "miscalibration 0.0506166 is above 0"),
        (
            ["--max-ece", "0", "--strategy", "quantile", "--bins", "3"],
            3,
            "calibration error 0.0420667 is above 0",
        ),
    ],
)
def test_figures_that_rows_are_held_for_are_told(
    limits: list[str], code: int, said: str, bce: Callable[..., Result]
) -> None:
    result = bce("check", "preds.csv", "-p", "p", *limits)
    assert result.exit_code == code
    assert said in result.stderr
    saved = bce("check", "preds.csv", "-p", "p", *limits, "-f", "json").stdout
    Path("saved.json").write_text(saved)
    loaded = bce_cli.load("saved.json")
    assert isinstance(loaded, bce_cli.CheckResult)
    assert words(f"{loaded}") == words(in_python(result.stdout))
    assert loaded.to_json() == saved


@pytest.mark.usefixtures("frame")
def test_bins_are_told_as_they_are(bce: Callable[..., Result]) -> None:
    args = ["check", "preds.csv", "-p", "p", "--max-ece", "1", "--bins", "3"]
    assert "\nThe calibration error is over 3 bins of equal width.\n" in bce(*args).stdout
    result = bce(*args, "--strategy", "quantile", "--confident")
    assert "3 bins of about as many rows each; its interval" in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("text", "limits", "said"),
    [
        (
            "y,p,day\n" + "1,0.9,a\n0,0.4,a\n1,0.3,a\n" * 9,
            ["--max-loss", "1", "--cluster", "day"],
            "mean loss 0.60672 has no interval, as all rows are of one cluster",
        ),
        (
            "y,p\n1,0.9\n0,0.4\n1,0.8\n0,0.2\n",
            ["--min-auc", "0.5"],
            "AUC 1 has no interval, as no prediction of one label is among those of the other",
        ),
        (
            "y,p\n1,0.5\n0,0.4\n0,0.8\n0,0.2\n",
            ["--min-auc", "0.5"],
            "AUC 0.666667 has no interval, for want of rows of either label",
        ),
        (
            "y,p\n1,0.5\n0,0.5\n1,0.5\n0,0.5\n",
            ["--min-auc", "0.5"],
            "AUC 0.5 has no interval, as its rows show no spread",
        ),
        (
            "y,p\n1,0.5\n0,0.4\n",
            ["--max-miscalibration", "1"],
            (
                "miscalibration 0.601986 has no interval, for want of rows to fit a map to and to "
                "judge it by"
            ),
        ),
    ],
)
def test_why_there_is_no_interval_is_told(
    text: str, limits: list[str], said: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("check", preds(text), *limits, "--confident")
    assert result.stderr == f"bce: check undecided: {said}\n"
    assert result.exit_code == 4


def test_an_area_of_one_label_is_undefined(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("check", preds("y,p\n1,0.5\n1,0.4\n"), "--min-auc", "0")
    assert result.stderr == "bce: check failed: AUC is undefined, as all labels are the same\n"
    result = bce("check", preds("y,p\n1,0.5\n1,0\n0,0.5\n"), "--max-miscalibration", "9")
    assert result.stderr == (
        "bce: check failed: miscalibration is infinite: 1 row was certain and wrong, the first is "
        "row 2\n"
    )


@pytest.mark.usefixtures("frame")
@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["--max-loss", "1", "--cluster", "day"], 2, "--cluster goes with --confident"),
        (["--max-loss", "1", "--confidence", "0.9"], 2, "--confidence goes with --confident"),
        (
            ["--max-loss", "1", "--confident", "--confidence", "95"],
            2,
            "--confidence must lie between 0 and 1, got 95",
        ),
        (
            ["--max-loss", "1", "--confident", "--cluster", "week"],
            65,
            "preds.csv: there is no column 'week'",
        ),
        (["--max-loss", "1", "--strategy", "quantile"], 2, "--strategy goes with --max-ece"),
        (["--min-auc", "1.5"], 2, "--min-auc must be in [0, 1], got 1.5"),
        (
            ["--max-miscalibration", "-1"],
            2,
            "--max-miscalibration must be 0 or more, got -1.0",
        ),
        (
            ["--max-miscalibration", "1", "--like", "torch"],
            2,
            "--max-miscalibration is of exact losses, or clipped ones",
        ),
    ],
)
def test_an_error_is_told(
    args: list[str], code: int, message: str, bce: Callable[..., Result]
) -> None:
    result = bce("check", "preds.csv", "-p", "p", *args)
    assert result.stderr.splitlines()[0] == f"bce: error: {message}"
    assert (result.stdout, result.exit_code) == ("", code)


ask: Any = bce_cli.check


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"cluster": "day"},
            "cluster goes with confident\nadd confident=True: without it there are no intervals",
        ),
        (
            {"confidence": 0.9},
            "confidence goes with confident\nadd confident=True: without it there are no intervals",
        ),
        ({"strategy": "quantile"}, "strategy goes with max_ece"),
        (
            {"max_ece": 1, "strategy": "quantil"},
            (
                "strategy 'quantil' is not known; did you mean 'quantile'?\n"
                "known are uniform, quantile"
            ),
        ),
        ({"min_auc": "x"}, "min_auc must be a finite number, got 'x'"),
    ],
)
def test_in_python_a_misuse_is_named(
    options: dict[str, Any], message: str, frame: pd.DataFrame
) -> None:
    with pytest.raises(ArgumentError) as caught:
        ask(frame, "p", max_loss=1, **options)
    assert str(caught.value) == message


def test_in_python_clusters_are_values_of_arrays(frame: pd.DataFrame) -> None:
    limits: dict[str, Any] = {"max_loss": 0.7, "max_ece": 0.2, "confident": True}
    named = bce_cli.check(frame, "p", cluster="day", confidence=0.99, **limits)
    given = bce_cli.check(frame["y"], frame["p"], cluster=frame["day"], confidence=0.99, **limits)
    assert named.checks.to_pylist() == given.checks.to_pylist()
    assert (named.n_clusters, given.cluster_column, given.confidence) == (12, "day", 0.99)
