"""Figures by name, which never change, and tables of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.errors import did_you_mean, quoted
from bce_cli.render.records import flat, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from bce_cli.core.report import Unit

_LOG_LOSS = {"log_loss", "logloss", "loss", "bce", "cross_entropy", "binary_cross_entropy"}
"""What others call the mean of the losses."""


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

    if not TYPE_CHECKING:  # which would take any name for a figure

        def __getattr__(self, name: str) -> object:
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
        is_loss = name in _LOG_LOSS and "mean_loss" in self._record
        also = did_you_mean("mean_loss" if is_loss else name, self._record)
        return f"{self._what} has no {quoted(name)}{also}"

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


if TYPE_CHECKING:

    class Parts(Figures):
        """The parts of a loss."""

        miscalibration: float
        discrimination: float
        uncertainty: float
        within_bins: float | None

    class LogLossParts(Parts):
        """Those of the log loss."""

        recalibrated_loss: float

    class BrierParts(Parts):
        """Those of the Brier score."""

        score: float
        recalibrated_score: float

    class CrossFitted(Figures):
        """What a simple map removes on rows that it was not fitted to."""

        method: str
        n: int
        folds: int
        loss: float
        removed: float
        ci_low: float | None
        ci_high: float | None

    class Interval(Figures):
        """Of samples of the rows."""

        ci_low: float
        ci_high: float

    class PartIntervals(Figures):
        """Of each part of a loss."""

        miscalibration: Interval
        discrimination: Interval
        uncertainty: Interval

    class LogLossIntervals(PartIntervals):
        """Those of the log loss."""

        mean_loss: Interval
        recalibrated_loss: Interval

    class BrierIntervals(PartIntervals):
        """Those of the Brier score."""

        score: Interval
        recalibrated_score: Interval

    class OfBothLosses(Figures):
        """A figure of the log loss and of the Brier score."""

        log_loss: float
        brier: float

    class Bootstrap(Figures):
        """How much is chance."""

        n: int
        seed: int
        log_loss: LogLossIntervals
        brier: BrierIntervals
        calibrated_miscalibration_q95: OfBothLosses
        calibrated_miscalibration_p: float

    class FineBins(Figures):
        """The bins that stand for the rows."""

        n: int
        n_coarse: int
        greatest_odds_ratio: float

    class SavedLoss(Figures):
        """What a check was held against."""

        source: str
        mean_loss: float
        unit: Unit
        std_error: float | None

    class FiniteRows(Figures):
        """A difference over the rows on which both losses are finite."""

        n: int
        difference: float
        ci_low: float | None
        ci_high: float | None

    class LogProductFigures(Figures):
        """How log10 of the product of likelihoods falls with the rows."""

        rows: tuple[int, ...]
        log10: tuple[float, ...]
        n: int

    class OtherModel(Figures):
        """The model that a check was held against, row by row."""

        source: str | tuple[str, ...]
        column: str
        mean_loss: float
        n_impossible: int
        first_impossible_row: int | None
        n_better: int
        n_worse: int
        n_tied: int
        finite: FiniteRows | None
