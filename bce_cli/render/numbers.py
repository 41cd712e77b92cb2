"""Numbers for people: rounded, but never cut."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bce_cli.render.look import Look

_TIMES = "×"  # noqa: RUF001 -- the sign is meant
_PLAIN_FROM, _PLAIN_TO = -4, 3  # powers between are shown as plain numbers
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def figure(value: float | None, digits: int = 6) -> str:
    """Show a number with so many significant digits; ``-`` where it is undefined.

    Examples
    --------
    >>> figure(0.123456789), figure(2.0), figure(5e-324, 4), figure(float("inf")), figure(None)
    ('0.123457', '2', '4.941e-324', 'inf', '-')
    """
    return "-" if value is None else f"{value:.{digits}g}"


def interval(low: float | None, high: float | None, digits: int = 4) -> str:
    """Show an interval by its ends; ``-`` where there is none.

    Examples
    --------
    >>> interval(0.123456, 2.0), interval(None, None)
    ('0.1235 to 2', '-')
    """
    if low is None or high is None:
        return "-"
    return f"{figure(low, digits)} to {figure(high, digits)}"


def count(value: int | None) -> str:
    """Show a count or a row number; ``never`` where there is none.

    Examples
    --------
    >>> count(1234567), count(None)
    ('1,234,567', 'never')
    """
    return "never" if value is None else f"{value:,}"


def rows(n: int) -> str:
    """Show a number of rows.

    Examples
    --------
    >>> rows(1), rows(2000)
    ('1 row', '2,000 rows')
    """
    return "1 row" if n == 1 else f"{count(n)} rows"


def percent(value: float | None) -> str:
    """Show a share.

    Examples
    --------
    >>> percent(0.1234), percent(-0.5), percent(None)
    ('12.3 %', '-50.0 %', '-')
    """
    return "-" if value is None else f"{value:.1%}".replace("%", " %")


def power_of_ten(log10: float, look: Look) -> str:
    """Show 10**log10 with three digits; it may be far too small for a float.

    Examples
    --------
    >>> from bce_cli.render.look import Look
    >>> power_of_ten(-2163.88, Look()), power_of_ten(-2163.88, Look(unicode=False))
    ('1.32 × 10⁻²¹⁶⁴', '1.32 x 10^-2164')
    """  # noqa: RUF002 -- the sign is meant
    if math.isinf(log10):
        return "0"
    if _PLAIN_FROM < log10 < _PLAIN_TO:
        return f"{10.0**log10:.3g}"
    exponent = math.floor(log10)
    mantissa = f"{10.0 ** (log10 - exponent):.3g}"
    if mantissa == "10":
        mantissa, exponent = "1", exponent + 1
    power = f"10{str(exponent).translate(_SUPERSCRIPTS)}" if look.unicode else f"10^{exponent}"
    return f"{mantissa} {look.pick(_TIMES, 'x')} {power}"
