"""What the values of a piece look like, so that an error can say what to try."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from bce_cli.errors import quoted, safe_text
from bce_cli.readers.grammar import is_missing
from bce_cli.readers.numbers import parse_number

if TYPE_CHECKING:
    from bce_cli.readers.columns import Columns
    from bce_cli.readers.grammar import Grammar, Role

_MOST_VALUES = 20
_MOST_SHOWN = 5
_PAIR = 2
_ROUNDING = 1e-3  # as far from [0, 1] as a probability may get by rounding
_FEW = 0.1  # a share of rows that is no accident
_PAIRS = frozenset(
    "yes y true t 1 positive pos present on pass event won win success".split()  # noqa: SIM905
)
"""Texts, in lower case, that people use for the label that counts as 1."""


class Symptoms:
    """Collects what labels and predictions look like, and concludes what may be the matter.

    Parameters
    ----------
    columns : Columns
    grammar : Grammar
    """

    def __init__(self, columns: Columns, grammar: Grammar) -> None:
        self._columns = columns
        self._grammar = grammar
        self._labels: dict[str, None] = {}  # a set that keeps its order
        self._n_fractional_labels = 0
        self._n = 0
        self._n_binary = 0
        self._n_below = 0
        self._n_above_one = 0
        self._greatest = 0.0
        self._furthest = 0.0

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
            return f"the labels are {_listed(values)}; --positive takes one as it is written"
        if self._n_fractional_labels:
            if self._n and self._n_binary == self._n:
                return self._swapped()
            return "labels that are probabilities themselves need --soft-labels"
        if len(values) == _PAIR:
            listed = f"the labels are {_listed(sorted(values))}"
            return f"{listed}: say which one counts as 1, {_example(sorted(values))}"
        if len(values) > _PAIR:
            return f"labels take two values, but here are {_listed(values)}"
        return "labels must be 0 or 1, or --positive names the one that counts as 1"

    def _swapped(self) -> str:
        label = shlex.quote(safe_text(self._columns.prediction_name))
        prediction = shlex.quote(safe_text(self._columns.label_name))
        return f"the two columns look swapped: try --label {label} --prediction {prediction}"

    def _hint_for_predictions(self, text: str) -> str | None:
        cell = text.strip(" \t")
        if parse_number(cell, self._grammar.decimal) is None:
            return _hint_for_text(cell, self._grammar.decimal)
        if self._furthest <= _ROUNDING:
            return "these lie just outside: round or clip them where they are made"
        if self._n_below >= _FEW * self._n:
            return "these look like logits: --logits takes them as they are"
        if 2.0 < self._greatest <= 100.0 and self._n_above_one >= 0.5 * self._n:  # noqa: PLR2004
            return "these look like percentages: divide them by 100 first"
        return None


def _hint_for_text(cell: str, decimal: str) -> str:
    if cell.endswith("%"):
        return "percentages must be divided by 100 first"
    if decimal == "." and parse_number(cell, ",") is not None:
        return "--decimal , reads numbers with a decimal comma"
    if decimal == "," and parse_number(cell) is not None:
        return "this number has a decimal point, which is read without --decimal ,"
    return "predictions must be probabilities such as 0.25"


def _example(pair: list[str]) -> str:
    """Show what to pass; where either of two labels may count as 1, show both."""
    options = [f"--positive {shlex.quote(safe_text(value))}" for value in pair]
    likely = [option for value, option in zip(pair, options, strict=True) if _is_likely(value)]
    is_clear = len(likely) == 1 and not (pair[0] == "1" and parse_number(pair[1]) is not None)
    return f"such as {likely[0]}" if is_clear else f"{options[0]} or {options[1]}"


def _is_likely(value: str) -> bool:
    return value.lower() in _PAIRS


def _listed(values: list[str]) -> str:
    shown = ", ".join(quoted(value) for value in values[:_MOST_SHOWN])
    return shown + (" and more" if len(values) > _MOST_SHOWN else "")
