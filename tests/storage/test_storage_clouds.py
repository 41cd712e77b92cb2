"""Storage of other kinds: how it is reached, and what is said where it is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bce_cli.storage.stores import storage_error
from tests.storage.google_server import google_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Bce = Callable[..., Result]

AWS = "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"
AZURE = "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY"
GOOGLE = "GOOGLE_APPLICATION_CREDENTIALS"


def test_google_storage_is_read_and_listed(bce: Bce, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {"a/1.csv": "y,p\n1,0.5\n", "a/day=1/2.csv": "y,p\n0,0.5\n", "a/_SUCCESS": ""}
    with google_server(parts) as address:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
        for path, n in {
            "gs://bucket/a/1.csv": 1,
            "gs://bucket/a": 2,
            "gs://bucket/**/*.csv": 2,
        }.items():
            report = json.loads(bce("compute", path, "-f", "json").stdout)
            assert (report["source"], report["n"], report["mean_loss"]) == (
                path,
                n,
                0.6931471805599453,
            )
        for path, said in {
            "gs://bucket/b.csv": "no such file",
            "gs://bucket/b*": "no file matches this pattern",
            "gs://other/b.csv": "there is no such bucket",
        }.items():
            refused = bce("compute", path, "-q")
            assert refused.stderr.splitlines()[0] == f"bce: error: {path}: {said}"
            assert (refused.stdout, refused.exit_code) == ("", 66)


def test_azure_needs_an_account(bce: Bce) -> None:
    done = bce("compute", "abfs://container/preds.csv", "-q")
    assert done.stderr.splitlines() == [
        "bce: error: abfs://container/preds.csv: the storage account is not known",
        f"bce: credentials are taken from {AZURE}",
    ]
    assert (done.stdout, done.exit_code) == ("", 66)


GOT = "When getting information for key 'k' in bucket 'b': "
MOVED = "AWS Error UNKNOWN (HTTP status 301) during HeadObject operation: it is in 'eu-west-1'"
WORDS: dict[str, tuple[str, str, str | None]] = {
    f"{GOT}AWS Error ACCESS_DENIED during HeadObject operation: No response body.": (
        "s3://b/k",
        "access denied",
        AWS,
    ),
    f"{GOT}AWS Error UNKNOWN (HTTP status 403) during HeadObject operation: No response body.": (
        "s3a://b/k",
        "access denied",
        AWS,
    ),
    f"{GOT}AWS Error NO_SUCH_BUCKET during ListObjectsV2 operation: none": (
        "s3://b/k/*",
        "there is no such bucket",
        None,
    ),
    f"{GOT}{MOVED}": ("s3://b/k", f"a{MOVED[1:]}", None),
    "google::cloud::Status(PERMISSION_DENIED: Permanent error)": (
        "gs://b/k",
        "access denied",
        GOOGLE,
    ),
    "google::cloud::Status(UNAVAILABLE: Could not create a OAuth2 access token to authenticate": (
        "gs://b/k",
        "no credentials were found",
        GOOGLE,
    ),
    "GetProperties for 'c/k' failed. Azure Error: [AuthenticationFailed] 403 Server failed": (
        "abfss://c@a.dfs.core.windows.net/k",
        "access denied",
        AZURE,
    ),
    "Unable to load libjvm\ndlopen(/usr/lib/jvm/libjvm.so) failed": (
        "hdfs://h:8020/k",
        "unable to load libjvm",
        None,
    ),
}


@pytest.mark.parametrize("text", WORDS, ids=range(len(WORDS)))
def test_what_libraries_say_becomes_one_line(text: str) -> None:
    address, said, variables = WORDS[text]
    error = storage_error(address, OSError(text))
    assert error.message == f"{address.replace('c@', '***@')}: {said}"
    if variables is not None:
        assert error.hint == f"credentials are taken from {variables}"


def test_no_java_is_told_how_to_find_it() -> None:
    error = storage_error("hdfs:///k", OSError("Unable to load libjvm"))
    assert error.hint == "hdfs:// needs Hadoop and Java: set HADOOP_HOME, JAVA_HOME and CLASSPATH"
