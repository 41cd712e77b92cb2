"""bce calibration: figures in every format, options, pictures, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bce_cli.readers import grammar
from tests.budgets import one_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Bce = Callable[..., Result]
    Preds = Callable[..., str]

ROWS = "label,prediction\n0,0.1\n1,0.2\n0,0.3\n1,0.9\n"
IMPOSSIBLE = "label,prediction\n1,0\n0,0.25\n1,0.75\n"
SAMPLES = Path(__file__).parents[2] / "sample_data"

KEYS = [
    *("source", "label_column", "prediction_column", "positive_label", "negative_label"),
    *("n", "n_positive", "weight_sum", "base_rate", "mean_prediction", "n_missing", "n_unmatched"),
    *("unit", "confidence", "cluster_column", "n_clusters", "effective_clusters"),
    *("mean_loss", "std_error", "ci_low", "ci_high"),
    *("skill", "skill_ci_low", "skill_ci_high"),
    *("log_loss", "brier", "brier_ci_low", "brier_ci_high", "brier_skill"),
    *("auc", "auc_ci_low", "auc_ci_high", "auc_ci_is_too_narrow", "cross_fitted", "bootstrap"),
    *("fine_bins", "strategy", "ece", "mce"),
    *("slope", "slope_ci_low", "slope_ci_high"),
    *("intercept", "intercept_ci_low", "intercept_ci_high"),
    "calibration_in_the_large",
    *("calibration_in_the_large_ci_low", "calibration_in_the_large_ci_high"),
    "calibration_in_the_large_p",
    *("n_in_fit", "spiegelhalter_z", "spiegelhalter_p"),
    *("slope_intercept_p", "calibrated", "calibrated_p"),
    *("n_impossible", "first_impossible_row", "n_weighted", "effective_n"),
    *("slope_obstacle", "calibration_in_the_large_obstacle", "mean_p", "n_bins"),
    *("bins", "isotonic", "histogram", "notes"),
]
LOG_LOSS_KEYS = ["miscalibration", "discrimination", "uncertainty", "recalibrated_loss"]
BRIER_KEYS = ["score", "miscalibration", "discrimination", "uncertainty", "recalibrated_score"]
WITHIN = "within_bins"
BIN_KEYS = [
    *("low", "high", "n", "weight_sum", "mean_prediction", "event_rate", "ci_low", "ci_high")
]


def refuse_constant(token: str) -> None:
    message = f"{token} is not JSON"
    raise ValueError(message)


def record_of(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    record: dict[str, Any] = json.loads(result.stdout, parse_constant=refuse_constant)
    return record


@pytest.fixture
def record(bce: Bce, preds: Preds) -> Callable[..., dict[str, Any]]:
    """Judge the text of a file, and return the JSON."""

    def run(text: str, *options: str) -> dict[str, Any]:
        return record_of(bce("calibration", preds(text), "-f", "json", *options))

    return run


def test_json_has_the_documented_keys(record: Callable[..., dict[str, Any]]) -> None:
    found = record(ROWS, "--bootstrap", "5", "--seed", "2")
    assert list(found) == KEYS
    assert list(found["log_loss"]) == [*LOG_LOSS_KEYS, WITHIN]
    assert list(found["brier"]) == [*BRIER_KEYS, WITHIN]
    assert (found["fine_bins"], found["log_loss"][WITHIN], found["brier"][WITHIN]) == (None,) * 3
    assert {tuple(each) for each in found["bins"]} == {tuple(BIN_KEYS)}
    chance = "calibrated_miscalibration_q95"
    share = "calibrated_miscalibration_p"
    assert list(found["bootstrap"]) == ["n", "seed", "log_loss", "brier", chance, share]
    assert list(found["bootstrap"][chance]) == ["log_loss", "brier"]
    assert list(found["bootstrap"]["log_loss"]) == ["mean_loss", *LOG_LOSS_KEYS]
    assert list(found["bootstrap"]["brier"]) == BRIER_KEYS
    assert set(found["bootstrap"]["brier"]["score"]) == {"ci_low", "ci_high"}
    assert (found["bootstrap"]["n"], found["bootstrap"]["seed"]) == (5, 2)


def test_figures_are_what_they_are_by_hand(record: Callable[..., dict[str, Any]]) -> None:
    found = record(ROWS, "--bins", "2")
    loss = -(math.log(0.9) + math.log(0.2) + math.log(0.7) + math.log(0.9)) / 4.0
    assert found["mean_loss"] == pytest.approx(loss, rel=1e-15)
    del found["log_loss"][WITHIN], found["brier"][WITHIN]
    assert found["log_loss"] == pytest.approx(
        {
            "miscalibration": loss - math.log(2.0) / 2.0,
            "discrimination": math.log(2.0) / 2.0,
            "uncertainty": math.log(2.0),
            "recalibrated_loss": math.log(2.0) / 2.0,
        }
    )
    assert found["brier"] == pytest.approx(
        {
            "score": 0.1875,
            "miscalibration": 0.0625,
            "discrimination": 0.125,
            "uncertainty": 0.25,
            "recalibrated_score": 0.125,
        }
    )
    assert found["isotonic"] == [
        {"low": 0.1, "high": 0.1, "recalibrated": 0.0},
        {"low": 0.2, "high": 0.3, "recalibrated": 0.5},
        {"low": 0.9, "high": 0.9, "recalibrated": 1.0},
    ]
    first, second = found["bins"]
    assert (first["low"], first["high"], first["n"]) == (0.0, 0.5, 3)
    assert first["mean_prediction"] == pytest.approx(0.2)
    assert first["event_rate"] == pytest.approx(1.0 / 3.0)
    assert second["event_rate"] == 1.0
    assert found["ece"] == pytest.approx(0.75 * (1.0 / 3.0 - 0.2) + 0.25 * 0.1)
    assert found["mce"] == pytest.approx(1.0 / 3.0 - 0.2)


def test_the_mean_is_that_of_compute(bce: Bce) -> None:
    path = str(SAMPLES / "flights.csv")
    computed = record_of(bce("compute", path, "-p", "boosting", "-f", "json"))
    found = record_of(bce("calibration", path, "-p", "boosting", "-f", "json"))
    assert found["mean_loss"] == computed["mean_loss"]
    assert found["brier"]["score"] == computed["brier"]
    assert found["log_loss"]["uncertainty"] == pytest.approx(computed["base_rate_loss"], rel=1e-14)
    parts = found["log_loss"]
    composed = parts["miscalibration"] - parts["discrimination"] + parts["uncertainty"]
    assert composed == pytest.approx(found["mean_loss"], abs=1e-12)


def test_workers_change_no_byte(bce: Bce) -> None:
    arguments = ["calibration", str(SAMPLES / "flights.csv"), "-p", "logistic", "-f", "json"]
    texts = {bce(*arguments, "--workers", n).stdout for n in ("1", "2", "5")}
    assert len(texts) == 1


FLIGHTS = ("calibration", str(SAMPLES / "flights.csv"), "-p", "logistic")


@pytest.mark.deep
@pytest.mark.few(1)
@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_neither_workers_nor_blocks_change_a_byte_of_fine_bins(
    bce: Bce, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    arguments = (*FLIGHTS, "--fine-bins", "--strategy", strategy, "-f", "json")
    texts = set()
    for block_bytes, workers in ((1 << 22, "1"), (1 << 14, "5"), (1999, "2")):
        monkeypatch.setattr(grammar, "BLOCK_BYTES", block_bytes)
        texts.add(bce(*arguments, "--workers", workers).stdout)
    (text,) = texts
    assert json.loads(text)["fine_bins"]["n"] > 100


def test_fine_bins_come_near_to_what_all_rows_say(bce: Bce) -> None:
    held = record_of(bce(*FLIGHTS, "-f", "json"))
    fine = record_of(bce(*FLIGHTS, "-f", "json", "--fine-bins"))
    assert list(fine) == list(held) == KEYS
    assert list(fine["fine_bins"]) == ["n", "n_coarse", "greatest_odds_ratio"]
    for score, of_rows in (("log_loss", held["log_loss"]), ("brier", held["brier"])):
        within = fine[score].pop(WITHIN)
        assert 0.0 < abs(within) < 1e-4
        del of_rows[WITHIN]
        for part, value in fine[score].items():
            assert value == pytest.approx(of_rows[part], abs=2e-3)
    parts = fine["log_loss"]
    composed = parts["miscalibration"] - parts["discrimination"] + parts["uncertainty"]
    first = record_of(bce(*FLIGHTS, "-f", "json", "--fine-bins"))["log_loss"][WITHIN]
    assert composed + first == pytest.approx(fine["mean_loss"], abs=1e-12)
    exact = ("n", "base_rate", "mean_prediction", "mean_loss", "ece", "mce", "bins", "n_in_fit")
    assert {key: fine[key] for key in exact} == {key: held[key] for key in exact}
    errors = ("std_error", "skill_ci_low", "brier_ci_high", "brier_skill")
    assert {key: fine[key] for key in errors} == {key: held[key] for key in errors}
    for key in ("slope", "intercept", "calibration_in_the_large", "spiegelhalter_z", "auc"):
        assert fine[key] == pytest.approx(held[key], abs=1e-3)  # of an error of some 1e-2


def test_fine_bins_are_told_of_in_words(bce: Bce, preds: Preds) -> None:
    path = preds("label,prediction\n1,0\n0,0.25\n1,0.75\n0,1e-9\n1,1\n")
    text = " ".join(bce("calibration", path, "--fine-bins").stdout.split())
    assert "discrimination + uncertainty + within bins" in text
    assert "No rows were held: they were summed up in 5 fine bins, in which the odds" in text
    assert "differ by 6.25 % at the most. 1 of them is coarser, about one in a million" in text
    assert "within bins - 0 what using bin means would remove" in text
    record = record_of(bce("calibration", path, "--fine-bins", "-f", "json"))
    assert record["log_loss"][WITHIN] is None
    assert record["brier"][WITHIN] == 0.0
    assert record["fine_bins"] == {"n": 5, "n_coarse": 1, "greatest_odds_ratio": 1.0625}
    one = " ".join(
        bce("calibration", preds("label,prediction\n1,0.3\n"), "--fine-bins").stdout.split()
    )
    assert "summed up in 1 fine bin," in one
    assert "fine bin" not in bce("calibration", path).stdout


@pytest.mark.deep
def test_fine_bins_take_what_all_rows_take(bce: Bce, preds: Preds, tmp_path: Path) -> None:
    path = preds("y,x,w\n0.25,-3,1\n1,,2\n0,0.5,0\n1,50,3\n")
    columns = ("-l", "y", "-p", "x", "--weight", "w")
    arguments = ("calibration", path, *columns, "--logits", "--soft-labels", "--missing", "drop")
    held = record_of(bce(*arguments, "-f", "json"))
    picture = tmp_path / "diagram.svg"
    fine = record_of(bce(*arguments, "-f", "json", "--fine-bins", "--plot", str(picture)))
    assert fine["n_missing"] == 1
    assert fine["bins"] == held["bins"]
    assert fine["mean_loss"] == held["mean_loss"]
    assert fine["log_loss"]["miscalibration"] == pytest.approx(held["log_loss"]["miscalibration"])
    assert picture.stat().st_size > 1000
    quiet = bce(*arguments, "--fine-bins", "-q")
    assert (quiet.exit_code, quiet.stderr) == (0, "")
    assert quiet.stdout == f"{fine['log_loss']['miscalibration']!r}\n"


def test_samples_are_not_drawn_from_fine_bins(bce: Bce, preds: Preds) -> None:
    result = bce("calibration", preds(ROWS), "--fine-bins", "--bootstrap", "10")
    assert (result.exit_code, result.stdout) == (2, "")
    line = "--bootstrap draws samples of the rows, and --fine-bins does not hold them"
    assert result.stderr == f"bce: error: {line}\n"
    assert bce("calibration", preds("label,prediction\n"), "--fine-bins").exit_code == 65


def test_help_tells_of_memory(bce: Bce) -> None:
    text = " ".join(bce("calibration", "--help").stdout.split())
    assert "10 million rows take a gigabyte of memory; --fine-bins holds none." in text


def test_the_order_of_the_rows_changes_no_digit(record: Callable[..., dict[str, Any]]) -> None:
    lines = (SAMPLES / "flights.csv").read_text(encoding="utf-8").splitlines()[:2000]
    turned = [lines[0], *reversed(lines[1:])]
    options = ("-p", "logistic", "--bootstrap", "3")
    found, expected = (record("\n".join(each), *options) for each in (turned, lines))
    assert {key for key in found if found[key] != expected[key]} == {"cross_fitted"}  # by turns


def test_beside_fitted_rows_stands_what_a_simple_map_removes_on_others(bce: Bce) -> None:
    told = record_of(bce(*FLIGHTS, "-f", "json"))["cross_fitted"]
    asked = bce("recalibrate", *FLIGHTS[1:], "--method", told["method"], "-f", "json")
    found = record_of(asked)["methods"][1]
    assert told == {
        "method": "logistic",
        "n": 8710,
        "folds": 10,
        "loss": found["cross_fitted_loss"],
        "removed": -found["difference"],
        "ci_low": -found["ci_high"],
        "ci_high": -found["ci_low"],
    }
    text = " ".join(bce(*FLIGHTS).stdout.split())
    assert "Cross-fitted, the best simple map, logistic, removes 0.0" in text
    assert "]: bce recalibrate. Intervals and tests take rows to be independent" in text
    assert record_of(bce(*FLIGHTS, "--fine-bins", "-f", "json"))["cross_fitted"] is None
    assert "Cross-fitted" not in bce(*FLIGHTS, "--fine-bins").stdout


def test_where_that_cannot_be_said_nothing_is(bce: Bce, preds: Preds) -> None:
    for rows in ("1,0.5\n0,0.25\n" * 4, "1,0.5\n1,0.75\n" * 20):
        path = preds(f"label,prediction\n{rows}")
        assert record_of(bce("calibration", path, "-f", "json"))["cross_fitted"] is None
        assert "Cross-fitted" not in bce("calibration", path).stdout


def test_what_is_not_sure_and_what_is_infinite_is_told_as_such(bce: Bce, preds: Preds) -> None:
    rows = "1,0.75\n1,0.75\n1,0.75\n0,0.75\n0,0.25\n0,0.25\n0,0.25\n1,0.25\n" * 9
    for more, said in (
        ("", "Cross-fitted, no simple map removes anything for sure; the best, temperature, -0.0"),
        ("0,1\n", "Cross-fitted, the best simple map, temperature, leaves 0.5"),
    ):
        text = bce("calibration", preds(f"label,prediction\n{rows}{more}")).stdout
        assert said in " ".join(text.split())


def test_csv_has_the_bins(bce: Bce, preds: Preds) -> None:
    path = preds(ROWS)
    result = bce("calibration", path, "-f", "csv", "--bins", "4")
    lines = list(csv.DictReader(io.StringIO(result.stdout)))
    assert list(lines[0]) == BIN_KEYS
    bins = record_of(bce("calibration", path, "-f", "json", "--bins", "4"))["bins"]
    expected = [
        {key: "" if value is None else str(value) for key, value in each.items()} for each in bins
    ]
    assert lines == expected


def test_quiet_prints_the_miscalibration_alone(bce: Bce, preds: Preds) -> None:
    path = preds(ROWS)
    result = bce("calibration", path, "-q")
    assert (result.exit_code, result.stderr) == (0, "")
    found = record_of(bce("calibration", path, "-f", "json"))
    assert result.stdout == f"{found['log_loss']['miscalibration']!r}\n"
    bits = float(bce("calibration", path, "-q", "--unit", "bits").stdout)
    assert bits == pytest.approx(float(result.stdout) / math.log(2.0), rel=1e-15)


def test_impossible_rows_make_two_parts_infinite(bce: Bce, preds: Preds) -> None:
    path = preds(IMPOSSIBLE)
    found = record_of(bce("calibration", path, "-f", "json", "--bootstrap", "40"))
    assert (found["mean_loss"], found["log_loss"]["miscalibration"]) == (None, None)
    assert found["log_loss"]["discrimination"] > 0.0
    assert found["log_loss"]["uncertainty"] > 0.0
    assert found["brier"]["score"] == pytest.approx(1.125 / 3.0)
    assert (found["n_impossible"], found["first_impossible_row"]) == (1, 1)
    assert found["bootstrap"]["log_loss"]["mean_loss"]["ci_high"] is None
    assert found["n_in_fit"] == 2
    assert bce("calibration", path, "-q").stdout == "inf\n"
    text = " ".join(bce("calibration", path).stdout.split())
    assert "No: what was certain did not happen; recalibration would leave" in text
    assert "of an infinite loss" in text
    assert "1 row was certain and wrong; the first is row 1." in text


def test_rows_left_out_keep_the_numbers_of_the_others(
    record: Callable[..., dict[str, Any]],
) -> None:
    found = record("label,prediction\nNA,0.5\n0,0.5\n1,0.25\n0,\n1,0\n0,0.1\n", "--missing", "drop")
    assert (found["n"], found["n_missing"], found["first_impossible_row"]) == (4, 2, 5)


@pytest.mark.parametrize("label", ["0", "1"])
def test_a_single_class_is_judged(
    bce: Bce, record: Callable[..., dict[str, Any]], label: str
) -> None:
    found = record(f"label,prediction\n{label},0.25\n{label},0.5\n")
    assert found["log_loss"]["uncertainty"] == found["log_loss"]["discrimination"] == 0.0
    assert found["log_loss"]["miscalibration"] == found["mean_loss"]
    assert (found["slope"], found["calibration_in_the_large"]) == (None, None)
    text = bce("calibration", "preds.csv").stdout
    assert text.endswith("\nIs it calibrated? It cannot be told: all labels are the same.\n")
    assert "There is no slope: all labels that a fit could use are the same." in text


def test_one_row_is_judged(bce: Bce, preds: Preds) -> None:
    result = bce("calibration", preds("label,prediction\n1,0.5\n"), "--bootstrap", "3")
    assert result.exit_code == 0
    assert "1 row, 1 with label 1 (100.0 %)" in result.stdout
    assert "Spiegelhalter's test needs a prediction other than 0, 0.5 and 1." in result.stdout


def test_constant_predictions_have_no_slope(record: Callable[..., dict[str, Any]]) -> None:
    found = record("label,prediction\n1,0.5\n0,0.5\n1,0.5\n", "--strategy", "quantile")
    assert (found["slope"], found["intercept"], found["spiegelhalter_z"]) == (None, None, None)
    assert found["calibration_in_the_large"] == pytest.approx(math.log(2.0))
    assert [each["n"] for each in found["bins"]] == [3]


def test_perfect_predictions_have_nothing_to_remove(bce: Bce, preds: Preds) -> None:
    text = " ".join(bce("calibration", preds("label,prediction\n1,1\n0,0\n")).stdout.split())
    assert text.endswith("Is it calibrated? 2 rows cannot tell.")
    assert "every prediction is 0 or 1, and those have no finite logit" in text


def test_calibrated_predictions_have_nothing_to_remove(bce: Bce, preds: Preds) -> None:
    path = preds("label,prediction\n1,0.5\n0,0.5\n")
    assert bce("calibration", path, "-q").stdout == "0.0\n"
    text = " ".join(bce("calibration", path).stdout.split())
    assert text.endswith(
        "Is it calibrated? 2 rows cannot tell; recalibration would remove nothing."
    )


def test_logits_are_told_apart_where_probabilities_are_not(
    record: Callable[..., dict[str, Any]],
) -> None:
    found = record("label,prediction\n0,40\n1,50\n0,-1\n1,1\n0,2\n", "--logits")
    assert found["mean_loss"] == pytest.approx((40.0 + 0.313262 * 2 + 2.126928) / 5.0, rel=1e-6)
    assert len(found["isotonic"]) == 3
    assert found["n_impossible"] == 0
    assert found["n_in_fit"] == 5


def test_soft_labels_and_weights_are_respected(record: Callable[..., dict[str, Any]]) -> None:
    text = "label,prediction,w\n0.25,0.5,3\n0.75,0.5,1\n"
    found = record(text, "--soft-labels", "--weight", "w")
    assert (found["weight_sum"], found["base_rate"]) == (4.0, 0.375)
    assert found["isotonic"] == [{"low": 0.5, "high": 0.5, "recalibrated": 0.375}]
    assert found["brier"]["miscalibration"] == pytest.approx(0.125**2)
    assert found["brier"]["score"] == pytest.approx(0.0625)
    assert found["spiegelhalter_z"] is None


def test_whole_weights_are_repeated_rows(record: Callable[..., dict[str, Any]]) -> None:
    weighted = record("label,prediction,w\n1,0.9,2\n0,0.4,3\n1,0.3,1\n0,0.2,0\n", "--weight", "w")
    repeated = record("label,prediction\n1,0.9\n0,0.4\n1,0.9\n0,0.4\n1,0.3\n0,0.4\n")
    same = ("mean_loss", "log_loss", "brier", "ece", "mce", "slope", "intercept")
    for each in (weighted, repeated):
        del each["log_loss"][WITHIN], each["brier"][WITHIN]
    for key in same:
        assert weighted[key] == pytest.approx(repeated[key], rel=1e-12)


def test_a_pipe_is_read(bce: Bce) -> None:
    result = bce("calibration", "-f", "json", stdin=ROWS.encode())
    found = record_of(result)
    assert (found["source"], found["n"]) == ("-", 4)
    assert result.stderr == "bce: label column 'label', prediction column 'prediction'\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--bins", "0"], "--bins must be at least 1, got 0"),
        (["--bins", "1001"], "--bins must be at most 1000, got 1001"),
        (["--strategy", "even"], "--strategy 'even' is not known"),
        (["--bootstrap", "-1"], "--bootstrap must be at least 0, got -1"),
        (["--bootstrap", "10001"], "--bootstrap must be at most 10000, got 10001"),
        (["--seed", "-1"], "--seed must be at least 0, got -1"),
        (["--plot", "a.gif"], "--plot 'a.gif' must end in .png, .svg or .pdf"),
        (["--plot", "a.svg", "-o", "a.svg"], "--plot and --output are the same file, 'a.svg'"),
        (["--like", "torch"], "there is no option '--like'"),
        (["--clip", "0.1"], "there is no option '--clip'"),
    ],
)
def test_what_makes_no_sense_is_refused(
    bce: Bce, preds: Preds, options: list[str], message: str
) -> None:
    result = bce("calibration", preds(ROWS), *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr.splitlines()[0]
    assert [path.name for path in Path().iterdir()] == ["preds.csv"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("label,prediction\n1,1.2\n", 65),
        ("label,prediction\n", 65),
        ("label,prediction,w\n1,0.5,0\n", 65),
    ],
)
def test_bad_data_writes_nothing(bce: Bce, preds: Preds, text: str, code: int) -> None:
    weight = ["--weight", "w"] if ",w" in text else []
    path = preds(text)
    result = bce("calibration", path, "-o", "report.txt", "--plot", "picture.png", *weight)
    assert (result.exit_code, result.stdout) == (code, "")
    assert [found.name for found in Path().iterdir()] == [path]
    assert bce("calibration", "missing.csv").exit_code == 66


@pytest.mark.deep
@pytest.mark.few(1)
@pytest.mark.parametrize(
    ("ending", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
def test_the_same_rows_are_the_same_picture(
    bce: Bce, preds: Preds, ending: str, magic: bytes
) -> None:
    path, pictures = preds(IMPOSSIBLE + ROWS.partition("\n")[2]), []
    for name in ("one", "two"):
        result = bce("calibration", path, "--plot", f"{name}.{ending}", "-o", "page.txt")
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
        pictures.append(Path(f"{name}.{ending}").read_bytes())
    assert pictures[0].startswith(magic)
    assert pictures[0] == pictures[1]
    assert Path("page.txt").read_text(encoding="utf-8") == bce("calibration", path).stdout


def test_a_picture_never_replaces_an_input(bce: Bce, preds: Preds) -> None:
    path = preds(ROWS, "preds.svg")
    result = bce("calibration", path, "--plot", path, "-o", "page.txt")
    assert result.exit_code == 73
    assert Path(path).read_text(encoding="utf-8") == ROWS
    assert not Path("page.txt").exists()


@pytest.mark.parametrize("width", ["80", "120"])
@pytest.mark.parametrize(
    ("sample", "column"),
    [("flights", "boosting"), ("flights", "logistic"), ("breast_cancer", "forest")],
)
def test_the_screen_is_as_wide_as_the_terminal_at_most(
    bce: Bce, monkeypatch: pytest.MonkeyPatch, sample: str, column: str, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    path = os.path.relpath(SAMPLES / f"{sample}.csv")
    result = bce("calibration", path, "-p", column, "--bootstrap", "2")
    lines = [line for line in result.stdout.splitlines() if path not in line]
    assert max(map(len, lines)) <= int(width)


def test_a_narrow_terminal_cuts_no_number(
    bce: Bce, preds: Preds, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = preds(ROWS)
    found = record_of(bce("calibration", path, "-f", "json"))
    monkeypatch.setenv("COLUMNS", "20")
    text = bce("calibration", path).stdout
    for value in (found["mean_loss"], found["brier"]["miscalibration"]):
        assert f"{value:.6g}" in text
    assert "0.9 to 1" in " ".join(text.split())


@pytest.mark.deep
def test_an_ascii_terminal_gets_ascii(process: Callable[..., Any], preds: Preds) -> None:
    done = process(
        "calibration",
        preds(ROWS),
        "--bootstrap",
        "2",
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0
    text = done.stdout.decode("ascii")
    assert "mean = miscalibration - discrimination + uncertainty" in text
    assert "\\u" not in text


def prose(bce: Bce, path: str, *options: str) -> str:
    """Return what a person reads, in one line."""
    result = bce("calibration", path, *options)
    assert result.exit_code == 0, result.stderr
    return " ".join(result.stdout.split())


def test_a_bootstrap_says_what_it_is_and_what_chance_makes(bce: Bce, preds: Preds) -> None:
    path = preds("label,prediction\n1,0.25\n")
    text = prose(bce, path, "--bootstrap", "100", "--unit", "bits")
    assert "Middle 95 % of 100 samples drawn from these rows" in text
    assert "with replacement; seed 0." in text
    assert "these are not confidence intervals" in text
    assert "up to 2 bits (Brier score: 0.5625) in 95 %" in text
    assert "Here it is 2 (0.5625); p = 0.19." in text


def test_soft_labels_are_not_drawn(bce: Bce, preds: Preds) -> None:
    path = preds("label,prediction\n0.5,0.25\n")
    found = record_of(bce("calibration", path, "--soft-labels", "--bootstrap", "3", "-f", "json"))
    assert found["bootstrap"]["calibrated_miscalibration_q95"] is None
    assert "calibrated model" not in prose(bce, path, "--soft-labels", "--bootstrap", "3")


def test_few_rows_are_not_said_to_be_right(bce: Bce, preds: Preds) -> None:
    path = preds("label,prediction\n0,0.2\n1,0.3\n0,0.6\n1,0.7\n")
    text = prose(bce, path)
    assert "cannot be told from 0" in text
    assert "cannot be told from 1" in text


@pytest.mark.parametrize(
    ("last", "note"),
    [
        ("0,0.5,0", None),
        ("0,0,1", "are of 4 of 5 rows: a prediction of 0 or 1 has no finite logit."),
        ("0,0,1\n1,0.5,0", "are of 4 of 5 rows of some weight: a prediction of 0 or 1"),
    ],
)
def test_only_rows_of_weight_are_missed_in_a_fit(
    bce: Bce, preds: Preds, last: str, note: str | None
) -> None:
    path = preds(f"label,prediction,w\n0,0.2,1\n1,0.3,1\n0,0.6,1\n1,0.7,1\n{last}\n")
    text = prose(bce, path, "--weight", "w")
    assert ("no finite logit" in text) == (note is not None)
    assert (note or "") in text


def test_a_certain_wrong_prediction_refutes_calibration(bce: Bce, preds: Preds) -> None:
    path = preds(IMPOSSIBLE)
    text = prose(bce, path)
    assert "calibration refuted" in text
    assert "A row that was certain and wrong refutes calibration outright" in text
    assert record_of(bce("calibration", path, "-f", "json"))["spiegelhalter_z"] is not None
    assert "refute" not in prose(bce, preds(ROWS, "possible.csv"))
    weightless = preds("label,prediction,w\n1,0,0\n0,0.25,1\n1,0.75,1\n", "weightless.csv")
    assert "refute" not in prose(bce, weightless, "--weight", "w")


def test_a_gap_that_rounds_to_nothing_has_no_sign(bce: Bce, preds: Preds) -> None:
    path = preds("label,prediction\n0,0.0001\n0,0.0001\n")
    assert " -0.000" not in prose(bce, path)
    assert " 0.000 " in prose(bce, path)


@pytest.mark.deep
@pytest.mark.parametrize(
    "name", one_in(2, ["$p", "$\\frac$", "a$b_c^d$", "\u9810\u6e2c", "x" * 500])
)
def test_a_picture_is_titled_with_any_column(bce: Bce, preds: Preds, name: str) -> None:
    path = preds(ROWS.replace("prediction", name))
    result = bce("calibration", path, "-p", name, "--plot", "picture.png", "-o", "page.txt")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert Path("picture.png").read_bytes().startswith(b"\x89PNG")
