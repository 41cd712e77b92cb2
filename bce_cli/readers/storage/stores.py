"""Storage that an address belongs to, reached with what the usual environment variables say.

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
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from bce_cli.errors import InputError, safe_text
from bce_cli.readers.storage.addresses import scheme_of, split_authority, without_secrets
from bce_cli.readers.storage.faults import MissingAccountError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyarrow.fs import FileSystem

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
"""A connection over which nothing comes for so long is given up, and tried once more."""

_ATTEMPTS = 2
_S3 = ("s3", "s3a", "s3n")
_GOOGLE = ("gs", "gcs")
_AZURE = ("abfs", "abfss", "az")
_HADOOP = ("hdfs", "viewfs")
_HINT = "addresses may begin with s3://, gs://, abfs://, hdfs://, https:// or file://"


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
    scheme, authority = scheme_of(address), split_authority(address)[0]
    base = f"{address.partition('://')[0]}://{authority}"
    if scheme in _S3:
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        return Store(_s3(authority, region, endpoint), authority, base)
    if scheme in _GOOGLE:
        return Store(_google(os.environ.get("STORAGE_EMULATOR_HOST")), authority, base)
    if scheme in _AZURE:
        container, _, host = authority.rpartition("@")
        account = host.partition(".")[0] if container else None
        return Store(_azure(account), container or host, base)
    if scheme in _HADOOP:
        return Store(_hadoop(address, base), "", base)
    return _other(address, base)


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
    name, scheme = safe_text(without_secrets(address)), scheme_of(address) or ""
    message = f"{name}: no storage is known for addresses that begin with {safe_text(scheme)}://"
    try:
        import fsspec  # noqa: PLC0415 -- an extra
    except ImportError:
        raise InputError(message, _HINT) from None
    from pyarrow import fs

    if scheme == "file" or scheme not in fsspec.available_protocols():
        raise InputError(message, _HINT)
    files, path = with_fsspec(name, lambda: fsspec.url_to_fs(address))
    root = path.removesuffix(address[len(base) :])
    return Store(fs.PyFileSystem(fs.FSSpecHandler(files)), root, base, is_parallel=False)


def with_fsspec(name: str, make: Callable[[], Any]) -> Any:  # noqa: ANN401 -- fsspec has no types
    """Return what a function of fsspec makes, or say what is to be installed."""
    try:
        return make()
    except ImportError as error:
        reason = str(error).partition("\n")[0]
        message = f"{name}: {safe_text(reason[:1].lower() + reason[1:], 200)}"
        raise InputError(message, "pip install 'fsspec[http]' for https://") from None
