"""Clusters of different sizes, which are in effect fewer: what every report says of them."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from bce_cli.render.layout import Look
from bce_cli.render.saved import document_of
from bce_cli.render.write import write_document

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typer.testing import Result

    Bce = Callable[..., Result]
    Preds = Callable[..., str]

UNEQUAL, EQUAL = [30] + [4] * 39, [4] * 40
IN_EFFECT = 186**2 / (30**2 + 39 * 4**2)  # 22.7
COMMANDS = {
    "compute": ("-p", "p"),
    "compare": ("-p", "p", "-p", "q"),
    "calibration": ("-p", "p"),
    "calibrations": ("-p", "p", "-p", "q"),
    "recalibrate": ("-p", "p", "--method", "offset", "--folds", "3"),
    "check": ("-p", "p", "--max-loss", "1", "--min-auc", "0.1", "--confident"),
}
OF_ALL = "depending on each other: 40 clusters, in effect 22, as their sizes differ. "
OF_ALL += "With so few in effect, the intervals tend to be too narrow. "


def _rows(**sizes: Sequence[int]) -> str:
    """Return rows in clusters of some sizes, for each site; those of a cluster weigh 1 together."""
    rows = ["y,p,q,site,day,w"]
    for site, of_site in sizes.items():
        for day, n in enumerate(of_site):
            for i in range(n):
                p = (1 + (3 * i + day) % 8) / 10
                y = (i + 7 * day) % 10 < 10 * p
                rows.append(f"{y:d},{p},{(p + 0.3) / 2:.3f},{site},{site}{day},{1 / n!r}")
    return "\n".join(rows) + "\n"


def _found(
    bce: Bce, path: str, command: str, *options: str, cluster: str | None = "day"
) -> tuple[dict[str, Any], str]:
    """Return what a report says, as JSON and in words."""
    asked = (command.removesuffix("s"), path, *COMMANDS[command], *options)
    asked += () if cluster is None else ("--cluster", cluster)
    told = [bce(*asked, *more) for more in (("-f", "json"), ())]
    assert [each.exit_code for each in told] == [0, 0], told[0].stderr
    return json.loads(told[0].stdout), " ".join(told[1].stdout.split()) + " "


@pytest.mark.parametrize("command", COMMANDS)
def test_every_report_says_how_many_clusters_there_are_in_effect(
    command: str, bce: Bce, preds: Preds
) -> None:
    record, text = _found(bce, preds(_rows(x=UNEQUAL)), command)
    assert (record["n_clusters"], record["effective_clusters"]) == (40, IN_EFFECT)
    assert text.count("too narrow") == 1  # and not of AUC once more
    assert OF_ALL in text


@pytest.mark.few(2)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_saved_report_says_the_same_and_an_older_one_nothing(
    command: str, bce: Bce, preds: Preds
) -> None:
    record, _ = _found(bce, preds(_rows(x=UNEQUAL)), command)
    again = " ".join(write_document(document_of(record, "x"), "table", Look()).split())
    assert OF_ALL.rstrip() in again
    older = {k: v for k, v in record.items() if k != "effective_clusters"}
    found = document_of(older, "x")
    text = " ".join(write_document(found, "table", Look()).split())
    assert "depending on each other: 40 clusters." in text
    assert "in effect" not in text


def test_clusters_count_by_weight(bce: Bce, preds: Preds) -> None:
    path = preds(_rows(x=UNEQUAL))
    for command in ("compute", "compare", "calibration", "recalibrate"):
        record, text = _found(bce, path, command, "-w", "w")
        assert record["effective_clusters"] == pytest.approx(40.0, rel=1e-12)
        assert "depending on each other: 40 clusters. " in text


def test_equal_clusters_are_as_many_in_effect_and_rows_are_none(bce: Bce, preds: Preds) -> None:
    path = preds(_rows(x=EQUAL))
    record, text = _found(bce, path, "compute")
    assert record["effective_clusters"] == 40.0
    assert "depending on each other: 40 clusters. " in text
    assert "too narrow" not in text
    record, text = _found(bce, path, "compute", cluster=None)
    assert record["effective_clusters"] is None


def test_few_clusters_are_called_few_whatever_their_sizes(bce: Bce, preds: Preds) -> None:
    record, text = _found(bce, preds(_rows(x=[30, *[4] * 28])), "compute")
    assert record["n_clusters"] == 29
    assert "29 clusters. With so few of them, the intervals tend to be too narrow. " in text


@pytest.mark.deep
def test_segments_whose_clusters_are_in_effect_few_are_named(bce: Bce, preds: Preds) -> None:
    path = preds(_rows(x=UNEQUAL, y=EQUAL))
    for command in ("calibration", "calibrations"):
        record, text = _found(bce, path, command, "--by", "site")
        assert record["effective_clusters"] == 346**2 / (30**2 + 79 * 4**2)
        told = {
            (s["segment"]["site"], s["n_clusters"], s["effective_clusters"])
            for s in record["segments"]
        }
        assert told == {("x", 40, IN_EFFECT), ("y", 40, 40.0)}
        note = "Fewer than 30 clusters, or 25 in effect, so intervals tend to be too narrow: 'x'. "
        assert note in text
    record, _ = _found(bce, path, "compute", "--by", "site")
    assert {s["effective_clusters"] for s in record["segments"]} == {IN_EFFECT, 40.0}


RANKED = "y,good,bad,site\n" + "".join(
    f"{i % 2},{(i % 2) * 0.5 + (i * 7 % 25) / 100 + 0.6 * (i in (2, 4, 64, 66)):.2f},"
    f"{(i * 7 % 25) / 30 + 0.05:.3f},{'xy'[i // 60]}\n"
    for i in range(120)
)
"""Two models, of which the good one puts few rows out of order."""


def test_a_check_says_where_the_interval_of_auc_is_too_narrow(bce: Bce, preds: Preds) -> None:
    path = preds(RANKED)

    def found(*options: str) -> tuple[bool | None, str]:
        asked = ("check", path, *options)
        record = json.loads(bce(*asked, "-f", "json").stdout)
        return record["auc_ci_is_too_narrow"], " ".join(bce(*asked).stdout.split())

    note = "AUC hangs on few rows: its interval tends to be too narrow."
    is_too_narrow, text = found("-p", "good", "--min-auc", "0.5", "--confident")
    assert is_too_narrow is True
    assert note in text
    is_too_narrow, text = found("-p", "bad", "--min-auc", "0.1", "--confident")
    assert is_too_narrow is False
    assert "too narrow" not in text
    is_too_narrow, text = found("-p", "good", "--min-auc", "0.5")
    assert is_too_narrow is None
    assert "too narrow" not in text
    is_too_narrow, text = found("-p", "good", "--max-loss", "9", "--confident")
    assert is_too_narrow is None
    assert "too narrow" not in text


@pytest.mark.deep
def test_a_table_names_models_and_segments_whose_auc_hangs_on_few_rows(
    bce: Bce, preds: Preds
) -> None:
    path = preds(RANKED)

    def told(*options: str) -> str:
        return " ".join(bce("calibration", path, *options).stdout.split()) + " "

    both = ("-p", "good", "-p", "bad")
    note = "AUC hangs on few rows, so its interval tends to be too narrow: "
    assert f"{note}good. " in told(*both)
    assert f"{note}good on all, good on 'y', good on 'x'. " in told(*both, "--by", "site")
    assert f"{note}all, 'y', 'x'. " in told("-p", "good", "--by", "site")
    assert note not in told("-p", "bad", "--by", "site")
    lines = bce("calibration", path, *both, "-f", "csv").stdout
    found = [row["auc_ci_is_too_narrow"] for row in csv.DictReader(io.StringIO(lines))]
    assert found == ["true", "false"]
