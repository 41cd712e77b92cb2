"""`Result.report`: a page of what one answer knows, in a file that is written whole or not."""

from __future__ import annotations

import json
import math
import os
import re
from copy import copy
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import bce_cli as bce
from bce_cli.errors import ArgumentError, OutputCreationError, ShortageError

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.filterwarnings("ignore::bce_cli.errors.DoubtWarning")

Y, P, Q = [1, 0, 1, 0, 1], [0.8125, 0.2, 0.6, 0.4, 0.0], [0.8, 0.3, 0.7, 0.1, 0.5]
IDS = ["ann", "bob", "cy", "dee", "eve"]
SITES = ["a", "a", "b", "b", "b"]
MIXED = [0, 0, 0, 1, 0, 1, 1, 1]  # which no threshold separates
QUESTIONS: dict[str, Callable[[], bce.Result]] = {
    "compute": lambda: bce.compute(Y, P, id=IDS),
    "worst": lambda: bce.compute(Y, P, by={"site": SITES}, worst=1, id=IDS),
    "all": lambda: bce.compute(Y, P, like="all", id=IDS),
    "compare": lambda: bce.compare(Y, {"old": P, "new": Q}, id=IDS),
    "calibration": lambda: bce.calibration(Y, P, bins=2),
    "models": lambda: bce.calibration(Y, {"old": P, "new": Q}, by={"site": SITES}, bins=2),
    "recalibrate": lambda: bce.recalibrate(MIXED * 4, ([0.4] * 4 + [0.6] * 4) * 4, folds=3),
    "check": lambda: bce.check(Y, P, max_loss=0.6),
}
ROWS = {"difference_rows", "impossible_rows", "gained", "lost"}
asked = pytest.mark.parametrize("name", QUESTIONS)


@cache
def answer(name: str) -> bce.Result:
    return QUESTIONS[name]()


def files() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def rows_in(value: Any, key: str = "") -> list[Any]:  # noqa: ANN401 -- any JSON value
    """Every row in a JSON document that nobody asked for by name."""
    if isinstance(value, dict):
        return [row for k, item in value.items() for row in rows_in(item, k)]
    if not isinstance(value, list):
        return []
    return value if key in ROWS else [row for item in value for row in rows_in(item)]


@pytest.mark.few(3)
@asked
@pytest.mark.parametrize("is_saved", [False, True], ids=["fresh", "saved"])
def test_no_row_leaves_the_house_that_nobody_asked_for(name: str, is_saved: bool) -> None:
    result = answer(name)
    if is_saved:
        Path("saved.json").write_text(result.to_json(), encoding="utf-8")
        loaded = bce.load("saved.json")
        assert isinstance(loaded, bce.Result)
        result = loaded
    for ending in ("html", "md", "json"):
        path = result.report(f"report.{ending}")
        assert path == Path(f"report.{ending}")
        text = path.read_text(encoding="utf-8")
        assert [word for word in IDS if f'"{word}"' in text or f">{word}<" in text] == (
            ["eve"] if name == "worst" and ending != "md" else []
        )
        assert name in ("calibration", "models") or "0.8125" not in text  # curves have steps there
    assert rows_in(json.loads(Path("report.json").read_text(encoding="utf-8"))) == []


@pytest.mark.few(2)
@asked
def test_a_page_is_the_same_each_time(name: str) -> None:
    first = answer(name).report("first.html").read_bytes()
    assert first == QUESTIONS[name]().report(Path("SECOND.HTM")).read_bytes()
    assert first.startswith(b"<!DOCTYPE html>\n")


@pytest.mark.few(3)
@asked
def test_a_saved_result_has_the_same_page(name: str) -> None:
    Path("saved.json").write_text(answer(name).to_json(), encoding="utf-8")
    loaded = bce.load("saved.json")
    assert isinstance(loaded, bce.Result)
    page = loaded.report("loaded.html").read_text(encoding="utf-8")
    if name not in ("recalibrate", "check"):  # which save less of the losses than they show
        assert page == answer(name).report("fresh.html").read_text(encoding="utf-8")
    assert re.findall(r"\b(?:nan|None|--[a-z]+)\b", page.partition("</style>")[2]) == []


