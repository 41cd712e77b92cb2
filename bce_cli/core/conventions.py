"""Which number is asked for: the exact loss, or the loss of clipped probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.loss import likelihoods_of, losses_of
from bce_cli.core.rows import ScoredRows
from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from bce_cli.core.rows import FloatArray, Rows


@dataclass(frozen=True, slots=True)
class Convention:
    """A rule from probabilities to losses.

    Parameters
    ----------
    clip : float or None
        With a number in (0, 0.5), probabilities are moved into [clip, 1 - clip] first; with None
        they are taken as they are, and a certain, wrong prediction costs infinity.

    Raises
    ------
    UsageError
        If `clip` is not in (0, 0.5), or so small that ``1 - clip`` is 1.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, False]), np.array([0.0, 0.5]))
    >>> Convention(clip=1e-15).losses(rows).round(4).tolist()
    [34.5388, 0.6931]
    >>> Convention(clip=1e-15).n_clipped(rows)
    1
    """

    clip: float | None = None

    def __post_init__(self) -> None:
        if self.clip is not None and not 0.0 < self.clip < 0.5:  # noqa: PLR2004 -- one half
            message = f"--clip must be greater than 0 and less than 0.5, got {self.clip!r}"
            raise UsageError(message)
        if self.clip is not None and 1.0 - self.clip == 1.0:
            message = f"--clip {self.clip!r} is too small: 1 - {self.clip!r} rounds to 1"
            raise UsageError(message, "1.2e-16 and more make a difference")

    @property
    def name(self) -> str:
        """``exact`` or ``clip``."""
        return "exact" if self.clip is None else "clip"

    def probabilities(self, probabilities: FloatArray) -> FloatArray:
        """Probabilities as this convention sees them; shape (n,)."""
        if self.clip is None:
            return probabilities
        return np.clip(probabilities, self.clip, 1.0 - self.clip)

    def losses(self, rows: Rows) -> FloatArray:
        """Losses in nats; shape (n,)."""
        losses = losses_of(rows.labels, self.probabilities(rows.probabilities))
        if rows.missing is not None:
            losses[rows.missing] = 0.0
        return losses

    def likelihoods(self, rows: Rows) -> FloatArray:
        """Probability given to each label; shape (n,)."""
        likelihoods = likelihoods_of(rows.labels, self.probabilities(rows.probabilities))
        if rows.missing is not None:
            likelihoods[rows.missing] = 1.0
        return likelihoods

    def score(self, rows: Rows) -> ScoredRows:
        """Give every row its likelihood and its loss."""
        return ScoredRows(rows, self.likelihoods(rows), self.losses(rows))

    def n_clipped(self, rows: Rows) -> int:
        """Count the rows whose probability the clip changes."""
        if self.clip is None:
            return 0
        probabilities = rows.present(rows.probabilities)
        moved = (probabilities < self.clip) | (probabilities > 1.0 - self.clip)
        return int(np.count_nonzero(moved))


EXACT = Convention()
