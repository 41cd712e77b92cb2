"""Signals and limits on whole processes: the old output or the whole new one, never half."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.budgets import one_in

if TYPE_CHECKING:
    from collections.abc import Callable

OLD = b"old\n"
COMMAND = ("compute", "big.csv", "-l", "y", "-p", "p", "--per-example", "-f", "csv")
N = 250_000
SEEDS = range(6)

LIMITED = """
import resource, sys
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
from bce_cli.cli import run
run()
"""

SHORT_OF_MEMORY = """
import resource, sys
limit = int(sys.argv.pop(1)) << 20
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
from bce_cli.cli import run
run()
"""

ENDED = """
import os, resource, signal
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))
from bce_cli import cli

def main():
    os.write(2, b"words\\n")
    END

cli.main = main
cli.run()
"""

INTERRUPTED_BY_IMPORT = """
import os, signal, sys
name = sys.argv.pop(1)
class Finder:
    def find_spec(self, found, path=None, target=None):
        if found == name:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
from bce_cli.cli import run
run()
"""


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, float]:
    """Make a file that takes a while; return it, its whole output, and how long that takes."""
    path = tmp_path_factory.mktemp("big") / "big.csv"
    rng = random.Random(20261124)  # noqa: S311 -- no secrets
    path.write_text("y,p\n" + "".join(f"{i % 2},{rng.random()!r}\n" for i in range(N)))
    command = [sys.executable, "-m", "bce_cli", *COMMAND]
    start = time.monotonic()
    done = subprocess.run(command, check=True, capture_output=True, cwd=path.parent)
    return path, done.stdout, time.monotonic() - start


@pytest.fixture
def here(big: tuple[Path, bytes, float]) -> None:
    """Put the big file into the current folder, beside an old output."""
    os.link(big[0], "big.csv")
    Path("out.csv").write_bytes(OLD)


def names() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def started() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bce_cli", *COMMAND, "-o", "out.csv"]
    pipe = subprocess.PIPE
    running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe)
    while running.poll() is None and len(names()) == 2:
        time.sleep(0.001)  # until it has begun with the new output
    return running


def finished(running: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    with running:
        printed, said = running.communicate(timeout=300)
    return running.returncode, printed, said


@pytest.mark.deep
@pytest.mark.few(1)
@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("seed", one_in(3, SEEDS))
def test_an_interrupt_leaves_the_old_output_or_the_whole_new_one(
    seed: int, big: tuple[Path, bytes, float]
) -> None:
    running = started()
    time.sleep(random.Random(seed).uniform(0.0, big[2]))  # noqa: S311
    running.send_signal(signal.SIGINT)
    code, printed, said = finished(running)
    assert (code, printed) in [(0, b""), (130, b"")]
    assert b"Traceback" not in said
    assert Path("out.csv").read_bytes() in ([big[1]] if code == 0 else [OLD, big[1]])
    assert names() == ["big.csv", "out.csv"]


@pytest.mark.few(1)
@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("seed", one_in(3, SEEDS))
def test_a_killed_process_leaves_the_old_output_or_the_whole_new_one(
    seed: int, big: tuple[Path, bytes, float]
) -> None:
    running = started()
    time.sleep(random.Random(~seed).uniform(0.0, big[2]))  # noqa: S311
    running.kill()
    code, printed, _ = finished(running)
    assert (code, printed) in [(0, b""), (-signal.SIGKILL, b"")]
    assert Path("out.csv").read_bytes() in ([big[1]] if code == 0 else [OLD, big[1]])


@pytest.mark.few(3)
@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "name",
    [
        *("typer", "bce_cli.cli.app", "bce_cli.cli.compute", "bce_cli.errors"),
        *("numpy", "bce_cli.engine.run", "bce_cli.data.data", "pyarrow", "pyarrow._compute"),
    ],
)
def test_an_interrupt_while_modules_are_loaded_ends_without_a_traceback(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_BY_IMPORT, name, *COMMAND, "-o", "out.csv"],
        check=False,
        capture_output=True,
        timeout=300,
    )
    assert b"Traceback" not in done.stderr
    assert (done.returncode, done.stdout) in [(130, b""), (-signal.SIGINT, b"")]
    assert Path("out.csv").read_bytes() == OLD
    assert names() == ["big.csv", "out.csv"]


@pytest.mark.deep
@pytest.mark.usefixtures("here")
def test_an_interrupt_while_modules_are_loaded_is_ignored_as_it_was_before(
    big: tuple[Path, bytes, float],
) -> None:
    python = [sys.executable, "-c", INTERRUPTED_BY_IMPORT, "typer", *COMMAND, "-o", "out.csv"]
    ignoring = ["/bin/sh", "-c", "trap '' INT; exec \"$@\"", "sh", *python]
    done = subprocess.run(ignoring, check=False, capture_output=True, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert Path("out.csv").read_bytes() == big[1]


@pytest.fixture
def limited() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Run the command line in a process that cannot write files of more than some bytes."""

    def run(
        limit: int, *args: str, stdout: int = subprocess.PIPE, **variables: str
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-c", LIMITED, str(limit), *args],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=300,
            env=os.environ | variables,
        )

    return run


