"""The questions as functions: of frames, arrays and files, with the words of the command line."""

from __future__ import annotations

import logging
import math
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, overload

from bce_cli.core.arguments import USUAL_CONFIDENCE, check_kind, check_whole, number_in, shown
from bce_cli.core.conventions import EXACT
from bce_cli.core.evaluation import Plan
from bce_cli.core.gate.limits import DEFAULT_BINS, Limits
from bce_cli.engine.run import format_rows
from bce_cli.errors import ArgumentError, DoubtWarning, argument
from bce_cli.questions import answers
from bce_cli.questions.given import judged, rivalling, scored
from bce_cli.results import (
    CalibrationResult,
    CalibrationsResult,
    CheckResult,
    CompareResult,
    ComputeResult,
    RecalibrateResult,
    ReportResult,
    Result,
    path_of_json,
    said_in_python,
)
from bce_cli.signatures import with_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Unpack

    import pyarrow as pa

    from bce_cli.core.calibration.plan import Strategy
    from bce_cli.core.conventions import Convention
    from bce_cli.core.gate.limits import Baseline
    from bce_cli.core.recalibration.maps import Method
    from bce_cli.core.report import Unit
    from bce_cli.core.rules import Like
    from bce_cli.engine.run import Job
    from bce_cli.questions.given import Given
    from bce_cli.render.origin import Origin
    from bce_cli.signatures import (
        Array,
        BinsOfArrays,
        BinsOfTable,
        CheckOfArrays,
        CheckOfTable,
        Cuts,
        FoldsOfArrays,
        FoldsOfTable,
        Frame,
        LossesOfArrays,
        LossesOfTable,
        Path,
        ReportOfArrays,
        ReportOfTable,
        Table,
        Values,
    )

_MOST_ROWS = 10_000
_LOG = logging.getLogger("bce_cli")


