"""The benchmark runs what it says, and finds an answer that is wrong; no time is asserted."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import make_peer_data
from benchmarks.peer_data import FORMS, WIDE, need_room
from benchmarks.peer_result import Result, Timed
from benchmarks.peer_table import growth, table
from benchmarks.peer_targets import sizes, targets_table
from benchmarks.peer_tasks import TASKS
from benchmarks.peer_times import last_word
from benchmarks.process_times import FailedRunError, Kept, Run, run

ROOT = Path(__file__).parents[2]
ROWS = 1_000


def benchmark(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "benchmarks/against_peers.py", *words]
    environment = os.environ | {"PYTHONUTF8": "1"}
    return subprocess.run(
        command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True
    )


def lines_of(markdown: str, title: str) -> dict[str, list[str]]:
    """Return the cells of each tool's line in the table with this title."""
    (body,) = (part for part in markdown.split("\n\n**") if part.lstrip("*").startswith(title))
    rows = [line.strip("| ").split(" | ") for line in body.splitlines() if line.startswith("| ")]
    return {row[0]: row[1:] for row in rows[1:]}


def mean_loss(path: Path) -> float:
    with path.open(newline="") as stream:
        rows = [(int(row["label"]), float(row["prediction"])) for row in csv.DictReader(stream)]
    assert len(rows) == ROWS
    assert {label for label, _ in rows} == {0, 1}
    return math.fsum(-math.log(p if label else 1 - p) for label, p in rows) / ROWS


