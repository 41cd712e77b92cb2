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
