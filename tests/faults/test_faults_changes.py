"""A file that changes while it is read gives the number of one version, or exit code 66."""

from __future__ import annotations

import io
import json
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_STORED

import numpy as np
import pytest

from bce_cli.readers import columnar, grammar
from bce_cli.readers.blocks import TwoLooks
from bce_cli.storage.stamps import Stamp
from tests.budgets import stride
from tests.corpus.columnar import arrow_file, arrow_stream, parquet, table
from tests.corpus.packing import PACK, zipped
from tests.faults.test_faults_pauses import Standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Bce = Callable[..., Result]
    Change = Callable[[Path, bytes], None]

N = 300
NAMED = ("-l", "y", "-p", "p")
SAID = (
    "bce: error: {}: changed while it was read\nbce: sources must not change while they are read\n"
)


def values(seed: int, n: int = N) -> list[tuple[int, int, str]]:
    rng = random.Random(seed)  # noqa: S311 -- no secret
    return [(i, rng.randrange(2), f"0.{rng.randrange(100, 1000)}") for i in range(n)]


def csv(seed: int, n: int = N) -> bytes:
    return b"id,y,p\n" + b"".join(
        b"%03d,%d,%s\n" % (i, y, p.encode()) for i, y, p in values(seed, n)
    )


def lines(seed: int, n: int = N) -> bytes:
    return b"".join(b'{"y": %d, "p": %s}\n' % (y, p.encode()) for _, y, p in values(seed, n))


def columns(seed: int, n: int = N) -> Any:  # noqa: ANN401 -- pyarrow has no types
    found = values(seed, n)
    return table(y=([y for _, y, _ in found],), p=([float(p) for _, _, p in found],))


def npy(seed: int, n: int = N) -> bytes:
    sink = io.BytesIO()
    rows = [(y, float(p)) for _, y, p in values(seed, n)]
    np.save(sink, np.array(rows, [("y", "i1"), ("p", "f8")]))
    return sink.getvalue()


FORMS: dict[str, Callable[..., bytes]] = {
    "a.csv": csv,
    "a.parquet": lambda *of: parquet(columns(*of), row_group_size=40),
    "a.csv.gz": lambda *of: PACK["gz"](csv(*of)),
    "a.arrow": lambda *of: arrow_file(columns(*of), 40),
    "a.jsonl": lines,
    "a.arrows": lambda *of: arrow_stream(columns(*of), 40),
    "a.csv.zst": lambda *of: PACK["zst"](csv(*of)),
    "a.parquet.gz": lambda *of: PACK["gz"](parquet(columns(*of))),
    "a.utf16.csv": lambda *of: csv(*of).decode().encode("utf-16"),
    "a.csv.zip": lambda *of: zipped({"a.csv": csv(*of)}),
    "a.npy": npy,
    "a.npz": lambda *of: zipped({"all.npy": npy(*of)}, ZIP_STORED),
}


