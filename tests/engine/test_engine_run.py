"""No digit depends on how the work is cut or shared out."""

from __future__ import annotations

import os
import random
import threading
from dataclasses import replace
from itertools import chain, groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bce_cli.core.evaluation import Plan
from bce_cli.data.data import Join, open_data, open_models
from bce_cli.engine.run import Job, collect_rows, collect_with, format_rows
from bce_cli.errors import DataError, InputError, UsageError
from bce_cli.readers.blocks import TwoLooks
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.delimited import DelimitedBlock
from bce_cli.readers.grammar import Grammar, InputOptions
from bce_cli.render.layout import Look
from bce_cli.render.rows import RowStream
from bce_cli.render.write import write_document
from tests.budgets import one_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from bce_cli.core.evaluation import Result
    from bce_cli.core.progress import Stage
    from bce_cli.data.data import Data
    from bce_cli.readers.reading import Reading
    from bce_cli.render.compute import ComputeDocument

N = 20_000


def generated_rows(n: int) -> list[str]:
    """Rows whose product underflows late, with a few extremes among them."""
    source = random.Random(20260101)  # noqa: S311 -- no secret
    rows = []
    for i in range(n):
        label = source.randrange(2)
        p = source.betavariate(8, 1) if label else source.betavariate(1, 8)
        if i % 4999 == 4998:
            p = 0.5 if i % 2 else 1e-300
        rows.append(f'{label},{p!r},"row\n{i}"\n')
    return rows


@pytest.fixture
def many(preds: Callable[..., str]) -> str:
    return preds("y,p,id\n" + "".join(generated_rows(N)))


def as_json(document: ComputeDocument) -> str:
    return write_document(document, "json", Look())


@pytest.mark.deep
@pytest.mark.parametrize("n_workers", one_in(3, [7, 1, 2]))
def test_the_report_is_the_same_to_the_last_byte(
    n_workers: int, many: str, document: Callable[..., ComputeDocument]
) -> None:
    options: dict[str, Any] = {"n_worst": 10, "choice": ColumnChoice(id="id")}
    whole = document(many, n_workers=1, **options)
    for block_bytes in (1000, 4099, 1 << 16):
        cut = document(many, n_workers=n_workers, block_bytes=block_bytes, **options)
        assert cut == whole
        for output_format in ("table", "json", "csv", "markdown"):
            assert write_document(cut, output_format, Look()) == write_document(
                whole, output_format, Look()
            )


@pytest.mark.deep
@pytest.mark.parametrize("n_workers", one_in(3, [7, 1, 2]))
def test_all_rows_are_written_the_same_to_the_last_byte(n_workers: int, many: str) -> None:
    def rows(n: int, block_bytes: int) -> bytes:
        stream = RowStream("csv", "nats", has_ids=True)
        options = InputOptions(ColumnChoice(id="id"), block_bytes=block_bytes)
        job = Job(open_data([many], options), n)
        return b"".join(chain.from_iterable(format_rows(job, Plan().convention, stream.rows)))

    whole = rows(1, 1 << 20)
    assert whole.count(b'"row\n') == N
    for block_bytes in (1000, 4099, 1 << 16):
        assert rows(n_workers, block_bytes) == whole


@pytest.mark.few(1)
@pytest.mark.parametrize("n_workers", [1, 2, 5])
def test_all_rows_are_collected_in_their_order(n_workers: int, many: str) -> None:
    def job() -> Job:
        data = open_data((many,), InputOptions(ColumnChoice(), block_bytes=5000))
        return Job(data, n_workers, told.append)

    told: list[Stage] = []
    rows, seen = collect_with(job(), len)
    lines = [line.split(",") for line in generated_rows(N)]
    assert rows.labels.tolist() == [line[0] == "1" for line in lines]
    assert rows.probabilities.tolist() == [float(line[1]) for line in lines]
    assert len(seen) > 1
    assert sum(seen) == N
    size = Path(many).stat().st_size
    assert told[-1] == ("reading", size - len("y,p,id\n"), size, "bytes")
    assert collect_rows(job()).probabilities.tolist() == rows.probabilities.tolist()


