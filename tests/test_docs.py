"""The README and the pages of docs show what the program really prints.

``python tests/test_docs.py`` runs all pages and rewrites the output in them; with names of pages,
such as ``docs/guide.md``, those alone.
"""

from __future__ import annotations

import doctest
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from typer.testing import CliRunner

import bce_cli
from bce_cli.cli.app import app
from bce_cli.cli.diagnostics import ExitCode
from bce_cli.core.rules import RULES
from bce_cli.readers import columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typer.testing import Result

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
LINKING = [*PAGES, *(ROOT / name for name in ("CONTRIBUTING.md", "benchmarks/README.md"))]
COMMANDS = (
    "",
    "compute",
    "compare",
    "calibration",
    "recalibrate",
    "apply",
    "check",
    "report",
    "demo",
    "help",
)
OF_OTHERS = {  # options in the pages that are not those of bce
    *("--extra", "--no-compile", "--markdown", "--nthreads", "--nworkers", "--no-nanny"),
    *("--slurpfile", "--only", "--csv", "--targets", "--runs"),
}
NEEDS_MORE = re.compile(
    r"venv|pip |uv |dask|://|/shared|\bcurl\b|benchmarks/|/usr/bin|^(?:sqlite3|duckdb|psql) "
)
"""Shell blocks with such words need a network, a cluster, a database or what no test installs."""

NO_SHELL = re.compile(r"bce [^|<>;&$()*?`]*")
"""Commands that are the same without a shell."""

LESS_EXACT = re.compile(r"-?\d+\.\d{12,}(?:e-?\d+)?")


class Block(NamedTuple):
    """A fenced block of a page: its language, its text, and where that stands."""

    language: str
    text: str
    start: int
    stop: int


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks_of(page: Path) -> list[Block]:
    found = re.finditer(r"^```(\w+)\n(.*?)^```$", text_of(page), flags=re.MULTILINE | re.DOTALL)
    return [Block(match[1], match[2], *match.span(2)) for match in found]


def run_shell(command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the current folder as a terminal of 80 columns shows it, without colour."""
    environment = os.environ | {"COLUMNS": "80", "PYTHONUTF8": "1"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for name in ("NO_COLOR", "FORCE_COLOR"):
        environment.pop(name, None)
    return subprocess.run(
        ["/bin/bash", "-c", command],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        encoding="utf-8",
    )


def output_of(command: str) -> str:
    """Run a command; in this process, many times as fast, where no shell has anything to do."""
    if NO_SHELL.fullmatch(command):
        runner = CliRunner(env={"COLUMNS": "80", "NO_COLOR": None, "FORCE_COLOR": None})
        return runner.invoke(app, shlex.split(command)[1:], catch_exceptions=False).output
    return run_shell(command).stdout


def console(text: str) -> str:
    """Run the commands of a block, and return it with the output that they really give."""
    commands = re.findall(r"^\$ (.*)$", text, flags=re.MULTILINE)
    return "".join(f"$ {command}\n{output_of(command)}" for command in commands)


def script(text: str) -> str:
    """Run a block without output, if it can run here; return it, and what went wrong."""
    if NEEDS_MORE.search(text) or ("jq " in text and not shutil.which("jq")):
        return text
    result = run_shell(f"set -eo pipefail\n{text}")
    return text if result.returncode == 0 else f"{text}{result.stdout}exit {result.returncode}\n"


def session(text: str, names: dict[str, Any]) -> str:
    """Run a block of Python as a doctest; return it, and what came out otherwise."""
    test = doctest.DocTestParser().get_doctest(text, {}, "page", None, 0)
    test.globs = names
    report: list[str] = []
    doctest.DocTestRunner(verbose=False).run(test, out=report.append, clear_globs=False)
    return text + "".join(report)


def run_page(page: Path) -> Iterator[tuple[Block, str]]:
    """Run the blocks of a page one after another in the current folder, as its reader would.

    Yields each with what it should have been: files and Python names last until the page ends.
    """
    Path("sample_data").symlink_to(ROOT / "sample_data")
    names: dict[str, Any] = {}
    for block in blocks_of(page):
        if block.language == "console":
            yield block, console(block.text)
        elif block.language == "sh":
            yield block, script(block.text)
        elif block.language == "python":
            yield block, session(block.text, names)


def rounded(text: str) -> str:
    """Drop the last digits of exact numbers, which may differ between families of processors."""
    return LESS_EXACT.sub(lambda match: f"{float(match[0]):.13g}", text)


def test_the_readme_begins_with_real_output() -> None:
    n_consoles = 0
    for block, shown in run_page(README):
        assert rounded(shown) == rounded(block.text)
        n_consoles += block.language == "console"
        if n_consoles == 3:
            break


@pytest.mark.deep
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_shows_real_output(page: Path) -> None:
    for block, shown in run_page(page):
        assert rounded(shown) == rounded(block.text)


def test_the_python_of_the_readme_runs() -> None:
    (example,) = [block.text for block in blocks_of(README) if block.language == "python"]
    Path("sample_data").symlink_to(ROOT / "sample_data")
    assert rounded(session(example, {})) == rounded(example)


def test_the_readme_is_short_and_begins_with_an_answer() -> None:
    lines = text_of(README).splitlines()
    assert len(lines) <= 230
    assert lines.index("$ bce compute preds.csv") < 20


def slug(heading: str) -> str:
    """Anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def anchors_of(page: Path) -> set[str]:
    plain = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)
    return {slug(heading) for heading in re.findall(r"^#+ (.*)$", plain, flags=re.MULTILINE)}


