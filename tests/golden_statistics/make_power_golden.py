"""Ask statsmodels for the power of t-tests, and write down what it says.

In an environment of its own::

    pip install statsmodels
    python tests/golden_statistics/make_power_golden.py

Effects are in standard deviations; tests are two-sided, at 5 %.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

PATH = Path(__file__).parent / "power.json"
_EFFECTS = {3: 2.5, 4: 0.7, 5: 1.7, 10: 1.0, 30: 0.05, 100: 0.283, 2000: 0.1, 90_000: 0.0095}
_NEEDED = (3.0, 2.0, 1.0, 0.75, 0.5, 0.3, 0.2, 0.1, 0.05, 0.01)


def main() -> None:
    """Write powers by rows, and rows by effect for a power of 80 %, not rounded."""
    from statsmodels.stats.power import TTestPower  # noqa: PLC0415 -- not for the tests

    test = TTestPower()
    golden = {
        "source": f"statsmodels {version('statsmodels')}, scipy {version('scipy')}",
        "powers": [
            {"n": n, "effect": effect, "power": float(test.power(effect, n, 0.05))}
            for n, effect in _EFFECTS.items()
        ],
        "rows": [
            {"effect": effect, "n": float(test.solve_power(effect, alpha=0.05, power=0.8))}
            for effect in _NEEDED
        ],
    }
    PATH.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
