"""What `bce compare` found: every model, how it differs from the first, and which is better."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import asdict, dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar

from bce_cli.errors import safe_text
from bce_cli.render.layout import (
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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bce_cli.core.comparison import ComparisonReport, ModelReport
    from bce_cli.core.conventions import Convention
    from bce_cli.core.differences import Difference, DifferenceReport
    from bce_cli.core.extremes import ChangedRow
    from bce_cli.core.gate import Verdict
    from bce_cli.render.layout import Look, Texts
    from bce_cli.render.origin import Origin, Saved

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
_KINDS: dict[bool, Verdict] = {True: "passed", False: "failed"}
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
    saved : Saved or None
        Where all of it was read from a saved report.
    """

    origin: Origin
    convention: Convention
    report: ComparisonReport
    cluster_column: str | None = None
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

    def sections(self, _look: Look) -> list[Section]:
        """Say which model is better; show each by itself, and the rows that changed most."""
        changed = [
            _changed(item, self) for item in self.report.comparisons if item.gained or item.lost
        ]
        return [_differences(self), _models(self), *changed]

    def record(self) -> dict[str, Any]:
        """Return all figures by name.

        A difference over all rows is null where a mean is infinite; `finite` holds that over the
        rows on which both losses are finite, then.
        """
        if self.saved is not None:
            return deepcopy(self.saved.record)
        report, first = self.report, self.report.models[0]
        return {
            **self.origin.head(first.report, *_HEAD, convention=self.convention),
            **self.origin.kinds(soft=self.has_soft_labels),
            "confidence": report.confidence,
            "cluster_column": self.cluster_column,
            "n_clusters": report.n_clusters,
            "base_rate_loss": first.report.base_rate_loss,
            "baseline": first.name,
            "models": [_model_record(model) for model in report.models],
            "comparisons": [
                {
                    **_difference_record(item, report),
                    "finite": None if item.infinite is None else _named(item.finite),
                    "gained": _changed_records(item.gained),
                    "lost": _changed_records(item.lost),
                }
                for item in report.comparisons
            ],
            "notes": [*self.origin.doubts, *self.doubts],
        }

    def lines(self, *, brief: bool = False) -> list[dict[str, Any]]:  # noqa: ARG002 -- as brief
        """Return one line for each model that is compared with the baseline."""
        return [_difference_record(item, self.report) for item in self.report.comparisons]

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


def _differences(document: CompareDocument) -> Section:
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
    others = [
        row
        for model, item in zip(report.models[1:], report.comparisons, strict=True)
        for row in _difference_rows(model, item, document)
    ]
    baseline = f"{document.shown(first.name)} (baseline)"
    kinds = [model.report.float_type for model in report.models]
    return Section(
        document.origin.title(
            first.report,
            soft=document.has_soft_labels,
            models=f"{len(report.models)} models on ",
        ),
        columns,
        ((baseline, mean_loss_text(first.report.mean_loss), *("-",) * 3), *others),
        verdicts=tuple(verdict(item, report) for item in report.comparisons),
        notes=(
            *document.doubts,
            cluster_note(document.cluster_column, report.n_clusters),
            *convention_notes(
                document.convention, None, kinds[0] if len(set(kinds)) == 1 else None
            ),
            *_types_note(document, kinds),
            *document.origin.notes(),
        ),
        marked=range(1, len(others) + 1),
    )


def _difference_rows(
    model: ModelReport, item: DifferenceReport, document: CompareDocument
) -> Iterator[Texts]:
    found = item.finite
    head = document.shown(item.model), mean_loss_text(model.report.mean_loss)
    figures = (
        figure(found.value, _DIGITS + 1),
        interval(found.ci_low, found.ci_high),
        figure(found.p_adjusted, 2),
    )
    if item.infinite is None:
        yield (*head, *figures)
        return
    yield (*head, figure(item.value), "-", "-")
    if found.n:
        yield (f"  on {count(found.n)} finite", "", *figures)


def _types_note(document: CompareDocument, kinds: Sequence[str | None]) -> tuple[str, ...]:
    """Tell the types in which models are stored, where that makes a difference between them."""
    if len(set(kinds)) == 1:
        return ()
    pairs = zip(document.report.models, kinds, strict=True)
    listed = ", ".join(f"{document.shown(model.name)} {kind}" for model, kind in pairs)
    return (f"It clips each model in the float type that this is stored in: {listed}.",)


