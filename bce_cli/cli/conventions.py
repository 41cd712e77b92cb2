"""From --like and --clip to conventions, and to the figures of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.core.conventions import EXACT, Convention
from bce_cli.core.rules import RULES
from bce_cli.errors import UsageError
from bce_cli.safe_text import quoted

if TYPE_CHECKING:
    from bce_cli.core.convention_totals import ConventionReport
    from bce_cli.core.evaluation import Result
    from bce_cli.core.report import Unit


def chosen(like: str, clip: float | None) -> tuple[Convention, tuple[Convention, ...]]:
    """Return the convention of the report, and those to set side by side.

    Raises
    ------
    UsageError
        If there is no such convention, or --like and --clip contradict each other.

    Examples
    --------
    >>> convention, compared = chosen("all", 0.01)
    >>> convention.name, len(compared), compared[-1].name
    ('exact', 14, 'clip')
    """
    if like not in RULES and like != "all":
        message = f"--like {quoted(like)} is no convention"
        raise UsageError(message, f"known are {', '.join(RULES)}, and all")
    if like != "all":
        return Convention(clip, like), ()
    from bce_cli.core.convention_totals import ALL_CONVENTIONS  # noqa: PLC0415 -- for all alone

    own = () if clip is None else (Convention(clip),)
    return EXACT, (*ALL_CONVENTIONS, *own)


def comparison(
    compared: tuple[Convention, ...], result: Result, unit: Unit, *, logits: bool
) -> tuple[ConventionReport, ...]:
    """Return the figures of each convention."""
    if not compared:
        return ()
    from bce_cli.core.convention_totals import convention_report  # noqa: PLC0415

    pairs = zip(compared, result.compared, strict=True)
    return tuple(
        convention_report(convention, totals, unit, logits=logits) for convention, totals in pairs
    )
