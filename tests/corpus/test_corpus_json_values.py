"""Values in JSON Lines, of every type, and keys that are missing or there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.corpus.cases import TWO, Case, bad, each, good

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST = '{"y": 1, "p": 0.5}\n'
LAST = '{"y": 0, "p": 0.25}\n'
DROP = ("--missing", "drop")

PREDICTIONS = {
    "1.0000000000000002": r"1\.0000000000000002",
    "-5e-324": "-5e-324",
    "1e999": "",
    "-1e999": "",
    "2": "2",
    "-1": "-1",
    "1" + "0" * 40: "",
    "1" + "0" * 5000: "",
    "NaN": "",
    "Infinity": "",
    "-Infinity": "",
    "true": "",
    "false": "",
    "[]": "",
    "[0.5]": "",
    "{}": "",
    '{"p": 0.5}': "",
    "[" * 100_000 + "]" * 100_000: "",
    ".5": "",
    "5.": "",
    "+0.5": "",
    "00.5": "",
    "0x1p-1": "",
    "0_5": "",
    "0,5": "",
    '"abc"': "'abc'",
    '"50%"': "'50%'",
    '"0_5"': "'0_5'",
    '"true"': "'true'",
    '"0,5"': "'0,5'",
    '"1.5"': r"'?1\.5",
    '"nan(1)"': r"'nan\(1\)'",
    '"inf"': "'?inf",
    '"\uff10"': "'\uff10'",
    '"0.5\\u0000"': r"'0\.5\\x00'",
    '"\\u001b[2J"': r"'\\x1b\[2J'",
    '"\\ud800"': r"'\\ud800'",
    '"\\u202e0.5"': r"'\\u202e0\.5'",
    '"' + "z" * 9999 + '"': "'z{60,90}",
}


@pytest.mark.few(20)
@pytest.mark.parametrize(("value", "shown"), PREDICTIONS.items(), ids=lambda v: ascii(v[:14]))
def test_a_value_that_is_no_probability_is_refused(
    value: str, shown: str, judge: Callable[[Case], None]
) -> None:
    error = r"preds\.jsonl, line 2: " + (f"prediction {shown}" if shown else "")
    judge(bad(f'{FIRST}{{"y": 1, "p": {value}}}\n{LAST}', error, name="preds.jsonl"))


LABELS = {
    "2": r"2\b",
    "-1": "-1",
    "257": "257",
    "0.5": r"0\.5",
    "1.0000000000000002": r"1\.0000000000000002",
    "1e32": "",
    "1" + "0" * 32: "10{32}",
    "18446744073709551617": "18446744073709551617",
    "4294967297": "4294967297",
    "1e999": "",
    "Infinity": "",
    "NaN": "",
    '"yes"': "'yes'",
    '"2"': "'?2",
    '"1_0"': "'1_0'",
    '"1\\u0000"': r"'1\\x00'",
    '"\\ud83d"': r"'\\ud83d'",
    "[]": "",
    "[1]": "",
    "{}": "",
    '{"value": 1}': "",
    '"[1]"': r"'\[1\]'",
    "01": "",
    "+1": "",
    "True": "",
}


@pytest.mark.parametrize(("value", "shown"), LABELS.items(), ids=lambda v: ascii(v[:14]))
def test_a_value_that_is_no_label_is_refused(
    value: str, shown: str, judge: Callable[[Case], None]
) -> None:
    error = r"preds\.jsonl, line 2: " + (f"label {shown}" if shown else "")
    judge(bad(f'{FIRST}{{"y": {value}, "p": 0.5}}\n{LAST}', error, name="preds.jsonl"))


MISSING = {
    "null for the label": ('{"y": null, "p": 0.9}', "label"),
    "null for the prediction": ('{"y": 1, "p": null}', "prediction"),
    "no label": ('{"p": 0.9}', "label"),
    "no prediction": ('{"y": 1}', "prediction"),
    "neither": ("{}", "label"),
    "another case": ('{"Y": 1, "p": 0.5}', "label"),
    "only deeper": ('{"t": {"y": 1}, "p": 0.5}', "label"),
    "an empty string for the label": ('{"y": "", "p": 0.9}', "label"),
    "an empty string for the prediction": ('{"y": 1, "p": ""}', "prediction"),
    "NA": ('{"y": "NA", "p": 0.9}', "label"),
    "NaN in a string": ('{"y": 1, "p": "NaN"}', "prediction"),
    "None in a string": ('{"y": 1, "p": " None "}', "prediction"),
}


@pytest.mark.parametrize(("line", "role"), MISSING.values(), ids=MISSING)
def test_a_missing_value_is_an_error_by_default(
    line: str, role: str, judge: Callable[[Case], None]
) -> None:
    judge(bad(f"{FIRST}{line}\n{LAST}", rf"preds\.jsonl, line 2: {role}\b", name="preds.jsonl"))


@pytest.mark.few(20)
@pytest.mark.parametrize(("line", "role"), MISSING.values(), ids=MISSING)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_line_with_a_missing_value_is_dropped_on_request(
    line: str, role: str, place: int, judge: Callable[[Case], None]
) -> None:
    assert role
    lines = [FIRST, LAST]
    lines.insert(place, line + "\n")
    options = (*DROP, "-l", "y", "-p", "p")
    judge(good("".join(lines), TWO, *options, name="preds.jsonl", facts={"n_missing": 1}))


KEYS = {
    "the label twice": bad(
        FIRST + '{"y":1,"y":0,"p":0.5}\n', r"preds\.jsonl, line 2: .*'y'", name="preds.jsonl"
    ),
    "the prediction twice": bad(
        FIRST + '{"y":1,"p":0.5,"p":0.6}\n', r"preds\.jsonl, line 2: .*'p'", name="preds.jsonl"
    ),
    "twice the same value": bad(
        FIRST + '{"y":1,"p":0.5,"p":0.5}\n', r"preds\.jsonl, line 2: .*'p'", name="preds.jsonl"
    ),
    "twice, once by an escape": bad(
        FIRST + '{"y":1,"p":0.5,"\\u0070":0.6}\n', r"preds\.jsonl, line 2: ", name="preds.jsonl"
    ),
    "twice in the first line": bad(
        '{"y":1,"p":0.5,"p":0.6}\n', r"preds\.jsonl(, line 1)?: ", name="preds.jsonl"
    ),
    "twice, dropping": bad(
        FIRST + '{"y":1,"p":null,"p":0.6}\n', r"preds\.jsonl, line 2: ", *DROP, name="preds.jsonl"
    ),
    "an unknown name": bad(
        '{"truth":1,"p":0.5}\n',
        r"preds\.jsonl(, line 1)?: .*'thruth'.*'truth'|.*label.*'thruth'",
        *("-l", "thruth"),
        name="preds.jsonl",
    ),
    "no customary name": bad(
        '{"a":1,"p":0.5}\n', r"preds\.jsonl(, line 1)?: .*label", name="preds.jsonl"
    ),
    "two customary names": bad(
        '{"y":1,"target":1,"p":0.5}\n',
        r"preds\.jsonl(, line 1)?: .*'y', 'target'",
        name="preds.jsonl",
    ),
    "escapes in names": bad(
        '{"\\u001b[2J":1,"p":0.5}\n', r"preds\.jsonl", name="preds.jsonl", hint=r"\\x1b\[2J"
    ),
    "one for both": bad(FIRST, r"preds\.jsonl.*'p'", "-l", "p", "-p", "p", name="preds.jsonl"),
    "a third word": bad(
        '{"y":"a","p":0.5}\n{"y":"b","p":0.5}\n{"y":"c","p":0.5}\n',
        r"preds\.jsonl, line 3: .*'c'",
        *("--positive", "a"),
        name="preds.jsonl",
    ),
    "words that are not asked for": bad(
        '{"y":"no","p":0.5}\n{"y":"yes","p":0.5}\n',
        r"preds\.jsonl, line 1: label 'no'",
        name="preds.jsonl",
        hint="--positive",
    ),
    "-1 and 1": bad(
        '{"y":1,"p":0.5}\n{"y":-1,"p":0.5}\n',
        r"preds\.jsonl, line 2: label -1",
        name="preds.jsonl",
        hint="--positive",
    ),
    "a soft label too much": bad(
        '{"y":0.5,"p":0.5}\n{"y":1.5,"p":0.5}\n',
        r"preds\.jsonl, line 2: label 1\.5",
        "--soft-labels",
        name="preds.jsonl",
    ),
    "every line missing": bad(
        '{"y":1}\n{"y":0}\n', r"preds\.jsonl: ", *DROP, "-p", "p", name="preds.jsonl"
    ),
    "true called positive": good(
        '{"y":true,"p":0.5}\n{"y":false,"p":0.25}\n',
        TWO,
        "--positive",
        "true",
        name="preds.jsonl",
        facts={"positive_label": "true", "negative_label": "false"},
    ),
    "an empty word, dropping": good(
        '{"y":"a","p":0.5}\n{"y":"","p":0.5}\n{"y":null,"p":0.5}\n{"y":"b","p":0.25}\n',
        TWO,
        *DROP,
        *("--positive", "a"),
        name="preds.jsonl",
        facts={"n_missing": 2},
    ),
}


@each(KEYS)
def test_keys_are_checked_in_every_line(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)
