"""Which labels there are over all pieces, where the one that counts as 1 was named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.errors import LabelError, quoted

if TYPE_CHECKING:
    from bce_cli.readers.reading import LabelValues


class LabelTally:
    """Checks that there are two labels at the most.

    Parameters
    ----------
    positive : str or None
        The label that counts as 1; with None there is nothing to check.

    Attributes
    ----------
    has_positive : bool
        Whether it has occurred.
    other : str or None
        The label that counts as 0, once it has occurred.
    """

    def __init__(self, positive: str | None) -> None:
        self.positive = None if positive is None else positive.strip(" \t")
        self.has_positive = False
        self.other: str | None = None

    def finish(self) -> None:
        """Check what can be known at the end alone.

        Raises
        ------
        LabelError
            The named label never occurred, but one that differs from it in case only.
        """
        if self.positive is None or self.has_positive or self.other is None:
            return
        if self.other.casefold() == self.positive.casefold():
            message = f"no label is {quoted(self.positive)}, but {quoted(self.other)} occurs"
            raise LabelError(message, f"did you mean --positive {quoted(self.other)}?")

    def add(self, values: LabelValues) -> None:
        """Take in the labels of the piece that follows.

        Raises
        ------
        LabelError
            A third one is among them.
        """
        if self.positive is None:
            return
        self.has_positive |= values.has_positive
        if self.other is None:
            self.other = values.other
        elif values.other is not None and values.other != self.other:
            raise third_label(values.other, values.other_place, self.other, self.positive)


def third_label(text: str, place: str, other: str, positive: str) -> LabelError:
    """Say that a label is neither of two values."""
    message = f"{place}: label {quoted(text)} is neither {quoted(positive)} nor {quoted(other)}"
    return LabelError(message, "with --positive, exactly one other value may occur")
