"""The runs of `engine.run` on a cluster: the same states, merged in another place."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from bce_cli.core.evaluation import Evaluation, Plan, Result, evaluate_piece
from bce_cli.engine.cluster.connection import connected
from bce_cli.engine.cluster.fold import ClusterEngine, fold_parts, gather_parts
from bce_cli.engine.cluster.inputs import checked, parts_of_data
from bce_cli.engine.cluster.tasks import RunPart
from bce_cli.engine.local import local_engine
from bce_cli.errors import BceError, InputError
from bce_cli.readers.data_set import DataSet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bce_cli.core.rows import Rows
    from bce_cli.engine.cluster.connection import Cluster
    from bce_cli.engine.cluster.inputs import PartedData
    from bce_cli.engine.cluster.outcome import Outcome
    from bce_cli.engine.run import Job
    from bce_cli.readers.sources import Source

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
    data = checked(job.data)
    with data:
        outcome = _folded(job, data, cluster, of_rows, are_small=are_small)
    _finish(data, outcome)
    return outcome.state


def evaluate_on_cluster(job: Job, cluster: Cluster, plan: Plan) -> Result:
    """Do what `evaluate` does; see `fold_on_cluster`.

    The raw product of the likelihoods is rounded after each row, so no cluster can share it out and
    get the same digits. It soon is 0; until then, rows are read once more here.
    """
    data = checked(job.data)
    with data:
        of_rows = partial(evaluate_piece, plan=plan, keep_rows=False)
        outcome = _folded(job, data, cluster, of_rows, are_small=True)
        front = _front(data, plan)
    _finish(data, outcome)
    return front.result(outcome.state)


def _folded(
    job: Job,
    data: PartedData,
    cluster: Cluster,
    of_rows: Callable[[Rows], Any],
    *,
    are_small: bool,
) -> Outcome:
    total = data.n_bytes()
    run_part = RunPart(of_rows, data.labels.positive)
    with connected(cluster) as client:
        engine = ClusterEngine(client, cluster.name)
        parts = parts_of_data(data, engine.map)
        fold = fold_parts if are_small else gather_parts
        outcome = fold(engine, parts, run_part, lambda done: job.progress(done, total))
    if outcome.error is not None:
        raise _with_hint(outcome.error, data.sources)
    return outcome


def _finish(data: PartedData, outcome: Outcome) -> None:
    data.check(outcome.summary)
    if isinstance(data, DataSet):
        data.notes[:] = outcome.notes
    data.finish(outcome.n)


def _front(data: PartedData, plan: Plan) -> Evaluation:
    """Read rows from the start for as long as the product needs them."""
    front = Evaluation(replace(plan, n_worst=0, compared=(), n_differing=0))
    of_rows = partial(evaluate_piece, plan=front.plan, keep_rows=True)
    with local_engine(_FRONT_WORKERS) as engine:
        parts = engine.map(lambda piece: of_rows(piece.read().rows), data.pieces())
        while front.needs_rows and (part := next(parts, None)) is not None:
            front.add(part)
    return front


def _with_hint(error: BceError, sources: Sequence[Source]) -> BceError:
    """Tell of shared storage if a worker cannot open what can be opened here."""
    if isinstance(error, InputError) and error.hint is None:
        for source in sources:
            if error.message.startswith(f"{source.name}: ") and source.size() is not None:
                hint = "every worker must see it under the same path, on shared storage"
                return InputError(error.message, hint)
    return error
