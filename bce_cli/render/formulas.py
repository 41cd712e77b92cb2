"""Formulas, set with the signs of mathematics or in ASCII."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bce_cli.render.look import Look

_PLAIN = {
    "¹⁻ʸ": "^(1-y)",
    "ʸ": "^y",
    "²": "^2",
    "ᵢ": "_i",
    "⁻": "^-",
    "∏": "prod",
    "Σ": "sum",
    "σ": "sigmoid",
    "∂": "d",
    "π": "r",
    "·": "*",
    "−": "-",
    "×": "x",
    "→": "->",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "≈": "~",
    "∞": "inf",
    "½": "1/2",
    "⁰": "^0",
    "¹": "^1",
    "⋮": ":",
    "…": "...",
}


def formula(text: str, look: Look) -> str:
    """Return a formula as it is, or in ASCII where nothing else can be shown.

    Examples
    --------
    >>> from bce_cli.render.look import Look
    >>> formula("pʸ (1−p)¹⁻ʸ", Look(unicode=False))
    'p^y (1-p)^(1-y)'
    """
    if look.unicode:
        return text
    for sign, plain in _PLAIN.items():
        text = text.replace(sign, plain)
    return text