@pytest.mark.parametrize("page", LINKING, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            linked = (page.parent / path).resolve() if path else page
            assert linked.exists(), target
            assert not anchor or anchor in anchors_of(linked), target


def test_every_page_is_listed_in_the_readme() -> None:
    listed = set(re.findall(r"\]\(docs/([\w-]+\.md)\)", text_of(README)))
    assert listed == {page.name for page in PAGES if page != README}


def test_every_option_is_told_of_in_the_help(bce: Callable[..., Result]) -> None:
    shown = "".join(bce(*name.split(), "--help").stdout for name in COMMANDS)
    known = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", shown)) | OF_OTHERS
    for page in PAGES:
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text_of(page))) <= known, page.name


def section(page: str, heading: str) -> str:
    """Text below a heading of a page of docs, up to the next heading of any kind."""
    text = text_of(ROOT / "docs" / page)
    _, _, rest = text.partition(f"\n{heading}\n")
    assert rest, heading
    return re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def first_column(text: str) -> list[str]:
    """Words in backticks of the first column of the tables in a text."""
    cells = re.findall(r"^\| (.*?) \|", text, flags=re.MULTILINE)
    return re.findall(r"`([^`]+)`", " ".join(cells))


def test_every_customary_name_is_told_of() -> None:
    told = section("input.md", "## Which columns are read")
    rows = dict(re.findall(r"^\| ([a-z]+) \| (.*?) \|", told, flags=re.MULTILINE))
    names = {"labels": columns.LABEL_NAMES, "predictions": columns.PREDICTION_NAMES}
    names["logits"] = getattr(columns, "LOGIT_NAMES", ("logit", "logits"))
    names["ids"] = columns.ID_NAMES
    for kind, customary in names.items():
        assert re.findall(r"`(\w+)`", rows[kind]) == list(customary), kind


def test_every_exit_code_is_told_of() -> None:
    told = first_column(section("output.md", "## Exit codes"))
    assert [int(code) for code in told] == [code.value for code in ExitCode]


def test_every_convention_is_told_of() -> None:
    assert first_column(section("conventions.md", "## The rules")) == list(RULES)


FREE = {"losses", "shares", "segment"}
"""Objects whose keys are names of conventions or columns."""


