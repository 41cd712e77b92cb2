"""Messages speak of arguments; the command line turns those, and nothing else, into options."""

from __future__ import annotations

import copy
import pickle
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import bce_cli
from bce_cli import errors
from bce_cli.cli.diagnostics import exit_code_for, in_options
from bce_cli.errors import (
    ArgumentError,
    BceError,
    DataError,
    EngineError,
    InputError,
    OutputError,
    ShortageError,
    UsageError,
    argument,
    given,
    quoted,
    safe_text,
    shortage,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result


@pytest.mark.few(10)
@pytest.mark.parametrize(
    ("text", "python", "options"),
    [
        (argument("soft_labels"), "soft_labels", "--soft-labels"),
        (argument("on="), "on=", "--on"),
        (given(positive="Yes"), "positive='Yes'", "--positive Yes"),
        (given(positive="it's"), 'positive="it\'s"', "--positive 'it'\"'\"'s'"),
        (given(positive=""), "positive=''", "--positive ''"),
        (given(delimiter="|"), "delimiter='|'", "--delimiter '|'"),
        (given(label="#1", prediction="p, q"), "label='#1', prediction='p, q'", ""),
        (given(logits=True, id="a"), "logits=True, id='a'", "--logits --id a"),
        (given(no_header=True), "no_header=True", "--no-header"),
        (given(has_header=False), "has_header=False", "--no-header"),
        (given(clip=1e-7, workers=4), "clip=1e-07, workers=4", "--clip 1e-07 --workers 4"),
        (argument("n_bootstrap"), "n_bootstrap", "--bootstrap"),
        (argument("n_bins"), "n_bins", "--bins"),
        (argument("with_fine_bins"), "with_fine_bins", "--fine-bins"),
        (given(positive="\x1b[2J"), "positive='\\x1b[2J'", "--positive '\\x1b[2J'"),
        (given(positive="\ufdd0on,\ufdd1"), "positive='\\ufdd0on,\\ufdd1'", ""),
        (given(positive="\udcff"), "positive='\\udcff'", "--positive '\\xff'"),
        (given(positive="x" * 99), f"positive='{'x' * 80}...'", f"--positive {'x' * 80}..."),
    ],
)
def test_arguments_are_written_as_either_side_has_them(
    text: str, python: str, options: str
) -> None:
    error = DataError(f"try {text}", f"or {text}!")
    assert (error.message, error.hint) == (f"try {python}", f"or {python}!")
    assert str(error) == f"try {python}\nor {python}!"
    message, hint = in_options(error)
    options = options or message.removeprefix("try ")
    assert (message, hint) == (f"try {options}", f"or {options}!")


def test_options_can_be_pasted() -> None:
    values = {"label": "#1", "prediction": "p; rm -rf 'x'", "positive": 'a "b" $c', "on": "*"}
    message, _ = in_options(DataError(given(**values)))
    assert shlex.split(message) == [w for n, value in values.items() for w in (f"--{n}", value)]


HOSTILE = [
    "positive='x'",
    "it's positive",
    "' positive '",
    "--positive",
    "label='#1', prediction='#2'",
    "on",
    argument("positive"),
    given(positive="x"),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_from_outside_is_taken_for_an_argument(text: str) -> None:
    shown = quoted(text)
    message = f"{safe_text(text)}: label {shown} is neither; {given(positive=text)}"
    error = DataError(message, f"{argument('on')} is {shown}")
    said, hint = in_options(error)
    start = f"{safe_text(text)}: label {shown} is neither; "
    assert error.message == f"{start}positive={text!r}"
    assert said == f"{start}--positive {shlex.quote(safe_text(text))}"
    assert (error.hint, hint) == (f"on is {shown}", f"--on is {shown}")
    assert error.arguments == ("positive", "on")


@pytest.mark.parametrize(
    ("message", "names", "expected"),
    [
        ("n_bins must be at least 1, got 0", ["n_bins"], "--bins must be at least 1, got 0"),
        ("try missing='drop'", ["missing"], "try --missing drop"),
        ("try logits=True", ["logits"], "try --logits"),
        (
            "such as label='#1', prediction='#2'",
            ["label", "prediction"],
            "such as --label '#1' --prediction '#2'",
        ),
        ("max_loss, min_skill or budget", ["max_loss", "min_skill"], None),
        ("positive must not be 'positive'", ["positive"], "--positive must not be 'positive'"),
        ("positive is 'positive=1'", ["positive"], "--positive is 'positive=1'"),
        ("the positive.csv, not_positive and positive-x", ["positive"], None),
        ("labels are none", ["label"], "labels are none"),
        ("clip=1e-07.", ["clip"], "--clip 1e-07."),
    ],
)
def test_names_that_are_listed_need_no_mark(
    message: str, names: list[str], expected: str | None
) -> None:
    error = ArgumentError(message, message, *names)
    if expected is None:
        expected = message.replace("max_loss, min_skill", "--max-loss, --min-skill")
    assert (error.message, error.arguments) == (message, tuple(names))
    assert in_options(error) == (expected, expected)


def test_errors_are_the_same_after_a_journey() -> None:
    error = DataError(f"{argument('on')} is wrong", f"try {given(positive='on')}", "extra")
    error.add_note("seen")
    for copied in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 -- our own
        assert type(copied) is DataError
        assert (copied.said, str(copied)) == (error.said, "on is wrong\ntry positive='on'")
        assert copied.arguments == error.arguments == ("extra", "on", "positive")
        assert in_options(copied) == ("--on is wrong", "try --positive on")
        assert copied.__notes__ == ["seen"]


def test_the_text_of_an_error_is_its_message_and_its_hint() -> None:
    assert str(DataError("a is wrong")) == "a is wrong"
    assert str(DataError("a is wrong", "try b")) == "a is wrong\ntry b"
    assert repr(DataError("a", "b", "c")) == "DataError('a', 'b', 'c')"


def test_a_shortage_speaks_of_workers() -> None:
    lacking = shortage(MemoryError())
    assert lacking is not None
    assert str(lacking) == "out of memory; fewer workers take less"
    assert in_options(lacking) == ("out of memory; fewer --workers take less", None)


def test_wrong_arguments_are_usage_errors_and_value_errors() -> None:
    assert issubclass(ArgumentError, UsageError)
    assert issubclass(UsageError, ValueError)
    assert {exit_code_for(kind("x")) for kind in (ArgumentError, UsageError)} == {2}
    others = {DataError: 65, InputError: 66, EngineError: 69, ShortageError: 71, OutputError: 74}
    assert {kind: exit_code_for(kind("x")) for kind in others} == others


def test_every_error_that_a_user_can_meet_is_public() -> None:
    kinds = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type)}
    known = {name for name, kind in kinds.items() if issubclass(kind, BceError)}
    assert known - set(bce_cli.__all__) == {"JoinInDoubt", "SideUnreadable"}


