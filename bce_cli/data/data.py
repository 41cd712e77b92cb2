"""What a command reads: a baseline, perhaps rivals, perhaps labels of their own, as one stream."""

from __future__ import annotations

import uuid
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Self, TypeAlias, cast

import numpy as np

from bce_cli.core.progress import Advance, Stage, silent
from bce_cli.core.rows import in_their_order
from bce_cli.data.table import Facts, Table, read_block
from bce_cli.errors import DataError, quoted
from bce_cli.lean_dataclass import dataclass
from bce_cli.readers.columns import USAGE, Beside, ColumnChoice
from bce_cli.storage.sources import Source, refuse_second_pipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from bce_cli.core.cuts import Cut
    from bce_cli.core.progress import Progress
    from bce_cli.core.rows import Quantities, Rows
    from bce_cli.data.aligned import AlignedPart
    from bce_cli.data.joined import SidesPlan
    from bce_cli.data.parts import Part
    from bce_cli.readers.blocks import Block
    from bce_cli.readers.columns import Columns
    from bce_cli.readers.grammar import InputOptions
    from bce_cli.readers.reading import LabelTally, Reading
    from bce_cli.storage.sources import Held

    Run: TypeAlias = Callable[..., Iterator[Any]]
    Read: TypeAlias = Callable[[Block], Reading]


@dataclass(frozen=True, slots=True)
class Join:
    """How rows of several tables find together.

    Attributes
    ----------
    keys : tuple of str
        Columns of all tables whose texts together join their rows; none where labels of another
        file are in the order of the predictions.
    labels_path : str or Held, optional
        None where labels stand beside the predictions of each model.
    is_inner : bool
        Leave out rows without a partner, instead of refusing them.
    """

    keys: tuple[str, ...]
    labels_path: str | Held | None = None
    is_inner: bool = False


