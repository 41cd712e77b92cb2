"""Ask the real libraries for their log loss, and write down what they say.

In an environment of its own, next to NumPy and whichever of the libraries can be had::

    pip install scikit-learn torch keras tensorflow-cpu tf-keras xgboost lightgbm catboost
    python -m tests.golden_frameworks.make_golden

from the root of the checkout, and once more in one with ``scikit-learn==1.1.3 'numpy<2'``, whose
rule was another. Each run replaces the numbers of the libraries it finds in ``golden.json``
and keeps those of the others.
kaggle, yardstick and spark are no Python libraries: the tests hold their rules, written out.
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden_frameworks.frameworks import FRAMEWORKS, Array, Framework, Score

HERE = Path(__file__).parent

EXTREMES = (
    *(0.0, 5e-324, 1e-310, 1e-300, 1e-46, 1e-44, 1e-40, 1e-38, 1e-30, 1e-16, 2e-16, 3e-16),
    *(1e-15, 2e-15, 1e-14, 1e-12, 2e-12, 1e-10, 5.9e-8, 1e-7, 1.2e-7, 1e-6, 0.25, 0.5, 0.75),
    *(1 - 1e-6, 1 - 1.2e-7, 1 - 1e-7, 1 - 5.9e-8, 1 - 1e-10, 1 - 2e-12, 1 - 1e-12, 1 - 2e-15),
    *(1 - 1e-15, 1 - 3e-16, 1 - 2e-16, 1 - 1e-16, 1.0),
)
LOGITS = (-1e4, -800.0, -745.2, -100.0, -40.0, -20.0, -1e-3, 0.0, 0.5, 17.0, 40.0, 710.0, 1e4)


def make_cases() -> dict[str, dict[str, list[float]]]:
    """Lists of labels, probabilities or logits, and perhaps weights, by name."""
    random = np.random.default_rng(5)
    n = 40
    ordinary = random.uniform(0.001, 0.999, n)
    labels = (random.uniform(size=n) < ordinary).astype(float)
    weights = random.uniform(0.0, 4.0, n)
    extreme = np.repeat(EXTREMES, 2)
    both = np.tile([1.0, 0.0], len(EXTREMES))
    cases: dict[str, dict[str, list[float]]] = {}

    def add(name: str, **columns: Array) -> None:
        cases[name] = {key: values.tolist() for key, values in columns.items()}

    add("ordinary", labels=labels, probabilities=ordinary)
    add("ordinary weighted", labels=labels, probabilities=ordinary, weights=weights)
    add("soft", labels=random.uniform(size=n), probabilities=ordinary)
    add("soft weighted", labels=random.uniform(size=n), probabilities=ordinary, weights=weights)
    mixed = {"labels": np.append(labels, both), "probabilities": np.append(ordinary, extreme)}
    add("mixed", **mixed)
    add("mixed weighted", **mixed, weights=random.uniform(0.0, 4.0, n + len(extreme)))
    inside = (mixed["probabilities"] > 0.0) & (mixed["probabilities"] < 1.0)
    add("mixed inside", **{key: values[inside] for key, values in mixed.items()})
    add("right extremes", labels=np.array([1.0, 0.0]), probabilities=np.array([1.0, 0.0]))
    for label, p in zip(both, extreme, strict=True):
        add(f"y={label:.0f} p={float(p)!r}", labels=label[None], probabilities=p[None])
    for x in LOGITS:
        for label in (1.0, 0.0):
            add(f"y={label:.0f} x={x!r}", labels=np.array([label]), logits=np.array([x]))
    scores = random.normal(0.0, 5.0, n)
    add("logits", labels=labels, logits=scores)
    add("logits weighted", labels=labels, logits=scores, weights=weights)
    # From here on with a generator of its own, so that nothing above has other numbers.
    random = np.random.default_rng(14)
    for n in (41, 1000):  # LightGBM takes weights in pairs, behind the first one or two
        p = random.uniform(0.001, 0.999, n)
        hard = (random.uniform(size=n) < p).astype(float)
        weighted = {"probabilities": p, "weights": random.uniform(0.0, 4.0, n)}
        add(f"{n} weighted", labels=hard, **weighted)
        add(f"{n} soft weighted", labels=random.uniform(size=n), **weighted)
    least = np.array([1e-50, 0.5 + 1e-12, 0.25])
    add("soft below float32", labels=least, probabilities=np.array([0.3, 0.6, 0.9]))
    for dtype in ("float32", "float16"):
        stored = np.append(random.uniform(0.01, 0.99, 30), [0.0, 1.0, 0.0, 1.0]).astype(dtype)
        labels = np.append(random.uniform(size=30) < 0.5, [1.0, 1.0, 0.0, 0.0])
        add(f"of {dtype}", labels=labels.astype(float), probabilities=stored.astype(float))
    return cases


def stored_as(name: str) -> str:
    """Return the float type in which a case hands over its predictions."""
    return name[3:] if name.startswith("of ") else "float64"


def ask(framework: Framework, cases: dict[str, dict[str, list[float]]]) -> dict[str, float | str]:
    """Return the mean loss of each case that a framework takes; text where it is not finite."""
    answers: dict[str, float | str] = {}
    for name, case in cases.items():
        score: Score | None = framework.of_logits if "logits" in case else framework.score
        labels = np.array(case["labels"])
        is_soft = bool(np.any((labels != 0.0) & (labels != 1.0)))
        if score is None or (is_soft and not framework.takes_soft):
            continue
        values = np.array(case.get("logits") or case["probabilities"], stored_as(name))
        weights = np.array(case["weights"]) if "weights" in case else None
        mean = score(labels, values, weights)
        answers[name] = mean if math.isfinite(mean) else str(mean)
    return answers


def main() -> None:
    """Ask every library that is installed."""
    path = HERE / "golden.json"
    old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"frameworks": {}}
    cases = make_cases()
    found: dict[str, Any] = old["frameworks"]
    for key, framework in FRAMEWORKS.items():
        try:
            release = framework.version
        except PackageNotFoundError:
            continue
        name = "sklearn-1.1" if key == "sklearn" and release.startswith("1.1.") else key
        source = f"{framework.package} {release}, numpy {np.__version__}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the libraries' own
            found[name] = {"source": source, "means": ask(framework, cases)}
        sys.stderr.write(f"{name}: {source}\n")
    golden = {"cases": cases, "frameworks": dict(sorted(found.items()))}
    path.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
