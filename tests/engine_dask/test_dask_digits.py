"""What a cluster writes is what one machine writes, byte for byte."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bce_cli.core.evaluation import Plan
from bce_cli.data.data import open_data
from bce_cli.engine.connection import Cluster
from bce_cli.engine.run import Job, evaluate
from bce_cli.readers import grammar
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.grammar import InputOptions
from tests.budgets import one_in

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from bce_cli.core.progress import Stage
    from tests.engine_dask.conftest import Outcome

NAMED = ("-l", "y", "-p", "p")
JSON = ("-f", "json")

COMMANDS = [
    ("compute", *NAMED, *JSON),
    ("compute", *NAMED),
    ("compute", *NAMED, "-q"),
    ("compute", *NAMED, "--weight", "q", "--rows", "9", "-f", "markdown"),
    ("compute", *NAMED, "--worst", "40", "--id", "id", *JSON),
    ("compute", *NAMED, "--like", "all", *JSON),
    ("compute", *NAMED, "--by", "site", *JSON),
    ("compare", "-l", "y", "-p", "p", "-p", "q", "--by", "site", "--sort", *JSON),
    ("compare", "-l", "y", "-p", "p", "-p", "q", "--cluster", "site", "--id", "id", *JSON),
    ("check", *NAMED, "--max-loss", "0.3", "--max-ece", "0.1", "--confident", *JSON),
    ("check", *NAMED, "--max-loss", "0.01", "--min-skill", "0.1"),
    ("calibration", *NAMED, "--weight", "q", "--cluster", "site", *JSON),
    ("calibration", *NAMED, "--fine-bins", *JSON),
    ("calibration", *NAMED, "--weight", "q", "--fine-bins", "--strategy", "quantile"),
    ("recalibrate", *NAMED, "--folds", "2", "--method", "platt", "--cluster", "site", *JSON),
    ("compute", *NAMED, "--by", "q", "--by", "site", "--cut", "q=quantile:3", *JSON),
    ("compute", *NAMED, "--by", "q", "--cut", "0.25,0.5", *JSON),
    ("calibration", "-l", "y", "-p", "p", "-p", "q", "--by", "site", *JSON),
    ("calibration", "-l", "y", "-p", "p", "-p", "q", "--fine-bins", "-f", "csv"),
    (
        *("check", *NAMED, "--against-column", "q", "--min-auc", "0.1", "--max-ece", "0.9"),
        *("--min-skill", "-9", "--max-brier", "1", "--confident", "--cluster", "site", *JSON),
    ),
]


@pytest.mark.few(3)
@pytest.mark.usefixtures("tiny_parts")
@pytest.mark.parametrize("form", ["csv", "crlf", "parquet", "gzip"])
@pytest.mark.parametrize("command", [COMMANDS[0], COMMANDS[4]])
def test_threads_write_what_this_process_writes(
    command: tuple[str, ...],
    form: str,
    sources: dict[str, tuple[str, ...]],
    same: Callable[..., Outcome],
) -> None:
    assert same(command[0], *sources[form], *command[1:])[1]


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
@pytest.mark.parametrize("command", one_in(3, COMMANDS))
def test_threads_write_the_same_of_mixed_sources(
    command: tuple[str, ...], sources: dict[str, tuple[str, ...]], same: Callable[..., Outcome]
) -> None:
    call = (command[0], *sources["mixed"], *command[1:])
    assert same(*call)[1] or "-q" in call


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
@pytest.mark.parametrize(
    "command",
    one_in(2, [COMMANDS[0], COMMANDS[4], COMMANDS[6], COMMANDS[8], COMMANDS[12], COMMANDS[15]]),
)
def test_other_processes_write_what_this_process_writes(
    command: tuple[str, ...],
    external: str,
    sources: dict[str, tuple[str, ...]],
    told: Callable[..., Outcome],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call = (command[0], *sources["mixed"], *command[1:])
    local = told(*call)
    assert local[0] == 0
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", external)
    assert told(*call, "--engine", "dask") == local


@pytest.mark.deep
def test_processes_of_its_own_write_the_same_and_nothing_else(
    sources: dict[str, tuple[str, ...]],
    process: Callable[..., subprocess.CompletedProcess[bytes]],
) -> None:
    call = ("compute", *sources["mixed"], *NAMED, *JSON)
    local = process(*call)
    cluster = process(*call, "--engine", "dask", "--workers", "2")
    assert (cluster.returncode, cluster.stderr) == (0, local.stderr)
    assert cluster.stdout == local.stdout


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
def test_what_was_found_out_on_the_way_is_said_once_and_in_order(
    threads: str, told: Callable[..., Outcome]
) -> None:
    text = "y;p\n" + "1;0.5\n0;\n0;0.25\n" * 2000
    Path("a.csv").write_text(text)
    Path("b.tsv").write_text(text.replace(";", "\t"))
    call = ("compute", "a.csv", "b.tsv", "--missing", "drop", "-f", "json")
    local = told(*call)
    assert "a.csv: delimiter ';'" in local[2]
    assert "left out 4,000 rows" in local[2]
    assert told(*call, "--engine", "dask", "--scheduler", threads) == local


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
def test_a_product_that_never_dies_is_multiplied_to_the_end(
    threads: str, told: Callable[..., Outcome]
) -> None:
    Path("sure.csv").write_text("y,p\n" + "1,1\n" * 5000 + "1,0.5\n")
    for output in ("json", "table"):
        call = ("compute", "sure.csv", "-f", output)
        local = told(*call)
        assert local[0] == 0
        assert told(*call, "--engine", "dask", "--scheduler", threads) == local


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
def test_progress_tells_the_same_bytes_in_ever_larger_numbers(
    threads: str, sources: dict[str, tuple[str, ...]]
) -> None:
    copies = [f"{turn}.csv" for turn in range(4)]
    for name in copies:
        Path(name).write_bytes(Path(sources["csv"][0]).read_bytes())

    def seen(cluster: Cluster | None) -> list[Stage]:
        found: list[Stage] = []
        options = InputOptions(ColumnChoice("y", "p"), block_bytes=grammar.BLOCK_BYTES)
        data = open_data(copies, options)
        evaluate(Job(data, 1, found.append, cluster), Plan())
        return found

    local, shared = seen(None), seen(Cluster(threads, 1))
    assert shared[-1] == local[-1]
    assert shared[0] == ("connecting", 0, None, "")
    assert {stage.name for stage in shared[1:]} == {"scanning", "reading"}
    for name in ("scanning", "reading"):
        told = [stage for stage in shared if stage.name == name]
        assert told == sorted(told)
        assert len({stage.done for stage in told}) > 4
    last = [stage for stage in shared if stage.name == "scanning"][-1]
    assert last.done == last.total
