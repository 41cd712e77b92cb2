"""What `bce recalibrate` found: how each map does on rows it has not seen, and which to take."""

from __future__ import annotations

import math
import shlex
from copy import deepcopy
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

from bce_cli.core.recalibration.choice import PairedDifference
from bce_cli.core.recalibration.folds import USUAL_FOLDS
from bce_cli.core.recalibration.maps import GREATEST, PARAMETERS, STEPPED
from bce_cli.core.recalibration.saved import SavedMap
from bce_cli.core.report import NATS_PER
from bce_cli.errors import DataError, quoted, safe_text
from bce_cli.lean_dataclass import dataclass
from bce_cli.render.calibration_verdict import OBSTACLES
from bce_cli.render.layout import (
    Column,
    Judged,
    Section,
    count,
    figure,
    how_many,
    interval,
    mean_loss_text,
    table,
)
from bce_cli.render.origin import cluster_note, doubts, picked
from bce_cli.render.records import flat
from bce_cli.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bce_cli.core.recalibration.choice import MethodReport, RecalibrationReport
    from bce_cli.core.recalibration.maps import RecalibrationMap
    from bce_cli.render.layout import Look
    from bce_cli.render.origin import Origin, Saved

_DIGITS = 4
_MAP_DIGITS = 5
_HEAD = ("n", "n_positive", "weight_sum", "base_rate")
_AS_IS = "as-is"
_PAIR = 2
_NEXT = (
    "--save map.json, then bce apply map.json new.csv",
    "save('map.json'), or map().apply(predictions)",
)
_UNSEEN = "on rows it has not seen"


