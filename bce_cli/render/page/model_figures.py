"""What is known of one of the models of a report, whichever of its answers tells it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

from bce_cli.core.report import FEW, NATS_PER
from bce_cli.errors import safe_text
from bce_cli.lean_dataclass import dataclass
from bce_cli.render.calibrations import CalibrationsDocument
from bce_cli.render.layout import figure, how_many

if TYPE_CHECKING:
    from typing import TypeAlias

    from bce_cli.core.calibration.report import CalibrationReport
    from bce_cli.core.report import LossReport, Unit
    from bce_cli.render.calibration import CalibrationDocument
    from bce_cli.render.page.material import Answers

    Ends: TypeAlias = "tuple[float, float] | None"


T = TypeVar("T")

_LONGEST_NAME = 40
_FEWEST_OF_LABEL = 10
"""Rows of either label; by fewer, no loss is told from that of the base rate."""


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """The loss of a model, and what it is to be measured by.

    Attributes
    ----------
    name : str
    n : int
    effective_n : float or None
    n_positive : int or None
        None of soft labels, of which next to none may be 1.
    unit : {"nats", "bits"}
    mean_loss : float
        Infinite where a prediction was certain and wrong.
    ends : tuple of (float, float) or None
        The interval of the mean.
    effective_probability : float
        Of which each row would have to be given as much to what happened, for that mean.
    has_own_rule : bool
        Whether losses are those of another library, whose mean stands for no probability.
    base_rate : float or None
        None where a saved report does not tell it.
    base_rate_loss : float
    skill : float or None
    skill_ends : tuple of (float, float) or None
        Its interval, of losses that are paired with those of the base rate.
    brier : float or None
    n_impossible : int
    finite_mean_loss : float or None
    label_entropy : float or None
        Of soft labels.
    losses : LossReport or None
    calibration : CalibrationReport or None
        Each where the report has such an answer.
    """

    name: str
    n: int
    effective_n: float | None
    n_positive: int | None
    unit: Unit
    mean_loss: float
    ends: Ends
    effective_probability: float
    has_own_rule: bool
    base_rate: float | None
    base_rate_loss: float
    skill: float | None
    skill_ends: Ends
    brier: float | None
    n_impossible: int
    finite_mean_loss: float | None
    label_entropy: float | None
    losses: LossReport | None
    calibration: CalibrationReport | None

    @property
    def are_few(self) -> bool:
        """Whether there are too few rows, or of one label, for any interval to be trusted."""
        return self.has_few_rows or self.rare_label is not None

    @property
    def has_few_rows(self) -> bool:
        """Whether rows of both labels together are too few."""
        worth = self.n if self.effective_n is None else min(self.n, self.effective_n)
        return worth < FEW

    @property
    def rare_label(self) -> tuple[int, int] | None:
        """The label that too few rows have, and how many; None where both or one alone are told."""
        if self.n_positive is None:
            return None
        label, n = min(
            (0, self.n - self.n_positive), (1, self.n_positive), key=lambda pair: pair[1]
        )
        return (label, n) if 0 < n < _FEWEST_OF_LABEL else None

    @property
    def probability_ends(self) -> Ends:
        """The interval of the effective probability, which follows from that of the mean."""
        if self.ends is None or self.has_own_rule:
            return None
        low, high = (probability_of(end, self.unit) for end in self.ends[::-1])
        return low, min(high, 1.0)

    @property
    def beats_base_rate(self) -> bool | None:
        """Whether it costs less than always predicting the base rate; None if nobody can tell."""
        if math.isinf(self.mean_loss):
            return False
        if self.base_rate_loss == 0.0 or self.are_few:
            return None
        if self.skill_ends is not None:
            low, high = self.skill_ends
            return True if low > 0.0 else False if high < 0.0 else None
        if self.ends is None:
            return None
        low, high = self.ends
        return True if high < self.base_rate_loss else False if low > self.base_rate_loss else None


def _known(value: float | None, other: T) -> float | T:
    """Return a figure, or something in its place where a saved report does not tell it."""
    return other if value is None or math.isnan(value) else value


def probability_of(loss: float, unit: Unit) -> float:
    """Return the probability that costs so much where it was given to what happened.

    Examples
    --------
    >>> probability_of(1.0, "bits"), probability_of(float("inf"), "nats")
    (0.5, 0.0)
    """
    return math.exp(-loss * NATS_PER[unit])


def models_of(document: Answers) -> tuple[ModelFigures, ...]:
    """Return what is known of each model of which there is a loss, in their order."""
    found = (model_of(document, place) for place in range(len(document.models)))
    return tuple(model for model in found if model is not None)


def model_of(document: Answers, place: int) -> ModelFigures | None:
    """Return what is known of one of the models, from its place; None where that is no loss."""
    losses, ends, has_own_rule = _losses(document, place)
    calibration = _calibration(document, place)
    name = document.models[place]
    if losses is not None and not math.isnan(losses.mean_loss):
        is_known = calibration is not None and not has_own_rule
        return ModelFigures(
            name,
            losses.n,
            _known(losses.effective_n, None),
            losses.n_positive if _known(losses.label_entropy, None) is None else None,
            losses.unit,
            losses.mean_loss,
            ends,
            _known(losses.effective_probability, probability_of(losses.mean_loss, losses.unit)),
            has_own_rule,
            _known(losses.base_rate, None),
            losses.base_rate_loss,
            losses.skill,
            _skill_ends(calibration) if is_known else _checked_skill(document, place),
            _known(losses.brier, None),
            losses.n_impossible,
            losses.finite_mean_loss,
            _known(losses.label_entropy, None),
            losses,
            calibration,
        )
    return None if calibration is None else _of_calibration(name, calibration)


def called(model: str) -> str:
    """Return the name of a model as sentences have it."""
    return safe_text(model, _LONGEST_NAME)


def capital(text: str) -> str:
    """Let a sentence begin with a capital letter.

    Examples
    --------
    >>> capital("it is better"), capital("")
    ('It is better', '')
    """
    return text[:1].upper() + text[1:]


def few_rows(model: ModelFigures) -> str:
    """Say how few rows there are, how few they are worth, or how few have one of the labels."""
    rows = how_many(model.n)
    if model.rare_label is not None and not model.has_few_rows:
        label, n = model.rare_label
        return f"{how_many(n)} with label {label}"
    if model.effective_n is None or model.n - model.effective_n < 1.0:
        return rows
    return f"{rows}, by weight worth {figure(model.effective_n, 3)},"


def calibrations_of(document: Answers) -> tuple[CalibrationDocument, ...]:
    """Return what was found of the calibration of each model, in their order."""
    found = document.calibration
    if found is None:
        return ()
    if isinstance(found, CalibrationsDocument):
        return tuple(model.document for model in found.models)
    return (found,)


def _losses(document: Answers, place: int) -> tuple[LossReport | None, Ends, bool]:
    """Return the losses of a model, the interval of their mean, and whether a rule makes them."""
    compute, compare, check = document.compute, document.compare, document.check
    if compute is not None and place == 0:
        has_own_rule = compute.convention.name != "exact"
        return compute.report, _pair(compute.report.ci_low, compute.report.ci_high), has_own_rule
    if compare is not None:
        has_own_rule = compare.convention.name != "exact"
        model = compare.report.models[place]
        return model.report, _pair(model.ci_low, model.ci_high), has_own_rule
    if place < len(document.recalibrations):
        return document.recalibrations[place].report.losses, None, False
    if check is not None and place == 0:
        has_own_rule = check.convention.name != "exact"
        return check.judgement.report, None, has_own_rule
    return None, None, False


def _calibration(document: Answers, place: int) -> CalibrationReport | None:
    found = calibrations_of(document)
    return found[place].report if place < len(found) else None


def _of_calibration(name: str, report: CalibrationReport) -> ModelFigures:
    return ModelFigures(
        name,
        report.n,
        report.effective_n,
        None if report.has_soft_labels else report.n_positive,
        report.unit,
        report.mean_loss,
        _pair(report.ci_low, report.ci_high),
        probability_of(report.mean_loss, report.unit),
        has_own_rule=False,
        base_rate=report.base_rate,
        base_rate_loss=report.log_loss.uncertainty,
        skill=report.skill,
        skill_ends=_skill_ends(report),
        brier=report.brier.mean,
        n_impossible=report.n_impossible,
        finite_mean_loss=None,
        label_entropy=None,
        losses=None,
        calibration=report,
    )


def _skill_ends(report: CalibrationReport | None) -> Ends:
    return None if report is None else _pair(report.skill_ci_low, report.skill_ci_high)


def _checked_skill(document: Answers, place: int) -> Ends:
    """Return the interval of the skill where a check has it."""
    if document.check is None or place:
        return None
    checks = document.check.judgement.checks
    found = next((check for check in checks if check.name == "min_skill"), None)
    return None if found is None else _pair(found.ci_low, found.ci_high)


def _pair(low: float | None, high: float | None) -> Ends:
    return None if low is None or high is None else (low, high)
