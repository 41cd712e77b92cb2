"""The calibration of several models, and of segments, from Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd  # noqa: TID253 -- frames are what is asked about
import pytest

import bce_cli as bce
from bce_cli.errors import ArgumentError, DataError, DoubtWarning

if TYPE_CHECKING:
    from collections.abc import Callable

Y, P, Q = [1, 0, 1, 0, 1, 0], [0.9, 0.2, 0.6, 0.4, 0.3, 0.5], [0.8, 0.3, 0.7, 0.1, 0.5, 0.5]
SITES = ["a", "a", "b", "b", "b", "a"]
FRAME = pd.DataFrame({"y": Y, "p_a": P, "p_b": Q, "site": SITES})


def test_models_are_named_by_columns_patterns_and_mappings() -> None:
    found = bce.calibration(FRAME, ["p_a", "p_b"], by="site", name="x")
    assert found.models.column("name").to_pylist() == ["p_a", "p_b"]
    assert bce.calibration(FRAME, ["p_*"], by="site", name="x") == found
    assert bce.calibration(FRAME, ("p_a", "p_b"), by=["site"], name="x") == found
    models: Any = {"p_a": P, "p_b": np.array(Q)}
    of_arrays = bce.calibration(FRAME["y"], models, by=FRAME["site"], name="x")
    assert of_arrays == found
    frame: Any = FRAME[["p_a", "p_b"]]
    assert bce.calibration(FRAME["y"], frame, by=FRAME["site"], name="x") == found
    assert [[*row.values()][:3] for row in found.segments.to_pylist()] == [
        ["b", "p_a", 3],
        ["b", "p_b", 3],
        ["a", "p_a", 3],
        ["a", "p_b", 3],
    ]


def test_a_pattern_that_is_not_listed_is_told_how_to_be() -> None:
    where, columns = "x: there is no column 'p_*'", "the columns are 'y', 'p_a', 'p_b', 'site'"
    with pytest.raises(DataError) as error:
        bce.calibration(FRAME, "p_*", name="x")
    hint = f"a pattern is listed, prediction=['p_*']; {columns}"
    assert str(error.value) == f"{where}\n{hint}"
    called_so = FRAME.rename(columns={"p_a": "p_*"})
    assert type(bce.calibration(called_so, "p_*")) is bce.CalibrationResult
    with pytest.raises(DataError, match=r"^x: there is no column 'p_c'; did you mean 'p_b' or"):
        bce.calibration(FRAME, "p_c", name="x")


def test_models_that_are_listed_are_several_even_if_there_is_one() -> None:
    found = bce.calibration(FRAME, ["p_a"])
    assert type(found) is bce.CalibrationsResult
    assert found.models.column("name").to_pylist() == ["p_a"]
    assert found.model("p_a") == bce.calibration(FRAME, "p_a")
    assert type(bce.calibration(Y, {"p_a": P})) is bce.CalibrationsResult


def test_a_model_of_several_is_the_result_that_it_has_alone() -> None:
    found = bce.calibration(Y, {"old": P, "new": Q}, bins=3)
    Path("saved.json").write_text(found.to_json(), encoding="utf-8")
    loaded = bce.load("saved.json")
    assert isinstance(loaded, bce.CalibrationsResult)
    alone = bce.calibration(pd.DataFrame({"label": Y, "new": Q}), "new", bins=3, name="arrays")
    for result in (found, loaded):
        assert result.model("new") == alone
        assert result.model("new").bins.column("n").to_pylist() == [2, 2, 2]
        assert str(result.model("new")) == str(alone)
    with pytest.raises(ArgumentError, match=r"^name 'now' is not known; did you mean 'new'\?"):
        found.model("now")


def test_a_loaded_model_keeps_its_own_doubts() -> None:
    models = {"good": [0.8, 0.3] * 8, "other": [0.1, 0.9] * 8}
    with pytest.warns(
        DoubtWarning, match=r"^other: 1 - p would cost 0\.105361 in place of 2\.30259 nats"
    ):
        found = bce.calibration([1, 0] * 8, models)
    Path("saved.json").write_text(found.to_json(), encoding="utf-8")
    loaded = bce.load("saved.json")
    assert isinstance(loaded, bce.CalibrationsResult)
    assert [len(loaded.model(name).notes) for name in models] == [0, 1]
    assert loaded.model("other") == found.model("other")
    assert str(loaded.model("other")) == str(found.model("other"))


def test_segments_of_one_model_stand_beside_its_figures() -> None:
    found = bce.calibration(FRAME, "p_a", by="site")
    assert type(found) is bce.CalibrationResult
    assert found.slope == bce.calibration(FRAME, "p_a").slope
    assert found.segments.column("site").to_pylist() == ["b", "a"]
    assert found.gap == pytest.approx(1.0 / 60.0, rel=1e-12)
    with pytest.raises(AttributeError, match=r"has no 'segments' here: by=\.\.\. gives them$"):
        _ = bce.calibration(FRAME, "p_a").segments


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: bce.calibration(Y, {}), "prediction is empty: there is no model in it"),
        (lambda: bce.calibration(Y, {"": P}), "prediction has the name '', which is no text"),
        (
            lambda: bce.calibration(FRAME, "p_a", by="site", fine_bins=True),
            "by needs the rows, and fine_bins does not hold them",
        ),
        (
            lambda: bce.calibration(Y, pd.DataFrame({"0": 1 - np.array(P), "1": P})),
            "prediction has shape (6, 2), of rows that sum to 1: not two models",
        ),
        (
            lambda: bce.calibration(FRAME, {"p_a": P}),
            "the first argument is a table or a path, 'DataFrame', and predictions values",
        ),
    ],
)
def test_what_names_no_models_is_refused(ask: Callable[[], object], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        ask()
    assert caught.value.message == message


@pytest.mark.deep
def test_the_picture_has_each_model() -> None:
    ax = bce.calibration(Y, {"old": P, "new": Q}).plot()
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["calibrated", "old", "new"]
    assert bce.calibration(Y, P).plot(ax) is ax
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()][3:] == ["prediction"]


def test_text_of_a_result_names_its_functions() -> None:
    text = " ".join(str(bce.calibration(FRAME, ["p_a", "p_b"], by="site")).split())
    assert text.count("to_markdown() has them.") == 1
    assert "wider terminal" not in text
