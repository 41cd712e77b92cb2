"""From the columns of a piece to validated rows, a whole column at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.core.logits import sigmoid
from bce_cli.core.rows import Rows
from bce_cli.core.validate import (
    are_logits,
    are_probabilities,
    are_weights,
    positive_labels,
    unsigned_zeros,
)
from bce_cli.readers.cells import MOST_LABEL_TEXTS, Cells, TextCodes
from bce_cli.readers.grammar import CellFault, is_missing, read_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.rows import LabelArray
    from bce_cli.readers.grammar import Grammar


@dataclass(frozen=True, slots=True)
class LabelValues:
    """Which texts the labels of a piece have been, where one of them was named.

    Attributes
    ----------
    has_positive : bool
        Whether the named one occurred.
    other : str or None
        The text of the labels that count as 0.
    other_place : str
        Where that occurred first.
    """

    has_positive: bool = False
    other: str | None = None
    other_place: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a data set checks and counts of a piece.

    Attributes
    ----------
    label_values : LabelValues
    n_missing : int
        Rows that are left out.
    """

    label_values: LabelValues
    n_missing: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What a piece came to.

    Attributes
    ----------
    rows : Rows
        Without a label or a prediction column, all labels or all predictions are 0.
    keys : sequence of str, shape (n,), optional
        What joins the rows with those of another file.
    label_values : LabelValues
    """

    rows: Rows
    keys: Sequence[str] | None = None
    label_values: LabelValues = LabelValues()

    @property
    def summary(self) -> Summary:
        """What a data set checks and counts, without the rows."""
        return Summary(self.label_values, self.rows.n_missing)


def rows_of(cells: Cells, grammar: Grammar) -> tuple[Rows, int | None] | None:
    """Validate whole columns.

    Parameters
    ----------
    cells : Cells
    grammar : Grammar

    Returns
    -------
    rows : Rows
    first_other : int or None
        With `grammar.positive`, the place of the first row with another label.

    None instead of both when something is wrong, or cannot be settled here.
    """
    if cells.missing is not None and not grammar.drop_missing:
        return None
    if cells.keys is not None and not all(key.strip() for key in cells.keys):
        return None
    labels, first_other = _labels(cells, grammar)
    predictions = _filled(cells.predictions, cells)
    weights = None if cells.weights is None else _filled(cells.weights, cells)
    if labels is None or predictions is None:
        return None
    fits = are_logits(predictions) if grammar.logits else are_probabilities(predictions)
    if not fits or (weights is not None and not are_weights(weights)):
        return None
    logits = predictions if grammar.logits else None
    probabilities = sigmoid(predictions) if grammar.logits else unsigned_zeros(predictions)
    return Rows(labels, probabilities, weights, cells.ids, cells.missing, logits), first_other


def _labels(cells: Cells, grammar: Grammar) -> tuple[LabelArray | None, int | None]:
    if cells.labels is None:
        return np.zeros(cells.n, np.bool_), None
    if isinstance(cells.labels, TextCodes):
        return _labels_of_texts(cells, cells.labels, grammar)
    labels = _filled(cells.labels, cells)
    if grammar.soft_labels:
        return (unsigned_zeros(labels) if are_probabilities(labels) else None), None
    return positive_labels(labels), None


def _labels_of_texts(
    cells: Cells, labels: TextCodes, grammar: Grammar
) -> tuple[LabelArray | None, int | None]:
    """Look up what each different text stands for; a fault among them is not settled here."""
    texts = labels.texts
    if len(texts) > MOST_LABEL_TEXTS or any(is_missing("label", t, grammar) for t in texts):
        return None, None
    try:
        values = np.array([read_cell("label", text, grammar) for text in texts] or [0.0])
    except CellFault:
        return None, None
    found = values[_filled(labels.codes, cells)]
    positive = found == 1.0
    if cells.missing is not None:
        positive &= ~cells.missing
    if grammar.positive is None:
        return positive, None
    others = {text.strip(" \t") for text, value in zip(texts, values, strict=True) if value == 0.0}
    if len(others) > 1:
        return None, None
    present = ~positive if cells.missing is None else ~positive & ~cells.missing
    return positive, int(np.argmax(present)) if others and present.any() else None


def _filled(values: Any, cells: Cells) -> Any:  # noqa: ANN401 -- arrays of any kind
    if values is None:
        return np.zeros(cells.n)
    return values if cells.missing is None else np.where(cells.missing, 0, values)