def cut(path: Path, _: bytes) -> None:
    content = path.read_bytes()
    os.truncate(path, content.rfind(b"\n", 0, len(content) // 2) + 1)


def grow(path: Path, other: bytes) -> None:
    with path.open("ab") as file:
        file.write(other[-len(other) // 3 :])


def overwrite(path: Path, other: bytes) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(other[:size].ljust(size, b"\n"))


def overwrite_and_set_back(path: Path, other: bytes) -> None:
    status = path.stat()
    overwrite(path, other)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def touch(path: Path, _: bytes) -> None:
    os.utime(path, ns=(0, 0))


def cut_and_grow(path: Path, other: bytes) -> None:
    size = path.stat().st_size
    cut(path, other)
    with path.open("ab") as file:
        file.write(other[path.stat().st_size : size])


CHANGES: tuple[Change, ...] = (
    cut,
    overwrite,
    grow,
    overwrite_and_set_back,
    cut_and_grow,
    touch,
)


def rename(path: Path, other: bytes) -> None:
    new = path.with_name("new")
    new.write_bytes(other)
    new.replace(path)


class Moment:
    """Calls something once so many reads have begun, of bytes or of blocks."""

    def __init__(self, call: Callable[[], None], n: int) -> None:
        self._call = call
        self._n_left = n
        self.has_come = False

    def step(self) -> None:
        self._n_left -= 1
        if self._n_left < 0 and not self.has_come:
            self.has_come = True
            self._call()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], None]], Moment]:
    """Have something called in the middle of reading, at the nth read or block of whatever file."""
    monkeypatch.setattr(grammar, "BLOCK_BYTES", 256)
    monkeypatch.setattr(columnar, "LEAST_ROWS", 40)
    usual, read = Path.open, TwoLooks.read

    def prepare(n: int, call: Callable[[], None]) -> Moment:
        moment = Moment(call, n)

        class Watched(io.FileIO):
            def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401
                moment.step()
                return super().readinto(memoryview(buffer).cast("B")[:500])

        def opened(path: Path, mode: str = "r", buffering: int = -1, **options: Any) -> Any:  # noqa: ANN401
            if mode == "rb" and buffering == 0:
                return Watched(path)
            return usual(path, mode, buffering, **options)

        def read_block(block: TwoLooks) -> Any:  # noqa: ANN401
            moment.step()
            return read(block)

        monkeypatch.setattr(Path, "open", opened)
        monkeypatch.setattr(TwoLooks, "read", read_block)
        return moment

    return prepare


def refused(result: Result, name: str) -> None:
    assert (result.stderr, result.stdout, result.exit_code) == (SAID.format(name), "", 66)


@pytest.mark.few(4)
@pytest.mark.parametrize("name", FORMS)
def test_every_change_of_every_form_is_told(name: str, at: Any, bce: Bce) -> None:  # noqa: ANN401
    path = Path(name)
    for change in CHANGES[list(FORMS).index(name) % len(CHANGES) :: stride()]:
        for n in (0, 3, 6):
            path.write_bytes(FORMS[name](1))
            moment = at(n, lambda change=change: change(path, FORMS[name](2)))
            refused(bce("compute", name, *NAMED, "-q"), name)
            assert moment.has_come


COMMANDS: dict[str, tuple[str, ...]] = {
    "compute": ("compute", "a.csv"),
    "per example": ("compute", "a.csv", "--per-example", "-f", "csv"),
    "second": ("compute", "b.csv", "a.csv"),
    "compare": ("compare", "b.csv", "a.csv"),
    "calibration": ("calibration", "a.csv"),
    "check": ("check", "a.csv", "--max-loss", "5"),
    "labels": ("compute", "b.csv", "--labels", "a.csv", "--on", "id"),
    "joined": ("compare", "a.csv", "b.csv", "--on", "id"),
    "folder": ("compute", "."),
    "report": ("report", "b.csv", "a.csv"),
}


@pytest.mark.few(4)
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_every_command_tells(command: tuple[str, ...], at: Any, bce: Bce) -> None:  # noqa: ANN401
    for n in (2, 7):
        for name in ("a.csv", "b.csv"):
            Path(name).write_bytes(csv(1))
        moment = at(n, lambda: cut(Path("a.csv"), b""))
        refused(bce(*command, *NAMED), "./a.csv" if "." in command else "a.csv")
        assert moment.has_come


def test_a_saved_report_that_changes_is_told(at: Any, bce: Bce) -> None:  # noqa: ANN401
    Path("a.csv").write_bytes(csv(1))
    saved = bce("compute", "a.csv", *NAMED, "-f", "json").stdout
    Path("old.json").write_text(saved)
    mean = str(json.loads(saved)["mean_loss"])
    other = saved.replace(mean, "9" + mean[1:])
    at(1, lambda: overwrite(Path("old.json"), other.encode()))
    refused(bce("check", "a.csv", *NAMED, "--baseline", "old.json"), "old.json")


