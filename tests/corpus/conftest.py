"""Judges a case of the corpus by what the command line prints."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from bce_cli.readers import grammar

pytest.register_assert_rewrite("tests.corpus.cases")

from tests.corpus.cases import (  # noqa: E402 -- so that its assertions say what they compared
    Case,
    assert_refused,
    assert_rows,
    assert_visible,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result


SMALL_BLOCK = 1 << 16


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read little at a time, so that a file of some megabytes has many blocks."""
    monkeypatch.setattr(grammar, "BLOCK_BYTES", SMALL_BLOCK)


@pytest.fixture(params=["small", pytest.param("usual", marks=pytest.mark.deep)])
def any_blocks(request: pytest.FixtureRequest) -> None:
    """Read little at a time, or as much as usual, when an error in one block takes seconds."""
    if request.param == "small":
        request.getfixturevalue("small_blocks")


def _no_constant(name: str) -> float:
    message = f"{name} is no strict JSON"
    raise ValueError(message)


def _assert_counted(case: Case, result: Result) -> None:
    assert result.exit_code == 0, result.stderr
    assert all(line.startswith("bce: ") for line in result.stderr.split("\n")[:-1])
    report = json.loads(result.stdout, parse_constant=_no_constant)
    assert case.rows is not None
    assert_rows(case.rows, report)
    assert {key: report.get(key, "absent") for key in case.facts} == dict(case.facts)
    if case.said is not None:
        assert re.search(case.said, result.stderr), result.stderr


@pytest.fixture
def judge(bce: Callable[..., Result]) -> Callable[[Case], None]:
    """Run a case, and compare what comes out with what must."""

    def run(case: Case) -> None:
        case.write()
        result = bce("compute", "-f", "json", *case.arguments, stdin=case.stdin)
        assert_visible(result.stderr)
        if case.rows is None or (case.error is not None and result.exit_code != 0):
            assert_refused(case, result)
        else:
            _assert_counted(case, result)

    return run
