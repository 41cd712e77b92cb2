"""Storage that an address belongs to: reached, asked, listed, and what its failures mean.

It is reached with what the usual environment variables say.

=====================  ==========================================================================
address                variables
=====================  ==========================================================================
s3://bucket/key        AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION or
                       AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, AWS_PROFILE
gs://bucket/key        GOOGLE_APPLICATION_CREDENTIALS; STORAGE_EMULATOR_HOST
abfs://container/path  AZURE_STORAGE_ACCOUNT_NAME, AZURE_STORAGE_ACCOUNT_KEY or
                       AZURE_STORAGE_SAS_TOKEN, else those of Azure's default credential
hdfs://host:port/path  HADOOP_HOME, JAVA_HOME, CLASSPATH
https://host/path      HTTPS_PROXY, NO_PROXY, NETRC
=====================  ==========================================================================
"""

from __future__ import annotations

import os
import re
import threading
from concurrent.futures import Future, wait
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from bce_cli.errors import BceError, InputError, safe_text, shortage
from bce_cli.lean_dataclass import dataclass
from bce_cli.storage.folders import is_hidden, refuse_logged_table, refuse_logged_tables
from bce_cli.storage.paths import (
    Entry,
    is_pattern,
    is_web,
    scheme_of,
    shown_path,
    split_authority,
    without_secrets_in,
)
from bce_cli.storage.stamps import Stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyarrow.fs import FileSystem


CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
"""A connection over which nothing comes for so long is given up, and tried once more."""

_ATTEMPTS = 2
_KINDS = {
    **dict.fromkeys(("s3", "s3a", "s3n"), "s3"),
    **dict.fromkeys(("gs", "gcs"), "gs"),
    **dict.fromkeys(("abfs", "abfss", "az"), "abfs"),
    **dict.fromkeys(("hdfs", "viewfs"), "hdfs"),
}
_HINT = "addresses may begin with s3://, gs://, abfs://, hdfs://, https:// or file://"
_SECONDS = 0.1  # between two looks at whether an answer has come

_ACCESS_DENIED = "access denied"
_NO_ACCOUNT = "the storage account is not known"
_NO_CREDENTIALS = "no credentials were found"
_LONGEST = 200
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

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Store:
    """A bucket, a container or a cluster.

    Attributes
    ----------
    files : pyarrow.fs.FileSystem
    root : str
        How the file system calls what the addresses begin with.
    base : str
        What the addresses begin with.
    is_parallel : bool
        Whether a file may be read in several threads at once.
    """

    files: FileSystem
    root: str
    base: str
    is_parallel: bool = True

    def path_of(self, address: str) -> str:
        """Return how the file system calls an address."""
        return self.root + address[len(self.base) :]

    def address_of(self, path: str) -> str:
        """Return the address of a path of the file system."""
        return self.base + path[len(self.root) :]


def store_of(address: str) -> Store:
    """Return the storage that an address belongs to; nothing is asked of it yet.

    Raises
    ------
    InputError
        There is no such kind of storage, or a library for it is missing.
    """
    kind, authority = _kind_of(address), split_authority(address)[0]
    base = f"{address.partition('://')[0]}://{authority}"
    if kind == "s3":
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        return Store(_s3(authority, region, endpoint), authority, base)
    if kind == "gs":
        return Store(_google(os.environ.get("STORAGE_EMULATOR_HOST")), authority, base)
    if kind == "abfs":
        container, _, host = authority.rpartition("@")
        account = host.partition(".")[0] if container else None
        return Store(_azure(account), container or host, base)
    if kind == "hdfs":
        return Store(_hadoop(address, base), "", base)
    return _other(address, base)


def normal_address(address: str) -> str:
    """Return one text for the ways in which one address may be written.

    Examples
    --------
    >>> normal_address("HTTPS://Host:443/a%20b.csv#top"), normal_address("s3a://bucket/a.csv")
    ('https://host/a b.csv', 's3://bucket/a.csv')
    """
    scheme = scheme_of(address) or ""
    authority, rest = split_authority(address)
    if is_web(address):
        from urllib.parse import unquote  # noqa: PLC0415 -- few inputs are addresses

        rest = unquote(rest.partition("#")[0])
        authority = authority.lower().removesuffix(":443" if scheme == "https" else ":80")
    return f"{_kind_of(address) or scheme}://{authority}/{rest}"


def _kind_of(address: str) -> str | None:
    return _KINDS.get(scheme_of(address) or "")


class MissingAccountError(Exception):
    """An address names no storage account, and neither does the environment."""