def test_a_cell_that_was_cut_is_blamed_on_the_change(at: Any, bce: Bce) -> None:  # noqa: ANN401
    path = Path("a.csv")
    for seat in ("a.csv", "b.csv"):
        Path(seat).write_bytes(csv(1))
    at(40, lambda: os.truncate(path, path.read_bytes().rfind(b",") + 1))
    refused(bce("compute", "b.csv", "a.csv", *NAMED, "-q"), "a.csv")


@pytest.mark.few(2)
@pytest.mark.parametrize("name", FORMS)
def test_a_file_that_is_replaced_by_its_name_is_read_as_it_was(
    name: str,
    at: Any,  # noqa: ANN401
    bce: Bce,
) -> None:
    path = Path(name)
    path.write_bytes(FORMS[name](1))
    expected = bce("compute", name, *NAMED, "-q").stdout
    moment = at(4, lambda: rename(path, FORMS[name](2)))
    found = bce("compute", name, *NAMED, "-q")
    assert moment.has_come
    assert (found.stdout, found.stderr, found.exit_code) == (expected, "", 0)


def test_a_later_file_of_a_folder_must_be_the_one_that_was_listed(at: Any, bce: Bce) -> None:  # noqa: ANN401
    for name in ("a.csv", "b.csv"):
        Path(name).write_bytes(csv(1))
    at(1, lambda: rename(Path("b.csv"), csv(2)))
    refused(bce("compute", ".", *NAMED, "-q"), "./b.csv")


@pytest.mark.few(1)
@pytest.mark.parametrize("change", CHANGES)
def test_standard_input_may_be_a_file_that_changes(
    change: Change,
    at: Any,  # noqa: ANN401
    bce: Bce,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = Path("a.csv")
    path.write_bytes(csv(1))
    at(3, lambda: change(path, csv(2)))
    with Standing(path) as raw:
        file = io.BufferedReader(raw)
        monkeypatch.setattr("typer.testing.make_input_stream", lambda *_: file)
        refused(bce("compute", "-", *NAMED, "-q"), "standard input")


def test_standard_input_may_begin_in_the_middle_of_a_file(
    bce: Bce, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("a.csv").write_bytes(b"a comment\n" + csv(1))
    Path("b.csv").write_bytes(csv(1))
    expected = bce("compute", "b.csv", *NAMED, "-q").stdout
    with Standing("a.csv") as raw:
        file = io.BufferedReader(raw)
        file.readline()
        monkeypatch.setattr("typer.testing.make_input_stream", lambda *_: file)
        found = bce("compute", "-", *NAMED, "-q")
    assert (found.stdout, found.stderr) == (expected, "")


def test_an_empty_file_that_grows_is_told(at: Any, bce: Bce) -> None:  # noqa: ANN401
    path = Path("a.csv")
    path.touch()
    at(1, lambda: path.write_bytes(csv(1)) and None)
    refused(bce("compute", "a.csv", *NAMED, "-q"), "a.csv")


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="there is no such file")
def test_a_file_without_a_size_promises_nothing() -> None:
    path = Path("/proc/self/environ")
    assert Stamp.of_status(path.stat()) == Stamp(0)


@pytest.mark.few(2)
@pytest.mark.parametrize("seed", range(60))
def test_changes_at_random_moments_never_give_another_number(
    seed: int,
    at: Any,  # noqa: ANN401
    bce: Bce,
) -> None:
    rng = random.Random(seed)  # noqa: S311 -- no secret
    name = rng.choice(sorted(FORMS))
    old, new = FORMS[name](seed), FORMS[name](seed + 1000, rng.choice([N, N - 1, 2 * N]))
    path = Path(name)
    right = set()
    for content in (old, new):
        path.write_bytes(content)
        right.add(bce("compute", name, *NAMED, "-q").stdout)
    assert len(right) == 2
    for _ in range(8):
        path.write_bytes(old)
        change = rng.choice([*CHANGES, rename])
        at(rng.randrange(30), lambda change=change: change(path, new))
        found = bce("compute", name, *NAMED, "-q")
        if found.exit_code:
            refused(found, name)
        else:
            assert found.stdout in right
