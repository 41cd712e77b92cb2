"""What to do about a model: what makes all else vain, the gate, and then what gains most."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bce_cli.core.calibration.verdict import judge_calibration
from bce_cli.core.segments import off_beyond_chance
from bce_cli.errors import quoted
from bce_cli.render.calibration_verdict import ways_off
from bce_cli.render.layout import Judged, count, figure, interval, percent, verb
from bce_cli.render.origin import doubts, is_doubt
from bce_cli.render.page.model_figures import calibrations_of, called, capital, few_rows, model_of
from bce_cli.render.segments import gap_text, segment_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bce_cli.core.recalibration.choice import MethodReport, RecalibrationReport
    from bce_cli.render.check import CheckDocument
    from bce_cli.render.page.material import Answers
    from bce_cli.render.page.model_figures import ModelFigures

_DIGITS = 4
_MOST_REASONS = 1
_BOTH = 2
_AS_IS = "as-is"
_CHANCE = 0.5
_BASE_RATE = "the base rate"
_UNSEEN = "on rows that it has not seen"


def advice_of(document: Answers, model: ModelFigures | None) -> str:
    """Say what to do: first what makes all else vain, then the gate, and then what gains most.

    Parameters
    ----------
    document : Answers
    model : ModelFigures or None
        The first, if anything is known of its loss.

    Returns
    -------
    str
        `Judged` where there are checks, or the loss is infinite; not where a check has passed and
        something else is to be done.
    """
    is_infinite = model is not None and math.isinf(model.mean_loss)
    before, gate = [*_before_all(document, model)], [*_of_gate(document, is_told=is_infinite)]
    others = [*_next(document, model)]
    check, caveat = document.check, caveat_of(document, model)
    if check is not None and check.judgement.verdict == "passed" and caveat:
        if _BASE_RATE in caveat and not any(_BASE_RATE in each for each in others):
            others.insert(0, caveat)
        clauses = "; ".join([*before, *others])
        return Judged(f"{capital(checks_held(check))}, but {clauses}.", "undecided")
    clauses = "; ".join([*before, *gate, *others])
    text = f"{capital(clauses or 'nothing that was looked at asks for a change')}."
    if check is not None and (check.judgement.verdict != "passed" or not others):
        return Judged(text, check.judgement.verdict)
    return Judged(text, "failed") if is_infinite else text


def why_no_map(model: ModelFigures | None) -> str:
    """Say why no map is to be advised for a model; nothing where one may be.

    Parameters
    ----------
    model : ModelFigures or None
    """
    if model is not None and math.isinf(model.mean_loss):
        n = model.n_impossible
        what = "the prediction that was" if n == 1 else f"the {count(n)} predictions that were"
        return f"mend first {what} certain and wrong"
    if model is not None and model.are_few:
        return f"{few_rows(model)} {_tell(model)} next to nothing"
    return ""


def caveat_of(document: Answers, model: ModelFigures | None) -> str:
    """Say in a few words why checks that hold mean little; nothing where they mean what they say.

    Parameters
    ----------
    document : Answers
    model : ModelFigures or None
        The first.
    """
    if _own_doubts(document, model):
        return "make sure first that this was meant"
    if model is not None and math.isinf(model.mean_loss):
        return "the mean loss is infinite"
    if model is not None and model.are_few:
        return f"{few_rows(model)} {_tell(model)} next to nothing"
    if model is not None and model.base_rate_loss == 0.0:
        return "all labels are the same"
    if _same(document):
        return "all predictions are the same"
    return f"always predicting {_BASE_RATE} costs less" if _is_worse(model) else ""


def _is_worse(model: ModelFigures | None) -> bool:
    return model is not None and not model.are_few and model.beats_base_rate is False


def checks_held(check: CheckDocument) -> str:
    """Say that all checks hold.

    Parameters
    ----------
    check : CheckDocument
        That has passed.
    """
    n = len(check.judgement.checks)
    if n == 1:
        return "the check holds"
    return f"{'both checks' if n == _BOTH else f'all {n} checks'} hold"


def _next(document: Answers, model: ModelFigures | None) -> Iterator[str]:
    """Say what else to do, unless something else comes first by far."""
    if _own_doubts(document, model):
        return  # nobody knows what else is worth doing
    if model is not None and model.are_few:
        yield _gather(model)
    elif model is not None and model.base_rate_loss == 0.0 and math.isfinite(model.mean_loss):
        yield "gather rows of either label, as all of these have the same"
    else:
        yield from _gains(document, model)


def _gather(model: ModelFigures) -> str:
    if model.rare_label is None or model.has_few_rows:
        return f"gather more rows, as {few_rows(model)} {_tell(model)} next to nothing"
    label, n = model.rare_label
    return (
        f"gather more rows with label {label}: {n} {'tells' if n == 1 else 'tell'} next to nothing"
    )


def _tell(model: ModelFigures) -> str:
    n = model.n if model.rare_label is None or model.has_few_rows else model.rare_label[1]
    return "tells" if n == 1 else "tell"


def _gains(document: Answers, model: ModelFigures | None) -> Iterator[str]:
    """Say which model to take, and what would make that better: one thing first."""
    place = best_place(document)
    if place:
        yield f"take {called(document.models[place])} in its place"
        yield from _recalibrate(document, place)
        return
    if model is not None and math.isinf(model.mean_loss):
        return  # which no map mends as well as the model itself
    same, vain = _same(document), _vain(document, model)
    if same:
        yield same
    elif vain:
        yield vain
    else:
        yield from _recalibrate(document, place)
        yield from _segments(document)


def _same(document: Answers) -> str:
    """Say that all predictions of the first model are the same, if they are."""
    found = calibrations_of(document)
    if not found:
        return ""
    report = found[0].report
    fit = report.logistic
    if fit.obstacle != "one prediction" or fit.n_in_fit < report.n_weighted:
        return ""
    value = percent(report.mean_prediction)
    return f"all predictions are {value}: they tell no row from another"


def _vain(document: Answers, model: ModelFigures | None) -> str:
    """Say that the base rate is better than the first model, and no map mends that."""
    if model is None or model.beats_base_rate:
        return ""
    loses = model.beats_base_rate is False
    base = "" if model.base_rate is None else f", {percent(model.base_rate)}"
    if not document.recalibrations:
        is_off = document.no_advice is None and _off(document, 0)
        return f"until it is mended, rather predict {_BASE_RATE}" if loses and not is_off else ""
    report = document.recalibrations[0].report
    if report.recommended == _AS_IS and not loses:
        return ""
    loss = report.of(report.recommended).cross_fitted_loss
    if report.recommended != _AS_IS and loss is not None and loss < model.base_rate_loss:
        return ""
    found = calibrations_of(document)
    ranks = found[0].report.discrimination if found else None
    why = "no map makes the predictions better than it"
    if ranks is not None and ranks.ci_low is not None and ranks.ci_high is not None:
        auc = f"AUC {figure(ranks.auc, _DIGITS)}, {interval(ranks.ci_low, ranks.ci_high)}"
        why = f"{why} ({auc})"
        if ranks.ci_low <= _CHANCE <= ranks.ci_high:
            nothing = f"the predictions tell nothing that it does not ({auc})"
            why = f"{nothing}, and no map makes them better than it"
    return f"rather predict {_BASE_RATE}{base}: {why}"


def _before_all(document: Answers, model: ModelFigures | None) -> Iterator[str]:
    """Say what is to be looked into, or mended, before anything else is worth a thought."""
    doubted = _own_doubts(document, model)
    if doubted:
        more = f", and {count(len(doubted) - 1)} more such" if len(doubted) > 1 else ""
        doubt = doubted[0].rstrip(".")
        if doubt[1:2].islower():
            doubt = f"{doubt[0].lower()}{doubt[1:]}"
        yield f"make sure first that this was meant ({doubt}{more})"
    elif model is not None and math.isinf(model.mean_loss):
        yield f"{why_no_map(model)}, best by bounds in the model itself"


def _own_doubts(document: Answers, model: ModelFigures | None) -> tuple[str, ...]:
    """Return what makes rows, or the predictions of the first model, look like others."""
    if document.compute is not None:
        return (*document.origin.doubts, *document.compute.doubts)
    report = None if model is None else model.losses or model.calibration
    return (*document.origin.doubts, *(() if report is None else doubts(report)))


def doubts_of(document: Answers) -> tuple[str, ...]:
    """Return what makes rows or any predictions look like ones that were not meant, each once."""
    answers = (document.compute, document.compare, document.calibration, document.check)
    found = [doubt for answer in answers if answer is not None for doubt in answer.doubts]
    found = [doubt for doubt in found if is_doubt(doubt)]
    return (*dict.fromkeys((*document.origin.doubts, *found)),)


def _of_gate(document: Answers, *, is_told: bool) -> Iterator[str]:
    """Say whether it may pass, and why not, unless that is told."""
    if document.check is None:
        return
    judgement = document.check.judgement
    verdict, n = judgement.verdict, len(judgement.checks)
    alike = sum(check.verdict == verdict for check in judgement.checks)
    if verdict == "passed":
        yield f"let it pass, as {checks_held(document.check)}"
        return
    which = "the check" if n == 1 else f"{alike} of {n} checks"
    if alike == n > 1:
        which = "both checks" if n == _BOTH else f"all {n} checks"
    yet, said = "", "failed"
    if verdict == "undecided":
        yet, said = " yet", f"{verb(alike, 'is')} undecided"
    reasons = document.check.reasons_apart()
    more = len(reasons) - _MOST_REASONS
    because = ", ".join(reasons[:_MOST_REASONS]) + (f", and {count(more)} more" if more > 0 else "")
    because = "" if is_told else f", as {because}"
    yield f"do not let it pass{yet}: {which} {said}{because}"


def best_place(document: Answers) -> int:
    """Return the place of the model to take: of the first, unless others are better for sure."""
    if document.compare is None:
        return 0
    report = document.compare.report
    words = [report.verdict(item) for item in report.comparisons]
    better = [place for place, word in enumerate(words, start=1) if word == "better"]
    return min(better, key=lambda place: report.models[place].order, default=0)


def _recalibrate(document: Answers, place: int) -> Iterator[str]:
    """Say which map to put over the predictions, and what it gains on rows it has not seen."""
    if document.no_advice is not None:
        return
    if place >= len(document.recalibrations):
        off = _off(document, place)
        if off:
            finder = document.look.asked_by("bce recalibrate", "bce.recalibrate(...)")
            yield f"look for a map with {finder}, as predictions are {off}"
        return
    report = document.recalibrations[place].report
    found = report.of(report.recommended)
    own = called(document.models[place])
    what = f" {own}" if len(document.models) > 1 else ""
    model = model_of(document, place)
    if place and model is not None and not (found.cross_fitted_loss or 0.0) < model.base_rate_loss:
        yield f"no map makes {own} better than {_BASE_RATE}"
        return
    if found.method != _AS_IS:
        gain = f"which {_gain(found, report)} {_UNSEEN}"
        yield f"recalibrate{what} with the {found.method} map, {gain}"
        return
    judged = [each for each in report.methods[1:] if each.cross_fitted_loss is not None]
    off = _off(document, place)
    although = f"they are {off}, but " if off else ""
    leave = f"leave the predictions{f' of {own}' if what else ''} as they are: {although}"
    if not judged:
        yield f"{leave}no map can be judged"
        return
    best = min(judged, key=lambda each: each.cross_fitted_loss or 0.0)
    gain = f"the best, {best.method}, {_gain(best, report)}"
    yield f"{leave}no map is clearly better {_UNSEEN}, and {gain}"


def _gain(found: MethodReport, report: RecalibrationReport) -> str:
    """Say what a map takes off the loss of rows that it was not fitted to."""
    difference, unit = found.difference, report.unit
    if difference is None or difference.value is None or math.isinf(difference.value):
        return f"leaves {figure(found.cross_fitted_loss, _DIGITS)} {unit} a row"
    value, ends = -difference.value, ""
    if difference.ci_low is not None and difference.ci_high is not None:
        ends = f" ({interval(-difference.ci_high, -difference.ci_low)})"
    way = "takes off" if value >= 0.0 else "adds"
    if value < 0.0 and ends:
        ends = f" ({interval(difference.ci_low, difference.ci_high)})"
    return f"{way} {figure(abs(value), _DIGITS)} {unit} a row{ends}"


def _off(document: Answers, place: int) -> str:
    """Say in which way predictions are off, where a test says that they are."""
    found = calibrations_of(document)
    if place >= len(found):
        return ""
    report = found[place].report
    judged = judge_calibration(report)
    return "" if judged.calibrated is not False else ways_off(report, judged) or "not calibrated"


def _segments(document: Answers) -> Iterator[str]:
    """Name the segment whose predictions are off most, if chance alone does not explain it."""
    if document.compute is None or not document.compute.segments:
        return
    compute = document.compute
    known = [(each, each.gap) for each in compute.segments if each.gap and not each.is_small]
    known = [(each, gap) for each, gap in known if gap.std_error is not None]
    off = off_beyond_chance([gap for _, gap in known], compute.confidence)
    if not off:
        return
    worst, gap = known[off[0]]
    way = "too low" if gap.value > 0.0 else "too high"
    by = ", ".join(map(quoted, compute.segment_columns))
    which = f"{segment_name(worst.names)} of {by}"
    many = f", the most of {count(len(off))}" if len(off) > 1 else ""
    others = f"{many}, beyond chance among {count(len(known))} segments" if len(known) > 1 else ""
    amount = gap_text(gap).lstrip("+-")
    yield f"look at {which}, where predictions are {way} by {amount} on average{others}"
