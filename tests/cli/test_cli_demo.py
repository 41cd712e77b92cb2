"""bce demo: the list, every step in every format, the user's rows, and what is refused."""

from __future__ import annotations

import builtins
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bce_cli.cli.demo import STEP_NAMES
from tests.budgets import one_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Bce = Callable[..., Result]
    Preds = Callable[..., str]

ROWS = "label,prediction\n1,0.9\n0,0.2\n1,0.6\n0,0.4\n"
CURVED = ("underflow", "negative-log", "scaling", "gradient")


def refuse_constant(token: str) -> None:
    message = f"{token} is not JSON"
    raise ValueError(message)


def strict_json(text: str) -> Any:  # noqa: ANN401
    return json.loads(text, parse_constant=refuse_constant)


def test_without_a_step_the_steps_are_listed_in_order(bce: Bce) -> None:
    result = bce("demo")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == [*STEP_NAMES, "all"]
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize("name", STEP_NAMES)
def test_every_step_says_which_one_comes_next(bce: Bce, name: str) -> None:
    text = " ".join(bce("demo", name).stdout.split())
    position = STEP_NAMES.index(name) + 1
    if position < len(STEP_NAMES):
        assert text.endswith(f"Next: bce demo {STEP_NAMES[position]}.")
    else:
        assert "Next:" not in text


