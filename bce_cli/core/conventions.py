"""Which number is asked for, and what it makes of rows."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from bce_cli.core.arguments import check_choice, check_kind
from bce_cli.core.exact_sum import slices
from bce_cli.core.rows import MIXED, Rows, ScoredRows, as_floats
from bce_cli.core.rules import RULES, Rule, likelihoods_of, losses_of, rule_of_clip
from bce_cli.core.validate import positive_labels
from bce_cli.errors import ArgumentError, DataError, argument
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from bce_cli.core.rows import FloatArray, LabelArray
    from bce_cli.core.rules import CostLabels, CostRule, Costs

_PIECE = 1 << 17  # rows; threads meet less often than in smaller ones
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
    ArgumentError
        If `like` is not known, both are given, or `clip` is not in (0, 0.5) or so small that
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
        check_choice("like", self.like, RULES)
        if self.clip is None:
            return
        if self.like != "exact":
            message = f"{argument('like')} and {argument('clip')} are two different rules"
            raise ArgumentError(message, "give one of them")
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
        losses = np.empty(len(rows))
        for piece, some in _pieces(rows):
            if self.name == "exact" and some.logits is None:
                losses[piece] = losses_of(some.labels, some.probabilities)
            else:
                losses[piece] = self._costs(some).of(self._labels(some.labels))
        return _without_missing(losses, rows)

    def losses_both_ways(self, rows: Rows) -> tuple[FloatArray, FloatArray]:
        """Losses in nats, and those that 1 - p would have in place of p; each of shape (n,)."""
        losses, others = np.empty(len(rows)), np.empty(len(rows))
        for piece, some in _pieces(rows):
            labels, costs = self._labels(some.labels), self._costs(some)
            losses[piece] = costs.of(labels)
            others[piece] = self._other_way(some, costs).of(labels)
        return _without_missing(losses, rows), _without_missing(others, rows)

    def _other_way(self, rows: Rows, costs: Costs) -> Costs:
        """Return the costs that 1 - p would have in place of p."""
        if self.name == "exact":
            return costs.reversed
        # Limits need not be the same on both sides.
        logits = None if rows.logits is None else -rows.logits
        return self._costs(replace(rows, probabilities=1.0 - rows.probabilities, logits=logits))

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
        return replace(rows, labels=_as_held(rows.labels, self.rule) > threshold)

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
        reach = self._reach(rows)
        if is_free or len(p) == 0 or (p.min() >= reach and p.max() <= 1.0 - reach):
            return np.zeros(0, np.intp)
        outside = (p < reach) | (p > 1.0 - reach)
        if rows.missing is not None:
            outside &= ~rows.missing
        places = np.flatnonzero(outside)
        held = self._rule_for(rows)(p[places]).held(self._labels(rows.labels[places]))
        return places[held]

    def n_clipped(self, rows: Rows) -> int:
        """Count the rows that the rule's limits touch."""
        return len(self.clipped_places(rows))

    def cap(self, label: bool, float_type: str = "float64") -> float:
        """Loss, in nats, of a row with this label to which probability 0 was given."""
        rows = Rows(np.array([label]), np.array([0.0 if label else 1.0]), float_type=float_type)
        return float(self.losses(rows)[0])

    def _costs(self, rows: Rows) -> Costs:
        rule = self.rule
        if rows.logits is not None and rule.logit_costs is not None:
            return rule.logit_costs(rows.logits)
        return self._rule_for(rows)(rows.probabilities)

    def type_that_matters(self, rows: Rows) -> str | None:
        """Return what predictions were stored as, where limits depend on it and there are rows."""
        if self.rule.limits_in is None or len(rows) == rows.n_missing:
            return None
        return rows.float_type

    def _rule_for(self, rows: Rows) -> CostRule:
        """Return the rule for predictions as these were stored."""
        rule = self.rule
        if rule.limits_in is None or rows.float_type == "float64":
            return rule.costs
        refuse_mixed(rows.float_type)
        low, high = rule.limits_in(rows.float_type)
        return partial(cast("Any", rule.costs), low=low, high=high)

    def _reach(self, rows: Rows) -> float:
        rule = self.rule
        if rule.limits_in is None or rows.float_type in ("float64", MIXED):
            return rule.reach
        return max(rule.reach, float(np.finfo(rows.float_type).eps))

    def _labels(self, labels: LabelArray) -> CostLabels:
        """Labels as the library sees them."""
        rule = self.rule
        if labels.dtype == np.bool_:
            return labels
        if rule.threshold is not None:
            above: npt.NDArray[np.bool_] = _as_held(labels, rule) > rule.threshold
            return above
        if not rule.takes_soft:
            hard = positive_labels(as_floats(labels))
            if hard is None:
                message = f"{self.name} takes the labels 0 and 1 only, and these are soft"
                raise DataError(message, "exact, torch, keras and others take soft labels")
            return hard
        return _as_held(labels, rule)


def check_convention(convention: object) -> None:
    """Raise ArgumentError unless a value is a convention, such as the name of one.

    Examples
    --------
    >>> check_convention("torch")
    Traceback (most recent call last):
    ...
    bce_cli.errors.ArgumentError: convention must be a Convention, got 'torch'
    say Convention(like='torch')
    """
    meant = convention if isinstance(convention, str) and convention in RULES else "sklearn"
    say = "say" if meant == convention else "such as"
    check_kind("convention", convention, Convention, f"{say} Convention(like='{meant}')")


def refuse_mixed(float_type: str | None) -> None:
    """Raise DataError where predictions were stored in several types, and limits depend on it."""
    if float_type == MIXED:
        each = "scikit-learn clips each at limits of its own"
        message = f"predictions are stored in several float types, and {each}"
        raise DataError(message, "store them in one type, or judge the files one by one")


def _as_held(labels: LabelArray, rule: Rule) -> LabelArray:
    """Return soft labels in the float type in which the library holds them."""
    return labels.astype(np.float32) if rule.single_precision else labels  # type: ignore[return-value]


def _pieces(rows: Rows) -> Iterator[tuple[slice, Rows]]:
    """Cut rows into pieces, with what their losses depend on; all scratch memory is of one."""
    labels, probabilities, float_type = rows.labels, rows.probabilities, rows.float_type
    for piece in slices(len(rows), _PIECE):
        logits = None if rows.logits is None else rows.logits[piece]
        yield piece, Rows(labels[piece], probabilities[piece], logits=logits, float_type=float_type)


def _without_missing(losses: FloatArray, rows: Rows) -> FloatArray:
    if rows.missing is not None:
        losses[rows.missing] = 0.0
    return losses


EXACT = Convention()
