"""The answer of a report, in three sentences: how good, better than what, and what to do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bce_cli.core.arguments import USUAL_CONFIDENCE
from bce_cli.errors import quoted
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
from bce_cli.render.origin import are_too_narrow
from bce_cli.render.page.advice import advice_of, caveat_of, checks_held
from bce_cli.render.page.model_figures import calibrations_of, called, capital, few_rows, model_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bce_cli.core.comparison.differences import Difference, DifferenceReport, Infinite
    from bce_cli.core.comparison.differences import Verdict as Word
    from bce_cli.core.comparison.models import ComparisonReport
    from bce_cli.core.gate.judgement import Verdict
    from bce_cli.render.page.material import Answers
    from bce_cli.render.page.model_figures import Ends, ModelFigures

_DIGITS = 4
_FEW_MODELS = 2
_MOST_NAMED = 3


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
        `Judged`, where something is judged, and all of a sentence alike.
    """
    model = model_of(document, 0)
    if model is None:
        nothing = "Nothing is known of the loss."
        return nothing, nothing, advice_of(document, None)
    return _how_good(document, model), _better_than(document, model), advice_of(document, model)


def headline_of(document: Answers) -> Judged:
    """Say what it comes to in a few words: the verdict of the checks, or better than what.

    Parameters
    ----------
    document : Answers
    """
    if document.check is not None:
        headline = document.check.sections(Look())[0].headline
        assert headline is not None  # noqa: S101 -- a check has one
        model = model_of(document, 0)
        caveat = caveat_of(document, model)
        if caveat and document.check.judgement.verdict == "passed":
            return Judged(f"{capital(checks_held(document.check))}, but {caveat}", "undecided")
        return headline
    model = model_of(document, 0)
    if model is None:
        return Judged("Nothing is known of the loss", "undecided")
    if math.isinf(model.mean_loss):
        return Judged(f"{called(model.name)}: the mean loss is infinite", "failed")
    beside: dict[str, list[str]] = {_WORDS[model.beats_base_rate]: ["the base rate"]}
    if document.compare is not None:
        report = document.compare.report
        for item in report.comparisons:
            word = _BESIDE[_told(report, item, model)]
            beside.setdefault(word, []).append(item.model)
    said = ", ".join(f"{word} {_listed(names, _JOINTS[word])}" for word, names in beside.items())
    verdict = max((kind for _, kind in _beside_all(document, model)), key=_BADNESS.index)
    return Judged(f"{called(model.name)}: {said}", verdict)


_WORDS = {True: "better than", False: "worse than", None: "not to be told from"}
_JOINTS = {"better than": "and", "worse than": "and", "as good as": "and"} | {
    "not to be told from": "or"
}
_BADNESS: tuple[Verdict, ...] = ("passed", "undecided", "failed")


def _how_good(document: Answers, model: ModelFigures) -> str:
    """Tell the mean loss, and what probability it is worth."""
    name, unit, rows = called(model.name), model.unit, how_many(model.n)
    if math.isinf(model.mean_loss):
        return Judged(f"{_infinite(model, name, rows)}.", "failed")
    loss = f"{name} costs {figure(model.mean_loss, _DIGITS)} {unit} a row over {rows}"
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
        found = f"{how_many(n_clusters, 'cluster')} of {quoted(column)}"
        few = are_too_narrow(n_clusters, effective)
        text += f", likely wider: {found} are few" if few else f", by {found}"
    elif model.are_few:
        of_label = f" with label {model.rare_label[0]}" if model.rare_label else ""
        text += f", rough for so few rows{'' if model.has_few_rows else of_label}"
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


def _better_than(document: Answers, model: ModelFigures) -> str:
    """Set the model beside the base rate, and beside the other models."""
    clauses = _beside_all(document, model)
    text = f"{capital('; '.join(clause for clause, _ in clauses))}."
    kinds = {kind for _, kind in clauses}
    return Judged(text, kinds.pop()) if len(kinds) == 1 else text


