"""What `bce compute` found: how good the predictions are, and the rows it is made of."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bce_cli.core.report import FEW, NATS_PER
from bce_cli.lean_dataclass import dataclass
from bce_cli.render.conventions import ConventionTable, DividedRow
from bce_cli.render.layout import (
    PLAIN,
    Column,
    Judged,
    Section,
    count,
    figure,
    how_many,
    interval,
    interval_title,
    mean_loss_text,
    percent,
    power_of_ten,
    table,
    with_gaps,
)
from bce_cli.render.origin import (
    all_fields,
    cluster_note,
    convention_notes,
    doubts,
    picked,
    row_columns,
    stuck_notes,
    without_none,
)
from bce_cli.render.segments import segment_lines, segment_records, segments_section

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

    from bce_cli.core.convention_totals import ConventionReport, ConventionTotals
    from bce_cli.core.conventions import Convention
    from bce_cli.core.evaluation import Result
    from bce_cli.core.extremes import DifferenceRow, WorstRow
    from bce_cli.core.gate.judgement import Verdict
    from bce_cli.core.likelihood import ExampleRow, LikelihoodProduct
    from bce_cli.core.report import LossReport
    from bce_cli.core.segment_reports import SegmentReport
    from bce_cli.render.layout import Look, TableColumn
    from bce_cli.render.origin import Origin, Saved

_DIGITS = 5
_OF_INTERVALS = ("confidence", "cluster_column", "n_clusters", "effective_clusters")
_HEAD = ("n", "n_positive", "weight_sum", "effective_n", "base_rate")
_OF_PRODUCT = ("likelihood_product", "product_subnormal_row", "product_zero_row")
_TABLES = frozenset(("products", "difference_rows", "impossible_rows"))


@dataclass(frozen=True, slots=True)
class CostlyRow:
    """A row of highest loss, which is in the report's unit; `share_of_total` is weighted."""

    row: int
    id: str | None
    label: float
    prediction: float
    weight: float | None
    loss: float
    share_of_total: float | None


