"""What the functions of the package return: figures by name, tables, text, HTML and pictures."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bce_cli.errors import did_you_mean, quoted
from bce_cli.render.layout import Look
from bce_cli.render.write import flat, html_fragment, write_document, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from matplotlib.axes import Axes

    from bce_cli.core.gate import Verdict
    from bce_cli.core.report import Unit
    from bce_cli.recalibrator import Recalibrator
    from bce_cli.render.recalibrate import RecalibrateDocument
    from bce_cli.render.write import Document


class Figures:
    """Figures by name, which cannot be changed.

    Parameters
    ----------
    record : mapping
        Values are what JSON has, and numbers may be infinite. A list of records is a table.
    what : str, optional
        What messages call it.

    Examples
    --------
    >>> figures = Figures({"score": 0.25, "parts": {"uncertainty": 0.2}})
    >>> figures.score, figures.parts.uncertainty
    (0.25, 0.2)
    """

    __slots__ = ("_record", "_what")
    _record: Mapping[str, Any]
    _what: str

    def __init__(self, record: Mapping[str, Any], what: str = "Figures") -> None:
        object.__setattr__(self, "_record", record)
        object.__setattr__(self, "_what", what)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- any figure
        if name.startswith("_") or name not in self._record:
            raise AttributeError(self._why_not(name))
        value = self._record[name]
        if isinstance(value, dict):
            return Figures(value, f"{self._what}.{name}")
        if not isinstance(value, list | tuple):
            return value
        are_records = bool(value) and isinstance(value[0], dict)
        return arrow_table(value) if are_records else tuple(value)

    def _why_not(self, name: str) -> str:
        return f"{self._what} has no {quoted(name)}{did_you_mean(name, self._record)}"

    def __setattr__(self, name: str, _: object) -> None:
        message = f"{self._what}.{name} cannot be set: results do not change"
        raise AttributeError(message)

    def __delattr__(self, name: str) -> None:
        message = f"{self._what}.{name} cannot be deleted: results do not change"
        raise AttributeError(message)

    def __dir__(self) -> list[str]:
        return [*object.__dir__(self), *self._record]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Figures):
            return NotImplemented
        return self._what == other._what and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self._what, json.dumps(self.to_dict())))

    def __reduce__(self) -> tuple[Any, ...]:
        return Figures, (self._record, self._what)

    def __repr__(self) -> str:
        return f"{self._what}({', '.join(f'{k}={v!r}' for k, v in self._record.items())})"

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON has them; what is infinite is None there."""
        found: dict[str, Any] = json.loads(self._json())
        return found

    def _json(self) -> str:
        return write_json(self._record)


