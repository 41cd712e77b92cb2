"""Run the pieces of a data set and fold what they give, in the order of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from bce_cli.core.evaluation import Evaluation, Part, Plan, Result, evaluate_piece
from bce_cli.core.rows import Rows
from bce_cli.engine.local import local_engine
from bce_cli.errors import DataError
from bce_cli.readers.csv_blocks import BLOCK_BYTES
from bce_cli.readers.csv_piece import CsvPiece
from bce_cli.readers.data_set import DataSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bce_cli.core.conventions import Convention
    from bce_cli.core.rows import ScoredRows
    from bce_cli.readers.columns import ColumnChoice, Columns

    Progress: TypeAlias = Callable[[int, int | None], None]
    Announce: TypeAlias = Callable[[Columns], None]
    Formatter: TypeAlias = Callable[[int, ScoredRows], bytes]


def _silent(_done: int, _total: int | None) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Job:
    """What to read, and how to run it.

    Attributes
    ----------
    paths : sequence of str
        Paths; ``-`` is standard input.
    choice : ColumnChoice
    n_workers : int
    progress : callable (done, total) -> None
        Told the bytes done, and their total where it is known.
    announce : callable (columns) -> None
        Told which columns were found, before any row is read.
    block_bytes : int
        Bytes read at a time; no result depends on it.
    """

    paths: Sequence[str]
    choice: ColumnChoice
    n_workers: int
    announce: Announce
    progress: Progress = _silent
    block_bytes: int = BLOCK_BYTES


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
    """
    evaluation = Evaluation(plan)

    def run_piece(piece: CsvPiece) -> tuple[Part, int]:
        # A late look at needs_rows can only bring back rows that are no longer needed.
        part = evaluate_piece(piece.rows(), plan, keep_rows=evaluation.needs_rows)
        return part, piece.n_bytes

    with (
        DataSet(job.paths, job.choice, job.block_bytes) as data,
        local_engine(job.n_workers) as engine,
    ):
        job.announce(data.columns)
        done, total = 0, data.n_bytes()
        for part, n_bytes in engine.map(run_piece, data.pieces()):
            evaluation.add(part)
            done += n_bytes
            job.progress(done, total)
    result = evaluation.result()
    if result.totals.n == 0:
        raise _no_rows(data)
    return result


def collect_rows(job: Job) -> Rows:
    """Read all rows of a data set into memory.

    Raises
    ------
    DataError, InputError
        The first fault in the order of the rows; or there are no rows.
    """
    with (
        DataSet(job.paths, job.choice, job.block_bytes) as data,
        local_engine(job.n_workers) as engine,
    ):
        job.announce(data.columns)
        pieces = list(engine.map(CsvPiece.rows, data.pieces()))
    rows = Rows(
        labels=np.concatenate([piece.labels for piece in pieces] or [np.zeros(0, np.bool_)]),
        probabilities=np.concatenate([piece.probabilities for piece in pieces] or [np.zeros(0)]),
    )
    if len(rows) == 0:
        raise _no_rows(data)
    return rows


def format_rows(job: Job, convention: Convention, formatter: Formatter) -> Iterator[bytes]:
    """Turn every row and its loss into bytes, in order.

    Parameters
    ----------
    job : Job
    convention : Convention
    formatter : callable (first_row, ScoredRows) -> bytes
        Told the 1-based number of the first row it gets; runs in the workers.

    Yields
    ------
    bytes
        The rows of a piece; pieces without rows are left out.

    Raises
    ------
    DataError, InputError
        The first fault in the order of the rows; or there are no rows.
    """

    def score(piece: CsvPiece) -> tuple[ScoredRows, int]:
        return convention.score(piece.rows()), piece.n_bytes

    def numbered(
        scored_pieces: Iterator[tuple[ScoredRows, int]],
    ) -> Iterator[tuple[int, ScoredRows]]:
        first_row, done, total = 1, 0, data.n_bytes()
        for scored, n_bytes in scored_pieces:
            if len(scored):
                yield first_row, scored
            first_row += len(scored)
            done += n_bytes
            job.progress(done, total)
        if first_row == 1:
            raise _no_rows(data)

    with (
        DataSet(job.paths, job.choice, job.block_bytes) as data,
        local_engine(job.n_workers) as engine,
    ):
        job.announce(data.columns)
        rows = numbered(engine.map(score, data.pieces()))
        yield from engine.map(lambda item: formatter(*item), rows)


def _no_rows(data: DataSet) -> DataError:
    return DataError(f"{data.name}: there are no rows below the header")