@dataclass(frozen=True, slots=True)
class RecalibrateDocument:
    """A finished report, where its rows came from, and what tells them from others.

    Attributes
    ----------
    origin : Origin
    report : RecalibrationReport
    fingerprint : str
        As `bce_cli.core.recalibration.saved.fingerprint` has it.
    cluster_column, order_column : str or None
    saved_in : str or None
        The file that a map was saved in.
    has_fewer_folds : bool
        Whether nobody has said how many folds, and the order has made them fewer than usual.
    saved : Saved or None
        Where all of it was read from a saved report.
    """

    origin: Origin
    report: RecalibrationReport
    fingerprint: str
    cluster_column: str | None = None
    order_column: str | None = None
    saved_in: str | None = None
    has_fewer_folds: bool = False
    saved: Saved | None = None

    tables: ClassVar[frozenset[str]] = frozenset()

    @property
    def has_soft_labels(self) -> bool:
        """Whether some labels lie between 0 and 1."""
        return self.report.losses.label_entropy is not None

    @property
    def doubts(self) -> tuple[str, ...]:
        """What makes predictions look like ones that were not meant."""
        return doubts(self.report.losses) if self.saved is None else self.saved.doubts

    @property
    def notes(self) -> tuple[str, ...]:
        """The same, and which maps there are not, or that do what is not expected of a map."""
        return (*self.doubts, *self.of_folds, *_odd_maps(self.report))

    @property
    def of_folds(self) -> tuple[str, ...]:
        """Say it where an order has made fewer folds than are usual."""
        if not self.has_fewer_folds or self.order_column is None:
            return ()
        n, column = self.report.folds, quoted(self.order_column)
        values = how_many(n + 1, "different value")
        return (f"Folds: {n} in place of {USUAL_FOLDS}, as {column} has {values}.",)

    @property
    def chosen(self) -> str:
        """The method whose map is saved: the one that was asked for, else the recommended one."""
        asked = [found.method for found in self.report.methods if found.method != _AS_IS]
        return asked[0] if len(asked) == 1 else self.report.recommended

    def sections(self, look: Look) -> list[Section]:
        """Say which map to take, and show all of them."""
        return [_losses(self, look), _maps(self.report)]

    def record(self) -> dict[str, Any]:
        """Return all figures by name."""
        if self.saved is not None:
            return deepcopy(self.saved.record)
        report = self.report
        best = report.recommended_difference
        return {
            **self.origin.head(report.losses, *_HEAD),
            **self.origin.kinds(soft=self.has_soft_labels),
            "confidence": report.confidence,
            "folds": report.folds,
            "seed": report.seed,
            "order_column": self.order_column,
            "cluster_column": self.cluster_column,
            **picked(report, "n_clusters", "effective_clusters", "n_cut_clusters"),
            **picked(report, "n_judged", "n_at_0", "n_at_1"),
            "recommended": report.recommended,
            **_named_difference(best, "recommended_difference", "recommended_"),
            "not_told_apart": list(report.not_told_apart),
            "methods": [_method_record(found, report) for found in report.methods],
            "fingerprint": self.fingerprint,
            "notes": [*self.origin.doubts, *self.notes],
        }

    def lines(self, *, brief: bool = False) -> list[dict[str, Any]]:  # noqa: ARG002 -- as brief
        """Return one line for each method."""
        names = sorted({name for names in PARAMETERS.values() for name in names})
        columns = dict.fromkeys([*names, "level_at_0", "level_at_1", "n_blocks"])
        return [
            {
                "method": found.method,
                "recommended": found.method == self.report.recommended,
                **columns,
                **_parameters(found.map, self.report),
                **{
                    key: value
                    for key, value in flat(_method_record(found, self.report)).items()
                    if key != "method" and not key.startswith("parameters_")
                },
            }
            for found in self.report.methods
        ]

    def saved_map(self, method: str) -> SavedMap:
        """Return the map of a method, with what it is worth, as a file holds it.

        Raises
        ------
        ArgumentError
            There is no such method, or it was not looked at.
        DataError
            There is no map of that method.
        """
        report = self.report
        found, as_is = report.of(method), report.of(_AS_IS)
        if found.map is None:
            message = f"there is no {method} map: {_why_not(found, report)}"
            raise DataError(message)
        nats = NATS_PER[report.unit]
        difference = found.difference or PairedDifference(None)

        def in_nats(value: float | None) -> float | None:
            return None if value is None or math.isinf(value) else value * nats

        return SavedMap(
            map=found.map,
            label_column=self.origin.label_column,
            prediction_column=self.origin.prediction_columns[0],
            weight_column=self.origin.weight_column,
            cluster_column=self.cluster_column,
            of_logits=self.origin.of_logits,
            n=report.losses.n,
            n_positive=report.losses.base_rate * report.losses.weight_sum,
            fingerprint=self.fingerprint,
            folds=report.folds,
            n_clusters=report.n_clusters,
            confidence=report.confidence,
            as_is_loss=in_nats(as_is.cross_fitted_loss),
            fitted_loss=in_nats(found.fitted_loss),
            cross_fitted_loss=in_nats(found.cross_fitted_loss),
            difference=in_nats(difference.value),
            std_error=in_nats(difference.std_error),
            ci_low=in_nats(difference.ci_low),
            ci_high=in_nats(difference.ci_high),
            tool=f"bce {__version__}",
        )


def _losses(document: RecalibrateDocument, look: Look) -> Section:
    """Show what each map costs rows that it has seen and rows that it has not."""
    report = document.report
    methods = report.methods
    has_infinite = any(found.n_infinite for found in methods)
    fitted = "Fitted loss: of the very rows that a map was fitted to, which flatters it."
    return Section(
        document.origin.title(report.losses, soft=document.has_soft_labels),
        *table(
            methods,
            (Column("method", is_text=True), lambda found: found.method),
            (
                Column("fitted loss", spare=2, meaning=fitted),
                lambda found: mean_loss_text(found.fitted_loss),
            ),
            (
                f"cross-fitted, {report.unit}",
                lambda found: mean_loss_text(found.cross_fitted_loss),
            ),
            ("difference", lambda found: figure(_value(found.difference), _DIGITS)),
            (f"its {100.0 * report.confidence:g} % interval", _ends),
            (Column("infinite rows", spare=1), _n_infinite) if has_infinite else None,
        ),
        verdicts=(recalibration_verdict(report),),
        notes=(
            *document.origin.doubts,
            *document.doubts,
            _folds_note(document),
            *document.of_folds,
            *_interval_notes(document, look),
            *_odd_maps(report),
            *_passed_over(report),
            *document.origin.notes(),
            *_next_step(document, look),
        ),
        marked=[i for i, found in enumerate(methods) if found.method == report.recommended],
    )