class Result(Figures):
    """An answer: attributes are the keys of its JSON; infinite numbers are infinite here.

    What JSON has lists of records for are Arrow tables here: ``result.segments.to_pandas()``,
    ``polars.from_arrow(result.segments)``. `print` shows what the terminal does, a notebook the
    same as HTML. Results are equal where their figures are.

    Parameters
    ----------
    document : Document
        All there is to say.
    """

    __slots__ = ("_document",)
    _document: Document
    _WHEN: ClassVar[Mapping[str, str]] = {}
    """Keys that are not always there, and what makes them."""

    def __init__(self, document: Document) -> None:
        super().__init__(document.record(), type(self).__name__)
        object.__setattr__(self, "_document", document)

    def _why_not(self, name: str) -> str:
        if name in self._WHEN:
            return f"{self._what} has no {quoted(name)} here: {self._WHEN[name]}"
        return super()._why_not(name)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._document,)

    def __repr__(self) -> str:
        plain = {
            key: value
            for key, value in self._record.items()
            if isinstance(value, int | float | str) and key in self._BRIEF
        }
        return f"{self._what}({', '.join(f'{k}={v!r}' for k, v in plain.items())})"

    _BRIEF: ClassVar[tuple[str, ...]] = ("n",)

    def __str__(self) -> str:
        return write_document(self._document, "table", Look()).rstrip("\n")

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def _repr_html_(self) -> str:
        return html_fragment(self._document.sections(Look()))

    def _json(self) -> str:
        return self.to_json()

    def to_json(self) -> str:
        """Return what ``--format json`` prints: strict JSON, in which what is infinite is null."""
        return write_document(self._document, "json", Look())

    def to_markdown(self) -> str:
        """Return what ``--format markdown`` prints."""
        return write_document(self._document, "markdown", Look())

    def to_csv(self) -> str:
        """Return what ``--format csv`` prints."""
        return write_document(self._document, "csv", Look())

    def to_html(self) -> str:
        """Return what ``--format html`` prints: a page that needs nothing else, in UTF-8."""
        return write_document(self._document, "html", Look())

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the answer with matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ArgumentError
            matplotlib is not installed.
        """
        raise NotImplementedError


class ComputeResult(Result):
    """How good predictions are, as `compute` found.

    Losses are in `unit`. The keys are those of ``bce compute --format json``.

    Attributes
    ----------
    n, n_positive : int
        Rows, and rows of label 1.
    mean_loss : float
        Mean binary cross-entropy; infinite where a prediction was certain and wrong.
    std_error, ci_low, ci_high : float or None
        Standard error and 95 % interval of the mean.
    total_loss, log_likelihood, log10_likelihood : float
    base_rate, base_rate_loss, skill, effective_probability, brier : float or None
    n_impossible, first_impossible_row, finite_mean_loss
        Rows of infinite loss, the first (1-based), and the mean of the others.
    likelihood_product, product_subnormal_row, product_zero_row
        The raw product in float64, and the rows at which it loses digits and becomes 0.
    products : pyarrow.Table
        The same in float16, float32 and float64.
    segments : pyarrow.Table
        With `by`: a row for each segment, costliest first.
    worst_rows : pyarrow.Table
        With `worst`.
    conventions, difference_rows : pyarrow.Table
        With ``like="all"``.
    notes : tuple of str
        What makes the result look like one that was not meant.
    """

    __slots__ = ()
    _BRIEF = ("n", "mean_loss", "ci_low", "ci_high", "skill", "unit")
    _WHEN = {  # noqa: RUF012 -- of the class, as in the base
        "segments": "by=... gives them",
        "worst_rows": "worst=10 gives them",
        "conventions": "like='all' gives them",
        "difference_rows": "like='all' gives them",
        "impossible_rows": "like='all' gives them",
        "products": "they go with neither by nor like='all'",
    }
    if TYPE_CHECKING:
        n: int
        n_positive: int
        weight_sum: float
        effective_n: float
        base_rate: float
        unit: Unit
        convention: str
        clip: float | None
        n_clipped: int
        n_missing: int
        mean_loss: float
        std_error: float | None
        ci_low: float | None
        ci_high: float | None
        total_loss: float
        log_likelihood: float
        log10_likelihood: float
        effective_probability: float
        base_rate_loss: float
        label_entropy: float | None
        kl_divergence: float | None
        skill: float | None
        brier: float
        n_impossible: int
        first_impossible_row: int | None
        impossible_share: float | None
        finite_mean_loss: float | None
        likelihood_product: float
        product_subnormal_row: int | None
        product_zero_row: int | None
        products: pa.Table
        segments: pa.Table
        worst_rows: pa.Table
        conventions: pa.Table
        notes: tuple[str, ...]

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw segments by loss, or conventions, or the mean beside the base rate; see `Result`."""
        from bce_cli.render.plots import plot_compute  # noqa: PLC0415 -- an extra

        return plot_compute(self._record, ax)


