"""Simulate how often 95 % intervals hold what they are for.

Run `python benchmarks/interval_coverage.py [--replicates N] [--seed SEED] [--workers N]` where
`bce` is installed. It prints a Markdown table, the same for the same seed however many workers
there are. 2,000 replicates take twelve minutes of a core.

Logits x are normal, and labels are 1 with the chance sigmoid(0.2 + 0.8 x + u), where u is normal
and the same for all rows of a cluster. A rival has logits 0.7 x - 0.1 and noise. What intervals are
for is found by quadrature: mean losses and their difference, the area under the ROC curve, and the
line that fits best without end to the clusters. Where predictions are shared, half the variance of
x and of the noise is that of clusters.
"""

from __future__ import annotations

import argparse
import math
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from bce_cli.core.calibration.plan import CalibrationPlan
from bce_cli.core.calibration.report import report_of_rows
from bce_cli.core.cluster_moments import ClusteredRows
from bce_cli.core.comparison.differences import difference_of, paired_moments
from bce_cli.core.conventions import EXACT
from bce_cli.core.rows import Categories, Rows
from bce_cli.core.rules import sigmoid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bce_cli.core.calibration.logistic import Estimate
    from bce_cli.core.rows import FloatArray

Interval: TypeAlias = "tuple[float | None, float | None]"

FIGURES = (
    "AUC",
    "calibration slope",
    "calibration intercept",
    "calibration in the large",
    "mean loss",
    "Brier score",
    "skill",
    "paired difference of losses",
)
LEAST, MOST = 93.0, 97.0
LOGIT_DEVIATION = 1.5
CLUSTER_DEVIATION = 0.5
RIVAL = (-0.1, 0.7, 0.6)
"""Constant, slope and deviation of the noise of the rival's logits."""


@dataclass(frozen=True)
class Setting:
    """Rows to draw, and how they are judged."""

    title: str
    n: int
    n_clusters: int | None = None
    mean_logit: float = -0.5
    shared: float = 0.0
    are_unequal: bool = False
    is_known: bool = True

    @property
    def deviation(self) -> float:
        """Of what the rows of a cluster have in common."""
        return 0.0 if self.n_clusters is None else CLUSTER_DEVIATION


SETTINGS = (
    Setting("500 rows", 500),
    Setting("20,000 rows", 20_000),
    Setting("500 rows, 4 % positive", 500, mean_logit=-5.0),
    Setting("500 rows in 30 clusters", 500, 30),
    Setting("20,000 rows in 30 clusters", 20_000, 30),
    Setting("500 rows in 30 clusters, predictions shared", 500, 30, shared=0.5),
    Setting("20,000 rows in 30 clusters, predictions shared", 20_000, 30, shared=0.5),
    Setting("the same, sizes unequal", 20_000, 30, shared=0.5, are_unequal=True),
    Setting("500 rows in 10 clusters", 500, 10),
    Setting("20,000 rows in 100 clusters, predictions shared", 20_000, 100, shared=0.5),
    Setting("20,000 rows in 30 clusters, taken for independent", 20_000, 30, is_known=False),
)


def drawn(setting: Setting, rng: np.random.Generator) -> tuple[Rows, FloatArray]:
    """Draw rows, and the logits of the rival."""
    n, k = setting.n, setting.n_clusters or 1
    codes = np.arange(n) % k
    if setting.are_unequal:
        shares = np.sort(rng.lognormal(0.0, 0.8, k))
        codes = rng.choice(k, n, p=shares / shares.sum())
        codes[:k] = np.arange(k)
    x, noise = (
        math.sqrt(setting.shared) * rng.normal(size=k)[codes]
        + math.sqrt(1.0 - setting.shared) * rng.normal(size=n)
        for _ in range(2)
    )
    logits = setting.mean_logit + LOGIT_DEVIATION * x
    common = setting.deviation * rng.normal(size=k)[codes]
    labels = rng.random(n) < sigmoid(0.2 + 0.8 * logits + common)
    constant, slope, deviation = RIVAL
    cluster = Categories(codes.astype(np.int32), tuple(map(str, range(k))))
    is_clustered = setting.n_clusters is not None and setting.is_known
    rows = Rows(labels, sigmoid(logits), logits=logits, cluster=cluster if is_clustered else None)
    return rows, constant + slope * logits + deviation * noise


def intervals(rows: Rows, rival: FloatArray) -> Iterator[Interval]:
    """Yield what is told of the rows, in the order of `FIGURES`."""
    plan = CalibrationPlan()
    report = report_of_rows(rows, [plan.totals_of(rows)], plan)
    yield report.discrimination.ci_low, report.discrimination.ci_high
    fit = report.logistic
    yield from map(_ends, (fit.slope, fit.intercept, fit.calibration_in_the_large))
    yield report.ci_low, report.ci_high
    yield report.brier_ci_low, report.brier_ci_high
    yield report.skill_ci_low, report.skill_ci_high
    clusters = None if rows.cluster is None else ClusteredRows(rows.cluster)
    before = EXACT.losses(rows)
    after = EXACT.losses(Rows(rows.labels, sigmoid(rival), logits=rival))
    moments, _ = paired_moments(rows, before, after, clusters)
    difference = difference_of(len(rows), moments, 1.0, plan.confidence)
    yield difference.ci_low, difference.ci_high


