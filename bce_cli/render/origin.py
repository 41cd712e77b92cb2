"""Where rows came from, and what every report tells of its rows in the same words."""

from __future__ import annotations

import math
from dataclasses import field, fields
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from bce_cli.core.inference import ENOUGH_IN_EFFECT
from bce_cli.core.report import FEW
from bce_cli.errors import quoted, safe_text
from bce_cli.lean_dataclass import dataclass
from bce_cli.render.layout import PLAIN, Column, count, figure, how_many, percent, verb

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bce_cli.core.calibration.report import CalibrationReport
    from bce_cli.core.conventions import Convention
    from bce_cli.core.cuts import Cut
    from bce_cli.core.derivation import UnderflowProduct
    from bce_cli.core.likelihood import LikelihoodProduct
    from bce_cli.core.report import LossReport
    from bce_cli.render.layout import Look, TableColumn

_LONGEST_ID = 24

_CLASSES = "these look like classes; probabilities come of predict_proba."
_REVERSED = "is this the probability of the other label?"
SAME_LOSSES = "is it the same model?"


class _Row(Protocol):
    """What tells which row it is."""

    @property
    def row(self) -> int: ...
    @property
    def id(self) -> str | None: ...
    @property
    def label(self) -> float: ...


R = TypeVar("R", bound=_Row)


@dataclass(frozen=True, slots=True)
class Saved:
    """What a document keeps that was made of a saved report.

    Attributes
    ----------
    record : dict
        As it was saved, but infinite where null stands for that.
    doubts : tuple of str
        What made its predictions look like ones that were not meant. What that follows from is not
        all saved.
    """

    record: dict[str, Any]
    doubts: tuple[str, ...]


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
    doubts : tuple of str, default ()
        What makes rows look like ones that were not meant, as standard error tells it.
    cuts : dict of str to Cut
        How columns of numbers were cut, whose intervals part the rows.
    files : tuple of str, default ()
        Absolute paths of all that was read on this machine, which nothing written later may
        overwrite, wherever the process has gone since; no record has them.
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
    doubts: tuple[str, ...] = ()
    cuts: Mapping[str, Cut] = field(default_factory=dict)
    files: tuple[str, ...] = ()

    @property
    def has_weights(self) -> bool:
        """Whether rows had weights."""
        return self.weight_column is not None

    @property
    def names(self) -> str:
        """The sources, as a title names them."""
        return ", ".join("standard input" if s == "-" else safe_text(s) for s in self.sources)

    def title(self, report: LossReport | CalibrationReport, *, soft: bool, models: str = "") -> str:
        """Say what was judged: how many rows, how many of label 1, and what share that is."""
        share = " ".join(["mean label"] * soft + ["by weight"] * self.has_weights)
        rate = f"{percent(report.base_rate)} {share}".strip()
        positive = f"{count(report.n_positive)} with label 1 ({rate})"
        return f"{self.names}: {models}{how_many(report.n)}, {positive}"

    def notes(self) -> tuple[str, ...]:
        """Tell which rows were left out, what the labels were, and which columns were read."""
        missing, unmatched = self.n_missing, self.n_unmatched
        notes = []
        if missing:
            rows = how_many(missing)
            notes.append(f"{rows} with a missing value {verb(missing, 'was')} left out.")
        if unmatched:
            keys = how_many(unmatched, "key")
            notes.append(f"{keys} without a partner {verb(unmatched, 'was')} left out.")
        if self.positive_label is not None:
            other = self.negative_label
            zero = "no other occurs" if other is None else f"label 0 is {quoted(other)}"
            notes.append(f"Label 1 is {quoted(self.positive_label)}; {zero}.")
        for column, cut in self.cuts.items():
            n = len(cut.names)
            if cut.quantiles is not None and n < cut.quantiles:
                few = f"{quoted(column)} has few different values"
                notes.append(f"{few}: {how_many(n, 'interval')}, not {cut.quantiles}.")
        return (*notes, self._columns_note())

    def _columns_note(self) -> str:
        label, predictions = quoted(self.label_column), self.prediction_columns
        values = f"{'logit' if self.of_logits else 'prediction'}{'s' * (len(predictions) > 1)}"
        names = ", ".join(map(quoted, predictions))
        if self.labels_source is not None:
            label += f" of {safe_text(self.labels_source)}"
            names += f" of {self.names}" if len(self.sources) == 1 else ""
        if self.of_logits:
            names += " (their sigmoids are shown)"
        weight = "" if self.weight_column is None else f", weight {quoted(self.weight_column)}"
        return f"Read: label {label}, {values} {names}{weight}."

    def impossible_rows(
        self,
        report: LossReport | CalibrationReport,
        joint: str = "; ",
        *,
        has_verb: bool = True,
    ) -> str:
        """Say how many rows were certain and wrong, so that their exact loss is infinite."""
        n = report.n_impossible
        were = f" {verb(n, 'was')}" if has_verb else ""
        first = f"the first is row {count(report.first_impossible_row)}{self._of_source}"
        return f"{how_many(n)}{were} certain and wrong{joint}{first}"

    @property
    def _of_source(self) -> str:
        """Whose row a number counts, where labels stand in a file of their own."""
        is_plain = self.labels_source is None or self.n_unmatched or len(self.sources) > 1
        return "" if is_plain else f" of {self.names}"

    def kinds(self, *, soft: bool) -> dict[str, bool]:
        """Return what JSON tells of the kind of predictions and labels, where it is not plain."""
        kinds = {"logits": self.of_logits, "soft_labels": soft}
        return {name: True for name, is_so in kinds.items() if is_so}

    def head(
        self,
        report: Any,  # noqa: ANN401 -- whatever has them
        *figures: str,
        convention: Convention | None = None,
    ) -> dict[str, Any]:
        """Return what JSON tells first: columns and labels, counts, what was left out, the rule.

        Parameters
        ----------
        report : object
            Has a `unit`, and attributes of the other names.
        *figures : str
        convention : Convention, optional
        """
        sources, predictions = self.sources, self.prediction_columns
        named = {
            "source": sources[0] if len(sources) == 1 else list(sources),
            "label_column": self.label_column,
            "prediction_column": predictions[0] if len(predictions) == 1 else None,
            "prediction_columns": list(predictions) if len(predictions) > 1 else None,
            "weight_column": self.weight_column,
            "labels_source": self.labels_source,
        }
        rule = (
            {} if convention is None else {"convention": convention.name, "clip": convention.clip}
        )
        return {
            **{name: value for name, value in named.items() if value is not None},
            **picked(self, "positive_label", "negative_label"),
            **picked(report, *figures),
            **picked(self, "n_missing", "n_unmatched"),
            "unit": report.unit,
            **rule,
            **self._cuts(),
        }

    def _cuts(self) -> dict[str, Any]:
        """Return at what columns were cut, for JSON."""
        cuts = self.cuts.items()
        found = {name: {"quantiles": cut.quantiles, "edges": cut.numbers} for name, cut in cuts}
        return {"cut": found} if found else {}


