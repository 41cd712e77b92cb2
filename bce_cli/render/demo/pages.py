"""A step as a page: tables, curves, and what was just seen; how it is laid out and drawn."""

from __future__ import annotations

from dataclasses import asdict, fields, is_dataclass, replace
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from bce_cli.core.report import loss_report
from bce_cli.core.totals import LossTotals
from bce_cli.lean_dataclass import dataclass
from bce_cli.render.drawing import (
    Chapter,
    Curve,
    Series,
    draw_curve,
    plot_chapters,
    rows_and_mean,
)
from bce_cli.render.layout import (
    Section,
    formula,
)
from bce_cli.render.records import finite, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.rows import Rows
    from bce_cli.render.layout import Look

_ABOUT = "The steps of bce demo that have curves, each with the rows it is shown on."


@dataclass(frozen=True, slots=True)
class StepPage:
    """What a step shows.

    Attributes
    ----------
    sections : tuple of Section
        With the signs of mathematics.
    seen : str
        One sentence: what was just seen.
    curves : tuple of Curve
        Drawn after the sections, and by ``--plot``.
    """

    sections: tuple[Section, ...]
    seen: str
    curves: tuple[Curve, ...] = ()

    def in_brief(self) -> StepPage:
        """Return its formulas and conclusions: no tables, no titles of tables alone, no curves."""
        bare = tuple(
            replace(section, columns=(), rows=(), marked=())
            for section in self.sections
            if section.formulas or not section.rows
        )
        return StepPage(bare or self.sections[:1], self.seen)


def page_sections(page: StepPage, onward: str, look: Look) -> list[Section]:
    """Lay a page out, in signs that can be shown.

    Parameters
    ----------
    page : StepPage
    onward : str
        Which step comes next and why; "" after the last.
    look : Look
    """
    *others, last = (
        *page.sections,
        *(Section(c.title, drawing=draw_curve(_in_signs(c, look), look)) for c in page.curves),
    )
    last = replace(last, notes=(*last.notes, page.seen, *([onward] if onward else [])))
    return [_in_signs(section, look) for section in (*others, last)]


def plot_pages(
    pages: Sequence[tuple[str, StepPage, Rows]], stream: IO[bytes], picture: str
) -> None:
    """Draw the curves of all pages that have some, as a picture.

    Parameters
    ----------
    pages : sequence of (str, StepPage, Rows)
        Headings, what they are about, and the rows that it is shown on.
    stream : binary stream
    picture : {"png", "svg", "pdf"}
    """
    chapters = [
        Chapter(heading, f"{_rows_in_words(rows)}\n{page.seen}", page.curves)
        for heading, page, rows in pages
        if page.curves
    ]
    if len(pages) > 1:
        chapters.insert(0, Chapter("How binary cross-entropy comes about", _ABOUT))
    plot_chapters(chapters, stream, picture)


def _rows_in_words(rows: Rows) -> str:
    report = loss_report(LossTotals.of(rows))
    return rows_and_mean(report, report.ci_low, report.ci_high)


def _in_signs(value: Any, look: Look) -> Any:  # noqa: ANN401 -- a section or curve, or part of one
    """Return the same with every string in signs that can be shown."""
    if isinstance(value, str):
        return formula(value, look)
    if isinstance(value, tuple):
        return tuple(_in_signs(item, look) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value)]
        return replace(value, **{name: _in_signs(getattr(value, name), look) for name in names})
    return value


_ANSWERS = ("trials", "power_rule", "product_rule", "steps")
"""Short lists of steps that are what these have to say."""


def write_steps(steps: Sequence[tuple[str, Any]], *, brief: bool = False) -> str:
    """Write one object for one step, an array of objects for several, in JSON.

    A number that is infinite or undefined is null. One that is too small for float64, which only
    longdouble can hold, is a string of its digits.

    Parameters
    ----------
    steps : sequence of (name, dataclass)
    brief : bool, default False
        Whether to leave out lists, but for those that are the answer of their step.
    """
    records = [{"step": name, **asdict(step)} for name, step in steps]
    if brief:
        records = [
            {k: v for k, v in record.items() if k in _ANSWERS or not isinstance(v, list | tuple)}
            for record in records
        ]
    return write_json(records if len(records) > 1 else records[0], _plain)


def _plain(value: Any) -> Any:  # noqa: ANN401 -- any field of a step
    if not isinstance(value, np.longdouble):
        return finite(value)
    fits = value == 0 or abs(value) >= np.finfo(float).tiny
    return finite(float(value)) if fits else str(value)


def series_of(points: Sequence[Any], x: str, names: dict[str, str]) -> tuple[Series, ...]:
    """Return series by their names, each through the values of one attribute of the points."""
    xs = tuple(getattr(point, x) for point in points)
    return tuple(
        Series(name, xs, tuple(getattr(point, y) for point in points)) for name, y in names.items()
    )
