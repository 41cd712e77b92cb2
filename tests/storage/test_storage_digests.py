"""What a report tells of the files that it was made of: their digests, as they were then."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

import pytest

from bce_cli.data.data import open_data
from bce_cli.errors import InputError
from bce_cli.questions.making import making_of
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.grammar import InputOptions
from bce_cli.storage.digests import Digest, digest_of
from bce_cli.storage.sources import Source

NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_digests_are_those_of_the_standard() -> None:
    Path("abc").write_bytes(b"abc")
    Path("nothing").touch()
    assert digest_of(Source("abc")) == Digest(3, ABC)
    assert digest_of(Source(f"file://{Path('abc').resolve()}")) == Digest(3, ABC)
    assert digest_of(Source("nothing")) == Digest(0, NOTHING)


def test_a_large_file_is_read_in_pieces() -> None:
    content = bytes(range(256)) * 9000
    Path("large").write_bytes(content)
    assert digest_of(Source("large")) == Digest(len(content), hashlib.sha256(content).hexdigest())


def test_what_is_no_regular_file_has_none() -> None:
    os.mkfifo("pipe")  # which nobody writes to: who opened it would wait for ever
    for path in ("-", "pipe", "/dev/null", ".", "https://127.0.0.1:9/a.csv", "not/there"):
        assert digest_of(Source(path)) is None


def test_another_version_than_the_one_that_was_read_is_refused() -> None:
    Path("a.csv").write_bytes(b"y,p\n1,0.5\n")
    known = Source("a.csv").looked_at()
    Path("a.csv").write_bytes(b"y,p\n1,0.75\n")
    with pytest.raises(InputError) as raised:
        digest_of(known)
    assert raised.value.message == "a.csv: changed while it was read"


def test_an_archive_is_one_file_whatever_is_meant_of_it() -> None:
    with zipfile.ZipFile("a.zip", "w") as archive:
        archive.writestr("x.csv", "y,p\n1,0.5\n")
        archive.writestr("z.csv", "y,p\n0,0.5\n")
    data = open_data(["a.zip::x.csv", "a.zip::z.csv"], InputOptions(ColumnChoice()))
    (file,) = making_of(data).inputs
    content = Path("a.zip").read_bytes()
    assert (file.source, file.n_bytes, file.n_files) == ("a.zip", len(content), 1)
    assert file.sha256 == hashlib.sha256(content).hexdigest()
