"""What the functions of the package return: figures and tables, text, HTML and pictures."""

from __future__ import annotations

import inspect
import os
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, TypeAlias, TypeVar, cast

from bce_cli.core.arguments import check_choice, shown
from bce_cli.errors import (
    ArgumentError,
    DataError,
    UsageError,
    did_you_mean,
    quoted,
)
from bce_cli.figures import Figures
from bce_cli.render.layout import Look
from bce_cli.render.write import write_document, write_report
from bce_cli.storage.streams import refuse_overwriting, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pyarrow as pa
    from matplotlib.axes import Axes

    from bce_cli.core.calibration.plan import Strategy
    from bce_cli.core.gate.judgement import Verdict
    from bce_cli.core.report import Unit
    from bce_cli.figures import (
        Bootstrap,
        BrierParts,
        CrossFitted,
        FineBins,
        LogLossParts,
        LogProductFigures,
        OtherModel,
        SavedLoss,
    )
    from bce_cli.recalibrator import Recalibrator
    from bce_cli.render import Format, PictureFormat
    from bce_cli.render.calibrations import CalibrationsDocument
    from bce_cli.render.layout import Section
    from bce_cli.render.page.document import ReportDocument
    from bce_cli.render.recalibrate import RecalibrateDocument
    from bce_cli.render.saved import SavedDocument
    from bce_cli.render.write import Document


_LOOK = Look(of_result=True)


P = ParamSpec("P")
R = TypeVar("R")


def _telling_of_arguments(method: Callable[P, R]) -> Callable[P, R]:
    """Have a method say of an argument that it lacks what functions say."""
    known = [*inspect.signature(method).parameters][1:]

    @wraps(method)
    def asked(*args: P.args, **options: P.kwargs) -> R:
        for option in options:
            if option not in known:
                also = did_you_mean(option, known)
                message = f"{method.__name__}() has no argument {quoted(option)}{also}"
                raise TypeError(message)
        return method(*args, **options)

    return asked


