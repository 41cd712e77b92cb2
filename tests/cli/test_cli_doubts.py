"""What looks not meant is said with the number, in every format and by every command."""

from __future__ import annotations

import csv
import json
import math
from typing import TYPE_CHECKING

import pytest

from bce_cli.readers import grammar

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Bce = Callable[..., Result]
    Preds = Callable[..., str]

CLASSES = "y,p\n1,1\n0,1\n1,0\n0,0\n"
IS_CLASSES = (
    "All 4 predictions are 0 or 1: these look like classes; probabilities come of predict_proba."
)
REVERSED = "y,p\n" + "1,0.1\n0,0.8\n" * 10
IS_REVERSED = (
    "1 - p would cost 0.164252 in place of 1.95601 nats a row: is this the probability of the "
    "other label?"
)
COMMANDS = [["compute"], ["calibration"], ["check", "--max-loss", "9"]]
KINDS = [(CLASSES, IS_CLASSES), (REVERSED, IS_REVERSED)]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize(("rows", "doubt"), KINDS, ids=["classes", "reversed"])
def test_reports_for_people_say_it_themselves(
    command: list[str], rows: str, doubt: str, preds: Preds, bce: Bce
) -> None:
    for options in ([], ["-f", "markdown"]):
        result = bce(*command, preds(rows), *options)
        assert doubt in " ".join(result.stdout.replace("\\", "").split())
        assert "note:" not in result.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize(("rows", "doubt"), KINDS, ids=["classes", "reversed"])
def test_data_have_it_on_standard_error(
    command: list[str], rows: str, doubt: str, preds: Preds, bce: Bce
) -> None:
    for form in ("json", "csv"):
        result = bce(*command, preds(rows), "-f", form)
        assert f"bce: note: {doubt}\n" in result.stderr
        if form == "json":
            assert json.loads(result.stdout)["notes"] == [doubt]
        else:
            assert doubt not in result.stdout
    assert bce(*command, preds(rows), "-q").stderr == f"bce: note: {doubt}\n"


def test_tables_of_their_own_say_it_too(preds: Preds, bce: Bce) -> None:
    for options in (["--like", "all"], ["--by", "g"], ["--worst", "1"]):
        path = preds("g,y,p\n" + "a,1,0.1\nb,0,0.8\n" * 10)
        result = bce("compute", path, *options)
        assert IS_REVERSED in " ".join(result.stdout.split())


def test_models_are_named(preds: Preds, bce: Bce) -> None:
    path = preds("y,old,new\n" + "1,0.9,0.1\n0,0.2,0.8\n" * 10)
    options = ["compare", path, "-p", "old", "-p", "new"]
    assert f"new: {IS_REVERSED}" in " ".join(bce(*options).stdout.split())
    assert bce(*options, "-q").stderr == f"bce: note: new: {IS_REVERSED}\n"
    result = bce(*options, "-f", "json")
    assert json.loads(result.stdout)["notes"] == [f"new: {IS_REVERSED}"]
    assert f"bce: note: new: {IS_REVERSED}\n" in result.stderr


@pytest.mark.parametrize("n_before", [0, 200])
def test_differences_alone_are_read_again_where_a_model_turns_doubtful(
    n_before: int, preds: Preds, bce: Bce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grammar, "BLOCK_BYTES", 512)
    path = preds("y,old,new\n" + "1,0.9,0.75\n" * n_before + "1,0.9,0.0625\n0,0.2,0.875\n" * 300)
    options = ["compare", path, "-p", "old", "-p", "new"]
    result = bce(*options, "-q")
    told = bce(*options, "-f", "csv")
    (line,) = csv.DictReader(told.stdout.splitlines())
    assert result.stdout == f"{line['difference']}\n"
    (note,) = result.stderr.splitlines()
    assert note.startswith("bce: note: new: 1 - p would cost 0.")
    assert note in told.stderr.splitlines()


def test_numbers_and_exit_codes_stay(preds: Preds, bce: Bce) -> None:
    mean = math.fsum([-math.log(0.1), -math.log1p(-0.8)] * 10) / 20
    assert bce("compute", preds(REVERSED), "-q").stdout == f"{mean!r}\n"
    assert bce("check", preds(REVERSED), "--max-loss", "9").exit_code == 0
    assert bce("check", preds(REVERSED), "--max-loss", "1").exit_code == 3
    record = json.loads(bce("compute", preds(REVERSED), "-f", "json").stdout)
    assert record["reversed_loss"] == pytest.approx(0.164252033486018, rel=1e-14)
    assert record["n_certain"] == 0


@pytest.mark.parametrize("workers", ["1", "3"])
def test_it_is_the_same_for_any_number_of_workers(workers: str, preds: Preds, bce: Bce) -> None:
    path = preds("y,p\n" + "1,0.1\n0,0.8\n" * 2000)
    result = bce("compute", path, "-q", "--workers", workers)
    assert result.stderr == f"bce: note: {IS_REVERSED}\n"


def test_ordinary_predictions_have_no_notes(preds: Preds, bce: Bce) -> None:
    path = preds("y,p\n" + "1,0.9\n0,0.2\n" * 10)
    result = bce("compute", path, "-f", "json")
    assert json.loads(result.stdout)["notes"] == []
    assert "note:" not in result.stderr


def refuse(*_: object) -> None:
    pytest.fail("the losses of 1 - p were asked for")


def test_a_number_alone_needs_no_losses_of_1_minus_p(
    preds: Preds, bce: Bce, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = preds("y,p\n" + "1,0.9\n0,0.2\n" * 10)
    wanted = bce("compute", path, "-f", "json").stdout
    monkeypatch.setattr("bce_cli.core.conventions.Convention.losses_both_ways", refuse)
    result = bce("compute", path, "-q")
    assert (result.stdout, result.stderr) == (f"{json.loads(wanted)['mean_loss']!r}\n", "")


@pytest.mark.parametrize("rows", [CLASSES, REVERSED, "y,p\n1,0.9\n0,0.2\n"])
def test_a_pipe_has_the_same_number_and_notes(rows: str, preds: Preds, bce: Bce) -> None:
    of_file, of_pipe = bce("compute", preds(rows), "-q"), bce("compute", "-", "-q", stdin=rows)
    assert of_file.stdout == of_pipe.stdout
    assert of_file.stderr == of_pipe.stderr


@pytest.mark.deep
def test_a_doubt_of_late_rows_is_found_too(preds: Preds, bce: Bce) -> None:
    first, rest = "1,0.9\n0,0.2\n" * 200_000, "1,0.1\n0,0.8\n" * 2_000_000
    result = bce("compute", preds("y,p\n" + first + rest), "-q", "--workers", "2")
    assert "1 - p would cost" in result.stderr
