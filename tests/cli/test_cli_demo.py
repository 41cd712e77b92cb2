"""bce demo: the list, every step in every format, the user's rows, and what is refused."""

from __future__ import annotations

import builtins
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bce_cli.cli.demo import CURVED, STEP_NAMES, STEPS
from tests.budgets import one_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Bce = Callable[..., Result]
    Preds = Callable[..., str]

ROWS = "label,prediction\n1,0.9\n0,0.2\n1,0.6\n0,0.4\n"


def refuse_constant(token: str) -> None:
    message = f"{token} is not JSON"
    raise ValueError(message)


def strict_json(text: str) -> Any:  # noqa: ANN401
    return json.loads(text, parse_constant=refuse_constant)


@pytest.mark.parametrize("width", ["60", "80", "120"])
def test_without_a_step_the_steps_are_listed_by_number(
    bce: Bce, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    result = bce("demo")
    assert (result.exit_code, result.stderr) == (0, "")
    heads = re.findall(r"^([ \d]\d|  )  ([a-z-]+)  ", result.stdout, flags=re.MULTILINE)
    numbered = [(f"{i:2}", name) for i, name in enumerate(STEP_NAMES, 1)]
    assert heads == [*numbered, ("  ", "all")]
    assert max(map(len, result.stdout.splitlines())) <= int(width)


def test_the_list_is_what_the_steps_say(bce: Bce) -> None:
    lines = bce("demo").stdout.splitlines()
    assert lines[2] == (
        " 3  underflow     the product dies in every float type, the sum of logs does not"
    )
    assert lines[11] == "    all           every step, in this order"
    assert lines[12:] == [
        "",
        "bce demo 3 shows the third, and bce demo underflow preds.csv the same on your",
        "rows.",
    ]


def test_the_order_is_that_of_the_derivation() -> None:
    assert STEP_NAMES == (
        "bernoulli",
        "likelihood",
        "underflow",
        "monotone",
        "logarithm",
        "negative-log",
        "single-trial",
        "many-trials",
        "scaling",
        "derivation",
        "gradient",
    )


@pytest.mark.parametrize(
    ("number", "name"), [("1", "bernoulli"), ("005", "logarithm"), ("11", "gradient")]
)
def test_a_step_may_be_named_by_its_number(bce: Bce, number: str, name: str) -> None:
    assert bce("demo", number, "--brief").stdout == bce("demo", name, "--brief").stdout


def test_a_number_goes_with_rows_of_the_user(bce: Bce, preds: Preds) -> None:
    record = strict_json(bce("demo", "2", preds(ROWS), "-f", "json").stdout)
    assert (record["step"], record["n"]) == ("likelihood", 4)


@pytest.mark.parametrize("name", STEP_NAMES)
def test_every_step_says_which_one_comes_next(bce: Bce, name: str) -> None:
    text = " ".join(bce("demo", name).stdout.split())
    position = STEP_NAMES.index(name) + 1
    if position < len(STEP_NAMES):
        assert text.endswith(f"Next: bce demo {STEP_NAMES[position]}. {STEPS[position].why}")
    else:
        assert "Next:" not in text


@pytest.mark.few(10)
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
        "held_row": 1216,
        "held_at": 5e-324,
        "last_factor": 0.30000000000000004,
    }
    assert record["lost_dtype"] == "float16"
    assert record["lost_rows"][0] == {
        "row": 21,
        "factor": 0.7001953125,
        "product_steps": 5.0,
        "true_steps": pytest.approx(4.570752111750963, rel=1e-12),
    }


def test_a_product_that_is_lost_late_is_explained(bce: Bce) -> None:
    text = bce("demo", "underflow").stdout
    _, _, rest = text.partition("Why the product in float16 is lost at row 29, though due at 23\n")
    table, _, notes = rest.partition("So near to 0")
    assert [line.split() for line in table.splitlines()[3:]] == [
        ["21", "0.7002", "4.57", "5"],
        ["22", "0.3", "1.37", "2"],
        ["23", "0.3", "0.411", "1"],
        ["24", "0.7002", "0.288", "1"],
        ["25", "0.7002", "0.202", "1"],
        ["26", "0.7002", "0.141", "1"],
        ["27", "0.7002", "0.0988", "1"],
        ["28", "0.7002", "0.0691", "1"],
        ["29", "0.3", "0.0207", "0"],
    ]
    words = " ".join(notes.split())
    assert words.startswith(
        ", numbers in float16 are whole steps of 5.96 \u00d7 10⁻⁸, and each product"
    )
    assert (
        "is rounded to the nearest, a half to the even one. From row 23 on it is 1 step, and a "
        "factor above 0.5 rounds back to that; row 29 has the factor 0.3, and 0.3 of a step rounds "
        "to 0. float32 likewise. From row 160 on it is 1 step, and a factor above 0.5 rounds back "
        "to that; row 167 has the factor 0.3, and 0.3 of a step rounds to 0. "
    ) in words


def test_the_logarithm_keeps_the_maximum_before_it_is_used(bce: Bce) -> None:
    text = " ".join(bce("demo", "monotone").stdout.split())
    assert "0 < a < b means log a < log b" in text
    assert "greatest at q 0.667 0.667" in text
    assert "both rise 666 times and both fall 332 times; one without the other rises never" in text
    assert STEP_NAMES.index("monotone") < STEP_NAMES.index("logarithm")


