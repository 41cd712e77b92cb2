"""Rows of one source, and beside them what sources with the same keys say of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.row_columns import Predictions
from bce_cli.errors import quoted
from bce_cli.readers.join import missing_with, partners, refuse_lone, with_labels
from bce_cli.readers.model_files import label_conflict

if TYPE_CHECKING:
    from bce_cli.core.rows import BoolArray, FloatArray, Rows
    from bce_cli.readers.join import Gathered, Partners


@dataclass(frozen=True, slots=True)
class Sides:
    """What rows are joined with.

    Attributes
    ----------
    truth : Gathered or None
        Their labels, if they have none themselves.
    rivals : tuple of Gathered
        Predictions of further models.
    """

    truth: Gathered | None
    rivals: tuple[Gathered, ...] = ()

    @property
    def all(self) -> tuple[Gathered, ...]:
        """All of them, in the order in which they are joined."""
        return self.rivals if self.truth is None else (self.truth, *self.rivals)


@dataclass(frozen=True, slots=True)
class JoinedRows:
    """Rows that were joined.

    Attributes
    ----------
    rows : Rows
        In their places; those without a partner on some side are left out.
    is_lone : ndarray of bool, shape (n,)
        Which of them have none.
    found : tuple of Partners
        One for each side.
    """

    rows: Rows
    is_lone: BoolArray
    found: tuple[Partners, ...]

    @property
    def n_missing(self) -> int:
        """Rows that are left out for a missing value."""
        missing = self.rows.missing
        return 0 if missing is None else int(np.count_nonzero(missing & ~self.is_lone))


def joined_rows(
    left: Gathered, sides: Sides, *, is_inner: bool, is_whole: bool = True
) -> JoinedRows:
    """Join rows with all sides.

    Parameters
    ----------
    left : Gathered
    sides : Sides
    is_inner : bool
        Leave out rows without a partner, instead of refusing them.
    is_whole : bool
        Whether the rows are all there are, so that each row of a side must have its partner here.

    Raises
    ------
    DataError
        A row has no partner and should have one, or labels differ.
    """
    rows, is_lone = left.rows, np.zeros(len(left.rows), np.bool_)
    all_found = []
    for side in sides.all:
        found = partners(left, side)
        if not is_inner:
            refuse_lone(left, found.left, side.name)
            if is_whole:
                refuse_lone(side, found.right, left.name)
        if side is sides.truth:
            rows = with_labels(rows, side.rows, found)
        else:
            if sides.truth is None:
                _refuse_other_labels(left, side, found)
            rows = _with_rival(rows, side.rows, found)
        has_partner = np.zeros(len(is_lone), np.bool_)
        has_partner[found.left] = True
        is_lone |= ~has_partner
        all_found.append(found)
    return JoinedRows(rows, is_lone, tuple(all_found))


def n_unmatched(left: Gathered, sides: Sides, joined: JoinedRows) -> int:
    """Count the keys of any source that lack a partner in another."""
    keys = set(left.keys[joined.is_lone])
    for side, found in zip(sides.all, joined.found, strict=True):
        keys.update(side.lone(found.right)["key"])
    return len(keys)


def _with_rival(rows: Rows, rival: Rows, found: Partners) -> Rows:
    """Put the predictions of another model beside those that are there."""

    def placed(values: FloatArray) -> FloatArray:
        spread = np.zeros(len(rows))
        spread[found.left] = values[found.right]
        return spread

    logits = None if rival.logits is None else placed(rival.logits)
    predictions = Predictions(placed(rival.probabilities), logits)
    missing = missing_with(rows, rival, found)
    rivals = (*rows.rivals, predictions)
    return replace(rows, rivals=rivals, missing=missing if missing.any() else None).blanked()


def _refuse_other_labels(baseline: Gathered, rival: Gathered, found: Partners) -> None:
    """Raise DataError if a key has one label here and another one there."""
    mine, theirs = baseline.rows.at(found.left), rival.rows.at(found.right)
    differ = mine.labels != theirs.labels
    for missing in (mine.missing, theirs.missing):
        if missing is not None:
            differ &= ~missing
    if differ.any():
        place = int(np.argmax(differ))
        row = found.right[place]
        raise label_conflict(
            (rival.name, theirs.label(place)),
            (baseline.name, mine.label(place)),
            f"{row + 1} (key {quoted(rival.keys[row])})",
        )
