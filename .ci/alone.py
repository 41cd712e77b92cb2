"""Run a line of shell as a daemon would: no shell above it, no terminal, Ctrl-C ignored.

Tests that rely on a terminal, on their parents or on signals fail here. The exit code is 1 if the
line's is not 0.
"""

import os
import signal
import subprocess
import sys


def run_as_a_daemon(line: str, report_to: int) -> None:
    """Leave this process's parents, run the line, and report the process and its exit code."""
    os.setsid()
    if os.fork() != 0:
        return
    os.write(report_to, b"%d\n" % os.getpgrp())
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    command = ["bash", "-euo", "pipefail", "-c", line]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, check=False)
    os.write(report_to, b"%d\n" % (done.returncode != 0))


def main() -> None:
    """Wait for the line's end; if that is not to be awaited, end it."""
    read_end, write_end = os.pipe()
    starter = os.fork()
    if starter == 0:
        os.close(read_end)
        run_as_a_daemon(sys.argv[1], write_end)
        os._exit(0)
    os.close(write_end)
    os.waitpid(starter, 0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with os.fdopen(read_end, encoding="ascii") as reports:
        group = int(reports.readline())
        try:
            code = int(reports.readline() or 1)
        except BaseException:
            os.killpg(group, signal.SIGKILL)
            raise
    sys.exit(code)


main()
