"""The conventions print what the real libraries print; see tests/golden_frameworks."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bce_cli import Convention, binary_cross_entropy, mean_binary_cross_entropy
from bce_cli.core.rules import RULES

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "golden_frameworks" / "golden.json").read_text(encoding="utf-8")
)
SINGLE_PRECISION = {"torch", "keras", "tf-keras", "xgboost"}
FLUSHED = defaultdict(float, keras=2.0**-126)  # TensorFlow turns subnormal numbers into 0
CASES = [
    (framework, case, mean)
    for framework, golden in GOLDEN["frameworks"].items()
    for case, mean in golden["means"].items()
]


def stored_as(name: str) -> str:
    """Return the float type in which a case hands over its predictions."""
    return name[3:] if name.startswith("of ") else "float64"


def found_mean(framework: str, name: str) -> float:
    case: dict[str, list[float]] = GOLDEN["cases"][name]
    is_logit = "logits" in case
    return mean_binary_cross_entropy(
        case["labels"],
        np.array(case["logits"] if is_logit else case["probabilities"], stored_as(name)),
        weights=case.get("weights"),
        logits=is_logit,
        soft_labels=True,
        convention=Convention(like=framework),
    )


def allowed_error(framework: str, case: str, mean: float) -> float:
    """1e-12 for a float64 rule and 2e-7 for a float32 rule, of the largest term that it adds."""
    rows: dict[str, list[float]] = GOLDEN["cases"][case]
    if framework == "catboost" and len(rows["labels"]) == 1:  # log(1 + exp(a)) - a
        (p,) = rows.get("probabilities", [0.5])
        (score,) = rows.get("logits", [math.log(p) - math.log1p(-p)])
        return max(1e-12 * mean, 2.0**-52 * abs(score))
    if framework == "sklearn" and stored_as(case) != "float64":  # it adds up in that type
        return mean * {"float32": 2e-7, "float16": 2.0**-10}[stored_as(case)]
    return max((2e-7 if framework in SINGLE_PRECISION else 1e-12) * mean, FLUSHED[framework])


@pytest.mark.few(10)
@pytest.mark.parametrize(("framework", "case", "mean"), CASES)
def test_a_mean_is_what_the_library_says(framework: str, case: str, mean: float | str) -> None:
    found = found_mean(framework, case)
    if isinstance(mean, str):  # infinite scores of either sign; a limit that has become 1
        assert framework == "catboost" or (framework == "sklearn-1.1" and case.startswith("of "))
        assert found == math.inf if mean == "inf" else not math.isnan(found)
    else:
        assert abs(found - mean) <= allowed_error(framework, case, mean)


def test_every_convention_but_those_written_out_below_was_run() -> None:
    assert {"exact", "kaggle", "yardstick", "spark", *GOLDEN["frameworks"]} == set(RULES)


def clipped(p: float, low: float, high: float) -> float:
    return min(max(p, low), high)


def kaggle(p: float, label: float) -> float:
    q = max(min(p, 1.0 - 1e-15), 1e-15)
    return -math.log(q) if label else -math.log(1.0 - q)


def yardstick(p: float, label: float) -> float:
    eps = 2.0**-52
    return -math.log(max(min(p if label else 1.0 - p, 1.0 - eps), eps))


def spark(p: float, label: float) -> float:
    eps, share = 1e-15, p if label else 1.0 - p
    if share < eps:
        return -math.log(eps)
    return -math.log1p(-eps) if share > 1.0 - eps else -math.log(share)


@pytest.mark.parametrize("rule", [kaggle, yardstick, spark])
@pytest.mark.parametrize("case", ["ordinary", "mixed", "right extremes"])
def test_a_convention_without_a_python_library_follows_its_rule_row_by_row(
    rule: Any,  # noqa: ANN401
    case: str,
) -> None:
    rows = GOLDEN["cases"][case]
    found = binary_cross_entropy(
        rows["labels"], rows["probabilities"], convention=Convention(like=rule.__name__)
    )
    expected = [
        rule(p, label) for label, p in zip(rows["labels"], rows["probabilities"], strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=2**-51, atol=0)
