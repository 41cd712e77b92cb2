"""Ask statsmodels for logistic recalibrations of rows in clusters, and write down what it says.

In an environment of its own, next to NumPy::

    pip install statsmodels
    python -m tests.golden_statistics.make_clustered_calibration_golden

from the root of the checkout.

The covariances are the plain sandwich, with the sums of scores over clusters inside and no factor
for small samples (``use_correction=False``). Next to them are those that statsmodels has by
default: times G / (G - 1) * (n - 1) / (n - k), for G clusters, n rows and k coefficients.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden_statistics.make_calibration_golden import make_cases

PATH = Path(__file__).parent / "clustered_calibration.json"
_TOLERANCE = 1e-14
_N_CLUSTERS = {"plain": 12, "tied": 5, "weighted": 12, "soft": 9, "soft weighted": 30, "rare": 20}


def with_clusters() -> dict[str, dict[str, Any]]:
    """Labels, logits, perhaps weights, and clusters of very different sizes, by name."""
    random = np.random.default_rng(12)
    cases: dict[str, dict[str, Any]] = {}
    for name, n_clusters in _N_CLUSTERS.items():
        case = make_cases()[name]
        n = len(case["labels"])
        codes = (n_clusters * random.uniform(size=n) ** 1.5).astype(int)
        codes[:n_clusters] = np.arange(n_clusters)
        tilt = random.normal(0.0, 0.7, n_clusters)[codes]
        cases[name] = case | {
            "logits": (np.array(case["logits"]) + tilt).round(0 if name == "tied" else 6).tolist(),
            "clusters": codes.tolist(),
        }
    each_alone = cases["plain"] | {"clusters": list(range(len(cases["plain"]["labels"])))}
    return cases | {"a row each": each_alone}


def ask(case: dict[str, Any]) -> dict[str, Any]:
    """Return estimates, covariances and standard errors of intercept and slope.

    And those of the intercept alone, next to a slope of 1.
    """
    import statsmodels.api as sm  # noqa: PLC0415 -- not for the tests

    y, x, groups = (np.array(case[name]) for name in ("labels", "logits", "clusters"))
    weights = np.array(case.get("weights", np.ones(len(y))))
    answers: dict[str, Any] = {}
    designs = {
        "line": (np.column_stack([np.ones(len(y)), x]), None),
        "shift": (np.ones((len(y), 1)), x),
    }
    for name, (design, offset) in designs.items():
        model = sm.GLM(y, design, sm.families.Binomial(), offset=offset, var_weights=weights)
        for label, use_correction in (("", False), (" corrected", True)):
            fit = model.fit(
                tol=_TOLERANCE,
                tol_criterion="params",
                maxiter=500,
                cov_type="cluster",
                cov_kwds={"groups": groups, "use_correction": use_correction},
            )
            answers[name] = fit.params.tolist()
            answers[f"{name} covariance{label}"] = fit.cov_params().tolist()
            answers[f"{name} errors{label}"] = fit.bse.tolist()
    return answers


def main() -> None:
    """Write the cases and what was answered."""
    golden = {
        "source": f"statsmodels {version('statsmodels')}, numpy {np.__version__}",
        "cases": {name: case | ask(case) for name, case in with_clusters().items()},
    }
    PATH.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
