"""Keys that differ in nothing but their Unicode form do not meet, and that is said."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bce_cli.data.data import Join, open_data
from bce_cli.data.joined import release
from bce_cli.data.table import Facts
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.grammar import InputOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

COMPOSED, APART = "caf\u00e9", "cafe\u0301"
JOIN = ("--labels", "truth.csv", "--on", "k")
INNER = (*JOIN, "--join", "inner")
NOTE = "bce: 1 key differs from the other file's only in Unicode form (NFC, NFD)\n"


def write(mine: str, theirs: str) -> None:
    Path("preds.csv").write_text(f"k,p\na,0.5\n{mine},0.5\n", encoding="utf-8")
    Path("truth.csv").write_text(f"k,y\na,1\n{theirs},0\n", encoding="utf-8")


@pytest.mark.parametrize("keys", [(COMPOSED, APART), (APART, COMPOSED), ("\u212a", "K")])
def test_a_key_without_a_partner_may_have_one_in_another_form(
    keys: tuple[str, str], bce: Callable[..., Result]
) -> None:
    write(*keys)
    result = bce("compute", "preds.csv", *JOIN)
    assert result.exit_code == 65
    assert result.stderr == (
        f"bce: error: preds.csv, row 2: the key '{keys[0]}' has no partner in truth.csv\n"
        f"{NOTE[:-1]}: write both files in the same one\n"
    )
    assert NOTE in bce("compute", "preds.csv", *INNER).stderr


def test_a_key_of_another_kind_is_no_matter_of_form(bce: Callable[..., Result]) -> None:
    write(COMPOSED, "cafe")
    assert "--join inner leaves out" in bce("compute", "preds.csv", *JOIN).stderr
    assert "Unicode" not in bce("compute", "preds.csv", *INNER).stderr


def test_quiet_says_so_too(bce: Callable[..., Result]) -> None:
    write(COMPOSED, APART)
    said = NOTE.replace("bce: ", "bce: note: ", 1)
    assert bce("compute", "preds.csv", *INNER, "-q").stderr == said


def test_both_forms_are_keys_of_their_own(bce: Callable[..., Result]) -> None:
    text = f"k,{{}}\n{COMPOSED},1\n{APART},1\n"
    Path("preds.csv").write_text(text.format("p"), encoding="utf-8")
    Path("truth.csv").write_text(text.format("y"), encoding="utf-8")
    result = bce("compute", "preds.csv", *INNER, "-q")
    assert (result.stdout, "Unicode" in result.stderr) == ("0.0\n", False)


@pytest.mark.parametrize("keys", [(COMPOSED, APART), (APART, COMPOSED), ("\u212a", "K")])
def test_workers_say_so_too(keys: tuple[str, str]) -> None:
    write(*keys)
    join = Join(("k",), "truth.csv", is_inner=True)
    with open_data(["preds.csv"], InputOptions(ColumnChoice()), join) as data:
        read, facts = data.read_by_workers(), Facts()
        try:
            for part in data.parts(map):
                with ExitStack() as opened:
                    for block in part.open(opened).blocks:
                        facts, _ = facts.followed_by(Facts.of(read(block), 0), None)
            data.conclude(facts)
        finally:
            release(data.held_by_workers or "")
        assert [f"bce: {note}\n" for note in data.notes] == [NOTE]
        assert data.n_unmatched == 2
