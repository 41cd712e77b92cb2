"""Predictions of several models by a pattern: which columns it stands for, and in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bce_cli.errors import DataError
from bce_cli.readers.columns import ColumnChoice, find_columns

HEADER = ["id", "day", "y", "p_b", "w", "p_a", "old", "P_c"]


def models(header: list[str], *asked: str, **others: str) -> list[str]:
    """The names of the columns that are found."""
    choice = replace(ColumnChoice("y", asked[0], rivals=asked[1:], least_models=1), **others)  # type: ignore[arg-type]
    found = find_columns(header, choice, "f.csv")
    return [found.names[place] for place in (found.prediction or 0, *found.rivals)]


FOUND: dict[str, tuple[list[str], list[str]]] = {
    "in the order of the file": (["p_*"], ["p_b", "p_a"]),
    "letters as they are written": (["?_[acC]"], ["p_a", "P_c"]),
    "a name before a pattern": (["old", "*_*"], ["old", "p_b", "p_a", "P_c"]),
    "a name of what would match": (["p_a", "p_*"], ["p_a", "p_b"]),
    "a name behind a pattern": (["p_*", "p_b"], ["p_a", "p_b"]),
    "two patterns": (["p_a*", "p_*"], ["p_a", "p_b"]),
    "blanks around": (["  p_* "], ["p_b", "p_a"]),
    "by place": (["#7", "p_*"], ["old", "p_b", "p_a"]),
}


@pytest.mark.parametrize(("asked", "names"), FOUND.values(), ids=FOUND)
def test_a_pattern_stands_for_columns(asked: list[str], names: list[str]) -> None:
    assert models(HEADER, *asked) == names


def test_what_is_something_else_is_never_matched() -> None:
    named = {"weight": "w", "cluster": "day"}
    assert models(HEADER, "*", **named) == ["p_b", "p_a", "old", "P_c"]
    header = ["", "index", "Unnamed: 0", "ID", "target", "y", "a", "b"]
    assert models(header, "*") == ["a", "b"]


def test_a_column_that_is_called_like_a_pattern_is_no_pattern() -> None:
    assert models(["y", "p_*", "p_a", "p_b"], "p_*") == ["p_*"]
    assert models(["y", "p_*", "p_a", "p[1]", "p1"], "p[1]", "p_a") == ["p[1]", "p_a"]


UNFIT: dict[str, tuple[list[str], str]] = {
    "nothing matches": (["q_*"], "f.csv: no column matches 'q_*'"),
    "nothing matches one of them": (["p_*", "q?"], "f.csv: no column matches 'q?'"),
    "an element": (["p_a[1]"], "f.csv: there is no column 'p_a[1]'; did you mean 'p_a'?"),
}


@pytest.mark.parametrize(("asked", "message"), UNFIT.values(), ids=UNFIT)
def test_a_pattern_that_matches_nothing_is_an_error(asked: list[str], message: str) -> None:
    with pytest.raises(DataError) as error:
        models(HEADER, *asked)
    assert str(error.value).partition("\n")[0] == message


def test_a_pattern_of_one_column_is_no_comparison() -> None:
    with pytest.raises(DataError) as error:
        find_columns(HEADER, ColumnChoice("y", "p_a*", least_models=2), "f.csv")
    message = "f.csv: there is one model only: 'p_a*' matches 'p_a' alone"
    assert str(error.value).partition("\n")[0] == message
    assert models(HEADER, "p_a*") == ["p_a"]


def test_two_columns_of_one_name_are_not_told_apart() -> None:
    with pytest.raises(DataError, match=r"^f\.csv: several columns are called 'p_a': #2 and #3"):
        models(["y", "p_a", "p_a"], "p_*")


def test_a_name_alone_is_no_pattern() -> None:
    with pytest.raises(DataError, match=r"^f\.csv: there is no column 'p_\*'"):
        find_columns(HEADER, ColumnChoice("y", "p_*"), "f.csv")
