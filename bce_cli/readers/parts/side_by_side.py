"""Several models, cut into the same rows, although their sources are cut where it suits each."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

from bce_cli.readers.parts.aligned import AlignedPart, ModelPart

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bce_cli.readers.parts.counted import CountedPart


def aligned_parts(
    names: Sequence[str], models: Sequence[Iterable[CountedPart]]
) -> Iterator[AlignedPart]:
    """Yield the rows of the baseline, in parts, with those of the other models beside them.

    A cut stands between two parts of the baseline, unless more rows than it cuts off would have to
    be gone through once more, since parts of other models go on behind it. So no row is gone
    through more than twice on average, and models that are cut alike are read once.

    Parameters
    ----------
    names : sequence of str
        What messages call the sources of each model.
    models : sequence of iterable of CountedPart
        The parts of each model, the baseline first.
    """
    baseline, *others = models
    rivals = [_Rival(name, parts) for name, parts in zip(names[1:], others, strict=True)]
    cut, row = 0, 0
    taken: list[CountedPart] = []
    for found, is_end in _with_end(baseline):
        taken.append(found)
        row += found.n_rows
        is_last = is_end or found.fault is not None
        for rival in rivals:
            rival.reach(row + 1 if is_last else row)
        n_again = sum(rival.n_again(row) for rival in rivals)
        if not is_last and (row == cut or n_again > row - cut):
            continue
        first = ModelPart(names[0], tuple(taken))
        yield AlignedPart((first, *(rival.part(cut) for rival in rivals)), cut, is_last)
        if is_last:
            return
        for rival in rivals:
            rival.drop(row)
        cut, taken = row, []


def _with_end(parts: Iterable[CountedPart]) -> Iterator[tuple[CountedPart, bool]]:
    """Yield each part, and whether it is the last one."""
    remaining = iter(parts)
    found = next(remaining)
    for following in remaining:
        yield found, False
        found = following
    yield found, True


class _Rival:
    """The parts of another model that hold rows behind the last cut."""

    def __init__(self, name: str, parts: Iterable[CountedPart]) -> None:
        self._name = name
        self._remaining = iter(parts)
        self._held: deque[CountedPart] = deque()
        self._start = 0
        self._last_start = 0
        self._stop: float = 0

    def reach(self, row: int) -> None:
        """Take up all parts that begin before a row."""
        while self._stop < row and (found := next(self._remaining, None)) is not None:
            self._held.append(found)
            self._last_start = int(self._stop)
            self._stop += math.inf if found.fault is not None else found.n_rows

    def n_again(self, row: int) -> int:
        """Rows before a cut at a row that would be gone through once more behind it."""
        return row - self._last_start if self._stop > row else 0

    def part(self, row: int) -> ModelPart:
        """Return what was taken up, as it is to be read from a row on."""
        return ModelPart(self._name, tuple(self._held), row - self._start)

    def drop(self, row: int) -> None:
        """Forget the parts that end before a row, or with it."""
        while self._held and self._held[0].fault is None:
            stop = self._start + self._held[0].n_rows
            if stop > row:
                return
            self._held.popleft()
            self._start = stop
