"""What a comparison says, in one sentence a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.errors import safe_text
from bce_cli.render.numbers import count, figure, rows

if TYPE_CHECKING:
    from bce_cli.core.comparison.report import ComparisonReport, Difference, DifferenceReport

_DIGITS = 4


def verdict(item: DifferenceReport, report: ComparisonReport) -> str:
    """Say which of two models is better, or that it cannot be told."""
    if item.infinite is None:
        return _finite_verdict(item, report)
    if not item.finite.n:
        rest = "There is no row on which both losses are finite."
    else:
        rest = f"Where both losses are finite, {_finite_verdict(item, report, 'no')}"
    return f"{_infinite_verdict(item, report)} {rest}"


def _infinite_verdict(item: DifferenceReport, report: ComparisonReport) -> str:
    model, baseline = safe_text(item.model), safe_text(report.models[0].name)
    if item.infinite == "both":
        return (
            f"The mean losses of both {model} and {baseline} are infinite, and cannot be compared."
        )
    loser, n = (baseline, item.n_only_baseline_infinite)
    if item.infinite == "model":
        loser, n = (model, item.n_only_model_infinite)
    winner = model if loser == baseline else baseline
    return (
        f"{winner} is better: {loser} was certain and wrong on {rows(n)}, where {winner} was not, "
        "and that costs infinity."
    )


def _finite_verdict(item: DifferenceReport, report: ComparisonReport, no: str = "No") -> str:
    found = item.finite
    model, baseline = safe_text(item.model), safe_text(report.models[0].name)
    value, low, high = found.value, found.ci_low, found.ci_high
    if value is None or low is None or high is None:
        basis = _basis(found, report)
        return f"{no} difference between {model} and {baseline} can be told from {basis}."
    if found.t is None:
        return _constant_verdict(value, model, baseline, report)
    if found.p_adjusted is None or found.p_adjusted > 1.0 - report.confidence:
        interval = f"{figure(value, _DIGITS)} [{figure(low, _DIGITS)}, {figure(high, _DIGITS)}]"
        basis = f"{_basis(found, report)}: {interval} {report.unit} a row"
        if found.p_value is not None and found.p_value <= 1.0 - report.confidence:
            n = len(report.comparisons)
            basis += f"; the interval alone leaves out 0, but in {n} comparisons that may be chance"
        return f"{no} difference between {model} and {baseline} can be told from {basis}."
    better, worse, size = (model, baseline, (-value, -high, -low))
    if value > 0.0:
        better, worse, size = (baseline, model, (value, low, high))
    amount, least, most = (figure(number, _DIGITS) for number in size)
    return f"{better} is better than {worse} by {amount} {report.unit} a row [{least}, {most}]."


def _constant_verdict(value: float, model: str, baseline: str, report: ComparisonReport) -> str:
    """Say what differences come to that do not vary, so that no test applies."""
    if value == 0.0:
        return f"{model} and {baseline} cost the same."
    better, worse = (model, baseline) if value < 0.0 else (baseline, model)
    amount = f"{figure(abs(value), _DIGITS)} {report.unit}"
    return f"On these rows {better} is better than {worse}, by {amount} on each; no test applies."


def _basis(found: Difference, report: ComparisonReport) -> str:
    if report.n_clusters is None:
        return rows(found.n)
    clusters = "1 cluster" if found.df is None else f"{count(found.df + 1)} clusters"
    return f"{rows(found.n)} in {clusters}"