@pytest.mark.parametrize("name", STEP_NAMES)
@pytest.mark.parametrize("width", ["80", "120"])
def test_every_step_fits_the_terminal(
    bce: Bce, monkeypatch: pytest.MonkeyPatch, name: str, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    result = bce("demo", name)
    assert (result.exit_code, result.stderr) == (0, "")
    assert max(map(len, result.stdout.splitlines())) <= int(width)
    assert "\x1b" not in result.stdout


def test_all_walks_every_step(bce: Bce) -> None:
    walked = bce("demo", "all").stdout
    assert walked == "\n".join(bce("demo", name).stdout for name in STEP_NAMES)


def test_all_as_json_is_an_array_of_the_steps(bce: Bce) -> None:
    steps = strict_json(bce("demo", "all", "-f", "json").stdout)
    assert [step["step"] for step in steps] == list(STEP_NAMES)
    for step in steps:
        assert step == strict_json(bce("demo", step["step"], "-f", "json").stdout)


def test_underflow_as_json_has_the_documented_keys(bce: Bce) -> None:
    record = strict_json(bce("demo", "underflow", "-f", "json").stdout)
    assert {"n", "steps", "log_likelihood", "log10_likelihood", "mean_loss"} <= record.keys()
    assert record["n"] == 2000
    by_type = {step["dtype"]: step for step in record["steps"]}
    assert list(by_type)[:3] == ["float16", "float32", "float64"]
    assert by_type["float64"] == {
        "dtype": "float64",
        "smallest_normal": 2.2250738585072014e-308,
        "smallest_subnormal": 5e-324,
        "subnormal_row": 1158,
        "zero_row": 1218,
        "true_row": 1218,
        "product": 0.0,
        "log_of_product": None,
    }


@pytest.mark.parametrize("name", STEP_NAMES)
def test_markdown_fences_formulas_and_drawings(bce: Bce, name: str) -> None:
    text = bce("demo", name, "-f", "markdown").stdout
    assert text.startswith("### ")
    assert text.count("```") % 2 == 0


@pytest.mark.parametrize("source", ["path", "pipe", "dash"])
def test_a_step_runs_on_rows_of_the_user(bce: Bce, preds: Preds, source: str) -> None:
    path = preds(ROWS)
    arguments = {"path": [path], "pipe": [], "dash": ["-"]}[source]
    stdin = b"" if source == "path" else ROWS.encode()
    shown = bce("demo", "derivation", *arguments, "-f", "json", stdin=stdin)
    computed = strict_json(bce("compute", path, "-f", "json").stdout)
    record = strict_json(shown.stdout)
    assert record["n"] == 4
    assert record["mean_loss"] == computed["mean_loss"]
    assert record["likelihood_product"] == computed["likelihood_product"]
    assert shown.stderr == "bce: label column 'label', prediction column 'prediction'\n"


def test_columns_that_were_named_are_not_announced(bce: Bce, preds: Preds) -> None:
    result = bce("demo", "bernoulli", preds(ROWS), "-l", "label", "-p", "#2")
    assert (result.exit_code, result.stderr) == (0, "")


def test_impossible_rows_are_shown_without_a_fuss(bce: Bce, preds: Preds) -> None:
    path = preds("label,prediction\n1,0.5\n1,0\n0,1\n")
    result = bce("demo", "all", path, "-l", "label", "-p", "prediction")
    assert (result.exit_code, result.stderr) == (0, "")
    record = strict_json(bce("demo", "underflow", path, "-f", "json").stdout)
    assert record["log_likelihood"] is None
    assert [step["zero_row"] for step in record["steps"]] == [2] * len(record["steps"])


@pytest.mark.parametrize("p", ["0", "1", "0.5"])
def test_all_steps_run_on_drawn_rows(bce: Bce, p: str) -> None:
    result = bce("demo", "all", "--n", "30", "--p", p, "--seed", "3")
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["underflow", "--n", "0"], "--n must be at least 1, got 0"),
        (["underflow", "--p", "1.5"], "--p must be in [0, 1], got 1.5"),
        (["underflow", "--seed", "-1"], "--seed must be at least 0, got -1"),
        (["underflow", "--k", "2"], "--k belongs to the step scaling"),
        (["scaling", "--k", "0"], "--k must be greater than 0, got 0.0"),
        (["underflw"], "there is no step 'underflw'; did you mean 'underflow'?"),
        (["\x1b[31m"], "there is no step '\\x1b[31m'"),
        (["bernoulli", "--plot", "a.png"], "there is no curve to draw in this step"),
        (["scaling", "--plot", "a.gif"], "--plot 'a.gif' must end in .png, .svg or .pdf"),
        (
            ["scaling", "--plot", "a.svg", "-o", "a.svg"],
            "--plot and --output are the same file, 'a.svg'",
        ),
        (
            ["underflow", "preds.csv", "--n", "3"],
            "--n, --p and --seed draw built-in rows; they do not go with a source",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(bce: Bce, arguments: list[str], message: str) -> None:
    result = bce("demo", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[0] == f"bce: error: {message}"
    assert list(Path().iterdir()) == []


def test_bad_rows_are_refused_as_compute_refuses_them(bce: Bce, preds: Preds) -> None:
    path = preds("label,prediction\n1,1.2\n")
    assert bce("demo", "likelihood", path).stderr == bce("compute", path).stderr
    assert bce("demo", "likelihood", path).exit_code == 65
    assert bce("demo", "likelihood", "missing.csv").exit_code == 66
    assert bce("demo", "likelihood", preds("label,prediction\n")).exit_code == 65


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("ending", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
@pytest.mark.parametrize("name", one_in(3, CURVED))
def test_curves_are_drawn_into_a_file(bce: Bce, name: str, ending: str, magic: bytes) -> None:
    result = bce("demo", name, "--plot", f"curve.{ending}", "-o", "page.txt")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert Path(f"curve.{ending}").read_bytes().startswith(magic)
    assert Path("page.txt").read_text(encoding="utf-8") == bce("demo", name).stdout


def test_a_missing_matplotlib_is_told_of(bce: Bce, monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def without_matplotlib(name: str, *rest: Any) -> Any:  # noqa: ANN401
        if name == "matplotlib":
            raise ImportError(name)
        return real_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_matplotlib)
    result = bce("demo", "scaling", "--plot", "a.png")
    assert result.exit_code == 2
    assert result.stderr == (
        "bce: error: --plot needs matplotlib, which is not installed\n"
        "bce: install matplotlib: pip install matplotlib\n"
    )


def test_an_ascii_terminal_gets_ascii_formulas(process: Callable[..., Any]) -> None:
    done = process("demo", "all", input=b"", env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    text = done.stdout.decode("ascii")
    assert "P(y) = p^y (1-p)^(1-y)" in text
    assert not re.search(r"\\[xuU]", text)


@pytest.mark.parametrize(
    "options", [["-f", "json"], ["--n", "3"], ["--plot", "a.png"], ["-o", "a.txt"], ["--k", "2"]]
)
def test_options_without_a_step_are_refused(bce: Bce, options: list[str]) -> None:
    result = bce("demo", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "bce: error: these options need a step, such as underflow, or all\n"
        "bce: bce demo lists the steps\n"
    )
