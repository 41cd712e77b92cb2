"""A case of the corpus: files as users have them, and what the command line must make of them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from mpmath import mp, mpf

if TYPE_CHECKING:
    from typer.testing import Result

Source = bytes | str | Callable[[], bytes]
Rows = tuple[tuple[float, float], ...]

TWO: Rows = ((1, 0.5), (0, 0.25))
"""The rows that most files of the corpus stand for."""

ERROR = "bce: error: "
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """Files, a command line, and either rows or an error; both mean that either will do."""

    data: Source
    name: str = "preds.csv"  # a dash: standard input
    options: tuple[str, ...] = ()
    files: Mapping[str, Source] = field(default_factory=dict)
    sources: tuple[str, ...] | None = None
    rows: Rows | None = None
    facts: Mapping[str, object] = field(default_factory=dict)  # further keys of the JSON
    said: str | None = None  # found on standard error of a success
    error: str | None = None  # begins the first line of an error
    hint: str | None = None  # found in the second line of an error
    code: int | tuple[int, ...] = 65

    def write(self) -> None:
        """Write the files into the current folder."""
        for name, source in ({self.name: self.data} | dict(self.files)).items():
            if name != "-":
                Path(name).write_bytes(content(source))

    @property
    def arguments(self) -> list[str]:
        """Options and sources of the command line."""
        return [*self.options, *((self.name,) if self.sources is None else self.sources)]

    @property
    def stdin(self) -> bytes:
        """What standard input holds."""
        return content(self.data) if self.name == "-" else b""


def good(data: Source, rows: Rows = TWO, *options: str, **rest: Any) -> Case:  # noqa: ANN401
    """Say which rows a file stands for."""
    return Case(data=data, rows=rows, options=options, **rest)


def bad(data: Source, error: str, *options: str, **rest: Any) -> Case:  # noqa: ANN401
    """Say what is wrong with a file: a regular expression for the start of the message."""
    return Case(data=data, error=error, options=options, **rest)


def each(cases: Mapping[str, Case]) -> pytest.MarkDecorator:
    """Run a test for every case."""
    return pytest.mark.parametrize("case", list(cases.values()), ids=list(cases))


def content(source: Source) -> bytes:
    """Give the bytes of a file."""
    if isinstance(source, str):
        return source.encode()
    return source if isinstance(source, bytes) else source()


@cache
def loss(label: float, probability: float) -> mpf:
    """Give the exact loss of one row, to sixty digits."""
    with mp.workdps(60):
        cost = mpf(0)
        if label > 0:
            cost -= mpf(label) * mp.log(mpf(probability)) if probability > 0 else mpf("-inf")
        if label < 1:
            cost -= (1 - mpf(label)) * mp.log1p(-mpf(probability)) if probability < 1 else -mp.inf
        return cost


def mean(rows: Mapping[tuple[float, float], int]) -> mpf:
    """Average over rows that are counted, to sixty digits."""
    with mp.workdps(60):
        total = mp.fsum(number * loss(*row) for row, number in rows.items())
        return total / sum(rows.values())


def assert_close(value: object, exact: mpf, rows: Rows) -> None:
    """Compare a mean with the oracle.

    A loss carries the error of NumPy's logarithm (0.61 ulp, at most 1.4e-16 of it), the sum and
    the division half an ulp each (1.1e-16): 3.6e-16 in all. A soft label adds the roundings of
    1 - y, of two products and of their sum.
    """
    allowed = 4e-16 if all(label in {0, 1} for label, _ in rows) else 8e-16
    assert isinstance(value, float)
    with mp.workdps(60):
        assert abs(mpf(value) - exact) <= allowed * abs(exact), (value, mp.nstr(exact, 20))


def assert_rows(rows: Rows, report: Mapping[str, object]) -> None:
    """Compare a report with what the oracle makes of the rows."""
    counted = Counter(rows)
    finite = {row: number for row, number in counted.items() if mp.isfinite(loss(*row))}
    n_finite = sum(finite.values())
    assert report["n"] == len(rows)
    assert report["n_impossible"] == len(rows) - n_finite
    if all(label in {0, 1} for label, _ in counted):
        positive = sum(number for (label, _), number in counted.items() if label == 1)
        assert report["n_positive"] == positive
    if n_finite == len(rows):
        assert_close(report["mean_loss"], mean(finite), rows)
    else:
        assert report["mean_loss"] is None
        if finite:
            assert_close(report["finite_mean_loss"], mean(finite), rows)


def assert_visible(text: str) -> None:
    """Assert that nothing in what was printed moves a cursor or hides text."""
    assert "Traceback" not in text
    assert not [c for c in text if c != "\n" and unicodedata.category(c) in INVISIBLE]


def assert_refused(case: Case, result: Result) -> None:
    """Assert that there is one line of an error, perhaps a hint, and no output."""
    codes = case.code if isinstance(case.code, tuple) else (case.code,)
    assert result.stdout == ""
    assert result.stderr.endswith("\n"), result.stderr
    message, *hints = result.stderr[:-1].split("\n")
    assert re.match(f"{ERROR}(?:{case.error})", message), result.stderr
    assert result.exit_code in codes
    assert len(hints) <= 1, result.stderr
    assert all(hint.startswith("bce: ") and not hint.startswith(ERROR) for hint in hints)
    if case.hint is not None:
        assert hints, result.stderr
        assert re.search(case.hint, hints[0]), result.stderr
