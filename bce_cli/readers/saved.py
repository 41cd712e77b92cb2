"""What a command has saved as JSON, read back: a report, whole or as a baseline, or a map."""

from __future__ import annotations

import io
import json
import math
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, cast

from bce_cli.core.fields import Fields
from bce_cli.core.recalibration.saved import FORMAT
from bce_cli.core.report import NATS_PER
from bce_cli.core.rows import FLOAT_TYPES
from bce_cli.errors import ArgumentError, DataError, argument, given, quoted
from bce_cli.storage.paths import refuse_credentials, without_secrets
from bce_cli.storage.sources import STANDARD_INPUT, Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bce_cli.core.conventions import Convention
    from bce_cli.core.gate.limits import Baseline

_DEEPEST = 30  # a report has objects within objects, six deep
_OF_A_ROW = {"row", "label", "prediction", "loss"}
_OF_A_MAP = {"format", "version"}


class Wanted(NamedTuple):
    """What a file must be, and how to get one that is."""

    what: str
    hint: str
    most_bytes: int
    takes_map: bool = False


_REPORT = Wanted("saved report", "save one with --format json -o FILE", 64 << 20)
_BASELINE = Wanted(
    "report of bce compute", "save one with bce compute --format json -o FILE", 16 << 20
)
"""One with 10,000 worst rows takes 3 MB; a comparison of ten models, each with 10,000 rows either
way, 40 MB."""


def saved_record(path: str, *, takes_map: bool = False) -> dict[str, Any]:
    """Read the record of a report, whichever command has saved it.

    It is strict JSON, of no more than 64 MiB and not too deep, with no key twice and no number that
    float64 cannot hold. Whether it has the keys of a report is not asked.

    Parameters
    ----------
    path : str
        Of a file, or its address.
    takes_map : bool, default False
        Whether it may be a map of `bce recalibrate` as well; see `is_map`.

    Raises
    ------
    InputError
        The file cannot be read.
    DataError
        It is no such JSON, or surely another thing: rows, a step of the demo, a map.
    ArgumentError
        It is standard input.
    """
    if path == STANDARD_INPUT:
        message = "path must be that of a file, not standard input"
        raise ArgumentError(message, None, "path")
    return read_record(path, _REPORT._replace(takes_map=takes_map))


def is_map(record: Mapping[str, Any]) -> bool:
    """Whether a record is a map of `bce recalibrate`, or claims to be one."""
    return record.get("format") == FORMAT or record.keys() >= _OF_A_MAP


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
    record = read_record(path, _BASELINE)
    baseline = baseline_of(record, Source(path).name, convention)
    return replace(baseline, source=without_secrets(path))


def baseline_of(record: Mapping[str, Any], name: str, convention: Convention) -> Baseline:
    """Return the mean loss of a report that was read, or never saved.

    Parameters
    ----------
    record : mapping
        Of `bce compute`, or of `bce report`, which has that within; null, or None, and infinity are
        the same.
    name : str
        What messages call it.
    convention : Convention
        That of the losses which are to be compared with it.

    Raises
    ------
    DataError
        It is no such report, its mean loss is infinite, or it has another convention.

    Examples
    --------
    >>> from bce_cli.core.conventions import EXACT
    >>> record = {"mean_loss": 0.5, "unit": "bits", "convention": "exact"}
    >>> baseline_of(record, "last week", EXACT)
    Baseline(source='last week', mean_loss=0.5, unit='bits', std_error=None, float_type=None)
    """
    from bce_cli.core.gate.limits import Baseline  # noqa: PLC0415 -- no other record needs it

    within = record.get("compute")
    if isinstance(within, dict):
        record = within
    _check_convention(record, convention, name)
    unit = _member(record, "unit", name)
    if not isinstance(unit, str) or unit not in NATS_PER:
        message = f"{name}: the unit must be nats or bits, not {_shown(unit)}"
        raise DataError(message)
    return Baseline(
        source=name,
        mean_loss=_mean_loss(record, name),
        unit=unit,
        std_error=Fields(record, name).maybe_number("std_error", 0.0),
        float_type=_float_type(record, name),
    )


def read_record(path: str, wanted: Wanted) -> dict[str, Any]:
    """Read an object of strict JSON; see `saved_record`.

    Parameters
    ----------
    path : str
        Of a file, or its address, or ``-`` for standard input.
    wanted : Wanted

    Raises
    ------
    InputError
        The file cannot be read.
    DataError
        It is no such JSON, or surely another thing.
    """
    refuse_credentials(path)
    source = Source(path)
    with source.open() as stream:
        content = io.BufferedReader(cast("io.RawIOBase", stream)).read(wanted.most_bytes + 1)
    name = source.name
    if len(content) > wanted.most_bytes:
        message = f"{name}: more than {wanted.most_bytes >> 20} MiB are no {wanted.what}"
        raise DataError(message, wanted.hint)
    value = _value_of(content, name, wanted)
    other = _other_thing(value)
    if other == _MAP and wanted.takes_map:
        other = None
        if json.detect_encoding(content) != "utf-8":
            other = "it is not UTF-8 without a byte order mark, as maps are"
    if other is None and _is_deep(value):
        other = "nested too deeply"
    if other is not None:
        _refuse(name, other, wanted)
    return cast("dict[str, Any]", value)


