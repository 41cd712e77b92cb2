"""What `bce compare` found: every model, how it differs from the first, and which is better."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import asdict, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from bce_cli.errors import safe_text
from bce_cli.lean_dataclass import dataclass
from bce_cli.render.compare_verdict import power_notes, verdicts
from bce_cli.render.layout import (
    PLAIN,
    Column,
    Section,
    count,
    figure,
    interval,
    interval_title,
    mean_loss_text,
    percent,
    table,
)
from bce_cli.render.origin import (
    cluster_note,
    convention_notes,
    doubts,
    picked,
    row_columns,
    without_none,
)
from bce_cli.render.segment_differences import segment_sections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bce_cli.core.comparison.differences import Difference, DifferenceReport
    from bce_cli.core.comparison.models import ComparisonReport, ModelReport
    from bce_cli.core.comparison.segment_differences import SegmentDifference
    from bce_cli.core.conventions import Convention
    from bce_cli.core.extremes import ChangedRow
    from bce_cli.render.layout import Look, Texts
    from bce_cli.render.origin import Origin, Saved

Table: TypeAlias = Literal["models", "comparisons", "segments"]
"""What CSV and Markdown have."""

_LONGEST_NAME = 30
_DIGITS = 4
_PAIR = 2
_HEAD = ("n", "n_positive", "weight_sum", "base_rate")
FIGURES_OF_MODELS = (
    *("mean_loss", "total_loss", "skill", "brier", "n_impossible"),
    *("first_impossible_row", "finite_mean_loss", "float_type"),
)
"""What a model has of the figures of a report."""
_COUNTS = ("n_better", "n_worse", "n_tied")
_POWER = ("detectable_difference", "rows_needed")
_STANDING = ("rank", "is_best", "told_from_best", "p_from_best")
_SIGN = "* "
_INFINITE = ("infinite", "n_only_baseline_infinite", "n_only_model_infinite", "n_both_infinite")


@dataclass(frozen=True, slots=True)
class CompareDocument:
    """A finished comparison and where it came from.

    Attributes
    ----------
    origin : Origin
    convention : Convention
    report : ComparisonReport
    cluster_column : str or None
    segment_columns : tuple of str
        Whose words part the rows.
    is_sorted : bool
        Whether models are shown by their mean loss, and not as they were named.
    table : {"models", "comparisons", "segments"} or None
        What is shown alone; None for all of it, and in CSV the comparisons.
    saved : Saved or None
        Where all of it was read from a saved report.
    """

    origin: Origin
    convention: Convention
    report: ComparisonReport
    cluster_column: str | None = None
    segment_columns: tuple[str, ...] = ()
    is_sorted: bool = False
    table: Table | None = None
    saved: Saved | None = None

    tables: ClassVar[frozenset[str]] = frozenset(("gained", "lost"))

    @property
    def doubts(self) -> tuple[str, ...]:
        """What makes a model look like one that was not meant."""
        return model_doubts(self.report) if self.saved is None else self.saved.doubts

    @property
    def has_soft_labels(self) -> bool:
        """Whether some labels lie between 0 and 1."""
        return self.report.models[0].report.label_entropy is not None

    @property
    def pairs(self) -> list[tuple[ModelReport, DifferenceReport | None]]:
        """Each model, and how it differs from the first, in the order in which they are shown."""
        report = self.report
        found = [*zip(report.models, (None, *report.comparisons), strict=True)]
        return sorted(found, key=lambda pair: pair[0].order) if self.is_sorted else found

    @property
    def comparisons(self) -> list[DifferenceReport]:
        """How models differ from the first, in the order in which they are shown."""
        return [item for _, item in self.pairs if item is not None]

    @property
    def segments(self) -> list[SegmentDifference]:
        """The same by segment."""
        places = {item.model: place for place, item in enumerate(self.comparisons)}
        return sorted(self.report.segments, key=lambda item: places[item.difference.model])

    def sections(self, look: Look) -> list[Section]:
        """Say which model is better; show each by itself, and the rows that changed most."""
        if self.table == "models":
            return [_board(self, look)]
        answer, by_segment = differences_section(self, look), self.by_segment(look)
        if self.table == "comparisons":
            return [answer]
        if self.table == "segments":
            told = (*self.origin.doubts, *self.doubts)
            return [replace(section, notes=(*told, *section.notes)) for section in by_segment]
        changed = [
            changed_section(item, self) for item in self.comparisons if item.gained or item.lost
        ]
        return [answer, *by_segment, each_model_section(self), *changed]

    def by_segment(self, look: Look) -> list[Section]:
        """Show how each model differs from the first, by segment; nothing without segments."""
        names = [self.shown(item.model) for item in self.report.comparisons]
        baseline = self.shown(self.report.models[0].name)
        found = segment_sections(
            self.report,
            self.segment_columns,
            baseline,
            names,
            are_cut=bool(self.origin.cuts),
            look=look,
        )
        return [found[self.report.comparisons.index(item)] for item in self.comparisons if found]

    def record(self) -> dict[str, Any]:
        """Return all figures by name.

        A difference over all rows is null where a mean is infinite; `finite` holds that over the
        rows on which both losses are finite, then.
        """
        if self.saved is not None:
            return deepcopy(self.saved.record)
        report, first, best = self.report, self.report.models[0], self.report.best
        parted = (
            {"segments": self._segment_records(has_finite=True)} if self.segment_columns else {}
        )
        return {
            **self.origin.head(first.report, *_HEAD, convention=self.convention),
            **self.origin.kinds(soft=self.has_soft_labels),
            "confidence": report.confidence,
            "margin": report.margin,
            "cluster_column": self.cluster_column,
            "n_clusters": report.n_clusters,
            "effective_clusters": report.effective_clusters,
            "base_rate_loss": first.report.base_rate_loss,
            "baseline": first.name,
            "best": None if best is None else best.name,
            "sorted": self.is_sorted,
            "models": [_model_record(model) for model, _ in self.pairs],
            "comparisons": [
                {
                    **_difference_record(item, report),
                    "finite": None if item.infinite is None else _named(item.finite),
                    "gained": _changed_records(item.gained),
                    "lost": _changed_records(item.lost),
                }
                for item in self.comparisons
            ],
            **parted,
            "notes": [*self.origin.doubts, *self.doubts],
        }

    def _segment_records(self, *, has_finite: bool) -> list[dict[str, Any]]:
        return [
            _segment_record(item, self.report, self.segment_columns, has_finite=has_finite)
            for item in self.segments
        ]

    def lines(self, *, brief: bool = False) -> list[dict[str, Any]]:  # noqa: ARG002 -- as brief
        """Return one line for each model that is compared with the baseline, or as asked for."""
        if self.table == "models":
            return [_model_record(model) for model, _ in self.pairs]
        if self.table == "segments":
            return [_flat(record) for record in self._segment_records(has_finite=False)]
        return [_difference_record(item, self.report) for item in self.comparisons]

    def shown(self, name: str) -> str:
        """Return a model's name as tables show it: in brief, where it stays another for each."""
        brief = [safe_text(model.name, _LONGEST_NAME) for model in self.report.models]
        shown = safe_text(name, _LONGEST_NAME)
        return shown if brief.count(shown) == 1 else safe_text(name)