class Data:
    """A context that opens all its tables, and yields their rows as one stream.

    Rows of the baseline come one after the other. What rivals and truth say of the same rows stands
    beside them: by order, where all have rows in the same order, or by key.

    Parameters
    ----------
    baseline : Table
    rivals : sequence of Table
        Predictions of further models.
    truth : Table, optional
        The labels, where they do not stand beside the predictions.
    join : Join, optional
        How rows find together that are not in the same order; None for by order.

    Attributes
    ----------
    n_missing : int
        Rows left out for a missing value, once all rows were read.
    n_unmatched : int or None
        Keys without a partner that were left out; None where nothing was joined.
    """

    def __init__(
        self,
        baseline: Table,
        rivals: Sequence[Table] = (),
        truth: Table | None = None,
        join: Join | None = None,
    ) -> None:
        self.baseline = baseline
        self.rivals = tuple(rivals)
        self.truth = truth
        self.join = join
        self.n_missing = 0
        self.n_unmatched: int | None = None
        self._stack = ExitStack()
        self._plan: SidesPlan | None = None
        self._segments_of_truth: tuple[bool, ...] = ()
        self._known_cuts: tuple[Cut | None, ...] | None = None

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            for model in self.models:
                opened.enter_context(model)
            if self.truth is not None:
                self._share_out(self.truth)
                opened.enter_context(self.truth)
                self.baseline.note(*self._said_of_headers(self.truth))
            self._stack = opened.pop_all()
        return self

    def _share_out(self, truth: Table) -> None:
        """Have the labels' file looked through for what that of the predictions has not."""
        asked, found = self.baseline.options.columns, self.baseline.columns
        if not asked.may_lack:  # opened once more
            return
        here, there = asked.parted(found)
        self._segments_of_truth = tuple(place is None for place in found.segments)
        beside = Beside(self.baseline.sources[0].name, found.prediction_name, found.names)
        own = truth.options.columns
        choice = replace(
            there,
            label=own.label,
            keys=own.keys,
            reads_prediction=False,
            takes_rest=True,
            watches_ids=own.watches_ids and there.id is None,
        )
        self.baseline.options = replace(self.baseline.options, columns=here)
        truth.options = replace(truth.options, columns=replace(choice, beside=beside))

    def _said_of_headers(self, truth: Table) -> list[str]:
        """Say which columns of the labels' file are not looked at, though they may be meant."""
        found, theirs = self.baseline.columns, truth.columns
        single = (found.weight_name, found.id_name, found.cluster_name, found.order_name)
        names = [name for name in (*single, *found.segment_names) if name is not None]
        twofold = [
            name
            for name in dict.fromkeys(names)
            if name in (*theirs.names, *(folder.name for folder in theirs.folders))
            and name not in found.key_names
        ]
        taken = self.baseline.sources[0].name
        both = [
            f"column {quoted(name)} is in both files: that of {taken} is taken" for name in twofold
        ]
        read = {theirs.names[place] for _, place in theirs.wanted}
        unread = [name for name in theirs.names if name.lower() == USAGE and name not in read]
        return both + [
            f"{truth.sources[0].name}: every row counts, whatever {quoted(name)} says"
            for name in unread
            if name not in twofold
        ]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    @property
    def models(self) -> tuple[Table, ...]:
        """The tables with predictions, the baseline first."""
        return (self.baseline, *self.rivals)

    @property
    def tables(self) -> tuple[Table, ...]:
        """All tables, the truth last."""
        return self.models if self.truth is None else (*self.models, self.truth)

    @property
    def sources(self) -> list[Source]:
        """The files that are read."""
        return [source for table in self.tables for source in table.sources]

    @property
    def name(self) -> str:
        """What messages about the whole call it."""
        if self.truth is not None and not self.rivals:
            return f"{self.baseline.name} with labels of {self.truth.name}"
        return ", ".join(model.name for model in self.models)

    @property
    def notes(self) -> list[str]:
        """What was found out about the sources and is worth a word."""
        return [note for table in self.tables for note in table.notes]

    @property
    def doubts(self) -> list[str]:
        """Those of them that say what looks not meant."""
        return [doubt for table in self.tables for doubt in table.doubts]

    @property
    def columns(self) -> Columns:
        """The columns of the baseline."""
        return self.baseline.columns

    @property
    def weight_name(self) -> str | None:
        """Name of the weight column; None without one."""
        return self._either(lambda columns: columns.weight_name)

    @property
    def cluster_name(self) -> str | None:
        """Name of the cluster column; None without one."""
        return self._either(lambda columns: columns.cluster_name)

    @property
    def order_name(self) -> str | None:
        """Name of the column that says what came before; None without one."""
        return self._either(lambda columns: columns.order_name)

    @property
    def segment_names(self) -> tuple[str, ...]:
        """Names of the columns that part the rows."""
        mine = self.columns.segment_names
        if self.truth is None:
            return mine
        return in_their_order(self._segments_of_truth, mine, self.truth.columns.segment_names)

    @property
    def cuts(self) -> tuple[Cut | None, ...]:
        """How each of these columns is cut; None for one whose words part the rows."""
        if self._known_cuts is not None:
            return self._known_cuts
        mine = self.columns.segment_cuts
        if self.truth is None:
            return mine
        return in_their_order(self._segments_of_truth, mine, self.truth.columns.segment_cuts)

    def cut(self, blocks: Sequence[Rows]) -> list[Rows]:
        """Cut columns at quantiles, for which all rows are needed.

        Parameters
        ----------
        blocks : sequence of Rows
            All of them.

        Returns
        -------
        list of Rows
            The same, with words alone as segments.
        """
        segments = [list(rows.segments) for rows in blocks]
        known = list(self.cuts)
        for at, cut in enumerate(known):
            if cut is None or cut.edges is not None:
                continue
            columns = [cast("Quantities", columns[at]).values for columns in segments]
            pairs = zip(blocks, columns, strict=True)
            counted = [rows.present(values) for rows, values in pairs]
            known[at] = now = cut.at_quantiles(np.concatenate(counted))
            for parts, values in zip(segments, columns, strict=True):
                parts[at] = now.categories(values)
        self._known_cuts = tuple(known)
        return [
            replace(rows, segments=tuple(parts))
            for rows, parts in zip(blocks, segments, strict=True)
        ]

    def _either(self, name_of: Callable[[Columns], str | None]) -> str | None:
        found = name_of(self.columns)
        return found if found is not None or self.truth is None else name_of(self.truth.columns)

    @property
    def labels(self) -> LabelTally:
        """Which labels there were, once all rows were read."""
        return (self.truth or self.baseline).labels

    @property
    def positive(self) -> str | None:
        """The label that counts as 1, where it was named."""
        return self.labels.positive

    @property
    def label_name(self) -> str:
        """Name of the label column."""
        return (self.truth or self.baseline).columns.label_name

    @property
    def prediction_names(self) -> tuple[str, ...]:
        """Name of the prediction column of each model."""
        return tuple(name for model in self.models for name in model.prediction_names)

    def n_bytes(self) -> int | None:
        """Size of all sources; None where that of one is not known."""
        sizes = [table.n_bytes() for table in self.tables]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    def blocks(self, run: Run = map, progress: Progress = silent) -> Iterator[Block]:
        """Yield all rows in their order, in blocks that can be read in any thread.

        Parameters
        ----------
        run : callable (function, items) -> iterator
            Calls the function with each item and yields the results in order, as `map` does. It
            reads what has to be read before rows can stand side by side.
        progress : callable (Stage) -> None
            Told of what is done here. Blocks say themselves how many bytes are read with them, but
            for those of rows that were joined.

        Raises
        ------
        DataError
            Tables do not hold the same rows, or differ in labels or ids; or a key occurs twice, or
            has no partner and should have one.
        """
        if self.join is not None:
            return self._joined(self.join, run, progress)
        if len(self.tables) > 1:
            from bce_cli.data.aligned import side_by_side  # noqa: PLC0415 -- rarely needed

            return side_by_side(self.models, run, self.truth, self._segments_of_truth)
        return self.baseline.blocks()

    def _joined(self, join: Join, run: Run, progress: Progress) -> Iterator[Block]:
        from bce_cli.data.joined import Sides, gathered, joined_rows  # noqa: PLC0415 -- rarely needed

        self._plan = None
        n = len(self.tables)
        found = Advance(progress, Stage("joining", 0, n + n - 1, "steps"))
        read = Advance(progress, Stage("reading", 0, self.n_bytes(), "bytes"))
        baseline, *others = gathered(self.tables, run, read, found)
        truth = None if self.truth is None else others.pop()
        sides = Sides(truth, tuple(others), self._segments_of_truth)
        joined = joined_rows(baseline, sides, is_inner=join.is_inner, run=run, tell=found)
        self.n_unmatched = joined.n_unmatched(baseline, sides)
        if self.n_unmatched:
            self._note_other_forms(joined.n_in_other_form(baseline, sides))
        scored = Advance(progress, Stage("scoring", 0, len(joined.rows), "rows"))
        for block in joined.blocks():
            yield block
            scored(block.n_rows)

    def _note_other_forms(self, n: int) -> None:
        from bce_cli.data.joined import other_form  # noqa: PLC0415 -- rarely needed

        if n:
            self.baseline.doubt(other_form(n))

    def parts(self, run: Run) -> Iterator[Part | AlignedPart]:
        """Yield all rows in their order, in parts that workers elsewhere can open and read.

        Parameters
        ----------
        run : callable
            See `blocks`; it counts rows and quotes before sources can be cut.
        """
        from bce_cli.data.parts import parts_of, seen_from_anywhere  # noqa: PLC0415 -- rarely needed

        if len(self.tables) > 1 and self.join is None:
            from bce_cli.data.aligned import aligned_parts, counted_parts  # noqa: PLC0415 -- rarely needed

            names = [table.name for table in self.tables]
            watched = [table.columns.watched_name for table in self.tables]
            counted = [counted_parts(table, run) for table in self.tables]
            of_truth = None if self.truth is None else self._segments_of_truth
            return aligned_parts(names, counted, watched, segments_of_truth=of_truth)
        sources = seen_from_anywhere(self.baseline.sources)
        parts = parts_of(sources, self.baseline.options, run)
        if not self.baseline.is_numbered:
            return parts
        # By path: whoever plans parts may have found out more of a source.
        numbers = {source.identity: number for number, source in enumerate(sources)}
        return (replace(part, number=numbers[part.source.identity]) for part in parts)

    def read_by_workers(self) -> Read:
        """Return what reads a block of a part; workers hold what its rows are joined with."""
        if self.join is None:
            return read_block
        from bce_cli.data.joined import SidesPlan, read_joined  # noqa: PLC0415 -- rarely needed

        self._plan = SidesPlan.of(
            self.truth, self.rivals, self._segments_of_truth, is_inner=self.join.is_inner
        )
        return partial(read_joined, plan=self._plan)

    @property
    def held_by_workers(self) -> str | None:
        """What workers hold for these data and `joined.release` lets go of."""
        return None if self._plan is None else self._plan.run

    @contextmanager
    def front(self) -> Iterator[tuple[Iterator[Block], Read]]:
        """Provide the rows from the start, and what reads their blocks, once all were concluded.

        Nothing is checked again, and no more is read than is asked for.
        """
        if self._plan is None:
            yield self.blocks(), read_block
            return
        from bce_cli.data.joined import read_joined, release  # noqa: PLC0415 -- rarely needed

        plan = replace(self._plan, run=uuid.uuid4().hex)
        try:
            yield self.baseline.blocks(), partial(read_joined, plan=plan)
        finally:
            release(plan.run)

    def conclude(self, facts: Facts, run: Run = map) -> None:
        """Take in what was found out about all rows, and check what can be known at the end alone.

        Parameters
        ----------
        facts : Facts
        run : callable
            See `blocks`; calls what must run where the rows were joined.

        Raises
        ------
        DataError
            There are no rows; or the label that was named never occurred, but one that is written
            otherwise.
        JoinInDoubt
            Rows that were joined in parts have not joined as they should, or there are none.
        """
        if self._plan is not None:
            from bce_cli.data.joined import settled  # noqa: PLC0415 -- rarely needed

            found = next(run(partial(settled, self._plan, facts.n), [facts.tally]))
            self.n_unmatched = found.n_unmatched
            self._note_other_forms(found.n_in_other_form)
            sides = [*([] if self.truth is None else [self.truth]), *self.rivals]
            for side, values, notes in zip(sides, found.labels, found.notes, strict=True):
                side.conclude(values, notes)
        tables = self.models if self.join is not None else self.tables
        for table, values in zip(tables, facts.labels, strict=False):
            table.conclude(values)
        self.baseline.note(*facts.notes)
        self.baseline.doubt(facts.remark)
        self.baseline.note_same_labels(facts.prints)
        self.n_missing = facts.n_missing
        if facts.n == 0:
            message = f"{self.name}: {self._why_empty()}"
            raise DataError(message)
        for table in self.tables:
            table.labels.finish()
        labels = self.labels
        if labels.positive is not None and not labels.has_positive:
            said = f"no label is {quoted(labels.positive)}; all are {quoted(labels.other or '')}"
            self.baseline.doubt(said)

    def _why_empty(self) -> str:
        if not self.n_missing and not self.n_unmatched:
            return "there are no rows"
        is_one = len(self.tables) == 1
        return "every row has a missing value" if is_one else "no rows are left"


