"""What bce compare writes, byte by byte.

After a wanted change, run ``BCE_REGENERATE_GOLDEN=1 pytest tests/render``, and read the difference.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bce_cli.core.comparison.models import ComparisonPlan, ComparisonTotals, comparison_report
from bce_cli.core.conventions import EXACT, Convention
from bce_cli.core.rows import Categories, Predictions, Rows
from bce_cli.render.compare import CompareDocument
from bce_cli.render.compare_verdict import verdict
from bce_cli.render.layout import Look
from bce_cli.render.origin import Origin
from bce_cli.render.write import write_document
from tests.golden import assert_golden

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.report import Unit
    from bce_cli.render import Format

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = "\x1b[31m[red]|b*\u202egnp"
LONG = "a model of many features, trained on 2026-01-31"

N = 60
LABELS = np.arange(N) % 3 != 0
BASE = np.linspace(0.1, 0.9, N)
BETTER = np.where(LABELS, np.sqrt(BASE), BASE**2)
OTHER = BASE[::-1].copy()
CERTAIN = BASE.copy()
CERTAIN[[3, 7]] = [1.0, 0.0]
DAYS = Categories(np.arange(N, dtype=np.int32) % 4, ("Mon", "Tue", "Wed", "Thu"))


def rows_under(*models: np.ndarray, **columns: Any) -> Rows:  # noqa: ANN401
    return Rows(LABELS, models[0], rivals=tuple(map(Predictions, models[1:])), **columns)


def document(
    rows: Rows,
    names: Sequence[str] = ("old", "new"),
    unit: Unit = "nats",
    convention: Convention = EXACT,
    **origin: Any,  # noqa: ANN401
) -> CompareDocument:
    totals = ComparisonTotals.of(rows, ComparisonPlan(convention, n_shown=2))
    weight = None if rows.weights is None else "w"
    return CompareDocument(
        replace(Origin(("preds.csv",), "label", tuple(names), weight), **origin),
        convention,
        comparison_report(totals, names, unit),
        None if rows.cluster is None else "day",
    )


IDS = [f"id {i}" if i else HOSTILE for i in range(N)]
CASES: dict[str, CompareDocument] = {
    "two": document(rows_under(BASE, BETTER)),
    "three": document(rows_under(BASE, BETTER, OTHER), ("old", "new", "other")),
    "clusters": document(rows_under(BASE, BETTER, cluster=DAYS)),
    "infinite": document(rows_under(BASE, CERTAIN, 1.0 - CERTAIN), ("old", "new", "other")),
    "infinite-baseline": document(rows_under(CERTAIN, BETTER)),
    "ids": document(rows_under(BASE, OTHER, ids=IDS, weights=np.arange(N) / 8.0)),
    "bits": document(rows_under(BASE, BETTER), unit="bits", convention=Convention(0.01)),
    "hostile": document(
        rows_under(BASE, BETTER, ids=IDS),
        (HOSTILE, LONG),
        n_missing=1,
        n_unmatched=2,
        positive_label=HOSTILE,
    ),
    "same": document(rows_under(BASE, BASE)),
}

FORMATS: dict[str, tuple[Format, Look]] = {
    "txt": ("table", Look()),
    "ascii.txt": ("table", Look(unicode=False)),
    "json": ("json", Look()),
    "csv": ("csv", Look()),
    "md": ("markdown", Look()),
}


def written(name: str, suffix: str) -> str:
    return write_document(CASES[name], *FORMATS[suffix])


@pytest.mark.few(10)
@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", CASES)
def test_a_comparison_is_the_golden_file(name: str, suffix: str) -> None:
    report = written(name, suffix).encode()
    assert_golden(GOLDEN / f"compare-{name}.{suffix}", report)


@pytest.mark.parametrize("name", [name for name in CASES if name != "hostile"])
def test_a_table_keeps_within_80_columns(name: str) -> None:
    assert max(map(len, written(name, "txt").splitlines())) <= 80


@pytest.mark.parametrize("name", CASES)
def test_a_narrow_terminal_cuts_no_number(name: str) -> None:
    words = set(written(name, "txt").split())
    narrow = write_document(CASES[name], "table", Look(width=40))
    cut = {
        text
        for text in narrow.split()
        if text[-1].isdigit() and text not in words and not text.startswith("--")
    }
    assert cut == set()


@pytest.mark.parametrize("suffix", ["txt", "ascii.txt", "json", "md"])
def test_no_format_lets_an_escape_or_a_bidirectional_character_through(suffix: str) -> None:
    assert not set(written("hostile", suffix)) & {"\x1b", "\u202e", "\r"}


@pytest.mark.parametrize("name", CASES)
def test_a_comparison_in_ascii_has_nothing_else(name: str) -> None:
    assert written(name, "ascii.txt").isascii()


def _refuse(token: str) -> float:
    raise AssertionError(token)


@pytest.mark.parametrize("name", CASES)
def test_json_has_no_infinity_and_the_same_keys_always(name: str) -> None:
    record = json.loads(written(name, "json"), parse_constant=_refuse)
    usual = json.loads(written("two", "json"))
    assert list(record["comparisons"][0]) == list(usual["comparisons"][0])
    assert list(record["models"][0]) == list(usual["models"][0])
    assert set(record) - {"weight_column"} == set(usual)


def verdicts(found: CompareDocument) -> list[str]:
    return [verdict(item, found.report) for item in found.report.comparisons]


def test_the_better_model_is_named_with_the_interval_turned_its_way() -> None:
    (there,) = verdicts(document(rows_under(BASE, BETTER)))
    (back,) = verdicts(document(rows_under(BETTER, BASE), ("new", "old")))
    assert there == back
    assert there.startswith("new is better than old by 0.")
    least, most = there.partition("[")[2].rstrip("].").split(", ")
    assert 0.0 < float(least) < float(most)


def test_models_that_cost_the_same_are_said_to() -> None:
    assert verdicts(CASES["same"]) == ["new and old cost the same."]


def test_a_constant_difference_has_no_test() -> None:
    labels, one = np.array([True] * 3), np.ones(3)
    rows = Rows(labels, one * 0.25, rivals=(Predictions(one * 0.5),))
    assert verdicts(document(rows)) == [
        "On these rows new is better than old, by 0.6931 nats on each; no test applies."
    ]


@pytest.mark.parametrize(
    ("n", "cluster", "basis"),
    [(1, None, "1 row"), (3, ("all",), "3 rows in 1 cluster")],
)
def test_too_little_for_a_test_is_said_so(
    n: int, cluster: tuple[str, ...] | None, basis: str
) -> None:
    found = None if cluster is None else Categories(np.zeros(n, np.int32), cluster)
    rows = Rows(LABELS[:n], BASE[:n], rivals=(Predictions(OTHER[:n]),), cluster=found)
    expected = f"No difference between new and old can be told from {basis}."
    assert verdicts(document(rows)) == [expected]


def test_infinite_losses_decide_and_the_finite_rows_are_told_of() -> None:
    new, other = verdicts(CASES["infinite"])
    assert new == (
        "old is better: new was certain and wrong on 2 rows, where old was not, and that costs "
        "infinity. Where both losses are finite, new and old cost the same."
    )
    assert other.startswith("No difference")
    both = CASES["infinite"].report
    twice = document(rows_under(CERTAIN, np.where(LABELS, 0.0, BASE)))
    (found,) = verdicts(twice)
    assert found.startswith(
        "The mean losses of both new and old are infinite, and cannot be compared. Where both "
        "losses are finite, "
    )
    assert both.comparisons[1].infinite is None


def test_no_finite_row_is_said_so() -> None:
    wrong = np.where(LABELS, 0.0, 1.0)
    (found,) = verdicts(document(rows_under(BASE, wrong)))
    assert found == (
        "old is better: new was certain and wrong on 60 rows, where old was not, and that costs "
        "infinity. There is no row on which both losses are finite."
    )


def test_a_difference_that_holms_procedure_takes_back_is_explained() -> None:
    spread = np.where(np.arange(N) % 2, 0.1, -0.1)  # t is 2.1 for either model, p is 0.04
    worse = 0.5 * np.exp(-(spread + 2.1 * 0.1 / np.sqrt(N - 1)))
    half = np.full(N, 0.5)
    rows = Rows(np.ones(N, np.bool_), half, rivals=(Predictions(worse), Predictions(worse[::-1])))
    found = document(rows, ("old", "new", "other"))
    for item, text in zip(found.report.comparisons, verdicts(found), strict=True):
        assert text == (
            f"No difference between {item.model} and old can be told from 60 rows: 0.02734 "
            "[0.001289, 0.05339] nats a row; the interval alone leaves out 0, but in 2 "
            "comparisons that may be chance."
        )
    (alone,) = verdicts(document(replace(rows, rivals=rows.rivals[:1])))
    assert alone == "old is better than new by 0.02734 nats a row [0.001289, 0.05339]."


def test_names_that_would_be_cut_to_the_same_are_shown_in_full() -> None:
    names = [f"gradient boosting with 500 trees, run {i}" for i in (1, 2, 3)]
    page = document(rows_under(BASE, BETTER, OTHER), names)
    text = write_document(page, "table", Look(width=120))
    assert "..." not in text
    table = text.partition(" models on ")[2]
    runs = [line.partition("run ")[2][:1] for line in table.splitlines() if "run" in line]
    assert runs[:3] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("models", "title"),
    [
        ((BASE, BETTER), "Rows on which new gained most"),
        ((BETTER, BASE), "Rows on which new lost most"),
        ((BASE, OTHER), "Rows on which new gained most, and lost most"),
    ],
)
def test_the_title_says_which_way_rows_went(
    models: tuple[np.ndarray, np.ndarray], title: str
) -> None:
    lines = write_document(document(rows_under(*models)), "table", Look()).splitlines()
    assert title in lines
