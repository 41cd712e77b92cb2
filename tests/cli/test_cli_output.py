"""--output: whole or not at all, the same bytes as a redirect, and never an input."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.budgets import one_in

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from typer.testing import Result

GOOD = "y,p,id\n1,0.9,a\n0,0.2,\u0440\n0,1,c\n"
BAD = "y,p,id\n1,0.9,a\n0,2,b\n"
OUT = Path("out.txt")

SHAPES = [
    *(["--format", name] for name in ("table", "json", "csv", "markdown")),
    *(["--per-example", "--id", "id", "-f", name] for name in ("table", "json", "csv", "markdown")),
    ["--quiet"],
    ["--worst", "2", "--id", "id", "-f", "csv"],
]


@pytest.mark.few(2)
@pytest.mark.parametrize("shape", one_in(3, SHAPES), ids=" ".join)
def test_the_file_holds_the_bytes_of_a_redirect(
    shape: list[str],
    preds: Callable[..., str],
    process: Callable[..., subprocess.CompletedProcess[bytes]],
) -> None:
    path = preds(GOOD)
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    redirected = process("compute", path, *shape, env=environment)
    written = process("compute", path, *shape, "-o", str(OUT), env=environment)
    assert (redirected.returncode, written.returncode) == (0, 0)
    assert written.stdout == b""
    assert OUT.read_bytes() == redirected.stdout
    assert redirected.stdout.endswith(b"\n")


def test_an_error_leaves_the_old_file_and_no_other(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    OUT.write_text("old")
    for options in ([], ["--per-example"], ["-q"]):
        assert bce("compute", preds(BAD), "-o", str(OUT), *options).exit_code == 65
    assert OUT.read_text() == "old"
    assert sorted(path.name for path in Path().iterdir()) == ["out.txt", "preds.csv"]


def test_success_replaces_the_old_file_and_leaves_no_other(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    OUT.write_text("old" * 1000)
    result = bce("compute", preds("y,p\n1,1\n"), "-q", "-o", str(OUT))
    assert (result.exit_code, result.output) == (0, "")
    assert OUT.read_text() == "0.0\n"
    assert sorted(path.name for path in Path().iterdir()) == ["out.txt", "preds.csv"]


@pytest.mark.parametrize("kind", ["itself", "symbolic link", "hard link", "other spelling"])
def test_an_input_is_never_overwritten(
    kind: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = Path(preds(GOOD))
    names = {"itself": "preds.csv", "other spelling": f"../{Path.cwd().name}/preds.csv"}
    out = names.get(kind, "link.csv")
    if kind == "symbolic link":
        Path(out).symlink_to(path)
    elif kind == "hard link":
        Path(out).hardlink_to(path)
    result = bce("compute", preds("y,p\n1,.5\n", "other.csv"), str(path), "-o", out)
    message = f"bce: error: {out}: the output would overwrite an input\n"
    assert result.stderr == f"{message}bce: choose another file for --output\n"
    assert (result.stdout, result.exit_code) == ("", 73)
    assert path.read_text() == GOOD


def test_a_file_redirected_to_standard_input_is_an_input_too(
    preds: Callable[..., str], process: Callable[..., subprocess.CompletedProcess[bytes]]
) -> None:
    path = Path(preds(GOOD))
    with path.open("rb") as stream:
        done = process("compute", "-q", "-o", str(path), stdin=stream)
    assert done.stderr.startswith(b"bce: error: preds.csv: the output would overwrite an input\n")
    assert done.returncode == 73
    assert path.read_text() == GOOD


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_the_mode_of_the_old_file_is_kept(
    mode: int, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    OUT.touch()
    OUT.chmod(mode)
    assert bce("compute", preds(GOOD), "-o", str(OUT)).exit_code == 0
    assert stat.S_IMODE(OUT.stat().st_mode) == mode


def test_a_new_file_gets_the_mode_of_any_new_file(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    assert bce("compute", preds(GOOD), "-o", str(OUT)).exit_code == 0
    usual = Path("usual")
    usual.touch()
    assert stat.S_IMODE(OUT.stat().st_mode) == stat.S_IMODE(usual.stat().st_mode)


def test_a_symbolic_link_is_followed_and_stays(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    Path("folder").mkdir()
    link, target = Path("link.txt"), Path("folder/target.txt")
    link.symlink_to(target)
    assert bce("compute", preds("y,p\n1,1\n"), "-q", "-o", str(link)).exit_code == 0
    assert link.is_symlink()
    assert target.read_text() == "0.0\n"


def test_a_folder_is_no_output(preds: Callable[..., str], bce: Callable[..., Result]) -> None:
    Path("folder").mkdir()
    result = bce("compute", preds(GOOD), "-l", "y", "-p", "p", "-o", "folder")
    assert result.stderr == "bce: error: folder: is a directory\n"
    assert (result.stdout, result.exit_code) == ("", 73)
    assert list(Path("folder").iterdir()) == []


def test_a_device_is_written_to_and_not_replaced(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("compute", preds(GOOD), "-q", "-o", os.devnull)
    assert (result.exit_code, result.output) == (0, "")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
