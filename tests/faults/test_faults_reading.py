"""Whatever read fails, the error names the input, and the old output is all there is."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.corpus.columnar import arrow_stream, parquet, table
from tests.corpus.packing import PACK

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from typer.testing import Result

N = 40
TEXT = b"y,p\n" + b"".join(b"%d,0.%02d\n" % (i % 2, i) for i in range(N))
LINES = b"".join(b'{"y": %d, "p": 0.%02d}\n' % (i % 2, i) for i in range(N))
OLD = b"old\n"
READS_AT_ONCE = 64  # bytes: a short read is no end


def columns() -> Any:  # noqa: ANN401 -- pyarrow has no types
    return table(y=([i % 2 for i in range(N)],), p=([float(f"0.{i:02d}") for i in range(N)],))


SOURCES: dict[str, Callable[[], bytes]] = {
    "preds.csv": lambda: TEXT,
    "preds.utf16.csv": lambda: TEXT.decode().encode("utf-16"),
    "preds.jsonl": lambda: LINES,
    "preds.parquet.gz": lambda: PACK["gz"](parquet(columns())),
    "preds.arrow": lambda: arrow_stream(columns(), 7),
    "preds.arrow.zst": lambda: PACK["zst"](arrow_stream(columns(), 7)),
    **{
        f"preds.csv.{extension}": lambda pack=pack: pack(TEXT[:90]) + pack(TEXT[90:])  # type: ignore[misc]
        for extension, pack in PACK.items()
    },
}


class Reads:
    """Counts reads, and lets one of them fail."""

    def __init__(self) -> None:
        self.n = 0
        self.fails_at = 0


class FaultyFile(io.FileIO):
    """A file that gives little at a time."""

    def __init__(self, path: Path, reads: Reads) -> None:
        super().__init__(path)
        self._reads = reads

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 -- any buffer
        self._reads.n += 1
        if self._reads.n == self._reads.fails_at:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().readinto(memoryview(buffer).cast("B")[:READS_AT_ONCE])


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """Open every input as a faulty file."""
    counted, opened = Reads(), Path.open

    def faulty(path: Path, mode: str = "r", buffering: int = -1, **options: Any) -> Any:  # noqa: ANN401
        if mode == "rb" and buffering == 0:
            return FaultyFile(path, counted)
        return opened(path, mode, buffering, **options)

    monkeypatch.setattr(Path, "open", faulty)
    return counted


@pytest.mark.few(4)
@pytest.mark.parametrize("name", SOURCES)
def test_the_nth_read_fails(name: str, reads: Reads, bce: Callable[..., Result]) -> None:
    Path(name).write_bytes(SOURCES[name]())
    args = ("compute", name, "-l", "y", "-p", "p", "--per-example", "-f", "csv", "-o", "out.csv")
    assert bce(*args).exit_code == 0
    new, n_reads = Path("out.csv").read_bytes(), reads.n
    assert new.count(b"\n") == N + 1
    assert n_reads > 3
    for n in range(1, n_reads + 1):
        Path("out.csv").write_bytes(OLD)
        reads.n, reads.fails_at = 0, n
        result = bce(*args)
        assert result.exit_code == 66, (n, result.output)
        assert result.stdout == ""
        assert result.stderr == f"bce: error: {name}: input/output error\n"
        assert Path("out.csv").read_bytes() == OLD
        assert {path.name for path in Path().iterdir()} == {name, "out.csv"}
    reads.n, reads.fails_at = 0, n_reads + 1
    assert bce(*args).exit_code == 0
    assert Path("out.csv").read_bytes() == new


@pytest.mark.parametrize("options", [["-q"], ["-f", "json"], ["--per-example"], ["--worst", "3"]])
def test_a_late_read_that_fails_leaves_standard_output_empty(
    options: list[str], reads: Reads, bce: Callable[..., Result]
) -> None:
    Path("preds.csv").write_bytes(TEXT)
    reads.fails_at = 6
    result = bce("compute", "preds.csv", *options)
    assert (result.exit_code, result.stdout) == (66, "")
    assert result.stderr == "bce: error: preds.csv: input/output error\n"


def test_a_second_source_that_fails_is_the_one_named(
    reads: Reads, bce: Callable[..., Result]
) -> None:
    Path("a.csv").write_bytes(TEXT)
    Path("b.csv").write_bytes(TEXT)
    assert bce("compute", "-q", "a.csv").exit_code == 0
    reads.fails_at, reads.n = reads.n + 2, 0
    result = bce("compute", "-q", "a.csv", "b.csv")
    assert (result.exit_code, result.stdout) == (66, "")
    assert result.stderr == "bce: error: b.csv: input/output error\n"


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="there is no such file")
@pytest.mark.parametrize("path", ["-", "/proc/self/mem"])
def test_an_input_that_the_system_cannot_read_is_named(
    path: str, process: Callable[..., subprocess.CompletedProcess[bytes]]
) -> None:
    with Path("/proc/self/mem").open("rb", buffering=0) as unreadable:
        done = process("compute", path, "-q", stdin=unreadable)
    assert (done.returncode, done.stdout) == (66, b"")
    name = "standard input" if path == "-" else path
    assert done.stderr.decode() == f"bce: error: {name}: input/output error\n"
