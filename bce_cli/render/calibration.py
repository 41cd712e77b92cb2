"""What `bce calibration` found: the parts of the loss, the logistic fit, and the bins."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

from bce_cli.core.calibration.decomposition import PARTS
from bce_cli.core.calibration.fine_bins import GREATEST_ODDS_RATIO
from bce_cli.core.calibration.verdict import judge_calibration
from bce_cli.core.inference import level_of
from bce_cli.core.recalibration.gain import MOST
from bce_cli.lean_dataclass import dataclass
from bce_cli.render.calibration_fit import fit_section
from bce_cli.render.calibration_verdict import (
    calibration_verdict,
)
from bce_cli.render.diagram import diagram_section
from bce_cli.render.layout import (
    Column,
    Section,
    count,
    figure,
    formula,
    how_many,
    interval,
    interval_title,
    percent,
    table,
    verb,
)
from bce_cli.render.origin import are_too_narrow, cluster_note, doubts, few_of, picked
from bce_cli.render.records import flat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bce_cli.core.calibration.bins import ReliabilityBin
    from bce_cli.core.calibration.bootstrap import Bootstrap, Intervals
    from bce_cli.core.calibration.logistic import Estimate
    from bce_cli.core.calibration.report import CalibrationReport
    from bce_cli.core.recalibration.gain import SimpleGain
    from bce_cli.render.layout import Look
    from bce_cli.render.origin import Origin, Saved

_DIGITS = 5
_EDGE_DIGITS = 4
_END_DIGITS = 3
_USUAL_LEVEL = 0.05
_HEAD = ("n", "n_positive", "weight_sum", "base_rate", "mean_prediction")
LOG_LOSS_NAMES = {"mean": "mean_loss", "recalibrated": "recalibrated_loss"}
BRIER_NAMES = {"mean": "score", "recalibrated": "recalibrated_score"}

_BIAS = (
    "Of miscalibration and discrimination these are not confidence intervals: a sample repeats "
    "rows, recalibration takes that for a pattern, and both tend to come out higher than in the "
    "rows."
)
_HOW = (
    "Recalibration is the best that keeps the order of predictions, fitted to these very rows; on "
    "new ones it may remove less or nothing, or do harm."
)
_BINS = (
    "Bins are (low, high], the first with its low end. Gap: event rate minus mean prediction. "
    "Verdict: where the mean prediction lies outside the interval of the event rate; of calibrated "
    "bins, about"
)
_UNTOLD_CHANCE = (
    "How much miscalibration chance alone would make is not drawn: nothing is known of how labels "
    "of a cluster would depend on each other."
)
_ONE_CLUSTER = "One cluster has no spread, so there are no intervals, and no tests by them."


@dataclass(frozen=True, slots=True)
class CalibrationDocument:
    """A finished report and where its rows came from.

    Attributes
    ----------
    origin : Origin
    report : CalibrationReport
    gain : SimpleGain or None
        What a simple map removes on rows that it was not fitted to; None where no rows were held,
        or too few.
    saved : Saved or None
        Where all of it was read from a saved report. One in brief has no bins, no curve and no
        histogram.
    cluster_column : str or None
    """

    origin: Origin
    report: CalibrationReport
    gain: SimpleGain | None = None
    saved: Saved | None = None
    cluster_column: str | None = None

    tables: ClassVar[frozenset[str]] = frozenset(("bins", "isotonic", "histogram"))

    def sections(self, look: Look) -> list[Section]:
        """Show the parts of the loss, the fit, the bins and the diagram."""
        report = self.report
        bins = [bins_section(report, has_weights=self.origin.has_weights)] if report.bins else []
        return [
            parts_section(self, look),
            *([] if report.bootstrap is None else [samples_section(report.bootstrap, report)]),
            fit_section(report),
            *bins,
            *([diagram_section(report, look)] if self.has_diagram else []),
        ]

    def record(self) -> dict[str, Any]:
        """Return all figures by name."""
        if self.saved is not None:
            return deepcopy(self.saved.record)
        report, curve = self.report, self.report.curve
        fit, test, fine_bins = report.logistic, report.spiegelhalter, report.fine_bins
        judged, area = judge_calibration(report), report.discrimination
        log_loss = _named(asdict(report.log_loss), LOG_LOSS_NAMES)
        widest = {"greatest_odds_ratio": GREATEST_ODDS_RATIO}
        ends = (values.tolist() for values in (curve.lows, curve.highs, curve.rates))
        return {
            **self.origin.head(report, *_HEAD),
            **self.origin.kinds(soft=report.has_soft_labels),
            "confidence": report.confidence,
            "cluster_column": self.cluster_column,
            **picked(report, "n_clusters", "effective_clusters"),
            "mean_loss": log_loss.pop("mean_loss"),
            **picked(report, "std_error", "ci_low", "ci_high"),
            **picked(report, "skill", "skill_ci_low", "skill_ci_high"),
            "log_loss": log_loss,
            "brier": _named(asdict(report.brier), BRIER_NAMES),
            **picked(report, "brier_ci_low", "brier_ci_high", "brier_skill"),
            "auc": area.auc,
            "auc_ci_low": area.ci_low,
            "auc_ci_high": area.ci_high,
            "auc_ci_is_too_narrow": area.is_too_narrow,
            "cross_fitted": None if self.gain is None else asdict(self.gain),
            "bootstrap": None if report.bootstrap is None else _bootstrap_record(report.bootstrap),
            "fine_bins": None if fine_bins is None else asdict(fine_bins) | widest,
            **picked(report, "strategy", "ece", "mce"),
            **_estimate_record("slope", fit.slope),
            **_estimate_record("intercept", fit.intercept),
            **_estimate_record("calibration_in_the_large", fit.calibration_in_the_large),
            "calibration_in_the_large_p": fit.shift_p,
            "n_in_fit": fit.n_in_fit,
            "spiegelhalter_z": None if test is None else test.z,
            "spiegelhalter_p": None if test is None else test.p_value,
            "slope_intercept_p": fit.line_p,
            "calibrated": judged.calibrated,
            "calibrated_p": judged.p_value,
            **picked(report, "n_impossible", "first_impossible_row", "n_weighted", "effective_n"),
            "slope_obstacle": fit.obstacle,
            "calibration_in_the_large_obstacle": fit.obstacle_in_the_large,
            "mean_p": fit.mean_p,
            "n_bins": report.n_bins,
            "bins": [asdict(each) for each in report.bins],
            "isotonic": [
                {"low": low, "high": high, "recalibrated": rate}
                for low, high, rate in zip(*ends, strict=True)
            ],
            "histogram": list(report.histogram),
            "notes": [*self.origin.doubts, *self.notes],
        }

    @property
    def named_reports(self) -> list[tuple[str, CalibrationReport]]:
        """The report by the name of its model."""
        return [(self.origin.prediction_columns[0], self.report)]

    @property
    def has_diagram(self) -> bool:
        """Whether there is all that a reliability diagram is drawn of."""
        report = self.report
        return bool(report.bins and report.histogram and len(report.curve.rates))

    @property
    def doubts(self) -> tuple[str, ...]:
        """What makes predictions look like ones that were not meant."""
        return doubts(self.report) if self.saved is None else self.saved.doubts

    @property
    def notes(self) -> tuple[str, ...]:
        """The same, and what is not as was asked for."""
        return (*self.doubts, *_few_bins(self.report))

    def lines(self, *, brief: bool = False) -> list[dict[str, Any]]:
        """Return a line for each bin; in brief, one of all figures."""
        if brief or not self.report.bins:
            return [flat(self.record() | {"source": " ".join(self.origin.sources)})]
        return [asdict(each) for each in self.report.bins]


def _few_bins(report: CalibrationReport) -> tuple[str, ...]:
    """Say why there are fewer bins than were asked for."""
    n = len(report.bins)
    if report.strategy == "uniform" or n >= report.n_bins:
        return ()
    no_more = (
        "more different predictions" if report.fine_bins is None else "more fine bins with rows"
    )
    be = verb(n, "is")
    return (f"There {be} {how_many(n, 'bin')} and not {report.n_bins}, for want of {no_more}.",)


def parts_section(document: CalibrationDocument, look: Look) -> Section:
    """Show the parts of log loss and Brier score, and say what they come to."""
    report, origin = document.report, document.origin
    meanings = {
        "mean": "of predictions as they are",
        "miscalibration": "what recalibration would remove",
        "discrimination": "what telling rows apart saves",
        "uncertainty": f"always predicting {percent(report.base_rate)}",
        "recalibrated": "what recalibration would leave",
    }
    equation = "mean = miscalibration − discrimination + uncertainty"
    if report.fine_bins is not None:
        meanings["within_bins"] = "what using bin means would remove"
        equation += " + within bins"
    return Section(
        origin.title(report, soft=report.has_soft_labels),
        *table(
            meanings,
            (Column("part", is_text=True), lambda part: part.replace("_", " ")),
            (f"log loss, {report.unit}", lambda part: figure(getattr(report.log_loss, part))),
            (Column("Brier score", spare=1), lambda part: figure(getattr(report.brier, part))),
            (Column("meaning", is_text=True, wraps=True, spare=2), lambda part: meanings[part]),
        ),
        formulas=(formula(equation, look),),
        verdicts=(calibration_verdict(report),),
        notes=(
            *origin.doubts,
            *document.doubts,
            *_score_notes(report),
            *([_HOW] if report.log_loss.miscalibration else []),
            *([] if document.gain is None else [_gain_note(document.gain, report, look)]),
            *_fine_notes(report),
            *_impossible_notes(report, origin),
            cluster_note(
                document.cluster_column,
                report.n_clusters,
                report.effective_clusters,
                look=look,
            ),
            *([_ONE_CLUSTER] if report.n_clusters == 1 else []),
            *origin.notes(),
        ),
        marked=(1,),
    )


def _score_notes(report: CalibrationReport) -> Iterator[str]:
    """Give mean and Brier score their intervals, and tell skill and AUC with theirs."""
    area, unit = report.discrimination, interval_title(report.confidence)
    ends = [
        f"of the {name} {interval(low, high, _END_DIGITS)}"
        for name, low, high in (
            ("mean", report.ci_low, report.ci_high),
            ("Brier score", report.brier_ci_low, report.brier_ci_high),
        )
        if low is not None and high is not None
    ]
    if ends:
        yield f"{unit}{'s' * (len(ends) > 1)}: {', '.join(ends)}."
    skill = (report.skill_ci_low, report.skill_ci_high)
    told = [
        area.auc is not None
        and f"AUC {figure(area.auc, 4)}{_bracketed(area.ci_low, area.ci_high, _end)}"
        + _area_note(report),
        report.skill is not None and f"skill {percent(report.skill)}{_bracketed(*skill, percent)}",
        report.brier_skill is not None and f"Brier skill {percent(report.brier_skill)}",
    ]
    known = [text for text in told if text]
    if known:
        yield f"{', '.join(known)}."


def _area_note(report: CalibrationReport) -> str:
    """Say that the interval of AUC tends to be too narrow, unless that is said of all of them."""
    clusters = report.n_clusters, report.effective_clusters
    is_told = report.discrimination.is_too_narrow and not are_too_narrow(*clusters)
    return f" (likely wider: {few_of(report.n_clusters)})" if is_told else ""


def _bracketed(low: float | None, high: float | None, text: Callable[[float], str]) -> str:
    """Show the ends of an interval, if there is one."""
    return "" if low is None or high is None else f" [{text(low)}, {text(high)}]"


def _end(value: float) -> str:
    return figure(value, _END_DIGITS)


def _gain_note(gain: SimpleGain, report: CalibrationReport, look: Look) -> str:
    """Say what the best simple map removes on rows that it was not fitted to."""
    best = f"the best simple map, {gain.method},"
    where = look.asked_by("bce recalibrate", "bce.recalibrate(...)")
    if gain.n >= MOST and gain.n != report.n_weighted:
        where += f"; of {count(gain.n)} rows drawn by chance"
    if math.isinf(gain.removed):
        left = f"{figure(gain.loss, _DIGITS)} {report.unit}"
        return f"Cross-fitted, {best} leaves {left}: {where}."
    ends = f"[{figure(gain.ci_low, 4)}, {figure(gain.ci_high, 4)}]"
    removed = f"{figure(gain.removed, 4)} {report.unit} {ends}"
    if gain.is_sure:
        return f"Cross-fitted, {best} removes {removed}: {where}."
    none = "no simple map removes anything for sure; the best"
    return f"Cross-fitted, {none}, {gain.method}, {removed}: {where}."


def _fine_notes(report: CalibrationReport) -> Iterator[str]:
    """Say what comes from fine bins, and how fine they are."""
    used = report.fine_bins
    if used is None:
        return
    width = f"{figure(100.0 * (GREATEST_ODDS_RATIO - 1.0))} %"
    text = f"No rows were held: they were summed up in {how_many(used.n, 'fine bin')}, in which the"
    text += f" odds of predictions differ by {width} at the most."
    if used.n_coarse:
        text += f" {count(used.n_coarse)} of them {verb(used.n_coarse, 'is')} coarser, about one in"
        text += " a million or nearer to 0 or 1."
    text += " Miscalibration, discrimination, AUC, slope and intercepts are those of the mean"
    text += " predictions of these bins"
    if report.strategy == "quantile":
        text += ", and of such bins those below are made"
    yield f"{text}; all else is exact."


def _impossible_notes(report: CalibrationReport, origin: Origin) -> Iterator[str]:
    if report.n_impossible:
        effect = "They have no weight."
        if math.isinf(report.log_loss.mean):
            effect = "So mean and miscalibration of the log loss are infinite; the rest is not."
        yield f"{origin.impossible_rows(report)}. {effect}"


def samples_section(bootstrap: Bootstrap, report: CalibrationReport) -> Section:
    """Show the parts of samples of the rows, and what miscalibration chance alone would make."""
    share, unit = f"{100.0 * report.confidence:g} %", report.unit
    samples = how_many(bootstrap.n, "sample")
    return Section(
        f"Middle {share} of {samples} drawn from these rows",
        *table(
            PARTS,
            (Column("part", is_text=True), str),
            (f"log loss, {unit}: {share}", lambda part: interval(*bootstrap.log_loss[part])),
            (
                Column(f"Brier score: {share}", spare=1),
                lambda part: interval(*bootstrap.brier[part]),
            ),
        ),
        notes=(*_sample_notes(bootstrap, report), *_chance_notes(bootstrap, report)),
        is_asked=True,
    )


def _sample_notes(bootstrap: Bootstrap, report: CalibrationReport) -> tuple[str, ...]:
    """Say how samples were drawn."""
    drawn = "rows, drawn with replacement"
    if report.n_clusters is not None:
        drawn = "clusters, drawn whole and with replacement"
    return f"Each sample has as many {drawn}; seed {bootstrap.seed}.", _BIAS


def _chance_notes(bootstrap: Bootstrap, report: CalibrationReport) -> Iterator[str]:
    """Say what miscalibration chance alone would make."""
    chance, parts = bootstrap.calibrated_q95, report.log_loss
    if chance is None:
        if report.n_clusters is not None:
            yield _UNTOLD_CHANCE
        return
    most = f"{figure(chance.log_loss, 4)} {report.unit} (Brier score: {figure(chance.brier, 4)})"
    here = f"{figure(parts.miscalibration, 4)} ({figure(report.brier.miscalibration, 4)})"
    what = "Miscalibration of a calibrated model with these predictions"
    samples = "in 95 % of as many samples, by chance alone"
    p = f"p = {figure(chance.p_value, 2)}"
    yield f"{what}: up to {most} {samples}. Here it is {here}; {p}."


def bins_section(report: CalibrationReport, *, has_weights: bool) -> Section:
    """Show all bins, and mark those whose mean prediction lies outside the interval."""
    bins = report.bins
    edges = {edge for each in bins for edge in (each.low, each.high)}
    # as many digits as tell all edges apart
    enough = (
        d for d in range(_EDGE_DIGITS, 17) if len({figure(e, d) for e in edges}) == len(edges)
    )
    digits = next(enough, 17)
    how = "equal width" if report.strategy == "uniform" else "about as many rows each"
    return Section(
        f"Predictions in bins of {how}, and what happened",
        *table(
            bins,
            ("predictions", lambda each: interval(each.low, each.high, digits)),
            (Column("rows", spare=2), lambda each: count(each.n)),
            (Column("weight", spare=3), lambda each: figure(each.weight_sum, 4))
            if has_weights
            else None,
            ("mean", lambda each: figure(each.mean_prediction, 4)),
            ("event rate", lambda each: figure(each.event_rate, 4)),
            (
                Column(interval_title(report.confidence), spare=1),
                lambda each: interval(each.ci_low, each.ci_high, 3),
            ),
            (Column("gap", spare=4), _gap),
            (Column("verdict", is_text=True), _bin_verdict),
        ),
        notes=(*_few_bins(report), f"{_BINS} {_strays(report)} so by chance."),
        marked=[i for i, each in enumerate(bins) if _bin_verdict(each)],
    )


def _strays(report: CalibrationReport) -> str:
    """Say how many bins stray by chance: as many as intervals leave out."""
    level = level_of(report.confidence)
    return "one in twenty strays" if level == _USUAL_LEVEL else f"{100.0 * level:g} % stray"


def _gap(each: ReliabilityBin) -> str:
    if each.mean_prediction is None or each.event_rate is None:
        return "-"
    text = f"{each.event_rate - each.mean_prediction:+.3f}"
    return text if float(text) else "0.000"


def _bin_verdict(each: ReliabilityBin) -> str:
    """Say in words whether the mean prediction of a bin is too high or too low."""
    mean = each.mean_prediction
    if mean is None or each.ci_low is None or each.ci_high is None:
        return ""
    if mean < each.ci_low:
        return "too low"
    return "too high" if mean > each.ci_high else ""


def _named(parts: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {names.get(part, part): value for part, value in parts.items()}


def _estimate_record(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    values = (None,) * 3 if estimate is None else tuple(asdict(estimate).values())
    return dict(zip((name, f"{name}_ci_low", f"{name}_ci_high"), values, strict=True))


def _bootstrap_record(bootstrap: Bootstrap) -> dict[str, Any]:
    def ends(intervals: Intervals) -> dict[str, Any]:
        return {part: {"ci_low": low, "ci_high": high} for part, (low, high) in intervals.items()}

    chance = bootstrap.calibrated_q95
    return {
        **picked(bootstrap, "n", "seed"),
        "log_loss": _named(ends(bootstrap.log_loss), LOG_LOSS_NAMES),
        "brier": _named(ends(bootstrap.brier), BRIER_NAMES),
        "calibrated_miscalibration_q95": chance and picked(chance, "log_loss", "brier"),
        "calibrated_miscalibration_p": chance and chance.p_value,
    }