class Result(Figures, ABC):
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

    if TYPE_CHECKING:
        source: str | tuple[str, ...]
        labels_source: str | tuple[str, ...]
        label_column: str
        weight_column: str
        logits: bool
        soft_labels: bool
        positive_label: str | None
        negative_label: str | None
        n: int
        n_missing: int
        n_unmatched: int | None
        unit: Unit
        notes: tuple[str, ...]

    def __init__(self, document: Document) -> None:
        super().__init__(document.record(), type(self).__name__)
        object.__setattr__(self, "_document", document)

    def _why_not(self, name: str) -> str:
        if name in self._WHEN:
            return f"{self._what} has no {quoted(name)} here: {self._WHEN[name]}"
        return super()._why_not(name)

    def __bool__(self) -> bool:
        message = f"{self._what} is neither true nor false"
        raise UsageError(message, "only check has a verdict, which is true if it has passed")

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
        return write_document(self._document, "table", _LOOK).rstrip("\n")

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def _repr_html_(self) -> str:
        from bce_cli.render.page.page import html_fragment  # noqa: PLC0415 -- for notebooks alone

        return html_fragment(self._document.sections(_LOOK))

    def _json(self) -> str:
        return self.to_json()

    def to_json(self, *, brief: bool = False) -> str:
        """Return what ``--format json`` prints: strict JSON, in which what is infinite is null.

        Parameters
        ----------
        brief : bool, default False
            Leave out lists of rows, bins, segments and products, as ``--brief`` does.
        """
        return self._written("json", brief=brief)

    def to_markdown(self, *, brief: bool = False) -> str:
        """Return what ``--format markdown`` prints.

        Parameters
        ----------
        brief : bool, default False
            The answer alone, and what was asked for beside it.
        """
        return self._written("markdown", brief=brief)

    def to_csv(self, *, brief: bool = False, excel_safe: bool = False) -> str:
        """Return what ``--format csv`` prints.

        Parameters
        ----------
        brief : bool, default False
            One line of figures, where there are others.
        excel_safe : bool, default False
            Put an apostrophe before texts that look like formulas.
        """
        return self._written("csv", brief=brief, excel_safe=excel_safe)

    def to_html(self, *, brief: bool = False) -> str:
        """Return what ``--format html`` prints: a page that needs nothing else, in UTF-8.

        Parameters
        ----------
        brief : bool, default False
            The answer alone, and what was asked for beside it.
        """
        return self._written("html", brief=brief)

    def _written(self, kind: Format, *, brief: bool, excel_safe: bool = False) -> str:
        return write_document(self._document, kind, _LOOK, brief=brief, excel_safe=excel_safe)

    @_telling_of_arguments
    def report(
        self, path: str | os.PathLike[str], *, picture_format: PictureFormat = "svg"
    ) -> Path:
        """Write all that is known here to one page, that can be sent, printed and read offline.

        No row of the data stands on it, but for the costliest that ``worst=10`` asks for.

        Parameters
        ----------
        path : str or path-like
            Of a file, which is written whole or not at all. Its ending is the format: ``.html`` for
            the page, ``.md`` for its short form, ``.json`` for its figures.
        picture_format : {"svg", "png"}, default "svg"
            How pictures of the page are held: PNG is for mail, and needs matplotlib.

        Returns
        -------
        pathlib.Path
            That of the file.

        Raises
        ------
        ArgumentError
            The ending is another, or `picture_format` is not known.
        UsageError
            matplotlib is not installed.
        OutputCreationError
            The file cannot be written, or is what was read.
        """
        place, kind = _page_at(path)
        _check_pictures(picture_format, kind)
        document = self._report_document()
        refuse_overwriting(place, document.origin.files, "report")
        write_whole(place, write_report(document, kind, _LOOK, picture_format).encode())
        return place

    def _report_document(self) -> ReportDocument:
        """Return all that is known here, and no rows that nobody asked for."""
        from bce_cli.render.one_answer import report_of  # noqa: PLC0415 -- not for every result

        return report_of(cast("SavedDocument", self._document))

    @abstractmethod
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
        UsageError
            matplotlib is not installed.
        """


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
        Standard error and interval of the mean; with `cluster`, robust to clusters.
    confidence, cluster_column, n_clusters, effective_clusters
        Of every interval, and what it allows for.
    total_loss, log_likelihood, log10_likelihood : float
    base_rate, base_rate_loss, skill, effective_probability, brier : float or None
    n_impossible, first_impossible_row, finite_mean_loss
        Rows of infinite loss, the first (1-based), and the mean of the others.
    likelihood_product, product_subnormal_row, product_zero_row
        The raw product in float64, and the rows at which it loses digits and becomes 0.
    products : pyarrow.Table
        The same in float16, float32 and float64.
    segments : pyarrow.Table
        With `by`: a row for each segment, costliest first, or in the order of `cut`.
    cut : Figures
        With `cut`: by column, its `edges`, and how many `quantiles` were asked for.
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
        "cut": "cut=... gives it",
        "worst_rows": "worst=10 gives them",
        "conventions": "like='all' gives them",
        "difference_rows": "like='all' gives them",
        "impossible_rows": "like='all' gives them",
        "products": "they go with neither by nor like='all'",
    }
    if TYPE_CHECKING:
        prediction_column: str
        n_positive: int
        weight_sum: float
        effective_n: float
        base_rate: float
        convention: str
        clip: float | None
        cut: Figures
        confidence: float
        cluster_column: str | None
        n_clusters: int | None
        effective_clusters: float | None
        n_clipped: int
        float_type: str | None
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
        n_certain: int
        reversed_loss: float
        likelihood_product: float
        product_subnormal_row: int | None
        product_zero_row: int | None
        products: pa.Table
        segments: pa.Table
        worst_rows: pa.Table
        conventions: pa.Table
        difference_rows: pa.Table
        impossible_rows: pa.Table

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
    best : str or None
        Name of the model of the lowest mean loss; None where all are infinite.
    models : pyarrow.Table
        A row for each model, with its own figures, its `rank`, and whether it is told from the
        best: `told_from_best`, `p_from_best`.
    comparisons : pyarrow.Table
        A row for each model but the first: `difference` of the mean loss (below 0 is better than
        the baseline), `std_error`, `ci_low`, `ci_high`, `p_value`, `p_adjusted`, counts, `verdict`
        (better, worse, equivalent or undecided), `detectable_difference` and `rows_needed`.
    segments : pyarrow.Table
        With `by`: a row for each segment and model, those that cost most first.
    confidence : float
    margin : float or None
    cluster_column, n_clusters, effective_clusters
    notes : tuple of str
    """

    __slots__ = ()
    _BRIEF = ("n", "baseline", "best", "unit")
    _WHEN = {"segments": "by=... gives them"}  # noqa: RUF012 -- of the class, as in the base
    if TYPE_CHECKING:
        prediction_columns: tuple[str, ...]
        n_positive: int
        weight_sum: float
        base_rate: float
        base_rate_loss: float
        convention: str
        clip: float | None
        confidence: float
        cluster_column: str | None
        n_clusters: int | None
        effective_clusters: float | None
        margin: float | None
        baseline: str
        best: str | None
        sorted: bool
        models: pa.Table
        comparisons: pa.Table
        segments: pa.Table

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
    std_error, ci_low, ci_high : float or None
        Of the mean loss, at the `confidence` of all intervals; with clusters, robust to them.
    log_loss, brier : Figures
        Each with `miscalibration`, `discrimination`, `uncertainty` and more.
    brier_skill : float or None
        Share of the Brier score of always predicting the base rate that is removed.
    auc : float or None
        Area under the ROC curve, with ``_ci_low`` and ``_ci_high``, as `skill` and `brier` have.
    cross_fitted : Figures or None
        What the best simple map has `removed` on rows that it was not fitted to; its `method`,
        `loss`, `ci_low` and `ci_high`. None where no rows were held, or too few.
    calibrated : bool or None
        Whether the predictions can be believed; None where the rows cannot tell.
    ece, mce : float
        Expected and maximum calibration error over `bins`.
    slope, intercept, calibration_in_the_large : float or None
        Of the logistic recalibration, each with ``_ci_low`` and ``_ci_high``.
    bins, isotonic : pyarrow.Table
    bootstrap : Figures or None
    segments : pyarrow.Table
        With `by`: a row for each segment, costliest first; and beside it `gap`, `gap_ci_low` and
        `gap_ci_high` of all rows.
    notes : tuple of str
    """

    __slots__ = ()
    _BRIEF = ("n", "mean_loss", "ece", "slope", "calibrated", "unit")
    _WHEN = {  # noqa: RUF012 -- of the class, as in the base
        **dict.fromkeys(("segments", "gap", "gap_ci_low", "gap_ci_high"), "by=... gives them")
    }
    if TYPE_CHECKING:
        prediction_column: str
        n_positive: int
        weight_sum: float
        base_rate: float
        mean_prediction: float
        confidence: float
        cluster_column: str | None
        n_clusters: int | None
        effective_clusters: float | None
        mean_loss: float
        std_error: float | None
        ci_low: float | None
        ci_high: float | None
        skill: float | None
        skill_ci_low: float | None
        skill_ci_high: float | None
        log_loss: LogLossParts
        brier: BrierParts
        brier_ci_low: float | None
        brier_ci_high: float | None
        brier_skill: float | None
        auc: float | None
        auc_ci_low: float | None
        auc_ci_high: float | None
        auc_ci_is_too_narrow: bool
        cross_fitted: CrossFitted | None
        bootstrap: Bootstrap | None
        fine_bins: FineBins | None
        strategy: Strategy
        n_bins: int
        ece: float
        mce: float
        slope: float | None
        slope_ci_low: float | None
        slope_ci_high: float | None
        slope_obstacle: str | None
        intercept: float | None
        intercept_ci_low: float | None
        intercept_ci_high: float | None
        calibration_in_the_large: float | None
        calibration_in_the_large_ci_low: float | None
        calibration_in_the_large_ci_high: float | None
        calibration_in_the_large_p: float | None
        calibration_in_the_large_obstacle: str | None
        n_in_fit: int
        n_weighted: int
        effective_n: float
        spiegelhalter_z: float | None
        spiegelhalter_p: float | None
        slope_intercept_p: float | None
        mean_p: float | None
        calibrated: bool | None
        calibrated_p: float | None
        n_impossible: int
        first_impossible_row: int | None
        bins: pa.Table
        isotonic: pa.Table
        histogram: tuple[float, ...]
        segments: pa.Table
        gap: float
        gap_std_error: float | None
        gap_ci_low: float | None
        gap_ci_high: float | None

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the reliability diagram; see `Result`."""
        from bce_cli.render.plots import plot_calibration  # noqa: PLC0415 -- an extra

        return plot_calibration(self._record, ax)