@overload
def compute(
    data: Table,
    prediction: str | None = None,
    *,
    id: str | None = None,
    by: str | Sequence[str] | None = None,
    cut: Cuts | None = None,
    cluster: str | None = None,
    confidence: float = 0.95,
    worst: int = 0,
    rows: int = 5,
    **options: Unpack[LossesOfTable],
) -> ComputeResult: ...
@overload
def compute(
    data: Values,
    prediction: Values,
    *,
    id: Values | None = None,
    by: Values | Mapping[str, Values] | None = None,
    cut: Cuts | None = None,
    cluster: Values | None = None,
    confidence: float = 0.95,
    worst: int = 0,
    rows: int = 5,
    **options: Unpack[LossesOfArrays],
) -> ComputeResult: ...
@with_options
def compute(
    data: Table | Values,
    prediction: str | Values | None = None,
    *,
    id: str | Values | None = None,
    by: str | Sequence[str] | Values | Mapping[str, Values] | None = None,
    cut: Cuts | None = None,
    cluster: str | Values | None = None,
    confidence: float = 0.95,
    worst: int = 0,
    rows: int = 5,
    like: Like = "exact",
    clip: float | None = None,
    unit: Unit = "nats",
    **options: Any,
) -> ComputeResult:
    """How good are these predictions, row by row and on average?

    Parameters
    ----------
    data : table, path, sequence of paths, or array-like, shape (n,)
        A table is what exports an Arrow stream (pandas, Polars, pyarrow, DuckDB), or a mapping of
        arrays; a path is one of the command line: a file, a folder, a pattern, an address. An
        array-like holds the labels: 0 and 1, booleans, or two values and `positive`.
    prediction : str or array-like, shape (n,), optional
        P(label = 1), in [0, 1]: the name of a column, or with arrays its values. By default the
        column that is called prediction, pred, p, prob, probability, proba, y_prob, y_pred,
        y_score, yhat, score, forecast or the like; docs/input.md lists all such names.
    label : str, optional
        The name of a column; by default the one that is called label, y, y_true, target, truth,
        actual, observed, outcome, event or the like.
    weight, id : str or array-like, optional
        Weights, 0 or more, and names of the rows.
    by : str, sequence of str, array-like, or mapping of array-like, optional
        Figures for each value as well, in ``result.segments``, as texts; a missing value and an
        empty text are one segment.
    cut : sequence of numbers, str, or mapping of these, optional
        Cuts a column of `by` that holds numbers into intervals, each with its lower end:
        ``[18, 30, 65]``, or "quantile:5" for so many of about as many rows; by the name of the
        column, where there are several. Quantiles hold all rows in memory.
    cluster : str or array-like, optional
        Rows of one user or day, say, depend on each other: intervals allow for it.
    confidence : float, default 0.95
        Of every interval, in (0, 1).
    worst : int, default 0
        So many rows of highest loss, in ``result.worst_rows``; `row` is as in `losses`.
    rows : int, default 5
        First rows to show in the text of the result.
    positive : str, number or bool, optional
        The label that counts as 1, where labels are not 0 and 1.
    soft_labels : bool, default False
        Labels are probabilities themselves, in [0, 1].
    logits : bool, default False
        Predictions are log odds, any number.
    missing : {"error", "drop"}, default "error"
        Rows with a missing value are refused, or counted and left out.
    like : str, default "exact"
        The library whose number is wanted: "sklearn", "torch", "keras", "kaggle" and others;
        "all" sets them side by side, in ``result.conventions``.
    clip : float, optional
        Move probabilities into [clip, 1 - clip] first.
    unit : {"nats", "bits"}, default "nats"
        Of every loss.
    labels : table or path, optional
        Where labels stand, if not beside the predictions.
    on : str or sequence of str, optional
        Columns that join both; without them rows are in the same order.
    join : {"all", "inner"}, default "all"
        Rows without a partner are refused, or counted and left out.
    input_format, delimiter, decimal, no_header, encoding, comment
        How files are written, where that is not as it seems; see `bce compute --help`.
    workers : int, optional
        Threads, or processes with Dask; by default one a core.
    engine : {"local", "dask"}, default "local"
        Dask reads files, not what is in memory here.
    scheduler : str or distributed.Client, optional
        Of a cluster; by default processes on this machine.
    name : str, optional
        What the result calls data in memory.

    Returns
    -------
    ComputeResult
        ``result.mean_loss`` and other figures by their names in JSON.

    Raises
    ------
    ArgumentError
        An argument is outside its domain, or contradicts another.
    DataError
        A label, a prediction or a weight cannot be used: says which row, and how it reads.
    InputError
        A file cannot be read.

    Warns
    -----
    DoubtWarning
        The result is exact and looks like one that was not meant: classes in place of
        probabilities, the probability of the other label, the same rows twice.

    Examples
    --------
    >>> import bce_cli as bce
    >>> result = bce.compute([1, 0, 1], [0.9, 0.2, 0.6])
    >>> round(result.mean_loss, 6), result.n, result.n_positive
    (0.279777, 3, 2)
    >>> table = {"y": [1, 0, 1, 0], "p": [0.9, 0.2, 0.6, 0.4], "site": ["a", "a", "b", "b"]}
    >>> bce.compute(table, by="site").segments.column("mean_loss").to_pylist()
    [0.5108256237659907, 0.16425203348601802]
    """
    convention, compared = answers.conventions(like, clip)
    n_first, n_worst = _row_count("rows", rows), _row_count("worst", worst)
    given, job = _asked(scored, data, prediction, options, id=id, by=by, cut=cut, cluster=cluster)
    has_product = not (compared or given.inputs.by)
    plan = Plan(
        convention,
        with_product=has_product,
        n_first=(n_first or None) if has_product else None,
        n_worst=n_worst,
        compared=compared,
    )
    found = answers.compute(job, given.inputs, plan, unit, confidence)
    return _told(ComputeResult(found.document(job, given.sources)), job)


@overload
def losses(
    data: Table,
    prediction: str | None = None,
    *,
    id: str | None = None,
    **options: Unpack[LossesOfTable],
) -> pa.Table: ...
@overload
def losses(
    data: Values,
    prediction: Values,
    *,
    id: Values | None = None,
    **options: Unpack[LossesOfArrays],
) -> pa.Table: ...
@with_options
def losses(
    data: Table | Values,
    prediction: str | Values | None = None,
    *,
    id: str | Values | None = None,
    like: Like = "exact",
    clip: float | None = None,
    unit: Unit = "nats",
    **options: Any,
) -> pa.Table:
    """What does each row cost?

    Parameters
    ----------
    data, prediction, id, like, clip, unit, **options
        As for `compute`; `engine` must be "local", which keeps the order of the rows.

    Returns
    -------
    pyarrow.Table
        A row for each that counts: `row` (1-based), `id` where it was asked for, `label`,
        `prediction` (a probability), `weight` where there are weights, and `loss` in `unit`.
        `row` is a place in the input, not the index of a frame, and rows that were left out have
        none: ``table["row"].to_numpy() - 1`` are the places that `iloc` takes.

    Raises
    ------
    ArgumentError, DataError, InputError
        As `compute` does.

    Examples
    --------
    >>> import bce_cli as bce
    >>> table = bce.losses([1, 0], [0.5, 0.25])
    >>> table.column_names, table.column("loss").to_pylist()
    (['row', 'label', 'prediction', 'loss'], [0.6931471805599453, 0.2876820724517809])
    """
    import pyarrow as pa

    from bce_cli.render.rows import RowTable  # noqa: PLC0415 -- not for every question

    convention, compared = answers.conventions(like, clip)
    if compared:
        message = "like='all' is a table of its own, which compute has"
        raise ArgumentError(message)
    if options["engine"] == "dask":
        message = "losses keeps rows in their order, which engine='dask' does not"
        raise ArgumentError(message)
    given, job = _asked(scored, data, prediction, options, id=id)
    inputs = given.inputs
    has_ids, has_weights = inputs.id is not None, inputs.weight is not None
    rows = RowTable(unit, has_ids, has_weights, inputs.soft_labels)
    none = pa.Table.from_batches([], rows.schema)  # empty_table would import pandas
    found = pa.concat_tables([none, *format_rows(job, convention, rows.rows)])
    _warn(job.data.doubts)
    return found


