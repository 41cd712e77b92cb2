"""What segments are worth, side by side: their figures, a column at a time.

Ten thousand segments take a seventh of the time that they would take one by one, and have the same
digits: `loss_report` and `SegmentSums.gap` say what the figures are.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.core.arguments import USUAL_CONFIDENCE
from bce_cli.core.conventions import refuse_mixed
from bce_cli.core.cuts import in_order
from bce_cli.core.exact_sums import ExactSums
from bce_cli.core.inference import at_confidence, t_quantile
from bce_cli.core.report import (
    FEW,
    NATS_PER,
    NORMAL_QUANTILE,
    LossReport,
    check_unit,
    constant_loss,
    loss_report,
    skill_of,
)
from bce_cli.core.segments import (
    FIRST_IMPOSSIBLE,
    STORED_AS,
    Gap,
    float_type_in,
    promised_error,
)
from bce_cli.core.totals import standard_error_of
from bce_cli.lean_dataclass import dataclass, side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bce_cli.core.cuts import Cut
    from bce_cli.core.exact_sum import IntArray
    from bce_cli.core.report import Unit
    from bce_cli.core.rows import BoolArray, FloatArray, Places
    from bce_cli.core.segmented import Names, Segmented
    from bce_cli.core.segments import SegmentSums


@dataclass(frozen=True, slots=True)
class SegmentReport:
    """One segment beside the others.

    Attributes
    ----------
    names : tuple of str
        Its words in the columns that part the rows.
    n : int
    report : LossReport or None
        None where all weights are 0. Its skill is over the base rate of the segment.
    mean_prediction : float or None
        Weighted mean of the predictions as they were given, whatever the convention; None, as the
        gap is, where all weights are 0, or an older version has saved no such thing.
    gap : Gap or None
        The base rate, as the convention counts labels, minus that mean.
    n_clusters : int or None
    effective_clusters : float or None
        Those with a weight, and how many there are in effect (`Moments.effective_n`); None where
        rows are taken to be independent.
    share_of_total : float or None
        Of the sum of all losses; None where that is infinite or 0.
    is_small : bool
        Whether there are too few rows for its interval to be trusted.
    """

    names: tuple[str, ...]
    n: int
    report: LossReport | None
    share_of_total: float | None
    is_small: bool
    mean_prediction: float | None = None
    gap: Gap | None = None
    n_clusters: int | None = None
    effective_clusters: float | None = None


def segment_reports(
    segments: Segmented[SegmentSums],
    whole: LossReport,
    unit: Unit = "nats",
    cuts: Sequence[Cut | None] = (),
    confidence: float = 0.95,
) -> tuple[SegmentReport, ...]:
    """Derive the figures of each segment that has rows.

    Parameters
    ----------
    segments : Segmented of SegmentSums
    whole : LossReport
        Of all rows, in the same unit.
    unit : {"nats", "bits"}, default "nats"
    cuts : sequence of Cut or None, optional
        See `in_order`.
    confidence : float, default 0.95
        Of every interval.

    Returns
    -------
    tuple of SegmentReport
        Highest total loss first, or in the order of the cuts.
    """
    check_unit(unit)
    if _NOT_NUMBERS.isdisjoint(segments.columns):
        with np.errstate(all="ignore"):
            items = _side_by_side(segments, whole, unit, confidence)
    else:
        parts = segments.totals().items()
        items = [_report(*part, whole, unit, confidence) for part in parts if part[1].losses.n]
    found = {item.names: item for item in items}
    costs = {names: (_total(item), item.n) for names, item in found.items()}
    return tuple(found[names] for names in in_order(costs, cuts))


_NOT_NUMBERS = {"loss_clusters", "error_clusters", "held_weights"}
"""Columns of states, which are looked at one by one."""


@dataclass(frozen=True, slots=True)
class OtherSegments:
    """The segments that cost less than some others, taken together.

    Attributes
    ----------
    names : frozenset of tuple of str
        Their words.
    report : SegmentReport
        Of all their rows; it has no words.
    """

    names: frozenset[Names]
    report: SegmentReport


def other_segments(
    segments: Segmented[SegmentSums],
    found: Sequence[SegmentReport],
    most: int,
    whole: LossReport,
    confidence: float = 0.95,
) -> OtherSegments | None:
    """Take together all segments but the costliest; None where there are no others.

    Parameters
    ----------
    segments : Segmented of SegmentSums
    found : sequence of SegmentReport
        The figures of each, from `segment_reports`.
    most : int
        How many count as the costliest; of equal costs, those of more rows.
    whole : LossReport
        Of all rows, in the same unit.
    confidence : float, default 0.95
        Of every interval.
    """
    costs = {item.names: (_total(item), item.n) for item in found}
    rest = in_order(costs)[most:]
    if not rest:
        return None
    together = _report((), segments.together(rest), whole, whole.unit, confidence)
    return OtherSegments(frozenset(rest), together)


def _report(
    names: Names, sums: SegmentSums, whole: LossReport, unit: Unit, confidence: float
) -> SegmentReport:
    totals, clusters = sums.losses, sums.loss_clusters
    told = (None, None) if clusters is None else (clusters.n, clusters.effective_n)
    if not totals.weights.units:
        return SegmentReport(names, totals.n, None, None, totals.n < FEW, None, None, *told)
    report = at_confidence(loss_report(totals, unit), totals.moments, clusters, confidence)
    return SegmentReport(
        names,
        totals.n,
        report,
        _share(report, whole),
        totals.n < FEW,
        sums.mean_prediction,
        sums.gap(confidence),
        *told,
    )


def _share(report: LossReport, whole: LossReport) -> float | None:
    return report.total_loss / whole.total_loss if 0.0 < whole.total_loss < math.inf else None


def _total(item: SegmentReport) -> float:
    return 0.0 if item.report is None else item.report.total_loss


def _side_by_side(
    segments: Segmented[SegmentSums], whole: LossReport, unit: Unit, confidence: float
) -> list[SegmentReport]:
    """Do what `_report` does for all segments that have rows, without a loop over them."""
    names = [*segments.names]
    every = _Columns(segments, np.arange(len(names)))
    weights = every.weights.nonzero()
    found = _Columns(segments, np.flatnonzero(weights & (every.n > 0)))
    reports = _loss_reports(found, unit, confidence)
    columns: dict[str, Sequence[Any]] = {
        "names": [names[place] for place in found.places.tolist()],
        "n": found.n.tolist(),
        "report": reports,
        "share_of_total": [_share(report, whole) for report in reports],
        "is_small": (found.n < FEW).tolist(),
        "mean_prediction": found.mean_predictions,
        "gap": _gaps(found, confidence),
    }
    items = side_by_side(SegmentReport, len(reports), columns)
    for place in np.flatnonzero(~weights & (every.n > 0)).tolist():
        n = int(every.n[place])
        items.append(SegmentReport(names[place], n, None, None, n < FEW))
    return items


class _Columns:
    """The columns of `segment_sums` at the places of some segments."""

    def __init__(self, segments: Segmented[SegmentSums], places: Places) -> None:
        self._columns: dict[str, Any] = segments.columns
        self.places = places
        self.n = self.counts("n")
        ones = ExactSums.of_counts(self.n)
        self.has_weights, self.is_by_weight = "weights" in self, "loss_weights" in self
        self.weights = self.sums("weights") if self.has_weights else ones
        self.weight_squares = self.sums("weight_squares") if self.has_weights else ones
        self.divisors = self.weights if self.is_by_weight else ones
        self.divisor_squares = self.weight_squares if self.is_by_weight else ones

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def counts(self, name: str) -> IntArray:
        """Return a column of counts; those that are all 0 are left out."""
        if name not in self:
            return np.zeros(len(self.places), np.int64)
        counts: IntArray = self._columns[name][self.places]
        return counts

    def sums(self, name: str) -> ExactSums:
        """Return a column of sums; those that are all 0 may be left out."""
        if name not in self:
            return ExactSums(len(self.places))
        sums: ExactSums = self._columns[name].at(self.places)
        return sums

    @property
    def float_types(self) -> list[str | None]:
        """What predictions were stored as, where limits depend on that."""
        stored = [name for name in self._columns if name.startswith(STORED_AS)]
        if not stored:
            return [None] * len(self.n)
        rows = zip(*(self.counts(name).tolist() for name in stored), strict=True)
        return [float_type_in(dict(zip(stored, row, strict=True))) for row in rows]

    @cached_property
    def effective_n(self) -> list[float]:
        """As `LossTotals` has it."""
        if not self.has_weights:
            return [*map(float, self.n.tolist())]
        exponent, pairs = _in_common(self.weights, self.weight_squares)
        return [weight**2 / (square << -exponent) for weight, square in pairs]

    @cached_property
    def mean_predictions(self) -> list[float]:
        """As `SegmentSums` has it."""
        _, pairs = _in_common(self.sums("predictions"), self.weights)
        return [prediction / weight for prediction, weight in pairs]


def _in_common(*sums: ExactSums) -> tuple[int, Iterator[tuple[int, ...]]]:
    """Return sums, segment by segment, in units of 2**exponent, and that exponent."""
    exponent = min(each.exponent for each in sums)
    return exponent, zip(*(each.units(exponent) for each in sums), strict=True)


def _quotients(dividends: ExactSums, divisors: ExactSums) -> FloatArray:
    """Return what `ExactSum.over` does; anything where the divisor is 0."""
    totals = dividends.floats()
    found: FloatArray = totals / divisors.floats()
    large = np.flatnonzero(np.isinf(totals))
    pairs = zip(dividends.at(large).totals(), divisors.at(large).totals(), strict=True)
    for place, (dividend, divisor) in zip(large.tolist(), pairs, strict=True):
        found[place] = dividend.over(divisor) if divisor.units else math.nan
    return found


def _standard_errors(
    n: IntArray, sums: Sequence[ExactSums], products: Sequence[ExactSums]
) -> FloatArray:
    """Return what `Moments.standard_error` does of moments of n pairs; nan for None."""
    exponent = min(*(each.exponent for each in sums), *(p.exponent // 2 for p in products))
    columns = [each.units(exponent) for each in sums]
    columns += [each.units(2 * exponent) for each in products]
    rows = zip(n.tolist(), *columns, strict=True)
    return np.array(
        [math.nan if row[0] < 2 else standard_error_of(*row) for row in rows]  # noqa: PLR2004 -- a variance needs two
    )


def _known(values: FloatArray, are_known: BoolArray) -> list[float | None]:
    """Return values, with None for those that are not known."""
    pairs = zip(values.tolist(), are_known.tolist(), strict=True)
    return [value if is_known else None for value, is_known in pairs]


def _loss_reports(found: _Columns, unit: Unit, confidence: float) -> list[LossReport]:
    """Do what `loss_report` does, and `at_confidence`."""
    float_types = found.float_types
    for float_type in {*float_types}:
        refuse_mixed(float_type)
    nats, n_infinite, losses = NATS_PER[unit], found.counts("n_infinite"), found.sums("losses")
    are_finite, weight_sums = n_infinite == 0, found.weights.floats()
    means = np.where(are_finite, _quotients(losses, found.divisors), math.inf)
    totals = np.where(are_finite, losses.floats(), math.inf)
    base_rates = found.sums("positive_weights").floats() / weight_sums
    base_rate_losses = np.array([*map(constant_loss, base_rates.tolist())])
    base_rate_losses *= weight_sums / found.divisors.floats()
    columns: dict[str, Sequence[Any]] = {
        "n": found.n.tolist(),
        "n_positive": found.counts("n_positive").tolist(),
        "weight_sum": weight_sums.tolist(),
        "effective_n": found.effective_n,
        "base_rate": base_rates.tolist(),
        "unit": [unit] * len(means),
        "n_clipped": found.counts("n_clipped").tolist(),
        "mean_loss": (means / nats).tolist(),
        "total_loss": (totals / nats).tolist(),
        "log_likelihood": ((0.0 - totals) / nats).tolist(),
        "log10_likelihood": ((0.0 - totals) / math.log(10.0)).tolist(),
        "effective_probability": [*map(math.exp, (-totals / weight_sums).tolist())],
        "base_rate_loss": (base_rate_losses / nats).tolist(),
        "skill": [*map(skill_of, means.tolist(), base_rate_losses.tolist())],
        "brier": (found.sums("squared_errors").floats() / weight_sums).tolist(),
        "float_type": float_types,
        **_intervals(found, means, nats, confidence),
        **_entropies(found, nats),
        **_impossible(found, nats),
    }
    return side_by_side(LossReport, len(means), columns)


def _intervals(
    found: _Columns, means: FloatArray, nats: float, confidence: float
) -> dict[str, Sequence[Any]]:
    losses = found.sums("losses")
    errors = _standard_errors(
        found.counts("n_weighted") if found.is_by_weight else found.n,
        (losses, found.divisors),
        (
            found.sums("loss_squares"),
            found.sums("loss_weights") if found.is_by_weight else losses,
            found.divisor_squares,
        ),
    )
    are_known = ~np.isnan(errors) & (found.counts("n_infinite") == 0)
    if confidence == USUAL_CONFIDENCE:
        reach = NORMAL_QUANTILE * errors
        low, high = (means - reach) / nats, (means + reach) / nats
    else:
        are_known &= np.isfinite(means / nats)
        reach = t_quantile(confidence, math.inf) * (errors / nats)
        low, high = means / nats - reach, means / nats + reach
    ends = {"std_error": errors / nats, "ci_low": low, "ci_high": high}
    return {name: _known(values, are_known) for name, values in ends.items()}


def _entropies(found: _Columns, nats: float) -> dict[str, Sequence[Any]]:
    """Return the parts of the means where labels are soft."""
    are_soft = found.counts("n_soft") > 0
    if not are_soft.any():
        nothing = [None] * len(are_soft)
        return {"label_entropy": nothing, "kl_divergence": nothing}
    entropies = found.sums("label_entropies")
    beyond = _quotients(found.sums("losses").less(entropies), found.divisors)
    beyond[found.counts("n_infinite") > 0] = math.inf
    shares = entropies.floats() / found.divisors.floats()
    return {
        "label_entropy": _known(shares / nats, are_soft),
        "kl_divergence": _known(beyond / nats, are_soft),
    }


def _impossible(found: _Columns, nats: float) -> dict[str, Sequence[Any]]:
    """Return what rows of infinite loss come to, and all others."""
    counts, rows = found.counts("n_impossible"), found.counts(FIRST_IMPOSSIBLE).tolist()
    losses, impossible = found.sums("losses"), found.sums("impossible_losses")
    divisors = found.sums("impossible_weights")
    if not found.is_by_weight:
        divisors = ExactSums.of_counts(counts)
    rest = found.divisors.less(divisors)
    has_share = losses.nonzero() & (found.counts("n_infinite") == 0)
    return {
        "n_impossible": counts.tolist(),
        "first_impossible_row": [row or None for row in rows],
        "impossible_share": _known(_quotients(impossible, losses), has_share),
        "finite_mean_loss": _known(
            _quotients(losses.less(impossible), rest) / nats, rest.nonzero()
        ),
    }


def _gaps(found: _Columns, confidence: float) -> list[Gap]:
    """Do what `SegmentSums.gap` does."""
    sums = found.sums("errors")
    errors = _standard_errors(
        found.counts("n_weighted") if found.has_weights else found.n + found.counts("n_missing"),
        (sums, found.weights),
        (
            found.sums("error_squares"),
            found.sums("error_weights") if found.has_weights else sums,
            found.weight_squares,
        ),
    )
    values = _quotients(sums, found.weights)
    reach = t_quantile(confidence, math.inf) * errors
    promised = [*map(promised_error, found.mean_predictions, found.effective_n)]
    are_known = ~np.isnan(errors)
    for place in np.flatnonzero((found.counts("n_soft") > 0) | ~are_known).tolist():
        promised[place] = 0.0  # of shares, which are not spread as events are
    columns: dict[str, Sequence[Any]] = {
        "value": values.tolist(),
        "std_error": _known(errors, are_known),
        "ci_low": _known(values - reach, are_known),
        "ci_high": _known(values + reach, are_known),
        "promised_error": promised,
    }
    return side_by_side(Gap, len(values), columns)
