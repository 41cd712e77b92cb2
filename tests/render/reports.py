"""Reports of small data, made of the answers that are asked for, and what two are compared by."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

import bce_cli
from bce_cli.errors import DoubtWarning
from bce_cli.render.page.document import ReportDocument

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from bce_cli.results import Result

    Values = npt.NDArray[Any]

N = 400
P = np.linspace(0.05, 0.95, N)
"""Predictions that are calibrated."""
Y = ((np.arange(N) * (5.0**0.5 - 1.0) / 2.0) % 1.0 < P).astype(int)
"""Their labels: as many as predicted, whichever neighbours are taken together."""
EXTREME = P**2 / (P**2 + (1.0 - P) ** 2)
"""With logits twice as large."""
ALL = ("compute", "compare", "calibration", "recalibrate")


def report_of(
    labels: Values,
    models: dict[str, Values],
    answers: Sequence[str] = ("compute", "compare", "calibration"),
    checks: dict[str, Any] | None = None,
    by: dict[str, Values] | None = None,
    **options: Any,  # noqa: ANN401 -- of any question
) -> ReportDocument:
    """Ask some of the questions, and put their answers together."""
    first = next(iter(models.values()))
    every: Any = models if len(models) > 1 else first
    shared = {name: value for name, value in options.items() if name not in ("worst", "id")}
    rest = {name: value for name, value in shared.items() if name != "like"}
    found: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DoubtWarning)
        if "compute" in answers:
            one = _document(bce_cli.compute(labels, first, **options))
            each = (
                one if by is None else _document(bce_cli.compute(labels, first, by=by, **options))
            )
            found["compute"] = replace(each, products=one.products)
        if "conventions" in answers:
            found["conventions"] = _document(bce_cli.compute(labels, first, like="all", **rest))
        if "compare" in answers and len(models) > 1:
            found["compare"] = _document(bce_cli.compare(labels, models, **shared))
        if "calibration" in answers:
            found["calibration"] = _document(bce_cli.calibration(labels, every, **rest))
        if "recalibrate" in answers:
            asked = (bce_cli.recalibrate(labels, model, **rest) for model in models.values())
            found["recalibrations"] = tuple(map(_document, asked))
        if checks is not None:
            found["check"] = _document(bce_cli.check(labels, first, **checks, **rest))
    told = (each for each in found.values() if not isinstance(each, tuple))
    some = next(told, None) or found["recalibrations"][0]
    origin = replace(some.origin, prediction_columns=tuple(models))
    return ReportDocument(origin, tuple(models), **found)


def _document(result: Result) -> Any:  # noqa: ANN401 -- of any question
    return result._document  # noqa: SLF001 -- what a report is made of


def figures_of(document: ReportDocument) -> dict[str, Any]:
    """Return all there is in a document; those of arrays cannot be compared."""
    answers = (document.compute, document.conventions, document.compare)
    judged = (document.calibration, *document.recalibrations, document.check)
    return {
        "records": [None if each is None else each.record() for each in (*answers, *judged)],
        "origin": document.origin,
        "models": document.models,
        "losses": document.losses,
        "log_product": document.log_product,
        "no_advice": document.no_advice,
        "others": document.others,
    }