@overload
def compare(
    data: Table | Mapping[str, Frame],
    predictions: str | list[str] | tuple[str, ...] | None = None,
    *,
    id: str | None = None,
    cluster: str | None = None,
    by: str | Sequence[str] | None = None,
    cut: Cuts | None = None,
    confidence: float = 0.95,
    margin: float | None = None,
    sort: bool = False,
    rows: int = 3,
    **options: Unpack[LossesOfTable],
) -> CompareResult: ...
@overload
def compare(
    data: Values,
    predictions: Mapping[str, Values] | Sequence[Values] | Array,
    *,
    id: Values | None = None,
    cluster: Values | None = None,
    by: Values | Mapping[str, Values] | None = None,
    cut: Cuts | None = None,
    confidence: float = 0.95,
    margin: float | None = None,
    sort: bool = False,
    rows: int = 3,
    **options: Unpack[LossesOfArrays],
) -> CompareResult: ...
@with_options
def compare(
    data: Table | Mapping[str, Frame] | Values,
    predictions: str | Sequence[str | Values] | Mapping[str, Values] | Array | None = None,
    *,
    id: str | Values | None = None,
    cluster: str | Values | None = None,
    by: str | Sequence[str] | Values | Mapping[str, Values] | None = None,
    cut: Cuts | None = None,
    confidence: float = 0.95,
    margin: float | None = None,
    sort: bool = False,
    rows: int = 3,
    like: Like = "exact",
    clip: float | None = None,
    unit: Unit = "nats",
    **options: Any,
) -> CompareResult:
    """Which model is better, by how much, and is the difference real?

    Each model is compared with the first: the mean difference of losses, paired row by row, with
    its interval and t-test, adjusted by Holm's procedure where there are several. The best of all
    is found as well, and which cannot be told from it.

    Parameters
    ----------
    data : table, path, array-like, or a sequence or mapping of tables or paths
        One table with a column for each model; or the labels, with arrays; or several tables or
        paths, a model each, whose rows are in the same order or joined by `on`; or one folder or
        pattern of such paths.
    predictions : str or sequence of str, or frame, mapping or sequence of array-like, optional
        Columns of one table, the baseline first, or a pattern: ``"p_*"`` is each that is called so.
        Or predictions by the name of their model, of which a frame has several. The (n, 2) of
        predict_proba are refused: pass [:, 1] of each.
    id : str or array-like, optional
        Names of the rows.
    cluster : str or array-like, optional
        Rows of one user or day, say, depend on each other: intervals and p values allow for it.
    by : str, sequence of str, array-like, or mapping of array-like, optional
        Columns whose values part the rows: differences on each segment.
    cut : sequence of numbers, str, or mapping of these, optional
        Cuts such a column of numbers into intervals; as for `compute`.
    confidence : float, default 0.95
        Of every interval and verdict, in (0, 1).
    margin : float, optional
        A difference of up to that, in `unit`, is too small to matter: where the whole interval is
        within it, models are equivalent.
    sort : bool, default False
        Show models by their mean loss, the lowest first.
    rows : int, default 3
        Rows to show of those that gained most, and of those that lost most.
    like, clip, unit, **options
        As for `compute`.

    Returns
    -------
    CompareResult
        ``result.comparisons``, ``result.models`` and ``result.segments`` are tables,
        ``result.best`` is a name.

    Raises
    ------
    ArgumentError, DataError, InputError
        As `compute` does; DataError also where models are not of the same rows.

    Examples
    --------
    >>> import bce_cli as bce
    >>> result = bce.compare([1, 0, 1, 0], {"old": [0.5] * 4, "new": [0.8, 0.3, 0.6, 0.2]})
    >>> [round(difference, 6) for difference in result.comparisons["difference"].to_pylist()]
    [-0.3647]
    """
    convention = _one_convention(like, clip)
    n_shown = _row_count("rows", rows)
    check_kind("sort", sort, bool)
    given, job = _asked(
        rivalling, data, predictions, options, id=id, cluster=cluster, by=by, cut=cut
    )
    document = answers.compare(
        job,
        given.inputs,
        given.sources,
        convention,
        unit,
        confidence=confidence,
        margin=margin,
        n_shown=n_shown,
        is_sorted=sort,
    )
    return _told(CompareResult(document), job)


