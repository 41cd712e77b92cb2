"""Pipes, signals, closed streams and encodings: what only a process of its own can show."""

from __future__ import annotations

import fcntl
import os
import shlex
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

Process = subprocess.CompletedProcess[bytes]

GOOD = "y,p\n1,0.9\n0,0.2\n"
MEAN = b"0.16425203348601802\n"
NAMED = ("-l", "y", "-p", "p")

needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


def n_unread(pipe: IO[bytes]) -> int:
    """Count the bytes that have been written to a pipe and not read."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


@pytest.fixture
def shell() -> Callable[[str], Process]:
    """Run a line of shell in which ``bce`` is the command under test."""

    def run(line: str) -> Process:
        command = shlex.join([sys.executable, "-m", "bce_cli"])
        script = f'bce() {{ {command} "$@"; }}\n{line}'
        streams = {"stdin": subprocess.DEVNULL, "capture_output": True}
        return subprocess.run(["/bin/sh", "-c", script], check=False, timeout=120, **streams)  # type: ignore[call-overload, no-any-return]

    return run


@pytest.mark.parametrize(
    "args", [["--help"], ["compute", "--help"], ["--version"], ["--show-completion", "bash"]]
)
def test_texts_for_a_reader_who_has_left_end_silently(
    args: list[str], process: Callable[..., Process]
) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        done = process(*args, stdout=write_end)
    finally:
        os.close(write_end)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.few(1)
@pytest.mark.parametrize("output_format", ["table", "json", "csv", "markdown"])
def test_rows_for_a_reader_who_leaves_early_end_silently(
    output_format: str, preds: Callable[..., str]
) -> None:
    path = preds("y,p\n" + "1,0.123456789\n" * 100_000)
    command = [sys.executable, "-m", "bce_cli", "compute", path, *NAMED, "--per-example"]
    with subprocess.Popen(
        [*command, "-f", output_format], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline() != b""
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 141


@pytest.mark.few(1)
@needs_full
@pytest.mark.parametrize("options", [[], ["-q"], ["--per-example"]])
def test_a_full_device_is_named(
    options: list[str], preds: Callable[..., str], process: Callable[..., Process]
) -> None:
    with Path("/dev/full").open("wb") as full:
        done = process("compute", preds(GOOD), *NAMED, *options, stdout=full)
    assert done.stderr == b"bce: error: standard output: no space left on device\n"
    assert done.returncode == 74


@needs_full
@pytest.mark.parametrize(
    "args", [["--help"], ["compute", "--help"], ["--version"], ["--show-completion", "bash"]]
)
def test_a_full_device_is_named_for_texts_too(
    args: list[str], process: Callable[..., Process]
) -> None:
    with Path("/dev/full").open("wb") as full:
        done = process(*args, stdout=full)
    assert done.stderr == b"bce: error: standard output: no space left on device\n"
    assert done.returncode == 74


@pytest.mark.deep
@needs_full
def test_a_full_device_as_output_file_is_named(
    preds: Callable[..., str], process: Callable[..., Process]
) -> None:
    done = process("compute", preds(GOOD), *NAMED, "-o", "/dev/full")
    assert done.stderr == b"bce: error: /dev/full: no space left on device\n"
    assert (done.stdout, done.returncode) == (b"", 74)


def test_an_interrupt_while_a_pipe_is_open_ends_without_a_traceback() -> None:
    command = [sys.executable, "-m", "bce_cli", "compute", "-", *NAMED, "-f", "json"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as running:
        assert running.stdin is not None
        running.stdin.write(b"y,p\n" + b"1,0.5\n" * 50_000)  # a pipe holds less, so it is reading
        running.stdin.flush()
        while n_unread(running.stdin):  # until it has read all there is, and waits
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        printed, said = running.communicate(timeout=300)
    assert b"Traceback" not in said
    assert (printed, running.returncode) == (b"", 130)


@pytest.mark.few(1)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_leaves_no_temporary_file(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "bce_cli", "compute", "-", *NAMED, "-o", "out.txt"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as running:
        assert running.stdin is not None
        running.stdin.write(b"y,p\n" + b"1,0.5\n" * 50_000)  # a pipe holds less, so it is reading
        running.stdin.flush()
        while not list(Path().iterdir()):  # until the temporary file is there
            time.sleep(0.01)
        running.send_signal(number)
        printed, said = running.communicate(timeout=300)
    assert (printed, said, running.returncode) == (b"", b"", 128 + number)
    assert list(Path().iterdir()) == []


def test_signals_that_are_ignored_end_nothing() -> None:
    ignored = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)
    script = "trap '' INT HUP TERM; exec \"$@\""
    command = ["/bin/sh", "-c", script, "sh", sys.executable, "-m", "bce_cli", "compute", "-", "-q"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as running:
        assert running.stdin is not None
        running.stdin.write(b"y,p\n" + b"1,0.5\n" * 50_000)  # a pipe holds less, so it is reading
        running.stdin.flush()
        for number in ignored:
            running.send_signal(number)
        printed, said = running.communicate(timeout=300)
    assert (printed, said, running.returncode) == (b"0.6931471805599453\n", b"", 0)


@pytest.mark.few(4)
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("bce compute - <&-", (66, b"", b"bce: error: standard input is closed\n")),
        ("bce compute -q preds.csv <&-", (0, MEAN, b"")),
        ("bce compute -q preds.csv >&-", (74, b"", b"bce: error: standard output is closed\n")),
        ("bce --version >&-", (74, b"", b"bce: error: standard output is closed\n")),
        ("bce compute -q -o out preds.csv >&- && cat out", (0, MEAN, b"")),
        ("bce compute -q preds.csv 2>&-", (0, MEAN, b"")),
        ("bce compute no.csv 2>&-", (66, b"", b"")),
        ("bce compute -q preds.csv <&- >&- 2>&-", (74, b"", b"")),
        ("cat preds.csv | bce compute -q", (0, MEAN, b"")),
        ("cat preds.csv | bce compute -q -", (0, MEAN, b"")),
        ("bce compute -q < preds.csv", (0, MEAN, b"")),
        ("bce compute -q /dev/stdin < preds.csv", (0, MEAN, b"")),
    ],
)
def test_streams_may_be_closed_or_redirected(
    line: str,
    expected: tuple[int, bytes, bytes],
    preds: Callable[..., str],
    shell: Callable[[str], Process],
) -> None:
    preds(GOOD)
    done = shell(line)
    assert (done.returncode, done.stdout, done.stderr) == expected


@pytest.mark.deep
@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
)
def test_a_table_for_a_place_without_unicode_is_ascii(
    environment: dict[str, str], preds: Callable[..., str], process: Callable[..., Process]
) -> None:
    path = preds("y,p,\u0438\u043c\u044f\n1,0.9,\u0430\n0,0.2,b\n")
    args = ("compute", path, *NAMED, "--id", "#3", "--worst", "1")
    done = process(*args, env={**os.environ, **environment})
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()
    assert b"  1  \\u0430  " in done.stdout
    header, _, *rows = done.stdout.decode().partition("Row by row\n")[2].splitlines()[:4]
    assert {len(row) for row in rows} == {len(header)}


@pytest.mark.deep
def test_a_table_in_the_c_locale_is_fine(
    preds: Callable[..., str], process: Callable[..., Process]
) -> None:
    done = process("compute", preds(GOOD), *NAMED, env={**os.environ, "LANG": "C", "LC_ALL": "C"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert "\n\npreds.csv: 2 rows, 1 with label 1 (50.0 %)\n" in done.stdout.decode()


def test_an_error_is_shown_where_standard_error_has_only_ascii(
    process: Callable[..., Process],
) -> None:
    done = process("compute", "\u0430.csv", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.stderr == b"bce: error: \\u0430.csv: no such file or directory\n"
    assert (done.stdout, done.returncode) == (b"", 66)


@pytest.mark.deep
def test_a_path_that_is_no_utf8_is_read_and_shown(process: Callable[..., Process]) -> None:
    Path(os.fsdecode(b"caf\xe9.csv")).write_text(GOOD)
    done = process("compute", os.fsdecode(b"caf\xe9.csv"), *NAMED, "-f", "json")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b'"mean_loss": ' + MEAN.strip() in done.stdout