def model_doubts(report: ComparisonReport) -> tuple[str, ...]:
    """Say which models look like ones that were not meant."""
    names = (safe_text(model.name) for model in report.models)
    found = (doubts(model.report, name) for model, name in zip(report.models, names, strict=True))
    return tuple(chain.from_iterable(found))


def differences_section(document: CompareDocument, look: Look = PLAIN) -> Section:
    """Show what each model costs, and how that differs from the first."""
    report = document.report
    first = report.models[0]
    is_pair = len(report.models) == _PAIR
    p = "p" if is_pair else "p (Holm)"
    several = "" if is_pair else " adjusted by Holm's procedure, as intervals are not"
    columns = (
        Column("model", is_text=True, wraps=True),
        Column(f"mean loss, {report.unit}"),
        Column("difference"),
        Column(f"its {interval_title(report.confidence)}"),
        Column(p, spare=1, meaning=f"p: paired t-test{several}."),
    )
    rows = [row for pair in document.pairs for row in _difference_rows(*pair, document)]
    marked = [place for place, (_, is_other) in enumerate(rows) if is_other]
    kinds = [model.report.float_type for model in report.models]
    return Section(
        document.origin.title(
            first.report,
            soft=document.has_soft_labels,
            models=f"{len(report.models)} models on ",
        ),
        columns,
        tuple(cells for cells, _ in rows),
        verdicts=verdicts(report, document.comparisons),
        notes=(
            *document.origin.doubts,
            *document.doubts,
            *_margin_notes(report),
            *_best_notes(document),
            cluster_note(
                document.cluster_column,
                report.n_clusters,
                report.effective_clusters,
                look=look,
            ),
            *power_notes(report, look),
            *convention_notes(
                document.convention, None, kinds[0] if len(set(kinds)) == 1 else None
            ),
            *_types_note(document, kinds),
            *_baseline_notes(document),
            *document.origin.notes(),
        ),
        marked=marked,
    )


