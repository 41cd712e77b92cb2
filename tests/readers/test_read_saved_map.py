"""Saved maps: what is written, that it comes back as it was, and how each fault is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import bce_cli
from bce_cli.core.recalibration import saved
from bce_cli.core.recalibration.maps import METHODS, RecalibrationMap
from bce_cli.core.recalibration.saved import MOST_KNOTS, SavedMap, fingerprint
from bce_cli.errors import BceError, DataError, InputError
from bce_cli.readers import saved_map
from bce_cli.readers.saved_map import read_map

PRINT = fingerprint([1, 0, 1], [0.9, 0.2, 0.4])
LOGISTIC = RecalibrationMap(
    method="logistic", parameters={"a": 0.1, "b": 1 / 3}, level_at_0=0.001, level_at_1=0.99
)
KEPT = SavedMap(
    LOGISTIC,
    label_column="y",
    prediction_column='pré"d\u202e',
    weight_column="w",
    n=3,
    n_positive=2.5,
    fingerprint=PRINT,
    folds=10,
    as_is_loss=0.5,
    fitted_loss=0.25,
    cross_fitted_loss=0.3,
    difference=-0.2,
    std_error=0.125,
    ci_low=-0.3,
    ci_high=-0.1,
    tool="bce 1.0",
)
TEXT = rf"""{{
  "format": "bce recalibration map",
  "version": 1,
  "tool": "bce 1.0",
  "method": "logistic",
  "parameters": {{"a": 0.1, "b": 0.3333333333333333}},
  "level_at_0": 0.001,
  "level_at_1": 0.99,
  "n_blocks": null,
  "label_column": "y",
  "prediction_column": "pr\u00e9\"d\u202e",
  "weight_column": "w",
  "cluster_column": null,
  "of_logits": false,
  "n": 3,
  "n_positive": 2.5,
  "fingerprint": "{PRINT}",
  "folds": 10,
  "n_clusters": null,
  "confidence": 0.95,
  "as_is_loss": 0.5,
  "fitted_loss": 0.25,
  "cross_fitted_loss": 0.3,
  "difference": -0.2,
  "std_error": 0.125,
  "ci_low": -0.3,
  "ci_high": -0.1,
  "knots": []
}}
"""
HINT = "bce recalibrate writes one with save"
KNOTS = [[0.0, 0.125], [0.25, 0.125], [0.5, 0.75]]
NO_LEVELS: dict[str, Any] = {"parameters": {}, "level_at_0": None, "level_at_1": None}
ISOTONIC = {"method": "isotonic", **NO_LEVELS, "knots": KNOTS, "n_blocks": 2}
NO_MAP = "map.json: not a map of bce recalibrate"


def _read(content: bytes) -> SavedMap:
    Path("map.json").write_bytes(content)
    return read_map("map.json")


def _changed(**changes: Any) -> SavedMap:  # noqa: ANN401
    return _read(json.dumps(json.loads(TEXT) | changes).encode())


def _fault(content: bytes) -> tuple[str, str | None]:
    with pytest.raises(DataError) as caught:
        _read(content)
    return caught.value.message, caught.value.hint


def test_what_is_written_is_strict_json_and_comes_back_as_it_was() -> None:
    assert KEPT.to_json().decode() == TEXT
    assert _read(TEXT.encode()) == KEPT


def test_knots_stand_a_line_each_and_come_back_as_they_were() -> None:
    knots = ((0.0, 0.125), (0.25, 0.125), (0.5, 0.75))
    steps = RecalibrationMap("isotonic", knots=knots, n_blocks=2)
    kept = SavedMap(steps, "y", "p", n=3, n_positive=1, fingerprint=PRINT, folds=2, tool="bce 1.0")
    content = kept.to_json()
    end = b'  "knots": [\n    [0.0, 0.125],\n    [0.25, 0.125],\n    [0.5, 0.75]\n  ]\n}\n'
    assert content.endswith(end)
    assert _read(content) == kept


def test_a_loss_that_is_infinite_is_written_as_null() -> None:
    kept = SavedMap(LOGISTIC, "y", "p", as_is_loss=float("inf"), ci_low=float("nan"))
    found = json.loads(kept.to_json(), parse_constant=str)
    assert (found["as_is_loss"], found["ci_low"]) == (None, None)


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("offset", {"a": -2}),
        ("temperature", {"temperature": -0.5}),
        ("platt", {"a": 0.0, "b": -1e300}),
        ("beta", {"c": -1.0, "a": 0.0, "b": 2.0}),
    ],
)
def test_each_method_has_its_own_parameters(method: str, parameters: dict[str, float]) -> None:
    found = _changed(method=method, parameters=parameters).map
    assert (found.method, found.parameters) == (method, parameters)


def test_predictions_as_they_are_are_a_map_too() -> None:
    assert _changed(method="as-is", **NO_LEVELS).map == RecalibrationMap("as-is")


@pytest.mark.few(10)
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "x"}, NO_MAP),
        ({"format": 1, "mean_loss": 0.5}, "map.json: a report, and no map"),
        ({"version": "1"}, "map.json: version must be 1, not '1'"),
        ({"version": True}, "map.json: version must be 1, not 'true'"),
        ({"version": 0}, "map.json: version must be 1, not '0'"),
        ({"more": 1}, "map.json: there is a key 'more', which such maps do not have"),
        ({"n": 0}, "map.json: n must be a whole number of 1 or more, not '0'"),
        ({"n": 1e3}, "map.json: n must be a whole number of 1 or more, not '1000.0'"),
        ({"n": 10**30}, f"map.json: n must be a whole number of 1 or more, not '{10**30}'"),
        ({"folds": True}, "map.json: folds must be a whole number of 1 or more, not 'true'"),
        ({"n_positive": -1}, "map.json: n_positive must be a number of 0 or more, not '-1'"),
        (
            {"n_positive": 4, "weight_column": None},
            "map.json: n_positive must be at most n, 3, without weights, not '4'",
        ),
        ({"ci_low": -0.05}, "map.json: ci_low must be at most ci_high, -0.1, not '-0.05'"),
        ({"label_column": None}, "map.json: label_column must be a text, not 'null'"),
        ({"weight_column": 3}, "map.json: weight_column must be a text, or null, not '3'"),
        ({"of_logits": 1}, "map.json: of_logits must be true or false, not '1'"),
        ({"confidence": 1}, "map.json: confidence must be a number between 0 and 1, not '1'"),
        ({"std_error": -1}, "map.json: std_error must be a number of 0 or more, or null, not '-1'"),
        ({"ci_low": "x"}, "map.json: ci_low must be a number, or null, not 'x'"),
        ({"tool": ["\x1b"]}, "map.json: tool must be a text, not a list"),
        (
            {"fingerprint": "sha256:" + "A" * 64},
            f"map.json: fingerprint must be sha256: and 64 digits, not 'sha256:{'A' * 64}'",
        ),
        (
            {"method": "magic"},
            f"map.json: method must be {', '.join(METHODS[:-1])} or centred, not 'magic'",
        ),
        ({"parameters": []}, "map.json: parameters must be an object, not a list"),
        (
            {"parameters": {"a": 1.0, "b": 10**400}},
            f"map.json: parameters.b must be a number, not '1{'0' * 79}...'",
        ),
        (
            {"parameters": {"a": False, "b": 1.0}},
            "map.json: parameters.a must be a number, not 'false'",
        ),
        (
            {"parameters": {"a\x1b": 1.0, "b\u202e": []}},
            r"map.json: parameters.b\u202e must be a number, not a list",
        ),
        (
            {"method": "temperature", "parameters": {"temperature": 0}},
            "map.json: temperature must not be 0",
        ),
        (
            {"method": "beta", "parameters": {"c": 0, "a": -1, "b": 1}},
            "map.json: a and b of beta must not be below 0",
        ),
        ({"level_at_0": None}, "map.json: logistic needs level_at_0"),
        ({"level_at_0": 0}, "map.json: level_at_0 must be between 0 and 1, got 0"),
        ({"level_at_1": "1"}, "map.json: level_at_1 must be a number, or null, not '1'"),
        ({"n_blocks": 1}, "map.json: logistic has no knots and n_blocks"),
        ({"knots": KNOTS}, "map.json: logistic has no knots and n_blocks"),
        ({"knots": {}}, "map.json: knots must be a list, not an object"),
        (ISOTONIC | {"knots": []}, "map.json: isotonic needs knots and n_blocks"),
        (ISOTONIC | {"n_blocks": 3}, "map.json: n_blocks is 3, and the knots have 2 levels"),
        (
            ISOTONIC | {"knots": [[0.5, 0.5], [0.5, 0.6]]},
            "map.json: knots must ascend, got (0.5, 0.5) before (0.5, 0.6)",
        ),
        (
            ISOTONIC | {"knots": [[0.5, 1.0]]},
            "map.json: knot (0.5, 1.0) must have a level between 0 and 1 at a probability",
        ),
        *(
            (
                ISOTONIC | {"knots": [[0.5, 0.5], knot]},
                f"map.json: knot 2 must be a list of two numbers, not {shown}",
            )
            for knot, shown in (
                ([0.6], "a list"),
                ([0.6, None], "a list"),
                ([0.6, 0.7, 0.8], "a list"),
                ("0.6", "'0.6'"),
            )
        ),
    ],
)
def test_each_fault_is_told(changes: dict[str, Any], message: str) -> None:
    assert _fault(json.dumps(json.loads(TEXT) | changes).encode()) == (message, HINT)


def test_parameters_of_another_method_are_told_apart() -> None:
    for given in ({"a": 1.0}, {"a": 1.0, "b": 1.0, "c": 1.0}):
        content = json.dumps(json.loads(TEXT) | {"parameters": given}).encode()
        names = ", ".join(f"'{name}'" for name in given)
        assert _fault(content) == ("map.json: the parameters of logistic are a, b", f"got {names}")


@pytest.mark.parametrize("key", list(json.loads(TEXT))[1:])
@pytest.mark.few(3)
def test_each_key_must_be_there(key: str) -> None:
    record = json.loads(TEXT)
    del record[key]
    assert _fault(json.dumps(record).encode()) == (f"map.json: there is no key '{key}'", HINT)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", f"{NO_MAP}: empty"),
        (b" \n", f"{NO_MAP}: empty"),
        (b"y,p\n1,0.9\n", f"{NO_MAP}: not JSON, line 1: expecting value"),
        (b"\xff\xfe\xfd", f"{NO_MAP}: not text"),
        (b"[1]", f"{NO_MAP}: not a JSON object"),
        (b'{"a": 1, "a": 2}', f"{NO_MAP}: not JSON, the key 'a' occurs twice"),
        (TEXT[:190].encode(), f"{NO_MAP}: not JSON, line 8: expecting ':' delimiter"),
        (
            TEXT.replace("[]", '["\\"NaN", [1, -Infinity]').encode(),
            f"{NO_MAP}: not JSON, line 28: the token -Infinity",
        ),
        *(
            (
                TEXT.encode(encoding),
                f"{NO_MAP}: it is not UTF-8 without a byte order mark, as maps are",
            )
            for encoding in ("utf-8-sig", "utf-16", "utf-16-le")
        ),
        (b'{"a": NaN}', f"{NO_MAP}: not JSON, line 1: the token NaN"),
        (b'{"a": ' * 100_000, f"{NO_MAP}: nested too deeply"),
        (b"{}", NO_MAP),
    ],
)
def test_what_is_no_map_is_refused(content: bytes, message: str) -> None:
    assert _fault(content) == (message, HINT)


def test_a_report_of_the_same_command_is_told_from_a_map() -> None:
    expected = "map.json: a report of bce recalibrate, and no map"
    assert _fault(b'{"methods": []}') == (expected, "it writes its map with save")


def test_a_map_without_a_version_is_no_report() -> None:
    Path("map.json").write_text(TEXT.replace('"version"', '"Version"'))
    with pytest.raises(DataError, match=r"^map\.json: there is no key 'version'\n"):
        bce_cli.load("map.json")


def test_a_map_of_a_newer_version_is_not_guessed_at() -> None:
    message = "map.json: a map of version '2', and this bce reads version 1"
    hint = "a newer bce reads it"
    assert _fault(json.dumps(json.loads(TEXT) | {"version": 2}).encode()) == (message, hint)


def test_what_is_too_great_is_neither_read_nor_written(monkeypatch: pytest.MonkeyPatch) -> None:
    small = saved_map.WANTED._replace(most_bytes=1 << 20)
    monkeypatch.setattr(saved_map, "WANTED", small)
    message = "map.json: more than 1 MiB are no map of bce recalibrate"
    assert _fault(b" " * ((1 << 20) + 1)) == (message, HINT)
    monkeypatch.setattr(saved, "MOST_KNOTS", 2)
    steps = RecalibrationMap("centred", knots=((0.1, 0.1), (0.2, 0.2), (0.3, 0.3)), n_blocks=3)
    with pytest.raises(DataError, match=r"^the map has 3 knots; at most 2 are saved\n"):
        SavedMap(steps, "y", "p").to_json()
    assert MOST_KNOTS == 500_000


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing.json", "missing.json: no such file or directory"),
        ("a\0b", "a\\x00b: embedded null byte"),
        (".", ".: is a directory"),
    ],
)
def test_a_path_without_a_map_is_an_error(path: str, message: str) -> None:
    with pytest.raises(BceError) as caught:
        read_map(path)
    assert isinstance(caught.value, InputError)
    assert caught.value.message == message


def test_rows_are_told_from_others_by_their_values_and_order() -> None:
    labels, predictions = [1, 0, 1], [0.9, 0.2, 0.4]
    assert fingerprint(labels, predictions, [1.0, 1.0, 1.0]) == PRINT
    assert fingerprint([True, False, True], predictions) == PRINT
    others = {
        fingerprint([0, 1, 1], [0.2, 0.9, 0.4]),
        fingerprint(labels, [0.9, 0.2, 0.4000000000000001]),
        fingerprint(labels, predictions, [1.0, 1.0, 2.0]),
    }
    assert len(others | {PRINT}) == 4


def test_the_fingerprint_does_not_depend_on_how_many_rows_are_taken_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(saved, "_ROWS_AT_ONCE", 2)
    assert fingerprint([1, 0, 1], [0.9, 0.2, 0.4]) == PRINT
    assert fingerprint([0], [-0.0]) == fingerprint([0], [0.0])
