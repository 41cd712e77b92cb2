"""Writes comparison.json: what SciPy and statsmodels say of differences of losses.

Run it with an interpreter that has them, from any folder::

    python -m pip install scipy statsmodels
    python tests/golden_statistics/make_comparison_golden.py
"""

from __future__ import annotations

import json
import math
import random
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

N = 60
N_CLUSTERS = 9
CONFIDENCE = 0.9


def drawn() -> dict[str, list[Any]]:
    """Draw rows that depend on each other within a cluster."""
    source = random.Random(20260301)  # noqa: S311 -- no secret
    tilts = [source.gauss(0.0, 0.8) for _ in range(N_CLUSTERS)]
    rows: dict[str, list[Any]] = {
        name: [] for name in ("labels", "weights", "clusters", "a", "b", "c", "d")
    }
    for _ in range(N):
        cluster, logit = source.randrange(N_CLUSTERS), source.gauss(0.0, 1.2)
        rows["clusters"].append(f"user {cluster}")
        rows["labels"].append(int(source.random() < 1.0 / (1.0 + math.exp(-logit))))
        rows["weights"].append(source.choice([0.5, 1.0, 2.25, 7.0]))
        for model, noise in (("a", 1.0), ("b", 0.6), ("c", 0.9), ("d", 2.0)):
            score = logit + source.gauss(0.0, noise) + (tilts[cluster] if model != "a" else 0.0)
            rows[model].append(round(1.0 / (1.0 + math.exp(-score)), 4))
    return rows


def losses(labels: list[int], predictions: list[float]) -> np.ndarray:
    """Binary cross-entropy of each row."""
    y, p = np.array(labels), np.array(predictions)
    found: np.ndarray = np.where(y == 1, -np.log(p), -np.log1p(-p))
    return found


def figures(fit: Any) -> dict[str, float]:  # noqa: ANN401 -- no types are shipped
    """Take what a regression on a constant says of that constant."""
    low, high = fit.conf_int(alpha=1.0 - CONFIDENCE)[0].tolist()
    return {
        "difference": float(fit.params[0]),
        "std_error": float(fit.bse[0]),
        "ci_low": low,
        "ci_high": high,
        "t": float(fit.tvalues[0]),
        "p_value": float(fit.pvalues[0]),
    }


def paired(model: np.ndarray, baseline: np.ndarray) -> dict[str, float]:
    """Take the paired t-test."""
    from scipy import stats

    test = stats.ttest_rel(model, baseline)
    interval = test.confidence_interval(CONFIDENCE)
    return {
        "difference": float(np.mean(model - baseline)),
        "std_error": float(stats.sem(model - baseline)),
        "ci_low": float(interval.low),
        "ci_high": float(interval.high),
        "t": float(test.statistic),
        "p_value": float(test.pvalue),
    }


def holm(found: dict[str, dict[str, float]]) -> dict[str, float]:
    """Adjust the p values of several comparisons."""
    from statsmodels.stats.multitest import multipletests  # noqa: PLC0415 -- not in the tests

    adjusted = multipletests([each["p_value"] for each in found.values()], method="holm")[1]
    return dict(zip(found, adjusted.tolist(), strict=True))


def main() -> None:
    """Compute and write."""
    from statsmodels.api import OLS, WLS  # noqa: PLC0415 -- not in the tests

    rows = drawn()
    groups = np.unique(rows["clusters"], return_inverse=True)[1]
    weights = np.array(rows["weights"])
    baseline = losses(rows["labels"], rows["a"])
    constant = np.ones(N)
    clustered = {"cov_type": "cluster", "cov_kwds": {"groups": groups}, "use_t": True}
    ways: dict[str, dict[str, dict[str, float]]] = {
        name: {} for name in ("plain", "clustered", "weighted", "weighted_clustered")
    }
    for name in ("b", "c", "d"):
        model = losses(rows["labels"], rows[name])
        difference = model - baseline
        by_weight = WLS(difference, constant, weights)
        ways["plain"][name] = paired(model, baseline)
        ways["clustered"][name] = figures(OLS(difference, constant).fit(**clustered))
        ways["weighted"][name] = figures(by_weight.fit(cov_type="HC1", use_t=True))
        ways["weighted_clustered"][name] = figures(by_weight.fit(**clustered))
    golden = {
        "versions": {name: version(name) for name in ("numpy", "scipy", "statsmodels")},
        "confidence": CONFIDENCE,
        "n_clusters": len(set(rows["clusters"])),
        "rows": rows,
        "ways": ways,
        "holm": {way: holm(found) for way, found in ways.items()},
    }
    path = Path(__file__).parent / "comparison.json"
    path.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
