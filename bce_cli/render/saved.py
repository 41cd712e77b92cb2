"""Documents of saved records: what `record` of each has said, said again."""

from __future__ import annotations

import math
from dataclasses import fields as fields_of
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from bce_cli.core.calibration.bins import N_HISTOGRAM_BINS, ReliabilityBin
from bce_cli.core.calibration.bootstrap import Bootstrap, CalibratedMiscalibration
from bce_cli.core.calibration.decomposition import (
    PARTS,
    Decomposition,
    IsotonicCurve,
    SpiegelhalterTest,
)
from bce_cli.core.calibration.fine_bins import UsedBins
from bce_cli.core.calibration.logistic import Estimate, LogisticRecalibration, Obstacle
from bce_cli.core.calibration.report import CalibrationReport, Strategy
from bce_cli.core.comparison import (
    ComparisonReport,
    Difference,
    DifferenceReport,
    Infinite,
    ModelReport,
)
from bce_cli.core.convention_totals import ConventionReport
from bce_cli.core.conventions import Convention
from bce_cli.core.extremes import ChangedRow
from bce_cli.core.gate import Baseline, Check, CheckName, Judgement, Limits, Verdict
from bce_cli.core.groups import SegmentReport
from bce_cli.core.likelihood import LikelihoodProduct
from bce_cli.core.report import NATS_PER, LossReport
from bce_cli.core.rows import FLOAT_TYPES
from bce_cli.core.rules import RULES
from bce_cli.errors import ArgumentError, DataError, safe_text
from bce_cli.render.calibration import BRIER_NAMES, LOG_LOSS_NAMES, CalibrationDocument
from bce_cli.render.check import FIGURES_OF_CHECKS, CheckDocument
from bce_cli.render.compare import FIGURES_OF_MODELS, CompareDocument
from bce_cli.render.compute import ComputeDocument, CostlyRow
from bce_cli.render.conventions import DividedRow
from bce_cli.render.fields import Fields
from bce_cli.render.origin import Origin, Saved, is_doubt
from bce_cli.render.segments import FIGURES_OF_SEGMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from bce_cli.core.calibration.bootstrap import Intervals
    from bce_cli.core.report import Unit

SavedDocument: TypeAlias = "ComputeDocument | CompareDocument | CalibrationDocument | CheckDocument"

_HEAD = ("n", "n_positive", "weight_sum", "base_rate")
_GREATEST = 1e300
"""Of weights: a hundred of them add up to less than infinity."""


def document_of(record: Mapping[str, Any], name: str) -> SavedDocument:
    """Make the document again whose record was saved.

    It says what the first one said, but for the rows that no record has. Null stands for infinity
    where a number can be infinite and is never undefined.

    Parameters
    ----------
    record : mapping
        Of any command that judges predictions; it is left as it is. Keys that are not known are
        kept in the record of the document, and count for nothing else.
    name : str
        What messages call it.

    Raises
    ------
    DataError
        Names the first key that is missing, or whose value is not what it must be.

    Examples
    --------
    >>> document_of({"n": 2}, "saved.json")
    Traceback (most recent call last):
    ...
    bce_cli.errors.DataError: saved.json: no report of bce compute, compare, calibration or check
    """
    fields = Fields(record, name)
    build = next((build for key, build in _BUILDS.items() if key in fields), None)
    if build is None:
        message = f"{safe_text(name)}: no report of bce compute, compare, calibration or check"
        raise DataError(message)
    document = build(fields)
    doubts = tuple(safe_text(note) for note in fields.texts("notes") if is_doubt(note))
    return replace(document, saved=Saved(_restored(record, document.record()), doubts))


def _restored(saved: Any, whole: Any) -> Any:  # noqa: ANN401 -- any JSON value
    """Copy what was saved, with the infinite numbers of the whole in place of null."""
    if isinstance(saved, dict):
        named = whole if isinstance(whole, dict) else {}
        return {key: _restored(value, named.get(key)) for key, value in saved.items()}
    if isinstance(saved, list | tuple):
        items = whole if isinstance(whole, list | tuple) else ()
        return [_restored(*pair) for pair in zip_longest(saved, items[: len(saved)])]
    is_infinite = saved is None and isinstance(whole, float) and math.isinf(whole)
    return whole if is_infinite else saved


