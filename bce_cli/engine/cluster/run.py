"""The runs of `engine.run` on a cluster: the same states, merged in another place."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bce_cli.core.evaluation import Evaluation, Plan, Result, evaluate_piece
from bce_cli.engine.cluster.connection import connected
from bce_cli.engine.cluster.fold import ClusterEngine, fold_parts, gather_parts
from bce_cli.engine.cluster.tasks import RunPart
from bce_cli.engine.local import local_engine
from bce_cli.errors import BceError, InputError, UsageError
from bce_cli.readers.data_set import DataSet
from bce_cli.readers.parts.plan import parts_of
from bce_cli.readers.sources import STANDARD_INPUT, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bce_cli.core.rows import Rows
    from bce_cli.engine.cluster.connection import Cluster
    from bce_cli.engine.cluster.outcome import Outcome
    from bce_cli.engine.run import Job
    from bce_cli.readers.open_data import Data

_FRONT_WORKERS = 2  # the rows that are needed in their order are few


def fold_on_cluster(
    job: Job, cluster: Cluster, of_rows: Callable[[Rows], Any], *, are_small: bool
) -> Any:  # noqa: ANN401 -- any mergeable state
    """Do what `fold_rows` does.

    Raises
    ------
    UsageError
        The rows cannot be read in parts.
    EngineError
        The cluster cannot be reached, or was lost.
    DataError, InputError
        The first fault in the order of the rows; or there are no rows.
    """
    data = _cut_data(job.data)
    with data:
        outcome = _folded(job, data, cluster, of_rows, are_small=are_small)
    _finish(data, outcome)
    return outcome.state


def evaluate_on_cluster(job: Job, cluster: Cluster, plan: Plan) -> Result:
    """Do what `evaluate` does; see `fold_on_cluster`.

    The raw product of the likelihoods is rounded after each row, so no cluster can share it out and
    get the same digits. It soon is 0; until then, rows are read once more here.
    """
    data = _cut_data(job.data)
    with data:
        of_rows = partial(evaluate_piece, plan=plan, keep_rows=False)
        outcome = _folded(job, data, cluster, of_rows, are_small=True)
        front = _front(data, plan)
    _finish(data, outcome)
    return front.result(outcome.state)


def _folded(
    job: Job,
    data: DataSet,
    cluster: Cluster,
    of_rows: Callable[[Rows], Any],
    *,
    are_small: bool,
) -> Outcome:
    total = data.n_bytes()
    run_part = RunPart(of_rows, data.options.grammar.positive)
    with connected(cluster) as client:
        engine = ClusterEngine(client, cluster.name)
        parts = parts_of(_seen_from_anywhere(data.sources), data.options, engine.map)
        fold = fold_parts if are_small else gather_parts
        outcome = fold(engine, parts, run_part, lambda done: job.progress(done, total))
    if outcome.error is not None:
        raise _with_hint(outcome.error, data.sources)
    return outcome


def _finish(data: DataSet, outcome: Outcome) -> None:
    data.check(outcome.summary)
    data.notes[:] = outcome.notes
    data.finish(outcome.n)


def _front(data: DataSet, plan: Plan) -> Evaluation:
    """Read rows from the start for as long as the product needs them."""
    front = Evaluation(replace(plan, n_worst=0, compared=(), n_differing=0))
    of_rows = partial(evaluate_piece, plan=front.plan, keep_rows=True)
    with local_engine(_FRONT_WORKERS) as engine:
        parts = engine.map(lambda piece: of_rows(piece.read().rows), data.pieces())
        while front.needs_rows and (part := next(parts, None)) is not None:
            front.add(part)
    return front


def _cut_data(data: Data) -> DataSet:
    """Return data that can be read in parts."""
    hint = "--engine local reads it"
    if not isinstance(data, DataSet):
        message = "--engine dask reads the rows of one data set; it neither joins nor aligns files"
        raise UsageError(message, "--engine local does; or put the columns into one file before")
    for source in data.sources:
        if source.path == STANDARD_INPUT or _is_stream(source.local_path):
            message = f"{source.name}: --engine dask reads files that every worker can open"
            raise UsageError(message, hint)
    return data


def _is_stream(path: str | None) -> bool:
    found = Path(path or "")
    return path is not None and found.exists() and not found.is_file()


def _seen_from_anywhere(sources: Sequence[Source]) -> list[Source]:
    """Return sources by their full paths; workers may run in another folder."""
    return [
        source
        if source.local_path is None
        else replace(
            source, path=str(Path(source.local_path).absolute()), shown=source.shown or source.path
        )
        for source in sources
    ]


def _with_hint(error: BceError, sources: Sequence[Source]) -> BceError:
    """Tell of shared storage if a worker cannot open what can be opened here."""
    if isinstance(error, InputError) and error.hint is None:
        for source in sources:
            if error.message.startswith(f"{source.name}: ") and source.size() is not None:
                hint = "every worker must see it under the same path, on shared storage"
                return InputError(error.message, hint)
    return error