@pytest.mark.deep
def test_every_tool_computes_the_same_and_has_a_line(tmp_path: Path) -> None:
    work = ["--only", "csv", "losses-csv", "segments", "join", "compare", "calibration", "call"]
    work += ["help", "--peers", "sklearn", "numpy", "polars"]
    size = ("--rows", "1k", "--pairs", "1", "--data", str(tmp_path))
    done = benchmark(*work, *size, "--markdown", "--chart", str(tmp_path / "chart.png"))
    assert done.returncode == 0, done.stderr
    expected = mean_loss(tmp_path / "1000.csv")
    means = lines_of(done.stdout, "CSV, 2 columns, 1 thousand rows")
    assert {"bce", "scikit-learn, pandas", "NumPy, pandas with pyarrow"} <= set(means)
    assert math.isclose(float(means["bce"][4]), expected, rel_tol=1e-15)
    assert all(math.isclose(float(line[4]), expected, rel_tol=1e-12) for line in means.values())
    losses = lines_of(done.stdout, "every loss, CSV to CSV, 1 thousand rows")
    assert losses["bce"][4:] == means["bce"][4:] == [means["bce"][4], "the same"]
    for title in ("10,000 segments", "predictions and labels joined", "a call in a notebook"):
        lines = lines_of(done.stdout, title).values()
        assert len(lines) > 1
        assert all(math.isclose(float(line[4]), expected, rel_tol=1e-12) for line in lines)
    assert len({line[4][:12] for line in lines_of(done.stdout, "two models").values()}) == 1
    sorts = ["bce", "np.argsort", "np.sort"]
    assert list(lines_of(done.stdout, "calibration, Parquet")) == sorts
    beside = lines_of(done.stdout, "Beside the best")
    assert beside["CSV, 2 columns, 1 thousand rows"][0] == "Polars"
    assert list(lines_of(done.stdout, "--help")) == ["bce", "import typer"]
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")
    forms = (".csv", ".keyed.csv", ".labels.csv", ".models.csv", ".parquet", ".segments.csv")
    made = [*(f"1000{form}" for form in forms), "chart.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == made


def test_the_rows_are_the_same_in_every_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pandas as pd

    monkeypatch.setattr(make_peer_data, "CHUNK", 300)
    monkeypatch.setattr(make_peer_data, "ROW_GROUP", 600)
    paths = {form: tmp_path / f"{ROWS}{FORMS[form].suffix}" for form in FORMS}
    for form, path in paths.items():
        make_peer_data.make(form, ROWS, path)
    wide = pd.read_csv(paths["wide"])
    assert list(wide) == list(WIDE)
    objects = [json.loads(line) for line in paths["jsonl"].read_text().splitlines()]
    expected = [(row["label"], row["prediction"]) for row in objects]
    assert len(set(expected)) == ROWS
    keyed, labels = (pd.read_csv(paths[form]) for form in ("keyed", "labels"))
    assert list(keyed["id"]) == sorted(labels["id"]) != list(labels["id"])
    frames = [wide, keyed.merge(labels, on="id")]
    frames += [pd.read_parquet(paths[form]) for form in ("parquet", "weighted")]
    frames += [pd.read_csv(paths[form]) for form in ("csv", "gzip", "models", "segments")]
    for frame in frames:
        assert list(zip(frame["label"], frame["prediction"], strict=True)) == expected
    few = tmp_path / "few.csv"
    make_peer_data.make("csv", 301, few)
    assert paths["csv"].read_bytes().startswith(few.read_bytes())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--rows", "10G"), "'10G' is no number of rows such as 10000, 10k or 100M"),
        (("--rows", "0"), "'0' is no number of rows"),
        (("--pairs", "0"), "'0' is not 1 or more"),
        (("--only", "tsv"), "invalid choice: 'tsv'"),
        (("--data", "it's"), '"it\'s" has a quote'),
        (("--chart", "nowhere/chart.png"), "there is no folder nowhere"),
    ],
)
def test_a_mistaken_option_is_refused_before_anything_runs(
    words: tuple[str, ...], message: str
) -> None:
    done = benchmark(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_the_readme_shows_the_real_commands() -> None:
    done = benchmark("--show", "--only", "csv")
    assert done.stdout.strip() in (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")


def test_show_tells_all_work_and_runs_nothing(tmp_path: Path) -> None:
    done = benchmark("--show", "--data", str(tmp_path / "none"))
    assert re.findall(r"^# ([\w-]+): ", done.stdout, flags=re.MULTILINE) == list(TASKS)
    assert list(tmp_path.iterdir()) == []


OTHERS = {"DuckDB": 9.0, "mawk": 0.1}


def timed(tool: str, seconds: list[float], answers: list[str]) -> Timed:
    return Timed(tool, (), [[Run(wall, 2 * wall, 5e3, "") for wall in seconds]], answers)


def test_a_wrong_answer_and_unsteady_digits_are_told() -> None:
    result = Result(
        "csv",
        10_000_000,
        [
            timed("bce", [1.0, 2.0, 1.5], ["0.5"] * 3),
            timed("steady", [2.0, 4.0, 6.0], ["0.5"] * 3),
            timed("unsteady", [1.0, 1.0, 1.0], ["0.5", "0.50000000000000011", "0.5"]),
            timed("mistaken", [1.0, 1.0, 1.0], ["0.5", "0.500000001", "0.5"]),
        ],
        ["other: it is not installed"],
    )
    assert [tool.tool for tool in result.wrong()] == ["mistaken"]
    assert table(result, markdown=False) == (
        "CSV, 2 columns, 10 million rows\n"
        "-----------------------------------------------------------------------------\n"
        "tool      seconds  of the first  CPU seconds  peak MB  mean loss       digits\n"
        "bce         1.500          1.00        3.000     5000        0.5     the same\n"
        "steady      4.000          2.00        8.000     5000        0.5     the same\n"
        "unsteady    1.000          0.67        2.000     5000        0.5  2 different\n"
        "mistaken    1.000          0.67        2.000     5000        0.5        WRONG\n"
        "Left out: other: it is not installed."
    )


def test_several_series_are_summed_up_and_held_against_their_targets() -> None:
    def measured(bce: list[float], others: list[float]) -> Result:
        tools = [timed("bce", bce, ["0.5"]), timed("Polars", others, ["0.5"])]
        tools += [timed(other, [wall] * len(bce), ["0.5"]) for other, wall in OTHERS.items()]
        return Result("csv", 10_000_000, tools, ["other: it is not installed"])

    first = measured([1.0, 3.0, 2.0], [1.0, 2.0, 2.0])
    second = measured([0.5, 0.5, 1.0], [1.0, 1.0, 1.0])
    both = first.with_series(second).with_series(measured([1.9], [1.0]))
    assert both.notes == ["other: it is not installed"]
    assert table(both, markdown=True).splitlines()[2:5] == [
        "| tool | seconds | range | of the first | CPU seconds | peak MB | mean loss | digits |",
        "|:---|---:|---:|---:|---:|---:|---:|---:|",
        "| bce | 1.900 | 0.500 to 2.000 | 1.00 | 3.800 | 5000 | 0.5 | the same |",
    ]
    assert targets_table([both], markdown=True) == (
        "**Beside the best**\n\n"
        "| work | beside | its seconds | seconds | range | CPU seconds | peak MB | ratio "
        "| its range | target | of the target |\n"
        "|:---|:---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"
        "| CSV, 2 columns, 10 million rows | Polars | 1.000 | 1.900 | 0.500 to 2.000 | 3.800 "
        "| 5000 | 1.00 | 0.50 to 1.90 | 0.95 | 1.05 |\n\n"
        "- Of 1 targets 0 are met: 1.00 of the target, or less."
    )
    assert targets_table([], markdown=True) == ""
    assert sizes("csv") == [10_000, 1_000_000, 10_000_000, 100_000_000]


@pytest.mark.deep
def test_a_line_of_python_is_called_again_and_again(tmp_path: Path) -> None:
    make_peer_data.make("parquet", 10, tmp_path / "10.parquet")
    script = str(ROOT / "benchmarks" / "call_again.py")
    command = [sys.executable, script, str(tmp_path / "10.parquet")]
    with Kept([*command, "n = []", "n.append(y.sum() + len(p)) or len(n)"]) as process:
        answers = [float(process.once().output) for _ in range(2)]
        assert 1 <= answers[0] < answers[1]
        assert process.end() == process.end() > 1
    with Kept([*command, "", "missing"]) as process, pytest.raises(FailedRunError) as failure:
        process.once()
    assert str(failure.value) == "NameError: name 'missing' is not defined"
    assert failure.value.code == 1


def test_growth_compares_the_two_largest_files() -> None:
    sizes = {10_000: 0.2, 1_000_000: 0.3, 10_000_000: 1.0, 100_000_000: 10.5}
    results = [
        Result("csv", rows, [timed("bce", [wall], ["0.5"])], []) for rows, wall in sizes.items()
    ]
    assert growth(results, markdown=True).splitlines()[2:] == [
        "| work | tool | rows | ns a row | rows | ns a row | ratio |",
        "|:---|:---|---:|---:|---:|---:|---:|",
        "| CSV, 2 columns | bce | 10,000,000 | 100.0 | 100,000,000 | 105.0 | 1.050 |",
    ]
    assert growth(results[:2], markdown=True) == ""


def test_a_failed_command_gives_its_reason() -> None:
    with pytest.raises(FailedRunError, match=r"^ValueError: no$") as failure:
        run([sys.executable, "-c", "raise ValueError('no')"])
    assert failure.value.code == 1


def test_a_full_disk_is_told_before_it_is_full(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"^everything needs 1000000000\.0 GB of disk and "):
        need_room(tmp_path, 10**18, "everything")


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        ("0.5\n", "0.5"),
        (" 49% \u2595\u2588 \r100% (00:00:03.85 elapsed)     \n0.25\n", "0.25"),
        ("", ""),
    ],
)
def test_the_answer_is_what_a_tool_prints_last(output: str, answer: str) -> None:
    assert last_word(output) == answer
