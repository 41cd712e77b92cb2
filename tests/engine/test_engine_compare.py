"""No digit of a comparison depends on how the work is cut or shared out."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bce_cli.core.comparison.models import ComparisonPlan, ComparisonTotals, comparison_report
from bce_cli.core.conventions import EXACT
from bce_cli.data.data import open_data, open_models
from bce_cli.engine.run import Job, fold_rows
from bce_cli.errors import DataError
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.grammar import InputOptions
from bce_cli.render.compare import CompareDocument
from bce_cli.render.layout import Look
from bce_cli.render.origin import Origin
from bce_cli.render.write import write_document
from tests.budgets import one_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bce_cli.data.data import Data

N = 600


def generated_rows(n: int) -> Iterator[tuple[int, float, float, float, float, str]]:
    source = random.Random(20260302)  # noqa: S311 -- no secret
    for i in range(n):
        label = source.randrange(2)
        models = [source.betavariate(5, 2) if label else source.betavariate(2, 5) for _ in range(3)]
        if i % 199 == 198:
            models[i % 3] = 1.0 - label
        a, b, c = models
        yield label, a, b, c, source.choice([0.0, 0.5, 3.25]), f"user {source.randrange(40)}"


@pytest.fixture
def columns(preds: Callable[..., str]) -> Callable[[int], Data]:
    """One file with three models."""
    lines = [f'{y},{a!r},{b!r},{c!r},{w},"{g}"\n' for y, a, b, c, w, g in generated_rows(N)]
    path = preds("y,a,b,c,w,g\n" + "".join(lines))
    choice = ColumnChoice("y", "a", "w", cluster="g", rivals=("b", "c"), segments=("g",))

    def opened(block_bytes: int) -> Data:
        return open_data([path], InputOptions(choice, block_bytes=block_bytes))

    return opened


@pytest.fixture
def files(preds: Callable[..., str]) -> Callable[[int], Data]:
    """The same three models, in files whose lines differ in length."""
    rows = list(generated_rows(N))
    paths = [
        preds("y,p,w,g\n" + "".join(f"{y},{a!r},{w},{g}\n" for y, a, _, _, w, g in rows), "a.csv"),
        preds("y,p\n" + "".join(f"{y},{b!r}\n" for y, _, b, _, _, _ in rows), "b.csv"),
        preds("p;y\n" + "".join(f"{c!r};{y}.000\n" for y, _, _, c, _, _ in rows), "c.csv"),
    ]
    choice = ColumnChoice("y", "p", "w", cluster="g", segments=("g",))

    def opened(block_bytes: int) -> Data:
        return open_models(paths, InputOptions(choice, block_bytes=block_bytes))

    return opened


def pages(data: Data, n_workers: int) -> dict[str, str]:
    plan = ComparisonPlan(n_shown=7)
    totals = fold_rows(Job(data, n_workers), partial(ComparisonTotals.of, plan=plan))
    report = comparison_report(totals, ["a", "b", "c"])
    page = CompareDocument(Origin(("x",), "y", ("p",), "w"), EXACT, report, "g", ("g",))
    formats: Any = ("table", "json", "csv", "markdown")
    return {name: write_document(page, name, Look()) for name in formats}


@pytest.fixture
def whole(columns: Callable[[int], Data]) -> dict[str, str]:
    return pages(columns(1 << 20), 1)


@pytest.mark.deep
@pytest.mark.parametrize("n_workers", one_in(3, [7, 1, 2]))
@pytest.mark.parametrize("block_bytes", [1, 997, 1 << 14, 1 << 20])
def test_columns_compare_the_same_to_the_last_byte(
    n_workers: int, block_bytes: int, columns: Callable[[int], Data], whole: dict[str, str]
) -> None:
    assert pages(columns(block_bytes), n_workers) == whole


@pytest.mark.deep
@pytest.mark.parametrize("n_workers", one_in(3, [7, 1, 2]))
@pytest.mark.parametrize("block_bytes", [1, 997, 1 << 14, 1 << 20])
def test_files_compare_as_their_columns_do_to_the_last_byte(
    n_workers: int, block_bytes: int, files: Callable[[int], Data], whole: dict[str, str]
) -> None:
    assert pages(files(block_bytes), n_workers) == whole


@pytest.mark.parametrize("n_workers", [1, 7])
def test_of_faults_in_several_files_the_first_that_is_reached_is_told(
    n_workers: int, preds: Callable[..., str]
) -> None:
    rows = ["1,.5\n"] * 500
    faulty = [*rows[:300], "1,7\n", *rows[301:]]
    paths = preds("y,p\n" + "".join(rows), "a.csv"), preds("y,p\n" + "".join(faulty), "b.csv")
    data = open_models(paths, InputOptions(ColumnChoice(), block_bytes=64))
    with pytest.raises(DataError, match=r"^b.csv, line 302: prediction 7 "):
        pages(data, n_workers)
