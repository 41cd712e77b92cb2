"""What `bce compare` found, ready to be written in any format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bce_cli.errors import safe_text

if TYPE_CHECKING:
    from bce_cli.core.comparison.report import ComparisonReport
    from bce_cli.core.conventions import Convention
    from bce_cli.render.origin import Origin

_LONGEST_NAME = 30


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

    def shown(self, name: str) -> str:
        """Return a model's name as tables show it: in brief, where it stays another for each."""
        brief = [safe_text(model.name, _LONGEST_NAME) for model in self.report.models]
        shown = safe_text(name, _LONGEST_NAME)
        return shown if brief.count(shown) == 1 else safe_text(name)