def are_too_narrow(n_clusters: float | None, effective_clusters: float | None) -> bool:
    """Return whether clusters are so few, or of such sizes, that intervals are too narrow.

    Examples
    --------
    >>> are_too_narrow(None, None), are_too_narrow(30, 30.0), are_too_narrow(30, 18.3)
    (False, False, True)
    """
    if n_clusters is None:
        return False
    is_few_in_effect = effective_clusters is not None and effective_clusters < ENOUGH_IN_EFFECT
    return n_clusters < FEW or is_few_in_effect


def cluster_note(
    column: str | None,
    n_clusters: int | None,
    effective_clusters: float | None,
    what: str = "Intervals and tests",
    look: Look = PLAIN,
) -> str:
    """Say whether rows were taken to depend on each other, and in how many clusters.

    Parameters
    ----------
    column : str or None
        That of the clusters; None where there are none.
    n_clusters : int or None
    effective_clusters : float or None
        How many there are in effect, if known.
    what : str, optional
        What allows for them; in the plural.
    look : Look, optional
        Whether there are options where it is read.

    Examples
    --------
    >>> cluster_note("day", 40, 36.5, "Intervals")
    "Intervals allow for rows of the same 'day' depending on each other: 40 clusters."
    """
    if column is None or n_clusters is None:
        cluster = look.asked_by("--cluster COLUMN", "cluster=...")
        return f"{what} take rows to be independent; {cluster} is for rows that are not."
    note = f"{what} allow for rows of the same {quoted(column)} depending on each other: "
    note += how_many(n_clusters, "cluster")
    if n_clusters < FEW:
        note += ". With so few of them, the intervals tend to be too narrow"
    elif effective_clusters is not None and effective_clusters < ENOUGH_IN_EFFECT:
        in_effect = count(math.floor(effective_clusters))
        note += f", in effect {in_effect}, as their sizes differ. "
        note += "With so few in effect, the intervals tend to be too narrow"
    return f"{note}."


def auc_note(
    n_clusters: int | None, effective_clusters: float | None, *, is_too_narrow: bool | None
) -> str:
    """Say that the interval of AUC tends to be too narrow, unless that is said of all of them.

    Examples
    --------
    >>> auc_note(None, None, is_too_narrow=True)
    'AUC hangs on few rows: its interval tends to be too narrow.'
    """
    if not is_too_narrow or are_too_narrow(n_clusters, effective_clusters):
        return ""
    return f"AUC hangs on {few_of(n_clusters)}: its interval tends to be too narrow."


