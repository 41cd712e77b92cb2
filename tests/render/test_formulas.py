"""Formulas: the same numbers as the map itself, in SQLite, DuckDB, Python and a table program."""

from __future__ import annotations

import math
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bce_cli.core.recalibration.maps import PARAMETERS, STEPPED, Points, RecalibrationMap
from bce_cli.errors import DataError
from bce_cli.render.formulas import FormulaLanguage, formula
from tests.budgets import examples

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bce_cli.core.rows import FloatArray

EPS = float(np.finfo(np.float64).eps)
LEVELS: dict[str, Any] = {"level_at_0": 0.001953125, "level_at_1": 0.99}
KNOTS = ((0.0, 0.01), (0.1, 0.01), (0.2, 0.3), (0.7, 0.3), (0.75, 0.8), (1.0, 0.95))
MAPS = (
    RecalibrationMap("as-is"),
    RecalibrationMap("offset", {"a": -0.3333333333333333}, **LEVELS),
    RecalibrationMap("temperature", {"temperature": 1.7}, **LEVELS),
    RecalibrationMap("temperature", {"temperature": -0.02}, **LEVELS),
    RecalibrationMap("logistic", {"a": 0.1, "b": 0.7}, **LEVELS),
    RecalibrationMap("logistic", {"a": -1e-5, "b": 40.0}, **LEVELS),
    RecalibrationMap("platt", {"a": -2.5, "b": -1.25}, **LEVELS),
    RecalibrationMap("beta", {"c": -0.25, "a": 1.1, "b": 0.0}, **LEVELS),
    RecalibrationMap("beta", {"c": 0.25, "a": 0.3, "b": 30.0}, **LEVELS),
    RecalibrationMap("isotonic", knots=KNOTS, n_blocks=4),
    RecalibrationMap("centred", knots=((0.25, 0.5), (0.75, 0.7)), n_blocks=2),
    RecalibrationMap("centred", knots=((0.5, 0.4),), n_blocks=1),
)
PROBABILITIES = np.array(
    [
        *(0.0, 5e-324, 1e-310, 1e-300, 1e-20, 1e-5, 0.05, 0.1, 0.10000000000000002, 0.15, 0.2),
        *(0.25, 0.3, 0.4999, 0.5, 0.6, 0.7, 0.72, 0.75, 0.9, 0.99999, 1 - 2**-53, 1.0),
    ]
)
LOGITS = np.array(
    [
        *(-math.inf, -1e306, -1e4, -745.0, -40.0, -3.25, -1.0, -1e-9, 0.0, 1e-300, 0.5, 2.0),
        *(36.0, 37.0, 700.0, 1e4, 1e306, math.inf),
    ]
)


def in_sqlite(expressions: Sequence[str], values: FloatArray) -> list[list[Any]]:
    with sqlite3.connect(":memory:") as database:
        if not _has_math(database):  # pragma: no cover -- as Python was compiled
            database.create_function("ln", 1, lambda x: math.log(x) if x > 0 else None)
            database.create_function("exp", 1, lambda x: float(np.exp(x)))
        database.execute('create table t (i integer, "p" real)')
        database.executemany("insert into t values (?, ?)", enumerate(values.tolist()))
        rows = database.execute(f"select {', '.join(expressions)} from t order by i").fetchall()  # noqa: S608
    database.close()
    return [list(column) for column in zip(*rows, strict=True)]


def _has_math(database: sqlite3.Connection) -> bool:
    try:
        database.execute("select ln(2.0), exp(1.0)")
    except sqlite3.OperationalError:
        return False
    return True