def _value(difference: PairedDifference | None) -> float | None:
    return None if difference is None else difference.value


def _ends(found: MethodReport) -> str:
    if found.difference is None:
        return "-"
    return interval(found.difference.ci_low, found.difference.ci_high)


def _n_infinite(found: MethodReport) -> str:
    return "-" if found.n_infinite is None else count(found.n_infinite)


def recalibration_verdict(report: RecalibrationReport) -> Judged:
    """Say which map to take, and how sure that is, in a sentence.

    It has passed where a map does better than predictions as they are, and failed where the one
    that was asked for does worse.
    """
    if report.recommended != _AS_IS:
        return _take(report)
    judged = [found for found in report.methods[1:] if found.cross_fitted_loss is not None]
    if not judged:
        why = "no other map was looked at"
        if report.methods[1:]:
            first = report.methods[1]
            one = f"a {first.method} map" if len(report.methods[1:]) == 1 else "any other map"
            why = f"{one} cannot be judged, as {_why_not(first, report)}"
        return Judged(f"Leave them as they are: {why}.", "undecided")
    best = min(judged, key=lambda found: found.cross_fitted_loss or 0.0)
    difference = best.difference or PairedDifference(None)
    is_worse, what = False, "no map is clearly better on rows it has not seen; "
    if len(report.methods[1:]) == 1:
        is_worse = difference.exceeds(0.0)
        what = "" if is_worse else "no difference can be told; "
        what += f"{best.method} costs {_amount(difference, report, _UNSEEN)}"
    else:
        what += f"the best, {best.method}, costs {_amount(difference, report)}"
    return Judged(f"Leave them as they are: {what}.", "failed" if is_worse else "undecided")


def _take(report: RecalibrationReport) -> Judged:
    """Say what is gained by the map that is recommended, and which others may do as well."""
    found, as_is = report.of(report.recommended), report.of(_AS_IS)
    if as_is.n_infinite:
        left = f"{figure(found.cross_fitted_loss, _MAP_DIGITS)} {report.unit}"
        rows = f"{how_many(as_is.n_infinite)} {_cost(as_is.n_infinite)} infinity as they are"
        text = f"{found.method}: {left} {_UNSEEN}, where {rows}"
    else:
        difference = found.difference or PairedDifference(None)
        text = f"{found.method}: {_amount(difference, report, _UNSEEN)}"
    simpler = _simpler(report)
    others = [name for name in report.not_told_apart if name not in simpler]
    if others:
        text += f"; {_listed(others)} cannot be told apart"
    return Judged(f"{text}.", "passed")


def _simpler(report: RecalibrationReport) -> list[str]:
    """Name the methods that are simpler than the recommended one, from the simplest on."""
    names = [found.method for found in report.methods]
    return list(names[: names.index(report.recommended)])


def _passed_over(report: RecalibrationReport) -> Iterator[str]:
    """Say why a simpler map, whose loss may be the same, is not the one that is recommended."""
    for name in _simpler(report):
        if name not in report.not_told_apart:
            continue
        beaten_by = report.of(name).beaten_by
        why = "not clearly better than predictions as they are"
        if beaten_by:
            why = f"clearly beaten by {_listed(beaten_by)}"
        yield f"{name} cannot be told apart from {report.recommended} either, but is {why}."


def _cost(n: int) -> str:
    return "costs" if n == 1 else "cost"


