"""--output: whole or not at all, the same bytes as a redirect, and never an input."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bce_cli.cli import staging
from tests.budgets import one_in

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from typer.testing import Result

    Process = Callable[..., subprocess.CompletedProcess[bytes]]

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


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o1600, 0o7777])
def test_new_bytes_do_not_run_as_whoever_owns_the_file(
    mode: int, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    OUT.touch()
    OUT.chmod(mode)
    assert bce("compute", preds(GOOD), "-o", str(OUT)).exit_code == 0
    assert stat.S_IMODE(OUT.stat().st_mode) == mode & 0o777


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="needs root")
def test_root_leaves_the_old_file_to_its_owner(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    OUT.touch()
    os.chown(OUT, 1234, 4321)
    OUT.chmod(0o4640)
    assert bce("compute", preds(GOOD), "-o", str(OUT)).exit_code == 0
    found = OUT.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1234, 4321, 0o640)


def test_whoever_may_not_give_files_away_keeps_the_new_one(
    monkeypatch: pytest.MonkeyPatch, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    OUT.touch()
    OUT.chmod(0o640)
    old = os.stat_result([*OUT.stat()[:4], 1234, 4321, *OUT.stat()[6:]])
    asked: list[tuple[int, int]] = []

    def refused(_path: Path, uid: int, gid: int) -> None:
        asked.append((uid, gid))
        raise PermissionError

    monkeypatch.setattr(staging, "_looked_up", lambda _path, _place: old)
    monkeypatch.setattr(os, "chown", refused)
    assert bce("compute", preds("y,p\n1,1\n"), "-q", "-o", str(OUT)).exit_code == 0
    assert asked == [(1234, -1), (-1, 4321)]
    assert OUT.read_text() == "0.0\n"
    assert stat.S_IMODE(OUT.stat().st_mode) == 0o640


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


LOOP = "too many levels of symbolic links"
NO_FILE = "is a directory\nbce: name a file in it"
REFUSED = {
    "a" * 256: "file name too long",
    "loop": LOOP,
    "loop/x": LOOP,
    "a\0b": "embedded null byte",
    "no/x": "no such file or directory\nbce: there is no folder 'no'",
    "preds.csv/": "not a directory",
    "preds.csv/x": "not a directory",
    "new/": NO_FILE,
    "new/.": NO_FILE,
    "dangling/": NO_FILE,
    "folder/": "is a directory",
    ".": "is a directory",
    "..": "is a directory",
}


@pytest.fixture
def odd_places() -> None:
    """Make a folder, a link that leads nowhere, and a loop of two."""
    Path("folder").mkdir()
    Path("dangling").symlink_to("nowhere")
    Path("loop").symlink_to("back")
    Path("back").symlink_to("loop")
    Path("loop.png").symlink_to("loop.png")


@pytest.mark.usefixtures("odd_places")
@pytest.mark.parametrize(("path", "reason"), REFUSED.items(), ids=[p[:9] for p in REFUSED])
def test_a_path_at_which_no_file_can_be_is_refused(
    path: str, reason: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    source = preds(GOOD)
    before = sorted(Path().iterdir())
    result = bce("compute", source, "-q", "-o", path)
    shown = path.replace("\0", "\\x00")
    assert result.stderr == f"bce: error: {shown}: {reason}\n"
    assert (result.stdout, result.exit_code) == ("", 73)
    assert sorted(Path().iterdir()) == before


@pytest.mark.usefixtures("odd_places")
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("a" * 252 + ".png", "file name too long"),
        ("loop.png", LOOP),
        ("a\0b.png", "embedded null byte"),
        ("no/x.png", "no such file or directory\nbce: there is no folder 'no'"),
        ("preds.csv/x.png", "not a directory"),
    ],
    ids=["long", "loop", "NUL", "no folder", "in a file"],
)
def test_a_path_at_which_no_picture_can_be_is_refused(
    path: str, reason: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    source = preds(GOOD)
    OUT.write_text("old")
    before = sorted(Path().iterdir())
    result = bce("demo", "scaling", source, "--plot", path, "-o", str(OUT))
    shown = path.replace("\0", "\\x00")
    assert result.stderr.endswith(f"bce: error: {shown}: {reason}\n")
    assert (result.stdout, result.exit_code) == ("", 73)
    assert sorted(Path().iterdir()) == before
    assert OUT.read_text() == "old"


@pytest.mark.usefixtures("odd_places")
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("a" * 256, "file name too long"),
        ("loop", LOOP),
        ("a\0b", "embedded null byte"),
        ("no/x", "no such file or directory\nbce: there is no folder 'no'"),
    ],
    ids=["long", "loop", "NUL", "no folder"],
)
@pytest.mark.parametrize("option", ["", "--labels", "--baseline"])
def test_a_path_at_which_no_input_can_be_is_named(
    path: str, reason: str, option: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    source = preds(GOOD)
    options = {
        "": ["compute", path],
        "--labels": ["compute", source, "--on", "id", "--labels", path],
        "--baseline": ["check", source, "--baseline", path],
    }
    result = bce(*options[option])
    shown = path.replace("\0", "\\x00")
    assert result.stderr == f"bce: error: {shown}: {reason}\n"
    assert (result.stdout, result.exit_code) == ("", 66)


EMPTY = {
    "SOURCE": ["compute", ""],
    "--labels": ["compute", "preds.csv", "--on", "id", "--labels", ""],
    "--baseline": ["check", "preds.csv", "--baseline", ""],
    "--output": ["compute", "preds.csv", "-o", ""],
    "--plot": ["calibration", "preds.csv", "--plot", ""],
}


@pytest.mark.parametrize(("name", "args"), EMPTY.items(), ids=EMPTY)
def test_an_empty_path_is_said(
    name: str, args: list[str], preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    preds(GOOD)
    result = bce(*args)
    assert result.stderr == f"bce: error: {name} must not be empty\n"
    assert (result.stdout, result.exit_code) == ("", 2)


@pytest.mark.parametrize(
    ("first", "second"),
    [("a.png", "a.png"), ("a.png", "./a.png"), ("a.png", "link"), ("link.png", "a.png")],
)
@pytest.mark.parametrize("is_there", [True, False])
def test_two_outputs_to_one_file_are_refused(
    first: str,
    second: str,
    is_there: bool,
    preds: Callable[..., str],
    bce: Callable[..., Result],
) -> None:
    source = preds(GOOD)
    for link in ("link", "link.png"):
        Path(link).symlink_to("a.png")
    if is_there:
        Path("a.png").write_text("old")
    result = bce("demo", "scaling", source, "--plot", first, "-o", second)
    assert result.stderr == f"bce: error: --plot and --output are the same file, '{first}'\n"
    assert (result.stdout, result.exit_code) == ("", 2)
    assert Path("a.png").exists() == is_there


def test_two_outputs_to_two_names_of_one_file_are_refused(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    source = preds(GOOD)
    Path("a.png").write_text("old")
    Path("b").hardlink_to("a.png")
    result = bce("calibration", source, "--plot", "a.png", "-o", "b")
    assert result.stderr == "bce: error: --plot and --output are the same file, 'a.png'\n"
    assert Path("b").read_text() == "old"


def test_a_picture_does_not_overwrite_an_input(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    Path("a.png").symlink_to(preds(GOOD))
    result = bce("calibration", "preds.csv", "--plot", "a.png", "-o", "out")
    assert result.stderr == (
        "bce: error: a.png: the output would overwrite an input\n"
        "bce: choose another file for --plot\n"
    )
    assert (result.exit_code, Path("preds.csv").read_text()) == (73, GOOD)
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["compute", "preds.csv", "-q"], "standard output: the output would overwrite an input"),
        (
            ["calibration", "preds.csv", "--plot", "a.png"],
            "--plot and standard output are the same file, 'a.png'",
        ),
    ],
)
def test_standard_output_is_an_output_too(
    args: list[str], message: str, preds: Callable[..., str], process: Process
) -> None:
    Path("a.png").hardlink_to(preds(GOOD))
    with Path("preds.csv").open("ab") as stream:
        done = process(*args, stdout=stream)
    assert done.stderr.decode().splitlines()[0] == f"bce: error: {message}"
    assert Path("preds.csv").read_text() == GOOD


def test_a_device_is_written_to_and_not_replaced(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("compute", preds(GOOD), "-q", "-o", os.devnull)
    assert (result.exit_code, result.output) == (0, "")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


COMPUTE = ["compute", "preds.csv"]
ROWS = [*COMPUTE, "--per-example"]


@pytest.mark.few(10)
@pytest.mark.parametrize(
    ("args", "name", "option"),
    [
        (COMPUTE, "a.csv", "csv"),
        (COMPUTE, "a.JSON", "json"),
        (COMPUTE, "b.a/a.md", "markdown"),
        (COMPUTE, "a.txt", "table"),
        (COMPUTE, "a", "table"),
        (COMPUTE, ".hidden", "table"),
        (COMPUTE, ".json", "json"),
        (COMPUTE, "b.a/.CSV", "csv"),
        (COMPUTE, "a.htm", "html"),
        (COMPUTE, "a.markdown", "markdown"),
        ([*COMPUTE, "--excel-safe"], "a.csv", "csv"),
        (ROWS, "a.csv", "csv"),
        (ROWS, "a.jsonl", "json"),
        (ROWS, "a.ndjson", "json"),
        (ROWS, "a.parquet", "parquet"),
        (["compare", "preds.csv", "preds.csv"], "a.json", "json"),
        (["calibration", "preds.csv"], "a.csv", "csv"),
        (["check", "preds.csv", "--max-loss", "9", "-q"], "a.json", "json"),
        (["demo", "scaling"], "a.md", "markdown"),
    ],
)
def test_a_name_chooses_the_format(
    args: list[str], name: str, option: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    preds("y,p\n1,0.9\n0,0.2\n")
    Path("b.a").mkdir()
    by_name = bce(*args, "-o", name)
    said = bce(*args, "-o", "same", "--format", option)
    assert (by_name.exit_code, by_name.stderr) == (0, said.stderr)
    assert Path(name).read_bytes() == Path("same").read_bytes()


def test_quiet_is_one_number_whatever_the_name(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    preds("y,p\n1,0.5\n")
    for name in ("a.csv", "a.foo", "a.parquet", "a.jsonl", ".json", "a.gz"):
        assert bce(*COMPUTE, "-q", "-o", name).output == ""
        assert Path(name).read_text() == "0.6931471805599453\n"
    assert bce("calibration", "preds.csv", "-q", "-o", "b.foo").output == ""
    assert Path("b.foo").read_text() == "0.6931471805599453\n"
    assert bce("compare", "preds.csv", "preds.csv", "-q", "-o", "c.foo").output == ""
    assert Path("c.foo").read_text() == "0.0\n"
    assert bce("check", "preds.csv", "--max-loss", "9", "-q", "-o", "d.foo").exit_code == 2


@pytest.mark.deep
@pytest.mark.parametrize("command", [["compute", "preds.csv"], ["demo", "scaling"]], ids=str)
def test_a_page_is_utf_8_wherever_it_goes(
    command: list[str], preds: Callable[..., str], process: Process, bce: Callable[..., Result]
) -> None:
    preds("y,p,\u017e\n1,0.9,a\n0,0.2,b\n")
    command = [*command, *(["--by", "\u017e"] if command[0] == "compute" else ())]
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    done = process(*command, "-f", "html", env=environment)
    assert bce(*command, "-f", "html", "-o", "a.html").exit_code == 0
    assert done.stdout == Path("a.html").read_bytes()
    assert done.stdout.decode("utf-8").encode("ascii", "ignore") != done.stdout


ENDINGS = ".txt, .json, .csv, .parquet, .md, .markdown, .html, .htm do"
AGREE = "contradict each other"


@pytest.mark.parametrize(
    ("args", "message", "hint"),
    [
        (
            [*COMPUTE, "-o", "a.xyz"],
            "--output 'a.xyz': the ending '.xyz' names no format",
            f"{ENDINGS}, and any name goes with --format",
        ),
        (
            [*COMPUTE, "-o", "a.tsv"],
            "--output 'a.tsv': the ending '.tsv' names no format; did you mean '.csv'?",
            f"{ENDINGS}, and any name goes with --format",
        ),
        (
            ["demo", "scaling", "-o", "a.jsn"],
            "--output 'a.jsn': the ending '.jsn' names no format; did you mean '.json'?",
            ".txt, .json, .md, .markdown, .html, .htm do, and any name goes with --format",
        ),
        (
            [*COMPUTE, "-o", ".parquet"],
            "--output '.parquet' goes with --per-example",
            "Parquet holds rows, not a report",
        ),
        (
            [*COMPUTE, "-o", "a.xlsx"],
            "--output 'a.xlsx': the ending '.xlsx' names no format",
            "a table program reads .csv",
        ),
        (
            [*COMPUTE, "-o", "a.csv", "-f", "json"],
            f"--output 'a.csv' and --format json {AGREE}",
            "leave out --format for csv, or choose another name",
        ),
        (
            [*ROWS, "-o", "a.txt", "-f", "parquet"],
            f"--output 'a.txt' and --format parquet {AGREE}",
            "leave out --format for table, or choose another name",
        ),
        (
            [*ROWS, "-o", "a.jsonl", "-f", "csv"],
            f"--output 'a.jsonl' and --format csv {AGREE}",
            "leave out --format for json, or choose another name",
        ),
        (
            [*COMPUTE, "-o", "a.jsonl", "-f", "json"],
            "--output 'a.jsonl': JSON Lines hold rows, and this is a report",
            "a name in .json holds a report, and --per-example writes rows",
        ),
        (
            ["demo", "scaling", "-o", "a.ndjson"],
            "--output 'a.ndjson': JSON Lines hold rows, and this is a report",
            "a name in .json holds a report",
        ),
        (
            [*COMPUTE, "-o", "a.parquet"],
            "--output 'a.parquet' goes with --per-example",
            "Parquet holds rows, not a report",
        ),
        (
            [*COMPUTE, "-q", "-f", "parquet"],
            "--format parquet goes with --per-example",
            "Parquet holds rows, not a report",
        ),
        (
            ["check", "preds.csv", "--max-loss", "9", "-o", "a.parquet"],
            "--output 'a.parquet': parquet is not written by this command",
            "it writes table, json, csv, markdown, html",
        ),
        (
            [*ROWS, "-o", "a.html"],
            "--per-example writes rows, and a page (html) holds a report",
            "csv, parquet, json, markdown and table hold rows",
        ),
        (
            [*ROWS, "-o", "a.csv.gz", "-f", "csv"],
            "--output 'a.csv.gz': what is written is not compressed",
            "name it without .gz, and compress it afterwards",
        ),
    ],
)
def test_a_name_that_says_nothing_or_something_else_is_refused(
    args: list[str],
    message: str,
    hint: str,
    preds: Callable[..., str],
    bce: Callable[..., Result],
) -> None:
    preds("y,p\n1,0.9\n0,0.2\n")
    result = bce(*args)
    assert result.stderr == f"bce: error: {message}\nbce: {hint}\n"
    assert (result.stdout, result.exit_code) == ("", 2)
    assert [path.name for path in Path().iterdir()] == ["preds.csv"]


def test_any_name_will_do_beside_a_format(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    for name in ("a.out", "a.txt"):
        assert bce("compute", preds("y,p\n1,0.5\n"), "-f", "csv", "-o", name).exit_code == 0
        assert Path(name).read_text().startswith("source,label_column,")


def test_a_pipe_has_no_ending(preds: Callable[..., str], bce: Callable[..., Result]) -> None:
    os.mkfifo("a.xyz")
    reader = os.open("a.xyz", os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert bce("compute", preds("y,p\n1,0.5\n"), "-q", "-o", "a.xyz").exit_code == 0
        assert os.read(reader, 100) == b"0.6931471805599453\n"
    finally:
        os.close(reader)


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="the system has no such call")
def test_every_byte_is_sent_once_while_others_are_made(
    bce: Callable[..., Result], preds: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[int, int]] = []

    def refused(_handle: int, start: int, length: int, advice: int) -> None:
        sent.append((start, length))
        assert advice == os.POSIX_FADV_DONTNEED
        raise OSError(errno.EINVAL, "not here")

    path = preds("y,p\n" + "1,0.5\n" * 1000)
    monkeypatch.setattr(staging, "_SENT_AT_ONCE", 16_000)
    monkeypatch.setattr(os, "posix_fadvise", refused)
    args = ("compute", path, "--per-example", "-f", "csv")
    assert bce(*args, "-o", "out.csv").exit_code == 0
    assert Path("out.csv").read_text() == bce(*args).stdout
    assert len(sent) == 1
    assert sent[0][0] == 0
    assert 16_000 <= sent[0][1] <= Path("out.csv").stat().st_size
