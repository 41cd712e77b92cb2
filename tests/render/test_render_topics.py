"""What stands on the page of a report, topic by topic, and its short form."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bce_cli.render.layout import Look, Section
from bce_cli.render.markdown import write_markdown
from bce_cli.render.page.material import InputFile, Making
from bce_cli.render.page.model_figures import models_of
from bce_cli.render.page.page import write_page
from bce_cli.render.page.picture import Picture
from bce_cli.render.page.sections import models_section
from bce_cli.render.page.terms import TERMS
from bce_cli.render.page.topics import (
    HEAD,
    LEFT_OUT,
    TABLES,
    Topic,
    compact_json,
    title_of,
    topics_of,
)
from tests.golden import assert_golden
from tests.render.reports import ALL, EXTREME, N, P, Y, report_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typer.testing import Result

    from bce_cli.render.page.document import ReportDocument

    Bce = Callable[..., Result]

GOLDEN = Path(__file__).parent / "golden"
SITES = np.array(["x", "y"])[np.arange(N) % 2]
MADE = Making(
    (InputFile("a.csv", 1234, "ab" * 32), InputFile("-", None, None), InputFile("b/", 9, "cd", 3)),
    "bce report a.csv - b/",
    "1.2",
    "2026-11-26 12:00:00Z",
)
ORDER = [
    *("answer", "making", "loss", "models", "calibration", "recalibration", "segments"),
    *("libraries", "likelihood", "checks", "terms", "figures"),
]


@cache
def full() -> ReportDocument:
    """Return a report of two models, with all answers, none of which shows a row."""
    answers = (*ALL, "conventions")
    checks = {"max_loss": 0.5, "min_rows": 9}
    found = report_of(Y, {"a": P, "b": EXTREME}, answers, checks, {"site": SITES})
    return replace(found, making=MADE)


def named(document: ReportDocument) -> dict[str, Topic]:
    """Return the topics by name."""
    return {topic.name: topic for topic in topics_of(document)}


def tables(topic: Topic) -> dict[str, Section]:
    """Return the sections of a topic by title."""
    return {each.title: each for each in topic.contents if isinstance(each, Section)}


def cells(section: Section) -> Iterator[str]:
    """Yield all texts of a section."""
    yield from (section.title, *section.verdicts, *section.sentences, *section.formulas)
    yield from (column.title for column in section.columns)
    yield from (cell for row in section.rows for cell in row)


def test_topics_stand_in_the_order_of_the_page() -> None:
    assert [topic.name for topic in topics_of(full())] == ORDER
    assert title_of(full()) == "a beside b: arrays"
    origin = replace(full().origin, sources=("a.csv", "b.csv", "-", "d.csv", "e.csv"))
    title = "a beside b: a.csv, b.csv, standard input and 2 more"
    assert title_of(replace(full(), origin=origin)) == title


def test_what_is_not_known_has_no_topic() -> None:
    one = report_of(Y, {"a": P}, ("compute",))
    assert [*named(one)] == ["answer", "making", "loss", "likelihood", "terms", "figures"]
    assert title_of(one) == "a: arrays"
    check = report_of(Y, {"a": P}, (), {"max_loss": 1})
    assert [*named(check)] == ["answer", "making", "checks", "terms", "figures"]
    three = report_of(Y, {"a": P, "b": EXTREME, "c": P}, ("compare",))
    assert [*named(three)] == ["answer", "making", "models", "terms", "figures"]
    assert title_of(three) == "a beside 2 others: arrays"


def test_others_are_compared_without_being_judged_for_the_model_of_the_page() -> None:
    differ = tables(named(full())["models"])["How they differ"]
    assert [type(text) for text in differ.verdicts] == [str]
    assert differ.verdicts[0].startswith("a is better than b by ")


def test_checks_are_drawn_where_their_intervals_are_known() -> None:
    limits = {"max_loss": 0.5}
    drawn = named(report_of(Y, {"a": P}, (), {**limits, "confident": True}))["checks"]
    assert [each.title for each in drawn.contents] == ["The checks", "Each check beside its limit"]
    plain = named(report_of(Y, {"a": P}, (), limits))["checks"]
    assert [each.title for each in plain.contents] == ["The checks"]


def test_names_on_the_page_occur_once() -> None:
    contents = [each for topic in topics_of(full()) for each in topic.contents]
    pictures = [each.name for each in contents if isinstance(each, Picture)]
    assert len({*pictures, *ORDER}) == len(pictures) + len(ORDER)
    titles = [each.title for each in contents if isinstance(each, Section)]
    assert len({*titles}) == len(titles)


def test_the_making_tells_of_rows_columns_files_and_command() -> None:
    read, files = (section for section in tables(named(full())["making"]).values())
    assert read.rows == (
        ("source", "arrays"),
        ("rows", "400 rows, 200 with label 1 (50.0 %)"),
        ("label", "label"),
        ("predictions", "a, b"),
        ("segments by", "site"),
        ("command", "bce report a.csv - b/"),
        ("version", "bce 1.2"),
        ("made", "2026-11-26 12:00:00Z"),
    )
    assert files.rows == (
        ("a.csv", "1,234", "ab" * 32),
        ("-", "-", "-"),
        ("b/ (3 files)", "9", "cd"),
    )


def test_the_making_tells_what_was_left_out() -> None:
    weights, days = np.ones(N), np.arange(N) % 40
    report = report_of(Y, {"a": P}, ("compute",), weight=weights, cluster=days)
    origin = replace(
        report.origin, n_missing=3, n_unmatched=1, positive_label="yes", labels_source="truth.csv"
    )
    (read,) = tables(named(replace(report, origin=origin))["making"]).values()
    assert read.rows[1:] == (
        ("source of labels", "truth.csv"),
        ("rows", "400 rows, 200 with label 1"),
        ("label", "label"),
        ("prediction", "a"),
        ("weight", "weight"),
        ("clusters by", "cluster"),
    )
    assert read.notes == (
        "3 rows with a missing value were left out.",
        "1 key without a partner was left out.",
        "Label 1 is 'yes'; no other occurs.",
    )


def test_the_loss_is_beside_the_base_rate_a_coin_and_bits() -> None:
    (loss,) = tables(named(full())["loss"]).values()
    assert loss.verdicts == ()
    assert loss.rows == (
        ("binary cross-entropy", "0.556921", "mean (log) loss, nats per row"),
        ("95 % interval", "0.5077 to 0.6062", "of that mean, from its spread"),
        ("in bits", "0.803467", "the same mean, bits per row"),
        ("base-rate loss", "0.693147", "always predicting 50.0 %"),
        ("coin's loss", "0.693147", "always predicting 50 %"),
        ("skill", "19.7 %", "of the base-rate loss removed"),
        ("its 95 % interval", "12.5 % to 26.8 %", "from losses paired with the base rate's"),
        ("effective probability", "57.3 %", "given to what happened; a coin: 50 %"),
        ("Brier score", "0.186876", "squared error; base rate: 0.25"),
    )
    bits = report_of(Y, {"a": P}, ("compute",), unit="bits")
    rows = tables(named(bits)["loss"])["The loss"].rows
    assert rows[2] == ("in nats", "0.556921", "the same mean, nats per row")
    assert rows[4] == ("coin's loss", "1", "always predicting 50 %")


def test_models_have_a_column_each() -> None:
    found = tables(named(full())["models"])
    assert [*found] == ["How they differ", "Each model by itself"]
    section = found["Each model by itself"]
    assert [column.title for column in section.columns] == ["figure", "a", "b"]
    assert section.rows == (
        ("mean loss, nats", "0.556921", "0.64343"),
        ("its 95 % interval", "0.5077 to 0.6062", "0.5473 to 0.7396"),
        ("skill", "19.7 %", "7.2 %"),
        ("95 % interval of skill", "12.5 % to 26.8 %", "-6.7 % to 21.0 %"),
        ("effective probability", "57.3 %", "52.5 %"),
        ("Brier score", "0.18688", "0.19961"),
        ("rows better than a", "-", "290"),
        ("rows worse", "-", "110"),
    )


def test_of_many_models_each_has_a_row() -> None:
    models = {f"m{power}": P**power for power in range(1, 7)}
    found = tables(named(report_of(Y, models, ("compare",)))["models"])
    assert [*found] == [
        "How they differ",
        "Each model by itself, and rows on which it is better than m1",
    ]


def test_a_model_alone_has_what_is_known_of_it() -> None:
    zero = P.copy()
    zero[-1] = 0.0
    section = models_section(models_of(report_of(Y, {"a": zero}, ("compute",))), 0.95)
    assert section.rows == (
        ("mean loss, nats", "inf"),
        ("its 95 % interval", "-"),
        ("skill", "-"),
        ("effective probability", "0.0 %"),
        ("Brier score", "0.18937"),
        ("impossible rows", "1"),
    )


def test_calibration_has_what_each_model_is_drawn_of() -> None:
    topic = named(full())["calibration"]
    assert [*tables(topic)] == [
        "Calibration of each model",
        "a: the parts of the loss",
        "a: are predictions too high, too low, too extreme?",
        "a: predictions in bins of equal width, and what happened",
        "b: predictions in bins of equal width, and what happened",
    ]
    assert len(tables(topic)["a: the parts of the loss"].verdicts) == 0
    one = named(report_of(Y, {"a": P}, ("calibration",)))["calibration"]
    assert [each.title for each in one.contents] == [
        "The parts of the loss",
        "Are predictions too high, too low, too extreme?",
        "Reliability diagram: what happened, over what was predicted",
        "Predictions in bins of equal width, and what happened",
    ]
    assert len(tables(one)["The parts of the loss"].verdicts) == 1


def test_recalibration_has_formulas_where_a_map_is_to_be_taken() -> None:
    titles = [each.title for each in named(full())["recalibration"].contents]
    assert titles == [
        "a: each map on rows that it has not seen",
        "a: what each recalibration would change",
        "b: each map on rows that it has not seen",
    ]
    extreme = named(report_of(Y, {"b": EXTREME}, ("recalibrate",)))["recalibration"]
    assert [each.title for each in extreme.contents] == [
        "Each map on rows that it has not seen",
        "What each recalibration would change",
        "The maps, fitted to all rows",
    ]
    (losses, *_) = tables(extreme).values()
    assert (
        losses.notes[-1] == "Next: bce recalibrate --save map.json, then bce apply map.json new.csv"
    )


def test_of_many_models_the_advice_is_a_table() -> None:
    one = full().recalibrations[1]
    document = replace(full(), models=tuple("abcde"), recalibrations=(one,) * 5, compare=None)
    document = replace(document, calibration=None, compute=None)
    section = tables(named(document)["recalibration"])["Advice for the other models"]
    row = ("temperature", "0.556455", "-0.08698", "-0.1389 to -0.03502")
    assert section.rows == (("d", *row), ("e", *row))


@pytest.mark.deep
def test_of_many_models_none_that_is_to_be_mended_gets_a_map() -> None:
    wrong = np.where(np.arange(N) == 3, 1.0 - Y, P)
    models = {"a": P, "b": EXTREME, "c": P[::-1].copy(), "d": wrong, "e": EXTREME}
    section = tables(named(report_of(Y, models, ALL))["recalibration"])[
        "Advice for the other models"
    ]
    assert [row[:2] for row in section.rows] == [("e", "temperature")]
    assert section.notes == (
        "d: no map is advised: mend first the prediction that was certain and wrong.",
    )
    alone = {name: models[name] for name in "abcd"}
    section = tables(named(report_of(Y, alone, ALL))["recalibration"])[section.title]
    assert section.rows == ()
    assert len(section.notes) == 1


def test_it_says_why_there_is_no_advice() -> None:
    document = replace(full(), recalibrations=(), no_advice="all labels are 1: a map takes both")
    (section,) = tables(named(document)["recalibration"]).values()
    assert section.notes == ("There is no advice: all labels are 1: a map takes both.",)


def test_each_note_is_told_once() -> None:
    sections = [each for topic in topics_of(full()) for each in tables(topic).values()]
    notes = [note for section in sections for note in (*section.notes, *section.details)]
    assert len({*notes}) == len(notes)
    assert not any(note.startswith("Read: label") for note in notes)


@pytest.mark.parametrize("is_full", [True, False])
def test_terms_are_those_that_the_page_uses(is_full: bool) -> None:
    document = full() if is_full else report_of(Y, {"a": P}, ("compute",))
    *others, terms, _ = topics_of(document)
    texts = "\n".join(
        text
        for topic in others
        for each in topic.contents
        for text in (cells(each) if isinstance(each, Section) else (each.title, each.description))
    )
    (section,) = tables(terms).values()
    explained = [row[0] for row in section.rows]
    assert len({*explained}) == len(explained)
    plain = {term.name for term in TERMS if len(term.name) > 1 and term.name in texts}
    assert plain <= {*explained}
    known = {term.name: term for term in TERMS}
    for name in explained:
        assert name == "maps of predictions" or known[name].is_in(texts)
    for _, meaning in section.rows:
        assert meaning.endswith(".")
        assert meaning.count(". ") == 0


def test_a_term_is_found_as_a_word() -> None:
    known = {term.name: term for term in TERMS}
    assert known["nats"].is_in("0.5 nats a row")
    assert not known["nats"].is_in("donats")
    assert known["p"].is_in("p: paired t-test")
    assert not known["p"].is_in("predictions 'p'.")
    assert known["AUC"].is_in("95 % interval of AUC")
    assert not known["AUC"].is_in("auction")


def test_the_maps_in_the_terms_are_those_that_were_looked_at() -> None:
    report = report_of(Y, {"b": EXTREME}, ("recalibrate",))
    (document,) = report.recalibrations
    methods = document.report.methods[:2]
    few = replace(document, report=replace(document.report, methods=methods, recommended="as-is"))
    (section,) = tables(named(replace(report, recalibrations=(few,)))["terms"]).values()
    assert section.rows[-1] == (
        "maps of predictions",
        "What recalibration tries: as-is leaves predictions as they are, offset adds to log odds.",
    )


def unfolded(value: object, key: str = "") -> object:
    """Make records again of columns and rows."""
    if isinstance(value, list):
        return [unfolded(item) for item in value]
    if not isinstance(value, dict):
        return value
    if key in TABLES and {*value} == {"columns", "rows"}:
        rows = (dict(zip(value["columns"], row, strict=True)) for row in value["rows"])
        return [unfolded(row) for row in rows]
    return {name: unfolded(item, name) for name, item in value.items()}


def without(value: object) -> object:
    """Return JSON without what the page leaves out, and with null for what is infinite."""
    if isinstance(value, dict):
        return {name: without(item) for name, item in value.items() if name not in LEFT_OUT}
    if isinstance(value, list | tuple):
        return [without(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def test_the_figures_are_those_of_the_json_to_the_last_bit() -> None:
    document, folded = full(), named(full())["figures"].folded
    expected = without(document.record())
    assert isinstance(expected, dict)
    shown: Any = unfolded(json.loads(folded))
    for name in ("compute", "compare", "calibration", "check"):
        assert not {*HEAD} & {key for key in shown[name] if shown[name][key] == expected.get(key)}
        shown[name] = {key: expected[name][key] for key in HEAD & {*expected[name]}} | shown[name]
    for told, whole in zip(shown["recalibrate"], expected["recalibrate"], strict=True):
        told |= {key: expected[key] for key in HEAD & {*whole} - {*told}}
    assert shown == expected
    assert folded.count("\n") == len(expected) - 1


def test_records_of_one_key_become_columns_and_rows() -> None:
    record = {"losses": [{"low": 0.0, "n": 1}, {"low": math.inf, "n": 2}], "bins": [], "n": "<a>"}
    assert compact_json(record) == (
        '{"losses":{"columns":["low","n"],"rows":[[0.0,1],[null,2]]},\n"bins":[],\n"n":"<a>"}'
    )


@pytest.mark.deep
def test_segments_beyond_the_costliest_are_one_row(bce: Bce) -> None:
    lines = [
        f"{y},{p!r},s{place % 60:02}"
        for place, (y, p) in enumerate(zip(Y, P.tolist(), strict=True))
    ]
    Path("p.csv").write_text("\n".join(["y,p,site", *lines]) + "\n")
    page = bce("report", "p.csv", "-l", "y", "-p", "p", "--by", "site", "-f", "html", "-q").stdout
    start = page.index("<caption>Where the loss comes from")
    table = page[start : page.index("</table>", start)]
    found = [re.sub("<[^>]+>", "|", row) for row in table.split("<tr>")[2:]]
    rows = [[cell for cell in row.split("|") if cell.strip()] for row in found]
    assert len(rows) == 51
    whole = json.loads(bce("compute", "p.csv", "--by", "site", "-f", "json").stdout)
    rest = whole["segments"][50:]
    assert rows[-1][0] == "(the 10 other segments together)"
    assert rows[-1][1] == f"{sum(each['n'] for each in rest)}"
    share = sum(each["share_of_total"] for each in rest)
    assert rows[-1][-1] == f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


PAIRS = [(7 * i % 11 % 2, math.sin(i + 0.5) ** 2) for i in range(240)]
ROWS = [f"secret-{i},{y},{p!r},{1 - p * p!r},{'ab'[i % 2]}" for i, (y, p) in enumerate(PAIRS)]


@pytest.mark.few(1)
@pytest.mark.parametrize("form", ["html", "markdown", "json"])
def test_nothing_of_a_row_leaves_the_house_unasked(bce: Bce, form: str) -> None:
    Path("t.csv").write_text("\n".join(["id,y,p,q,site", *ROWS]) + "\n")
    Path("truth.csv").write_text("\n".join(["id,y", *(row[: row.index(",") + 2] for row in ROWS)]))
    labels = "--labels", "truth.csv", "--on", "id"
    cut = [",".join(row.split(",")[:1] + row.split(",")[2:]) for row in ROWS]
    Path("p.csv").write_text("\n".join(["id,p,q,site", *cut]) + "\n")
    asked = "report", "p.csv", "-p", "p", "-p", "q", "--by", "site", "--max-loss", "9"
    text = bce(*asked, *labels, "-l", "y", "-f", form).stdout
    assert text
    assert "secret-" not in text
    for _, p in PAIRS if form != "json" else ():  # which has the points of curves
        assert repr(p) not in text
        assert repr(1 - p * p) not in text


def test_the_worst_rows_leave_it_if_asked_for() -> None:
    ids = np.array([f"secret-{i}" for i in range(N)])
    report = report_of(Y, {"a": P, "b": EXTREME}, ("compute", "compare"))
    assert report.compare is not None
    assert report.compare.comparisons[0].gained  # as Python's compare keeps them
    assert "worst" not in named(report)
    shown = report_of(Y, {"a": P, "b": EXTREME}, ("compute", "compare"), worst=2, id=ids)
    topic = named(shown)["worst"]
    assert [each.title for each in topic.contents] == [
        "The rows that cost most",
        "Rows on which b gained most, and lost most",
    ]
    first = tables(topic)["The rows that cost most"]
    assert [row[:2] for row in first.rows] == [("1", "secret-0"), ("399", "secret-398")]


@pytest.mark.parametrize("name", ["checked", "compared", "infinite"])
def test_the_short_form_is_the_golden_file(name: str) -> None:
    zero = P.copy()
    zero[-1] = 0.0
    document = {
        "checked": full(),
        "compared": replace(full(), check=None, making=None),
        "infinite": report_of(Y, {"a": zero}, ("compute",)),
    }[name]
    text = write_markdown(document.sections(Look()))
    assert_golden(GOLDEN / f"report-{name}.md", text.encode())


def test_the_page_of_two_models_is_small() -> None:
    page = write_page(topics_of(full()), title_of(full()))
    assert len(page.encode()) < 100_000


def test_the_short_form_has_the_segments_and_rows_that_were_asked_for() -> None:
    asked = report_of(Y, {"a": P}, ("compute",), by={"site": SITES}, worst=2)
    text = write_markdown(asked.sections(Look()))
    assert re.findall("^### (.*)", text, re.MULTILINE)[1:] == [
        "Where the loss comes from: by 'site', costliest first",
        "The rows that cost most",
    ]
    assert "\n| x | 200 |" in text
    plain = report_of(Y, {"a": P}, ("compute",))
    assert len(plain.sections(Look())) == 1


def test_the_page_offers_no_option_that_it_has_not() -> None:
    zero = P.copy()
    zero[-1] = 0.0
    for answers, where in [
        (("compute",), ""),
        (("compute", "conventions"), " Means of other libraries stand below, by themselves."),
    ]:
        (loss,) = tables(named(report_of(Y, {"a": zero}, answers))["loss"]).values()
        advice = f"Best clip or mend such predictions where the model makes them.{where}"
        assert [note for note in loss.notes if "clip" in note] == [
            f"The mean of the other 399 rows is 0.558188. {advice}"
        ]
    checked = report_of(Y, {"a": zero}, ("compute",), {"min_rows": 9})
    (checks,) = tables(named(checked)["checks"]).values()
    infinite = "1 row was certain and wrong, the first is row 400, so the mean is infinite."
    assert infinite in checks.details
    assert infinite in checked.sections(Look())[0].details


def test_the_mean_of_soft_labels_is_called_so() -> None:
    read = next(
        iter(
            tables(named(report_of(P, {"a": P}, ("compute",), soft_labels=True))["making"]).values()
        )
    )
    assert ("rows", "400 rows, 0 with label 1 (50.0 % mean label)") in read.rows


def test_no_map_is_advised_where_predictions_are_to_be_mended_or_rows_are_few() -> None:
    zero, rare = P.copy(), np.zeros(N)
    zero[-1], rare[::80] = 0.0, 1.0
    for labels, predictions, why in [
        (Y, zero, "mend first the prediction that was certain and wrong"),
        (rare, P, "5 rows with label 1 tell next to nothing"),
    ]:
        report = report_of(labels, {"a": predictions}, ("compute", "recalibrate"))
        (shown,) = named(report)["recalibration"].contents
        assert isinstance(shown, Section)
        assert shown.verdicts == (f"No map is advised: {why}.",)
        told = f"Recalibration of a: No map is advised: {why}."
        assert told in report.sections(Look())[0].details
