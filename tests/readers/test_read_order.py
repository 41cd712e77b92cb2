"""What came before what, by the words of a column."""

from __future__ import annotations

import numpy as np
import pytest

from bce_cli.core.rows import Categories
from bce_cli.errors import DataError
from bce_cli.readers.order import ranks_of


def ranks(*words: str, decimal: str = ".") -> list[int]:
    order = Categories(np.arange(len(words), dtype=np.int32), words)
    found: list[int] = ranks_of(order, "t", decimal).tolist()
    return found


@pytest.mark.parametrize(
    "words",
    [
        ("-1", "0", "9", "10", "1e2", "inf"),
        ("1700000000123456788", "1700000000123456789"),
        ("2025-12-31", "2026-01-01", "2026-01-01 09:30", "2026-01-01T10:00:00"),
        ("2026-01-01T10:00:00", "2026-01-01T10:00:00.123456788", "2026-01-01 10:00:00.123456789"),
        ("2026-01-01T10:30:00+01:00", "2026-01-01 10:00:00Z", "2026-01-01T09:00:00-0130"),
        ("2025-12", "2026-01"),
        ("2025Q4", "2026Q1"),
        ("2025-W09", "2025-W10"),
        ("2025/09/30", "2025/10/01"),
    ],
)
def test_words_come_in_their_order(words: tuple[str, ...]) -> None:
    assert ranks(*words) == list(range(len(words)))
    assert ranks(*reversed(words)) == list(reversed(range(len(words))))


@pytest.mark.parametrize(
    "words",
    [
        ("1", "1.0", " 1 ", "1e0"),
        ("-0", "0.0"),
        ("2026-01-01", "2026-01-01 00:00", "2026-01-01T00:00:00.000"),
        ("2026-01-01T10:00Z", "2026-01-01T11:00+01:00", "2026-01-01T10:00:00.0+00:00"),
    ],
)
def test_words_for_the_same_are_the_same(words: tuple[str, ...]) -> None:
    assert ranks(*words) == [0] * len(words)


def test_a_decimal_comma_is_that_of_numbers() -> None:
    assert ranks("10,5", "9,5", "9.75", decimal=",") == [2, 0, 1]


def test_words_of_no_row_do_not_matter() -> None:
    order = Categories(np.array([2, 0, 2], np.int32), ("5", "tomorrow", "4"))
    assert ranks_of(order, "t").tolist() == [0, 1, 0]


HINT = "numbers, or dates and times that begin with the year, such as 2026-01-31"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("1/31/2026",), "'1/31/2026' does not say what came before"),
        (("31.01.2026",), "'31.01.2026' does not say what came before"),
        (("day 9", "day 10"), "'day 9' does not say what came before"),
        (("NA",), "'NA' does not say what came before"),
        (("nan",), "'nan' does not say what came before"),
        (("2026-02-30",), "'2026-02-30' does not say what came before"),
        (("1", "x"), "'x' does not say what came before, as '1' does"),
        (("2026-01-31", "7"), "'7' does not say what came before, as '2026-01-31' does"),
        (("2026-1", "2026-10"), "'2026-10' does not say what came before, as '2026-1' does"),
        (("2026-01-01T10:00", "2026-01-01T10:00Z"), "'2026-01-01T10:00Z' does not say what came "),
        (("0001-01-01T00:00+09:00",), "'0001-01-01T00:00+09:00' does not say what came before"),
    ],
)
def test_other_words_are_refused(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(DataError) as error:
        ranks(*words)
    assert error.value.message.startswith(f"order (column 't'): {message}")
    assert error.value.hint == HINT
