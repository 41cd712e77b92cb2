"""Fit the formulas of recalibration with 50 digits, and write down 17 of them.

From the root of the checkout, with the tools of the tests::

    python -m tests.golden_statistics.make_recalibration_golden

Nothing here is shared with the package: the likelihood is maximised over plain columns by Newton's
method, and beta's bounds are met by trying all four ways of holding a and b at 0.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from mpmath import mp, mpf

Number: TypeAlias = Any  # of mpmath, or a vector of such
Numbers: TypeAlias = list[Number]

PATH = Path(__file__).parent / "recalibration.json"
mp.dps = 50


def make_cases() -> dict[str, dict[str, list[float]]]:
    """Labels, probabilities and perhaps weights, by name."""
    random = np.random.default_rng(18)
    n = 60
    logits = random.normal(-0.5, 1.5, n)
    p = 1.0 / (1.0 + np.exp(-logits))
    labels = (random.uniform(size=n) < 1.0 / (1.0 + np.exp(-0.4 - 0.6 * logits))).astype(float)
    weights = random.gamma(2.0, 3.0, n)
    soft = random.beta(1.0 + np.exp(0.4 * logits), 2.0)
    ends = np.where(np.arange(n) % 7 == 0, 0.0, np.where(np.arange(n) % 11 == 0, 1.0, p))
    reversed_labels = (random.uniform(size=n) < 1.0 / (1.0 + np.exp(logits))).astype(float)
    low = random.uniform(size=n) < np.where(p < 0.2, 0.05, 0.5)
    high = random.uniform(size=n) < np.where(p > 0.4, 0.95, 0.5)
    cases: dict[str, dict[str, Any]] = {
        "plain": {"labels": labels, "probabilities": p},
        "tied": {"labels": labels, "probabilities": p.round(1).clip(0.1, 0.9)},
        "weighted": {"labels": labels, "probabilities": p, "weights": weights},
        "soft": {"labels": soft, "probabilities": p},
        "soft weighted": {"labels": soft, "probabilities": p, "weights": weights},
        "zeros and ones": {"labels": labels, "probabilities": ends},
        "zeros and ones weighted": {"labels": labels, "probabilities": ends, "weights": weights},
        "rare": {"labels": (labels * (p > 0.4)), "probabilities": p / 1000.0},
        "near 1": {"labels": labels, "probabilities": 1.0 - (1.0 - p) / 1e6},
        "the wrong way": {"labels": reversed_labels, "probabilities": p},
        "bends below": {"labels": low.astype(float), "probabilities": p},
        "bends above": {"labels": high.astype(float), "probabilities": p},
    }
    return {
        name: {key: values.tolist() for key, values in case.items()} for name, case in cases.items()
    }


def maximised(
    columns: list[Numbers], fixed: Numbers, ones: Numbers, zeros: Numbers
) -> tuple[Numbers, Number]:
    """Return coefficients and log-likelihood of the greatest likelihood."""
    d, n = len(columns), len(fixed)

    def line(at: Number) -> Numbers:
        return [fixed[i] + sum(at[j] * columns[j][i] for j in range(d)) for i in range(n)]

    def log_likelihood(at: Number) -> Number:
        return -sum(
            ones[i] * mp.log1p(mp.exp(-value)) + zeros[i] * mp.log1p(mp.exp(value))
            for i, value in enumerate(line(at))
        )

    at = mp.matrix([0] * d)
    height = log_likelihood(at)
    for _ in range(200 if d else 0):
        rates = [1 / (1 + mp.exp(-value)) for value in line(at)]
        residuals = [ones[i] - (ones[i] + zeros[i]) * rates[i] for i in range(n)]
        spreads = [(ones[i] + zeros[i]) * rates[i] * (1 - rates[i]) for i in range(n)]
        gradient = mp.matrix([mp.fdot(columns[j], residuals) for j in range(d)])
        information = mp.matrix(d, d)
        for j, k in product(range(d), repeat=2):
            information[j, k] = sum(columns[j][i] * columns[k][i] * spreads[i] for i in range(n))
        step = mp.lu_solve(information, gradient)
        while log_likelihood(at + step) < height and mp.norm(step) > mpf(10) ** -40:
            step /= 2
        at += step
        height = log_likelihood(at)
        if mp.norm(step) < mpf(10) ** -35:
            break
    return list(at), height


def fitted(case: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Return the parameters of every formula, and the levels at 0 and 1."""
    labels = [mpf(value) for value in case["labels"]]
    p = [mpf(value) for value in case["probabilities"]]
    weights = [mpf(value) for value in case.get("weights", [1.0] * len(p))]
    every = range(len(p))
    rate = mp.fdot(weights, labels) / sum(weights)
    levels = {}
    for end in (0, 1):
        there = [i for i in every if p[i] == end]
        n = sum(weights[i] for i in there)
        levels[f"at {end}"] = float((sum(weights[i] * labels[i] for i in there) + rate) / (n + 1))
    inner = [i for i in every if 0 < p[i] < 1]
    ones = [weights[i] * labels[i] for i in inner]
    zeros = [weights[i] * (1 - labels[i]) for i in inner]
    log_p = [mp.log(p[i]) for i in inner]
    log_rest = [-mp.log1p(-p[i]) for i in inner]
    logits = [a + b for a, b in zip(log_p, log_rest, strict=True)]
    unit, nothing = [mpf(1)] * len(inner), [mpf(0)] * len(inner)
    (a,), _ = maximised([unit], logits, ones, zeros)
    found = {"levels": levels, "offset": {"a": float(a)}}
    (b,), _ = maximised([logits], nothing, ones, zeros)
    found["temperature"] = {"temperature": float(1 / b)}
    (a, b), _ = maximised([unit, logits], nothing, ones, zeros)
    found["logistic"] = {"a": float(a), "b": float(b)}
    high = (sum(ones) + 1) / (sum(ones) + 2)
    low = 1 / (sum(zeros) + 2)
    smoothed = [high * s + low * f for s, f in zip(ones, zeros, strict=True)]
    rest = [s + f - up for s, f, up in zip(ones, zeros, smoothed, strict=True)]
    (a, b), _ = maximised([unit, logits], nothing, smoothed, rest)
    found["platt"] = {"a": float(a), "b": float(b)}
    found["beta"] = best_beta(unit, {"a": log_p, "b": log_rest}, ones, zeros)
    return found


def best_beta(
    unit: Numbers, columns: dict[str, Numbers], ones: Numbers, zeros: Numbers
) -> dict[str, float]:
    """Return the best of all fits in which neither a nor b is below 0."""
    tried = []
    for free in ("ab", "a", "b", ""):
        at, height = maximised(
            [unit, *(columns[name] for name in free)], [mpf(0)] * len(unit), ones, zeros
        )
        if all(value >= 0 for value in at[1:]):
            named = dict(zip(free, map(float, at[1:]), strict=True))
            tried.append((height, {"c": float(at[0]), "a": 0.0, "b": 0.0, **named}))
    return max(tried, key=lambda each: each[0])[1]


def main() -> None:
    """Write all cases and what they come to."""
    cases = {name: case | {"fitted": fitted(case)} for name, case in make_cases().items()}
    PATH.write_text(json.dumps({"cases": cases}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
