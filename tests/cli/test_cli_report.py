"""bce report: what is written where, what it was made of, and how it ends."""

from __future__ import annotations

import hashlib
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bce_cli import __version__
from bce_cli.questions import making
from bce_cli.questions import report as question

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Bce = Callable[..., Result]

PAIRS = [((7 * i) % 10 < 4 + (i % 3), (3 * i) % 17 / 20 + 0.05) for i in range(40)]
ROWS = "".join(
    f"row{i},{y:d},{p:.2f},{(p + i % 4 / 4) / 1.8:.4f},{'abc'[i % 3]},u{i % 12}\n"
    for i, (y, p) in enumerate(PAIRS)
)
TEXT = f"id,y,p,old,site,user\n{ROWS}"
KEYS = [
    *("source", "label_column", "prediction_columns", "positive_label", "negative_label", "n"),
    *("n_missing", "n_unmatched", "unit", "models", "confidence", "version", "command", "stamp"),
    *("inputs", "answer", "verdict", "compute", "compare", "other_segments", "conventions"),
    *("calibration", "recalibrate", "no_advice", "check", "losses", "log_product", "notes"),
]


@pytest.fixture
def table() -> str:
    """Write the rows above into the current folder and return their path."""
    Path("t.csv").write_text(TEXT, encoding="utf-8")
    return "t.csv"


def digest(*names: str) -> str:
    return hashlib.sha256(b"".join(Path(name).read_bytes() for name in names)).hexdigest()


def told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_the_json_has_the_answers_to_all_questions(bce: Bce, table: str) -> None:
    options = "-p", "p", "-p", "old", "--by", "site", "--max-loss", "9"
    result = bce("report", table, *options, "-f", "json")
    found = told(result)
    assert list(found) == KEYS
    assert result.stderr == "bce: label column 'y', prediction columns 'p', 'old'\n"
    assert (found["source"], found["n"], found["unit"], found["confidence"]) == (
        *("t.csv", 40, "nats", 0.95),
    )
    assert (found["models"], found["prediction_columns"]) == (["p", "old"], ["p", "old"])
    assert (found["version"], found["stamp"], found["verdict"]) == (__version__, None, "passed")
    assert found["command"] == "bce report t.csv -p p -p old --by site --max-loss 9"
    assert [each["name"] for each in found["compare"]["models"]] == ["p", "old"]
    assert [each["name"] for each in found["calibration"]["models"]] == ["p", "old"]
    assert [each["prediction_column"] for each in found["recalibrate"]] == ["p", "old"]
    assert len(found["compute"]["segments"]) == 3
    assert found["compute"]["prediction_column"] == "p"
    assert sum(each["n"] for each in found["losses"]) == 40


@pytest.mark.deep
def test_each_answer_is_that_of_its_command(bce: Bce, table: str) -> None:
    both, one = ("-p", "p", "-p", "old"), ("-p", "p")
    by = ("--by", "site", "--cluster", "user")
    checks = ("--max-loss", "0.7", "--confident", "--cluster", "user")
    found = json.loads(bce("report", table, *both, *by, *checks[:3], "-f", "json").stdout)

    def asked(*args: str) -> Any:  # noqa: ANN401 -- JSON
        return json.loads(bce(args[0], table, *args[1:], "-f", "json").stdout)

    products = ("products", "likelihood_product", "product_subnormal_row", "product_zero_row")
    compute = {k: v for k, v in found["compute"].items() if k not in products}
    assert compute == asked("compute", *one, *by)
    compare = asked("compare", *both, *by)
    for each in compare["comparisons"]:
        each["gained"], each["lost"] = [], []
    assert found["compare"] == compare
    assert found["calibration"] == asked("calibration", *both, "--cluster", "user")
    assert found["recalibrate"][1] == asked("recalibrate", "-p", "old", "--cluster", "user")
    assert found["check"] == asked("check", *one, *checks)
    assert found["conventions"] == asked("compute", *one, "--like", "all")["conventions"]


@pytest.mark.deep
def test_no_row_is_told_of_unless_that_was_asked_for(bce: Bce, table: str) -> None:
    options = "-p", "p", "-p", "old", "--fine-bins", "-f", "json"
    found = told(bce("report", table, *options))
    assert "row0" not in json.dumps(found)
    assert "worst_rows" not in found["compute"]
    assert [(c["gained"], c["lost"]) for c in found["compare"]["comparisons"]] == [([], [])]
    shown = told(bce("report", table, *options, "--worst", "2", "--id", "id"))
    worst = shown["compute"]["worst_rows"]
    told_by_compute = json.loads(
        bce("compute", table, "-p", "p", "--worst", "2", "--id", "id", "-f", "json").stdout
    )
    assert worst == told_by_compute["worst_rows"]
    assert len(worst) == 2
    assert shown["command"] == "bce report t.csv -p p -p old --fine-bins --id id --worst 2"


