"""What travels between machines is small, however many rows it stands for."""

from __future__ import annotations

import pickle
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bce_cli.core.calibration.fine_bins import N_FINE_BINS, fine_edges
from bce_cli.core.calibration.plan import CalibrationPlan
from bce_cli.core.comparison.models import ComparisonPlan, ComparisonTotals
from bce_cli.core.convention_totals import ALL_CONVENTIONS
from bce_cli.core.evaluation import Plan, evaluate_rows
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.gate.limits import Limits
from bce_cli.core.gate.totals import GateTotals
from bce_cli.core.groups import ClusterSums
from bce_cli.core.rows import Categories, Predictions, Rows
from bce_cli.engine.outcome import Outcome, in_a_row

if TYPE_CHECKING:
    from collections.abc import Callable

N = 100_000
MOST_BYTES = 64 << 10


def rows(seed: int) -> Rows:
    rng = np.random.default_rng(seed)
    p = rng.random(N)
    p[:100] = 10.0 ** -rng.integers(1, 300, 100)
    return Rows(
        rng.random(N) < p,
        p,
        weights=rng.random(N),
        ids=[f"row {i}" for i in range(N)],
        rivals=(Predictions(rng.random(N)), Predictions(rng.random(N))),
    )


STATES: dict[str, Callable[[Rows], Any]] = {
    "compute": partial(evaluate_rows, plan=Plan(), keep_rows=False),
    "worst": partial(evaluate_rows, plan=Plan(n_worst=100), keep_rows=False),
    "like all": partial(
        evaluate_rows,
        plan=Plan(with_product=False, compared=ALL_CONVENTIONS, n_differing=100),
        keep_rows=False,
    ),
    "compare": partial(ComparisonTotals.of, plan=ComparisonPlan(n_shown=3)),
    "calibration": CalibrationPlan(with_fine_bins=True).totals_of,
    "check": partial(GateTotals.of, limits=Limits(max_ece=0.1, min_skill=0.1, confident=True)),
}


@pytest.mark.few(2)
@pytest.mark.parametrize("name", STATES)
def test_a_state_takes_few_bytes_and_merging_makes_it_no_larger(name: str) -> None:
    states = [Outcome(STATES[name](rows(seed))) for seed in range(3)]
    one = len(pickle.dumps(states[0]))
    merged = len(pickle.dumps(in_a_row(states, None)))
    assert one < MOST_BYTES
    assert merged < 1.1 * one + 1000


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("soft", [False, True])
def test_fine_bins_take_few_bytes_even_if_all_have_rows(*, weighted: bool, soft: bool) -> None:
    edges = fine_edges()
    rng = np.random.default_rng(0)
    p = np.concatenate([[0.0, 1.0], rng.uniform(edges[:-1], edges[1:], (100, N_FINE_BINS)).ravel()])
    labels = rng.random(len(p)) if soft else rng.random(len(p)) < p
    rows = Rows(labels, p, rng.gamma(1.0, 2.0, len(p)) + 0.01 if weighted else None)
    totals = CalibrationPlan(with_fine_bins=True).totals_of(rows)
    assert totals.fine is not None
    n_empty = sum(total.units == 0 for total in totals.fine.table["n"])
    assert n_empty <= 20  # there are no float64 as near to 1 as they hold
    for _ in range(22):  # some four million copies
        totals += totals
    assert len(pickle.dumps(Outcome(totals))) < MOST_BYTES


@pytest.mark.deep
@pytest.mark.parametrize(("name", "most"), [("compute", 460), ("compare", 240)])
def test_a_segment_and_a_cluster_take_few_bytes(name: str, most: int) -> None:
    n = 1000
    words = Categories((np.arange(N) % n).astype(np.int32), tuple(f"site {i}" for i in range(n)))
    plain = replace(rows(1), rivals=rows(1).rivals[:1])
    grouped = {
        "compute": replace(plain, segments=(words,)),
        "compare": replace(plain, cluster=words),
    }
    with_groups = len(pickle.dumps(STATES[name](grouped[name])))
    assert with_groups - len(pickle.dumps(STATES[name](plain))) < most * n


values = st.floats(-1e300, 1e300) | st.sampled_from([0.0, 1.0, 5e-324, -5e-324])


@given(st.lists(values, max_size=5))
def test_a_sum_is_the_same_in_another_process(found: list[float]) -> None:
    total = ExactSum.of(np.array(found))
    assert pickle.loads(pickle.dumps(total)) == total  # noqa: S301 -- our own


@given(st.lists(st.tuples(st.sampled_from("abc"), values, st.floats(0.0, 1e300)), max_size=6))
def test_sums_of_clusters_are_the_same_in_another_process(
    found: list[tuple[str, float, float]],
) -> None:
    names = Categories(np.arange(len(found), dtype=np.int32), tuple(name for name, _, _ in found))
    numbers, divisors = (np.array([row[i] for row in found]) for i in (1, 2))
    sums = ClusterSums.of(names, numbers, divisors)
    assert pickle.loads(pickle.dumps(sums)) == sums  # noqa: S301
