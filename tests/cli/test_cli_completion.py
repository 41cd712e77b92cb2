"""What shells ask for: the script of completion, its installation, and the words that fit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

Process = subprocess.CompletedProcess[bytes]

SCRIPTS = {
    "bash": b"complete -o default -F _bce_completion bce\n",
    "zsh": b"compdef _bce_completion bce\n",
    "fish": b'complete --command bce --no-files --keep-order --arguments "(_bce_completion)"\n',
    "powershell": b"Register-ArgumentCompleter -Native -CommandName bce ",
}
PLACES = {
    "bash": ".bash_completions/bce.sh",
    "zsh": ".zfunc/_bce",
    "fish": ".config/fish/completions/bce.fish",
}

# What it starts has no ancestor but the first process, which adopts it.
ORPHAN = """
import os, subprocess, sys, time
if os.fork():
    os._exit(0)
os.setsid()
while os.getppid() == int(sys.argv[1]):
    time.sleep(0.01)
done = subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL)
open("code.txt", "w").write(str(done.returncode))
"""


@pytest.fixture
def orphan() -> Callable[..., tuple[int, bytes, bytes]]:
    """Run the command line below no shell; return its exit code and what it printed."""

    def run(*args: str, **environment: str) -> tuple[int, bytes, bytes]:
        script = f"import os, sys\nsys.argv.insert(1, str(os.getpid()))\n{ORPHAN}"
        command = [sys.executable, "-c", script, sys.executable, "-m", "bce_cli", *args]
        env = {**os.environ, **environment}
        done = subprocess.run(command, check=True, capture_output=True, timeout=120, env=env)
        return int(Path("code.txt").read_text()), done.stdout, done.stderr

    return run


@pytest.fixture
def ancestor() -> Callable[[str | None], None]:
    """Say which shell the search among the ancestors is to find, if any."""

    def find(shell: str | None) -> None:
        found = f"return {shell!r}, ''" if shell else "raise ShellDetectionFailure"
        Path("shellingham.py").write_text(  # before the real one: Python looks here first
            f"class ShellDetectionFailure(EnvironmentError): pass\ndef detect_shell(): {found}\n"
        )

    return find


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_script_of_a_named_shell_is_shown_where_there_is_none(
    shell: str, orphan: Callable[..., tuple[int, bytes, bytes]]
) -> None:
    code, printed, said = orphan("--show-completion", shell)
    assert (code, said) == (0, b"")
    assert SCRIPTS[shell] in printed


@pytest.mark.parametrize("shell", PLACES)
def test_a_named_shell_is_served_where_there_is_none(
    shell: str, orphan: Callable[..., tuple[int, bytes, bytes]]
) -> None:
    Path("home").mkdir()
    code, printed, said = orphan(f"--install-completion={shell}", HOME=str(Path("home").resolve()))
    assert (code, said) == (0, b"")
    assert printed.startswith(f"{shell} completion installed in ".encode())
    assert SCRIPTS[shell].strip() in Path("home", PLACES[shell]).read_bytes()


@pytest.mark.parametrize("around", ["zsh", "tcsh", None])
def test_a_named_shell_outranks_the_one_around(
    around: str | None, ancestor: Callable[[str | None], None], process: Callable[..., Process]
) -> None:
    ancestor(around)
    done = process("--show-completion", "bash")
    assert (done.returncode, done.stderr) == (0, b"")
    assert SCRIPTS["bash"] in done.stdout


@pytest.mark.parametrize("shell", SCRIPTS)
def test_without_a_name_the_shell_around_is_meant(
    shell: str, ancestor: Callable[[str | None], None], process: Callable[..., Process]
) -> None:
    ancestor(shell)
    done = process("--show-completion")
    assert (done.returncode, done.stderr) == (0, b"")
    assert SCRIPTS[shell] in done.stdout


@pytest.mark.parametrize("option", ["--show-completion", "--install-completion"])
@pytest.mark.parametrize("around", ["tcsh", None])
def test_where_no_shell_is_named_and_none_found_one_has_to_be_named(
    option: str,
    around: str | None,
    ancestor: Callable[[str | None], None],
    process: Callable[..., Process],
) -> None:
    ancestor(around)
    done = process(option)
    assert done.stderr.decode() == (
        f"bce: error: {option} cannot tell which shell this is; name one, such as {option} bash\n"
    )
    assert (done.stdout, done.returncode) == (b"", 2)


@pytest.mark.parametrize("option", ["--show-completion", "--install-completion"])
def test_a_shell_that_is_not_known_is_refused(option: str, process: Callable[..., Process]) -> None:
    done = process(option, "tcsh\n")
    assert done.stderr.decode() == (
        f"bce: error: {option} cannot serve the shell 'tcsh\\n'\n"
        "bce: known are bash, zsh, fish, powershell, pwsh\n"
    )
    assert (done.stdout, done.returncode) == (b"", 2)


def test_a_home_that_takes_no_files_is_named(process: Callable[..., Process]) -> None:
    done = process("--install-completion", "bash", env={**os.environ, "HOME": "/dev/null"})
    assert done.stderr == b"bce: error: /dev/null: file exists\n"
    assert (done.stdout, done.returncode) == (b"", 73)


def test_a_script_that_nobody_reads_is_a_broken_pipe(process: Callable[..., Process]) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = process("--show-completion", "bash", stdout=write_end)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (141, b"")


def test_help_outranks_completion(process: Callable[..., Process]) -> None:
    done = process("--show-completion", "--help")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"Usage: bce ")


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("bce comp", ["compute", "compare"]),
        ("bce compute --per", ["--per-example"]),
        ("bce compute --color a", ["auto", "always"]),
        ("bce --show-completion c", ["compute", "compare", "calibration", "check"]),
    ],
)
def test_scripts_that_typer_has_installed_go_on_completing(
    words: str, expected: list[str], process: Callable[..., Process]
) -> None:
    request = {
        "_BCE_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    done = process(env={**os.environ, **request})
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().split() == expected


def test_columns_are_found_without_what_takes_long_to_load() -> None:
    Path("preds.csv").write_text("y;p\n")
    script = "import atexit, sys\n"
    script += "atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))\n"
    script += "from bce_cli.cli import main; main()"
    asked = {"_BCE_COMPLETE": "words_bash", "_BCE_BEFORE": "bce compute preds.csv -l "}
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, env=os.environ | asked
    )
    assert done.stdout == b"words\ny\np\n"
    loaded = {*done.stderr.decode().split()}
    assert loaded & {"typer", "numpy", "pyarrow", "dataclasses", "inspect", "rich", "json"} == set()
    assert "bce_cli.readers.glance" in loaded


def test_a_user_without_a_home_is_told_so(
    monkeypatch: pytest.MonkeyPatch, bce: Callable[..., Result]
) -> None:
    def homeless() -> Path:
        message = "Could not determine home directory."
        raise RuntimeError(message)

    monkeypatch.setattr(Path, "home", homeless)
    result = bce("--install-completion", "bash")
    message = "bce: error: --install-completion needs a home folder, and there is none\n"
    assert result.stderr == f"{message}bce: HOME may name one\n"
    assert (result.stdout, result.exit_code) == ("", 73)
