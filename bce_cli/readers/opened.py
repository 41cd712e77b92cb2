"""What holds sources open while they are read."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType


class Opened:
    """The end of a context that has opened sources."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def keep_open(self, opened: ExitStack) -> None:
        """Take over what was opened, until the context ends."""
        self._stack = opened.pop_all()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()
