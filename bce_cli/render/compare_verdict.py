"""Whether a model is better than the first, in a sentence, and what it would take to tell."""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING

from bce_cli.core.inference import level_of
from bce_cli.errors import safe_text
from bce_cli.render.layout import PLAIN, Judged, count, figure, how_many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.comparison.differences import Difference, DifferenceReport
    from bce_cli.core.comparison.differences import Verdict as Word
    from bce_cli.core.comparison.models import ComparisonReport
    from bce_cli.core.gate.judgement import Verdict
    from bce_cli.render.layout import Look

_DIGITS = 4
_MOST_TOLD = 5
_MOST_NAMED = 8
_MOST_POWERS = 3

KINDS: dict[Word, Verdict] = {
    "better": "passed",
    "equivalent": "passed",
    "worse": "failed",
    "undecided": "undecided",
}
"""How a word on a model is coloured: it has passed where the first is not better."""


def verdicts(report: ComparisonReport, items: Sequence[DifferenceReport]) -> tuple[Judged, ...]:
    """Say of each model whether it is better than the first; of many, of all that are alike."""
    if len(items) <= _MOST_TOLD:
        return tuple(verdict(item, report) for item in items)
    words = [report.verdict(item) for item in items]
    return tuple(
        _of_many(report, [*compress(items, map(word.__eq__, words))], word)
        for word in KINDS
        if word in words
    )


