"""What `bce check` found: each value beside its limit, and why a check has not passed."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, ClassVar

from bce_cli.core.inference import FEWEST_CLUSTERS
from bce_cli.core.report import FEW
from bce_cli.errors import quoted, safe_text
from bce_cli.lean_dataclass import dataclass
from bce_cli.render.compare_verdict import power_note
from bce_cli.render.layout import (
    Column,
    Judged,
    Section,
    count,
    figure,
    how_many,
    interval,
    interval_title,
    table,
    verb,
)
from bce_cli.render.origin import (
    SAME_LOSSES,
    auc_note,
    cluster_note,
    convention_notes,
    doubts,
    picked,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bce_cli.core.comparison.differences import Difference
    from bce_cli.core.conventions import Convention
    from bce_cli.core.gate.judgement import Check, Judgement, Verdict
    from bce_cli.core.gate.limits import Limits
    from bce_cli.core.report import LossReport
    from bce_cli.render.layout import Look
    from bce_cli.render.origin import Origin, Saved

MEASURES: dict[str, str] = {
    "max_loss": "mean loss",
    "min_skill": "skill",
    "max_brier": "Brier score",
    "min_auc": "AUC",
    "max_miscalibration": "miscalibration",
    "max_ece": "calibration error",
    "min_rows": "rows",
    "baseline": "mean loss",
    "against": "mean loss",
}
"""What each check measures, in a word."""

_OF_LOSSES = ("max_loss", "max_miscalibration")
"""What is measured in nats or bits."""
_SIGNS: dict[Verdict, str] = {"passed": "passed", "failed": "FAILED", "undecided": "undecided"}
FIGURES_OF_CHECKS = (
    *("n_clipped", "float_type", "n_impossible", "first_impossible_row"),
    *("effective_n", "mean_loss", "std_error", "base_rate_loss"),
)
_OF_JUDGEMENT = ("n_clusters", "effective_clusters", "auc_ci_is_too_narrow")
_OF_BASELINE = ("source", "mean_loss", "unit", "std_error")
FIGURES_OF_RIVAL = ("mean_loss", "n_impossible", "first_impossible_row")
"""What is told of the model that was held against, of the figures of a report."""
COUNTS_OF_RIVAL = ("n_better", "n_worse", "n_tied")
_LONGEST_NAME = 30
_BOTH = 2
_CHANCE = 0.5
_FEW_DIGITS = 2
_MOST_DIGITS = 17  # tell any two float64 apart


@dataclass(frozen=True, slots=True)
class Against:
    """Where the predictions came from that others were held against.

    Attributes
    ----------
    sources : tuple of str
        Paths as the user gave them: those of the judged ones, where both stand side by side.
    column : str
    """

    sources: tuple[str, ...]
    column: str

    def name(self, origin: Origin) -> str:
        """Call the model by its file; or by its column, where that is beside the judged one."""
        if self.sources != origin.sources:
            return replace(origin, sources=self.sources).names
        is_other = (self.column,) != origin.prediction_columns
        return quoted(self.column) if is_other else "the other model"

    def brief_name(self, origin: Origin) -> str:
        """Do the same in brief: of a path, its last part, or as many as tell it from the other."""
        if self.sources == origin.sources:
            return safe_text(self.name(origin), _LONGEST_NAME)
        name = Against(self.sources[:1], self.column).name(origin).rstrip("/")
        more = ", ..." if len(self.sources) > 1 else ""
        judged = origin.names.rstrip("/").split("/")
        parts = name.split("/")
        told = next((n for n in range(1, len(parts)) if parts[-n:] != judged[-n:]), len(parts))
        brief = "/".join(parts[-told:])
        return (brief if told > 1 else safe_text(brief, _LONGEST_NAME)) + more


@dataclass(frozen=True, slots=True)
class CheckDocument:
    """A finished judgement and what it was made of.

    Attributes
    ----------
    origin : Origin
    convention : Convention
    limits : Limits
    judgement : Judgement
    against : Against or None
    cluster_column : str or None
    saved : Saved or None
        Where all of it was read from a saved report.
    """

    origin: Origin
    convention: Convention
    limits: Limits
    judgement: Judgement
    against: Against | None = None
    cluster_column: str | None = None
    saved: Saved | None = None

    tables: ClassVar[frozenset[str]] = frozenset()

    @property
    def doubts(self) -> tuple[str, ...]:
        """What makes predictions look like ones that were not meant."""
        if self.saved is not None:
            return self.saved.doubts
        return (*doubts(self.judgement.report), *_rival_doubts(self))

    def sections(self, look: Look) -> list[Section]:
        """Show each check, and say what has come of them."""
        checks, report = self.judgement.checks, self.judgement.report
        interval_column = (interval_title(self.limits.confidence), _interval_text)
        what = f"{how_many(report.n)}, {how_many(len(checks), 'check')}"
        return [
            Section(
                f"{self.origin.names}: {what}",
                *table(
                    checks,
                    (Column("check", is_text=True, wraps=True), self.measure),
                    ("value", _value_text),
                    interval_column if self.limits.confident else None,
                    ("limit", lambda c: f"at {'least' if c.is_least else 'most'} {_limit_text(c)}"),
                    (Column("verdict", is_text=True), _verdict_text),
                ),
                verdicts=(self._verdict_line(),),
                headline=self._headline(),
                notes=(*self.origin.doubts, *self.doubts),
                details=(
                    *_figure_notes(self, look),
                    *_interval_notes(self, look),
                    *_row_notes(self),
                    *convention_notes(self.convention, report.n_clipped, report.float_type),
                    *_impossible_notes(report, self.origin, look),
                    *self.origin.notes(),
                ),
                marked=[i for i, check in enumerate(checks) if check.verdict == "failed"],
            )
        ]

    def record(self) -> dict[str, Any]:
        """Return the checks and all that they were made of."""
        if self.saved is not None:
            return deepcopy(self.saved.record)
        limits, report = self.limits, self.judgement.report
        has_budget = limits.baseline is not None or limits.against
        return {
            **self.origin.head(report, "n", convention=self.convention),
            **self.origin.kinds(soft=False),
            **picked(report, *FIGURES_OF_CHECKS),
            "confident": limits.confident,
            "confidence": limits.confidence if limits.confident else None,
            "cluster_column": self.cluster_column,
            **picked(self.judgement, *_OF_JUDGEMENT),
            "bins": None if limits.max_ece is None else limits.n_bins,
            "strategy": None if limits.max_ece is None else limits.strategy,
            "baseline": limits.baseline and picked(limits.baseline, *_OF_BASELINE),
            "against": _against_record(self),
            "budget": limits.budget if has_budget else None,
            "notes": [*self.origin.doubts, *self.doubts],
            "checks": self.lines(),
            "verdict": self.judgement.verdict,
        }

    def lines(self, *, brief: bool = False) -> list[dict[str, Any]]:  # noqa: ARG002 -- as brief
        """Return a line for each check."""
        return [asdict(check) for check in self.judgement.checks]

    def reasons(self) -> str:
        """Say why the checks have failed, or else why they are undecided."""
        return "; ".join(self.reasons_apart())

    def reasons_apart(self) -> list[str]:
        """Say the same of each check that has not passed."""
        judgement = self.judgement
        said = [
            _reason(check, self) for check in judgement.checks if check.verdict == judgement.verdict
        ]
        return [*dict.fromkeys(said)]

    def measure(self, check: Check) -> str:
        """Call what a check holds to its limit, as its row in the table does."""
        if check.name == "baseline":
            return "above baseline"
        if check.name == "against" and self.against is not None:
            return f"above {self.against.brief_name(self.origin)}"
        unit = f", {self.judgement.report.unit}" if check.name in _OF_LOSSES else ""
        return f"{MEASURES[check.name]}{unit}"

    def _verdict_line(self) -> Judged:
        verdict, n = self.judgement.verdict, len(self.judgement.checks)
        text = f"{verdict.capitalize()}: {self.reasons()}."
        if verdict == "passed":
            which = {1: "the check holds", _BOTH: "both checks hold"}
            text = f"Passed: {which.get(n, f'all {n} checks hold')}."
        return Judged(text, verdict)

    def _headline(self) -> Judged:
        verdict, checks = self.judgement.verdict, self.judgement.checks
        if verdict == "passed":
            return Judged(self._verdict_line().rstrip("."), verdict)
        n = sum(check.verdict == verdict for check in checks)
        which = f": {n} of {len(checks)} checks" if len(checks) > 1 else ""
        return Judged(f"{verdict.capitalize()}{which}", verdict)


def _figure_notes(document: CheckDocument, look: Look) -> Iterator[str]:
    """Tell what some figures are, and what their intervals are made by."""
    limits, judgement = document.limits, document.judgement
    for check in judgement.checks:
        if check.name == "max_ece":
            kind = "equal width" if limits.strategy == "uniform" else "about as many rows each"
            bins = "1 bin" if limits.n_bins == 1 else f"{limits.n_bins} bins of {kind}"
            band = "; its interval allows for its upward bias" if limits.confident else ""
            yield f"The calibration error is over {bins}{band}."
        if check.name == "max_miscalibration" and check.ci_low is not None:
            yield (
                "The interval of the miscalibration is from what recalibration removes on rows it "
                "was not fitted to, to what it removes in hindsight."
            )
        if check.name == "baseline":
            yield from _baseline_notes(check, limits, judgement.report, look)
        if check.name == "against":
            yield from _against_notes(check, document)


def _interval_notes(document: CheckDocument, look: Look) -> Iterator[str]:
    """Tell what intervals allow for, and what rows like these can tell."""
    judgement = document.judgement
    if all(check.ci_low is None for check in judgement.checks):
        return
    clusters = judgement.n_clusters, judgement.effective_clusters
    yield cluster_note(document.cluster_column, *clusters, "Intervals", look)
    if judgement.report.n < FEW:
        yield f"Fewer than {FEW} rows make a rough interval at best."
    of_auc = auc_note(*clusters, is_too_narrow=judgement.auc_ci_is_too_narrow)
    if of_auc:
        yield of_auc
    for check in judgement.checks:
        if check.verdict == "undecided" and check.detectable_difference is not None:
            yield _power_note(check, document)


def _power_note(check: Check, document: CheckDocument) -> str:
    """Say which distance from its limit can be told, and what it would take to tell this one."""
    value, n = check.value or 0.0, document.judgement.report.n
    found = check.detectable_difference or 0.0, value - check.limit, n, check.rows_needed
    in_clusters = document.judgement.n_clusters is not None
    few = in_clusters and (document.judgement.n_clusters or 0) < FEWEST_CLUSTERS
    is_hidden = check.rows_needed is None and not few
    note = power_note(*found, " or more from the limit", in_clusters=in_clusters)
    if check.name == "baseline" and value != check.limit and is_hidden:
        distance = figure(abs(value - check.limit), _FEW_DIGITS)
        note = f"{note[:-1]}; the spread of the baseline alone hides the {distance} that was seen."
    is_alone = len(document.judgement.checks) == 1
    return note if is_alone else f"{document.measure(check)}: t{note[1:]}"


def _baseline_notes(check: Check, limits: Limits, report: LossReport, look: Look) -> Iterator[str]:
    baseline = limits.baseline
    if baseline is None:
        return
    name, saved = safe_text(baseline.source), figure(baseline.loss_in(report.unit))
    if not math.isnan(report.mean_loss):  # as it is where an older report does not tell it
        yield f"The mean loss is {figure(report.mean_loss)} {report.unit}, and {saved} in {name}."
    if check.ci_low is None:
        return
    if baseline.std_error:
        both = "allows for the spread of both losses, as of independent samples"
        yield f"The interval against the baseline {both}."
    else:
        none = "no standard error" if baseline.std_error is None else "a standard error of 0"
        yield f"{name} has {none}, so its loss is taken as exact."
    if check.verdict == "undecided" and not limits.against:
        against = look.asked_by("--against old.csv", "against='old.csv'")
        paired = f"{against} pairs them, and tells smaller differences"
        yield f"If both losses are of the same rows, {paired}."


def _against_notes(check: Check, document: CheckDocument) -> Iterator[str]:
    """Tell what the other model costs, and on how many rows it does worse."""
    against, rival, report = document.against, document.judgement.rival, document.judgement.report
    if against is None or rival is None:
        return
    name, other = against.name(document.origin), rival.report
    losses = f"is {figure(report.mean_loss)} {report.unit}, and {figure(other.mean_loss)} of {name}"
    ways = f"lower on {how_many(rival.n_better)}, higher on {count(rival.n_worse)}"
    if rival.n_tied:
        ways += f", the same on {count(rival.n_tied)}"
    yield f"The mean loss {losses}: {ways}."
    if check.value == -math.inf and other.n_impossible:
        rows = document.origin.impossible_rows(other, ", ")
        yield f"Any finite loss is below that of {name}, which is infinite: {rows}."
    if rival.finite is not None and check.verdict != "undecided":
        yield f"O{_on_finite(rival.finite, document)}."
    if check.ci_low is not None:
        yield f"The interval above {name} is that of differences paired row by row."


def _rival_doubts(document: CheckDocument) -> Iterator[str]:
    against, rival = document.against, document.judgement.rival
    if against is None or rival is None:
        return
    name = against.name(document.origin)
    yield from doubts(rival.report, name)
    if not rival.n_better and not rival.n_worse:
        yield f"The loss of {name} is the same on every row: {SAME_LOSSES}"


def _against_record(document: CheckDocument) -> dict[str, Any] | None:
    against, rival = document.against, document.judgement.rival
    if against is None or rival is None:
        return None
    sources = against.sources
    return {
        "source": sources[0] if len(sources) == 1 else list(sources),
        "column": against.column,
        **picked(rival.report, *FIGURES_OF_RIVAL),
        **picked(rival, *COUNTS_OF_RIVAL),
        "finite": None if rival.finite is None else _finite_record(rival.finite),
    }


def _finite_record(found: Difference) -> dict[str, Any]:
    """Return what JSON tells of the rows on which both losses are finite."""
    return {"n": found.n, "difference": found.value, **picked(found, "ci_low", "ci_high")}


def _row_notes(document: CheckDocument) -> Iterator[str]:
    for check in document.judgement.checks:
        rows = int(check.value or 0) if check.name == "min_rows" else document.judgement.report.n
        weightless = document.judgement.report.n - rows
        if weightless:
            yield f"{how_many(weightless)} of weight 0 {verb(weightless, 'is')} not counted."


def _impossible_notes(report: LossReport, origin: Origin, look: Look) -> Iterator[str]:
    if report.n_impossible:
        infinite = f", so the mean is infinite{bound_by(look)}"
        effect = infinite if math.isinf(report.mean_loss) else ""
        yield f"{origin.impossible_rows(report, ', ')}{effect}."


def bound_by(look: Look) -> str:
    """Say by which option impossible rows have a finite loss."""
    return f"; {look.asked_by('--clip EPS', 'clip=...')} bounds such losses"


def _verdict_text(check: Check) -> Judged:
    return Judged(_SIGNS[check.verdict], check.verdict)


def _value_text(check: Check) -> str:
    """Show the value with as many digits as tell it from the limit."""
    if check.name == "min_rows":
        return count(int(check.value or 0))
    return figure(check.value, _digits(check.limit, check.value))


def _limit_text(check: Check) -> str:
    """Show the limit with as many digits as tell it from the value."""
    if check.name == "min_rows":
        return count(int(check.limit))
    return figure(check.limit, _digits(check.limit, check.value))


def _interval_text(check: Check) -> str:
    """Show the interval, if there is one, with as many digits as tell its ends from the limit."""
    low, high = check.ci_low, check.ci_high
    return interval(low, high, _digits(check.limit, low, high, least=4))


def _digits(limit: float, *values: float | None, least: int = 6) -> int:
    """Return how many significant digits tell the values from the limit.

    Examples
    --------
    >>> _digits(0.45, 0.46, 0.45), _digits(0.45, 0.45 + 1e-9)
    (6, 9)
    """
    others = [value for value in values if value is not None and value != limit]
    for digits in range(least, _MOST_DIGITS):
        if all(figure(value, digits) != figure(limit, digits) for value in others):
            return digits
    return _MOST_DIGITS


def _reason(check: Check, document: CheckDocument) -> str:
    """Say why a check has not passed."""
    report, limits = document.judgement.report, document.limits
    measure, limit = MEASURES[check.name], _limit_text(check)
    if check.value is None or (check.value == -math.inf and not check.is_least):
        return _why_undefined(check, document)
    if math.isinf(check.value) and report.n_impossible:
        return f"{measure} is infinite: {document.origin.impossible_rows(report, ', ')}"
    if check.name == "min_rows":
        n = int(check.value)
        return f"{how_many(n)} {verb(n, 'is')} fewer than {limit}"
    ends = "" if check.ci_low is None else f" ({_interval_text(check)})"
    found = f"{_value_text(check)}{ends}"
    source = None
    if check.name in ("baseline", "against"):
        source = _other_name(document) if check.name == "against" else _baseline_name(limits)
        limit = f"the budget of {limit}" if limits.budget else limit
    if check.verdict == "undecided":
        subject = measure if source is None else f"the difference from {source} of"
        return f"{subject} {found} {_doubt(check, document.judgement, limit)}"
    if source is None:
        return f"{measure} {found} is {'below' if check.is_least else 'above'} {limit}"
    more = f", more than {limit}" if limits.budget else ""
    return f"{measure} is {found} above that of {source}{more}"


def _why_unsure(document: CheckDocument) -> str:
    """Say that only the other loss is infinite, and that this one may be the higher without."""
    rival, name = document.judgement.rival, _other_name(document)
    if rival is None or rival.finite is None:
        return f"the mean loss of {name} is infinite"
    wrong = f"{name} was certain and wrong on {how_many(rival.report.n_impossible)}"
    return f"{wrong}, which costs infinity; o{_on_finite(rival.finite, document)}"


def _on_finite(found: Difference, document: CheckDocument) -> str:
    """Tell the difference over the rows on which both losses are finite, but for the first "o"."""
    value, low, high = found.value or 0.0, found.ci_low, found.ci_high
    way = "above"
    if value < 0.0:
        way, value = "below", -value
        low, high = (None, None) if low is None or high is None else (-high, -low)
    ends = "" if low is None else f" ({interval(low, high)})"
    amount = f"{figure(value, _digits(document.limits.budget, value))}{ends}"
    where = f"n the {how_many(found.n)} on which both are finite"
    return f"{where}, the mean loss is {amount} {way} that of {_other_name(document)}"


def _why_undefined(check: Check, document: CheckDocument) -> str:
    if check.value is not None:
        return _why_unsure(document)
    if check.name == "against":
        both = "are both infinite, and no difference can be told"
        return f"the mean loss and that of {_other_name(document)} {both}"
    is_same = check.name == "min_auc" or document.judgement.report.base_rate_loss == 0.0
    cause = "all labels are the same" if is_same else "the loss is infinite"
    return f"{MEASURES[check.name]} is undefined, as {cause}"


def _baseline_name(limits: Limits) -> str:
    return "" if limits.baseline is None else safe_text(limits.baseline.source)


def _other_name(document: CheckDocument) -> str:
    return "" if document.against is None else document.against.name(document.origin)


def _doubt(check: Check, judgement: Judgement, limit: str) -> str:
    if check.ci_low is not None:
        return f"is not clear of {limit}"
    why = "as its rows show no spread"
    if judgement.report.effective_n <= 1.0:  # but one of them has a weight worth the name
        why = "for want of rows"
    elif judgement.n_clusters == 1:
        why = "as all rows are of one cluster"
    elif check.name == "min_auc" and check.value in (0.0, 1.0):
        why = "as no prediction of one label is among those of the other"
    elif check.name == "min_auc" and check.value != _CHANCE:
        why = "for want of rows of either label"
    elif check.name == "max_miscalibration":
        why = "for want of rows to fit a map to and to judge it by"
    return f"has no interval, {why}"
