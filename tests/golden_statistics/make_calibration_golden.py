"""Ask statsmodels for logistic recalibrations, and write down what it says.

In an environment of its own, next to NumPy::

    pip install statsmodels
    python -m tests.golden_statistics.make_calibration_golden

from the root of the checkout.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

PATH = Path(__file__).parent / "calibration.json"
_TOLERANCE = 1e-14


def make_cases() -> dict[str, dict[str, list[float]]]:
    """Labels, logits and perhaps weights, by name."""
    random = np.random.default_rng(11)
    cases: dict[str, dict[str, list[float]]] = {}

    def add(name: str, **columns: Array) -> None:
        cases[name] = {key: values.tolist() for key, values in columns.items()}

    n = 80
    logits = random.normal(-0.5, 1.5, n)
    labels = (random.uniform(size=n) < 1.0 / (1.0 + np.exp(-0.3 - 0.7 * logits))).astype(float)
    weights = random.gamma(2.0, 3.0, n)
    soft = random.beta(1.0 + np.exp(0.4 * logits), 2.0)
    add("plain", labels=labels, logits=logits)
    add("tied", labels=labels, logits=logits.round(0))
    add("weighted", labels=labels, logits=logits, weights=weights)
    add("soft", labels=soft, logits=logits)
    add("soft weighted", labels=soft, logits=logits, weights=weights)
    add("rare", labels=(np.arange(n) % 40 == 3).astype(float), logits=logits - 4.0)
    add("far apart", labels=labels, logits=300.0 * logits + 2000.0)
    add("the wrong way", labels=1.0 - labels, logits=logits)
    return cases


def ask(case: dict[str, list[float]]) -> dict[str, list[float]]:
    """Return estimates and standard errors of intercept and slope, and of the intercept alone.

    And the p value of Wald's test that slope is 1 and intercept 0.
    """
    import statsmodels.api as sm  # noqa: PLC0415 -- not for the tests

    y, x = np.array(case["labels"]), np.array(case["logits"])
    is_plain = "weights" not in case and bool(np.all((y == 0.0) | (y == 1.0)))
    options: dict[str, Any] = {"cov_type": "nonrobust" if is_plain else "HC0"}
    weights = np.array(case["weights"]) if "weights" in case else np.ones(len(y))
    answers = {}
    scale = max(1.0, float(np.abs(x).max()) / 10.0)  # statsmodels does not converge otherwise
    designs = {
        "line": (np.column_stack([np.ones(len(y)), x / scale]), None, (1.0, 1.0 / scale)),
        "shift": (np.ones((len(y), 1)), x, (1.0,)),
    }
    for name, (design, offset, units) in designs.items():
        model = sm.GLM(y, design, sm.families.Binomial(), offset=offset, var_weights=weights)
        with np.errstate(all="ignore"):
            fit = model.fit(tol=_TOLERANCE, tol_criterion="params", maxiter=500, **options)
        answers[name] = (fit.params * units).tolist()
        answers[f"{name} errors"] = (fit.bse * units).tolist()
        if name == "line":
            hypothesis = np.diag(units), np.array([0.0, 1.0])
            answers["line p"] = [float(fit.wald_test(hypothesis, use_f=False, scalar=True).pvalue)]
    return answers


def main() -> None:
    """Write the cases and what was answered."""
    cases = make_cases()
    golden = {
        "source": f"statsmodels {version('statsmodels')}, numpy {np.__version__}",
        "cases": {name: case | ask(case) for name, case in cases.items()},
    }
    PATH.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
