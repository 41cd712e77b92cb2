"""Every convention side by side: their means, and the rows that make them differ."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bce_cli.lean_dataclass import dataclass
from bce_cli.render.layout import (
    Column,
    Section,
    count,
    figure,
    how_many,
    mean_loss_text,
    percent,
    table,
)
from bce_cli.render.origin import picked, row_columns, without_none

if TYPE_CHECKING:
    from collections.abc import Callable

    from bce_cli.core.convention_totals import ConventionReport
    from bce_cli.core.report import LossReport
    from bce_cli.render.origin import Origin

_DIGITS = 5
_LEAST_SHARE = 0.0005
_MOST_SHOWN = 5
_CHANGED = "Rows changed: those in whose loss a limit of the convention shows."
_COSTS = "The costs are those of one row that is certain and wrong."


@dataclass(frozen=True, slots=True)
class DividedRow:
    """A row on which conventions differ, and what it costs under each, in the report's unit.

    Attributes
    ----------
    row : int
        1-based.
    id : str or None
    label, prediction : float
    is_impossible : bool
        Whether its exact loss is infinite.
    losses : tuple of float or None
        Weight times loss; None where the convention refuses the label.
    shares : tuple of float or None
        Of the sum of all losses; None where that is infinite or 0, or there is no loss.
    """

    row: int
    id: str | None
    label: float
    prediction: float
    is_impossible: bool
    losses: tuple[float | None, ...]
    shares: tuple[float | None, ...]

    @property
    def matters(self) -> bool:
        """Whether it is impossible, or its share of any mean is more than 0.0 % when rounded."""
        return self.is_impossible or any((share or 0.0) >= _LEAST_SHARE for share in self.shares)

    @property
    def known(self) -> list[float]:
        """Its losses under the conventions that take its label."""
        return [loss for loss in self.losses if loss is not None]


@dataclass(frozen=True, slots=True)
class ConventionTable:
    """What each convention makes of the rows, and where the differences come from.

    Attributes
    ----------
    origin : Origin
    report : LossReport
    conventions : tuple of ConventionReport
        The first of them exact.
    rows : tuple of DividedRow
        Those of greatest spread first.
    float_type : str or None
        What predictions were stored as, where the limits of a convention depend on that.
    doubts : tuple of str
    """

    origin: Origin
    report: LossReport
    conventions: tuple[ConventionReport, ...]
    rows: tuple[DividedRow, ...]
    float_type: str | None
    doubts: tuple[str, ...]

    def sections(self) -> list[Section]:
        """Show the means, the rows that matter, and their shares."""
        found = [row for row in self.rows[:_MOST_SHOWN] if row.matters]
        return [self.means_section(), *([self._rows(found), self._shares(found)] if found else [])]

    def record(self) -> dict[str, Any]:
        """Return the conventions and the rows that make them differ, for JSON."""
        names = [item.name for item in self.conventions]
        return {
            "conventions": self.lines(),
            "difference_rows": [
                {
                    **_row_record(row),
                    "losses": dict(zip(names, row.losses, strict=True)),
                    "shares": dict(zip(names, row.shares, strict=True)),
                }
                for row in self.rows
            ],
            "impossible_rows": [_row_record(row) for row in self.rows if row.is_impossible],
        }

    def lines(self) -> list[dict[str, Any]]:
        """Return a line for each convention, for CSV."""
        return [asdict(item) for item in self.conventions]

    def means_section(self) -> Section:
        """Show the means alone, without any row."""
        report = self.report
        what = f"the mean loss of {how_many(report.n)} by every convention, {report.unit}"
        return Section(
            f"{self.origin.names}: {what}",
            *table(
                self.conventions,
                (Column("convention", is_text=True), lambda item: item.name),
                ("mean", lambda item: mean_loss_text(item.mean_loss)),
                (
                    Column("minus exact", spare=1),
                    lambda item: figure(_minus(item.mean_loss, report.mean_loss), 3),
                ),
                (
                    Column("rows changed", spare=2, meaning=_CHANGED),
                    lambda item: "-" if item.n_clipped is None else count(item.n_clipped),
                ),
                (
                    Column("y=1, p=0 costs", spare=3, meaning=_COSTS),
                    lambda item: figure(item.cap_positive, _DIGITS),
                ),
                (
                    Column("y=0, p=1 costs", spare=3),
                    lambda item: figure(item.cap_negative, _DIGITS),
                ),
            ),
            notes=self._notes(),
            marked=(0,),
        )

    def _notes(self) -> tuple[str, ...]:
        report, kind = self.report, self.float_type
        notes = [*self.doubts]
        if kind not in (None, "float64"):
            notes.append(f"Predictions are {kind}, and scikit-learn has its limits in that type.")
        if report.n_impossible:
            mean = figure(report.finite_mean_loss)
            what = self.origin.impossible_rows(report, ", ", has_verb=False)
            notes.append(f"The exact mean is infinite: {what}. Without such rows it is {mean}.")
        elif not any(item.n_clipped for item in self.conventions):
            notes.append(f"No limit changes a row; differences come from {self._reasons()}.")
        if any(item.mean_loss is None for item in self.conventions):
            notes.append("Conventions without a mean take the labels 0 and 1 only.")
        return tuple(notes)

    def _reasons(self) -> str:
        """Say why means differ where no limit is met."""
        reasons = ["float32 and the 1e-7 that tf-keras adds"]
        if self.origin.has_weights:
            torch = "torch, which divides by the number of rows and not by the sum of weights"
            reasons.append(torch)
        if self.report.label_entropy is not None:
            reasons.append("lightgbm and catboost, which count soft labels as 0 or 1")
        return ", ".join(reasons[:-1]) + " and from " * (len(reasons) > 1) + reasons[-1]

    def _rows(self, found: list[DividedRow]) -> Section:
        weighted = ", losses times weights" if self.origin.has_weights else ""
        return Section(
            f"Rows that make the difference{weighted}",
            *table(
                found,
                *row_columns(found),
                (Column("prediction", spare=1), lambda row: figure(row.prediction, _DIGITS)),
                ("least loss", lambda row: figure(min(row.known), _DIGITS)),
                ("highest loss", lambda row: figure(max(row.known), _DIGITS)),
            ),
        )

    def _shares(self, found: list[DividedRow]) -> Section:
        def share_of(row: DividedRow) -> Callable[[tuple[int, ConventionReport]], str]:
            return lambda item: percent(row.shares[item[0]])

        return Section(
            "Their shares of each mean",
            *table(
                enumerate(self.conventions),
                (Column("convention", is_text=True), lambda item: item[1].name),
                *(
                    (Column(f"row {count(row.row)}", spare=place), share_of(row))
                    for place, row in enumerate(found)
                ),
            ),
        )


def _minus(mean: float | None, exact: float) -> float | None:
    return None if mean is None or math.isinf(exact) else mean - exact


def _row_record(row: DividedRow) -> dict[str, Any]:
    return without_none(picked(row, "row", "id", "label", "prediction"), "id")