@dataclass(frozen=True, slots=True)
class ComputeDocument:
    """A finished evaluation and where it came from; losses are in the unit of its report.

    Attributes
    ----------
    origin : Origin
    convention : Convention
    report : LossReport
    products : tuple of LikelihoodProduct
        One for each float type, float64 last; none where nobody asked for them.
    worst : tuple of CostlyRow
        Highest loss first.
    excerpt : tuple of ExampleRow
        Rows as they are multiplied and summed up, which no JSON has.
    comparison : tuple of ConventionReport
        Where conventions were to be compared: one for each, the first of them exact.
    differences : tuple of DividedRow
        Rows that make conventions differ.
    compared_type : str or None
        What predictions were stored as, where the limits of a compared convention depend on that.
    has_soft_labels : bool, default False
        Whether labels might lie between 0 and 1.
    segment_columns : tuple of str
        Columns that part the rows.
    segments : tuple of SegmentReport
        Highest total loss first.
    confidence : float
        Of every interval.
    cluster_column : str or None
        Where intervals allow for rows of a cluster depending on each other.
    n_clusters : int or None
    effective_clusters : float or None
        How many there are in effect, as their sizes differ.
    saved : Saved or None
        Where all of it was read from a saved report.
    """

    origin: Origin
    convention: Convention
    report: LossReport
    products: tuple[LikelihoodProduct, ...] = ()
    worst: tuple[CostlyRow, ...] = ()
    excerpt: tuple[ExampleRow, ...] = ()
    comparison: tuple[ConventionReport, ...] = ()
    differences: tuple[DividedRow, ...] = ()
    compared_type: str | None = None
    has_soft_labels: bool = False
    segment_columns: tuple[str, ...] = ()
    segments: tuple[SegmentReport, ...] = ()
    confidence: float = 0.95
    cluster_column: str | None = None
    n_clusters: int | None = None
    effective_clusters: float | None = None
    saved: Saved | None = None

    @classmethod
    def of(
        cls,
        origin: Origin,
        convention: Convention,
        report: LossReport,
        result: Result,
        comparison: tuple[ConventionReport, ...] = (),
        *,
        has_soft_labels: bool = False,
        segment_columns: tuple[str, ...] = (),
        segments: tuple[SegmentReport, ...] = (),
        confidence: float = 0.95,
        cluster_column: str | None = None,
    ) -> Self:
        """Make a document of a result, whose losses are in nats, and of what follows from it."""
        nats, clusters = NATS_PER[report.unit], result.clusters
        types = {totals.float_type for totals in result.compared} - {None}
        return cls(
            origin,
            convention,
            report,
            products=result.products,
            worst=tuple(_costly(row, result, nats) for row in result.worst),
            excerpt=tuple(_example_in(row, nats) for row in result.excerpt),
            comparison=comparison,
            differences=tuple(_divided(row, result.compared, nats) for row in result.differences),
            compared_type=next(iter(types), None),
            has_soft_labels=has_soft_labels,
            segment_columns=segment_columns,
            segments=segments,
            confidence=confidence,
            cluster_column=cluster_column,
            n_clusters=None if clusters is None else clusters.n,
            effective_clusters=None if clusters is None else clusters.effective_n,
        )

    @property
    def tables(self) -> frozenset[str]:
        """What nobody asked for; where conventions are compared, they are the answer."""
        return _TABLES

    @property
    def doubts(self) -> tuple[str, ...]:
        """What makes predictions look like ones that were not meant."""
        return doubts(self.report) if self.saved is None else self.saved.doubts

    @property
    def compared(self) -> ConventionTable:
        """The conventions side by side."""
        return ConventionTable(
            self.origin,
            self.report,
            self.comparison,
            self.differences,
            self.compared_type,
            (*self.origin.doubts, *self.doubts),
        )

    def sections(self, look: Look) -> list[Section]:
        """Say it to people: conventions or segments, or else rows and the likelihood."""
        if self.comparison:
            return self.compared.sections()
        if self.segments:
            are_cut = bool(self.origin.cuts)
            segments = segments_section(
                self.segments, self.segment_columns, self.confidence, are_cut=are_cut, look=look
            )
            return [summary_section(self, look), segments]
        worst = [worst_section(self)] if self.worst else []
        product = [product_section(self, look)] if self.products else []
        examples = [_examples(self, look)] if self.excerpt else []
        return [summary_section(self, look), *worst, *product, *examples]

    def record(self) -> dict[str, Any]:
        """Return all figures by name, with what was asked for beside them."""
        if self.saved is not None:
            return deepcopy(self.saved.record)
        record = self._figures() | self.origin.kinds(soft=self.has_soft_labels)
        record |= picked(self.report, "float_type", "n_certain", "reversed_loss")
        record["notes"] = [*self.origin.doubts, *self.doubts]
        if self.products:
            record["products"] = [
                all_fields(product) | {"log_of_product": product.log_of_product}
                for product in self.products
            ]
        if self.comparison:
            record |= self.compared.record() | {"float_type": self.compared_type}
        if self.segments:
            record["segments"] = segment_records(self.segments, self.segment_columns)
        if self.worst:
            record["worst_rows"] = [_worst_record(row) for row in self.worst]
        return record

    def lines(self, *, brief: bool = False) -> list[dict[str, Any]]:  # noqa: ARG002 -- as brief
        """Return one line of figures; or a line a segment, a worst row or a convention."""
        return (
            segment_lines(self.segments, self.segment_columns)
            or [_worst_record(row) for row in self.worst]
            or self.compared.lines()
            or [self._figures() | {"source": " ".join(self.origin.sources)}]
        )

    def _figures(self) -> dict[str, Any]:
        report = self.report
        record = self.origin.head(report, *_HEAD, convention=self.convention)
        record |= picked(self, *_OF_INTERVALS)
        record["n_clipped"] = report.n_clipped
        known = {*record, "float_type", "n_certain", "reversed_loss"}
        record |= {name: value for name, value in all_fields(report).items() if name not in known}
        if self.products:
            product = self.products[-1]
            figures = product.product, product.subnormal_row, product.zero_row
            record |= dict(zip(_OF_PRODUCT, figures, strict=True))
        elif self.saved is not None:  # in brief, without the products themselves
            saved = self.saved.record
            record |= {name: saved[name] for name in _OF_PRODUCT if name in saved}
        return record


def summary_section(document: ComputeDocument, look: Look = PLAIN) -> Section:
    """Summarise an evaluation, with what each figure is to be measured by."""
    report, origin = document.report, document.origin
    return Section(
        title=origin.title(report, soft=report.label_entropy is not None),
        columns=(
            Column("measure", is_text=True),
            Column("value"),
            Column("meaning", is_text=True, wraps=True, spare=1),
        ),
        rows=(*_loss_rows(document), *_other_rows(document)),
        verdicts=(_reading(report, look),),
        notes=(
            *origin.doubts,
            *document.doubts,
            *convention_notes(document.convention, report.n_clipped, report.float_type),
            *_habits(document),
            *_impossible_notes(document, look),
            *_cluster_notes(document),
            *origin.notes(),
        ),
        marked=(0,),
        has_head=False,
    )