@overload
def calibration(
    data: Table,
    prediction: str | None = None,
    *,
    by: str | Sequence[str] | None = None,
    cut: Cuts | None = None,
    cluster: str | None = None,
    **options: Unpack[BinsOfTable],
) -> CalibrationResult: ...
@overload
def calibration(
    data: Values,
    prediction: Mapping[str, Values],
    *,
    by: Values | Mapping[str, Values] | None = None,
    cut: Cuts | None = None,
    cluster: Values | None = None,
    **options: Unpack[BinsOfArrays],
) -> CalibrationsResult: ...
@overload
def calibration(
    data: Frame | Path,
    prediction: list[str] | tuple[str, ...],
    *,
    by: str | Sequence[str] | None = None,
    cut: Cuts | None = None,
    cluster: str | None = None,
    **options: Unpack[BinsOfTable],
) -> CalibrationsResult: ...
@overload
def calibration(
    data: Values,
    prediction: Values,
    *,
    by: Values | Mapping[str, Values] | None = None,
    cut: Cuts | None = None,
    cluster: Values | None = None,
    **options: Unpack[BinsOfArrays],
) -> CalibrationResult: ...
@with_options
def calibration(
    data: Table | Values,
    prediction: str | Sequence[str] | Values | Mapping[str, Values] | None = None,
    *,
    by: str | Sequence[str] | Values | Mapping[str, Values] | None = None,
    cut: Cuts | None = None,
    bins: int = 10,
    strategy: Strategy = "uniform",
    bootstrap: int = 0,
    seed: int = 0,
    fine_bins: bool = False,
    cluster: str | Values | None = None,
    confidence: float = 0.95,
    unit: Unit = "nats",
    **options: Any,
) -> CalibrationResult | CalibrationsResult:
    """Where does the loss come from: miscalibration, lack of discrimination, or uncertainty?

    Parameters
    ----------
    data
        As for `compute`.
    prediction : str or array-like, or sequence of str or mapping of array-like
        As for `compute`; or those of several models: names of columns of one table, or patterns
        such as ``["p_*"]``; or a mapping of their names to values.
    by : str, sequence of str, array-like, or mapping of array-like, optional
        Figures for each value as well, in ``result.segments``; see `compute`.
    cut : sequence of numbers, str, or mapping of these, optional
        Intervals that a column of numbers in `by` is cut into; see `compute`.
    bins : int, default 10
        Of the reliability table, 1 to 1000.
    strategy : {"uniform", "quantile"}, default "uniform"
        Bins of equal width, or of about as many rows each.
    bootstrap : int, default 0
        Resample the rows so many times: how much miscalibration is chance.
    seed : int, default 0
        Of these samples.
    fine_bins : bool, default False
        Hold no rows, but bins of predictions whose odds differ by 6.25 % at most.
    cluster : str or array-like, optional
        Rows of one user or day, say, depend on each other: intervals and p values allow for it.
    confidence : float, default 0.95
        Of every interval and verdict, between 0 and 1.
    unit, **options
        As for `compute`.

    Returns
    -------
    CalibrationResult
        ``result.log_loss.miscalibration``, ``result.slope``, ``result.bins`` and more.
    CalibrationsResult
        Where predictions are several by name: ``result.models`` is a table, ``result.model(name)``
        a `CalibrationResult`.

    Raises
    ------
    ArgumentError, DataError, InputError
        As `compute` does.

    Examples
    --------
    >>> import bce_cli as bce
    >>> result = bce.calibration([1, 0, 1, 0], [0.9, 0.3, 0.9, 0.3], bins=2)
    >>> result.bins.column("event_rate").to_pylist()
    [0.0, 1.0]
    >>> result = bce.calibration([1, 0, 1, 0], {"old": [0.5] * 4, "new": [0.9, 0.3, 0.9, 0.3]})
    >>> result.models.column("auc").to_pylist()
    [0.5, 1.0]
    """
    from bce_cli.core.calibration.plan import CalibrationPlan  # noqa: PLC0415 -- as above

    check_kind("fine_bins", fine_bins, bool)
    with _called_as_here():
        plan = CalibrationPlan(unit, bins, strategy, bootstrap, seed, fine_bins, confidence)
    given, job = _asked(judged, data, prediction, options, by=by, cut=cut, cluster=cluster)
    several = given.names_models
    document = answers.calibration(job, given.inputs, given.sources, plan, are_models=several)
    return _told((CalibrationsResult if several else CalibrationResult)(document), job)


