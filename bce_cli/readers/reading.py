"""From the converted columns of a block to validated rows, a whole column at a time."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

import numpy as np

from bce_cli.core.rows import Categories, Predictions, Quantities, Rows
from bce_cli.core.rules import sigmoid
from bce_cli.core.validate import (
    are_logits,
    are_probabilities,
    are_weights,
    positive_labels,
    unsigned_zeros,
)
from bce_cli.errors import LabelError, argument, given, quoted
from bce_cli.lean_dataclass import dataclass
from bce_cli.readers.buffers import categories_of
from bce_cli.readers.columns import MAY_BE_LEFT_OUT, WATCHED
from bce_cli.readers.grammar import (
    CellFault,
    is_missing,
    is_missing_text,
    label_key,
    mean_the_same,
    read_cell,
)
from bce_cli.readers.texts import Texts, has_long_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from bce_cli.core.cuts import Cut
    from bce_cli.core.rows import BoolArray, FloatArray, LabelArray
    from bce_cli.readers.grammar import Grammar

MOST_LABEL_TEXTS = 100

T = TypeVar("T")


@dataclass(slots=True)
class ConvertedColumns:
    """Columns of a block as a fast path has converted them; None for what is not read.

    Attributes
    ----------
    n : int
        Rows.
    labels : ndarray of float64 or bool, or Categories, or None
    numbers : dict of key to ndarray of float64
        Predictions and weights.
    ids : sequence of str or None
    keys : dict of key to Texts
        For each key column, those of the rows.
    categories : dict of key to Categories
        Clusters and segments.
    quantities : dict of key to Quantities
        Segments that are cut once all rows are known.
    float_types : dict of key to str
        What predictions were stored as, where that was no float64.
    nulls : dict of key to ndarray of bool, shape (n,)
        Cells that hold nothing, where a column has such; its array may hold anything there.
    has_odd_text : bool
        Whether an id, a key, a cluster or a segment is longer than `LONGEST_TEXT`, or is no number
        where it has to be cut.
    cuts : dict of key to Cut
        Segments that hold numbers.
    decimal : {".", ","}
        Of numbers in text.
    """

    n: int
    labels: FloatArray | BoolArray | Categories | None = None
    numbers: dict[str, FloatArray] = field(default_factory=dict)
    ids: Sequence[str] | None = None
    keys: dict[str, Texts] = field(default_factory=dict)
    categories: dict[str, Categories] = field(default_factory=dict)
    quantities: dict[str, Quantities] = field(default_factory=dict)
    float_types: dict[str, str] = field(default_factory=dict)
    nulls: dict[str, BoolArray] = field(default_factory=dict)
    has_odd_text: bool = False
    cuts: Mapping[str, Cut] = field(default_factory=dict)
    decimal: str = "."

    def add_nulls(self, key: str, nulls: BoolArray | None) -> None:
        """Take in which cells of a column hold nothing."""
        if nulls is not None and nulls.any():
            before = self.nulls.get(key)
            self.nulls[key] = nulls if before is None else before | nulls

    def add_text(self, key: str, column: pa.ChunkedArray | pa.Array) -> None:
        """Take in a column of strings, dictionary-encoded or not; null is empty.

        One that has to be cut may be one of numbers as well.
        """
        if has_long_text(column):
            self.has_odd_text = True
        elif key in self.cuts:
            self._add_cut(key, column)
        elif key in ("id", WATCHED):
            self.ids = Texts(column)
        elif key.startswith("key "):
            self.keys[key] = Texts(column)
        else:
            self.categories[key] = categories_of(column)

    def _add_cut(self, key: str, column: pa.ChunkedArray | pa.Array) -> None:
        from bce_cli.readers.cuts import cut_cells  # noqa: PLC0415 -- rarely needed

        found = cut_cells(column, self.cuts[key], self.decimal)
        if found is None:
            self.has_odd_text = True
        elif isinstance(found, Categories):
            self.categories[key] = found
        else:
            self.quantities[key] = found

    @property
    def key(self) -> Texts | None:
        """What joins each row with that of another file; None without key columns."""
        return Texts.side_by_side(in_number(self.keys)) if self.keys else None

    @property
    def missing(self) -> BoolArray | None:
        """Rows with a cell that holds nothing; None if there is none."""
        missing: BoolArray | None = None
        for nulls in self.nulls.values():
            missing = nulls if missing is None else missing | nulls
        return missing


def in_number(columns: Mapping[str, T]) -> list[T]:
    """Return columns in the order of the numbers in their keys, such as ``segment 2``."""
    return [columns[key] for key in sorted(columns, key=lambda key: int(key.partition(" ")[2]))]


@dataclass(frozen=True, slots=True)
class LabelValues:
    """Which texts the labels of a block have been, where one of them was named.

    Attributes
    ----------
    has_positive : bool
        Whether the named one occurred.
    other : str or None
        The text of the labels that count as 0, as it is written first.
    other_place : str
        Where that is.
    n_before : int
        Rows before the block in which it did, where models are read side by side; labels of all of
        them are checked in the order of the rows.
    other_key : str or None
        What the labels that count as 0 are compared by; `label_key` of their text, unless told.
    """

    has_positive: bool = False
    other: str | None = None
    other_place: str = ""
    n_before: int = 0
    other_key: str | None = None

    def __post_init__(self) -> None:
        """Work out what labels are compared by."""
        if self.other is not None and self.other_key is None:
            object.__setattr__(self, "other_key", label_key(self.other))

    @classmethod
    def of(cls, text: str, place: str, grammar: Grammar, *, has_positive: bool = False) -> Self:
        """Return what is known once a label that counts as 0 has occurred."""
        text = text.strip(" \t")
        return cls(has_positive, text, place, other_key=label_key(text, grammar.decimal))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a block came to.

    Attributes
    ----------
    rows : Rows
        Without a label or a prediction column, all labels or all predictions are 0.
    keys : sequence of str, shape (n,), optional
        What joins the rows with those of another file; of several columns, see `one_by_one`.
    label_values : tuple of LabelValues
        One, or one for each model that has labels of its own.
    n_lone : int
        Rows that are left out for want of a partner in another file.
    tally : JoinTally, optional
        Which keys have found a partner, where rows are joined in parts.
    remark : str, optional
        What is worth a word; the first of all rows is said.
    label_print : LabelPrint, optional
        What tells whether another source has the same labels, where there are several.
    """

    rows: Rows
    keys: Sequence[str] | None = None
    label_values: tuple[LabelValues, ...] = ()
    n_lone: int = 0
    tally: Any = None
    remark: str | None = None
    label_print: Any = None

    @property
    def n_missing(self) -> int:
        """Rows that are left out for a missing value."""
        return self.rows.n_missing - self.n_lone


