"""A comparison for programs: JSON and CSV, in full precision."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bce_cli.core.report import NATS_PER
from bce_cli.render.origin import origin_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.comparison import DifferenceReport, ModelReport
    from bce_cli.core.extremes import ChangedRow
    from bce_cli.render.models.document import ModelsDocument


def models_record(document: ModelsDocument) -> dict[str, Any]:
    """Return all figures by name.

    A difference over all rows is null where a mean is infinite; `finite` holds that over the rows
    on which both losses are finite, then.
    """
    report, origin = document.report, document.origin
    first = report.models[0].report
    return {
        **origin_record(origin),
        "n": report.n,
        "n_positive": first.n_positive,
        "weight_sum": first.weight_sum,
        "base_rate": first.base_rate,
        "n_missing": origin.n_missing,
        "n_unmatched": origin.n_unmatched,
        "unit": report.unit,
        "convention": document.convention.name,
        "clip": document.convention.clip,
        "confidence": report.confidence,
        "cluster_column": document.cluster_column,
        "n_clusters": report.n_clusters,
        "base_rate_loss": first.base_rate_loss,
        "baseline": report.models[0].name,
        "models": [_model(model) for model in report.models],
        "comparisons": [_comparison(item, document) for item in report.comparisons],
    }


def models_lines(document: ModelsDocument) -> list[dict[str, Any]]:
    """Return one line for each model that is compared with the baseline."""
    names = ("finite", "gained", "lost")
    return [
        {key: value for key, value in _comparison(item, document).items() if key not in names}
        for item in document.report.comparisons
    ]


def _model(model: ModelReport) -> dict[str, Any]:
    report = model.report
    return {
        "name": model.name,
        "mean_loss": report.mean_loss,
        "std_error": model.std_error,
        "ci_low": model.ci_low,
        "ci_high": model.ci_high,
        "total_loss": report.total_loss,
        "skill": report.skill,
        "brier": report.brier,
        "n_impossible": report.n_impossible,
        "first_impossible_row": report.first_impossible_row,
        "finite_mean_loss": report.finite_mean_loss,
    }


def _comparison(item: DifferenceReport, document: ModelsDocument) -> dict[str, Any]:
    figures = asdict(item.finite)
    finite = {"n": figures.pop("n"), "difference": figures.pop("value"), **figures}
    is_finite = item.infinite is None
    return {
        "model": item.model,
        "baseline": document.report.models[0].name,
        "difference": item.value,
        **(figures if is_finite else dict.fromkeys(figures)),
        "n_better": item.n_better,
        "n_worse": item.n_worse,
        "n_tied": item.n_tied,
        "infinite": item.infinite,
        "n_only_baseline_infinite": item.n_only_baseline_infinite,
        "n_only_model_infinite": item.n_only_model_infinite,
        "n_both_infinite": item.n_both_infinite,
        "finite": None if is_finite else finite,
        "gained": _rows(item.gained, document),
        "lost": _rows(item.lost, document),
    }


def _rows(rows: Sequence[ChangedRow], document: ModelsDocument) -> list[dict[str, Any]]:
    nats = NATS_PER[document.report.unit]
    records = [asdict(row) | {"difference": row.difference / nats} for row in rows]
    for record in records:
        if record["id"] is None:
            del record["id"]
    return records
