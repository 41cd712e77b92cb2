"""What holds sources open while they are read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from bce_cli.readers.blocks import Block


class Opened(ABC):
    """The end of a context that has opened sources."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def keep_open(self, opened: ExitStack) -> None:
        """Take over what was opened, until the context ends."""
        self._stack = opened.pop_all()

    def pieces_by(self, run: Callable[..., Iterator[Any]]) -> Iterator[Block]:  # noqa: ARG002
        """Yield all pieces; where some work precedes them, `run` may do it as `map` would."""
        return self.pieces()

    @abstractmethod
    def pieces(self) -> Iterator[Block]:
        """Yield all pieces, in the order of the rows."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()
