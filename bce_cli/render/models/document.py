"""What `bce compare` found, ready to be written in any format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bce_cli.core.comparison.report import ComparisonReport
    from bce_cli.core.conventions import Convention
    from bce_cli.render.origin import Origin


@dataclass(frozen=True, slots=True)
class ModelsDocument:
    """A finished comparison and where it came from.

    Attributes
    ----------
    origin : Origin
    convention : Convention
    report : ComparisonReport
    cluster_column : str or None
    """

    origin: Origin
    convention: Convention
    report: ComparisonReport
    cluster_column: str | None = None
