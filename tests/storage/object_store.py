"""A bucket of an object store, as tests fill it."""

from __future__ import annotations

import urllib.request
from typing import Any

BUCKET = "bucket"


class ObjectStore:
    """A store with one bucket, written without the code under test."""

    def __init__(self, endpoint: str) -> None:
        from pyarrow import fs

        self._endpoint = endpoint
        self._files: Any = fs.S3FileSystem(
            endpoint_override=endpoint,
            region="us-east-1",
            allow_bucket_creation=True,
            background_writes=False,
        )
        self._files.create_dir(BUCKET)

    def put(self, key: str, content: bytes) -> str:
        """Store an object and return its address."""
        with self._files.open_output_stream(f"{BUCKET}/{key}", compression=None) as stream:
            stream.write(content)
        return f"s3://{BUCKET}/{key}"

    def clear(self) -> None:
        """Remove all objects."""
        self._files.delete_dir_contents(BUCKET)

    def check_credentials(self, *, wanted: bool) -> None:
        """Let the store look at credentials, or take any."""
        count = b"0" if wanted else b"inf"
        kind = {"Content-Type": "text/plain"}
        address = f"{self._endpoint}/moto-api/reset-auth"
        request = urllib.request.Request(address, count, kind)  # noqa: S310 -- of the test
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            answer.read()
