"""Markdown in which text from outside does nothing, as an independent parser reads it."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from bce_cli.render.layout import Column, Judged, Section
from bce_cli.render.markdown import write_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

HOSTILE = (
    *("@all", "me@example.com", "#12", "GH-12", "owner/name#12", "owner/name@0123abcd"),
    *("https://evil.test", "see HTTP://evil.test", "www.evil.test", "mailto:me@example.com"),
    *("![x](https://evil.test/x.png)", "[x](https://evil.test)", "<https://evil.test>"),
    *("<img src=x onerror=alert(1)>", "<!-- x", "</summary></details><h1>x", "&commat;all", "&"),
    *("{{7*7}}", "{% raw %}"),
    *("a|b", "a\\|b", "\\", "`x`", "``` x", "~~~", "$x$", "$$x$$", ":smile:", "~~x~~", "**x**"),
    *("_x_", "- x", "+ x", "* x", "-", "---", "***", "===", "1. x", "12) x", "# x", "> x"),
    *("    x", " x", "[x]: https://evil.test", "[^1]", "- [ ] x", "!12", "%12", "~12", "10:30:05"),
)
OF_REPORTS = {
    *("heading_open", "inline", "heading_close", "text", "paragraph_open", "paragraph_close"),
    *("table_open", "thead_open", "tr_open", "th_open", "th_close", "tr_close", "thead_close"),
    *("tbody_open", "td_open", "td_close", "tbody_close", "table_close"),
}
ACTING = re.compile(
    r"(?<![\w`])@\w|\w@\w|#\d|GH-\d|://|www\.|:[a-z]+:|[!%~$]\d", re.IGNORECASE | re.ASCII
)
"""What hosts look for in a text when all Markdown is done."""


def tokens_of(markdown: str) -> Iterator[Token]:
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        yield token
        yield from token.children or ()


def section(text: str, headline: Judged | None = None) -> Section:
    return Section(
        title=f"{text}: 1 row",
        columns=(Column("name"), Column(text), Column("last")),
        rows=(("a", text, Judged("passed", "passed")),),
        verdicts=(Judged(text, "failed"),),
        notes=(text,),
        details=(text,),
        headline=headline,
    )


@pytest.mark.few(10)
@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_outside_is_text_wherever_it_stands(text: str) -> None:
    tokens = [*tokens_of(write_markdown([section(text)]))]
    assert {token.type for token in tokens} <= OF_REPORTS | {"text_special"}
    shown = [token.content for token in tokens if token.type in {"text", "text_special"}]
    assert [part for part in shown if ACTING.search(part)] == []
    assert "".join(shown).replace("\u200b", "") == (
        f"{text.lstrip()}: 1 row{text}name{text.strip()}lasta{text.strip()}passed{text}{text}"
    )


@pytest.mark.few(10)
@pytest.mark.parametrize("text", HOSTILE)
def test_a_fold_holds_whatever_stands_in_it(text: str) -> None:
    tokens = [*tokens_of(write_markdown([section(text, Judged("Failed", "failed"))]))]
    begin, end = (token.content for token in tokens if token.type == "html_block")
    found = re.fullmatch("<details>\n<summary>([^<>]*)</summary>\n", begin)
    assert found is not None
    assert ACTING.search(unescape(found[1])) is None
    assert re.search("[{}]", found[1]) is None
    entities = {"&#123;": "{", "&#125;": "}", "&#8203;": "", "&lt;": "<", "&gt;": ">", "&amp;": "&"}
    assert re.sub("&.*?;", lambda m: entities[m[0]], found[1]) == f"{text}: 1 row"
    assert end == "</details>\n"
    assert {token.type for token in tokens} <= OF_REPORTS | {"text_special", "html_block"}


def test_a_line_between_fences_cannot_end_them() -> None:
    written = write_markdown([Section("t", drawing=("```", "````` x"), formulas=("`f`",))])
    assert written == "### t\n\n```text\n`f`\n```\n\n\n``````text\n```\n````` x\n``````\n\n"
    contents = [token.content for token in tokens_of(written) if token.type == "fence"]
    assert contents == ["`f`\n", "```\n````` x\n"]