def _origin(fields: Fields, columns: tuple[str, ...] = (), known: tuple[str, ...] = ()) -> Origin:
    """Return where rows came from.

    Parameters
    ----------
    fields : Fields
    columns : tuple of str, optional
        The predictions, where no key tells them, as older versions have it.
    known : tuple of str, optional
        Notes that follow from the report.
    """
    is_list = isinstance(fields.members.get("source"), list | tuple)
    predictions = fields.texts("prediction_columns")
    if not predictions:
        is_told = "prediction_column" in fields or not columns
        predictions = (fields.text("prediction_column"),) if is_told else columns
    notes = fields.texts("notes")
    return Origin(
        sources=fields.texts("source") if is_list else (fields.text("source"),),
        label_column=fields.text("label_column"),
        prediction_columns=predictions,
        weight_column=fields.maybe_text("weight_column"),
        labels_source=fields.maybe_text("labels_source"),
        positive_label=fields.maybe_text("positive_label"),
        negative_label=fields.maybe_text("negative_label"),
        of_logits=fields.flag("logits", default=False),
        n_missing=fields.maybe_count("n_missing") or 0,
        n_unmatched=fields.maybe_count("n_unmatched"),
        doubts=tuple(note for note in notes if not is_doubt(note) and note not in known),
    )


def _convention(fields: Fields) -> Convention:
    name = fields.choice("convention", (*RULES, "clip"))
    if name != "clip":
        return Convention(like=name)
    clip = fields.number("clip", 0.0, 0.5)
    try:
        return Convention(clip)
    except ArgumentError:
        fields.refuse("clip", "a number between 0 and 0.5")


def _unit(fields: Fields) -> Unit:
    unit: Unit = fields.choice("unit", NATS_PER)
    return unit


def _beside(fields: Fields, key: str, other: str) -> float | None:
    """Return a number that is undefined only where another one is."""
    is_defined = fields.members.get(other) is not None
    return fields.number(key, null=math.inf) if is_defined else fields.maybe_number(key)


_READERS: dict[str, Callable[[Fields, str], Any]] = {
    "n": lambda fields, key: fields.count(key, 1),
    "n_positive": Fields.count,
    "weight_sum": lambda fields, key: fields.number(key, 0.0, _GREATEST),
    "effective_n": lambda fields, key: fields.number(key, 0.0, _GREATEST),
    "base_rate": lambda fields, key: fields.number(key, 0.0, 1.0),
    "n_clipped": Fields.count,
    "mean_loss": lambda fields, key: fields.number(key, null=math.inf),
    "std_error": lambda fields, key: fields.maybe_number(key, 0.0),
    "total_loss": lambda fields, key: fields.number(key, null=math.inf),
    "log_likelihood": lambda fields, key: fields.number(key, null=-math.inf),
    "log10_likelihood": lambda fields, key: fields.number(key, null=-math.inf),
    "effective_probability": lambda fields, key: fields.number(key, 0.0),
    "base_rate_loss": lambda fields, key: fields.number(key, 0.0),
    "brier": lambda fields, key: fields.number(key, 0.0, 1.0),
    "n_impossible": Fields.count,
    "first_impossible_row": lambda fields, key: fields.maybe_count(key, 1),
    "float_type": lambda fields, key: fields.maybe_choice(key, FLOAT_TYPES),
    "n_certain": Fields.maybe_count,
    "kl_divergence": lambda fields, key: _beside(fields, key, "label_entropy"),
    "reversed_loss": lambda fields, key: _beside(fields, key, "n_certain"),
}
"""How a figure of `LossReport` is read; those that are not here may be undefined."""

_UNKNOWN: dict[str, Any] = {
    **dict.fromkeys(_READERS, math.nan),
    **dict.fromkeys(("n_clipped", "n_impossible"), 0),
    **dict.fromkeys(("std_error", "first_impossible_row", "float_type", "n_certain")),
    **dict.fromkeys(("kl_divergence", "reversed_loss")),
}
"""What stands for a figure that a record does not have."""


_ALL_FIGURES = tuple(field.name for field in fields_of(LossReport) if field.name != "unit")


def _losses(unit: Unit, *parts: tuple[Fields, tuple[str, ...]]) -> LossReport:
    """Return the figures that are told in some places, by name; others are nan, 0 or None."""
    found: dict[str, Any] = {name: _UNKNOWN.get(name) for name in _ALL_FIGURES}
    for fields, names in parts:
        for name in names:
            read = _READERS.get(name, Fields.maybe_number)
            found[name] = read(fields, name)
    return LossReport(unit=unit, **found)