@overload
def recalibrate(
    data: Table,
    prediction: str | None = None,
    *,
    cluster: str | None = None,
    order: str | None = None,
    **options: Unpack[FoldsOfTable],
) -> RecalibrateResult: ...
@overload
def recalibrate(
    data: Values,
    prediction: Values,
    *,
    cluster: Values | None = None,
    order: Values | None = None,
    **options: Unpack[FoldsOfArrays],
) -> RecalibrateResult: ...
@with_options
def recalibrate(
    data: Table | Values,
    prediction: str | Values | None = None,
    *,
    folds: int | None = None,
    cluster: str | Values | None = None,
    order: str | Values | None = None,
    seed: int | None = None,
    method: Method | None = None,
    confidence: float = 0.95,
    unit: Unit = "nats",
    **options: Any,
) -> RecalibrateResult:
    """Would another map of the probabilities do better on new rows, and which?

    Fits maps from simple to flexible, judges each by rows that it was not fitted to, and recommends
    the simplest that no other clearly beats.

    Parameters
    ----------
    data, prediction
        As for `compute`.
    folds : int, optional
        Each row is judged by maps that were fitted to the other folds; 10 by default, or fewer
        where `order` has fewer different values.
    cluster : str or array-like, optional
        Rows of one user or day, say, depend on each other: they stay in one fold, and intervals
        allow for it.
    order : str or array-like, optional
        Numbers, or dates and times: maps are fitted to what came before, and judged by what came
        after.
    seed : int, optional
        Deal rows into folds by chance; else they take turns.
    method : str, optional
        The one to set beside "as-is": "offset", "temperature", "logistic", "platt", "beta",
        "isotonic" or "centred"; all of them by default.
    confidence : float, default 0.95
        Of every interval and verdict, in (0, 1).
    unit, **options
        As for `compute`.

    Returns
    -------
    RecalibrateResult
        ``result.recommended``, ``result.methods`` (a table), ``result.map("logistic").apply(p)``,
        ``result.save("map.json")``.

    Raises
    ------
    ArgumentError, DataError, InputError
        As `compute` does; DataError also where there is one label only, or fewer rows, clusters or
        values of `order` than the folds take.

    Examples
    --------
    >>> import bce_cli as bce
    >>> labels, predictions = [0, 0, 0, 1, 0, 1, 1, 1] * 50, [0.4] * 4 + [0.6] * 4
    >>> result = bce.recalibrate(labels, predictions * 50)
    >>> result.recommended, round(result.recommended_difference, 4)
    ('temperature', -0.0499)
    >>> result.map().apply([0.4, 0.5]).round(3).tolist()
    [0.25, 0.5]
    """
    from bce_cli.core.recalibration.choice import RecalibrationPlan  # noqa: PLC0415 -- as above

    plan = RecalibrationPlan(folds, method, seed, confidence, unit, has_order=order is not None)
    given, job = _asked(scored, data, prediction, options, cluster=cluster, order=order)
    return _told(
        RecalibrateResult(answers.recalibrate(job, given.inputs, given.sources, plan)), job
    )


