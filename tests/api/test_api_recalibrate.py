"""Maps in Python: what `recalibrate` returns, and what becomes of it."""

from __future__ import annotations

import math
import pickle
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import bce_cli
from bce_cli.core.recalibration.maps import METHODS, RecalibrationMap
from bce_cli.core.recalibration.saved import SavedMap
from bce_cli.errors import ArgumentError, DataError, OutputCreationError, ProbabilityError

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

pytestmark = pytest.mark.filterwarnings("ignore::bce_cli.errors.DoubtWarning")

LABELS = [0, 0, 0, 1, 0, 1, 1, 1] * 50
P = ([0.4] * 4 + [0.6] * 4) * 50
GRID = np.linspace(0.0, 1.0, 11)


@pytest.fixture(scope="module")
def result() -> bce_cli.RecalibrateResult:
    return bce_cli.recalibrate(LABELS, P)


def test_methods_are_a_table(result: bce_cli.RecalibrateResult) -> None:
    table = result.methods
    assert table.column("method").to_pylist() == [*METHODS]
    losses = dict(zip(METHODS, table.column("cross_fitted_loss").to_pylist(), strict=True))
    as_is, best = losses["as-is"], losses[result.recommended]
    assert as_is == bce_cli.mean_binary_cross_entropy(LABELS, P)
    assert result.recommended == "temperature"
    assert result.recommended_difference == pytest.approx(best - as_is, rel=1e-12)
    assert result.recommended_ci_high is not None
    assert result.recommended_ci_high < 0.0
    assert repr(result) == (
        "RecalibrateResult(n=400, unit='nats', recommended='temperature', "
        f"recommended_difference={result.recommended_difference!r})"
    )


@pytest.mark.parametrize("method", METHODS)
def test_a_map_is_that_of_all_rows(method: str, result: bce_cli.RecalibrateResult) -> None:
    found = result.map(method)
    assert found.method == method
    assert found.apply(GRID).tolist() == found.map.apply(GRID).tolist()
    assert found.transform(GRID).tolist() == found.apply(GRID).tolist()
    assert found.apply(GRID, logit=True).tolist() == found.map.logits_of(GRID).tolist()
    row = result.methods.column("method").to_pylist().index(method)
    told = result.methods.to_pylist()[row]
    assert found.parameters == {name: told[f"parameters_{name}"] for name in found.parameters}


def test_by_default_it_is_the_recommended_map(result: bce_cli.RecalibrateResult) -> None:
    found = result.map()
    assert found == result.map("temperature")
    assert found != result.map("offset")
    assert (found == 1) is False
    assert hash(found) == hash(result.map("temperature"))
    temperature = found.parameters["temperature"]
    assert repr(found) == f"Recalibrator('temperature', temperature={temperature!r})"
    assert repr(result.map("centred")) == "Recalibrator('centred', n_blocks=2)"
    expected = 1.0 / (1.0 + math.exp(-math.log(1.5) / temperature))
    assert found.apply([0.6]).tolist() == pytest.approx([expected], rel=1e-15)


def test_maps_of_logits_take_logits() -> None:
    logits = np.log(np.array(P) / (1.0 - np.array(P)))
    found = bce_cli.recalibrate(LABELS, logits, logits=True, folds=4).map("logistic")
    assert found.of_logits
    expected = 1.0 / (1.0 + np.exp(-found.apply([-3.0, 2.0], logit=True)))
    assert found.apply([-3.0, 2.0]).tolist() == pytest.approx(expected.tolist(), rel=1e-12)
    assert found.formula("python", "z", logit=True).count("log") == 0


def test_a_map_is_kept_and_read_again(result: bce_cli.RecalibrateResult) -> None:
    result.save("map.json")
    result.map("isotonic").save(Path("steps.json"))
    assert bce_cli.load("map.json") == result.map()
    steps = bce_cli.load("steps.json")
    assert steps == result.map("isotonic")
    assert steps.to_dict() == result.map("isotonic").to_dict()
    assert Path("steps.json").read_text(encoding="utf-8") == result.map("isotonic").to_json()
    assert sorted(path.name for path in Path().iterdir()) == ["map.json", "steps.json"]
    assert stat.S_IMODE(Path("map.json").stat().st_mode) & 0o111 == 0


def test_it_is_the_file_of_the_command(bce: Callable[..., Result]) -> None:
    lines = "".join(f"{y},{p}\n" for y, p in zip(LABELS, P, strict=True))
    Path("preds.csv").write_text("y,p\n" + lines, encoding="utf-8")
    bce("recalibrate", "preds.csv", "--folds", "4", "--save", "theirs.json")
    bce_cli.recalibrate("preds.csv", folds=4).save("ours.json")
    assert Path("ours.json").read_bytes() == Path("theirs.json").read_bytes()


