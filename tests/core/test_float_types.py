"""Predictions stored as float32 and float16: `--like` follows the type that a library would get."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.metrics import log_loss

from bce_cli import (
    Convention,
    DataError,
    binary_cross_entropy,
    convention_reports,
    loss_report,
    loss_totals,
    mean_binary_cross_entropy,
)
from bce_cli.core.rows import Predictions, Rows, concatenated, one_float_type
from bce_cli.core.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typer.testing import Result

SKLEARN = Convention(like="sklearn")
LABELS = [1, 0, 1, 0]
VALUES = [0.0, 1.0, 0.9, 0.2]
CAPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10}


def stored(values: list[float], kind: str) -> Any:  # noqa: ANN401
    return np.array(values, kind)


def expected_mean(values: list[float], kind: str) -> float:
    """Clip the widened values at the machine precision of their type, with Python's floats."""
    eps = CAPS[kind]
    p = stored(values, kind).astype(float).tolist()
    shares = (v if y else 1.0 - v for y, v in zip(LABELS, p, strict=True))
    return math.fsum(-math.log(min(max(s, eps), 1.0 - eps)) for s in shares) / len(LABELS)


def write(
    path: str,
    kind: str,
    values: Sequence[float | None] = VALUES,
    labels: Sequence[Any] = LABELS,
    **columns: Any,  # noqa: ANN401
) -> str:
    """Write predictions of a type into a file."""
    import pyarrow as pa
    from pyarrow import ipc
    from pyarrow import parquet as pq

    types = {"float64": pa.float64(), "float32": pa.float32(), "float16": pa.float16()}
    column = pa.array(None if v is None else np.dtype(kind).type(v) for v in values)
    table = pa.table({"y": labels, "p": column.cast(types[kind]), **columns})
    if path.endswith(".arrow"):
        with pa.OSFile(path, "wb") as file, ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
    else:
        pq.write_table(table, path)
    return path


@pytest.mark.parametrize("kind", CAPS)
@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_a_column_is_clipped_at_the_precision_of_its_type(
    kind: str, ending: str, bce: Callable[..., Result]
) -> None:
    path = write(f"a.{ending}", kind)
    result = bce("compute", path, "--like", "sklearn", "-q")
    mean = expected_mean(VALUES, kind)
    assert float(result.stdout) == mean
    found = mean_binary_cross_entropy(LABELS, stored(VALUES, kind), convention=SKLEARN)
    assert found == mean
    tolerance = {"float64": 1e-15, "float32": 2e-7, "float16": 2.0**-10}[kind]
    assert found == pytest.approx(log_loss(LABELS, stored(VALUES, kind)), rel=tolerance)


def test_the_case_that_was_reported(bce: Callable[..., Result]) -> None:
    path = write("05.parquet", "float32")
    assert bce("compute", path, "--like", "sklearn", "-q").stdout == "8.053318600736441\n"
    record = json.loads(bce("compute", path, "--like", "sklearn", "-f", "json").stdout)
    assert (record["float_type"], record["n_clipped"]) == ("float32", 2)
    text = " ".join(bce("compute", path, "--like", "sklearn").stdout.split())
    assert "which clips float32 at 1.19209e-07; its limits changed 2 rows." in text


@pytest.mark.parametrize("kind", ["float32", "float16"])
def test_all_other_conventions_widen_or_hold_float32_anyway(kind: str) -> None:
    narrow = stored([0.25, 0.5, 0.9, 0.001], kind)
    for name in set(RULES) - {"sklearn", "sklearn-1.1"}:
        rule = Convention(like=name)
        ours = binary_cross_entropy(LABELS, narrow, convention=rule).tolist()
        assert ours == binary_cross_entropy(LABELS, narrow.astype(float), convention=rule).tolist()


def test_the_upper_limit_of_the_old_scikit_learn_is_1_in_float32() -> None:
    rule = Convention(like="sklearn-1.1")
    found = binary_cross_entropy([1, 0, 1], stored([0.0, 1.0, 1.0], "float32"), convention=rule)
    low = float(np.float32(1e-15))
    assert found.tolist() == [-math.log(low / 1.0), math.inf, 0.0]
    in_half = binary_cross_entropy([1], stored([0.0], "float16"), convention=rule)
    assert in_half.tolist() == [math.inf]


