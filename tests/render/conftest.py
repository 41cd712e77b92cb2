"""What golden files are written with."""

from __future__ import annotations

import pytest

from bce_cli.render import markdown


@pytest.fixture(autouse=True)
def _version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let golden files outlive a version."""
    monkeypatch.setattr(markdown, "__version__", "1.2")
