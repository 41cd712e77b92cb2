"""Every number in the tables of a report is that of the command which has it, digit by digit."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import html5lib
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from xml.etree.ElementTree import Element

    from typer.testing import Result

    Bce = Callable[..., Result]

Record: TypeAlias = "dict[str, Any]"
Expected: TypeAlias = "list[dict[str, list[Any]]]"
"""For each row of a table: the numbers in its cells, by the titles of columns that have any."""

FLIGHTS = str(Path(__file__).parents[2] / "sample_data" / "flights.csv")
OLD, NEW = "boosting", "logistic"
LIMITS = ("--max-loss", "0.62", "--min-auc", "0.7", "--min-skill", "0.01", "--confident")

NUMBER = re.compile(
    r"(?<![\w.])([-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?|inf)(?![\w])"
    r"(?: \u00d7 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?( %)?"
)
POWERS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


class Printed:
    """A number as it is printed, which may be the rounding of another."""

    def __init__(self, found: re.Match[str]) -> None:
        digits, power, percent = found.groups()
        exponent = int((power or "0").translate(POWERS)) - 2 * bool(percent)
        self.text = found.group()
        self.value = Decimal(digits.replace(",", "")).scaleb(exponent)
        last = self.value.as_tuple().exponent
        self.half_a_digit = Decimal(5).scaleb(last - 1) if isinstance(last, int) else Decimal(0)

    def is_of(self, value: float | Decimal) -> bool:
        """Whether it is this value to its last digit; halves may go either way."""
        exact = Decimal(value)
        if not exact.is_finite() or not self.value.is_finite():
            return exact == self.value
        return abs(exact - self.value) <= self.half_a_digit * Decimal("1.000000001")


def at(record: Record, path: str) -> Any:  # noqa: ANN401 -- any JSON value
    """Return what stands at a path such as ``log_loss.uncertainty``; None where it ends."""
    found: Any = record
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def rows_of(records: Iterable[Record], columns: dict[str, str]) -> Expected:
    """Expect a row for each record: by titles of columns, the paths of the numbers in a cell."""
    return [
        {title: [at(record, path) for path in paths.split()] for title, paths in columns.items()}
        for record in records
    ]


def loss_table(of: Record) -> Expected:
    both = of["calibration"]["models"][0] | of["compute"] | {"half": 0.5, "coin": math.log(2.0)}
    both["bits"] = both["mean_loss"] / math.log(2.0)
    both["brier_of_base_rate"] = of["calibration"]["models"][0]["brier"]["uncertainty"]
    paths = (
        *("mean_loss;", "ci_low ci_high;", "bits;", "base_rate_loss;base_rate", "coin;half"),
        *("skill;", "skill_ci_low skill_ci_high;", "effective_probability;half"),
        "brier;brier_of_base_rate",
    )
    pairs = [path.split(";") for path in paths]
    return [rows_of([both], {"value": value, "meaning": meaning})[0] for value, meaning in pairs]


def differences_table(of: Record) -> Expected:
    models, pairs = of["compare"]["models"], [{}, *of["compare"]["comparisons"]]
    return rows_of(
        [model | {"pair": pair} for model, pair in zip(models, pairs, strict=True)],
        {
            "mean loss, nats": "mean_loss",
            "difference": "pair.difference",
            "its 95 % interval": "pair.ci_low pair.ci_high",
            "p": "pair.p_value",
        },
    )


def models_table(of: Record) -> Expected:
    """Expect a column for each model."""
    models = [
        {
            **calibrated,
            **compared,
            **pair,
            "mean_loss": compared["mean_loss"],
            "ends": [compared["ci_low"], compared["ci_high"]],
            "skill_ends": [calibrated["skill_ci_low"], calibrated["skill_ci_high"]],
            "effective_probability": math.exp(-compared["mean_loss"]),
        }
        for calibrated, compared, pair in zip(
            of["calibration"]["models"],
            of["compare"]["models"],
            [{}, *of["compare"]["comparisons"]],
            strict=True,
        )
    ]
    keys = (
        *("mean_loss", "ends", "skill", "skill_ends", "effective_probability", "brier"),
        *("n_better", "n_worse"),
    )
    return [
        {
            model["name"]: value if isinstance(value, list) else [value]
            for model, value in ((model, model.get(key)) for model in models)
        }
        for key in keys
    ]


def calibrations_table(of: Record) -> Expected:
    return rows_of(
        of["calibration"]["models"],
        {
            "mean loss, nats": "mean_loss",
            "MCB": "log_loss.miscalibration",
            "DSC": "log_loss.discrimination",
            "UNC": "log_loss.uncertainty",
            "slope": "slope",
            "95 % interval of slope": "slope_ci_low slope_ci_high",
            "ECE": "ece",
            "AUC": "auc",
            "95 % interval of AUC": "auc_ci_low auc_ci_high",
        },
    )


def parts_table(of: Record) -> Expected:
    model = of["calibration"]["models"][0]
    log, brier = model["log_loss"], model["brier"]
    rows = [(model["mean_loss"], brier["score"])]
    rows += [(log[k], brier[k]) for k in ("miscalibration", "discrimination", "uncertainty")]
    rows.append((log["recalibrated_loss"], brier["recalibrated_score"]))
    found = [{"log loss, nats": [a], "Brier score": [b]} for a, b in rows]
    found[3]["meaning"] = [of["compute"]["base_rate"]]
    return found


def direction_table(of: Record) -> Expected:
    model = of["calibration"]["models"][0] | {"base_rate": of["compute"]["base_rate"], "one": 1}
    keys = (
        *("mean_prediction", "calibration_in_the_large", "slope", "intercept"),
        *("slope_intercept_p", "spiegelhalter_z", "spiegelhalter_p", "ece", "mce"),
    )
    beside = {"mean_prediction": "base_rate", "slope": "one"}
    return [
        rows_of(
            [model],
            {
                "value": key,
                "95 % interval": f"{key}_ci_low {key}_ci_high",
                "meaning": beside.get(key, ""),
            },
        )[0]
        for key in keys
    ]


def bins_table(of: Record, place: int) -> Expected:
    found = of["calibration"]["models"][place]["bins"]
    for each in found:
        if each["n"]:
            each["gap"] = each["event_rate"] - each["mean_prediction"]
    return rows_of(
        found,
        {
            "predictions": "low high",
            "rows": "n",
            "mean": "mean_prediction",
            "event rate": "event_rate",
            "95 % interval": "ci_low ci_high",
            "gap": "gap",
        },
    )


def recalibrations_table(of: Record, place: int) -> Expected:
    return rows_of(
        of["recalibrate"][place]["methods"],
        {
            "fitted loss": "fitted_loss",
            "cross-fitted, nats": "cross_fitted_loss",
            "difference": "difference",
            "its 95 % interval": "ci_low ci_high",
        },
    )


def segments_table(of: Record) -> Expected:
    return rows_of(
        of["compute"]["segments"],
        {
            "rows": "n",
            "base rate": "base_rate",
            "predicted": "mean_prediction",
            "gap": "gap",
            "95 % interval of gap": "gap_ci_low gap_ci_high",
            "mean loss": "mean_loss",
            "95 % interval": "ci_low ci_high",
            "skill": "skill",
            "share of loss": "share_of_total",
        },
    )


def differences_by_segment_table(of: Record) -> Expected:
    return rows_of(
        of["compare"]["segments"],
        {
            "rows": "n",
            "mean loss": "mean_loss",
            "difference": "difference",
            "its 95 % interval": "ci_low ci_high",
            "p (Holm)": "p_adjusted",
        },
    )


def conventions_table(of: Record) -> Expected:
    exact = of["conventions"][0]["mean_loss"]
    costs = ("cap_positive", "cap_negative")
    return rows_of(
        (
            found
            | {"minus_exact": found["mean_loss"] - exact}
            | {key: math.inf if found[key] is None else found[key] for key in costs}
            for found in of["conventions"]
        ),
        {
            "mean": "mean_loss",
            "minus exact": "minus_exact",
            "rows changed": "n_clipped",
            "y=1, p=0 costs": "cap_positive",
            "y=0, p=1 costs": "cap_negative",
        },
    )


def products_table(of: Record) -> Expected:
    total = {"product": of["compute"]["log_likelihood"]}
    return rows_of(
        [*of["report"]["compute"]["products"], total],
        {"value": "product", "subnormal at row": "subnormal_row", "0 at row": "zero_row"},
    )


def running_product_table(of: Record) -> Expected:
    found = of["report"]["log_product"]
    return [
        {
            "rows multiplied": [n],
            "log10 of the product": [power],
            "product": [Decimal(10) ** Decimal(power)],
        }
        for n, power in zip(found["rows"], found["log10"], strict=True)
    ]


def losses_table(of: Record) -> Expected:
    *bins, certain = of["report"]["losses"]
    return rows_of(
        [*bins, certain] if certain["n"] else bins,
        {
            "probability given to what happened": "low high",
            "loss, nats": "loss_low loss_high",
            "rows": "n",
            "share of rows": "share_of_rows",
            "share of the loss": "share_of_loss",
        },
    )


def worst_table(of: Record) -> Expected:
    return rows_of(
        of["worst"],
        {
            "row": "row",
            "label": "label",
            "prediction": "prediction",
            "loss": "loss",
            "share of total": "share_of_total",
        },
    )


def changed_table(of: Record) -> Expected:
    (pair,) = of["compare"]["comparisons"]
    return rows_of(
        [*pair["gained"], *pair["lost"]],
        {
            "row": "row",
            "label": "label",
            OLD: "baseline_prediction",
            NEW: "prediction",
            "difference": "difference",
        },
    )


def checks_table(of: Record) -> Expected:
    return rows_of(
        of["check"]["checks"],
        {"value": "value", "95 % interval": "ci_low ci_high", "limit": "limit"},
    )


TABLES: dict[str, Callable[[Record], Expected]] = {
    "The loss": loss_table,
    "How they differ": differences_table,
    "Each model by itself": models_table,
    "Calibration of each model": calibrations_table,
    f"{OLD}: the parts of the loss": parts_table,
    f"{OLD}: are predictions too high, too low, too extreme?": direction_table,
    f"{OLD}: predictions in bins of equal width, and what happened": lambda of: bins_table(of, 0),
    f"{NEW}: predictions in bins of equal width, and what happened": lambda of: bins_table(of, 1),
    f"{OLD}: each map on rows that it has not seen": lambda of: recalibrations_table(of, 0),
    f"{NEW}: each map on rows that it has not seen": lambda of: recalibrations_table(of, 1),
    "Where the loss comes from: by 'carrier', costliest first": segments_table,
    f"{NEW} minus {OLD}, by 'carrier', costliest first": differences_by_segment_table,
    "The mean loss by the convention of each library": conventions_table,
    "The likelihood of all labels: a product underflows, a sum of logs does not": products_table,
    "The product of the likelihoods, row by row": running_product_table,
    "How losses are distributed": losses_table,
    "The rows that cost most": worst_table,
    f"Rows on which {NEW} gained most, and lost most": changed_table,
    "The checks": checks_table,
}
WITHOUT = ("What was read", "Files, and what tells them from others", "Terms")
"""Tables of names, and of words."""
SOME_ROWS = "rows multiplied"
"""The first column of a table that shows some of the rows that a picture has."""


def text_of(element: Element) -> str:
    return "".join(element.itertext()).replace("\N{NO-BREAK SPACE}", " ")


def misprints(table: list[list[str]], expected: Expected) -> list[str]:
    """Say which cells of a table do not have the numbers that are expected of them."""
    titles, *rows = table
    if titles[0] == SOME_ROWS:
        shown = {cells[0] for cells in rows}
        expected = [each for each in expected if f"{each[SOME_ROWS][0]:,}" in shown]
    assert len(rows) == len(expected), titles
    found = []
    for cells, numbers in zip(rows, expected, strict=True):
        assert set(numbers) <= set(titles), titles
        for title, cell in zip(titles, cells, strict=True):
            printed = [Printed(match) for match in NUMBER.finditer(cell)]
            wanted = [number for number in numbers.get(title, ()) if number is not None]
            is_name = title == titles[0] or title == "id"
            if title in numbers or not is_name:
                agree = [a.is_of(b) for a, b in zip(printed, wanted, strict=False)]
                if len(printed) != len(wanted) or not all(agree):
                    found.append(f"{cells[0]}, {title}: {cell!r} is not {wanted}")
    return found


def answers_of(bce: Bce) -> Record:
    """Ask all commands."""

    def asked(command: str, *options: str) -> Record:
        found = bce(command, FLIGHTS, *options, "-f", "json")
        assert found.exit_code in {0, 3, 4}, found.stderr
        record: Record = json.loads(found.stdout)
        return record

    one, both = ("-p", OLD), ("-p", OLD, "-p", NEW)
    some, worst = ("--cluster", "day"), ("--id", "id", "--worst", "3")
    by = ("--by", "carrier")
    return {
        "compute": asked("compute", *one, *some, *by),
        "worst": asked("compute", *one, *worst)["worst_rows"],
        "conventions": asked("compute", *one, "--like", "all")["conventions"],
        "compare": asked("compare", *both, *some, *by, "--id", "id"),
        "calibration": asked("calibration", *both, *some),
        "recalibrate": [asked("recalibrate", "-p", model, *some) for model in (OLD, NEW)],
        "check": asked("check", *one, *some, *LIMITS),
        "report": asked("report", *both, *some, *worst, *by, *LIMITS),
    }


@pytest.mark.deep
def test_every_number_in_a_table_is_that_of_its_command(bce: Bce) -> None:
    options = ("-p", OLD, "-p", NEW, "--id", "id", "--by", "carrier", "--cluster", "day")
    html = bce("report", FLIGHTS, *options, "--worst", "3", *LIMITS).stdout
    page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)
    answers, seen = answers_of(bce), []
    for table in page.iter("table"):
        caption = text_of(table.find("caption"))
        cells = [[text_of(cell) for cell in row] for row in table.iter("tr")]
        if caption not in WITHOUT:
            seen.append(caption)
            assert misprints(cells, TABLES[caption](answers)) == [], caption
    assert seen == [*TABLES]
