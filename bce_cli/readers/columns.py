"""Which columns of a header hold the labels, the predictions and the ids."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bce_cli.errors import DataError
from bce_cli.safe_text import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

LABEL_NAMES = (
    "label",
    "labels",
    "y",
    "y_true",
    "true",
    "truth",
    "ground_truth",
    "target",
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
    "forecast",
)
"""Customary names of the prediction column; case does not matter."""

_MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """The columns asked for: a literal name, ``#3`` for the third, None for a customary name.

    Attributes
    ----------
    label, prediction, id : str or None
        Without an `id` no ids are read.
    """

    label: str | None = None
    prediction: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns found in one header.

    Attributes
    ----------
    names : tuple of str
        All names of the header.
    label, prediction : int
        0-based positions.
    id : int or None
    """

    names: tuple[str, ...]
    label: int
    prediction: int
    id: int | None = None

    @property
    def label_name(self) -> str:
        """Name of the label column."""
        return self.names[self.label]

    @property
    def prediction_name(self) -> str:
        """Name of the prediction column."""
        return self.names[self.prediction]


def find_columns(names: Sequence[str], choice: ColumnChoice, source: str) -> Columns:
    """Find the chosen columns in a header.

    Parameters
    ----------
    names : sequence of str
        The header.
    choice : ColumnChoice
    source : str
        What messages call the input.

    Raises
    ------
    DataError
        A column is missing or ambiguous, or the same one would be both label and prediction.

    Examples
    --------
    >>> found = find_columns(["id", "y", "Prob"], ColumnChoice(id="#1"), "preds.csv")
    >>> found.label, found.prediction, found.id
    (1, 2, 0)
    """
    names = tuple(name.strip() for name in names)
    label = _find(names, choice.label, LABEL_NAMES, "label", source)
    prediction = _find(names, choice.prediction, PREDICTION_NAMES, "prediction", source)
    id_column = None if choice.id is None else _by_name(names, choice.id, source)
    if label == prediction:
        message = f"{source}: column {quoted(names[label])} cannot be both label and prediction"
        raise DataError(message)
    if id_column in (label, prediction):
        message = f"{source}: column {quoted(names[id_column])} cannot be the id as well"
        raise DataError(message, "every row has a number of its own without an id")
    return Columns(names, label, prediction, id_column)


def _find(
    names: tuple[str, ...], wanted: str | None, customary: tuple[str, ...], role: str, source: str
) -> int:
    if wanted is not None:
        return _by_name(names, wanted, source)
    found = [i for i, name in enumerate(names) if name.lower() in customary]
    if len(found) == 1:
        return found[0]
    hint = f"choose one with --{role}; {_listed(names)}"
    if not found:
        message = (
            f"{source}: no column has a customary name for the {role}, such as '{customary[0]}'"
        )
        raise DataError(message, hint)
    several = ", ".join(quoted(names[i]) for i in found)
    message = f"{source}: several columns could be the {role}: {several}"
    raise DataError(message, hint)


def _by_name(names: tuple[str, ...], wanted: str, source: str) -> int:
    found = [i for i, name in enumerate(names) if name == wanted.strip()]
    if len(found) == 1:
        return found[0]
    if found:
        places = " and ".join(f"#{i + 1}" for i in found)
        message = f"{source}: several columns are called {quoted(wanted)}: {places}"
        raise DataError(message, f"choose one by its place, such as #{found[0] + 1}")
    if wanted.startswith("#") and wanted[1:].isascii() and wanted[1:].isdigit():
        place = int(wanted[1:])
        if 1 <= place <= len(names):
            return place - 1
        message = f"{source}: there is no column {wanted}, only {len(names)}"
        raise DataError(message, _listed(names))
    by_lower = {name.lower(): name for name in reversed(names)}
    close = [by_lower[name] for name in difflib.get_close_matches(wanted.lower(), by_lower, n=3)]
    also = f"; did you mean {' or '.join(quoted(name) for name in close)}?" if close else ""
    message = f"{source}: there is no column {quoted(wanted)}{also}"
    raise DataError(message, _listed(names))


def _listed(names: tuple[str, ...]) -> str:
    listed = ", ".join(quoted(name) for name in names[:_MOST_LISTED])
    more = len(names) - _MOST_LISTED
    return f"the columns are {listed}" + (f" and {more} more" if more > 0 else "")