def _loss_rows(document: ComputeDocument) -> Iterator[tuple[str, str, str]]:
    report = document.report
    mean = "weighted mean (log) loss" if document.origin.has_weights else "mean (log) loss"
    loss = mean_loss_text(report.mean_loss)
    yield "binary cross-entropy", loss, f"{mean}, {report.unit} per row"
    ends = interval(report.ci_low, report.ci_high)
    spread = "from its spread" if document.n_clusters is None else "by cluster"
    yield interval_title(document.confidence), ends, f"of that mean, {spread}"
    if report.label_entropy is not None:
        entropy, divergence = figure(report.label_entropy), figure(report.kl_divergence)
        yield "label entropy", entropy, "part that no prediction can remove"
        yield "KL divergence", divergence, "the other part, due to the predictions"
    base = f"always predicting {percent(report.base_rate)}"
    yield "base-rate loss", figure(report.base_rate_loss), base
    yield "skill", percent(report.skill), "of the base-rate loss removed"


def _other_rows(document: ComputeDocument) -> Iterator[tuple[str, str, str]]:
    report = document.report
    base_brier = figure(report.base_rate * (1.0 - report.base_rate), 4)
    effective = percent(report.effective_probability)
    yield "effective probability", effective, "given to what happened; a coin: 50 %"
    yield "Brier score", figure(report.brier), f"squared error; base rate: {base_brier}"
    if document.origin.has_weights:
        yield "effective rows", figure(report.effective_n), "of equal weight, as good as these"
    if report.n_impossible:
        yield "impossible rows", count(report.n_impossible), "certain, and wrong"


def _reading(report: LossReport, look: Look) -> Judged:
    """Answer the question that everybody asks first."""
    base = f"the base rate's {figure(report.base_rate_loss)}"
    verdict: Verdict = "undecided"
    if report.base_rate_loss == 0.0:
        answer = "All labels are the same, so there is no base rate to beat."
    elif math.isinf(report.mean_loss):
        verdict = "failed"
        answer = f"No: one certain, wrong prediction costs more than {base} ever will."
    elif report.ci_low is None or report.ci_high is None or report.n < FEW:
        answer = f"{how_many(report.n).capitalize()} cannot tell."
    elif report.ci_high < report.base_rate_loss:
        verdict, answer = "passed", f"It beats {base}, as does the whole interval."
    elif report.ci_low > report.base_rate_loss:
        verdict, answer = "failed", f"No: {base} would cost less than the whole interval."
    else:
        check = look.asked_by(
            "bce check --min-skill 0 --confident", "bce.check(..., min_skill=0, confident=True)"
        )
        answer = (
            f"The interval alone cannot tell: {base} lies within it. "
            f"{check} can, for it pairs the two."
        )
    return Judged(f"Is that good? {answer}", verdict)


def _habits(document: ComputeDocument) -> Iterator[str]:
    """Say what else a library does that makes its mean another one."""
    name, rule = document.convention.name, document.convention.rule
    if rule.mean_over == "rows" and document.origin.has_weights:
        yield f"{name} divides by the number of rows, not by the sum of the weights."
    if rule.threshold is not None and document.has_soft_labels:
        yield f"{name} counts labels above {figure(rule.threshold)} as 1 and the others as 0."


def _cluster_notes(document: ComputeDocument) -> Iterator[str]:
    """Say what intervals allow for, where they allow for something."""
    if document.n_clusters is not None:
        clusters = document.n_clusters, document.effective_clusters
        yield cluster_note(document.cluster_column, *clusters, "Intervals")


def _impossible_notes(document: ComputeDocument, look: Look) -> Iterator[str]:
    """Say how many rows were impossible, what they do to the mean, and what can be done."""
    report, convention = document.report, document.convention
    if not report.n_impossible:
        return
    is_one = report.n_impossible == 1
    subject = "It makes" if is_one else "They make"
    told = document.origin.impossible_rows(report)
    if 0.0 in (report.impossible_share, report.mean_loss):
        has, adds = ("It has", "adds") if is_one else ("They have", "add")
        yield f"{told}. {has} no weight, and {adds} nothing to the mean."
        return
    advice = "Best clip or mend such predictions where the model makes them; "
    advice += other_ways(document, look)
    if math.isinf(report.mean_loss):
        effect = f"{subject} the mean infinite."
    else:
        rule = convention.name if convention.clip is None else look.asked_by("--clip", "clip")
        share = f"{percent(report.impossible_share)} of the mean under {rule}"
        effect = f"{subject} up {share}; the exact mean is infinite."
    yield f"{told}. {effect}"
    if report.finite_mean_loss is not None:
        rows = how_many(report.n - report.n_impossible)
        advice = f"The mean of the other {rows} is {figure(report.finite_mean_loss)}. {advice}"
    yield advice


def other_ways(document: ComputeDocument, look: Look) -> str:
    """Say by which options impossible rows have a finite loss."""
    others = look.asked_by("--like all", "like='all'")
    if math.isfinite(document.report.mean_loss):
        return f"{others} shows what other rules make of them."
    clip = look.asked_by("--clip EPS", "clip=...")
    return f"{clip} bounds their loss here, {others} shows other libraries' means."


