"""How losses are distributed: how many rows cost how much, and what these cost together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LossBin:
    """The rows whose labels were given a probability above `low`, up to `high`.

    Attributes
    ----------
    low, high : float
        Ends of the probability given to what happened; both 0 for what was held impossible.
    loss_low, loss_high : float
        The losses of these ends, in the unit of the report; infinite for 0.
    n : int
        Rows.
    share_of_rows : float
        By weight.
    share_of_loss : float or None
        None where the loss of some row is infinite.
    """

    low: float
    high: float
    loss_low: float
    loss_high: float
    n: int
    share_of_rows: float
    share_of_loss: float | None
