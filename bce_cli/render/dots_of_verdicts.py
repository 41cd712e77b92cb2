"""What `bce compare`, `recalibrate` and `check` found, as rows of points beside 0 or a limit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, TypeAlias

from bce_cli.core.inference import level_of
from bce_cli.errors import safe_text
from bce_cli.render.check import MEASURES
from bce_cli.render.dots import (
    BLUE,
    DIGITS,
    GREY,
    MOST_ROWS,
    ORANGE,
    TITLE_NAME,
    Dots,
    Mark,
    Point,
    Row,
    number,
)
from bce_cli.render.layout import count, figure, how_many, interval_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bce_cli.render.dots import Named, Record

Told: TypeAlias = Literal["better", "worse", "equivalent", "the same", "cannot be told"]

_MOST_DIGITS = 17
_BOTH = 2
_KINDS: dict[Told, Mark] = {
    "better": Mark("better", "o", BLUE),
    "worse": Mark("worse", "X", ORANGE, size=7.0),
    "equivalent": Mark("equivalent", "o", GREY),
    "the same": Mark("the same", "s", GREY, is_filled=False),
    "cannot be told": Mark("cannot be told", "D", GREY, is_filled=False),
}
_VERDICTS = {
    "passed": Mark("passed", "o", BLUE),
    "failed": Mark("FAILED", "X", ORANGE, size=7.0),
    "undecided": Mark("undecided", "D", GREY, is_filled=False),
}
_OF_LOSSES = ("max_loss", "max_miscalibration", "baseline", "against")
_MEASURES: dict[str, str] = {
    **MEASURES,
    "baseline": "mean loss above baseline",
    "against": "mean loss above the other model",
}


def differences(record: Record, named: Named) -> Dots:
    """Return how much more each model costs than the baseline."""
    items, unit = record["comparisons"], record["unit"]
    told = [_told(item, record["confidence"]) for item in items]
    shown = items[:MOST_ROWS]
    names = named([item["model"] for item in shown])
    best = _best(record)
    rows = [
        Row(
            (f"{name}: {word}{best.get(item['model'], '')}", *_infinite_words(item)),
            (*_difference_points(item, word),),
        )
        for name, item, word in zip(names, shown, told, strict=False)
    ]
    baseline = safe_text(record["baseline"], TITLE_NAME)
    level = f"{100.0 * record['confidence']:g} % intervals"
    return Dots(
        title=_difference_title(record, told, f"{baseline}{best.get(record['baseline'], '')}"),
        x_name=f"mean loss minus that of {baseline}, {unit} a row ({level})",
        y_name="",
        rows=rows,
        line=(0.0, "no difference"),
        n_rows=len(items),
        rest=lambda places: f"{count(len(items) - len(places))} more",
    )


def maps(record: Record) -> Dots:
    """Return how much more each map costs rows it has not seen than predictions as they are."""
    recommended, unit = record["recommended"], record["unit"]
    methods = [item for item in record["methods"] if item["method"] != "as-is"]
    rows = [_map_row(item, recommended) for item in methods]
    kept = [at for at, item in enumerate(methods) if item["method"] == recommended]
    level = f"{100.0 * record['confidence']:g} % intervals"
    title = "Leave predictions as they are"
    if recommended != "as-is":
        found = next(item for item in record["methods"] if item["method"] == recommended)
        size = number(found["difference"])
        title = f"{recommended}: infinitely better than predictions as they are"
        if size is not None and math.isfinite(size):
            word: Told = "better" if size < 0.0 else "worse"
            title = f"{recommended}{_sizes(found, word, 'predictions as they are', unit)}"
    return Dots(
        title=title,
        x_name=f"mean loss on rows it has not seen minus that as it is, {unit} a row ({level})",
        y_name="",
        rows=rows or [Row(("as-is",), word="no other map was looked at")],
        line=(0.0, "no difference"),
        n_rows=len(rows),
        rest=lambda places: f"{count(len(rows) - len(places))} more",
        kept=kept[0] if kept else 0,
    )


def _map_row(item: Record, recommended: str) -> Row:
    name = item["method"] + " (recommended)" * (item["method"] == recommended)
    if item["cross_fitted_loss"] is None:
        return Row((name,), word="not judged")
    low, high = number(item["ci_low"]), number(item["ci_high"])
    value = number(item["difference"])
    word: Told = "cannot be told"
    if value is None or math.isinf(value):  # null stands for that, as predictions cost infinity
        value, word = -math.inf, "better"
    elif low is not None and high is not None and not low <= 0.0 <= high:
        word = "better" if high < 0.0 else "worse"
    return Row((f"{name}: {word}",), (Point(_KINDS[word], value, low, high),))


def checks(record: Record) -> Dots:
    """Return each value, on the side of its limit that it is on."""
    checks, verdict = record["checks"], record["verdict"]
    return Dots(
        title=_check_title(record),
        x_name="each check on a scale of its own"
        + (f", with {interval_title(_confidence(record))}s" if record["confident"] else ""),
        y_name="",
        rows=[_check_row(check, record["unit"]) for check in checks],
        line=(0.0, "limit"),
        n_rows=len(checks),
        rest=lambda places: f"{count(len(checks) - len(places))} more",
        kept=[check["verdict"] for check in checks].index(verdict),
        ticks=("breaks it", "limit", "keeps it"),
    )


def _best(record: Record) -> dict[str, str]:
    """Say of several models which has the lowest loss, and which cannot be told from that."""
    models = record["models"]
    if len(models) == _BOTH:  # for two, the word says it
        return {}
    words = {True: " (best)", False: " (may be best)"}
    return {
        model["name"]: words[model["is_best"]]
        for model in models
        if model.get("told_from_best") is False
    }


def _found(item: Record) -> Record:
    """Return the figures of a difference over the rows on which it is finite."""
    return item if item["infinite"] is None else item["finite"]


def _told(item: Record, confidence: float) -> Told:
    """Say what the table's verdict says, in a word."""
    if item["infinite"] is not None:
        words: dict[str, Told] = {"baseline": "better", "model": "worse"}
        return words.get(item["infinite"], "cannot be told")
    value, t, p = (number(item[name]) for name in ("difference", "t", "p_adjusted"))
    if value is None or number(item["ci_low"]) is None:
        return "cannot be told"
    if item.get("verdict") == "equivalent":
        return "equivalent"
    if value == 0.0 and t is None:
        return "the same"
    if t is not None and (p is None or p > level_of(confidence)):
        return "cannot be told"
    return "better" if value < 0.0 else "worse"


