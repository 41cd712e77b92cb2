"""Losses that `bce compute` found, as rows of points: the mean, or by segment, row, convention."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bce_cli.core.report import FEW
from bce_cli.errors import safe_text
from bce_cli.render.dots import (
    BLUE,
    DIGITS,
    MOST_ROWS,
    ORANGE,
    TITLE_NAME,
    Dots,
    Mark,
    Point,
    Row,
    number,
)
from bce_cli.render.layout import count, figure, how_many, interval_title, percent, verb
from bce_cli.render.segments import segment_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bce_cli.render.dots import Named, Record

_FEW_ROWS = Mark(f"that of fewer than {FEW} rows", "o", BLUE, is_filled=False)
_FINITE = Mark("mean of the rows of finite loss", "x", BLUE)
_BASE = Mark("loss of the base rate", "|", ORANGE, size=14.0)
_ROW = Mark("loss of the row", "o", BLUE)
_RULE = Mark("mean loss", "o", BLUE)


def _mean_mark(record: Record) -> Mark:
    """Return that of a mean loss and its interval; older versions do not tell its level."""
    level = interval_title(float(record.get("confidence") or 0.95))
    return Mark(f"mean loss, {level}", "o", BLUE)


def _mean_points(figures: Record, mark: Mark) -> Iterator[Point]:
    """Yield a mean loss with its interval; where it is infinite, also that of the other rows."""
    mean, n_impossible = number(figures["mean_loss"]), figures.get("n_impossible")
    if mean is None and n_impossible:
        mean = math.inf
    if mean is None:
        return
    yield Point(mark, mean, number(figures.get("ci_low")), number(figures.get("ci_high")))
    finite = number(figures.get("finite_mean_loss"))
    if math.isinf(mean) and finite is not None:
        yield Point(_FINITE, finite)


def _all_rows(record: Record) -> tuple[float, str] | None:
    """Return where the line of the mean of all rows is, if that is finite."""
    mean = number(record["mean_loss"])
    if mean is None or math.isinf(mean):
        return None
    return mean, f"all rows: {figure(mean, DIGITS)}"


def _mean_text(record: Record) -> str:
    mean = number(record["mean_loss"])
    return "infinite" if mean is None else figure(mean, DIGITS)


def summary(record: Record, named: Named) -> Dots:
    """Return the mean loss, and that of always predicting the base rate."""
    base, unit = number(record["base_rate_loss"]), record["unit"]
    column = str(record.get("prediction_column") or "predictions")
    base_points = () if base is None else (Point(_BASE, base),)
    return Dots(
        title=_summary_title(record),
        x_name=f"loss, {unit} a row",
        y_name="",
        rows=(
            Row((*named([column]),), (*_mean_points(record, _mean_mark(record)),)),
            Row((f"always {percent(record['base_rate'])}",), base_points),
        ),
    )


def _summary_title(record: Record) -> str:
    """Say what the mean loss is, and whether its interval is clear of the base rate's loss."""
    base, unit, n = number(record["base_rate_loss"]), record["unit"], record["n"]
    mean, low, high = (number(record[name]) for name in ("mean_loss", "ci_low", "ci_high"))
    if mean is None or math.isinf(mean):
        impossible = record["n_impossible"]
        were = f"{verb(impossible, 'was')} certain and wrong"
        return f"Infinite mean loss: {count(impossible)} of {how_many(n)} {were}"
    title = f"Mean loss {figure(mean, DIGITS)} {unit} a row"
    if low is None or high is None or not base:
        return f"{title}, of {how_many(n)}"
    title += f" [{figure(low, DIGITS)}, {figure(high, DIGITS)}]"
    loss = f"the base rate's {figure(base, DIGITS)}"
    if n < FEW or low <= base <= high:
        return f"{title}: cannot be told from {loss}"
    return f"{title}: {'better' if mean < base else 'worse'} than {loss}"


def segments(record: Record, named: Named, most: int = MOST_ROWS) -> Dots:
    """Return the mean loss of each segment beside that of its base rate, as JSON has them."""
    found, unit = record["segments"], record["unit"]
    above = _above_all(record)
    dearest = max(above, key=lambda at: number(found[at]["mean_loss"]) or 0.0, default=0)
    order = [*range(min(len(found), most))]
    order[-1] = max(order[-1], dearest)
    columns = ", ".join(safe_text(name, TITLE_NAME) for name in found[0]["segment"])
    names = named([_segment_name(found[at]) for at in order])
    shares = [number(segment["share_of_total"]) for segment in found]
    has_shares = shares[0] is not None

    def noted(name: str, *parts: float | None) -> str:
        share = math.fsum(part or 0.0 for part in parts)
        return f"{name} ({percent(share)})" if has_shares else name

    def rest(places: Sequence[int]) -> str:
        drawn = {order[place] for place in places}
        others = [share for at, share in enumerate(shares) if at not in drawn]
        return noted(f"{count(len(others))} more", *others)

    return Dots(
        title=_segments_title(record, columns, dearest, len(above)),
        x_name=f"mean loss, {unit} a row",
        y_name=f"{columns}{' (share of the loss)' * has_shares}",
        rows=[
            _segment_row(noted(name, shares[at]), found[at], _mean_mark(record))
            for name, at in zip(names, order, strict=True)
        ],
        line=_all_rows(record),
        n_rows=len(found),
        rest=rest,
        kept=order.index(dearest),
    )