@cache
def _s3(bucket: str, region: str | None, endpoint: str | None) -> FileSystem:
    from pyarrow import fs

    if region is None:
        region = "us-east-1" if endpoint else fs.resolve_s3_region(bucket)
    return fs.S3FileSystem(
        region=region,
        endpoint_override=endpoint,
        connect_timeout=CONNECT_SECONDS,
        request_timeout=READ_SECONDS,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
    )


@cache
def _google(emulator: str | None) -> FileSystem:
    from datetime import timedelta  # noqa: PLC0415 -- only for this storage

    from pyarrow import fs

    limit = timedelta(seconds=CONNECT_SECONDS)
    if not emulator:
        return fs.GcsFileSystem(retry_time_limit=limit)
    scheme, _, host = emulator.rpartition("://")
    return fs.GcsFileSystem(
        anonymous=True, scheme=scheme or "http", endpoint_override=host, retry_time_limit=limit
    )


@cache
def _azure(account: str | None) -> FileSystem:
    from pyarrow import fs

    variables = os.environ
    name = account or variables.get("AZURE_STORAGE_ACCOUNT_NAME")
    name = name or variables.get("AZURE_STORAGE_ACCOUNT")
    if not name:
        raise MissingAccountError
    key = variables.get("AZURE_STORAGE_ACCOUNT_KEY") or variables.get("AZURE_STORAGE_KEY")
    token = None if key else variables.get("AZURE_STORAGE_SAS_TOKEN")
    return fs.AzureFileSystem(name, account_key=key, sas_token=token)


def _hadoop(address: str, base: str) -> FileSystem:
    from pyarrow import fs

    return fs.FileSystem.from_uri(address if address != base else f"{base}/")[0]


def _other(address: str, base: str) -> Store:
    """Return what fsspec makes of an address."""
    name, scheme = shown_path(address), scheme_of(address) or ""
    message = f"{name}: no storage is known for addresses that begin with {safe_text(scheme)}://"
    try:
        import fsspec  # noqa: PLC0415 -- an extra
    except ImportError:
        raise InputError(message, _HINT) from None
    from pyarrow import fs

    if scheme == "file" or scheme not in fsspec.available_protocols():
        raise InputError(message, _HINT)
    try:
        files, path = fsspec.url_to_fs(address)
    except ImportError as error:
        reason = str(error).partition("\n")[0]
        message = f"{name}: {_small(safe_text(without_secrets_in(reason, address), _LONGEST))}"
        raise InputError(message, "pip install 'fsspec[http]' for https://") from None
    root = path.removesuffix(address[len(base) :])
    return Store(fs.PyFileSystem(fs.FSSpecHandler(files)), root, base, is_parallel=False)


def interruptible(function: Callable[[], T]) -> T:
    """Call a function in another thread, and wait for it.

    Python hears of a signal only between two steps of its own, so that a library which waits for a
    server would keep it waiting too. Where the wait is given up, the thread is left to its time
    limits.

    Examples
    --------
    >>> interruptible(lambda: 1 + 1)
    2
    """
    if threading.current_thread() is not threading.main_thread():
        return function()
    return awaited(in_a_thread(function))


def in_a_thread(function: Callable[[], T]) -> Future[T]:
    """Call a function in a thread that ends with this process, and return its result to come.

    Examples
    --------
    >>> in_a_thread(lambda: 1 + 1).result()
    2
    """
    result: Future[T] = Future()
    threading.Thread(target=_run, args=(function, result), daemon=True).start()
    return result


def awaited(result: Future[T]) -> T:
    """Wait for a result, and look up now and then.

    A signal that comes just before the wait begins would be heard of at its end only.

    Examples
    --------
    >>> done: Future[int] = Future()
    >>> done.set_result(2)
    >>> awaited(done)
    2
    """
    while not result.done():
        wait([result], timeout=_SECONDS)
    return result.result()


def _run(function: Callable[[], T], result: Future[T]) -> None:
    try:
        result.set_result(function())
    except BaseException as error:  # noqa: BLE001 -- raised where the result is awaited
        result.set_exception(error)


