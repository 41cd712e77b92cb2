"""The second look at a piece that did not pass at once: which place, which column, which text.

The fast paths convert whole columns and only learn that something is odd. This module goes through
the records of that one piece by the rules of `grammar`, and either finds the first fault or that
all is well. It is the only place where such messages are made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from bce_cli.errors import DataError, LabelError, quoted
from bce_cli.readers.cells import Cells
from bce_cli.readers.encodings import suggested_encoding
from bce_cli.readers.grammar import CellFault, cell_error, read_cell
from bce_cli.readers.label_tally import third_label
from bce_cli.readers.reading import LabelValues, Reading, rows_of
from bce_cli.readers.symptoms import Symptoms
from bce_cli.readers.text_columns import add_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bce_cli.readers.columns import Columns
    from bce_cli.readers.grammar import Grammar, Role

Record: TypeAlias = "tuple[str, Mapping[str, str | None] | DataError]"
"""Where a record stands, and its cells by role; or why it is no record."""


def look_again(records: Iterable[Record], columns: Columns, grammar: Grammar) -> Reading:
    """Read a piece record by record.

    Parameters
    ----------
    records : iterable of (place, cells or DataError)
    columns : Columns
    grammar : Grammar

    Raises
    ------
    DataError
        The first fault, with the number of further faulty records.
    """
    look = _Look(columns, grammar)
    for place, record in records:
        look.take(place, record)
    return look.reading()


class _Look:
    def __init__(self, columns: Columns, grammar: Grammar) -> None:
        self._columns = columns
        self._grammar = grammar
        self._symptoms = Symptoms(columns, grammar)
        self._first: tuple[DataError, Role | None, str | None] | None = None
        self._n_faulty = 0
        self._values: dict[str, list[float]] = {key: [] for key, _, _ in columns.numbers}
        self._texts: dict[str, list[str]] = {key: [] for key, _ in columns.texts}
        self._missing: list[bool] = []
        self._label_values = LabelValues()

    def take(self, place: str, record: Mapping[str, str | None] | DataError) -> None:
        """Take in one record."""
        if isinstance(record, DataError):
            self._note(record)
            return
        self._symptoms.note_label(record.get("label"))
        for key, role, _ in self._columns.numbers:
            if role == "prediction":
                self._symptoms.note_prediction(record[key])
        values: dict[str, float | None] = {}
        for key, role, position in self._columns.numbers:
            text = record[key]
            try:
                values[key] = read_cell(role, text, self._grammar)
            except CellFault as fault:
                error = cell_error(
                    role,
                    text,
                    fault,
                    column=self._columns.names[position],
                    place=place,
                    decimal=self._grammar.decimal,
                )
                self._note(error, role, text)
                return
        if self._grammar.positive is not None and values.get("label") is not None:
            third = self._third_label((record["label"] or "").strip(" \t"), place)
            if third is not None:
                self._note(third)
                return
        for key, position in self._columns.texts:
            name = self._columns.names[position]
            fault_of_text = _text_fault(key, record[key], name, place)
            if fault_of_text is not None:
                self._note(fault_of_text)
                return
        self._keep(record, values)

    def _keep(self, record: Mapping[str, str | None], values: dict[str, float | None]) -> None:
        is_missing = None in values.values()
        self._missing.append(is_missing)
        for key, value in values.items():
            self._values[key].append(0.0 if value is None else value)
        for key, texts in self._texts.items():
            texts.append(record[key] or "")

    def _note(self, error: DataError, role: Role | None = None, text: str | None = None) -> None:
        self._n_faulty += 1
        if self._first is None:
            self._first = (error, role, text)

    def _third_label(self, text: str, place: str) -> LabelError | None:
        positive = (self._grammar.positive or "").strip(" \t")
        seen = self._label_values
        if text == positive:
            self._label_values = LabelValues(True, seen.other, seen.other_place)
        elif seen.other is None:
            self._label_values = LabelValues(seen.has_positive, text, place)
        elif seen.other != text:
            return third_label(text, place, seen.other, positive)
        return None

    def reading(self) -> Reading:
        """Return all rows, or raise the first fault."""
        if self._first is not None:
            raise self._finished(*self._first)
        cells = Cells(len(self._missing))
        cells.add_nulls("record", np.array(self._missing, np.bool_))
        columns = {key: np.array(values, np.float64) for key, values in self._values.items()}
        cells.labels = columns.pop("label", None)
        cells.numbers = columns
        for key, texts in self._texts.items():
            add_texts(cells, key, texts)
        # By now every label is a number.
        checked = rows_of(cells, replace(self._grammar, positive=None))
        if checked is None:  # pragma: no cover -- the rules of cells and of columns agree
            message = "internal: a cell passed that a column does not"
            raise AssertionError(message)
        return Reading(checked[0], self._texts.get("key"), (self._label_values,))

    def _finished(self, error: DataError, role: Role | None, text: str | None) -> DataError:
        hint = error.hint
        if hint is None and role is not None:
            hint = self._symptoms.hint(role, text)
        others = self._n_faulty - 1
        message = error.message
        if others:  # seen in this piece; there may be more in those behind it
            rows = "1 more row is" if others == 1 else f"{others} more rows are"
            message += f"; at least {rows} faulty"
        return type(error)(message, hint)


def _text_fault(key: str, text: str | None, column: str, place: str) -> DataError | None:
    role = key.partition(" ")[0]
    if role in ("key", "cluster") and not (text or "").strip():
        return DataError(f"{place}: the {role} (column {quoted(column)}) is empty")
    try:
        (text or "").encode()
    except UnicodeEncodeError:
        hint = f"it may be written in --encoding {suggested_encoding(text or '')}"
        return DataError(f"{place}: {role} {quoted(text or '')} is not UTF-8 text", hint)
    return None