def test_it_takes_the_place_of_what_was_there() -> None:
    Path("kept.html").write_text("old")
    Path("kept.html").chmod(0o640)
    Path("link.html").symlink_to("kept.html")
    answer("compute").report("link.html")
    assert Path("link.html").is_symlink()
    assert Path("kept.html").stat().st_mode & 0o777 == 0o640
    assert Path("kept.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert files() == ["kept.html", "link.html"]


@pytest.mark.parametrize(
    ("path", "got"),
    [
        ("report.txt", "must end in .html, .md or .json, got 'report.txt'"),
        ("report", "must end in .html, .md or .json, got 'report'"),
        ("", "must end in .html, .md or .json, got ''"),
        (".html", "must end in .html, .md or .json, got '.html'"),
        ("report.html.gz", "must end in .html, .md or .json, got 'report.html.gz'"),
        ("\x1b[31m.pdf", r"must end in .html, .md or .json, got '\x1b[31m.pdf'"),
        (7, "must be that of a file, got 7"),
    ],
)
def test_a_name_that_says_no_format_is_refused(path: Any, got: str) -> None:  # noqa: ANN401
    with pytest.raises(ArgumentError) as caught:
        answer("compute").report(path)
    assert caught.value.message == f"path {got}"
    assert caught.value.arguments == ("path",)
    assert files() == []


def test_a_place_that_cannot_be_written_is_named() -> None:
    Path("folder.html").mkdir()
    for path, reason, hint in (
        ("no/report.html", "no such file or directory", "there is no folder 'no'"),
        ("folder.html", "is a directory", None),
        ("a\0.html", "embedded null byte", None),
    ):
        with pytest.raises(OutputCreationError) as caught:
            answer("compute").report(path)
        assert caught.value.message == f"{path}: {reason}".replace("\0", r"\x00")
        assert caught.value.hint == hint
    assert files() == ["folder.html"]


def test_an_argument_that_is_not_known_is_named() -> None:
    for option, also in (("worst", ""), ("pictures_format", "; did you mean 'picture_format'?")):
        with pytest.raises(TypeError) as caught:
            answer("compute").report("x.html", **{option: 3})  # type: ignore[arg-type]
        assert str(caught.value) == f"report() has no argument '{option}'{also}"
    assert files() == []


def test_the_loss_of_a_saved_recalibration_and_of_a_saved_check_is_told() -> None:
    labels, predictions = MIXED * 4, ([0.4] * 4 + [0.6] * 4) * 4
    found = bce.recalibrate(labels, predictions, folds=3, unit="bits")
    found.report("saved.json")
    found.report("fresh.html")
    loaded = bce.load("saved.json")
    assert isinstance(loaded, bce.ReportResult)
    loaded.report("loaded.html")
    assert Path("loaded.html").read_bytes() == Path("fresh.html").read_bytes()
    assert "nothing is known" not in loaded.to_markdown().lower()
    assert "| Brier score | - |" in loaded.to_markdown()
    bce.check(labels, [0.45, 0.55] * 16, max_loss=0.8).report("saved.json")
    check = bce.load("saved.json")
    assert isinstance(check, bce.ReportResult)
    assert (
        "Whether it is better than always predicting the base rate cannot be told: this costs "
        in (check.to_markdown())
    )


def refused(write: Callable[[str], object], path: str, what: str = "report") -> None:
    before = Path(path).read_bytes()
    with pytest.raises(OutputCreationError) as caught:
        write(path)
    assert caught.value.message == f"{path}: the {what} would overwrite what was read"
    assert caught.value.hint == "choose another name"
    assert Path(path).read_bytes() == before


def test_what_was_read_is_not_overwritten_wherever_one_has_gone_since(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [{"y": y, "p": p} for y, p in zip(MIXED, [0.4] * 4 + [0.6] * 4, strict=True)] * 4
    Path("preds.json").write_text(json.dumps(rows), encoding="utf-8")
    Path("link.json").symlink_to("preds.json")
    Path("hard.json").hardlink_to("preds.json")
    Path("old.json").write_text(bce.compute("preds.json").to_json(), encoding="utf-8")
    report = bce.report("preds.json", baseline="old.json")
    check = bce.check("preds.json", baseline="old.json")
    found = bce.recalibrate("preds.json", folds=3)
    report.report("saved.json")
    loaded = bce.load("saved.json")
    assert isinstance(loaded, bce.ReportResult)
    Path("inner").mkdir()
    for folder in (".", "inner"):
        monkeypatch.chdir(folder)
        above = "" if folder == "." else "../"
        for name in ("preds.json", "link.json", "hard.json"):
            refused(report.report, f"{above}{name}")
        for result in (check, found, loaded):
            refused(result.report, f"{above}preds.json")
        for result in (report, check, loaded):
            refused(result.report, f"{above}old.json")
        for write in (found.save, found.map().save, copy(found.map()).save):
            refused(write, f"{above}preds.json", "map")
    Path("preds.json").write_text("another file of that name")
    report.report("preds.json")
    assert Path("preds.json").read_bytes()[:1] == b"{"


@pytest.mark.parametrize(
    ("error", "kind"), [(OSError(28, "No space left"), OutputCreationError), (MemoryError(), None)]
)
def test_the_old_file_stays_if_writing_fails(
    error: Exception, kind: type[Exception] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object, __: object) -> None:
        raise error

    answer("compute")
    Path("kept.html").write_text("old")
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(kind or MemoryError):
        answer("compute").report("kept.html")
    assert Path("kept.html").read_text() == "old"
    assert files() == ["kept.html"]


def test_a_shortage_is_no_fault_of_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object, __: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ShortageError):
        answer("compute").report("kept.html")


def test_what_is_no_file_is_written_as_it_is() -> None:
    os.mkfifo("pipe.md")
    reader = os.open("pipe.md", os.O_RDONLY | os.O_NONBLOCK)
    try:
        answer("check").report("pipe.md")
        text = os.read(reader, 1 << 16).decode()
    finally:
        os.close(reader)
    assert text == answer("check").report("plain.md").read_text(encoding="utf-8")
    assert files() == ["pipe.md", "plain.md"]


@pytest.mark.deep
def test_the_page_of_many_segments_stays_small() -> None:
    n = 300
    names = [f"segment {i // 3}" for i in range(n)]
    result = bce.compute([1, 0, 0] * 100, [0.3 + i / 1000 for i in range(n)], by={"s": names})
    result.report("many.json")
    record = json.loads(Path("many.json").read_text(encoding="utf-8"))
    kept = record["compute"]["segments"]
    assert len(kept) == 50
    others = record["other_segments"]
    assert (others["segments"], others["n"]) == (50, 150)
    shares = [each["share_of_total"] for each in kept]
    assert math.isclose(others["share_of_total"] + math.fsum(shares), 1.0, rel_tol=1e-12)
    assert min(shares) > others["share_of_total"] / 50
    page = result.report("many.html").read_text(encoding="utf-8")
    assert "50 other segments together" in page
    assert ("segment 0<" in page, "segment 99<" in page) == (False, True)
    assert len(result.to_dict()["segments"]) == 100


@pytest.mark.deep
def test_segments_are_on_the_page_of_any_answer() -> None:
    by = {"site": [*"aabbb"]}
    for result in (
        bce.compare(Y, {"old": P, "new": Q}, by=by),
        bce.calibration(Y, Q, by=by, bins=2),
        bce.calibration(Y, {"old": P, "new": Q}, by=by, bins=2),
    ):
        page = result.report("report.html").read_text(encoding="utf-8")
        chapter = page.partition('<section id="segments">')[2].partition('<section id="')[0]
        shown = re.findall(r'scope="row"[^>]*>([ab])<', chapter)
        assert list(dict.fromkeys(shown)) == ["b", "a"], result
