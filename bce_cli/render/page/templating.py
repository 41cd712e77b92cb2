"""Text put into templates: escaped, made visible if it cannot be seen, and cut if it is long."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from markupsafe import escape as escaped

from bce_cli.errors import Cut, safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LONGEST_CELL = 60
"""Letters of a cell of a table whose lines are not broken."""
_LONGEST_TEXT = 2000  # of a sentence, and of what stands in a title
_LONG_WORD = re.compile(r"\S{101,}")
_PERCENT = re.compile(r"(?<=\d) %")
_OPTION = re.compile(r"(?<![^\s(])--[a-z][a-z-]{1,30}(?![\w-])")
_LONGEST_WORD = 60  # of those that are cut; a digest of SHA-256 has 64, and is not


def rendered(template: str, **values: Any) -> str:  # noqa: ANN401 -- whatever a template takes
    """Fill in a template of this folder, which escapes whatever it is given.

    What cannot be seen is made visible, but for what a template has escaped itself.

    Parameters
    ----------
    template : str
        Its name.
    **values
        What it asks for; without one of them it is no text, but an error.
    """
    return _environment().get_template(template).render(**values)


class _Loader(PackageLoader):
    """Takes templates from this folder, and style sheets without what only their authors need."""

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool] | None]:
        source, name, is_current = super().get_source(environment, template)
        return (_brief(source) if template.endswith(".css") else source), name, is_current


def _brief(style: str) -> str:
    r"""Return a style sheet without comments, indentation and spaces that mean nothing.

    A line holds a rule. Strings in it may have single spaces, but none beside a sign of CSS.

    Examples
    --------
    >>> _brief("/* x */\n@media print {\n  #a > b, p { margin: 0 1px; top: calc(1px + 2px); }\n}\n")
    '@media print{ #a > b,p{margin:0 1px;top:calc(1px + 2px)}\n}'
    """
    text = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    text = re.sub(r"\s*([{};,]|(?<=\w):(?=\s))\s*", r"\1", " ".join(text.split()))
    # A brace and a number sign would begin a comment of the template.
    return text.replace(";}", "}").replace("{#", "{ #").replace("}", "}\n").strip()


@cache
def _environment() -> Environment:
    made = Environment(
        loader=_Loader("bce_cli.render.page"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"cut": cut, "lines": _lines, "unbroken": _unbroken}
    made.globals |= {
        "longest_cell": LONGEST_CELL,
        "longest_text": _LONGEST_TEXT,
        "pieces": _pieces,
        "size": _size,
    }
    return made


def _visible(value: Any) -> Any:  # noqa: ANN401 -- whatever a template shows
    """Make visible what cannot be seen, wherever text from outside has come through."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return safe_text(value)
    return value


def _unbroken(text: str) -> Markup:
    """Keep a number and its sign on one line, and what is typed as one word.

    Examples
    --------
    >>> str(_unbroken("--min-auc: 5 % < 6 %")).replace("\N{NO-BREAK SPACE}", "~")
    '<code>--min-auc</code>: 5~% &lt; 6~%'
    """
    shown = _PERCENT.sub("\N{NO-BREAK SPACE}%", escaped(safe_text(text)))
    return Markup(_OPTION.sub(r"<code>\g<0></code>", shown))  # noqa: S704 -- it is escaped


def _lines(texts: Sequence[str]) -> Markup:
    """Join lines of text that stands between tags, where quotes need no escape."""
    return Markup("\n".join(escape(safe_text(text), quote=False) for text in texts))  # noqa: S704


def cut(text: str, longest: int) -> str:
    """Cut a text for places where there is no room for the whole.

    Examples
    --------
    >>> cut("abcdefgh", 6), cut("abc", 6)
    ('abc...', 'abc')
    """
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _pieces(text: str, longest: int = 0) -> Iterator[tuple[str, str]]:
    """Yield a text, cut where it is too long, and the whole of what was cut, or "".

    Parameters
    ----------
    text : str
    longest : int, default 0
        Of the whole; 0 means that of sentences, and then the words have a limit of their own.

    Examples
    --------
    >>> list(_pieces("abcdefgh", 6))
    [('abc...', 'abcdefgh')]
    >>> [(len(part), len(whole)) for part, whole in _pieces(f"of {'x' * 500} {'y' * 64}")]
    [(3, 0), (60, 500), (65, 0)]
    """
    if isinstance(text, Cut):
        yield text, cut(text.whole, _LONGEST_TEXT)
        return
    most = longest or _LONGEST_TEXT
    if len(text) > most:
        yield cut(text, most), cut(text, _LONGEST_TEXT)
        return
    done = 0
    for word in () if longest else _LONG_WORD.finditer(text):
        yield text[done : word.start()], ""
        yield cut(word.group(), _LONGEST_WORD), word.group()
        done = word.end()
    yield text[done:], ""


def _size(text: str) -> str:
    """Say how long a text is.

    Examples
    --------
    >>> _size("x" * 12345), _size("x")
    ('12 kB', '1 kB')
    """
    return f"{max(1, round(len(text) / 1000))} kB"
