"""Copies of the process share the work out, and nothing shows: not a digit, not an error."""

from __future__ import annotations

import gzip
import os
import random
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bce_cli.core.evaluation import Plan, Result
from bce_cli.core.mean_loss import MeanTotals, mean_of
from bce_cli.data.data import Join, open_data
from bce_cli.engine import copies
from bce_cli.engine.copies import shares_of
from bce_cli.engine.run import Job, evaluate, fold_rows
from bce_cli.errors import BceError, DataError
from bce_cli.readers import blocks, columnar
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.grammar import Grammar, InputOptions, Layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bce_cli.core.rows import Rows

    Preds = Callable[..., str]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, threads do it all")

BLOCK = 512  # bytes


def lines(n: int) -> list[str]:
    source = random.Random(20261126)  # noqa: S311 -- no secret
    chances = [source.betavariate(0.5, 0.5) for _ in range(n)]
    rows = [(int(source.random() < p), p) for p in chances]
    rows[:2] = [(1, 1e-200)] * 2  # so that no product needs the rows of all blocks here
    return [f"{label},{p!r},{'ab'[label]}\n" for label, p in rows]


@pytest.fixture(autouse=True)
def _small_shares(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let small files be shared out, and see that no copy outlives a test."""
    monkeypatch.setattr(copies, "BYTES_A_SHARE", BLOCK)
    yield
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.fixture
def rows_path(preds: Preds) -> str:
    return preds("y,p,g\n" + "".join(lines(400)))


def job(path: str, n: int, *, may_copy: bool = True, **choice: Any) -> Job:  # noqa: ANN401
    options = InputOptions(ColumnChoice("y", "p", **choice), block_bytes=BLOCK)
    return Job(open_data([path], options), n, may_copy=may_copy)


def evaluated(path: str, n: int, *, may_copy: bool = True) -> Result:
    plan = Plan(n_first=3, n_worst=4)
    return evaluate(job(path, n, may_copy=may_copy, segments=("g",)), plan)


@pytest.mark.few(1)
@pytest.mark.parametrize("n", [2, 3, 5])
def test_copies_come_to_what_threads_do(n: int, rows_path: str) -> None:
    assert evaluated(rows_path, n) == evaluated(rows_path, n, may_copy=False)


@pytest.mark.deep
def test_a_product_that_lives_long_has_all_its_rows(preds: Preds) -> None:
    path = preds("y,p,g\n" + "1,0.999999,a\n0,1e-7,b\n" * 300)
    found, wanted = (evaluated(path, 3, may_copy=way) for way in (True, False))
    assert found == wanted
    assert all(product.zero_row is None for product in found.products)


def test_each_block_is_done_in_one_process(rows_path: str) -> None:
    pids = fold_rows(job(rows_path, 3), lambda rows: [(os.getpid(), len(rows))])
    numbers = {pid: place for place, (pid, _) in reversed([*enumerate(pids)])}
    assert len(numbers) == 3
    assert numbers[os.getpid()] == 0
    assert [numbers[pid] for pid, _ in pids] == [place % 3 for place in range(len(pids))]
    assert sum(n for _, n in pids) == 400


FAULTS = {
    "own": {0: "2,0.5,a\n"},
    "of a copy": {40: "1,1.5,a\n"},
    "both, the copy's first": {40: "1,1.5,a\n", 80: "x,0.5,a\n", 399: "1,,a\n"},
    "all": dict.fromkeys(range(0, 400, 7), "1,nan,a\n"),
    "too few fields": {41: "1\n"},
    "a quote": {90: '1,0.5,"a\n'},
}


@pytest.mark.few(3)
@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("n", [2, 3])
def test_the_first_fault_is_that_of_threads(n: int, faults: dict[int, str], preds: Preds) -> None:
    text = lines(400)
    for place, line in faults.items():
        text[place] = line
    path, said = preds("y,p,g\n" + "".join(text)), []
    for may_copy in (True, False):
        with pytest.raises(BceError) as caught:
            evaluated(path, n, may_copy=may_copy)
        said.append((type(caught.value), caught.value.said))
    assert said[0] == said[1]


FORMS: dict[str, Callable[[list[str]], str | bytes]] = {
    "line feeds": "".join,
    "no line feed at the end": lambda rows: "".join(rows)[:-1],
    "up to the end of a block, with no line feed": lambda rows: (
        "".join(rows)[:-1] + "a" * (-len("".join(rows)[:-1]) % BLOCK)
    ),
    "returns and line feeds": lambda rows: "".join(rows).replace("\n", "\r\n"),
    "returns alone": lambda rows: "".join(rows).replace("\n", "\r"),
    "a return here and there": lambda rows: (
        "".join(rows[:90]).replace("a\n", "a\r") + "".join(rows[90:])
    ),
    "a mark": lambda rows: "".join(rows).encode("utf-8-sig"),
    "UTF-16": lambda rows: "".join(rows).encode("utf-16"),
    "blank lines": lambda rows: "".join(rows[:70]) + "\n" * 3000 + "".join(rows[70:]),
    "blanks": lambda rows: "".join(rows[:70]) + " " * 3000 + "".join(rows[70:]),
    "quotes from the start": lambda rows: (
        "".join(rows[:1]) + "".join(rows[1:]).replace(",a\n", ',"a"\n')
    ),
    "quotes late": lambda rows: "".join(rows[:300]) + "".join(rows[300:]).replace(",a", ',"\n1,2"'),
    "a quote over many lines": lambda rows: (
        "".join(rows[:200]) + '1,0.5,"a\n' + "".join(rows[200:300]) + '"\n' + "".join(rows[300:])
    ),
    "a text over many blocks": lambda rows: (
        "".join(rows[:200]) + f"1,0.5,{'long' * BLOCK}\n" + "".join(rows[200:])
    ),
    "a text over one block": lambda rows: (
        "".join(rows[:200]) + f"1,0.5,{'l' * BLOCK}\n" * 9 + "".join(rows[200:])
    ),
}


@pytest.mark.few(2)
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("n", [2, 3, 5])
def test_wherever_records_end_they_are_those_of_threads(
    n: int, form: Callable[[list[str]], str | bytes], preds: Preds
) -> None:
    rows = ["y,p,g\n", *lines(400)]
    path = preds(form(rows))
    assert evaluated(path, n) == evaluated(path, n, may_copy=False)
    rows[-3] = rows[-3].replace("0.", "0..", 1)
    preds(form(rows))
    said = []
    for may_copy in (True, False):
        with pytest.raises(BceError) as caught:
            evaluated(path, n, may_copy=may_copy)
        said.append(caught.value.said)
    assert said[0] == said[1]
    assert "0.." in said[0][0]


@pytest.mark.few(1)
@pytest.mark.parametrize("n", [2, 3, 5])
@pytest.mark.parametrize("text", ["l" * 5 * BLOCK, '"' + "l\n" * 3 * BLOCK], ids=["long", "quoted"])
def test_a_record_that_is_too_long_is_told_with_its_line(
    text: str, n: int, preds: Preds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "LONGEST_RECORD", 4 * BLOCK)
    rows = lines(400)
    rows[200] = f"1,0.5,{text}\n"
    path, said = preds("y,p,g\n" + "".join(rows)), []
    for may_copy in (True, False):
        with pytest.raises(DataError, match="line 202: ") as caught:
            evaluated(path, n, may_copy=may_copy)
        said.append(caught.value.said)
    assert said[0] == said[1]


@pytest.mark.few(1)
@pytest.mark.parametrize("n", [2, 3])
def test_comments_are_left_out_wherever_they_stand(n: int, preds: Preds) -> None:
    text = "y,p,g\n" + "".join(line + "# a, b\n" * (at % 3) for at, line in enumerate(lines(400)))
    path = preds(text)
    options = InputOptions(ColumnChoice("y", "p"), layout=Layout(comment="#"), block_bytes=BLOCK)
    found = [
        fold_rows(Job(open_data([path], options), n, may_copy=way), MeanTotals.of)
        for way in (True, False)
    ]
    assert found[0] == found[1]
    assert found[0].n == 400


def parquet(rows: list[str], group: int = 30, name: str = "preds.parquet") -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    cells = [line.rstrip().split(",") for line in rows]
    table = pa.table(
        {
            "y": [int(y) for y, _, _ in cells],
            "p": [float(p) for _, p, _ in cells],
            "g": [g for _, _, g in cells],
        }
    )
    pq.write_table(table, name, row_group_size=group)
    return name


@pytest.fixture
def _small_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "_SPAN_ROWS", 45)


@pytest.mark.few(2)
@pytest.mark.usefixtures("_small_spans")
@pytest.mark.parametrize("n", [2, 3, 5])
@pytest.mark.parametrize("group", [1, 30, 50, 199])
def test_row_groups_are_shared_out_in_spans(group: int, n: int) -> None:
    path = parquet(lines(400), group)
    assert evaluated(path, n) == evaluated(path, n, may_copy=False)
    of_rows = fold_rows(job(path, n), lambda rows: [(os.getpid(), len(rows))])
    assert sum(n_rows for _, n_rows in of_rows) == 400
    assert len({pid for pid, _ in of_rows}) == min(n, 3 if group == 199 else 5)


@pytest.mark.deep
@pytest.mark.usefixtures("_small_spans")
@pytest.mark.parametrize("at", [0, 70, 399])
def test_the_first_fault_of_row_groups_is_that_of_threads(at: int) -> None:
    rows = lines(400)
    for place in (at, 399):
        rows[place] = "1,1.5,a\n"
    path, said = parquet(rows), []
    for may_copy in (True, False):
        with pytest.raises(BceError) as caught:
            evaluated(path, 3, may_copy=may_copy)
        said.append(caught.value.said)
    assert said[0] == said[1]
    assert f"row {at + 1}:" in said[0][0]


@pytest.mark.usefixtures("_small_spans")
def test_damage_that_a_copy_meets_is_told_here() -> None:
    import pyarrow.parquet as pq

    path = parquet(lines(400))
    data = bytearray(Path(path).read_bytes())
    column = pq.ParquetFile(path).metadata.row_group(5).column(1)
    place = column.data_page_offset + column.total_compressed_size // 2
    data[place : place + 40] = bytes(40)
    Path(path).write_bytes(data)
    said = []
    for may_copy in (True, False):
        with pytest.raises(DataError) as caught:
            evaluated(path, 3, may_copy=may_copy)
        said.append(caught.value.said)
    assert said[0] == said[1]


def test_one_span_and_several_files_of_row_groups_are_not_shared_out() -> None:
    path = parquet(lines(400))
    more = parquet(lines(400), name="more.parquet")
    for paths in ([path], [path, more]):
        with open_data(paths, InputOptions(ColumnChoice("y", "p"))) as data:
            assert (data.n_bytes() or 0) > 3 * BLOCK
            assert shares_of(data, 4) == 1


@pytest.mark.deep
def test_copies_read_little_of_what_others_do(preds: Preds) -> None:
    path = preds("y,p\n" + "1,0.9\n0,0.25\n" * 400_000)
    here, n_bytes = os.getpid(), Path(path).stat().st_size

    def read_so_far(_rows: Rows) -> list[tuple[bool, int]]:
        found = Path("/proc/self/io").read_text().split()
        return [(os.getpid() != here, int(found[1]))]

    options = InputOptions(ColumnChoice("y", "p"), block_bytes=1 << 19)
    found = fold_rows(Job(open_data([path], options), 5, may_copy=True), read_so_far)
    of_copies = [n for is_copy, n in found if is_copy]
    assert len(of_copies) > 0.75 * len(found)
    assert max(of_copies) < 0.5 * n_bytes


@pytest.mark.few(1)
@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("at", [3, 200, 399])
def test_lines_of_json_are_shared_out_and_faults_have_their_line(
    at: int, n: int, preds: Preds
) -> None:
    cells = [line.rstrip().split(",") for line in lines(400)]
    text = [f'{{"y": {y}, "p": {p}, "g": "{g}"}}\n' for y, p, g in cells]
    path = preds("".join(text), "preds.jsonl")
    assert evaluated(path, n) == evaluated(path, n, may_copy=False)
    text[at] = text[at].replace('"p": ', '"p": 1')
    preds("".join(text), path)
    for may_copy in (True, False):
        with pytest.raises(DataError, match=f"^{path}, line {at + 1}: prediction"):
            evaluated(path, n, may_copy=may_copy)


@pytest.mark.deep
def test_a_third_label_that_another_process_meets_is_one(preds: Preds) -> None:
    text = ["p,y\n", *["0.5,yes\n0.25,no\n"] * 150, "0.5,maybe\n", *["0.5,yes\n"] * 150]
    said = []
    for may_copy in (True, False):
        of_words = job(preds("".join(text)), 3, may_copy=may_copy)
        of_words.data.baseline.options = InputOptions(
            ColumnChoice("y", "p"),
            grammar=Grammar(positive="yes"),
            block_bytes=BLOCK,
        )
        with pytest.raises(DataError) as caught:
            evaluate(of_words, Plan())
        said.append(caught.value.said)
    assert said[0] == said[1]
    assert "neither 'yes' nor 'no'" in said[0][0]


@pytest.mark.few(2)
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, None], ids=str)
@pytest.mark.parametrize("after", [0, 2])
def test_what_a_copy_leaves_is_done_here(
    after: int, end: signal.Signals | None, rows_path: str
) -> None:
    here = os.getpid()
    done: list[Rows] = []

    def of_rows(rows: Rows) -> MeanTotals:
        if os.getpid() != here and len(done) >= after:
            if end is None:
                message = "a bug"
                raise RuntimeError(message)
            os.kill(os.getpid(), end)
        done.append(rows)
        return MeanTotals.of(rows)

    whole = fold_rows(job(rows_path, 3), of_rows)
    wanted = fold_rows(job(rows_path, 0), MeanTotals.of)
    assert whole == wanted


@pytest.mark.few(1)
@pytest.mark.parametrize("lacking", ["fork", "pipe"])
def test_without_copies_it_is_done_here(
    lacking: str, rows_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise BlockingIOError

    wanted = evaluated(rows_path, 3)
    monkeypatch.setattr(os, lacking, refuse)
    before = len([*Path("/proc/self/fd").iterdir()])
    assert evaluated(rows_path, 3) == wanted
    assert len([*Path("/proc/self/fd").iterdir()]) == before


def test_an_error_here_ends_the_copies(rows_path: str) -> None:
    here = os.getpid()

    def of_rows(rows: Rows) -> MeanTotals:
        if os.getpid() == here:
            message = "here"
            raise DataError(message)
        signal.pause()  # until it is ended
        return MeanTotals.of(rows)

    with pytest.raises(DataError, match="here"):
        fold_rows(job(rows_path, 3), of_rows)


def test_few_bytes_pipes_and_what_is_slow_to_cut_are_not_shared_out(rows_path: str) -> None:
    text = Path(rows_path).read_bytes()
    Path("preds.csv.gz").write_bytes(gzip.compress(text))
    Path("few.csv").write_bytes(text[: 2 * BLOCK])
    options = InputOptions(ColumnChoice("y", "p"), block_bytes=BLOCK)

    def shares(path: str, n: int, join: Join | None = None) -> int:
        with open_data([path], options, join) as data:
            return shares_of(data, n)

    n_bytes = len(text)
    assert [shares(rows_path, n) for n in (1, 2, 3)] == [1, 2, 3]
    assert shares(rows_path, 1000) == n_bytes // BLOCK
    assert shares("preds.csv.gz", 2) == shares("few.csv", 2) == 1
    assert shares(rows_path, 2, Join((), rows_path)) == 1


def test_a_mean_alone_is_shared_out_and_read_again_in_doubt(
    rows_path: str, preds: Preds, bce: Callable[..., Any]
) -> None:
    totals = fold_rows(job(rows_path, 0), MeanTotals.of)
    result = bce("compute", rows_path, "-l", "y", "-p", "p", "-q", "--workers", "3")
    assert (result.stdout, result.stderr) == (f"{mean_of(totals)!r}\n", "")
    bad = preds("y,p\n" + "1,0.1\n0,0.8\n" * 300)
    assert "1 - p would cost" in bce("compute", bad, "-q", "--workers", "3").stderr


@pytest.mark.deep
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=str)
def test_no_copy_outlives_the_command(number: signal.Signals, preds: Preds) -> None:
    path = preds("y,p\n" + "1,0.9\n0,0.2\n" * 6_000_000)
    command = [sys.executable, "-m", "bce_cli", "compute", "-q", path, "--workers", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as running:
        listed = Path(f"/proc/{running.pid}/task/{running.pid}/children")
        while len(found := listed.read_text().split()) < 2:
            assert running.poll() is None
        ends = [os.pidfd_open(int(child)) for child in found]
        running.send_signal(number)
        assert running.wait() != 0
        for end in ends:
            assert select.select([end], [], [], 60)[0]
            os.close(end)
