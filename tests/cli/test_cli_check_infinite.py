"""A check against a model that was certain and wrong: the other rows are judged as well."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bce_cli.core.inference import power_of
from bce_cli.render.layout import Look
from bce_cli.render.saved.document import document_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Bce = Callable[..., Result]
    Preds = Callable[..., str]

CERTAIN = "0,1\n"  # and wrong, as label 0 has the prediction 1
HIGH = "y,p\n" + "1,.9\n0,.2\n1,.8\n0,.1\n"
LOW = "y,p\n" + "1,.6\n0,.5\n1,.7\n0,.3\n"
FINITE = "0,.5\n"
ON_FOUR = "on the 4 rows on which both are finite, the mean loss is 0.315079"


@pytest.fixture
def check(bce: Bce, preds: Preds) -> Callable[..., Result]:
    """Check one text against another."""

    def run(new: str, old: str, *options: str) -> Result:
        return bce("check", preds(new, "New.csv"), "--against", preds(old, "Old.csv"), *options)

    return run


def told(result: Result) -> str:
    return " ".join(result.stdout.split())


def test_what_is_worse_on_all_other_rows_is_undecided(check: Callable[..., Result]) -> None:
    result = check(LOW + FINITE, HIGH + CERTAIN)
    assert result.exit_code == 4
    why = f"Old.csv was certain and wrong on 1 row, which costs infinity; {ON_FOUR} above"
    assert f"Undecided: {why} that of Old.csv." in told(result)
    assert "above Old.csv -inf at most 0 undecided" in told(result)


def test_what_is_better_on_all_other_rows_passes(check: Callable[..., Result]) -> None:
    result = check(HIGH + FINITE, LOW + CERTAIN)
    assert result.exit_code == 0
    assert f"O{ON_FOUR[1:]} below that of Old.csv." in told(result)


def test_a_budget_allows_for_the_other_rows(check: Callable[..., Result]) -> None:
    assert check(LOW + FINITE, HIGH + CERTAIN, "--budget", "0.32").exit_code == 0
    result = check(LOW + FINITE, HIGH + CERTAIN, "--budget", "0.32", "--confident")
    assert result.exit_code == 4  # the interval reaches beyond it


def test_no_other_rows_leave_nothing_to_judge(check: Callable[..., Result]) -> None:
    result = check("y,p\n0,.5\n", "y,p\n0,1\n", "--confident", "-f", "json")
    assert (result.exit_code, json.loads(result.stdout)["against"]["finite"]) == (0, None)


def test_a_model_that_is_infinite_itself_fails(check: Callable[..., Result]) -> None:
    result = check(HIGH + CERTAIN, LOW + FINITE)
    assert result.exit_code == 3
    assert f"O{ON_FOUR[1:]} below that of Old.csv." in told(result)
    assert check(HIGH + CERTAIN, LOW + CERTAIN).exit_code == 3


def test_the_other_rows_are_those_of_a_comparison(check: Callable[..., Result], bce: Bce) -> None:
    record = json.loads(check(LOW + FINITE, HIGH + CERTAIN, "--confident", "-f", "json").stdout)
    compared = json.loads(bce("compare", "Old.csv", "New.csv", "-f", "json").stdout)
    (comparison,) = compared["comparisons"]
    names = "n", "difference", "ci_low", "ci_high"
    assert record["against"]["finite"] == {name: comparison["finite"][name] for name in names}
    assert record["checks"][0]["value"] is None


def test_a_saved_check_tells_the_other_rows_again(check: Callable[..., Result]) -> None:
    result = check(LOW + FINITE, HIGH + CERTAIN, "--confident", "-f", "json")
    document = document_of(json.loads(result.stdout), "saved.json")
    (section,) = document.sections(Look())
    assert ON_FOUR.partition(", the")[0] in section.verdicts[0]
    assert "0.315079 (0.07341 to 0.5567) above that of Old.csv." in section.verdicts[0]


@pytest.mark.parametrize(("better", "code"), [(True, 0), (False, 3)])
def test_a_constant_difference_is_judged_as_compare_has_it(
    better: bool, code: int, check: Callable[..., Result], bce: Bce
) -> None:
    high, low = "y,p\n" + "1,.8\n" * 4, "y,p\n" + "1,.5\n" * 4
    new, old = (high, low) if better else (low, high)
    result = check(new, old, "--confident", "-f", "json")
    (found,) = json.loads(result.stdout)["checks"]
    (other,) = json.loads(bce("compare", "Old.csv", "New.csv", "-f", "json").stdout)["comparisons"]
    assert result.exit_code == code
    assert found["value"] == found["ci_low"] == found["ci_high"] == other["difference"]
    assert (other["ci_low"], other["ci_high"]) == (found["ci_low"], found["ci_high"])


def test_rows_needed_are_not_told_from_fewer_than_5_clusters() -> None:
    assert power_of(0.1, 0.1, 3, 400).rows_needed is None
    assert power_of(0.1, 0.1, 3, 400).detectable_difference is not None
    assert power_of(0.1, 0.1, 3, 4).rows_needed is not None  # rows, of which one may have so few
    assert power_of(0.1, 0.1, 4, 400).rows_needed is not None
