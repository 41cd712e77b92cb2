"""bce check: verdicts by exit code, and what is said where."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bce_cli import mean_binary_cross_entropy

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from typer.testing import Result

GOOD = "y,p\n1,0.9\n0,0.2\n1,0.7\n0,0.5\n"
LOSS = mean_binary_cross_entropy([1, 0, 1, 0], [0.9, 0.2, 0.7, 0.5])
BELOW = repr(math.nextafter(LOSS, 0.0))
KEYS = [
    *("name", "value", "ci_low", "ci_high", "limit", "verdict"),
    *("detectable_difference", "rows_needed"),
]
NOTE = "bce: label column 'y', prediction column 'p'\n"


def _checks(result: Result) -> dict[str, dict[str, object]]:
    return {check["name"]: check for check in json.loads(result.stdout)["checks"]}


def test_a_check_that_holds_is_exit_code_0(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("check", preds(GOOD), "--max-loss", repr(LOSS))
    assert (result.stderr, result.exit_code) == ("", 0)
    assert result.stdout.startswith("preds.csv: 4 rows, 1 check\n")
    assert "\nRead: label 'y', prediction 'p'.\nPassed: the check holds.\n" in result.stdout


@pytest.mark.parametrize("output_format", ["table", "json", "csv", "markdown"])
def test_a_check_that_fails_is_exit_code_3_and_a_line_on_standard_error(
    output_format: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("check", preds(GOOD), "--max-loss", "0.25", "-f", output_format)
    said = "" if output_format in ("table", "markdown") else NOTE
    assert result.stderr == f"{said}bce: check failed: mean loss 0.344582 is above 0.25\n"
    assert result.exit_code == 3
    assert result.stdout


def test_a_check_that_is_undecided_is_exit_code_4(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("check", preds(GOOD), "--max-loss", "0.35", "--min-rows", "4", "--confident")
    interval = "(0.09562 to 0.5935)"
    why = f"mean loss 0.344582 {interval} is not clear of 0.35"
    assert result.stderr == f"bce: check undecided: {why}\n"
    assert f"\nUndecided: {why}.\n" in result.stdout
    assert result.exit_code == 4


def test_failed_outranks_undecided(preds: Callable[..., str], bce: Callable[..., Result]) -> None:
    result = bce("check", preds(GOOD), "--max-loss", "0.35", "--min-rows", "5", "--confident")
    assert result.stderr == "bce: check failed: 4 rows are fewer than 5\n"
    assert result.exit_code == 3


@pytest.mark.parametrize(
    ("options", "code"), [([repr(LOSS)], 0), ([BELOW], 3), ([repr(LOSS), "--confident"], 4)]
)
def test_quiet_leaves_the_exit_code_alone(
    options: list[str], code: int, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("check", preds(GOOD), "-q", "--max-loss", *options)
    assert (result.stdout, result.stderr, result.exit_code) == ("", "", code)


def test_quiet_writes_a_file_all_the_same(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    args = ["check", preds(GOOD), "--max-loss", "0.1"]
    result = bce(*args, "-q", "-o", "report.txt")
    assert (result.stdout, result.stderr, result.exit_code) == ("", "", 3)
    assert Path("report.txt").read_text(encoding="utf-8") == bce(*args).stdout
    result = bce(*args, "-q", "-o", "-")
    assert (result.stdout, result.stderr, result.exit_code) == ("", "", 3)
    assert not Path("-").exists()


def test_numbers_that_differ_look_different(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("check", preds("y,p\n1,0.5\n"), "--max-brier", "0.24999999999999997")
    assert result.stderr == ("bce: check failed: Brier score 0.25 is above 0.24999999999999997\n")


def test_the_json_has_all_checks_in_order(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce(
        *("check", preds(GOOD), "-f", "json", "--confident", "--max-loss", "1"),
        *("--min-skill", "0.5", "--max-brier", "0.5", "--max-ece", "0.9", "--min-rows", "4"),
        *("--bins", "5"),
    )
    record = json.loads(result.stdout)
    assert (record["n"], record["unit"], record["convention"]) == (4, "nats", "exact")
    assert (record["confident"], record["bins"], record["baseline"]) == (True, 5, None)
    assert record["verdict"] == "undecided"
    assert list(_checks(result)) == ["max_loss", "min_skill", "max_brier", "max_ece", "min_rows"]
    for check in record["checks"]:
        assert list(check) == KEYS
        if check["name"] != "min_rows":
            assert check["ci_low"] <= check["value"] <= check["ci_high"]
    assert _checks(result)["min_rows"] == {
        "name": "min_rows",
        "value": 4,
        "ci_low": None,
        "ci_high": None,
        "limit": 4,
        "verdict": "passed",
        "detectable_difference": None,
        "rows_needed": None,
    }


def test_the_csv_has_a_line_a_check(preds: Callable[..., str], bce: Callable[..., Result]) -> None:
    result = bce("check", preds("y,p\n1,0\n0,.5\n"), "--max-loss", "1", "--min-skill", "0", "-fcsv")
    assert result.stdout == (
        f"{','.join(KEYS)}\nmax_loss,inf,,,1.0,failed,,\nmin_skill,,,,0.0,failed,,\n"
    )


def test_an_infinite_loss_fails_and_names_the_row(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = preds("y,p\n1,.5\n1,0\n0,1\n")
    result = bce("check", path, "--max-loss", "9e9", "--min-skill", "-9e9", "-f", "json")
    assert result.exit_code == 3
    assert result.stderr == (
        f"{NOTE}bce: check failed: mean loss is infinite: 2 rows were certain and wrong, "
        "the first is row 2; skill is undefined, as the loss is infinite\n"
    )
    assert [check["value"] for check in json.loads(result.stdout)["checks"]] == [None, None]
    assert bce("check", path, "--max-loss", "9", "--clip", "0.01", "-q").exit_code == 0
    assert bce("check", path, "--max-loss", "90", "--like", "torch", "-q").exit_code == 0


def test_a_skill_without_both_labels_fails(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("check", preds("y,p\n1,.5\n1,.7\n"), "--min-skill", "-1e9")
    assert result.exit_code == 3
    assert result.stderr == ("bce: check failed: skill is undefined, as all labels are the same\n")


def test_one_row_makes_no_interval(preds: Callable[..., str], bce: Callable[..., Result]) -> None:
    result = bce("check", preds("y,p\n1,.5\n"), "--max-loss", "1", "--confident")
    assert result.exit_code == 4
    assert result.stderr == (
        "bce: check undecided: mean loss 0.693147 has no interval, for want of rows\n"
    )
    assert "rough" not in result.stdout
    two = bce("check", preds("y,p\n1,.5\n0,.4\n"), "--max-loss", "1", "--confident")
    assert "\nFewer than 30 rows make a rough interval at best.\n" in two.stdout


@pytest.mark.parametrize("place", [1, 3000])
def test_bad_data_outranks_any_verdict(
    place: int, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    rows = ["1,0.001\n"] * 3000
    rows.insert(place, "1,1.5\n")
    result = bce("check", preds("y,p\n" + "".join(rows)), "--max-loss", "0.1")
    assert (result.stdout, result.exit_code) == ("", 65)
    assert result.stderr.startswith(f"bce: error: preds.csv, line {place + 2}: prediction 1.5")


@pytest.mark.few(10)
@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        ([], 2, "there is nothing to check"),
        (["--confident"], 2, "there is nothing to check"),
        (
            ["--max-loss", "nan"],
            2,
            "--max-loss must be a finite number, got 'nan'",
        ),
        (
            ["--min-skill", "-inf"],
            2,
            "--min-skill must be a finite number, got '-inf'",
        ),
        (
            ["--max-brier", "1e999"],
            2,
            "--max-brier must be a finite number, got '1e999'",
        ),
        (
            ["--max-ece", "0,65"],
            2,
            "--max-ece must be a number, got '0,65'",
        ),
        (
            ["--budget", "1,2,3"],
            2,
            "--budget must be a number, got '1,2,3'",
        ),
        (["--max-loss", ""], 2, "--max-loss must be a number, got ''"),
        (["--max-loss", "-0.1"], 2, "--max-loss must be 0 or more, got -0.1"),
        (["--min-skill", "1.5"], 2, "--min-skill must be 1 or less, got 1.5"),
        (["--max-brier", "2"], 2, "--max-brier must be in [0, 1], got 2.0"),
        (["--max-ece", "-1"], 2, "--max-ece must be in [0, 1], got -1.0"),
        (["--bins", "5", "--max-loss", "1"], 2, "--bins goes with --max-ece"),
        (
            ["--budget", "0", "--max-loss", "1"],
            2,
            "--budget goes with --against, --against-column or --baseline",
        ),
        (["--baseline", "-"], 2, "--baseline must be a file; standard input is for predictions"),
        (["--baseline", "no.json"], 66, "no.json: no such file or directory"),
        (["--baseline", "."], 66, ".: is a directory"),
        (
            ["--baseline", "preds.csv"],
            65,
            "preds.csv: not a report of bce compute: not JSON, line 1: expecting value",
        ),
        (
            ["--max-loss", "1", "--like", "all"],
            2,
            "--like all belongs to bce compute; name one convention here",
        ),
        (
            ["--max-loss", "1", "-o", "preds.csv"],
            73,
            "preds.csv: the output would overwrite an input",
        ),
        (["--max-loss", "1", "-o", "no/x"], 73, "no/x: no such file or directory"),
        (["--max-loss", "0.1", "-l", "z"], 65, "preds.csv: there is no column 'z'"),
    ],
)
def test_an_error_is_told_and_nothing_is_written(
    args: list[str],
    code: int,
    message: str,
    preds: Callable[..., str],
    bce: Callable[..., Result],
) -> None:
    path = preds(GOOD)
    for quiet in ([], ["-q"]):
        result = bce("check", path, *args, *quiet)
        assert result.stderr.splitlines()[0] == f"bce: error: {message}"
        assert (result.stdout, result.exit_code) == ("", code)
    assert [each.name for each in Path().iterdir()] == [path]


@pytest.mark.parametrize("option", ["--min-rows", "--bins"])
def test_a_number_of_none_is_refused(
    option: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("check", preds(GOOD), "--max-ece", "1", option, "0")
    assert (result.stdout, result.exit_code) == ("", 2)
    assert result.stderr == f"bce: error: {option} must be at least 1, got 0\n"


def test_a_baseline_is_held_to_its_budget(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = preds(GOOD)
    saved = bce("compute", path, "-f", "json", "-o", "b.json", "-l", "y", "-p", "p")
    assert (saved.stdout, saved.exit_code) == ("", 0)
    worse = preds(GOOD.replace("0.9", "0.8"), "worse.csv")
    assert bce("check", path, "--baseline", "b.json", "-q").exit_code == 0
    result = bce("check", worse, "--baseline", "b.json", "--budget", "0.02")
    assert result.exit_code == 3
    assert result.stderr == (
        "bce: check failed: mean loss is 0.0294458 above that of b.json, more than the budget of "
        "0.02\n"
    )
    assert "\nThe mean loss is 0.374027 nats, and 0.344582 in b.json.\n" in result.stdout
    result = bce("check", worse, "--baseline", "b.json", "--budget", "0.03", "-f", "json")
    record = json.loads(result.stdout)
    assert (result.exit_code, record["budget"]) == (0, 0.03)
    assert record["baseline"]["mean_loss"] == LOSS
    (check,) = record["checks"]
    worse_loss = mean_binary_cross_entropy([1, 0, 1, 0], [0.8, 0.2, 0.7, 0.5])
    assert (check["value"], check["limit"]) == (worse_loss - LOSS, 0.03)


@pytest.mark.parametrize("units", [("nats", "bits"), ("bits", "nats")])
def test_a_baseline_of_the_other_unit_is_converted(
    units: tuple[str, str], preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = preds(GOOD)
    bce("compute", path, "-f", "json", "-o", "b.json", "--unit", units[0])
    result = bce("check", path, "--baseline", "b.json", "--unit", units[1], "-f", "json")
    assert result.exit_code == 0
    (check,) = json.loads(result.stdout)["checks"]
    assert (check["value"], check["limit"]) == (0.0, 0.0)


def test_a_baseline_of_another_convention_or_an_infinite_loss_is_bad_data(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = preds(GOOD)
    bce("compute", path, "-f", "json", "-o", "b.json", "--clip", "0.01")
    result = bce("check", path, "--baseline", "b.json")
    assert (result.stdout, result.exit_code) == ("", 65)
    assert bce("check", path, "--baseline", "b.json", "--clip", "0.01", "-q").exit_code == 0
    bce("compute", preds("y,p\n1,0\n", "bad.csv"), "-f", "json", "-o", "b.json")
    result = bce("check", path, "--baseline", "b.json")
    assert (result.stdout, result.exit_code) == ("", 65)
    assert result.stderr.startswith("bce: error: b.json: its mean loss is infinite")


def test_a_baseline_is_never_overwritten(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = preds(GOOD)
    bce("compute", path, "-f", "json", "-o", "b.json")
    before = Path("b.json").read_bytes()
    result = bce("check", path, "--baseline", "b.json", "-o", "b.json", "-f", "json")
    assert (result.stdout, result.exit_code) == ("", 73)
    assert Path("b.json").read_bytes() == before


def test_a_baseline_with_confidence_allows_for_both_spreads(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = preds("y,p\n" + "1,0.6\n0,0.3\n1,0.8\n" * 50)
    bce("compute", path, "-f", "json", "-o", "b.json")
    saved = json.loads(Path("b.json").read_text(encoding="utf-8"))
    half = 1.959963984540054 * saved["std_error"] * math.sqrt(2.0)
    args = ["check", path, "--baseline", "b.json", "--confident", "-q", "--budget"]
    assert bce(*args, repr(half * 1.0001)).exit_code == 0
    assert bce(*args, repr(half * 0.9999)).exit_code == 4


def test_a_baseline_that_is_undecided_says_what_would_decide(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = preds("y,p\n" + "1,0.6\n0,0.3\n1,0.8\n" * 50)
    bce("compute", path, "-f", "json", "-o", "b.json")
    args = ["check", path, "--baseline", "b.json", "--confident"]
    result = bce(*args)
    assert result.stderr == (
        "bce: check undecided: the difference from b.json of 0 (-0.02669 to 0.02669) is not clear "
        "of 0\n"
    )
    text = " ".join(result.stdout.split())
    hint = "If both losses are of the same rows, --against old.csv pairs them"
    assert hint in text
    result = bce(*args, "--budget", "0.01")
    assert result.stderr.endswith(" is not clear of the budget of 0.01\n")
    assert hint not in bce(*args, "--budget", "0.1").stdout


@pytest.mark.parametrize("rate", [0.25, 0.5, 0.75])
def test_a_constant_prediction_at_the_base_rate_is_not_decided_by_rounding(
    rate: float, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    rows = [f"{int(i % 4 < 4 * rate)},{rate}\n" for i in range(400)]
    path = preds("y,p\n" + "".join(rows))
    result = bce("check", path, "--min-skill", "0", "--confident", "-f", "json")
    (check,) = json.loads(result.stdout)["checks"]
    assert (check["ci_low"], check["ci_high"], check["verdict"]) == (None, None, "undecided")
    assert abs(check["value"]) < 1e-15
    assert result.stderr.endswith(" has no interval, as its rows show no spread\n")
    assert result.exit_code == 4


def test_rows_of_weight_0_are_not_counted(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = preds("y,p,w\n1,.5,1\n0,.5,0\n1,.7,2\n0,.1,0\n")
    result = bce("check", path, "-w", "w", "--min-rows", "3")
    assert result.stderr == "bce: check failed: 2 rows are fewer than 3\n"
    assert "\n2 rows of weight 0 are not counted.\n" in result.stdout
    assert result.exit_code == 3
    result = bce("check", path, "-w", "w", "--min-rows", "2")
    assert result.exit_code == 0
    assert "weight 0" not in bce("check", path, "--min-rows", "3").stdout


@pytest.mark.parametrize("sources", [["-"], []])
def test_a_pipe_is_read(sources: list[str], bce: Callable[..., Result]) -> None:
    args = ["check", *sources, "-q", "--max-loss"]
    assert bce(*args, repr(LOSS), stdin=GOOD.encode()).exit_code == 0
    assert bce(*args, BELOW, stdin=GOOD.encode()).exit_code == 3


def test_weights_logits_soft_labels_and_missing_rows_are_those_of_compute(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    text = "y,p,w\n0.25,-1.5,2\n1,3,0.5\n0,NA,1\n0.5,0.25,1\n"
    args = [preds(text), "--soft-labels", "--logits", "--missing", "drop", "-w", "w", "-f", "json"]
    report = json.loads(bce("compute", *args).stdout)
    limits = ["--max-loss", "9", "--min-skill", "-9", "--max-brier", "1", "--min-rows", "3"]
    for more in ([], ["--unit", "bits"], ["--workers", "3"]):
        result = bce("check", *args, *limits, "--confident", *more)
        checks = _checks(result)
        report = json.loads(bce("compute", *args, *more).stdout)
        assert result.exit_code == 0
        assert checks["max_loss"]["value"] == report["mean_loss"]
        assert checks["max_loss"]["ci_low"] == report["ci_low"]
        assert checks["max_loss"]["ci_high"] == report["ci_high"]
        assert checks["min_skill"]["value"] == report["skill"]
        assert checks["max_brier"]["value"] == report["brier"]
        assert checks["min_rows"]["value"] == report["n"] == 3
        assert json.loads(result.stdout)["n_missing"] == 1


def test_no_digit_depends_on_workers_or_files(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    rows = [f"{i * 7 % 3 % 2},{(i * 37 % 101 + 0.5) / 102!r}\n" for i in range(2000)]
    whole = preds("y,p\n" + "".join(rows))
    parts = [
        preds("y,p\n" + "".join(rows[1500:]), "a.csv"),
        preds("y,p\n" + "".join(rows[:1500]), "b.csv"),
    ]
    limits = ["--max-loss", "1", "--min-skill", "-1", "--max-brier", "1", "--max-ece", "1"]
    args = [*limits, "--confident", "-f", "csv", "--workers"]
    expected = bce("check", whole, *args, "1").stdout
    assert expected.count("\n") == 5
    assert bce("check", whole, *args, "7").stdout == expected
    assert bce("check", *parts, *args, "2").stdout == expected


@pytest.mark.deep
def test_the_verdict_is_the_exit_code_of_a_process(
    preds: Callable[..., str], process: Callable[..., subprocess.CompletedProcess[bytes]]
) -> None:
    path = preds(GOOD)
    for limits, code in [(["9"], 0), (["0.1"], 3), (["0.35", "--confident"], 4)]:
        done = process("check", path, "--max-loss", *limits, "-q")
        assert (done.stdout, done.stderr, done.returncode) == (b"", b"", code)


def test_help_names_the_limits_and_their_meaning(bce: Callable[..., Result]) -> None:
    result = bce("check", "--help")
    assert (result.stderr, result.exit_code) == ("", 0)
    for option in (
        *("--max-loss", "--min-skill", "--max-brier", "--max-ece", "--bins", "--min-rows"),
        *("--baseline", "--budget", "--confident", "--quiet", "--weight", "--unit", "--like"),
    ):
        assert f"{option} " in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("options", "is_told"), [((), False), (("-f", "json"), True), (("-o", "a.txt"), True)]
)
def test_where_people_see_the_report_it_alone_says_why(
    options: tuple[str, ...],
    is_told: bool,
    preds: Callable[..., str],
    bce: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrapper = "typer.testing._NamedTextIOWrapper"
    monkeypatch.setattr(f"{wrapper}.isatty", lambda _: True, raising=False)
    result = bce("check", preds(GOOD), "--min-rows", "9", "--color", "never", *options)
    reason = "4 rows are fewer than 9"
    assert result.exit_code == 3
    assert (f"bce: check failed: {reason}\n" in result.stderr) is is_told
    assert (f"\nFailed: {reason}.\n" in result.stdout) is not is_told


@pytest.mark.parametrize(("n", "said"), [(2, "both checks hold"), (3, "all 3 checks hold")])
def test_how_many_checks_hold(
    n: int, said: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    limits = ["--min-rows", "1", "--max-loss", "9", "--max-brier", "1"][: 2 * n]
    assert f"\nPassed: {said}.\n" in bce("check", preds(GOOD), *limits).stdout