def _difference_points(item: Record, word: Told) -> Iterator[Point]:
    found, mark = _found(item), _KINDS[word]
    low, high = number(found["ci_low"]), number(found["ci_high"])
    if item["infinite"] is None:
        value = number(found["difference"])
        if value is not None:
            yield Point(mark, value, low, high)
        return
    if item["infinite"] != "both":
        yield Point(mark, -math.inf if word == "better" else math.inf)
    value = number(found["difference"])
    if value is not None:
        yield Point(Mark("over rows of finite loss", "x", BLUE), value, low, high)


def _infinite_words(item: Record) -> tuple[str, ...]:
    words = {
        "baseline": ("the baseline's loss is infinite",),
        "model": ("its loss is infinite",),
        "both": ("both losses are infinite",),
    }
    return words.get(item["infinite"], ())


def _difference_title(record: Record, told: Sequence[Told], baseline: str) -> str:
    items, unit = record["comparisons"], record["unit"]
    if len(items) > 1:
        words = [word for word in _KINDS if word in told]
        counts = ", ".join(f"{told.count(word)} {word}" for word in words)
        return f"{how_many(len(items), 'model')} beside {baseline}: {counts}"
    (item,), (word,) = items, told
    model = safe_text(item["model"], TITLE_NAME)
    if item["infinite"] == "both":
        return f"The losses of {model} and {baseline} are both infinite"
    if item["infinite"] is not None:
        return f"{model}: infinitely {word} than {baseline}"
    if word == "the same":
        return f"{model} and {baseline} cost the same"
    return f"{model}{_sizes(item, word, baseline, unit)}"


def _sizes(item: Record, word: Told, baseline: str, unit: str) -> str:
    """Say how much better or worse a model is."""
    value, low, high = (number(item[name]) for name in ("difference", "ci_low", "ci_high"))
    if value is None or low is None or high is None:
        return f": no difference from {baseline} can be told"
    if word == "equivalent":
        ends = f"{figure(value, DIGITS)} [{figure(low, DIGITS)}, {figure(high, DIGITS)}]"
        return f" and {baseline} are equivalent, {ends} {unit} a row"
    if word == "cannot be told":
        ends = f"{figure(value, DIGITS)} [{figure(low, DIGITS)}, {figure(high, DIGITS)}]"
        return f": no difference from {baseline} can be told, {ends} {unit} a row"
    sizes = sorted(map(abs, (low, high)))
    ends = ", ".join(figure(size, DIGITS) for size in sizes)
    return f": {figure(abs(value), DIGITS)} {unit} a row {word} than {baseline} [{ends}]"


def _confidence(record: Record) -> float:
    """Return that of intervals; older versions do not tell it."""
    return float(record.get("confidence") or 0.95)


def _check_title(record: Record) -> str:
    checks, verdict = record["checks"], record["verdict"]
    if verdict == "passed":
        return f"Passed: {how_many(len(checks), 'check')}"
    names = [_MEASURES[check["name"]] for check in checks if check["verdict"] == verdict]
    return f"{_VERDICTS[verdict].meaning.capitalize()}: {', '.join(names)}"


def _check_row(check: Record, unit: str) -> Row:
    """Place a value by how far it is on the good side of its limit, from -1 to 1."""
    name, limit, value = check["name"], float(check["limit"]), number(check["value"])
    is_least = name.startswith("min_")
    mark = _VERDICTS[check["verdict"]]
    said = f"{_MEASURES[name]}: {mark.meaning}"
    if value is None and not is_least:
        value = math.inf
        if name == "against" and check["verdict"] == "passed":
            value = -math.inf  # the other model's loss is infinite
    low, high = number(check["ci_low"]), number(check["ci_high"])
    known = [number for number in (value, low, high) if number is not None]
    digits = _digits(limit, known)

    def shown(number: float) -> str:
        if math.isinf(number):
            return "infinite"
        return count(int(number)) if name == "min_rows" else figure(number, digits)

    found = "undefined" if value is None else shown(value)
    if low is not None and high is not None:
        found += f" [{shown(low)}, {shown(high)}]"
    units = f" {unit}" if name in _OF_LOSSES else ""
    bound = f"at {'least' if is_least else 'most'} {shown(limit)}{units}"
    if value is None:
        return Row((said, found, bound), word="undefined")
    scale = max((abs(number - limit) for number in known if not math.isinf(number)), default=0.0)
    sign = (1.0 if is_least else -1.0) / (scale or 1.0)
    place, *ends = ((number - limit) * sign for number in known)
    interval = sorted(ends) if len(ends) == _BOTH else (None, None)
    return Row((said, found, bound), (Point(mark, place, *interval),))


def _digits(limit: float, values: Sequence[float]) -> int:
    """Return how many digits tell values from a limit."""
    others = [value for value in values if value != limit]
    for digits in range(DIGITS, _MOST_DIGITS):
        if all(figure(value, digits) != figure(limit, digits) for value in others):
            return digits
    return _MOST_DIGITS