def _of_many(report: ComparisonReport, alike: Sequence[DifferenceReport], word: Word) -> Judged:
    baseline, n = safe_text(report.models[0].name), len(alike)
    are = "is" if n == 1 else "are"
    said = {
        "better": f"{are} better than {baseline}",
        "worse": f"{are} worse than {baseline}",
        "equivalent": f"{are} equivalent to {baseline}, within {_margin(report)}",
        "undecided": f"cannot be told from {baseline}",
    }
    names = ", ".join(safe_text(item.model) for item in alike[:_MOST_NAMED])
    more = f" and {count(n - _MOST_NAMED)} more" if n > _MOST_NAMED else ""
    return Judged(
        f"{count(n)} of {how_many(len(report.comparisons), 'model')} {said[word]}: {names}{more}.",
        KINDS[word],
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
    kind = KINDS[report.verdict(item)]
    if item.infinite == "both":
        means = f"The mean losses of both {winner} and {loser}"
        return Judged(f"{means} are infinite, and cannot be compared. {rest}", kind)
    n = item.n_only_baseline_infinite
    if item.infinite == "model":
        winner, loser, n = loser, winner, item.n_only_model_infinite
    wrong = f"{loser} was certain and wrong on {how_many(n)}, where {winner} was not"
    return Judged(f"{winner} is better: {wrong}, and that costs infinity. {rest}", kind)


def _finite_verdict(item: DifferenceReport, report: ComparisonReport, no: str = "No") -> Judged:
    found, unit = item.finite, report.unit
    word = found.verdict(report.confidence, report.margin)
    better, worse = safe_text(item.model), safe_text(report.models[0].name)
    value, low, high = found.value, found.ci_low, found.ci_high
    if word == "undecided" or value is None or low is None or high is None:
        return _undecided(item, report, no)
    if word == "equivalent":
        return Judged(_equivalent(item, report), KINDS[word])
    size = (-value, -high, -low)
    if word == "worse":
        better, worse, size = worse, better, (value, low, high)
    amount, least, most = (figure(number, _DIGITS) for number in size)
    if found.t is None:  # differences do not vary, so that no test applies
        each = f"by {amount} {unit} on each; no test applies"
        return Judged(f"On these rows {better} is better than {worse}, {each}.", KINDS[word])
    text = f"{better} is better than {worse} by {amount} {unit} a row [{least}, {most}]."
    return Judged(text, KINDS[word])


def _undecided(item: DifferenceReport, report: ComparisonReport, no: str) -> Judged:
    found, model, baseline = item.finite, safe_text(item.model), safe_text(report.models[0].name)
    untold = f"{no} difference between {model} and {baseline} can be told from"
    value, low, high = found.value, found.ci_low, found.ci_high
    if value is None or low is None or high is None:
        return Judged(f"{untold} {_basis(found, report)}.", "undecided")
    if found.t is None:
        return Judged(f"{model} and {baseline} cost the same.", "undecided")
    ends = f"{figure(value, _DIGITS)} [{figure(low, _DIGITS)}, {figure(high, _DIGITS)}]"
    basis = f"{_basis(found, report)}: {ends} {report.unit} a row"
    if report.margin is not None:
        basis += f", which reaches beyond {_margin(report)}"
    if found.p_value is not None and found.p_value <= level_of(report.confidence):
        n = len([each for each in report.comparisons if item.infinite or not each.infinite])
        basis += f"; the interval alone leaves out 0, but in {n} comparisons that may be chance"
    return Judged(f"{untold} {basis}.", "undecided")


def _equivalent(item: DifferenceReport, report: ComparisonReport) -> str:
    """Say that a difference is too small to matter, and which way it goes."""
    found, model, baseline = item.finite, safe_text(item.model), safe_text(report.models[0].name)
    low, high = figure(found.ci_low, _DIGITS), figure(found.ci_high, _DIGITS)
    value = found.value or 0.0
    way = f"{figure(abs(value), _DIGITS)} {report.unit} a row {'less' if value < 0.0 else 'more'}"
    cost = f"{model} costs {way}" if value else "they cost the same"
    within = f"and all of [{low}, {high}] is within {_margin(report)}"
    return f"{model} and {baseline} are equivalent: {cost}, {within}."


def _margin(report: ComparisonReport) -> str:
    return f"the margin of {figure(report.margin)}"


def _basis(found: Difference, report: ComparisonReport) -> str:
    if report.n_clusters is None:
        return how_many(found.n)
    return f"{how_many(found.n)} in {how_many((found.df or 0) + 1, 'cluster')}"


def power_notes(report: ComparisonReport, look: Look = PLAIN) -> tuple[str, ...]:
    """Say what difference these rows can tell, and how many would tell what was seen.

    Of more than a few models that are undecided, it says the first alone.
    """
    found = [
        item
        for item in report.comparisons
        if item.infinite is None
        and report.verdict(item) == "undecided"
        and item.finite.detectable_difference is not None
    ]
    if not found:
        return ()
    if len(found) > _MOST_POWERS:
        least = [item.finite.detectable_difference or 0.0 for item in found]
        span = " to ".join(dict.fromkeys(f"{value:.2g}" for value in (min(least), max(least))))
        note = f"These rows tell a difference of {span} {report.unit} or more, by model"
        has = look.asked_by("--format csv has", "comparisons has")
        return (f"{note} (80 % power, 95 %); {has} the rows needed for each.",)
    notes = [_power(item.finite, report) for item in found]
    if len(found) == 1:
        return tuple(notes)
    named = zip((safe_text(item.model) for item in found), notes, strict=True)
    return tuple(f"{name}: t{note[1:]}" for name, note in named)


def _power(found: Difference, report: ComparisonReport) -> str:
    known = found.detectable_difference or 0.0, found.value or 0.0, found.n, found.rows_needed
    in_clusters = report.n_clusters is not None
    return power_note(*known, f" {report.unit} or more", in_clusters=in_clusters)


def power_note(
    least: float, seen: float, n: int, needed: int | None, what: str, *, in_clusters: bool
) -> str:
    """Say what rows like these can tell, and how many of them it would take for what was seen.

    Parameters
    ----------
    least : float
        The least difference that can be told.
    seen : float
        The one that was seen.
    n : int
        Rows.
    needed : int or None
        Rows needed for that, if any number would do.
    what : str
        What follows the least difference.
    in_clusters : bool
        Whether more rows would have to come in clusters.

    Examples
    --------
    >>> power_note(0.02, -0.01, 100, 439, " nats or more", in_clusters=False)[:56]
    'These rows tell a difference of 0.02 nats or more (80 % '
    """
    note = f"These rows tell a difference of {least:.2g}{what} (80 % power, 95 %)"
    if needed is not None and needed > n:
        alike = " in clusters like these" if in_clusters else ""
        note += f"; to tell the {abs(seen):.2g} that was seen, about {_rounded(needed):,} rows"
        note += f"{alike} would be needed"
    return f"{note}."


def _rounded(n: int) -> int:
    """Round a number of rows to two digits.

    Examples
    --------
    >>> _rounded(83456), _rounded(47), _rounded(1)
    (83000, 47, 1)
    """
    return round(n, 2 - len(str(n)))