class LabelTally:
    """Checks that there are two labels at the most.

    Parameters
    ----------
    positive : str or None
        The label that counts as 1; with None there is nothing to check.

    Attributes
    ----------
    has_positive : bool
        Whether it has occurred.
    other : str or None
        The label that counts as 0, once it has occurred.
    other_place : str
        Where that was.
    """

    def __init__(self, positive: str | None) -> None:
        self.positive = None if positive is None else positive.strip(" \t")
        self.has_positive = False
        self.other: str | None = None
        self.other_place = ""
        self.other_key: str | None = None

    @property
    def values(self) -> LabelValues:
        """All that is known."""
        key = self.other_key
        return LabelValues(self.has_positive, self.other, self.other_place, other_key=key)

    def finish(self) -> None:
        """Check what can be known at the end alone.

        Raises
        ------
        LabelError
            The named label never occurred, but one that differs from it in case only.
        """
        if self.positive is None or self.has_positive or self.other is None:
            return
        if self._is_nearly_positive(self.other):
            message = f"no label is {quoted(self.positive)}, but {quoted(self.other)} occurs"
            raise LabelError(message, f"did you mean {given(positive=self.other)}?")

    def add(self, values: LabelValues) -> None:
        """Take in the labels of the block that follows.

        Raises
        ------
        LabelError
            A third one is among them, or one that means the same as the named one.
        """
        if self.positive is None:
            return
        self.has_positive |= values.has_positive
        if self.other is None:
            self.other, self.other_place = values.other, values.other_place
            self.other_key = values.other_key
            self._refuse_synonym()
        elif values.other is not None and values.other_key != self.other_key:
            two = f"{quoted(self.positive)} nor {quoted(self.other)}"
            message = f"{values.other_place}: label {quoted(values.other)} is neither {two}"
            hint = f"with {argument('positive=')}, exactly one other value may occur"
            alike = [t for t in (self.other, values.other) if self._is_nearly_positive(t)]
            if alike and not self.has_positive:
                hint = f"did you mean {given(positive=alike[0])}?"
            raise LabelError(message, hint)

    def _is_nearly_positive(self, label: str) -> bool:
        """Whether a label differs from the named one in case alone."""
        return self.positive is not None and label.casefold() == self.positive.casefold()

    def _refuse_synonym(self) -> None:
        """Raise LabelError if both labels stand for the same where none is named, as 1 and true."""
        if self.positive and self.other and mean_the_same(self.positive, self.other):
            two = f"{quoted(self.other)} means the same as {quoted(self.positive)}"
            message = f"{self.other_place}: label {two}, but is written otherwise"
            written = f"{given(positive=self.other)} is as it is written"
            hint = f"{written}; without {argument('positive=')}, 1 and true are one label"
            raise LabelError(message, hint)


