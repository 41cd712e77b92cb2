"""Edges of bins with about as many rows each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bce_cli.core.rows import FloatArray


def quantile_edges(predictions: FloatArray, n_bins: int) -> tuple[float, ...]:
    """Return edges that put about as many predictions into every bin; equal edges are one.

    Parameters
    ----------
    predictions : ndarray of float64, shape (n,)
        At least one.
    n_bins : int

    Examples
    --------
    >>> quantile_edges(np.array([0.125, 0.125, 0.125, 0.25, 0.5]), 4)
    (0.125, 0.25, 0.5)
    """
    # As scikit-learn has it, so that edges are the same to the last bit.
    shares = np.linspace(0.0, 1.0, n_bins + 1)
    edges = np.unique(np.percentile(predictions, shares * 100.0)).tolist()
    return tuple(edges) if len(edges) > 1 else (edges[0], edges[0])
