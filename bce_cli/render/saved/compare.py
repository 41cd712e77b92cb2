"""What `bce compare` saved, as a document again."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from bce_cli.core.comparison.differences import Difference, DifferenceReport, Infinite
from bce_cli.core.comparison.leader_board import Standing
from bce_cli.core.comparison.models import ComparisonReport, ModelReport
from bce_cli.core.comparison.segment_differences import SegmentDifference
from bce_cli.core.extremes import ChangedRow
from bce_cli.render.compare import FIGURES_OF_MODELS, CompareDocument
from bce_cli.render.saved.parts import convention_of, losses_of, origin_of, unit_of, which_row

if TYPE_CHECKING:
    from bce_cli.core.fields import Fields
    from bce_cli.core.report import Unit

_HEAD = ("n", "n_positive", "weight_sum", "base_rate")


def compare_document(fields: Fields) -> CompareDocument:
    """Make the document again."""
    unit = unit_of(fields)
    baseline = fields.text("baseline")
    models = sorted(  # the baseline is the first, wherever it stands
        (_model(each, fields, unit) for each in fields.all("models")),
        key=lambda model: model.name != baseline,
    )
    comparisons = tuple(map(_comparison, fields.all("comparisons")))
    if not comparisons or len(models) != len(comparisons) + 1:
        fields.refuse("comparisons", "one for each model but the first")
    columns, segments = _segments(fields)
    return CompareDocument(
        origin=origin_of(fields, tuple(model.name for model in models)),
        convention=convention_of(fields),
        report=ComparisonReport(
            n=fields.count("n", 1),
            unit=unit,
            confidence=fields.number("confidence", 0.0, 1.0),
            n_clusters=fields.maybe_count("n_clusters"),
            effective_clusters=fields.maybe_number("effective_clusters", 0.0),
            models=tuple(models),
            comparisons=comparisons,
            margin=fields.maybe_number("margin", 0.0),
            segments=segments,
        ),
        cluster_column=fields.maybe_text("cluster_column"),
        segment_columns=columns,
        is_sorted=fields.flag("sorted", default=False),
    )


def _model(fields: Fields, whole: Fields, unit: Unit) -> ModelReport:
    report = losses_of(unit, (whole, (*_HEAD, "base_rate_loss")), (fields, FIGURES_OF_MODELS))
    if whole.flag("soft_labels", default=False):
        report = replace(report, label_entropy=math.nan)  # there is one, which is not told
    return ModelReport(
        fields.text("name"),
        report,
        std_error=fields.maybe_number("std_error", 0.0),
        ci_low=fields.maybe_number("ci_low"),
        ci_high=fields.maybe_number("ci_high"),
        standing=_standing(fields),
    )


def _standing(fields: Fields) -> Standing | None:
    """Return where a model stands; None where an older version has not told."""
    rank = fields.maybe_count("rank", 1)
    if rank is None:
        return None
    is_told = fields.members.get("told_from_best") is not None
    return Standing(
        rank,
        is_best=fields.flag("is_best"),
        told_from_best=fields.flag("told_from_best") if is_told else None,
        p_from_best=fields.maybe_number("p_from_best", 0.0, 1.0),
    )


def _segments(fields: Fields) -> tuple[tuple[str, ...], tuple[SegmentDifference, ...]]:
    """Return the columns that part the rows, and how models differ on each segment."""
    found = fields.all("segments")
    if not found:
        return (), ()
    columns = tuple(found[0].one("segment").members)
    return columns, tuple(_segment(each, columns) for each in found)


def _segment(fields: Fields, columns: tuple[str, ...]) -> SegmentDifference:
    words = fields.one("segment")
    if set(words.members) != set(columns):
        fields.refuse("segment", "of the same columns as the first")
    difference, n = _comparison(fields), fields.count("n", 1)
    return SegmentDifference(
        names=tuple(map(words.text, columns)),
        n=n,
        difference=difference,
        mean_loss=_mean_loss(fields, difference),
        is_small=fields.flag("is_small"),
    )


def _mean_loss(fields: Fields, difference: DifferenceReport) -> float | None:
    """Return a mean that is null where it is infinite, or has no row of some weight."""
    if difference.infinite is None and difference.finite.n == 0:
        return fields.maybe_number("mean_loss")
    return fields.number("mean_loss", null=math.inf)


def _comparison(fields: Fields) -> DifferenceReport:
    counts = {name: fields.count(name) for name in ("n_better", "n_worse", "n_tied")}
    infinite = fields.maybe_choice("infinite", get_args(Infinite))
    if infinite is None:  # so that all rows of some weight are in the difference
        finite = _difference(fields, sum(counts.values()))
    else:
        rest = fields.one("finite")
        finite = _difference(rest, rest.count("n"))
    return DifferenceReport(
        model=fields.text("model"),
        infinite=infinite,
        finite=finite,
        **counts,
        n_only_baseline_infinite=fields.count("n_only_baseline_infinite"),
        n_only_model_infinite=fields.count("n_only_model_infinite"),
        n_both_infinite=fields.count("n_both_infinite"),
        gained=tuple(_changed(row, -math.inf) for row in fields.all("gained")),
        lost=tuple(_changed(row, math.inf) for row in fields.all("lost")),
    )


def _difference(fields: Fields, n: int) -> Difference:
    return Difference(
        n=n,
        value=fields.maybe_number("difference"),
        std_error=fields.maybe_number("std_error", 0.0),
        ci_low=fields.maybe_number("ci_low"),
        ci_high=fields.maybe_number("ci_high"),
        t=fields.maybe_number("t"),
        df=fields.maybe_count("df"),
        p_value=fields.maybe_number("p_value", 0.0, 1.0),
        p_adjusted=fields.maybe_number("p_adjusted", 0.0, 1.0),
        detectable_difference=fields.maybe_number("detectable_difference", 0.0),
        rows_needed=fields.maybe_count("rows_needed", 1),
    )


def _changed(fields: Fields, greatest: float) -> ChangedRow:
    return ChangedRow(
        **which_row(fields),
        baseline_prediction=fields.number("baseline_prediction", 0.0, 1.0),
        difference=fields.number("difference", null=greatest),
    )