@pytest.mark.parametrize("name", STEP_NAMES)
def test_brief_leaves_out_tables_and_curves(bce: Bce, name: str) -> None:
    whole, brief = bce("demo", name).stdout, bce("demo", name, "--brief").stdout
    assert not re.search("[─│⋮]", brief)
    assert brief.splitlines()[0] in whole
    assert brief.splitlines()[-1] == whole.splitlines()[-1]
    record = strict_json(bce("demo", name, "--brief", "-f", "json").stdout)
    full = strict_json(bce("demo", name, "-f", "json").stdout)
    answers = ("trials", "power_rule", "product_rule", "steps")
    assert record == {k: v for k, v in full.items() if k in answers or not isinstance(v, list)}
    assert len(record) > 1


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("scaling", "A positive factor stretches a curve and leaves its minimum where it is"),
        ("all", "How binary cross-entropy comes about"),
    ],
)
def test_steps_are_written_as_a_page(bce: Bce, name: str, title: str) -> None:
    assert bce("demo", name, "-o", "page.html").stdout == ""
    page = Path("page.html").read_text(encoding="utf-8")
    assert f"<title>{title}</title>" in page
    assert page.count(f"<h1>{title}</h1>") == page.count("<h1>") == 1
    assert f"<h2>{title}</h2>" not in page
    assert bce("demo", name, "-f", "html").stdout == page


def test_brief_holds_for_all_steps_and_in_markdown(bce: Bce) -> None:
    walked = bce("demo", "all", "--brief").stdout
    assert walked == "\n".join(bce("demo", name, "--brief").stdout for name in STEP_NAMES)
    steps = strict_json(bce("demo", "all", "--brief", "-f", "json").stdout)
    assert list(steps[0]) == ["step", "best_p_for_1", "best_p_for_0", "trials"]
    assert "|" not in bce("demo", "all", "--brief", "-f", "markdown").stdout


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


@pytest.mark.few(10)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["underflow", "--n", "0"], "--n must be at least 1, got 0"),
        (["underflow", "--p", "1.5"], "--p must be in [0, 1], got 1.5"),
        (["underflow", "--seed", "-1"], "--seed must be at least 0, got -1"),
        (["underflow", "--k", "2"], "--k belongs to the step scaling"),
        (["scaling", "--k", "0"], "--k must be greater than 0, got 0.0"),
        (["underflw"], "there is no step 'underflw'; did you mean 'underflow'?"),
        (["Underflow"], "there is no step 'Underflow'; did you mean 'underflow'?"),
        (["0"], "there is no step '0': they are numbered from 1 to 11"),
        (["12"], "there is no step '12': they are numbered from 1 to 11"),
        (["9" * 80], f"there is no step '{'9' * 80}': they are numbered from 1 to 11"),
        (["1.5"], "there is no step '1.5'"),
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


def test_a_file_without_a_step_is_told_where_it_belongs(bce: Bce, preds: Preds) -> None:
    result = bce("demo", preds(ROWS))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "bce: error: there is no step 'preds.csv'; a step comes before the file\n"
        "bce: try bce demo derivation 'preds.csv'\n"
    )


def test_bad_rows_are_refused_as_compute_refuses_them(bce: Bce, preds: Preds) -> None:
    path = preds("label,prediction\n1,1.2\n")
    assert bce("demo", "likelihood", path).stderr == bce("compute", path).stderr
    assert bce("demo", "likelihood", path).exit_code == 65
    assert bce("demo", "likelihood", "missing.csv").exit_code == 66
    assert bce("demo", "likelihood", preds("label,prediction\n")).exit_code == 65


@pytest.mark.few(1)
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


@pytest.mark.deep
def test_an_ascii_terminal_gets_ascii_formulas(process: Callable[..., Any]) -> None:
    done = process("demo", "all", input=b"", env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    text = done.stdout.decode("ascii")
    assert "P(y) = p^y (1-p)^(1-y)" in text
    assert not re.search(r"\\[xuU]", text)


@pytest.mark.parametrize(
    "options",
    [["-f", "json"], ["--n", "3"], ["--plot", "a.png"], ["-o", "a.txt"], ["--k", "2"], ["--brief"]],
)
def test_options_without_a_step_are_refused(bce: Bce, options: list[str]) -> None:
    result = bce("demo", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "bce: error: these options need a step, such as underflow, or all\n"
        "bce: bce demo lists the steps\n"
    )


@pytest.mark.parametrize("step", ["likelihood", "many-trials", "derivation"])
@pytest.mark.parametrize(
    ("rows", "said"), [("0,1\n", ""), ("0,1\n1,.5\n1,0\n", ", the first of 2,")]
)
def test_the_row_that_makes_the_loss_infinite_is_named(
    step: str, rows: str, said: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    text = bce("demo", step, preds(f"y,p\n1,.9\n{rows}")).stdout
    assert f"\nRow 2{said} gave probability 0 to what happened: " in text
    assert "gave probability 0" not in bce("demo", step).stdout
