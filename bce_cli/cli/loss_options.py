"""The options that say how losses are computed, and in which unit they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bce_cli.cli.options import ClipOpt, LikeAllOpt, LikeOpt, UnitOpt
from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from bce_cli.core.conventions import Convention


@dataclass(frozen=True, slots=True)
class LossOptions:
    """Unit and convention of every loss."""

    unit: UnitOpt = "nats"
    like: LikeOpt = "exact"
    clip: ClipOpt = None

    def convention(self) -> Convention:
        """Return the one convention to judge by.

        Raises
        ------
        UsageError
            There is no such convention, or all of them were asked for.
        """
        from bce_cli.cli.conventions import chosen  # noqa: PLC0415 -- --help needs no NumPy

        convention, compared = chosen(self.like, self.clip)
        if compared:
            message = "--like all belongs to bce compute; name one convention here"
            raise UsageError(message)
        return convention


@dataclass(frozen=True, slots=True)
class SideBySideLossOptions(LossOptions):
    """The same, for a command that can also set all conventions side by side."""

    like: LikeAllOpt = "exact"
