"""Sums over clusters without a loop are those in integers, to the last unit."""

import numpy as np
import pytest

from bce_cli.core.cluster_moments import ClusteredRows
from bce_cli.core.groups import ClusterSums, integer_moments
from bce_cli.core.rows import Categories
from bce_cli.core.totals import Moments


def _drawn(n: int, n_clusters: int, scale: float) -> tuple[Categories, np.ndarray, np.ndarray]:
    """Return clusters, values of very different sizes, and divisors of which some are 0."""
    rng = np.random.default_rng([n, n_clusters])
    codes = rng.integers(0, n_clusters, n).astype(np.int32)
    values = rng.normal(size=n) * scale ** rng.uniform(-1.0, 1.0, n)
    divisors = np.where(rng.random(n) < 0.3, 0.0, rng.random(n))
    names = tuple(str(code) for code in range(n_clusters))
    return Categories(codes, names), np.where(divisors > 0.0, values, 0.0), divisors


def in_integers(sums: ClusterSums) -> Moments:
    """Return moments of sums as Python's integers have them; their own are the same."""
    moments = integer_moments(sums.sums.values())
    assert sums.moments == moments
    return moments


@pytest.mark.few(10)
@pytest.mark.parametrize("scale", [1.0, 1e15, 1e100, 1e300])
@pytest.mark.parametrize(("n", "n_clusters"), [(1, 1), (400, 400), (900, 90), (3000, 2)])
def test_moments_are_those_of_integers(n: int, n_clusters: int, scale: float) -> None:
    """Clusters of one row, of some, and of more than one segment of the sum."""
    cluster, values, divisors = _drawn(n, n_clusters, scale)
    rows = ClusteredRows(cluster)
    assert len(rows) == len(np.unique(cluster.codes))
    assert rows.moments(values) == in_integers(ClusterSums.of(cluster, values))
    expected = in_integers(ClusterSums.of(cluster, values, divisors))
    assert [rows.moments(values, divisors) for _ in range(2)] == [expected] * 2


def test_each_row_a_cluster_but_for_one_across_segments() -> None:
    """A cluster of two rows, 1,024 rows after the first, stays one."""
    codes = np.arange(2000, dtype=np.int32)
    codes[1024:] -= 1
    cluster = Categories(codes, tuple(map(str, range(1999))))
    values = np.random.default_rng(1).normal(size=2000)
    assert ClusteredRows(cluster).moments(values) == in_integers(ClusterSums.of(cluster, values))


def test_a_cluster_of_a_segment_of_segments() -> None:
    """More rows than 1,024 times 1,024, of the largest values of a grid."""
    n = 2**20 + 3
    values = np.full(n, 2.0**43 - 1.0)
    values[::7] = -0.1
    cluster = Categories(np.zeros(n, np.int32), ("a",))
    assert ClusteredRows(cluster).moments(values) == in_integers(ClusterSums.of(cluster, values))


def test_names_that_are_named_twice_are_one_cluster() -> None:
    """As where files come together, each with words of its own."""
    twice = Categories(np.array([0, 1, 2, 2], np.int32), ("a", "b", "a"))
    values = np.array([0.1, 0.2, 0.3, 0.4])
    rows = ClusteredRows(twice)
    assert len(rows) == 2
    assert rows.moments(values) == in_integers(ClusterSums.of(twice, values))


def test_values_that_are_all_zero() -> None:
    """They have no size of which to tell a grid."""
    cluster = Categories(np.array([0, 1, 0], np.int32), ("a", "b"))
    zeros = np.zeros(3)
    moments = ClusteredRows(cluster).moments(zeros)
    assert moments == in_integers(ClusterSums.of(cluster, zeros))
    assert (moments.ratio, moments.standard_error()) == (0.0, 0.0)
    assert ClusteredRows(cluster).moments(zeros, zeros).n == 0
