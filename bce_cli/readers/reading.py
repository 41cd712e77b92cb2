"""From the columns of a piece to validated rows, a whole column at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from bce_cli.core.rows import Categories, Predictions, Rows
from bce_cli.core.rules import sigmoid
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
    n_before : int
        Rows before the piece in which it did, where models are read side by side; labels of all of
        them are checked in the order of the rows.
    """

    has_positive: bool = False
    other: str | None = None
    other_place: str = ""
    n_before: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What a piece came to.

    Attributes
    ----------
    rows : Rows
        Without a label or a prediction column, all labels or all predictions are 0.
    keys : sequence of str, shape (n,), optional
        What joins the rows with those of another file.
    label_values : tuple of LabelValues
        One, or one for each model that has labels of its own.
    n_lone : int
        Rows that are left out for want of a partner in another file.
    tally : JoinTally, optional
        Which keys have found a partner, where rows are joined in parts.
    """

    rows: Rows
    keys: Sequence[str] | None = None
    label_values: tuple[LabelValues, ...] = ()
    n_lone: int = 0
    tally: Any = None

    @property
    def n_missing(self) -> int:
        """Rows that are left out for a missing value."""
        return self.rows.n_missing - self.n_lone


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
    if _has_blanks(cells):
        return None
    _note_missing_labels(cells, grammar)
    if cells.nulls and not grammar.drop_missing:
        return None
    labels, first_other = _labels(cells, grammar)
    weights = (
        _filled(cells.numbers["weight"], cells, "weight") if "weight" in cells.numbers else None
    )
    models = [_predictions(cells, key, grammar) for key in _model_keys(cells)]
    if labels is None or None in models or (weights is not None and not are_weights(weights)):
        return None
    categories = {
        key: Categories(found.codes, tuple(found.texts)) for key, found in cells.categories.items()
    }
    first, *rivals = cast("list[Predictions]", models)
    rows = Rows(
        labels,
        first.probabilities,
        weights,
        cells.ids,
        cells.missing,
        first.logits,
        tuple(rivals),
        categories.pop("cluster", None),
        tuple(categories.values()),
    )
    return rows.blanked(), first_other


def _has_blanks(cells: Cells) -> bool:
    """Whether a key or a cluster is blank, where each row needs one."""
    if cells.keys is not None and not all(key.strip() for key in cells.keys):
        return True
    clusters = cells.categories.get("cluster")
    return clusters is not None and not all(text.strip() for text in clusters.texts)


def _model_keys(cells: Cells) -> list[str]:
    return ["prediction", *(key for key in cells.numbers if key not in ("prediction", "weight"))]


def _predictions(cells: Cells, key: str, grammar: Grammar) -> Predictions | None:
    values = _filled(cells.numbers.get(key), cells, key)
    if grammar.logits:
        return Predictions(sigmoid(values), values) if are_logits(values) else None
    return Predictions(unsigned_zeros(values)) if are_probabilities(values) else None


def _note_missing_labels(cells: Cells, grammar: Grammar) -> None:
    """Find the texts among the labels that stand for nothing."""
    labels = cells.labels
    if not isinstance(labels, TextCodes) or len(labels.texts) > MOST_LABEL_TEXTS:
        return
    for code, text in enumerate(labels.texts):
        if is_missing("label", text, grammar):
            cells.add_nulls("label", labels.codes == code)


def _labels(cells: Cells, grammar: Grammar) -> tuple[LabelArray | None, int | None]:
    if cells.labels is None:
        return np.zeros(cells.n, np.bool_), None
    if isinstance(cells.labels, TextCodes):
        return _labels_of_texts(cells, cells.labels, grammar)
    labels = _filled(cells.labels, cells, "label")
    if grammar.soft_labels:
        return (unsigned_zeros(labels) if are_probabilities(labels) else None), None
    return positive_labels(labels), None


def _labels_of_texts(
    cells: Cells, labels: TextCodes, grammar: Grammar
) -> tuple[LabelArray | None, int | None]:
    """Look up what each different text stands for; a fault among them is not settled here."""
    if len(labels.texts) > MOST_LABEL_TEXTS:
        return None, None
    texts = [text for text in labels.texts if not is_missing("label", text, grammar)]
    try:
        value_of = {text: read_cell("label", text, grammar) for text in texts}
    except CellFault:
        return None, None
    values = np.array([value_of.get(text) or 0.0 for text in labels.texts] or [0.0])
    positive = values[_filled(labels.codes, cells, "label")] == 1.0
    nulls = cells.nulls.get("label")
    if nulls is not None:
        positive &= ~nulls
    if grammar.positive is None:
        return positive, None
    others = {text.strip(" \t") for text in texts if value_of[text] == 0.0}
    if len(others) > 1:
        return None, None
    others_at = ~positive if nulls is None else ~positive & ~nulls
    return positive, int(np.argmax(others_at)) if others and others_at.any() else None


def _filled(values: Any, cells: Cells, key: str) -> Any:  # noqa: ANN401 -- arrays of any kind
    if values is None:
        return np.zeros(cells.n)
    nulls = cells.nulls.get(key)
    return values if nulls is None else np.where(nulls, 0, values)
