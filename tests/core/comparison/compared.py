"""Rows under several models, drawn or written out, and what a comparison makes of them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bce_cli.core.comparison.models import ComparisonPlan, ComparisonTotals, comparison_report
from bce_cli.core.conventions import EXACT, Convention
from bce_cli.core.rows import Categories, Predictions, Rows

if TYPE_CHECKING:
    from bce_cli.core.comparison.models import ComparisonReport

NAMES = tuple("abcdefgh")

_ordinary = st.floats(0.001, 0.999)
_extreme = st.sampled_from([0.0, 1.0, 0.5, 5e-324, 1e-200, 1e-17, 1.0 - 2.0**-53])
_weights = st.sampled_from([0.0, 0.1, 1.0, 2.5]) | st.floats(1e-6, 1e6)


@st.composite
def compared_rows(
    draw: st.DrawFn,
    *,
    n_models: int = 2,
    extreme: bool = True,
    clustered: bool | None = None,
    weighted: bool | None = None,
    with_missing: bool = True,
) -> Rows:
    """Draw rows; with None, the column is there or not."""
    n = draw(st.integers(1, 25))
    elements = _ordinary | _extreme if extreme else _ordinary
    models = [
        Predictions(draw(arrays(np.float64, n, elements=elements, fill=st.nothing())))
        for _ in range(n_models)
    ]
    weights = None
    if draw(st.booleans()) if weighted is None else weighted:
        weights = draw(arrays(np.float64, n, elements=_weights, fill=st.nothing()))
    cluster = None
    if draw(st.booleans()) if clustered is None else clustered:
        codes = draw(arrays(np.int32, n, elements=st.integers(0, 3), fill=st.nothing()))
        cluster = Categories(codes, ("u", "v", "w", "x"))
    missing = None
    if with_missing and draw(st.booleans()):
        missing = draw(arrays(np.bool_, n))
    return Rows(
        draw(arrays(np.bool_, n)),
        models[0].probabilities,
        weights,
        draw(st.sampled_from([None, [f"id {i}" for i in range(n)]])),
        missing,
        rivals=tuple(models[1:]),
        cluster=cluster,
    ).blanked()


def rows_under(labels: Any, *models: Any, **columns: Any) -> Rows:  # noqa: ANN401 -- array-likes
    """Write rows out; `weights` and `cluster` (texts) are optional."""
    first, *rivals = (np.array(model, np.float64) for model in models)
    weights, words = columns.get("weights"), columns.get("cluster")
    cluster = None
    if words is not None:
        names, codes = np.unique(np.array(words), return_inverse=True)
        cluster = Categories(codes.astype(np.int32), tuple(names.tolist()))
    return Rows(
        np.array(labels, np.bool_),
        first,
        None if weights is None else np.array(weights, np.float64),
        rivals=tuple(map(Predictions, rivals)),
        cluster=cluster,
    )


def totals_of(
    rows: Rows, convention: Convention = EXACT, n_shown: int = 3, cuts: tuple[int, ...] = ()
) -> ComparisonTotals:
    """Sum up rows, cut at some places."""
    ends = [0, *sorted(cut % (len(rows) + 1) for cut in cuts), len(rows)]
    plan = ComparisonPlan(convention, n_shown)
    first, *rest = (
        ComparisonTotals.of(rows.at(np.arange(start, stop)), plan) for start, stop in pairwise(ends)
    )
    for part in rest:
        first += part
    return first


def compared(
    rows: Rows, convention: Convention = EXACT, confidence: float = 0.95, n_shown: int = 3
) -> ComparisonReport:
    """Compare the models of some rows."""
    names = NAMES[: len(rows.rivals) + 1]
    totals = totals_of(rows, convention, n_shown)
    return comparison_report(totals, names, "nats", confidence)


def counts(rows: Rows) -> bool:
    """Whether there is a row that counts, with a weight if there are weights."""
    weights = np.ones(len(rows)) if rows.weights is None else rows.weights
    return bool((weights[~rows.missing] if rows.missing is not None else weights).any())
