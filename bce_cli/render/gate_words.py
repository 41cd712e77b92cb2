"""Checks in words: what was found, and why that does not pass."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bce_cli.errors import safe_text
from bce_cli.render.numbers import count, figure, interval, rows

if TYPE_CHECKING:
    from bce_cli.core.gate.judgement import Check, CheckName
    from bce_cli.core.gate.limits import Limits
    from bce_cli.core.report import LossReport

MEASURES: dict[CheckName, str] = {
    "max_loss": "mean loss",
    "min_skill": "skill",
    "max_brier": "Brier score",
    "max_ece": "calibration error",
    "min_rows": "rows",
    "baseline": "mean loss",
}

_MOST_DIGITS = 17  # tell any two float64 apart


def value_text(check: Check) -> str:
    """Show the value with as many digits as tell it from the limit."""
    if check.name == "min_rows":
        return count(int(check.value or 0))
    return figure(check.value, _digits(check.limit, check.value))


def limit_text(check: Check) -> str:
    """Show the limit with as many digits as tell it from the value."""
    if check.name == "min_rows":
        return count(int(check.limit))
    return figure(check.limit, _digits(check.limit, check.value))


def interval_text(check: Check) -> str:
    """Show the interval, if there is one, with as many digits as tell its ends from the limit."""
    low, high = check.ci_low, check.ci_high
    if low is None or high is None:
        return "-"
    digits = _digits(check.limit, low, high, least=4)
    return interval(low, high, digits)


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


def reason(check: Check, report: LossReport, limits: Limits) -> str:
    """Say why a check has not passed."""
    measure = MEASURES[check.name]
    if check.value is None:
        cause = (
            "all labels are the same" if report.base_rate_loss == 0.0 else "the loss is infinite"
        )
        return f"{measure} is undefined, as {cause}"
    if math.isinf(check.value):
        return f"{measure} is infinite: {impossible_rows(report)}"
    if check.name == "min_rows":
        verb = "is" if check.value == 1 else "are"
        noun = "row" if check.value == 1 else "rows"
        return f"{value_text(check)} {noun} {verb} fewer than {limit_text(check)}"
    if check.verdict == "failed":
        return _failed(check, limits)
    found = f"{_subject(check, limits)}{_found(check)}"
    if check.ci_low is None:
        return f"{found} has no interval, {_no_interval(report)}"
    limit = limit_text(check)
    if check.name == "baseline" and limits.budget:
        limit = f"the budget of {limit}"
    return f"{found} is not clear of {limit}"


def _failed(check: Check, limits: Limits) -> str:
    found = _found(check)
    if check.name != "baseline" or limits.baseline is None:
        side = "below" if check.is_least else "above"
        return f"{MEASURES[check.name]} {found} is {side} {limit_text(check)}"
    more = f", more than the budget of {limit_text(check)}" if limits.budget else ""
    return f"mean loss is {found} above that of {safe_text(limits.baseline.source)}{more}"


def _found(check: Check) -> str:
    """Show the value, with its interval if it has one."""
    interval = interval_text(check)
    return value_text(check) if interval == "-" else f"{value_text(check)} ({interval})"


def _subject(check: Check, limits: Limits) -> str:
    if check.name != "baseline" or limits.baseline is None:
        return f"{MEASURES[check.name]} "
    return f"the difference from {safe_text(limits.baseline.source)} of "


def _no_interval(report: LossReport) -> str:
    few = report.effective_n <= 1.0  # but one of them has a weight worth the name
    return "for want of rows" if few else "as its rows show no spread"


def impossible_rows(report: LossReport) -> str:
    """Say how many rows were certain and wrong, and which is the first."""
    verb = "was" if report.n_impossible == 1 else "were"
    first = f"the first is row {count(report.first_impossible_row)}"
    return f"{rows(report.n_impossible)} {verb} certain and wrong, {first}"
