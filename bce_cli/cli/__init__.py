"""The command line; the only package that knows Typer."""

from bce_cli.cli.app import app


def main() -> None:
    """Run `bce`."""
    app()