class CalibrationsResult(Result):
    """Where the loss of several models comes from, as `calibration` found.

    The keys are those of ``bce calibration --format json`` with several models.

    Attributes
    ----------
    n : int
    models : pyarrow.Table
        A row for each model: `name`, `mean_loss`, ``log_loss_miscalibration``, `slope`, `ece`,
        `auc` and all else that a `CalibrationResult` has, but for what are tables there.
    segments : pyarrow.Table
        With `by`: a row for each segment and model, the costliest segment of the first model first.
    notes : tuple of str
    """

    __slots__ = ()
    _document: CalibrationsDocument
    _BRIEF = ("n", "unit")
    _WHEN = {"segments": "by=... gives them"}  # noqa: RUF012 -- of the class, as in the base
    if TYPE_CHECKING:
        prediction_columns: tuple[str, ...]
        n_positive: int
        weight_sum: float
        base_rate: float
        confidence: float
        cluster_column: str | None
        n_clusters: int | None
        effective_clusters: float | None
        models: pa.Table
        segments: pa.Table

    def model(self, name: str) -> CalibrationResult:
        """Return what was found of one model, as if it were the only one.

        Raises
        ------
        ArgumentError
            There is no model of that name.
        """
        models = {model.name: model for model in self._document.models}
        check_choice("name", name, models)
        return CalibrationResult(self._document.alone(models[name]))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the reliability diagrams of all models over each other; see `Result`."""
        from bce_cli.render.plots import plot_calibrations  # noqa: PLC0415 -- an extra

        return plot_calibrations(self._record, ax)


class RecalibrateResult(Result):
    """Whether another map would do better on new rows, and which, as `recalibrate` found.

    The keys are those of ``bce recalibrate --format json``. Losses are in `unit`.

    Attributes
    ----------
    recommended : str
        The simplest method that clearly beats "as-is" and that no other such clearly beats; else
        "as-is", which is to leave predictions alone.
    recommended_difference, recommended_ci_low, recommended_ci_high : float or None
        Its cross-fitted loss less that of predictions as they are; below 0 is better.
    methods : pyarrow.Table
        A row for each method: ``parameters_a`` and so on, `fitted_loss`, `cross_fitted_loss`,
        `difference`, `std_error`, `ci_low`, `ci_high` and more.
    not_told_apart : tuple of str
        Methods that may do as well as the recommended one.
    folds, n, n_judged : int
    cluster_column, n_clusters, effective_clusters, order_column, seed
    notes : tuple of str
    """

    __slots__ = ()
    _document: RecalibrateDocument
    _BRIEF = ("n", "recommended", "recommended_difference", "unit")
    if TYPE_CHECKING:
        prediction_column: str
        n_positive: int
        weight_sum: float
        base_rate: float
        confidence: float
        folds: int
        seed: int | None
        order_column: str | None
        cluster_column: str | None
        n_clusters: int | None
        effective_clusters: float | None
        n_cut_clusters: int
        n_judged: int
        n_at_0: int
        n_at_1: int
        recommended: str
        recommended_difference: float | None
        recommended_std_error: float | None
        recommended_ci_low: float | None
        recommended_ci_high: float | None
        not_told_apart: tuple[str, ...]
        methods: pa.Table
        fingerprint: str

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

        kept = self._document.saved_map(self.recommended if method is None else method)
        return Recalibrator(kept, self._document.origin.files)

    def save(self, path: str | os.PathLike[str], method: str | None = None) -> None:
        """Write a map to a file for ``bce apply`` and `load`; see `map`.

        Raises
        ------
        OutputCreationError
            The file cannot be written, or is what was read.
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
        A row for each limit: `name`, `value`, `ci_low`, `ci_high`, `limit`, `verdict`,
        `detectable_difference`, `rows_needed`.
    confident : bool
    notes : tuple of str
    """

    __slots__ = ()
    _BRIEF = ("n", "verdict")
    if TYPE_CHECKING:
        prediction_column: str
        convention: str
        clip: float | None
        n_clipped: int
        float_type: str | None
        n_impossible: int
        first_impossible_row: int | None
        effective_n: float
        mean_loss: float
        std_error: float | None
        base_rate_loss: float
        confident: bool
        confidence: float | None
        cluster_column: str | None
        n_clusters: int | None
        effective_clusters: float | None
        auc_ci_is_too_narrow: bool | None
        bins: int | None
        strategy: Strategy | None
        baseline: SavedLoss | None
        against: OtherModel | None
        budget: float | None
        verdict: Verdict
        checks: pa.Table

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


class ReportResult(Result):
    """All answers about the same rows, as `report` found; ``r.report("report.html")`` is the page.

    The keys are those of ``bce report --format json``. What nobody asked for, or could be told, is
    None.

    Attributes
    ----------
    answer : tuple of str
        Three sentences: how good, better than what, what to do.
    verdict : {"passed", "failed", "undecided"} or None
        Of the checks.
    models : tuple of str
        What they are called; the first is the one that is judged.
    compute : ComputeResult or None
    conventions : pyarrow.Table
        What other libraries would print, a row for each.
    compare : CompareResult or None
        Of at least two models.
    calibration : CalibrationResult, CalibrationsResult or None
    recalibrate : tuple of RecalibrateResult
        Of each model.
    check : CheckResult or None
    losses : pyarrow.Table
        How many rows cost how much, and what these cost together.
    log_product : Figures or None
        How log10 of the product of likelihoods falls: `rows`, `log10`.
    inputs : pyarrow.Table
        What was read: `source`, and of files `bytes` and `sha256`.
    version, command, stamp
    notes : tuple of str
    """

    __slots__ = ()
    _document: ReportDocument
    _BRIEF = ("n", "unit", "verdict")
    if TYPE_CHECKING:
        prediction_column: str
        prediction_columns: tuple[str, ...]
        models: tuple[str, ...]
        confidence: float
        version: str
        command: str | None
        stamp: str | None
        inputs: pa.Table
        answer: tuple[str, str, str]
        verdict: Verdict | None
        compute: ComputeResult | None
        conventions: pa.Table
        compare: CompareResult | None
        calibration: CalibrationResult | CalibrationsResult | None
        recalibrate: tuple[RecalibrateResult, ...]
        check: CheckResult | None
        losses: pa.Table
        log_product: LogProductFigures | None
    else:

        def __getattr__(self, name: str) -> object:
            if name == "recalibrate":
                return tuple(map(_result, self._document.recalibrations))
            if name not in _ANSWERS:
                return super().__getattr__(name)
            answer = getattr(self._document, name)
            return None if answer is None else _result(answer)

    @property
    def passed(self) -> bool | None:
        """Whether every check has passed; None where there is none."""
        return None if self.verdict is None else self.verdict == "passed"

    def __bool__(self) -> bool:
        if self.verdict is None:
            message = "this report is neither true nor false: it has no checks"
            raise UsageError(message, "max_loss=0.6, say, makes one, which is true if it passes")
        return self.verdict == "passed"

    def __str__(self) -> str:
        from bce_cli.render.terminal import draw  # noqa: PLC0415 -- not every report is printed

        return draw(self._in_brief(), _LOOK).rstrip("\n")

    def _repr_html_(self) -> str:
        from bce_cli.render.page.page import html_fragment  # noqa: PLC0415 -- for notebooks alone

        return html_fragment(self._in_brief())

    def _in_brief(self) -> list[Section]:
        """Return the short form, which is folded away nowhere but in Markdown."""
        from bce_cli.render.page.topics import title_of  # noqa: PLC0415 -- as above

        section, *asked = self._document.sections(_LOOK)
        return [replace(section, title=title_of(self._document)), *asked]

    def to_html(self, *, brief: bool = False) -> str:  # noqa: ARG002 -- a page is whole
        """Return the page."""
        return write_report(self._document, "html", _LOOK)

    def _report_document(self) -> ReportDocument:
        return self._document

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the reliability diagram; see `Result`."""
        if self.calibration is None:
            message = "there is no calibration in this report to be drawn"
            raise UsageError(message)
        return self.calibration.plot(ax)