def _models(document: CompareDocument) -> Section:
    """Show each model by itself, and on how many rows it does better than the first."""
    report = document.report
    base = figure(report.models[0].report.base_rate_loss)
    baseline = document.shown(report.models[0].name)
    skill = f"Skill: the share of the base-rate loss, {base}, that is removed."
    impossible = "Impossible: rows that were predicted with certainty, and wrongly."
    has_impossible = any(model.report.n_impossible for model in report.models)
    pairs = tuple(zip(report.models, (None, *report.comparisons), strict=True))

    def rows_that(name: str) -> Callable[[tuple[ModelReport, DifferenceReport | None]], str]:
        return lambda pair: "-" if pair[1] is None else count(getattr(pair[1], name))

    return Section(
        f"Each model by itself, and rows on which it is better than {baseline}",
        *table(
            pairs,
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


def _changed(item: DifferenceReport, document: CompareDocument) -> Section:
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


def verdict(item: DifferenceReport, report: ComparisonReport) -> Judged:
    """Say whether a model is better than the first, or that nobody can tell, in a sentence or two.

    It has passed where it is better, and failed where the first is.
    """
    if item.infinite is None:
        return _finite_verdict(item, report)
    rest = "There is no row on which both losses are finite."
    if item.finite.n:
        rest = f"Where both losses are finite, {_finite_verdict(item, report, 'no')}"
    winner, loser = safe_text(item.model), safe_text(report.models[0].name)
    if item.infinite == "both":
        means = f"The mean losses of both {winner} and {loser}"
        return Judged(f"{means} are infinite, and cannot be compared. {rest}", "undecided")
    n = item.n_only_baseline_infinite
    if item.infinite == "model":
        winner, loser, n = loser, winner, item.n_only_model_infinite
    wrong = f"{loser} was certain and wrong on {how_many(n)}, where {winner} was not"
    return Judged(
        f"{winner} is better: {wrong}, and that costs infinity. {rest}",
        "failed" if item.infinite == "model" else "passed",
    )


def _finite_verdict(item: DifferenceReport, report: ComparisonReport, no: str = "No") -> Judged:
    found, unit = item.finite, report.unit
    better, worse = safe_text(item.model), safe_text(report.models[0].name)
    value, low, high = found.value, found.ci_low, found.ci_high
    untold = f"{no} difference between {better} and {worse} can be told from"
    if value is None or low is None or high is None:
        return Judged(f"{untold} {_basis(found, report)}.", "undecided")
    if value == 0.0 and found.t is None:
        return Judged(f"{better} and {worse} cost the same.", "undecided")
    alpha = 1.0 - report.confidence
    if found.t is not None and (found.p_adjusted is None or found.p_adjusted > alpha):
        ends = f"{figure(value, _DIGITS)} [{figure(low, _DIGITS)}, {figure(high, _DIGITS)}]"
        basis = f"{_basis(found, report)}: {ends} {unit} a row"
        if found.p_value is not None and found.p_value <= alpha:
            n = len(report.comparisons)
            basis += f"; the interval alone leaves out 0, but in {n} comparisons that may be chance"
        return Judged(f"{untold} {basis}.", "undecided")
    size, is_better = (-value, -high, -low), value < 0.0
    if not is_better:
        better, worse, size = worse, better, (value, low, high)
    amount, least, most = (figure(number, _DIGITS) for number in size)
    if found.t is None:  # differences do not vary, so that no test applies
        each = f"by {amount} {unit} on each; no test applies"
        return Judged(f"On these rows {better} is better than {worse}, {each}.", _KINDS[is_better])
    text = f"{better} is better than {worse} by {amount} {unit} a row [{least}, {most}]."
    return Judged(text, _KINDS[is_better])


def _basis(found: Difference, report: ComparisonReport) -> str:
    if report.n_clusters is None:
        return how_many(found.n)
    return f"{how_many(found.n)} in {how_many((found.df or 0) + 1, 'cluster')}"


def _model_record(model: ModelReport) -> dict[str, Any]:
    return {
        "name": model.name,
        "mean_loss": model.report.mean_loss,
        **picked(model, "std_error", "ci_low", "ci_high"),
        **picked(model.report, *(name for name in FIGURES_OF_MODELS if name != "mean_loss")),
    }


def _difference_record(item: DifferenceReport, report: ComparisonReport) -> dict[str, Any]:
    figures = {k: v for k, v in _named(item.finite).items() if k not in ("n", "difference")}
    return {
        "model": item.model,
        "baseline": report.models[0].name,
        "difference": item.value,
        **(figures if item.infinite is None else dict.fromkeys(figures)),
        **picked(item, *_COUNTS, *_INFINITE),
    }


def _named(found: Difference) -> dict[str, Any]:
    """Return the figures of a difference as JSON names them."""
    return {"difference" if k == "value" else k: v for k, v in asdict(found).items()}


def _changed_records(rows: Sequence[ChangedRow]) -> list[dict[str, Any]]:
    return [without_none(asdict(row), "id") for row in rows]
