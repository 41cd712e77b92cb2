"""A gate: predictions pass if they keep their limits, fail, or leave it undecided."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from bce_cli.core.comparison.differences import Difference
from bce_cli.core.conventions import EXACT, Convention
from bce_cli.core.gate.figures import (
    Evidence,
    Figure,
    against_figure,
    auc_figure,
    baseline_figure,
    brier_figure,
    calibration_figure,
    loss_figure,
    miscalibration_figure,
    rows_figure,
    skill_figure,
)
from bce_cli.core.report import NATS_PER, loss_report
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bce_cli.core.gate.limits import Limits
    from bce_cli.core.gate.totals import GateTotals
    from bce_cli.core.report import LossReport, Unit
    from bce_cli.core.rows import Rows

Verdict: TypeAlias = Literal["passed", "failed", "undecided"]
CheckName: TypeAlias = Literal[
    "max_loss",
    "min_skill",
    "max_brier",
    "min_auc",
    "max_miscalibration",
    "max_ece",
    "min_rows",
    "baseline",
    "against",
]


@dataclass(frozen=True, slots=True)
class Check:
    """One limit, and what was found.

    Attributes
    ----------
    name : str
        That of the option, with underscores.
    value : float or int or None
        May be infinite; None if undefined. For a baseline and another model, the difference of the
        mean loss from theirs; that from a model is minus infinity where only the other has failed,
        and passes where the rows on which both are finite do; else it is undecided.
    ci_low, ci_high : float or None
        The interval of the value; None if none was asked for, or there is none.
    limit : float or int
        For a baseline and another model, the budget.
    verdict : {"passed", "failed", "undecided"}
    detectable_difference : float or None
        The least distance from the limit that as many rows like these tell, with a chance of 80 %;
        None without an interval from one standard error. See `bce_cli.core.inference.Power`.
    rows_needed : int or None
        Rows that would tell the distance that was seen.
    """

    name: CheckName
    value: float | None
    ci_low: float | None
    ci_high: float | None
    limit: float
    verdict: Verdict
    detectable_difference: float | None = None
    rows_needed: int | None = None

    @property
    def is_least(self) -> bool:
        """Whether the value must be at least the limit, rather than at most."""
        return self.name.startswith("min_")


@dataclass(frozen=True, slots=True)
class Rival:
    """Another model on the same rows.

    Attributes
    ----------
    report : LossReport
    n_better, n_worse, n_tied : int
        Rows on which the judged model's loss is lower, higher and the same.
    finite : Difference or None
        Where a loss is infinite: the mean difference over rows on which both are finite, if any,
        with an interval if one was asked for.
    """

    report: LossReport
    n_better: int
    n_worse: int
    n_tied: int
    finite: Difference | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What all checks came to.

    Attributes
    ----------
    report : LossReport
    checks : tuple of Check
        At least one.
    rival : Rival, optional
        Where one was held against.
    n_clusters : int, optional
    effective_clusters : float, optional
        Clusters, and how many there are in effect (`Moments.effective_n`); None where rows were
        taken to be independent.
    auc_ci_is_too_narrow : bool, optional
        See `Discrimination`; None where no interval of AUC was asked for.
    """

    report: LossReport
    checks: tuple[Check, ...]
    rival: Rival | None = None
    n_clusters: int | None = None
    effective_clusters: float | None = None
    auc_ci_is_too_narrow: bool | None = None

    @property
    def verdict(self) -> Verdict:
        """Failed if a check has failed; else undecided if one is; else passed."""
        verdicts = {check.verdict for check in self.checks}
        if "failed" in verdicts:
            return "failed"
        return "undecided" if "undecided" in verdicts else "passed"


