"""Whatever write fails, and wherever Ctrl-C comes: the old output or the whole new one."""

from __future__ import annotations

import errno
import gc
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bce_cli.cli import staging
from tests.corpus.columnar import parquet, table
from tests.corpus.packing import PACK

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from typer.testing import Result

OLD = b"old\n"
N = 200
TEXT = "y,p\n" + "".join(f"{i % 2},0.{i:03d}\n" for i in range(N))
FORMATS = [["-f", "csv", "--per-example"], ["-f", "json"], ["-f", "markdown"], ["-q"]]


class FullDisk(staging.SentEarly):
    """A file that takes little at a time, and from some write on nothing."""

    n_writes = 0
    fails_at = 0

    def write(self, data: Any) -> int:  # noqa: ANN401 -- any buffer
        FullDisk.n_writes += 1
        if FullDisk.n_writes >= FullDisk.fails_at > 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(memoryview(data).cast("B")[:512])


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> type[FullDisk]:
    """Write every output to a disk that may be full."""

    monkeypatch.setattr(FullDisk, "n_writes", 0)
    monkeypatch.setattr(FullDisk, "fails_at", 0)
    monkeypatch.setattr(staging, "_SENT_AT_ONCE", 1024)
    monkeypatch.setattr(staging, "SentEarly", FullDisk)
    return FullDisk


def names() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def assert_old_alone(result: Result, code: int, message: str) -> None:
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr == f"bce: error: {message}\n"
    assert Path("out").read_bytes() == OLD
    assert names() == ["out", "preds.csv"]


@pytest.mark.parametrize("options", FORMATS)
def test_the_nth_write_finds_the_disk_full(
    options: list[str], full_disk: type[FullDisk], bce: Callable[..., Result]
) -> None:
    Path("preds.csv").write_text(TEXT)
    args = ("compute", "preds.csv", "-l", "y", "-p", "p", *options, "-o", "out")
    assert bce(*args).exit_code == 0
    new, n_writes = Path("out").read_bytes(), full_disk.n_writes
    assert n_writes > 0
    for n in range(1, n_writes + 1):
        Path("out").write_bytes(OLD)
        full_disk.n_writes, full_disk.fails_at = 0, n
        assert_old_alone(bce(*args), 74, "out: no space left on device")
    full_disk.n_writes, full_disk.fails_at = 0, n_writes + 1
    assert bce(*args).exit_code == 0
    assert Path("out").read_bytes() == new


@pytest.mark.parametrize(
    "step",
    [
        (os, "open", errno.ENOSPC, "no space left on device"),
        (os, "open", errno.EROFS, "read-only file system"),
        (os, "fsync", errno.EIO, "input/output error"),
        (Path, "chmod", errno.EPERM, "operation not permitted"),
        (Path, "replace", errno.EACCES, "permission denied"),
        (Path, "replace", errno.EDQUOT, os.strerror(errno.EDQUOT).lower()),
    ],
)
def test_a_step_of_replacing_the_file_fails(
    step: tuple[Any, str, int, str],
    monkeypatch: pytest.MonkeyPatch,
    bce: Callable[..., Result],
) -> None:
    Path("preds.csv").write_text(TEXT)
    Path("out").write_bytes(OLD)
    holder, name, code, reason = step

    def fail(*_args: object, **_options: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(holder, name, fail)
    result = bce("compute", "preds.csv", "-o", "out")
    assert_old_alone(result, 73 if name == "open" else 74, f"out: {reason}")


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


SHORTAGES = {
    "memory": MemoryError("malloc of size 64 failed"),
    "system": OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
    "library": ImportError("libarrow.so.2600: failed to map segment from shared object"),
    "behind": caused(ImportError("numpy"), ImportError("x.so: cannot allocate memory")),
    "thread": RuntimeError("can't start new thread"),
    "pool": Exception("Failed to launch worker thread: Resource temporarily unavailable"),
}


@pytest.mark.few(10)
@pytest.mark.parametrize("where", ["in a worker", "at the end", "while writing"])
@pytest.mark.parametrize("what", SHORTAGES)
def test_a_shortage_is_one_line_and_leaves_the_old_output(
    what: str, where: str, monkeypatch: pytest.MonkeyPatch, bce: Callable[..., Result]
) -> None:
    Path("preds.csv").write_text(TEXT)
    Path("out").write_bytes(OLD)

    def fail(*_args: object, **_options: object) -> None:
        raise SHORTAGES[what]

    places = {
        "in a worker": "bce_cli.core.rows.Rows.blanked",
        "at the end": "bce_cli.questions.answers.loss_report",
        "while writing": "bce_cli.render.write.write_document",
    }
    monkeypatch.setattr(places[where], fail)
    lacking = "no thread can be started" if what in ("thread", "pool") else "out of memory"
    result = bce("compute", "preds.csv", "-l", "y", "-p", "p", "-o", "out")
    assert_old_alone(result, 71, f"{lacking}; fewer --workers take less")


@pytest.mark.parametrize("name", ["preds.csv", "preds.csv.gz", "preds.parquet", "preds.csv.xz"])
@pytest.mark.parametrize(
    "error", [MemoryError(), OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))], ids=repr
)
def test_a_shortage_while_reading_is_no_damage(
    name: str, error: Exception, monkeypatch: pytest.MonkeyPatch, bce: Callable[..., Result]
) -> None:
    contents: dict[str, Callable[[], bytes]] = {
        "preds.csv": TEXT.encode,
        "preds.csv.gz": lambda: PACK["gz"](TEXT.encode()),
        "preds.csv.xz": lambda: PACK["xz"](TEXT.encode()),
        "preds.parquet": lambda: parquet(table(y=([1, 0],), p=([0.5, 0.25],))),
    }
    Path(name).write_bytes(contents[name]())

    class Short(io.FileIO):
        def readinto(self, _buffer: object) -> int:
            raise error

    opened = Path.open

    def short(path: Path, mode: str = "r", buffering: int = -1, **options: Any) -> Any:  # noqa: ANN401
        is_input = mode == "rb" and buffering == 0
        return Short(path) if is_input else opened(path, mode, buffering, **options)

    monkeypatch.setattr(Path, "open", short)
    result = bce("compute", name, "-q")
    assert result.stderr == "bce: error: out of memory; fewer --workers take less\n"
    assert (result.stdout, result.exit_code) == ("", 71)