def _value_of(content: bytes, name: str, wanted: Wanted) -> Any:  # noqa: ANN401 -- any JSON value
    try:
        return json.loads(
            content,
            object_pairs_hook=_unique,
            parse_constant=_refuse_token,
            parse_float=partial(_finite, name=name, wanted=wanted),
        )
    except DataError:
        raise
    except UnicodeDecodeError:
        _refuse(name, "not text", wanted)
    except RecursionError:
        _refuse(name, "nested too deeply", wanted)
    except ValueError as error:
        if _are_rows(content):
            _refuse(name, _ROWS, wanted)
        what = f"not JSON, {_reason(error, content)}" if content.strip() else "empty"
        _refuse(name, what, wanted)


def _reason(error: ValueError, content: bytes) -> str:
    """Say in which line something is that JSON does not have."""
    reason, line = str(error), 0
    if isinstance(error, json.JSONDecodeError):
        reason, line = error.msg, error.lineno
    elif isinstance(error, _TokenError):
        text = content.decode(json.detect_encoding(content), "surrogatepass")
        found = next(each for each in _STRING_OR_TOKEN.finditer(text) if each["token"])
        line = text.count("\n", 0, found.start()) + 1
    reason = f"{reason[:1].lower()}{reason[1:]}".removesuffix(" at")
    return f"line {line}: {reason}" if line else reason


class _TokenError(ValueError):
    """A number that JSON does not have, whose place the parser does not tell."""


_STRING_OR_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|(?P<token>NaN|-?Infinity)')


_MAP = "it is a map of bce recalibrate, for bce apply"
_ROWS = "it has rows, as bce compute --per-example writes them"


def _are_rows(content: bytes) -> bool:
    """Return whether the first line is a row as JSON."""
    try:
        value = json.loads(content.partition(b"\n")[0])
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value.keys() >= _OF_A_ROW


def _other_thing(value: Any) -> str | None:  # noqa: ANN401 -- any JSON value
    """Say what was read, if it is surely no report."""
    items = value if isinstance(value, list) else []
    if items and all(isinstance(item, dict) and "step" in item for item in items):
        return "it has the steps of bce demo"
    if not isinstance(value, dict):
        return "not a JSON object"
    if "step" in value:
        return "it has a step of bce demo"
    if is_map(value):
        return _MAP
    return _ROWS if value.keys() >= _OF_A_ROW else None


def _is_deep(value: Any, room: int = _DEEPEST) -> bool:  # noqa: ANN401 -- any JSON value
    """Return whether there are more objects and lists within each other than a report has."""
    if isinstance(value, dict):
        value = list(value.values())
    return isinstance(value, list) and (room == 0 or any(_is_deep(v, room - 1) for v in value))


def _refuse(name: str, reason: str, wanted: Wanted) -> NoReturn:
    message = f"{name}: not a {wanted.what}: {reason}"
    raise DataError(message, wanted.hint) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen = dict[str, int]()
        key = next(key for at, (key, _) in enumerate(pairs) if seen.setdefault(key, at) < at)
        message = f"the key {quoted(key)} occurs twice"
        raise ValueError(message)
    return members


def _refuse_token(token: str) -> NoReturn:
    message = f"the token {token}"
    raise _TokenError(message)


def _finite(text: str, name: str, wanted: Wanted) -> float:
    number = float(text)
    if math.isinf(number):
        _refuse(name, f"the number {quoted(text)} is too large", wanted)
    return number


def _member(report: Mapping[str, Any], key: str, name: str) -> Any:  # noqa: ANN401 -- any JSON value
    if key not in report:
        _refuse(name, f"there is no key {quoted(key)}", _BASELINE)
    return report[key]


def _mean_loss(report: Mapping[str, Any], name: str) -> float:
    value = _member(report, "mean_loss", name)
    if value is None or value == math.inf:
        message = f"{name}: its mean loss is infinite, and no loss can be held against that"
        rules = f"{argument('clip=')} or {argument('like=')}"
        hint = f"save one with {rules}, or of predictions without impossible rows"
        raise DataError(message, hint)
    return Fields(report, name).number("mean_loss")


def _float_type(report: Mapping[str, Any], name: str) -> str | None:
    value = report.get("float_type")  # which older reports do not have
    if value is None or value in FLOAT_TYPES:
        return cast("str | None", value)
    message = f"{name}: float_type must be {', '.join(FLOAT_TYPES)} or null, not {_shown(value)}"
    raise DataError(message)


def _check_convention(report: Mapping[str, Any], convention: Convention, name: str) -> None:
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
