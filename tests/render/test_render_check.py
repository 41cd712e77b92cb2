"""What bce check writes, byte by byte.

After a wanted change, run ``BCE_REGENERATE_GOLDEN=1 pytest tests/render``, and read the difference.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bce_cli.core.conventions import Convention
from bce_cli.core.gate.judgement import judge
from bce_cli.core.gate.limits import Baseline, Limits
from bce_cli.core.gate.totals import GateTotals
from bce_cli.core.rows import Categories, Predictions, Rows
from bce_cli.render.check import Against, CheckDocument
from bce_cli.render.layout import Look
from bce_cli.render.origin import Origin
from bce_cli.render.write import write_document
from tests.golden import assert_golden

if TYPE_CHECKING:
    from bce_cli.render import Format

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = "\x1b[31m[red]|b*\u202egnp"

MIXED = Rows(np.arange(60) % 3 != 0, np.linspace(0.1, 0.9, 60))
IMPOSSIBLE = Rows(np.array([True, False, True]), np.array([0.75, 1.0, 0.0]))
PAIRED = Rows(MIXED.labels, MIXED.probabilities, rivals=(Predictions(np.linspace(0.2, 0.8, 60)),))
DAYS = Categories(np.arange(60, dtype=np.int32) // 6, tuple(map(str, range(10))))
DAILY = replace(PAIRED, cluster=DAYS)
BELOW = Rows(
    np.array([True, False, True]),
    np.array([0.5, 0.75, 0.5]),
    rivals=(IMPOSSIBLE.predictions,),
)
ONE = Rows(np.array([True]), np.array([0.5]))
SAVED = Baseline("main/preds.json", 0.9, "nats", 0.05)

CASES: dict[str, tuple[Rows, Limits, Convention]] = {
    "passed": (MIXED, Limits(1.0, -1.0, 0.5, 0.9, 60, SAVED, 0.1), Convention()),
    "failed": (
        IMPOSSIBLE,
        Limits(0.5, 0.1, 0.9, 0.5, 1000, Baseline(HOSTILE, 0.5, "bits")),
        Convention(),
    ),
    "undecided": (MIXED, Limits(0.82, -0.2, 0.3, 0.2, 60, SAVED, confident=True), Convention()),
    "bounded": (
        IMPOSSIBLE,
        Limits(min_skill=0.0, baseline=Baseline("b", 0.5, "nats"), confident=True),
        Convention(like="torch"),
    ),
    "against": (
        PAIRED,
        Limits(baseline=SAVED, budget=0.1, confident=True, against=True),
        Convention(),
    ),
    "clusters": (
        DAILY,
        Limits(0.8, -0.2, 0.3, against=True, confident=True, confidence=0.9, max_ece=0.2),
        Convention(),
    ),
    "held": (
        MIXED,
        Limits(max_ece=0.25, strategy="quantile", n_bins=4, min_auc=0.4, max_miscalibration=0.2),
        Convention(),
    ),
    "below": (BELOW, Limits(max_loss=0.9, against=True), Convention()),
    "one-row": (ONE, Limits(max_loss=1.0, max_ece=0.5, n_bins=1, confident=True), Convention(0.01)),
}

FORMATS: dict[str, tuple[Format, Look]] = {
    "txt": ("table", Look()),
    "ascii.txt": ("table", Look(unicode=False)),
    "json": ("json", Look()),
    "csv": ("csv", Look()),
    "md": ("markdown", Look()),
}


def _document(name: str) -> CheckDocument:
    rows, limits, convention = CASES[name]
    held = rows if limits.needs_rows else None
    judgement = judge(GateTotals.of(rows, limits, convention), limits, "nats", held, convention)
    origin = Origin(("preds.csv", HOSTILE), "label", (HOSTILE,), n_missing=2)
    against = Against((f"main/{HOSTILE}",), HOSTILE) if limits.against else None
    cluster = None if rows.cluster is None else HOSTILE
    return CheckDocument(origin, convention, limits, judgement, against, cluster)


@pytest.mark.few(10)
@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", CASES)
def test_a_judgement_is_the_golden_file(name: str, suffix: str) -> None:
    report = write_document(_document(name), *FORMATS[suffix]).encode()
    assert_golden(GOLDEN / f"check-{name}.{suffix}", report)


@pytest.mark.parametrize("name", CASES)
def test_a_table_keeps_within_80_columns(name: str) -> None:
    text = write_document(_document(name), "table", Look(width=80))
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.few(10)
@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", CASES)
def test_no_format_lets_an_escape_or_a_bidirectional_character_through(
    name: str, suffix: str
) -> None:
    document = _document(name)
    text = write_document(document, *FORMATS[suffix]) + document.reasons()
    assert not set(text) & {"\x1b", "\u202e", "\r"}


@pytest.mark.parametrize("name", CASES)
def test_the_verdict_is_told_in_every_format(name: str) -> None:
    document = _document(name)
    verdict = document.judgement.verdict
    assert f"\n{verdict.capitalize()}: " in write_document(document, "table", Look())
    assert f" {verdict.capitalize()}: " in write_document(document, "markdown", Look())
    assert f'\n  "verdict": "{verdict}"\n' in write_document(document, "json", Look())


@pytest.mark.parametrize("name", CASES)
def test_signs_stand_beside_words_that_say_the_same_without_them(name: str) -> None:
    document = _document(name)
    plain = write_document(document, "markdown", Look(unicode=False))
    assert re.sub("(✅|❌|⚠️) ", "", write_document(document, "markdown", Look())) == plain
    assert plain.isascii()


def test_what_looks_as_if_it_was_not_meant_is_not_folded_away() -> None:
    rows = Rows(np.array([True, False, True]), np.array([1.0, 0.0, 1.0]))
    judgement = judge(GateTotals.of(rows, Limits(max_loss=1.0), Convention()), Limits(max_loss=1.0))
    origin = Origin(("preds.csv",), "label", ("p",))
    document = CheckDocument(origin, Convention(), Limits(max_loss=1.0), judgement)
    assert write_document(document, "markdown", Look()) == (
        "### ✅ Passed: the check holds\n\n"
        "| check | value | limit | verdict |\n"
        "| :--- | ---: | ---: | :--- |\n"
        "| mean loss, nats | 0 | at most 1 | ✅ passed |\n\n"
        "All 3 predictions are 0 or 1: these look like classes; "
        "probabilities come of predict\\_proba.\n\n"
        "<details>\n<summary>preds.csv: 3 rows, 1 check</summary>\n\n"
        "Read: label 'label', prediction 'p'.\n\n"
        "bce 1.2\n\n</details>\n"
    )


@pytest.mark.parametrize("name", ["passed", "undecided"])
def test_a_narrow_table_holds_whole_numbers(name: str) -> None:
    document = _document(name)
    wide, narrow = (write_document(document, "table", Look(width=width)) for width in (120, 20))
    numbers = {word for word in wide.split() if word[-1].isdigit() and word[0] in "-0123456789"}
    assert numbers <= set(narrow.split())