def test_no_message_below_the_command_line_names_an_option() -> None:
    house = Path(bce_cli.__file__).parent
    option = re.compile(r'"[^"\n]*(?<![\w-])--[a-z][^"\n]*"')
    found = [
        f"{path.relative_to(house).as_posix()}: {text}"
        for layer in ("core", "storage", "readers", "data", "engine")
        for path in sorted((house / layer).rglob("*.py"))
        for text in option.findall(path.read_text())
    ]
    assert found == [
        'readers/saved.py: "save one with --format json -o FILE"',
        'readers/saved.py: "save one with bce compute --format json -o FILE"',
        'readers/saved.py: "it has rows, as bce compute --per-example writes them"',
        'data/aligned.py: "{conflict}: are these the same rows? --on {quoted(column)} joins them"',
    ]


POSITIVE = "y,p\npositive='x',0.5\npositive='x',0.5\nb,0.5\n"


def test_cells_and_paths_of_files_stay_as_they_are(
    bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    path = preds(POSITIVE, name="on")
    assert bce("compute", f"./{path}", "--positive", "Positive='X'").stderr == (
        "bce: error: ./on, line 4: label 'b' is neither 'Positive='X'' nor 'positive='x''\n"
        "bce: did you mean --positive 'positive='\"'\"'x'\"'\"''?\n"
    )


def test_columns_that_are_called_like_options_stay_as_they_are(
    bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    path = preds("label=,--logits\n1,0.5\n", name="label")
    assert bce("compute", f"./{path}").stderr == (
        "bce: error: ./label: no column has a customary name for the label, such as 'label'\n"
        "bce: choose one with --label, or a file of labels with --labels; the columns are "
        "'label=', '--logits'\n"
    )
