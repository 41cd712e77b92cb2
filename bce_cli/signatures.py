"""What questions may be given: for type checkers, for `help`, and as other libraries call it."""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypedDict, TypeVar

from bce_cli.errors import did_you_mean, quoted

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Mapping, Sequence
    from decimal import Decimal

    from bce_cli.core.calibration.plan import Strategy
    from bce_cli.core.recalibration.maps import Method
    from bce_cli.core.report import Unit
    from bce_cli.core.rules import Like
    from bce_cli.questions.answers import Engine
    from bce_cli.questions.inputs import DecimalSign, InputFormat, JoinRule, MissingRule
    from bce_cli.results import Result

F = TypeVar("F", bound="Callable[..., Any]")


class ArrowStream(Protocol):
    """A table in memory: a frame of pandas or Polars, of pyarrow, a relation of DuckDB."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export the table; see the Arrow PyCapsule interface."""


Path: TypeAlias = "str | os.PathLike[str]"


class Array(Protocol):
    """An array, a Series or a tensor."""

    def __array__(self) -> Any:
        """Return it as an array of NumPy."""


Values: TypeAlias = "Array | list[Any] | tuple[Any, ...]"
"""A value for each row; not a text, which names a column."""
Frame: TypeAlias = "ArrowStream | Mapping[str, Any]"
"""Columns by name in memory: a table, or a mapping of arrays."""
Edges: TypeAlias = "Array | Sequence[float | Decimal] | str"
"""Numbers that ascend, or a text such as ``quantile:5``."""
Cuts: TypeAlias = "Edges | Mapping[str, Edges]"
"""At what columns of numbers are cut into intervals."""
Table: TypeAlias = "Frame | Path | Sequence[Frame | Path]"
"""What is in memory or in a file, or several of these that follow each other."""


class _Meant(TypedDict, total=False):
    """What labels and predictions are, and what does the work."""

    positive: object
    soft_labels: bool
    logits: bool
    missing: MissingRule
    unit: Unit
    workers: int | None
    name: str | None


class _OfArrays(_Meant, total=False):
    """Options of a question about arrays."""

    weight: Values | None


class _OfTable(_Meant, total=False):
    """Options of a question about a table."""

    label: str | None
    weight: str | None
    labels: Table | None
    on: str | Sequence[str] | None
    join: JoinRule
    input_format: InputFormat | None
    delimiter: str | None
    decimal: DecimalSign
    no_header: bool
    encoding: str | None
    comment: str | None
    engine: Engine
    scheduler: object


class _Losses(TypedDict, total=False):
    """Whose losses."""

    like: Like
    clip: float | None


class _Limits(TypedDict, total=False):
    """What predictions are held to."""

    max_loss: float | None
    min_skill: float | None
    max_brier: float | None
    min_auc: float | None
    max_miscalibration: float | None
    max_ece: float | None
    min_rows: int | None
    baseline: Result | Mapping[str, Any] | Path | None
    budget: float | None
    confident: bool
    confidence: float


class _Check(_Losses, _Limits, total=False):
    """What a check asks for."""

    bins: int | None
    strategy: Strategy | None


class _Report(_Limits, total=False):
    """What a report tells, and how."""

    bins: int
    strategy: Strategy
    fine_bins: bool
    worst: int
    stamp: bool


class _Bins(TypedDict, total=False):
    """How calibration is looked at."""

    bins: int
    strategy: Strategy
    bootstrap: int
    seed: int
    fine_bins: bool
    confidence: float


class _Folds(TypedDict, total=False):
    """How maps are fitted and judged."""

    folds: int | None
    seed: int | None
    method: Method | None
    confidence: float


class LossesOfArrays(_OfArrays, _Losses, total=False):
    """Options of losses of arrays."""


class LossesOfTable(_OfTable, _Losses, total=False):
    """Options of losses of a table."""


class CheckOfArrays(_OfArrays, _Check, total=False):
    """Options of a check of arrays."""

    cluster: Values | None
    against: Values | None


class CheckOfTable(_OfTable, _Check, total=False):
    """Options of a check of a table."""

    cluster: str | None
    against: Table | None
    against_column: str | None


class BinsOfArrays(_OfArrays, _Bins, total=False):
    """Options of the calibration of arrays."""


class BinsOfTable(_OfTable, _Bins, total=False):
    """Options of the calibration of a table."""


