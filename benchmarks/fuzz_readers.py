"""Feed damaged and odd inputs to all readers, and report what is neither read nor refused.

Run `python benchmarks/fuzz_readers.py [N] [SEED]` where `bce` is installed: N inputs, 100,000 by
default, over as many processes as there are cores. An input is fine if it is read, or refused with
an error of ours. Anything else is a finding: a traceback, a warning, a crash of the interpreter,
more than 10 seconds, more than 1 GiB. Its file is kept under benchmarks/data/fuzz.

`python benchmarks/fuzz_readers.py --one SEED INDEX` runs one input again, and says what it is.
"""

from __future__ import annotations

import faulthandler
import io
import json
import math
import os
import resource
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.append(str(Path(__file__).parents[1]))  # so that its neighbours are found

from bce_cli.core.evaluation import Plan
from bce_cli.core.report import loss_report
from bce_cli.data.data import Join, open_data
from bce_cli.engine.run import Job, evaluate, format_rows
from bce_cli.errors import BceError
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.grammar import Grammar, InputOptions, Layout
from bce_cli.render.rows import RowStream
from benchmarks.fuzz_inputs import make

if TYPE_CHECKING:
    from benchmarks.fuzz_files import Input

KEPT = Path(__file__).parent / "data" / "fuzz"
SECONDS = 10.0
KIBIBYTES = 1 << 20  # of peak memory, interpreter and libraries included
LIMIT = 4 << 30  # only so that a finding does not stop the machine
AT_A_TIME = 2_000  # inputs of one process
MOST_KEPT = 3


def read(made: Input, folder: Path) -> str:
    """Read an input, with everything behind the readers; return what became of it."""
    path = folder / made.name
    path.write_bytes(made.data)
    join = None
    if made.other is not None:
        (folder / "labels.csv").write_bytes(made.other)
        join = Join(("t",), str(folder / "labels.csv"), is_inner=True)
    options = InputOptions(
        ColumnChoice(**made.columns),
        Grammar(**made.grammar),
        Layout(**made.layout),
        made.block_bytes if len(made.data) < 1 << 16 and "great" not in made.kind else 1 << 20,
    )
    sys.stdin = io.TextIOWrapper(io.BytesIO(made.data))
    try:
        data = open_data(["-" if made.from_stdin else str(path)], options, join)
        job = Job(data, made.n_workers)
        if made.mode == "report":
            report = loss_report(evaluate(job, Plan(n_first=3, n_worst=3)).totals)
            if not report.n or math.isnan(report.mean_loss) or report.mean_loss < 0.0:
                message = f"{report.n} rows with the mean {report.mean_loss}"
                raise AssertionError(message)
            return "read"
        rows = RowStream(
            made.mode,  # type: ignore[arg-type]
            "nats",
            has_ids="id" in made.columns,
            has_weights="weight" in made.columns,
            soft_labels=made.grammar.get("soft_labels", False),
            excel_safe=made.mode == "csv",
        )
        for _ in format_rows(job, Plan().convention, rows.rows):
            pass
    except BceError as error:
        str(error).encode()
        return "refused"
    return "read"


def child(seed: int, start: int, stop: int, folder: Path) -> None:
    """Run some inputs; say before each that it begins, and after it what became of it."""
    faulthandler.enable()
    warnings.simplefilter("error")
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
    for index in range(start, stop):
        made = make(seed, index)
        _say({"begins": index})
        try:
            became = read(made, folder)
        except Exception as error:  # noqa: BLE001 -- each is a finding
            frames = traceback.extract_tb(error.__traceback__)
            ours = [frame for frame in frames if "bce_cli" in frame.filename] or list(frames)
            where = f"{Path(ours[-1].filename).name}:{ours[-1].name}"
            became = f"traceback {type(error).__name__} in {where}"
        _say({"ends": index, "became": became, "kind": made.kind})
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > KIBIBYTES:
            _say({"excess": index})
            return


def _say(message: dict[str, Any]) -> None:
    os.write(1, json.dumps(message).encode() + b"\n")


