"""bce compare of several models: sorted, marked, by segment, as tables; and what is refused."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import bce_cli
from bce_cli.results import CompareResult
from tests.in_python import in_python, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

N = 120
RNG = np.random.default_rng(3)
LOGITS = RNG.normal(size=N)
LABELS = (RNG.random(N) < 1.0 / (1.0 + np.exp(-LOGITS))).astype(int)
SITES = np.where(np.arange(N) % 3 == 0, "n,orth", "south")


def model(scale: float, noise: float) -> list[float]:
    logits = scale * LOGITS + noise * RNG.normal(size=N)
    return (1.0 / (1.0 + np.exp(-logits))).round(6).tolist()  # type: ignore[no-any-return]


COLUMNS: dict[str, Any] = {
    "site": SITES.tolist(),
    "y": LABELS.tolist(),
    "none": [0.5] * N,
    "p_far": model(0.3, 2.5),
    "p_fine": model(1.0, 0.0),
    "p_near": model(0.9, 0.1),
}
MODELS = ("-p", "none", "-p", "p_*")
HOSTILE = "\x1b[31m[red]|*b*\u202e"


def table(**columns: Any) -> str:  # noqa: ANN401
    found = COLUMNS | columns
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(found)
    writer.writerows(zip(*found.values(), strict=True))
    return stream.getvalue()


def lines_of(result: Result) -> list[dict[str, str]]:
    assert result.exit_code == 0
    return [*csv.DictReader(io.StringIO(result.stdout))]


def test_models_are_sorted_and_the_best_ones_marked(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    text = bce("compare", preds(table()), *MODELS, "--sort", "--brief").stdout
    rows = [line.split("  ")[0] for line in text.splitlines()[3:7]]
    assert rows == ["p_fine", "p_near", "none (baseline)", "p_far"]
    marked = [line for line in text.splitlines()[3:7] if " * 0." in line]
    assert [line.split()[0] for line in marked] == ["p_fine", "p_near"]
    note = "* p_fine has the lowest mean loss, and others with this sign cannot be told from it "
    assert note + "(paired t-tests adjusted by Holm's procedure)." in " ".join(text.split("\n"))


def test_json_says_the_same(preds: Callable[..., str], bce: Callable[..., Result]) -> None:
    path = preds(table())
    record = json.loads(bce("compare", path, *MODELS, "--sort", "-f", "json").stdout)
    assert (record["baseline"], record["best"], record["sorted"]) == ("none", "p_fine", True)
    told = [(m["name"], m["rank"], m["is_best"], m["told_from_best"]) for m in record["models"]]
    assert told == [
        ("p_fine", 1, True, False),
        ("p_near", 2, False, False),
        ("none", 3, False, True),
        ("p_far", 4, False, True),
    ]
    assert [item["model"] for item in record["comparisons"]] == ["p_fine", "p_near", "p_far"]
    assert [item["verdict"] for item in record["comparisons"]] == ["better", "better", "worse"]
    unsorted = json.loads(bce("compare", path, *MODELS, "-f", "json").stdout)
    assert [m["name"] for m in unsorted["models"]] == ["none", "p_far", "p_fine", "p_near"]
    by_name = {m["name"]: m for m in unsorted["models"]}
    assert [by_name[m["name"]] for m in record["models"]] == record["models"]
    quiet = bce("compare", path, *MODELS, "-q").stdout
    assert [*map(float, quiet.split())] == [item["difference"] for item in unsorted["comparisons"]]


def test_bare_numbers_are_not_sorted(preds: Callable[..., str], bce: Callable[..., Result]) -> None:
    result = bce("compare", preds(table()), *MODELS, "-q", "--sort")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "bce: error: --sort puts models in the order of their loss, and --quiet leaves out their "
        "names\nbce: --format csv --sort has both; without --sort they stand as named\n"
    )


def _in_csv(value: Any) -> str:  # noqa: ANN401 -- of JSON
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


@pytest.mark.parametrize("name", ["models", "comparisons", "segments"])
def test_csv_has_the_table_that_was_asked_for(
    name: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = preds(table())
    args = ("compare", path, *MODELS, "--by", "site", "--sort")
    found = lines_of(bce(*args, "-f", "csv", "--table", name))
    record = json.loads(bce(*args, "-f", "json").stdout)[name]
    assert len(found) == len(record) == {"models": 4, "comparisons": 3, "segments": 6}[name]
    for line, item in zip(found, record, strict=True):
        words = item.pop("segment", {})
        assert {key: line.pop(key) for key in words} == words
        assert [*line] == [key for key in item if key not in ("finite", "gained", "lost")]
        assert [*line.values()] == [_in_csv(item[key]) for key in line]
    assert lines_of(bce(*args, "-f", "csv")) == lines_of(
        bce(*args, "-f", "csv", "--table", "comparisons")
    )


def test_markdown_has_that_table_alone(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = preds(table())
    args = ("compare", path, *MODELS, "--by", "site", "-f", "markdown", "--table")
    heads = {
        name: [line for line in bce(*args, name).stdout.splitlines() if line.startswith("### ")]
        for name in ("models", "comparisons", "segments")
    }
    title = "### preds.csv: 4 models on 120 rows"
    assert [len(lines) for lines in heads.values()] == [1, 1, 3]
    assert heads["models"][0].startswith(title)
    assert heads["comparisons"] == heads["models"]
    assert heads["segments"][0] == "### p\\_far minus none, by 'site', costliest first"
    assert "| p\\_fine | 1 | 0." in bce(*args, "models").stdout
    assert " | best | - |\n" in bce(*args, "models").stdout


@pytest.mark.parametrize(
    ("args", "message", "hint"),
    [
        (
            ["--table", "models"],
            "--table goes with --format csv or markdown",
            "json, html and the terminal have all tables",
        ),
        (
            ["--table", "models", "-f", "json"],
            "--table goes with --format csv or markdown",
            "json, html and the terminal have all tables",
        ),
        (
            ["--table", "models", "-f", "csv", "-q"],
            "--table goes with --format csv or markdown",
            "json, html and the terminal have all tables",
        ),
        (
            ["--table", "segments", "-f", "csv"],
            "--table segments goes with --by",
            "such as --by site",
        ),
        (["--margin", "0"], "--margin must be a finite number above 0, got 0.0", None),
        (["--margin", "nan"], "--margin must be a finite number above 0, got nan", None),
    ],
)
def test_what_goes_not_together_is_refused(
    args: list[str],
    message: str,
    hint: str | None,
    *,
    preds: Callable[..., str],
    bce: Callable[..., Result],
) -> None:
    result = bce("compare", preds(table()), *MODELS, *args)
    said = f"bce: error: {message}\n" + (f"bce: {hint}\n" if hint else "")
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", said)


def test_a_margin_is_in_the_sentence_with_the_sign(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    args = ("compare", preds(table()), "-p", "p_near", "-p", "p_fine", "--brief", "--margin")
    text = " ".join(bce(*args, "0.05").stdout.split("\n"))
    start = "p_fine and p_near are equivalent: p_fine costs 0.00"
    assert start in text
    assert " nats a row less, and all of [-0.0" in text
    assert "] is within the margin of 0.05." in text
    assert "which reaches beyond the margin of 0.001." in " ".join(
        bce(*args, "0.001").stdout.split("\n")
    )


def test_segments_say_where_the_verdict_turns_around(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    against = 1.0 - np.array(COLUMNS["p_fine"])
    mixed = np.where(np.arange(N) % 3 == 0, against, COLUMNS["p_fine"]).tolist()
    args = ("compare", preds(table(mixed=mixed)), "-p", "none", "-p", "mixed", "--by", "site")
    text = bce(*args, "--brief").stdout
    assert text.startswith(
        "mixed minus none, by 'site', costliest first\nsite    rows  mean loss  difference"
    )
    assert "mixed is better in 1 of 2 segments and worse in 1.\n" in text
    record = json.loads(bce(*args, "-f", "json").stdout)
    told = {item["segment"]["site"]: item["verdict"] for item in record["segments"]}
    assert told == {"south": "better", "n,orth": "worse"}
    heavy = [1 if place % 3 else 0.125 for place in range(N)]
    weighted = bce(*args[:1], preds(table(mixed=mixed, w=heavy)), *args[2:], "-w", "w", "--brief")
    turned = "Over all rows it is better, but worse in 'n,orth'."
    assert turned in " ".join(weighted.stdout.split("\n"))


@pytest.mark.parametrize("width", [60, 80])
def test_no_line_is_longer_than_the_terminal_and_no_name_is_markup(
    width: int,
    preds: Callable[..., str],
    bce: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    columns = {f"m{HOSTILE}{k}": COLUMNS["p_fine"] for k in range(2)}
    path = preds(table(**columns))
    result = bce("compare", path, *MODELS, "-p", "m*", "--by", "site", "--sort")
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= width
    assert not set(result.stdout) & {"\x1b", "\u202e"}
    assert "m\\x1b[31m[red]|*b*\\u202e0" in result.stdout.replace("\n", "")


@pytest.mark.few(1)
@pytest.mark.parametrize("n", [6, 20])
def test_of_many_models_those_that_are_alike_are_told_together(
    n: int, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    columns = {f"m{k:02}": [round(p**1.01, 6) for p in COLUMNS["p_fine"]] for k in range(n)}
    path = preds(table(**columns))
    text = bce("compare", path, "-p", "none", "-p", "m*", "-p", "p_far", "--brief").stdout
    names = ", ".join([f"m{k:02}" for k in range(n)][:8])
    more = f" and {n - 8} more" if n > 8 else ""
    end = f"{n} of {n + 1} models are better than none: {names}{more}. 1 of {n + 1} models is "
    assert end + "worse than none: p_far. " in " ".join(text.split("\n"))


def test_python_has_the_same_tables() -> None:
    found = bce_cli.compare(COLUMNS, ["none", "p_*"], by="site", sort=True, margin=0.01)
    assert isinstance(found, CompareResult)
    assert (found.best, found.margin) == ("p_fine", 0.01)
    assert found.models["name"].to_pylist() == ["p_fine", "p_near", "none", "p_far"]
    assert found.segments.num_rows == 6
    assert found.segments["site"].to_pylist()[:2] == ["south", "n,orth"]
    with pytest.raises(AttributeError, match=r"no 'segments' here: by=\.\.\. gives them"):
        _ = bce_cli.compare(COLUMNS, ["none", "p_fine"]).segments


@pytest.mark.deep
def test_a_picture_marks_the_best() -> None:
    pytest.importorskip("matplotlib")
    axes = bce_cli.compare(COLUMNS, ["none", "p_*"]).plot()
    words = " ".join(text.get_text() for text in axes.figure.findobj() if hasattr(text, "get_text"))
    assert "p_fine: better (best)" in words
    assert "p_near: better (may be best)" in words
    assert "p_far: worse (" not in words


def test_rows_of_no_weight_are_counted_in_segments_and_finite_blocks_have_all_keys(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    lines = ["0,.3,.5,A,0", "1,.6,.7,A,0", "1,.4,.5,B,1", "0,.2,1,B,0", "0,.2,1,C,1", "1,.2,.3,C,1"]
    path = preds("\n".join(["y,a,b,g,w", *lines, ""]))
    names = ("-l", "y", "-w", "w", "-f", "json", "--by", "g", "-p", "a")
    record = json.loads(bce("compare", path, *names, "-p", "b").stdout)
    found = {item["segment"]["g"]: item for item in record["segments"]}
    one = json.loads(bce("compute", path, *names).stdout)
    for key in ("n", "is_small"):
        assert {name: item[key] for name, item in found.items()} == {
            item["segment"]["g"]: item[key] for item in one["segments"]
        }
    assert sum(item["n"] for item in found.values()) == record["n"] == 6
    nothing = ("mean_loss", "difference", "p_value", "infinite", "finite")
    assert [found["A"][key] for key in nothing] == [None] * 5
    assert [found["C"]["mean_loss"], found["C"]["infinite"]] == [None, "model"]
    assert [*found["C"]["finite"]] == [*record["comparisons"][0]["finite"]]
    back = bce_cli.load(preds(json.dumps(record), "report.json"))
    assert json.loads(back.to_json()) == record
    text = bce("compare", path, "-l", "y", "-w", "w", "--by", "g", "-p", "a", "-p", "b").stdout
    assert words(f"{back}") == words(in_python(text))
    (row,) = [line.split() for line in text.splitlines() if line.startswith("A ")]
    assert row == ["A", "2*", "-", "-", "-", "-", "undecided"]


def test_notes_match_models_to_the_rows_they_need(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    columns = {f"m{k}": [round(p**e, 6) for p in COLUMNS["p_fine"]] for k, e in enumerate(POWERS)}
    path = preds(table(**columns))
    args = ("compare", path, "-p", "p_fine", "--brief")
    record = json.loads(bce(*args, "-p", "m*", "-f", "json").stdout)["comparisons"]
    for n in (2, 3):
        text = " ".join(bce(*args, *(f"-pm{k}" for k in range(n))).stdout.split())
        for item in record[:n]:
            rows = round(item["rows_needed"], 2 - len(str(item["rows_needed"])))
            assert (
                f"{item['model']}: these rows tell a difference of "
                f"{item['detectable_difference']:.2g} nats or more (80 % power, 95 %); to tell the "
                f"{abs(item['difference']):.2g} that was seen, about {rows:,} rows would be needed."
            ) in text
    text = " ".join(bce(*args, "-p", "m*").stdout.split())
    least = sorted(item["detectable_difference"] for item in record)
    assert (
        f"These rows tell a difference of {least[0]:.2g} to {least[-1]:.2g} nats or more, by model "
        "(80 % power, 95 %); --format csv has the rows needed for each."
    ) in text
    assert "would be needed" not in text


POWERS = (1.05, 1.2, 0.9, 0.8)


@pytest.mark.parametrize(
    ("args", "number"),
    [
        (("-p", "none", "-p", "p_fine"), None),
        (("-p", "none", "-p", "p_fine", "--by", "site"), "segments"),
        (MODELS, "models"),
        ((*MODELS, "--by", "site"), "models or segments"),
    ],
)
def test_a_margin_is_not_adjusted(
    args: tuple[str, ...], number: str | None, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    text = " ".join(bce("compare", preds(table()), *args, "--margin", "0.01").stdout.split())
    note = "Equivalent goes by each interval alone, not adjusted for the number of "
    assert text.count(note) == (number is not None)
    assert number is None or f"{note}{number}; better and worse go by p, which is." in text


def test_the_first_of_several_files_is_said_to_be_the_baseline(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    names = ("none", "p_far", "p_fine")
    texts = [[f"{y},{p}\n" for y, p in zip(LABELS, COLUMNS[name], strict=True)] for name in names]
    paths = [
        preds("y,p\n" + "".join(text), f"{n}.csv") for n, text in zip("ebc", texts, strict=True)
    ]
    note = "\nThe baseline is the first source, e.csv.\n"
    assert note in bce("compare", *paths).stdout
    assert "The baseline is" not in bce("compare", *paths[:2]).stdout
    shards = [preds(table(), f"{n}.csv") for n in "xyz"]
    assert "The baseline is" not in bce("compare", *shards, *(f"-p{n}" for n in names)).stdout
