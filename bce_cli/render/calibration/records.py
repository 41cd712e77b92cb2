"""What `bce calibration` found, for programs: JSON and CSV, in full precision."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bce_cli.core.calibration.fine_bins import GREATEST_ODDS_RATIO
from bce_cli.render.origin import origin_record

if TYPE_CHECKING:
    from bce_cli.core.calibration.bootstrap import Bootstrap, Intervals
    from bce_cli.core.calibration.logistic import Estimate
    from bce_cli.core.calibration.report import CalibrationReport
    from bce_cli.render.origin import Origin

_LOG_LOSS_NAMES = {"mean": "mean_loss", "recalibrated": "recalibrated_loss"}
_BRIER_NAMES = {"mean": "score", "recalibrated": "recalibrated_score"}


def calibration_record(report: CalibrationReport, origin: Origin) -> dict[str, Any]:
    """Return all figures by name."""
    fit, test, curve = report.logistic, report.spiegelhalter, report.curve
    log_loss = _named(asdict(report.log_loss), _LOG_LOSS_NAMES)
    return {
        **origin_record(origin),
        "n": report.n,
        "n_positive": report.n_positive,
        "weight_sum": report.weight_sum,
        "base_rate": report.base_rate,
        "mean_prediction": report.mean_prediction,
        "n_missing": origin.n_missing,
        "n_unmatched": origin.n_unmatched,
        "unit": report.unit,
        "mean_loss": log_loss.pop("mean_loss"),
        "log_loss": log_loss,
        "brier": _named(asdict(report.brier), _BRIER_NAMES),
        "bootstrap": None if report.bootstrap is None else _bootstrap(report.bootstrap),
        "fine_bins": _fine_bins(report),
        "strategy": report.strategy,
        "ece": report.ece,
        "mce": report.mce,
        **_estimate("slope", fit.slope),
        **_estimate("intercept", fit.intercept),
        **_estimate("calibration_in_the_large", fit.calibration_in_the_large),
        "n_in_fit": fit.n_in_fit,
        "spiegelhalter_z": None if test is None else test.z,
        "spiegelhalter_p": None if test is None else test.p_value,
        "n_impossible": report.n_impossible,
        "first_impossible_row": report.first_impossible_row,
        "bins": bin_lines(report),
        "isotonic": [
            {"low": low, "high": high, "recalibrated": rate}
            for low, high, rate in zip(
                curve.lows.tolist(), curve.highs.tolist(), curve.rates.tolist(), strict=True
            )
        ],
    }


def bin_lines(report: CalibrationReport) -> list[dict[str, Any]]:
    """Return a line for each bin."""
    return [asdict(each) for each in report.bins]


def _fine_bins(report: CalibrationReport) -> dict[str, Any] | None:
    if report.fine_bins is None:
        return None
    return {**asdict(report.fine_bins), "greatest_odds_ratio": GREATEST_ODDS_RATIO}


def _named(parts: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {names.get(part, part): value for part, value in parts.items()}


def _estimate(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    values = (None,) * 3 if estimate is None else tuple(asdict(estimate).values())
    return dict(zip((name, f"{name}_ci_low", f"{name}_ci_high"), values, strict=True))


def _bootstrap(bootstrap: Bootstrap) -> dict[str, Any]:
    chance = bootstrap.calibrated_q95
    return {
        "n": bootstrap.n,
        "seed": bootstrap.seed,
        "log_loss": _named(_intervals(bootstrap.log_loss), _LOG_LOSS_NAMES),
        "brier": _named(_intervals(bootstrap.brier), _BRIER_NAMES),
        "calibrated_miscalibration_q95": None if chance is None else asdict(chance),
    }


def _intervals(intervals: Intervals) -> dict[str, Any]:
    return {part: {"ci_low": low, "ci_high": high} for part, (low, high) in intervals.items()}