def open_data(
    sources: Sequence[str | Held], options: InputOptions, join: Join | None = None
) -> Data:
    """Prepare to read some sources, one after the other; the result is a context that opens them.

    Parameters
    ----------
    sources : sequence of str or Held
        Paths or addresses of files, folders, or patterns; ``-`` is standard input. Or frames.
    options : InputOptions
    join : Join, optional
        Where the labels stand, if not beside the predictions.

    Raises
    ------
    UsageError
        Standard input is named twice, or an option has no meaning.
    """
    return _prepared([sources], options, join)


def open_models(
    sources: Sequence[str | Held], options: InputOptions, join: Join | None = None
) -> Data:
    """Prepare to read some sources side by side, each with the predictions of another model.

    Weights, clusters, order and segments are those of the first.

    Parameters
    ----------
    sources : sequence of str or Held
        A source for each model, the baseline first; ``-`` is standard input. Or frames.
    options : InputOptions
    join : Join, optional
        How rows find together that are not in the same order.

    Raises
    ------
    UsageError
        Standard input is named twice, or an option has no meaning.
    """
    return _prepared([[source] for source in sources], options, join)


def open_rivals(
    sources: Sequence[str | Held],
    others: Sequence[str | Held],
    prediction: str | None,
    options: InputOptions,
    join: Join | None = None,
) -> Data:
    """Prepare to read some sources, and beside them others with the predictions of a rival.

    Parameters
    ----------
    sources, others : sequence of str or Held
        Those of either follow each other; see `open_data`.
    prediction : str or None
        The column of the others; None for one that is called as it is in the sources.
    options : InputOptions
    join : Join, optional
        How rows find together that are not in the same order.

    Raises
    ------
    UsageError
        Standard input is named twice, or an option has no meaning.
    """
    return _prepared([sources, others], options, join, prediction)