@overload
def check(
    data: Table,
    prediction: str | None = None,
    **options: Unpack[CheckOfTable],
) -> CheckResult: ...
@overload
def check(
    data: Values,
    prediction: Values,
    **options: Unpack[CheckOfArrays],
) -> CheckResult: ...
@with_options
def check(
    data: Table | Values,
    prediction: str | Values | None = None,
    *,
    max_loss: float | None = None,
    min_skill: float | None = None,
    max_brier: float | None = None,
    min_auc: float | None = None,
    max_miscalibration: float | None = None,
    max_ece: float | None = None,
    bins: int | None = None,
    strategy: Strategy | None = None,
    min_rows: int | None = None,
    baseline: Result | Mapping[str, Any] | Path | None = None,
    against: Table | Values | None = None,
    against_column: str | None = None,
    budget: float | None = None,
    confident: bool = False,
    cluster: str | Values | None = None,
    confidence: float = 0.95,
    like: Like = "exact",
    clip: float | None = None,
    unit: Unit = "nats",
    **options: Any,
) -> CheckResult:
    """May this model pass?

    Parameters
    ----------
    data, prediction
        As for `compute`. At least one limit must be given.
    max_loss, max_brier, max_ece : float, optional
        Mean loss (in `unit`), Brier score and expected calibration error must be at most that.
    min_skill : float, optional
        Skill, 1 - loss / base-rate loss, must be at least that.
    min_auc : float, optional
        Area under the ROC curve must be at least that.
    max_miscalibration : float, optional
        What recalibration could take off the mean loss must be at most that, in `unit`.
    bins : int, optional
        For `max_ece`; 10 by default.
    strategy : {"uniform", "quantile"}, optional
        Bins of equal width, which is the default, or of about as many rows each.
    min_rows : int, optional
        Fewest rows of weight above 0.
    baseline : ComputeResult, mapping or path, optional
        The mean loss must be at most that of a result, or of a saved one.
    against : table, path, sequence of paths, or array-like, shape (n,), optional
        The mean loss must be at most that of these predictions, paired row by row: in the same
        order, or with tables joined by `on`. An array-like goes with arrays.
    against_column : str, optional
        Of those predictions; without `against`, a column of the data.
    budget : float, optional
        What it may be more than `against` or the baseline, in `unit`; 0 by default.
    confident : bool, default False
        Judge by intervals: where some of it keeps the limit and some does not, the check is
        undecided.
    cluster : str or array-like, optional
        Rows of one user or day, say, depend on each other: intervals allow for it.
    confidence : float, default 0.95
        Of the intervals, in (0, 1).
    like, clip, unit, **options
        As for `compute`.

    Returns
    -------
    CheckResult
        True if it has passed: ``assert bce.check(y, p, max_loss=0.6)``.

    Raises
    ------
    ArgumentError, DataError, InputError
        As `compute` does.

    Examples
    --------
    >>> import bce_cli as bce
    >>> result = bce.check([1, 0, 1], [0.9, 0.2, 0.6], max_loss=0.25)
    >>> result.verdict, result.passed
    ('failed', False)
    >>> bool(bce.check([1, 0, 1], [0.9, 0.2, 0.6], against=[0.8, 0.2, 0.5]))
    True
    """
    convention = _one_convention(like, clip)
    for name, value in (("bins", bins), ("strategy", strategy)):
        if value is not None and max_ece is None:
            message = f"{name} goes with max_ece"
            raise ArgumentError(message, None, name, "max_ece")
    _check_intervals(cluster, confidence, confident=confident)
    limits = _limits(
        {
            "max_loss": max_loss,
            "min_skill": min_skill,
            "max_brier": max_brier,
            "min_auc": min_auc,
            "max_miscalibration": max_miscalibration,
            "max_ece": max_ece,
            "min_rows": min_rows,
        },
        convention,
        baseline,
        budget,
        against=against is not None or against_column is not None,
        confident=confident,
        confidence=confidence,
        bins=DEFAULT_BINS if bins is None else bins,
        strategy="uniform" if strategy is None else strategy,
    )
    limits.check_convention(convention)
    columns = {"against": against, "against_column": against_column, "cluster": cluster}
    given, job = _asked(scored, data, prediction, options, **columns)
    document = answers.check(job, given.inputs, given.sources, convention, unit, limits)
    origin = _with_file(document.origin, baseline)
    return _told(CheckResult(replace(document, origin=origin)), job)


