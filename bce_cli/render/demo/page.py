"""One step of the derivation, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bce_cli.render.curve import Curve, draw_curve
from bce_cli.render.formulas import formula
from bce_cli.render.section import Section

if TYPE_CHECKING:
    from bce_cli.render.look import Look


@dataclass(frozen=True, slots=True)
class Page:
    """What a step shows.

    Attributes
    ----------
    sections : tuple of Section
        With the signs of mathematics.
    curves : tuple of Curve
        Drawn after the sections, and by ``--plot``.
    seen : str
        One sentence: what was just seen.
    """

    sections: tuple[Section, ...]
    seen: str
    curves: tuple[Curve, ...] = ()


def page_sections(page: Page, following: str | None, look: Look) -> list[Section]:
    """Lay a page out, in signs that can be shown, and say which step comes next."""
    onward = "" if following is None else f" Next: bce demo {following}."
    sections = [
        *page.sections,
        *(
            Section(curve.title, drawing=draw_curve(_plain(curve, look), look))
            for curve in page.curves
        ),
    ]
    sections[-1] = replace(sections[-1], notes=(*sections[-1].notes, f"{page.seen}{onward}"))
    return [_shown(section, look) for section in sections]


def _plain(curve: Curve, look: Look) -> Curve:
    return replace(
        curve,
        x_name=formula(curve.x_name, look),
        y_name=formula(curve.y_name, look),
        series=tuple(replace(s, name=formula(s.name, look)) for s in curve.series),
    )


def _shown(section: Section, look: Look) -> Section:
    return replace(
        section,
        title=formula(section.title, look),
        columns=tuple(replace(c, title=formula(c.title, look)) for c in section.columns),
        rows=tuple(tuple(formula(cell, look) for cell in row) for row in section.rows),
        formulas=tuple(formula(line, look) for line in section.formulas),
        notes=tuple(formula(note, look) for note in section.notes),
    )