class CompareResult(Result):
    """Which model is better, as `compare` found; keys as of ``bce compare --format json``.

    Attributes
    ----------
    n : int
    baseline : str
        Name of the first model.
    models : pyarrow.Table
        A row for each model, with its own figures.
    comparisons : pyarrow.Table
        A row for each model but the first: `difference` of the mean loss (below 0 is better than
        the baseline), `std_error`, `ci_low`, `ci_high`, `p_value`, `p_adjusted` and counts.
    confidence : float
    cluster_column, n_clusters
    notes : tuple of str
    """

    __slots__ = ()
    _BRIEF = ("n", "baseline", "unit")
    if TYPE_CHECKING:
        n: int
        n_positive: int
        base_rate: float
        base_rate_loss: float
        unit: Unit
        convention: str
        confidence: float
        cluster_column: str | None
        n_clusters: int | None
        baseline: str
        models: pa.Table
        comparisons: pa.Table
        notes: tuple[str, ...]

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the differences from the baseline with their intervals; see `Result`."""
        from bce_cli.render.plots import plot_compare  # noqa: PLC0415 -- an extra

        return plot_compare(self._record, ax)


class CalibrationResult(Result):
    """Where the loss comes from, as `calibration` found.

    The keys are those of ``bce calibration --format json``.

    Attributes
    ----------
    n : int
    mean_loss : float
    log_loss, brier : Figures
        Each with `miscalibration`, `discrimination`, `uncertainty` and more.
    cross_fitted : Figures or None
        What the best simple map has `removed` on rows that it was not fitted to; its `method`,
        `loss`, `ci_low` and `ci_high`. None where no rows were held, or too few.
    calibrated : bool or None
        Whether the predictions can be believed; None where the rows cannot tell.
    ece, mce : float
        Expected and maximum calibration error over `bins`.
    slope, intercept, calibration_in_the_large : float or None
        Of the logistic recalibration, each with ``_std_error``, ``_ci_low`` and ``_ci_high``.
    bins, isotonic : pyarrow.Table
    bootstrap : Figures or None
    notes : tuple of str
    """

    __slots__ = ()
    _BRIEF = ("n", "mean_loss", "ece", "slope", "calibrated", "unit")
    if TYPE_CHECKING:
        n: int
        n_positive: int
        base_rate: float
        unit: Unit
        mean_loss: float
        log_loss: Figures
        brier: Figures
        cross_fitted: Figures | None
        bootstrap: Figures | None
        ece: float
        mce: float
        slope: float | None
        intercept: float | None
        calibration_in_the_large: float | None
        calibrated: bool | None
        bins: pa.Table
        isotonic: pa.Table
        notes: tuple[str, ...]

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the reliability diagram; see `Result`."""
        from bce_cli.render.plots import plot_calibration  # noqa: PLC0415 -- an extra

        return plot_calibration(self._record, ax)


class RecalibrateResult(Result):
    """Whether another map would do better on new rows, and which, as `recalibrate` found.

    The keys are those of ``bce recalibrate --format json``. Losses are in `unit`.

    Attributes
    ----------
    recommended : str
        The simplest method that no other clearly beats; "as-is" is to leave predictions alone.
    recommended_difference, recommended_ci_low, recommended_ci_high : float or None
        Its cross-fitted loss less that of predictions as they are; below 0 is better.
    methods : pyarrow.Table
        A row for each method: ``parameters_a`` and so on, `fitted_loss`, `cross_fitted_loss`,
        `difference`, `std_error`, `ci_low`, `ci_high` and more.
    not_told_apart : tuple of str
        Methods that may do as well as the recommended one.
    folds, n, n_judged : int
    cluster_column, n_clusters, order_column, seed
    notes : tuple of str
    """

    __slots__ = ()
    _document: RecalibrateDocument
    _BRIEF = ("n", "recommended", "recommended_difference", "unit")
    if TYPE_CHECKING:
        n: int
        n_positive: int
        base_rate: float
        unit: Unit
        confidence: float
        folds: int
        seed: int | None
        order_column: str | None
        cluster_column: str | None
        n_clusters: int | None
        n_judged: int
        recommended: str
        recommended_difference: float | None
        recommended_std_error: float | None
        recommended_ci_low: float | None
        recommended_ci_high: float | None
        not_told_apart: tuple[str, ...]
        methods: pa.Table
        fingerprint: str
        notes: tuple[str, ...]

    def map(self, method: str | None = None) -> Recalibrator:
        """Return the map of a method, fitted to all rows; by default of the recommended one.

        Raises
        ------
        ArgumentError
            There is no such method, or it was not looked at.
        DataError
            There is no map of that method, as of labels that one threshold separates.
        """
        from bce_cli.recalibrator import Recalibrator  # noqa: PLC0415 -- for this alone

        return Recalibrator(
            self._document.saved_map(self.recommended if method is None else method)
        )

    def save(self, path: str | os.PathLike[str], method: str | None = None) -> None:
        """Write a map to a file for ``bce apply`` and `load`; see `map`.

        Raises
        ------
        OutputCreationError
            The file cannot be written.
        """
        self.map(method).save(path)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how much less or more each map costs, with intervals; see `Result`."""
        from bce_cli.render.plots import plot_recalibrate  # noqa: PLC0415 -- an extra

        return plot_recalibrate(self._record, ax)


class CheckResult(Result):
    """Whether a model may pass, as `check` found; true if it may.

    The keys are those of ``bce check --format json``.

    Attributes
    ----------
    verdict : {"passed", "failed", "undecided"}
    checks : pyarrow.Table
        A row for each limit: `name`, `value`, `ci_low`, `ci_high`, `limit`, `verdict`.
    confident : bool
    notes : tuple of str
    """

    __slots__ = ()
    _BRIEF = ("n", "verdict")
    if TYPE_CHECKING:
        n: int
        unit: Unit
        confident: bool
        verdict: Verdict
        checks: pa.Table
        notes: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every check has passed."""
        return self.verdict == "passed"

    def __bool__(self) -> bool:
        return self.passed

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each value against its limit; see `Result`."""
        from bce_cli.render.plots import plot_check  # noqa: PLC0415 -- an extra

        return plot_check(self._record, ax)


def arrow_table(records: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return records as an Arrow table; a record within a record becomes columns of its own.

    Parameters
    ----------
    records : sequence of mapping
        Values are bool, int, float, str, None, lists (which are left out) and mappings.

    Examples
    --------
    >>> arrow_table([{"n": 2, "loss": 0.5}, {"n": 1, "loss": None}]).to_pylist()
    [{'n': 2, 'loss': 0.5}, {'n': 1, 'loss': None}]
    """
    import pyarrow as pa

    lines = [_line(record) for record in records]
    names = list(dict.fromkeys(name for line in lines for name in line))
    columns = [_column([line.get(name) for line in lines]) for name in names]
    return pa.Table.from_arrays(columns, names)