def few_of(n_clusters: int | None) -> str:
    """Say what the interval of AUC has too few of."""
    return "few rows" if n_clusters is None else "few rows or clusters"


def picked(report: Any, *names: str) -> dict[str, Any]:  # noqa: ANN401 -- whatever has them
    """Return attributes by name."""
    return {name: getattr(report, name) for name in names}


def all_fields(report: Any) -> dict[str, Any]:  # noqa: ANN401 -- any dataclass
    """Return what a dataclass holds by name, without a copy of it."""
    return {field.name: getattr(report, field.name) for field in fields(report)}


def without_none(record: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return a record without those of the names whose value is None."""
    return {key: v for key, v in record.items() if v is not None or key not in names}


def row_columns(rows: Sequence[R], digits: int = 5) -> tuple[TableColumn[R] | None, ...]:
    """Return the columns that say which row it is: its number, id, if any has one, and label."""
    ids = Column("id", is_text=True)  # asked for by name
    has_ids = any(row.id is not None for row in rows)
    return (
        ("row", lambda row: count(row.row)),
        (ids, lambda row: safe_text(row.id or "", _LONGEST_ID)) if has_ids else None,
        (Column("label", spare=3), lambda row: figure(row.label, digits)),
    )


def doubts(report: LossReport | CalibrationReport, model: str = "") -> tuple[str, ...]:
    """Say what makes a result that is exact look like one that was not meant.

    Parameters
    ----------
    report : LossReport or CalibrationReport
    model : str, optional
        What predictions are called, where there are several.

    Examples
    --------
    >>> from bce_cli import loss_report, loss_totals
    >>> for doubt in doubts(loss_report(loss_totals([1, 0, 1], [1, 0, 1]))):
    ...     print(doubt)
    All 3 predictions are 0 or 1: these look like classes; probabilities come of predict_proba.
    """
    prefix, found = f"{model}: " * bool(model), []
    if report.are_classes:
        found.append(f"All {count(report.n)} predictions are 0 or 1: {_CLASSES}")
    if report.is_reversed:
        cost = f"{figure(report.reversed_loss)} in place of {figure(report.mean_loss)}"
        found.append(f"1 - p would cost {cost} {report.unit} a row: {_REVERSED}")
    return tuple(prefix + doubt for doubt in found)


def is_doubt(note: str) -> bool:
    """Return whether a note is one of those that `doubts` makes.

    Examples
    --------
    >>> is_doubt("All 3 predictions are 0 or 1: " + _CLASSES), is_doubt("The ids differ.")
    (True, False)
    """
    return note.endswith((_CLASSES, _REVERSED, SAME_LOSSES))


def convention_notes(
    convention: Convention, n_clipped: int | None = None, float_type: str | None = None
) -> tuple[str, ...]:
    """Name the rule of the losses, unless it is the definition, and the rows its limits changed.

    Parameters
    ----------
    convention : Convention
    n_clipped : int, optional
        If known.
    float_type : str, optional
        What predictions were stored as, where the limits depend on that.

    Examples
    --------
    >>> from bce_cli.core.conventions import Convention
    >>> convention_notes(Convention(clip=0.01), 2)
    ('Probabilities were clipped to [0.01, 1 - 0.01], which changed 2 rows.',)
    """
    touched = "" if n_clipped is None else how_many(n_clipped)
    if convention.clip is not None:
        clip = repr(convention.clip)
        changed = touched and f", which changed {touched}"
        return (f"Probabilities were clipped to [{clip}, 1 - {clip}]{changed}.",)
    if convention.name == "exact":
        return ()
    limits = touched and f"; its limits changed {touched}"
    if float_type not in (None, "float64") and convention.rule.limits_in is not None:
        low, _ = convention.rule.limits_in(str(float_type))
        limits = f", which clips {float_type} at {figure(low)}{limits}"
    return (f"Losses as {convention.name} has them ({convention.rule.source}){limits}.",)


def stuck_notes(
    product: str, products: Sequence[LikelihoodProduct] | Sequence[UnderflowProduct]
) -> tuple[str, ...]:
    """Say in which float types a product of likelihoods comes to rest above 0."""
    stuck = [p.dtype for p in products if p.subnormal_row is not None and p.zero_row is None]
    if not stuck:
        return ()
    where = product.format(" and ".join(stuck))
    return (f"{where} ends among subnormal numbers, which have few digits or none.",)
