"""The page of topics: its parts and their order, what is cut, and what a strict parser says."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING

import html5lib
import pytest
from markupsafe import Markup

from bce_cli.errors import safe_text
from bce_cli.render.layout import Column, Judged, Section
from bce_cli.render.page import page
from bce_cli.render.page.page import html_fragment, write_html, write_page
from bce_cli.render.page.picture import Picture, Polyline, Scale
from bce_cli.render.page.topics import Topic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from xml.etree.ElementTree import Element

AXIS = Scale("x", 0.0, 1.0, ((0.0, "0"), (1.0, "1")))
LINE = (Polyline("a line", ((0.0, 0.0), (1.0, 1.0))),)
TEXT = Column("what", is_text=True)
SCORES = Section(
    "Scores",
    (TEXT, Column("loss"), Column("", is_text=True, wraps=True)),
    (("a", "0.5", "the better one"), ("b", "0.7", Judged("too high", "failed"))),
    verdicts=(Judged("Yes: a is better.", "passed"), "b is not."),
    notes=("A note.", Judged("It cannot be told.", "undecided")),
    marked=(0,),
)
NUMBERS = Section("Numbers", (TEXT, Column("value")), (("x", "1"), ("y", "2")))
PICTURE = Picture("curve", "A curve", "It rises.", AXIS, AXIS, LINE, NUMBERS)
TOPICS = (
    Topic("answer", "The answer", (Section("", verdicts=(Judged("It is good.", "passed"),)),)),
    Topic("scores", "Scores", (SCORES,)),
    Topic("curves", "Curves", (PICTURE, SCORES)),
    Topic("figures", "All figures", folded='{"n": 2,\n "name": "a<b"}\n'),
)
HOSTILE = "<script>alert('1')</script>\"&\u202eevil\x1b[0m javascript:alert(1)"
SHOWN = "<script>alert('1')</script>\"&\\u202eevil\\x1b[0m javascript:alert(1)"


def parsed(text: str) -> Element:
    """Parse as browsers do, but for that anything they would forgive is an error."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    tree: Element = parser.parse(text)
    return tree


def text_of(element: Element) -> str:
    return "".join(element.itertext())


def texts(tree: Element, tag: str) -> list[str]:
    return [text_of(element) for element in tree.iter(tag)]


def attributes(tree: Element) -> Iterator[tuple[str, str]]:
    for element in tree.iter():
        yield from element.attrib.items()


def test_topics_follow_the_answer_and_a_list_of_them() -> None:
    tree = parsed(write_page(TOPICS, "Report"))
    main = next(tree.iter("main"))
    assert [child.tag for child in main] == ["h1", "section", "nav", *["section"] * 3]
    names = ["answer", "scores", "curves", "figures"]
    assert [child.get("id") for child in main.findall("section")] == names
    nav = next(main.iter("nav"))
    assert nav.get("aria-labelledby") == next(nav.iter("p")).get("id")
    assert [(a.get("href"), a.text) for a in nav.iter("a")] == [
        (f"#{topic.name}", topic.title) for topic in TOPICS
    ]
    assert texts(tree, "title") == texts(tree, "h1") == ["Report"]
    assert texts(tree, "h2") == [topic.title for topic in TOPICS]
    assert texts(tree, "h3") == ["Scores"]  # under its own topic, it does not repeat the title
    assert tree.get("lang") == "en"


def test_few_topics_need_no_list() -> None:
    tree = parsed(write_page(TOPICS[:3], "Report"))
    assert list(tree.iter("nav")) == []
    assert "class" not in next(tree.iter("body")).attrib


def test_a_picture_has_its_caption_and_its_numbers_folded() -> None:
    figure = next(parsed(write_page(TOPICS, "Report")).iter("figure"))
    assert texts(figure, "figcaption") == ["A curve"]
    (drawn,) = [element for element in figure.iter() if str(element.tag).endswith("svg")]
    assert drawn.get("role") == "img"
    (folded,) = figure.iter("details")
    assert "open" not in folded.attrib
    assert texts(folded, "summary") == ["Numbers of this picture"]
    assert texts(folded, "caption") == ["Numbers"]
    assert texts(folded, "td") == ["1", "2"]


def test_a_picture_does_not_repeat_the_heading_above_it() -> None:
    topics = [Topic("curve", "A curve", (PICTURE, replace(PICTURE, name="next", title="Another")))]
    written = write_page(topics, "Page")
    assert re.findall("<figcaption>(.*)</figcaption>", written) == ["Another"]
    assert re.findall("<title id=.*>(.*)</title>", written) == ["A curve", "Another"]


