"""Functions and commands say the same, from a file, a frame and arrays."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd  # noqa: TID253 -- frames are what is asked about
import pyarrow as pa  # noqa: TID253 -- as above
import pytest

import bce_cli
from tests.in_python import in_python

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

pytestmark = pytest.mark.filterwarnings("ignore::bce_cli.errors.DoubtWarning")

ROWS = (
    "row,site,day,y,p,q,w,soft,z,answer\n"
    "a,x,Mon,1,0.9,0.8,1,0.75,2.0,yes\n"
    "b,y,Mon,0,0.2,0.1,2,0.25,-1.5,no\n"
    "c,x,Tue,1,0.6,0.7,0.5,1,0.25,yes\n"
    "d,y,Tue,0,0.4,0.5,1,0,-0.5,no\n"
    "e,x,Wed,1,0.35,0.55,3,0.5,-1,yes\n"
    "f,y,Wed,0,0.05,0.2,1,0.125,-3,no\n"
)

COMPUTE: list[tuple[list[str], dict[str, Any]]] = [
    ([], {}),
    (["--unit", "bits"], {"unit": "bits"}),
    (["--weight", "w"], {"weight": "w"}),
    (["--clip", "0.1"], {"clip": 0.1}),
    (["--like", "torch"], {"like": "torch"}),
    (["--like", "all"], {"like": "all"}),
    (["--by", "site"], {"by": "site"}),
    (["--by", "site", "--by", "day", "--unit", "bits"], {"by": ["site", "day"], "unit": "bits"}),
    (["--by", "z", "--cut", "-1,0.25"], {"by": "z", "cut": [-1, 0.25]}),
    (
        ["--by", "site", "--by", "w", "--cut", "w=quantile:2"],
        {"by": ["site", "w"], "cut": {"w": "quantile:2"}},
    ),
    (["--cluster", "day", "--confidence", "0.9"], {"cluster": "day", "confidence": 0.9}),
    (["--cluster", "day", "--by", "site"], {"cluster": "day", "by": "site"}),
    (["--worst", "2", "--id", "row"], {"worst": 2, "id": "row"}),
    (["--soft-labels", "-l", "soft"], {"soft_labels": True, "label": "soft"}),
    (["--logits", "-p", "z"], {"logits": True, "prediction": "z"}),
    (["--positive", "yes", "-l", "answer"], {"positive": "yes", "label": "answer"}),
    (["--workers", "1", "-p", "q"], {"workers": 1, "prediction": "q"}),
]
CALIBRATION: list[tuple[list[str], dict[str, Any]]] = [
    ([], {}),
    (["--bins", "3"], {"bins": 3}),
    (["--strategy", "quantile", "--bins", "2"], {"strategy": "quantile", "bins": 2}),
    (["--unit", "bits", "--weight", "w"], {"unit": "bits", "weight": "w"}),
    (["--bootstrap", "20", "--seed", "7"], {"bootstrap": 20, "seed": 7}),
    (["--fine-bins"], {"fine_bins": True}),
    (["--logits", "-p", "z"], {"logits": True, "prediction": "z"}),
    (["--soft-labels", "-l", "soft"], {"soft_labels": True, "label": "soft"}),
    (["--cluster", "day", "--confidence", "0.8"], {"cluster": "day", "confidence": 0.8}),
    (["--by", "site", "--cluster", "day"], {"by": "site", "cluster": "day"}),
    (["-p", "q", "-p", "p", "-w", "w"], {"prediction": ["q", "p"], "weight": "w"}),
    (
        ["-p", "p", "-p", "q", "--by", "w", "--cut", "1,2", "--confidence", "0.9"],
        {"prediction": ["p", "q"], "by": "w", "cut": [1, 2], "confidence": 0.9},
    ),
]
CHECK: list[tuple[list[str], dict[str, Any]]] = [
    (["--max-loss", "0.6"], {"max_loss": 0.6}),
    (["--max-loss", "0.3", "--confident"], {"max_loss": 0.3, "confident": True}),
    (["--min-skill", "0", "--weight", "w"], {"min_skill": 0, "weight": "w"}),
    (["--max-ece", "0.5", "--bins", "4"], {"max_ece": 0.5, "bins": 4}),
    (["--max-brier", "0.1", "--min-rows", "7"], {"max_brier": 0.1, "min_rows": 7}),
    (
        ["--max-loss", "1", "--unit", "bits", "--clip", "0.1"],
        {"max_loss": 1, "unit": "bits", "clip": 0.1},
    ),
    (["--baseline", "saved.json", "--budget", "0.1"], {"baseline": "saved.json", "budget": 0.1}),
    (
        ["--min-auc", "0.5", "--max-miscalibration", "0.1", "--max-ece", "0.5"],
        {"min_auc": 0.5, "max_miscalibration": 0.1, "max_ece": 0.5},
    ),
    (
        ["--max-ece", "0.5", "--strategy", "quantile", "--bins", "2"],
        {"max_ece": 0.5, "strategy": "quantile", "bins": 2},
    ),
    (
        ["--min-skill", "0", "--confident", "--cluster", "day", "--confidence", "0.9"],
        {"min_skill": 0, "confident": True, "cluster": "day", "confidence": 0.9},
    ),
    (
        ["--against-column", "q", "--budget", "0.1", "--confident"],
        {"against_column": "q", "budget": 0.1, "confident": True},
    ),
]
COMPARE: list[tuple[list[str], dict[str, Any]]] = [
    ([], {}),
    (["--confidence", "0.9"], {"confidence": 0.9}),
    (["--cluster", "day"], {"cluster": "day"}),
    (["--weight", "w", "--unit", "bits"], {"weight": "w", "unit": "bits"}),
    (["--rows", "1", "--id", "row"], {"rows": 1, "id": "row"}),
    (["--like", "sklearn"], {"like": "sklearn"}),
    (["--clip", "0.2"], {"clip": 0.2}),
    (["--by", "site", "--cluster", "day"], {"by": "site", "cluster": "day"}),
    (["--by", "z", "--cut", "quantile:2"], {"by": "z", "cut": "quantile:2"}),
    (["--margin", "0.4", "--sort"], {"margin": 0.4, "sort": True}),
]
RECALIBRATE: list[tuple[list[str], dict[str, Any]]] = [
    (["--folds", "2"], {"folds": 2}),
    (["--folds", "3", "--cluster", "day"], {"folds": 3, "cluster": "day"}),
    (["--folds", "1", "--order", "w"], {"folds": 1, "order": "w"}),
    (
        ["--folds", "2", "--seed", "7", "--method", "platt", "--unit", "bits"],
        {"folds": 2, "seed": 7, "method": "platt", "unit": "bits"},
    ),
    (
        ["--folds", "2", "--logits", "-p", "z", "-w", "w"],
        {"folds": 2, "logits": True, "prediction": "z", "weight": "w"},
    ),
    (["--folds", "2", "--confidence", "0.9"], {"folds": 2, "confidence": 0.9}),
]
CASES = [
    *(("compute", *case) for case in COMPUTE),
    *(("calibration", *case) for case in CALIBRATION),
    *(("check", *case) for case in CHECK),
    *(("compare", *case) for case in COMPARE),
    *(("recalibrate", *case) for case in RECALIBRATE),
]
COLUMNS = ("weight", "id", "cluster", "order")


@pytest.fixture
def printed(preds: Callable[..., str], bce: Callable[..., Result]) -> Callable[..., str]:
    """Return what a command prints about the rows."""

    def run(command: str, options: list[str], output_format: str = "json") -> str:
        preds(ROWS)
        bce("compute", "preds.csv", "-l", "y", "-p", "q", "-o", "saved.json")
        columns = [] if "-l" in options else ["-l", "y"]
        if command == "compare":
            columns += ["-p", "p", "-p", "q"]
        elif "-p" not in options:
            columns += ["-p", "p"]
        return bce(command, "preds.csv", *columns, *options, "-f", output_format).stdout

    return run


def _columns(command: str, options: dict[str, Any]) -> dict[str, Any]:
    models = {"predictions": ["p", "q"]} if command == "compare" else {"prediction": "p"}
    return {"label": "y", **models, **options}


def _asked(command: str, data: Any, options: dict[str, Any], **more: Any) -> Any:  # noqa: ANN401
    return getattr(bce_cli, command)(data, **_columns(command, options), **more)


def _of_arrays(command: str, frame: pd.DataFrame, options: dict[str, Any]) -> Any:  # noqa: ANN401
    """Ask of Series and arrays what was asked of columns."""
    options = _columns(command, options)
    label = frame[options.pop("label")]
    for name in COLUMNS:
        if name in options:
            options[name] = frame[options[name]].to_numpy()
    if "by" in options:
        by = options["by"]
        options["by"] = frame[by] if isinstance(by, str) else {name: frame[name] for name in by}
    if command == "compare":
        models = {name: frame[name].to_numpy() for name in options.pop("predictions")}
        return bce_cli.compare(label, models, **options)
    if isinstance(options.get("prediction"), list):
        models = {name: frame[name] for name in options.pop("prediction")}
        return bce_cli.calibration(label, models, **options)
    if "against_column" in options:
        options["against"] = frame[options.pop("against_column")]
    return getattr(bce_cli, command)(label, frame[options.pop("prediction")], **options)


def _without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in names}


@pytest.mark.few(10)
@pytest.mark.parametrize(("command", "options", "arguments"), CASES, ids=str)
def test_a_file_a_frame_and_arrays_give_the_json_of_the_command(
    command: str, options: list[str], arguments: dict[str, Any], printed: Callable[..., str]
) -> None:
    text = printed(command, options)
    record = json.loads(text)
    of_file = _asked(command, "preds.csv", arguments)
    assert of_file.to_json() == text
    assert of_file.to_dict() == record
    frame = pd.read_csv("preds.csv")
    of_frame = _asked(command, frame, arguments, name="preds.csv")
    assert of_frame.to_json() == text
    assert of_frame == of_file
    assert hash(of_frame) == hash(of_file)
    unnamed = ("source", "weight_column", "cluster_column", "order_column", "against")
    of_arrays = _of_arrays(command, frame, arguments)
    assert _without(of_arrays.to_dict(), *unnamed) == _without(record, *unnamed)
    assert of_arrays.source == "arrays"


@pytest.mark.deep
@pytest.mark.parametrize(("command", "options", "arguments"), CASES, ids=str)
@pytest.mark.parametrize("kind", ["polars", "pyarrow", "mapping", "duckdb"])
def test_so_does_any_other_table(
    kind: str,
    command: str,
    options: list[str],
    arguments: dict[str, Any],
    printed: Callable[..., str],
) -> None:
    text = printed(command, options)
    frame = pd.read_csv("preds.csv")
    table: Any = pa.Table.from_pandas(frame)
    if kind == "polars":
        table = pytest.importorskip("polars").from_pandas(frame)
    elif kind == "duckdb":
        words = {"answer": "VARCHAR"}  # of which it makes booleans else, as they are yes and no
        table = pytest.importorskip("duckdb").read_csv("preds.csv", dtype=words)
    elif kind == "mapping":
        table = {name: frame[name].to_numpy() for name in frame}
    assert _asked(command, table, arguments, name="preds.csv").to_json() == text


@pytest.mark.few(8)
@pytest.mark.parametrize(("command", "options", "arguments"), CASES[::3], ids=str)
def test_text_is_that_of_the_terminal_and_markdown_that_of_the_command(
    command: str, options: list[str], arguments: dict[str, Any], printed: Callable[..., str]
) -> None:
    for output_format in ("table", "markdown", "csv", "html"):
        text = in_python(printed(command, options, output_format))
        result = _asked(command, "preds.csv", arguments)
        if output_format == "table":
            assert _without_hint(f"{result}\n") == _without_hint(text)
        else:
            assert getattr(result, f"to_{output_format}")() == text
    assert result._repr_markdown_() == in_python(printed(command, options, "markdown"))


def _without_hint(text: str) -> str:
    """Put what a narrow table has left out on one line, without what would show it."""
    return re.sub(
        r"(a wider terminal or --format markdown|to_markdown\(\)) has", "x has", _words(text)
    )


def _words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.few(8)
@pytest.mark.parametrize(("command", "options", "arguments"), CASES, ids=str)
def test_a_saved_result_is_the_same_result(
    command: str, options: list[str], arguments: dict[str, Any], printed: Callable[..., str]
) -> None:
    text = printed(command, options)
    Path("report.json").write_text(text)
    fresh, loaded = _asked(command, "preds.csv", arguments), bce_cli.load("report.json")
    assert type(loaded) is type(fresh)
    assert loaded == fresh
    assert loaded.to_json() == text
    for name in fresh.to_dict():
        assert getattr(loaded, name) == getattr(fresh, name)


def test_losses_are_those_of_every_row(printed: Callable[..., str]) -> None:
    printed("compute", [])
    table = bce_cli.losses("preds.csv", label="y", prediction="p", id="row", weight="w")
    assert table.column_names == ["row", "id", "label", "prediction", "weight", "loss"]
    frame = pd.read_csv("preds.csv")
    expected = bce_cli.binary_cross_entropy(frame["y"], frame["p"])
    assert table["loss"].to_pylist() == expected.tolist()
    assert table["row"].to_pylist() == [1, 2, 3, 4, 5, 6]
    assert table["id"].to_pylist() == list("abcdef")
    of_arrays = bce_cli.losses(frame["y"], frame["p"], unit="bits")
    assert of_arrays["loss"].to_pylist() == (expected / np.log(2.0)).tolist()


@pytest.mark.parametrize("command", ["compute", "calibration"])
@pytest.mark.parametrize("output_format", ["json", "markdown", "csv", "html"])
def test_brief_is_brief(command: str, output_format: str, printed: Callable[..., str]) -> None:
    text = in_python(printed(command, ["--brief"], output_format))
    result = _asked(command, "preds.csv", {})
    assert getattr(result, f"to_{output_format}")(brief=True) == text


def test_csv_is_safe_for_spreadsheets(preds: Callable[..., str]) -> None:
    preds("y,p,site\n1,0.9,=1+1\n0,0.2,b\n")
    result = bce_cli.compute("preds.csv", by="site")
    assert result.to_csv(excel_safe=True).splitlines()[2].startswith("'=1+1,")
    assert result.to_csv().splitlines()[2].startswith("=1+1,")