def _line(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record in one line; the words of a segment are called as their columns are."""
    words = record.get("segment")
    if not isinstance(words, dict):
        return flat(record)
    others = flat({key: value for key, value in record.items() if key != "segment"})
    named = {f"segment {name}" if name in others else name: word for name, word in words.items()}
    return named | others


def _column(values: Sequence[Any]) -> pa.Array:
    """Build a column from its buffers; pa.array(list) would import pandas."""
    import pyarrow as pa

    known = [value for value in values if value is not None]
    n, buffer = len(values), pa.py_buffer
    valid = None
    if len(known) < n:
        bits = np.packbits([value is not None for value in values], bitorder="little")
        valid = buffer(bits.tobytes())
    if known and isinstance(known[0], str):
        from bce_cli.render.rows import text_array  # noqa: PLC0415 -- not every table has texts

        texts = text_array([value or "" for value in values])
        return pa.Array.from_buffers(pa.string(), n, [valid, *texts.buffers()[1:]])
    if known and all(isinstance(value, bool) for value in known):
        flags = np.packbits([bool(value) for value in values], bitorder="little")
        return pa.Array.from_buffers(pa.bool_(), n, [valid, buffer(flags.tobytes())])
    if known and all(isinstance(value, int) for value in known):
        whole = np.array([value or 0 for value in values], np.int64)
        return pa.Array.from_buffers(pa.int64(), n, [valid, buffer(whole)])
    numbers = np.array([np.nan if value is None else value for value in values], np.float64)
    return pa.Array.from_buffers(pa.float64(), n, [valid, buffer(numbers)])


_RESULTS: dict[str, type[Result]] = {
    "ComputeDocument": ComputeResult,
    "CompareDocument": CompareResult,
    "CalibrationDocument": CalibrationResult,
    "RecalibrateDocument": RecalibrateResult,
    "CheckDocument": CheckResult,
}


def load(path: str | os.PathLike[str]) -> Result | Recalibrator:
    """Read a result that was saved with ``-o FILE.json``, or as ``result.to_json()``; or a map.

    Parameters
    ----------
    path : str or path-like
        A file, or an address of one.

    Returns
    -------
    ComputeResult, CompareResult, CalibrationResult, RecalibrateResult or CheckResult
        What the file does not hold, as the first rows that a table shows, is not in its text.
    Recalibrator
        Of a map that ``bce recalibrate --save`` has written, or `save`.

    Raises
    ------
    InputError
        The file cannot be read.
    DataError
        It is no report and no map of this program, or is damaged.
    """
    from bce_cli.readers.saved import is_map, saved_record  # noqa: PLC0415 -- as above
    from bce_cli.render.saved import document_of  # noqa: PLC0415 -- rarely needed

    place = os.fspath(path)
    record = saved_record(place, takes_map=True)
    if is_map(record):
        from bce_cli.readers.saved_map import map_of  # noqa: PLC0415 -- as above
        from bce_cli.recalibrator import Recalibrator  # noqa: PLC0415 -- as above

        return Recalibrator(map_of(record, place))
    document = document_of(record, place)
    return _RESULTS[type(document).__name__](document)
