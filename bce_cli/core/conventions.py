"""Which number is asked for: the exact loss, or the loss of clipped probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.loss import likelihoods_of, losses_of
from bce_cli.core.rows import ScoredRows
from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from bce_cli.core.rows import BoolArray, FloatArray, Rows


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
    >>> positive, probabilities = np.array([True, False]), np.array([0.0, 0.5])
    >>> Convention(clip=1e-15).losses(positive, probabilities).round(4).tolist()
    [34.5388, 0.6931]
    >>> Convention(clip=1e-15).n_clipped(probabilities)
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

    def losses(self, positive: BoolArray, probabilities: FloatArray) -> FloatArray:
        """Losses in nats; shape (n,)."""
        return losses_of(positive, self.probabilities(probabilities))

    def score(self, rows: Rows) -> ScoredRows:
        """Give every row its likelihood and its loss."""
        probabilities = self.probabilities(rows.probabilities)
        return ScoredRows(
            rows=rows,
            likelihoods=likelihoods_of(rows.positive, probabilities),
            losses=losses_of(rows.positive, probabilities),
        )

    def n_clipped(self, probabilities: FloatArray) -> int:
        """Count the rows whose probability the clip changes."""
        if self.clip is None:
            return 0
        moved = (probabilities < self.clip) | (probabilities > 1.0 - self.clip)
        return int(np.count_nonzero(moved))


EXACT = Convention()
