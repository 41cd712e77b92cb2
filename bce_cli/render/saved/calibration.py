"""What `bce calibration` saved, as a document again."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import numpy as np

from bce_cli.core.calibration.bins import N_HISTOGRAM_BINS, ReliabilityBin
from bce_cli.core.calibration.bootstrap import Bootstrap, CalibratedMiscalibration
from bce_cli.core.calibration.decomposition import (
    PARTS,
    Decomposition,
    IsotonicCurve,
    SpiegelhalterTest,
)
from bce_cli.core.calibration.discrimination import Discrimination
from bce_cli.core.calibration.fine_bins import UsedBins
from bce_cli.core.calibration.log_odds import Obstacle
from bce_cli.core.calibration.logistic import Estimate, LogisticRecalibration, shift_p
from bce_cli.core.calibration.plan import Strategy
from bce_cli.core.calibration.report import CalibrationReport
from bce_cli.core.fields import Fields
from bce_cli.core.recalibration.gain import SimpleGain
from bce_cli.core.recalibration.maps import METHODS
from bce_cli.core.report import NORMAL_QUANTILE
from bce_cli.render.calibration import BRIER_NAMES, LOG_LOSS_NAMES, CalibrationDocument
from bce_cli.render.saved.parts import GREATEST_WEIGHT, origin_of, unit_of

if TYPE_CHECKING:
    from bce_cli.core.calibration.bootstrap import Intervals


def calibration_document(fields: Fields) -> CalibrationDocument:
    """Make the document again; one in brief has no bins, no curve and no histogram."""
    n, bins = fields.count("n", 1), tuple(map(_bin, fields.all("bins")))
    n_weighted = fields.maybe_count("n_weighted", 1)
    effective_n = fields.maybe_number("effective_n", 0.0, GREATEST_WEIGHT)
    used = fields.maybe_one("fine_bins")
    report = CalibrationReport(
        n=n,
        n_weighted=n if n_weighted is None else n_weighted,
        n_positive=fields.count("n_positive"),
        weight_sum=fields.number("weight_sum", 0.0, GREATEST_WEIGHT),
        effective_n=n if effective_n is None else effective_n,
        base_rate=fields.number("base_rate", 0.0, 1.0),
        mean_prediction=fields.number("mean_prediction", 0.0, 1.0),
        unit=unit_of(fields),
        log_loss=_log_loss(fields),
        brier=_parts(fields.one("brier"), BRIER_NAMES),
        bootstrap=_bootstrap(fields.maybe_one("bootstrap")),
        strategy=fields.choice("strategy", get_args(Strategy)),
        n_bins=fields.maybe_count("n_bins", 1) or len(bins),
        bins=bins,
        ece=fields.number("ece", 0.0),
        mce=fields.number("mce", 0.0),
        curve=_curve(fields),
        histogram=_histogram(fields),
        logistic=_logistic(fields),
        spiegelhalter=_spiegelhalter(fields),
        n_impossible=fields.count("n_impossible"),
        first_impossible_row=fields.maybe_count("first_impossible_row", 1),
        has_soft_labels=fields.flag("soft_labels", default=False),
        are_classes=False,
        is_reversed=False,
        reversed_loss=None,
        fine_bins=None if used is None else UsedBins(used.count("n"), used.count("n_coarse")),
        confidence=fields.number("confidence", 0.0, 1.0) if "confidence" in fields else 0.95,
        n_clusters=fields.maybe_count("n_clusters", 1),
        effective_clusters=fields.maybe_number("effective_clusters", 0.0),
        std_error=fields.maybe_number("std_error", 0.0),
        ci_low=fields.maybe_number("ci_low"),
        ci_high=fields.maybe_number("ci_high"),
        skill=fields.maybe_number("skill"),
        skill_ci_low=fields.maybe_number("skill_ci_low"),
        skill_ci_high=fields.maybe_number("skill_ci_high"),
        brier_ci_low=fields.maybe_number("brier_ci_low"),
        brier_ci_high=fields.maybe_number("brier_ci_high"),
        discrimination=_discrimination(fields),
    )
    document = CalibrationDocument(
        origin_of(fields),
        report,
        _gain(fields),
        cluster_column=fields.maybe_text("cluster_column"),
    )
    return replace(document, origin=origin_of(fields, known=document.notes))


def _discrimination(fields: Fields) -> Discrimination:
    ends = (fields.maybe_number(f"auc_ci_{end}", 0.0, 1.0) for end in ("low", "high"))
    auc, (low, high) = fields.maybe_number("auc", 0.0, 1.0), ends
    is_too_narrow = fields.flag("auc_ci_is_too_narrow", default=False)
    return Discrimination(auc, None, low, high, is_too_narrow=is_too_narrow)


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
        shift_p=_shift_p(fields),
        line_p=fields.maybe_number("slope_intercept_p", 0.0, 1.0),
        mean_p=fields.maybe_number("mean_p", 0.0, 1.0),
    )


def _shift_p(fields: Fields) -> float | None:
    """Return the p value of calibration in the large, which older reports leave to its interval."""
    if "calibration_in_the_large_p" in fields:
        return fields.maybe_number("calibration_in_the_large_p", 0.0, 1.0)
    shift = _estimate(fields, "calibration_in_the_large")
    return None if shift is None else shift_p(shift, NORMAL_QUANTILE)


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
        weight_sum=fields.number("weight_sum", 0.0, GREATEST_WEIGHT),
        mean_prediction=fields.maybe_number("mean_prediction", 0.0, 1.0),
        event_rate=fields.maybe_number("event_rate", 0.0, 1.0),
        ci_low=fields.maybe_number("ci_low", 0.0, 1.0),
        ci_high=fields.maybe_number("ci_high", 0.0, 1.0),
    )


def _gain(fields: Fields) -> SimpleGain | None:
    told = fields.maybe_one("cross_fitted")
    if told is None:
        return None
    return SimpleGain(
        method=told.choice("method", METHODS),
        n=told.count("n", 1),
        folds=told.count("folds", 2),
        loss=told.number("loss", 0.0),
        removed=told.number("removed", null=math.inf),
        ci_low=told.maybe_number("ci_low"),
        ci_high=told.maybe_number("ci_high"),
    )


def _histogram(fields: Fields) -> tuple[float, ...]:
    heights = fields.numbers("histogram", 0.0, GREATEST_WEIGHT)
    if heights and (len(heights) != N_HISTOGRAM_BINS or not any(heights)):
        fields.refuse("histogram", f"{N_HISTOGRAM_BINS} weights, not all of them 0")
    return heights


def _curve(fields: Fields) -> IsotonicCurve:
    pools = fields.all("isotonic")
    lows, highs, rates = (
        np.array([pool.number(key, 0.0, 1.0) for pool in pools], np.float64)
        for key in ("low", "high", "recalibrated")
    )
    if np.any(lows > highs) or np.any(highs[:-1] > lows[1:]):
        fields.refuse("isotonic", "a list of pools in their order")
    return IsotonicCurve(lows, highs, rates)
