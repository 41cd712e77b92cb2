"""Names that columns have where nobody thought about them; they are tried where none is given."""

from __future__ import annotations

LABEL_NAMES = (
    "label",
    "labels",
    "y",
    "y_true",
    "true",
    "truth",
    "ground_truth",
    "target",
    "targets",
    "y_test",
    "actual",
    "observed",
    "outcome",
    "event",
)
"""Customary names of the label column; case does not matter."""

PREDICTION_NAMES = (
    "prediction",
    "predictions",
    "pred",
    "preds",
    "predicted",
    "p",
    "prob",
    "probs",
    "probability",
    "probabilities",
    "proba",
    "y_prob",
    "y_proba",
    "y_pred",
    "y_score",
    "y_hat",
    "yhat",
    "p_hat",
    "phat",
    "score",
    "scores",
    "forecast",
)
"""Customary names of the prediction column; case does not matter."""