def test_float16_has_limits_far_inside(bce: Callable[..., Result]) -> None:
    path = write("a.parquet", "float16", [0.9995, 0.0002, 0.5, 0.5])
    record = json.loads(bce("compute", path, "--like", "sklearn", "-f", "json").stdout)
    assert (record["n_clipped"], record["float_type"]) == (2, "float16")


def test_all_conventions_side_by_side_have_the_caps_of_the_type() -> None:
    (_, sklearn, *_) = convention_reports(LABELS, stored(VALUES, "float32"))
    assert sklearn.mean_loss == 8.053318600736441
    assert sklearn.cap_positive == sklearn.cap_negative == -math.log(2.0**-23)
    (_, wide, *_) = convention_reports(LABELS, stored(VALUES, "float64"))
    assert wide.cap_positive == -math.log(2.0**-52)


def test_logits_take_the_type_along() -> None:
    found = mean_binary_cross_entropy(
        [1], stored([-100.0], "float32"), logits=True, convention=SKLEARN
    )
    assert found == -math.log(2.0**-23)


SAVED = {"mean_loss": 0.5, "unit": "nats", "convention": "exact", "clip": None}
MIXTURE = "predictions are stored in several float types, and scikit-learn clips each at limits"


def test_files_of_several_types_are_refused_where_that_matters(bce: Callable[..., Result]) -> None:
    paths = [write(f"{kind}.parquet", kind) for kind in CAPS]
    for like in ("sklearn", "all"):
        result = bce("compute", *paths, "--like", like)
        assert (result.exit_code, result.stdout) == (65, "")
        assert result.stderr.splitlines() == [
            f"bce: error: {MIXTURE} of its own",
            "bce: store them in one type, or judge the files one by one",
        ]
    assert bce("compute", *paths, "--like", "torch", "-q").exit_code == 0
    assert bce("compute", *paths, "-q").stdout == "inf\n"


def test_a_part_without_rows_has_no_type() -> None:
    some = loss_totals([1], stored([0.5], "float32"), convention=SKLEARN)
    none = loss_totals([], [], convention=SKLEARN)
    assert loss_report(some + none).float_type == "float32"
    with pytest.raises(DataError, match=MIXTURE):
        loss_report(some + loss_totals([1], [0.5], convention=SKLEARN))


def test_blocks_put_together_keep_their_type() -> None:
    narrow = Rows(np.array([True]), np.array([0.5]), rivals=(Predictions(np.array([0.5])),))
    other = Rows(
        np.array([True]),
        np.array([0.5]),
        rivals=(Predictions(np.array([0.5]), float_type="float16"),),
        float_type="float32",
    )
    both = concatenated([other, other])
    assert (both.float_type, both.rivals[0].float_type) == ("float32", "float16")
    mixed = concatenated([narrow, other])
    assert (mixed.float_type, mixed.rivals[0].float_type) == ("mixed", "mixed")
    with pytest.raises(DataError, match=MIXTURE):
        SKLEARN.losses(mixed)
    assert one_float_type([]) == "float64"


def test_joins_take_the_type_along(bce: Callable[..., Result], preds: Callable[..., str]) -> None:
    path = write("p.parquet", "float32", id=["a", "b", "c", "d"])
    truth = preds("id,y\nd,0\nc,1\nb,0\na,1\n", "truth.csv")
    options = ["--labels", truth, "--on", "id", "--like", "sklearn", "-q"]
    assert bce("compute", path, *options).stdout == "8.053318600736441\n"


def test_models_side_by_side_have_a_type_each(bce: Callable[..., Result]) -> None:
    for options in ([], ["--on", "id"]):
        ids: dict[str, Any] = {"id": ["a", "b", "c", "d"]}
        wide = write("wide.parquet", "float64", **ids)
        narrow = write("narrow.parquet", "float32", **ids)
        arguments = ["compare", wide, narrow, *options, "--like", "sklearn"]
        models = json.loads(bce(*arguments, "-f", "json").stdout)["models"]
        assert [model["float_type"] for model in models] == ["float64", "float32"]
        assert [m["mean_loss"] for m in models] == [
            expected_mean(VALUES, "float64"),
            expected_mean(VALUES, "float32"),
        ]
        text = " ".join(bce(*arguments).stdout.split())
        each = "wide.parquet float64, narrow.parquet float32"
        assert f"It clips each model in the float type that this is stored in: {each}." in text


