"""Whether predictions keep their limits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from bce_cli.core.gate.estimates import (
    Estimate,
    baseline_estimate,
    brier_estimate,
    calibration_estimate,
    loss_estimate,
    skill_estimate,
)
from bce_cli.core.report import loss_report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bce_cli.core.gate.limits import Limits
    from bce_cli.core.gate.totals import GateTotals
    from bce_cli.core.report import LossReport, Unit

Verdict: TypeAlias = Literal["passed", "failed", "undecided"]
CheckName: TypeAlias = Literal[
    "max_loss", "min_skill", "max_brier", "max_ece", "min_rows", "baseline"
]


@dataclass(frozen=True, slots=True)
class Check:
    """One limit, and what was found.

    Attributes
    ----------
    name : str
        That of the option, with underscores.
    value : float or int or None
        May be infinite; None if undefined. For a baseline, the difference of the mean loss from
        it.
    ci_low, ci_high : float or None
        The 95 % interval of the value; None if none was asked for, or there is none.
    limit : float or int
        For a baseline, the budget.
    verdict : {"passed", "failed", "undecided"}
    """

    name: CheckName
    value: float | None
    ci_low: float | None
    ci_high: float | None
    limit: float
    verdict: Verdict

    @property
    def is_least(self) -> bool:
        """Whether the value must be at least the limit, rather than at most."""
        return self.name.startswith("min_")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What all checks came to.

    Attributes
    ----------
    report : LossReport
    checks : tuple of Check
        At least one.
    """

    report: LossReport
    checks: tuple[Check, ...]

    @property
    def verdict(self) -> Verdict:
        """Failed if a check has failed; else undecided if one is; else passed."""
        verdicts = {check.verdict for check in self.checks}
        if "failed" in verdicts:
            return "failed"
        return "undecided" if "undecided" in verdicts else "passed"


def judge(totals: GateTotals, limits: Limits, unit: Unit = "nats") -> Judgement:
    """Hold some rows to their limits.

    Parameters
    ----------
    totals : GateTotals
        Made by `GateTotals.of` with the same limits.
    limits : Limits
    unit : {"nats", "bits"}, default "nats"
        Of the losses, and of the limits of losses.

    Raises
    ------
    DataError
        If there are no rows, or none with a weight.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.gate.limits import Limits
    >>> from bce_cli.core.gate.totals import GateTotals
    >>> from bce_cli.core.rows import Rows
    >>> limits = Limits(max_brier=0.25, min_rows=3)
    >>> totals = GateTotals.of(Rows(np.array([True, False]), np.array([0.5, 0.5])), limits)
    >>> judgement = judge(totals, limits)
    >>> [check.verdict for check in judgement.checks], judgement.verdict
    (['passed', 'failed'], 'failed')
    """
    report = loss_report(totals.losses, unit)
    return Judgement(report, tuple(_checks(totals, limits, report)))


def _checks(totals: GateTotals, limits: Limits, report: LossReport) -> Iterator[Check]:
    confident, baseline = limits.confident, limits.baseline
    if limits.max_loss is not None:
        yield _check("max_loss", loss_estimate(totals, report), limits.max_loss, confident)
    if limits.min_skill is not None:
        yield _check("min_skill", skill_estimate(totals, report), limits.min_skill, confident)
    if limits.max_brier is not None:
        yield _check("max_brier", brier_estimate(totals, report), limits.max_brier, confident)
    if limits.max_ece is not None:
        yield _check("max_ece", calibration_estimate(totals), limits.max_ece, confident)
    if limits.min_rows is not None:
        yield _check("min_rows", Estimate(totals.n_weighted), limits.min_rows, confident=False)
    if baseline is not None:
        estimate = baseline_estimate(totals, report, baseline, limits.budget)
        yield _check("baseline", estimate, limits.budget, confident)


def _check(name: CheckName, estimate: Estimate, limit: float, confident: bool) -> Check:
    if not confident:
        estimate = Estimate(estimate.value)
    is_least = name.startswith("min_")
    verdict = _verdict(estimate, limit, is_least=is_least, confident=confident)
    return Check(name, estimate.value, estimate.low, estimate.high, limit, verdict)


def _verdict(estimate: Estimate, limit: float, *, is_least: bool, confident: bool) -> Verdict:
    """Judge by the interval or the point; what is infinite or undefined never passes."""
    value, low, high = estimate.value, estimate.low, estimate.high
    if value is None or not math.isfinite(value):
        return "failed"
    if not confident:
        low = high = value
    if low is None or high is None:
        return "undecided"
    if is_least:
        low, high, limit = -high, -low, -limit
    if high <= limit:
        return "passed"
    return "failed" if low > limit else "undecided"
