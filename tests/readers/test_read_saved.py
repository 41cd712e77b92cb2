"""Saved reports and baselines: what they must be, and how each fault is told."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bce_cli import Convention, DataError
from bce_cli.core.gate.limits import Baseline
from bce_cli.errors import ArgumentError, BceError, InputError, UsageError
from bce_cli.readers.saved import baseline_of, read_baseline, saved_record

SAVED: dict[str, Any] = {
    "source": "preds.csv",
    "n": 3,
    "unit": "nats",
    "convention": "exact",
    "clip": None,
    "mean_loss": 0.25,
    "std_error": 0.125,
}
HINT = "save one with bce compute --format json -o FILE"
NO_REPORT = "saved.json: not a report of bce compute: "


def _saved(content: bytes | None = None, **changes: Any) -> str:  # noqa: ANN401
    text = json.dumps(SAVED | changes)
    Path("saved.json").write_bytes(text.encode() if content is None else content)
    return "saved.json"


def _error(path: str, convention: Convention | None = None) -> BceError:
    with pytest.raises(BceError) as caught:
        read_baseline(path, convention or Convention())
    return caught.value


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Baseline("saved.json", 0.25, "nats", 0.125)),
        ({"unit": "bits"}, Baseline("saved.json", 0.25, "bits", 0.125)),
        ({"std_error": None}, Baseline("saved.json", 0.25, "nats", None)),
        ({"mean_loss": 0, "std_error": 0}, Baseline("saved.json", 0.0, "nats", 0.0)),
        ({"mean_loss": -1e-7}, Baseline("saved.json", -1e-7, "nats", 0.125)),
        ({"more": {"of": ["anything"]}}, Baseline("saved.json", 0.25, "nats", 0.125)),
    ],
)
def test_a_saved_report_is_read(changes: dict[str, Any], expected: Baseline) -> None:
    assert read_baseline(_saved(**changes), Convention()) == expected


def test_keys_that_older_reports_lack_are_not_asked_for() -> None:
    text = '{"mean_loss": 0.25, "unit": "nats", "convention": "exact"}'
    assert read_baseline(_saved(text.encode()), Convention()).std_error is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_a_shell_has_encoded_otherwise_is_read(encoding: str) -> None:
    assert read_baseline(_saved(json.dumps(SAVED).encode(encoding)), Convention()).unit == "nats"


def test_a_pipe_is_read_to_its_end() -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, json.dumps(SAVED).encode())
    os.close(write_end)
    try:
        assert read_baseline(f"/dev/fd/{read_end}", Convention()).mean_loss == 0.25
    finally:
        os.close(read_end)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing.json", "missing.json: no such file or directory"),
        (".", ".: is a directory"),
        ("a\x1b[2J", r"a\x1b[2J: no such file or directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(path: str, message: str) -> None:
    error = _error(path)
    assert isinstance(error, InputError)
    assert error.message == message


def test_standard_input_belongs_to_the_predictions() -> None:
    error = _error("-")
    assert isinstance(error, UsageError)
    assert error.message == "baseline must be a file; standard input is for predictions"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"label,p\n1,.5\n", "not JSON, line 1: expecting value"),
        (b'{"mean_loss": 0.25, "uni', "not JSON, line 1: unterminated string starting"),
        (b'{"row": 1}\n{"row": 2}\n', "not JSON, line 2: extra data"),
        (b'{"mean_loss": NaN}', "not JSON, line 1: the token NaN"),
        (b'{"mean_loss": -Infinity}', "not JSON, line 1: the token -Infinity"),
        (b'{"mean_loss": 1, "mean_loss": 2}', "not JSON, the key 'mean_loss' occurs twice"),
        (b"0.25\n", "not a JSON object"),
        (b"[]", "not a JSON object"),
        (b"{}", "there is no key 'convention'"),
        (b'{"convention": "exact", "unit": "nats"}', "there is no key 'mean_loss'"),
        (b'{"convention": "exact", "mean_loss": 1}', "there is no key 'unit'"),
        (b"\xff\xfe\xff", "not text"),
        (b"[" * 1_000_000, "nested too deeply"),
    ],
)
def test_what_is_no_report_is_told_with_what_to_do(content: bytes, reason: str) -> None:
    error = _error(_saved(content))
    assert isinstance(error, DataError)
    assert (error.message, error.hint) == (NO_REPORT + reason, HINT)


def test_a_number_of_too_many_digits_is_no_report() -> None:
    error = _error(_saved(b'{"mean_loss": ' + b"9" * 5000 + b"}"))
    assert isinstance(error, DataError)
    assert error.message.startswith(f"{NO_REPORT}not JSON, exceeds the limit")


def test_no_more_than_a_report_can_have_is_read() -> None:
    path = _saved(b" " * ((16 << 20) + 1))
    message = "saved.json: more than 16 MiB are no report of bce compute"
    assert _error(path).message == message
    Path(path).write_bytes(json.dumps(SAVED).encode().ljust(16 << 20))
    assert read_baseline(path, Convention()).mean_loss == 0.25


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mean_loss": "0.25"}, "mean_loss must be a number, not '0.25'"),
        ({"mean_loss": True}, "mean_loss must be a number, not 'true'"),
        ({"mean_loss": [1]}, "mean_loss must be a number, not a list"),
        ({"mean_loss": 10**400}, f"mean_loss must be a number, not '1{'0' * 79}...'"),
        ({"std_error": -1}, "std_error must be a number of 0 or more, or null, not '-1'"),
        ({"std_error": "x"}, "std_error must be a number of 0 or more, or null, not 'x'"),
        ({"unit": "dB\x1b[31m"}, r"the unit must be nats or bits, not 'dB\x1b[31m'"),
        ({"unit": None}, "the unit must be nats or bits, not 'null'"),
        ({"unit": ["nats"]}, "the unit must be nats or bits, not '[\"nats\"]'"),
        ({"unit": {}}, "the unit must be nats or bits, not '{}'"),
    ],
)
def test_members_of_another_type_are_named(changes: dict[str, Any], message: str) -> None:
    error = _error(_saved(**changes))
    assert isinstance(error, DataError)
    assert error.message == f"saved.json: {message}"


def test_numbers_beyond_the_largest_are_refused() -> None:
    content = json.dumps(SAVED).replace("0.25", "1e999").encode()
    assert _error(_saved(content)).message == f"{NO_REPORT}the number '1e999' is too large"


def test_an_infinite_loss_is_no_baseline() -> None:
    error = _error(_saved(mean_loss=None))
    assert isinstance(error, DataError)
    assert error.message == (
        "saved.json: its mean loss is infinite, and no loss can be held against that"
    )
    assert error.hint == "save one with clip= or like=, or of predictions without impossible rows"


@pytest.mark.parametrize(
    ("changes", "convention", "message"),
    [
        (
            {"convention": "torch"},
            Convention(),
            "its convention is 'torch', that of these losses is exact",
        ),
        ({}, Convention(like="torch"), "its convention is 'exact', that of these losses is torch"),
        ({}, Convention(0.1), "its convention is 'exact', that of these losses is clip=0.1"),
        (
            {"convention": "clip", "clip": 0.01},
            Convention(0.1),
            "its convention is clip '0.01', that of these losses is clip=0.1",
        ),
        ({"convention": 7}, Convention(), "its convention is '7', that of these losses is exact"),
    ],
)
def test_losses_of_another_convention_are_refused(
    changes: dict[str, Any], convention: Convention, message: str
) -> None:
    error = _error(_saved(**changes), convention)
    assert isinstance(error, DataError)
    assert error.message == f"saved.json: {message}"
    assert error.hint == "judge both by the same like= or clip="


def test_losses_of_the_same_convention_are_taken() -> None:
    path = _saved(convention="clip", clip=0.01)
    assert read_baseline(path, Convention(0.01)).mean_loss == 0.25
    assert read_baseline(_saved(convention="torch"), Convention(like="torch")).mean_loss == 0.25


def test_a_record_in_memory_is_a_baseline_too() -> None:
    record = SAVED | {"mean_loss": np.float64(0.25), "std_error": None}
    found = baseline_of(record, "last week", Convention())
    assert found == Baseline("last week", 0.25, "nats", None)
    with pytest.raises(DataError) as caught:
        baseline_of(SAVED | {"mean_loss": math.inf}, "last week", Convention())
    assert caught.value.message == (
        "last week: its mean loss is infinite, and no loss can be held against that"
    )


def _record_error(content: bytes) -> BceError:
    Path("saved.json").write_bytes(content)
    with pytest.raises(BceError) as caught:
        saved_record("saved.json")
    return caught.value


def test_a_record_is_read_as_it_is() -> None:
    content = {"checks": [], "unknown": {"of": ["anything", 1.5, None, True]}, "é": "\ud800"}
    Path("saved.json").write_text(json.dumps(content), encoding="utf-8")
    assert saved_record("saved.json") == content


ROW = b'{"row": 1, "id": "a", "label": 1, "prediction": 0.5, "loss": 0.69}\n'


@pytest.mark.few(10)
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"label,p\n1,.5\n", "not JSON, line 1: expecting value"),
        (b'{"n": 3, "uni', "not JSON, line 1: unterminated string starting"),
        (b'{"n": NaN}', "not JSON, line 1: the token NaN"),
        (b'{"a": {"n": 1, "n": 2}}', "not JSON, the key 'n' occurs twice"),
        (b'{"n": -1e400}', "the number '-1e400' is too large"),
        (b"[]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"\xff\xfe\xff", "not text"),
        (b'{"a":' * 31 + b"{}" + b"}" * 31, "nested too deeply"),
        (b"[" * 1_000_000, "nested too deeply"),
        (ROW, "it has rows, as bce compute --per-example writes them"),
        (ROW * 2, "it has rows, as bce compute --per-example writes them"),
        (ROW + b'{"row', "it has rows, as bce compute --per-example writes them"),
        (b'{"step": "scaling", "k": 2}', "it has a step of bce demo"),
        (b'[{"step": "scaling"}, {"step": "gradient"}]', "it has the steps of bce demo"),
        (b'{"format": "bce map", "version": 1}', "it is a map of bce recalibrate, for bce apply"),
    ],
)
def test_what_is_no_record_is_told(content: bytes, reason: str) -> None:
    error = _record_error(content)
    assert isinstance(error, DataError)
    assert error.message == f"saved.json: not a saved report: {reason}"
    assert error.hint == "save one with --format json -o FILE"


def test_objects_within_each_other_are_no_fault_to_a_depth() -> None:
    Path("saved.json").write_bytes(b'{"a":' * 29 + b"{}" + b"}" * 29)
    assert list(saved_record("saved.json")) == ["a"]


def test_a_record_is_that_of_a_file() -> None:
    with pytest.raises(ArgumentError) as caught:
        saved_record("-")
    assert caught.value.message == "path must be that of a file, not standard input"
    with pytest.raises(InputError, match=r"^missing\.json: no such file or directory$"):
        saved_record("missing.json")


@pytest.mark.deep
def test_a_record_has_a_size() -> None:
    error = _record_error(b" " * ((64 << 20) + 1))
    assert error.message == "saved.json: more than 64 MiB are no saved report"
