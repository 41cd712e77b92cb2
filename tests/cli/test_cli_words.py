"""Which words completion offers where, and how bash gets them."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer.main

from bce_cli.cli import completion
from bce_cli.cli.app import app
from bce_cli.cli.completion import Line, answered, scanned, sources_among, words_for
from bce_cli.core.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable

GROUP = partial(typer.main.get_command, app)
BREAKS = " \t\n\"'><=;|&(:"


def offered(text: str, after: str = "") -> list[str] | None:
    """Return the words that fit where a line ends, as others than bash get them; None is files."""
    *before, typed = text.split(" ")
    found = words_for(Line(tuple(before), typed, tuple(after.split())), GROUP)
    return None if found is None else [word.text for word in found]


@pytest.fixture
def bash(capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., list[str]]:
    """Return the lines that bash gets where a line ends."""

    def ask(before: str, after: str = "", breaks: str = BREAKS) -> list[str]:
        names = ("_BCE_COMPLETE", "_BCE_BEFORE", "_BCE_AFTER", "_BCE_BREAKS")
        environment = dict(zip(names, ("words_bash", before, after, breaks), strict=True))
        assert answered(environment, GROUP)
        out, err = capfdbinary.readouterr()
        assert err == b""
        return out.decode().splitlines()

    return ask


def options() -> list[tuple[str, Any]]:
    group: Any = typer.main.get_command(app)
    found = [("bce", option) for option in group.params]
    for name, listed in group.commands.items():
        context = listed.make_context(name, [], resilient_parsing=True)
        found += [(name, option) for option in context.command.get_params(context)]
    return [(name, option) for name, option in found if option.param_type_name == "option"]


def test_the_options_known_without_typer_are_those_that_it_knows() -> None:
    columns = {name for _, o in options() if o.metavar == "COLUMN" for name in o.opts}
    flags = {name for _, o in options() if o.is_flag for name in (*o.opts, *o.secondary_opts)}
    flags -= {"--show-completion", "--install-completion"}  # which may be followed by a shell
    assert columns == completion.COLUMN_OPTIONS
    assert flags | {"--help", "-h"} == completion.FLAGS
    assert tuple(RULES) == completion.CONVENTIONS


@pytest.mark.few(10)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("compute --like ", [*RULES, "all"]),
        ("check --like=", [f"--like={name}" for name in RULES]),
        ("calibration --strategy ", ["uniform", "quantile"]),
        ("compute --unit ", ["nats", "bits"]),
        ("compute --missing ", ["error", "drop"]),
        ("compute --engine ", ["local", "dask"]),
        ("compare --join ", ["all", "inner"]),
        ("check --input-format ", ["csv", "tsv", "json", "jsonl", "parquet", "arrow", "orc"]),
        ("demo all --color ", ["auto", "always", "never"]),
        ("compute --delimiter ", ["tab", "space", "pipe", "semicolon", "comma"]),
        ("--show-completion ", ["bash", "zsh", "fish", "powershell", "pwsh"]),
        ("--install-completion z", ["bash", "zsh", "fish", "powershell", "pwsh"]),
        ("compute --worst ", []),
        ("check --max-loss ", []),
        ("compute --workers=", []),
        ("compute --nonsense=", []),
    ],
)
def test_values_are_offered(text: str, expected: list[str]) -> None:
    assert offered(text) == expected


@pytest.mark.parametrize("text", ["", "comp", "nonsense "])
def test_commands_are_offered(text: str) -> None:
    commands = {"compute", "calibration", "demo", "compare", "check"}
    assert commands <= {*(offered(text) or ())}


def test_formats_are_those_of_the_command() -> None:
    assert {"table", "json", "csv", "markdown", "parquet"} <= {*(offered("compute -f ") or ())}
    assert "parquet" not in (offered("check -f ") or ())


def test_help_offers_its_page_of_exit_codes() -> None:
    assert (offered("help ") or [])[-2:] == ["help", "exit-codes"]
    assert "exit-codes" not in (offered("") or ())


def test_steps_are_offered_with_what_they_show() -> None:
    found = words_for(Line(("demo",), "und"), GROUP)
    assert found is not None
    assert found[2] == (
        "underflow",
        "the product dies in every float type, the sum of logs does not",
    )
    assert found[-1] == ("all", "every step, in this order")


@pytest.mark.parametrize(
    "text",
    [
        *("compute ", "compute pr", "compute a.csv ", "demo underflow ", "compute -- --like "),
        *(
            "compute --labels ",
            "compute -o ",
            "compute --plot=",
            "check --baseline ",
            "compute -q ",
        ),
    ],
)
def test_files_are_left_to_the_shell(text: str) -> None:
    expected: list[str] | None = [] if text == "compute --plot=" else None  # compute draws nothing
    assert offered(text) == expected


def test_options_are_offered_once() -> None:
    found = offered("compute -q --label y -", "--by a") or []
    assert "--rows" in found
    assert {"--label", "-l", "--quiet", "-q"} & {*found} == set()
    assert {"--by", "--prediction", "-p"} <= {*found}  # --by may be repeated
    assert "--version" in (offered("--") or ())


def test_a_long_help_is_cut_between_words() -> None:
    words = words_for(Line(("compute",), "-"), GROUP) or []
    assert all(len(word.help) <= 64 for word in words)
    assert {word.text: word.help for word in words}["--no-header"] == "The first line holds data"


@pytest.mark.parametrize("option", sorted(completion.COLUMN_OPTIONS))
def test_columns_are_offered(option: str, preds: Callable[..., str]) -> None:
    preds("y,my p,id\n")
    for text, after in (
        (f"compute preds.csv {option} ", ""),
        (f"compute {option} ", "preds.csv"),
        (f"compute -q --workers 2 -fjson preds.csv {option} ", ""),
        (f"compute {option} ", "-- preds.csv"),
    ):
        assert offered(text, after) == ["y", "my p", "id"]
    assert offered(f"compute preds.csv {option}=m") == [
        f"{option}=y",
        f"{option}=my p",
        f"{option}=id",
    ]


def test_all_sources_count_and_nothing_else(preds: Callable[..., str]) -> None:
    preds("y,p\n", "a.csv")
    preds("p,q\n", "b.csv")
    preds("id,y\n", "c.csv")
    preds("no\n", "d.csv")
    assert offered("compare a.csv b.csv -o d.csv --labels c.csv -l ") == ["y", "p", "q", "id"]
    assert offered("compare --plot=d.csv --labels=c.csv -l ", "a.csv") == ["id", "y", "p"]
    assert offered("compute -l d.csv --positive d.csv -p ") == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", ["y,p;a"]),
        ("--delimiter semicolon", ["y,p", "a"]),
        ("--delimiter=;", ["y,p", "a"]),
        ("--no-header", ["#1"]),
        ("--delimiter no", []),
        ("--encoding nonsense", []),
    ],
)
def test_what_is_said_of_the_file_counts(
    options: str, expected: list[str], preds: Callable[..., str]
) -> None:
    preds("y,p;a\n", "preds.tsv")
    assert offered(f"compute preds.tsv {options} -l ".replace("  ", " ")) == expected


def test_paths_are_what_a_shell_makes_of_them(
    monkeypatch: pytest.MonkeyPatch, preds: Callable[..., str]
) -> None:
    preds("y,p\n")
    preds("q\n", "$COSTS.csv")
    monkeypatch.setenv("HOME", str(Path.cwd()))
    monkeypatch.setenv("FOLDER", ".")
    for path in ("~/preds.csv", "$FOLDER/preds.csv", "${FOLDER}/p*.csv", "<preds.csv"):
        assert offered(f"compute {path} -l ") == ["y", "p"]
    assert offered("compute < preds.csv 2> $COSTS.csv >$COSTS.csv -l ") == ["y", "p"]
    assert offered("compute $COSTS.csv -l ") == ["q"]
    assert list(sources_among(["compute", "-", "--", "-q"])) == ["-", "-q"]


def test_bash_gets_words_as_they_are_typed(
    bash: Callable[..., list[str]], preds: Callable[..., str]
) -> None:
    preds('y,my p,a:b,"it\'s","""q""",$c,p*,caf\xe9,#1!\n')
    assert bash("bce compute preds.csv -l ") == [
        "words",
        *("y", r"my\ p", r"a\:b", r"it\'s", r"\"q\"", r"\$c", r"p\*", "caf\xe9", r"\#1\!"),
    ]
    assert bash("bce compute -l my\\ ", " preds.csv") == ["words", r"my\ p"]
    assert bash("bce compute -l m", "y preds.csv") == ["words", r"my\ p"]
    assert bash("bce compute preds.csv -l 'it") == ["words", r"it'\''s"]
    assert bash('bce compute preds.csv -l "it') == ["words", "it's"]
    assert bash('bce compute preds.csv -l "$') == ["words", r"\$c"]
    assert bash("bce compute preds.csv -l '$") == ["words", "$c"]
    assert bash("bce compute preds.csv -l a:") == ["words", "b"]
    assert bash("bce compute preds.csv -l a\\:") == ["words", r"a\:b"]
    assert bash("bce compute preds.csv -l a:", breaks=" ") == ["words", r"a\:b"]
    assert bash("bce compute preds.csv --label=m") == ["words", r"my\ p"]
    assert bash("bce compute preds.csv --label=m", breaks=" ") == ["words", r"--label\=my\ p"]
    assert bash("bce compute preds.csv --label='m") == ["words", "my p"]
    assert bash("bce compute --labels 'pr") == ["files"]
    assert bash("bce compute --like ka") == ["words", "kaggle"]


def test_a_line_is_parted_as_bash_does_it() -> None:
    assert [w.text for w in scanned("a 'b c'd \"e\\\"\\n$f\" g\\ h ''")] == [
        *("a", "b cd", 'e"\\n$f', "g h", "")
    ]
    assert [w.text for w in scanned("a ")] == ["a", ""]
    assert scanned("a b\\")[-1].text == "b"


def test_other_shells_get_words_as_they_are(
    capfdbinary: pytest.CaptureFixture[bytes], preds: Callable[..., str]
) -> None:
    preds('y,my p,"it\'s"\n')

    def ask(shell: str, words: list[str], at: int, **more: str) -> bytes:
        asked = {"_BCE_COMPLETE": f"words_{shell}", "_BCE_AT": str(at)}
        assert answered(asked | {"_BCE_WORDS": "\x1f".join(words)} | more, GROUP)
        return capfdbinary.readouterr().out

    columns = b"words\ny\nmy p\nit's\n"
    assert ask("zsh", ["bce", "compute", "-l", "", "preds.csv"], 3) == columns
    assert ask("zsh", ["bce", "compute", "preds.csv", "--label=m"], 3) == columns
    joined = b"words\n--label=y\n--label=my p\n--label=it's\n"
    words = ["bce", "compute", "preds.csv", "--label=m"]
    assert ask("fish", words, 3, _BCE_TOKEN="--label=m") == joined  # noqa: S106
    assert ask("fish", ["bce", "compute", "-l", "preds.csv"], 3, _BCE_TOKEN="") == columns
    assert ask("fish", ["bce", "demo", "'al"], 2, _BCE_TOKEN="'al").endswith(  # noqa: S106
        b"\nall\tevery step, in this order\n"
    )
    assert ask("zsh", ["bce", "compute", ""], 2) == b"files\n"


@pytest.mark.parametrize("asked", ["", "complete_bash", "words_tcsh", "source_bash", "bash"])
def test_what_is_not_asked_in_this_way_is_left_to_typer(asked: str) -> None:
    assert not answered({"_BCE_COMPLETE": asked}, GROUP)


def test_nothing_is_said_whatever_goes_wrong(
    bash: Callable[..., list[str]], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    os.mkfifo("pipe")
    Path("broken.csv").write_bytes(b"\xff\xfe\x00")
    Path("a.pickle").write_bytes(b"\x80\x04\x95")
    for name in ("pipe", "broken.csv", "a.pickle", "missing.csv", "s3://a/b", "https://a.b/c.csv"):
        assert bash(f"bce compute {name} -l ") == ["words"]
    assert answered({"_BCE_COMPLETE": "words_zsh", "_BCE_WORDS": "bce", "_BCE_AT": "7"}, GROUP)
    assert capfdbinary.readouterr() == (b"", b"")