def storage_error(address: str, error: Exception) -> BceError:
    """Return the error of this package for a failure of a library that reads storage.

    Examples
    --------
    >>> str(storage_error("s3://b/k.csv", FileNotFoundError("b/k.csv")))
    's3://b/k.csv: no such file'
    >>> str(storage_error("https://h/k?sig=1", OSError("cannot get https://h/k?sig=1 now")))
    'https://h/k?...: cannot get https://h/k?... now'
    """
    if isinstance(error, BceError):
        return error
    if isinstance(error, MemoryError) and (lacking := shortage(error)) is not None:
        return lacking
    reason = _NO_ACCOUNT if isinstance(error, MissingAccountError) else _reason(error, address)
    hint = None
    if reason in (_ACCESS_DENIED, _NO_CREDENTIALS, _NO_ACCOUNT):
        variables = _VARIABLES.get(_kind_of(address) or "")
        hint = variables and f"credentials are taken from {variables}"
    if _NO_JAVA in str(error):
        hint = "hdfs:// needs Hadoop and Java: set HADOOP_HOME, JAVA_HOME and CLASSPATH"
    return InputError(f"{shown_path(address)}: {reason}", hint)


def asked(address: str, question: Callable[[], T]) -> T:
    """Return what storage answers; its failures become errors of this package.

    Raises
    ------
    InputError
        Storage cannot be reached, or refuses.
    """
    try:
        return interruptible(question)
    except Exception as error:  # noqa: BLE001 -- libraries raise what they like
        raise storage_error(address, error) from None


def _reason(error: Exception, address: str) -> str:
    if _LACKING.search(str(error)):
        return _NO_CREDENTIALS
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
    return "no answer in time" if isinstance(error, TimeoutError) else _words_of(error, address)


def _words_of(error: Exception, address: str) -> str:
    """Return what a library says, without what this package says already."""
    text = str(error)
    curl = _CURL.search(text)
    if curl:
        return f"no connection: {_small(curl[1])}"
    line = _PREFIXES.sub("", text).strip().partition("\n")[0] or type(error).__name__
    return _small(safe_text(without_secrets_in(line, address), _LONGEST))


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


class RemoteTree:
    """See `Tree`; a tree of the storage that an address belongs to.

    Parameters
    ----------
    address : str

    Attributes
    ----------
    root : str
        What the tree calls the address.

    Raises
    ------
    InputError
        From every method: storage cannot be reached, or refuses; or a folder is one of a table that
        keeps a log.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._store = asked(address, lambda: store_of(address))
        self.root = self._store.path_of(address)
        if is_pattern(self._store.root):
            message = f"{shown_path(address)}: no pattern may stand before the path"
            raise InputError(message, "name one bucket or host")

    def address_of(self, path: str) -> str:
        """Return the address of a path of this tree."""
        return self._store.address_of(path)

    def look_up(self, path: str) -> Entry | None:
        """Return what is there; None if nothing is.

        Raises
        ------
        InputError
            Not even the bucket is there.
        """
        files, root = self._store.files, self._store.root
        found = _entry_of(asked(self._address, lambda: files.get_file_info(path)))
        if found is None and root:
            info = asked(self._address, lambda: files.get_file_info(root))
            if _entry_of(info) is None:
                message = f"{shown_path(self._address)}: there is no such bucket"
                raise InputError(message)
        return found

    def children(self, folder: str) -> Sequence[Entry]:
        """Return what a folder holds."""
        found = self._list(folder, is_deep=False)

        def metadata() -> list[str]:
            return [entry.name for entry in self._list(f"{folder}/metadata", is_deep=False)]

        shown = shown_path(self.address_of(folder))
        refuse_logged_table(shown, [entry.name for entry in found], metadata)
        return found

    def files_below(self, folder: str) -> Sequence[Entry]:
        """Return all files of a folder and its folders that are not hidden."""
        start = len(folder.rstrip("/")) + 1
        found = self._list(folder, is_deep=True)

        def shown(below: str) -> str:
            return shown_path(self.address_of((folder[: start - 1] + "/" + below).rstrip("/")))

        refuse_logged_tables([entry.path[start:] for entry in found], shown)
        return [
            entry
            for entry in found
            if not entry.is_folder and not any(map(is_hidden, entry.path[start:].split("/")))
        ]

    def _list(self, folder: str, *, is_deep: bool) -> list[Entry]:
        from pyarrow import fs

        selector = fs.FileSelector(folder, allow_not_found=True, recursive=is_deep)
        infos = asked(self._address, lambda: self._store.files.get_file_info(selector))
        return [entry for entry in map(_entry_of, infos) if entry is not None]


def _entry_of(info: Any) -> Entry | None:  # noqa: ANN401 -- pyarrow has no types
    from pyarrow import fs

    if info.type == fs.FileType.NotFound:
        return None
    is_folder = info.type == fs.FileType.Directory
    stamp = None if is_folder else Stamp(info.size, info.mtime_ns)
    return Entry(info.path.rstrip("/"), is_folder, stamp)
