"""What tests start can be interrupted, wherever they run, and ends with them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.browser.chromium import skip_without_browser

ROOT = Path(__file__).parents[1]
PATIENCE = 120.0

INTERRUPTED = """
import os, signal, subprocess, sys
from tests.processes import let_children_be_interrupted
let_children_be_interrupted()
child = "import signal as s; print(s.getsignal(s.{0}) in (s.SIG_DFL, s.default_int_handler))"
for name in ("SIGINT", "SIGHUP", "SIGTERM"):
    os.kill(os.getpid(), getattr(signal, name))
    subprocess.run([sys.executable, "-c", child.format(name)], check=True)
"""

STARTERS = {
    "a cluster": """
from pathlib import Path
from tests.engine_dask.clusters import running_cluster
with running_cluster(Path(), 2) as cluster:
    print(cluster.scheduler.pid, *(worker.pid for worker in cluster.workers), flush=True)
    input()
""",
    "a server": """
import psutil
from tests.storage.google_server import google_server
with google_server({}):
    print(*(child.pid for child in psutil.Process().children()), flush=True)
    input()
""",
    "a cluster with nannies": """
import psutil
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, processes=True, dashboard_address="127.0.0.1:0"):
        print(*(child.pid for child in psutil.Process().children(recursive=True)), flush=True)
        input()
""",
    "a browser": """
from pathlib import Path
import psutil
from tests.browser.chromium import running_browser
with running_browser(Path()):
    print(*(child.pid for child in psutil.Process().children(recursive=True)), flush=True)
    input()
""",
}


def test_children_of_tests_that_ignore_signals_do_not() -> None:
    python = [sys.executable, "-c", INTERRUPTED]
    ignoring = ["/bin/sh", "-c", "trap '' INT HUP TERM; exec \"$@\"", "sh", *python]
    done = subprocess.run(ignoring, cwd=ROOT, capture_output=True, check=False, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"True\n" * 3, b"")


@pytest.mark.deep
@pytest.mark.few(1)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "ended"])
@pytest.mark.parametrize("what", STARTERS)
def test_what_tests_start_does_not_outlive_them(what: str, number: signal.Signals) -> None:
    if what == "a browser":
        skip_without_browser()
    Path("starter.py").write_text(STARTERS[what])
    pipe = subprocess.PIPE
    command = [sys.executable, "starter.py"]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as starter:
        assert starter.stdout is not None
        started = [psutil.Process(int(pid)) for pid in starter.stdout.readline().split()]
        assert started
        starter.send_signal(number)
        assert starter.wait(PATIENCE) == -number
    assert psutil.wait_procs(started, timeout=PATIENCE)[1] == []
