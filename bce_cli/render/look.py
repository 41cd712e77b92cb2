"""What the place of the output can show."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """How text may look.

    Attributes
    ----------
    width : int
        Columns to fill; tables whose numbers need more take more.
    color : bool
        Whether escape sequences for colours are welcome.
    unicode : bool
        Whether more than ASCII can be shown.
    """

    width: int = 80
    color: bool = False
    unicode: bool = True

    def pick(self, text: str, ascii_text: str) -> str:
        """Return `text`, or `ascii_text` where only ASCII can be shown."""
        return text if self.unicode else ascii_text
