"""The steps of the derivation, each as a page: tables, curves, and what was just seen."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from bce_cli.core.report import loss_report
from bce_cli.core.totals import LossTotals
from bce_cli.render.drawing import (
    Chapter,
    Curve,
    Series,
    draw_curve,
    plot_chapters,
    rows_and_mean,
)
from bce_cli.render.layout import (
    Column,
    Section,
    count,
    figure,
    formula,
    how_many,
    power_of_ten,
    table,
    with_gaps,
)
from bce_cli.render.origin import stuck_notes
from bce_cli.render.write import finite, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bce_cli.core.derivation import (
        BernoulliStep,
        GradientPoint,
        GradientStep,
        LogarithmStep,
        ManyTrialsStep,
        MonotoneStep,
        NegativeLogStep,
        ScalingStep,
        SingleTrialStep,
        Trial,
        UnderflowProduct,
        UnderflowStep,
    )
    from bce_cli.core.likelihood import ExampleRow
    from bce_cli.core.rows import Rows
    from bce_cli.render.layout import Look, TableColumn, Texts

_EVERY = 10
_ABOUT = "The steps of bce demo that have curves, each with the rows it is shown on."
_ONE_MAXIMUM = "So does every sum of logs, which has one maximum to climb to."
_ONE_MINIMUM = "So the negative has one minimum there, and descending is what optimisers do."
_FEW_ROWS = 12
_FEWEST_POINTS = 3
_POINTS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
_ITERATIONS = {0, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000}


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
        """Return its formulas and conclusions: no tables, no curves, no section of nothing else."""
        bare = (replace(section, columns=(), rows=(), marked=()) for section in self.sections)
        return StepPage(tuple(s for s in bare if s.formulas or s.notes), self.seen)


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


def write_steps(steps: Sequence[tuple[str, Any]], *, brief: bool = False) -> str:
    """Write one object for one step, an array of objects for several, in JSON.

    A number that is infinite or undefined is null. One that is too small for float64, which only
    longdouble can hold, is a string of its digits.

    Parameters
    ----------
    steps : sequence of (name, dataclass)
    brief : bool, default False
        Whether to leave out all that is a list.
    """
    records = [{"step": name, **asdict(step)} for name, step in steps]
    if brief:
        records = [
            {key: value for key, value in record.items() if not isinstance(value, list | tuple)}
            for record in records
        ]
    return write_json(records if len(records) > 1 else records[0], _plain)


def _plain(value: Any) -> Any:  # noqa: ANN401 -- any field of a step
    if not isinstance(value, np.longdouble):
        return finite(value)
    fits = value == 0 or abs(value) >= np.finfo(float).tiny
    return finite(float(value)) if fits else str(value)


def bernoulli_page(step: BernoulliStep, _look: Look) -> StepPage:
    """Show one trial in one expression."""
    columns, rows = table(
        step.grid,
        ("p", lambda t: figure(t.p)),
        ("y = 1", lambda t: figure(t.likelihood_of_1)),
        ("y = 0", lambda t: figure(t.likelihood_of_0)),
    )
    grid = Section(
        "One Bernoulli trial: the probability p gives to what happened",
        columns,
        rows=(*rows, ("best p", figure(step.best_p_for_1), figure(step.best_p_for_0))),
        formulas=(
            "P(y) = p^y (1−p)^(1−y)",
            "y = 1:  p¹ · (1−p)⁰ = p        greatest at p = 1",
            "y = 0:  p⁰ · (1−p)¹ = 1 − p    greatest at p = 0",
        ),
        marked=(len(rows),),
    )
    trials = table(step.trials, *_TRIAL_COLUMNS)
    return StepPage(
        (grid, Section("The same expression on rows", *trials)),
        "One expression holds both cases, since the exponent switches the other factor off.",
    )


def single_trial_page(step: SingleTrialStep, _look: Look) -> StepPage:
    """Show the loss of one row."""
    section = Section(
        "The logarithm of one trial, and its negative",
        *table(
            step.trials,
            *_TRIAL_COLUMNS,
            ("its log", lambda t: figure(t.log_likelihood, 5)),
            ("y log p", lambda t: figure(t.label_times_log_p, 5)),
            ("(1−y) log(1−p)", lambda t: figure(t.other_times_log_other, 5)),
            ("loss", lambda t: figure(t.loss, 5)),
        ),
        formulas=(
            "P     = p^y (1−p)^(1−y)",
            "log P = log(p^y) + log((1−p)^(1−y))   product rule",
            "      = y log p + (1−y) log(1−p)      power rule",
            "loss  = −[y log p + (1−y) log(1−p)]   to be minimised",
        ),
    )
    return StepPage(
        (section,),
        "A row costs the negative logarithm of the probability it gave to what happened.",
    )


_TRIAL_COLUMNS: tuple[TableColumn[Trial], ...] = (
    ("row", lambda trial: str(trial.row)),
    ("y", lambda trial: str(trial.label)),
    ("p", lambda trial: figure(trial.p, 5)),
    ("p^y (1−p)^(1−y)", lambda trial: figure(trial.likelihood, 5)),
)


def likelihood_page(step: ManyTrialsStep, look: Look) -> StepPage:
    """Show the running product."""
    size = power_of_ten(step.log10_likelihood, look)
    section = Section(
        "Independent trials multiply: the likelihood of all labels",
        *_many_trials(step, ("factor", lambda row: figure(row.likelihood, 5)), _PRODUCT),
        formulas=("L = ∏ pᵢ^yᵢ (1−pᵢ)^(1−yᵢ)   over rows i = 1 … n",),
        notes=(f"The likelihood of all {count(step.n)} labels is {size}.",),
    )
    return StepPage((section,), "Each factor is at most 1, so the product can only shrink.")


def many_trials_page(step: ManyTrialsStep, _look: Look) -> StepPage:
    """Show that the logarithm turns the product into a sum."""
    section = Section(
        "Many trials: the logarithm turns the product into a sum",
        *_many_trials(step, *_SUM),
        formulas=(
            "log L = log ∏ pᵢ^yᵢ (1−pᵢ)^(1−yᵢ)",
            "      = Σ [yᵢ log pᵢ + (1−yᵢ) log(1−pᵢ)]",
            "NLL   = −log L = Σ lossᵢ",
        ),
        notes=(f"Negative log-likelihood: {figure(step.negative_log_likelihood)} nats.",),
    )
    seen = "The sum of losses says what the product said, and does not underflow."
    return StepPage((section,), seen)


def derivation_page(step: ManyTrialsStep, _look: Look) -> StepPage:
    """Show all of it on one page, ending in the binary cross-entropy."""
    mean = f"{step.negative_log_likelihood!r} / {step.n} = {step.mean_loss!r} nats"
    section = Section(
        "Binary cross-entropy, from the likelihood",
        *_many_trials(step, *_SUM),
        formulas=(
            "one trial  P(yᵢ) = pᵢ^yᵢ (1−pᵢ)^(1−yᵢ)",
            "n trials   L     = ∏ pᵢ^yᵢ (1−pᵢ)^(1−yᵢ)",
            "logarithm  log L = Σ [yᵢ log pᵢ + (1−yᵢ) log(1−pᵢ)]",
            "negative   NLL   = −log L",
            "mean       BCE   = NLL / n",
            "",
            "BCE = −1/n Σ [yᵢ log pᵢ + (1−yᵢ) log(1−pᵢ)]",
        ),
        notes=(
            _WHY_EACH_LINE,
            f"BCE = {mean}, to the last bit what bce compute prints.",
        ),
    )
    seen = "Maximising the likelihood and minimising this mean are the same thing."
    return StepPage((section,), seen)


_WHY_EACH_LINE = (
    "Why each line may follow the one above it: independent trials multiply; the logarithm rises "
    "everywhere, so it keeps the place of the maximum, and it turns the product into a sum; a "
    "negative turns a maximum into a minimum; the positive factor 1/n moves no minimum."
)
_PRODUCT: TableColumn[ExampleRow] = (
    "product so far",
    lambda row: figure(row.running_product, 5),
)
_SUM: tuple[TableColumn[ExampleRow], ...] = (
    ("loss", lambda row: figure(row.loss, 5)),
    _PRODUCT,
    ("NLL so far", lambda row: figure(0.0 - row.running_log_likelihood)),
)


def _many_trials(
    step: ManyTrialsStep, *more: TableColumn[ExampleRow]
) -> tuple[tuple[Column, ...], tuple[Texts, ...]]:
    """Return a table of the rows that are shown, with gaps where others are left out."""
    columns, rows = table(
        step.rows,
        ("row", lambda row: count(row.row)),
        ("y", lambda row: str(row.label)),
        ("p", lambda row: figure(row.prediction, 5)),
        *more,
    )
    return columns, tuple(with_gaps((row.row for row in step.rows), rows, "⋮"))


def monotone_page(step: MonotoneStep, _look: Look) -> StepPage:
    """Show that the logarithm keeps the place of a maximum."""
    order = Section(
        "The logarithm is monotone: the greater number has the greater logarithm",
        *table(
            step.order,
            ("x", lambda point: figure(point.x)),
            ("log x", lambda point: figure(point.log_x, 5)),
            ("slope 1/x", lambda point: figure(point.slope, 4)),
        ),
        formulas=("0 < a < b   means   log a < log b", "slope of log x: 1/x, above 0 everywhere"),
    )
    first = "first row" if step.n == 1 else f"first {step.n} rows"
    rises, falls = count(step.n_both_rise), count(step.n_both_fall)
    columns, rows = table(
        step.points[_EVERY - 1 :: _EVERY],
        ("constant q", lambda point: figure(point.q)),
        ("likelihood L", lambda point: figure(point.likelihood)),
        ("log L", lambda point: figure(point.log_likelihood)),
    )
    best = figure(step.best_q_of_likelihood), figure(step.best_q_of_log)
    on_grid = (
        f"As q goes up by 0.001 at a time, both rise {rises} times and both fall {falls} times; "
        f"one without the other rises {'never' if step.n_differ == 0 else count(step.n_differ)}."
    )
    maximum = Section(
        "So the likelihood and its logarithm are greatest at the same place",
        columns,
        rows=(*rows, ("greatest at q", *best)),
        formulas=(f"L(q) = q^{step.n_positive} (1−q)^{step.n - step.n_positive}",),
        notes=(f"L is the likelihood of the {first}, were each predicted with q. {on_grid}",),
        marked=(len(rows),),
    )
    likelihood, logarithm = _series(
        step.points, "q", {"L": "likelihood", "log L": "log_likelihood"}
    )
    height = "Its logarithm: another height, the same place"
    return StepPage(
        (order, maximum),
        f"Both are greatest at q = {best[0]}: the logarithm changes how high the likelihood is, "
        "not where it is highest, so what maximises the one maximises the other.",
        (
            Curve("The likelihood", "constant q", "L", (likelihood,), step.best_q_of_likelihood),
            Curve(height, "constant q", "log L, nats", (logarithm,), step.best_q_of_log),
        ),
    )


def logarithm_page(step: LogarithmStep, _look: Look) -> StepPage:
    """Show the power rule and the product rule on numbers."""
    power = Section(
        "Power rule: an exponent becomes a factor",
        *table(
            step.power_rule,
            ("p", lambda r: figure(r.p)),
            ("y", lambda r: str(r.y)),
            ("log(p^y)", lambda r: figure(r.log_of_power, 10)),
            ("y log p", lambda r: figure(r.y_times_log, 10)),
        ),
        formulas=("log(p^y) = y log p",),
    )
    product = Section(
        "Product rule: the log of a product is the sum of the logs",
        *table(
            step.product_rule,
            ("rows", lambda r: count(r.n)),
            ("product", lambda r: figure(r.product, 5)),
            ("log of product", lambda r: figure(r.log_of_product, 10)),
            ("sum of logs", lambda r: figure(r.sum_of_logs, 10)),
            ("difference", lambda r: figure(r.difference, 2)),
        ),
        formulas=("log(a · b) = log a + log b", "log ∏ aᵢ    = Σ log aᵢ"),
    )
    return StepPage(
        (power, product),
        "Both sides agree to the last digits, as long as the product itself can be held.",
    )


def underflow_page(step: UnderflowStep, look: Look) -> StepPage:
    """Show the raw product beside the sum of logarithms."""
    columns, rows = table(
        step.steps,
        (Column("computed in", is_text=True), lambda p: p.dtype),
        # the natural logarithm serves the types that Python's float cannot hold
        ("likelihood", lambda p: power_of_ten(p.log_of_product / math.log(10.0), look)),
        ("its log", lambda p: figure(p.log_of_product)),
        ("subnormal at", lambda p: count(p.subnormal_row)),
        ("0 at row", lambda p: count(p.zero_row)),
        ("due at row", lambda p: count(p.true_row)),
    )
    size, log = power_of_ten(step.log10_likelihood, look), figure(step.log_likelihood)
    limits = ", ".join(
        f"{p.dtype} {power_of_ten(_log10(p.smallest_subnormal), look)}" for p in step.steps
    )
    due = "due: where the exact likelihood falls to half of the smallest number above 0, which is"
    section = Section(
        f"The likelihood of {how_many(step.n, 'label')}, multiplied out and summed up",
        columns,
        rows=(*rows, ("sum of logs", size, log, "never", "never", "")),
        formulas=("∏ aᵢ      leaves the range of the float type", "Σ log aᵢ  does not"),
        notes=(f"{due} {limits}.", *stuck_notes("The product in {}", step.steps)),
        marked=(len(rows),),
    )
    mean = figure(step.mean_loss)
    seen = f"log(0) is -inf, while the sum still gives the mean loss, {mean} nats per row."
    if math.isinf(step.log_likelihood):
        seen = "A label was given probability 0, so the likelihood is 0 in truth as well."
    elif all(p.zero_row is None for p in step.steps):
        seen = "No product became 0: there are too few rows, or each is predicted too well."
    lost = _lost_section(step, look)
    return StepPage((section, *lost), seen, _underflow_curves(step))


def _lost_section(step: UnderflowStep, look: Look) -> tuple[Section, ...]:
    """Say why products are not lost at the row where they are due."""
    odd = [p for p in step.steps if p.true_row is not None and p.zero_row != p.true_row]
    if not odd:
        return ()
    first, dtype = odd[0], odd[0].dtype
    ends = {first.held_row, first.true_row, first.zero_row}
    shown = [row for row in step.lost_rows if row.row in ends or len(step.lost_rows) <= _FEW_ROWS]
    shown = shown or list(step.lost_rows)
    columns, cells = table(
        shown,
        ("row", lambda row: count(row.row)),
        ("factor", lambda row: figure(row.factor, 4)),
        ("likelihood, steps", lambda row: figure(row.true_steps, 3)),
        (f"{dtype}, steps", lambda row: figure(row.product_steps)),
    )
    unit = power_of_ten(_log10(first.smallest_subnormal), look)
    lost = "never lost" if first.zero_row is None else f"lost at row {count(first.zero_row)}"
    near = (
        f"So near to 0, numbers in {dtype} are whole steps of {unit}, and each product is rounded "
        "to the nearest."
    )
    section = Section(
        f"Why the product in {dtype} is {lost}, though due at {count(first.true_row)}",
        columns,
        tuple(with_gaps((row.row for row in shown), cells, "⋮")),
        notes=(
            f"{near} {_why_not_when_due(first)}",
            *(f"{p.dtype} likewise. {_why_not_when_due(p)}" for p in odd[1:]),
        ),
        marked=[index for index, row in enumerate(shown) if row.row == first.true_row],
    )
    return (section,)


def _why_not_when_due(product: UnderflowProduct) -> str:
    """Say where the roundings of a product near 0 have led to."""
    if product.held_at is None:
        return ""
    n_steps = float(product.held_at / product.smallest_subnormal)
    steps = f"{figure(n_steps)} {'step' if n_steps == 1.0 else 'steps'}"
    held = f"From row {count(product.held_row)} on it is {steps}"
    keeps = f"a factor above {figure(1.0 - 0.5 / n_steps)} rounds back to that"
    if product.zero_row is None or product.last_factor is None:
        return f"{held}, and {keeps}; none that follows is less."
    factor = float(product.last_factor)
    left = f"{figure(n_steps * factor, 3)} of a step"
    end = f"row {count(product.zero_row)} has the factor {figure(factor, 4)}"
    if product.true_row is None or product.zero_row < product.true_row:
        return f"{held}, rounded down from more; {end}, and {left} rounds to 0."
    return f"{held}, and {keeps}; {end}, and {left} rounds to 0."


def _underflow_curves(step: UnderflowStep) -> tuple[Curve, ...]:
    lowest = step.path_log10[-1]
    if step.n == 1 or math.isinf(lowest) or lowest == 0.0:
        return ()
    rows = tuple(float(row) for row in step.path_rows)
    ends = ((f"{p.dtype} ends", _log10(p.smallest_subnormal)) for p in step.steps)
    floors = [Series(name, (rows[0], rows[-1]), (y, y)) for name, y in ends if y > lowest]
    path = Series("sum of logs", rows, step.path_log10)
    title = "Where the likelihood crosses the end of each float type"
    crossed = Curve(title, "row", "log10 of the likelihood", (*floors, path))
    if len(step.lost_rows) < _FEWEST_POINTS:
        return (crossed,)
    names = {"likelihood": "true_steps", f"product in {step.lost_dtype}": "product_steps"}
    lost = Curve(
        f"Near the end of {step.lost_dtype}: roundings hold the product up",
        "row",
        "smallest steps above 0",
        _series(step.lost_rows, "row", names),
    )
    return crossed, lost


def _log10(value: float) -> float:
    return float(np.log10(value))  # a longdouble may be too small for math.log10


def negative_log_page(step: NegativeLogStep, _look: Look) -> StepPage:
    """Show the curves, their slopes, and a descent."""
    yes = {True: "yes", False: "no"}
    values = Section(
        "Logarithms are concave, their negatives convex",
        *table(
            [t for t in step.points if t.p in _POINTS],
            ("p", lambda t: figure(t.p)),
            ("log p", lambda t: figure(t.log_p, 5)),
            ("slope", lambda t: figure(t.slope_log_p, 4)),
            ("log(1−p)", lambda t: figure(t.log_other, 5)),
            ("slope", lambda t: figure(t.slope_log_other, 4)),
            ("−log p", lambda t: figure(t.loss_of_1, 5)),
            ("slope", lambda t: figure(t.slope_loss_of_1, 4)),
        ),
        formulas=("slope of log p: 1/p        slope of −log p: −1/p",),
        notes=(
            f"log bends down (concave: {yes[step.log_is_concave]}). {_ONE_MAXIMUM}",
            f"−log bends up (convex: {yes[step.negative_is_convex]}). {_ONE_MINIMUM}",
        ),
    )
    end = step.iterates[-1]
    descent = Section(
        "Gradient descent on one constant prediction",
        *table(
            # the first iterates, then ever fewer of them, and the last
            [t for t in step.iterates if t.iteration in {*_ITERATIONS, end.iteration}],
            ("iteration", lambda t: count(t.iteration)),
            ("prediction q", lambda t: figure(t.prediction, 9)),
            ("mean loss", lambda t: figure(t.mean_loss, 9)),
            ("slope", lambda t: figure(t.slope, 3)),
        ),
        formulas=(
            "mean loss at q: −[π log q + (1−π) log(1−q)]",
            "slope there:    (q − π) / (q (1−q))",
            f"each iteration: q → q − {figure(step.rate)} · slope",
            f"base rate:      π = {figure(step.base_rate)}",
        ),
    )
    seen = (
        f"Minimising the negative log leads from 0.5 to {figure(end.prediction)} "
        f"in {count(end.iteration)} iterations: the base rate."
    )
    lines = {"log p": "log_p", "log(1−p)": "log_other"}
    negatives = {"−log p": "loss_of_1", "−log(1−p)": "loss_of_0"}
    concave, convex = (_series(step.points, "p", names) for names in (lines, negatives))
    curves = (
        Curve("Concave: the logarithm, to be maximised", "p", "nats", concave),
        Curve("Convex: the negative logarithm, to be minimised", "p", "nats", convex),
    )
    return StepPage((values, descent), seen, curves)


def _series(points: Sequence[Any], x: str, names: dict[str, str]) -> tuple[Series, ...]:
    """Return series by their names, each through the values of one attribute of the points."""
    xs = tuple(getattr(point, x) for point in points)
    return tuple(
        Series(name, xs, tuple(getattr(point, y) for point in points)) for name, y in names.items()
    )


def scaling_page(step: ScalingStep, _look: Look) -> StepPage:
    """Show that a factor moves no minimum."""
    k = figure(step.k)
    share = f"{count(step.n_positive)} / {count(step.n)} = {figure(step.base_rate)}"
    squares = zip(step.x, step.squares, step.scaled_squares, strict=True)
    columns, rows = _figures(("x", "x²", "k x²"), list(squares)[::_EVERY])
    ends = figure(step.minimum_of_squares), figure(step.minimum_of_scaled)
    parabola = Section(
        "A positive factor stretches a curve and leaves its minimum where it is",
        columns,
        rows=(*rows, ("least at x", *ends)),
        formulas=(f"y = x²   and   y = k x²   with k = {k}",),
        marked=(len(rows),),
    )
    sums = zip(step.predictions, step.sums, step.means, strict=True)
    names = ("constant q", "NLL", "NLL / n")
    columns, rows = _figures(names, list(sums)[_EVERY - 1 :: _EVERY])
    ends = figure(step.minimum_of_sum), figure(step.minimum_of_mean)
    loss = Section(
        f"So dividing the negative log-likelihood by n = {count(step.n)} moves nothing",
        columns,
        rows=(*rows, ("least at q", *ends)),
        formulas=(
            "slope of the sum at q: n (q − π) / (q (1−q))",
            "which is 0 at q = π, whatever n is",
        ),
        notes=(f"By hand, the base rate: {share}. The grid steps by 0.001.",),
        marked=(len(rows),),
    )
    of_sum = "The same for the negative log-likelihood"
    parabolas = (
        Series("x²", step.x, step.squares),
        Series("k x²", step.x, step.scaled_squares),
    )
    losses = (
        Series("NLL", step.predictions, step.sums),
        Series("NLL / n", step.predictions, step.means),
    )
    return StepPage(
        (parabola, loss),
        "The mean has the same minimum as the sum, and can be compared between data sets.",
        (
            Curve("Same minimum, other height", "x", "y", parabolas, step.minimum_of_scaled),
            Curve(of_sum, "constant prediction q", "nats", losses, step.minimum_of_mean),
        ),
    )


def _figures(
    titles: Sequence[str], rows: Iterable[Sequence[float]]
) -> tuple[tuple[Column, ...], tuple[Texts, ...]]:
    """Return a table of nothing but numbers."""
    return tuple(map(Column, titles)), tuple(tuple(map(figure, row)) for row in rows)


def gradient_page(step: GradientStep, _look: Look) -> StepPage:
    """Show both gradients."""
    columns: tuple[TableColumn[GradientPoint], ...] = (
        ("y", lambda point: str(point.label)),
        ("logit z", lambda point: figure(point.logit, 5)),
        ("p = σ(z)", lambda point: figure(point.p, 5)),
        ("p − y", lambda point: figure(point.gradient)),
        ("measured", lambda point: figure(point.finite_difference)),
        ("squared error", lambda point: figure(point.squared_error_gradient)),
        ("measured", lambda point: figure(point.squared_error_finite_difference)),
    )
    grid = Section(
        "Through a sigmoid the gradient of the loss is p − y",
        *table(step.grid[::4], *columns),
        formulas=(
            "p = σ(z) = 1 / (1 + exp(−z))",
            "cross-entropy:  ∂loss/∂z = p − y",
            "squared error:  ∂(p−y)²/∂z = 2 (p−y) p (1−p)",
            "                which vanishes at both ends",
        ),
        notes=(f"measured: finite differences, within {figure(step.largest_error, 2)} of p − y.",),
    )
    trials = Section(
        "The same on rows",
        *table(step.trials, *columns),
        notes=(f"Mean of p − y over all rows: {figure(step.mean_gradient)}.",),
    )
    wrong = step.grid[0]
    entropy, squares = figure(wrong.gradient, 4), figure(wrong.squared_error_gradient, 2)
    seen = (
        f"A confident wrong answer (p = {figure(wrong.p, 2)}, y = 1) is pushed with {entropy} by "
        f"cross-entropy, with {squares} by squared error: one still learns, the other does not."
    )
    names = {"cross-entropy": "loss", "squared error": "squared_error"}
    losses = _series(step.grid, "logit", names)
    lines = {"cross-entropy": "gradient", "squared error": "squared_error_gradient"}
    slopes = _series(step.grid, "logit", lines)
    curves = (
        Curve("Losses for label 1: wrong on the left", "logit z", "loss", losses),
        Curve("Their gradients: what is learnt from", "logit z", "gradient", slopes),
    )
    return StepPage((grid, trials) if step.trials else (grid,), seen, curves)