def _of_compute(fields: Fields) -> ComputeDocument:
    unit = _unit(fields)
    report = _losses(unit, (fields, _ALL_FIGURES))
    compared = tuple(map(_compared, fields.all("conventions")))
    columns, segments = _segments(fields, unit)
    return ComputeDocument(
        origin=_origin(fields),
        convention=_convention(fields),
        report=replace(report, float_type=None) if compared else report,
        products=tuple(map(_product, fields.all("products"))),
        worst=tuple(map(_costly, fields.all("worst_rows"))),
        comparison=compared,
        differences=_differences(fields, compared),
        compared_type=report.float_type if compared else None,
        has_soft_labels=fields.flag("soft_labels", default=False),
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


def _which_row(fields: Fields) -> dict[str, Any]:
    return {
        "row": fields.count("row", 1),
        "id": fields.maybe_text("id"),
        "label": fields.number("label", 0.0, 1.0),
        "prediction": fields.number("prediction", 0.0, 1.0),
    }


def _costly(fields: Fields) -> CostlyRow:
    return CostlyRow(
        **_which_row(fields),
        weight=fields.maybe_number("weight", 0.0),
        loss=fields.number("loss", null=math.inf),
        share_of_total=fields.maybe_number("share_of_total"),
    )


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
    which = _which_row(fields)
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
        report=_losses(unit, figures) if has_weight else None,
        share_of_total=fields.maybe_number("share_of_total"),
        is_small=fields.flag("is_small"),
    )


def _of_compare(fields: Fields) -> CompareDocument:
    unit = _unit(fields)
    models = tuple(_model(each, fields, unit) for each in fields.all("models"))
    comparisons = tuple(map(_comparison, fields.all("comparisons")))
    if not comparisons or len(models) != len(comparisons) + 1:
        fields.refuse("comparisons", "one for each model but the first")
    return CompareDocument(
        origin=_origin(fields, tuple(model.name for model in models)),
        convention=_convention(fields),
        report=ComparisonReport(
            n=fields.count("n", 1),
            unit=unit,
            confidence=fields.number("confidence", 0.0, 1.0),
            n_clusters=fields.maybe_count("n_clusters"),
            models=models,
            comparisons=comparisons,
        ),
        cluster_column=fields.maybe_text("cluster_column"),
    )


def _model(fields: Fields, whole: Fields, unit: Unit) -> ModelReport:
    report = _losses(unit, (whole, (*_HEAD, "base_rate_loss")), (fields, FIGURES_OF_MODELS))
    if whole.flag("soft_labels", default=False):
        report = replace(report, label_entropy=math.nan)  # there is one, which is not told
    return ModelReport(
        fields.text("name"),
        report,
        std_error=fields.maybe_number("std_error", 0.0),
        ci_low=fields.maybe_number("ci_low"),
        ci_high=fields.maybe_number("ci_high"),
    )


def _comparison(fields: Fields) -> DifferenceReport:
    counts = {name: fields.count(name) for name in ("n_better", "n_worse", "n_tied")}
    infinite = fields.maybe_choice("infinite", get_args(Infinite))
    if infinite is None:  # so that all rows of some weight are in the difference
        finite = _difference(fields, sum(counts.values()))
    else:
        rest = fields.one("finite")
        finite = _difference(rest, rest.count("n"))
    return DifferenceReport(
        model=fields.text("model"),
        infinite=infinite,
        finite=finite,
        **counts,
        n_only_baseline_infinite=fields.count("n_only_baseline_infinite"),
        n_only_model_infinite=fields.count("n_only_model_infinite"),
        n_both_infinite=fields.count("n_both_infinite"),
        gained=tuple(_changed(row, -math.inf) for row in fields.all("gained")),
        lost=tuple(_changed(row, math.inf) for row in fields.all("lost")),
    )


def _difference(fields: Fields, n: int) -> Difference:
    return Difference(
        n=n,
        value=fields.maybe_number("difference"),
        std_error=fields.maybe_number("std_error", 0.0),
        ci_low=fields.maybe_number("ci_low"),
        ci_high=fields.maybe_number("ci_high"),
        t=fields.maybe_number("t"),
        df=fields.maybe_count("df"),
        p_value=fields.maybe_number("p_value", 0.0, 1.0),
        p_adjusted=fields.maybe_number("p_adjusted", 0.0, 1.0),
    )


