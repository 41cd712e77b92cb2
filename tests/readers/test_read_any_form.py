"""Rows in any dialect, format, compression and encoding are read back to the last bit."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bce_cli.core.evaluation import Plan
from bce_cli.core.mean_loss import binary_cross_entropy
from bce_cli.core.report import LossReport, loss_report
from bce_cli.data.data import Data, open_data
from bce_cli.engine.run import Job, collect_rows, evaluate
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.grammar import Grammar, InputOptions
from tests.budgets import examples
from tests.readers.any_form import Column, Form, Spelling, forms

if TYPE_CHECKING:
    from bce_cli.core.rows import Rows

many = settings(
    max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

probabilities = st.floats(0.0, 1.0) | st.sampled_from(
    [0.0, 1.0, 0.5, 5e-324, 2.2250738585072014e-308, 1e-17, 0.1, 1.0 - 2.0**-53, 1.0 - 2.0**-52]
)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5) | st.text(
    '",;|\t\r\n #/%\u00e9\ufeff{[a0', max_size=6
)
LABELS = {
    1: ["1", "1.0", "1.", "+1", "1e0", " 1", "true", "TRUE", "True "],
    0: ["0", "-0", "false"],
}
WORDS = [("yes", "no"), ("a", "b"), ("NA", "nan"), ("1", "2"), ("\u00e9", "e"), ("x y", 'say "x"')]


@dataclass(frozen=True)
class Case:
    """A written source, and what stands in it."""

    form: Form
    labels: list[Any]
    predictions: list[float]
    ids: list[str]
    others: list[float]  # weights

    def options(self, block_bytes: int, **grammar: Any) -> InputOptions:  # noqa: ANN401
        form = self.form
        choice = ColumnChoice("y", "p", "w" if self.others else None, "t")
        if form.places is not None:
            places = form.places
            choice = ColumnChoice(places["y"], places["p"], places.get("w"), places["t"])
        return InputOptions(
            choice, Grammar(decimal=form.decimal, **grammar), form.layout, block_bytes
        )

    def report(self, block_bytes: int, n_workers: int, **grammar: Any) -> LossReport:  # noqa: ANN401
        data = self._data(block_bytes, **grammar)
        return loss_report(evaluate(Job(data, n_workers), Plan()).totals)

    def rows(self, block_bytes: int, n_workers: int, **grammar: Any) -> Rows:  # noqa: ANN401
        return collect_rows(Job(self._data(block_bytes, **grammar), n_workers))

    def _data(self, block_bytes: int, **grammar: Any) -> Data:  # noqa: ANN401
        Path(self.form.name).write_bytes(self.form.data)
        return open_data([self.form.name], self.options(block_bytes, **grammar))


@st.composite
def cases(
    draw: st.DrawFn,
    *,
    values: st.SearchStrategy[float] = probabilities,
    soft: bool = False,
    weighted: bool = False,
    words: tuple[str, str] | None = None,
    with_gaps: bool = False,
) -> Case:
    labels: st.SearchStrategy[Any] = probabilities if soft else st.integers(0, 1)
    weights = st.sampled_from([0.0, 1.0, 2.5, 0.1, 1e-100, 1e100]) if weighted else st.just(1.0)
    rows = draw(st.lists(st.tuples(labels, values, texts, weights), min_size=1, max_size=12))
    ys = [row[0] for row in rows]
    spelled = Spelling(draw)
    prediction_texts: list[str | None] = [spelled.number(row[1]) for row in rows]
    if words is not None:
        label_texts: list[str | None] = [spelled([words[1 - y], f" {words[1 - y]}\t"]) for y in ys]
    else:
        label_texts = [spelled.number(y) if soft else spelled(LABELS[y]) for y in ys]
    kept = list(range(len(rows)))
    if with_gaps:
        for i in draw(st.lists(st.integers(0, len(rows) - 1), max_size=5)):
            draw(st.sampled_from([label_texts, prediction_texts]))[i] = None
        kept = [i for i in kept if label_texts[i] is not None and prediction_texts[i] is not None]
    columns = [
        Column("y", label_texts, is_number=words is None),
        Column("p", prediction_texts),
        Column("t", [row[2] for row in rows], is_number=False),
    ]
    if words is not None:  # a class may be called NA
        columns[0] = replace(columns[0], missing=("", " "))
    if weighted:
        columns.append(Column("w", [spelled.number(row[3]) for row in rows]))
    return Case(
        draw(forms(columns)),
        [ys[i] for i in kept],
        [rows[i][1] for i in kept],
        [rows[i][2] for i in kept],
        [rows[i][3] for i in kept] if weighted else [],
    )


def assert_mean(report: LossReport, losses: Any, n: int) -> None:  # noqa: ANN401 -- an array
    assert report.n == n
    assert report.mean_loss == math.fsum(losses) / n


@given(cases(), st.integers(1, 200), st.integers(1, 4))
@settings(many, max_examples=examples(500))
def test_count_and_mean_are_those_of_the_rows(case: Case, block_bytes: int, n_workers: int) -> None:
    report = case.report(block_bytes, n_workers)
    assert_mean(report, binary_cross_entropy(case.labels, case.predictions), len(case.labels))
    assert report.n_positive == sum(case.labels)


@pytest.mark.deep
@given(cases(), st.integers(1, 200), st.integers(1, 4))
@settings(many, max_examples=examples(500))
def test_labels_predictions_and_ids_are_those_of_the_rows(
    case: Case, block_bytes: int, n_workers: int
) -> None:
    rows = case.rows(block_bytes, n_workers)
    assert rows.labels.astype(int).tolist() == case.labels
    assert rows.probabilities.tolist() == case.predictions
    assert list(rows.ids or ()) == case.ids


@given(
    st.sampled_from(WORDS).flatmap(
        lambda words: st.tuples(st.just(words[0]), cases(words=words, with_gaps=True))
    ),
    st.integers(1, 200),
    st.integers(1, 4),
)
@many
def test_the_word_given_as_positive_counts_as_1(
    given_word: tuple[str, Case], block_bytes: int, n_workers: int
) -> None:
    word, case = given_word
    if not case.labels:
        return
    report = case.report(block_bytes, n_workers, positive=word, drop_missing=True)
    assert_mean(report, binary_cross_entropy(case.labels, case.predictions), len(case.labels))
    assert report.n_positive == sum(case.labels)


@given(cases(with_gaps=True), st.integers(1, 200), st.integers(1, 4))
@many
def test_rows_with_a_missing_cell_are_left_out(
    case: Case, block_bytes: int, n_workers: int
) -> None:
    if not case.labels:
        return
    report = case.report(block_bytes, n_workers, drop_missing=True)
    assert_mean(report, binary_cross_entropy(case.labels, case.predictions), len(case.labels))
    assert list(case.rows(block_bytes, n_workers, drop_missing=True).ids or ()) == case.ids


@given(cases(soft=True), st.integers(1, 200), st.integers(1, 4))
@many
def test_soft_labels_are_those_of_the_rows(case: Case, block_bytes: int, n_workers: int) -> None:
    report = case.report(block_bytes, n_workers, soft_labels=True)
    losses = binary_cross_entropy(case.labels, case.predictions, soft_labels=True)
    assert_mean(report, losses, len(case.labels))


@pytest.mark.deep
@given(cases(values=st.floats(allow_nan=False)), st.integers(1, 200), st.integers(1, 4))
@many
def test_logits_are_those_of_the_rows(case: Case, block_bytes: int, n_workers: int) -> None:
    rows = case.rows(block_bytes, n_workers, logits=True)
    assert rows.logits is not None
    assert rows.logits.tolist() == case.predictions
    losses = binary_cross_entropy(case.labels, case.predictions, logits=True)
    if max(losses.tolist()) < 1e300 or math.inf in losses:  # else the sum may be too large
        report = case.report(block_bytes, n_workers, logits=True)
        assert_mean(report, losses, len(case.labels))


@pytest.mark.deep
@given(cases(weighted=True), st.integers(1, 200), st.integers(1, 4))
@many
def test_weights_are_those_of_the_rows(case: Case, block_bytes: int, n_workers: int) -> None:
    rows = case.rows(block_bytes, n_workers)
    assert rows.weights is not None
    assert rows.weights.tolist() == case.others
    if any(case.others):
        losses = binary_cross_entropy(case.labels, case.predictions).tolist()
        products = [w * x if w else 0.0 for w, x in zip(case.others, losses, strict=True)]
        report = case.report(block_bytes, n_workers)
        assert report.mean_loss == math.fsum(products) / math.fsum(case.others)