def test_rows_left_out_are_seen_and_not_collected(preds: Callable[..., str]) -> None:
    path = preds("y,p\n1,0.5\n0,\n1,0.25\n")
    options = InputOptions(ColumnChoice(), Grammar(drop_missing=True))
    rows, seen = collect_with(Job(open_data((path,), options), 1), len)
    assert rows.probabilities.tolist() == [0.5, 0.25]
    assert rows.missing is None
    assert seen == [3]


def test_several_sources_are_one_data_set(
    preds: Callable[..., str], document: Callable[..., ComputeDocument]
) -> None:
    rows = generated_rows(500)
    whole = document(preds("y,p,t\n" + "".join(rows)), n_worst=3)
    parts = [
        preds("y,p,t\n" + "".join(rows[:200]), "a.csv"),
        preds("y,p,t\n", "empty.csv"),
        preds("y,p,t\n" + "".join(rows[200:]), "b.csv"),
    ]
    both = document(*parts, n_worst=3)
    assert replace(both, origin=whole.origin) == whole


def test_row_numbers_run_on_over_the_sources(
    preds: Callable[..., str], evaluated: Callable[..., Result]
) -> None:
    first, second = preds("y,p\n1,.5\n1,.5\n", "a.csv"), preds("y,p\n1,.5\n1,0\n", "b.csv")
    result = evaluated(first, second, plan=Plan(n_worst=1))
    assert result.totals.first_impossible_row == 4
    assert [row.row for row in result.worst] == [4]


@pytest.mark.parametrize("n_workers", [1, 7])
def test_of_faults_in_several_pieces_the_first_row_is_named(
    n_workers: int, preds: Callable[..., str], evaluated: Callable[..., Result]
) -> None:
    rows = ["1,.5\n"] * 2000
    rows[700], rows[701], rows[1900] = "1,7\n", "1,8\n", "2,.5\n"
    with pytest.raises(DataError) as caught:
        evaluated(preds("y,p\n" + "".join(rows)), n_workers=n_workers, block_bytes=50)
    message, _, more = caught.value.message.partition("; ")
    assert message == "preds.csv, line 702: prediction 7 (column 'p') is not in [0, 1]"
    assert more == "at least 1 more row is faulty"


def test_the_columns_are_told_before_the_first_row_is_read(
    preds: Callable[..., str], document: Callable[..., ComputeDocument]
) -> None:
    told = document(preds("id,target,score\na,1,.5\n")).origin
    assert (told.label_column, told.prediction_columns) == ("target", ("score",))


def test_progress_ends_at_the_bytes_below_the_header(
    preds: Callable[..., str], evaluated: Callable[..., Result]
) -> None:
    heard: list[Stage] = []
    body = "1,.5\n" * 50
    evaluated(preds(f"y,p\n{body}"), progress=heard.append, block_bytes=64, n_workers=1)
    assert heard[-1] == ("reading", len(body), len(body) + len("y,p\n"), "bytes")
    assert heard == sorted(heard)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing.csv", "missing.csv: no such file or directory"),
        ("folder", "folder: there are no data files in this folder"),
        ("preds.csv/x", "preds.csv/x: not a directory"),
        ("a\x00b", r"a\x00b: embedded null byte"),
        ("a\x1b[2J", r"a\x1b[2J: no such file or directory"),
        ("x" * 300, f"{'x' * 300}: file name too long"),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_an_input_that_cannot_be_read_is_named(
    path: str,
    message: str,
    is_first: bool,
    preds: Callable[..., str],
    evaluated: Callable[..., Result],
) -> None:
    Path("folder").mkdir()
    good = preds("y,p\n1,.5\n")
    with pytest.raises(InputError) as caught:
        evaluated(*((path, good) if is_first else (good, path)))
    assert caught.value.message == message


def test_two_sources_without_rows_are_named_together(
    preds: Callable[..., str], evaluated: Callable[..., Result]
) -> None:
    with pytest.raises(DataError) as caught:
        evaluated(preds("y,p\n", "a.csv"), preds("y,p\n", "b.csv"))
    assert caught.value.message == "a.csv, b.csv: there are no rows"


