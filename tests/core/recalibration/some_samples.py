"""Rows with both labels, for maps to be fitted to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from bce_cli.core.rows import Categories, LabelArray, Rows, as_floats
from bce_cli.core.rules import sigmoid
from tests.core.calibration.some_rows import calibration_rows


@st.composite
def rows_of_both_labels(draw: st.DrawFn) -> Rows:
    """Draw rows of any kind; each label has some weight."""
    rows = draw(calibration_rows())
    weights = np.ones(len(rows)) if rows.weights is None else rows.weights
    labels = as_floats(rows.labels)
    assume((weights * labels).any() and (weights * (1.0 - labels)).any())
    return rows


def drawn_rows(
    n: int, seed: int = 0, *, slope: float = 1.0, shift: float = 0.0, kind: str = "plain"
) -> Rows:
    """Draw n rows whose log odds are ``shift + slope * logit``."""
    random = np.random.default_rng(seed)
    logits = random.normal(0.0, 1.5, n)
    labels: LabelArray = random.random(n) < sigmoid(shift + slope * logits)
    p = sigmoid(logits)
    if kind == "tied":
        p = p.round(1)  # with zeros and ones
    if kind == "soft":
        labels = np.clip(0.8 * labels + 0.2 * random.random(n), 0.0, 1.0)
    rows = Rows(labels, p, random.gamma(2.0, 1.0, n) if kind in ("weighted", "soft") else None)
    return replace(rows, logits=logits) if kind == "logits" else rows


def in_clusters(rows: Rows, words: list[str]) -> Rows:
    """Give each row a cluster."""
    names = tuple(dict.fromkeys(words))
    codes = np.array([names.index(word) for word in words], np.int32)
    return replace(rows, cluster=Categories(codes, names))