def in_duckdb(expressions: Sequence[str], values: FloatArray) -> list[list[Any]]:
    program = Path(sys.executable).with_name("duckdb")
    if not program.exists():
        pytest.skip("the program duckdb is not there")
    rows = ", ".join(f"({i}, '{value!r}'::double)" for i, value in enumerate(values.tolist()))
    columns = ", ".join(f"{text} as c{i}" for i, text in enumerate(expressions))
    query = f'select {columns} from (values {rows}) t(i, "p") order by i;'  # noqa: S608
    done = subprocess.run(
        [program, "-csv", "-noheader", "-no-init"],
        input=query.encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == b""
    lines = done.stdout.decode().split()
    table = [[_number(cell) for cell in line.split(",")] for line in lines]
    return [list(column) for column in zip(*table, strict=True)]


def _number(cell: str) -> float | None:
    return None if cell == "NULL" else float(cell)


def in_python(expressions: Sequence[str], values: FloatArray) -> list[list[Any]]:
    found = []
    for text in expressions:
        code = compile(text, "formula", "eval")
        found.append([eval(code, {"math": math, "p": p}) for p in values.tolist()])  # noqa: S307
    return found


def in_excel(expressions: Sequence[str], values: FloatArray) -> list[list[Any]]:
    """Evaluate what formulas use of a table program, where no step may overflow."""

    def lookup(value: float, starts: list[float], results: list[float] | None = None) -> float:
        place = max(i for i, start in enumerate(starts) if start <= value)
        return (results or starts)[place]

    def of(text: str, p: float) -> float | str:
        assert text.startswith("=")
        source = re.sub(r" = ", " == ", text[1:]).replace("[@p]", "p")
        source = _lazy(source.replace("{", "[").replace("}", "]"))
        known = {"p": p, "LOOKUP": lookup, "LN": math.log, "EXP": math.exp, "NA": lambda: "#N/A"}
        found = eval(source, known)  # noqa: S307
        return found if found == "#N/A" else float(found)

    return [[of(text, p) for p in values.tolist()] for text in expressions]


def _lazy(source: str) -> str:
    """Turn IF(a, b, c), which looks at one of the two, into what does so in Python."""
    start = source.find("IF(")
    if start < 0:
        return source
    depth, parts, at = 0, [""], start + 3
    while depth or source[at] != ")":
        sign = source[at]
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and not depth:
            parts.append("")
        else:
            parts[-1] += sign
        at += 1
    condition, then, otherwise = (_lazy(part) for part in parts)
    chosen = f"(({then}) if ({condition}) else ({otherwise}))"
    return f"{source[:start]}{chosen}{_lazy(source[at + 1 :])}"


def expected(found: RecalibrationMap, values: FloatArray, *, of_logits: bool) -> tuple[Any, ...]:
    """Return probabilities, log odds, and by how much rounding may change the latter."""
    points = Points.of_logits(values) if of_logits else Points.of(values)
    log_p, log_rest = points.log_p, points.log_rest
    at = found.parameters
    slope = abs(1.0 / at["temperature"]) if "temperature" in at else 0.0
    slope = max(slope, *(abs(at.get(name, 1.0)) for name in "ab"))
    with np.errstate(over="ignore", invalid="ignore"):
        size = abs(at.get("c", at.get("a", 0.0))) + slope * (np.abs(log_p) + np.abs(log_rest)) + 1.0
    if found.method in STEPPED:
        size = np.full(len(values), 64.0)  # levels are near neither 0 nor 1
    return found.probabilities_at(points), found.logits_at(points), 2.0 * EPS * size


def check(
    evaluate: Callable[..., list[list[Any]]],
    maps: Sequence[RecalibrationMap],
    values: FloatArray,
    *,
    language: FormulaLanguage,
    of_logits: bool,
) -> None:
    forms = [(found, as_logit) for found in maps for as_logit in (False, True)]
    texts = [
        formula(found, "p", language, of_logits=of_logits, as_logit=as_logit)
        for found, as_logit in forms
    ]
    for (found, as_logit), column in zip(forms, evaluate(texts, values), strict=True):
        probabilities, log_odds, margin = expected(found, values, of_logits=of_logits)
        wanted = log_odds if as_logit else probabilities
        if not as_logit:
            slope = probabilities * (1.0 - probabilities)
            margin = np.where(slope > 0.0, np.minimum(margin, 1.0) * slope, 0.0)
            margin += 4.0 * EPS * probabilities + 1e-320  # numbers of few digits
        same = np.array(column, np.float64)
        with np.errstate(invalid="ignore"):
            fine = (same == wanted) | (np.abs(same - wanted) <= margin)
        assert fine.all(), (found, as_logit, values[~fine], same[~fine], wanted[~fine])


@pytest.mark.parametrize("of_logits", [False, True])
@pytest.mark.parametrize(
    ("evaluate", "language"),
    [
        (in_sqlite, "sql"),
        (in_python, "python"),
        (in_excel, "excel"),
        pytest.param(in_duckdb, "sql", marks=pytest.mark.deep),
    ],
)
def test_a_formula_says_what_the_map_does(
    evaluate: Callable[..., list[list[Any]]], language: FormulaLanguage, *, of_logits: bool
) -> None:
    values = LOGITS if of_logits else PROBABILITIES
    if language == "excel" and of_logits:
        values = values[1:-1]  # there is no infinity
    maps = [found for found in MAPS if found.method != "as-is"]
    check(evaluate, maps, values, language=language, of_logits=of_logits)
    inner = values[(values > -1e300) & (values < 1e300)] if of_logits else values[1:-1]
    check(evaluate, MAPS[:1], inner, language=language, of_logits=of_logits)


@pytest.mark.parametrize(
    ("evaluate", "language", "ends"),
    [
        (in_sqlite, "sql", [None, None]),
        (in_python, "python", [-math.inf, math.inf]),
        (in_excel, "excel", ["#N/A", "#N/A"]),
        pytest.param(in_duckdb, "sql", [None, None], marks=pytest.mark.deep),
    ],
)
def test_log_odds_as_they_are_end_in_infinity(
    evaluate: Callable[..., list[list[Any]]], language: FormulaLanguage, ends: list[float | None]
) -> None:
    text = formula(RecalibrationMap("as-is"), "p", language, as_logit=True)
    assert evaluate([text], np.array([0.0, 0.5, 1.0])) == [[ends[0], 0.0, ends[1]]]


@pytest.mark.deep
@pytest.mark.parametrize("of_logits", [False, True])
@pytest.mark.parametrize(("evaluate", "language"), [(in_sqlite, "sql"), (in_python, "python")])
def test_thousands_of_knots_are_no_matter(
    evaluate: Callable[..., list[list[Any]]], language: FormulaLanguage, *, of_logits: bool
) -> None:
    places = np.arange(1000) / 1000
    levels = np.linspace(0.01, 0.99, 1000)
    knots = tuple(zip(places.tolist(), levels.tolist(), strict=True))
    many = RecalibrationMap("isotonic", knots=knots, n_blocks=1000)
    values = LOGITS if of_logits else PROBABILITIES
    check(evaluate, [many], values, language=language, of_logits=of_logits)


_numbers = st.floats(-30, 30)
_levels = st.floats(1e-6, 1 - 1e-6)


@st.composite
def any_map(draw: st.DrawFn) -> RecalibrationMap:
    method = draw(st.sampled_from([*PARAMETERS][1:]))
    if method in STEPPED:
        pairs = st.lists(st.tuples(st.floats(0, 1), _levels), min_size=1, max_size=90)
        drawn = draw(pairs)
        places = sorted({place for place, _ in drawn})
        levels = sorted(level for _, level in drawn[: len(places)])
        knots = tuple(zip(places, levels, strict=True))
        return RecalibrationMap(method, knots=knots, n_blocks=len(set(levels)))
    at = {name: draw(_numbers) for name in PARAMETERS[method]}
    if method == "beta":
        at |= {"a": abs(at["a"]), "b": abs(at["b"])}
    if method == "temperature":
        at = {"temperature": draw(st.floats(0.05, 20)) * draw(st.sampled_from([-1, 1]))}
    return RecalibrationMap(method, at, draw(_levels), draw(_levels))


@pytest.mark.deep
@given(found=any_map(), p=st.lists(st.floats(0, 1), min_size=1), of_logits=st.booleans())
@settings(max_examples=examples(300))
def test_any_map_has_a_formula(found: RecalibrationMap, p: list[float], *, of_logits: bool) -> None:
    values = np.array(p) if not of_logits else np.array(p) * 80.0 - 40.0
    check(in_sqlite, [found], values, language="sql", of_logits=of_logits)
    check(in_python, [found], values, language="python", of_logits=of_logits)


LOGISTIC = RecalibrationMap("logistic", {"a": -0.25, "b": 0.75}, 0.125, 0.875)
STEPS = RecalibrationMap("centred", knots=((0.25, 0.5), (0.75, 0.625)), n_blocks=2)


@pytest.mark.parametrize(
    ("found", "language", "text"),
    [
        (
            LOGISTIC,
            "sql",
            (
                'CASE WHEN "p" = 0 THEN 0.125e0 WHEN "p" = 1 THEN 0.875e0 ELSE '
                'EXP(0.75e0 * (LN("p") - LN(1 - "p")) - 0.25e0) / '
                '(1 + EXP(0.75e0 * (LN("p") - LN(1 - "p")) - 0.25e0)) END'
            ),
        ),
        (
            LOGISTIC,
            "python",
            (
                "(0.125 if p == 0 else 0.875 if p == 1 else "
                "math.exp(0.75 * (math.log(p) - math.log1p(-p)) - 0.25) / "
                "(1 + math.exp(0.75 * (math.log(p) - math.log1p(-p)) - 0.25)))"
            ),
        ),
        (
            LOGISTIC,
            "excel",
            (
                "=IF([@p] = 0, 0.125, IF([@p] = 1, 0.875, "
                "EXP(0.75 * (LN([@p]) - LN(1 - [@p])) - 0.25) / "
                "(1 + EXP(0.75 * (LN([@p]) - LN(1 - [@p])) - 0.25))))"
            ),
        ),
        (
            STEPS,
            "sql",
            (
                'CASE WHEN "p" <= 0.25e0 THEN 0.5e0 WHEN "p" <= 0.75e0 THEN '
                '0.5e0 + ("p" - 0.25e0) / 0.5e0 * 0.125e0 ELSE 0.625e0 END'
            ),
        ),
        (
            STEPS,
            "python",
            "(0.5 if p <= 0.25 else 0.5 + (p - 0.25) / 0.5 * 0.125 if p <= 0.75 else 0.625)",
        ),
        (
            STEPS,
            "excel",
            (
                "=IF([@p] < 0.25, 0.5, LOOKUP([@p], {0.25,0.75}, {0.5,0.625}) + "
                "([@p] - LOOKUP([@p], {0.25,0.75})) / LOOKUP([@p], {0.25,0.75}, {0.5,1.0}) * "
                "LOOKUP([@p], {0.25,0.75}, {0.125,0.0}))"
            ),
        ),
        (RecalibrationMap("as-is"), "sql", '"p"'),
    ],
)
def test_this_is_what_formulas_look_like(
    found: RecalibrationMap,
    language: FormulaLanguage,
    text: str,
) -> None:
    assert formula(found, "p", language) == text


@pytest.mark.parametrize(
    ("column", "language", "shown"),
    [
        ('a "b"', "sql", '"a ""b"""'),
        ("größe", "python", "größe"),
        ("for", "python", "row['for']"),
        ("math", "python", "row['math']"),
        ("it's", "python", 'row["it\'s"]'),
        ("pred.p", "python", "row['pred.p']"),
        ("pred p", "excel", "[@[pred p]]"),
        ("p[1] '#@", "excel", "[@[p'[1'] '''#'@]]"),
    ],
)
def test_a_name_is_quoted_as_the_language_wants(
    column: str, language: FormulaLanguage, shown: str
) -> None:
    assert formula(RecalibrationMap("as-is"), column, language).removeprefix("=") == shown


def test_a_name_that_nobody_can_see_stands_in_no_formula() -> None:
    with pytest.raises(DataError) as caught:
        formula(LOGISTIC, "p\n--", "sql")
    message = r"the column 'p\n--' has characters that no formula should have"
    assert caught.value.message == message
    assert caught.value.hint == "give the name that it has where the formula will stand"


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("#2", "'#2' is the place of a column, and a formula needs its name"),
        (" ", "the column has no name, and a formula needs one"),
    ],
)
def test_what_is_no_name_stands_in_no_formula(column: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        formula(LOGISTIC, column, "sql")
    assert caught.value.message == message
    assert caught.value.hint == "give the name that it has where the formula will stand"


def test_a_number_below_0_begins_no_comment() -> None:
    found = RecalibrationMap("beta", {"c": -1.0, "a": 1.0, "b": 0.5}, 0.5, 0.5)
    texts = [
        formula(each, "p", "sql", of_logits=of_logits, as_logit=as_logit)
        for each in (*MAPS, found)
        for of_logits in (False, True)
        for as_logit in (False, True)
    ]
    assert not any("--" in text or "- -" in text for text in texts)


def test_knots_that_keep_a_database_busy_are_refused() -> None:
    def steps(n: int) -> RecalibrationMap:
        knots = tuple((place / n, 0.25 if place < n / 2 else 0.5) for place in range(n))
        return RecalibrationMap("isotonic", knots=knots, n_blocks=2)

    assert formula(steps(5000), "p", "sql").count("WHEN") == 5000
    with pytest.raises(DataError) as caught:
        formula(steps(5001), "p", "sql")
    assert caught.value.message == "the map has 5,001 knots, and SQL is slow at over 5,000"
    assert caught.value.hint == "bce apply takes them, and SQL a map of another method"
    assert formula(steps(5001), "p", "python").startswith("((")


def test_a_formula_that_is_too_long_for_a_table_program_is_refused() -> None:
    knots = tuple(((i + 1) / 301, (i + 1) / 302) for i in range(300))
    with pytest.raises(DataError) as caught:
        formula(RecalibrationMap("isotonic", knots=knots, n_blocks=300), "p", "excel")
    assert re.fullmatch(
        r"the formula has 4\d,\d{3} characters, and Excel takes 8,192", caught.value.message
    )