def test_standard_input_is_read_only_once(evaluated: Callable[..., Result]) -> None:
    with pytest.raises(UsageError, match=r"^standard input can be read only once$"):
        evaluated("-", "preds.csv", "-")


def test_a_named_pipe_is_read_to_its_end(
    preds: Callable[..., str], evaluated: Callable[..., Result]
) -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, Path(preds("y,p\n1,.5\n0,.25\n")).read_bytes())
    os.close(write_end)
    try:
        assert evaluated(f"/dev/fd/{read_end}").totals.n == 2
    finally:
        os.close(read_end)


WAYS: dict[str, Callable[[InputOptions], Data]] = {
    "one after the other": lambda options: open_data(["a.csv", "b.csv"], options),
    "by order": lambda options: open_models(["a.csv", "b.csv"], options),
    "models by key": lambda options: open_models(["a.csv", "b.csv"], options, Join(("id",))),
    "labels by key": lambda options: open_data(["a.csv"], options, Join(("id",), "b.csv")),
    "both by key": lambda options: open_models(["a.csv", "b.csv"], options, Join(("id",), "a.csv")),
}


@pytest.fixture
def two_files() -> InputOptions:
    """Write the same rows twice, the second time in a dialect of its own."""
    lines = [f"{i % 2},0.{i % 8 + 1},k{i}" for i in range(200)]
    Path("a.csv").write_text("\n".join(["y,p,id", *lines]) + "\n")
    Path("b.csv").write_text("\n".join(["y;p;id", *lines]).replace(",", ";") + "\n")
    return InputOptions(ColumnChoice("y", "p"), block_bytes=256)


@pytest.mark.parametrize("way", WAYS)
def test_however_rows_meet_all_blocks_are_read_by_the_workers(
    way: str, two_files: InputOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(block: DelimitedBlock) -> Reading:
        readers.append(threading.current_thread().name)
        return TwoLooks.read(block)

    readers: list[str] = []
    monkeypatch.setattr(DelimitedBlock, "read", read)
    assert len(collect_rows(Job(WAYS[way](two_files), 2))) == (400 if "after" in way else 200)
    assert len(readers) > 10
    assert all(name.startswith("bce_") for name in readers)


@pytest.mark.parametrize("way", WAYS)
def test_progress_ends_at_all_bytes_of_all_files(way: str, two_files: InputOptions) -> None:
    told: list[Stage] = []
    data = WAYS[way](two_files)
    collect_rows(Job(data, 2, told.append))
    sizes = [Path(source.path).stat().st_size for source in data.sources]
    read = [stage for stage in told if stage.name == "reading"]
    assert read == sorted(read)
    n_bytes = sum(size - len("y,p,id\n") for size in sizes)
    assert read[-1] == ("reading", n_bytes, sum(sizes), "bytes")
    assert ({stage.name for stage in told} == {"reading"}) == ("key" not in way)


def test_a_join_is_told_stage_by_stage(two_files: InputOptions) -> None:
    told: list[Stage] = []
    collect_rows(Job(WAYS["models by key"](two_files), 2, told.append))
    names = [name for name, _ in groupby(told, key=attrgetter("name"))]
    assert names == [*("joining", "reading"), *("joining", "reading"), "joining", "scoring"]
    joining = [(stage.done, stage.total) for stage in told if stage.name == "joining"]
    assert joining == [(0, 3), (0, 3), (1, 3), (1, 3), (2, 3), (3, 3)]
    assert [stage for stage in told if stage.name == "scoring"] == [
        ("scoring", 0, 200, "rows"),
        ("scoring", 200, 200, "rows"),
    ]


@pytest.mark.parametrize("way", WAYS)
def test_what_is_worth_a_word_is_told_of_every_file(way: str, two_files: InputOptions) -> None:
    data = WAYS[way](two_files)
    collect_rows(Job(data, 2))
    question = "are these models of the same rows? bce compare sets them side by side"
    pooled = f"a.csv and b.csv hold the same 200 labels in the same order: {question}"
    assert data.notes == ["b.csv: delimiter ';'", *[pooled] * (way == "one after the other")]
