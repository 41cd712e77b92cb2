"""Workers that see other files than the caller: longer, shorter, older or touched copies."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bce_cli.data import parts
from bce_cli.readers import grammar
from bce_cli.storage.sources import Source, sources_of
from bce_cli.storage.stamps import Stamp
from tests.engine_dask.conftest import csv_of, records
from tests.engine_dask.forms import rival
from tests.faults.test_faults_changes import CHANGES, SAID, at, rename  # noqa: F401 -- a fixture

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine_dask.conftest import Outcome

N = 400
NAMED = ("-l", "y", "-p", "p", "-f", "json")
HINT = "workers must see what the caller sees: on shared storage, or in copies with the same times"
CHANGED = SAID.removeprefix("bce: error: {}: ").removesuffix("\n")
OTHER = f"a worker sees another version of it than the caller\nbce: {HINT}\n"


def shorter(path: Path) -> None:
    content = path.read_bytes()
    keep_times(path, content[: content.rfind(b"\n", 0, len(content) // 2) + 1])


def older(path: Path) -> None:
    os.utime(path, ns=(0, path.stat().st_mtime_ns - 10**9))


def keep_times(path: Path, content: bytes) -> None:
    status = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def copied_in_seconds(path: Path) -> None:
    """Do what a tool does that keeps times without fractions."""
    status = path.stat()
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    os.utime(path, (status.st_atime, status.st_mtime_ns // 10**9))


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[Path], None]], None]:
    """Have workers see other copies of a file than this process."""
    monkeypatch.setattr(grammar, "BLOCK_BYTES", 4000)
    monkeypatch.setattr(parts, "CUTTING", parts.Cutting(part_blocks=3, least_bytes=9000))

    def see(name: str, change: Callable[[Path], None]) -> None:
        usual = parts.seen_from_anywhere
        Path("worker").mkdir(exist_ok=True)
        copy = Path("worker", name).absolute()
        copy.write_bytes(Path(name).read_bytes())
        status = Path(name).stat()
        os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
        change(copy)

        def elsewhere(sources: list[Source]) -> list[Source]:
            return [
                Source(str(copy), source.stamp, source.shown)
                if source.path == str(Path(name).absolute())
                else source
                for source in usual(sources)
            ]

        monkeypatch.setattr("bce_cli.data.parts.seen_from_anywhere", elsewhere)
        monkeypatch.setattr("bce_cli.data.aligned.seen_from_anywhere", elsewhere)
        monkeypatch.setattr("bce_cli.data.joined.seen_from_anywhere", elsewhere)

    return see


CALLS: dict[str, tuple[str, ...]] = {
    "one": ("compute", "a.csv"),
    "labels": ("compute", "b.csv", "--labels", "a.csv", "--on", "id"),
    "two": ("compare", "b.csv", "a.csv"),
    "second": ("compute", "b.csv", "a.csv"),
}


@pytest.mark.few(2)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("change", [shorter, older])
def test_another_copy_is_refused(
    call: tuple[str, ...],
    change: Callable[[Path], None],
    copies: Callable[[str, Callable[[Path], None]], None],
    threads: str,
    told: Callable[..., Outcome],
) -> None:
    rows = records(N, 61)
    Path("a.csv").write_bytes(csv_of(rows))
    Path("b.csv").write_bytes(csv_of(rival(rows, 62)))
    copies("a.csv", change)
    code, output, said = told(*call, *NAMED, "--engine", "dask", "--scheduler", threads)
    assert said == f"bce: error: a.csv: {OTHER}"
    assert (code, output) == (66, b"")


@pytest.mark.few(1)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_copy_with_the_same_times_is_read(
    call: tuple[str, ...],
    copies: Callable[[str, Callable[[Path], None]], None],
    threads: str,
    told: Callable[..., Outcome],
) -> None:
    rows = records(N, 61)
    Path("a.csv").write_bytes(csv_of(rows))
    Path("b.csv").write_bytes(csv_of(rival(rows, 62)))
    local = told(*call, *NAMED)
    for change in (lambda _: None, copied_in_seconds):
        copies("a.csv", change)
        assert told(*call, *NAMED, "--engine", "dask", "--scheduler", threads) == local


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
@pytest.mark.parametrize("seed", range(20))
def test_changes_at_random_moments_never_give_another_number(
    seed: int,
    at: Callable[[int, Callable[[], None]], object],  # noqa: F811
    threads: str,
    told: Callable[..., Outcome],
) -> None:
    rng = random.Random(seed)  # noqa: S311 -- no secret
    call = rng.choice([("compute", "a.csv"), ("compare", "a.csv", "b.csv"), CALLS["labels"]])
    old, new = (csv_of(records(rng.choice([N, N, 2 * N]), seed + i)) for i in (0, 100))
    Path("b.csv").write_bytes(old)
    path, right = Path("a.csv"), []
    for content in (new, old):
        path.write_bytes(content)
        right.append(told(*call, *NAMED))
    change = rng.choice([*CHANGES, rename])
    at(rng.randrange(40), lambda: change(path, new))
    found = told(*call, *NAMED, "--engine", "dask", "--scheduler", threads)
    if found[0] == 66:
        said = found[2].removeprefix("bce: error: a.csv: ")
        assert (said in {OTHER, f"{CHANGED}\n"}, found[1]) == (True, b"")
    else:
        assert found in right


def test_what_the_caller_saw_goes_with_a_source() -> None:
    Path("a.csv").write_bytes(b"y,p\n1,0.5\n")
    os.utime("a.csv", ns=(0, 1_000_000_000_123_456_789))
    (sent,) = parts.seen_from_anywhere(sources_of("a.csv"))
    assert sent.stamp == Stamp(10, 1_000_000_000_123_456_789, is_callers=True)
    (found,) = parts.seen_from_anywhere([Source("a.csv")])
    assert found == sent