class Fuzz:
    """Runs children over the inputs of one call, and collects what they say."""

    def __init__(self, n: int, seed: int) -> None:
        self.seed = seed
        self.outcomes: Counter[str] = Counter()
        self.findings: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self._starts = list(range(0, n, AT_A_TIME))
        self._n = n
        self._lock = threading.Lock()

    def work(self) -> None:
        """Take one batch after the other until there is none."""
        while True:
            with self._lock:
                if not self._starts:
                    return
                start = self._starts.pop(0)
            stop = min(start + AT_A_TIME, self._n)
            while start < stop:
                start = self._run(start, stop)

    def _run(self, start: int, stop: int) -> int:
        """Run a child; return the first input that is left."""
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__, "--child", f"{self.seed}", f"{start}", f"{stop}"]
            with (
                Path(folder, "stderr").open("wb") as errors,
                subprocess.Popen(
                    [*command, folder], stdout=subprocess.PIPE, stderr=errors
                ) as running,
            ):
                last, became = self._listen(running)
                running.kill()
            if last is None:
                raise SystemExit(Path(folder, "stderr").read_text(errors="replace"))
            if became is None and running.returncode:
                said = Path(folder, "stderr").read_text(errors="replace").strip().splitlines()
                became = f"crash ({running.returncode}) {next(iter(said), '')[:60]}"
            if became is not None:
                self._found(last, became)
        return last + 1

    def _listen(self, running: subprocess.Popen[bytes]) -> tuple[int | None, str | None]:
        """Return the last input that began, and what is wrong with it, if the child stops early."""
        assert running.stdout is not None  # noqa: S101
        last, rest, is_open = None, b"", True
        while is_open:
            if not select.select([running.stdout], [], [], SECONDS if last is not None else 60.0)[
                0
            ]:
                return last, f"hang of more than {SECONDS:g} seconds"
            chunk = os.read(running.stdout.fileno(), 1 << 16)
            is_open = bool(chunk)
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                said = json.loads(line)
                last = said.get("begins", last)
                if "excess" in said:
                    return last, "memory over 1 GiB"
                if "ends" in said:
                    self._note(said)
        running.wait()
        return last, None

    def _note(self, said: dict[str, Any]) -> None:
        with self._lock:
            self.kinds[said["kind"].partition(",")[0]] += 1
        if said["became"].startswith("traceback"):
            self._found(said["ends"], said["became"])
        else:
            with self._lock:
                self.outcomes[said["became"]] += 1

    def _found(self, index: int, what: str) -> None:
        made = make(self.seed, index)
        with self._lock:
            key = f"{what} [{made.kind.partition(',')[0]}]"
            self.findings[key] += 1
            if self.findings[key] > MOST_KEPT:
                return
        KEPT.mkdir(parents=True, exist_ok=True)
        (KEPT / f"{self.seed}-{index}").write_bytes(made.data)
        about = {k: v for k, v in asdict(made).items() if k not in ("data", "other")}
        about["other"] = None if made.other is None else made.other.decode("latin-1")
        (KEPT / f"{self.seed}-{index}.json").write_text(json.dumps({"found": what, **about}))
        print(f"input {index}: {key}", flush=True)


def main() -> None:
    """Run all inputs, and print the figures."""
    if sys.argv[1:2] == ["--child"]:
        seed, start, stop = map(int, sys.argv[2:5])
        child(seed, start, stop, Path(sys.argv[5]))
        return
    if sys.argv[1:2] == ["--one"]:
        made = make(int(sys.argv[2]), int(sys.argv[3]))
        about = {k: v for k, v in asdict(made).items() if k != "data"}
        print(about, made.data[:2000], sep="\n", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            print(read(made, Path(folder)))
        return
    n, seed = (*map(int, sys.argv[1:3]), *(100_000, 20261124)[len(sys.argv) - 1 :])
    shutil.rmtree(KEPT, ignore_errors=True)
    fuzz, began = Fuzz(n, seed), time.perf_counter()
    threads = [threading.Thread(target=fuzz.work) for _ in range(os.cpu_count() or 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    outcomes = ", ".join(f"{count:,} {name}" for name, count in fuzz.outcomes.most_common())
    print(f"{n:,} inputs, seed {seed}, {seconds:.0f} s: {outcomes}")
    print(", ".join(f"{name} {count:,}" for name, count in fuzz.kinds.most_common()))
    print(f"{fuzz.findings.total():,} findings")
    for what, count in fuzz.findings.most_common():
        print(f"{count:7,}  {what}")
    sys.exit(1 if fuzz.findings else 0)


if __name__ == "__main__":
    main()
