"""The steps of the derivation, in order: what each computes and how it is shown."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from bce_cli.errors import UsageError
from bce_cli.safe_text import quoted

if TYPE_CHECKING:
    from bce_cli.core.rows import Rows
    from bce_cli.render.demo import StepPage
    from bce_cli.render.layout import Look

ALL = "all"


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes
    ----------
    name : str
    summary : str
        One line.
    module : str
        Where its function stands in `core.derivation`.
    function, page : str
        Names of that function, and of the one in `render.demo` that makes a page of its numbers.
    """

    name: str
    summary: str
    module: str
    function: str
    page: str

    def compute(self, rows: Rows, k: float) -> Any:  # noqa: ANN401 -- each step has its own record
        """Compute the numbers."""
        function = getattr(import_module(f"bce_cli.core.derivation.{self.module}"), self.function)
        return function(rows, k) if self.name == "scaling" else function(rows)

    def show(self, result: Any, look: Look) -> StepPage:  # noqa: ANN401
        """Make a page of the numbers."""
        page: StepPage = getattr(import_module("bce_cli.render.demo"), self.page)(result, look)
        return page


STEPS = (
    Step(
        "bernoulli",
        "one trial: p^y (1-p)^(1-y) holds both labels in one expression",
        "trials",
        "bernoulli_step",
        "bernoulli_page",
    ),
    Step(
        "likelihood",
        "independent trials multiply: the running product over rows",
        "trials",
        "many_trials_step",
        "likelihood_page",
    ),
    Step(
        "logarithm",
        "product rule and power rule, checked on numbers",
        "logarithm",
        "logarithm_step",
        "logarithm_page",
    ),
    Step(
        "underflow",
        "the raw product dies in every float type; the sum of logs does not",
        "underflow",
        "underflow_step",
        "underflow_page",
    ),
    Step(
        "negative-log",
        "logs are concave, their negatives convex: descend to the base rate",
        "negative_log",
        "negative_log_step",
        "negative_log_page",
    ),
    Step(
        "single-trial",
        "the log of one trial and its negative: the loss of a row",
        "trials",
        "single_trial_step",
        "single_trial_page",
    ),
    Step(
        "many-trials",
        "the same for n independent trials: a sum of losses",
        "trials",
        "many_trials_step",
        "many_trials_page",
    ),
    Step(
        "scaling",
        "a positive factor moves no minimum, so the sum is divided by n",
        "scaling",
        "scaling_step",
        "scaling_page",
    ),
    Step(
        "derivation",
        "all of it on one page, ending in the binary cross-entropy",
        "trials",
        "many_trials_step",
        "derivation_page",
    ),
    Step(
        "gradient",
        "through a sigmoid the gradient is p - y: wrong answers still learn",
        "gradient",
        "gradient_step",
        "gradient_page",
    ),
)

NAMES = tuple(step.name for step in STEPS)


def find_steps(name: str) -> tuple[Step, ...]:
    """Return the step of that name, or all of them.

    Raises
    ------
    UsageError
        There is no such step; suggests the closest.
    """
    if name == ALL:
        return STEPS
    found = tuple(step for step in STEPS if step.name == name)
    if found:
        return found
    close = difflib.get_close_matches(name, [*NAMES, ALL], n=1)
    also = f"; did you mean '{close[0]}'?" if close else ""
    message = f"there is no step {quoted(name)}{also}"
    raise UsageError(message, f"the steps are {', '.join(NAMES)}, all")


def following(step: Step) -> str | None:
    """Return the name of the step that comes next."""
    index = NAMES.index(step.name) + 1
    return NAMES[index] if index < len(NAMES) else None
