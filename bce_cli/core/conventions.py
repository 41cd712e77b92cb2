"""Which number is asked for, and what it makes of rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.rows import Rows, ScoredRows, as_floats
from bce_cli.core.rules import RULES, Rule, likelihoods_of, rule_of_clip
from bce_cli.core.validate import positive_labels
from bce_cli.errors import DataError, UsageError

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.core.rows import FloatArray, LabelArray
    from bce_cli.core.rules import CostLabels, Costs

_ROUNDS_TO_FLOAT32 = 2.0**29 + 1.0


@dataclass(frozen=True, slots=True)
class Convention:
    """A rule from predictions to losses.

    Parameters
    ----------
    clip : float, optional
        With a number in (0, 0.5), probabilities are moved into [clip, 1 - clip] first; otherwise
        they are taken as they are, and a certain, wrong prediction costs infinity.
    like : str, default "exact"
        Or the name of another library, one of `bce_cli.core.rules.RULES`: the losses are what that
        library computes, in its float type and with its limits.

    Raises
    ------
    UsageError
        If `like` is unknown, both are given, or `clip` is not in (0, 0.5) or so small that
        ``1 - clip`` is 1.

    Notes
    -----
    Its methods raise `DataError` where labels are soft and the library takes only 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, False]), np.array([0.0, 0.5]))
    >>> Convention(clip=1e-15).losses(rows).round(4).tolist()
    [34.5388, 0.6931]
    >>> Convention(like="torch").losses(rows).tolist()
    [100.0, 0.6931471824645996]
    >>> Convention(like="torch").n_clipped(rows)
    1
    """

    clip: float | None = None
    like: str = "exact"

    def __post_init__(self) -> None:
        if self.like not in RULES:
            message = f"there is no convention {self.like!r}"
            raise UsageError(message, f"known are {', '.join(RULES)}")
        if self.clip is None:
            return
        if self.like != "exact":
            message = "--like and --clip are two different rules"
            raise UsageError(message, "give one of them")
        rule_of_clip(self.clip)

    @property
    def name(self) -> str:
        """``clip``, or the name in the table of rules."""
        return self.like if self.clip is None else "clip"

    @property
    def rule(self) -> Rule:
        """The rule behind the name."""
        return RULES[self.like] if self.clip is None else rule_of_clip(self.clip)

    def losses(self, rows: Rows) -> FloatArray:
        """Losses in nats; shape (n,)."""
        losses = self._costs(rows).of(self._labels(rows.labels))
        if rows.missing is not None:
            losses[rows.missing] = 0.0
        return losses

    def likelihoods(self, rows: Rows) -> FloatArray:
        """Probability given to each label; where a limit held, what the loss amounts to."""
        likelihoods = likelihoods_of(rows)
        places = self.clipped_places(rows)
        if len(places):
            likelihoods[places] = np.exp(-self.losses(rows.at(places)))
        return likelihoods

    def held(self, rows: Rows) -> Rows:
        """Rows with weights as the library holds them: rounded to 24 bits if it keeps float32."""
        if rows.weights is None or not self.rule.single_precision:
            return rows
        high = rows.weights * _ROUNDS_TO_FLOAT32  # Veltkamp's splitting, for numbers of any size
        return replace(rows, weights=high - (high - rows.weights))

    def hardened(self, rows: Rows) -> Rows:
        """Rows with labels as the library counts them: 0 or 1, where it has a threshold."""
        threshold = self.rule.threshold
        if threshold is None or rows.labels.dtype == np.bool_:
            return rows
        return replace(rows, labels=rows.labels > threshold)

    def score(self, rows: Rows) -> ScoredRows:
        """Give every row its likelihood and its loss."""
        return ScoredRows(self.held(rows), self.likelihoods(rows), self.losses(rows))

    def clipped_places(self, rows: Rows) -> npt.NDArray[np.intp]:
        """Places of the rows that the rule's limits touch, ascending; shape (m,).

        A limit touches a row if it changed, on the way to the loss of the row's label, the number
        whose logarithm is taken, or that logarithm. What a rule adds to every row does not count.
        """
        rule, p = self.rule, rows.probabilities
        is_free = rows.logits is not None and rule.logit_costs is not None
        if is_free or len(p) == 0 or (p.min() >= rule.reach and p.max() <= 1.0 - rule.reach):
            return np.zeros(0, np.intp)
        outside = (p < rule.reach) | (p > 1.0 - rule.reach)
        if rows.missing is not None:
            outside &= ~rows.missing
        places = np.flatnonzero(outside)
        held = rule.costs(p[places]).held(self._labels(rows.labels[places]))
        return places[held]

    def n_clipped(self, rows: Rows) -> int:
        """Count the rows that the rule's limits touch."""
        return len(self.clipped_places(rows))

    def cap(self, label: bool) -> float:
        """Loss, in nats, of a row with this label to which probability 0 was given."""
        rows = Rows(np.array([label]), np.array([0.0 if label else 1.0]))
        return float(self.losses(rows)[0])

    def _costs(self, rows: Rows) -> Costs:
        rule = self.rule
        if rows.logits is not None and rule.logit_costs is not None:
            return rule.logit_costs(rows.logits)
        return rule.costs(rows.probabilities)

    def _labels(self, labels: LabelArray) -> CostLabels:
        """Labels as the library sees them."""
        rule = self.rule
        if labels.dtype == np.bool_:
            return labels
        if rule.threshold is not None:
            above: npt.NDArray[np.bool_] = labels > rule.threshold
            return above
        if not rule.takes_soft:
            hard = positive_labels(as_floats(labels))
            if hard is None:
                message = f"{self.name} takes the labels 0 and 1 only, and these are soft"
                raise DataError(message, "exact, torch, keras and others take soft labels")
            return hard
        return labels.astype(np.float32) if rule.single_precision else labels


EXACT = Convention()