def _changed(fields: Fields, greatest: float) -> ChangedRow:
    return ChangedRow(
        **_which_row(fields),
        baseline_prediction=fields.number("baseline_prediction", 0.0, 1.0),
        difference=fields.number("difference", null=greatest),
    )


def _of_calibration(fields: Fields) -> CalibrationDocument:
    n, bins = fields.count("n", 1), tuple(map(_bin, fields.all("bins")))
    histogram, used = fields.numbers("histogram", 0.0, _GREATEST), fields.maybe_one("fine_bins")
    if histogram and (len(histogram) != N_HISTOGRAM_BINS or not any(histogram)):
        fields.refuse("histogram", f"{N_HISTOGRAM_BINS} weights, not all of them 0")
    n_weighted, effective_n = (
        fields.maybe_count("n_weighted", 1),
        fields.maybe_number("effective_n", 0.0, _GREATEST),
    )
    report = CalibrationReport(
        n=n,
        n_weighted=n if n_weighted is None else n_weighted,
        n_positive=fields.count("n_positive"),
        weight_sum=fields.number("weight_sum", 0.0, _GREATEST),
        effective_n=n if effective_n is None else effective_n,
        base_rate=fields.number("base_rate", 0.0, 1.0),
        mean_prediction=fields.number("mean_prediction", 0.0, 1.0),
        unit=_unit(fields),
        log_loss=_log_loss(fields),
        brier=_parts(fields.one("brier"), BRIER_NAMES),
        bootstrap=_bootstrap(fields.maybe_one("bootstrap")),
        strategy=fields.choice("strategy", get_args(Strategy)),
        n_bins=fields.maybe_count("n_bins", 1) or len(bins),
        bins=bins,
        ece=fields.number("ece", 0.0),
        mce=fields.number("mce", 0.0),
        curve=_curve(fields),
        histogram=histogram,
        logistic=_logistic(fields),
        spiegelhalter=_spiegelhalter(fields),
        n_impossible=fields.count("n_impossible"),
        first_impossible_row=fields.maybe_count("first_impossible_row", 1),
        has_soft_labels=fields.flag("soft_labels", default=False),
        are_classes=False,
        is_reversed=False,
        reversed_loss=None,
        fine_bins=None if used is None else UsedBins(used.count("n"), used.count("n_coarse")),
    )
    document = CalibrationDocument(_origin(fields), report)
    return replace(document, origin=_origin(fields, known=document.notes))


def _log_loss(fields: Fields) -> Decomposition:
    """Return the parts of the log loss, whose mean stands beside them."""
    parts = fields.one("log_loss")
    mean = fields.number("mean_loss", null=math.inf)
    whole = Fields({**parts.members, "mean_loss": mean}, parts.name, parts.place)
    return _parts(whole, LOG_LOSS_NAMES)


def _parts(fields: Fields, names: dict[str, str]) -> Decomposition:
    infinite = {"mean": math.inf, "miscalibration": math.inf}
    return Decomposition(
        **{part: fields.number(names.get(part, part), null=infinite.get(part)) for part in PARTS},
        within_bins=fields.maybe_number("within_bins"),
    )


def _bootstrap(fields: Fields | None) -> Bootstrap | None:
    if fields is None:
        return None
    chance = fields.maybe_one("calibrated_miscalibration_q95")
    return Bootstrap(
        n=fields.count("n", 1),
        seed=fields.count("seed"),
        log_loss=_intervals(fields.one("log_loss"), LOG_LOSS_NAMES),
        brier=_intervals(fields.one("brier"), BRIER_NAMES),
        calibrated_q95=None
        if chance is None
        else CalibratedMiscalibration(
            log_loss=chance.number("log_loss"),
            brier=chance.number("brier"),
            p_value=fields.number("calibrated_miscalibration_p", 0.0, 1.0),
        ),
    )


def _intervals(fields: Fields, names: dict[str, str]) -> Intervals:
    found = {part: fields.one(names.get(part, part)) for part in PARTS}
    return {
        part: (each.number("ci_low", null=math.inf), each.number("ci_high", null=math.inf))
        for part, each in found.items()
    }