def test_pictures_for_mail_are_images(monkeypatch: pytest.MonkeyPatch) -> None:
    image = '<img src="data:image/png;base64,iVBORw0KGgo" alt="A curve. It rises.">'
    monkeypatch.setattr(page, "img_of", lambda _: Markup(image))  # noqa: S704
    text = write_page(TOPICS, "Report", picture_format="png")
    assert f"<figcaption>A curve</figcaption>\n{image}\n<details>" in text
    assert "<svg" not in text
    assert "form-action 'none'; img-src data:\"" in text
    assert "img-src" not in write_page(TOPICS, "Report")


def test_text_is_folded_as_it_is() -> None:
    (folded,) = [
        element
        for element in parsed(write_page(TOPICS, "Report")).iter("details")
        if element.find("pre") is not None
    ]
    assert texts(folded, "summary") == ["Show this (1 kB)"]
    assert texts(folded, "pre") == ['{"n": 2,\n "name": "a<b"}']


def test_verdicts_have_signs_that_are_not_read_out() -> None:
    tree = parsed(write_page(TOPICS[1:2], "Report"))
    assert [text for text in texts(tree, "p") if text != "A note."] == [
        "✓ Yes: a is better.",
        "b is not.",
        "? It cannot be told.",
    ]
    assert texts(tree, "td") == ["", "0.5", "the better one", "0.7", "✗ too high"]
    signs = [span.text for span in tree.iter("span") if span.get("aria-hidden") == "true"]
    assert signs == ["✓", "✗", "?"]
    assert texts(tree, "mark") == ["a"]


def test_wide_tables_scroll_by_the_keyboard_and_have_names_of_their_own() -> None:
    def regions(*sections: Section) -> list[dict[str, str]]:
        tree = parsed(write_html(sections, "Page"))
        return [dict(e.attrib) for e in tree.iter("div") if e.get("class") == "wide"]

    wide = Section("Wide", (TEXT, Column("y" * 40)), (("a", "1"),))
    assert regions(NUMBERS) == [{"class": "wide"}]
    region = {"class": "wide", "role": "region", "tabindex": "0"}
    assert regions(wide, NUMBERS, wide) == [
        region | {"aria-label": "Wide"},
        {"class": "wide"},
        region | {"aria-label": "Wide (2)"},
    ]


def test_a_drawing_is_one_image() -> None:
    section = Section("", drawing=("│ ●", "└──"))
    tree = parsed(write_html([section], "Page"))
    (drawn,) = tree.iter("pre")
    assert drawn.attrib == {"class": "drawing", "role": "img", "aria-label": "Drawing"}