def test_sizes_that_no_machine_has_are_damage(
    monkeypatch: pytest.MonkeyPatch, bce: Callable[..., Result]
) -> None:
    import pyarrow.parquet as pq

    Path("preds.parquet").write_bytes(parquet(table(y=([1, 0],), p=([0.5, 0.25],))))

    def fail(*_args: object, **_options: object) -> None:
        message = "malloc of size 1234567890123 failed"
        raise MemoryError(message)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", fail)
    result = bce("compute", "preds.parquet", "-q")
    assert result.exit_code == 65
    assert result.stderr.startswith("bce: error: preds.parquet: the Parquet data are damaged: ")


def test_a_text_in_the_data_is_no_shortage(bce: Callable[..., Result]) -> None:
    Path("preds.csv").write_text("y,p\n1,out of memory\n")
    assert bce("compute", "preds.csv").exit_code == 65


class Interrupt:
    """Counts the lines of the module that run, and raises Ctrl-C on one of them."""

    def __init__(self, at: int) -> None:
        self.n = 0
        self.where = ""
        self._at = at

    def __call__(self, frame: FrameType, event: str, _argument: object) -> Interrupt | None:
        if frame.f_code.co_filename != staging.__file__:
            return None
        if event == "line":
            self.n += 1
            if self.n == self._at:
                self.where = f"{frame.f_code.co_name}, line {frame.f_lineno}"
                raise KeyboardInterrupt
        return self


@pytest.mark.deep
@pytest.mark.few(1)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # streams left open
@pytest.mark.parametrize("options", FORMATS[:2])
def test_an_interrupt_on_any_line_of_the_output_module_leaves_no_temporary_file(
    options: list[str], bce: Callable[..., Result]
) -> None:
    Path("preds.csv").write_text(TEXT)
    args = ("compute", "preds.csv", "-l", "y", "-p", "p", *options, "-o", "out")

    def run(at: int) -> tuple[Interrupt, Result]:
        Path("out").write_bytes(OLD)
        interrupt, before = Interrupt(at), sys.gettrace()
        sys.settrace(interrupt)
        try:
            return interrupt, bce(*args)
        finally:
            sys.settrace(before)

    whole, result = run(0)
    assert (result.exit_code, result.stderr) == (0, "")
    new = Path("out").read_bytes()
    assert whole.n > 20
    left: list[str] = []
    for at in range(1, whole.n + 1):
        interrupt, result = run(at)
        assert (result.exit_code, result.stdout) == (130, ""), interrupt.where
        assert Path("out").read_bytes() in (OLD, new), interrupt.where
        for name in set(names()) - {"out", "preds.csv"}:
            left.append(interrupt.where)
            Path(name).unlink()
    gc.collect()
    assert left == []