def _amount(difference: PairedDifference, report: RecalibrationReport, where: str = "") -> str:
    """Say how much less a map costs than predictions as they are, or how much more."""
    value = difference.value or 0.0
    sign = -1.0 if value < 0.0 else 1.0
    amount = f"{figure(sign * value, _DIGITS)} {report.unit} {'less' if value < 0.0 else 'more'}"
    amount += f" {where}" if where else ""
    low, high = difference.ci_low, difference.ci_high
    if low is None or high is None:
        return amount
    least, most = sorted((sign * low, sign * high))
    return f"{amount} [{figure(least, _DIGITS)}, {figure(most, _DIGITS)}]"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _folds_note(document: RecalibrateDocument) -> str:
    """Say what cross-fitted means, and how rows were dealt into folds."""
    report, cluster = document.report, document.cluster_column
    if report.in_order and document.order_column is not None:
        order = quoted(document.order_column)
        first = report.losses.n - report.n_judged
        return (
            f"Cross-fitted: rows in {report.folds + 1} blocks by {order}; each block is judged by "
            f"maps fitted to those before it, and the first, {how_many(first)}, not at all."
        )
    others = f"the other {report.folds - 1} of {report.folds} folds"
    if report.folds == _PAIR:
        others = "the other of 2 folds"
    what = f"Cross-fitted: each row is judged by maps that were fitted to {others}"
    chance = "" if report.seed is None else f" by chance, seed {report.seed}"
    if cluster is None or report.n_clusters is None:
        how = f"rows were dealt{chance}" if chance else "rows of each label take turns"
        return f"{what}; {how}."
    clusters = f"{how_many(report.n_clusters, 'cluster')} of {quoted(cluster)}"
    how = f"were dealt whole{chance}" if chance else "take turns whole, as they appear"
    return f"{what}; {clusters} {how}."


def _interval_notes(document: RecalibrateDocument, look: Look) -> Iterator[str]:
    """Say what intervals take rows for."""
    report = document.report
    clusters = report.n_clusters, report.effective_clusters
    yield cluster_note(document.cluster_column, *clusters, "Intervals", look)
    n = report.n_cut_clusters
    if n:
        yield (
            f"{how_many(n, 'cluster')} {'stands' if n == 1 else 'stand'} in several blocks, so "
            "that maps may have seen a cluster that they are judged by."
        )


def _odd_maps(report: RecalibrationReport) -> tuple[str, ...]:
    """Say which maps there are not and why, and which do what is not expected of a map."""
    notes = []
    lacking: dict[str, list[str]] = {}
    for found in report.methods:
        if found.map is None or found.fold_obstacle is not None:
            lacking.setdefault(_why_not(found, report), []).append(found.method)
    for why, names in lacking.items():
        first = report.of(names[0])
        what = "There is no map for" if first.map is None else "Nothing can be judged of"
        notes.append(f"{what} {_listed(names)}: {why}.")
    if any(found.map is not None and found.obstacle == "no rows" for found in report.methods):
        notes.append(f"Formulas have levels at 0 and 1 alone: {OBSTACLES['no rows']}.")
    reversed_ones = [found.method for found in report.methods if found.is_reversed]
    if reversed_ones:
        slope = "its slope is" if len(reversed_ones) == 1 else "their slopes are"
        turns = "turns" if len(reversed_ones) == 1 else "turn"
        notes.append(
            f"{_listed(reversed_ones)} {turns} the order of predictions round: {slope} negative."
        )
    for at, is_off in (("0", "above"), ("1", "below")):
        falling = [f.method for f in report.methods if getattr(f, f"falls_at_{at}")]
        if falling:
            notes.append(
                f"Not monotone at {at}: the level there is {is_off} what "
                f"{_listed(falling)} {'makes' if len(falling) == 1 else 'make'} of the next "
                "prediction."
            )
    return tuple(notes)


def _why_not(found: MethodReport, report: RecalibrationReport) -> str:
    """Say why there is no map of a method."""
    obstacle = found.obstacle if found.map is None else found.fold_obstacle
    why = "it was not judged" if obstacle is None else OBSTACLES[obstacle]
    if obstacle == "one prediction" and (report.n_at_0 or report.n_at_1):
        why = "all predictions other than 0 and 1 are the same"
    return why if found.map is None else f"in some fold, {why}"


def _next_step(document: RecalibrateDocument, look: Look) -> Iterator[str]:
    """Say what to do with the map."""
    if document.saved_in is not None:
        place = shlex.quote(safe_text(document.saved_in))
        idle = ", which changes nothing," if document.chosen == _AS_IS else ""
        yield f"The {document.chosen} map{idle} is in {place}: bce apply {place} new.csv"
    elif document.report.recommended != _AS_IS:
        options, methods = _NEXT
        yield f"Next: {look.asked_by(options, methods)}"