def keys_of(value: object) -> set[str]:
    """Every key in a JSON document."""
    if isinstance(value, list):
        return set().union(*map(keys_of, value))
    if not isinstance(value, dict):
        return set()
    told = (of for key, of in value.items() if key not in FREE or isinstance(of, list))
    inner = set().union(*map(keys_of, told))
    return set(value) | inner


PLAIN = (
    "id,label,old,p,group,w\na,1,0.9,0.8,u,1\nb,0,0.2,0.4,u,2\nc,1,0.6,0.3,v,1\nd,0,0.3,0.1,v,1\n"
)
IMPOSSIBLE = "label,old,p,g\n1,0,0.8,u\n0,0.2,0.4,u\n1,0.6,0.3,v\n0,0.3,0.1,v\n"
MANY = "label,p\n" + "".join(f"{i % 2},{p}\n" for p in (0, 1, 0.2, 0.7, 0.8) for i in range(4))
SEGMENTS = "label,p,g\n" + "".join(f"{i % 2},0.{i + 10},{i}\n" for i in range(51))
RUNS = {
    "compute": (
        "plain.csv -p p --worst 1 --id id",
        "plain.csv -p p --by group -w w",
        "odd.csv -p old --like all",
        "plain.csv -p p --labels plain.csv --on id",
    ),
    "compare": (
        "plain.csv -p old -p p --id id --cluster group -w w",
        "odd.csv -p old -p p",
        "odd.csv -p old -p p --by g",
    ),
    "calibration": (
        "plain.csv -p p -w w --bins 2",
        "plain.csv -p p --bins 2 --bootstrap 100 --seed 1",
        "plain.csv -p p --bins 2 --fine-bins",
        "many.csv -p p --bins 2",
        "plain.csv -p old -p p --bins 2 --by group",
    ),
    "recalibrate": (
        "plain.csv -p p --folds 2 --cluster group -w w",
        "many.csv -p p --folds 2",
    ),
    "check": ("plain.csv -p p --max-ece 0.5 --confident",),
    "report": (
        "many.csv -p p --max-loss 9",
        "plain.csv -p old -p p --by group --fine-bins",
        "segments.csv -p p --by g --fine-bins",
    ),
}
OF_COMMANDS = {
    "compute",
    "compare",
    "calibration",
    "recalibrate",
    "check",
    "conventions",
    "other_segments",
}
"""What a report has of commands, which are told of by themselves."""


@pytest.mark.few(1)
@pytest.mark.parametrize("command", RUNS)
def test_every_key_of_the_json_is_told_of(bce: Callable[..., Result], command: str) -> None:
    Path("plain.csv").write_text(PLAIN, encoding="utf-8")
    Path("odd.csv").write_text(IMPOSSIBLE, encoding="utf-8")
    Path("many.csv").write_text(MANY, encoding="utf-8")
    Path("segments.csv").write_text(SEGMENTS, encoding="utf-8")
    printed: set[str] = set()
    for options in RUNS[command]:
        record = json.loads(bce(command, *options.split(), "-f", "json").stdout)
        of_commands = OF_COMMANDS if command == "report" else set()
        own = {key: None if key in of_commands else of for key, of in record.items()}
        printed |= keys_of(own)
    shared = set(first_column(section("output.md", "### Of every report")))
    told = set(first_column(section("output.md", f"### Of `bce {command}`"))) | shared
    assert printed - told == set()
    assert told - printed - shared == set()


def test_every_key_of_every_step_of_the_demo_is_told_of(bce: Callable[..., Result]) -> None:
    rows = re.findall(
        r"^\| `([a-z-]+)`(.*?) \|(.*)$",
        section("output.md", "### Of `bce demo`"),
        flags=re.MULTILINE,
    )
    told = {
        step: set(re.findall(r"`([a-z0-9_]+)`", keys))
        for name, others, keys in rows
        for step in (name, *re.findall(r"`([a-z-]+)`", others))
    }
    printed = {
        one.pop("step"): keys_of(one) for one in json.loads(bce("demo", "all", "-f", "json").stdout)
    }
    printed.pop("underflow")  # in a table of its own
    assert told == printed


