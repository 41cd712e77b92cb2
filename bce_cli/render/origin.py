"""Where rows came from, and how every report tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bce_cli.errors import quoted, safe_text
from bce_cli.render.numbers import count, rows


@dataclass(frozen=True, slots=True)
class Origin:
    """What was read, and what was left out.

    Attributes
    ----------
    sources : tuple of str
        Paths as the user gave them.
    label_column : str
    prediction_columns : tuple of str
        At least one.
    weight_column : str, optional
    labels_source : str, optional
        The path of the labels, where they stand in a file of their own.
    positive_label, negative_label : str, optional
        The texts of the labels that count as 1 and 0, where the first was named.
    of_logits : bool, default False
        Whether the predictions were logits.
    n_missing : int, default 0
        Rows left out for a missing value.
    n_unmatched : int, optional
        Keys left out for want of a partner; None where nothing was joined.
    """

    sources: tuple[str, ...]
    label_column: str
    prediction_columns: tuple[str, ...]
    weight_column: str | None = None
    labels_source: str | None = None
    positive_label: str | None = None
    negative_label: str | None = None
    of_logits: bool = False
    n_missing: int = 0
    n_unmatched: int | None = None

    @property
    def has_weights(self) -> bool:
        """Whether rows had weights."""
        return self.weight_column is not None


def source_names(origin: Origin) -> str:
    """Name the sources in a title."""
    return ", ".join(
        "standard input" if source == "-" else safe_text(source) for source in origin.sources
    )


def origin_notes(origin: Origin) -> tuple[str, ...]:
    """Tell which rows were left out, what the labels were, and which columns were read."""
    notes = []
    if origin.n_missing:
        verb = "was" if origin.n_missing == 1 else "were"
        notes.append(f"{rows(origin.n_missing)} with a missing value {verb} left out.")
    if origin.n_unmatched:
        keys = "1 key" if origin.n_unmatched == 1 else f"{count(origin.n_unmatched)} keys"
        verb = "was" if origin.n_unmatched == 1 else "were"
        notes.append(f"{keys} without a partner {verb} left out.")
    if origin.positive_label is not None:
        other = origin.negative_label
        zero = "no other occurs" if other is None else f"label 0 is {quoted(other)}"
        notes.append(f"Label 1 is {quoted(origin.positive_label)}; {zero}.")
    return (*notes, _columns_note(origin))


def _columns_note(origin: Origin) -> str:
    label = quoted(origin.label_column)
    if origin.labels_source is not None:
        label += f" of {quoted(origin.labels_source)}"
    names = [label, *(quoted(name) for name in origin.prediction_columns)]
    if origin.of_logits:
        names[-1] += " (logits; their sigmoids are shown)"
    if origin.weight_column is not None:
        names.append(quoted(origin.weight_column))
    return f"Read from the columns {', '.join(names[:-1])} and {names[-1]}."


def origin_record(origin: Origin) -> dict[str, Any]:
    """Return what JSON tells of the columns and labels, to stand before the figures."""
    sources, predictions = list(origin.sources), list(origin.prediction_columns)
    record: dict[str, Any] = {
        "source": sources[0] if len(sources) == 1 else sources,
        "label_column": origin.label_column,
    }
    if len(predictions) == 1:
        record["prediction_column"] = predictions[0]
    if origin.weight_column is not None:
        record["weight_column"] = origin.weight_column
    if origin.labels_source is not None:
        record["labels_source"] = origin.labels_source
    return record | {
        "positive_label": origin.positive_label,
        "negative_label": origin.negative_label,
    }