def _maps(report: RecalibrationReport) -> Section:
    """Show the maps that were fitted to all rows."""
    methods = [found for found in report.methods if found.map is not None]
    has_formula = any(found.map and found.map.parameters for found in methods)
    notes = []
    if has_formula:
        notes.append("Formulas give log odds, of p or of its log odds z = ln p - ln(1 - p).")
    n_at_0, n_at_1 = report.n_at_0, report.n_at_1
    if has_formula and (n_at_0 or n_at_1):
        ends = [
            f"{how_many(n, 'prediction')} of exactly {end}"
            for n, end in ((n_at_0, 0), (n_at_1, 1))
            if n
        ]
        notes.append(f"{' and '.join(ends)}: without log odds, so formulas have a level there.")
    return Section(
        "The maps, fitted to all rows",
        *table(
            methods,
            (Column("method", is_text=True), lambda found: found.method),
            (Column("map", is_text=True, wraps=True), lambda found: _map_text(found.map)),
            *(
                (f"level at {end}", lambda found, end=end: _level_text(found.map, end))
                for end, n in ((0, n_at_0), (1, n_at_1))
                if n and has_formula
            ),
        ),
        notes=tuple(notes),
    )


def _level_text(found: RecalibrationMap | None, end: int) -> str:
    level = None if found is None else (found.level_at_0, found.level_at_1)[end]
    return figure(level, _DIGITS)


def _map_text(found: RecalibrationMap | None) -> str:
    """Write a map as a formula, or say what it is made of."""
    if found is None:
        return "-"
    at = {name: figure(value, _MAP_DIGITS) for name, value in found.parameters.items()}
    if found.method in STEPPED:
        levels = how_many(found.n_blocks or 0, "level")
        return f"{levels}, with straight lines between"
    if found.method == "beta":
        return _sum(at["c"], (found.parameters["a"], "ln p"), (-found.parameters["b"], "ln(1 - p)"))
    plain = {
        "as-is": "p as it is",
        "offset": f"{at.get('a')} + z",
        "temperature": f"z / {at.get('temperature')}{_flat(found)}",
    }
    if found.method in plain:
        return plain[found.method]
    return _sum(at["a"], (found.parameters["b"], "z"))


def _flat(found: RecalibrationMap) -> str:
    """Say what the greatest temperature stands for."""
    is_flat = abs(found.parameters.get("temperature", 1.0)) >= GREATEST
    return ": the slope is 0" if is_flat else ""


def _sum(first: str, *terms: tuple[float, str]) -> str:
    for factor, name in terms:
        sign = "-" if factor < 0.0 else "+"
        first += f" {sign} {figure(abs(factor), _MAP_DIGITS)} {name}"
    return first


def _parameters(found: RecalibrationMap | None, report: RecalibrationReport) -> dict[str, Any]:
    """Return the parameters of a map by name, and its levels where there are such predictions."""
    if found is None:
        return {}
    named: dict[str, Any] = {name: found.parameters[name] for name in PARAMETERS[found.method]}
    for end, n in (("level_at_0", report.n_at_0), ("level_at_1", report.n_at_1)):
        level = getattr(found, end)
        if n and level is not None:
            named[end] = level
    if found.n_blocks is not None:
        named["n_blocks"] = found.n_blocks
    return named


def _named_difference(
    difference: PairedDifference | None, name: str = "difference", prefix: str = ""
) -> dict[str, float | None]:
    values = (None,) * 4 if difference is None else tuple(asdict(difference).values())
    names = (name, f"{prefix}std_error", f"{prefix}ci_low", f"{prefix}ci_high")
    return dict(zip(names, values, strict=True))


def _method_record(found: MethodReport, report: RecalibrationReport) -> dict[str, Any]:
    return {
        "method": found.method,
        "parameters": _parameters(found.map, report),
        "knots": [] if found.map is None else [list(knot) for knot in found.map.knots],
        **picked(found, "fitted_loss", "cross_fitted_loss"),
        **_named_difference(found.difference),
        **picked(found, "n_infinite", "obstacle", "fold_obstacle"),
        **picked(found, "is_reversed", "falls_at_0", "falls_at_1"),
        "against_recommended": _named_difference(found.against_recommended),
        "beaten_by": list(found.beaten_by),
    }
