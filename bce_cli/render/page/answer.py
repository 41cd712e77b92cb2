"""The answer of a report, in three sentences: how good, better than what, and what to do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bce_cli.core.arguments import USUAL_CONFIDENCE
from bce_cli.core.calibration.verdict import judge_calibration
from bce_cli.core.inference import interval_of
from bce_cli.errors import quoted, safe_text
from bce_cli.render.calibration_verdict import ways_off
from bce_cli.render.layout import (
    Judged,
    Look,
    count,
    figure,
    how_many,
    interval,
    interval_title,
    percent,
    verb,
)
from bce_cli.render.origin import are_too_narrow, is_doubt
from bce_cli.render.page.model_figures import calibrations_of, model_of
from bce_cli.render.segments import gap_text, segment_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bce_cli.core.comparison.differences import Difference, DifferenceReport, Infinite
    from bce_cli.core.comparison.differences import Verdict as Word
    from bce_cli.core.gate.judgement import Verdict
    from bce_cli.core.recalibration.choice import MethodReport, RecalibrationReport
    from bce_cli.core.segments import Gap, SegmentReport
    from bce_cli.render.page.document import Answers
    from bce_cli.render.page.model_figures import Ends, ModelFigures

_DIGITS = 4
_LONGEST_NAME = 40
_FEW_MODELS = 2
_MOST_NAMED = 3
_MOST_REASONS = 2
_AS_IS = "as-is"
_UNSEEN = "on rows that it has not seen"


def answer_of(document: Answers) -> tuple[str, str, str]:
    """Say of the first model how good it is, better than what, and what to do.

    No sentence claims more than the intervals do: what they leave open is said to be open.

    Parameters
    ----------
    document : Answers
        Of which some answers may be missing.

    Returns
    -------
    tuple of three str
        `Judged`, where something is judged.
    """
    model = model_of(document, 0)
    if model is None:
        nothing = "Nothing is known of the loss."
        return nothing, nothing, _what_to_do(document, None)
    return _how_good(document, model), _better_than(document, model), _what_to_do(document, model)


def headline_of(document: Answers) -> Judged:
    """Say what it comes to in a few words: the verdict of the checks, or better than what.

    Parameters
    ----------
    document : Answers
    """
    if document.check is not None:
        headline = document.check.sections(Look())[0].headline
        assert headline is not None  # noqa: S101 -- a check has one
        return headline
    model = model_of(document, 0)
    if model is None:
        return Judged("Nothing is known of the loss", "undecided")
    if math.isinf(model.mean_loss):
        return Judged(f"{_name(model.name)}: the mean loss is infinite", "failed")
    beside: dict[str, list[str]] = {_WORDS[model.beats_base_rate]: ["the base rate"]}
    if document.compare is not None:
        report = document.compare.report
        for item in report.comparisons:
            word = _BESIDE[report.verdict(item)]
            beside.setdefault(word, []).append(item.model)
    said = ", ".join(f"{word} {_either(names)}" for word, names in beside.items())
    verdict = max((kind for _, kind in _beside_all(document, model)), key=_BADNESS.index)
    return Judged(f"{_name(model.name)}: {said}", verdict)


def _either(names: Sequence[str]) -> str:
    """Name some of several, whichever of them.

    Examples
    --------
    >>> _either(["a"]), _either(["a", "b", "c"]), _either(["a", "b", "c", "d", "e"])
    ('a', 'a, b or c', 'a, b, c or 2 more')
    """
    shown, more = [*map(_name, names[:_MOST_NAMED])], len(names) - _MOST_NAMED
    shown += [f"{count(more)} more"] if more > 0 else []
    return " or ".join([part for part in (", ".join(shown[:-1]), shown[-1]) if part])


_WORDS = {True: "better than", False: "worse than", None: "not to be told from"}
_BADNESS: tuple[Verdict, ...] = ("passed", "undecided", "failed")


def _how_good(document: Answers, model: ModelFigures) -> str:
    """Tell the mean loss, and what probability it is worth."""
    name, unit, rows = _name(model.name), model.unit, how_many(model.n)
    if math.isinf(model.mean_loss):
        return Judged(f"{_infinite(model, name, rows)}.", "failed")
    loss = f"{name} costs {figure(model.mean_loss)} {unit} a row over {rows}"
    loss += _loss_ends(document, model)
    if model.label_entropy is not None:
        entropy = figure(model.label_entropy, _DIGITS)
        loss += f", {entropy} of which no prediction could save, as labels are probabilities"
    if model.has_own_rule:
        return f"{loss}, by the rule of another library, which is named below."
    worth = percent(model.effective_probability) + _ends(model.probability_ends)
    text = f"{loss}: as much as giving what happened a probability of {worth} every time"
    return f"{text}, where a coin gives 50 %."


def _infinite(model: ModelFigures, name: str, rows: str) -> str:
    """Say what made the mean infinite, and what is left without it."""
    n = model.n_impossible
    wrong = f"{how_many(n)} {verb(n, 'was')} predicted with certainty, and wrongly"
    text = f"{name} has an infinite mean loss over {rows}: {wrong}"
    if model.finite_mean_loss is None:
        return text
    others = figure(model.finite_mean_loss, _DIGITS)
    return f"{text}; without {'it' if n == 1 else 'them'} the mean is {others} {model.unit}"


def _loss_ends(document: Answers, model: ModelFigures) -> str:
    """Show the interval of the mean, and whether it is to be trusted."""
    if model.ends is None:
        return ""
    column, n_clusters, effective = _clusters(document)
    text = f"{interval_title(confidence_of(document))} {interval(*model.ends)}"
    if column is not None and n_clusters is not None:
        text += f", by {how_many(n_clusters, 'cluster')} of {quoted(column)}"
        if are_too_narrow(n_clusters, effective):
            text += ", too few for it to be wide enough"
    elif model.are_few:
        text += ", rough for so few rows"
    return f" ({text})"


def _ends(ends: Ends) -> str:
    return "" if ends is None else f" ({' to '.join(map(percent, ends))})"


def _clusters(document: Answers) -> tuple[str | None, int | None, float | None]:
    """Return the column of the clusters that the interval of the mean allows for, and how many."""
    compute, compare = document.compute, document.compare
    if compute is not None:
        return compute.cluster_column, compute.n_clusters, compute.effective_clusters
    if compare is not None:
        found = compare.report
        return compare.cluster_column, found.n_clusters, found.effective_clusters
    if document.calibration is not None:
        first = calibrations_of(document)[0]
        return first.cluster_column, first.report.n_clusters, first.report.effective_clusters
    return None, None, None


def confidence_of(document: Answers) -> float:
    """Return what the intervals of the losses are for."""
    if document.compute is not None:
        return document.compute.confidence
    if document.compare is not None:
        return document.compare.report.confidence
    if document.calibration is not None:
        return document.calibration.named_reports[0][1].confidence
    return USUAL_CONFIDENCE


def _name(model: str) -> str:
    return safe_text(model, _LONGEST_NAME)


def _better_than(document: Answers, model: ModelFigures) -> str:
    """Set the model beside the base rate, and beside the other models."""
    clauses = _beside_all(document, model)
    text = "; ".join(clause for clause, _ in clauses)
    return Judged(f"{_capital(text)}.", max((kind for _, kind in clauses), key=_BADNESS.index))


def _beside_all(document: Answers, model: ModelFigures) -> list[tuple[str, Verdict]]:
    return [_beside_base_rate(model), *_beside_models(document)]


def _beside_base_rate(model: ModelFigures) -> tuple[str, Verdict]:
    if model.base_rate_loss == 0.0 and not math.isinf(model.mean_loss):
        return "all labels are the same, so there is no base rate to beat", "undecided"
    base = f"always predicting the base rate, {percent(model.base_rate)}"
    cost = f"{figure(model.base_rate_loss)} {model.unit}"
    if math.isinf(model.mean_loss):
        return f"it is worse than {base}, which costs {cost} a row and never infinity", "failed"
    beats = model.beats_base_rate
    if beats is None and model.are_few:
        return f"whether that is better than {base} ({cost}), {_few(model)} cannot tell", (
            "undecided"
        )
    figures = _beside_cost(model, cost)
    if beats is None:
        return f"whether it is better than {base}, cannot be told: {figures}", "undecided"
    word: Verdict = "passed" if beats else "failed"
    return f"it is {'better' if beats else 'worse'} than {base}: {figures}", word


def _few(model: ModelFigures) -> str:
    """Say how few rows there are, or how few they are worth."""
    rows = how_many(model.n)
    if model.effective_n is None or model.n - model.effective_n < 1.0:
        return rows
    return f"{rows}, by weight worth {figure(model.effective_n, 3)},"


def _beside_cost(model: ModelFigures, cost: str) -> str:
    """Say what share of the loss of the base rate is removed, and how sure that is."""
    skill, ends = model.skill, model.skill_ends
    if skill is None or ends is None:
        at = (
            "which is within the interval"
            if model.beats_base_rate is None
            else "beyond the interval"
        )
        return f"this costs {cost} a row, {at}"
    if skill < 0.0 and model.beats_base_rate is False:
        least, most = (percent(-end) for end in ends[::-1])
        return f"it adds {percent(-skill)} ({least} to {most}) to the {cost} a row that this costs"
    return f"it removes {percent(skill)}{_ends(ends)} of the {cost} a row that this costs"


def _beside_models(document: Answers) -> Iterator[tuple[str, Verdict]]:
    """Say which other models it is better than, as differences paired row by row tell."""
    if document.compare is None:
        return
    report = document.compare.report
    items = [(item, report.verdict(item)) for item in report.comparisons]
    if len(items) <= _FEW_MODELS:
        for item, word in items:
            yield _beside(item, word, report.unit), _KINDS[word]
        return
    clauses = [
        f"{said} {_listed([item.model for item, each in items if each == word])}"
        for word, said in _OF_MANY.items()
        if any(each == word for _, each in items)
    ]
    found = {word for _, word in items}
    worst = next(word for word in _KINDS if word in found)
    yield f"of {len(items)} other models, {'; '.join(clauses)}", _KINDS[worst]


_KINDS: dict[Word, Verdict] = {
    "better": "failed",
    "undecided": "undecided",
    "equivalent": "passed",
    "worse": "passed",
}
"""What it means for the first model that another is so; the worst first."""

_BESIDE: dict[Word, str] = {
    "better": "worse than",
    "worse": "better than",
    "equivalent": "as good as",
    "undecided": "not to be told from",
}
"""The same of the first model."""

_OF_MANY: dict[Word, str] = {
    "better": "better than it:",
    "worse": "worse:",
    "equivalent": "as good:",
    "undecided": "not to be told from it:",
}


def _beside(item: DifferenceReport, word: Word, unit: str) -> str:
    other, found = _name(item.model), item.finite
    if item.infinite is not None:
        return _BY_INFINITY[item.infinite].format(other)
    if word == "better":
        return f"{other} is better by {_amount(found, -1.0, unit)}"
    if word == "worse":
        return f"it is better than {other} by {_amount(found, 1.0, unit)}"
    which = f"it is as good as {other}"
    if word == "undecided":
        which = f"no difference from {other} can be told"
    if found.value is None:
        return which
    if found.value == 0.0:
        return f"{which}, which costs the same"
    sign, way = (-1.0, " less") if found.value < 0.0 else (1.0, " more")
    return f"{which}, which costs {_amount(found, sign, unit, way)}"


_BY_INFINITY: dict[Infinite, str] = {
    "both": "the mean loss of {} is infinite as well",
    "baseline": "{} is better, as its mean loss is finite",
    "model": "it is better than {}, whose mean loss is infinite",
}


def _amount(found: Difference, sign: float, unit: str, way: str = "") -> str:
    """Show a difference, or its negative, with its interval."""
    text = f"{figure(sign * (found.value or 0.0), _DIGITS)} {unit} a row{way}"
    if found.ci_low is None or found.ci_high is None or found.t is None:
        return text
    least, most = sorted((sign * found.ci_low, sign * found.ci_high))
    return f"{text} ({interval(least, most)})"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(_name, names[:_MOST_NAMED]))
    more = len(names) - _MOST_NAMED
    return shown if more <= 0 else f"{shown} and {count(more)} more"


def _what_to_do(document: Answers, model: ModelFigures | None) -> str:
    """Say what to do first: what makes all else vain, the gate, and then what gains most."""
    clauses = [*_before_all(document, model), *_of_gate(document)]
    if model is None or not model.are_few:
        other = _better_model(document)
        clauses += [*other, *_recalibrate(document), *_segments(document)]
    else:
        clauses.append(f"gather more rows, for {_few(model).rstrip(',')} tell next to nothing")
    text = "; ".join(clauses) or "nothing that was looked at asks for a change"
    text = f"{_capital(text)}."
    if document.check is not None:
        return Judged(text, document.check.judgement.verdict)
    is_broken = model is not None and math.isinf(model.mean_loss)
    return Judged(text, "failed") if is_broken else text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _before_all(document: Answers, model: ModelFigures | None) -> Iterator[str]:
    """Say what is to be mended, or looked into, before anything else is worth a thought."""
    if model is not None and math.isinf(model.mean_loss):
        n = model.n_impossible
        what = "the prediction that was" if n == 1 else f"the {count(n)} predictions that were"
        yield f"mend first {what} certain and wrong, best by bounds where the model makes them"
    doubts = doubts_of(document)
    if doubts:
        more = f", and {count(len(doubts) - 1)} more such" if len(doubts) > 1 else ""
        yield f"make sure that these predictions were meant ({doubts[0].rstrip('.')}{more})"


def doubts_of(document: Answers) -> list[str]:
    """Return what makes rows or predictions look like ones that were not meant, each once."""
    found = [*document.origin.doubts]
    answers = (document.compute, document.compare, document.calibration, document.check)
    for answer in answers:
        found += () if answer is None else answer.doubts
    return [
        doubt
        for doubt in dict.fromkeys(found)
        if is_doubt(doubt) or doubt in document.origin.doubts
    ]


def _of_gate(document: Answers) -> Iterator[str]:
    """Say whether it may pass."""
    if document.check is None:
        return
    judgement = document.check.judgement
    verdict, n = judgement.verdict, len(judgement.checks)
    if verdict == "passed":
        yield {1: "let it pass, as the check holds", 2: "let it pass, as both checks hold"}.get(
            n, f"let it pass, as all {n} checks hold"
        )
        return
    alike = sum(check.verdict == verdict for check in judgement.checks)
    which = "the check" if n == 1 else f"all {n} checks" if alike == n else f"{alike} of {n} checks"
    reasons = document.check.reasons_apart()
    because = ", ".join(reasons[:_MOST_REASONS])
    more = len(reasons) - _MOST_REASONS
    if more > 0:
        because += f", and {count(more)} more"
    if verdict == "failed":
        yield f"do not let it pass: {which} failed, as {because}"
    else:
        are = verb(alike, "is")
        yield f"do not let it pass yet: {which} {are} undecided, as {because}"


def _better_model(document: Answers) -> Iterator[str]:
    """Name the model to take in place of the first, if one is better for sure."""
    if document.compare is None:
        return
    report = document.compare.report
    better = {item.model for item in report.comparisons if report.verdict(item) == "better"}
    found = [model for model in report.models[1:] if model.name in better]
    if found:
        best = min(found, key=lambda model: model.order)
        yield f"take {_name(best.name)} in its place"


def _recalibrate(document: Answers) -> Iterator[str]:
    """Say which map to put over the predictions, and what it gains on rows it has not seen."""
    if not document.recalibrations:
        yield from _of_calibration(document)
        return
    report = document.recalibrations[0].report
    found = report.of(report.recommended)
    if found.method != _AS_IS:
        yield f"recalibrate with the {found.method} map, {_gain(found, report)}"
        return
    judged = [each for each in report.methods[1:] if each.cross_fitted_loss is not None]
    off = f"though they are {_off(document)}, " if _off(document) else ""
    if not judged:
        yield f"leave the predictions as they are: {off}no map can be judged"
        return
    best = min(judged, key=lambda each: each.cross_fitted_loss or 0.0)
    yield (
        f"leave the predictions as they are: {off}no map makes them clearly better {_UNSEEN}, "
        f"not even {best.method}, {_gain(best, report)}"
    )


def _gain(found: MethodReport, report: RecalibrationReport) -> str:
    """Say what a map takes off the loss of rows that it was not fitted to."""
    difference, unit = found.difference, report.unit
    if difference is None or difference.value is None or math.isinf(difference.value):
        return f"which leaves {figure(found.cross_fitted_loss, _DIGITS)} {unit} a row {_UNSEEN}"
    value, ends = -difference.value, ""
    if difference.ci_low is not None and difference.ci_high is not None:
        ends = f" ({interval(-difference.ci_high, -difference.ci_low)})"
    way = "takes off" if value >= 0.0 else "adds"
    if value < 0.0 and ends:
        ends = f" ({interval(difference.ci_low, difference.ci_high)})"
    where = "" if found.method != report.recommended else f" {_UNSEEN}"
    return f"which {way} {figure(abs(value), _DIGITS)} {unit} a row{ends}{where}"


def _off(document: Answers) -> str:
    """Say in which way predictions are off, where a test says that they are."""
    if document.calibration is None:
        return ""
    report = document.calibration.named_reports[0][1]
    judged = judge_calibration(report)
    return "" if judged.calibrated is not False else ways_off(report, judged) or "not calibrated"


def _of_calibration(document: Answers) -> Iterator[str]:
    """Say whether a map is worth looking for, where none was."""
    if _off(document):
        yield f"look for a map with bce recalibrate, as predictions are {_off(document)}"


def _segments(document: Answers) -> Iterator[str]:
    """Name the segment whose predictions are off most, if chance alone does not explain it."""
    if document.compute is None or not document.compute.segments:
        return
    compute = document.compute
    known = [(each, each.gap) for each in compute.segments if _is_known(each)]
    confidence = 1.0 - (1.0 - compute.confidence) / max(len(known), 1)  # Bonferroni
    off = [(each, gap) for each, gap in known if gap and _is_off(each, gap, confidence)]
    if not off:
        return
    worst, gap = max(off, key=lambda pair: abs(pair[1].value))
    way = "too low" if gap.value > 0.0 else "too high"
    by = ", ".join(map(quoted, compute.segment_columns))
    which = f"{segment_name(worst.names)} of {by}"
    others = f", the most of {count(len(off))} that are off" if len(off) > 1 else ""
    amount = gap_text(gap).lstrip("+-")
    yield f"look at {which}, where predictions are {way} by {amount} on average{others}"


def _is_known(segment: SegmentReport) -> bool:
    gap = segment.gap
    return gap is not None and gap.std_error is not None and not segment.is_small


def _is_off(segment: SegmentReport, gap: Gap, confidence: float) -> bool:
    """Whether the interval of a gap leaves out 0, at a confidence that allows for all segments."""
    df = math.inf if segment.n_clusters is None else segment.n_clusters - 1
    low, high = interval_of(gap.value, gap.std_error or 0.0, confidence, df)
    return low > 0.0 or high < 0.0