def _difference_rows(
    model: ModelReport, item: DifferenceReport | None, document: CompareDocument
) -> Iterator[tuple[Texts, bool]]:
    """Yield cells, and whether they are of another model than the baseline."""
    name, loss = document.shown(model.name), mean_loss_text(model.report.mean_loss)
    if _is_marked(model, document.report):
        loss = f"{_SIGN}{loss}"
    if item is None:
        yield (f"{name} (baseline)", loss, *("-",) * 3), False
        return
    found = item.finite
    figures = (
        figure(found.value, _DIGITS + 1),
        interval(found.ci_low, found.ci_high),
        figure(found.p_adjusted, 2),
    )
    if item.infinite is None:
        yield (name, loss, *figures), True
        return
    yield (name, loss, figure(item.value), "-", "-"), True
    if found.n:
        yield (f"  on {count(found.n)} finite", "", *figures), True


def _is_marked(model: ModelReport, report: ComparisonReport) -> bool:
    """Whether it is one of several that may be the best."""
    standing = model.standing
    return len(report.models) > _PAIR and standing is not None and standing.told_from_best is False


def _best_notes(document: CompareDocument) -> tuple[str, ...]:
    """Say what the sign beside a mean loss means."""
    report, best = document.report, document.report.best
    if best is None or len(report.models) == _PAIR:
        return ()
    lowest = f"{_SIGN}{document.shown(best.name)} has the lowest mean loss"
    tests = "(paired t-tests adjusted by Holm's procedure)"
    if sum(_is_marked(model, report) for model in report.models) == 1:
        return (f"{lowest}, and all others can be told from it {tests}.",)
    return (f"{lowest}, and others with this sign cannot be told from it {tests}.",)


def _margin_notes(report: ComparisonReport) -> tuple[str, ...]:
    """Say what a margin goes by, where other verdicts go by tests that are adjusted."""
    is_one = len(report.models) == _PAIR and not report.segments
    if report.margin is None or is_one:
        return ()
    number = "segments" if len(report.models) == _PAIR else "models"
    if report.segments and number == "models":
        number = "models or segments"
    alone = f"Equivalent goes by each interval alone, not adjusted for the number of {number}"
    return (f"{alone}; better and worse go by p, which is.",)


def _baseline_notes(document: CompareDocument) -> tuple[str, ...]:
    """Say which of several files all others are compared with, as their order may be chance."""
    models, origin = document.report.models, document.origin
    are_files = len(models) == len(origin.sources)
    if len(models) == _PAIR or not are_files or models[0].name in origin.prediction_columns:
        return ()
    return (f"The baseline is the first source, {document.shown(models[0].name)}.",)


def _types_note(document: CompareDocument, kinds: Sequence[str | None]) -> tuple[str, ...]:
    """Tell the types in which models are stored, where that makes a difference between them."""
    if len(set(kinds)) == 1:
        return ()
    pairs = zip(document.report.models, kinds, strict=True)
    listed = ", ".join(f"{document.shown(model.name)} {kind}" for model, kind in pairs)
    return (f"It clips each model in the float type that this is stored in: {listed}.",)


def each_model_section(document: CompareDocument) -> Section:
    """Show each model by itself, and on how many rows it does better than the first."""
    report = document.report
    base = figure(report.models[0].report.base_rate_loss)
    baseline = document.shown(report.models[0].name)
    skill = f"Skill: the share of the base-rate loss, {base}, that is removed."
    impossible = "Impossible: rows that were predicted with certainty, and wrongly."
    has_impossible = any(model.report.n_impossible for model in report.models)

    def rows_that(name: str) -> Callable[[tuple[ModelReport, DifferenceReport | None]], str]:
        return lambda pair: "-" if pair[1] is None else count(getattr(pair[1], name))

    return Section(
        f"Each model by itself, and rows on which it is better than {baseline}",
        *table(
            document.pairs,
            (Column("model", is_text=True, wraps=True), lambda pair: document.shown(pair[0].name)),
            (
                f"{interval_title(report.confidence)} of loss",
                lambda pair: interval(pair[0].ci_low, pair[0].ci_high),
            ),
            (Column("skill", spare=3, meaning=skill), lambda pair: percent(pair[0].report.skill)),
            (
                Column("impossible", spare=1, meaning=impossible),
                lambda pair: count(pair[0].report.n_impossible),
            )
            if has_impossible
            else None,
            *(
                (Column(name, spare=spare), rows_that(f"n_{name}"))
                for name, spare in (("better", 2), ("worse", 2), ("tied", 4))
            ),
        ),
    )


