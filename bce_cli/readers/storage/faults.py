"""Why storage elsewhere cannot be read, in one line, and without the secrets of an address."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from bce_cli.errors import BceError, InputError, safe_text
from bce_cli.readers.storage.addresses import scheme_of, without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class MissingAccountError(Exception):
    """An address names no storage account, and neither does the environment."""


_ACCESS_DENIED = "access denied"
_NO_ACCOUNT = "the storage account is not known"
_NO_CREDENTIALS = "no credentials were found"
_LONGEST = 200
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"]+")
_PREFIXES = re.compile(r"(\[Errno -?\d+\] |When [a-z ]+ '.*?' in bucket '.*?': )+")
_AWS = re.compile(r"AWS Error (?P<code>\w+)(?: \(HTTP status (?P<status>\d+)\))? during \w+ ")
_GOOGLE = re.compile(r"google::cloud::Status\((?P<code>\w+)")
_AZURE = re.compile(r"Azure Error: \[(?P<code>\w*)\][^\n]*?(?P<status>\d{3})?")
_CURL = re.compile(r"curlCode: \d+, ([^;]+)")
_DENIED = re.compile(
    r"ACCESS_DENIED|ACCESS_KEY|SIGNATURE|TOKEN|CREDENTIALS|PERMISSION_DENIED|UNAUTHENTICATED|"
    r"Authenti|Authori|\b40[13]\b",
)
_LACKING = re.compile(r"OAuth2 access token|DefaultAzureCred|AuthenticationException")
_NO_JAVA = "libjvm"
_VARIABLES = {
    "s3": "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "abfs": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
_ALIASES = {"s3a": "s3", "s3n": "s3", "gcs": "gs", "abfss": "abfs", "az": "abfs"}


def explained(address: str, error: Exception) -> BceError:
    """Return the error of this package for a failure of a library that reads storage.

    Examples
    --------
    >>> str(explained("s3://b/k.csv", FileNotFoundError("b/k.csv")))
    's3://b/k.csv: no such file'
    >>> str(explained("https://h/k?sig=1", OSError("cannot get https://h/k?sig=1 now")))
    'https://h/k?...: cannot get https://h/k?... now'
    """
    if isinstance(error, BceError):
        return error
    reason = _lack(error) or _reason(error)
    hint = None
    if reason in (_ACCESS_DENIED, _NO_CREDENTIALS, _NO_ACCOUNT):
        scheme = scheme_of(address) or ""
        variables = _VARIABLES.get(_ALIASES.get(scheme, scheme))
        hint = variables and f"credentials are taken from {variables}"
    if _NO_JAVA in str(error):
        hint = "hdfs:// needs Hadoop and Java: set HADOOP_HOME, JAVA_HOME and CLASSPATH"
    return InputError(f"{safe_text(without_secrets(address))}: {reason}", hint)


def asked(address: str, question: Callable[[], T]) -> T:
    """Return what storage answers; its failures become errors of this package.

    Raises
    ------
    InputError
        Storage cannot be reached, or refuses.
    """
    from bce_cli.readers.storage.waiting import interruptible  # noqa: PLC0415 -- loads threads

    try:
        return interruptible(question)
    except Exception as error:  # noqa: BLE001 -- libraries raise what they like
        raise explained(address, error) from None


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError) and isinstance(error.__cause__, Exception):
        error = error.__cause__  # fsspec takes whatever happens for a file that is not there
    status = getattr(error, "status", None)
    text = str(error)
    known = _AWS.search(text) or _GOOGLE.search(text) or _AZURE.search(text)
    if status in {401, 403} or (known and _DENIED.search(known.group())):
        return _ACCESS_DENIED
    if known and known["code"] == "NO_SUCH_BUCKET":
        return "there is no such bucket"
    if status is not None and status != HTTPStatus.NOT_FOUND:
        return f"the server answers with status {status}"
    if status is not None or isinstance(error, FileNotFoundError):
        return "no such file"
    return "no answer in time" if isinstance(error, TimeoutError) else _words_of(error)


def _lack(error: Exception) -> str | None:
    """Say what the environment does not tell."""
    if isinstance(error, MissingAccountError):
        return _NO_ACCOUNT
    return _NO_CREDENTIALS if _LACKING.search(str(error)) else None


def _words_of(error: Exception) -> str:
    """Return what a library says, without what this package says already."""
    text = str(error)
    curl = _CURL.search(text)
    if curl:
        return f"no connection: {_small(curl[1])}"
    line = _PREFIXES.sub("", text).strip().partition("\n")[0] or type(error).__name__
    return _small(safe_text(_ADDRESS.sub(lambda found: without_secrets(found[0]), line), _LONGEST))


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