def _logistic(fields: Fields) -> LogisticRecalibration:
    obstacles = get_args(Obstacle)
    return LogisticRecalibration(
        slope=_estimate(fields, "slope"),
        intercept=_estimate(fields, "intercept"),
        calibration_in_the_large=_estimate(fields, "calibration_in_the_large"),
        n_in_fit=fields.count("n_in_fit"),
        obstacle=fields.maybe_choice("slope_obstacle", obstacles),
        obstacle_in_the_large=fields.maybe_choice("calibration_in_the_large_obstacle", obstacles),
        line_p=fields.maybe_number("slope_intercept_p", 0.0, 1.0),
        mean_p=fields.maybe_number("mean_p", 0.0, 1.0),
    )


def _estimate(fields: Fields, name: str) -> Estimate | None:
    value = fields.maybe_number(name)
    if value is None:
        return None
    low = fields.number(f"{name}_ci_low", null=-math.inf)
    return Estimate(value, low, fields.number(f"{name}_ci_high", null=math.inf))


def _spiegelhalter(fields: Fields) -> SpiegelhalterTest | None:
    z = fields.maybe_number("spiegelhalter_z")
    return None if z is None else SpiegelhalterTest(z, fields.number("spiegelhalter_p", 0.0, 1.0))


def _bin(fields: Fields) -> ReliabilityBin:
    return ReliabilityBin(
        low=fields.number("low", 0.0, 1.0),
        high=fields.number("high", 0.0, 1.0),
        n=fields.count("n"),
        weight_sum=fields.number("weight_sum", 0.0, _GREATEST),
        mean_prediction=fields.maybe_number("mean_prediction", 0.0, 1.0),
        event_rate=fields.maybe_number("event_rate", 0.0, 1.0),
        ci_low=fields.maybe_number("ci_low", 0.0, 1.0),
        ci_high=fields.maybe_number("ci_high", 0.0, 1.0),
    )


def _curve(fields: Fields) -> IsotonicCurve:
    pools = fields.all("isotonic")
    lows, highs, rates = (
        np.array([pool.number(key, 0.0, 1.0) for pool in pools], np.float64)
        for key in ("low", "high", "recalibrated")
    )
    if np.any(lows > highs) or np.any(highs[:-1] > lows[1:]):
        fields.refuse("isotonic", "a list of pools in their order")
    return IsotonicCurve(lows, highs, rates)


def _of_check(fields: Fields) -> CheckDocument:
    checks = tuple(map(_check, fields.all("checks")))
    told = [name for name in FIGURES_OF_CHECKS if name in fields]  # older versions tell less
    report = _losses(_unit(fields), (fields, ("n", *told)))
    judgement = Judgement(report, checks)
    if not checks:
        fields.refuse("checks", "a list of one or more")
    if fields.text("verdict") != judgement.verdict:
        fields.refuse("verdict", f"that of its checks, {judgement.verdict}")
    return CheckDocument(_origin(fields), _convention(fields), _limits(fields, checks), judgement)


def _check(fields: Fields) -> Check:
    name = fields.choice("name", get_args(CheckName))
    can_be_infinite = name in ("max_loss", "baseline")
    return Check(
        name=name,
        value=fields.number("value", null=math.inf)
        if can_be_infinite
        else fields.maybe_number("value"),
        ci_low=fields.maybe_number("ci_low"),
        ci_high=fields.maybe_number("ci_high"),
        limit=fields.number("limit"),
        verdict=fields.choice("verdict", get_args(Verdict)),
    )


def _limits(fields: Fields, checks: tuple[Check, ...]) -> Limits:
    limits: dict[str, Any] = {check.name: check.limit for check in checks}
    against = fields.maybe_one("baseline")
    if ("baseline" in limits) != (against is not None):
        fields.refuse("baseline", "told if one is checked against, and then alone")
    if against is not None:
        limits["budget"] = limits.pop("baseline")
        limits["baseline"] = Baseline(
            source=against.text("source"),
            mean_loss=against.number("mean_loss"),
            unit=_unit(against),
            std_error=against.maybe_number("std_error", 0.0),
        )
    n_bins = fields.maybe_count("bins", 1)
    if n_bins is not None:
        limits["n_bins"] = n_bins
    try:
        return Limits(**limits, confident=fields.flag("confident"))
    except ArgumentError as error:
        message = f"{safe_text(fields.name)}: {error}"
        raise DataError(message) from None


_BUILDS: dict[str, Callable[[Fields], SavedDocument]] = {
    "checks": _of_check,
    "comparisons": _of_compare,
    "log_loss": _of_calibration,
    "effective_probability": _of_compute,
}
"""Each command by a key that no other's record has."""
