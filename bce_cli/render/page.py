"""A finished report, whatever it is about, in the format that was asked for."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from bce_cli.render.markdown import write_markdown
from bce_cli.render.tables import draw

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bce_cli.render.look import Look
    from bce_cli.render.section import Section

Format: TypeAlias = Literal["table", "json", "csv", "markdown"]


@dataclass(frozen=True, slots=True)
class Page:
    """What there is to say, for people and for programs.

    Attributes
    ----------
    sections : callable (look) -> sequence of Section
        For tables and Markdown.
    record : mapping
        For JSON; numbers may be infinite or nan.
    lines : sequence of mapping
        For CSV: at least one, all with the same keys.
    """

    sections: Callable[[Look], Sequence[Section]]
    record: Mapping[str, Any]
    lines: Sequence[Mapping[str, Any]]


def write_page(page: Page, output_format: Format, look: Look) -> str:
    """Write a report as text.

    Parameters
    ----------
    page : Page
    output_format : {"table", "json", "csv", "markdown"}
    look : Look
        Matters for tables, and for the signs in Markdown.
    """
    if output_format == "json":
        return write_json(page.record)
    if output_format == "csv":
        return write_csv(page.lines)
    sections = page.sections(look)
    return draw(sections, look) if output_format == "table" else write_markdown(sections)


def write_json(record: Mapping[str, Any]) -> str:
    """Write one strict JSON object; a number that is infinite or undefined is null.

    Examples
    --------
    >>> print(write_json({"mean_loss": float("inf"), "n": 2}), end="")
    {
      "mean_loss": null,
      "n": 2
    }
    """
    return json.dumps(strict(record), indent=2, allow_nan=False) + "\n"


def write_csv(lines: Sequence[Mapping[str, Any]]) -> str:
    r"""Write a header and a line for each record; what is None is empty.

    Examples
    --------
    >>> write_csv([{"n": 2, "skill": None}])
    'n,skill\n2,\n'
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(lines[0])
    writer.writerows([_cell(value) for value in line.values()] for line in lines)
    return stream.getvalue()


def _cell(value: Any) -> Any:  # noqa: ANN401 -- any CSV value
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value


def strict(value: Any) -> Any:  # noqa: ANN401 -- any JSON value
    """Replace every number that JSON cannot hold by None."""
    if isinstance(value, dict):
        return {key: strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [strict(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
