"""The runs of `engine.run` on a cluster: the same states, merged in another place."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from bce_cli.core.evaluation import Evaluation, Plan, Result, evaluate_rows
from bce_cli.engine.cluster.connection import connected
from bce_cli.engine.cluster.fold import ClusterEngine, fold_parts, gather_parts
from bce_cli.engine.cluster.parted import parted
from bce_cli.engine.cluster.sources import check_sources, with_hint
from bce_cli.engine.cluster.tasks import RunPart
from bce_cli.engine.local import local_engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from bce_cli.core.rows import Rows
    from bce_cli.engine.cluster.connection import Cluster
    from bce_cli.engine.cluster.outcome import Outcome
    from bce_cli.engine.cluster.parted import Parted
    from bce_cli.engine.run import Job

_FRONT_WORKERS = 2  # the rows that are needed in their order are few


def fold_on_cluster(
    job: Job, cluster: Cluster, of_rows: Callable[[Rows], Any], *, are_small: bool
) -> Any:  # noqa: ANN401 -- any mergeable state
    """Do what `fold_rows` does.

    Raises
    ------
    UsageError
        A source is not a file.
    EngineError
        The cluster cannot be reached, or was lost.
    DataError, InputError
        The first fault in the order of the rows; or there are no rows.
    JoinInDoubt
        Something about a join is wrong; who reads all sources one after the other can say what.
    """
    check_sources(job.data.sources)
    with job.data:
        outcome = _folded(job, parted(job.data), cluster, of_rows, are_small=are_small)
    job.data.finish(outcome.n)
    return outcome.state


def evaluate_on_cluster(job: Job, cluster: Cluster, plan: Plan) -> Result:
    """Do what `evaluate` does; see `fold_on_cluster`.

    The raw product of the likelihoods is rounded after each row, so no cluster can share it out and
    get the same digits. It soon is 0; until then, rows are read once more here.
    """
    check_sources(job.data.sources)
    with job.data:
        of_rows = partial(evaluate_rows, plan=plan, keep_rows=False)
        data = parted(job.data)
        outcome = _folded(job, data, cluster, of_rows, are_small=True)
        front = _front(data, plan)
    job.data.finish(outcome.n)
    return front.result(outcome.state)


def _folded(
    job: Job,
    data: Parted,
    cluster: Cluster,
    of_rows: Callable[[Rows], Any],
    *,
    are_small: bool,
) -> Outcome:
    total = job.data.n_bytes()
    run_part = RunPart(of_rows, job.data.labels.positive)
    with connected(cluster) as client:
        engine = ClusterEngine(client, cluster.name)
        fold = fold_parts if are_small else gather_parts
        parts = data.parts(engine.map)
        outcome = fold(engine, parts, run_part, lambda done: job.progress(done, total))
        try:
            if outcome.error is not None:
                raise with_hint(outcome.error, job.data.sources)
            data.conclude(outcome, engine)
        finally:
            data.release(engine)
    return outcome


def _front(data: Parted, plan: Plan) -> Evaluation:
    """Read rows from the start for as long as the product needs them."""
    front = Evaluation(replace(plan, n_worst=0, compared=(), n_differing=0))
    of_rows = partial(evaluate_rows, plan=front.plan, keep_rows=True)
    with data.pieces() as pieces, local_engine(_FRONT_WORKERS) as engine:
        parts = engine.map(lambda piece: of_rows(piece.read().rows), pieces)
        while front.needs_rows and (part := next(parts, None)) is not None:
            front += part
    return front