_ANSWERS = ("compute", "compare", "calibration", "check")
_PAGES: Mapping[str, Format] = {
    **dict.fromkeys((".html", ".htm"), "html"),
    **dict.fromkeys((".md", ".markdown"), "markdown"),
    ".json": "json",
}
"""The formats that the endings of a report's name ask for."""


def _result(document: SavedDocument) -> _Answer:
    return _RESULTS[type(document).__name__](document)


def _page_at(path: object) -> tuple[Path, Format]:
    """Return where a report goes, and the format that its name asks for.

    Raises
    ------
    ArgumentError
        It is no path, or its ending names no format.
    """
    if not isinstance(path, str | os.PathLike):
        message = f"path must be that of a file, got {shown(path)}"
        raise ArgumentError(message, "such as 'report.html'", "path")
    name = os.fsdecode(path)
    place = Path(name)
    kind = _PAGES.get(place.suffix.lower())
    if kind is None:
        message = f"path must end in .html, .md or .json, got {quoted(name)}"
        raise ArgumentError(
            message, ".html is the page, .md its short form, .json its figures", "path"
        )
    return place, kind


def _check_pictures(picture_format: object, kind: Format) -> None:
    """Refuse pictures that cannot be drawn here, or have no place."""
    check_choice("picture_format", picture_format, ("svg", "png"))
    if picture_format == "svg":
        return
    if kind != "html":
        message = f"picture_format is for .html, and {kind} has no pictures"
        raise ArgumentError(message, None, "picture_format")
    from bce_cli.render.drawing import require_matplotlib  # noqa: PLC0415 -- an extra

    require_matplotlib("picture_format='png'")