def _prepared(
    models: Sequence[Sequence[str | Held]],
    options: InputOptions,
    join: Join | None,
    prediction: str | None = None,
) -> Data:
    labels_path = None if join is None else join.labels_path
    if any(not isinstance(source, str | None) for source in (labels_path, *chain(*models))):
        from bce_cli.readers.frames import told_apart  # noqa: PLC0415 -- not for files

        by_order = join is None or not join.keys
        models, labels_path = told_apart(models, labels_path, options.layout, by_order=by_order)
    refuse_second_pipe([*(path for paths in models for path in paths), labels_path])
    if join is not None and not join.keys:  # in the same order
        join = None
    is_elsewhere, truth = labels_path is not None, None
    choice = replace(
        options.columns,
        reads_label=not is_elsewhere,
        takes_rest=is_elsewhere,
        may_lack=is_elsewhere,
    )
    is_watched = join is None and (len(models) > 1 or is_elsewhere)
    if join is not None:
        choice = replace(choice, keys=join.keys)
    elif is_watched and choice.id is None:
        choice = replace(choice, watches_ids=True)
    rival_choice = choice
    if len(models) > 1:
        rival_choice = replace(
            choice,
            prediction=prediction or choice.prediction,
            rivals=(),
            weight=None,
            id=choice.id if join is None else None,
            cluster=None,
            order=None,
            segments=(),
            may_lack=False,
        )
    baseline, *rivals = [
        Table.at(paths, replace(options, columns=rival_choice if number else choice))
        for number, paths in enumerate(models)
    ]
    if labels_path is not None:
        columns = ColumnChoice(
            label=choice.label, keys=choice.keys, reads_prediction=False, watches_ids=is_watched
        )
        layout = replace(options.layout, input_format=None)
        truth = Table.at([labels_path], replace(options, columns=columns, layout=layout))
    return Data(baseline, rivals, truth, join)
