"""Rows of every kind whose calibration can be judged."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bce_cli.core.rows import LabelArray, Rows
from bce_cli.core.rules import sigmoid

_probabilities = st.sampled_from([0.1, 0.2, 0.3, 0.5, 0.5 + 2.0**-53, 0.9]) | st.floats(0.0, 1.0)
_logits = st.sampled_from([-3.0, 0.0, 1.0, 40.0, 50.0, -np.inf, np.inf]) | st.floats(-800.0, 800.0)
_weights = st.sampled_from([0.0, 0.1, 1.0, 2.5]) | st.floats(1e-6, 1e6)


@st.composite
def calibration_rows(draw: st.DrawFn, *, plain: bool = False) -> Rows:
    """Draw rows; plain ones have labels 0 and 1, probabilities and no weights."""
    n = draw(st.integers(1, 40))
    labels: LabelArray = draw(arrays(np.bool_, n, fill=st.nothing()))
    if plain:
        p = draw(arrays(np.float64, n, elements=_probabilities, fill=st.nothing()))
        return Rows(labels, p)
    if draw(st.booleans()):
        soft = arrays(np.float64, n, elements=st.floats(0.0, 1.0), fill=st.nothing())
        labels = np.where(draw(arrays(np.bool_, n)), draw(soft), labels)
    weights = draw(
        st.none() | arrays(np.float64, n, elements=_weights, fill=st.nothing()).filter(np.any)
    )
    if draw(st.booleans()):
        logits = draw(arrays(np.float64, n, elements=_logits, fill=st.nothing()))
        return Rows(labels, sigmoid(logits), weights, logits=logits)
    p = draw(arrays(np.float64, n, elements=_probabilities, fill=st.nothing()))
    return Rows(labels, p, weights)