def _beside_all(document: Answers, model: ModelFigures) -> list[tuple[str, Verdict]]:
    return [_beside_base_rate(model), *_beside_models(document, model)]


def _beside_base_rate(model: ModelFigures) -> tuple[str, Verdict]:
    if model.base_rate_loss == 0.0 and not math.isinf(model.mean_loss):
        return "all labels are the same, so there is no base rate to beat", "undecided"
    base = "always predicting the base rate"
    if model.base_rate is not None:
        base += f", {percent(model.base_rate)}"
    cost = f"{figure(model.base_rate_loss, _DIGITS)} {model.unit}"
    if math.isinf(model.mean_loss):
        return f"it is worse than {base}, which costs {cost} a row and never infinity", "failed"
    beats = model.beats_base_rate
    if beats is None and model.are_few:
        few = f"{few_rows(model)} cannot tell"
        return f"whether it is better than {base} ({cost}), {few}", "undecided"
    figures = _beside_cost(model, cost)
    if beats is None:
        comma = "" if model.base_rate is None else ","
        return f"whether it is better than {base}{comma} cannot be told: {figures}", "undecided"
    word: Verdict = "passed" if beats else "failed"
    return f"it is {'better' if beats else 'worse'} than {base}: {figures}", word


def _beside_cost(model: ModelFigures, cost: str) -> str:
    """Say what share of the loss of the base rate is removed, and how sure that is."""
    skill, ends = model.skill, model.skill_ends
    if skill is None or ends is None:
        place = {
            None: "within the interval",
            True: "above the interval",
            False: "below the interval",
        }
        where = place[model.beats_base_rate] if model.ends else "and no interval is known"
        return f"this costs {cost} a row, {where}"
    if skill < 0.0:
        least, most = (percent(-end) for end in ends[::-1])
        return f"it adds {percent(-skill)} ({least} to {most}) to the {cost} a row that this costs"
    return f"it removes {percent(skill)}{_ends(ends)} of the {cost} a row that this costs"


def _beside_models(document: Answers, model: ModelFigures) -> Iterator[tuple[str, Verdict]]:
    """Say which other models it is better than, as differences paired row by row tell."""
    if document.compare is None:
        return
    report = document.compare.report
    items = [(item, _told(report, item, model)) for item in report.comparisons]
    if len(items) <= _FEW_MODELS:
        for item, word in items:
            seen = report.verdict(item)
            alone = "" if seen == word else "on these rows alone, "
            yield f"{alone}{_beside(item, seen, report.unit)}", _KINDS[word]
        return
    for word, said in _OF_MANY.items():
        names = [item.model for item, each in items if each == word]
        if names:
            yield said.format(_listed(names), verb(len(names), "is")), _KINDS[word]


def _told(report: ComparisonReport, item: DifferenceReport, model: ModelFigures) -> Word:
    """Return how another model differs, of which a few rows tell nothing."""
    word = report.verdict(item)
    is_sure = word in {"better", "worse"} and not (model.are_few and item.infinite is None)
    return word if is_sure or word == "equivalent" else "undecided"


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
    "better": "{} {} better",
    "worse": "it is better than {}",
    "equivalent": "it is as good as {}",
    "undecided": "no difference can be told from {}",
}


def _beside(item: DifferenceReport, word: Word, unit: str) -> str:
    other, found = called(item.model), item.finite
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


def _listed(names: Sequence[str], joint: str = "and") -> str:
    """Name some models, and say how many more there are.

    Examples
    --------
    >>> _listed(["a"]), _listed(["a", "b"], "or"), _listed(["a", "b", "c", "d", "e"])
    ('a', 'a or b', 'a, b, c and 2 more')
    """
    shown, more = [*map(called, names[:_MOST_NAMED])], len(names) - _MOST_NAMED
    shown += [f"{count(more)} more"] if more > 0 else []
    return f" {joint} ".join(part for part in (", ".join(shown[:-1]), shown[-1]) if part)
