"""Columns that rows may have more than one of: predictions, and words that group the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from bce_cli.core.rows import FloatArray, Places


@dataclass(frozen=True, slots=True)
class Predictions:
    """What one model says of some rows.

    Attributes
    ----------
    probabilities : ndarray of float64, shape (n,)
    logits : ndarray of float64, shape (n,), optional
        As in `Rows`.
    """

    probabilities: FloatArray
    logits: FloatArray | None = None

    def at(self, places: Places) -> Predictions:
        """Return copies of some predictions."""
        logits = None if self.logits is None else self.logits[places]
        return Predictions(self.probabilities[places], logits)


@dataclass(frozen=True, slots=True)
class Categories:
    """A column of words, most of which occur more than once.

    Attributes
    ----------
    codes : ndarray of int32, shape (n,)
        Places in `names`.
    names : tuple of str
        The same word may stand at several places.
    """

    codes: npt.NDArray[np.int32]
    names: tuple[str, ...]

    def at(self, places: Places) -> Categories:
        """Return copies of some cells."""
        return Categories(self.codes[places], self.names)
