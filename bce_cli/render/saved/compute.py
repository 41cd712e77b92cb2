"""What `bce compute` saved, as a document again."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from bce_cli.core.convention_totals import ConventionReport
from bce_cli.core.likelihood import LikelihoodProduct
from bce_cli.core.rows import FLOAT_TYPES
from bce_cli.core.rules import RULES
from bce_cli.core.segment_reports import SegmentReport
from bce_cli.render.compute import ComputeDocument, CostlyRow
from bce_cli.render.conventions import DividedRow
from bce_cli.render.saved.parts import (
    ALL_FIGURES,
    convention_of,
    losses_of,
    maybe_gap_of,
    origin_of,
    unit_of,
    which_row,
)
from bce_cli.render.segments import FIGURES_OF_SEGMENTS

if TYPE_CHECKING:
    from bce_cli.core.fields import Fields
    from bce_cli.core.report import Unit


def compute_document(fields: Fields) -> ComputeDocument:
    """Make the document again, without the excerpt of rows, which no record has."""
    unit = unit_of(fields)
    report = losses_of(unit, (fields, ALL_FIGURES))
    compared = conventions_of(fields)
    columns, segments = _segments(fields, unit)
    return ComputeDocument(
        origin=origin_of(fields),
        convention=convention_of(fields),
        report=replace(report, float_type=None) if compared else report,
        products=tuple(map(_product, fields.all("products"))),
        worst=tuple(map(_costly, fields.all("worst_rows"))),
        comparison=compared,
        differences=_differences(fields, compared),
        compared_type=report.float_type if compared else None,
        has_soft_labels=fields.flag("soft_labels", default=False),
        confidence=fields.number("confidence", 0.0, 1.0) if "confidence" in fields else 0.95,
        cluster_column=fields.maybe_text("cluster_column"),
        n_clusters=fields.maybe_count("n_clusters", 1),
        effective_clusters=fields.maybe_number("effective_clusters", 0.0),
        segment_columns=columns,
        segments=segments,
    )


def _product(fields: Fields) -> LikelihoodProduct:
    return LikelihoodProduct(
        dtype=fields.choice("dtype", FLOAT_TYPES),
        smallest_normal=fields.number("smallest_normal", 5e-324),
        smallest_subnormal=fields.number("smallest_subnormal", 5e-324),
        product=fields.number("product", 0.0),
        subnormal_row=fields.maybe_count("subnormal_row", 1),
        zero_row=fields.maybe_count("zero_row", 1),
    )


def _costly(fields: Fields) -> CostlyRow:
    return CostlyRow(
        **which_row(fields),
        weight=fields.maybe_number("weight", 0.0),
        loss=fields.number("loss", null=math.inf),
        share_of_total=fields.maybe_number("share_of_total"),
    )


def conventions_of(fields: Fields) -> tuple[ConventionReport, ...]:
    """Return what was saved of all conventions side by side."""
    return tuple(map(_compared, fields.all("conventions")))


def _compared(fields: Fields) -> ConventionReport:
    n_clipped = fields.maybe_count("n_clipped")  # None where the labels are refused
    is_refused = n_clipped is None
    return ConventionReport(
        name=fields.choice("name", RULES),
        mean_loss=fields.maybe_number("mean_loss")
        if is_refused
        else fields.number("mean_loss", null=math.inf),
        n_clipped=n_clipped,
        cap_positive=fields.number("cap_positive", null=math.inf),
        cap_negative=fields.number("cap_negative", null=math.inf),
    )


def _differences(fields: Fields, compared: tuple[ConventionReport, ...]) -> tuple[DividedRow, ...]:
    impossible = {row.count("row", 1) for row in fields.all("impossible_rows")}
    return tuple(_divided(row, compared, impossible) for row in fields.all("difference_rows"))


def _divided(
    fields: Fields, compared: tuple[ConventionReport, ...], impossible: set[int]
) -> DividedRow:
    losses, shares = fields.one("losses"), fields.one("shares")
    found = [
        losses.maybe_number(each.name)
        if each.n_clipped is None
        else losses.number(each.name, null=math.inf)
        for each in compared
    ]
    if all(loss is None for loss in found):
        fields.refuse("losses", "of a convention that takes the label")
    which = which_row(fields)
    return DividedRow(
        **which,
        is_impossible=which["row"] in impossible,
        losses=tuple(found),
        shares=tuple(shares.maybe_number(each.name) for each in compared),
    )


def _segments(fields: Fields, unit: Unit) -> tuple[tuple[str, ...], tuple[SegmentReport, ...]]:
    """Return the columns that part the rows, and the segments."""
    found = fields.all("segments")
    if not found:
        return (), ()
    columns = tuple(found[0].one("segment").members)
    return columns, tuple(_segment(each, columns, unit) for each in found)


def _segment(fields: Fields, columns: tuple[str, ...], unit: Unit) -> SegmentReport:
    words = fields.one("segment")
    if set(words.members) != set(columns):
        fields.refuse("segment", "of the same columns as the first")
    has_weight = fields.maybe_number("weight_sum") is not None
    figures = (fields, ("n", *FIGURES_OF_SEGMENTS))
    return SegmentReport(
        names=tuple(map(words.text, columns)),
        n=fields.count("n", 1),
        report=losses_of(unit, figures) if has_weight else None,
        share_of_total=fields.maybe_number("share_of_total"),
        is_small=fields.flag("is_small"),
        mean_prediction=fields.maybe_number("mean_prediction", 0.0, 1.0),
        gap=maybe_gap_of(fields),
        n_clusters=fields.maybe_count("n_clusters"),
        effective_clusters=fields.maybe_number("effective_clusters", 0.0),
    )