def test_a_second_look_keeps_the_type(bce: Callable[..., Result]) -> None:
    path = write("a.parquet", "float32", [*VALUES[:3], None], ["1", " 0", "1.0", "0"])
    result = bce("compute", path, "--like", "sklearn", "-q", "--missing", "drop")
    three = [-math.log(2.0**-23)] * 2 + [-math.log(float(np.float32(0.9)))]
    assert float(result.stdout) == math.fsum(three) / 3


def test_a_baseline_of_another_type_is_refused(bce: Callable[..., Result]) -> None:
    narrow, wide = write("narrow.parquet", "float32"), write("wide.parquet", "float64")
    for like, kinds in (("sklearn", "float32"), ("torch", None)):
        bce("compute", narrow, "--like", like, "-f", "json", "-o", "saved.json")
        assert json.loads(Path("saved.json").read_text())["float_type"] == kinds
        options = ["--baseline", "saved.json", "--like", like]
        assert bce("check", narrow, *options).exit_code == 0
        result = bce("check", wide, *options)
        assert result.exit_code == (0 if kinds is None else 65)
        if kinds is not None:
            assert result.stderr == (
                "bce: error: 'saved.json': its predictions were float32, these are float64\n"
                "bce: scikit-learn clips each type at limits of its own: store one\n"
            )
    Path("saved.json").write_text(json.dumps({"float_type": 32} | SAVED))
    result = bce("check", wide, "--baseline", "saved.json")
    expected = "saved.json: float_type must be float16, float32, float64 or null, not '32'"
    assert (result.exit_code, result.stderr) == (65, f"bce: error: {expected}\n")


def test_text_is_float64(bce: Callable[..., Result], preds: Callable[..., str]) -> None:
    rows = "".join(f"{y},{p!r}\n" for y, p in zip(LABELS, VALUES, strict=True))
    result = bce("compute", preds("y,p\n" + rows), "--like", "sklearn", "-f", "json")
    assert json.loads(result.stdout)["float_type"] == "float64"


WEIGHTED: dict[str, Any] = {
    "labels": [1, 0, 1],
    "probabilities": [0.9, 0.2, 0.6],
    "weights": [1e8, 3.0, 3.0],
}


def test_lightgbm_adds_weights_in_pairs_of_float32() -> None:
    rule = Convention(like="lightgbm-xentropy")
    found = loss_report(loss_totals(**WEIGHTED, convention=rule)).mean_loss
    total = math.fsum([-math.log(0.9) * 1e8, -math.log(1.0 - 0.2) * 3.0, -math.log(0.6) * 3.0])
    assert found == total / 100000008.0  # and not 100000006


def test_that_sum_knows_no_blocks() -> None:
    rule = Convention(like="lightgbm-xentropy")
    whole = loss_totals(**WEIGHTED, convention=rule)
    parts = [
        loss_totals(
            *([column[i]] for column in list(WEIGHTED.values())[:2]),
            weights=[WEIGHTED["weights"][i]],
            convention=rule,
        )
        for i in range(3)
    ]
    assert parts[0] + parts[1] + parts[2] == whole
    assert parts[0] + (parts[1] + parts[2]) == whole


def test_too_many_weights_are_added_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bce_cli.core.totals.MOST_HELD_WEIGHTS", 2)
    rule = Convention(like="lightgbm-xentropy")
    totals = loss_totals(**WEIGHTED, convention=rule)
    assert float(totals.mean_divisor) == 100000006.0
    first = loss_totals([1, 0], [0.9, 0.2], weights=[1e8, 3.0], convention=rule)
    assert float(first.mean_divisor) == 100000000.0  # as float32 has it
    both = first + loss_totals([1], [0.6], weights=[3.0], convention=rule)
    assert float(both.mean_divisor) == 100000006.0
    assert both.held_weights is not None
    assert (both.held_weights.n, both.held_weights.held) == (3, b"")


def test_labels_are_compared_as_the_library_holds_them() -> None:
    tiny = mean_binary_cross_entropy(
        [1e-50], [0.25], soft_labels=True, convention=Convention(like="lightgbm")
    )
    assert tiny == -math.log(0.75)  # in float32 that label is 0
    near = mean_binary_cross_entropy(
        [0.5 + 1e-12], [0.25], soft_labels=True, convention=Convention(like="catboost")
    )
    assert near == pytest.approx(-math.log(0.75), rel=1e-15)