@overload
def report(
    data: Table,
    prediction: str | list[str] | tuple[str, ...] | None = None,
    **options: Unpack[ReportOfTable],
) -> ReportResult: ...
@overload
def report(
    data: Values,
    prediction: Values | Mapping[str, Values],
    **options: Unpack[ReportOfArrays],
) -> ReportResult: ...
@with_options
def report(
    data: Table | Values,
    prediction: str | Sequence[str] | Values | Mapping[str, Values] | None = None,
    *,
    id: str | Values | None = None,
    by: str | Sequence[str] | Values | Mapping[str, Values] | None = None,
    cut: Cuts | None = None,
    cluster: str | Values | None = None,
    confidence: float = 0.95,
    bins: int = 10,
    strategy: Strategy = "uniform",
    fine_bins: bool = False,
    worst: int = 0,
    max_loss: float | None = None,
    min_skill: float | None = None,
    max_brier: float | None = None,
    min_auc: float | None = None,
    max_miscalibration: float | None = None,
    max_ece: float | None = None,
    min_rows: int | None = None,
    baseline: Result | Mapping[str, Any] | Path | None = None,
    against: Table | Values | None = None,
    against_column: str | None = None,
    budget: float | None = None,
    confident: bool = False,
    stamp: bool = False,
    unit: Unit = "nats",
    **options: Any,
) -> ReportResult:
    """How good are these predictions? All answers at once, for one page.

    Rows are read once, and held. ``report(...).report("report.html")`` writes the page, on which no
    row of the data stands, unless `worst` asks for some.

    Parameters
    ----------
    data
        As for `compute`.
    prediction : str or array-like, or sequence of str or mapping of array-like
        As for `calibration`. Of several models the first is judged, and the others are compared
        with it.
    id : str or array-like, optional
        Names of the rows that `worst` shows.
    by, cut
        Segments, the costliest first; as for `compute`.
    cluster : str or array-like, optional
        Rows of one user or day, say, depend on each other: intervals allow for it.
    confidence : float, default 0.95
        Of every interval and verdict, in (0, 1).
    bins, strategy
        Of the reliability table and of `max_ece`; as for `calibration`.
    fine_bins : bool, default False
        Hold no rows, but bins of predictions; then there is no advice on recalibration.
    worst : int, default 0
        So many rows of highest loss are shown, and of those that models differ on. Without it no
        value of any row leaves the house.
    max_loss, min_skill, max_brier, min_auc, max_miscalibration, max_ece, min_rows : optional
        Limits for the first model; as for `check`.
    baseline, against, against_column, budget, confident
        What it is held against; as for `check`. That model is compared and calibrated as well.
    stamp : bool, default False
        Say when the page was made. Without it, the same rows make the same bytes.
    unit, **options
        As for `compute`.

    Returns
    -------
    ReportResult
        ``result.report("report.html")`` writes the page; ``result.compute``, ``result.compare``,
        ``result.calibration``, ``result.recalibrate`` and ``result.check`` are the answers.

    Raises
    ------
    ArgumentError, DataError, InputError
        As `compute` does.

    Examples
    --------
    >>> import bce_cli as bce
    >>> models = {"new": [0.8, 0.3, 0.6, 0.2], "old": [0.5] * 4}
    >>> result = bce.report([1, 0, 1, 0], models, max_loss=0.5)
    >>> round(result.compute.mean_loss, 6), result.compare.best, result.verdict
    (0.328447, 'new', 'passed')
    """
    from bce_cli.core.calibration.plan import CalibrationPlan  # noqa: PLC0415 -- as above
    from bce_cli.questions.making import making_of, now  # noqa: PLC0415 -- as above
    from bce_cli.questions.report import ReportPlan  # noqa: PLC0415 -- as above
    from bce_cli.questions.report import report as all_answers  # noqa: PLC0415 -- as above
    from bce_cli.storage.sources import Source  # noqa: PLC0415 -- as above

    check_kind("fine_bins", fine_bins, bool)
    check_kind("stamp", stamp, bool)
    n_worst = _row_count("worst", worst)
    with _called_as_here():
        calibration = CalibrationPlan(unit, bins, strategy, 0, 0, fine_bins, confidence)
    asked = {
        "max_loss": max_loss,
        "min_skill": min_skill,
        "max_brier": max_brier,
        "min_auc": min_auc,
        "max_miscalibration": max_miscalibration,
        "max_ece": max_ece,
        "min_rows": min_rows,
    }
    has_rival = against is not None or against_column is not None
    is_file = isinstance(baseline, str | os.PathLike)
    saved = [Source(path_of_json("baseline", baseline)).looked_at()] if is_file else []
    held = (*asked.values(), baseline, budget, confident or None, has_rival or None)
    limits = None
    if any(value is not None for value in held):
        limits = _limits(
            asked,
            EXACT,
            baseline,
            budget,
            against=has_rival,
            confident=confident,
            confidence=confidence,
            bins=bins,
            strategy=strategy,
        )
    columns: dict[str, object] = {"id": id, "by": by, "cut": cut, "cluster": cluster}
    columns |= {"against": against, "against_column": against_column}
    given, job = _asked(judged, data, prediction, options, **columns)
    if given.inputs.against and len(given.inputs.predictions) > 1:
        message = "against adds one model to one, and prediction names several"
        raise ArgumentError(message, None, "against", "prediction")
    plan = ReportPlan(unit, confidence, n_worst, calibration, limits)
    document = all_answers(job, given.inputs, given.sources, plan)
    making = making_of(job.data, saved, None, now() if stamp else None)
    origin = _with_file(document.origin, baseline)
    return _told(ReportResult(replace(document, origin=origin, making=making)), job)