QUESTIONS: dict[Callable[..., object], str] = {
    bce_cli.compute: "compute",
    bce_cli.losses: "compute",
    bce_cli.compare: "compare",
    bce_cli.calibration: "calibration",
    bce_cli.recalibrate: "recalibrate",
    bce_cli.check: "check",
    bce_cli.report: "report",
}


def test_every_public_name_is_told_of() -> None:
    page = ROOT / "docs" / "python.md"
    code = [*re.findall(r"`([^`\n]+)`", text_of(page)), *(block.text for block in blocks_of(page))]
    told = set(re.findall(r"\w+", " ".join(code)))
    assert set(bce_cli.__all__) <= told


def test_arguments_are_options_but_for_those_that_are_told_of(bce: Callable[..., Result]) -> None:
    table = section("python.md", "## Arguments and options")
    cells = re.findall(r"^\| (.*?) \| (.*?) \|$", table, flags=re.MULTILINE)
    own_arguments = set(first_column(table))
    own_options = set(re.findall(r"`--([a-z-]+)`", " ".join(options for _, options in cells)))
    arguments: dict[str, set[str]] = {}
    for question, command in QUESTIONS.items():
        arguments.setdefault(command, set()).update(signature(question).parameters)
    unlike = set()
    for command, names in arguments.items():
        shown = bce(command, "--help").stdout
        options = set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", shown)) - {"help"}
        as_options = {name.replace("_", "-") for name in names - own_arguments}
        assert as_options <= options
        assert options - as_options <= own_options
        unlike |= {*(options - as_options), *(names & own_arguments)}
    assert unlike == own_options | own_arguments


CREATED = "CREATE TABLE preds (y INT, p DOUBLE PRECISION); INSERT INTO preds VALUES (1,.9), (0,.2)"


@pytest.mark.deep
@pytest.mark.parametrize("program", ["sqlite3", "duckdb"])
def test_the_pipes_from_databases_give_the_exact_loss(program: str) -> None:
    if run_shell(f"command -v {program}").returncode != 0:
        pytest.skip(f"there is no program {program}")
    (recipe,) = re.findall(
        rf"^{program} .* \| bce compute$", section("input.md", "## Databases"), flags=re.MULTILINE
    )
    file = next(word for word in recipe.split() if word.startswith("preds."))
    assert run_shell(f'{program} {file} "{CREATED}"').returncode == 0
    assert run_shell(f"{recipe} -q").stdout == "0.16425203348601802\n"


def test_every_step_of_the_derivation_is_walked_and_told_of(bce: Callable[..., Result]) -> None:
    steps = re.findall(r"^ *\d+ +([a-z-]+) ", bce("demo").stdout, flags=re.MULTILINE)
    page = text_of(ROOT / "docs" / "derivation.md")
    assert re.findall(r"^\$ bce demo ([a-z-]+)", page, flags=re.MULTILINE) == steps
    told = set(first_column(section("derivation.md", "## As data")))
    assert keys_of(json.loads(bce("demo", "underflow", "-f", "json").stdout)) == told | {"step"}


def rewrite(page: Path) -> None:
    """Put into a page what its console blocks really print; say what else is not as it stands."""
    text = text_of(page)
    for block, shown in reversed(list(run_page(page))):
        if block.language == "console":
            text = text[: block.start] + shown + text[block.stop :]
        elif shown != block.text:
            sys.stderr.write(f"{page.name}:\n{shown}")
    page.write_text(text, encoding="utf-8")


def main() -> None:
    import tempfile  # noqa: PLC0415 -- of the script alone

    for page in [Path(name).resolve() for name in sys.argv[1:]] or PAGES:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            rewrite(page)
            os.chdir(ROOT)


if __name__ == "__main__":
    main()
