"""Run the pieces of a data set and fold what they give, in the order of the rows."""

from __future__ import annotations

import operator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from bce_cli.core.concatenation import concatenated
from bce_cli.core.evaluation import Evaluation, Result
from bce_cli.core.part import Part, Plan, evaluate_piece
from bce_cli.engine.local import local_engine
from bce_cli.errors import JoinInDoubt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bce_cli.core.conventions import Convention
    from bce_cli.core.rows import Rows, ScoredRows
    from bce_cli.engine.cluster.connection import Cluster
    from bce_cli.readers.blocks import Block
    from bce_cli.readers.open_data import Data
    from bce_cli.readers.reading import Summary

    Progress: TypeAlias = Callable[[int, int | None], None]


State = TypeVar("State")
Text = TypeVar("Text")
_merged: Callable[[Any, Any], Any] = operator.iadd


def _silent(_done: int, _total: int | None) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Job:
    """What to read, and how to run it.

    Attributes
    ----------
    data : DataSet or JoinedData
        Opened and closed by the run; what it has found out can be asked afterwards.
    n_workers : int
    progress : callable (done, total) -> None
        Told the bytes done, and their total where it is known.
    cluster : Cluster, optional
        What does the work, if not this process.
    """

    data: Data
    n_workers: int
    progress: Progress = _silent
    cluster: Cluster | None = None


def evaluate(job: Job, plan: Plan) -> Result:
    """Evaluate all rows of a data set.

    Parameters
    ----------
    job : Job
    plan : Plan

    Raises
    ------
    DataError, InputError
        The first fault in the order of the rows; or there are no rows.
    UsageError, EngineError
        As `fold_on_cluster` raises them, where the job is one for a cluster.
    """
    if job.cluster is not None:
        from bce_cli.engine.cluster.run import evaluate_on_cluster  # noqa: PLC0415 -- rarely

        with suppress(JoinInDoubt):  # which leaves the last word to this process
            return evaluate_on_cluster(job, job.cluster, plan)
    evaluation = Evaluation(plan)

    def run_piece(piece: Block) -> tuple[Part, Summary, int]:
        reading = piece.read()
        # A late look at needs_rows can only bring back rows that are no longer needed.
        part = evaluate_piece(reading.rows, plan, keep_rows=evaluation.needs_rows)
        return part, reading.summary, piece.n_bytes

    data = job.data
    with data, local_engine(job.n_workers) as engine:
        done, total = 0, data.n_bytes()
        for part, summary, n_bytes in engine.map(run_piece, data.pieces_by(engine.map)):
            data.check(summary)
            evaluation.add(part)
            done += n_bytes
            job.progress(done, total)
    result = evaluation.result()
    data.finish(result.totals.n)
    return result


def fold_rows(job: Job, of_rows: Callable[[Rows], State], *, are_small: bool = True) -> State:
    """Compute a mergeable state of each piece, and merge them in the order of the rows.

    Parameters
    ----------
    job : Job
    of_rows : callable (Rows) -> state
        Runs in the workers, which may be other processes; states are added with ``+=``.
    are_small : bool
        Whether states do not grow with the rows; a cluster merges only such before they are here.

    Raises
    ------
    DataError, InputError
        The first fault in the order of the rows; or there are no rows.
    UsageError, EngineError
        As `fold_on_cluster` raises them, where the job is one for a cluster.
    """
    if job.cluster is not None:
        from bce_cli.engine.cluster.run import fold_on_cluster  # noqa: PLC0415 -- rarely needed

        with suppress(JoinInDoubt):  # which leaves the last word to this process
            found: State = fold_on_cluster(job, job.cluster, of_rows, are_small=are_small)
            return found
    data = job.data

    def run_piece(piece: Block) -> tuple[State, Summary, int, int]:
        reading = piece.read()
        n_bytes = piece.n_bytes
        return of_rows(reading.rows), reading.summary, n_bytes, reading.n_present

    state: State | None = None
    with data, local_engine(job.n_workers) as engine:
        n, done, total = 0, 0, data.n_bytes()
        for part, summary, n_bytes, n_present in engine.map(run_piece, data.pieces_by(engine.map)):
            data.check(summary)
            state = part if state is None else _merged(state, part)
            n += n_present
            done += n_bytes
            job.progress(done, total)
    data.finish(n)
    assert state is not None  # noqa: S101 -- no rows are an error
    return state


def collect_rows(job: Job) -> Rows:
    """Read all rows of a data set into memory, but for those that are left out.

    Raises
    ------
    DataError, InputError
        The first fault in the order of the rows; or there are no rows.
    """
    return concatenated(fold_rows(job, lambda rows: [rows.counted()], are_small=False))


def collect_with(job: Job, look: Callable[[Rows], State]) -> tuple[Rows, list[State]]:
    """Read all rows that are not left out into memory, and take a look at each piece on the way.

    Parameters
    ----------
    job : Job
    look : callable (Rows) -> State
        Gets the rows of a piece, those that are left out among them; runs in the workers.

    Returns
    -------
    tuple of Rows and list of State
        The rows, and what each look gave, in their order.

    Raises
    ------
    DataError, InputError
        The first fault in the order of the rows; or there are no rows.
    """
    pieces = fold_rows(job, lambda rows: [(rows.counted(), look(rows))], are_small=False)
    return concatenated([rows for rows, _ in pieces]), [seen for _, seen in pieces]


def format_rows(
    job: Job, convention: Convention, formatter: Callable[[int, ScoredRows], Text]
) -> Iterator[Text]:
    """Turn every row and its loss into what is to be written, in order.

    Parameters
    ----------
    job : Job
    convention : Convention
    formatter : callable (first_row, ScoredRows) -> bytes or table
        Told the 1-based number of the first row it gets; runs in the workers.

    Yields
    ------
    bytes or table
        The rows of a piece; pieces without rows are left out.

    Raises
    ------
    DataError, InputError
        The first fault in the order of the rows; or there are no rows.
    """
    data = job.data

    def score(piece: Block) -> tuple[ScoredRows, Summary, int]:
        reading = piece.read()
        return convention.score(reading.rows), reading.summary, piece.n_bytes

    def numbered(
        scored_pieces: Iterator[tuple[ScoredRows, Summary, int]],
    ) -> Iterator[tuple[int, ScoredRows]]:
        first_row, n, done, total = 1, 0, 0, data.n_bytes()
        for scored, summary, n_bytes in scored_pieces:
            data.check(summary)
            if len(scored):
                yield first_row, scored
            first_row += len(scored)
            n += len(scored) - scored.rows.n_missing
            done += n_bytes
            job.progress(done, total)
        data.finish(n)

    with data, local_engine(job.n_workers) as engine:
        rows = numbered(engine.map(score, data.pieces_by(engine.map)))
        yield from engine.map(lambda item: formatter(*item), rows)