def _ends(estimate: Estimate | None) -> Interval:
    return (None, None) if estimate is None else (estimate.ci_low, estimate.ci_high)


@cache
def truth(mean_logit: float, deviation: float) -> tuple[float, ...]:
    """Find what the figures come to without end to rows and clusters, in their order."""
    z = np.linspace(-9.0, 9.0, 6001)
    x = mean_logit + LOGIT_DEVIATION * z
    density = np.exp(-0.5 * z * z)
    density /= density.sum()
    nodes, shares = np.polynomial.hermite_e.hermegauss(60)
    shares = shares / shares.sum()
    chance = sigmoid(0.2 + 0.8 * x[:, None] + deviation * nodes) @ shares
    ones, zeros = density * chance, density * (1.0 - chance)
    rate = float(ones.sum())
    area = float(ones @ (np.cumsum(zeros) - zeros / 2.0)) / (rate * (1.0 - rate))
    slope, intercept = best_line(x, density, chance)
    loss = float(ones @ np.logaddexp(0.0, -x) + zeros @ np.logaddexp(0.0, x))
    constant, tilt, noise = RIVAL
    other = constant + tilt * x[:, None] + noise * nodes
    rival = float(
        ones @ (np.logaddexp(0.0, -other) @ shares) + zeros @ (np.logaddexp(0.0, other) @ shares)
    )
    brier = float(ones @ (1.0 - sigmoid(x)) ** 2 + zeros @ sigmoid(x) ** 2)
    entropy = -rate * math.log(rate) - (1.0 - rate) * math.log1p(-rate)
    shift = best_shift(x, density, rate)
    return area, slope, intercept, shift, loss, brier, 1.0 - loss / entropy, rival - loss


def best_line(x: FloatArray, density: FloatArray, chance: FloatArray) -> tuple[float, float]:
    """Find slope and intercept of the logistic line that fits the chances best."""
    design = np.column_stack([np.ones(len(x)), x])
    line = np.array([0.0, 1.0])
    for _ in range(50):
        fitted = sigmoid(design @ line)
        information = design.T @ (design * (density * fitted * (1.0 - fitted))[:, None])
        line += np.linalg.solve(information, design.T @ (density * (chance - fitted)))
    return float(line[1]), float(line[0])


def best_shift(x: FloatArray, density: FloatArray, rate: float) -> float:
    """Find the shift of all logits that makes the mean prediction the rate."""
    shift = 0.0
    for _ in range(50):
        fitted = sigmoid(x + shift)
        shift += (rate - float(density @ fitted)) / float(density @ (fitted * (1.0 - fitted)))
    return shift


def held(place: int, seed: int, replicate: int) -> list[bool | None]:
    """Draw rows once; tell of each figure whether its interval holds it, None without interval."""
    setting = SETTINGS[place]
    rows, rival = drawn(setting, np.random.default_rng([seed, place, replicate]))
    expected = truth(setting.mean_logit, setting.deviation)
    return [
        None if low is None or high is None else low <= value <= high
        for (low, high), value in zip(intervals(rows, rival), expected, strict=True)
    ]


def cell(found: Sequence[bool | None]) -> str:
    """Write the share of intervals that hold, and how many there were none of."""
    there = [each for each in found if each is not None]
    share = 100.0 * sum(there) / len(there)
    text = f"{share:.1f}" if LEAST <= share <= MOST else f"**{share:.1f}**"
    missing = len(found) - len(there)
    return f"{text} ({missing} without)" if missing else text


def table(columns: Sequence[Sequence[Sequence[bool | None]]]) -> Iterator[str]:
    """Yield the lines of a table: a line for each setting, and a column for each figure."""
    yield f"| | {' | '.join(FIGURES)} |"
    yield f"|:---|{'---:|' * len(FIGURES)}"
    for setting, found in zip(SETTINGS, columns, strict=True):
        cells = " | ".join(cell(each) for each in zip(*found, strict=True))
        yield f"| {setting.title} | {cells} |"


def main(arguments: Sequence[str]) -> None:
    """Simulate, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=19)
    parser.add_argument("--workers", type=int, default=1)
    chosen = parser.parse_args(arguments)
    columns = []
    with ProcessPoolExecutor(chosen.workers, get_context("spawn")) as pool:
        for place, setting in enumerate(SETTINGS):
            one = partial(held, place, chosen.seed)
            columns.append(list(pool.map(one, range(chosen.replicates), chunksize=50)))
            print(setting.title, file=sys.stderr)
    error = 100.0 * math.sqrt(0.95 * 0.05 / chosen.replicates)
    print("\n".join(table(columns)))
    print(f"\n{chosen.replicates:,} replicates, seed {chosen.seed}: ±{error:.1f} for one standard")
    print("error of a share near 95. Bold: below 93 or above 97.")


if __name__ == "__main__":
    main(sys.argv[1:])
