"""Reports of conventions, weights, soft labels and logits, byte by byte.

After a wanted change, run ``BCE_REGENERATE_GOLDEN=1 pytest tests/render``, and read the difference.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bce_cli.core.convention_totals import ALL_CONVENTIONS, convention_report
from bce_cli.core.conventions import EXACT, Convention
from bce_cli.core.evaluation import Evaluation, Plan, Result, evaluate_rows
from bce_cli.core.report import Unit, loss_report
from bce_cli.core.rows import Rows
from bce_cli.core.rules import RULES, sigmoid
from bce_cli.render.compute import ComputeDocument
from bce_cli.render.layout import Look
from bce_cli.render.origin import Origin
from bce_cli.render.rows import RowStream
from bce_cli.render.write import write_document
from tests.golden import assert_golden

if TYPE_CHECKING:
    from bce_cli.render import Format
    from bce_cli.render.rows import RowFormat

GOLDEN = Path(__file__).parent / "golden"

HARD = np.array([True, False, True, False, True])
PROBABILITIES = np.array([0.0, 0.2, 1e-9, 1.0 - 1e-12, 0.75])
TAME = np.array([0.9, 0.2, 0.6, 0.3, 0.75])
SOFT = np.array([0.9, 0.25, 1.0, 0.0, 0.5])
LOGITS = np.array([2.0, -1000.0, 0.5, -np.inf, 30.0])
WEIGHTS = np.array([1.0, 2.5, 0.0, 4.0, 1.0])
IDS = ["a", "\x1b[31mb", "c", "d", "e"]

CASES: dict[str, tuple[Rows, Convention, tuple[Convention, ...]]] = {
    "compared": (Rows(HARD, PROBABILITIES, ids=IDS), EXACT, ALL_CONVENTIONS),
    "compared-soft": (Rows(SOFT, PROBABILITIES, WEIGHTS), EXACT, ALL_CONVENTIONS),
    "compared-tame": (Rows(HARD, TAME), EXACT, ALL_CONVENTIONS),
    "like": (Rows(HARD, PROBABILITIES), Convention(like="sklearn"), ()),
    "weighted": (Rows(HARD, TAME, WEIGHTS), EXACT, ()),
    "soft": (Rows(SOFT, TAME), EXACT, ()),
    "soft-weighted": (Rows(SOFT, TAME, WEIGHTS), Convention(like="lightgbm-xentropy"), ()),
    "logits": (Rows(HARD, sigmoid(LOGITS), logits=LOGITS), EXACT, ()),
}
FORMATS: dict[str, tuple[Format, Look]] = {
    "txt": ("table", Look()),
    "json": ("json", Look()),
    "md": ("markdown", Look()),
}


def document_of(name: str, unit: Unit = "nats") -> ComputeDocument:
    rows, convention, compared = CASES[name]
    result = result_of(name)
    return ComputeDocument.of(
        origin=Origin(
            ("preds.csv",),
            "y",
            ("p",),
            weight_column=None if rows.weights is None else "w",
            of_logits=rows.logits is not None,
        ),
        convention=convention,
        report=loss_report(result.totals, unit),
        result=result,
        comparison=tuple(
            convention_report(convention, totals, unit)
            for convention, totals in zip(compared, result.compared, strict=True)
        ),
    )


def result_of(name: str) -> Result:
    rows, convention, compared = CASES[name]
    plan = Plan(
        convention,
        with_product=not compared,
        n_first=None if compared else 5,
        n_worst=0 if compared else 2,
        compared=compared,
        n_differing=5,
    )
    evaluation = Evaluation(plan)
    evaluation += evaluate_rows(rows, plan, keep_rows=evaluation.needs_rows)
    return evaluation.result()


# The last digits of float32 losses may differ between families of processors: they are not shown.
GOLDEN_FILES = [
    (name, suffix)
    for name in CASES
    for suffix in FORMATS
    if name != "compared-tame" and not (name.startswith("compared") and suffix == "json")
]


@pytest.mark.few(10)
@pytest.mark.parametrize(("name", "suffix"), GOLDEN_FILES)
def test_a_report_is_the_golden_file(name: str, suffix: str) -> None:
    report = write_document(document_of(name), *FORMATS[suffix]).encode()
    assert_golden(GOLDEN / f"{name}.{suffix}", report)


def test_a_comparison_says_where_no_limit_matters() -> None:
    text = " ".join(write_document(document_of("compared-tame"), "table", Look()).split())
    assert "No limit changes a row; differences come from float32 and the 1e-7 that" in text
    assert "Rows that make the difference" not in text


def record_of(name: str, unit: Unit = "nats") -> dict[str, Any]:
    record: dict[str, Any] = json.loads(write_document(document_of(name, unit), "json", Look()))
    return record


def test_json_gives_every_convention_and_the_rows_between_them() -> None:
    record = record_of("compared")
    assert [item["name"] for item in record["conventions"]] == list(RULES)
    exact, sklearn, *_ = record["conventions"]
    assert exact == {
        "name": "exact",
        "mean_loss": None,
        "n_clipped": 0,
        "cap_positive": None,
        "cap_negative": None,
    }
    assert (sklearn["n_clipped"], sklearn["cap_positive"]) == (1, 36.04365338911715)
    assert record["impossible_rows"] == [{"row": 1, "id": "a", "label": 1, "prediction": 0.0}]
    assert [row["row"] for row in record["difference_rows"]] == [1, 4, 3]
    first, second, _ = record["difference_rows"]
    assert (first["losses"]["exact"], first["losses"]["torch"]) == (None, 100.0)
    total = result_of("compared").compared[3].total_loss
    assert total is not None
    assert second["shares"]["torch"] == 100.0 / total


def test_csv_gives_a_line_a_convention() -> None:
    text = write_document(document_of("compared-soft"), "csv", Look())
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [line["name"] for line in lines] == list(RULES)
    assert [line["name"] for line in lines if line["mean_loss"] == ""] == [
        name for name, rule in RULES.items() if not rule.takes_soft
    ]


def test_a_comparison_is_in_the_unit_asked_for() -> None:
    nats, bits = record_of("compared"), record_of("compared", "bits")
    for one, other in zip(nats["conventions"], bits["conventions"], strict=True):
        if one["mean_loss"] is not None:
            assert other["mean_loss"] == one["mean_loss"] / np.log(2.0)
    assert bits["difference_rows"][0]["losses"]["torch"] == 100.0 / np.log(2.0)
    assert bits["difference_rows"][0]["shares"] == nats["difference_rows"][0]["shares"]


def test_a_weight_counts_in_the_share_of_a_row() -> None:
    worst = record_of("weighted")["worst_rows"]
    total = document_of("weighted").report.total_loss
    assert [(row["row"], row["weight"]) for row in worst] == [(3, 0.0), (4, 4.0)]
    assert [row["share_of_total"] for row in worst] == [0.0, 4.0 * worst[1]["loss"] / total]


@pytest.mark.parametrize("output_format", ["table", "json", "csv", "markdown"])
def test_every_row_can_be_written_with_its_weight_and_its_soft_label(
    output_format: RowFormat,
) -> None:
    scored = EXACT.score(Rows(SOFT, TAME, WEIGHTS))
    stream = RowStream(output_format, "nats", has_ids=False, has_weights=True, soft_labels=True)
    lines = (
        b"".join([stream.header(), *stream.rows(1, scored.rows, scored.losses)])
        .decode()
        .splitlines()
    )
    assert len({len(line) for line in lines}) == 1 or output_format != "table"
    if output_format == "csv":
        assert lines[:2] == ["row,label,prediction,weight,loss", lines[1]]
        assert lines[1].startswith("1,0.9,0.9,1,")
    if output_format == "json":
        assert json.loads(lines[1])["weight"] == 2.5