@pytest.mark.parametrize(
    ("letters", "expected"), [(80, None), (81, "dense"), (110, "dense"), (111, "dense wider")]
)
def test_tables_are_printed_by_their_width(letters: int, expected: str | None) -> None:
    columns = tuple(Column("y" * each) for each in (letters // 2, letters - letters // 2))
    section = Section("", (TEXT, *columns), (("a", "1", "2"),))
    (found,) = parsed(write_html([section], "Page")).iter("table")
    assert found.get("class") == expected


def test_what_is_long_is_cut_with_the_whole_in_a_title() -> None:
    name, sentence = "n" * 61, "of words " * 300
    words = f"File {'f' * 101} and {'d' * 64}."
    section = Section(
        "",
        (Column(name, is_text=True), Column("x"), Column("y", is_text=True, wraps=True)),
        ((name, "1" * 60, "a word " * 20),),
        notes=(words, sentence),
    )
    tree = parsed(write_html([section], "Page"))
    cut = "n" * 57 + "..."
    assert texts(tree, "th") == [cut, "x", "y", cut]
    assert texts(tree, "td") == ["1" * 60, "a word " * 20]
    assert texts(tree, "p") == [
        f"File {'f' * 57}... and {'d' * 64}.",
        f"{sentence[:1997]}...",
    ]
    assert [span.get("title") for span in tree.iter("span")] == [
        *(name, name),
        "f" * 101,
        f"{sentence[:1997]}...",
    ]


def test_what_was_cut_before_has_the_whole_in_its_title() -> None:
    name = f"{'n' * 30}<b>\u202e"
    section = Section("", (TEXT, Column("x")), ((safe_text(name, 30), "1"),))
    (cell,) = parsed(write_html([section], "Page")).iterfind(".//tbody/tr/th")
    assert text_of(cell) == "n" * 30 + "..."
    assert [span.get("title") for span in cell] == [f"{'n' * 30}<b>\\u202e"]


def test_a_name_of_a_million_letters_makes_no_page_of_many() -> None:
    text = write_page([Topic("loss", "Loss", (hostile("x" * 1_000_000),))], "y" * 1_000_000)
    assert len(text) < 60_000


def hostile(text: str) -> Section:
    return Section(
        text,
        (Column(text, is_text=True, meaning=text), Column(text)),
        ((text, Judged(text, "failed")),),
        verdicts=(text,),
        notes=(text,),
        details=(text,),
        formulas=(text,),
        drawing=(text,),
        marked=(0,),
    )


@pytest.mark.few(3)
@pytest.mark.parametrize("text", [HOSTILE, HOSTILE * 40, "\udcff\ud800", "\x00\r\n\u2028"])
@pytest.mark.parametrize(
    "write",
    [
        lambda text: write_html([hostile(text)], text),
        lambda text: html_fragment([hostile(text)]),
        lambda text: write_page(
            [
                Topic("a", text, (hostile(text), picture(text)), text),
                *(Topic(name, text) for name in "bcd"),
            ],
            text,
        ),
    ],
    ids=["sections", "fragment", "topics"],
)
def test_text_from_outside_can_do_nothing(write: Callable[[str], str], text: str) -> None:
    written = write(text)
    assert written.isprintable() or set(re.findall(r"[^\S ]", written)) == {"\n"}
    assert "\u202e" not in written
    document = written if written.startswith("<!DOCTYPE") else f"<!DOCTYPE html>{written}"
    tree = parsed(document)
    assert written.encode("utf-8")
    plain = parsed(document.replace("&", "").replace("#39;", ""))
    assert len(list(tree.iter())) == len(list(plain.iter()))
    assert list(tree.iter("script")) == []
    assert {name for name, _ in attributes(tree) if name.startswith("on")} == set()
    assert {value[:1] for name, value in attributes(tree) if name in ("href", "src")} <= {"#"}


def picture(text: str) -> Picture:
    shown = safe_text(text)  # as whoever makes a picture leaves it
    return Picture(
        "curve", shown, shown, AXIS, AXIS, (Polyline(shown, LINE[0].spots),), hostile(text)
    )


def test_lines_do_not_break_within_percentages_and_options() -> None:
    written = write_html(
        [Section("5 %", notes=("use --min-auc (--by, --a--b), not 50 %",))], "Page"
    )
    assert "<h2>5\N{NO-BREAK SPACE}%</h2>" in written
    options = "<code>--min-auc</code> (<code>--by</code>, <code>--a--b</code>)"
    assert f"<p>use {options}, not 50\N{NO-BREAK SPACE}%</p>" in written


def test_what_cannot_be_seen_is_shown() -> None:
    section = Section("", (TEXT, Column("x")), ((HOSTILE * 2, "1"),), notes=(HOSTILE,))
    tree = parsed(write_html([section], HOSTILE))
    assert texts(tree, "title") == texts(tree, "h1") == texts(tree, "p") == [SHOWN]
    assert [span.get("title") for span in tree.iter("span")] == [SHOWN * 2]


def test_the_page_has_no_style_but_its_sheet_and_no_name_twice() -> None:
    tree = parsed(write_page(TOPICS, "Report"))
    found = [*attributes(tree)]
    assert {value for name, value in found if name == "style"} == set()
    ids = [value for name, value in found if name == "id"]
    assert len(ids) == len(set(ids))
    referred = [value.removeprefix("#") for name, value in found if name == "href"]
    referred += [
        each for name, value in found if name == "aria-labelledby" for each in value.split()
    ]
    assert set(referred) <= set(ids)
    assert len(list(tree.iter("style"))) == 1


def test_headings_skip_no_level() -> None:
    tree = parsed(write_page(TOPICS, "Report"))
    levels = [int(e.tag[1]) for e in tree.iter() if re.fullmatch("h[1-6]", str(e.tag))]
    assert levels[0] == 1
    assert max(b - a for a, b in pairwise(levels)) == 1


def test_the_same_topics_make_the_same_bytes() -> None:
    assert write_page(TOPICS, "Report") == write_page(TOPICS, "Report")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground_in_both_schemes(scheme: str) -> None:
    """WCAG 2.2, 1.4.3: a contrast of at least 4.5 to 1."""
    sheet = files("bce_cli.render.page").joinpath("templates", "style.css").read_text("utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)[:2]
    colors = dict(re.findall(r"--(\w+): (#[0-9a-f]+)", light if scheme == "light" else dark))
    words = ("text", "dim", "link", "passed", "failed", "undecided")
    pairs = [(word, ground) for word in words for ground in ("back", "panel", "marked")]
    low = [pair for pair in pairs if contrast(*(colors[name] for name in pair)) < 4.5]
    assert low == []


def contrast(first: str, second: str) -> float:
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def luminance(color: str) -> float:
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