def test_a_map_is_saved_where_a_link_leads_with_the_mode_that_is_there(
    result: bce_cli.RecalibrateResult,
) -> None:
    Path("kept.json").write_text("old")
    Path("kept.json").chmod(0o640)
    Path("link.json").symlink_to("kept.json")
    result.save("link.json")
    assert Path("link.json").is_symlink()
    assert Path("kept.json").stat().st_mode & 0o777 == 0o640
    assert bce_cli.load("kept.json") == result.map()
    assert not list(Path.cwd().glob("*.json.*"))


def test_a_saved_result_has_its_maps(result: bce_cli.RecalibrateResult) -> None:
    Path("report.json").write_text(result.to_json(), encoding="utf-8")
    loaded = bce_cli.load("report.json")
    assert isinstance(loaded, bce_cli.RecalibrateResult)
    assert (loaded, str(loaded)) == (result, str(result))
    for method in METHODS:
        assert loaded.map(method) == result.map(method)


def test_formulas_are_of_its_column(result: bce_cli.RecalibrateResult) -> None:
    found = result.map()
    assert '"prediction"' in found.formula()
    text = found.formula("python", column="x")
    value = eval(text, {"math": math, "x": 0.6})  # noqa: S307 -- our own
    assert value == pytest.approx(found.apply([0.6])[0], rel=1e-15)
    with pytest.raises(ArgumentError, match="language 'sqlite' is not known; did you mean 'sql'"):
        found.formula("sqlite")  # type: ignore[arg-type]


def test_maps_and_results_pickle(result: bce_cli.RecalibrateResult) -> None:
    assert pickle.loads(pickle.dumps(result)) == result  # noqa: S301 -- our own
    found = result.map("beta")
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 -- as above


def test_maps_do_not_change(result: bce_cli.RecalibrateResult) -> None:
    found = result.map()
    found.parameters["temperature"] = 5.0
    assert found == result.map()
    with pytest.raises(AttributeError, match=r"Recalibrator\.method cannot be set"):
        found.method = "beta"  # type: ignore[misc]


def test_what_a_map_cannot_take_is_refused(result: bce_cli.RecalibrateResult) -> None:
    with pytest.raises(ProbabilityError):
        result.map().apply([0.5, 1.5])
    with pytest.raises(OutputCreationError, match=r"no/map\.json: no such file or directory"):
        result.save("no/map.json")
    Path("folder").mkdir()
    with pytest.raises(OutputCreationError, match="folder: is a directory"):
        result.save("folder")
    assert [path.name for path in Path().iterdir()] == ["folder"]


def test_a_method_without_a_map_says_why(result: bce_cli.RecalibrateResult) -> None:
    with pytest.raises(ArgumentError, match="there is no method 'platts' here; did you mean 'pl"):
        result.map("platts")
    apart = bce_cli.recalibrate([0, 0, 1, 1] * 5, [0.1, 0.2, 0.8, 0.9] * 5, folds=2)
    with pytest.raises(DataError, match="there is no logistic map: one threshold separates"):
        apart.map("logistic")


def test_maps_that_are_not_what_they_say_are_refused() -> None:
    Path("odd.json").write_text('{"format": "x", "version": 1}', encoding="utf-8")
    with pytest.raises(DataError, match=r"odd\.json: not a map of bce recalibrate"):
        bce_cli.load("odd.json")


def test_maps_that_do_the_same_are_equal() -> None:
    saved = (SavedMap(RecalibrationMap("as-is"), *names) for names in (("y", "p"), ("label", "q")))
    first, second = map(bce_cli.Recalibrator, saved)
    assert first == second


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"folds": 1}, "folds must be at least 2, got 1"),
        ({"folds": "ten"}, "folds must be a whole number, got 'ten'"),
        ({"method": "plat"}, "method 'plat' is not known; did you mean 'platt'"),
        ({"confidence": 95}, "confidence must lie between 0 and 1, got 95"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"seed": 1, "order": P}, "seed deals rows by chance, and order by what came before"),
        ({"unit": "bit"}, "unit 'bit' is not known; did you mean 'bits'"),
        ({"cluster": "user"}, "cluster names a column, 'user', and these are arrays"),
        ({"order": "day"}, "order names a column, 'day', and these are arrays"),
    ],
)
def test_arguments_that_cannot_be_are_told(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        bce_cli.recalibrate(LABELS, P, **arguments)
    assert error.value.message.startswith(message)


def test_order_may_be_times() -> None:
    days = np.arange(len(P)).astype("datetime64[D]")
    by_days = bce_cli.recalibrate(LABELS, P, folds=2, order=days, method="platt")
    by_numbers = bce_cli.recalibrate(LABELS, P, folds=2, order=np.arange(len(P)), method="platt")
    assert by_days.to_dict() == by_numbers.to_dict()
    assert by_days.n_judged == 267
