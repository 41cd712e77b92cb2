"""The second look at a block that did not pass at once: which place, which column, which text.

The fast paths convert whole columns and only learn that something is odd. This module goes through
the records of that one block by the rules of `grammar`, and either finds the first fault or that
all is well. It is the only place where such messages are made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from bce_cli.errors import DataError, argument, given, quoted
from bce_cli.readers.columns import MAY_BE_LEFT_OUT, MUST_HAVE_TEXT
from bce_cli.readers.decoding import suggested_encoding
from bce_cli.readers.grammar import (
    DROP_HINT,
    LABELS_FIRST,
    CellFault,
    cell_error,
    check_number,
    is_missing,
    is_missing_text,
    parse_number,
    read_cell,
)
from bce_cli.readers.partitions import refuse_other, take_folders
from bce_cli.readers.reading import ConvertedColumns, LabelTally, LabelValues, Reading, rows_of
from bce_cli.readers.texts import LONGEST_TEXT, is_too_long

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bce_cli.readers.columns import Columns, Role
    from bce_cli.readers.grammar import Grammar


_MOST_VALUES = 20
_MOST_SHOWN = 5
_PAIR = 2
_ROUNDING = 1e-3  # as far from [0, 1] as a probability may get by rounding
_FEW = 0.1  # a share of rows that is no accident
_LIKELY = frozenset(
    "yes y true t 1 positive pos present on pass event won win success".split()  # noqa: SIM905
)
"""Texts, in lower case, that people use for the label that counts as 1."""

Record: TypeAlias = "tuple[str, Mapping[str, str | None] | DataError]"
"""Where a record stands, and its cells by role; or why it is no record."""


def look_again(
    records: Iterable[Record],
    columns: Columns,
    grammar: Grammar,
    float_types: Mapping[str, str] | None = None,
    source: str = "",
) -> Reading:
    """Read a block record by record.

    Parameters
    ----------
    records : iterable of (place, cells or DataError)
    columns : Columns
    grammar : Grammar
    float_types : dict of key to str, optional
        As in `ConvertedColumns`.
    source : str
        What messages about all records call the input.

    Raises
    ------
    DataError
        The first fault, with the number of further faulty records.
    """
    look = _Look(columns, grammar)
    for place, record in records:
        look.take(place, record)
    return look.reading(float_types or {}, source)


class _Look:
    def __init__(self, columns: Columns, grammar: Grammar) -> None:
        self._columns = columns
        self._grammar = grammar
        self._symptoms = _Symptoms(columns, grammar)
        self._tally = LabelTally(grammar.positive)
        self._first: tuple[DataError, tuple[Role, str | None] | None] | None = None
        self._n_faulty = 0
        self._cell: tuple[Role, str | None] | None = None  # the one being read
        self._values: dict[str, list[float]] = {key: [] for key, _, _ in columns.numbers}
        self._texts: dict[str, list[str]] = {key: [] for key, _ in columns.texts}
        self._missing: list[bool] = []
        self._checked: dict[str, str] = {}

    def take(self, place: str, record: Mapping[str, str | None] | DataError) -> None:
        """Take in one record."""
        self._cell = None
        try:
            if isinstance(record, DataError):
                raise record
            self._take_cells(place, record)
        except DataError as error:
            self._n_faulty += 1
            self._first = self._first or (error, self._cell)

    def _take_cells(self, place: str, record: Mapping[str, str | None]) -> None:
        self._symptoms.note_label(record.get("label"))
        for key, role, _ in self._columns.numbers:
            if role == "prediction":
                self._symptoms.note_prediction(record[key])
        values = {
            key: self._number(role, record[key], self._columns.names[at], place)
            for key, role, at in self._columns.numbers
        }
        self._cell = None
        if self._grammar.positive is not None and values.get("label") is not None:
            is_positive = values["label"] == 1.0
            label = record["label"] or ""
            other = LabelValues.of(label, place, self._grammar)
            self._tally.add(LabelValues(has_positive=True) if is_positive else other)
        for key, at in self._columns.texts:
            text = record[key] or ""
            if text is not self._checked.get(key):  # a great one may stand in many rows
                _check_text(key, text, self._columns.names[at], place, self._grammar)
                refuse_other(key, text, self._columns, place)
                if key in self._columns.cuts:
                    check_number(text, self._columns.names[at], place, self._grammar.decimal)
                self._checked[key] = text
        self._missing.append(None in values.values())
        for key, value in values.items():
            self._values[key].append(0.0 if value is None else value)
        for key, texts in self._texts.items():
            texts.append(record[key] or "")

    def _number(self, role: Role, text: str | None, column: str, place: str) -> float | None:
        self._cell = role, text
        try:
            return read_cell(role, text, self._grammar)
        except CellFault as fault:
            decimal = self._grammar.decimal
            error = cell_error(role, text, fault, column=column, place=place, decimal=decimal)
            raise error from None

    def reading(self, float_types: Mapping[str, str], source: str) -> Reading:
        """Return all rows, or raise the first fault."""
        if self._first is not None:
            raise self._finished(*self._first)
        import pyarrow as pa

        cells = ConvertedColumns(
            len(self._missing), cuts=self._columns.cuts, decimal=self._grammar.decimal
        )
        cells.add_nulls("record", np.array(self._missing, np.bool_))
        columns = {key: np.array(values, np.float64) for key, values in self._values.items()}
        cells.labels = columns.pop("label", None)
        cells.numbers, cells.float_types = columns, dict(float_types)
        for key, texts in self._texts.items():
            cells.add_text(key, pa.array(texts, pa.string()))
        take_folders(cells, self._columns, self._grammar, source)
        # By now every label is a number.
        checked = rows_of(cells, replace(self._grammar, positive=None))
        if checked is None:  # pragma: no cover -- the rules of cells and of columns agree
            message = "internal: a cell passed that a column does not"
            raise AssertionError(message)
        return Reading(checked[0], cells.key, (self._tally.values,))

    def _finished(self, error: DataError, cell: tuple[Role, str | None] | None) -> DataError:
        message, hint = error.said
        if hint is None and cell is not None:
            hint = self._symptoms.hint(*cell)
        others = self._n_faulty - 1
        if others:  # seen in this block; there may be more in those behind it
            rows = "1 more row is" if others == 1 else f"{others} more rows are"
            message += f"; at least {rows} faulty"
        return type(error)(message, hint)


def _check_text(key: str, text: str, column: str, place: str, grammar: Grammar) -> None:
    role = key.partition(" ")[0]
    may_be_left_out = role in MAY_BE_LEFT_OUT
    is_allowed = role not in MUST_HAVE_TEXT or (may_be_left_out and grammar.drop_missing)
    if not is_allowed and is_missing_text(role, text):
        what = f"is {quoted(text)}" if text.strip() else "is empty"
        message = f"{place}: the {role} (column {quoted(column)}) {what}"
        raise DataError(message, DROP_HINT if may_be_left_out else None)
    if is_too_long(text):
        long = f"longer than {LONGEST_TEXT >> 10} KiB"
        message = f"{place}: the {role} (column {quoted(column)}) is {long}"
        raise DataError(message)
    try:
        text.encode()
    except UnicodeEncodeError:
        message = f"{place}: {role} {quoted(text)} is not UTF-8 text"
        hint = f"it may be written in {given(encoding=suggested_encoding(text))}"
        raise DataError(message, hint) from None


class _Symptoms:
    """What labels and predictions look like, and what may be the matter."""

    def __init__(self, columns: Columns, grammar: Grammar) -> None:
        self._columns = columns
        self._grammar = grammar
        self._labels: dict[str, None] = {}  # a set that keeps its order
        self._n_fractional_labels = 0
        self._n = self._n_binary = self._n_below = self._n_above_one = 0
        self._greatest = self._furthest = 0.0

    def note_label(self, text: str | None) -> None:
        """Take in a label."""
        if text is None or is_missing("label", text, self._grammar):
            return
        cell = text.strip(" \t")
        if len(self._labels) < _MOST_VALUES:
            self._labels[cell] = None
        value = parse_number(cell, self._grammar.decimal)
        self._n_fractional_labels += value is not None and 0.0 < value < 1.0

    def note_prediction(self, text: str | None) -> None:
        """Take in a prediction."""
        value = parse_number(text or "", self._grammar.decimal)
        if value is None:
            return
        self._n += 1
        self._n_binary += value in (0.0, 1.0)
        self._n_below += value < 0.0
        self._n_above_one += value > 1.0
        self._greatest = max(self._greatest, value)
        self._furthest = max(self._furthest, -value, value - 1.0)

    def hint(self, role: Role, text: str | None) -> str | None:
        """Say what to try about a cell that is wrong, from what the others look like."""
        if role == "label":
            return self._hint_for_labels()
        if role == "prediction":
            return self._hint_for_predictions(text or "")
        return None

    def _hint_for_labels(self) -> str | None:
        values = list(self._labels)
        if self._grammar.positive is not None:
            takes = f"{argument('positive=')} takes one as it is written"
            return f"the labels are {_listed(values)}; {takes}"
        if self._n_fractional_labels:
            is_swapped = self._columns.prediction is None or (self._n and self._n_binary == self._n)
            soft = f"labels that are probabilities themselves need {given(soft_labels=True)}"
            return self._swapped() if is_swapped else soft
        if len(values) == _PAIR:
            listed = f"the labels are {_listed(sorted(values))}"
            return f"{listed}: say which one counts as 1, {_example(sorted(values))}"
        if len(values) > _PAIR:
            return f"labels take two values, but here are {_listed(values)}"
        return f"labels must be 0 or 1, or {argument('positive=')} names the one that counts as 1"

    def _swapped(self) -> str:
        if self._columns.prediction is None:
            soft = given(soft_labels=True)
            return f"are these the predictions, and the two files swapped? or {soft}"
        if self._grammar.has_arguments:
            return LABELS_FIRST
        label, prediction = self._columns.prediction_name, self._columns.label_name
        return f"the two columns look swapped: try {given(label=label, prediction=prediction)}"

    def _hint_for_predictions(self, text: str) -> str | None:
        cell = text.strip(" \t")
        if parse_number(cell, self._grammar.decimal) is None:
            return _hint_for_text(cell, self._grammar.decimal)
        if self._furthest <= _ROUNDING:
            return "these lie just outside: round or clip them where they are made"
        if self._n_below >= _FEW * self._n:
            return f"these look like logits: {given(logits=True)} takes them as they are"
        if 2.0 < self._greatest <= 100.0 and self._n_above_one >= 0.5 * self._n:  # noqa: PLR2004
            return "these look like percentages: divide them by 100 first"
        return None


def _hint_for_text(cell: str, decimal: str) -> str:
    if cell.endswith("%"):
        return "percentages must be divided by 100 first"
    if decimal == "." and parse_number(cell, ",") is not None:
        return f"{given(decimal=',')} reads numbers with a decimal comma"
    if decimal == "," and parse_number(cell) is not None:
        return f"this number has a decimal point, which is read without {given(decimal=',')}"
    return "predictions must be probabilities such as 0.25"


def _example(pair: list[str]) -> str:
    """Show what to pass; where either of two labels may count as 1, show both."""
    options = [given(positive=value) for value in pair]
    likely = [
        option for value, option in zip(pair, options, strict=True) if value.lower() in _LIKELY
    ]
    is_clear = len(likely) == 1 and not (pair[0] == "1" and parse_number(pair[1]) is not None)
    return f"such as {likely[0]}" if is_clear else f"{options[0]} or {options[1]}"


def _listed(values: list[str]) -> str:
    shown = ", ".join(quoted(value) for value in values[:_MOST_SHOWN])
    return shown + (" and more" if len(values) > _MOST_SHOWN else "")
