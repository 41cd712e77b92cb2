"""--color: escapes on a terminal, none in a pipe, and what the environment says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

GOOD = "y,p\n1,0.9\n0,0.2\n1,0.7\n"


@pytest.fixture
def coloured(preds: Callable[..., str], bce: Callable[..., Result]) -> Callable[..., bool]:
    def run(*options: str) -> bool:
        result = bce("compute", preds(GOOD), *options)
        assert result.exit_code == 0
        return "\x1b[" in result.stdout

    return run


@pytest.fixture
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    wrapper = "typer.testing._NamedTextIOWrapper"
    monkeypatch.setattr(f"{wrapper}.isatty", lambda _: True, raising=False)


@pytest.mark.parametrize(
    ("color", "expected"), [("auto", False), ("always", True), ("never", False)]
)
def test_in_a_pipe(color: str, expected: bool, coloured: Callable[..., bool]) -> None:
    assert coloured("--color", color) is expected


@pytest.mark.usefixtures("_terminal")
@pytest.mark.parametrize(
    ("color", "expected"), [("auto", True), ("always", True), ("never", False)]
)
def test_on_a_terminal(color: str, expected: bool, coloured: Callable[..., bool]) -> None:
    assert coloured("--color", color) is expected


@pytest.mark.usefixtures("_terminal")
@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_the_environment_turns_auto_off_and_not_always(
    name: str,
    value: str,
    monkeypatch: pytest.MonkeyPatch,
    coloured: Callable[..., bool],
) -> None:
    monkeypatch.setenv(name, value)
    assert not coloured()
    assert coloured("--color", "always")


@pytest.mark.usefixtures("_terminal")
@pytest.mark.parametrize("output_format", ["json", "csv", "markdown"])
def test_other_formats_have_none(output_format: str, coloured: Callable[..., bool]) -> None:
    assert not coloured("-f", output_format, "--color", "always")
