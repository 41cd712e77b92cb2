"""A report that `bce compute` has saved as JSON, read back as a baseline."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any, NoReturn, cast

from bce_cli.core.gate import Baseline
from bce_cli.core.report import NATS_PER
from bce_cli.core.rows import FLOAT_TYPES
from bce_cli.errors import ArgumentError, DataError, argument, given, quoted
from bce_cli.storage.paths import refuse_credentials, without_secrets
from bce_cli.storage.sources import STANDARD_INPUT, Source

if TYPE_CHECKING:
    from bce_cli.core.conventions import Convention

_LARGEST = 16 << 20  # a report with 10,000 worst rows takes 3 MB
_HOW_TO_SAVE = "save one with bce compute --format json -o FILE"


def read_baseline(path: str, convention: Convention) -> Baseline:
    """Read the mean loss that a report was saved with.

    Parameters
    ----------
    path : str
    convention : Convention
        That of the losses which are to be compared with it.

    Raises
    ------
    InputError
        The file cannot be read.
    DataError
        It is no such report, its mean loss is infinite, or it has another convention.
    ArgumentError
        It is standard input, which belongs to the predictions.
    """
    if path == STANDARD_INPUT:
        message = f"{argument('baseline')} must be a file; standard input is for predictions"
        raise ArgumentError(message)
    refuse_credentials(path)
    source = Source(path)
    name = source.name
    with source.open() as stream:
        content = io.BufferedReader(cast("io.RawIOBase", stream)).read(_LARGEST + 1)
    report = _object_of(content, name)
    _check_convention(report, convention, name)
    unit = _member(report, "unit", name)
    if not isinstance(unit, str) or unit not in NATS_PER:
        message = f"{name}: the unit must be nats or bits, not {_shown(unit)}"
        raise DataError(message)
    return Baseline(
        source=without_secrets(path),
        mean_loss=_mean_loss(report, name),
        unit=unit,
        std_error=_std_error(report, name),
        float_type=_float_type(report, name),
    )


def _object_of(content: bytes, name: str) -> dict[str, Any]:
    if len(content) > _LARGEST:
        message = f"{name}: more than {_LARGEST >> 20} MiB are no report of bce compute"
        raise DataError(message, _HOW_TO_SAVE)
    try:
        value = json.loads(content, object_pairs_hook=_unique, parse_constant=_refuse)
    except UnicodeDecodeError:
        _no_report(name, "not text")
    except RecursionError:
        _no_report(name, "nested too deeply")
    except ValueError as error:
        reason = str(error).partition(": line ")[0]
        what = f"not JSON, {reason[:1].lower()}{reason[1:]}"
        _no_report(name, what if content.strip() else "empty")
    if not isinstance(value, dict):
        _no_report(name, "not a JSON object")
    return value


def _no_report(name: str, reason: str) -> NoReturn:
    message = f"{name}: not a report of bce compute: {reason}"
    raise DataError(message, _HOW_TO_SAVE) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        message = "a key occurs twice"
        raise ValueError(message)
    return members


def _refuse(token: str) -> NoReturn:
    message = f"the token {token}"
    raise ValueError(message)


def _member(report: dict[str, Any], key: str, name: str) -> Any:  # noqa: ANN401 -- any JSON value
    if key not in report:
        _no_report(name, f"there is no key {quoted(key)}")
    return report[key]


def _mean_loss(report: dict[str, Any], name: str) -> float:
    value = _member(report, "mean_loss", name)
    if value is None:
        message = f"{name}: its mean loss is infinite, and no loss can be held against that"
        rules = f"{argument('clip=')} or {argument('like=')}"
        hint = f"save one with {rules}, or of predictions without impossible rows"
        raise DataError(message, hint)
    loss = _number(value)
    if loss is None:
        message = f"{name}: mean_loss must be a number, not {_shown(value)}"
        raise DataError(message)
    return loss


def _std_error(report: dict[str, Any], name: str) -> float | None:
    value = report.get("std_error")
    error = _number(value)
    if value is not None and (error is None or error < 0.0):
        message = f"{name}: std_error must be a number of 0 or more, or null, not {_shown(value)}"
        raise DataError(message)
    return error


def _float_type(report: dict[str, Any], name: str) -> str | None:
    value = report.get("float_type")  # which older reports do not have
    if value is None or value in FLOAT_TYPES:
        return cast("str | None", value)
    message = f"{name}: float_type must be {', '.join(FLOAT_TYPES)} or null, not {_shown(value)}"
    raise DataError(message)


def _number(value: Any) -> float | None:  # noqa: ANN401
    """Return a finite number; None for any other value."""
    is_finite = type(value) in (int, float) and abs(value) <= sys.float_info.max
    return float(value) if is_finite else None


def _check_convention(report: dict[str, Any], convention: Convention, name: str) -> None:
    """Refuse losses that another rule made."""
    rule, clip = _member(report, "convention", name), report.get("clip")
    if rule == convention.name and clip == convention.clip:
        return
    theirs = f"{argument('clip')} {_shown(clip)}" if rule == "clip" else _shown(rule)
    mine = convention.name if convention.clip is None else given(clip=convention.clip)
    message = f"{name}: its convention is {theirs}, that of these losses is {mine}"
    raise DataError(message, f"judge both by the same {argument('like=')} or {argument('clip=')}")


def _shown(value: Any) -> str:  # noqa: ANN401
    """Show any JSON value on one line."""
    return quoted(value if isinstance(value, str) else json.dumps(value))
