"""The reliability table: what was said and what happened, bin by bin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.render.numbers import count, figure, interval
from bce_cli.render.section import Column, Section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.calibration.bins import ReliabilityBin
    from bce_cli.core.calibration.report import CalibrationReport

_DIGITS = 4
_NOTE = (
    "Bins are (low, high], the first with its low end. Gap: event rate minus mean prediction. "
    "Verdict: where the mean prediction lies outside the interval of the event rate; of calibrated "
    "bins, about one in twenty strays so by chance."
)


def reliability_section(report: CalibrationReport, *, has_weights: bool) -> Section:
    """Show all bins, and mark those whose mean prediction lies outside the interval."""
    weights = (Column("weight"),) if has_weights else ()
    digits = _edge_digits(report.bins)
    how = "equal width" if report.strategy == "uniform" else "about as many rows each"
    return Section(
        title=f"Predictions in bins of {how}, and what happened",
        columns=(
            Column("predictions"),
            Column("rows"),
            *weights,
            Column("mean"),
            Column("event rate"),
            Column("95 % interval"),
            Column("gap"),
            Column("verdict", is_text=True),
        ),
        rows=tuple(_row(each, digits, has_weights=has_weights) for each in report.bins),
        notes=(_NOTE,),
        marked=frozenset(i for i, each in enumerate(report.bins) if verdict(each)),
    )


def _edge_digits(bins: Sequence[ReliabilityBin]) -> int:
    """Return the digits that tell all edges apart."""
    edges = {edge for each in bins for edge in (each.low, each.high)}
    enough = (d for d in range(_DIGITS, 18) if len({figure(e, d) for e in edges}) == len(edges))
    return next(enough, 17)


def _row(each: ReliabilityBin, edge_digits: int, *, has_weights: bool) -> tuple[str, ...]:
    mean, rate = each.mean_prediction, each.event_rate
    return (
        interval(each.low, each.high, edge_digits),
        count(each.n),
        *((figure(each.weight_sum, _DIGITS),) if has_weights else ()),
        figure(mean, _DIGITS),
        figure(rate, _DIGITS),
        interval(each.ci_low, each.ci_high, 3),
        "-" if mean is None or rate is None else _gap(rate - mean),
        verdict(each),
    )


def _gap(value: float) -> str:
    text = f"{value:+.3f}"
    return text if float(text) else "0.000"


def verdict(each: ReliabilityBin) -> str:
    """Say in words whether the mean prediction of a bin is too high or too low."""
    mean = each.mean_prediction
    if mean is None or each.ci_low is None or each.ci_high is None:
        return ""
    if mean < each.ci_low:
        return "too low"
    return "too high" if mean > each.ci_high else ""
