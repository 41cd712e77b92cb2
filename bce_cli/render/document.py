"""What `bce compute` found, ready to be written in any format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bce_cli.core.convention_totals import ConventionReport
    from bce_cli.core.conventions import Convention
    from bce_cli.core.evaluation import Result
    from bce_cli.core.report import LossReport


@dataclass(frozen=True, slots=True)
class Document:
    """A finished evaluation and where it came from.

    Attributes
    ----------
    sources : tuple of str
        Paths as the user gave them.
    label_column, prediction_column : str
    convention : Convention
    report : LossReport
    result : Result
        Its losses are in nats, whatever the report's unit.
    weight_column : str, optional
    of_logits : bool, default False
        Whether the predictions were logits.
    comparison : tuple of ConventionReport
        Where conventions were to be compared: one for each, the first of them exact.
    positive_label, negative_label : str, optional
        The texts of the labels that count as 1 and 0, where the first was named.
    n_missing : int, default 0
        Rows left out for a missing value.
    n_unmatched : int, optional
        Keys left out for want of a partner; None where nothing was joined.
    excel_safe : bool, default False
        Whether ids in CSV must not look like formulas.
    has_soft_labels : bool, default False
        Whether labels might lie between 0 and 1.
    labels_source : str, optional
        The path of the labels, where they stand in a file of their own.
    """

    sources: tuple[str, ...]
    label_column: str
    prediction_column: str
    convention: Convention
    report: LossReport
    result: Result
    weight_column: str | None = None
    of_logits: bool = False
    comparison: tuple[ConventionReport, ...] = ()
    positive_label: str | None = None
    negative_label: str | None = None
    n_missing: int = 0
    n_unmatched: int | None = None
    excel_safe: bool = False
    has_soft_labels: bool = False
    labels_source: str | None = None