@pytest.mark.few(1)
@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("share", [0.0, 1e-7, 0.3, 0.9999999])
def test_an_output_file_that_may_not_grow_stays_as_it_was(
    share: float,
    big: tuple[Path, bytes, float],
    limited: Callable[..., subprocess.CompletedProcess[bytes]],
) -> None:
    done = limited(int(share * len(big[1])), *COMMAND, "-o", "out.csv")
    assert (done.returncode, done.stdout) == (74, b"")
    assert done.stderr == b"bce: error: out.csv: file too large\n"
    assert Path("out.csv").read_bytes() == OLD
    assert names() == ["big.csv", "out.csv"]


@pytest.mark.deep
@pytest.mark.usefixtures("here")
def test_an_output_file_of_just_the_size_allowed_is_written(
    big: tuple[Path, bytes, float], limited: Callable[..., subprocess.CompletedProcess[bytes]]
) -> None:
    done = limited(len(big[1]), *COMMAND, "-o", "out.csv")
    assert (done.returncode, done.stdout) == (0, b"")
    assert Path("out.csv").read_bytes() == big[1]


@pytest.mark.deep
@pytest.mark.usefixtures("here")
def test_rows_that_no_temporary_file_can_hold_are_not_printed_in_part(
    limited: Callable[..., subprocess.CompletedProcess[bytes]],
) -> None:
    done = limited(1 << 20, *COMMAND)
    assert (done.returncode, done.stdout) == (74, b"")
    assert done.stderr == b"bce: error: temporary file: file too large\n"


@pytest.mark.few(1)
@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_standard_output_that_may_not_grow_is_named(
    unbuffered: str, limited: Callable[..., subprocess.CompletedProcess[bytes]]
) -> None:
    args = ("compute", "big.csv", "-f", "json")
    with Path("printed").open("wb") as printed:
        done = limited(10, *args, stdout=printed.fileno(), PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 74
    assert done.stderr == b"bce: error: standard output: file too large\n"


@pytest.mark.deep
@pytest.mark.usefixtures("here")
def test_an_interrupted_process_that_prints_has_printed_nothing(
    big: tuple[Path, bytes, float],
) -> None:
    command = [sys.executable, "-m", "bce_cli", "compute", "-", *COMMAND[2:]]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as running:
        assert running.stdin is not None
        running.stdin.write(big[0].read_bytes())  # more than a pipe holds: most has been read
        running.stdin.flush()
        running.send_signal(signal.SIGINT)
        printed, said = running.communicate(timeout=300)
    assert b"Traceback" not in said
    assert (running.returncode, printed) == (130, b"")


OUT_OF_MEMORY = b"bce: error: out of memory; fewer --workers take less\n"
KINDS = {
    "rows": (*COMMAND, "-o", "out.csv"),
    "report": ("compute", "big.csv", "-f", "csv", "-o", "out.csv"),
    "calibration": ("calibration", "big.csv", "-f", "csv", "-o", "out.csv"),
}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("kind", "limit"),
    [
        ("rows", 200),
        *(
            pytest.param(kind, limit, marks=pytest.mark.deep)
            for kind in KINDS
            for limit in (100, 150, 250, 300, 350, 400, 500, 700, 1000)
            # With less, SciPy's OpenBLAS may wait for memory for ever while it is loaded.
            if kind != "calibration" or limit >= 500
        ),
    ],
)
def test_little_memory_does_or_is_one_line_and_leaves_the_old_output(kind: str, limit: int) -> None:
    python = [sys.executable, "-c", SHORT_OF_MEMORY]
    done = subprocess.run(
        [*python, str(limit), *KINDS[kind]], check=False, capture_output=True, timeout=300
    )
    assert done.stdout == b""
    assert names() == ["big.csv", "out.csv"]
    if done.returncode == 71:
        assert done.stderr in (
            OUT_OF_MEMORY,
            b"bce: error: no thread can be started; fewer --workers take less\n",
        )
        assert Path("out.csv").read_bytes() == OLD
        return
    assert (done.returncode, limit > 200) == (0, True)
    found = Path("out.csv").read_bytes()
    ample = [*python, "8000", *KINDS[kind]]
    subprocess.run(ample, check=True, capture_output=True, timeout=300)
    assert Path("out.csv").read_bytes() == found