def judge(
    totals: GateTotals,
    limits: Limits,
    unit: Unit = "nats",
    rows: Rows | None = None,
    convention: Convention = EXACT,
) -> Judgement:
    """Hold some rows to their limits.

    Parameters
    ----------
    totals : GateTotals
        Made by `GateTotals.of` with the same limits.
    limits : Limits
    unit : {"nats", "bits"}, default "nats"
        Of the losses, and of the limits of losses.
    rows : Rows, optional
        The same rows, none left out, where `limits.needs_rows`.
    convention : Convention, default exact
        That of the totals.

    Raises
    ------
    DataError
        If there are no rows, or none with a weight; or the baseline is of predictions of another
        float type, on which the limits of the convention depend.
    ArgumentError
        Miscalibration was asked for under the convention of another library.

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
    limits.check_convention(convention)
    report = loss_report(totals.losses, unit)
    if limits.baseline is not None:
        limits.baseline.refuse_other_type(report.float_type)
    evidence = Evidence(totals, report, limits, *_held(rows, convention, limits))
    checks = tuple(_checks(evidence))
    if evidence.n_clusters is not None:
        error = evidence.mean_error
        report = replace(report, std_error=None if error is None else error / NATS_PER[unit])
    return Judgement(
        report,
        checks,
        _rival(evidence),
        evidence.n_clusters,
        evidence.effective_clusters,
        evidence.auc_ci_is_too_narrow,
    )


def _held(
    rows: Rows | None, convention: Convention, limits: Limits
) -> tuple[Rows | None, Rows | None]:
    """Return rows as the convention counts them, and with predictions as it clips them."""
    if rows is None:
        return None, None
    rows = convention.hardened(convention.held(rows))
    if limits.max_miscalibration is None or convention.name == "exact":
        return rows, rows
    low = convention.clip
    assert low is not None  # noqa: S101 -- the others are refused
    clipped = np.clip(rows.probabilities, low, 1.0 - low)
    return rows, replace(rows, probabilities=clipped, logits=None)


def _rival(of: Evidence) -> Rival | None:
    rival = of.totals.rival
    if rival is None:
        return None
    found, rest = rival.difference, against_figure(of).rest
    finite = None
    if rest is not None:
        finite = Difference(found.moments.n, rest.value, ci_low=rest.low, ci_high=rest.high)
    report = loss_report(rival.losses, of.report.unit)
    return Rival(report, found.n_better, found.n_worse, found.n_tied, finite)


_FIGURES: dict[CheckName, Callable[[Evidence], Figure]] = {
    "max_loss": loss_figure,
    "min_skill": skill_figure,
    "max_brier": brier_figure,
    "min_auc": auc_figure,
    "max_miscalibration": miscalibration_figure,
    "max_ece": calibration_figure,
    "min_rows": rows_figure,
}
"""What is held to each limit that is a number of its own."""


def _checks(of: Evidence) -> Iterator[Check]:
    limits = of.limits
    for name, figure_of in _FIGURES.items():
        limit = getattr(limits, name)
        if limit is not None:
            confident = limits.confident and name != "min_rows"
            yield _check(name, figure_of(of), limit, confident=confident)
    if limits.baseline is not None:
        figure = baseline_figure(of, limits.baseline)
        yield _check("baseline", figure, limits.budget, confident=limits.confident)
    if limits.against:
        yield _check("against", against_figure(of), limits.budget, confident=limits.confident)


def _check(name: CheckName, figure: Figure, limit: float, *, confident: bool) -> Check:
    is_least = name.startswith("min_")
    verdict = _verdict(figure, limit, is_least=is_least, confident=confident)
    return Check(name, figure.value, figure.low, figure.high, limit, verdict, *figure.power)


def _verdict(figure: Figure, limit: float, *, is_least: bool, confident: bool) -> Verdict:
    """Judge by the interval or the point; a loss that is infinite or undefined never passes.

    Where only the other model's is infinite, the rows on which both are finite must pass as well,
    and if they do not, nobody can say which counts for more.
    """
    value, low, high = figure.value, figure.low, figure.high
    if value == -math.inf and not is_least:  # the other model's loss is infinite alone
        if figure.rest is None:
            return "passed"
        rest = _verdict(figure.rest, limit, is_least=is_least, confident=confident)
        return "passed" if rest == "passed" else "undecided"
    if value is None or math.isinf(value):
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