def _board(document: CompareDocument, look: Look) -> Section:
    """Show the figures of each model, and where it stands."""
    report = document.report
    from_best = "p: paired t-test against the best, adjusted by Holm's procedure."

    def told(model: ModelReport) -> str:
        standing = model.standing
        if standing is None or standing.told_from_best is None:
            return "-"
        if standing.is_best:
            return "best"
        return "worse" if standing.told_from_best else "cannot be told"

    return Section(
        document.origin.title(
            report.models[0].report,
            soft=document.has_soft_labels,
            models=f"{len(report.models)} models on ",
        ),
        *table(
            [model for model, _ in document.pairs],
            (Column("model", is_text=True, wraps=True), lambda model: document.shown(model.name)),
            (Column("rank", spare=4), lambda model: _standing(model, "rank")),
            (f"mean loss, {report.unit}", lambda model: mean_loss_text(model.report.mean_loss)),
            (
                interval_title(report.confidence),
                lambda model: interval(model.ci_low, model.ci_high),
            ),
            (Column("skill", spare=3), lambda model: percent(model.report.skill)),
            (Column("Brier", spare=5), lambda model: figure(model.report.brier, _DIGITS)),
            (Column("impossible", spare=6), lambda model: count(model.report.n_impossible)),
            (Column("beside the best", is_text=True), told),
            (
                Column("p (Holm)", spare=1, meaning=from_best),
                lambda model: _standing(model, "p_from_best"),
            ),
        ),
        notes=(
            *document.origin.doubts,
            *document.doubts,
            cluster_note(
                document.cluster_column,
                report.n_clusters,
                report.effective_clusters,
                look=look,
            ),
            *document.origin.notes(),
        ),
    )


def _standing(model: ModelReport, name: str) -> str:
    return figure(None if model.standing is None else getattr(model.standing, name), 2)


def changed_section(item: DifferenceReport, document: CompareDocument) -> Section:
    """Show the rows of greatest change, gains before losses."""
    baseline, model = document.shown(document.report.models[0].name), document.shown(item.model)
    changed = (*item.gained, *item.lost)
    ways = ["gained most"] * bool(item.gained) + ["lost most"] * bool(item.lost)
    return Section(
        f"Rows on which {model} {', and '.join(ways)}",
        *table(
            changed,
            *row_columns(changed, _DIGITS),
            (baseline, lambda row: figure(row.baseline_prediction, _DIGITS)),
            (model, lambda row: figure(row.prediction, _DIGITS)),
            (
                "difference times weight" if document.origin.has_weights else "difference",
                lambda row: figure(row.difference, _DIGITS),
            ),
        ),
    )


def _model_record(model: ModelReport) -> dict[str, Any]:
    return {
        "name": model.name,
        "mean_loss": model.report.mean_loss,
        **picked(model, "std_error", "ci_low", "ci_high"),
        **picked(model.report, *(name for name in FIGURES_OF_MODELS if name != "mean_loss")),
        **(
            dict.fromkeys(_STANDING)
            if model.standing is None
            else picked(model.standing, *_STANDING)
        ),
    }


def _difference_record(item: DifferenceReport, report: ComparisonReport) -> dict[str, Any]:
    figures = {k: v for k, v in _named(item.finite).items() if k not in ("n", "difference")}
    return {
        "model": item.model,
        "baseline": report.models[0].name,
        "difference": item.value,
        **(figures if item.infinite is None else dict.fromkeys(figures)),
        "verdict": report.verdict(item),
        **picked(item, *_COUNTS, *_INFINITE),
    }


def _named(found: Difference) -> dict[str, Any]:
    """Return the figures of a difference as JSON names them."""
    return {"difference" if k == "value" else k: v for k, v in asdict(found).items()}


def _segment_record(
    item: SegmentDifference, report: ComparisonReport, columns: Sequence[str], *, has_finite: bool
) -> dict[str, Any]:
    found = item.difference
    figures = _without(_difference_record(found, report), *_POWER)
    finite = None if found.infinite is None else _named(found.finite.with_power())
    return {
        "segment": dict(zip(columns, item.names, strict=True)),
        **picked(item, "n", "mean_loss"),
        **figures,
        "is_small": item.is_small,
        **({"finite": finite} if has_finite else {}),
    }


def _without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in names}


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of a segment, and its words by column, in one line."""
    figures = {key: value for key, value in record.items() if key != "segment"}
    words = record["segment"].items()
    return {f"segment {k}" if k in figures else k: word for k, word in words} | figures


def _changed_records(rows: Sequence[ChangedRow]) -> list[dict[str, Any]]:
    return [without_none(asdict(row), "id") for row in rows]
