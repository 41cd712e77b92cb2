"""Addresses such as s3://bucket/preds.csv, told from paths, and shown without their secrets."""

from __future__ import annotations

import re

from bce_cli.errors import UsageError

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_WEB = ("http", "https")
_LOCAL_HOSTS = ("", "localhost")
_SHOWN_CREDENTIALS = "***"


def scheme_of(path: str) -> str | None:
    """Return what an address begins with, in lower case; None for a path.

    Examples
    --------
    >>> scheme_of("s3://bucket/preds.csv"), scheme_of("preds.csv"), scheme_of("./s3://a")
    ('s3', None, None)
    """
    found = _SCHEME.match(path)
    return found.group(1).lower() if found else None


def is_web(path: str) -> bool:
    """Whether it is the address of a page, which may have a query and has no folder to list."""
    return scheme_of(path) in _WEB


def local_path(path: str) -> str | None:
    """Return the path on this machine that is meant; None for an address elsewhere.

    Examples
    --------
    >>> local_path("preds.csv"), local_path("file:///a%20b.csv"), local_path("s3://bucket/a")
    ('preds.csv', '/a b.csv', None)
    """
    scheme = scheme_of(path)
    if scheme is None:
        return path
    if scheme != "file":
        return None
    from urllib.parse import unquote  # noqa: PLC0415 -- few inputs are addresses

    host, rest = split_authority(path)
    return unquote(f"/{rest}") if host in _LOCAL_HOSTS else None


def split_authority(address: str) -> tuple[str, str]:
    """Return what stands between :// and the next slash, and what follows that.

    Examples
    --------
    >>> split_authority("s3://bucket/a/b.csv"), split_authority("s3://bucket")
    (('bucket', 'a/b.csv'), ('bucket', ''))
    """
    authority, _, rest = address.partition("://")[2].partition("/")
    return authority, rest


def without_secrets(path: str) -> str:
    """Return a path as it is, and an address without password, query and fragment.

    Examples
    --------
    >>> without_secrets("s3://key:secret@bucket/a.csv")
    's3://***@bucket/a.csv'
    >>> without_secrets("https://host/a.csv?X-Amz-Signature=0f3c")
    'https://host/a.csv?...'
    >>> without_secrets("abfs://container@account.dfs.core.windows.net/a.csv")
    'abfs://container@account.dfs.core.windows.net/a.csv'
    """
    if scheme_of(path) is None:
        return path
    scheme, _, _ = path.partition("://")
    authority, slash, rest = path[len(scheme) + 3 :].partition("/")
    user, at, host = authority.rpartition("@")
    if ":" in user:
        authority = f"{_SHOWN_CREDENTIALS}{at}{host}"
    place = f"{authority}{slash}{rest}"
    if is_web(path):
        shown = re.split("[?#]", place, maxsplit=1)[0]
        place = shown if shown == place else f"{shown}?..."
    return f"{scheme}://{place}"


def refuse_credentials(address: str) -> None:
    """Raise UsageError if a password stands in an address, where every list of processes shows it.

    Examples
    --------
    >>> refuse_credentials("s3://bucket/a@b:c.csv")
    """
    authority, _ = split_authority(address)
    if ":" in authority.rpartition("@")[0]:
        message = f"{without_secrets(address)}: a password does not belong in an address"
        raise UsageError(message, "credentials are taken from the usual environment variables")


def file_name(path: str) -> str:
    """Return the last part of a path or an address, without the query.

    Examples
    --------
    >>> file_name("https://host/a/preds.csv.gz?token=1"), file_name("a/b.csv"), file_name("b/")
    ('preds.csv.gz', 'b.csv', 'b')
    """
    shown = re.split("[?#]", path, maxsplit=1)[0] if is_web(path) else path
    return shown.rstrip("/").rpartition("/")[2] or shown
