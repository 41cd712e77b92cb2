"""Run `bce` as ``python -m bce_cli``."""

from bce_cli.cli import run

run()
