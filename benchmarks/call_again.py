"""Run a line of Python again and again: `python benchmarks/call_again.py PATH SETUP LINE`.

It holds the labels `y` and the predictions `p` of a Parquet file, as a notebook would. For each
line of standard input it runs LINE for a fifth of a second, once at least, and prints seconds and
processor seconds of one call, and what it answers.
"""

from __future__ import annotations

import sys
import time
from typing import Any

TURN = 0.2  # seconds that short calls are repeated for


def answer(path: str, setup: str, line: str) -> None:
    """Run the line whenever it is asked for."""
    from pyarrow import parquet

    table = parquet.read_table(path, columns=["label", "prediction"])
    names: dict[str, Any] = {"y": table["label"].to_numpy(), "p": table["prediction"].to_numpy()}
    exec(setup, names)  # noqa: S102 -- a line of `peer_tasks`
    code = compile(line, "<line>", "eval")
    for _ in sys.stdin:
        n_calls, found = 0, None
        start, start_cpu = time.perf_counter(), time.process_time()
        while not n_calls or time.perf_counter() - start < TURN:
            found = eval(code, names)  # noqa: S307 -- as above
            n_calls += 1
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - start_cpu
        print(seconds / n_calls, cpu_seconds / n_calls, repr(float(found or 0)), flush=True)


if __name__ == "__main__":
    answer(*sys.argv[1:])
