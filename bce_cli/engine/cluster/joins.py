"""Rows that are joined with those of other sources, in parts."""

from __future__ import annotations

import uuid
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from bce_cli.engine.cluster.parted import PartedSet
from bce_cli.engine.cluster.sources import seen_from_anywhere
from bce_cli.errors import JoinInDoubt
from bce_cli.readers.parts.held_sides import SidePlan, SidesPlan, release
from bce_cli.readers.parts.joined import JoinedPart, JoinFacts, facts_of
from bce_cli.readers.parts.part import WholePart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bce_cli.engine.cluster.fold import ClusterEngine
    from bce_cli.engine.cluster.outcome import Outcome
    from bce_cli.engine.cluster.parted import Run
    from bce_cli.readers.blocks import Block
    from bce_cli.readers.data_set import DataSet
    from bce_cli.readers.joined_data import JoinedData
    from bce_cli.readers.joined_models import JoinedModels
    from bce_cli.readers.parts.part import SourcePart


class PartedJoin:
    """Rows that are joined by a key; see `Parted`."""

    def __init__(self, data: JoinedData | JoinedModels) -> None:
        self._data = data
        self._sides = [*([] if data.truth is None else [data.truth]), *data.rivals]
        self._plan = SidesPlan(
            uuid.uuid4().hex,
            None if data.truth is None else _plan(data.truth),
            tuple(_plan(rival) for rival in data.rivals),
            data.is_inner,
        )

    def parts(self, run: Run) -> Iterator[SourcePart]:
        """Yield the parts of the source whose rows are joined."""
        return (JoinedPart(part, self._plan) for part in PartedSet(self._data.driven).parts(run))

    def conclude(self, outcome: Outcome, engine: ClusterEngine) -> None:
        """Check that all rows have joined as they should.

        Raises
        ------
        JoinInDoubt
            They have not, or there are none.
        """
        tally = outcome.summary.join_tally
        if tally is None or outcome.n == 0:
            message = "no rows are left"
            raise JoinInDoubt(message)
        facts: JoinFacts = engine.result(engine.submit(facts_of, self._plan, tally))
        data = self._data
        data.n_missing, data.n_unmatched = outcome.summary.n_missing, facts.n_unmatched
        for values in outcome.summary.label_values:
            data.driven.labels.add(values)
        data.driven.notes[:] = outcome.notes
        for side, values, notes in zip(self._sides, facts.label_values, facts.notes, strict=True):
            side.labels.add(values)
            side.notes[:] = notes

    @contextmanager
    def pieces(self) -> Iterator[Iterator[Block]]:
        """Provide the rows from the start, joined in this process."""
        plan = replace(self._plan, run=uuid.uuid4().hex)
        with ExitStack() as opened:
            opened.callback(release, plan.run)
            yield self._joined_here(plan, opened)

    def _joined_here(self, plan: SidesPlan, opened: ExitStack) -> Iterator[Block]:
        driven = self._data.driven
        for source in driven.sources:
            part = JoinedPart(WholePart(source, driven.options), plan)
            yield from part.open(opened).blocks()

    def release(self, engine: ClusterEngine) -> None:
        """Let the workers go of the sides."""
        engine.everywhere(release, self._plan.run)


def _plan(side: DataSet) -> SidePlan:
    return SidePlan(tuple(seen_from_anywhere(side.sources)), side.options)