class FoldsOfArrays(_OfArrays, _Folds, total=False):
    """Options of the recalibration of arrays."""


class FoldsOfTable(_OfTable, _Folds, total=False):
    """Options of the recalibration of a table."""


class ReportOfArrays(_OfArrays, _Report, total=False):
    """Options of a report on arrays."""

    id: Values | None
    by: Values | Mapping[str, Values] | None
    cut: Cuts | None
    cluster: Values | None
    against: Values | None


class ReportOfTable(_OfTable, _Report, total=False):
    """Options of a report on a table."""

    id: str | None
    by: str | Sequence[str] | None
    cut: Cuts | None
    cluster: str | None
    against: Table | None
    against_column: str | None


_DEFAULTS: Mapping[str, object] = {
    "label": None,
    "weight": None,
    "positive": None,
    "soft_labels": False,
    "logits": False,
    "missing": "error",
    "labels": None,
    "on": None,
    "join": "all",
    "input_format": None,
    "delimiter": None,
    "decimal": ".",
    "no_header": False,
    "encoding": None,
    "comment": None,
    "workers": None,
    "engine": "local",
    "scheduler": None,
    "name": None,
}
"""Options that all questions share."""


_MEANT: Mapping[str, tuple[str, ...]] = {
    "y_true": ("data",),
    "y_pred": ("prediction", "predictions"),
    "y_prob": ("prediction", "predictions"),
    "y_proba": ("prediction", "predictions"),
    "models": ("prediction", "predictions"),
    "y_score": ("prediction", "predictions"),
    "sample_weight": ("weight",),
    "sample_weights": ("weight",),
    "weights": ("weight",),
    "pos_label": ("positive",),
    "group": ("by", "cluster"),
    "groups": ("by", "cluster"),
    "segment": ("by",),
    "segments": ("by",),
    "quantiles": ("cut",),
    "n_bins": ("bins",),
    "n_bootstrap": ("bootstrap",),
    "eps": ("clip",),
    "epsilon": ("clip",),
    "from_logits": ("logits",),
    "alpha": ("confidence",),
    "cv": ("folds",),
    "n_splits": ("folds",),
    "random_state": ("seed",),
    "n_jobs": ("workers",),
}
"""What others call arguments."""
_ARGUMENTS: dict[str, frozenset[str]] = {}
"""Of each question; filled below."""


def with_options(question: F) -> F:
    """Have a function take the options that all share, and show them where its signature is asked.

    They reach it by ``**options``, all of them.
    """
    name, shown = question.__name__, inspect.signature(question)
    own = [p for p in shown.parameters.values() if p.kind is not p.VAR_KEYWORD]
    shared = [
        inspect.Parameter(
            option, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=_kinds(option)
        )
        for option, default in _DEFAULTS.items()
    ]
    known = _ARGUMENTS[name] = frozenset(parameter.name for parameter in (*own, *shared))

    @wraps(question)
    def asked(*args: Any, **options: Any) -> Any:
        for option in options:
            if option not in known:
                message = f"{name}() has no argument {quoted(option)}{_instead(option, known)}"
                raise TypeError(message)
        return question(*args, **{**_DEFAULTS, **options})

    asked.__dict__["__signature__"] = shown.replace(parameters=[*own, *shared])
    return asked  # type: ignore[return-value]  # the same, but for what it shows


def _kinds(option: str) -> str:
    """Return what an option may be: of tables, or of arrays."""
    kinds = (group.__annotations__.get(option) for group in (_OfTable, _OfArrays))
    texts = [getattr(kind, "__forward_arg__", str(kind)) for kind in kinds if kind is not None]
    parts = (part for text in texts for part in text.split(" | "))
    return " | ".join(sorted(dict.fromkeys(parts), key="None".__eq__))


def _instead(option: str, known: Collection[str]) -> str:
    """Say what may have been meant by an argument that a question lacks."""
    others = [name for name, arguments in _ARGUMENTS.items() if option in arguments]
    if others:
        *first, last = others
        return f"; {', '.join(first)} and {last} have it" if first else f"; {last} has it"
    meant = [name for name in _MEANT.get(option, ()) if name in known]
    if meant:
        return f"; did you mean {' or '.join(map(quoted, meant))}?"
    return did_you_mean(option, known)
