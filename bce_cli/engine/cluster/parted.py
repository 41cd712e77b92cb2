"""Data of each kind, in parts for a cluster, and with what was found out about them there."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from bce_cli.engine.cluster.sources import seen_from_anywhere
from bce_cli.readers.aligned_models import AlignedModels
from bce_cli.readers.data_set import DataSet
from bce_cli.readers.parts.counted import counted
from bce_cli.readers.parts.plan import parts_of
from bce_cli.readers.parts.side_by_side import aligned_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from bce_cli.engine.cluster.fold import ClusterEngine
    from bce_cli.engine.cluster.outcome import Outcome
    from bce_cli.readers.blocks import Block
    from bce_cli.readers.open_data import Data
    from bce_cli.readers.parts.counted import CountedPart
    from bce_cli.readers.parts.part import SourcePart

    Pieces: TypeAlias = AbstractContextManager[Iterator[Block]]
    Run: TypeAlias = Callable[..., Iterator[Any]]


class Parted(Protocol):
    """Opened data that can be read in parts."""

    def parts(self, run: Run) -> Iterator[SourcePart]:
        """Yield all parts in the order of the rows.

        Parameters
        ----------
        run : callable (function, items) -> iterator
            Calls the function with each item on some worker and yields the results in order.
        """

    def conclude(self, outcome: Outcome, engine: ClusterEngine) -> None:
        """Tell the data what was found out about them, while the cluster is still there."""

    def pieces(self) -> Pieces:
        """Provide all pieces from the start; this process reads them before the context ends."""

    def release(self, engine: ClusterEngine) -> None:
        """Let the workers go of what they hold for these data."""


def parted(data: Data) -> Parted:
    """Return opened data as what can be read in parts."""
    if isinstance(data, DataSet):
        return PartedSet(data)
    if isinstance(data, AlignedModels):
        return PartedModels(data)
    from bce_cli.engine.cluster.joins import PartedJoin  # noqa: PLC0415 -- rarely needed

    return PartedJoin(data)


class PartedSet:
    """Sources that follow each other; see `Parted`."""

    def __init__(self, data: DataSet) -> None:
        self._data = data

    def parts(self, run: Run) -> Iterator[SourcePart]:
        """Yield the parts of each source."""
        return parts_of(seen_from_anywhere(self._data.sources), self._data.options, run)

    def conclude(self, outcome: Outcome, engine: ClusterEngine) -> None:
        """Tell what was noted by those who read the parts."""
        del engine
        self._data.check(outcome.summary)
        self._data.notes[:] = outcome.notes

    def pieces(self) -> Pieces:
        """Provide the pieces of each source."""
        return nullcontext(self._data.pieces())

    def release(self, engine: ClusterEngine) -> None:
        """Do nothing; they hold nothing."""


class PartedModels:
    """Models in sources of their own, aligned row by row; see `Parted`."""

    def __init__(self, data: AlignedModels) -> None:
        self._data = data

    def parts(self, run: Run) -> Iterator[SourcePart]:
        """Count the rows of all parts of each model, and yield them side by side."""
        models = self._data.models
        return aligned_parts(
            [model.name for model in models], [_counted(model, run) for model in models]
        )

    def conclude(self, outcome: Outcome, engine: ClusterEngine) -> None:
        """Check the labels of all models; notes were taken when their rows were counted."""
        del engine
        self._data.check(outcome.summary)

    def pieces(self) -> Pieces:
        """Provide the rows of all models side by side."""
        return nullcontext(self._data.pieces())

    def release(self, engine: ClusterEngine) -> None:
        """Do nothing; they hold nothing."""


def _counted(model: DataSet, run: Run) -> Iterator[CountedPart]:
    model.notes.clear()
    for found in run(counted, PartedSet(model).parts(run)):
        if found.note is not None:
            model.notes.append(found.note)
        yield found