@pytest.mark.parametrize(
    ("end", "code", "said"),
    [
        ("os.abort()", 71, OUT_OF_MEMORY),
        pytest.param("os._exit(127)", 71, OUT_OF_MEMORY, marks=pytest.mark.deep),
        pytest.param("raise SystemExit(5)", 5, b"words\n", marks=pytest.mark.deep),
        pytest.param(
            "os.kill(os.getpid(), signal.SIGKILL)",
            -signal.SIGKILL,
            b"words\n",
            marks=pytest.mark.deep,
        ),
    ],
)
def test_a_sudden_end_where_memory_is_limited_is_told(end: str, code: int, said: bytes) -> None:
    command = [sys.executable, "-c", ENDED.replace("END", end)]
    done = subprocess.run(command, check=False, capture_output=True, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (code, b"", said)


@pytest.mark.deep
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("is_ignored", [False, True])
def test_signals_are_passed_on_where_memory_is_limited(
    number: signal.Signals,
    is_ignored: bool,
) -> None:
    script = f"trap '' {number.name[3:]}; exec \"$@\"" if is_ignored else 'exec "$@"'
    python = [sys.executable, "-c", SHORT_OF_MEMORY, "8000", "compute", "-", "-q", "-o", "out"]
    command = ["/bin/sh", "-c", script, "sh", *python]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as running:
        assert running.stdin is not None
        running.stdin.write(b"y,p\n" + b"1,0.5\n" * 50_000)  # a pipe holds less, so it is reading
        running.stdin.flush()
        running.send_signal(number)
        printed, said = running.communicate(timeout=300)
    assert (printed, said) == (b"", b"")
    assert running.returncode == (0 if is_ignored else 128 + number)
    assert names() == (["out"] if is_ignored else [])


NOHUP = "/usr/bin/nohup"


@pytest.mark.skipif(not Path(NOHUP).exists(), reason="there is no nohup")
def test_nohup_outlives_the_terminal() -> None:
    python = [sys.executable, "-m", "bce_cli", "compute", "-", "-q", "-o", "out"]
    pipe = subprocess.PIPE
    with subprocess.Popen([NOHUP, *python], stdin=pipe, stdout=pipe, stderr=pipe) as running:
        assert running.stdin is not None
        running.stdin.write(b"y,p\n" + b"1,0.5\n" * 50_000)  # a pipe holds less, so it is reading
        running.stdin.flush()
        running.send_signal(signal.SIGHUP)
        printed, said = running.communicate(timeout=300)
    assert (printed, said, running.returncode) == (b"", b"", 0)
    assert Path("out").read_bytes() == b"0.6931471805599453\n"
    assert names() == ["out"]


@pytest.mark.deep
@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "engine", [[], pytest.param(["--engine", "dask", "--workers", "1"], marks=pytest.mark.deep)]
)
def test_whoever_ignores_signals_has_all_processes_ignore_them(engine: list[str]) -> None:
    ignoring = ["/bin/sh", "-c", "trap '' HUP INT TERM; echo; exec \"$@\"", "sh"]
    command = [sys.executable, "-m", "bce_cli", "compute", "big.csv", "-q"]
    told = subprocess.run(command, check=True, capture_output=True, timeout=300)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*ignoring, *command, *engine], stdout=pipe, stderr=pipe, start_new_session=True
    ) as running:
        assert running.stdout is not None
        assert os.read(running.stdout.fileno(), 1) == b"\n"  # from now on they are ignored
        while running.poll() is None:  # wherever it is, and whatever it has started
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
                os.killpg(running.pid, number)
            time.sleep(0.02)
        printed, said = running.communicate(timeout=300)
    assert (running.returncode, printed, said) == (0, told.stdout, b"")
