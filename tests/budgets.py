"""How many examples a property test gets."""

from hypothesis import settings


def examples(n: int) -> int:
    """Give n where all of them are run, and that share of n which the profile in force has."""
    return max(1, n * settings.default.max_examples // 100)
