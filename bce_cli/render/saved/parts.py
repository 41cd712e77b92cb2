"""What saved records of all commands have in common: where rows came from, and their losses."""

from __future__ import annotations

import math
import os
from dataclasses import fields as fields_of
from typing import TYPE_CHECKING, Any

from bce_cli.core.conventions import Convention
from bce_cli.core.fields import Fields
from bce_cli.core.report import NATS_PER, LossReport
from bce_cli.core.rows import FLOAT_TYPES
from bce_cli.core.rules import RULES
from bce_cli.core.segments import Gap, promised_error
from bce_cli.errors import ArgumentError, safe_text
from bce_cli.render.origin import Origin, is_doubt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bce_cli.core.cuts import Cut
    from bce_cli.core.report import Unit

GREATEST_WEIGHT = 1e300
"""A hundred such weights add up to less than infinity."""


def origin_of(fields: Fields, columns: tuple[str, ...] = (), known: tuple[str, ...] = ()) -> Origin:
    """Return where rows came from.

    Parameters
    ----------
    fields : Fields
    columns : tuple of str, optional
        The predictions, where no key tells them, as older versions have it.
    known : tuple of str, optional
        Notes that follow from the report.
    """
    is_list = isinstance(fields.members.get("source"), list | tuple)
    predictions = fields.texts("prediction_columns")
    if not predictions:
        is_told = "prediction_column" in fields or not columns
        predictions = (fields.text("prediction_column"),) if is_told else columns
    notes = fields.texts("notes")
    sources = fields.texts("source") if is_list else (fields.text("source"),)
    labels = fields.maybe_text("labels_source")
    return Origin(
        sources=sources,
        label_column=fields.text("label_column"),
        prediction_columns=predictions,
        weight_column=fields.maybe_text("weight_column"),
        labels_source=labels,
        positive_label=fields.maybe_text("positive_label"),
        negative_label=fields.maybe_text("negative_label"),
        of_logits=fields.flag("logits", default=False),
        n_missing=fields.maybe_count("n_missing") or 0,
        n_unmatched=fields.maybe_count("n_unmatched"),
        cuts=_cuts_of(fields),
        doubts=tuple(safe_text(note) for note in notes if not is_doubt(note) and note not in known),
        files=absolute((*sources, *(() if labels is None else (labels,)))),
    )


def absolute(names: Iterable[str]) -> tuple[str, ...]:
    """Return the paths that names lead to, were they files seen from here; each once."""
    return tuple(dict.fromkeys(os.path.abspath(name) for name in names))  # noqa: PTH100


def _cuts_of(fields: Fields) -> dict[str, Cut]:
    if "cut" not in fields:
        return {}
    from decimal import Decimal  # noqa: PLC0415 -- rarely needed

    from bce_cli.core.cuts import Cut  # noqa: PLC0415 -- rarely needed

    found, columns = {}, fields.one("cut")
    for name in columns.members:
        cut = columns.one(name)
        edges = cut.numbers("edges", -math.inf, math.inf)
        numbers = tuple(Decimal(str(edge)) for edge in edges)
        found[name] = Cut(numbers, cut.maybe_count("quantiles", 2))
    return found


def convention_of(fields: Fields) -> Convention:
    """Return the rule that losses were made by."""
    name = fields.choice("convention", (*RULES, "clip"))
    if name != "clip":
        return Convention(like=name)
    clip = fields.number("clip", 0.0, 0.5)
    try:
        return Convention(clip)
    except ArgumentError:
        fields.refuse("clip", "a number between 0 and 0.5")


def unit_of(fields: Fields) -> Unit:
    """Return the unit of losses."""
    unit: Unit = fields.choice("unit", NATS_PER)
    return unit


def _beside(fields: Fields, key: str, other: str) -> float | None:
    """Return a number that is undefined only where another one is."""
    is_defined = fields.members.get(other) is not None
    return fields.number(key, null=math.inf) if is_defined else fields.maybe_number(key)


_READERS: dict[str, Callable[[Fields, str], Any]] = {
    "n": lambda fields, key: fields.count(key, 1),
    "n_positive": Fields.count,
    "weight_sum": lambda fields, key: fields.number(key, 0.0, GREATEST_WEIGHT),
    "effective_n": lambda fields, key: fields.number(key, 0.0, GREATEST_WEIGHT),
    "base_rate": lambda fields, key: fields.number(key, 0.0, 1.0),
    "n_clipped": Fields.count,
    "mean_loss": lambda fields, key: fields.number(key, null=math.inf),
    "std_error": lambda fields, key: fields.maybe_number(key, 0.0),
    "total_loss": lambda fields, key: fields.number(key, null=math.inf),
    "log_likelihood": lambda fields, key: fields.number(key, null=-math.inf),
    "log10_likelihood": lambda fields, key: fields.number(key, null=-math.inf),
    "effective_probability": lambda fields, key: fields.number(key, 0.0),
    "base_rate_loss": lambda fields, key: fields.number(key, 0.0),
    "brier": lambda fields, key: fields.number(key, 0.0, 1.0),
    "n_impossible": Fields.count,
    "first_impossible_row": lambda fields, key: fields.maybe_count(key, 1),
    "float_type": lambda fields, key: fields.maybe_choice(key, FLOAT_TYPES),
    "n_certain": Fields.maybe_count,
    "kl_divergence": lambda fields, key: _beside(fields, key, "label_entropy"),
    "reversed_loss": lambda fields, key: _beside(fields, key, "n_certain"),
}
"""How a figure of `LossReport` is read; those that are not here may be undefined."""

_UNKNOWN: dict[str, Any] = {
    **dict.fromkeys(_READERS, math.nan),
    **dict.fromkeys(("n_clipped", "n_impossible"), 0),
    **dict.fromkeys(("std_error", "first_impossible_row", "float_type", "n_certain")),
    **dict.fromkeys(("kl_divergence", "reversed_loss")),
}
"""What stands for a figure that a record does not have."""


ALL_FIGURES = tuple(field.name for field in fields_of(LossReport) if field.name != "unit")


def losses_of(unit: Unit, *parts: tuple[Fields, tuple[str, ...]]) -> LossReport:
    """Return the figures that are told in some places, by name; others are nan, 0 or None."""
    found: dict[str, Any] = {name: _UNKNOWN.get(name) for name in ALL_FIGURES}
    for fields, names in parts:
        for name in names:
            read = _READERS.get(name, Fields.maybe_number)
            found[name] = read(fields, name)
    return LossReport(unit=unit, **found)


def which_row(fields: Fields) -> dict[str, Any]:
    """Return what every row in a record has, by name."""
    return {
        "row": fields.count("row", 1),
        "id": fields.maybe_text("id"),
        "label": fields.number("label", 0.0, 1.0),
        "prediction": fields.number("prediction", 0.0, 1.0),
    }


def gap_of(fields: Fields) -> Gap:
    """Return how far predictions are off on average; all rows count alike for what they promise."""
    mean, n = fields.maybe_number("mean_prediction", 0.0, 1.0), fields.maybe_count("n")
    n_clusters = fields.maybe_count("n_clusters")
    return Gap(
        fields.number("gap", -1.0, 1.0),
        fields.maybe_number("gap_std_error", 0.0),
        fields.maybe_number("gap_ci_low"),
        fields.maybe_number("gap_ci_high"),
        promised_error(mean or 0.0, n) if n else 0.0,
        math.inf if n_clusters is None else max(n_clusters - 1, 1),
    )


def maybe_gap_of(fields: Fields) -> Gap | None:
    """Return the same; None where it is not told."""
    return None if fields.maybe_number("gap") is None else gap_of(fields)