def _above_all(record: Record) -> list[int]:
    """Return the places of segments whose mean is above that of all rows, as intervals tell."""
    mean = number(record["mean_loss"])
    if mean is None:
        return []
    return [
        at
        for at, segment in enumerate(record["segments"])
        if not segment["is_small"] and (number(segment.get("ci_low")) or 0.0) > mean
    ]


def _segments_title(record: Record, columns: str, dearest: int, n_above: int) -> str:
    """Say which segment costs more a row than all rows do, as far as intervals tell."""
    found, unit = record["segments"], record["unit"]
    mean = number(record["mean_loss"])
    name = safe_text(_segment_name(found[dearest]), TITLE_NAME)
    if mean is None or math.isinf(mean):
        infinite = [segment for segment in found if _is_infinite(segment)]
        if not infinite:
            return f"Loss by {columns}"
        name = safe_text(_segment_name(infinite[0]), TITLE_NAME)
        return f"{name} costs most: an infinite loss"
    if not n_above:
        whole = f"the mean of all rows, {figure(mean, DIGITS)} {unit} a row"
        return f"No segment stands out from {whole}"
    most = found[dearest]
    cost, low, high = (figure(most[name], DIGITS) for name in ("mean_loss", "ci_low", "ci_high"))
    stands_out = "stands out most" if n_above > 1 else "stands out"
    return (
        f"{name} {stands_out}: {cost} {unit} a row [{low}, {high}], all rows {figure(mean, DIGITS)}"
    )


def _is_infinite(segment: Record) -> bool:
    """Whether the mean of a segment is infinite; one without weight has none."""
    mean = next(_mean_points(segment, _FEW_ROWS), None)
    return mean is not None and math.isinf(mean.value)


def _segment_name(segment: Record) -> str:
    words = map(str, segment["segment"].values())
    return ", ".join(word if word.strip() else segment_name((word,)) for word in words)


def _segment_row(label: str, segment: Record, mark: Mark) -> Row:
    base = number(segment["base_rate_loss"])
    points = [*_mean_points(segment, _FEW_ROWS if segment["is_small"] else mark)]
    if not points:
        return Row((label,), word="no row of any weight")
    points += [] if base is None else [Point(_BASE, base)]
    return Row((label,), tuple(points))


def conventions(record: Record) -> Dots:
    """Return the mean loss by each convention."""
    rows, unit, known = [], record["unit"], []
    for item in record["conventions"]:
        mean = number(item["mean_loss"])
        if mean is None and item["n_clipped"] is not None:
            mean = math.inf
        if mean is None:
            rows.append(Row((item["name"],), word="takes labels 0 and 1 alone"))
            continue
        known.append(mean)
        text = "infinite" if math.isinf(mean) else figure(mean)
        rows.append(Row((f"{item['name']}: {text}",), (Point(_RULE, mean),)))
    finite = [mean for mean in known if not math.isinf(mean)]
    title = f"Every convention: {_mean_text(record)} {unit} a row"
    if len(finite) < len(known):
        title = f"The exact mean is infinite; others: {_range(finite)} {unit} a row"
    elif finite and figure(min(finite), DIGITS) != figure(max(finite), DIGITS):
        title = f"The exact mean is {_mean_text(record)}; all: {_range(finite)} {unit} a row"
    return Dots(
        title=title,
        x_name=f"mean loss, {unit} a row",
        y_name="convention",
        rows=rows,
        line=None if _all_rows(record) is None else (record["mean_loss"], "exact"),
        n_rows=len(rows),
        rest=lambda places: f"{count(len(rows) - len(places))} more",
    )


def _range(values: Sequence[float]) -> str:
    if not values:
        return "none"
    return f"{figure(min(values), DIGITS)} to {figure(max(values), DIGITS)}"


def worst_rows(record: Record, named: Named) -> Dots:
    """Return the losses of the rows that cost most."""
    worst, unit = record["worst_rows"], record["unit"]
    shown = worst[:MOST_ROWS]
    shares = [number(row["share_of_total"]) for row in worst]
    ids = named([str(row.get("id") or "") for row in shown])
    known = [share for share in shares if share is not None]
    cost = f"{percent(math.fsum(known))} of the loss" if known else "an infinite loss"
    which = "The row that costs most" if len(worst) == 1 else f"The {len(worst)} costliest rows"
    return Dots(
        title=f"{which} of {count(record['n'])}: {cost}",
        x_name=f"loss, {unit}",
        y_name=f"row{' (share of the loss)' * bool(known)}",
        rows=[_worst_row(row, name) for row, name in zip(shown, ids, strict=True)],
        line=_all_rows(record),
        n_rows=len(worst),
        rest=lambda places: f"{count(len(worst) - len(places))} more",
    )


def _worst_row(row: Record, shown_id: str) -> Row:
    loss, share = number(row["loss"]), number(row["share_of_total"])
    name = f"row {count(row['row'])}" + f", {shown_id}" * bool(row.get("id"))
    said = f"label {figure(row['label'], DIGITS)}, prediction {figure(row['prediction'], DIGITS)}"
    label = name if share is None else f"{name} ({percent(share)})"
    return Row((label, said), (Point(_ROW, math.inf if loss is None else loss),))
