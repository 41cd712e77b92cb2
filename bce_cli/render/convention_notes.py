"""What a report says of the rule that made its losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.render.numbers import rows

if TYPE_CHECKING:
    from bce_cli.core.conventions import Convention


def convention_notes(convention: Convention, n_clipped: int | None = None) -> tuple[str, ...]:
    """Name the rule, unless it is the definition, and how many rows its limits changed, if known.

    Examples
    --------
    >>> from bce_cli.core.conventions import Convention
    >>> convention_notes(Convention(clip=0.01), 2)
    ('Probabilities were clipped to [0.01, 1 - 0.01], which changed 2 rows.',)
    """
    touched = "" if n_clipped is None else rows(n_clipped)
    if convention.clip is not None:
        clip = repr(convention.clip)
        changed = touched and f", which changed {touched}"
        return (f"Probabilities were clipped to [{clip}, 1 - {clip}]{changed}.",)
    if convention.name == "exact":
        return ()
    what = f"Losses as {convention.name} has them ({convention.rule.source})"
    return (f"{what}; its limits changed {touched}." if touched else f"{what}.",)