def product_section(document: ComputeDocument, look: Look) -> Section:
    """Show what became of the likelihood in each float type, and of its logarithm."""
    report, products = document.report, document.products
    columns, rows = table(
        products,
        (Column("computed as", is_text=True), lambda p: f"product, {p.dtype}"),
        ("value", lambda p: figure(p.product)),
        (Column("subnormal at row", spare=1), lambda p: count(p.subnormal_row)),
        ("0 at row", lambda p: count(p.zero_row)),
    )
    stable = (f"sum of logs, {report.unit}", figure(report.log_likelihood), "never", "never")
    true_size = []
    if math.isinf(report.mean_loss):
        true_size = ["It is 0 in truth as well: a row was impossible."]
    elif any(product.subnormal_row is not None for product in products):
        size = power_of_ten(report.log10_likelihood, look)
        smallest = power_of_ten(math.log10(products[-1].smallest_subnormal), look)
        true_size = [f"In truth it is {size}; the smallest float64 above 0 is {smallest}."]
    return Section(
        "The likelihood of all labels: a product underflows, a sum of logs does not",
        columns,
        rows=(*rows, stable),
        notes=(*true_size, *stuck_notes("In {} the product", products)),
        marked=(len(rows),),
    )


def _examples(document: ComputeDocument, look: Look) -> Section:
    """Show rows of the data as they are multiplied and summed up."""
    examples = document.excerpt
    has_ids = any(row.id is not None for row in examples)  # asked for, and in need of room
    columns, cells = table(
        examples,
        *_row_columns(examples),
        (Column("likelihood", spare=7), lambda row: figure(row.likelihood, _DIGITS)),
        ("loss", lambda row: figure(row.loss, _DIGITS)),
        (Column("product", spare=5 * has_ids), lambda row: figure(row.running_product, 4)),
        (
            Column("sum of logs", spare=6 * has_ids),
            lambda row: figure(row.running_log_likelihood),
        ),
    )
    rows = tuple(with_gaps((row.row for row in examples), cells, look.pick("⋮", ":")))
    zero_row = count(document.products[-1].zero_row)
    marked = [index for index, row in enumerate(rows) if row[0] == zero_row]
    return Section("Row by row", columns, rows, marked=marked)


def worst_section(document: ComputeDocument) -> Section:
    """Show the rows that cost most, and what share of the whole loss each is."""
    worst = document.worst
    return Section(
        "The rows that cost most" if len(worst) != 1 else "The row that costs most",
        *table(
            worst,
            *_row_columns(worst),
            ("loss", lambda row: figure(row.loss, _DIGITS)),
            (Column("share of total", spare=4), lambda row: percent(row.share_of_total)),
        ),
        is_asked=True,
    )


def _costly(row: WorstRow, result: Result, nats: float) -> CostlyRow:
    """Put a loss into the unit of the report, beside its share in the sum of all losses."""
    totals, share = result.totals, None
    if totals.losses.units and not totals.n_infinite:
        weight = 1.0 if row.weight is None else row.weight
        share = weight and row.loss * weight / float(totals.losses)  # of weight 0, infinite or not
    return CostlyRow(**all_fields(row) | {"loss": row.loss / nats}, share_of_total=share)


def _divided(row: DifferenceRow, compared: Sequence[ConventionTotals], nats: float) -> DividedRow:
    """Put losses into the unit of the report, beside their shares in the sums of all losses."""
    totals = [each.total_loss for each in compared]
    shares = (
        None if loss is None or not total or math.isinf(total) else loss / total
        for loss, total in zip(row.losses, totals, strict=True)
    )
    return DividedRow(
        **picked(row, "row", "id", "label", "prediction", "is_impossible"),
        losses=tuple(None if loss is None else loss / nats for loss in row.losses),
        shares=tuple(shares),
    )


def _example_in(row: ExampleRow, nats: float) -> ExampleRow:
    """Put the losses of a row into the unit of the report."""
    if nats == 1.0:
        return row
    log_likelihood = row.running_log_likelihood / nats
    return replace(row, loss=row.loss / nats, running_log_likelihood=log_likelihood)


def _row_columns(
    rows: Sequence[ExampleRow] | Sequence[CostlyRow],
) -> tuple[TableColumn[Any] | None, ...]:
    has_weights = any(row.weight is not None for row in rows)
    return (
        *row_columns(rows),
        (Column("prediction", spare=1), lambda row: figure(row.prediction, _DIGITS)),
        (Column("weight", spare=4), lambda row: figure(row.weight, _DIGITS))
        if has_weights
        else None,
    )


def _worst_record(row: CostlyRow) -> dict[str, Any]:
    return without_none(all_fields(row), "id", "weight")