def _limits(
    asked: Mapping[str, Any],
    convention: Convention,
    baseline: object,
    budget: Any,
    *,
    against: bool,
    confident: bool,
    confidence: float,
    bins: int,
    strategy: Strategy,
) -> Limits:
    """Return what predictions are held to."""
    if budget is not None and baseline is None and not against:
        message = "budget goes with against, against_column or baseline"
        raise ArgumentError(message, None, "budget", "against", "against_column", "baseline")
    numbers = {
        name: value if name == "min_rows" else _limit(value) for name, value in asked.items()
    }
    with _called_as_here():
        return Limits(
            **numbers,
            baseline=None if baseline is None else _baseline(baseline, convention),
            budget=0.0 if budget is None else _limit(budget),
            n_bins=bins,
            confident=confident,
            against=against,
            confidence=confidence,
            strategy=strategy,
        )


def _check_intervals(cluster: object, confidence: object, *, confident: object) -> None:
    """Refuse what is for intervals where none are asked for."""
    check_kind("confident", confident, bool)
    asked = {"cluster": cluster is not None, "confidence": confidence != USUAL_CONFIDENCE}
    for name, is_given in asked.items():
        if is_given and not confident:
            message = f"{argument(name)} goes with {argument('confident')}"
            raise ArgumentError(message, "add confident=True: without it there are no intervals")


def _asked(
    take: Callable[..., Given],
    data: object,
    predictions: object,
    options: dict[str, Any],
    **columns: object,
) -> tuple[Given, Job]:
    """Return what is to be read, and what does the work; see `given` for the first."""
    work = {name: options.pop(name) for name in ("workers", "engine", "scheduler")}
    given = take(data, predictions, **options, **columns)
    inputs, sources = given.inputs, given.sources
    is_beside = given.has_models
    data_read = inputs.models(sources, given.notes) if is_beside else inputs.data(sources)
    address = getattr(getattr(work["scheduler"], "scheduler", None), "address", None)
    return given, answers.job(
        data_read, work["workers"], work["engine"], address or work["scheduler"]
    )


_CALLED = {"n_bins": "bins", "n_bootstrap": "bootstrap", "with_fine_bins": "fine_bins"}
"""Arguments of questions that plans and limits have other names for."""


@contextmanager
def _called_as_here() -> Iterator[None]:
    """Have errors of plans and limits speak of arguments as those of questions are called."""
    try:
        yield
    except ArgumentError as error:
        message, hint = error.said
        for there, here in _CALLED.items():
            message = message.replace(argument(there), argument(here))
        raise ArgumentError(message, hint) from None


def _row_count(name: str, n: Any) -> int:
    """Return how many rows are to be shown."""
    check_whole(name, n, 0, _MOST_ROWS)
    return int(n)


def _limit(value: Any) -> Any:
    """Return a limit as a float; what is none is refused with the other limits."""
    number = number_in(value)
    return value if math.isnan(number) else number


def _one_convention(like: str, clip: float | None) -> Convention:
    convention, compared = answers.conventions(like, clip)
    if compared:
        message = "like='all' belongs to compute; name one convention here"
        raise ArgumentError(message)
    return convention


def _baseline(given: object, convention: Convention) -> Baseline:
    """Return the baseline that a result, its figures, or a saved one is."""
    from bce_cli.readers.saved import baseline_of, read_baseline  # noqa: PLC0415

    if isinstance(given, Mapping | Result):
        record = given if isinstance(given, Mapping) else given.to_dict()
        with said_in_python():
            return baseline_of(record, "the baseline", convention)
    if not isinstance(given, str | os.PathLike):
        message = f"baseline must be a result, its dict or a path, got {shown(given)}"
        raise ArgumentError(message, None, "baseline")
    with said_in_python():
        return read_baseline(path_of_json("baseline", given), convention)


R = TypeVar("R", bound=Result)


def _with_file(origin: Origin, given: object) -> Origin:
    """Return what was read, and beside it a saved report, where one was given by its path."""
    if not isinstance(given, str | os.PathLike):
        return origin
    from bce_cli.storage.sources import Source, files_of  # noqa: PLC0415 -- as above

    saved = files_of([Source(path_of_json("baseline", given))])
    return replace(origin, files=(*origin.files, *saved))


def _told(result: R, job: Job) -> R:
    """Return a result once it was said what is doubtful about it, and what was noticed."""
    for note in job.data.notes:
        _LOG.info(note)
    _warn(result.notes)
    return result


def _warn(doubts: Sequence[str]) -> None:
    for doubt in doubts:
        warnings.warn(doubt, DoubtWarning, stacklevel=5)