@pytest.mark.deep
def test_the_name_of_the_file_is_the_format(bce: Bce, table: str) -> None:
    starts = {"r.html": b"<!DOCTYPE html>", "r.md": b"#", "r.json": b"{", "report": b"<!DOCTYPE"}
    for name, start in starts.items():
        result = bce("report", table, "-p", "p", "--fine-bins", "-q", "-o", name)
        assert (result.output, result.exit_code) == ("", 0)
        assert Path(name).read_bytes().startswith(start)
    result = bce("report", table, "-p", "p", "--fine-bins")
    assert (result.stdout_bytes, result.stderr) == (Path("r.html").read_bytes(), "")


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        (
            "-o r.csv",
            "--output 'r.csv': csv is not written by this command",
            "it writes html, markdown, json",
        ),
        (
            "-o r.txt",
            "--output 'r.txt': table is not written by this command",
            "it writes html, markdown, json",
        ),
        (
            "-o r.pdf",
            "--output 'r.pdf': the ending '.pdf' names no format",
            "a browser prints .html to a PDF",
        ),
        ("-f table", "--format 'table' is not known", "known are html, markdown, json"),
        (
            "-o r.md -f html",
            "--output 'r.md' and --format html contradict each other",
            "leave out --format for markdown, or choose another name",
        ),
        (
            "-o r.md --picture-format png",
            "--picture-format goes with --format html, and markdown has no pictures",
            None,
        ),
        (
            "--confident",
            "--confident is for checks, and there is none",
            "give a limit, such as --max-loss 0.65",
        ),
        ("--budget 1", "--budget goes with --against, --against-column or --baseline", None),
        (
            "-p p -p old --against old.csv",
            "--against adds one model to one, and -p was given more than once",
            "give -p once, or name all models of SOURCE by -p",
        ),
        ("--id id", "--id goes with --worst", "without it no row is shown"),
        ("--worst 1001", "--worst must be at most 1000, got 1001", None),
        (
            "--confidence 1",
            "--confidence must lie between 0 and 1, got 1",
            "such as 0.95 or 0.99",
        ),
        ("--max-ece 2", "--max-ece must be in [0, 1], got 2.0", None),
        (
            "--fine-bins --cluster user",
            "--cluster needs the rows, and --fine-bins does not hold them",
            None,
        ),
        (
            "--fine-bins --min-auc 0.6",
            "--min-auc needs the rows, and --fine-bins does not hold them",
            None,
        ),
        (
            "--brief",
            "there is no option '--brief'",
            "bce compute has it",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(
    bce: Bce, table: str, options: str, message: str, hint: str | None
) -> None:
    result = bce("report", table, *options.split())
    told_hint = "" if hint is None else f"bce: {hint}\n"
    assert result.stderr == f"bce: error: {message}\n{told_hint}"
    assert (result.stdout, result.exit_code) == ("", 2)
    assert sorted(map(str, Path().iterdir())) == ["t.csv"]


def test_a_page_is_nothing_for_a_terminal(
    bce: Bce, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapper = "typer.testing._NamedTextIOWrapper"
    monkeypatch.setattr(f"{wrapper}.isatty", lambda _: True, raising=False)
    result = bce("report", table, "-p", "p")
    assert result.stderr == (
        "bce: error: HTML is nothing to read on a terminal\n"
        "bce: write it to a file with -o report.html\n"
    )
    assert (result.stdout, result.exit_code) == ("", 2)


def test_pictures_for_mail_need_matplotlib(
    bce: Bce, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = bce("report", table, "-p", "p", "-o", "r.html", "--picture-format", "png")
    assert result.stderr == (
        "bce: error: --picture-format png needs matplotlib, which is not installed\n"
        "bce: install matplotlib: pip install matplotlib\n"
    )
    assert result.exit_code == 2


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("options", "code", "verdict"),
    [
        ("--max-loss 9", 0, ""),
        ("--max-loss 0.5", 3, "bce: check failed: mean loss 0.865508 is above 0.5\n"),
        (
            "--max-loss 0.8 --confident",
            4,
            "bce: check undecided: mean loss 0.865508 (0.6481 to 1.083) is not clear of 0.8\n",
        ),
    ],
)
def test_checks_decide_how_it_ends(
    bce: Bce, table: str, options: str, code: int, verdict: str
) -> None:
    result = bce("report", table, "-p", "p", *options.split(), "-o", "r.json")
    columns = "bce: label column 'y', prediction column 'p'\n"
    assert (result.stdout, result.stderr, result.exit_code) == ("", columns + verdict, code)
    found = json.loads(Path("r.json").read_bytes())
    assert found["verdict"] == {0: "passed", 3: "failed", 4: "undecided"}[code]
    quiet = bce("report", table, "-p", "p", *options.split(), "-q", "-o", "q.json")
    assert (quiet.output, quiet.exit_code) == ("", code)
    assert Path("q.json").read_bytes() == Path("r.json").read_bytes()


@pytest.mark.deep
def test_another_file_is_the_second_model_and_a_check(bce: Bce, table: str) -> None:
    lines = [line.split(",") for line in TEXT.splitlines()]
    old = "".join(f"{line[0]},{line[1]},{line[3].replace('old', 'p')}\n" for line in lines)
    Path("old.csv").write_text(old, encoding="utf-8")
    options = "-p", "p", "--budget", "1", "--fine-bins", "-f", "json"
    found = told(bce("report", table, *options, "--against", "old.csv"))
    beside = told(bce("report", table, *options, "--against-column", "old"))
    among = told(bce("report", table, *options, "-p", "old", "--against-column", "old"))
    assert found["models"] == ["t.csv", "old.csv"]
    assert [found["check"]["against"][key] for key in ("source", "column")] == ["old.csv", "p"]
    assert [file["source"] for file in found["inputs"]] == ["t.csv", "old.csv"]
    (difference,) = (each["difference"] for each in found["compare"]["comparisons"])
    for each in (found, beside, among):
        assert [c["name"] for c in each["check"]["checks"]] == ["against"]
        assert each["check"]["checks"][0]["value"] == -difference
    assert beside["models"] == among["models"] == ["p", "old"]
    assert (
        among["command"]
        == "bce report t.csv -p p -p old --fine-bins --against-column old --budget 1"
    )


def test_files_are_told_of_with_their_digests(bce: Bce, table: str) -> None:
    Path("labels.csv").write_text("".join(f"{r.split(',')[1]}\n" for r in TEXT.splitlines()))
    Path("p.csv").write_text("".join(f"{r.split(',')[2]}\n" for r in TEXT.splitlines()))
    bce("compute", table, "-p", "p", "-o", "saved.json")
    options = "--labels", "labels.csv", "--baseline", "saved.json"
    found = told(bce("report", "p.csv", *options, "-f", "json"))
    names = ["p.csv", "labels.csv", "saved.json"]
    assert found["inputs"] == [
        {"source": name, "files": 1, "bytes": Path(name).stat().st_size, "sha256": digest(name)}
        for name in names
    ]
    assert found["command"] == "bce report p.csv --labels labels.csv --baseline saved.json"


def test_pipes_have_no_digest(bce: Bce) -> None:
    result = bce("report", "-p", "p", "-f", "json", stdin=TEXT.encode())
    found = told(result)
    assert found["inputs"] == [{"source": "-", "files": 1, "bytes": None, "sha256": None}]
    assert found["command"] == "bce report - -p p"


@pytest.mark.deep
def test_many_files_are_told_of_as_one(bce: Bce) -> None:
    Path("log").mkdir()
    names = [f"log/{i:02}.csv" for i in range(51)]
    for number, name in enumerate(names):
        Path(name).write_text(f"y,p\n1,0.{number + 10}\n0,0.3\n", encoding="utf-8")
    lines = "".join(f"{digest(name)}\n" for name in names)
    found = told(bce("report", *names, "-f", "json"))
    assert found["command"] == "bce report log/00.csv ... log/50.csv"
    assert found["inputs"] == [
        {
            "source": "log/00.csv and 50 more",
            "files": 51,
            "bytes": sum(Path(name).stat().st_size for name in names),
            "sha256": hashlib.sha256(lines.encode()).hexdigest(),
        }
    ]
    Path(names[0]).unlink()
    found = told(bce("report", "log", "-f", "json"))
    assert [file["sha256"] for file in found["inputs"]] == [digest(name) for name in names[1:]]


def test_a_file_that_changes_meanwhile_makes_no_page(
    bce: Bce, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = question.report

    def late(*args: Any) -> object:  # noqa: ANN401 -- whatever it takes
        document = answered(*args)
        Path(table).write_text(f"{TEXT}more,1,0.5,0.5,a,u1\n", encoding="utf-8")
        return document

    monkeypatch.setattr(question, "report", late)
    result = bce("report", table, "-p", "p", "-o", "r.html")
    assert result.stderr == (
        "bce: error: t.csv: changed while it was read\n"
        "bce: sources must not change while they are read\n"
    )
    assert (result.stdout, result.exit_code) == ("", 66)
    assert not Path("r.html").exists()


def test_the_same_question_makes_the_same_bytes(bce: Bce, table: str) -> None:
    bce("report", table, "--label", "y", "--prediction=p", "--fine-bins", "-o", "one.html")
    others = "-q", "-o", "two.html", "--workers", "2", "--fine-bins"
    bce("report", "-p", "p", "-l", "y", table, *others)
    assert Path("one.html").read_bytes() == Path("two.html").read_bytes()


@pytest.mark.deep
def test_a_stamp_is_there_if_it_was_asked_for(
    bce: Bce, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "now", lambda: "2026-11-26 13:00:00+00:00")
    found = told(bce("report", table, "-p", "p", "-f", "json", "--stamp"))
    assert found["stamp"] == "2026-11-26 13:00:00+00:00"
    assert found["command"] == "bce report t.csv -p p"


def test_words_with_a_meaning_for_the_shell_are_quoted(bce: Bce) -> None:
    Path("-a b.csv").write_text("it's,p$\n1,0.5\n0,0.25\n1,0.75\n", encoding="utf-8")
    options = "-l", "it's", "-p", "p$", "--max-loss", "0", "--fine-bins", "-f", "json"
    result = bce("report", *options, "--", "-a b.csv")
    assert json.loads(result.stdout)["command"] == (
        "bce report './-a b.csv' -l 'it'\"'\"'s' -p 'p$' --fine-bins --max-loss 0"
    )


@pytest.mark.parametrize(
    ("options", "place"),
    [("--baseline saved.json", "saved.json"), ("--labels labels.json", "labels.json")],
)
def test_what_is_read_is_not_overwritten(bce: Bce, table: str, options: str, place: str) -> None:
    bce("compute", table, "-p", "p", "-o", "saved.json")
    rows = [{"y": int(row.split(",")[1])} for row in ROWS.splitlines()]
    Path("labels.json").write_text(json.dumps(rows), encoding="utf-8")
    before = Path(place).read_bytes()
    result = bce("report", table, "-p", "p", *options.split(), "-o", place)
    assert result.stderr == (
        f"bce: error: {place}: the output would overwrite an input\n"
        "bce: choose another file for --output\n"
    )
    assert (result.exit_code, Path(place).read_bytes()) == (73, before)


def test_a_folder_that_is_not_there_is_named(bce: Bce, table: str) -> None:
    result = bce("report", table, "-p", "p", "-o", "no/report.html")
    assert result.stderr == (
        "bce: error: no/report.html: no such file or directory\nbce: there is no folder 'no'\n"
    )
    assert result.exit_code == 73


@pytest.mark.deep
def test_of_many_segments_the_costliest_are_told_of_and_a_sum(bce: Bce) -> None:
    rows = "".join(
        f"{i % 2},0.{10 + i},0.5,s{i:02}\n{1 - i % 2},0.5,0.4,s{i:02}\n" for i in range(60)
    )
    Path("s.csv").write_text(f"y,p,old,site\n{rows}", encoding="utf-8")
    options = "-p", "p", "-p", "old", "--by", "site", "-f", "json"
    found = told(bce("report", "s.csv", *options, "--fine-bins"))
    whole = told(bce("compute", "s.csv", "-p", "p", "--by", "site", "-f", "json"))
    shown, others = whole["segments"][:50], whole["segments"][50:]
    assert found["compute"]["segments"] == shown
    rest = found["other_segments"]
    assert (rest["segments"], rest["n"]) == (10, 20)
    assert rest["mean_loss"] == math.fsum(each["total_loss"] for each in others) / 20
    assert rest["share_of_total"] == math.fsum(each["share_of_total"] for each in others)
    names = {each["segment"]["site"] for each in shown}
    compared = [each["segment"]["site"] for each in found["compare"]["segments"]]
    assert (len(compared), {*compared}) == (50, names)