_Answer: TypeAlias = (
    ComputeResult
    | CompareResult
    | CalibrationResult
    | CalibrationsResult
    | RecalibrateResult
    | CheckResult
)
_RESULTS: dict[str, type[_Answer]] = {
    "ComputeDocument": ComputeResult,
    "CompareDocument": CompareResult,
    "CalibrationDocument": CalibrationResult,
    "SegmentedCalibrationDocument": CalibrationResult,
    "CalibrationsDocument": CalibrationsResult,
    "RecalibrateDocument": RecalibrateResult,
    "CheckDocument": CheckResult,
}


def load(
    path: str | os.PathLike[str],
) -> (
    ComputeResult
    | CompareResult
    | CalibrationResult
    | CalibrationsResult
    | RecalibrateResult
    | CheckResult
    | ReportResult
    | Recalibrator
):
    """Read a result that was saved with ``-o FILE.json``, or as ``result.to_json()``; or a map.

    Parameters
    ----------
    path : str or path-like
        A file, or an address of one.

    Returns
    -------
    ComputeResult, CompareResult, CalibrationResult or another
        What the file does not hold, as the first rows that a table shows, is not in its text.
    Recalibrator
        Of a map that ``bce recalibrate --save`` has written, or `save`.

    Raises
    ------
    InputError
        The file cannot be read.
    DataError
        It is no report and no map of this program, or is damaged.
    ArgumentError
        It is no path, as a dict or the text of JSON.
    """
    from bce_cli.readers.saved import is_map, saved_record  # noqa: PLC0415 -- as above
    from bce_cli.render.saved import (  # noqa: PLC0415 -- rarely needed
        document_of,
        is_report,
        report_document,
    )

    place = path_of_json("path", path)
    with said_in_python():
        record = saved_record(place, takes_map=True)
    if is_map(record):
        from bce_cli.readers.saved_map import map_of  # noqa: PLC0415 -- as above
        from bce_cli.recalibrator import Recalibrator  # noqa: PLC0415 -- as above

        return Recalibrator(map_of(record, place))
    if is_report(record):
        return ReportResult(report_document(record, place))
    return _result(document_of(record, place))


_SAVED = "Path('saved.json').write_text(result.to_json()) makes one"


@contextmanager
def said_in_python() -> Iterator[None]:
    """Have hints at a saved report say how one is saved here, and not by which command."""
    try:
        yield
    except DataError as error:
        message, hint = error.said
        if hint is None or "-o FILE" not in hint:
            raise
        raise type(error)(message, _SAVED) from None


def path_of_json(argument: str, path: object) -> str:
    """Return the path of a saved result.

    Raises
    ------
    ArgumentError
        It is none, or JSON itself.

    Examples
    --------
    >>> path_of_json("path", "saved.json")
    'saved.json'
    """
    if not isinstance(path, str | os.PathLike):
        message = f"{argument} must be the path of a file, got a {type(path).__name__}"
        raise ArgumentError(message, _SAVED, argument)
    place = os.fspath(path)
    if isinstance(place, str) and place.lstrip()[:1] in {"{", "["}:
        message = f"{argument} is the text of JSON, not the path of a file with it"
        raise ArgumentError(message, _SAVED, argument)
    return os.fsdecode(place)