def rows_of(cells: ConvertedColumns, grammar: Grammar) -> tuple[Rows, int | None] | None:
    """Validate whole columns.

    Parameters
    ----------
    cells : ConvertedColumns
    grammar : Grammar

    Returns
    -------
    rows : Rows
    first_other : int or None
        With `grammar.positive`, the place of the first row with another label.

    None instead of both when something is wrong, or cannot be settled here.
    """
    if cells.has_odd_text or any(keys.has_blank for keys in cells.keys.values()):
        return None
    _note_missing_labels(cells, grammar)
    _note_missing_texts(cells)
    if cells.nulls and not grammar.drop_missing:
        return None
    labels, first_other = _labels(cells, grammar)
    weights = (
        _filled(cells.numbers["weight"], cells, "weight") if "weight" in cells.numbers else None
    )
    rivals = [key for key in cells.numbers if key not in ("prediction", "weight")]
    models = [_predictions(cells, key, grammar) for key in ("prediction", *rivals)]
    if labels is None or None in models or (weights is not None and not are_weights(weights)):
        return None
    categories: dict[str, Any] = {**cells.categories, **cells.quantities}
    cluster, order = (categories.pop(key, None) for key in ("cluster", "order"))
    first, *others = cast("list[Predictions]", models)
    rows = Rows(
        labels,
        first.probabilities,
        weights,
        cells.ids,
        cells.missing,
        first.logits,
        tuple(others),
        cluster,
        tuple(in_number(categories)),
        first.float_type,
        order,
    )
    return rows.blanked(), first_other


def _note_missing_texts(cells: ConvertedColumns) -> None:
    """Find the rows whose cluster or order is none."""
    for key in MAY_BE_LEFT_OUT:
        column = cells.categories.get(key)
        if column is not None:
            are_none = np.array([is_missing_text(key, name) for name in column.names], np.bool_)
            if are_none.any():
                cells.add_nulls(key, are_none[column.codes])


def _predictions(cells: ConvertedColumns, key: str, grammar: Grammar) -> Predictions | None:
    values = _filled(cells.numbers.get(key), cells, key)
    kind = cells.float_types.get(key, "float64")
    if grammar.logits:
        return Predictions(sigmoid(values), values, kind) if are_logits(values) else None
    return Predictions(unsigned_zeros(values), None, kind) if are_probabilities(values) else None


def _note_missing_labels(cells: ConvertedColumns, grammar: Grammar) -> None:
    """Find the texts among the labels that stand for nothing."""
    labels = cells.labels
    if not isinstance(labels, Categories) or len(labels.names) > MOST_LABEL_TEXTS:
        return
    for code, text in enumerate(labels.names):
        if is_missing("label", text, grammar):
            cells.add_nulls("label", labels.codes == code)


def _labels(cells: ConvertedColumns, grammar: Grammar) -> tuple[LabelArray | None, int | None]:
    if cells.labels is None:
        return np.zeros(cells.n, np.bool_), None
    if isinstance(cells.labels, Categories):
        return _labels_of_texts(cells, cells.labels, grammar)
    if cells.labels.dtype == np.bool_:
        return _filled(cells.labels, cells, "label"), None
    labels = _filled(cells.labels, cells, "label")
    if grammar.soft_labels:
        return (unsigned_zeros(labels) if are_probabilities(labels) else None), None
    return positive_labels(labels), None


def _labels_of_texts(
    cells: ConvertedColumns, labels: Categories, grammar: Grammar
) -> tuple[LabelArray | None, int | None]:
    """Look up what each different text stands for; a fault among them is not settled here."""
    if len(labels.names) > MOST_LABEL_TEXTS:
        return None, None
    texts = [text for text in labels.names if not is_missing("label", text, grammar)]
    try:
        value_of = {text: read_cell("label", text, grammar) for text in texts}
    except CellFault:
        return None, None
    values = np.array([value_of.get(text) or 0.0 for text in labels.names] or [0.0])
    positive = values[_filled(labels.codes, cells, "label")] == 1.0
    nulls = cells.nulls.get("label")
    if nulls is not None:
        positive &= ~nulls
    if grammar.positive is None:
        return positive, None
    others = {label_key(text, grammar.decimal) for text in texts if value_of[text] == 0.0}
    if len(others) > 1 or any(mean_the_same(text, grammar.positive) for text in others):
        return None, None
    others_at = ~positive if nulls is None else ~positive & ~nulls
    return positive, int(np.argmax(others_at)) if others and others_at.any() else None


def _filled(values: Any, cells: ConvertedColumns, key: str) -> Any:  # noqa: ANN401 -- arrays of any kind
    if values is None:
        return np.zeros(cells.n)
    nulls = cells.nulls.get(key)
    return values if nulls is None else np.where(nulls, values.dtype.type(0), values)
