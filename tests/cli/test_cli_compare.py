"""bce compare: what is printed where, and by which exit code it ends."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bce_cli import binary_cross_entropy
from bce_cli.readers import grammar

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from typer.testing import Result

LABELS = [1, 0, 1, 0, 1]
OLD = [0.9, 0.2, 0.6, 0.4, 0.7]
NEW = [0.8, 0.1, 0.7, 0.45, 0.9]
THIRD = [0.7, 0.3, 0.65, 0.2, 0.5]
DAYS = ["mon", "mon", "tue", "tue", "wed"]
ROWS = "id,y,old,new,third,day,w\n" + "".join(
    f"r{i},{y},{a},{b},{c},{day},{i + 1}\n"
    for i, (y, a, b, c, day) in enumerate(zip(LABELS, OLD, NEW, THIRD, DAYS, strict=True))
)
NOTE = "bce: label column 'y', prediction columns 'old', 'new'\n"
TWO = ("-p", "old", "-p", "new")


def difference(model: list[float], baseline: list[float] = OLD) -> float:
    """The mean difference of losses, by fsum."""
    losses = binary_cross_entropy(LABELS, model) - binary_cross_entropy(LABELS, baseline)
    return math.fsum(losses) / len(LABELS)


def _refuse(token: str) -> float:
    raise AssertionError(token)


def record_of(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0
    found: dict[str, Any] = json.loads(result.stdout, parse_constant=_refuse)
    return found


@pytest.fixture
def files(preds: Callable[..., str]) -> tuple[str, str]:
    """The two models in files of their own."""
    old, new = (
        preds(
            "id,y,p\n" + "".join(f"r{i},{y},{p}\n" for i, (y, p) in enumerate(zip(LABELS, m))),  # noqa: B905
            name,
        )
        for name, m in (("old.csv", OLD), ("new.csv", NEW))
    )
    return old, new


def test_the_table_goes_to_standard_output_with_nothing_beside_it(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("compare", preds(ROWS), *TWO)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "\n\npreds.csv: 2 models on 5 rows, 3 with label 1 (60.0 %)\n" in result.stdout
    verdict = "No difference between new and old can be told from 5 rows: -0.06369 [-0.2619,"
    columns = "Read: label 'y', predictions 'old', 'new'."
    assert result.stdout.endswith(f"\n{columns}\n{verdict}\n0.1345] nats a row.\n")


def test_the_json_has_all_figures(preds: Callable[..., str], bce: Callable[..., Result]) -> None:
    result = bce("compare", preds(ROWS), *TWO, "-p", "third", "-f", "json", "--id", "id")
    record = record_of(result)
    assert list(record) == [
        *("source", "label_column", "prediction_columns", "positive_label", "negative_label"),
        *("n", "n_positive"),
        *("weight_sum", "base_rate", "n_missing", "n_unmatched", "unit", "convention", "clip"),
        *("confidence", "margin", "cluster_column", "n_clusters", "effective_clusters"),
        *("base_rate_loss", "baseline"),
        *("best", "sorted", "models", "comparisons", "notes"),
    ]
    assert (record["n"], record["baseline"], record["unit"]) == (5, "old", "nats")
    assert [model["name"] for model in record["models"]] == ["old", "new", "third"]
    first, second = record["comparisons"]
    assert list(first) == [
        *("model", "baseline", "difference", "std_error", "ci_low", "ci_high", "t", "df"),
        *("p_value", "p_adjusted", "detectable_difference", "rows_needed", "verdict"),
        *("n_better", "n_worse", "n_tied", "infinite"),
        *("n_only_baseline_infinite", "n_only_model_infinite", "n_both_infinite", "finite"),
        *("gained", "lost"),
    ]
    assert (first["model"], first["difference"]) == ("new", difference(NEW))
    assert (second["model"], second["difference"]) == ("third", difference(THIRD))
    assert (first["n_better"], first["n_worse"], first["n_tied"], first["df"]) == (3, 2, 0, 4)
    assert first["ci_low"] < first["difference"] < first["ci_high"]
    assert first["gained"][0] == {
        "row": 5,
        "id": "r4",
        "label": 1,
        "baseline_prediction": 0.7,
        "prediction": 0.9,
        "difference": binary_cross_entropy([1], [0.9])[0] - binary_cross_entropy([1], [0.7])[0],
    }
    assert first["finite"] is None


def test_the_means_are_those_of_compute(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = preds(ROWS)
    for options in ([], ["-w", "w"], ["--unit", "bits"], ["--clip", "0.3"], ["--like", "torch"]):
        models = record_of(bce("compare", path, *TWO, *options, "-f", "json"))["models"]
        for model in models:
            name = model["name"]
            alone = record_of(bce("compute", path, "-p", name, *options, "-f", "json"))
            for key in ("mean_loss", "std_error", "total_loss", "skill", "brier", "n_impossible"):
                assert model[key] == alone[key]
            assert model["ci_low"] == pytest.approx(alone["ci_low"], rel=1e-12)


@pytest.mark.parametrize("options", [[], ["--cluster", "day"], ["-w", "w"], ["--unit", "bits"]])
def test_files_and_columns_give_the_same_figures(
    options: list[str], bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    head, *lines = ROWS.splitlines()
    cells = [line.split(",") for line in lines]
    paths = [
        preds("y,p,day,w\n" + "".join(f"{c[1]},{c[i]},{c[5]},{c[6]}\n" for c in cells), name)
        for i, name in ((2, "old"), (3, "new"))
    ]
    assert head.startswith("id,y,old,new")
    of_files = record_of(bce("compare", *paths, *options, "-f", "json"))
    of_columns = record_of(bce("compare", preds(ROWS), *TWO, *options, "-f", "json"))
    assert of_files["comparisons"] == of_columns["comparisons"]
    assert of_files["models"] == of_columns["models"]


def test_the_csv_has_a_line_for_each_comparison(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("compare", preds(ROWS), *TWO, "-p", "third", "-f", "csv")
    lines = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [line["model"] for line in lines] == ["new", "third"]
    assert [line["difference"] for line in lines] == [
        repr(difference(NEW)),
        repr(difference(THIRD)),
    ]


def test_quiet_prints_the_differences_alone(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("compare", preds(ROWS), *TWO, "-p", "third", "-q")
    assert result.stdout == f"{difference(NEW)!r}\n{difference(THIRD)!r}\n"
    assert result.stderr == ""


@pytest.mark.parametrize("options", [[], ["-w", "w"], ["--unit", "bits"], ["--like", "torch"]])
def test_quiet_prints_what_csv_has(
    options: list[str],
    preds: Callable[..., str],
    bce: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(grammar, "BLOCK_BYTES", 300)
    lines = (
        f"1,0.{5 + i % 5},0.{6 + i % 4},{i % 3}\n0,0.{i % 5}1,0.{i % 4}2,1\n" for i in range(60)
    )
    path = preds("y,a,b,w\n" + "".join(lines))
    args = ["compare", path, "-p", "a", "-p", "b", *options]
    (line,) = csv.DictReader(bce(*args, "-f", "csv").stdout.splitlines())
    result = bce(*args, "-q")
    assert (result.stdout, result.stderr) == (f"{line['difference']}\n", "")
    assert bce(*args, "-q", "--margin", "0.1").stdout == result.stdout


@pytest.mark.parametrize(
    ("a", "b", "printed", "infinite"),
    [
        ("0", ".5", "-inf", "baseline"),
        (".5", "0", "inf", "model"),
        ("0", "0", "nan", "both"),
        (".5", ".5", "0.0", None),
    ],
)
def test_an_infinite_or_undefined_difference_is_null_in_json(
    a: str,
    b: str,
    printed: str,
    infinite: str | None,
    *,
    preds: Callable[..., str],
    bce: Callable[..., Result],
) -> None:
    path = preds(f"y,a,b\n1,{a},{b}\n1,.5,.5\n0,.25,.25\n")
    models = ("-p", "a", "-p", "b")
    assert bce("compare", path, *models, "-q").stdout == f"{printed}\n"
    (found,) = record_of(bce("compare", path, *models, "-f", "json"))["comparisons"]
    assert found["infinite"] == infinite
    if infinite is None:
        assert (found["difference"], found["finite"]) == (0.0, None)
        return
    assert (found["difference"], found["std_error"], found["p_value"]) == (None, None, None)
    finite = found["finite"]
    assert list(finite) == [
        *("n", "difference", "std_error", "ci_low", "ci_high", "t", "df"),
        *("p_value", "p_adjusted", "detectable_difference", "rows_needed"),
    ]
    assert (finite["n"], finite["difference"], finite["std_error"]) == (2, 0.0, 0.0)


def test_clusters_are_counted_and_give_the_degrees_of_freedom(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    record = record_of(bce("compare", preds(ROWS), *TWO, "--cluster", "day", "-f", "json"))
    assert (record["cluster_column"], record["n_clusters"]) == ("day", 3)
    (found,) = record["comparisons"]
    assert (found["difference"], found["df"]) == (difference(NEW), 2)


@pytest.mark.parametrize("level", ["0.5", "0.9", "0.999999"])
def test_confidence_widens_the_interval_and_nothing_else(
    level: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = preds(ROWS)
    (usual,) = record_of(bce("compare", path, *TWO, "-f", "json"))["comparisons"]
    record = record_of(bce("compare", path, *TWO, "-f", "json", "--confidence", level))
    (found,) = record["comparisons"]
    assert record["confidence"] == float(level)
    wider = float(level) > 0.95
    assert (found["ci_high"] > usual["ci_high"]) == wider
    assert (found["ci_low"] < usual["ci_low"]) == wider
    for key in ("difference", "std_error", "t", "p_value"):
        assert found[key] == usual[key]
    assert (
        f"{float(level) * 100:g} % interval"
        in bce("compare", path, *TWO, "--confidence", level).stdout
    )


def test_rows_limits_those_that_are_shown(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = preds(ROWS)
    for n in (0, 1, 2, 9):
        record = record_of(bce("compare", path, *TWO, "-f", "json", "--rows", str(n)))
        (found,) = record["comparisons"]
        assert (len(found["gained"]), len(found["lost"])) == (min(n, 3), min(n, 2))
    assert "Rows on which" not in bce("compare", path, *TWO, "--rows", "0").stdout


def test_models_are_called_by_the_names_of_their_columns(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    record = record_of(bce("compare", preds(ROWS), "-p", "#3", "-p", " new ", "-f", "json"))
    assert [model["name"] for model in record["models"]] == ["old", "new"]


def test_columns_of_the_same_name_are_called_by_their_places(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    record = record_of(bce("compare", preds("y,p,p\n1,.5,.4\n"), "-p", "#2", "-p", "#3", "-fjson"))
    assert [model["name"] for model in record["models"]] == ["#2", "#3"]


def test_without_a_header_models_are_called_by_their_places(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = preds("1,.5,.4\n0,.5,.4\n")
    options = ("--no-header", "-l", "#1", "-p", "#2", "-p", "#3")
    record = record_of(bce("compare", path, *options, "-f", "json"))
    assert [model["name"] for model in record["models"]] == ["#2", "#3"]


@pytest.mark.parametrize(
    ("folders", "names"),
    [((".", "."), ["a.csv", "b.csv"]), (("x", "y"), ["x/preds.csv", "y/preds.csv"])],
)
def test_files_are_called_as_briefly_as_can_be(
    folders: tuple[str, str],
    names: list[str],
    preds: Callable[..., str],
    bce: Callable[..., Result],
) -> None:
    paths = []
    for folder, name in zip(folders, names, strict=True):
        Path(folder).mkdir(exist_ok=True)
        paths.append(preds("y,p\n1,.5\n", name if "/" in name else f"{folder}/{name}"))
    record = record_of(bce("compare", *paths, "-f", "json"))
    assert [model["name"] for model in record["models"]] == names
    assert record["source"] == paths


def test_one_model_may_come_from_standard_input(
    files: tuple[str, str], bce: Callable[..., Result]
) -> None:
    result = bce("compare", "-", files[1], "-f", "json", stdin=Path(files[0]).read_bytes())
    record = record_of(result)
    assert record["baseline"] == "standard input"
    assert record["comparisons"][0]["difference"] == difference(NEW)
    assert result.stderr == "bce: label column 'y', prediction column 'p'\n"


def test_columns_may_come_from_standard_input(bce: Callable[..., Result]) -> None:
    result = bce("compare", *TWO, "-q", stdin=ROWS.encode())
    assert (result.stdout, result.exit_code) == (f"{difference(NEW)!r}\n", 0)


def test_several_files_of_columns_are_one_data_set(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    head, *lines = ROWS.splitlines(keepends=True)
    paths = preds(head + "".join(lines[:2]), "a.csv"), preds(head + "".join(lines[2:]), "b.csv")
    record = record_of(bce("compare", *paths, *TWO, "-f", "json"))
    assert (record["n"], record["source"]) == (5, ["a.csv", "b.csv"])
    assert record["comparisons"][0]["difference"] == difference(NEW)


TRUTH = "id,truth\n" + "".join(f"r{i},{LABELS[i]}\n" for i in (3, 1, 4, 0, 2))


@pytest.mark.parametrize("models", [["preds.csv", *TWO], ["old.csv", "new.csv", "-p", "p"]])
def test_labels_of_another_file_are_joined_to_columns_and_to_files(
    models: list[str],
    files: tuple[str, str],
    preds: Callable[..., str],
    bce: Callable[..., Result],
) -> None:
    preds(ROWS)
    truth = preds(TRUTH + "z,1\n", "truth.csv")
    assert files == ("old.csv", "new.csv")
    joined = ("--labels", truth, "--on", "id", "-l", "truth")
    result = bce("compare", *models, *joined, "-f", "json")
    assert (result.exit_code, result.stdout) == (65, "")
    assert "truth.csv, row 6: the key 'z' has no partner in " in result.stderr
    record = record_of(bce("compare", *models, *joined, "--join", "inner", "-f", "json"))
    assert (record["n"], record["n_unmatched"], record["labels_source"]) == (5, 1, "truth.csv")
    assert record["comparisons"][0]["difference"] == difference(NEW)


def test_files_in_another_order_are_joined(
    files: tuple[str, str], preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    head, *lines = Path(files[1]).read_text().splitlines(keepends=True)
    mixed = preds(head + "".join([*lines[1:], lines[0]]), "mixed.csv")
    result = bce("compare", files[0], mixed, "-f", "json")
    assert (result.exit_code, result.stdout) == (65, "")
    assert result.stderr == (
        "bce: error: mixed.csv, row 1: the label is 0, but 1 in old.csv\n"
        "bce: the sources must hold the same rows in the same order; --on COLUMN joins them by a "
        "key\n"
    )
    record = record_of(bce("compare", files[0], mixed, "--on", "id", "-f", "json"))
    assert record["comparisons"][0]["difference"] == difference(NEW)
    assert record["n_unmatched"] == 0


def test_rows_that_a_model_lacks_are_left_out_and_told(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = preds(ROWS.replace("r1,0,0.2,0.1", "r1,0,0.2,").replace("r2,1,0.6", "r2,1,NA"))
    result = bce("compare", path, *TWO, "--missing", "drop", "-f", "json")
    record = record_of(result)
    assert (record["n"], record["n_missing"]) == (3, 2)
    assert result.stderr == NOTE + "bce: left out 2 rows with a missing value\n"
    refused = bce("compare", path, *TWO)
    assert (refused.exit_code, refused.stdout) == (65, "")
    assert refused.stderr.startswith(
        "bce: error: preds.csv, line 3: prediction (column 'new') is empty; at least 1 more row"
    )


def test_positive_names_the_label_in_every_file(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    paths = preds("y,p\nyes,.5\nno,.5\n", "a"), preds("y,p\nyes,.9\nno,.2\n", "b")
    record = record_of(bce("compare", *paths, "--positive", "yes", "-f", "json"))
    assert (record["positive_label"], record["negative_label"]) == ("yes", "no")
    assert record["n_positive"] == 1


@pytest.mark.few(10)
@pytest.mark.parametrize(
    ("args", "code", "message", "hint"),
    [
        (
            ["preds.csv"],
            2,
            "there is one model only: name two columns, or give a source for each model",
            "such as -p old -p new, -p 'p_*', or old.csv new.csv",
        ),
        (
            ["preds.csv", "-p", "old"],
            2,
            "there is one model only: name two columns, or give a source for each model",
            "such as -p old -p new, -p 'p_*', or old.csv new.csv",
        ),
        (
            ["preds.csv", "-p", "old,new"],
            2,
            "there is one model only: name two columns, or give a source for each model",
            "such as -p old -p new",
        ),
        (
            ["preds.csv", *TWO, "--on", "id"],
            2,
            "--labels and --on go together: a file, and the column that joins it",
            "such as --labels truth.csv --on id",
        ),
        (["preds.csv", *TWO, "--join", "inner"], 2, "--join needs --labels and --on", None),
        (["old.csv", "new.csv", "--join", "inner"], 2, "--join needs --on", "such as --on id"),
        (["old.csv", "new.csv", "--positive", " "], 2, "--positive must not be empty", None),
        (
            ["old.csv", "new.csv", "--on", "id", "--positive", "1", "--soft-labels"],
            2,
            "--positive names one of two labels; it does not go with --soft-labels",
            None,
        ),
        (
            ["preds.csv", *TWO, "--like", "all"],
            2,
            "--like all belongs to bce compute; name one convention here",
            None,
        ),
        (
            ["preds.csv", *TWO, "--like", "torch", "--clip", "0.1"],
            2,
            "--like and --clip are two different rules",
            "give one of them",
        ),
        *(
            (
                ["preds.csv", *TWO, "--confidence", level],
                2,
                f"--confidence must lie between 0 and 1, got {level}",
                "such as 0.95 or 0.99",
            )
            for level in ("0", "1", "95", "-0.5", "nan", "inf")
        ),
        (["-", "-"], 2, "standard input can be read only once", None),
        (
            ["old.csv", "-", "--on", "id", "--labels", "-"],
            2,
            "standard input can be read only once",
            None,
        ),
        (
            ["preds.csv", "-p", "old", "-p", "old"],
            65,
            "preds.csv: column 'old' was named as a prediction more than once",
            None,
        ),
        (
            ["preds.csv", *TWO, "--cluster", "y"],
            65,
            "preds.csv: column 'y' cannot be the cluster as well",
            None,
        ),
        (["old.csv", "no.csv"], 66, "no.csv: no such file or directory", None),
        (
            ["old.csv", "new.csv", "-o", "new.csv"],
            73,
            "new.csv: the output would overwrite an input",
            "choose another file for --output",
        ),
        (
            ["old.csv", "new.csv", "--on", "id", "--labels", "t.csv", "-o", "t.csv"],
            73,
            "t.csv: the output would overwrite an input",
            "choose another file for --output",
        ),
    ],
)
def test_an_error_is_told_and_nothing_is_written(
    args: list[str],
    code: int,
    message: str,
    hint: str | None,
    *,
    files: tuple[str, str],
    preds: Callable[..., str],
    bce: Callable[..., Result],
) -> None:
    preds(ROWS)
    preds("id,y\n", "t.csv")
    before = {path.name: path.read_bytes() for path in Path().iterdir()}
    assert set(files) < set(before)
    for quiet in ([], ["-q"]):
        result = bce("compare", *args, *quiet)
        first, *rest = result.stderr.splitlines()
        assert first == f"bce: error: {message}"
        if hint is not None:
            assert rest == [f"bce: {hint}"]
        assert (result.stdout, result.exit_code) == ("", code)
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == before


def test_weights_that_are_all_0_make_no_mean(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = preds("y,a,b,w\n1,.5,.4,0\n")
    for quiet in ([], ["-q"]):
        result = bce("compare", path, "-p", "a", "-p", "b", "-w", "w", *quiet)
        assert (result.stdout, result.exit_code) == ("", 65)
        assert result.stderr.startswith("bce: error: all weights are 0, so there is no mean")


@pytest.mark.parametrize("shape", [[], ["-q"], *(["-f", f] for f in ("json", "csv", "markdown"))])
def test_the_file_holds_the_bytes_of_standard_output(
    shape: list[str], preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = preds(ROWS)
    printed = bce("compare", path, *TWO, *shape)
    written = bce("compare", path, *TWO, *shape, "-o", "out.txt")
    assert (written.stdout, written.exit_code) == ("", 0)
    assert Path("out.txt").read_bytes() == printed.stdout_bytes
    bad = preds(ROWS.replace("0.9", "9"), "bad.csv")
    assert bce("compare", bad, *TWO, *shape, "-o", "out.txt").exit_code == 65
    assert Path("out.txt").read_bytes() == printed.stdout_bytes
    assert len(list(Path().iterdir())) == 3


@pytest.mark.parametrize("output_format", ["table", "json", "markdown"])
def test_a_hostile_column_is_shown_and_never_obeyed(
    output_format: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    hostile = "\x1b[31m[bold]x[/bold]\u202egnp"
    path = preds(f"y,{hostile},b,{hostile}2\n1,.5,.4,u\n0,.5,.4,v\n1,.5,.3,v\n")
    options = ["-p", hostile, "-p", "b", "--cluster", f"{hostile}2", "--id", f"{hostile}2"]
    result = bce("compare", path, *options, "-f", output_format)
    assert result.exit_code == 0
    assert not set(result.stdout + result.stderr) & {"\x1b", "\u202e"}
    plain = result.stdout.replace("\\", "")
    assert "[bold]x[/bold]" in plain
    error = bce("compare", path, "-p", hostile, "-p", f"{hostile}3")
    assert (error.stdout, error.exit_code) == ("", 65)
    assert not set(error.stderr) & {"\x1b", "\u202e"}


@pytest.mark.deep
def test_a_reader_who_has_left_ends_it_silently(
    preds: Callable[..., str], process: Callable[..., subprocess.CompletedProcess[bytes]]
) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = process("compare", preds(ROWS), *TWO, "-f", "json", stdout=write_end)
    os.close(write_end)
    assert done.returncode == 141
    assert done.stderr in (b"", NOTE.encode())


def test_help_names_what_only_compare_has(
    bce: Callable[..., Result],
) -> None:
    result = bce("compare", "--help")
    assert result.exit_code == 0
    for option in ("--cluster", "--confidence", "--on", "--join", "--rows", "--id", "--quiet"):
        assert option in result.stdout
    assert "A file for each model, the baseline first" in " ".join(result.stdout.split())
    assert max(map(len, result.stdout.splitlines())) <= 80
